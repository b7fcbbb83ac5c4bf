"""The rows of a table, with what is malformed in them repaired or confined to its own line.

A quote that is never closed would swallow the rest of the file, and the csv module raises at the
first bad row. Here a row with an error costs its first line; the lines after it are read again.
"""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from winnow.readers.tabular.dialect import NO_DELIMITER, Dialect

_MAX_REREADS = 4
"""How often a file's characters may be read again because a quote is not closed."""
_GAP = re.compile(r"(?<=\S)(?: {2,}|\t+ *)(?=\S)")
"""What is between aligned cells."""
_TAB = 8
_OFF_CENTRE = 2
"""How much the ends of a centred cell may be off in sum."""


class ParsedRow(NamedTuple):
    """A row of a table, or the error in it."""

    line: int
    last: int
    cells: list[str]
    error: str | None = None
    spans: tuple[tuple[int, int], ...] = ()
    """Where the cells begin and end, if they are aligned."""
    ends_open: bool = False
    """Whether it ends with a delimiter."""


class RowParser:
    """The rows of a table. A bad one costs its own line and no other.

    A quote that is never closed swallows what follows it: after `max_chars` characters the row is
    given up and all its lines but the first are read again. What is read again is rationed,
    `credit` characters at first and some times what was read for good from then on, so that no file
    takes more time than in proportion to its length. `first_line` is the number of the first line.
    """

    def __init__(
        self,
        lines: Iterator[str],
        dialect: Dialect,
        max_chars: int,
        credit: int,
        first_line: int = 1,
    ) -> None:
        self._feed = _LineFeed(lines, max_chars, credit)
        self._feed.line = first_line
        self._dialect = dialect
        self._prepare: Callable[[str], str] | None = None
        """What every line needs before the CSV parser takes it."""
        if dialect.aligned:
            self._prepare = _with_delimiters
        elif dialect.formulas:
            self._prepare = self._without_formulas
            self._feed.counts_quotes = True
        self._feed.prepare = self._prepare
        self.width: int | None = None
        """How many cells a row should have, once the header is known."""
        mark = re.escape(dialect.delimiter)
        self._blank_after_quote = rf'(?<!["{mark}])"[ \t]+(?={mark}|[\r\n]|\Z)'
        self._parser = csv.reader(
            self._feed,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote,
            skipinitialspace=dialect.spaced,
            quoting=csv.QUOTE_NONE if dialect.aligned else csv.QUOTE_MINIMAL,
            strict=True,
        )

    def __iter__(self) -> Iterator[ParsedRow]:
        feed = self._feed
        mark = self._dialect.delimiter
        while True:
            try:
                cells, error = next(self._parser), None
            except StopIteration:
                return
            except csv.Error as problem:
                cells, error = [], str(problem)
            is_suspect = error or (self.width and len(cells) > self.width)
            if is_suspect and (repaired := self._repaired()):
                cells, error = repaired, None
            last = feed.line + len(feed.row) - 1
            if error:
                feed.undo(1)
            spans = _spans(feed.row[0]) if self._dialect.aligned and feed.row else ()
            ends_open = bool(feed.row) and feed.row[-1].rstrip("\r\n").endswith(mark)
            yield ParsedRow(feed.line, last, cells, error, spans, ends_open)
            feed.begin()

    def _repaired(self) -> list[str] | None:
        """The row as one whose quotes are escaped by backslashes, or have blanks after them."""
        feed = self._feed
        lines = list(feed.row)
        blank_after_quote = re.compile(self._blank_after_quote)
        if self._dialect.aligned or not any(
            '\\"' in line or blank_after_quote.search(line) for line in lines
        ):
            return None
        feed.undo(0)
        prepare = self._prepare
        feed.prepare = lambda line: blank_after_quote.sub(
            '"', (prepare(line) if prepare else line).replace('\\"', '""')
        )
        try:
            cells = next(self._parser)
            if self.width is None or not any(map(str.strip, cells[self.width :])):
                return cells
        except (csv.Error, StopIteration):
            pass
        finally:
            feed.prepare = prepare
        feed.undo(0)
        feed.take(len(lines))
        return None

    def _without_formulas(self, line: str) -> str:
        """A line whose cells `="..."` are `"..."`."""
        is_quoted = self._feed.quotes % 2
        pieces = line.split('"')
        for index in range(is_quoted, len(pieces) - 1, 2):
            piece = pieces[index]
            if piece == "=" if not index else piece.endswith(f"{self._dialect.delimiter}="):
                pieces[index] = piece[:-1]
        return '"'.join(pieces)


