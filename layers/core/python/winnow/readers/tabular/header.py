"""Which of the first rows is the header: the one that names what the process reads.

A row of data, of a title or of a legend may contain such a name too. It is no header if it is like
the rows around it.
"""

import re
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from winnow.errors import NoTextColumnError
from winnow.readers.source import Source
from winnow.readers.tabular.row_shape import is_code, trimmed_width
from winnow.tables.columns import ColumnNames, plain_name

HEADER_ROWS = 100
"""The header that names the text is looked for in so many rows; blank ones do not count."""
MAX_HEADER_CHARS = 10_000
"""Longer lines and cells contain more than a header, or than a name."""
_MAX_CANDIDATES = 10
_MAX_ABOVE = 3
"""Rows of a title that may be like a table; more are one."""
_MAX_FORM = 100
_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]+")
_NEARLY_ALL = 0.9
_SENTENCE_END = re.compile(r"""[.!?]["'”’)]?\s*\Z""")
_MAX_NAME_WORDS = 8
"""A header with more words is a sentence."""


_SAYS = re.compile(
    r"\b(?:deni(?:es|ed|als?)|negatives?|absent|excluded|ruled out|family|familial|mother|father"
    r"|maternal|paternal|relatives?|resolved|inactive|not|no|none|never|without|past|former|risks?"
    r"|precautions|side effects)\b",
    re.IGNORECASE,
)
"""Names that deny what stands below them, or say that it is of another person or time."""


def names_read(cells: Sequence[str], names: ColumnNames) -> bool:
    """Whether one of the cells is the name of a column that is judged."""
    return any(len(cell) < MAX_HEADER_CHARS and plain_name(cell) in names.read for cell in cells)


def header_of(rows: Sequence[Sequence[str]], names: ColumnNames) -> int | None:
    """The place of the header among rows that are not blank; None where no row names the text."""
    named = (at for at, cells in enumerate(rows[:HEADER_ROWS]) if names_read(cells, names))
    places = list(islice(named, _MAX_CANDIDATES))
    best: _Candidate | None = None
    for place in places:
        candidate = _Candidate.of(rows, place, names)
        if place and _is_data(rows, candidate):
            continue
        if best is None or _is_better(rows, candidate, best):
            best = candidate
    return best.place if best else None


def name_of_only_column(source: Source, name: str) -> str | None:
    """The name of a single column that is not named like the text; None where it is a text.

    Either is noted.
    """
    if _is_text(name):
        source.note(
            "no_header",
            "The first line looks like text, not like a column name; it was read as a record.",
        )
        return None
    if _SAYS.search(name):
        raise NoTextColumnError(
            "The name of the only column may say something of its cells, which are judged alone: "
            "write it into each of them, under a column that the process reads."
        )
    source.note("header_assumed", "The first line was read as the name of the only column.")
    return name


def _is_text(name: str) -> bool:
    """Whether the head of a single column is a text or a number itself."""
    if _SENTENCE_END.search(name) or len(name.split()) > _MAX_NAME_WORDS:
        return True
    return name.strip().replace(".", "").replace(",", "").removeprefix("-").isdecimal()


class _Candidate(NamedTuple):
    place: int
    text: int
    """The column that it calls the text."""
    width: int
    known: int
    """How many columns of the process it names."""
    evenness: float
    """The share of the rows below that are of its width."""

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]], place: int, names: ColumnNames) -> "_Candidate":
        plain = [plain_name(cell) for cell in rows[place]]
        text = next(at for at, name in enumerate(plain) if name in names.read)
        width = trimmed_width(rows[place])
        below = [row for row in rows[place + 1 :] if row]
        even = sum(_is_of_width(row, width) for row in below)
        known = 1 + len(set(plain).intersection(names.others))
        return cls(place, text, width, known, even / len(below) if below else 0.0)


def _is_of_width(row: Sequence[str], width: int) -> bool:
    trimmed = trimmed_width(row)
    return trimmed == width if width == 1 else 1 < trimmed <= width


def _is_better(rows: Sequence[Sequence[str]], later: _Candidate, first: _Candidate) -> bool:
    """Whether the first is a title, and the later one the header."""
    if later.known == 1 and first.width == 1 and _is_prose(rows[later.place]):
        return False
    if first.evenness < 0.5 < later.evenness:
        return True
    between = rows[first.place + 1 : later.place]
    alike = sum(_is_of_width(row, first.width) for row in between)
    return (
        later.known > first.known
        and later.evenness > 0.5
        and (first.width == 1 or alike <= _MAX_ABOVE)
    )


def _is_prose(cells: Sequence[str]) -> bool:
    """Whether words and not a name are behind a delimiter, as in a sentence with a comma."""
    return any(cell[:1] == " " and len(cell.split()) > 1 for cell in cells[1:])


def _is_data(rows: Sequence[Sequence[str]], candidate: _Candidate) -> bool:
    """Whether a row that names one column of the process is a row among others like it."""
    if candidate.known > 1:
        return False
    row, above = rows[candidate.place], rows[candidate.place - 1]
    below = [cells for cells in rows[candidate.place + 1 :] if len(cells) > candidate.text]
    name = plain_name(row[candidate.text])
    if any(plain_name(cells[candidate.text]) == name for cells in below if cells != row):
        return True
    if any(_has_code_alike(cell, at, below) for at, cell in enumerate(row) if is_code(cell)):
        return True
    is_like_above = candidate.width > 1 and _filled(row) == _filled(above)
    return is_like_above and not _is_unlike(row, candidate.text, below)


def _filled(cells: Sequence[str]) -> list[int]:
    return [at for at, cell in enumerate(cells) if cell.strip()]


def _has_code_alike(code: str, at: int, rows: Sequence[Sequence[str]]) -> bool:
    """Whether half of the cells below a number or code are of its form."""
    form = _form(code)
    alike = sum(len(cells) > at and _form(cells[at]) == form for cells in rows)
    return 0 < len(rows) <= 2 * alike


def _form(cell: str) -> str:
    """What a code looks like, `a9-9` for `MRN12-7`; numbers of other lengths differ.

    >>> _form("MRN12-7"), _form("2024"), _form("7")
    ('a9-9', '9999', '9')
    """
    cell = cell.strip()[:_MAX_FORM]
    return _LETTERS.sub("a", _DIGITS.sub("9", cell) if not cell.isdecimal() else "9" * len(cell))


def _is_unlike(row: Sequence[str], text: int, below: Sequence[Sequence[str]]) -> bool:
    """Whether numbers or codes are in a column below a cell that is none: that is a name."""
    if len(below) < 2:
        return False
    for at in (at for at in _filled(row) if at != text and not is_code(row[at])):
        codes = sum(len(cells) > at and is_code(cells[at]) for cells in below)
        if codes >= _NEARLY_ALL * len(below):
            return True
    return False
