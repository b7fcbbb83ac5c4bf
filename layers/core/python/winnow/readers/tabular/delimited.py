"""CSV and TSV: a header, then a record a row."""

import csv
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from winnow.errors import FileUnreadableError, NoRecordsError
from winnow.models import InvalidRecord, Record
from winnow.readers.source import Source
from winnow.readers.tabular.tables import HEADER_ROWS, Table
from winnow.tables.columns import mentions, plain_name

_COMMON = ",;\t|"
_RARE = " -_.()/\\#&+%*<>[]{}?!=@$°:"
"""Taken for a delimiter only where that makes an even table whose header names the text."""
_IN_NAMES = " -_./"
"""Of these, what stands inside names: a single column's name is not parted by one of them."""
_NO_DELIMITER = "\x1f"
_SAMPLE_LINES = 200
_SAMPLE_CHARS = 1 << 18
_MOST_MARKS = 20
_LONG = 10_000
"""Characters: longer lines hold more than a header."""
_BLANK = " \t\r\n\ufeff\x1a" + _COMMON
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)
_REREAD = 4
"""How often a file's characters may be read again because a quote is not closed."""
_ENDS_A_SENTENCE = re.compile(r"""[.!?]["'”’)]?\s*\Z""")
_SENTENCE_WORDS = 8
_FORMULA_CELL = re.compile(r'(?:^|[^\w"])="', re.MULTILINE)
_GAP = re.compile(r"(?<=\S)(?: {2,}|\t+ *)(?=\S)")


class Layout(NamedTuple):
    """How a table is laid out, as far as its first lines tell."""

    delimiter: str
    skip: int = 0
    """Rows before the header."""
    columns: int = 1
    names_text: bool = False
    """Whether the header has a column that the process reads."""
    even: float = 0.0
    """Share of the sample's rows that have as many cells as the header."""
    quote: str = '"'
    spaced: bool = False
    """Whether blanks after a delimiter are no part of the cell."""
    formulas: bool = False
    """Whether cells are written as `="..."`, which keeps spreadsheets from changing them."""
    aligned: bool = False
    """Whether two blanks and more stand between the cells, instead of a delimiter."""


class Row(NamedTuple):
    """A row of a table, or why it is none."""

    line: int
    last: int
    cells: list[str]
    error: str | None = None


def read(source: Source) -> Iterator[Record | InvalidRecord]:
    """The rows of a table; the delimiter is the one that makes a table of its first lines."""
    return _records(source, "")


def read_tabs(source: Source) -> Iterator[Record | InvalidRecord]:
    """The rows of a table delimited by tabs, or by what its header has instead."""
    return _records(source, "\t")


def layout_of(lines: Sequence[str], wanted: Sequence[str], preferred: str = "") -> Layout:
    """The likeliest layout of a table that begins with these lines.

    `wanted` are the plain names of the columns that the process reads as text; `preferred` is the
    delimiter to take wherever it makes a table.
    """
    best = max(
        (
            found
            for mark in _candidates(lines, wanted)
            if _plausible(found := _laid_out(lines, mark, wanted))
        ),
        key=_likelihood,
        default=None,
    )
    if preferred and any(preferred in line for line in lines):
        found = _laid_out(lines, preferred, wanted)
        if found.columns > 1 and (found.names_text or not (best and best.names_text)):
            return found
    if best and best.columns > 1 and (best.names_text or best.delimiter not in _RARE):
        return best
    aligned = _try(lines, Layout(_NO_DELIMITER, aligned=True), wanted)
    if aligned.names_text and aligned.columns > 1:
        return aligned
    return _try(lines, Layout(_NO_DELIMITER), wanted)


