"""Lines as they stand on pages, put back into sentences.

Pure functions over positioned lines: the same for the text layer of a PDF and for what OCR reads.
In order: columns are read one after the other (`in_reading_order`); headers, footers and page
numbers that run through the pages go (`without_running_lines`); the lines of a paragraph are
joined, with the hyphens of line ends taken out (`flow`).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
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
_KEEP_HYPHEN = frozenset(("follow", "well", "self", "long", "short", "high", "low", "non", "x"))
_HYPHENS = "-\u2010\u00ad"

_EDGE = 0.12
"""Running lines stand in this share of the page's height, at the top and at the bottom."""
_GUTTER_LEAST = 8.0
_COLUMN_LINES = 5
_COLUMN_CHARS = 18
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
    ordered = [replace(page, lines=tuple(in_reading_order(page))) for page in pages]
    kept, dropped = without_running_lines(ordered)
    return flow(kept), dropped


# -- reading order ---------------------------------------------------------------------------------


def in_reading_order(page: Page) -> list[Line]:
    """The lines of a page from top to bottom, column by column where there are columns.

    Lines side by side that are no columns, such as the cells of a table, become one line.
    """
    lines = sorted((line for line in page.lines if line.text.strip()), key=lambda a: (a.y0, a.x0))
    return _without_line_numbers([line for band in _bands(lines) for line in band])


def _without_line_numbers(lines: list[Line]) -> list[Line]:
    """The lines of a pleading or transcript without the numbers in their margin."""
    found = [_LINE_NUMBER.match(line.text) for line in lines]
    numbers = [int(match[1]) for match in found if match]
    steps = sum(after == before + 1 for before, after in pairwise(numbers))
    if len(numbers) < _NUMBERED or steps < 0.8 * len(lines) - 1:
        return lines
    stripped = (
        replace(line, text=line.text[match.end() :]) if match else line
        for line, match in zip(lines, found, strict=True)
    )
    return [line for line in stripped if line.text.strip()]


def _bands(lines: list[Line], depth: int = 0) -> list[list[Line]]:
    columns = _columns(lines) if depth < _DEEPEST else None
    if columns is None:
        return [_rows(lines)] if lines else []
    return [band for part in columns for band in _bands(part, depth + 1)]


def _columns(lines: list[Line]) -> tuple[list[Line], ...] | None:
    """What stands above two columns of prose, the left one, the right one, what stands below.

    None where there are no such columns. Those with the widest gutter are found first.
    """
    if len(lines) < 2 * _COLUMN_LINES:
        return None
    left, right = min(a.x0 for a in lines), max(a.x1 for a in lines)
    width = right - left
    starts = sorted({a.x0 for a in lines if left + 0.2 * width < a.x0 < left + 0.85 * width})
    best: tuple[float, list[Line]] | None = None
    begin = 0.0
    for start in _distinct(starts):
        for stretch in _stretches(lines, start - 1):
            gutter = _gutter(stretch, start - 1)
            if gutter and (best is None or gutter > best[0]):
                best, begin = (gutter, stretch), start - 1
    if best is None:
        return None
    stretch = best[1]
    above, below = _beyond(stretch, begin, lines)
    first = next(index for index, line in enumerate(lines) if line is stretch[0])
    gone = {id(line) for line in (*above, *below)}
    inside = [line for line in stretch if id(line) not in gone]
    return (
        [*lines[:first], *above],
        [a for a in inside if a.x1 <= begin],
        [a for a in inside if a.x0 >= begin],
        [*below, *lines[first + len(stretch) :]],
    )


def _stretches(lines: Sequence[Line], begin: float) -> Iterator[list[Line]]:
    """The lines between those that reach across `begin`, from top to bottom."""
    stretch: list[Line] = []
    for line in lines:
        if line.x0 < begin < line.x1:
            yield stretch
            stretch = []
        else:
            stretch.append(line)
    yield stretch


def _gutter(lines: Sequence[Line], begin: float) -> float | None:
    """How wide the strip without text is between two columns of prose, or None.

    The columns must be prose: a table's cells are short, or do not fill their column.
    """
    left = [a for a in lines if a.x1 <= begin]
    right = [a for a in lines if a.x0 >= begin]
    if min(len(left), len(right)) < _COLUMN_LINES:
        return None
    gutter = begin - max(a.x1 for a in left)
    if gutter < _GUTTER_LEAST / 2:
        return None
    for side in (left, right):
        column = max(a.x1 for a in side) - min(a.x0 for a in side)
        filled = median((a.x1 - a.x0) / column for a in side) if column else 0
        if median(len(a.text) for a in side) < _COLUMN_CHARS or filled < 0.6:
            return None
    top = max(min(a.y0 for a in left), min(a.y0 for a in right))
    bottom = min(max(a.y1 for a in left), max(a.y1 for a in right))
    # They must stand beside each other for most of their height.
    heights = [max(a.y1 for a in side) - min(a.y0 for a in side) for side in (left, right)]
    return gutter if bottom - top >= 0.4 * min(heights) else None


