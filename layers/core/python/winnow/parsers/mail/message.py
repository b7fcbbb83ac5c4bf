"""EML: the body of a mail, its sender, date and subject, and its attachments."""

import binascii
import email
import io
import quopri
from collections.abc import Callable
from contextlib import suppress
from email.message import Message
from typing import IO, Any

from winnow.parsers.encodings import TITLES
from winnow.parsers.errors import ParseError, too_long
from winnow.parsers.html import visible_text
from winnow.parsers.labels import (
    Decoded,
    byte_order_mark,
    codec_of,
    declared_codec,
    decode,
    is_utf8,
)
from winnow.parsers.mail.body_parts import POLICY, MailParts, content_of, filename, of_type, sort
from winnow.parsers.mail.encoded_words import decode_words, header_text

_HEADERS = ("subject", "from", "to", "date")
_MAX_HEADER = 1_000
_NAMES = {"message/rfc822": "attached.eml", "message/global": "attached.eml",
          "text/html": "attached.html"}  # fmt: skip
"""Names for attachments without one, whose kind their bytes alone do not show."""
_ENCRYPTED = "It is encrypted, or signed as a whole: send it as plain text."

Emit = Callable[[list[Any]], None]


def parse(file: IO[bytes], limits: dict[str, int], emit: Emit, scratch: IO[bytes] | None) -> None:
    """Emit the headers, the body and the attachments; the attachments' bytes go to `scratch`."""
    message = email.message_from_bytes(_unmarked(file.read()), policy=POLICY)
    if message.defects and not message.keys():
        raise ParseError("file_unreadable", "The mail has no headers.")
    for part in message.walk():
        if _codec(part) is None:
            # The library would decode by it, and Python knows codecs that are none of text.
            with suppress(LookupError, ValueError, AttributeError, TypeError):
                part.del_param("charset")
    headers = ((name, _header(message, name)) for name in _HEADERS)
    emit(["fields", {name: value for name, value in headers if value is not None}])
    reader = _BodyReader(limits, emit)
    mail = sort(message, reader.lines, reader.strikes)
    lines = [line for part in mail.body for line in reader.lines(part)]
    for number, item in enumerate(lines, start=1):
        emit([*item[:-1], number])
    if mail.without_text:
        emit(
            [
                "note",
                "parts_left_out",
                "Signatures, calendar entries and receipts of the mail are not text, and were left "
                "out.",
            ]
        )
    if len(mail.attachments) + len(mail.encrypted) > limits["max_members"]:
        raise ParseError(
            "file_bomb",
            f"It has more than {limits['max_members']:,} attachments (limit max_members).",
        )
    _attach(mail, emit, scratch)


def _attach(mail: MailParts, emit: Emit, scratch: IO[bytes] | None) -> None:
    for part in mail.attachments:
        try:
            content = _attached(part)
        except Exception as problem:  # one that cannot be written is not to take the others along
            emit(
                [
                    "unread",
                    _name(part),
                    "file_unreadable",
                    f"It is damaged in the mail ({type(problem).__name__}).",
                ]
            )
            continue
        if scratch:
            scratch.write(content)
        emit(["member", _name(part), len(content)])
    for part in mail.encrypted:
        emit(["unread", _name(part), "file_encrypted", _ENCRYPTED])


