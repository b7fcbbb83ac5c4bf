"""Decided records as CSV, to train and to measure with: what a person decided, and who and when.

The first columns are `COLUMNS`; then come the records' other fields, called as in their file. Every
cell that is text is defused (`winnow.tables.formulas`). The column `format` tells a program that
reads the file how to restore the texts; `read_export` does it.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TextIO

from winnow.errors import RecordUnknownError, StoredDataInvalidError
from winnow.models import ResultRecord
from winnow.reviews.items import Items
from winnow.reviews.models import Answer, RecordKey, ReviewHead, State
from winnow.reviews.ports import ReviewStore
from winnow.tables.columns import plain_name
from winnow.tables.formulas import defused, restored

if TYPE_CHECKING:
    from _csv import Reader

COLUMNS = (
    "id",
    "text",
    "decision",
    "decided_by",
    "decided_at",
    "machine_decision",
    "confidence",
    "changed",
    "blind",
    "weight",
    "process",
    "process_version",
    "model",
    "head",
    "upload",
    "record",
    "format",
)
FORMAT = "winnow-reviews-1"
"""The cell of the column `format` in every row."""
TEXT_COLUMN, DECISION_COLUMN, FORMAT_COLUMN = "text", "decision", "format"
_PREFIX = "field."
"""Before the name of a field that is called like one of our columns, or begins with the prefix."""
_OWN = frozenset(map(plain_name, COLUMNS))
_PAGE = 50
_THREADS = 8
PAGE_BYTES = 4_000_000
"""The most that a page of the API has in JSON, as Lambda answers it, but for a single longer row.
Lambda's limit is 6 MB."""
PAGE_HEADS = 2_000
"""Records that one page of the API reads, each from S3."""


class ExportRow(NamedTuple):
    """A decided record."""

    head: ReviewHead
    answer: Answer
    record: ResultRecord

    @property
    def cells(self) -> dict[str, str]:
        """The row by column; text as it is, not defused."""
        head, record = self.head, self.record
        own = {
            "id": record.source_id or f"{head.upload}-{head.record}",
            TEXT_COLUMN: record.text or "",
            DECISION_COLUMN: self.answer.decision or "",
            "decided_by": self.answer.by,
            "decided_at": self.answer.at,
            "machine_decision": head.decision,
            "confidence": f"{head.confidence:g}",
            "changed": "" if head.agreed is None else _truth(not head.agreed),
            "blind": _truth(self.answer.blind),
            "weight": f"{1 / head.probability:g}",
            "process": head.process.id,
            "process_version": head.process.version,
            "model": head.model or "",
            "head": head.head or "",
            "upload": head.upload,
            "record": str(head.record),
            FORMAT_COLUMN: FORMAT,
        }
        return own | {field_column(name): value for name, value in record.fields.items()}


class Export:
    """The decided records of one stack.

    `gone` counts the records left out because their results have expired or are damaged.
    """

    def __init__(self, store: ReviewStore, items: Items, *, cannot_tell: bool = False) -> None:
        """With `cannot_tell`, records that a person could not decide are rows without decision."""
        self._store = store
        self._items = items
        self._cannot_tell = cannot_tell
        self.gone = 0

    def rows(self, process: str, since: str = "") -> Iterator[ExportRow]:
        """The records of a process decided at or after a time (ISO 8601), oldest first.

        A record that is decided again while this runs is yielded once.
        """
        seen: set[RecordKey] = set()
        for head, record in self._records(process, since):
            if head.key not in seen and (row := self._row(head, record)):
                seen.add(head.key)
                yield row

    def page(
        self,
        process: str,
        since: str,
        cursor: str | None,
        max_bytes: int = PAGE_BYTES,
        late: Callable[[], bool] = lambda: False,
    ) -> tuple[str, str | None]:
        """A part of the export as a CSV with its own header, and the cursor of the next part.

        The columns after `COLUMNS` are those of this part's records. A part ends before
        `max_bytes`, after `PAGE_HEADS` records, or when it is `late`; it may have no row then.
        """
        rows: list[ExportRow] = []
        columns = dict.fromkeys(COLUMNS)
        cells = 0
        last = _position(cursor)
        for count, (head, record) in enumerate(self._records(process, since, last), 1):
            row = self._row(head, record)
            if row is not None:
                columns |= dict.fromkeys(row.cells)
                cells += _size(row.cells.values())
                # A row has a comma for each column of the part.
                size = _size(columns) + cells + (len(rows) + 1) * (len(columns) + 4)
                if rows and size > max_bytes:
                    return _text(rows), _cursor(last)
                rows.append(row)
            last = _place(head)
            if count == PAGE_HEADS or late():
                return _text(rows), _cursor(last)
        return _text(rows), None

    def _records(
        self, process: str, since: str, last: "_Place | None" = None
    ) -> Iterator[tuple[ReviewHead, ResultRecord | None]]:
        """The heads after `last`, with their records, of which several are read at a time."""
        if last is not None:
            since = max(since, last[0])
        cursor = None
        with ThreadPoolExecutor(_THREADS) as pool:
            while True:
                page = self._store.decided_heads(process, since, cursor, _PAGE)
                heads = [
                    h for h in page.heads if (last is None or _place(h) > last) and self._of(h)
                ]
                yield from zip(heads, pool.map(self._record, heads), strict=True)
                cursor = page.cursor
                if cursor is None:
                    return

    def _of(self, head: ReviewHead) -> bool:
        """Whether a head is of a row of the export."""
        if head.answer is None or head.state is not State.DECIDED:
            return False
        return self._cannot_tell or not head.answer.cannot_tell

    def _record(self, head: ReviewHead) -> ResultRecord | None:
        try:
            return self._items.record(head)
        except (RecordUnknownError, StoredDataInvalidError):
            return None

    def _row(self, head: ReviewHead, record: ResultRecord | None) -> ExportRow | None:
        if record is None:
            self.gone += 1
        if record is None or head.answer is None:
            return None
        return ExportRow(head, head.answer, record)


