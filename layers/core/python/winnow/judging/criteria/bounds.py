"""Whether the numbers of a sentence are within the bound that a reference names.

"Ejection fraction of 35 % or less" resembles "Ejection fraction 58 %". Where a policy counts, a
criterion should have a fact (`measure`, `age`), which is read exactly. But a bound is often written
into a statement, and there a sentence whose numbers are all beyond it does not say the same.
"""

import re
from typing import NamedTuple

from winnow.judging.lazy_patterns import lazy_pattern

_TO_SIX = ("zero", "one", "two", "three", "four", "five", "six")
_TO_TWELVE = ("seven", "eight", "nine", "ten", "eleven", "twelve")
_WORDS = {word: float(number) for number, word in enumerate((*_TO_SIX, *_TO_TWELVE))}
_DAYS = {"hour": 1 / 24, "day": 1.0, "night": 1.0, "week": 7.0, "month": 30.0, "year": 365.0}
_SHORT = {
    "hour": ("hr", "hrs"),
    "day": (),
    "night": (),
    "week": ("wk", "wks"),
    "month": ("mo", "mos"),
    "year": ("yr", "yrs", "yo"),
}
_UNIT = (
    r"(?P<unit>%|percent\b|(?:hours?|hrs?|days?|nights?|weeks?|wks?|months?|mos?|years?|yrs?|yo)\b)"
)
_AMOUNT = (
    rf"(?P<number>(?<![\w.,])[-−]?\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|(?<![\w.,])[-−]?\d+(?:\.\d+)?"
    rf"|\b(?:{'|'.join(_WORDS)})\b)(?:[ -]?{_UNIT})?"
)
_NUMBER = lazy_pattern(_AMOUNT, re.IGNORECASE)
_TO = lazy_pattern(r" ?(?:-|–|to) ?", re.IGNORECASE)
_UPPER = lazy_pattern(
    rf"(?:\b(?:below|under|(?:less|fewer|lower) than|at most|(?:no|not) (?:more|higher) than|up to"
    rf"|maximum of|not exceed(?:ing)?)|[<≤]=?) ?(?:usd |eur |[$€£])?{_AMOUNT}",
    re.IGNORECASE,
)
_LOWER = lazy_pattern(
    rf"(?:\b(?<!not )(?:above|over|(?<!no )(?:more|greater|higher|longer) than|at least"
    rf"|(?:no|not) (?:less|fewer) than|minimum of|exceed(?:s|ing)?)|[>≥]=?)"
    rf" ?(?:usd |eur |[$€£])?{_AMOUNT}",
    re.IGNORECASE,
)
_BEHIND = lazy_pattern(
    rf"{_AMOUNT}(?: \w+(?:/\w+)?)? or (?:(?P<upper>less|fewer|below|lower|under|shorter)"
    r"|(?:more|above|higher|greater|over|longer))\b",
    re.IGNORECASE,
)


class Amount(NamedTuple):
    """A number with its unit."""

    value: float
    """Days, where it is a time."""
    unit: str
    """ "time", "%", or "" for every other."""


class Bound(NamedTuple):
    """What a number is to be at most, or at least."""

    amount: Amount
    is_upper: bool

    def holds(self, amount: Amount) -> bool:
        """Whether a number is within it."""
        if self.is_upper:
            return amount.value <= self.amount.value
        return amount.value >= self.amount.value


def bounds(text: str) -> tuple[Bound, ...]:
    """The bounds that a sentence names."""
    return (
        *(Bound(_of(match), is_upper=True) for match in _UPPER.finditer(text)),
        *(Bound(_of(match), is_upper=False) for match in _LOWER.finditer(text)),
        *(Bound(_of(m), is_upper=m["upper"] is not None) for m in _BEHIND.finditer(text)),
    )


def amounts(text: str) -> tuple[Amount, ...]:
    """The numbers of a sentence; of "35-40 %" both have the unit."""
    found: list[Amount] = []
    unit, begins = "", len(text)
    for match in reversed(list(_NUMBER.finditer(text))):
        in_range = match["unit"] is None and _TO.fullmatch(text, match.end(), begins) is not None
        unit, begins = unit if in_range else match["unit"] or "", match.start()
        found.append(_amount(match["number"], unit))
    return tuple(reversed(found))


def is_beyond(wanted: tuple[Bound, ...], said: tuple[Amount, ...]) -> bool:
    """Whether for any of the bounds there are numbers of its sort, and none is within it."""
    for bound in wanted:
        alike = [amount for amount in said if amount.unit == bound.amount.unit]
        if not alike and bound.amount.unit != "time":
            alike = [amount for amount in said if amount.unit != "time"]
        if alike and not any(map(bound.holds, alike)):
            return True
    return False


def _of(match: "re.Match[str]") -> Amount:
    return _amount(match["number"], match["unit"] or "")


def _amount(number: str, unit: str) -> Amount:
    written = number.lower().replace(",", "").replace("−", "-")
    value = _WORDS[written] if written in _WORDS else float(written)
    unit = unit.lower()
    if unit in ("%", "percent"):
        return Amount(value, "%")
    for name, days in _DAYS.items():
        if unit and unit in (name, f"{name}s", *_SHORT[name]):
            return Amount(value * days, "time")
    return Amount(value, "")
