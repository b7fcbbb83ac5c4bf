"""A threshold with a guarantee for live records, shown by reviewed records alone.

Reviews and audits were drawn from live records with known probabilities; rows of files, corrections
and typed texts were not, and say nothing of how often live records are decided rightly. Of drawn
records those with a small probability stand for many. So each counts for the records that it stands
for, and each threshold is tested by betting (`winnow.releases.precision`), which is exact for
unequal weights, or by the binomial p-value where all are equal. The thresholds are tested in the
order of `guarantee`: Learn then Test, with several starts.
"""

from collections.abc import Sequence
from functools import cache
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.registry.training_rows import TrainingRow
from winnow.releases.precision import FEWER, HALVINGS, Precision, divide, log_capital, start
from winnow.reviews.models import Kind
from winnow_train.guarantee import GRID, STARTS
from winnow_train.metrics import at_most

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

_EQUAL = 1e-9


class Sample(NamedTuple):
    """Decisions of reviewed records, each by folds without it."""

    confidences: Floats
    """With what would never be accepted set below 0."""
    right: Bools
    weights: Floats
    """How many live records each stands for: 1 over the probability that it was drawn with."""
    groups: Ints | None
    """Near copies have the same; None: all rows are different records."""
    audited: bool = True
    """Whether accepted records were drawn, too: those set aside say nothing of them."""

    @property
    def records(self) -> int:
        """How many it has; near copies are one."""
        return len(self.right) if self.groups is None else len(set(self.groups.tolist()))


class ShownThreshold(NamedTuple):
    """The lowest threshold that a sample shows to keep a guarantee."""

    threshold: float
    accepted: int
    right: int
    """Of these."""
    coverage: float
    """Share of the live records that is accepted."""
    shown: tuple[float, ...]
    """The thresholds from this one on that were shown to keep it, all at once, ascending."""


def is_sampled(row: TrainingRow) -> bool:
    """Whether a row was drawn from live records."""
    return row.source is not None and row.kind in (Kind.REVIEW, Kind.AUDIT)


def sample_of(
    rows: Sequence[TrainingRow], confidences: Floats, right: Bools, groups: Ints | None
) -> Sample:
    """The reviewed records among rows, with what was decided of them."""
    drawn = np.array([is_sampled(row) for row in rows], bool)
    weights = np.array([row.weight for row in rows], np.float64)
    of_groups = None if groups is None else groups[drawn]
    audited = any(row.kind is Kind.AUDIT for row in rows if is_sampled(row))
    return Sample(confidences[drawn], right[drawn], weights[drawn], of_groups, audited)


def shown_threshold(sample: Sample, precision: float, confidence: float) -> ShownThreshold | None:
    """The lowest threshold that keeps a guarantee for live records; None: none is shown to.

    As evidence near copies are one record, too: the guarantee must hold of the rows and with each
    record counted once.

    Args:
        sample: The reviewed records.
        precision: Least share of right decisions among the accepted live records, in (0, 1).
        confidence: How sure the guarantee is to be, in (0, 1).
    """
    if not len(sample.right) or not sample.audited:
        return None
    level = (1 - confidence) / len(STARTS)
    heaviest = float(sample.weights.max())

    @cache
    def shown(threshold: float) -> bool:
        accepted = sample.confidences >= threshold
        rows = sample.right[accepted], sample.weights[accepted] / heaviest
        if not _shown(*rows, precision, level):
            return False
        if sample.groups is None:
            return True
        return _shown(*_each_once(*rows, sample.groups[accepted]), precision, level)

    kept: set[float] = set()
    for first in STARTS:
        for threshold in GRID:
            if threshold > first:
                continue
            if not shown(threshold):
                break
            kept.add(threshold)
    if not kept:
        return None
    # Of several that accept the same rows the greatest: below it nothing was seen.
    most = int((sample.confidences >= min(kept)).sum())
    best = max(one for one in kept if int((sample.confidences >= one).sum()) == most)
    accepted = sample.confidences >= best
    return ShownThreshold(
        best,
        most,
        int(sample.right[accepted].sum()),
        float(np.average(accepted, weights=sample.weights)),
        tuple(sorted(one for one in kept if one >= best)),
    )


def _each_once(right: Bools, weights: Floats, groups: Ints) -> tuple[Bools, Floats]:
    """Near copies as one record: wrong if one of them is; a right one counts for the least."""
    _, place = np.unique(groups, return_inverse=True)
    wrongs = np.zeros(place.max() + 1)
    np.maximum.at(wrongs, place[~right], weights[~right])
    least = np.ones(len(wrongs))
    np.minimum.at(least, place, weights)
    return wrongs == 0, np.where(wrongs > 0, wrongs, least)


def _shown(right: Bools, weights: Floats, precision: float, level: float) -> bool:
    """Whether accepted records show that the precision is no lower, at this level.

    Args:
        right: Whether each is right.
        weights: Of each, in (0, 1].
        precision: In (0, 1).
        level: Chance that it is shown of a precision that is lower.
    """
    # More errors than are allowed are never evidence that they are fewer.
    if not len(right) or np.average(right, weights=weights) < precision:
        return False
    if weights.max() - weights.min() <= _EQUAL:
        return at_most(int((~right).sum()), len(right), 1 - precision) <= level
    return log_capital(_counted(right, weights), precision, FEWER) >= -log(level)


def _counted(right: Bools, weights: Floats) -> Precision:
    """The records as audits are counted: right and wrong ones by weight."""
    counts = {True: [0.0] * HALVINGS, False: [0.0] * HALVINGS}
    different, place = np.unique(weights, return_inverse=True)
    for good, count in counts.items():
        numbers = np.bincount(place[right == good], minlength=len(different))
        for weight, number in zip(different.tolist(), numbers.tolist(), strict=True):
            for at, part in divide(weight):
                count[at] += part * number
    return start(1.0).model_copy(
        update={"rights": tuple(counts[True]), "wrongs": tuple(counts[False])}
    )
