"""Bytes to lines of text: encodings, line ends and line length, without holding the file.

UTF-8 (with or without a byte-order mark), UTF-16 and UTF-32 are read as they are. Lines with bytes
that are not UTF-8 are read in the encoding that makes the likeliest text of them, and
the result says so. The few bytes that stand for no character there either stay as lone
surrogates: `undecodable` finds them.
"""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from winnow.errors import FileTooLargeError, FileUnreadableError
from winnow.models import Note
from winnow.parsers.encodings import TITLES, guess
from winnow.parsers.labels import byte_order_mark

_ESCAPED = re.compile("[\udc80-\udcff]")
_ISO_2022_JP = re.compile(rb"\x1b\$[@B]")
_MARKS = frozenset(b" \t\r\n,;:|\"'.{}[]")
_MARK = re.compile(rb"[ \t\r\n,;:|\"'.{}\[\]]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLOCK = 1 << 16
_MULTI_BYTE = frozenset({"cp932", "euc_jp", "gb18030", "big5", "cp949"})
_LATIN = frozenset(
    {"cp1252", "cp1250", "iso8859_2", "iso8859_15", "cp1254", "cp1257", "mac_roman", "cp850"}
)
_SAFE_CUT = re.compile(r"[\x00-\x2f][^\x00-\x2f]*\Z")
"""No character below 0x30 is ever part of a longer one, in any of those encodings."""


def undecodable(text: str) -> bool:
    """Whether the text contains bytes that fit no encoding, or half a character of JSON."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def encoding_of(head: bytes) -> str:
    """The encoding that the first bytes of a file show; UTF-8 where they show nothing."""
    if bom := byte_order_mark(head):
        return bom.consuming_codec
    if head.count(0):
        return _unmarked(head[: len(head) // 4 * 4] or head)
    if head.isascii() and _ISO_2022_JP.search(head):
        return "iso2022_jp"
    return "utf-8"


def _unmarked(sample: bytes) -> str:
    """UTF-32 or UTF-16 without a mark, by the positions of zero bytes; else UTF-8."""
    zeros = [sample[at::4].count(0) for at in range(4)]
    quarter = len(sample) / 4
    if min(zeros[2], zeros[3]) > 0.9 * quarter and zeros[0] < 0.1 * quarter:
        return "utf-32-le"
    if min(zeros[0], zeros[1]) > 0.9 * quarter and zeros[3] < 0.1 * quarter:
        return "utf-32-be"
    # Latin text has every other byte zero, and any other its blanks and punctuation so.
    even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
    marks = len(_MARK.findall(sample))
    if odd > 4 * even and (odd > 0.3 * len(sample) or _paired(sample, 0) > 0.7 * marks > 1):
        return "utf-16-le"
    if even > 4 * odd and (even > 0.3 * len(sample) or _paired(sample, 1) > 0.7 * marks > 1):
        return "utf-16-be"
    return "utf-8"


def _paired(sample: bytes, low: int) -> int:
    """How many characters of UTF-16 are ASCII punctuation; `low` is where their low byte stands."""
    high = sample[1 - low :: 2]
    return sum(
        not above and below in _MARKS for below, above in zip(sample[low::2], high, strict=False)
    )


def decoded(head: bytes) -> str:
    """The first bytes of a file as text, to detect its format; never fails."""
    encoding = encoding_of(head)
    if encoding == "utf-8":
        text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(head)
        return text.removeprefix("\ufeff")
    return codecs.getincrementaldecoder(encoding)("replace").decode(head).removeprefix("\ufeff")


class TextLines:
    """The lines of a byte stream, line ends kept, and what was noticed on the way.

    Lines end at LF, CR and CRLF, and at nothing else: not at U+2028, nor at a form feed. Raises
    FileTooLargeError for a line over `max_chars` characters and FileUnreadableError for bytes that
    a marked encoding does not allow. `declared` is what the file says of its encoding, where its
    bytes show none; `check_time`, called a block, raises when reading takes too long.
    """

    def __init__(
        self,
        stream: BinaryIO,
        head: bytes,
        max_chars: int,
        declared: str | None = None,
        check_time: Callable[[], None] = lambda: None,
    ) -> None:
        self.encoding = encoding_of(head)
        given = self.encoding == "utf-8" and declared is not None
        if given and declared:
            self.encoding = declared
        escapes = self.encoding in ("utf-8", "utf-8-sig")
        self._text = io.TextIOWrapper(
            stream,
            encoding=self.encoding,
            # What a page declares is not always so: browsers show a mark for such bytes.
            errors="surrogateescape" if escapes else "replace" if given else "strict",
            newline="",
        )
        self._max_chars = max_chars
        self._check_time = check_time
        self._line = 0
        self._legacy = ""
        self._mended = 0
        self._first_mended = 0

    def __iter__(self) -> Iterator[str]:
        rest = ""
        while block := self._more(_BLOCK):
            lines = list(io.StringIO(rest + block, newline=""))
            # A CR may be half of a CRLF whose other half is in the next block.
            rest = "" if lines[-1].endswith("\n") else lines.pop()
            mend = _ESCAPED.search(block) is not None and self._noticed("".join(lines))
            for line in lines:
                yield self._checked(line, mend)
            if len(rest) > self._max_chars:
                raise self._too_long()
        if rest:
            yield self._checked(rest, self._noticed(rest))

    def _checked(self, line: str, mend: bool) -> str:
        self._line += 1
        if len(line) > self._max_chars:
            self._line -= 1
            raise self._too_long()
        # The rest of the block before may hold what this block does not.
        return self._mend(line) if mend or not line.isascii() else line

    def _too_long(self) -> FileTooLargeError:
        return FileTooLargeError(
            f"Line {self._line + 1:,} is longer than {self._max_chars:,} characters "
            "(limit max_line_chars)."
        )

    def read_all(self, max_chars: int) -> str:
        """The whole text, for formats that are one document."""
        text = self._decoded(self._text.read, max_chars + 1)
        self._check_time()
        if len(text) > max_chars:
            raise FileTooLargeError(
                f"The document is longer than {max_chars:,} characters (limit max_document_chars)."
            )
        if self._noticed(text):
            lines = []
            for line in io.StringIO(text, newline=""):
                self._line += 1
                lines.append(self._mend(line))
            text = "".join(lines)
        return text

    def blocks(self, chars: int) -> Iterator[str]:
        """The text in pieces of up to `chars` characters, for formats whose lines mean nothing."""
        rest = ""
        while block := self._more(chars):
            block, rest = rest + block, ""
            cut = _SAFE_CUT.search(block, max(0, len(block) - _BLOCK))
            if cut and self._noticed(block) and self._legacy in _MULTI_BYTE:
                block, rest = block[: cut.start() + 1], block[cut.start() + 1 :]
            yield self._mend(block)
        if rest:
            yield self._mend(rest)

    def _more(self, chars: int) -> str:
        """The next block; a longer one where an encoding is to be guessed from it."""
        self._check_time()
        block = self._decoded(self._text.read, chars)
        if not self._legacy and not block.isascii() and _ESCAPED.search(block):
            block += self._decoded(self._text.read, 4 * chars)
        return block

    def _decoded(self, read: Callable[[int], str], size: int) -> str:
        try:
            return read(size)
        except (UnicodeError, LookupError):
            raise FileUnreadableError(
                f"The file looks like {self.encoding.upper()}, but has bytes it does not allow."
            ) from None

    def _noticed(self, text: str) -> bool:
        """Whether the text has bytes that are not UTF-8; the first of them decide what they are."""
        if text.isascii() or not _ESCAPED.search(text):
            return False
        if not self._legacy:
            self._legacy = guess(text.encode("utf-8", "surrogateescape"))
        return True

    def _mend(self, text: str) -> str:
        if not _ESCAPED.search(text):
            return text
        if not self._legacy:
            self._noticed(text)
        self._mended += 1
        self._first_mended = self._first_mended or self._line
        if self._legacy in _MULTI_BYTE:
            try:
                return text.encode("utf-8", "surrogateescape").decode(self._legacy)
            except UnicodeError:
                return text
        escaped = len(_ESCAPED.findall(text))
        if self._legacy not in _LATIN and 2 * escaped > sum(char > "\x7f" for char in text):
            # Letters of other scripts stand together, and some such runs happen to be UTF-8.
            raw = text.encode("utf-8", "surrogateescape")
            text = "".join(map(self._char, raw))
        return _ESCAPED.sub(self._one, text)

    def _char(self, byte: int) -> str:
        return chr(byte) if byte < 0x80 else self._one_byte(byte)

    def _one(self, match: re.Match[str]) -> str:
        return self._one_byte(ord(match.group()) - 0xDC00)

    def _one_byte(self, byte: int) -> str:
        try:
            return bytes([byte]).decode(self._legacy)
        except UnicodeError:
            return chr(0xDC00 + byte)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the user should know of the encoding, once the lines were read."""
        if not self._mended:
            return ()
        where = f", first in line {self._first_mended:,}" if self._first_mended else ""
        return (
            Note(
                code="encoding_guessed",
                text=f"Bytes that are not UTF-8 were read as {TITLES[self._legacy]}{where}. "
                "Save the file as UTF-8 to be sure.",
            ),
        )
