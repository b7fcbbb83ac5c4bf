"""EML: the body of a mail, its sender, date and subject, and its attachments."""

import email
import io
from collections.abc import Callable, Iterator
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
from winnow.parsers.mail.body_parts import (
    POLICY,
    MailParts,
    filename,
    is_page_called_text,
    of_type,
    sort,
)
from winnow.parsers.mail.encoded_words import decode_words, header_text
from winnow.parsers.mail.header_lines import repaired
from winnow.parsers.mail.linked_sheets import MISSING_NOTE, LinkedSheets
from winnow.parsers.mail.transfer_encodings import (
    Unpacked,
    packing,
    unpacked,
    unpacking_note,
)

_HEADERS = ("subject", "from", "to", "date")
_MAX_HEADER = 1_000
_NAMES = {"message/rfc822": "attached.eml", "message/global": "attached.eml",
          "text/html": "attached.html"}  # fmt: skip
"""Names for attachments without one, whose kind their bytes alone do not show."""
_ENCRYPTED = "It is encrypted, or signed as a whole: send it as plain text."

Emit = Callable[[list[Any]], None]


def parse(file: IO[bytes], limits: dict[str, int], emit: Emit, scratch: IO[bytes] | None) -> None:
    """Emit the headers, the body and the attachments; the attachments' bytes go to `scratch`."""
    content, left_out = repaired(_unmarked(file.read()))
    message = email.message_from_bytes(content, policy=POLICY)
    if message.defects and not message.keys():
        raise ParseError("file_unreadable", "The mail has no headers.")
    for part in message.walk():
        if _codec(part) is None:
            # The library would decode by it, and Python knows codecs that are none of text.
            with suppress(LookupError, ValueError, AttributeError, TypeError):
                part.del_param("charset")
        if is_page_called_text(part):
            with suppress(LookupError, ValueError, AttributeError, TypeError):
                part.set_type("text/html")
    headers = ((name, _header(message, name)) for name in _HEADERS)
    emit(["fields", {name: value for name, value in headers if value is not None}])
    if left_out:
        emit(
            [
                "note",
                "header_lines_left_out",
                "Lines among the headers of the mail that are no headers were left out.",
            ]
        )
    reader = _BodyReader(limits, LinkedSheets(message, limits["max_document_chars"]))
    mail = sort(message, reader)
    for part in mail.body:
        for note in reader.notes(part):
            emit(note)
    lines = [(of, line) for of, part in enumerate(mail.body) for line in reader.lines(part)]
    tables: dict[tuple[int, int], int] = {}
    for number, (of, item) in enumerate(lines, start=1):
        if item[0] == "row":
            table = tables.setdefault((of, item[1]), len(tables) + 1)
            emit(["row", table, *item[2:-1], number])
        else:
            emit([*item[:-1], number])
    if mail.differing:
        emit(
            [
                "note",
                "alternatives_left_out",
                "The mail has several texts as alternatives of one kind that differ; the last one "
                "was read.",
            ]
        )
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
            content, problem = _attached(part)
        except Exception as error:  # one that cannot be written is not to take the others along
            emit(
                [
                    "unread",
                    _name(part),
                    "file_unreadable",
                    f"It is damaged in the mail ({type(error).__name__}).",
                ]
            )
            continue
        if problem:
            emit(unpacking_note(problem))
        if scratch:
            scratch.write(content)
        emit(["member", _name(part), len(content)])
    for part in mail.encrypted:
        emit(["unread", _name(part), "file_encrypted", _ENCRYPTED])


class _BodyReader:
    """The lines of parts of the body, each read once."""

    def __init__(self, limits: dict[str, int], sheets: LinkedSheets) -> None:
        self._limits = limits
        self._sheets = sheets
        self._left = 2 * limits["max_document_chars"]
        # The parts are kept as well: another one could get the id of one that is gone.
        self._known: dict[int, tuple[Message, list[list[Any]], list[list[Any]]]] = {}

    def lines(self, part: Message) -> list[list[Any]]:
        """What is emitted for a part, without a number."""
        return self._read(part)[1]

    def notes(self, part: Message) -> list[list[Any]]:
        """What is to be noted of a part if it is read."""
        return self._read(part)[2]

    def _read(self, part: Message) -> tuple[Message, list[list[Any]], list[list[Any]]]:
        if id(part) not in self._known:
            # What is in a mail twice, plain and as a page, is read twice and kept once.
            items = list(self._items(part))
            notes = [item for item in items if item[0] == "note"]
            lines = [item for item in items if item[0] != "note"]
            self._known[id(part)] = part, lines, notes
        return self._known[id(part)]

    def _items(self, part: Message) -> Iterator[list[Any]]:
        page = of_type(part) == "text/html"
        content, problem = unpacked(part)
        if problem:
            yield unpacking_note(problem)
        codec = _codec(part)
        decoded = decode(content, codec or (declared_codec(content) if page else None))
        if decoded.problem:
            yield _decoding_note(decoded)
        text = decoded.text.replace("\x00", "")
        self._left -= len(text)
        if len(text) > self._limits["max_document_chars"] or self._left < 0:
            raise too_long(self._limits)
        if page:
            text, is_missing = self._sheets.applied(text, part)
            if is_missing:
                yield ["note", *MISSING_NOTE]
            items: list[list[Any]] = []
            file = io.BytesIO(text.encode("utf-8", "replace"))
            is_xml = part.get_content_type() == "application/xhtml+xml"
            limits = {**self._limits, "without_scripts": True, "xhtml": is_xml}
            visible_text.parse(file, limits, items.append, None)
            yield from items
            return
        rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if _param(part, "format") == "flowed":
            rows = flowed(rows, joined=_param(part, "delsp") == "yes")
        for row in rows:
            yield ["text", row + "\n", None, None]


def _decoding_note(decoded: Decoded) -> list[Any]:
    if decoded.problem == "replaced":
        text = "Some bytes of the mail are not valid in the encoding that it declares."
        return ["note", "bytes_replaced", text]
    title = TITLES.get(decoded.codec, decoded.codec.upper())
    text = f"The mail's text is not in the encoding that it declares; it was read as {title}."
    return ["note", "encoding_guessed", text]


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


def _attached(part: Message) -> Unpacked:
    if part.get_content_maintype() == "message" and part.is_multipart():
        payload = part.get_payload()
        inner = payload[0] if isinstance(payload, list) and payload else None
        if not isinstance(inner, Message):
            return Unpacked(b"")
        if not inner.keys() and (packed := packing(part)[0]):
            # Against the rules, and done all the same.
            inner["content-transfer-encoding"] = packed
            return unpacked(inner)
        return Unpacked(inner.as_bytes())
    content, problem = unpacked(part)
    if (
        part.get_content_maintype() == "text"
        and not byte_order_mark(content)
        and not is_utf8(content)
    ):
        # What the mail says of its encoding is lost with the mail.
        codec = _codec(part)
        if codec and codec != "utf-8" and not (decoded := decode(content, codec)).problem:
            return Unpacked(decoded.text.encode(), problem)
    return Unpacked(content, problem)


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
