"""XLSX: the rows of every visible sheet that has a column with the text."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from winnow.errors import NoTextColumnError
from winnow.models import InvalidRecord, Record
from winnow.readers import sandbox
from winnow.readers.source import Source
from winnow.readers.tabular.tables import HEADER_ROWS, RecordTable

_Row = tuple[int, list[str]]
_CutRow = tuple[int, list[str], list[tuple[int, str]]]


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """One record per row. The header is the row that names the text; a single column needs no name.

    Raises NoTextColumnError when no sheet has such a column.
    """
    names: dict[int, str] = {}
    columns: dict[int, list[int] | None] = {}
    damaged: list[str] = []
    number = apart = 0
    skipped: list[int] = []
    reason: NoTextColumnError | None = None
    for sheet, group in groupby(_rows(source, names, columns, damaged), key=lambda item: item[0]):
        rows: Iterator[_Row] = (row for _, row in group)
        try:
            table, body = _table(source, rows)
        except NoTextColumnError as error:
            reason = error
            skipped.append(sheet)
            continue
        for line, cells, beside in body:
            record = table.record(number + 1, line, cells)
            if record is None:
                apart += len(beside)
                continue
            number += 1
            update: dict[str, object] = {"part": names[sheet]}
            if beside and isinstance(record, Record):
                places = columns[sheet]
                more = {f"column {places[at] if places else at + 1}": cell for at, cell in beside}
                update["fields"] = {**more, **record.fields}
            yield record.model_copy(update=update)
    for name in damaged:
        number += 1
        yield InvalidRecord(
            record=number, part=name, code="file_unreadable", reason="The sheet is damaged."
        )
    if reason and not number:
        raise reason
    if apart:
        source.note(
            "cells_beside_table", f"Cells beside the table, in rows without records: {apart:,}."
        )
    if skipped:
        source.note(
            "sheets_without_text",
            f"{len(skipped)} sheets have no column that the process reads, and were left out.",
        )


def _rows(
    source: Source,
    names: dict[int, str],
    columns: dict[int, list[int] | None],
    damaged: list[str],
) -> Iterator[tuple[int, _Row]]:
    ids = _MergedIds(source)
    for item in sandbox.parse("xlsx", source.spooled(), source.limits):
        if item[0] == "row":
            yield item[1], (item[4], ids.filled(item[2], item[5] if len(item) > 5 else ()))
        elif item[0] == "table":
            names[item[1]] = str(item[2])
            columns[item[1]] = item[3]
            ids = _MergedIds(source)
        elif item[0] == "damaged":
            damaged.append(str(item[2]))
        elif item[0] == "note":
            source.note(item[1], item[2])


class _MergedIds:
    """The ids of a sheet's rows: a merged one is that of all its rows, as everybody reads it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._place: int | None = None
        self._name: str | None = None
        self._searched = 0

    def filled(self, cells: list[str], merged: Sequence[tuple[int, str]]) -> list[str]:
        """A row with the id that it shares with the one above, if it has none of its own."""
        if self._place is None and self._searched < HEADER_ROWS:
            self._searched += 1
            if self._source.match_text_column(cells):
                self._name = self._source.id_column(cells)
                self._place = None if self._name is None else cells.index(self._name)
                self._searched = HEADER_ROWS
        for place, text in merged:
            if place == self._place and text != self._name and not cells[place].strip():
                return [*cells[:place], text, *cells[place + 1 :]]
        return cells


def _table(source: Source, rows: Iterator[_Row]) -> tuple[RecordTable, Iterator[_CutRow]]:
    before: list[_Row] = []
    for row in rows:
        if source.match_text_column(row[1]):
            if before:
                source.note(
                    "rows_before_header",
                    f"The header was found in row {row[0]:,}; the rows before it were left out.",
                )
            return RecordTable(source, _trimmed(row[1])), _cut(rows, len(_trimmed(row[1])))
        before.append(row)
        if len(before) == HEADER_ROWS:
            break
    (_, header), *rest = before
    width = len(_trimmed(header))
    table = RecordTable(source, _trimmed(header))

    def body() -> Iterator[_CutRow]:
        yield from _cut(iter(rest), width)
        yield from _cut(rows, width)

    return table, body()


def _trimmed(cells: list[str]) -> list[str]:
    """Cells without the empty ones at the end, which a sheet has as far as any row reaches."""
    end = len(cells)
    while end > 1 and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _cut(rows: Iterator[_Row], width: int) -> Iterator[_CutRow]:
    """Rows as wide as their header, and what is beside it with its place.

    No delimiter can be missing in a sheet, so that is no sign of damage.
    """
    for line, cells in rows:
        if len(cells) == width:
            yield line, cells, []
            continue
        beside = [(at, cell) for at, cell in enumerate(cells[width:], width) if cell.strip()]
        yield line, [*cells[:width], *[""] * (width - len(cells))], beside
