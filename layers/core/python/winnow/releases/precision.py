"""Bounds on live precision that hold at every moment: a confidence sequence by betting.

An audited record is right or wrong, and was drawn with a known probability. For each candidate
precision m a gambler starts with a capital of 1 and bets that the precision is higher than m (for
the lower bound) or lower (for the upper bound). If m is the precision, the capital is a
nonnegative martingale, and by Ville's inequality it ever reaches 1/e with probability e at most.
So every m at which it has reached 1/e is excluded for good, however often one looks (Howard et al.
2021; Waudby-Smith and Ramdas 2024).

The bet. Let the odds of a mistake be f times those at m; d = m + f (1 - m). A record that was drawn
with certainty multiplies the capital by the likelihood ratio, 1/d if it is right and f/d if it is
wrong. A record that was drawn with probability p weighs r = floor / p, where `floor` is the
smallest probability with which any accepted record was drawn at that time: the factor is
1 + r (ratio - 1). Its mean over the draw and the record is 1 at m, because the draw cancels p, and
the ratio minus 1 is a multiple of (right - m). Precision is a ratio, so the weights need no
normalising. The capital is the mean over several f, which is again a martingale.

What is kept. The bets do not depend on what came before, so counts by weight are enough. Weights
are kept at halvings of 1. A weight between two of them is divided between both so that the sum
stays; this multiplies the capital by no more than the exact factor, since the logarithm of the
factor is concave in r. The bounds are therefore valid for any probabilities, and the state has a
fixed size.

    >>> state = start(floor=0.02)
    >>> for right in [True] * 200:
    ...     state = observe(state, right, probability=0.02)
    >>> state.n, state.lower, state.upper
    (200, 0.9725, 1.0)
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from math import exp, log, log1p
from typing import NamedTuple

from pydantic import Field

from winnow.models import FrozenModel, UnitInterval

CONFIDENCE = 0.95
HALVINGS = 8
"""Weights are kept at 1, 1/2, ... 1/128."""
WEIGHTS = tuple(2.0**-k for k in range(HALVINGS))
FEWER = (0.95, 0.85, 0.7, 0.5, 0.3, 0.1)
"""By what the lower bound's bets multiply the odds of a mistake."""
MORE = tuple(1 / factor for factor in FEWER)
"""By what the upper bound's do."""
STAKES = tuple(share / 12 for share in (1, 1, 2, 3, 3, 2))
"""The part of the capital that is put on each factor: most where releases are decided."""
_LOG_STAKES = tuple(log(stake) for stake in STAKES)
CANDIDATES = tuple(
    number / 2000
    for number in (
        *range(20, 1000, 20),
        *range(1000, 1600, 10),
        *range(1600, 1800, 2),
        *range(1800, 2000),
    )
)
"""The precisions that are tried, ascending: every 0.01, from 0.5 on every 0.005, from 0.8 on every
0.001, from 0.9 on every 0.0005."""


class Audited(NamedTuple):
    """What people found of one accepted record that was drawn at random."""

    correct: bool
    probability: float
    """With which the record was drawn, in (0, 1]."""
    floor: float | None = None
    """The smallest probability in force when it was drawn; absent: the state's."""


class Precision(FrozenModel):
    """What the audited records prove of the precision of all accepted ones."""

    n: int = Field(0, ge=0, description="audited records")
    right: int = Field(0, ge=0, description="of these, decided rightly")
    lower: UnitInterval = Field(0.0, description="precision is above it, with confidence")
    upper: UnitInterval = Field(1.0, description="and below it")
    floor: float = Field(gt=0, le=1, description="smallest probability of being audited")
    lower_error: float = Field(gt=0, lt=1, description="chance that `lower` is ever too high")
    upper_error: float = Field(gt=0, lt=1, description="chance that `upper` is ever too low")
    rights: tuple[float, ...] = Field(
        (0.0,) * HALVINGS, min_length=HALVINGS, max_length=HALVINGS, description="by weight"
    )
    wrongs: tuple[float, ...] = Field(
        (0.0,) * HALVINGS, min_length=HALVINGS, max_length=HALVINGS, description="by weight"
    )

    @property
    def estimate(self) -> float | None:
        """The precision of the accepted records, estimated; `None` before the first one."""
        right, wrong = (_weighed(counts) for counts in (self.rights, self.wrongs))
        return right / (right + wrong) if right + wrong else None


