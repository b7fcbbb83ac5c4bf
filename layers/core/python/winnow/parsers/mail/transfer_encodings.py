"""What a part's bytes were before base64 or quoted-printable packed them for the mail (RFC 2045).

Mails are read as they are, not as they should be: headers with blanks and comments, base64 in
pieces of which each has its own padding, and plain text that mailing lists and gateways put before
or behind it.
"""

import binascii
import copy
import re
from email.message import Message
from typing import Literal, NamedTuple

Packing = Literal["base64", "quoted-printable", "uuencode", ""]

_COMMENT = re.compile(r"\([^()]{0,200}\)")
_TOKEN = re.compile(r"[^\s\"';,().]+")
_NAMES: dict[str, Packing] = {
    "base64": "base64",
    "quotedprintable": "quoted-printable",
    "uuencode": "uuencode",
    "uue": "uuencode",
}
_UNPACKED = frozenset(("7bit", "8bit", "binary"))

_BLANKS = b" \t\r\n\v\f"
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_WORD = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_PADDING = re.compile(rb"=+")
_LONG_LINE = 40
"""Letters from which on a line without a blank is no word of a text."""
_FULL_LINE = 56
"""Letters that a line has at least which programs fill before they begin another."""
_MIN_UNDECLARED = 24
"""Letters that base64 has at least which nobody says to be base64."""
_DAMAGED_SHARE = 20
"""Of a long line of base64, one letter in so many may be none of its alphabet."""
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")

_SOFT_BREAK = re.compile(rb"=[ \t]*(?:\r\n|\r|\n)")
_ESCAPE = re.compile(rb"=([0-9A-Fa-f])[0-9A-Fa-f]")
_NO_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?(?:\n|\Z))")


class Unpacked(NamedTuple):
    """The bytes of a part."""

    content: bytes
    problem: Literal["guessed", "damaged", ""] = ""
    """`guessed` where the mail does not say how it is packed; `damaged` where some was not."""


def unpacking_note(problem: str) -> list[str]:
    """What is to be noted of a part whose unpacking had a problem."""
    if problem == "guessed":
        return [
            "note",
            "transfer_encoding_guessed",
            "The mail does not say, or says in a word that is not known, how a part of it is "
            "encoded; it was decoded as what it looks like.",
        ]
    return [
        "note",
        "transfer_encoding_damaged",
        "A part of the mail that is said to be base64 is not base64 throughout; look at the mail.",
    ]


def packing(part: Message) -> tuple[Packing, str]:
    """How a part is packed, and the word of the mail for it, plain."""
    written = _COMMENT.sub(" ", str(part.get("content-transfer-encoding", ""))[:1_000])
    word = match.group().lower() if (match := _TOKEN.search(written)) else ""
    plain = word.removeprefix("x-").replace("-", "").replace("_", "")
    return _NAMES.get(plain, ""), word


def unpacked(part: Message) -> Unpacked:
    """The bytes of a part that has no parts."""
    kind, word = packing(part)
    raw = _raw(part, kind)
    is_text = part.get_content_maintype() == "text"
    if kind == "base64":
        return _from_base64(raw, is_text=is_text)
    if kind == "quoted-printable":
        return Unpacked(_from_quoted_printable(raw))
    if word in _UNPACKED or kind == "uuencode" or part.is_multipart():
        return Unpacked(raw)
    if _is_clearly_base64(raw):
        return Unpacked(_from_base64(raw, is_text=is_text).content, "guessed")
    if word and _is_clearly_quoted_printable(raw):
        return Unpacked(_from_quoted_printable(raw), "guessed")
    return Unpacked(raw)


def _raw(part: Message, kind: Packing) -> bytes:
    """The bytes of a part as they are in the mail; what is uuencoded is decoded by the library."""
    part = copy.copy(part)
    del part["content-transfer-encoding"]
    if kind == "uuencode":
        part["content-transfer-encoding"] = kind
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _from_quoted_printable(raw: bytes) -> bytes:
    return binascii.a2b_qp(_SOFT_BREAK.sub(b"", raw))


