"""Marks on a page, told with what stands above them: "Melena: No" instead of "Melena X"."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from winnow.readers.pages.geometry import Line
from winnow.readers.table_lines import Table, is_answer, is_mark

_MAX_ABOVE = 6
"""Lines above the first mark that may be the header."""
_MAX_BETWEEN = 3
"""Lines without a mark between two that have one."""
_MAX_OFFSET = 12.0
"""Points from the middle of a mark to the middle of what it stands below, if that is narrow."""
_MAX_ROWS = 200
"""Rows of a grid at most."""
_MAX_CELLS = 30

Cell = tuple[float, float, str]


def with_marks_told(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page in reading order, those of grids in words."""
    told = list(lines)
    for first, last in _grids(lines):
        rows = lines[first:last]
        columns = _columns(rows)
        above = range(first - 1, max(-1, first - 1 - _MAX_ABOVE), -1)
        header = next((n for n in above if _is_header(lines[n], columns)), None)
        if header is not None:
            _tell(told, header, range(header + 1, last))
        elif len(columns) > 1:  # what the marks mean is not known
            for number in range(first, last):
                if marks := _marks(lines[number]):
                    told[number] = replace(
                        told[number], text=_without(lines[number], marks) + ": ?"
                    )
    return told


def _grids(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """From where to where there are rows of a label and a mark."""
    first = last = -1
    for number, line in enumerate(lines):
        if not _marks(line):
            continue
        if first < 0 or number - last > _MAX_BETWEEN or last - first >= _MAX_ROWS:
            if first >= 0:
                yield first, last
            first = number
        last = number + 1
    if first >= 0:
        yield first, last


def _cells(line: Line) -> list[Cell]:
    if len(line.cells) != len(line.cell_texts) or not line.cells:
        return [(line.x0, line.x1, line.text)]
    return [
        (left, right, text) for (left, right), text in zip(line.cells, line.cell_texts, strict=True)
    ]


def _marks(line: Line) -> list[Cell]:
    """The marks of a row that begins with what they are of."""
    cells = _cells(line)
    if not 1 < len(cells) <= _MAX_CELLS or is_mark(cells[0][2]):
        return []
    return [cell for cell in cells[1:] if is_mark(cell[2])]


def _columns(rows: Sequence[Line]) -> list[float]:
    """The middles of the columns that marks stand in."""
    columns: list[float] = []
    for middle in sorted(_middle(mark) for row in rows for mark in _marks(row)):
        if not columns or middle - columns[-1] > _MAX_OFFSET:
            columns.append(middle)
    return columns


def _middle(cell: Cell) -> float:
    return (cell[0] + cell[1]) / 2


def _is_header(line: Line, columns: Sequence[float]) -> bool:
    """Whether something stands above each of the columns; above a single one, answers."""
    cells = _cells(line)
    if not 1 < len(cells) <= _MAX_CELLS:
        return False
    if len(columns) == 1 and sum(is_answer(text) for _, _, text in cells) < 2:
        return False
    return all(any(_is_above(cell, column) for cell in cells) for column in columns)


def _is_above(cell: Cell, column: float) -> bool:
    return cell[0] - _MAX_OFFSET / 2 <= column <= cell[1] + _MAX_OFFSET / 2 or (
        abs(_middle(cell) - column) <= _MAX_OFFSET
    )


def _tell(told: list[Line], header: int, rows: range) -> None:
    """Put rows in words by the header above them."""
    above = _cells(told[header])
    labels_left = min(told[number].x0 for number in rows)
    if above[0][0] > labels_left + _MAX_OFFSET:  # nothing stands above the labels
        above = [(labels_left, labels_left, ""), *above]
    table = Table([[text for _, _, text in above], *(_row(told[n], above) for n in rows)])
    for at, number in enumerate(rows, start=1):
        row = _row(told[number], above)
        told[number] = replace(told[number], text=". ".join(table.lines(at, row)))


def _row(line: Line, above: Sequence[Cell]) -> list[str]:
    """The cells of a row, each in the column that it stands in."""
    row: list[list[str]] = [[] for _ in above]
    for number, cell in enumerate(_cells(line)):
        column = 0
        if number:
            column = min(range(len(above)), key=lambda c: _distance(above[c], cell))
        row[column].append(cell[2])
    return [" ".join(texts) for texts in row]


def _distance(above: Cell, cell: Cell) -> float:
    middle = _middle(cell)
    if above[0] <= middle <= above[1]:
        return 0.0
    return min(abs(above[0] - middle), abs(above[1] - middle))


def _without(line: Line, marks: Sequence[Cell]) -> str:
    return " ".join(cell[2] for cell in _cells(line) if cell not in marks)
