"""A long list of texts in blocks.

A block is what is in memory at a time, and what is done between two looks at the clock.
"""

from collections.abc import Iterator, Sequence

TEXTS = 8_192
"""Texts of a block at most: a chunk of ordinary records has fewer."""
CHARACTERS = 1_000_000


def blocks(texts: Sequence[str]) -> Iterator[slice]:
    """Slices that cover the texts in order; one text at least, and not much over CHARACTERS."""
    begin = length = 0
    for end, text in enumerate(texts, start=1):
        length += len(text)
        if end - begin == TEXTS or length >= CHARACTERS:
            yield slice(begin, end)
            begin, length = end, 0
    if begin < len(texts):
        yield slice(begin, len(texts))
