"""XLSX: the rows of every visible sheet that has a column with the text."""

from collections.abc import Iterator, Sequence
from itertools import chain, groupby, islice
from typing import NamedTuple

from winnow.errors import FileTooLargeError, NoTextColumnError
from winnow.models import InvalidRecord, Record
from winnow.readers import sandbox
from winnow.readers.source import Source
from winnow.readers.tabular.header import HEADER_ROWS, header_of, name_of_only_column
from winnow.readers.tabular.row_shape import trimmed_width
from winnow.readers.tabular.tables import RecordTable

_SAMPLE_ROWS = 200
_Row = tuple[int, list[str]]
_CutRow = tuple[int, list[str], list[tuple[int, str]]]


class _Sheet(NamedTuple):
    """The table of a sheet."""

    number: int
    table: RecordTable
    rows: Iterator[_CutRow]


class _OnlyColumn(NamedTuple):
    """A sheet with a single column, which does not name the text."""

    number: int
    column: int
    rows: list[_Row]
    """The first rows: all rows of a short sheet."""
    rest: Iterator[_Row]
    is_whole: bool
    """Whether there is no rest."""


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """One record per row. The header is the row that names the text.

    A single column needs no name where no sheet names the text.

    Raises NoTextColumnError when no sheet has such a column.
    """
    workbook = _Workbook(source)
    waiting: list[_OnlyColumn] = []
    kept = 0
    reason: NoTextColumnError | None = None
    for sheet, group in groupby(workbook.rows(), key=lambda item: item[0]):
        try:
            found = _table(source, sheet, (row for _, row in group))
        except NoTextColumnError as error:
            reason = error
            workbook.skipped += 1
            continue
        if isinstance(found, _Sheet):
            workbook.skipped += len(waiting)  # covers and notes beside the table
            waiting = []
            workbook.is_named = True
            yield from workbook.records(found)
        elif workbook.is_named:
            workbook.skipped += 1
        elif found.is_whole:
            waiting.append(found)
            kept += sum(len(cell) for _, cells in found.rows for cell in cells)
            if kept > source.limits.max_document_chars:
                raise FileTooLargeError(
                    "Sheets of one column without a name are longer than "
                    f"{source.limits.max_document_chars:,} characters (limit max_document_chars)."
                )
        else:
            yield from workbook.records(_named(source, found))
    for column in waiting:
        yield from workbook.records(_named(source, column))
    yield from workbook.damaged()
    if reason and not workbook.number:
        raise reason
    workbook.note()


class _Workbook:
    """The rows of a workbook, and how many records they made."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._names: dict[int, str] = {}
        self._columns: dict[int, list[int] | None] = {}
        self._damaged: list[str] = []
        self._apart = 0
        self.number = 0
        self.skipped = 0
        self.is_named = False
        """Whether a sheet named the text."""

    def rows(self) -> Iterator[tuple[int, _Row]]:
        """The rows of all sheets, with the number of the sheet."""
        source = self._source
        ids = _MergedIds(source)
        for item in sandbox.parse("xlsx", source.spooled(), source.limits):
            if item[0] == "row":
                merged = item[5] if len(item) > 5 else ()
                yield item[1], (item[4], ids.filled(item[4], item[2], merged))
            elif item[0] == "table":
                self._names[item[1]] = str(item[2])
                self._columns[item[1]] = item[3]
                ids = _MergedIds(source)
            elif item[0] == "damaged":
                self._damaged.append(str(item[2]))
            elif item[0] == "note":
                source.note(item[1], item[2])

    def records(self, sheet: _Sheet) -> Iterator[Record | InvalidRecord]:
        """The records of a sheet."""
        for line, cells, beside in sheet.rows:
            record = sheet.table.record(self.number + 1, line, cells)
            if record is None:
                self._apart += len(beside)
                continue
            self.number += 1
            update: dict[str, object] = {"part": self._names[sheet.number]}
            if beside and isinstance(record, Record):
                places = self._columns[sheet.number]
                more = {f"column {places[at] if places else at + 1}": cell for at, cell in beside}
                update["fields"] = {**more, **record.fields}
            yield record.model_copy(update=update)

    def damaged(self) -> Iterator[InvalidRecord]:
        """An invalid record for each sheet that cannot be read."""
        for name in self._damaged:
            self.number += 1
            yield InvalidRecord(
                record=self.number,
                part=name,
                code="file_unreadable",
                reason="The sheet is damaged.",
            )

    def note(self) -> None:
        """Note what was not read."""
        if self._apart:
            self._source.note(
                "cells_beside_table",
                f"Cells beside the table, in rows without records: {self._apart:,}.",
            )
        if self.skipped:
            self._source.note(
                "sheets_without_text",
                f"{self.skipped} sheets have no column that the process reads, and were left out.",
            )


class _MergedIds:
    """The ids of a sheet's rows: a merged one is that of all its rows, as everybody reads it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._place: int | None = None
        self._name: str | None = None
        self._searched = 0
        self._shared: tuple[str, int] = "", 0
        """The last id that is merged over rows, and the last of these rows."""

    def filled(
        self, row: int, cells: list[str], merged: Sequence[tuple[int, str, int]]
    ) -> list[str]:
        """A row with the id that it shares with the one above, if it has none of its own.

        `merged` are its own cells that reach into rows below: places, texts, and last rows.
        """
        if self._place is None and self._searched < HEADER_ROWS:
            self._searched += 1
            if self._source.match_text_column(cells) and (name := self._source.id_column(cells)):
                self._name, self._place = name, cells.index(name)
        place = self._place
        if place is None:
            return cells
        for at, text, last in merged:
            if at == place and text != self._name:
                self._shared = text, last
        text, last = self._shared
        if row > last or place >= len(cells) or cells[place].strip():
            return cells
        return [*cells[:place], text, *cells[place + 1 :]]


