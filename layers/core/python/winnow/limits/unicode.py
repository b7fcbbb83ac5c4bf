"""Unicode normalisation (NFKC) whose time and memory grow no faster than the text.

`unicodedata.normalize` puts a run of combining marks into order by insertion, which is quadratic in
the run, and some single characters become eighteen. No text of any language stacks more than a few
marks on a letter: runs are cut by a joiner, as the Stream-Safe Text Format of UAX #15 has it.
"""

import re
import unicodedata
from collections import Counter

_MARKS = 30
"""Combining marks in a row that no text of a language exceeds (UAX #15, section 13)."""
_JOINER = "\u034f"
_FIRST_MARK = "\u0300"
GROWTH = 18
"""Characters that one may become: U+FDFA is a whole phrase."""


def nfkc(text: str) -> str:
    """The text in NFKC; runs of more than 30 combining marks are cut, and so stay as they are."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _stream_safe(text))


def nfkc_length(text: str) -> int:
    """How many characters the text has in NFKC, at most; found without writing it out."""
    if text.isascii():
        return len(text)
    counts = Counter(text)
    return sum(
        count if char.isascii() else count * len(unicodedata.normalize("NFKC", char))
        for char, count in counts.items()
    )


def _stream_safe(text: str) -> str:
    if len(text) <= _MARKS:
        return text
    marks = [char for char in set(text) if char >= _FIRST_MARK and _is_mark(char)]
    if not marks:
        return text
    run = "[" + "".join(map(re.escape, sorted(marks))) + "]"
    return re.sub(f"({run}{{{_MARKS}}})(?={run})", rf"\1{_JOINER}", text)


def _is_mark(char: str) -> bool:
    """Whether a character stands on the one before it, or becomes such a one."""
    return any(unicodedata.combining(part) for part in unicodedata.normalize("NFKD", char)[:1])
