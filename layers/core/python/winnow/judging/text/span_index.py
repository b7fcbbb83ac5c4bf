"""Many spans of a text, asked whether any of them overlaps another or nests with it.

A look takes the logarithm of their number: a record may have 25,000 sentences, and each is looked
up.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate

from winnow.judging.text.segments import Span


class SpanIndex:
    """Spans that can be looked up.

    >>> index = SpanIndex([(0, 4), (10, 20)])
    >>> index.overlaps((3, 9)), index.overlaps((4, 10))
    (True, False)
    >>> index.nests_with((11, 12)), index.nests_with((9, 30)), index.nests_with((15, 30))
    (True, True, False)
    """

    def __init__(self, spans: Iterable[Span]) -> None:
        ordered = sorted(spans)
        ends = [end for _, end in ordered]
        self._starts = [start for start, _ in ordered]
        self._last_ends = list(accumulate(ends, max))
        """By place: the last end of those that start no later."""
        self._first_ends = list(accumulate(reversed(ends), min))[::-1]
        """By place: the first end of those that start no earlier."""

    def overlaps(self, span: Span) -> bool:
        """Whether any of them has a character of the span."""
        start, end = span
        before = bisect_left(self._starts, end)
        return before > 0 and self._last_ends[before - 1] > start

    def nests_with(self, span: Span) -> bool:
        """Whether any of them holds the span, or is within it."""
        start, end = span
        up_to = bisect_right(self._starts, start)
        if up_to and self._last_ends[up_to - 1] >= end:
            return True
        begin = bisect_left(self._starts, start)
        return begin < len(self._starts) and self._first_ends[begin] <= end
