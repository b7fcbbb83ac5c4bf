"""Definitions that have every field they need, and still cannot mean what they say.

A bound that no value reaches, an age of at least 75 and at most 45, a logic that comes to the same
whatever its criteria are. Whoever writes, validates or publishes such a definition is told. One
that was published before they were looked for stays readable: a run is not where to find out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from winnow.processes.schema import (
    AgeRange,
    ColumnTest,
    FieldPath,
    Group,
    IntervalSince,
    Measure,
)
from winnow.processes.units import UNIT, convert

MAX_CRITERIA = 16
"""A logic of more is not tried out."""
_MAX_ALIKE = 20
"""Measures of one name that the next one is compared with."""
_Shape = TypeVar("_Shape", bound=BaseModel)
_Problems = Iterator[tuple[FieldPath, str]]
_Range = tuple[float, float]
_LISTS = ("all_of", "any_of", "none_of")
_WORD = re.compile(r"[^\W_]")
_INFINITE = float("inf")

UNITS = (
    *("g/dL", "g/L", "mg/dL", "mg/L", "ug/dL", "ug/L", "ug/mL", "ng/dL", "ng/L", "ng/mL"),
    *("pg/mL", "pg", "mmol/L", "mmol/mol", "umol/L", "nmol/L", "pmol/L", "U/L", "IU/L", "IU/mL"),
    *("mIU/L", "mIU/mL", "uIU/mL", "mg/g", "%", "fL", "mm/h", "K/uL", "10^9/L", "10^12/L"),
    *("10^6/uL", "10^3/uL", "/uL", "/mm3", "mL/min", "kg/m2", "kg", "lb", "cm", "inches", "bpm"),
    *("mmHg", "C", "F"),
)
"""Units as they are usually written, to name the one that was meant."""


def meaning_problems(data: Mapping[str, Any]) -> _Problems:
    """What of a definition of criteria cannot mean what it says, by field.

    Args:
        data: A definition; what is invalid in any other way is passed over.
    """
    criteria = data.get("criteria")
    for index, criterion in enumerate(criteria if isinstance(criteria, list) else []):
        if isinstance(criterion, Mapping):
            for path, message in _criterion_problems(criterion):
                yield ("criteria", index, *path), message
    if logic := _shaped(Group, data.get("logic")):
        for path, always in constant_groups(logic):
            yield path, _ALWAYS if always else _NEVER


def _criterion_problems(criterion: Mapping[str, Any]) -> _Problems:
    yield from _measures_problems(criterion)
    if age := _shaped(AgeRange, criterion.get("age")):
        yield from _order_problems(age.at_least, age.at_most, ("age",))
    if interval := _shaped(IntervalSince, criterion.get("interval_since")):
        yield from _interval_problems(interval)
    if column := _shaped(ColumnTest, criterion.get("column")):
        yield from _column_problems(column)


def _shaped(shape: type[_Shape], value: object) -> _Shape | None:
    """The value in its shape; None: it has none, which is told elsewhere."""
    try:
        return None if value is None else shape.model_validate(value)
    except ValidationError:
        return None


def wordless(names: Sequence[str], path: FieldPath) -> _Problems:
    """Names that no text can have: "?"."""
    for position, name in enumerate(names):
        if not _WORD.search(name):
            yield (*path, position), _NO_WORD


_NO_WORD = "has no letter and no digit, so no text has it: name a word"


# -- ages, intervals, columns ----------------------------------------------------------------------


def _order_problems(least: float | None, most: float | None, path: FieldPath) -> _Problems:
    if least is not None and most is not None and least > most:
        yield (*path, "at_least"), f"is greater than at_most ({most:g}): nothing is both"


def _interval_problems(interval: IntervalSince) -> _Problems:
    path = ("interval_since",)
    if not _WORD.search(interval.event):
        yield (*path, "event"), _NO_WORD
    yield from wordless(interval.keywords, (*path, "keywords"))
    own = {_plain(name) for name in (interval.event, *interval.keywords)}
    for position, name in enumerate(interval.look_alikes):
        if _plain(name) in own:
            yield (
                (*path, "look_alikes", position),
                "is a name of the event itself, which is never read then: remove it",
            )


def _column_problems(column: ColumnTest) -> _Problems:
    yield from _order_problems(column.at_least, column.at_most, ("column",))
    for name, low in (("above", column.above), ("at_least", column.at_least)):
        if low is not None and column.below is not None and low >= column.below:
            yield ("column", name), f"is not smaller than below ({column.below:g}): nothing is both"
    if column.above is not None and column.at_most is not None and column.above >= column.at_most:
        most = f"at_most ({column.at_most:g})"
        yield ("column", "above"), f"is not smaller than {most}: nothing is both"


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


# -- measured values -------------------------------------------------------------------------------


def _measures_problems(criterion: Mapping[str, Any]) -> _Problems:
    before: dict[str, list[Measure]] = {}
    for name in ("measure", "values"):
        items = criterion.get(name)
        for position, item in enumerate(items if isinstance(items, list) else []):
            if measure := _shaped(Measure, item):
                found = [*_measure_problems(measure)]
                names = {_plain(each) for each in (measure.name, *measure.aliases)}
                if not found:
                    alike = [one for each in sorted(names) for one in before.get(each, ())]
                    found += _contradictions(measure, alike)
                yield from (((name, position, *path), message) for path, message in found)
                for each in names:
                    before.setdefault(each, []).append(measure)
                    del before[each][:-_MAX_ALIKE]


def _measure_problems(measure: Measure) -> _Problems:
    if not _WORD.search(measure.name):
        yield ("name",), _NO_WORD
    yield from wordless(measure.aliases, ("aliases",))
    if meant := misspelt_unit(measure.unit):
        yield ("unit",), f"is no unit that is known; did you mean {meant!r}?"
    if measure.least >= measure.most:
        yield ("least",), f"is not smaller than most ({measure.most:g}), so no value is read"
        return
    yield from _bound_problems(measure)
    yield from _side_problems(measure)


def _bound_problems(measure: Measure) -> _Problems:
    """Bounds that no value is on the other side of, of those that are read."""
    read = f"from {measure.least:g} to {measure.most:g}"
    for name in ("below", "above", "normal_from", "normal_to"):
        bound = getattr(measure, name)
        if bound is not None and not measure.least <= bound <= measure.most:
            yield (name,), f"is no value that is read, which are those {read} (least and most)"
    if measure.below == measure.least:
        yield ("below",), "is least: no value that is read is below it"
    if measure.above == measure.most:
        yield ("above",), "is most: no value that is read is above it"


def _side_problems(measure: Measure) -> _Problems:
    """Values that support and oppose."""
    below, above = measure.below, measure.above
    if below is not None and above is not None and above <= below:
        yield ("above",), f"is not greater than below ({below:g}), so every value supports"
    elif below is None and measure.normal_from is not None:
        yield ("normal_from",), "goes with below; with above, what opposes is normal_to"
    elif above is None and measure.normal_to is not None:
        yield ("normal_to",), "goes with above; with below, what opposes is normal_from"
    else:
        for name in ("normal_from", "normal_to"):
            bound = getattr(measure, name)
            if bound is None:
                continue
            if below is not None and bound < below:
                yield (name,), f"is smaller than below ({below:g}): {_BOTH}"
            if above is not None and bound > above:
                yield (name,), f"is greater than above ({above:g}): {_BOTH}"


_BOTH = "what is between them would support and oppose"


def _contradictions(measure: Measure, alike: Sequence[Measure]) -> _Problems:
    """That an earlier measure with one of its names says the opposite of a value."""
    for other in alike:
        if _is_read_alike(measure, other) and (
            _overlap(_supporting(measure), _opposing(other))
            or _overlap(_supporting(other), _opposing(measure))
            or _covers(measure, other)
            or _covers(other, measure)
        ):
            yield (
                (),
                "contradicts an earlier one of the same name: give each value one meaning, in one "
                "measure",
            )
            return


def _is_read_alike(one: Measure, other: Measure) -> bool:
    return (
        set(one.not_behind) == set(other.not_behind)
        and set(one.not_before) == set(other.not_before)
        and convert(1.0, one.unit, other.unit) == 1.0
    )


def _supporting(measure: Measure) -> list[_Range]:
    below, above = measure.below, measure.above
    ranges = [(-_INFINITE, below)] if below is not None else []
    return ranges + ([(above, _INFINITE)] if above is not None else [])


def _opposing(measure: Measure) -> list[_Range]:
    """Without what the measure itself takes for support, which goes first."""
    low = -_INFINITE if measure.below is None else measure.below
    high = _INFINITE if measure.above is None else measure.above
    ranges = [(max(low, measure.normal_from), high)] if measure.normal_from is not None else []
    return ranges + ([(low, min(high, measure.normal_to))] if measure.normal_to is not None else [])


def _overlap(some: Sequence[_Range], others: Sequence[_Range]) -> bool:
    return any(max(a[0], b[0]) < min(a[1], b[1]) for a in some for b in others)


def _covers(one: Measure, other: Measure) -> bool:
    """Whether every value is below the bound of the one or above that of the other."""
    return one.below is not None and other.above is not None and other.above <= one.below


def is_known_unit(unit: str) -> bool:
    """Whether values are read in it and converted to it."""
    return re.fullmatch(UNIT, unit.strip(), re.IGNORECASE) is not None


def misspelt_unit(unit: str) -> str | None:
    """The unit that was meant, of one that only a sign or the case tells from it: "gdL"."""
    if is_known_unit(unit):
        return None
    letters = _letters(unit)
    return next((known for known in UNITS if len(known) > 1 and _letters(known) == letters), None)


def _letters(unit: str) -> str:
    return "".join(_WORD.findall(unit.casefold().replace("µ", "u").replace("μ", "u")))


# -- the logic -------------------------------------------------------------------------------------

_NEVER = "can never be met, whatever its criteria are: they exclude each other"
_ALWAYS = "is always met, whatever its criteria are"


def constant_groups(logic: Group) -> list[tuple[FieldPath, bool]]:
    """The innermost groups that are always met (true) or never (false), by their path."""
    found: list[tuple[FieldPath, bool]] = []
    if truth := _Truth.of(logic):
        truth.read(logic, ("logic",), found)
    return found


def idle_criteria(logic: Group) -> list[str]:
    """The criteria that never change the decision, whatever the others are."""
    truth = _Truth.of(logic)
    if truth is None:
        return []
    table = truth.read(logic, (), [])
    return [name for position, name in enumerate(truth.tables) if truth.ignores(table, position)]


class _Truth:
    """Truth tables as whole numbers: bit r is the value where the bits of r are the criteria's."""

    def __init__(self, names: Sequence[str]) -> None:
        self.all = (1 << (1 << len(names))) - 1
        # Blocks of 2^n ones and as many zeros, by turns.
        self.tables = {
            name: (self.all // ((1 << (1 << n)) + 1)) << (1 << n) for n, name in enumerate(names)
        }

    @classmethod
    def of(cls, logic: Group) -> "_Truth | None":
        """Those of a logic; None: it has too many criteria."""
        names = tuple(dict.fromkeys(_names(logic)))
        return cls(names) if len(names) <= MAX_CRITERIA else None

    def read(self, group: Group, path: FieldPath, constant: list[tuple[FieldPath, bool]]) -> int:
        """The table of a group; what is constant in it is added to the list."""
        known = len(constant)
        result = self.all
        for name in _LISTS:
            members = getattr(group, name)
            if members is None:
                continue
            tables = [
                self.tables[member]
                if isinstance(member, str)
                else self.read(member, (*path, name, position), constant)
                for position, member in enumerate(members)
            ]
            result &= self._joined(name, tables)
        if len(constant) == known and result in (0, self.all):
            constant.append((path, result != 0))
        return result

    def _joined(self, name: str, tables: Sequence[int]) -> int:
        joined = tables[0]
        for table in tables[1:]:
            joined = joined & table if name == "all_of" else joined | table
        return self.all ^ joined if name == "none_of" else joined

    def ignores(self, table: int, position: int) -> bool:
        """Whether a table is the same with a criterion and without it."""
        with_it = list(self.tables.values())[position]
        return (table & with_it) >> (1 << position) == table & (self.all ^ with_it)


def _names(group: Group) -> Iterator[str]:
    for name in _LISTS:
        for member in getattr(group, name) or ():
            if isinstance(member, str):
                yield member
            else:
                yield from _names(member)
