"""Records whose text may go on in the row below: a line break in it is not quoted."""

from collections.abc import Iterator

from winnow.models import InvalidRecord, Record
from winnow.readers.tabular.recovery import ParsedRow
from winnow.readers.tabular.row_shape import RowShape
from winnow.readers.tabular.tables import RecordTable, ragged

_MAX_BELOW = 100
"""Pieces behind blank lines that are held back."""


class Doubts:
    """Holds each record back until the row below shows whether it is whole.

    A line break that is not quoted leaves a row that ends with its text as wide as the others; the
    rest of the text is a row that is too short, or does not begin as rows do. Behind a blank line
    it is the rest of a text if more records follow, and a remark below the table otherwise.
    """

    def __init__(self, table: RecordTable, shape: RowShape) -> None:
        self._table = table
        self._shape = shape
        self._row: ParsedRow | None = None
        self._record: Record | InvalidRecord | None = None
        """What was read of this row."""
        self._below: list[InvalidRecord] = []
        """Pieces below it, behind blank lines."""
        self._piece_line: int | None = None
        """The line of the last piece, if no record was read since."""

    def settled(
        self, row: ParsedRow, record: Record | InvalidRecord | None, *, in_place: bool
    ) -> Iterator[Record | InvalidRecord]:
        """The records that this row leaves without doubt. `record` is what was read of it.

        `in_place` says that each of its cells is in a column of the table.
        """
        if record is None:
            if len(row.cells) > 1:  # a row, and no blank line
                yield from self.rest()
        elif not row.error and not in_place and self._is_piece(row):
            yield from self._with_piece(row, record)
        else:
            if self._below and not _is_ragged(record):
                self._doubt(self._below[0].line)
            line = self._piece_line
            yield from self.rest()
            if line and not row.error and self._may_begin_above(row):
                record = _doubtful(record, f"Its text may begin in line {line:,}")
            self._row, self._record = row, record

    def rest(self) -> Iterator[Record | InvalidRecord]:
        """What is held back."""
        if self._record:
            yield self._record
        yield from self._below
        self._row = self._record = self._piece_line = None
        self._below = []

    def _with_piece(
        self, row: ParsedRow, record: Record | InvalidRecord
    ) -> Iterator[Record | InvalidRecord]:
        piece = _as_piece(record)
        is_next = self._row is not None and row.line == self._row.last + 1
        may_go_on = isinstance(self._record, Record) and self._table.text_is_last
        if may_go_on and not is_next and len(self._below) < _MAX_BELOW:
            self._below.append(piece)
        else:
            if may_go_on:
                self._doubt(row.line)
            yield from self.rest()
            yield piece
        self._piece_line = row.line

    def _doubt(self, line: int | None) -> None:
        if self._record:
            self._record = _doubtful(self._record, f"Its text may go on in line {line:,}")

    def _may_begin_above(self, row: ParsedRow) -> bool:
        return self._table.text_is_first or not self._shape.may_begin(row.cells)

    def _is_piece(self, row: ParsedRow) -> bool:
        # Who quotes a line break quotes all of them.
        if row.last != row.line or not self._shape.is_piece(row.cells):
            return False
        above = self._row.cells[0] if self._row and self._row.cells else ""
        return not _follows(above, row.cells[0])


def _follows(above: str, number: str) -> bool:
    """Whether a row has the next number, as one has that ends early."""
    return (
        above.isdecimal()
        and number.isdecimal()
        and len(number) < 20
        and int(number) == int(above[:20]) + 1
    )


def _is_ragged(record: Record | InvalidRecord) -> bool:
    return isinstance(record, InvalidRecord) and record.code == "row_ragged"


def _doubtful(record: Record | InvalidRecord, reason: str) -> Record | InvalidRecord:
    if isinstance(record, InvalidRecord):
        return record
    invalid = ragged(record.record, record.line, f"{reason}: a line break in it is not quoted.")
    return invalid.model_copy(update={"source_id": record.source_id})


def _as_piece(record: Record | InvalidRecord) -> InvalidRecord:
    if isinstance(record, InvalidRecord):
        return record
    return ragged(
        record.record,
        record.line,
        "It does not begin as the other rows do: it may be a piece of the row above.",
    )
