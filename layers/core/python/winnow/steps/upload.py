"""What an upload is called, and which process and threshold it asks for."""

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal, NamedTuple
from urllib.parse import unquote_to_bytes

from winnow.errors import ThresholdInvalidError, ThresholdRefusedError, ThresholdTooLowError
from winnow.parsers.mail.encoded_words import decode_words
from winnow.tables.numbers import number

INBOX = "inbox/"
_NO_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_ID = re.compile("[!-~]{1,64}")
PROCESS_METADATA = "process"
THRESHOLD_METADATA = "threshold"
CASE_ID_METADATA = "case-id"
DATE_METADATA = "record-date"
MAX_CASE_ID = 200
MAX_DATE = 40

SenderThreshold = Literal["refused", "higher", "any"]
"""How a stack uses a threshold that the sender sets; see the parameter in template.yaml."""


def upload_id(bucket: str, key: str, version: str) -> str:
    """The id of one object version: 32 hex digits, the same for every delivery of the same event.

    `version` is the S3 version id, or the event's sequencer where the event carries none. The state
    machine computes the same value; a test holds the two together.
    """
    return hashlib.sha256(f"{bucket}\n{key}\n{version}".encode()).hexdigest()[:32]


def may_be_id(text: str) -> bool:
    """Whether a text can be an upload's id, or its beginning: the table is asked for no other.

    >>> [may_be_id(text) for text in ("3f2a9c", "p-1", "", "é", "3f 2a", chr(0xDCFF), "a" * 65)]
    [True, True, False, False, False, False, False]
    """
    return _ID.fullmatch(text) is not None


def decode_metadata(value: str) -> str:
    """A value of an object's metadata, decoded.

    HTTP headers are ASCII. S3 returns other values as encoded words (RFC 2047); programs send them
    percent-encoded, or as UTF-8 that is taken for Latin 1.

    >>> [decode_metadata(raw) for raw in ("=?UTF-8?Q?M=C3=BCller-17?=", "M%C3%BCller-17", "50%")]
    ['Müller-17', 'Müller-17', '50%']
    """
    value = decode_words(value)
    if "%" in value and not _NO_ESCAPE.search(value):
        value = _utf8(unquote_to_bytes(value)) or value
    elif not value.isascii():
        with suppress(UnicodeEncodeError):
            value = _utf8(value.encode("latin-1")) or value
    return value


def _utf8(content: bytes) -> str | None:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def requested_process(key: str, metadata: Mapping[str, str], default: str) -> str | None:
    """The process id or code an upload names: metadata first, then folder, then the default.

    >>> requested_process("inbox/91110/cases.csv", {}, "")
    '91110'
    """
    if named := decode_metadata(metadata.get(PROCESS_METADATA, "")).strip():
        return named
    folder, slash, _ = key.removeprefix(INBOX).partition("/")
    if key.startswith(INBOX) and slash and folder:
        return folder
    return default or None


def requested_case_id(metadata: Mapping[str, str]) -> str | None:
    """The case id that an upload sets: the id of a document, which contains none itself.

    >>> requested_case_id({"case-id": " 2024-17 "})
    '2024-17'
    """
    given = " ".join(decode_metadata(metadata.get(CASE_ID_METADATA, "")).split())
    return "".join(char for char in given if char.isprintable())[:MAX_CASE_ID] or None


def requested_date(metadata: Mapping[str, str]) -> str | None:
    """The date that an upload says its records have, where they have none of their own.

    >>> requested_date({"record-date": " 2024-04-15 "})
    '2024-04-15'
    """
    return decode_metadata(metadata.get(DATE_METADATA, "")).strip()[:MAX_DATE] or None


class Threshold(NamedTuple):
    """The threshold in force and who set it."""

    value: float
    set_by: Literal["upload", "stack", "process"]


def effective_threshold(
    metadata: Mapping[str, str],
    stack: float | None,
    process: float,
    sender: SenderThreshold = "higher",
) -> Threshold:
    """The upload's threshold if `sender` allows it, else the stack's, else the process's.

    A disallowed threshold is an error, so that the sender does not assume it was applied.

    Raises ThresholdRefusedError when the upload may not have one, ThresholdInvalidError when it is
    not a number from 0 to 1, ThresholdTooLowError when it is below the one used without it.
    """
    without = Threshold(process, "process") if stack is None else Threshold(stack, "stack")
    text = metadata.get(THRESHOLD_METADATA)
    if text is None:
        return without
    if sender == "refused":
        raise ThresholdRefusedError(
            "The upload sets x-amz-meta-threshold, but this stack does not allow it "
            f"(SenderThreshold=refused). Without it, the {without.set_by}'s {without.value} is "
            "used."
        )
    value = number(decode_metadata(text))
    if value is None or not 0.0 <= value <= 1.0:
        raise ThresholdInvalidError("x-amz-meta-threshold is not a number from 0 to 1.")
    if sender == "higher" and value < without.value:
        raise ThresholdTooLowError(
            f"The upload asks for a threshold of {value} (x-amz-meta-threshold), below the "
            f"{without.set_by}'s {without.value}; this stack lets a sender only raise it."
        )
    return Threshold(value, "upload")
