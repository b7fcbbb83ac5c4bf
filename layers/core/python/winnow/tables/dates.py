"""The date of a record: what its ages and intervals are counted to."""

from collections.abc import Iterator, Sequence
from datetime import date

from winnow.models import InvalidRecord, Record
from winnow.tables.columns import plain_name

RECORD_DATE = "record_date"
"""The column that the sender's metadata fill in."""
ARRIVED = "upload_date"
"""The column of the day on which a record without a date arrived."""


def with_dates(
    lines: Iterator[Record | InvalidRecord],
    columns: Sequence[str],
    given: str | None,
    arrived: date | None,
) -> Iterator[Record | InvalidRecord]:
    """The lines; a record with none of the columns gets what is known of the whole file.

    Args:
        lines: The records of a file.
        columns: The process's columns of dates.
        given: The date that the sender says the file has.
        arrived: The day on which the file was dropped.
    """
    own = frozenset(map(plain_name, columns))
    added = {RECORD_DATE: given} if given else {ARRIVED: arrived.isoformat()} if arrived else {}
    for line in lines:
        if not added or not isinstance(line, Record) or _has_date(line, own):
            yield line
        else:
            yield line.model_copy(update={"fields": {**line.fields, **added}})


def _has_date(record: Record, columns: frozenset[str]) -> bool:
    return any(
        plain_name(name) in columns and value.strip() for name, value in record.fields.items()
    )
