"""The rows of a table whose cells may cover several columns or rows, and have tables in them."""

from collections.abc import Iterator, Sequence
from typing import Any

Cell = str | list[Any]
"""A cell's text; with tables in it a list: its texts, and each table as a list of rows."""
MAX_REPEATED = 200
"""Characters of a cell that is repeated in the rows that it covers; a longer one is prose."""
MAX_COLUMNS = 100
"""Columns that a cell covers at most: further ones would be empty."""
MAX_WIDTH = 200
"""Cells of a row behind which cells cover no further columns: only their text counts there."""


def flat(cell: Cell) -> str:
    """All text of a cell."""
    if isinstance(cell, str):
        return cell
    return "\n".join(
        part if isinstance(part, str) else "\n".join("\t".join(map(flat, row)) for row in part)
        for part in cell
    )


def cell_of(parts: Sequence[Any]) -> Cell:
    """The cell that has these texts and tables in it."""
    texts = [part for part in parts if isinstance(part, str)]
    return "\n".join(texts) if len(texts) == len(parts) else list(parts)


def tables_in(cell: Cell) -> Iterator[list[list[Cell]]]:
    """The rows of each table in a cell, and in the cells of those."""
    for part in cell if isinstance(cell, list) else ():
        if not isinstance(part, str):
            yield part
            for row in part:
                for inner in row:
                    yield from tables_in(inner)


def covered(columns: int, before: int) -> list[str]:
    """The empty cells behind one that covers so many columns, with so many cells before it."""
    return [""] * max(0, min(columns - 1, MAX_WIDTH - before))


class TableRows:
    """An open table: its cells as they come, and its rows.

    A cell that covers several columns is in the first of them. One that covers several rows is in
    each of them: "No" beside three questions is the answer to all.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self._cells: list[Cell] = []
        self._parts: list[Any] = []
        """Texts of the open cell, and tables in it."""
        self._span = (1, 1)
        self._covered: dict[int, tuple[int, int, str]] = {}
        """By column: further rows and columns that the cell above covers, and its text."""
        self._begun: dict[int, tuple[int, int, str]] = {}
        self._repeated = 0
        self._is_open = self._has_own = False

    def begin_cell(self, columns: int = 1, rows: int = 1) -> None:
        """A cell begins that covers so many columns and rows."""
        self._is_open = True
        self._span = (max(1, min(columns, MAX_COLUMNS)), max(1, rows))

    def add(self, part: Cell) -> None:
        """A text of the open cell, or the rows of a table in it."""
        if part:
            self._parts.append(part)

    def end_cell(self) -> None:
        """The cell ends."""
        self._take_covered()
        columns, rows = self._span
        cell = cell_of(self._parts)
        if rows > 1 and isinstance(cell, str) and len(cell) <= MAX_REPEATED:
            self._begun[len(self._cells)] = (rows - 1, columns, cell)
        self._cells += [cell, *covered(columns, len(self._cells))]
        self._has_own = self._has_own or bool(cell)
        self._span = (1, 1)
        self._parts = []

    def cut_row(self) -> list[Cell]:
        """The cells of the row so far; what follows in the row keeps its columns."""
        cells = self._cells if self._has_own else []
        self._cells = [""] * len(self._cells)
        self._has_own = False
        return cells

    def end_row(self) -> tuple[list[Cell], int]:
        """The cells of the row, and how many characters of them were in rows above.

        No cells where the row has no text of its own.
        """
        if not self._is_open:
            return [], 0
        self._take_covered()
        for column in sorted(self._covered):
            if column >= len(self._cells):
                self._cells += [""] * (column - len(self._cells))
                self._take_covered()
        cells, repeated = self._cells if self._has_own else [], self._repeated
        self._covered, self._begun = self._begun, {}
        self._cells, self._repeated = [], 0
        self._is_open = self._has_own = False
        return cells, repeated

    def _take_covered(self) -> None:
        """The cells above that cover the next columns."""
        while self._covered and (above := self._covered.pop(len(self._cells), None)):
            rows, columns, text = above
            if rows > 1:
                self._begun[len(self._cells)] = (rows - 1, columns, text)
            self._cells += [text, *covered(columns, len(self._cells))]
            self._repeated += len(text) + columns
