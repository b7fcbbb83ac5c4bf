"""Pages as lines with places: what a PDF's text layer and OCR give alike, and what they share.

Units are those of the page's width and height; y runs downwards.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

MARGIN_SHARE = 0.12
"""Headers and footers are in this share of the page's height, at the top and at the bottom."""
ALIGNMENT_TOLERANCE = 3.0
"""Points: edges no further apart are taken for one."""

HEAD, FOOT = 0, 10_000
"""The bands of the lines that a gap parts from the text of their page."""
BODY_BANDS = range(HEAD + 1, FOOT)

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as shares of the page's size, y downwards."""


@dataclass(frozen=True, slots=True)
class Line:
    """Text and where it is: left, top, right, bottom in the page's units, y downwards."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    confidence: float | None = None
    """From 0 to 1, of what OCR read."""
    box: Box | None = None
    """On the page as viewers show it; for text read by OCR as it was uploaded, askew or turned."""
    cells: tuple[tuple[float, float], ...] = ()
    """Left and right of what was put together from side by side; empty for a line that is one."""
    cell_texts: tuple[str, ...] = ()
    """The texts of the cells."""
    band: int = field(default=0, compare=False)
    """Which column of its page, or stretch across columns, it is of, once they are in order."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page and its lines, in any order."""

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]
    picture: bytes | None = field(default=None, repr=False)
    """Of a page read by OCR: a JPEG to be kept."""


def box_of(edges: Sequence[float], width: float, height: float, turns: int) -> Box | None:
    """The box of a line on a page that is turned clockwise by so many right angles.

    `edges` are left, top, right and bottom on the page of this size before. None for a line without
    height: where it is is not known.
    """
    left, top, right, bottom = edges
    if bottom <= top or not width or not height:
        return None
    box = left / width, top / height, right / width, bottom / height
    for _ in range(turns):
        left, top, right, bottom = box
        box = 1 - bottom, left, 1 - top, right
    left, top, right, bottom = (round(min(1.0, max(0.0, share)), 4) for share in box)
    return left, top, right, bottom


def margins_of(page: Page) -> tuple[float, float]:
    """Where the header of a page ends at most, and where its footer begins at least."""
    return page.height * MARGIN_SHARE, page.height * (1 - MARGIN_SHARE)


def gaps_between(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Of each line but the first: how far it is below all before it, and where these end."""
    gaps = []
    low = lines[0].y1
    for line in lines[1:]:
        gaps.append((max(0.0, line.y0 - low), low))
        low = max(low, line.y1)
    return gaps


def rows_of(lines: Sequence[Line]) -> list[Line]:
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
    return [_joined(sorted(row, key=lambda line: line.x0)) for row in rows]


def is_one_word_a_line(lines: Sequence[Line]) -> bool:
    """Whether nearly every line is a single word: no layout, but a producer's habit."""
    single = sum(" " not in line.text.strip() for line in lines)
    return len(lines) >= 8 and single > 0.8 * len(lines)


def _joined(row: list[Line]) -> Line:
    """The lines of a row as one."""
    if len(row) == 1:
        return row[0]
    confidences = [line.confidence for line in row if line.confidence is not None]
    boxes = [line.box for line in row if line.box is not None]
    cells = list(_cells(row))
    return Line(
        " ".join(line.text for line in row),
        row[0].x0,
        min(line.y0 for line in row),
        max(line.x1 for line in row),
        max(line.y1 for line in row),
        min(confidences) if confidences else None,
        _enclosing(boxes) if boxes else None,
        tuple((left, right) for left, right, _ in cells),
        tuple(text for _, _, text in cells),
    )


def _cells(row: Sequence[Line]) -> Iterator[tuple[float, float, str]]:
    """Left, right and text of the stretches that a gap as wide as the row is high parts."""
    left, right, texts = row[0].x0, row[0].x1, [row[0].text]
    for line in row[1:]:
        if line.x0 - right > line.y1 - line.y0:
            yield left, right, " ".join(texts)
            left, texts = line.x0, []
        texts.append(line.text)
        right = max(right, line.x1)
    yield left, right, " ".join(texts)


def _enclosing(boxes: Sequence[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
