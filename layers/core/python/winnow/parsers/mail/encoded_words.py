"""Encoded words (RFC 2047): how headers of mails and of HTTP carry what is not ASCII."""

import binascii
import re

from winnow.parsers.encodings import guess
from winnow.parsers.labels import codec_of

_WORD = re.compile(r"=\?([^?*\s]{1,60})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]*)\?=")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


def decode_words(text: str) -> str:
    """A text with its encoded words decoded; what is none, or cannot be decoded, stays.

    Words that are beside each other are one text: the blanks between them go, and a character
    may begin in one and end in the next.

    >>> decode_words("=?UTF-8?Q?M=C3=BCller-17?=")
    'Müller-17'
    """
    out: list[str] = []
    waiting = bytearray()
    codec = ""
    at = 0
    for match in _WORD.finditer(text):
        between = text[at : match.start()]
        named = codec_of(match[1]) or ("utf-8" if match[1].lower() == "unknown-8bit" else None)
        if named is None or (content := _content(match[2], match[3])) is None:
            continue
        if waiting and (between.strip() or named != codec):
            out.append(_decoded(bytes(waiting), codec))
            waiting.clear()
        if between.strip() or not at:
            out.append(between)
        codec = named
        waiting += content
        at = match.end()
    if waiting:
        out.append(_decoded(bytes(waiting), codec))
    out.append(text[at:])
    return "".join(out)


def _content(kind: str, encoded: str) -> bytes | None:
    if kind in "qQ":
        raw = encoded.replace("_", " ").encode("utf-8", "surrogateescape")
        return _HEX.sub(lambda match: bytes([int(match[1], 16)]), raw)
    letters = _NO_BASE64.sub("", encoded)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    try:
        return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))
    except binascii.Error:
        return None


def _decoded(content: bytes, codec: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeError:
        pass
    try:
        return content.decode("utf-8")
    except UnicodeError:
        return content.decode(guess(content) if codec == "utf-8" else codec, "replace")


def header_text(raw: str) -> str:
    """A header as the mail parser gives it, its bytes above 0x7F as surrogates, as text."""
    if raw.isascii():
        return raw
    content = raw.encode("utf-8", "surrogateescape")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode(guess(content), "replace")
