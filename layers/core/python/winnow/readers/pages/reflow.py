"""Lines as they stand on pages, put back into sentences.

Pure functions over positioned lines: the same for the text layer of a PDF and for what OCR reads.
In order: columns are read one after the other (`in_reading_order`); headers, footers and page
numbers that run through the pages go (`without_running_lines`); the lines of a paragraph are
joined, with the hyphens of line ends taken out (`flow`).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, zip_longest
from statistics import median

_ENDS_SENTENCE = re.compile(r"[.!?:;…。！？][\"'”’)\]]*$")
_BULLET = re.compile(r"(?:[-*•·–—▪◦●○■□‣o]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)])\s")
_LABEL = re.compile(r"[A-Z][\w /&,()'’-]{0,40}:(\s|$)")
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.|pg\.?)?\s*[-–—]?\s*(?:\d{1,5}|[ivxlc]{1,6})\s*[-–—]?"
    r"(?:\s*(?:of|/|von|de)\s*\d{1,5})?",
    re.IGNORECASE,
)
_CERTAIN_PAGE_NUMBER = re.compile(
    r"page\s+\d{1,5}(?:\s*(?:of|/)\s*\d{1,5})?|\d{1,5}\s*(?:of|/)\s*\d{1,5}", re.IGNORECASE
)
_LINE_NUMBER = re.compile(r"(\d{1,3})(?:\s+|$)")
_NUMBERED = 6
_DIGITS = re.compile(r"\d+")
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_KEEP_HYPHEN = frozenset(
    (*_NUMBERS, *_TENS, "follow", "well", "self", "long", "short", "high", "low", "non", "x")
)
_COMPOUND = re.compile(r"\w+(?:-\w+)*")
_BEGINS_WITH_HYPHEN = re.compile(r"[-\u2010][^\W\d]")
_HYPHENS = "-\u2010\u00ad"

_EDGE = 0.12
"""Running lines stand in this share of the page's height, at the top and at the bottom."""
_GUTTER_LEAST = 4.0
_COLUMN_LINES = 5
_JITTER = 3.0
_MOST_EDGES = 40
_MOST_LINES = 3_000
"""Of a page whose columns are looked for: no page that is read by people has more."""
_COLUMN_CHARS = 18
_FILLED = 0.6
_DEEPEST = 12
_FEW = 2


Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as shares of the page's size, y downwards."""


@dataclass(frozen=True, slots=True)
class Line:
    """Text and where it stands: left, top, right, bottom in the page's units, y downwards."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    confidence: float | None = None
    """From 0 to 1, of what OCR read."""
    box: Box | None = None
    """Of what OCR read: where it stands on the page as it was uploaded, askew or turned."""
    cells: tuple[tuple[float, float], ...] = ()
    """Left and right of what was put together from side by side; empty for a line that is one."""
    band: int = field(default=0, compare=False)
    """Which column of its page, or stretch across columns, it is of, once they are in order."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page and its lines, in any order."""

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a document's text: pieces put together are the text."""

    text: str
    page: int | None = None
    line: int | None = None
    box: Box | None = None
    confidence: float | None = None


def sentences_of(pages: Sequence[Page]) -> tuple[list[Piece], int]:
    """The text of pages, and how many running lines were left out.

    A piece a line; its `line` counts the page's lines in reading order, from 1.
    """
    begins: list[float] = []
    ordered = [replace(page, lines=tuple(in_reading_order(page, begins))) for page in pages]
    kept, dropped = without_running_lines(ordered)
    return flow(kept), dropped


# -- reading order ---------------------------------------------------------------------------------


def in_reading_order(page: Page, begins: list[float] | None = None) -> list[Line]:
    """The lines of a page from top to bottom, column by column where there are columns.

    Lines side by side that are no columns, such as the cells of a table, become one line. `begins`
    is where the columns of the pages before begin, and gets those of this page: where columns are
    known to be, few lines are enough to tell.
    """
    begins = [] if begins is None else begins
    lines = sorted((line for line in page.lines if line.text.strip()), key=lambda a: (a.y0, a.x0))
    head, body, foot = _margins(page, lines)
    bands = [head, *(_bands(body, begins) if len(body) <= _MOST_LINES else [body]), foot]
    ordered = [replace(line, band=n) for n, band in enumerate(bands) for line in _rows(band)]
    return _without_line_numbers(ordered)


