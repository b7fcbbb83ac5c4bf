"""The reading order of a page: columns of prose are read one after the other.

A gutter is a strip without text between two columns. Cells of a table have gutters too: what tells
them apart is that a column of prose is filled with text, line after line.
"""

import re
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from winnow.readers.pages.geometry import (
    ALIGNMENT_TOLERANCE,
    BODY_BANDS,
    FOOT,
    HEAD,
    Line,
    Page,
    gaps_between,
    margins_of,
    rows_of,
)

_LINE_NUMBER = re.compile(r"(\d{1,3})(?:\s+|$)")
_MIN_LINE_NUMBERS = 6
"""Minimum numbered lines of a pleading."""
_MIN_GUTTER = 4.0
"""Minimum width of the gap between columns, in points."""
_MIN_COLUMN_LINES = 5
_MIN_KNOWN_COLUMN_LINES = 2
"""Minimum lines of a column known from an earlier page."""
_MIN_COLUMN_CHARS = 18
"""Minimum characters of a line of prose: a table's cells are shorter."""
_MIN_FILLED_SHARE = 0.6
"""Minimum share of a column's width that lines of prose fill."""
_MAX_EDGES = 40
"""Maximum left edges that are tried."""
_MAX_LINES = 3_000
"""Maximum lines of a page whose columns are detected: no page for human readers has more."""
_MAX_DEPTH = 12
"""Maximum recursion depth."""


def in_reading_order(page: Page, known_edges: list[float] | None = None) -> list[Line]:
    """The lines of a page from top to bottom, column by column where there are columns.

    Lines side by side that are not columns, such as the cells of a table, become one line.
    `known_edges` is where columns of the pages before begin, sorted, and gets those of this page:
    where columns are known to be, few lines are enough to tell.
    """
    known_edges = [] if known_edges is None else known_edges
    lines = [line for line in page.lines if line.text.strip()]
    lines.sort(key=lambda line: (line.y0, line.x0))
    head, body, foot = _head_body_foot(page, lines)
    columns = _bands(body, known_edges) if len(body) <= _MAX_LINES else [body]
    bands = [(HEAD, head), *enumerate(columns, start=BODY_BANDS.start), (FOOT, foot)]
    ordered = [replace(line, band=number) for number, band in bands for line in rows_of(band)]
    return _without_line_numbers(ordered)


def _head_body_foot(page: Page, lines: list[Line]) -> tuple[list[Line], list[Line], list[Line]]:
    """The lines of the header, those between, those of the footer, as the widest gaps part them."""
    if not lines:
        return [], [], []
    top, bottom = margins_of(page)
    gaps = gaps_between(lines)
    min_gap = 0.9 * median(line.y1 - line.y0 for line in lines)
    if gaps:  # the lines of double-spaced text are all as far apart
        min_gap = max(min_gap, 1.3 * median(gap for gap, _ in gaps))
    above, below = [(min_gap, 0)], [(min_gap, -len(lines))]
    for index, (gap, low) in enumerate(gaps, start=1):
        if low <= top:
            above.append((gap, index))
        elif lines[index].y0 >= bottom:
            below.append((gap, -index))
    first, last = max(above)[1], -max(below)[1]
    return lines[:first], lines[first:last], lines[last:]


def _without_line_numbers(lines: list[Line]) -> list[Line]:
    """The lines of a pleading or transcript without the numbers in their margin."""
    matches = [_LINE_NUMBER.match(line.text) for line in lines]
    numbers = [int(match[1]) for match in matches if match]
    steps = sum(after == before + 1 for before, after in pairwise(numbers))
    if len(numbers) < _MIN_LINE_NUMBERS or steps < 0.8 * len(lines) - 1:
        return lines
    stripped = (
        replace(
            line,
            text=line.text[match.end() :],
            cells=line.cells[1:],
            cell_texts=line.cell_texts[1:],
        )
        if match
        else line
        for line, match in zip(lines, matches, strict=True)
    )
    return [line for line in stripped if line.text.strip()]


def _bands(lines: list[Line], known_edges: list[float], depth: int = 0) -> list[list[Line]]:
    """Columns, and what is across them, in the order in which they are read."""
    columns = _columns(lines, known_edges) if depth < _MAX_DEPTH else None
    if columns is None:
        return [lines] if lines else []
    return [band for part in columns for band in _bands(part, known_edges, depth + 1)]


def _columns(
    lines: list[Line], known_edges: list[float], inner: int = 1
) -> tuple[list[Line], ...] | None:
    """What is above two columns of prose, the left one, the right one, what is below.

    None where there are no such columns. Those with the widest gutter are taken first. A side may
    have columns of its own, `inner` levels deep.
    """
    if len(lines) < 2 * _MIN_KNOWN_COLUMN_LINES:
        return None
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    width = right - left
    edges = sorted(line.x0 for line in lines if left + 0.15 * width < line.x0 < left + 0.85 * width)
    best: tuple[float, list[Line]] | None = None
    best_edge = 0.0
    for group in _near(edges, max(ALIGNMENT_TOLERANCE, 0.008 * width))[:_MAX_EDGES]:
        edge = group[0] - 1
        min_lines = _MIN_COLUMN_LINES
        if _is_known(edge, known_edges):
            min_lines = _MIN_KNOWN_COLUMN_LINES
        for stretch in _stretches(lines, edge) if len(group) >= min_lines else ():
            gutter = _gutter(stretch, edge, min_lines, inner)
            if gutter and (best is None or gutter > best[0]):
                best, best_edge = (gutter, stretch), edge
    if best is None:
        return None
    insort(known_edges, best_edge)
    stretch = best[1]
    first = next(index for index, line in enumerate(lines) if line is stretch[0])
    return lines[:first], *_sides(stretch, best_edge), lines[first + len(stretch) :]