class _LineFeed:
    """Lines to the CSV parser, kept until their row is whole, so that a bad row can be undone."""

    def __init__(self, lines: Iterator[str], max_chars: int, credit: int) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        """Lines that were given back."""
        self._max_chars = max_chars
        self._credit = credit
        self._size = 0
        self.row: list[str] = []
        """The lines of the row so far."""
        self.line = 1
        """The number of the first line of the row."""
        self.counts_quotes = False
        self.quotes = 0
        """Quotes in the lines of the row so far, where they are counted."""
        self.prepare: Callable[[str], str] | None = None
        """Changes a line before it is parsed."""

    def __iter__(self) -> "_LineFeed":
        return self

    def __next__(self) -> str:
        if self._size > self._max_chars or self._size > self._credit:
            raise StopIteration  # a cell without end: the parser says that its quote is not closed
        line = self._again.popleft() if self._again else next(self._lines)
        prepared = self.prepare(line) if self.prepare else line
        self.row.append(line)
        self._size += len(line)
        if self.counts_quotes:
            self.quotes += line.count('"')
        return prepared

    def begin(self) -> None:
        """The row is complete; the next one begins."""
        self._credit += _MAX_REREADS * self._size
        self.line += len(self.row)
        self.row = []
        self._size = 0
        self.quotes = 0

    def undo(self, keep: int) -> None:
        """Give back all lines of the row but its first `keep`."""
        given_back = self.row[keep:]
        self._again.extendleft(reversed(given_back))
        del self.row[keep:]
        self.quotes = sum(line.count('"') for line in self.row) if self.counts_quotes else 0
        size = sum(map(len, given_back))
        self._size -= size
        self._credit -= size

    def take(self, count: int) -> None:
        """Take lines as they were taken before."""
        for _ in range(count):
            line = self._again.popleft()
            self.row.append(line)
            self._size += len(line)


def _with_delimiters(line: str) -> str:
    """A line whose cells are two or more blanks apart, as one with delimiters."""
    return _GAP.sub(NO_DELIMITER, line.strip(" "))


def _spans(line: str) -> tuple[tuple[int, int], ...]:
    """Where aligned cells begin and end, as they are shown: a tab reaches to the next stop."""
    text = line.rstrip()
    at = column = len(text) - len(text.lstrip(" "))
    spans = []
    for gap in _GAP.finditer(text, at):
        end = column + gap.start() - at
        spans.append((column, end))
        before = end % _TAB
        column = end - before + len((" " * before + gap.group()).expandtabs(_TAB))
        at = gap.end()
    return (*spans, (column, column + len(text) - at))


class AlignedColumns:
    """Where the columns of an aligned table are: where the names of its header begin and end.

    If a cell is blank and two blanks are inside another, their number is right and their places are
    not. Without columns every row fits.
    """

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._spans = spans
        self._begins = {begin for begin, _ in spans}
        self._ends = {end for _, end in spans}

    def fits(self, spans: Sequence[tuple[int, int]]) -> bool:
        """Whether the cells of a row, if it has one for each column, are under their names.

        They are on the left, on the right or in the middle. In a table of two columns the first
        cell need only begin where the table does.
        """
        if not spans or len(spans) != len(self._spans):
            return True
        if len(spans) == 2 and spans[0][0] <= self._spans[0][0]:
            return True
        return all(map(_is_under, spans, self._spans))

    def has_all(self, spans: Sequence[tuple[int, int]]) -> bool:
        """Whether each cell begins or ends where a column does."""
        return all(begin in self._begins or end in self._ends for begin, end in spans)


def _is_under(span: tuple[int, int], name: tuple[int, int]) -> bool:
    (begin, end), (left, right) = span, name
    return abs(begin - left) <= 1 or end == right or abs(begin + end - left - right) <= _OFF_CENTRE
