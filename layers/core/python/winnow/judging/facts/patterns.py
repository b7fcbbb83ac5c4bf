"""Patterns that are compiled when they are first needed, and in which a space is any white space.

In a pattern of these modules " " stands for one to three characters of white space and " ?" for up
to three: a bound keeps every search linear in the text's length, whatever the text holds.
"""

import re
from collections.abc import Sequence
from functools import cache

_SPACE_IN_CLASS = r"(\[[^\] ]*) ([^\]]*\])"


@cache
def compiled(pattern: str) -> "re.Pattern[str]":
    """The pattern, ignoring case."""
    pattern = re.sub(_SPACE_IN_CLASS, r"\1\\s\2", pattern)
    return re.compile(pattern.replace(" ?", r"\s{0,3}").replace(" ", r"\s{1,3}"), re.IGNORECASE)


def search(pattern: str, text: str) -> "re.Match[str] | None":
    """The first match in a text."""
    return compiled(pattern).search(text)


def match_at(pattern: str, text: str, at: int, end: int | None = None) -> "re.Match[str] | None":
    """The match that begins at a position."""
    return compiled(pattern).match(text, at, len(text) if end is None else end)


# What ignoring case takes for a letter of ASCII, and `str.lower` does not.
_ALIKE = str.maketrans({"\u0130": "i", "\u0131": "i", "\u017f": "s"})


def fold(text: str) -> str:
    """A text in small letters, as patterns that ignore case see its ASCII letters."""
    return (text if text.isascii() else text.translate(_ALIKE)).lower()


def has_any(folded: str, needs: Sequence[str]) -> bool:
    """Whether a folded text has one of some words; True if there are none.

    A search for plain words takes a fraction of the time of a pattern that needs one of them.
    """
    return not needs or any(word in folded for word in needs)