def _candidates(lines: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """What may part the cells: the common delimiters, and marks in lines that may be the header."""
    common = [mark for mark in _COMMON if any(mark in line for line in lines)]
    first = next((line for line in lines if line.strip()), "")
    marks = set(first)
    for line in lines[:HEADER_ROWS]:
        if len(line) < _LONG and mentions(line, wanted):
            marks.update(line)
    others = sorted(
        (mark for mark in marks if mark not in _COMMON and _may_delimit(mark)),
        key=lambda mark: (mark in _RARE, mark),
    )
    return [*common, *others[:_MOST_MARKS]]


def _may_delimit(char: str) -> bool:
    if char in "\r\n\x00\ufeff\"'":
        return False
    return char in _RARE or unicodedata.category(char) in (
        "Cc", "Pc", "Pd", "Pe", "Po", "Ps", "Sc", "Sk", "Sm", "So",
    )  # fmt: skip


def _plausible(layout: Layout) -> bool:
    if layout.delimiter in _COMMON:
        return True
    if layout.delimiter in _RARE:
        least = 3 if layout.delimiter in _IN_NAMES else 2
        return (
            layout.names_text and layout.even > 0.9 and not layout.skip and layout.columns >= least
        )
    return layout.names_text or layout.even > 0.9


def _likelihood(layout: Layout) -> tuple[bool, bool, bool, int]:
    return (
        layout.names_text and layout.columns > 1,
        layout.columns > 1 and layout.even > 0.5,
        layout.delimiter in _COMMON,
        layout.columns,
    )


def _laid_out(lines: Sequence[str], mark: str, wanted: Sequence[str]) -> Layout:
    """The layout with this delimiter, quotes and blanks as they make the most even table."""
    best = _try(lines, Layout(mark), wanted)
    edge = re.escape(mark)
    sample = "".join(lines)[:_SAMPLE_CHARS]
    if '="' in sample and _FORMULA_CELL.search(sample):
        found = _try(lines, Layout(mark, formulas=True), wanted)
        if (found.names_text, found.even) >= (best.names_text, best.even):
            best = found
    if f"{mark} " in sample and _quoted_after_blanks(sample, mark):
        spaced = _try(lines, Layout(mark, spaced=True), wanted)
        if spaced.even >= best.even or (spaced.names_text and not best.names_text):
            best = spaced
    if "'" in sample and re.search(rf"(?m)(?:^|{edge})'(?:[^'\r\n]|'')*'(?:{edge}|\r?$)", sample):
        single = _try(lines, Layout(mark, quote="'"), wanted)
        if single.even > best.even or (single.names_text and not best.names_text):
            best = single
    return best


def _quoted_after_blanks(sample: str, mark: str) -> bool:
    """Whether a delimiter, blanks and a quote stand somewhere where no quote is open."""
    for before in sample.split('"')[:-1:2]:
        bare = before.rstrip(" ")
        blanks = len(before) - len(bare)
        if blanks > 1 if mark == " " else blanks and bare.endswith(mark):
            return True
    return False


def _try(lines: Sequence[str], layout: Layout, wanted: Sequence[str]) -> Layout:
    names = frozenset(wanted)
    size = sum(map(len, lines))
    rows: list[list[str]] = []
    headers: list[int] = []
    for row in Rows(iter(lines), layout, size, size):
        if row.error and row.last == len(lines) and headers:
            break  # cut in the middle of a row
        if not any(cell.strip() for cell in row.cells) and not row.error:
            continue
        if len(headers) < 2 and any(
            len(cell) < _LONG and plain_name(cell) in names for cell in row.cells
        ):
            headers.append(len(rows))
        rows.append(row.cells)
    headers = [at for at in headers if at < HEADER_ROWS]
    found = [_described(layout, at, rows, True) for at in headers]
    if len(found) > 1 and (found[0].columns == 1 or found[0].even < 0.5 < found[1].even):
        return found[1]  # a title that is called like the column
    return found[0] if found else _described(layout, 0, rows, False)


def _described(layout: Layout, skip: int, rows: Sequence[Sequence[str]], named: bool) -> Layout:
    # A header that cannot be read is told by its rows.
    width = len(rows[skip]) or max(map(len, rows)) or 1 if rows else 1
    below = [row for row in rows[skip + 1 :] if row]  # those that can be read
    even = sum(len(row) == width for row in below) / len(below) if below else 0.0
    return layout._replace(skip=skip, columns=width, names_text=named, even=even)


class _Feed:
    """Lines to the CSV parser, kept until their row is whole, so that a bad row can be undone."""

    def __init__(self, lines: Iterator[str], most: int, credit: int) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._most = most
        self._credit = credit
        self._size = 0
        self.row: list[str] = []
        self.line = 1
        """The number of the first line of the row."""
        self.counts = False
        self.quotes = 0
        """Quotes in the lines of the row so far, where they are counted."""
        self.prepare: Callable[[str], str] | None = None
        """What is done to a line before it is parsed."""

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        if self._size > self._most or self._size > self._credit:
            raise StopIteration  # a cell without end: the parser says that its quote is not closed
        line = self._again.popleft() if self._again else next(self._lines)
        prepared = self.prepare(line) if self.prepare else line
        self.row.append(line)
        self._size += len(line)
        if self.counts:
            self.quotes += line.count('"')
        return prepared

    def begin(self) -> None:
        """The row is done with; the next one begins."""
        self._credit += _REREAD * self._size
        self.line += len(self.row)
        self.row = []
        self._size = 0
        self.quotes = 0

    def undo(self, keep: int) -> None:
        """Give back all lines of the row but its first ones."""
        given = self.row[keep:]
        self._again.extendleft(reversed(given))
        del self.row[keep:]
        self.quotes = sum(line.count('"') for line in self.row) if self.counts else 0
        size = sum(map(len, given))
        self._size -= size
        self._credit -= size

    def take(self, count: int) -> None:
        """Take lines as they were taken before."""
        for _ in range(count):
            line = self._again.popleft()
            self.row.append(line)
            self._size += len(line)


class Rows:
    """The rows of a table. A bad one costs its own line and no other.

    A quote that is never closed swallows what follows it: after `most` characters the row is given
    up and all its lines but the first are read again. What is read again is rationed, `credit`
    characters at first and some times what was read for good from then on, so that no file takes
    more time than in proportion to its length.
    """

    def __init__(
        self, lines: Iterator[str], layout: Layout, most: int, credit: int, line: int = 1
    ) -> None:
        self._feed = _Feed(lines, most, credit)
        self._feed.line = line
        self._aligned = layout.aligned
        self._usual: Callable[[str], str] | None = None
        if layout.aligned:
            self._usual = _parted
        elif layout.formulas:
            self._usual = self._bared
            self._feed.counts = True
        self._feed.prepare = self._usual
        self._mark = layout.delimiter
        self.width: int | None = None
        """How many cells a row should have, once the header is known."""
        mark = re.escape(layout.delimiter)
        self._padded = rf'(?<!["{mark}])"[ \t]+(?={mark}|[\r\n]|\Z)'
        self._parser = csv.reader(
            self._feed,
            delimiter=layout.delimiter,
            quotechar=layout.quote,
            skipinitialspace=layout.spaced,
            quoting=csv.QUOTE_NONE if layout.aligned else csv.QUOTE_MINIMAL,
            strict=True,
        )

    def __iter__(self) -> Iterator[Row]:
        feed = self._feed
        while True:
            try:
                cells, error = next(self._parser), None
            except StopIteration:
                return
            except csv.Error as problem:
                cells, error = [], str(problem)
            if (error or (self.width and len(cells) > self.width)) and (mended := self._mended()):
                cells, error = mended, None
            last = feed.line + len(feed.row) - 1
            if error:
                feed.undo(1)
            yield Row(feed.line, last, cells, error)
            feed.begin()

    def _mended(self) -> list[str] | None:
        """The row as one whose quotes are escaped by backslashes, or have blanks after them."""
        feed = self._feed
        lines = list(feed.row)
        padded = re.compile(self._padded)
        if self._aligned or not any('\\"' in line or padded.search(line) for line in lines):
            return None
        feed.undo(0)
        usual = self._usual
        feed.prepare = lambda line: padded.sub(
            '"', (usual(line) if usual else line).replace('\\"', '""')
        )
        try:
            cells = next(self._parser)
            if self.width is None or not any(map(str.strip, cells[self.width :])):
                return cells
        except (csv.Error, StopIteration):
            pass
        finally:
            feed.prepare = usual
        feed.undo(0)
        feed.take(len(lines))
        return None

    def _bared(self, line: str) -> str:
        """A line whose cells `="..."` are `"..."`."""
        inside = self._feed.quotes % 2
        pieces = line.split('"')
        for index in range(inside, len(pieces) - 1, 2):
            piece = pieces[index]
            if piece == "=" if not index else piece.endswith(f"{self._mark}="):
                pieces[index] = piece[:-1]
        return '"'.join(pieces)


def _parted(line: str) -> str:
    """A line whose cells stand two blanks and more apart, as one with delimiters."""
    return _GAP.sub(_NO_DELIMITER, line.strip(" "))


def _records(source: Source, preferred: str) -> Iterator[Record | InvalidRecord]:
    most = source.limits.max_line_chars
    csv.field_size_limit(most)
    lines = iter(source.lines)
    before = 0
    sample: list[str] = []
    size = 0
    for line in lines:
        if not sample and not line.strip(_BLANK):
            before += 1
            continue
        if not sample and (separator := _SEPARATOR_LINE.fullmatch(line)):
            preferred = separator[1]
            before += 1
            continue
        sample.append(line)
        size += len(line)
        if len(sample) == _SAMPLE_LINES or size > _SAMPLE_CHARS:
            break
    if not sample:
        raise NoRecordsError("The file has no header.")
    layout = layout_of(sample, source.wanted, preferred)
    lines = chain(sample, lines)
    if layout.columns == 1 and not layout.names_text:
        inner = layout_of(list(_unwrapped(iter(sample), layout, size)), source.wanted)
        if inner.names_text and inner.columns > 1:
            source.note("rows_in_quotes", "Each row stands in quotes as a whole; they were undone.")
            lines, layout = _unwrapped(lines, layout, most), inner
    reader = Rows(lines, layout, most, 8 * most, before + 1)
    rows = iter(reader)
    header = _header(rows, layout.skip)
    if layout.skip:
        source.note(
            "rows_before_header",
            f"The header was found in line {header.line:,}; the rows before it were left out.",
        )
    names = list(map(_unformulated, header.cells))
    if layout.columns == 1 and not layout.names_text:
        if _is_text(names[0]):
            names, rows = ["text"], chain([header], rows)
            source.note("no_header", "The first line reads like a text, not like a column's name.")
        else:
            source.note("header_assumed", "The first line was taken for the only column's name.")
    reader.width = len(names)
    # Cells that stand between rules, as in Markdown, are padded.
    padded = layout.delimiter == "|" and any(name != name.strip() for name in names)
    table = Table(source, names)
    number = 0
    for row in rows:
        if row.error:
            number += 1
            yield _malformed(number, row)
            continue
        cells = [cell.strip() for cell in row.cells] if padded else row.cells
        if any(cell[:2] == '="' for cell in cells):
            cells = list(map(_unformulated, cells))
        if cells and (record := table.record(number + 1, row.line, cells)):
            number += 1
            yield record


def _unwrapped(lines: Iterator[str], layout: Layout, most: int) -> Iterator[str]:
    """The rows of a table of one column as lines."""
    for row in Rows(lines, layout, most, 8 * most):
        yield "".join(row.cells) + "\n"


def _unformulated(cell: str) -> str:
    """A cell `="00123"` without what keeps a spreadsheet from making a number of it."""
    if cell[:2] != '="' or cell[-1:] != '"' or len(cell) < 3:
        return cell
    inner = cell[2:-1]
    # A formula that joins texts is none of these.
    return inner.replace('""', '"') if '"' not in inner.replace('""', "") else cell


def _header(rows: Iterator[Row], skip: int) -> Row:
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


def _is_text(name: str) -> bool:
    """Whether the head of a single column is a text or a number itself."""
    if _ENDS_A_SENTENCE.search(name) or len(name.split()) > _SENTENCE_WORDS:
        return True
    return name.strip().replace(".", "").replace(",", "").removeprefix("-").isdecimal()


def _malformed(number: int, row: Row) -> InvalidRecord:
    error = row.error or ""
    reason = "Its quotes are not those of a CSV: a quote inside a cell must be doubled."
    if "field limit" in error or "field larger" in error or "unexpected end" in error:
        reason = (
            f"A quote in it is never closed: it would swallow the lines to {row.last:,}. "
            "They were read without it."
            if row.last > row.line
            else "A quote in it is never closed."
        )
    return InvalidRecord(record=number, line=row.line, code="row_malformed", reason=reason)
