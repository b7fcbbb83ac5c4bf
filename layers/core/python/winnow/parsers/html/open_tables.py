"""Open tables of a page, each in a cell of the one before: which become parts of a cell's text.

A mark, a label or a few values in a table of their own are a cell of the row around them. What is
large, or alone in its row, is laid out by tables: it is told row by row, in its order.
"""

from collections.abc import Callable
from typing import Any

from winnow.parsers.merged_cells import Cell, TableRows

_MAX_DEPTH = 5
"""Tables in each other within one cell."""
_MAX_CHARS = 20_000
"""Characters of the tables within one row."""


class OpenTables:
    """The open tables. `row` takes the number of a table and a row of it, `text` a line."""

    def __init__(self, row: Callable[[int, list[Cell]], None], text: Callable[[str], None]) -> None:
        self._row = row
        self._text = text
        self._tables: list[TableRows] = []
        self._kept: list[list[list[Cell]]] = []
        """The rows of each of the last tables, which are in an open cell of the one before."""
        self._chars = 0
        self._count = 0
        self.in_cell = False

    def __bool__(self) -> bool:
        return bool(self._tables)

    def number(self) -> int:
        """The number of a new table."""
        self._count += 1
        return self._count

    def begin_table(self) -> None:
        """A table begins, in a cell or elsewhere."""
        if self.in_cell and len(self._kept) < _MAX_DEPTH:
            self._kept.append([])
        else:
            self.lay_out()
            if self.in_cell:
                self._tables[-1].end_cell()
            self._cut_row(-1)
        self.in_cell = False
        self._tables.append(TableRows(self.number()))

    def end_table(self) -> int:
        """The last table ends, and a row that it has open; as `end_row`."""
        repeated = self.end_row()
        self._tables.pop()
        self.in_cell = bool(self._kept)
        if self._kept:
            self._tables[-1].add(self._kept.pop())
        return repeated

    def begin_cell(self, columns: int, rows: int) -> None:
        """A cell of the last table begins that covers so many columns and rows."""
        self._tables[-1].begin_cell(columns, rows)
        self.in_cell = True

    def add(self, text: str) -> None:
        """A text of the open cell."""
        self._tables[-1].add(text)

    def end_cell(self) -> None:
        """The open cell ends."""
        self._tables[-1].end_cell()
        self.in_cell = False

    def end_row(self) -> int:
        """The open row ends; answers how many characters of it were in rows above."""
        table = self._tables[-1]
        cells, repeated = table.end_row()
        if any(cells) and self._kept:
            self._kept[-1].append(cells)
            self._chars += sum(len(cell) + 1 for cell in cells if isinstance(cell, str))
            if self._chars > _MAX_CHARS:
                self.lay_out()
        elif any(cells):
            self._tell(table.number, cells)
        if not self._kept:
            self._chars = 0
        return repeated

    def lay_out(self) -> None:
        """Tell what is kept of the open tables: they are no part of a cell."""
        if not self._kept:
            return
        first = len(self._tables) - len(self._kept)
        for at, rows in enumerate(self._kept, start=first):
            self._tables[at - 1].end_cell()
            self._cut_row(at - 1)
            for row in rows:
                self._tell(self._tables[at].number, row)
        self._kept = []
        self._chars = 0

    def _cut_row(self, at: int) -> None:
        if self._tables and any(cells := self._tables[at].cut_row()):
            self._tell(self._tables[at].number, cells)

    def _tell(self, number: int, cells: list[Cell]) -> None:
        column = next(column for column, cell in enumerate(cells) if cell)
        parts: Any = cells[column]
        if isinstance(parts, str) or any(cells[column + 1 :]):
            self._row(number, cells)
            return
        for place, part in enumerate(parts):  # alone in its row
            if not isinstance(part, str):
                inner = self.number()
                for row in part:
                    self._tell(inner, row)
            elif place:
                for line in part.split("\n"):
                    self._text(line)
            else:
                self._row(number, [*cells[:column], part])
