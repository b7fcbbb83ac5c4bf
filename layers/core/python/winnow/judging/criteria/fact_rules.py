"""What facts with a type say of a criterion: measured values, age, intervals, columns.

A fact is read from the whole text, not from one segment: "Colonoscopy 2015 ... no, it was 2012."
It supports or opposes by what the definition asks ("45 or over", "at least 10 years ago"). If what
was read allows both ("in 2014", ten or eleven years before the record), it is a doubt. What the
text does not mention is no fact.

Ages and intervals are counted to the record's date: a cell of one of the process's `date_columns`,
else the date that the text gives itself, else the day on which the record arrived.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

from winnow.judging.facts.ages import AgeReading, find_ages, read_age
from winnow.judging.facts.dates import (
    DateOrder,
    elapsed,
    find_dates,
    find_record_date,
    guess_order,
)
from winnow.judging.facts.events import Event, EventFact, EventStatus, read_event
from winnow.judging.facts.measures import (
    Measure,
    MeasureReading,
    is_named,
    read_measure,
)
from winnow.models import VALUE_SEPARATOR
from winnow.processes.schema import AgeRange, ColumnTest, Criterion, IntervalSince
from winnow.processes.schema import Measure as MeasureRule
from winnow.tables.columns import plain_name
from winnow.tables.dates import ARRIVED, RECORD_DATE
from winnow.tables.numbers import number


class Stated(NamedTuple):
    """What a fact says of a criterion."""

    sign: int
    """1: supports it, -1: opposes it, 0: a doubt."""
    said: str
    """What was read: "age 44"."""
    rule: str
    """What is asked: "age 45 or over"."""
    name: str
    """What it is a fact about: "age", "colonoscopy"."""
    start: int = 0
    end: int = 0
    """Where it stands in the text; both 0: in a column."""
    is_outright: bool = True
    """Whether no sentence counts beside it; a measured value may be one sign among others."""


class Note:
    """A record, and what is read once for all its criteria."""

    def __init__(
        self,
        text: str,
        fields: Mapping[str, str],
        date_columns: Sequence[str],
        today: datetime.date,
    ) -> None:
        self.text = text
        self.fields = {plain_name(name): value for name, value in fields.items()}
        self._date_columns = date_columns
        self._today = today

    @cached_property
    def order(self) -> DateOrder | None:
        """What "03/04/2015" is in this record."""
        return guess_order(self.text)

    @cached_property
    def age(self) -> AgeReading | None:
        """The patient's age at the record's date."""
        return read_age(self.text, self.date, self.order)

    @cached_property
    def date(self) -> datetime.date:
        """The record's date."""
        for name in (RECORD_DATE, *self._date_columns):
            # In a joined case the cell has the dates of all records: the case is of the latest.
            cells = self.fields.get(plain_name(name), "").split(VALUE_SEPARATOR)
            if days := [day for cell in cells if (day := _day(cell))]:
                return max(days)
        if in_text := find_record_date(self.text, self.order):
            return in_text.latest
        return _day(self.fields.get(plain_name(ARRIVED), "")) or self._today


def _day(cell: str) -> datetime.date | None:
    """The day that a cell names, and nothing else: "2024-04-15", "04/25/2024 10:30"."""
    cell = cell.strip()
    if not cell or len(cell) > 40:
        return None
    try:
        return datetime.date.fromisoformat(cell[:10])
    except ValueError:
        found = find_dates(cell, None, guess_order(cell))
        if len(found) != 1 or found[0].interval.earliest != found[0].interval.latest:
            return None
        return found[0].interval.latest


class FactRule(Protocol):
    """One thing that a definition asks of a record."""

    def __call__(self, note: Note) -> Stated | None:
        """What the record says of it; None: nothing."""


def fact_rules(criterion: Criterion) -> tuple[FactRule, ...]:
    """The rules of a criterion."""
    rules: list[FactRule] = [_OfMeasure(measure) for measure in criterion.measures]
    if criterion.age:
        rules.append(_OfAge(criterion.age))
    if criterion.interval_since:
        rules.append(_OfInterval(criterion.interval_since))
    if criterion.column:
        rules.append(_OfColumn(criterion.column))
    return tuple(rules)


# -- columns ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _OfColumn:
    test: ColumnTest

    def __call__(self, note: Note) -> Stated | None:
        cell = note.fields.get(plain_name(self.test.name), "").strip()
        if not cell:
            return None
        rule = f"{self.test.name} {_limits(self.test)}"
        if self.test.one_of:
            is_one = cell.casefold() in {text.strip().casefold() for text in self.test.one_of}
            return Stated(1 if is_one else -1, f"{self.test.name}: {cell}", rule, self.test.name)
        value = number(cell)
        if value is None:
            return Stated(0, f"{self.test.name} is no number", rule, self.test.name)
        sign = 1 if _within(self.test, value) else -1
        return Stated(sign, f"{self.test.name} {value:g}", rule, self.test.name)


def _within(test: ColumnTest, value: float) -> bool:
    return (
        (test.at_least is None or value >= test.at_least)
        and (test.at_most is None or value <= test.at_most)
        and (test.above is None or value > test.above)
        and (test.below is None or value < test.below)
    )


