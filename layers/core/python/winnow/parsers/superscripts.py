"""Superscripts: 10 to the power of 9 must not become 109."""

from collections.abc import Sequence

_RAISABLE = frozenset("0123456789+-\u2212")


def is_read_into(before: Sequence[str], raised: str) -> bool:
    """Whether raised text would be read as part of the number before it.

    Then a `^` goes between.

    >>> is_read_into(["10"], "9"), is_read_into(["10"], "th"), is_read_into(["in m"], "2")
    (True, False, False)
    """
    return bool(before) and before[-1][-1:].isdigit() and raised[:1] in _RAISABLE