def _beyond(
    stretch: list[Line], begin: float, lines: Sequence[Line]
) -> tuple[list[Line], list[Line]]:
    """The line or two above the stretch that only one column has, and those below.

    Where a gap parts them from their column, they belong to the lines across both: the end of
    a paragraph, or a heading.
    """
    sides = [[a for a in stretch if a.x1 <= begin], [a for a in stretch if a.x0 >= begin]]
    top = max(min(a.y0 for a in side) for side in sides)
    bottom = min(max(a.y1 for a in side) for side in sides)
    above: list[Line] = []
    below: list[Line] = []
    for side in sides:
        pitch = 1.4 * median(after.y0 - before.y0 for before, after in pairwise(side))
        for at, (before, after) in enumerate(pairwise(side), start=1):
            if after.y0 - before.y0 > pitch:
                if before.y1 < top and at <= _FEW and stretch[0] is not lines[0]:
                    above = side[:at]
                elif after.y0 > bottom and len(side) - at <= _FEW:
                    below = below or side[at:]
    return above, below if stretch[-1] is not lines[-1] else []


def _distinct(values: Sequence[float], apart: float = 4.0, most: int = 40) -> list[float]:
    kept: list[float] = []
    for value in values:
        if not kept or value - kept[-1] > apart:
            kept.append(value)
    return kept[:most]


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
    )


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
    lines = [
        (page, number, line) for page in pages for number, line in enumerate(page.lines, start=1)
    ]
    if not lines:
        return []
    words = _vocabulary(line.text for _, _, line in lines)
    margins = _right_margins(lines)
    pitches = _pitches(lines)
    one_word = _one_word_a_line(lines)
    pieces: list[Piece] = []
    for index, (page, number, line) in enumerate(lines):
        text = " ".join(line.text.split())
        after = lines[index + 1] if index + 1 < len(lines) else None
        end = "\n"
        if after and _goes_on(
            line, page, after[2], after[0], margins[page.number], pitches[page.number], one_word
        ):
            text, end = _join(text, after[2].text.lstrip(), words)
        pieces.append(Piece(text + end, page.number, number, line.box, line.confidence))
    return pieces


def _goes_on(
    line: Line,
    page: Page,
    after: Line,
    after_page: Page,
    margin: float,
    pitch: float,
    one_word: bool,
) -> bool:
    text, next_text = line.text.rstrip(), after.text.lstrip()
    if _BULLET.match(next_text):
        return False
    ends = bool(_ENDS_SENTENCE.search(text))
    small = next_text[:1].islower()
    hyphen = text[-1:] in _HYPHENS and len(text) > 1 and text[-2].isalpha()
    if page is not after_page or after.y0 < line.y0 - pitch:  # the next page or column
        return hyphen or (not ends and (small or text.endswith(",")))
    if hyphen and small:
        return True
    height, after_height = line.y1 - line.y0, after.y1 - after.y0
    if max(height, after_height) > 1.35 * max(1.0, min(height, after_height)):
        return False
    if after.y0 - line.y0 > 1.5 * pitch:
        return False
    if one_word:
        return True
    if _LABEL.match(next_text):
        return False
    if line.x1 >= margin - 0.12 * (margin - min(line.x0, after.x0)):  # a full line
        return True
    return not ends and small


def _join(text: str, after: str, words: Counter[str]) -> tuple[str, str]:
    """The text of a line and what stands between it and the next."""
    if text[-1:] not in _HYPHENS or len(text) < 2 or not text[-2].isalpha():
        return text, " "
    if text.endswith("\u00ad"):
        return text[:-1], ""
    first = re.split(r"[^\w]", text[:-1])[-1]
    rest = re.match(r"\w*", after)
    second = rest.group() if rest else ""
    if not second[:1].islower():
        return text, ""
    together, apart = (first + second).casefold(), f"{first}-{second}".casefold()
    if words[together] > words[apart]:
        return text[:-1], ""
    if words[apart] or first.casefold() in _KEEP_HYPHEN:
        return text, ""
    return text[:-1], ""


def _vocabulary(texts: Iterable[str]) -> Counter[str]:
    return Counter(word.casefold() for text in texts for word in re.findall(r"\w+(?:-\w+)*", text))


def _right_margins(lines: Sequence[tuple[Page, int, Line]]) -> dict[int, float]:
    """Where full lines end, a page."""
    ends: dict[int, list[float]] = {}
    for page, _, line in lines:
        ends.setdefault(page.number, []).append(line.x1)
    return {number: sorted(xs)[int(0.9 * (len(xs) - 1))] for number, xs in ends.items()}


def _pitches(lines: Sequence[tuple[Page, int, Line]]) -> dict[int, float]:
    """The usual distance from one line to the next, a page."""
    steps: dict[int, list[float]] = {}
    heights: dict[int, list[float]] = {}
    for (page, _, line), (next_page, _, after) in pairwise(lines):
        if page is next_page and after.y0 > line.y0:
            steps.setdefault(page.number, []).append(after.y0 - line.y0)
    for page, _, line in lines:
        heights.setdefault(page.number, []).append(line.y1 - line.y0)
    return {
        number: min(median(steps.get(number, [1.2 * median(hs)])), 2.2 * max(1.0, median(hs)))
        for number, hs in heights.items()
    }


def _one_word_a_line(lines: Sequence[tuple[Page, int, Line]]) -> bool:
    """Whether nearly every line is a single word: no layout, but a producer's habit."""
    single = sum(" " not in line.text.strip() for _, _, line in lines)
    return len(lines) >= 8 and single > 0.8 * len(lines)