def _table(source: Source, number: int, rows: Iterator[_Row]) -> _Sheet | _OnlyColumn:
    """The table in the rows of a sheet. Raises NoTextColumnError."""
    first, is_whole = _first_rows(rows, source.limits.max_document_chars)
    filled = [row for row in first if any(map(str.strip, row[1]))]
    place = header_of([cells for _, cells in filled], source.column_names)
    if place is None and not source.textless:
        columns = sorted({at for _, row in filled for at, cell in enumerate(row) if cell.strip()})
        # Only a single column needs no name.
        source.text_column([filled[0][1][column] for column in columns])
        return _OnlyColumn(number, columns[0], filled, rows, is_whole=is_whole)
    line, header = filled[place or 0] if filled else first[0]
    if place:
        source.note(
            "rows_before_header",
            f"The header was found in row {line:,}; the rows before it were left out.",
        )
    width = max(1, trimmed_width(header))
    below = chain((row for row in first if row[0] > line), rows)
    return _Sheet(number, RecordTable(source, header[:width]), _cut(below, 0, width))


def _first_rows(rows: Iterator[_Row], max_chars: int) -> tuple[list[_Row], bool]:
    """The first rows, as many as need not fill the memory, and whether they are all."""
    first: list[_Row] = []
    for row in islice(rows, _SAMPLE_ROWS):
        first.append(row)
        max_chars -= sum(map(len, row[1]))
        if max_chars < 0:
            return first, False
    return first, len(first) < _SAMPLE_ROWS


def _named(source: Source, sheet: _OnlyColumn) -> _Sheet:
    """The table of a single column: its first row is the name, unless that is a text."""
    (_, cells), *rows = sheet.rows
    name = name_of_only_column(source, cells[sheet.column])
    if name is None:
        name, rows = "text", sheet.rows
    body = _cut(chain(rows, sheet.rest), sheet.column, 1)
    return _Sheet(sheet.number, RecordTable(source, [name]), body)


def _cut(rows: Iterator[_Row], begin: int, width: int) -> Iterator[_CutRow]:
    """Rows as wide as their header, and what is beside it with its place.

    No delimiter can be missing in a sheet, so that is no sign of damage.
    """
    end = begin + width
    for line, cells in rows:
        if not begin and len(cells) == width:
            yield line, cells, []
            continue
        beside = [
            (at, cell) for at, cell in enumerate(cells) if not begin <= at < end and cell.strip()
        ]
        inside = cells[begin:end]
        yield line, [*inside, *[""] * (width - len(inside))], beside
