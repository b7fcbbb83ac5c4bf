"""CSV and TSV: a header, then one record per row."""

import csv
import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from winnow.errors import FileUnreadableError, NoRecordsError
from winnow.models import InvalidRecord, Record
from winnow.readers.source import Source
from winnow.readers.tabular.recovery import ParsedRow, RowParser
from winnow.readers.tabular.sniffer import (
    COMMON_DELIMITERS,
    SAMPLE_CHARS,
    TableFormat,
    sniff,
    unwrapped,
)
from winnow.readers.tabular.tables import RecordTable

_SAMPLE_LINES = 200
_BLANK = " \t\r\n\ufeff\x1a" + COMMON_DELIMITERS
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)
"""`sep=;`, by which Excel names the delimiter in a line above the header."""
_SENTENCE_END = re.compile(r"""[.!?]["'”’)]?\s*\Z""")
_MAX_NAME_WORDS = 8
"""A header with more words is a sentence."""


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
        if _is_text(names[0]):
            names, rows = ["text"], chain([header], rows)
            source.note(
                "no_header",
                "The first line looks like text, not like a column name; it was read as a record.",
            )
        else:
            source.note("header_assumed", "The first line was read as the name of the only column.")
    parser.width = len(names)
    # Cells that are between rules, as in Markdown, are padded.
    is_padded = table_format.delimiter == "|" and any(name != name.strip() for name in names)
    yield from _body(RecordTable(source, names), rows, is_padded=is_padded)


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
    table_format = sniff(sample.lines, source.process_columns, sample.preferred)
    lines = chain(sample.lines, rest)
    if table_format.columns == 1 and not table_format.names_text:
        outer = table_format.dialect
        inner = sniff(
            list(unwrapped(iter(sample.lines), outer, sample.size)),
            source.process_columns,
        )
        if inner.names_text and inner.columns > 1:
            source.note(
                "rows_in_quotes", "Each row was quoted as a whole; the outer quotes were removed."
            )
            return inner, unwrapped(lines, outer, source.limits.max_line_chars)
    return table_format, lines


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
    table: RecordTable, rows: Iterator[ParsedRow], *, is_padded: bool
) -> Iterator[Record | InvalidRecord]:
    """The records of the rows below the header."""
    number = 0
    for row in rows:
        if row.error:
            number += 1
            yield _malformed(number, row)
            continue
        cells = [cell.strip() for cell in row.cells] if is_padded else row.cells
        if any(cell[:2] == '="' for cell in cells):
            cells = list(map(_without_formula, cells))
        if cells and (record := table.record(number + 1, row.line, cells)):
            number += 1
            yield record


def _without_formula(cell: str) -> str:
    """A cell `="00123"` as `00123`: the formula only keeps Excel from making it a number."""
    if cell[:2] != '="' or cell[-1:] != '"' or len(cell) < 3:
        return cell
    inner = cell[2:-1]
    # A formula that joins texts is kept.
    return inner.replace('""', '"') if '"' not in inner.replace('""', "") else cell


def _is_text(name: str) -> bool:
    """Whether the head of a single column is a text or a number itself."""
    if _SENTENCE_END.search(name) or len(name.split()) > _MAX_NAME_WORDS:
        return True
    return name.strip().replace(".", "").replace(",", "").removeprefix("-").isdecimal()


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
