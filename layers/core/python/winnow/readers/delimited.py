"""CSV and TSV: a header, then a record a row."""

import csv
from collections.abc import Iterator
from itertools import chain

from winnow.errors import FileTooLargeError, NoRecordsError
from winnow.models import InvalidRecord, Record
from winnow.readers.source import Source

_DELIMITERS = ",;\t|"


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """The rows of a table; the delimiter is the one the header has most of."""
    return _rows(source, None)


def read_tabs(source: Source) -> Iterator[Record | InvalidRecord]:
    """The rows of a table delimited by tabs."""
    return _rows(source, "\t")


def _delimiter(header: str) -> str:
    outside_quotes = "".join(header.split('"')[0::2])
    return max(_DELIMITERS, key=outside_quotes.count)


def _rows(source: Source, delimiter: str | None) -> Iterator[Record | InvalidRecord]:
    csv.field_size_limit(source.limits.max_line_chars)
    lines = iter(source.lines)
    blank = 0
    for first in lines:
        if first.strip():
            break
        blank += 1
    else:
        raise NoRecordsError("The file has no header.")
    rows = csv.reader(chain([first], lines), delimiter=delimiter or _delimiter(first), strict=True)
    try:
        header = _distinct(next(rows))
    except csv.Error:
        raise NoRecordsError(
            "The header row cannot be read: a quote in it is not closed."
        ) from None
    if len(header) > source.limits.max_columns:
        raise FileTooLargeError(
            f"The table has more than {source.limits.max_columns:,} columns (limit max_columns)."
        )
    text_column = source.text_column(header)

    number = 0
    while True:
        line = blank + rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            yield _malformed(number, line, blank + rows.line_num, error)
            continue
        if not any(cell.strip() for cell in row):
            continue
        number += 1
        if len(row) != len(header):
            yield InvalidRecord(
                record=number,
                line=line,
                code="row_ragged",
                reason=f"It has {len(row)} cells where the header has {len(header)}: "
                "a delimiter or a quote in it is not quoted.",
            )
            continue
        yield source.record(number, line, text_column, dict(zip(header, row, strict=True)))


def _malformed(number: int, line: int, last_line: int, error: csv.Error) -> InvalidRecord:
    if "field limit" in str(error):
        reason = "One of its cells is over the limit max_line_chars: a quote is not closed."
    elif "unexpected end" in str(error):
        reason = f"A quote in it is never closed; lines {line:,} to {last_line:,} are part of it."
    else:
        reason = "Its quotes are not those of a CSV: a quote inside a cell must be doubled."
    return InvalidRecord(record=number, line=line, code="row_malformed", reason=reason)


def _distinct(header: list[str]) -> list[str]:
    """Names without their padding; a name that stands twice gets a number."""
    seen: dict[str, int] = {}
    names = []
    for cell in header:
        name = cell.strip().removeprefix("\ufeff")
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names
