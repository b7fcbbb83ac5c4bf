"""CSV and TSV: a header, then a record a row."""

import csv
import re
import unicodedata
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from winnow.columns import plain_name
from winnow.errors import FileUnreadableError, NoRecordsError
from winnow.models import InvalidRecord, Record
from winnow.readers.source import Source
from winnow.readers.tables import Table

_COMMON = ",;\t|"
_NEVER = frozenset("\"'_-.()/\\#&+%*<>[]{}?!=@$°")
_NO_DELIMITER = "\x1f"
_SAMPLE_LINES = 40
_PREAMBLE_ROWS = 20
_SEPARATOR_LINE = re.compile(r"\ufeff?sep=(.)\s*", re.IGNORECASE)


class Layout(NamedTuple):
    """How a table is laid out, as far as its first lines tell."""

    delimiter: str
    skip: int
    """Rows before the header."""
    columns: int
    names_text: bool
    """Whether the header has a column that the process reads."""
    even: float
    """Share of the sample's rows that have as many cells as the header."""


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """The rows of a table; the delimiter is the one that makes a table of its first lines."""
    return _rows(source, "")


def read_tabs(source: Source) -> Iterator[Record | InvalidRecord]:
    """The rows of a table delimited by tabs, or by what its header has instead."""
    return _rows(source, "\t")


def layout_of(lines: Sequence[str], wanted: Sequence[str], preferred: str = "") -> Layout:
    """The likeliest layout of a table that begins with these lines.

    `wanted` are the plain names of the columns that the process reads as text; `preferred` is the
    delimiter to take wherever the header has it.
    """
    first = next((line for line in lines if line.strip()), "")
    found = [_try(lines, mark, wanted) for mark in _candidates(first, lines)]
    if preferred and any(preferred in line for line in lines):
        return _try(lines, preferred, wanted)
    best = max(
        found,
        key=lambda a: (
            a.names_text and a.columns > 1,
            a.delimiter in _COMMON or a.even > 0.9,
            a.columns > 1 and a.even > 0.5,
            a.columns,
        ),
        default=Layout(_NO_DELIMITER, 0, 1, False, 0.0),
    )
    if best.columns > 1:
        return best
    return _try(lines, _NO_DELIMITER, wanted)


def _candidates(first: str, lines: Sequence[str]) -> list[str]:
    marks = [mark for mark in _COMMON if any(mark in line for line in lines)]
    marks += sorted(
        {
            char
            for char in first
            if char not in _NEVER
            and char not in _COMMON
            and char not in "\r\n\x00\ufeff"
            and unicodedata.category(char)[0] in "PSC"
            and unicodedata.category(char) != "Cs"
        }
    )[:10]
    return marks


def _try(lines: Sequence[str], mark: str, wanted: Sequence[str]) -> Layout:
    rows = []
    reader = csv.reader(lines, delimiter=mark)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            continue
        if any(cell.strip() for cell in row):
            rows.append(row)
    names = frozenset(wanted)
    for skip, row in enumerate(rows[:_PREAMBLE_ROWS]):
        if any(plain_name(cell) in names for cell in row):
            return _layout(mark, skip, rows, True)
    return _layout(mark, 0, rows, False)


def _layout(mark: str, skip: int, rows: Sequence[Sequence[str]], names_text: bool) -> Layout:
    width = len(rows[skip]) if rows else 1
    below = rows[skip + 1 :]
    # The last row of a sample may be cut.
    even = sum(len(row) == width for row in below) / len(below) if below else 0.0
    return Layout(mark, skip, width, names_text, even)


class _Feed:
    """Lines to the CSV parser, kept until their row is whole, so that a bad row can be undone."""

    def __init__(self, lines: Iterator[str], most: int) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._most = most
        self._size = 0
        self.row: list[str] = []
        self.line = 1
        """The number of the first line of the row."""

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        if self._size > self._most:
            raise StopIteration  # a cell without end: the parser says that its quote is not closed
        line = self._again.popleft() if self._again else next(self._lines)
        self.row.append(line)
        self._size += len(line)
        return line

    def begin(self) -> None:
        """The row is done with; the next one begins."""
        self.line += len(self.row)
        self.row = []
        self._size = 0

    def undo(self) -> None:
        """Give back all lines of the row but its first."""
        self._again.extendleft(reversed(self.row[1:]))
        del self.row[1:]

    def give_back(self, lines: Sequence[str]) -> None:
        """Lines that were looked at, and not read."""
        self.row = []
        self._size = 0
        self._again.extendleft(reversed(lines))


def _rows(source: Source, preferred: str) -> Iterator[Record | InvalidRecord]:
    csv.field_size_limit(source.limits.max_line_chars)
    feed = _Feed(iter(source.lines), source.limits.max_line_chars)
    sample = list(islice(feed, _SAMPLE_LINES))
    feed.give_back(sample)
    blank = next((index for index, line in enumerate(sample) if line.strip()), None)
    if blank is None:
        raise NoRecordsError("The file has no header.")
    if separator := _SEPARATOR_LINE.fullmatch(sample[blank]):
        preferred = separator[1]
        blank += 1
    for _ in range(blank):
        next(feed)
        feed.begin()
    layout = layout_of(sample[blank:], source.wanted, preferred)
    rows = csv.reader(feed, delimiter=layout.delimiter, strict=True)
    header = _header(rows, feed, layout.skip)
    if layout.skip:
        source.note(
            "rows_before_header",
            f"The header was found in line {feed.line:,}; the rows before it were left out.",
        )
    feed.begin()
    table = Table(source, header)

    number = 0
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            last = feed.line + len(feed.row) - 1
            if len(feed.row) > 1:
                feed.undo()
            yield _malformed(number, feed.line, last, error)
            feed.begin()
            continue
        if row and (record := table.record(number + 1, feed.line, row)):
            number += 1
            yield record
        feed.begin()


def _header(rows: Iterator[list[str]], feed: _Feed, skip: int) -> list[str]:
    while True:
        try:
            row = next(rows)
        except StopIteration:
            raise NoRecordsError("The file has no header.") from None
        except csv.Error:
            if not skip:
                raise FileUnreadableError(
                    "The header row cannot be read: a quote in it is not closed."
                ) from None
            feed.undo()
            row = ["?"]
        if any(cell.strip() for cell in row):
            if not skip:
                return row
            skip -= 1
        feed.begin()


def _malformed(number: int, line: int, last: int, error: csv.Error) -> InvalidRecord:
    reason = "Its quotes are not those of a CSV: a quote inside a cell must be doubled."
    if "field limit" in str(error) or "unexpected end" in str(error):
        reason = (
            f"A quote in it is never closed: it would swallow the lines to {last:,}. "
            "They were read without it."
            if last > line
            else "A quote in it is never closed."
        )
    return InvalidRecord(record=number, line=line, code="row_malformed", reason=reason)
