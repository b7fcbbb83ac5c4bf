"""The words of a PDF page with their boxes, whichever way the text runs."""

import ctypes
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from math import isfinite, pi
from typing import Any

from winnow.parsers.pdf.frame import Box, Frame
from winnow.parsers.pdf.signs import Signs
from winnow.parsers.superscripts import is_raised, is_read_into

_READABLE = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
    # how PDFium marks the hyphen of a line end; and the soft hyphen
    | dict.fromkeys(("\x02", "\ufffe", "\xad"), "-")
)
_WORD = re.compile("[^\x00\x01\x03-\x20\xa0\ud800-\udfff]+")
_NO_LETTER = re.compile("[\x00-\x01\x03-\x08\x0e-\x1f\ue000-\uf8ff\ufffd]")
_LATIN = re.compile("[A-Za-z]")
_BLACKED_OUT = re.compile(r"([A-Za-z])\1{2,}")
"""The marks that replace redacted words: "seen by XXXXX on XX/XX"."""
_DOUBLED = re.compile(r"(.)\1")
_MAY_BE_RAISED = re.compile(r"\d[\d+\-\u2212]")
_MIN_LETTERS = 100
"""Minimum letters for their frequency to be significant."""
_SAMPLE = 40
"""Words whose direction is read; reading that of all takes as long as reading the words."""
_MAX_SHORT_LETTERS = 2
"""Letters of a word too short to show by its boxes which way it runs."""
_ANGLE_TOLERANCE = 0.1
"""Radians: text at a greater angle to the page's own is no part of its lines."""

Word = tuple[str, float, float, float, float]
IsShown = Callable[[int, str, Box], bool]
"""Whether a word is shown: the place of its first letter, the word, where it is."""


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


def page_text(
    raw: Any, page: Any, text: Any, visible: Callable[[Frame, Any], IsShown]
) -> tuple[PageText, Frame]:
    """The text layer of a page, without words that are not shown.

    `raw` is PDFium's interface, `text` its page of text. `visible` returns the test of whether a
    word is shown, for a frame.
    """
    chars = _chars(raw, text)
    matches = list(_WORD.finditer(chars))
    quarters = _quarters(raw, text, [match.start() for match in matches])
    frame = Frame(raw, page, quarters)
    reader = _WordReader(raw, text, chars, frame, visible(frame, text))
    words, across = reader.all_words(matches, frozenset())
    if across:  # then words that are too short to show it may run across too
        short = {m.start() for m in matches if m.end() - m.start() <= _MAX_SHORT_LETTERS}
        words, across = reader.all_words(matches, short)
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
    if letters < _MIN_LETTERS or letters < 0.4 * len(chars):
        return False
    return sum(map(chars.lower().count, "aeiou")) < 0.2 * letters


def _runs(across: list[tuple[int, float, str]]) -> list[str]:
    """Words that follow each other in the file at the same angle, as one line."""
    lines: list[list[str]] = []
    last = (-2, 0.0)
    for index, angle, word in across:
        if index != last[0] + 1 or abs(angle - last[1]) > _ANGLE_TOLERANCE:
            lines.append([])
        lines[-1].append(word)
        last = index, angle
    return [" ".join(line) for line in lines]