def start(floor: float, confidence: float = CONFIDENCE, attempt: int = 0) -> Precision:
    """Nothing is known yet.

    Args:
        floor: The smallest probability with which an accepted record is audited.
        confidence: That both bounds hold for ever, in (0, 1).
        attempt: How often the sequence was restarted. The chance of a lower bound that is too high
            is divided among all attempts, one half to the first, 1/6 to the second, 1/12 to the
            third, so that restarts do not add to it. The upper bound's is the same in each.
    """
    error = 1 - confidence
    return Precision(
        floor=floor,
        lower_error=error / ((attempt + 1) * (attempt + 2)),
        upper_error=error / 2,
    )


def observe(
    state: Precision, correct: bool, probability: float, floor: float | None = None
) -> Precision:
    """The state after one more audited record. Raises ValueError where `probability` cannot be."""
    return tighten(count(state, correct, weight_of(state, probability, floor)))


def replay(observations: Iterable[Audited], state: Precision) -> Precision:
    """The state after many, in their order."""
    for audited in observations:
        state = observe(state, *audited)
    return state


def weight_of(state: Precision, probability: float, floor: float | None = None) -> float:
    """What a record counts, in (0, 1]: the floor over its probability.

    The floor has to be known before the record is drawn; so it is that of the settings, never the
    record's own probability where records have different ones.
    """
    smallest = state.floor if floor is None else floor
    if not 0 < smallest <= probability <= 1:
        raise ValueError(f"not 0 < floor <= probability <= 1: {smallest}, {probability}")
    return smallest / probability


def count(state: Precision, correct: bool, weight: float) -> Precision:
    """The state with one more record, the bounds as they were."""
    counts = list(state.rights if correct else state.wrongs)
    for place, part in divide(weight):
        counts[place] += part
    return state.model_copy(
        update={
            "n": state.n + 1,
            "right": state.right + correct,
            "rights" if correct else "wrongs": tuple(counts),
        }
    )


def divide(weight: float) -> list[tuple[int, float]]:
    """Among which weights of `WEIGHTS` one in (0, 1] is divided, and by which parts.

    >>> divide(1.0), divide(0.75)
    ([(0, 1.0)], [(1, 0.5), (0, 0.5)])
    """
    for place, above in enumerate(WEIGHTS):
        below = WEIGHTS[place + 1] if place + 1 < HALVINGS else 0.0
        if weight > below:
            part = (weight - below) / (above - below)
            if part == 1 or not below:
                return [(place, part)]
            return [(place + 1, 1 - part), (place, part)]
    raise ValueError(f"not a weight: {weight}")


def tighten(state: Precision) -> Precision:
    """The state with its bounds moved over every candidate that is excluded by now."""
    lower, upper = state.lower, state.upper
    enough = -log(state.lower_error)
    for candidate in CANDIDATES[bisect_right(CANDIDATES, lower) :]:
        if log_capital(state, candidate, FEWER) < enough:
            break
        lower = candidate
    enough = -log(state.upper_error)
    for candidate in CANDIDATES[: bisect_left(CANDIDATES, upper)][::-1]:
        if log_capital(state, candidate, MORE) < enough:
            break
        upper = candidate
    return state.model_copy(update={"lower": lower, "upper": upper})


def log_capital(state: Precision, candidate: float, factors: tuple[float, ...]) -> float:
    """The logarithm of what the bets against a candidate in (0, 1) have made of 1."""
    parts = []
    for stake, factor in zip(_LOG_STAKES, factors, strict=True):
        right, wrong = ratios(candidate, factor)
        total = stake
        for weight, rights, wrongs in zip(WEIGHTS, state.rights, state.wrongs, strict=True):
            if rights:
                total += rights * log1p(weight * (right - 1))
            if wrongs:
                total += wrongs * log1p(weight * (wrong - 1))
        parts.append(total)
    most = max(parts)
    return most + log(sum(exp(part - most) for part in parts))


def ratios(candidate: float, factor: float) -> tuple[float, float]:
    """The likelihood ratios of a right and of a wrong record, if odds of mistakes are `factor`."""
    scale = candidate + factor * (1 - candidate)
    return 1 / scale, factor / scale


def _weighed(counts: tuple[float, ...]) -> float:
    return sum(weight * number for weight, number in zip(WEIGHTS, counts, strict=True))
