"""What an upload is called, and which process and threshold it asks for."""

import hashlib
from collections.abc import Mapping
from typing import Literal, NamedTuple

from winnow.errors import ThresholdInvalidError
from winnow.numbers import number

INBOX = "inbox/"
PROCESS_METADATA = "process"
THRESHOLD_METADATA = "threshold"
CASE_ID_METADATA = "case-id"
MAX_CASE_ID = 200


def upload_id(bucket: str, key: str, version: str) -> str:
    """The id of one object version: 32 hex digits, the same for every delivery of the same event.

    `version` is the S3 version id, or the event's sequencer where the event carries none. The state
    machine computes the same value; a test holds the two together.
    """
    return hashlib.sha256(f"{bucket}\n{key}\n{version}".encode()).hexdigest()[:32]


def requested_process(key: str, metadata: Mapping[str, str], default: str) -> str | None:
    """The process id or code an upload names: metadata first, then folder, then the default.

    >>> requested_process("inbox/91110/cases.csv", {}, "")
    '91110'
    """
    if named := metadata.get(PROCESS_METADATA, "").strip():
        return named
    folder, slash, _ = key.removeprefix(INBOX).partition("/")
    if key.startswith(INBOX) and slash and folder:
        return folder
    return default or None


def requested_case_id(metadata: Mapping[str, str]) -> str | None:
    """The case that an upload says it belongs to: the id of a document, which has none of its own.

    >>> requested_case_id({"case-id": " 2024-17 "})
    '2024-17'
    """
    given = " ".join(metadata.get(CASE_ID_METADATA, "").split())
    return "".join(char for char in given if char.isprintable())[:MAX_CASE_ID] or None


class Threshold(NamedTuple):
    """The threshold in force and who set it."""

    value: float
    set_by: Literal["upload", "stack", "process"]


def effective_threshold(
    metadata: Mapping[str, str], stack: float | None, process: float
) -> Threshold:
    """The upload's threshold, else the stack's, else the process's.

    Raises ThresholdInvalidError when the upload's is not a number from 0 to 1.
    """
    if (text := metadata.get(THRESHOLD_METADATA)) is not None:
        value = number(text)
        if value is None or not 0.0 <= value <= 1.0:
            raise ThresholdInvalidError("x-amz-meta-threshold is not a number from 0 to 1.")
        return Threshold(value, "upload")
    if stack is not None:
        return Threshold(stack, "stack")
    return Threshold(process, "process")
