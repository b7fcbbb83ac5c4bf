"""Superscripts: 10 to the power of 9 must not become 109."""

from collections.abc import Sequence

Edges = tuple[float, float, float, float]
"""Left, top, right, bottom."""
_MAX_SIZE = 0.85
"""Of the size of the text before it: what is raised is smaller."""
_MIN_RISE = 0.15
"""Share of the size of the text before it by which its lower edge is higher."""
_RAISABLE = frozenset("0123456789+-\u2212")


def is_read_into(before: Sequence[str], raised: str) -> bool:
    """Whether raised text would be read as part of the number before it.

    Then a `^` goes between.

    >>> is_read_into(["10"], "9"), is_read_into(["10"], "th"), is_read_into(["in m"], "2")
    (True, False, False)
    """
    return bool(before) and before[-1][-1:].isdigit() and raised[:1] in _RAISABLE


def is_raised(before: Edges, here: Edges) -> bool:
    """Whether a character or word is smaller and higher than the one before it, y downwards.

    >>> is_raised((0, 0, 6, 11), (6, 0, 9, 7)), is_raised((0, 0, 6, 11), (6, 4, 9, 11))
    (True, False)
    """
    size = before[3] - before[1]
    return here[3] - here[1] < _MAX_SIZE * size and before[3] - here[3] > _MIN_RISE * size
