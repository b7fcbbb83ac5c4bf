"""EML: the body of a mail, its sender, date and subject, and its attachments."""

import email
import email.policy
import io
from collections.abc import Callable
from email.message import Message
from typing import IO, Any

from winnow.parsers import html
from winnow.parsers.encodings import TITLES, guess
from winnow.parsers.refusal import Refusal, too_long

_HEADERS = ("subject", "from", "to", "date")
_MAX_PARTS = 1_000
_MAX_HEADER = 1_000
_NAMES = {"message/rfc822": "attached.eml", "text/html": "attached.html"}
"""Of attachments that have no name: their kind is not told from their bytes alone."""

Emit = Callable[[list[Any]], None]


def parse(file: IO[bytes], limits: dict[str, int], emit: Emit, scratch: IO[bytes] | None) -> None:
    """Emit the headers, the body and the attachments; the attachments' bytes go to `scratch`."""
    # compat32: the newer policy parses every header by grammar, slowly, and fails on bad ones.
    message = email.message_from_binary_file(file, policy=email.policy.compat32)
    if message.defects and not message.keys():
        raise Refusal("file_unreadable", "The mail has no headers.")
    emit(["fields", {name: _header(message, name) for name in _HEADERS if message[name]}])
    bodies: dict[str, list[Message]] = {"text/plain": [], "text/html": []}
    attachments: list[Message] = []
    _sort(message, bodies, attachments)
    body = bodies["text/plain"] or bodies["text/html"]
    line = 0

    def emit_line(item: list[Any]) -> None:
        nonlocal line
        line += 1
        emit([*item[:-1], line])

    left = limits["max_document_chars"]
    for part in body:
        text = _text(part, emit)
        left -= len(text)
        if left < 0:
            raise too_long(limits)
        if part.get_content_type() == "text/html":
            html.parse(io.BytesIO(text.encode("utf-8", "replace")), limits, emit_line, None)
        else:
            for row in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
                emit_line(["text", row + "\n", None, None])
    if len(attachments) > limits["max_members"]:
        raise Refusal(
            "file_bomb",
            f"It has more than {limits['max_members']:,} attachments (limit max_members).",
        )
    for part in attachments:
        content = _content(part)
        if scratch:
            scratch.write(content)
        emit(["member", _name(part), len(content)])


def _sort(message: Message, bodies: dict[str, list[Message]], attachments: list[Message]) -> None:
    """Parts of the body by type, and attachments. No recursion: a mail may nest deeply."""
    waiting = [message]
    seen = 0
    alternatives: set[int] = set()
    related: set[int] = set()
    while waiting:
        part = waiting.pop(0)
        seen += 1
        if seen > _MAX_PARTS:
            raise Refusal("file_bomb", f"The mail has more than {_MAX_PARTS:,} parts.")
        kind = part.get_content_type()
        payload = part.get_payload()
        if part.is_multipart() and kind != "message/rfc822" and isinstance(payload, list):
            waiting[:0] = [inner for inner in payload if isinstance(inner, Message)]
            if kind == "multipart/alternative":
                alternatives.update(id(inner) for inner in payload)
            elif kind == "multipart/related":
                related.update(id(inner) for inner in payload)
            continue
        named = part.get_content_disposition() == "attachment" or part.get_filename()
        if kind in bodies and not named:
            # A page that repeats the plain text is no second body; one that stands alone is.
            if kind == "text/html" and id(part) not in alternatives and bodies["text/plain"]:
                attachments.append(part)
            else:
                bodies[kind].append(part)
        elif kind.startswith("multipart/") or (kind.startswith("image/") and id(part) in related):
            continue  # a boundary that is missing; a picture that the page shows
        else:
            attachments.append(part)


def _content(part: Message) -> bytes:
    if part.get_content_type() == "message/rfc822":
        payload = part.get_payload()
        inner = payload[0] if isinstance(payload, list) and payload else None
        return inner.as_bytes() if isinstance(inner, Message) else b""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: Message, emit: Emit) -> str:
    content = _content(part)
    declared = part.get_content_charset() or "utf-8"
    for encoding in (declared, "utf-8"):
        try:
            return content.decode(encoding)
        except (UnicodeError, LookupError, ValueError):
            continue
    guessed = guess(content)
    emit(
        [
            "note",
            "encoding_guessed",
            f"The mail's text is not in the encoding that it declares; it was read as "
            f"{TITLES[guessed]}.",
        ]
    )
    return content.decode(guessed, "replace")


def _header(message: Message, name: str) -> str:
    from email.header import decode_header

    raw = str(message[name])[:_MAX_HEADER]
    words = []
    try:
        for word, charset in decode_header(raw):
            words.append(
                word.decode(charset or "ascii", "replace") if isinstance(word, bytes) else word
            )
    except (LookupError, ValueError):
        return _one_line(raw)
    return _one_line("".join(words))


def _one_line(text: str) -> str:
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (LookupError, ValueError):
        name = ""
    return _one_line(name or _NAMES.get(part.get_content_type(), ""))[:_MAX_HEADER]
