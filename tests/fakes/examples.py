"""How many examples hypothesis makes, where a test has a number of its own."""

from hypothesis import settings

_DEFAULT = 100


def examples(count: int) -> int:
    """`count`, and fewer in a quick run: as its profile's number is to hypothesis's default."""
    return max(1, count * settings().max_examples // _DEFAULT)
