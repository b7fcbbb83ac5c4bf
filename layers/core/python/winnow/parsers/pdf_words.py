"""The words of a PDF page and where each stands, whichever way its text runs."""

import ctypes
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import pi
from typing import Any

_READABLE = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
    # how PDFium marks the hyphen of a line end; and the soft hyphen
    | dict.fromkeys(("\x02", "\ufffe", "\xad"), "-")
    # bullets and ticks of the fonts Symbol and Wingdings
    | {"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢", "\uf0fc": "✓", "\uf0fe": "☒", "\uf0a8": "☐"}
)
_WORD = re.compile("[^\x00\x01\x03-\x20\xa0\ud800-\udfff]+")
_NO_LETTER = re.compile("[\x00-\x01\x03-\x08\x0e-\x1f\ue000-\uf8ff\ufffd]")
_LATIN = re.compile("[A-Za-z]")
_BLACKED_OUT = re.compile(r"([A-Za-z])\1{2,}")
"""What stands where something was taken out of a text: "seen by XXXXX on XX/XX"."""
_ENOUGH = 100
"""Letters from which on their frequency says something."""
_SAMPLE = 40
"""Words that are asked which way they run; asking all would take as long as reading them."""
_SHORT = 2
"""Letters of a word too short to show by its boxes which way it runs."""
_OFF = 0.1
"""Radians: text at a greater angle to the page's own is no part of its lines."""

