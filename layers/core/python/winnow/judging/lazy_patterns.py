r"""Patterns that are compiled when they are first searched for, not when a module is imported.

Most records need a few of the hundreds of patterns that judging has, and compiling them all takes a
tenth of a cold start.

    _GONE = lazy_pattern(r"\b(?:resolved|gone)\b", re.IGNORECASE)
    _GONE.search(sentence)  # compiles it, once
"""

import re
from functools import cached_property
from typing import Any, cast


class LazyPattern:
    """Has what a `re.Pattern` has."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._source = pattern
        self._flags = flags

    @cached_property
    def _compiled(self) -> "re.Pattern[str]":
        return re.compile(self._source, self._flags)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        # Kept on the object, so the next call finds the pattern's own method at once.
        found = getattr(self._compiled, name)
        setattr(self, name, found)
        return found


def lazy_pattern(pattern: str, flags: int = 0) -> "re.Pattern[str]":
    """What `re.compile` would make of a pattern, made when it is first used."""
    return cast("re.Pattern[str]", LazyPattern(pattern, flags))
