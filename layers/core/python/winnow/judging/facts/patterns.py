"""Patterns that are compiled when they are first needed, and in which a space is any white space.

In a pattern of these modules " " stands for one to three characters of white space and " ?" for up
to three: a bound keeps every search linear in the text's length, whatever the text holds.
"""

import re
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
