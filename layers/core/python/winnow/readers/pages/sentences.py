"""Lines as they are on pages, put back into sentences.

Pure functions over positioned lines: the same for the text layer of a PDF and for what OCR reads.
In order: columns are read one after the other (`in_reading_order`); headers, footers and page
numbers that run through the pages go (`without_running_lines`); marks are told with what they stand
below (`with_marks_told`); the lines of a paragraph are
joined, with the hyphens of line ends taken out (`flow`).
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from statistics import median

from winnow.readers.fragments import TextFragment
from winnow.readers.pages.columns import in_reading_order
from winnow.readers.pages.geometry import ALIGNMENT_TOLERANCE, Line, Page, is_one_word_a_line
from winnow.readers.pages.grids import with_marks_told
from winnow.readers.pages.running_lines import without_running_lines

_SENTENCE_END = re.compile(r"[.!?:;…。！？][\"'”’)\]]*$")
_BULLET = re.compile(r"(?:[-*•·–—▪◦●○■□‣o]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)])\s")
_LABEL = re.compile(r"[A-Z][\w /&,()'’-]{0,40}:(\s|$)")
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_KEEP_HYPHEN = frozenset(
    (*_NUMBERS, *_TENS, "follow", "well", "self", "long", "short", "high", "low", "non", "x")
)
"""First parts of words that are written with their hyphen."""
_KEEP_BEFORE = frozenset(
    (
        *("negative", "positive", "free", "naive", "dependent", "independent", "resistant"),
        *("sensitive", "responsive", "refractory", "induced", "related", "associated", "based"),
        *("guided", "directed", "controlled", "confirmed", "proven", "like", "only"),
    )
)
"""Last parts of such words: "guaiac-negative", "transfusion-dependent"."""
_COMPOUND = re.compile(r"\w+(?:-\w+)*")
_BEGINS_WITH_HYPHEN = re.compile(r"[-\u2010][^\W\d]")
_HYPHENS = "-\u2010\u00ad"
_MIN_COLUMN_LINES = 3
_MIN_WIDTH_SHARE = 0.5
"""Share of the page's width that lines of prose have at least, unless columns are side by side."""

_Edges = tuple[float, float]
"""Left and right of a cell."""


def sentences_of(
    pages: Sequence[Page], check_time: Callable[[], None] = lambda: None
) -> tuple[list[TextFragment], int]:
    """The text of pages, and how many running lines were left out.

    A fragment a line; its `line` counts the page's lines in reading order, from 1. `check_time`,
    called a page, raises when reading takes too long.
    """
    known_edges: list[float] = []
    ordered: list[Page] = []
    for page in pages:
        check_time()
        ordered.append(replace(page, lines=tuple(in_reading_order(page, known_edges))))
    kept, dropped = without_running_lines(ordered)
    told = [replace(page, lines=tuple(with_marks_told(page.lines))) for page in kept]
    return flow(told), dropped


def flow(pages: Iterable[Page]) -> list[TextFragment]:
    """The lines of a paragraph joined by spaces, paragraphs ended by a line break.

    Lines must be in reading order. A hyphen at the end of a line goes when the word goes on in
    small letters, unless the document writes the word with its hyphen elsewhere.
    """
    lines = _lines_in_context(pages)
    words = _vocabulary(current.line.text for current in lines)
    one_word_a_line = is_one_word_a_line([current.line for current in lines])
    fragments: list[TextFragment] = []
    for current, following in zip_longest(lines, lines[1:]):
        text = " ".join(current.line.text.split())
        end = "\n"
        if following and _goes_on(current, following, one_word_a_line):
            text, end = _join(text, following.line.text.lstrip(), words)
        line = current.line
        fragments.append(
            TextFragment(text + end, current.page.number, current.number, line.box, line.confidence)
        )
    return fragments


