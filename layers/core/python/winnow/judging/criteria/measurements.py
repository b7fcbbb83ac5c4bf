"""Numbers with units: whether a measured value supports or opposes a criterion.

Vectors know no numbers, so a criterion may name values: "hemoglobin below 12 g/dL speaks for
anemia, from 13 on against it". A value is read where its name, at most eight small words and a
number stand in that order: "Hgb 7.9", "hemoglobin fell from 13.2 to 8.8 g/dL" (the last counts),
"Hb of 82 g/L". Not read: ranges and limits ("12 to 16", "< 7", "transfuse below 7"), former values
("was 9.1 in May"), another test of the same first word ("hemoglobin A1c"), percentages, an unknown
unit, and a number without a unit that the unit makes absurd. What else a sentence says about the
mention (planned, of a relative, long ago) is judged as for keywords.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from winnow.judging.criteria.context_rules import tokens
from winnow.processes.schema import Value

_FILLERS = (
    r"level|levels|count|value|was|is|are|of|at|on|in|now|today|today's|currently|stable|low|normal"
    r"|still|arrival|admission|presentation|this|morning|week|visit|last|most|recent|latest|repeat"
    r"|has|had|been|fallen|fell|falls|falling|drop|drops|dropped|dropping|drifted|down|decreased"
    r"|declined|rose|risen|increased|up|back|to|a|an|only|just|about|around|approximately|her|his"
    r"|measured|it|and|remains|remained|found|be"
)
_NUMBER = r"\d{1,3}(?:\.\d{1,2})?"
_UNIT = (
    r"(?P<{0}>gm?\s?/\s?dl|g\s?/\s?l|gm?s?\s?%|mmol\s?/\s?l|[munµp]c?g\s?/\s?(?:[dm]?l|g)|%"
    r"|percent)"
)
_AFTER = (
    rf"(?:\s*(?:[:=,(]|\b(?:{_FILLERS})\b)){{0,8}}\s*"
    rf"(?:from\s+{_NUMBER}\s*(?:{_UNIT.format('u0')})?\s*(?:[^.;\d]{{0,40}}?)\b(?:to|->)\s+)?"
    rf"(?P<number>{_NUMBER})(?![\d/]|\.\d|\s*(?:-|–)\s*\d)\s*(?:{_UNIT.format('u1')})?"
    r"(?!\s*[a-zµ]{1,5}\s?/\s?[a-z])"
    rf"(?:\s*(?:->|→|to)\s*(?P<later>{_NUMBER})(?![\d/])\s*(?:{_UNIT.format('u2')})?)?"
)
# Units that are the same, and what they are multiplied by to be the definition's.
_FACTORS: dict[str, dict[str, float]] = {
    "g/dl": {"g/dl": 1, "gm/dl": 1, "g%": 1, "gm%": 1, "gms%": 1, "g/l": 0.1, "mmol/l": 1.611},
    "ng/ml": {"ng/ml": 1, "ug/l": 1, "mcg/l": 1},
}
_OLD = re.compile(
    r"^[\s,)]*(?:(?:in|last)\s+(?:january|february|march|april|may|june|july|august|september"
    r"|october|november|december|spring|summer|autumn|fall|winter|(?:19|20)\d\d|year|month)"
    r"|(?:(?:a|one|two|three|four|five|six|\d+)\s+)?(?:day|week|month|year)s?\s+ago|previously)",
    re.IGNORECASE,
)


class Measured(NamedTuple):
    """A value found in a text."""

    value: Value
    start: int
    end: int
    number: float
    """In the definition's unit."""

    @property
    def rule(self) -> str:
        """The definition's rule in words, as the reference of the evidence."""
        value = self.value
        bounds = (
            ("below", value.below if self.sign > 0 else None),
            ("above", value.above if self.sign > 0 else None),
            ("from", value.normal_from if self.sign < 0 else None),
            ("up to", value.normal_to if self.sign < 0 else None),
        )
        limits = " or ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
        return f"{value.name} {limits} {value.unit}"

    @property
    def sign(self) -> int:
        """1: supports, -1: opposes, 0: neither."""
        rule, number = self.value, self.number
        if (rule.below is not None and number < rule.below) or (
            rule.above is not None and number > rule.above
        ):
            return 1
        if (rule.normal_from is not None and number >= rule.normal_from) or (
            rule.normal_to is not None and number <= rule.normal_to
        ):
            return -1
        return 0


class Values:
    """Finds the values of one criterion."""

    def __init__(self, values: tuple[Value, ...]) -> None:
        self._names = frozenset(
            tokens(name)[0] for value in values for name in (value.name, *value.aliases)
        )
        self._patterns = [
            (
                value,
                re.compile(
                    r"(?<![\w-])(?:"
                    + "|".join(re.escape(name) for name in (value.name, *value.aliases))
                    + r")\b(?!\s*a1c|\s*electrophoresis|\s*[sS]\b)"
                    + _AFTER,
                    re.IGNORECASE,
                ),
            )
            for value in values
        ]

    def named(self, words: Sequence[str]) -> bool:
        """Whether words may contain a value: they contain the first word of a name."""
        return not self._names.isdisjoint(words)

    def __call__(self, text: str) -> Iterator[Measured]:
        """Every value, the last of a row where it is a row."""
        for value, pattern in self._patterns:
            for match in pattern.finditer(text):
                later = match["later"] is not None
                unit = match["u2"] or match["u1"] or match["u0"] if later else match["u1"]
                number = _convert(float(match["later" if later else "number"]), unit, value)
                if number is not None and not _OLD.match(text[match.end() :]):
                    yield Measured(value, match.start(), match.end(), number)


def _convert(number: float, unit: str | None, value: Value) -> float | None:
    """A number in the definition's unit; None: it cannot be one."""
    unit_of_value = _plain(value.unit)
    if unit is not None:
        factor = _FACTORS.get(unit_of_value, {unit_of_value: 1}).get(_plain(unit))
        if factor is None:
            return None
        number *= factor
    return number if value.least <= number <= value.most else None


def _plain(unit: str) -> str:
    return re.sub(r"\s", "", unit).lower()
