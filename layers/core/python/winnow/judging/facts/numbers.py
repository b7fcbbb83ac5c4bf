"""Numbers as notes write them: "52", "2.5", "fifty-two", "a dozen", "a couple of", "several"."""

from typing import NamedTuple

_UNITS = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
}
_TENS = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fourty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_VAGUE = {
    "a couple of": (2, 3),
    "a couple": (2, 3),
    "couple of": (2, 3),
    "couple": (2, 3),
    "a few": (2, 6),
    "few": (2, 6),
    "some": (2, 10),
    "several": (3, 10),
}
_EXACT = {"a": 1, "an": 1, "a single": 1, "half a dozen": 6, "a dozen": 12, "dozen": 12}

_TEENS = "|".join(_UNITS)
_DECADES = "|".join(_TENS)
WORDS = rf"(?:(?:{_DECADES})(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|{_TEENS})"
"""A pattern of a number in words, from zero to ninety-nine."""
COUNT = (
    rf"(?:\d{{1,3}}(?:\.\d{{1,2}})?|{WORDS}|half a dozen|a dozen|a couple of|a couple|couple of"
    r"|couple|a few|few|several|some|a single|an|a)"
)
"""A pattern of what may stand in front of "years ago"."""


class Count(NamedTuple):
    """A number of things: from `least` to `most`, the same if it is said exactly."""

    least: float
    most: float


def parse_words(text: str) -> int | None:
    """The number that the words say, 0 to 99; None: they are no number."""
    tens, _, units = text.lower().replace("-", " ").partition(" ")
    if tens in _TENS:
        return _TENS[tens] + (_UNITS.get(units.strip(), 0) if units else 0)
    return _UNITS.get(tens) if not units else None


def parse_count(text: str) -> Count | None:
    """The number that a match of `COUNT` says."""
    plain = " ".join(text.lower().split())
    if plain in _VAGUE:
        return Count(*_VAGUE[plain])
    if plain in _EXACT:
        return Count(_EXACT[plain], _EXACT[plain])
    if plain[:1].isdigit():
        return Count(float(plain), float(plain))
    number = parse_words(plain)
    return None if number is None else Count(number, number)
