"""A fall of precision, noticed: the bounds are then restarted with the records since the fall.

A confidence sequence is about one precision. After 5,000 good records it takes more than a thousand
bad ones to move it. So each record is also weighed against the expected precision, as if the fall
had come just before it, before the last one, and so on: the sum of these capitals is a
Shiryaev-Roberts e-detector (Shin, Ramdas and Rinaldo 2024). Each record adds 1 and multiplies the
sum by a factor whose mean is 1 at most while the precision is what is expected or better. The sum
minus the number of records is then a supermartingale, so an alarm at the sum A comes after A
audited records or more on average: the average run length to a false alarm.

When the alarm comes, the sequence restarts with the records since the fall began: since the
likelihood ratio of one factor, multiplied up from 1 and never below it (a CUSUM), last was 1. Their
bets on more mistakes have won, so their bets on fewer have lost, as log(1 + y) <= y. So they help
no promotion to a guarantee that is not below the expected precision. They may take a challenger
back wrongly, but no more often than the alarm comes falsely.

A fall is over when `CALM` audited records or more have come without another alarm and are, taken
together, as good as expected. Then the sequence starts afresh. So it does when its bounds cross.
"""

from collections.abc import Iterable

from pydantic import Field

from winnow.models import FrozenModel, UnitInterval
from winnow.releases.precision import (
    CONFIDENCE,
    Audited,
    Precision,
    count,
    ratios,
    start,
    tighten,
    weight_of,
)

FALSE_ALARM_EVERY = 10_000
"""Audited records to a false alarm, on average at least."""
FACTORS = (1.5, 2.0, 4.0)
"""Falls that are looked for: by what the odds of a mistake are multiplied."""
_LOCATOR = 1
"""The factor whose CUSUM says when the fall began."""
CALM = 1_000
"""Audited records without an alarm, at least, until a fall can be over."""


class Watch(FrozenModel):
    """The bounds of a version's precision, and what says whether they still hold."""

    expected: float = Field(gt=0, lt=1, description="a precision below it is a fall")
    false_alarm_every: int = Field(gt=1, description="audited records, on average at least")
    confidence: float = Field(gt=0, lt=1)
    sequence: Precision = Field(description="since the start or the last restart")
    recent: Precision = Field(description="counts since the fall began, if there is one")
    sums: tuple[float, ...] = Field(description="the e-detector, for each factor")
    cusum: float = Field(1.0, ge=1)
    attempt: int = Field(0, ge=0, description="how often the sequence was restarted")
    alarms: int = Field(0, ge=0)
    fallen: bool = Field(False, description="an alarm has come, and the fall is not over")
    since_n: int = Field(0, ge=0, description="audited records since the alarm")
    since_right: float = Field(0.0, ge=0, description="weight of the right ones since the alarm")
    since_all: float = Field(0.0, ge=0, description="weight of all since the alarm")

    @property
    def precision(self) -> Precision:
        """What is known of the present precision."""
        return self.sequence

    @property
    def estimate_since(self) -> UnitInterval | None:
        """The precision since the last alarm of a fall that is not over."""
        return self.since_right / self.since_all if self.since_all else None


def begin(
    expected: float,
    floor: float,
    confidence: float = CONFIDENCE,
    false_alarm_every: int = FALSE_ALARM_EVERY,
) -> Watch:
    """A version that nobody has audited yet.

    Args:
        expected: The precision below which it has fallen, in (0, 1): the guarantee, or what it had
            when it was evaluated. Falls from above it are found late or never while the precision
            stays above it.
        floor: The smallest probability with which an accepted record is audited.
        confidence: Of the bounds, both together.
        false_alarm_every: How many audited records there are to a false alarm, on average at least.
    """
    return Watch(
        expected=expected,
        false_alarm_every=false_alarm_every,
        confidence=confidence,
        sequence=start(floor, confidence),
        recent=start(floor, confidence, attempt=1),
        sums=(0.0,) * len(FACTORS),
    )


def observe(watch: Watch, correct: bool, probability: float, floor: float | None = None) -> Watch:
    """What is known after one more audited record. Raises ValueError as `precision.observe`."""
    weight = weight_of(watch.sequence, probability, floor)
    gains = [
        1 + weight * (ratios(watch.expected, factor)[0 if correct else 1] - 1) for factor in FACTORS
    ]
    sums = tuple((total + 1) * gain for total, gain in zip(watch.sums, gains, strict=True))
    cusum = min(watch.cusum * gains[_LOCATOR], float(watch.false_alarm_every))
    watch = watch.model_copy(
        update={
            "sequence": tighten(count(watch.sequence, correct, weight)),
            "recent": count(watch.recent, correct, weight) if cusum > 1 else _next(watch),
            "sums": sums,
            "cusum": max(cusum, 1.0),
            "since_n": watch.since_n + watch.fallen,
            "since_right": watch.since_right + weight * (watch.fallen and correct),
            "since_all": watch.since_all + weight * watch.fallen,
        }
    )
    if sum(sums) / len(sums) >= watch.false_alarm_every:
        return _alarm(watch)
    if watch.sequence.lower > watch.sequence.upper or _over(watch):
        return restart(watch)
    return watch


def replay(observations: Iterable[Audited], watch: Watch) -> Watch:
    """What is known after many, in their order."""
    for audited in observations:
        watch = observe(watch, *audited)
    return watch


def restart(watch: Watch) -> Watch:
    """The sequence afresh, without the records so far; also when a person says so."""
    cleared = watch.model_copy(update={"recent": _next(watch), "cusum": 1.0})
    return _reset(cleared, _next(watch), fallen=False)


def _alarm(watch: Watch) -> Watch:
    recent = tighten(watch.recent)
    watch = watch.model_copy(update={"alarms": watch.alarms + 1})
    if recent.n and recent.upper < watch.sequence.upper:
        return _reset(watch, recent, fallen=True)
    return _quiet(watch, fallen=True)  # The sequence says so itself.


def _over(watch: Watch) -> bool:
    since = watch.estimate_since
    return watch.since_n >= CALM and since is not None and since >= watch.expected


def _next(watch: Watch) -> Precision:
    return start(watch.sequence.floor, watch.confidence, watch.attempt + 1)


def _reset(watch: Watch, sequence: Precision, *, fallen: bool) -> Watch:
    attempt = watch.attempt + 1
    floor, confidence = sequence.floor, watch.confidence
    recent = watch.recent.model_copy(
        update={"lower_error": start(floor, confidence, attempt + 1).lower_error}
    )
    changed = {"sequence": sequence, "attempt": attempt, "recent": recent}
    return _quiet(watch.model_copy(update=changed), fallen=fallen)


def _quiet(watch: Watch, *, fallen: bool) -> Watch:
    nothing = {"since_n": 0, "since_right": 0.0, "since_all": 0.0}
    return watch.model_copy(update={"sums": (0.0,) * len(FACTORS), "fallen": fallen} | nothing)