Word = tuple[str, float, float, float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PageText:
    """A page turned so that most of its text runs from left to right; points, y downwards."""

    width: float
    height: float
    words: list[Word]
    across: list[str]
    """What is written at another angle: a watermark, a note in the margin."""
    garbled: bool
    """Whether the fonts do not say which letters their shapes are."""


class Frame:
    """How a page must be turned for its text to run from left to right."""

    def __init__(self, page: Any, quarters: int) -> None:
        """`quarters` turns by a right angle, counterclockwise, are what the text is turned by."""
        try:
            self._left, bottom, right, self._top = page.get_cropbox()
        except Exception:
            self._left, bottom, right, self._top = 0.0, 0.0, 612.0, 792.0
        self._quarters = quarters
        self._across, self._down = abs(right - self._left), abs(self._top - bottom)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page so turned."""
        return (self._down, self._across) if self._quarters % 2 else (self._across, self._down)

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """Left, top, right, bottom of what stands there on the page as the file has it."""
        x0, x1, y0, y1 = left - self._left, right - self._left, self._top - top, self._top - bottom
        if self._quarters == 1:
            return self._down - y1, x0, self._down - y0, x1
        if self._quarters == 2:
            return self._across - x1, self._down - y1, self._across - x0, self._down - y0
        if self._quarters == 3:
            return y0, self._across - x1, y1, self._across - x0
        return x0, y0, x1, y1


def page_text(raw: Any, page: Any, text: Any) -> tuple[PageText, Frame]:
    """The text layer of a page. `raw` is PDFium's interface, `text` the page's text there."""
    chars = _chars(raw, text)
    found = list(_WORD.finditer(chars))
    quarters = _quarters(raw, text, [match.start() for match in found])
    frame = Frame(page, quarters)
    reader = _Reader(raw, text, chars, frame, quarters * pi / 2)
    words, across = reader.all_words(found, frozenset())
    if across:  # then words that are too short to show it may run across too
        short = {m.start() for m in found if m.end() - m.start() <= _SHORT}
        words, across = reader.all_words(found, short)
    return PageText(*frame.size, words, _runs(across), _is_garbled(chars)), frame


def _is_garbled(chars: str) -> bool:
    """Whether fonts lack the table from shapes to letters: then text comes out as codes.

    Either those stand for no letter, or for others by some offset, and hardly for vowels. Every
    language in Latin letters has more than a third of them.
    """
    unmapped = len(_NO_LETTER.findall(chars))
    if unmapped > max(9, 0.2 * len(chars)):
        return True
    chars = _BLACKED_OUT.sub("", chars)
    letters = len(_LATIN.findall(chars))
    if letters < _ENOUGH or letters < 0.4 * len(chars):
        return False
    return sum(map(chars.lower().count, "aeiou")) < 0.2 * letters


def _runs(across: list[tuple[int, float, str]]) -> list[str]:
    """Words that follow each other in the file at the same angle, as one line."""
    lines: list[list[str]] = []
    last = (-2, 0.0)
    for index, angle, word in across:
        if index != last[0] + 1 or abs(angle - last[1]) > _OFF:
            lines.append([])
        lines[-1].append(word)
        last = index, angle
    return [" ".join(line) for line in lines]


def _quarters(raw: Any, text: Any, starts: list[int]) -> int:
    """How many right angles most of the page's words are turned by, counterclockwise."""
    votes = [0, 0, 0, 0]
    step = max(1, len(starts) // _SAMPLE)
    for start in starts[::step]:
        # PDFium counts angles clockwise.
        votes[round(-raw.FPDFText_GetCharAngle(text, start) / (pi / 2)) % 4] += 1
    return votes.index(max(votes))


class _Reader:
    """Words of one page, each with its box in the frame."""

    def __init__(self, raw: Any, text: Any, chars: str, frame: Frame, angle: float) -> None:
        self._raw = raw
        self._text = text
        self._chars = chars
        self._frame = frame
        self._angle = angle
        # The loose box is the font's, not the glyph's: a full stop is as high as a letter.
        self._rectangle = raw.FS_RECTF()
        self._at = ctypes.byref(self._rectangle)

    def all_words(
        self, found: Sequence[re.Match[str]], doubtful: Collection[int]
    ) -> tuple[list[Word], list[tuple[int, float, str]]]:
        """The words of the page's lines; and of those at another angle their number and angle.

        Which way words run that begin at `doubtful` places is not to be told by their boxes.
        """
        words: list[Word] = []
        across: list[tuple[int, float, str]] = []
        for index, match in enumerate(found):
            start, end = match.span()
            boxed = None if start in doubtful and self._off(start) else self._words(start, end)
            if boxed is None:
                across.append((index, self._off(start), match.group().translate(_READABLE)))
            else:
                words += boxed
        return words, across

    def _off(self, index: int) -> float:
        """The angle of a letter to the page's text, from -pi to pi; 0 for hardly any."""
        angle = self._raw.FPDFText_GetCharAngle(self._text, index) + self._angle
        off = float((angle + pi) % (2 * pi) - pi)
        return off if abs(off) > _OFF else 0.0

    def _words(self, start: int, end: int) -> list[Word] | None:
        """The word between two places, or the words; None when it runs at another angle."""
        first, last = self._box(start), self._box(end - 1)
        if first and last and _one_run(first, last, end - start):
            return [self._word(start, end, _both(first, last))]
        if self._off(start):
            return None
        # The next line begins without a space, or the text jumps: look at every character.
        words: list[Word] = []
        whole: Box | None = None
        for index in range(start, end):
            here = self._box(index)
            if here is None:
                continue
            if whole is not None and not _one_run(whole, here, 2):
                words.append(self._word(start, index, whole))
                start, whole = index, None
            whole = _both(whole, here) if whole else here
        if whole is not None:
            words.append(self._word(start, end, whole))
        return words

    def _word(self, start: int, end: int, box: Box) -> Word:
        return (self._chars[start:end].translate(_READABLE), *box)

    def _box(self, index: int) -> Box | None:
        if not self._raw.FPDFText_GetLooseCharBox(self._text, index, self._at):
            return None
        found = self._rectangle
        return self._frame.box(found.left, found.bottom, found.right, found.top)


def _chars(raw: Any, text: Any) -> str:
    """The characters of a page, each at its index."""
    count = raw.FPDFText_CountChars(text)
    buffer = (ctypes.c_ushort * (count + 1))()
    written = raw.FPDFText_GetText(text, 0, count, buffer)
    if written == count + 1:
        chars = bytes(buffer)[: 2 * count].decode("utf-16-le", "surrogatepass")
        if len(chars) == count:
            return chars
    codes = (raw.FPDFText_GetUnicode(text, index) for index in range(count))
    return "".join(chr(code) if code < 0x110000 else " " for code in codes)


def _one_run(first: Box, last: Box, length: int) -> bool:
    """Whether two characters stand on a line, no further apart than so many letters reach."""
    size = max(first[3] - first[1], last[3] - last[1], 1.0)
    level = last[1] <= first[3] and last[3] >= first[1]
    return level and -size < last[0] - first[2] < size * max(1, length - 1)


def _both(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
