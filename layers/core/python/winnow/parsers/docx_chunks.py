"""Files of other kinds that Word takes into a document when it opens it: alternative chunks."""

import email
import email.policy
import io
import re
from collections.abc import Callable
from typing import Any

from winnow.parsers import html

READ = frozenset(("html", "mht", "txt"))
"""Kinds that are read here, besides Word's own."""

_CHARSET = re.compile(
    rb"""<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,200}?encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""",
    re.IGNORECASE,
)
_PAGE = re.compile(rb"<(?:!doctype|html|head|body|p|div|table|span|h[1-6]|ul|ol)\b", re.IGNORECASE)
_MAIL = re.compile(rb"\s*(?:MIME-Version|From|Content-Type|Date|Subject):", re.IGNORECASE)
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_NAMES = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
}


def kind_of(head: bytes, name: str) -> str:
    """What a chunk is, by its first bytes, else by its name."""
    if head.startswith(b"PK\x03\x04"):
        return "docx"
    if head.startswith(b"{\\rtf"):
        return "rtf"
    if _MAIL.match(head):
        return "mht"
    if _PAGE.search(_decoded(head).encode()) or name.endswith((".html", ".htm", ".xhtml")):
        return "html"
    return "txt" if name.endswith(".txt") or b"\x00" not in head else "unknown"


def read(
    kind: str, content: bytes, limits: dict[str, int], emit: Callable[[list[Any]], None]
) -> None:
    """Emit the text of a chunk, a line or a table's row a time."""
    if kind == "mht":
        page = _page_of(content)
        if page is None:
            return
        content = page
        kind = "html"
    text = _decoded(content)
    if kind == "html":
        html.parse(io.BytesIO(text.encode("utf-8", "replace")), limits, emit, None)
        return
    for line in text.splitlines():
        emit(["text", line + "\n", None, None])


def _page_of(content: bytes) -> bytes | None:
    """The page in a web archive, as UTF-8."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    for part in message.walk():
        if part.get_content_type() == "text/html":
            found = part.get_payload(decode=True)
            if isinstance(found, bytes):
                named = str(part.get_content_charset() or "")
                return _decoded(found, named).encode("utf-8", "replace")
    return None


def _decoded(content: bytes, named: str = "") -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace").removeprefix("\ufeff")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        found = _CHARSET.search(content)
        name = (named or (found[1].decode("ascii") if found else "cp1252")).lower()
    try:
        return content.decode(_NAMES.get(name, name), "replace")
    except LookupError:  # no such encoding, or none of text
        return content.decode("cp1252", "replace")