def _limits(test: ColumnTest) -> str:
    if test.one_of:
        return "one of " + ", ".join(test.one_of)
    words = ("at_least", "at_most", "above", "below")
    bounds = ((word.replace("_", " "), getattr(test, word)) for word in words)
    return " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)


# -- age -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _OfAge:
    limits: AgeRange

    def __call__(self, note: Note) -> Stated | None:
        least, most = self.limits.at_least, self.limits.at_most
        rule = (
            f"age {least} to {most}"
            if least is not None and most is not None
            else f"age {least} or over"
            if least is not None
            else f"age {most} or under"
        )
        age = note.age
        if age is None:
            ages = find_ages(note.text, note.date, note.order)
            if not ages:
                return None
            said = f"{', '.join(dict.fromkeys(map(str, ages)))}: contradictory"
            return Stated(0, said, rule, "age", ages[0].start, ages[0].end)
        low, high = least if least is not None else 0, most if most is not None else 999
        if low <= age.least and age.most <= high:
            sign = 1
        elif age.most < low or age.least > high:
            sign = -1
        else:
            sign = 0
        return Stated(sign, str(age), rule, "age", age.start, age.end)


# -- intervals -------------------------------------------------------------------------------------


class _OfInterval:
    def __init__(self, rule: IntervalSince) -> None:
        self._rule = rule
        self._event = Event(rule.event, rule.keywords, rule.look_alikes)

    def __call__(self, note: Note) -> Stated | None:
        fact = read_event(note.text, self._event, note.date, note.order, note.age)
        if fact.status is EventStatus.UNKNOWN and not _is_doubtful(fact):
            return None
        rule = self._rule
        asked = (
            f"last {rule.event} at least {rule.at_least} ago, or never"
            if rule.at_least
            else f"last {rule.event} at most {rule.at_most} ago"
        )
        sign = self._sign(fact, note.date)
        return Stated(sign, fact.sentence, asked, rule.event, fact.start, fact.end)

    def _sign(self, fact: EventFact, on: datetime.date) -> int:
        wants_long_ago = 1 if self._rule.at_least else -1
        if fact.status is EventStatus.NEVER:
            return wants_long_ago
        if fact.last is None or fact.status not in (EventStatus.DONE, EventStatus.NOT_SINCE):
            return 0
        least, most = elapsed(fact.last, on)
        months = self._rule.months
        if self._rule.at_least:
            return 1 if least >= months else -1 if most < months else 0
        return 1 if most < months else -1 if least >= months else 0


def _is_doubtful(fact: EventFact) -> bool:
    """Whether something is said of it, and not only of a plan or of somebody else."""
    return any(
        reading.status is not EventStatus.NOT_COUNTED or reading.why == "doubtful"
        for reading in fact.readings
    )


# -- measured values -------------------------------------------------------------------------------


class _OfMeasure:
    def __init__(self, rule: MeasureRule) -> None:
        self._rule = rule
        self._measure = Measure(
            rule.name,
            rule.unit,
            rule.least,
            rule.most,
            rule.aliases,
            rule.not_behind,
            rule.not_before,
        )

    def __call__(self, note: Note) -> Stated | None:
        if not is_named(note.text, self._measure):
            return None
        reading = read_measure(note.text, self._measure, note.date, note.order)
        if reading is None:
            return None
        signs = {self._sign(reading.low), self._sign(reading.high)}
        if signs == {0}:
            return None
        sign = signs.pop() if len(signs) == 1 and not self._is_doubtful(reading) else 0
        return Stated(
            sign,
            str(reading),
            self._asked(sign),
            reading.name,
            reading.start,
            reading.end,
            is_outright=False,
        )

    def _is_doubtful(self, reading: MeasureReading) -> bool:
        """Whether the text says that the value is not what it seems.

        A bare number that is called normal and is not, or a reference range in which nothing is
        normal, is in another unit, or of something else.
        """
        if reading.doubtful or (reading.normal and self._sign(reading.low) > 0):
            return True
        if reading.reference is None:
            return False
        low, high = reading.reference
        measure = self._measure
        return (self._sign(low) > 0 and self._sign(high) > 0) or (
            high < measure.least or low > measure.most
        )

    def _sign(self, number: float) -> int:
        rule = self._rule
        if (rule.below is not None and number < rule.below) or (
            rule.above is not None and number > rule.above
        ):
            return 1
        if (rule.normal_from is not None and number >= rule.normal_from) or (
            rule.normal_to is not None and number <= rule.normal_to
        ):
            return -1
        return 0

    def _asked(self, sign: int) -> str:
        """The definition's rule in words."""
        rule = self._rule
        bounds = (
            ("below", rule.below if sign >= 0 else None),
            ("above", rule.above if sign >= 0 else None),
            ("from", rule.normal_from if sign < 0 else None),
            ("up to", rule.normal_to if sign < 0 else None),
        )
        limits = " or ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
        return f"{rule.name} {limits} {rule.unit}"
