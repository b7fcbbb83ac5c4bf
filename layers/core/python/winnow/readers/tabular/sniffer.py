"""Detects the dialect of a table, and where its header is, by its first lines.

Like `csv.Sniffer`, but for files that people and programs really send: a title above the header,
rare delimiters, rows in quotes, columns aligned by blanks. Each candidate is tried on a sample; the
one whose rows make the most even table wins, above all one whose header names the text column.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from winnow.readers.tabular.dialect import NO_DELIMITER, Dialect
from winnow.readers.tabular.header import (
    HEADER_ROWS,
    MAX_HEADER_CHARS,
    header_of,
    names_read,
)
from winnow.readers.tabular.recovery import RowParser
from winnow.tables.columns import ColumnNames, mentions

COMMON_DELIMITERS = ",;\t|"
SAMPLE_CHARS = 1 << 18
_RARE_DELIMITERS = " -_.()/\\#&+%*<>[]{}?!=@$°:"
"""Taken for a delimiter only where that makes an even table whose header names the text."""
_IN_NAMES = " -_./"
"""Delimiters that occur inside names: the name of a single column is not split at them."""
_DELIMITER_CATEGORIES = frozenset(("Cc", "Pc", "Pd", "Pe", "Po", "Ps", "Sc", "Sk", "Sm", "So"))
"""Unicode's categories of what may be a delimiter: control characters, punctuation, symbols."""
_MAX_CANDIDATES = 20
"""Marks besides the common delimiters that are tried."""
_FORMULA_CELL = re.compile(r'(?:^|[^\w"])="', re.MULTILINE)


class TableFormat(NamedTuple):
    """A dialect, and the table that it makes of the first lines."""

    dialect: Dialect
    skip: int = 0
    """Rows before the header."""
    columns: int = 1
    names_text: bool = False
    """Whether the header has a column that the process reads."""
    evenness: float = 0.0
    """Share of the sample's rows that have as many cells as the header."""

    @property
    def delimiter(self) -> str:
        return self.dialect.delimiter


def sniff(lines: Sequence[str], names: ColumnNames, preferred: str = "") -> TableFormat:
    """The likeliest format of a table that begins with these lines.

    `names` are those of the columns that the process knows; `preferred` is the delimiter to take
    wherever it makes a table.
    """
    best = max(
        (
            candidate
            for mark in _candidates(lines, names)
            if _is_plausible(candidate := _best_with(lines, mark, names))
        ),
        key=_likelihood,
        default=None,
    )
    if preferred and any(preferred in line for line in lines):
        candidate = _best_with(lines, preferred, names)
        if candidate.columns > 1 and (candidate.names_text or not (best and best.names_text)):
            return candidate
    if best and best.columns > 1 and (best.names_text or best.delimiter not in _RARE_DELIMITERS):
        return best
    aligned = _tried(lines, Dialect(NO_DELIMITER, aligned=True), names)
    if aligned.names_text and aligned.columns > 1:
        return aligned
    return _tried(lines, Dialect(NO_DELIMITER), names)


def _candidates(lines: Sequence[str], names: ColumnNames) -> list[str]:
    """What may part the cells: the common delimiters, and marks in lines that may be the header."""
    common = [mark for mark in COMMON_DELIMITERS if any(mark in line for line in lines)]
    first = next((line for line in lines if line.strip()), "")
    marks = set(first)
    for line in lines[:HEADER_ROWS]:
        if len(line) < MAX_HEADER_CHARS and mentions(line, names.read):
            marks.update(line)
    others = sorted(
        (mark for mark in marks if mark not in COMMON_DELIMITERS and _may_delimit(mark)),
        key=lambda mark: (mark in _RARE_DELIMITERS, mark),
    )
    return [*common, *others[:_MAX_CANDIDATES]]


def _may_delimit(char: str) -> bool:
    if char in "\r\n\x00\ufeff\"'":
        return False
    return char in _RARE_DELIMITERS or unicodedata.category(char) in _DELIMITER_CATEGORIES


