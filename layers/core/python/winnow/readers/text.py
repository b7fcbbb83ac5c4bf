"""Bytes to lines of text: encodings, line ends and line length, without holding the file.

UTF-8 (with or without a byte-order mark) and UTF-16 are read as they are. Bytes that are not UTF-8
are read as Windows-1252, the encoding old exports have, and the result says so. The few
bytes that are neither stay as lone surrogates: `undecodable` finds them.
"""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from winnow.errors import FileTooLargeError, FileUnreadableError
from winnow.models import Note

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ESCAPED = re.compile("[\udc80-\udcff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def _windows_1252() -> dict[int, str]:
    table = {}
    for byte in range(0x80, 0x100):
        try:
            table[0xDC00 + byte] = bytes([byte]).decode("cp1252")
        except UnicodeDecodeError:
            continue
    return table


_MEND = _windows_1252()


def undecodable(text: str) -> bool:
    """Whether the text holds bytes that no encoding explains, or half a character of JSON."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def encoding_of(head: bytes) -> str:
    """The encoding that the first bytes of a file show; UTF-8 where they show nothing."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    # UTF-16 without a mark: Latin text has every other byte zero.
    sample = head[: len(head) // 2 * 2]
    if sample and not sample.count(0) < len(sample) // 4:
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        if odd > even * 4:
            return "utf-16-le"
        if even > odd * 4:
            return "utf-16-be"
    return "utf-8"


class TextLines:
    """The lines of a byte stream, line ends kept, and what was noticed on the way.

    Raises FileTooLargeError for a line over `max_chars` characters and FileUnreadableError for
    bytes that a marked encoding does not allow.
    """

    def __init__(self, stream: BinaryIO, head: bytes, max_chars: int) -> None:
        self.encoding = encoding_of(head)
        escapes = self.encoding in ("utf-8", "utf-8-sig")
        self._text = io.TextIOWrapper(
            stream,
            encoding=self.encoding,
            errors="surrogateescape" if escapes else "strict",
            newline="",
        )
        self._max_chars = max_chars
        self._line = 0
        self._mended = 0
        self._first_mended = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._decoded(self._text.readline, self._max_chars + 1):
            self._line += 1
            if len(line) > self._max_chars:
                raise FileTooLargeError(
                    f"Line {self._line} is longer than {self._max_chars:,} characters "
                    "(limit max_line_chars)."
                )
            yield self._mend(line)

    def read_all(self, max_chars: int) -> str:
        """The whole text, for formats that are one document."""
        text = self._decoded(self._text.read, max_chars + 1)
        if len(text) > max_chars:
            raise FileTooLargeError(
                f"The document is longer than {max_chars:,} characters (limit max_document_chars)."
            )
        return self._mend(text)

    def blocks(self, chars: int) -> Iterator[str]:
        """The text in pieces of up to `chars` characters, for formats whose lines mean nothing."""
        while block := self._decoded(self._text.read, chars):
            yield self._mend(block)

    def _decoded(self, read: Callable[[int], str], size: int) -> str:
        try:
            return read(size)
        except UnicodeError:
            raise FileUnreadableError(
                f"The file looks like {self.encoding.upper()} and holds bytes that are not."
            ) from None

    def _mend(self, text: str) -> str:
        if text.isascii() or not _ESCAPED.search(text):
            return text
        self._mended += 1
        self._first_mended = self._first_mended or self._line
        return text.translate(_MEND)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the user should know of the encoding, once the lines were read."""
        if not self._mended:
            return ()
        where = f", first in line {self._first_mended:,}" if self._first_mended else ""
        return (
            Note(
                code="windows_1252",
                text=f"Bytes that are not UTF-8 were read as Windows-1252{where}. "
                "Save the file as UTF-8 to be sure.",
            ),
        )
