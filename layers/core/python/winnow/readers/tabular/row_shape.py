"""The shape that the rows of a delimited table have in common, and rows that are pieces of others.

A delimiter or a line break that is not quoted cuts a text in two. What gives it away is a row that
is wider or shorter than the others. So a row has the shape of its table, or is not read.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

_NEARLY_ALL = 0.9
_MIN_ROWS = 2
"""Fewer rows than this do not show what rows have in common."""
_COUNT_BELOW = re.compile(r"\(?\d[\d,.]* (?:rows?|records?|lines?)\b", re.IGNORECASE)
"""What database clients write below a table: `(2 rows affected)`."""


class RowShape(NamedTuple):
    """What the rows of a table have in common."""

    width: int
    """How many cells each has."""
    has_nameless: bool = False
    """Whether the last columns, which have no name, are mostly filled."""
    numbered: bool = False
    """Whether rows begin with a number or a code."""
    padded: bool = False
    """Whether cells begin with a blank."""
    commented: bool = False
    """Whether lines beginning with `#` are comments."""

    def is_piece(self, cells: Sequence[str]) -> bool:
        """Whether a row may be a piece of its neighbour, behind a line break that is not quoted."""
        first = cells[0] if cells else ""
        if self.width < 2 or not any(char.isalnum() for cell in cells for char in cell):
            return False
        if _COUNT_BELOW.match(first) or (self.commented and first.startswith("#")):
            return False
        return len(cells) < self.width or (
            self.numbered
            and not _has_digit(first)
            and (len(first.split()) > 1 or (not self.padded and _is_prose(cells)))
        )

    def may_begin(self, cells: Sequence[str]) -> bool:
        """Whether a row begins as the others do, as far as these have a beginning."""
        return not self.numbered or _has_digit(cells[0])


def shape_of(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    text: int | None,
    *,
    may_be_wider: bool,
    commented: bool,
) -> RowShape:
    """The shape of the rows below a header whose column number `text` has the text.

    Rows are as wide as their header. If they `may_be_wider`, they have blank cells more where
    nearly all of them have these, and these hide no text that was cut in two. They lack the last
    columns, which have no name, if nearly all of them do.
    """
    named = trimmed_width(header)
    whole = [cells for cells in rows if len(cells) >= named]
    width = len(header)
    ((other, _),) = Counter(map(len, whole)).most_common(1) or [(width, 0)]
    if other < width or (other > width and may_be_wider):
        width = other if _is_usual(header, whole, other, text) else width
    alike = [cells for cells in whole if len(cells) == width]
    filled = sum(any(map(str.strip, cells[named : len(header)])) for cells in alike)
    numbers = sum(is_code(cells[0]) for cells in alike)
    few = max(1, (1 - _NEARLY_ALL) * len(alike))
    return RowShape(
        width,
        has_nameless=named < len(header) and 2 * filled >= len(alike) > 0,
        numbered=numbers >= _MIN_ROWS and len(alike) - numbers <= few,
        padded=_is_prose(header) or sum(map(_is_prose, alike)) > few,
        commented=commented,
    )


def trimmed_width(cells: Sequence[str]) -> int:
    """The number of cells without the blank ones at the end.

    >>> trimmed_width(["id", "note", " "])
    2
    """
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return width


def _is_usual(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int, text: int | None
) -> bool:
    """Whether rows have this width without any loss of text, though the header has another."""
    alike = [
        cells
        for cells in rows
        if len(cells) == width and not any(map(str.strip, cells[len(header) :]))
    ]
    others = len(rows) - len(alike)
    if others > (1 - _NEARLY_ALL) * len(rows) and not (others == 1 and len(alike) > _MIN_ROWS):
        return False
    if width < len(header) or text is None or text == len(header) - 1:
        return True
    if len(alike) < _MIN_ROWS or all(is_code(cells[text]) for cells in alike):
        return False  # row names that the header does not name, as R writes them
    # All texts may be cut in two where the last column is blank: a comma in prose has a blank.
    cut = sum(cells[text + 1][:1] == " " for cells in alike)
    return header[text + 1][:1] == " " or cut <= (1 - _NEARLY_ALL) * len(alike)


def _is_prose(cells: Sequence[str]) -> bool:
    """Whether a blank follows a delimiter, as it follows a comma in a sentence."""
    return any(cell[:1] == " " for cell in cells[1:])


def _has_digit(cell: str) -> bool:
    return any(map(str.isdigit, cell))


def is_code(cell: str) -> bool:
    """Whether a cell is a number or a code: it has a digit, and no blank inside."""
    return _has_digit(cell) and len(cell.split()) == 1