def _is_plausible(candidate: TableFormat) -> bool:
    if candidate.delimiter in COMMON_DELIMITERS:
        return True
    if candidate.delimiter in _RARE_DELIMITERS:
        min_columns = 3 if candidate.delimiter in _IN_NAMES else 2
        return (
            candidate.names_text
            and candidate.evenness > 0.9
            and not candidate.skip
            and candidate.columns >= min_columns
        )
    return candidate.names_text or candidate.evenness > 0.9


def _likelihood(candidate: TableFormat) -> tuple[bool, bool, bool, int]:
    return (
        candidate.names_text and candidate.columns > 1,
        candidate.columns > 1 and candidate.evenness > 0.5,
        candidate.delimiter in COMMON_DELIMITERS,
        candidate.columns,
    )


def _best_with(lines: Sequence[str], mark: str, names: ColumnNames) -> TableFormat:
    """The format with this delimiter, quotes and blanks as they make the most even table."""
    best = _tried(lines, Dialect(mark), names)
    edge = re.escape(mark)
    sample = "".join(lines)[:SAMPLE_CHARS]
    if '="' in sample and _FORMULA_CELL.search(sample):
        formulas = _tried(lines, Dialect(mark, formulas=True), names)
        if (formulas.names_text, formulas.evenness) >= (best.names_text, best.evenness):
            best = formulas
    if f"{mark} " in sample and quoted_after_blanks(sample, mark):
        spaced = _tried(lines, Dialect(mark, spaced=True), names)
        if spaced.evenness >= best.evenness or (spaced.names_text and not best.names_text):
            best = spaced
    if "'" in sample and re.search(rf"(?m)(?:^|{edge})'(?:[^'\r\n]|'')*'(?:{edge}|\r?$)", sample):
        single = _tried(lines, Dialect(mark, quote="'"), names)
        if single.evenness > best.evenness or (single.names_text and not best.names_text):
            best = single
    return best


def quoted_after_blanks(sample: str, mark: str) -> bool:
    """Whether a delimiter, blanks and a quote stand somewhere where no quote is open."""
    for before in sample.split('"')[:-1:2]:
        bare = before.rstrip(" ")
        blanks = len(before) - len(bare)
        if blanks > 1 if mark == " " else blanks and bare.endswith(mark):
            return True
    return False


def _tried(lines: Sequence[str], dialect: Dialect, names: ColumnNames) -> TableFormat:
    """The table that a dialect makes of the sample."""
    rows = _sample_rows(lines, dialect, names)
    place = header_of(rows, names)
    return _measured(dialect, place or 0, rows, names_text=place is not None)


def _sample_rows(lines: Sequence[str], dialect: Dialect, names: ColumnNames) -> list[list[str]]:
    """The rows that are not blank."""
    size = sum(map(len, lines))
    rows: list[list[str]] = []
    is_named = False
    for row in RowParser(iter(lines), dialect, size, size):
        if row.error and row.last == len(lines) and is_named:
            break  # cut in the middle of a row
        if not any(cell.strip() for cell in row.cells) and not row.error:
            continue
        is_named = is_named or names_read(row.cells, names)
        rows.append(row.cells)
    return rows


def _measured(
    dialect: Dialect, skip: int, rows: Sequence[Sequence[str]], *, names_text: bool
) -> TableFormat:
    """The table whose header is the row after the first `skip`."""
    # A header that cannot be read is taken to be as wide as its rows.
    width = len(rows[skip]) or max(map(len, rows)) or 1 if rows else 1
    body = [row for row in rows[skip + 1 :] if row]  # those that can be read
    evenness = sum(len(row) == width for row in body) / len(body) if body else 0.0
    return TableFormat(dialect, skip, width, names_text, evenness)


def unwrapped(lines: Iterator[str], dialect: Dialect, max_chars: int) -> Iterator[str]:
    """The rows of a table of one column as lines: each stood in quotes as a whole."""
    for row in RowParser(lines, dialect, max_chars, 8 * max_chars):
        yield "".join(row.cells) + "\n"