def _margins(page: Page, lines: list[Line]) -> tuple[list[Line], list[Line], list[Line]]:
    """The lines of the header, those between, those of the footer, as the widest gaps part them."""
    if not lines:
        return [], [], []
    top, bottom = page.height * _EDGE, page.height * (1 - _EDGE)
    gaps = _gaps(lines)
    least = 0.9 * median(line.y1 - line.y0 for line in lines)
    if gaps:  # the lines of double-spaced text are all as far apart
        least = max(least, 1.3 * median(gap for gap, _ in gaps))
    above, below = [(least, 0)], [(least, -len(lines))]
    for index, (gap, low) in enumerate(gaps, start=1):
        if low <= top:
            above.append((gap, index))
        elif lines[index].y0 >= bottom:
            below.append((gap, -index))
    first, last = max(above)[1], -max(below)[1]
    return lines[:first], lines[first:last], lines[last:]


def _gaps(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Of each line but the first: how far it is below all before it, and where these end."""
    gaps = []
    low = lines[0].y1
    for line in lines[1:]:
        gaps.append((max(0.0, line.y0 - low), low))
        low = max(low, line.y1)
    return gaps


def _without_line_numbers(lines: list[Line]) -> list[Line]:
    """The lines of a pleading or transcript without the numbers in their margin."""
    found = [_LINE_NUMBER.match(line.text) for line in lines]
    numbers = [int(match[1]) for match in found if match]
    steps = sum(after == before + 1 for before, after in pairwise(numbers))
    if len(numbers) < _NUMBERED or steps < 0.8 * len(lines) - 1:
        return lines
    stripped = (
        replace(line, text=line.text[match.end() :], cells=line.cells[1:]) if match else line
        for line, match in zip(lines, found, strict=True)
    )
    return [line for line in stripped if line.text.strip()]


def _bands(lines: list[Line], begins: list[float], depth: int = 0) -> list[list[Line]]:
    columns = _columns(lines, begins) if depth < _DEEPEST else None
    if columns is None:
        return [lines] if lines else []
    return [band for part in columns for band in _bands(part, begins, depth + 1)]


def _columns(
    lines: list[Line], begins: list[float], within: int = 1
) -> tuple[list[Line], ...] | None:
    """What stands above two columns of prose, the left one, the right one, what stands below.

    None where there are no such columns. Those with the widest gutter are found first. A side may
    have columns of its own, so many times `within` each other.
    """
    if len(lines) < 2 * _FEW:
        return None
    left, right = min(a.x0 for a in lines), max(a.x1 for a in lines)
    width = right - left
    starts = sorted(a.x0 for a in lines if left + 0.15 * width < a.x0 < left + 0.85 * width)
    best: tuple[float, list[Line]] | None = None
    begin = 0.0
    for group in _near(starts, max(_JITTER, 0.008 * width))[:_MOST_EDGES]:
        start = group[0] - 1
        is_known = any(abs(start - known) <= 2 * _JITTER for known in begins)
        least = _FEW if is_known else _COLUMN_LINES
        for stretch in _stretches(lines, start) if len(group) >= least else ():
            gutter = _gutter(stretch, start, least, within)
            if gutter and (best is None or gutter > best[0]):
                best, begin = (gutter, stretch), start
    if best is None:
        return None
    begins.append(begin)
    stretch = best[1]
    first = next(index for index, line in enumerate(lines) if line is stretch[0])
    return lines[:first], *_sides(stretch, begin), lines[first + len(stretch) :]


def _sides(lines: Sequence[Line], begin: float) -> tuple[list[Line], list[Line]]:
    return [a for a in lines if a.x0 < begin], [a for a in lines if a.x0 >= begin]


def _near(starts: Sequence[float], jitter: float) -> list[list[float]]:
    """Sorted places in groups, no wider than `jitter`, the groups that have most of them first."""
    groups: list[list[float]] = []
    for start in starts:
        if groups and start - groups[-1][0] <= jitter:
            groups[-1].append(start)
        else:
            groups.append([start])
    return sorted(groups, key=len, reverse=True)


def _stretches(lines: Sequence[Line], begin: float) -> Iterator[list[Line]]:
    """The lines between those that reach into the gutter before `begin`, from top to bottom."""
    stretch: list[Line] = []
    for line in lines:
        if line.x0 < begin and line.x1 > begin - _GUTTER_LEAST:
            yield _trimmed(stretch, begin, ends_page=False)
            stretch = []
        else:
            stretch.append(line)
    yield _trimmed(stretch, begin, ends_page=True)


def _trimmed(stretch: list[Line], begin: float, *, ends_page: bool) -> list[Line]:
    """The stretch without what a gap parts from its ends and is not of its columns.

    That is a heading, or a table, that does not happen to reach across. A heading at the very end
    is of its column.
    """
    sides = _sides(stretch, begin)
    widths = [median(a.x1 - a.x0 for a in side) if side else 0.0 for side in sides]
    parts = _parts(stretch)

    def filled(part: list[Line]) -> list[bool]:
        return [
            _fills(side, width)
            for side, width in zip(_sides(part, begin), widths, strict=True)
            if side
        ]

    count = len(parts)
    while parts and not all(filled(parts[-1])):
        if ends_page and len(parts) == count and not all(_sides(parts[-1], begin)):
            break
        parts.pop()
    while parts and not any(filled(parts[0])):
        parts.pop(0)
    return [line for part in parts for line in part]


def _fills(side: list[Line], width: float) -> bool:
    """Whether the rows of a side are mostly text of such a width, however far its words part."""
    rows = len(_rows(side))
    chars, ink = sum(len(a.text) for a in side), sum(a.x1 - a.x0 for a in side)
    return chars >= _COLUMN_CHARS * rows and ink >= _FILLED * width * rows


def _parts(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines from top to bottom, parted where no line of any column stands."""
    if not lines:
        return []
    height = median(line.y1 - line.y0 for line in lines)
    gaps = [gap for gap, _ in _gaps(lines)]
    parts = [[lines[0]]]
    usual = median(gaps or [0.0])
    for line, gap in zip(lines[1:], gaps, strict=True):
        if gap > max(0.6 * height, usual + 0.3 * height):
            parts.append([])
        parts[-1].append(line)
    return parts


def _gutter(lines: Sequence[Line], begin: float, least: int, within: int) -> float | None:
    """How wide the strip without text is between two columns of prose, or None.

    The columns must be prose: a table's cells are short, or do not fill their column.
    """
    left, right = _sides(lines, begin)
    if min(len(left), len(right)) < least:
        return None
    if not all(_is_prose(side, within) for side in (left, right)):
        return None
    gutter = begin - max(a.x1 for a in left)
    top = max(min(a.y0 for a in left), min(a.y0 for a in right))
    bottom = min(max(a.y1 for a in left), max(a.y1 for a in right))
    # They must stand beside each other for most of their height.
    heights = [max(a.y1 for a in side) - min(a.y0 for a in side) for side in (left, right)]
    return gutter if bottom - top >= 0.4 * min(heights) else None


def _is_prose(side: list[Line], within: int) -> bool:
    """Whether the lines are a column of prose, or columns of it."""
    if median(len(a.text) for a in side) < _COLUMN_CHARS:
        return False
    column = max(a.x1 for a in side) - min(a.x0 for a in side)
    filled = median((a.x1 - a.x0) / column for a in side) if column else 0
    return filled >= _FILLED or (within > 0 and _columns(side, [], within - 1) is not None)


def _rows(lines: Sequence[Line]) -> list[Line]:
    """Lines at the same height as one line, left to right."""
    rows: list[list[Line]] = []
    for line in lines:
        for row in rows[-3:]:
            first = row[0]
            overlap = min(first.y1, line.y1) - max(first.y0, line.y0)
            if overlap > 0.5 * min(first.y1 - first.y0, line.y1 - line.y0):
                row.append(line)
                break
        else:
            rows.append([line])
    return [_together(sorted(row, key=lambda a: a.x0)) for row in rows]


def _together(row: list[Line]) -> Line:
    if len(row) == 1:
        return row[0]
    sure = [a.confidence for a in row if a.confidence is not None]
    boxes = [a.box for a in row if a.box is not None]
    return Line(
        " ".join(a.text for a in row),
        row[0].x0,
        min(a.y0 for a in row),
        max(a.x1 for a in row),
        max(a.y1 for a in row),
        min(sure) if sure else None,
        _enclosing(boxes) if boxes else None,
        tuple(_cells(row)),
    )


def _cells(row: Sequence[Line]) -> Iterator[tuple[float, float]]:
    """Left and right of the stretches that a gap as wide as the row is high parts."""
    left, right = row[0].x0, row[0].x1
    for line in row[1:]:
        if line.x0 - right > line.y1 - line.y0:
            yield left, right
            left = line.x0
        right = max(right, line.x1)
    yield left, right


def _enclosing(boxes: Sequence[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


# -- running lines ---------------------------------------------------------------------------------


def without_running_lines(pages: Sequence[Page]) -> tuple[list[Page], int]:
    """Pages without the headers, footers and numbers that run through them, and how many went.

    A line runs when it stands at the top or bottom of most pages, digits aside. Its first
    appearance at the top stays: it may be the only place that says what the document is.
    """
    seen: Counter[str] = Counter()
    for page in pages:
        seen.update({_plain(line.text) for line, _ in _edges(page)})
    needed = max(2, round(0.6 * len(pages)))
    if _one_word_a_line([line for page in pages for line in page.lines]):
        needed = len(pages) + 1  # any word may stand at an edge
    dropped = 0
    said: set[str] = set()
    kept_pages = []
    for page in pages:
        gone: set[int] = set()
        for line, at_top in _edges(page):
            plain = _plain(line.text)
            numbers = _PAGE_NUMBER.fullmatch(line.text.strip())
            if _CERTAIN_PAGE_NUMBER.fullmatch(line.text.strip()) or (
                numbers and len(pages) > 1 and seen[plain] >= needed
            ):
                gone.add(id(line))
            elif seen[plain] >= needed and len(pages) > 1:
                if at_top and plain not in said:
                    said.add(plain)
                else:
                    gone.add(id(line))
        dropped += len(gone)
        kept_pages.append(
            replace(page, lines=tuple(line for line in page.lines if id(line) not in gone))
        )
    if not any(page.lines for page in kept_pages):  # a form, or pages that hold nothing else
        return list(pages), 0
    return kept_pages, dropped


def _edges(page: Page) -> list[tuple[Line, bool]]:
    """The lines in the margins of a page, and whether each is at the top."""
    top, bottom = page.height * _EDGE, page.height * (1 - _EDGE)
    return [(line, line.y0 < top) for line in page.lines if line.y0 < top or line.y1 > bottom]


def _plain(text: str) -> str:
    return _DIGITS.sub("#", " ".join(text.split()).casefold())


# -- paragraphs ------------------------------------------------------------------------------------


def flow(pages: Iterable[Page]) -> list[Piece]:
    """The lines of a paragraph joined by spaces, paragraphs ended by a line break.

    Lines must be in reading order. A hyphen at the end of a line goes when the word goes on in
    small letters, unless the document writes the word with its hyphen elsewhere.
    """
    lines = _placed(pages)
    words = _vocabulary(here.line.text for here in lines)
    one_word = _one_word_a_line([here.line for here in lines])
    pieces: list[Piece] = []
    for here, after in zip_longest(lines, lines[1:]):
        text = " ".join(here.line.text.split())
        end = "\n"
        if after and _goes_on(here, after, one_word):
            text, end = _join(text, after.line.text.lstrip(), words)
        line = here.line
        pieces.append(Piece(text + end, here.page.number, here.number, line.box, line.confidence))
    return pieces


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line and what is around it."""

    page: Page
    number: int
    line: Line
    margin: float
    """Where the full lines of its column end."""
    pitch: float
    """From one line of its page to the next."""
    tabular: bool
    """Whether it is a row of a table."""
    in_column: bool
    """Whether it is one of several lines below each other."""

    @property
    def is_full(self) -> bool:
        """Whether its column goes on where the next begins."""
        return self.in_column and self.reaches(self.line.x0)

    def reaches(self, left: float) -> bool:
        """Whether it ends near the margin, in a column that begins there."""
        return self.line.x1 >= self.margin - 0.12 * (self.margin - left)


def _placed(pages: Iterable[Page]) -> list[_Placed]:
    found: list[_Placed] = []
    for page in pages:
        if not page.lines:
            continue
        whole, pitch = _most([line.x1 for line in page.lines]), _pitch(page)
        margins, tabular = _right_margins(page), _rows_of_tables(page.lines)
        for number, line in enumerate(page.lines, start=1):
            margin = margins.get(line.band, whole)
            in_column = line.band in margins
            found.append(_Placed(page, number, line, margin, pitch, number in tabular, in_column))
    return found


def _goes_on(here: _Placed, after: _Placed, one_word: bool) -> bool:
    line, next_line = here.line, after.line
    text, next_text = line.text.rstrip(), next_line.text.lstrip()
    if _BULLET.match(next_text):
        return False
    ends = bool(_ENDS_SENTENCE.search(text))
    small = next_text[:1].islower()
    if here.tabular or after.tabular:  # but a cell may be wrapped
        return here.tabular and not after.tabular and small and not ends
    hyphen = text[-1:] in _HYPHENS and len(text) > 1 and text[-2].isalpha()
    if here.page is not after.page or line.band != next_line.band:
        if hyphen:
            return True
        runs_on = small or text.endswith(",") or (here.is_full and after.is_full)
        return runs_on and not ends
    if hyphen and small:
        return True
    height, after_height = line.y1 - line.y0, next_line.y1 - next_line.y0
    if max(height, after_height) > 1.35 * max(1.0, min(height, after_height)):
        return False
    if next_line.y0 - line.y0 > 1.5 * here.pitch:
        return False
    if one_word:
        return True
    if _LABEL.match(next_text):
        return False
    if here.reaches(min(line.x0, next_line.x0)):
        return True
    return not ends and small


def _join(text: str, after: str, words: Counter[str]) -> tuple[str, str]:
    """The text of a line and what stands between it and the next."""
    hyphen, begins = text[-1:] in _HYPHENS, bool(_BEGINS_WITH_HYPHEN.match(after))
    if not hyphen or len(text) < 2 or not text[-2].isalnum():
        return text, "" if begins and text[-1:].isalpha() else " "
    if begins:
        return text[:-1], ""
    if text[-2].isdigit():  # a 12-year-old; but 40 to 60
        return text, "" if after[:1].islower() else " "
    if text.endswith("\u00ad"):
        return text[:-1], ""
    first = re.split(r"[^\w]", text[:-1])[-1].casefold()
    word = _COMPOUND.match(after)
    whole = word.group().casefold() if word else ""
    if not after[:1].islower():
        return text, ""
    seconds = {whole, whole.partition("-")[0]}
    together = sum(words[first + second] for second in seconds)
    apart = sum(words[f"{first}-{second}"] for second in seconds)
    if together <= apart and (apart or first in _KEEP_HYPHEN):
        return text, ""
    return text[:-1], ""


def _vocabulary(texts: Iterable[str]) -> Counter[str]:
    return Counter(word.casefold() for text in texts for word in _COMPOUND.findall(text))


def _right_margins(page: Page) -> dict[int, float]:
    """Where full lines end in each band of a page that has several."""
    bands: dict[int, list[float]] = {}
    for line in page.lines:
        bands.setdefault(line.band, []).append(line.x1)
    return {band: _most(ends) for band, ends in bands.items() if len(ends) > _FEW}


def _most(values: Sequence[float]) -> float:
    """What nine of ten do not exceed."""
    return sorted(values)[int(0.9 * (len(values) - 1))]


def _pitch(page: Page) -> float:
    """The usual distance from one line to the next."""
    height = median(line.y1 - line.y0 for line in page.lines)
    steps = [after.y0 - line.y0 for line, after in pairwise(page.lines) if after.y0 > line.y0]
    return min(median(steps) if steps else 1.2 * height, 2.2 * max(1.0, height))


def _rows_of_tables(lines: Sequence[Line]) -> set[int]:
    """The numbers, from 1, of rows most of whose cells stand below those of the row before."""
    rows: set[int] = set()
    for number, (line, after) in enumerate(pairwise(lines), start=1):
        above, below = line.cells[1:], after.cells[1:]
        aligned = sum(any(_stand_below(a, b) for b in below) for a in above)
        if aligned and aligned > min(len(above), len(below)) / 2:
            rows |= {number, number + 1}
    return rows


def _stand_below(a: tuple[float, float], b: tuple[float, float]) -> bool:
    """Whether two cells have their left edge or middle in common; the right is justified text's."""
    return min(abs(a[0] - b[0]), abs(a[0] + a[1] - b[0] - b[1]) / 2) < _JITTER


def _one_word_a_line(lines: Sequence[Line]) -> bool:
    """Whether nearly every line is a single word: no layout, but a producer's habit."""
    single = sum(" " not in line.text.strip() for line in lines)
    return len(lines) >= 8 and single > 0.8 * len(lines)
