"""Marks on a page, told with what stands above them: "Melena: No" instead of "Melena X"."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from winnow.readers.pages.geometry import Line
from winnow.readers.table_cells import is_choice, is_mark
from winnow.readers.table_headers import is_data, names_choices
from winnow.readers.table_lines import Table

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
        further = [n for n in range(first, last) if _is_header_within(lines, n, last)]
        header = _header_above(lines, first, _columns(lines[first : [*further, last][0]]))
        begin = first if header is None else header + 1
        for number in (*further, last):
            _tell_part(told, header, range(begin, number))
            header, begin = number, number + 1
    return told


def _tell_part(told: list[Line], header: int | None, rows: range) -> None:
    """Put the rows below a header in words."""
    columns = _columns([told[number] for number in rows])
    if not columns:
        return
    if header is not None and _is_header(told[header], columns):
        _tell(told, header, rows)
    elif header is not None or len(columns) > 1:  # what the marks mean is not known
        for number in rows:
            if marks := _marks(told[number]):
                text = _without(told[number], marks) + ": ?"
                told[number] = replace(told[number], text=text)


def _header_above(lines: Sequence[Line], first: int, columns: Sequence[float]) -> int | None:
    """The line above the first mark that is its header, if that is certain."""
    able: list[int] = []
    for number in range(first - 1, max(-1, first - 1 - _MAX_ABOVE), -1):
        if _marks(lines[number]):
            break
        if _is_header(lines[number], columns):
            if names_choices(_texts(lines[number])):
                return number
            able.append(number)
    if len(able) > 1:
        able = [number for number in able if not is_data(_texts(lines[number]))]
    return able[0] if len(able) == 1 else None


def _is_header_within(lines: Sequence[Line], number: int, last: int) -> bool:
    """Whether a line in a grid is the header of those below it."""
    if _marks(lines[number]) or not names_choices(_texts(lines[number])):
        return False
    below = next((n for n in range(number + 1, last) if _marks(lines[n])), None)
    return below is not None and _is_header(lines[number], _columns([lines[below]]))


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


def _texts(line: Line) -> list[str]:
    return [text for _, _, text in _cells(line)]


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
    """Whether something stands above each of the columns; above a single one, choices."""
    cells = _cells(line)
    if not 1 < len(cells) <= _MAX_CELLS:
        return False
    if len(columns) == 1 and sum(map(is_choice, _texts(line))) < 2:
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
    first = [[text for _, _, text in above]]
    if header and (common := _in_common(_cells(told[header - 1]), above)):
        first = [common, *first]
    table = Table([*first, *(_row(told[n], above) for n in rows)])
    for at, number in enumerate(rows, start=len(first)):
        row = _row(told[number], above)
        told[number] = replace(told[number], text=". ".join(table.lines(at, row)))


def _in_common(top: Sequence[Cell], above: Sequence[Cell]) -> list[str]:
    """What columns have in common by the line above their titles, for each of them."""
    titles = [text for _, _, text in above]
    label = ""
    if top and top[0][0] <= above[0][1] + _MAX_OFFSET:
        label, top = top[0][2], top[1:]
    if not 1 <= len(top) < len(above) - 1 or any(is_mark(text) for _, _, text in top):
        return []
    by_middle = [
        min(range(len(top)), key=lambda n: abs(_middle(top[n]) - _middle(cell)))
        for cell in above[1:]
    ]
    by_left = [
        max((n for n in range(len(top)) if top[n][0] <= cell[1]), default=0) for cell in above[1:]
    ]
    for of_columns in (by_middle, by_left):
        parts = [
            [
                t
                for t, n in zip(titles[1:], of_columns, strict=True)
                if n == at and titles.count(t) > 1
            ]
            for at in range(len(top))
        ]
        if all(part == parts[0] for part in parts) and len(set(parts[0])) == len(parts[0]):
            return [label, *(top[n][2] for n in of_columns)]
    return []


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