def _quarters(raw: Any, text: Any, starts: list[int]) -> int:
    """How many right angles most of the page's words are turned by, counterclockwise."""
    votes = [0, 0, 0, 0]
    step = max(1, len(starts) // _SAMPLE)
    for start in starts[::step]:
        angle = raw.FPDFText_GetCharAngle(text, start)
        if isfinite(angle):
            votes[round(-angle / (pi / 2)) % 4] += 1  # PDFium counts angles clockwise
    return votes.index(max(votes))


class _WordReader:
    """Words of one page, each with its box in the frame."""

    def __init__(self, raw: Any, text: Any, chars: str, frame: Frame, shows: IsShown) -> None:
        self._raw = raw
        self._text = text
        self._chars = chars
        self._frame = frame
        self._angle = frame.quarters * pi / 2
        self._shows = shows
        # The loose box is the font's, not the glyph's: a full stop is as high as a letter.
        self._rectangle = raw.FS_RECTF()
        self._at = ctypes.byref(self._rectangle)
        self._corner = frame.corner
        self._signs = Signs(raw, text)

    def all_words(
        self, matches: Sequence[re.Match[str]], doubtful: Collection[int]
    ) -> tuple[list[Word], list[tuple[int, float, str]]]:
        """The words of the page's lines; and of those at another angle their number and angle.

        For words that begin at `doubtful` places, boxes do not show which way they run.
        """
        words: list[Word] = []
        across: list[tuple[int, float, str]] = []
        for index, match in enumerate(matches):
            start, end = match.span()
            is_across = start in doubtful and self._angle_off(start)
            boxed = None if is_across else self._words(start, end)
            if boxed is not None:
                words += boxed
            elif self._shows_across(start, end):
                word = self._signs.read(start, match.group()).translate(_READABLE)
                across.append((index, self._angle_off(start), word))
        return words, across

    def _angle_off(self, index: int) -> float:
        """The angle of a letter to the page's text, from -pi to pi; 0 for hardly any."""
        angle = self._raw.FPDFText_GetCharAngle(self._text, index) + self._angle
        off = float((angle + pi) % (2 * pi) - pi)
        return off if abs(off) > _ANGLE_TOLERANCE else 0.0

    def _words(self, start: int, end: int) -> list[Word] | None:
        """The word between two places, or the words; None when it runs at another angle."""
        first, last = self._box(start), self._box(end - 1)
        if first and last and _one_run(first, last, end - start):
            return self._word(start, end, _both(first, last))
        if self._angle_off(start):
            return None
        # The next line begins without a space, or the text jumps: look at every character.
        words: list[Word] = []
        whole: Box | None = None
        for index in range(start, end):
            here = self._box(index)
            if here is None:
                continue
            if whole is not None and not _one_run(whole, here, 2):
                words += self._word(start, index, whole)
                start, whole = index, None
            whole = _both(whole, here) if whole else here
        if whole is not None:
            words += self._word(start, end, whole)
        return words

    def _word(self, start: int, end: int, box: Box) -> list[Word]:
        """The word between two places; none where it is not shown."""
        text = self._chars[start:end]
        if not self._shows(start, text, box):
            return []
        if _DOUBLED.search(text) or _MAY_BE_RAISED.search(text):
            text = self._as_printed(start, end)
        return [(self._signs.read(start, text).translate(_READABLE), *box)]

    def _as_printed(self, start: int, end: int) -> str:
        """A word with a `^` before what is raised after a digit.

        And without the letters that are printed twice, a little aside, to look bold.
        """
        kept = [self._chars[start]]
        for index in range(start + 1, end):
            char = self._chars[index]
            if char == kept[-1] and self._printed_again(index):
                continue
            if is_read_into(kept, char) and self._is_raised(index):
                kept.append("^")
            kept.append(char)
        return "".join(kept)

    def _is_raised(self, index: int) -> bool:
        """Whether a character is raised beside the one before it."""
        before, here = self._box(index - 1), self._box(index)
        return before is not None and here is not None and is_raised(before, here)

    def _printed_again(self, index: int) -> bool:
        """Whether a letter is the one before it, printed again."""
        before, here = self._box(index - 1), self._box(index)
        if not before or not here or not _same_place(before, here):
            return False
        if before != here:
            return True
        # The letters of a ligature have one place: they are of one string.
        item = self._raw.FPDFText_GetTextObject
        first, second = item(self._text, index - 1), item(self._text, index)
        if not first or not second:  # a letter that PDFium has put in
            return False
        return ctypes.addressof(first.contents) != ctypes.addressof(second.contents)

    def _shows_across(self, start: int, end: int) -> bool:
        boxes = [box for box in map(self._box, range(start, end)) if box]
        return not boxes or self._shows(
            start,
            self._chars[start:end],
            (
                min(box[0] for box in boxes),
                min(box[1] for box in boxes),
                max(box[2] for box in boxes),
                max(box[3] for box in boxes),
            ),
        )

    def _box(self, index: int) -> Box | None:
        if not self._raw.FPDFText_GetLooseCharBox(self._text, index, self._at):
            return None
        box = self._rectangle
        if self._frame.quarters:
            return self._frame.box(box.left, box.bottom, box.right, box.top)
        left, top = self._corner  # as the frame does, without a call for every letter
        return box.left - left, top - box.top, box.right - left, top - box.bottom


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
    """Whether two characters are on a line, no further apart than so many letters reach."""
    if last[1] > first[3] or last[3] < first[1]:
        return False
    size = first[3] - first[1]
    other = last[3] - last[1]
    if other > size:
        size = other
    if size < 1.0:
        size = 1.0
    return -size < last[0] - first[2] < size * (length - 1 if length > 2 else 1)


def _both(a: Box, b: Box) -> Box:
    return (
        a[0] if a[0] < b[0] else b[0],
        a[1] if a[1] < b[1] else b[1],
        a[2] if a[2] > b[2] else b[2],
        a[3] if a[3] > b[3] else b[3],
    )


def _same_place(a: Box, b: Box) -> bool:
    """Whether two equal letters overlap by more than half."""
    width, height = min(a[2] - a[0], b[2] - b[0]), min(a[3] - a[1], b[3] - b[1])
    return abs(a[0] - b[0]) < width / 2 and abs(a[1] - b[1]) < height / 2