@dataclass(frozen=True, slots=True)
class _LineInContext:
    """A line and what is around it."""

    page: Page
    number: int
    line: Line
    margin: float
    """Where the full lines of its column end."""
    limit: float
    """How far its lines could go: a list's own lines do not show it, prose elsewhere may."""
    is_wide: bool
    """Whether it is of a column of prose, or of lines that reach over half of the page."""
    pitch: float
    """From one line of its page to the next."""
    is_tabular: bool
    """Whether it is a row of a table."""
    is_in_column: bool
    """Whether it is one of several lines below each other."""

    @property
    def is_full(self) -> bool:
        """Whether its column goes on where the next begins."""
        return self.is_in_column and self.reaches_margin(self.line.x0)

    def reaches_margin(self, left: float) -> bool:
        """Whether it ends near the margin, in a column that begins at `left`."""
        return self.is_wide and self.line.x1 >= self.margin - 0.12 * (self.margin - left)

    def has_room_for(self, following: Line) -> bool:
        """Whether the first word of the next line would have gone on this one."""
        text = following.text.strip()
        char = (following.x1 - following.x0) / max(1, len(text))
        word = len(text.split(maxsplit=1)[0]) if text else 0
        return self.line.x1 + (word + 2) * char < self.limit


def _lines_in_context(pages: Iterable[Page]) -> list[_LineInContext]:
    pages = [page for page in pages if page.lines]
    bands = [_bands(page) for page in pages]
    widest: dict[float, float] = {}
    for page, of_page in zip(pages, bands, strict=True):
        margins = [band.right for band in of_page.values() if not band.is_beside]
        widest[page.width] = max([widest.get(page.width, 0.0), *margins])
    in_context: list[_LineInContext] = []
    for page, of_page in zip(pages, bands, strict=True):
        pitch, tabular = _pitch(page), _table_rows(page.lines)
        whole = _Band.of(page.lines)
        for number, line in enumerate(page.lines, start=1):
            band = of_page.get(line.band, whole)
            limit = band.right if band.is_beside else max(band.right, widest[page.width])
            is_wide = band.is_beside or band.right - band.left >= _MIN_WIDTH_SHARE * page.width
            in_context.append(
                _LineInContext(
                    page,
                    number,
                    line,
                    band.margin,
                    limit,
                    is_wide,
                    pitch,
                    number in tabular,
                    line.band in of_page,
                )
            )
    return in_context


def _goes_on(current: _LineInContext, following: _LineInContext, one_word_a_line: bool) -> bool:
    """Whether the following line belongs to the same paragraph."""
    line, next_line = current.line, following.line
    text, next_text = line.text.rstrip(), next_line.text.lstrip()
    if _BULLET.match(next_text):
        return False
    is_ended = bool(_SENTENCE_END.search(text))
    is_small = next_text[:1].islower()
    if current.is_tabular or following.is_tabular:  # but a cell may be wrapped
        return current.is_tabular and not following.is_tabular and is_small and not is_ended
    is_hyphenated = text[-1:] in _HYPHENS and len(text) > 1 and text[-2].isalpha()
    if current.page is not following.page or line.band != next_line.band:
        if is_hyphenated:
            return True
        runs_on = is_small or text.endswith(",") or (current.is_full and following.is_full)
        return runs_on and not is_ended
    if is_hyphenated and is_small:
        return True
    height, next_height = line.y1 - line.y0, next_line.y1 - next_line.y0
    if max(height, next_height) > 1.35 * max(1.0, min(height, next_height)):
        return False
    if next_line.y0 - line.y0 > 1.5 * current.pitch:
        return False
    if one_word_a_line:
        return True
    if _LABEL.match(next_text):
        return False
    if current.reaches_margin(min(line.x0, next_line.x0)) and not current.has_room_for(next_line):
        return True
    return not is_ended and is_small