def field_column(name: str) -> str:
    """The column of a record's field: its name, or with a prefix where that is one of ours.

    >>> field_column("age"), field_column("Decision"), field_column("field.x")
    ('age', 'field.Decision', 'field.field.x')
    """
    clashes = plain_name(name) in _OWN or name.startswith(_PREFIX)
    return f"{_PREFIX}{name}" if clashes else name


def columns_of(rows: Iterable[ExportRow]) -> tuple[str, ...]:
    """`COLUMNS`, and after them the fields of the rows in the order in which they come."""
    return (*COLUMNS, *_more_columns(row.cells for row in rows))


def _more_columns(rows: Iterable[dict[str, str]]) -> dict[str, None]:
    return dict.fromkeys(name for cells in rows for name in cells if name not in COLUMNS)


def write_csv(rows: Iterable[ExportRow], columns: Sequence[str], stream: TextIO) -> int:
    """Write a header and the rows; their number. `columns` come from `columns_of`."""
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([defused(name) for name in columns])
    count = 0
    for row in rows:
        cells = row.cells
        writer.writerow([defused(cells.get(name, "")) for name in columns])
        count += 1
    return count


# -- reading it again ----------------------------------------------------------------------------


class ReadRow(NamedTuple):
    """A row of an export as it was written."""

    line: int
    """Of the file, from 1."""
    own: dict[str, str]
    """The cells of `COLUMNS`."""
    fields: dict[str, str]
    """The record's other fields, by their names in its file."""


def is_export(header: Sequence[str]) -> bool:
    """Whether a CSV with this header is an export as `write_csv` wrote it."""
    return tuple(header[: len(COLUMNS)]) == COLUMNS


def read_export(stream: TextIO, max_chars: int) -> Iterator[ReadRow] | None:
    """The rows of an export; None if the file is none, or a program has changed its form.

    Args:
        stream: The file as text, opened with `newline=""`.
        max_chars: The longest cell.
    """
    csv.field_size_limit(max(max_chars, csv.field_size_limit()))
    rows = csv.reader(stream, strict=True)
    try:
        header = next(rows, [])
    except csv.Error:
        return None
    if not header:
        return None
    header[0] = header[0].removeprefix("\ufeff")
    return _read(rows, [restored(name) for name in header]) if is_export(header) else None


def _read(rows: "Reader", names: Sequence[str]) -> Iterator[ReadRow]:
    line = rows.line_num + 1
    for cells in rows:
        by_name = dict(zip(names, map(restored, cells), strict=False))
        own = {name: by_name.pop(name, "") for name in COLUMNS}
        if any(cells):
            yield ReadRow(line, own, {field_name(name): cell for name, cell in by_name.items()})
        line = rows.line_num + 1


def field_name(column: str) -> str:
    """The name of a field in its file, from its column in an export."""
    return column.removeprefix(_PREFIX)


_Place = tuple[str, str, int]
"""When a record was decided, its upload and its number: the order of an export."""


def _place(head: ReviewHead) -> _Place:
    return (head.answer.at if head.answer else "", head.upload, head.record)


def _position(cursor: str | None) -> _Place | None:
    """The last record of the part before; a cursor that is none of ours begins at the start."""
    at, _, rest = (cursor or "").partition("|")
    upload, _, record = rest.partition("|")
    return (at, upload, int(record)) if record.isdecimal() else None


def _text(rows: Sequence[ExportRow]) -> str:
    stream = io.StringIO(newline="")
    write_csv(rows, columns_of(rows), stream)
    return stream.getvalue()


def _cursor(place: _Place | None) -> str | None:
    return None if place is None else "|".join(map(str, place))


def _size(cells: Iterable[str]) -> int:
    """Bytes of cells in JSON, at most: with quotes around them, and those in them doubled."""
    return sum(
        len(json.dumps(text)) + 2 + 2 * text.count('"') for text in map(defused, cells) if text
    )


def _truth(value: bool) -> str:
    return "true" if value else "false"
