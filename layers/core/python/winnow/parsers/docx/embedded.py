"""Files of other kinds that Word takes into a document when it opens it: alternative chunks."""

import io
import re
from collections.abc import Callable
from typing import Any

from winnow.parsers.encodings import TITLES
from winnow.parsers.html import visible_text
from winnow.parsers.labels import declared_codec, decode
from winnow.parsers.mail import message

READ = frozenset(("html", "mht", "txt"))
"""Kinds that are read here, besides Word's own."""

_PAGE = re.compile(r"<(?:!doctype|html|head|body|p|div|table|span|h[1-6]|ul|ol)\b", re.IGNORECASE)
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\s")
_HEADER = re.compile(rb"[!-9;-~]+:")
_OF_MAILS = re.compile(rb"^mime-version:", re.IGNORECASE | re.MULTILINE)
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


def kind_of(head: bytes, name: str) -> str:
    """What a chunk is, by its first bytes, else by its name."""
    if head.startswith(b"PK\x03\x04"):
        return "docx"
    if head.startswith(b"{\\rtf"):
        return "rtf"
    if _is_web_archive(head):
        return "mht"
    if _PAGE.search(decode(head, declared_codec(head)).text) or name.endswith(
        (".html", ".htm", ".xhtml")
    ):
        return "html"
    if _XML.match(head):
        return "xml"  # its comments, and what it denies, are no text
    return "txt" if name.endswith(".txt") or b"\x00" not in head else "unknown"


def read(
    kind: str, content: bytes, limits: dict[str, int], emit: Callable[[list[Any]], None]
) -> None:
    """Emit the text of a chunk, a line or a table's row a time, and what is to be noted of it."""
    if kind == "mht":
        message.parse(io.BytesIO(content), limits, emit, None)
        return
    decoded = decode(content, declared_codec(content) if kind == "html" else None)
    if decoded.problem == "guessed":
        title = TITLES.get(decoded.codec, decoded.codec.upper())
        emit(["note", "encoding_guessed", f"An embedded file was read as {title}."])
    elif decoded.problem:
        text = "Some bytes of an embedded file are not valid in its encoding."
        emit(["note", "bytes_replaced", text])
    if kind == "html":
        visible_text.parse(io.BytesIO(decoded.text.encode("utf-8", "replace")), limits, emit, None)
        return
    for line in decoded.text.splitlines():
        emit(["text", line + "\n", None, None])


def _is_web_archive(head: bytes) -> bool:
    """Whether these are the headers of a mail, which a web archive is; a text may begin alike."""
    headers = _BLANK_LINE.split(head.lstrip(), maxsplit=1)[0]
    return bool(_HEADER.match(headers) and _OF_MAILS.search(headers))
