"""Names of columns, compared as people mean them."""

import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from winnow.limits.unicode import nfkc

_MAX_NAME = 1_000
"""Characters of a name that are compared: a longer one is text in the place of a name."""
_IGNORED = frozenset("_-")


class ColumnNames(NamedTuple):
    """The plain names of the columns that a process knows."""

    read: tuple[str, ...]
    """Those that it judges: one must be there."""
    others: tuple[str, ...] = ()
    """Ids and numbers."""


def plain_name(name: str) -> str:
    """A column's name as it is compared: without case, blanks, `_`, `-` and what is not seen.

    >>> plain_name("Case_ID") == plain_name(" case id")
    True
    """
    name = name[:_MAX_NAME]
    if name.isascii():
        return "".join(char for char in name.lower() if char > " " and char not in _IGNORED)
    plain = nfkc(nfkc(name).casefold())
    return "".join(
        char
        for char in plain
        if char not in _IGNORED and unicodedata.category(char) not in ("Cc", "Cf", "Zs")
    )


def mentions(text: str, names: Iterable[str]) -> bool:
    """Whether a text of any length may contain one of these plain names."""
    pieces = (text[at : at + _MAX_NAME] for at in range(0, len(text), _MAX_NAME))
    plain = "".join(map(plain_name, pieces))
    return any(name in plain for name in names)
