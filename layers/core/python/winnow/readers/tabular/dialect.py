"""How the rows of a table are written: the delimiter, the quote, and what is around cells."""

from typing import NamedTuple

NO_DELIMITER = "\x1f"
"""The delimiter of a table that has a single column: a character that no text has."""


class Dialect(NamedTuple):
    """What the CSV parser has to know, as `csv.Dialect`, and what it cannot do by itself."""

    delimiter: str
    quote: str = '"'
    spaced: bool = False
    """Whether blanks after a delimiter are no part of the cell."""
    formulas: bool = False
    """Whether cells are written as `="..."`, which keeps spreadsheets from changing them."""
    aligned: bool = False
    """Whether two or more blanks separate the cells, instead of a delimiter."""