class _BodyReader:
    """The lines of parts of the body, each read once."""

    def __init__(self, limits: dict[str, int], emit: Emit) -> None:
        self._limits = limits
        self._emit = emit
        self._left = 2 * limits["max_document_chars"]
        # The parts are kept as well: another one could get the id of one that is gone.
        self._known: dict[int, tuple[Message, list[list[Any]]]] = {}
        self._struck: set[int] = set()

    def lines(self, part: Message) -> list[list[Any]]:
        """What is emitted for a part, without a number."""
        if id(part) not in self._known:
            self._known[id(part)] = part, self._read(part)
        return self._known[id(part)][1]

    def strikes(self, part: Message) -> bool:
        """Whether a part has text that is struck through, or deleted."""
        self.lines(part)
        return id(part) in self._struck

    def _read(self, part: Message) -> list[list[Any]]:
        # What is in a mail twice, plain and as a page, is read twice and kept once.
        page = of_type(part) == "text/html"
        content = content_of(part)
        codec = _codec(part)
        decoded = decode(content, codec or (declared_codec(content) if page else None))
        if decoded.problem:
            self._note(decoded)
        text = decoded.text.replace("\x00", "")
        self._left -= len(text)
        if len(text) > self._limits["max_document_chars"] or self._left < 0:
            raise too_long(self._limits)
        items: list[list[Any]] = []
        if page:
            file = io.BytesIO(text.encode("utf-8", "replace"))
            visible_text.parse(file, self._limits, items.append, None)
            for note in (item for item in items if item[0] == "note"):
                self._emit(note)
                if note[1] == "struck_text":
                    self._struck.add(id(part))
            return [item for item in items if item[0] != "note"]
        rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if _param(part, "format") == "flowed":
            rows = flowed(rows, joined=_param(part, "delsp") == "yes")
        return [["text", row + "\n", None, None] for row in rows]

    def _note(self, decoded: Decoded) -> None:
        if decoded.problem == "replaced":
            text = "Some bytes of the mail are not valid in the encoding that it declares."
            self._emit(["note", "bytes_replaced", text])
            return
        title = TITLES.get(decoded.codec, decoded.codec.upper())
        text = f"The mail's text is not in the encoding that it declares; it was read as {title}."
        self._emit(["note", "encoding_guessed", text])


def flowed(rows: list[str], *, joined: bool = False) -> list[str]:
    """Lines that a mail program has broken, whole again (RFC 3676, format=flowed).

    >>> flowed(["The patient ", "is well.", "> Is ", "> she?", "-- ", "Dr. A"])
    ['The patient is well.', '> Is she?', '-- ', 'Dr. A']
    """
    out: list[list[str]] = []
    depth_before = -1
    for row in rows:
        bare = row.lstrip(">")
        depth = len(row) - len(bare)
        bare = bare.removeprefix(" ")
        goes_on = bare.endswith(" ") and bare != "-- "
        text = bare[:-1] if goes_on and joined else bare
        if out and depth == depth_before and bare != "-- ":
            out[-1].append(text)
        else:
            out.append([f"{'>' * depth} " if depth else "", text])
        depth_before = depth if goes_on else -1
    return ["".join(pieces) for pieces in out]


def _param(part: Message, name: str) -> str:
    try:
        return str(part.get_param(name, "")).lower()
    except (LookupError, ValueError, AttributeError, TypeError):
        return ""


def _codec(part: Message) -> str | None:
    try:
        return codec_of(part.get_content_charset("") or "")
    except (LookupError, ValueError, AttributeError, TypeError):
        return None


def _unmarked(content: bytes) -> bytes:
    """A mail's bytes from its first header on; what programs put before it is no mail."""
    if bom := byte_order_mark(content):
        content = content[len(bom.mark) :]
        if bom.codec != "utf-8":
            content = content.decode(bom.codec, "replace").encode()
    return content.lstrip(b"\r\n\t ")


def _attached(part: Message) -> bytes:
    if part.get_content_maintype() == "message" and part.is_multipart():
        payload = part.get_payload()
        inner = payload[0] if isinstance(payload, list) and payload else None
        if not isinstance(inner, Message):
            return b""
        packed = str(part.get("content-transfer-encoding", "")).strip().lower()
        if not inner.keys() and packed in ("base64", "quoted-printable"):
            content = content_of(inner)  # against the rules, and done all the same
            return (
                binascii.a2b_base64(content) if packed == "base64" else quopri.decodestring(content)
            )
        return inner.as_bytes()
    content = content_of(part)
    if (
        part.get_content_maintype() == "text"
        and not byte_order_mark(content)
        and not is_utf8(content)
    ):
        # What the mail says of its encoding is lost with the mail.
        codec = _codec(part)
        if codec and codec != "utf-8" and not (decoded := decode(content, codec)).problem:
            return decoded.text.encode()
    return content


def _header(message: Message, name: str) -> str | None:
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == name), None)
    if raw is None:
        return None
    return _one_line(decode_words(header_text(raw[: 10 * _MAX_HEADER])))[:_MAX_HEADER]


def _one_line(text: str) -> str:
    return " ".join(text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").split())


def _name(part: Message) -> str:
    name = decode_words(header_text(filename(part)))
    return _one_line(name or _NAMES.get(of_type(part), ""))[:_MAX_HEADER]