def _join(text: str, following: str, words: Counter[str]) -> tuple[str, str]:
    """The text of a line and what is between it and the next."""
    is_hyphenated = text[-1:] in _HYPHENS
    begins_with_hyphen = bool(_BEGINS_WITH_HYPHEN.match(following))
    if not is_hyphenated or len(text) < 2 or not text[-2].isalnum():
        return text, "" if begins_with_hyphen and text[-1:].isalpha() else " "
    if begins_with_hyphen:
        return text[:-1], ""
    if text[-2].isdigit():  # a 12-year-old; but 40 to 60
        return text, "" if following[:1].islower() else " "
    if text.endswith("\u00ad"):
        return text[:-1], ""
    first = re.split(r"[^\w]", text[:-1])[-1].casefold()
    word = _COMPOUND.match(following)
    second = word.group().casefold() if word else ""
    if not following[:1].islower():
        return text, ""
    seconds = {second, second.partition("-")[0]}
    together = sum(words[first + second] for second in seconds)
    apart = sum(words[f"{first}-{second}"] for second in seconds)
    is_name = len(first) > 1 and text[-1 - len(first) : -1].isupper()  # FIT-negative
    if together <= apart and (
        apart or is_name or first in _KEEP_HYPHEN or not _KEEP_BEFORE.isdisjoint(seconds)
    ):
        return text, ""
    return text[:-1], ""


def _vocabulary(texts: Iterable[str]) -> Counter[str]:
    return Counter(word.casefold() for text in texts for word in _COMPOUND.findall(text))


@dataclass(frozen=True, slots=True)
class _Band:
    """A band of several lines."""

    margin: float
    """Where its full lines end."""
    left: float
    right: float
    is_beside: bool
    """Whether it is one of columns side by side: that they are prose is known."""

    @classmethod
    def of(cls, lines: Sequence[Line], *, is_beside: bool = False) -> "_Band":
        """The band of these lines."""
        ends = [line.x1 for line in lines]
        return cls(_ninth_decile(ends), min(line.x0 for line in lines), max(ends), is_beside)


def _bands(page: Page) -> dict[int, _Band]:
    """The bands of a page that have several lines."""
    by_number: dict[int, list[Line]] = {}
    for line in page.lines:
        by_number.setdefault(line.band, []).append(line)
    beside: set[int] = set()
    for (number, lines), (after, others) in pairwise(by_number.items()):
        if _are_beside(lines, others):
            beside |= {number, after}
    return {
        number: _Band.of(lines, is_beside=number in beside)
        for number, lines in by_number.items()
        if len(lines) >= _MIN_COLUMN_LINES
    }


def _are_beside(lines: Sequence[Line], others: Sequence[Line]) -> bool:
    """Whether two bands stand side by side."""
    top = max(min(line.y0 for line in lines), min(line.y0 for line in others))
    bottom = min(max(line.y1 for line in lines), max(line.y1 for line in others))
    return bottom > top and max(line.x1 for line in lines) <= min(line.x0 for line in others)


def _ninth_decile(values: Sequence[float]) -> float:
    """What nine of ten do not exceed."""
    return sorted(values)[int(0.9 * (len(values) - 1))]


def _pitch(page: Page) -> float:
    """The usual distance from one line to the next."""
    height = median(line.y1 - line.y0 for line in page.lines)
    steps = [after.y0 - line.y0 for line, after in pairwise(page.lines) if after.y0 > line.y0]
    return min(median(steps) if steps else 1.2 * height, 2.2 * max(1.0, height))


def _table_rows(lines: Sequence[Line]) -> set[int]:
    """The numbers, from 1, of rows most of whose cells are below those of the row before."""
    rows: set[int] = set()
    for number, (line, after) in enumerate(pairwise(lines), start=1):
        above, below = line.cells[1:], after.cells[1:]
        aligned = _aligned(above, below)
        if aligned and aligned > min(len(above), len(below)) / 2:
            rows |= {number, number + 1}
    return rows


def _aligned(above: Sequence[_Edges], below: Sequence[_Edges]) -> int:
    """How many cells have their left edge or middle in common with one of the other row.

    Not the right one: it is justified text's.
    """
    lefts = sorted(left for left, _ in below)
    middles = sorted((left + right) / 2 for left, right in below)
    return sum(
        _has_near(lefts, left) or _has_near(middles, (left + right) / 2) for left, right in above
    )


def _has_near(places: Sequence[float], place: float) -> bool:
    """Whether one of the places, which are sorted, is taken for the same."""
    after = bisect_right(places, place - ALIGNMENT_TOLERANCE)
    return after < len(places) and places[after] < place + ALIGNMENT_TOLERANCE
