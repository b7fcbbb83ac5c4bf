"""CSV and TSV: a header, then one record per row."""

import csv
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple

from winnow.errors import FileUnreadableError, NoRecordsError
from winnow.models import InvalidRecord, Record
from winnow.readers.source import Source
from winnow.readers.tabular.doubts import Doubts
from winnow.readers.tabular.header import name_of_only_column
from winnow.readers.tabular.recovery import AlignedColumns, ParsedRow, RowParser
from winnow.readers.tabular.row_shape import RowShape
from winnow.readers.tabular.sniffer import (
    COMMON_DELIMITERS,
    SAMPLE_CHARS,
    TableFormat,
    sniff,
    unwrapped,
)
from winnow.readers.tabular.tables import RecordTable, ragged

_SAMPLE_LINES = 200
_BLANK = " \t\r\n\ufeff\x1a" + COMMON_DELIMITERS
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)
"""`sep=;`, by which Excel names the delimiter in a line above the header."""
_MISALIGNED = (
    "Its cells do not stand under the names of their columns: one may be blank, or two blanks may "
    "be inside another."
)
_NEARLY_ALL = 0.9


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """The rows of a table; the delimiter is the one that makes a table of its first lines."""
    return _records(source, "")


def read_tabs(source: Source) -> Iterator[Record | InvalidRecord]:
    """The rows of a table delimited by tabs, or by what its header has instead."""
    return _records(source, "\t")


def _records(source: Source, preferred: str) -> Iterator[Record | InvalidRecord]:
    csv.field_size_limit(source.limits.max_line_chars)
    lines = iter(source.lines)
    sample = _sample(lines, preferred)
    if not sample.lines:
        raise NoRecordsError("The file has no header.")
    table_format, lines = _format_of(source, sample, lines)
    max_chars = source.limits.max_line_chars
    parser = RowParser(lines, table_format.dialect, max_chars, 8 * max_chars, sample.first_line)
    rows = iter(parser)
    header = _header(rows, table_format.skip)
    if table_format.skip:
        source.note(
            "rows_before_header",
            f"The header was found in line {header.line:,}; the rows before it were left out.",
        )
    names = list(map(_without_formula, header.cells))
    if table_format.columns == 1 and not table_format.names_text:
        name = name_of_only_column(source, names[0])
        if name is None:
            names, rows = ["text"], chain([header], rows)
    parser.width = len(names)
    # Cells that are between rules, as in Markdown, are padded.
    is_padded = table_format.delimiter == "|" and any(name != name.strip() for name in names)
    table = RecordTable(source, names)
    first = list(_first_rows(rows))
    wider = [row.ends_open for row in first if len(row.cells) > len(names)]
    shape = table.learn(
        [row.cells for row in first if not row.error],
        may_be_wider=sum(wider) > _NEARLY_ALL * len(wider),
        commented=sample.lines[0].lstrip("\ufeff").startswith("#"),
    )
    parser.width = max(shape.width, len(names))
    layout = _RowLayout(AlignedColumns(header.spans), is_padded)
    yield from _body(table, shape, chain(first, rows), layout)


class _RowLayout(NamedTuple):
    """How the cells stand in their rows."""

    columns: AlignedColumns
    is_padded: bool


class _Sample(NamedTuple):
    """The first lines of a table, and what stood before them."""

    lines: list[str]
    size: int
    """In characters."""
    first_line: int
    """The number of the first of them."""
    preferred: str
    """The delimiter that the file's kind, or a line before the table, names; may be empty."""


def _sample(lines: Iterator[str], preferred: str) -> _Sample:
    """Take the first lines, without blank ones before them and without one that is `sep=;`."""
    before = size = 0
    taken: list[str] = []
    for line in lines:
        if not taken and not line.strip(_BLANK):
            before += 1
            continue
        if not taken and (separator := _SEPARATOR_LINE.fullmatch(line)):
            preferred = separator[1]
            before += 1
            continue
        taken.append(line)
        size += len(line)
        if len(taken) == _SAMPLE_LINES or size > SAMPLE_CHARS:
            break
    return _Sample(taken, size, before + 1, preferred)


def _format_of(
    source: Source, sample: _Sample, rest: Iterator[str]
) -> tuple[TableFormat, Iterator[str]]:
    """The table's format, and all its lines, undone where each stands in quotes as a whole."""
    table_format = sniff(sample.lines, source.column_names, sample.preferred)
    lines = chain(sample.lines, rest)
    if table_format.columns == 1 and not table_format.names_text:
        outer = table_format.dialect
        inner = sniff(
            list(unwrapped(iter(sample.lines), outer, sample.size)),
            source.column_names,
        )
        if inner.names_text and inner.columns > 1:
            source.note(
                "rows_in_quotes", "Each row was quoted as a whole; the outer quotes were removed."
            )
            return inner, unwrapped(lines, outer, source.limits.max_line_chars)
    return table_format, lines


def _first_rows(rows: Iterator[ParsedRow]) -> Iterator[ParsedRow]:
    """The rows that show what the others are like."""
    size = 0
    for row in islice(rows, _SAMPLE_LINES):
        yield row
        size += sum(map(len, row.cells))
        if size > SAMPLE_CHARS:
            return


def _header(rows: Iterator[ParsedRow], skip: int) -> ParsedRow:
    for row in rows:
        if not row.error and not any(cell.strip() for cell in row.cells):
            continue
        if not skip:
            if row.error:
                raise FileUnreadableError(
                    "The header row cannot be read: a quote in it is not closed."
                )
            return row
        skip -= 1
    raise NoRecordsError("The file has no header.")


def _body(
    table: RecordTable, shape: RowShape, rows: Iterator[ParsedRow], layout: _RowLayout
) -> Iterator[Record | InvalidRecord]:
    """The records of the rows below the header."""
    number = 0
    doubts = Doubts(table, shape)
    for row in rows:
        cells = [cell.strip() for cell in row.cells] if layout.is_padded else row.cells
        if any(cell[:2] == '="' for cell in cells):
            cells = list(map(_without_formula, cells))
        record: Record | InvalidRecord | None
        if row.error:
            record = _malformed(number + 1, row)
        elif not layout.columns.fits(row.spans):
            record = ragged(number + 1, row.line, _MISALIGNED)
        else:
            record = table.record(number + 1, row.line, cells) if cells else None
        if record:
            number += 1
        in_place = len(row.spans) > 1 and layout.columns.has_all(row.spans)
        yield from doubts.settled(row._replace(cells=cells), record, in_place=in_place)
    yield from doubts.rest()


def _without_formula(cell: str) -> str:
    """A cell `="00123"` as `00123`: the formula only keeps Excel from making it a number."""
    if cell[:2] != '="' or cell[-1:] != '"' or len(cell) < 3:
        return cell
    inner = cell[2:-1]
    # A formula that joins texts is kept.
    return inner.replace('""', '"') if '"' not in inner.replace('""', "") else cell


def _malformed(number: int, row: ParsedRow) -> InvalidRecord:
    error = row.error or ""
    reason = "Its quotes are not valid CSV: a quote inside a cell must be doubled."
    if "field limit" in error or "field larger" in error or "unexpected end" in error:
        reason = (
            f"A quote is not closed: the row would continue to line {row.last:,}. "
            "The lines after its first were read as rows of their own."
            if row.last > row.line
            else "A quote is not closed."
        )
    return InvalidRecord(record=number, line=row.line, code="row_malformed", reason=reason)