def _from_base64(raw: bytes, *, is_text: bool) -> Unpacked:
    """What base64 packed. Lines that are none stay where they are if the part is text."""
    letters = raw.translate(None, _BLANKS)
    if not letters.translate(None, _LETTERS + b"=") and not (is_text and _may_have_words(raw)):
        return _decoded(letters)
    lines = _Base64Lines(is_text=is_text)
    for line in raw.splitlines():
        lines.add(line)
    return lines.unpacked()


class _Base64Lines:
    """Lines of base64 with other lines before, between and behind them."""

    def __init__(self, *, is_text: bool) -> None:
        self._is_text = is_text
        self._out: list[bytes] = []
        self._block: list[bytes] = []
        self._goes_on = True
        """Whether a line of letters that follows is base64, even if it could be a word."""
        self._damaged = False

    def add(self, line: bytes) -> None:
        stripped = line.strip(_BLANKS)
        if not stripped:
            self._goes_on = False
            if not self._block and self._out:
                self._out.append(b"\n")
            return
        letters = _base64_of(stripped, surely=self._is_text and not self._goes_on)
        if letters is not None:
            self._damaged = self._damaged or len(letters) < len(stripped)
            self._block.append(letters)
            self._goes_on = len(letters) >= max(_FULL_LINE, len(self._block[0]))
            return
        self._damaged = True
        self._goes_on = False
        if self._is_text:
            self._end_block()
            self._out.append(line + b"\n")

    def _end_block(self) -> None:
        if self._block:
            decoded = _decoded(b"".join(self._block))
            self._damaged = self._damaged or bool(decoded.problem)
            self._out += (decoded.content, b"\n")
            self._block = []

    def unpacked(self) -> Unpacked:
        """What all the lines hold."""
        self._end_block()
        if self._out and not self._is_text:
            self._out.pop()
        return Unpacked(b"".join(self._out), "damaged" if self._damaged else "")


def _may_have_words(raw: bytes) -> bool:
    """Whether a line has blanks, or is shorter than the first one and not the last."""
    first = 0
    ended = False
    for line in raw.splitlines():
        stripped = line.strip(_BLANKS)
        size = len(stripped)
        if size and (ended or b" " in stripped or b"\t" in stripped):
            return True
        first = first or size
        ended = 0 < size < first
    return False


def _base64_of(line: bytes, *, surely: bool) -> bytes | None:
    """The letters of a line of base64; None for other text."""
    if _WORD.fullmatch(line):
        if not surely or len(line) >= _LONG_LINE:
            return line
        decoded = _decoded(line)
        return line if len(line) % 4 == 0 and _is_text(decoded.content) else None
    if not line.translate(None, _LETTERS + b"="):
        return line  # pieces with their padding
    letters = line.translate(None, line.translate(None, _LETTERS + b"="))
    others = len(line) - len(letters)
    if len(letters) >= _LONG_LINE and others * _DAMAGED_SHARE <= len(line) and b" " not in line:
        return letters
    return None


def _decoded(letters: bytes) -> Unpacked:
    """Base64 without blanks; each piece ends with its padding, which may be missing."""
    out: list[bytes] = []
    damaged = False
    for piece in _PADDING.split(letters):
        if len(piece) % 4 == 1:  # no number of bytes makes one letter more
            damaged = True
            piece = piece[:-1]
        out.append(binascii.a2b_base64(piece + b"=" * (-len(piece) % 4)))
    return Unpacked(b"".join(out), "damaged" if damaged else "")


def _is_clearly_base64(raw: bytes) -> bool:
    """Whether bytes that are not said to be base64 are, and a text besides."""
    letters = raw.translate(None, _BLANKS)
    if len(letters) < _MIN_UNDECLARED or len(letters) % 4 or not _WORD.fullmatch(letters):
        return False
    lines = raw.split()
    return all(len(line) == len(lines[0]) for line in lines[:-1]) and _is_text(
        _decoded(letters).content
    )


def _is_clearly_quoted_printable(raw: bytes) -> bool:
    """Whether every equals sign is one of quoted-printable, and some are of nothing else."""
    escapes = _ESCAPE.findall(raw)
    if not escapes or _NO_ESCAPE.search(raw):
        return False
    letters = sum(escape >= b"8" for escape in escapes)
    return bool(letters > 1 or _SOFT_BREAK.search(raw)) and _is_text(_from_quoted_printable(raw))


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(content)