def _is_known(edge: float, known_edges: Sequence[float]) -> bool:
    """Whether a column is known to begin about there."""
    tolerance = 2 * ALIGNMENT_TOLERANCE
    place = bisect_left(known_edges, edge - tolerance)
    return place < len(known_edges) and known_edges[place] <= edge + tolerance


def _sides(lines: Sequence[Line], edge: float) -> tuple[list[Line], list[Line]]:
    return [line for line in lines if line.x0 < edge], [line for line in lines if line.x0 >= edge]


def _near(edges: Sequence[float], tolerance: float) -> list[list[float]]:
    """Sorted edges in groups no wider than `tolerance`, the largest groups first."""
    groups: list[list[float]] = []
    for edge in edges:
        if groups and edge - groups[-1][0] <= tolerance:
            groups[-1].append(edge)
        else:
            groups.append([edge])
    return sorted(groups, key=len, reverse=True)


def _stretches(lines: Sequence[Line], edge: float) -> Iterator[list[Line]]:
    """The lines between those that reach into the gutter before `edge`, from top to bottom."""
    stretch: list[Line] = []
    for line in lines:
        if line.x0 < edge and line.x1 > edge - _MIN_GUTTER:
            yield _trimmed(stretch, edge, ends_page=False)
            stretch = []
        else:
            stretch.append(line)
    yield _trimmed(stretch, edge, ends_page=True)


def _trimmed(stretch: list[Line], edge: float, *, ends_page: bool) -> list[Line]:
    """The stretch without what a gap parts from its ends and is not of its columns.

    That is a heading, or a table, that does not happen to reach across. A heading at the very end
    is of its column.
    """
    sides = _sides(stretch, edge)
    widths = [median(line.x1 - line.x0 for line in side) if side else 0.0 for side in sides]
    parts = _parts(stretch)

    def filled(part: list[Line]) -> list[bool]:
        return [
            _is_filled(side, width)
            for side, width in zip(_sides(part, edge), widths, strict=True)
            if side
        ]

    count = len(parts)
    while parts and not all(filled(parts[-1])):
        if ends_page and len(parts) == count and not all(_sides(parts[-1], edge)):
            break
        parts.pop()
    while parts and not any(filled(parts[0])):
        parts.pop(0)
    return [line for part in parts for line in part]


def _is_filled(side: list[Line], width: float) -> bool:
    """Whether the rows of a side are mostly text of such a width, however far its words part."""
    rows = len(rows_of(side))
    chars, ink = sum(len(line.text) for line in side), sum(line.x1 - line.x0 for line in side)
    return chars >= _MIN_COLUMN_CHARS * rows and ink >= _MIN_FILLED_SHARE * width * rows


def _parts(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines from top to bottom, parted where no line of any column stands."""
    if not lines:
        return []
    height = median(line.y1 - line.y0 for line in lines)
    gaps = [gap for gap, _ in gaps_between(lines)]
    parts = [[lines[0]]]
    usual = median(gaps or [0.0])
    for line, gap in zip(lines[1:], gaps, strict=True):
        if gap > max(0.6 * height, usual + 0.3 * height):
            parts.append([])
        parts[-1].append(line)
    return parts


def _gutter(lines: Sequence[Line], edge: float, min_lines: int, inner: int) -> float | None:
    """How wide the strip without text is between two columns of prose, or None.

    The columns must be prose: a table's cells are short, or do not fill their column.
    """
    left, right = _sides(lines, edge)
    if min(len(left), len(right)) < min_lines:
        return None
    if not all(_is_prose(side, inner) for side in (left, right)):
        return None
    gutter = edge - max(line.x1 for line in left)
    top = max(min(line.y0 for line in left), min(line.y0 for line in right))
    bottom = min(max(line.y1 for line in left), max(line.y1 for line in right))
    # They must be beside each other for most of their height.
    heights = [
        max(line.y1 for line in side) - min(line.y0 for line in side) for side in (left, right)
    ]
    return gutter if bottom - top >= 0.4 * min(heights) else None


def _is_prose(side: list[Line], inner: int) -> bool:
    """Whether the lines are a column of prose, or columns of it."""
    if median(len(line.text) for line in side) < _MIN_COLUMN_CHARS:
        return False
    column = max(line.x1 for line in side) - min(line.x0 for line in side)
    filled = median((line.x1 - line.x0) / column for line in side) if column else 0
    return filled >= _MIN_FILLED_SHARE or (inner > 0 and _columns(side, [], inner - 1) is not None)
