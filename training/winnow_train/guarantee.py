"""Thresholds with a statistical guarantee: at least so much of what is accepted is right.

Learn then Test (Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test: Calibrating
Predictive Algorithms to Achieve Risk Control", 2021). Thresholds of a grid that is fixed before the
data are seen are tested one after the other, each against the hypothesis that the precision above
it is too low, by the exact binomial p-value. Testing starts at several places of the grid, each
with an equal part of the error rate, and walks down from each as long as the hypothesis is rejected
(fixed-sequence testing with several starts). So the chance that any threshold found breaks the
guarantee is at most 1 - confidence, however the precision goes with the threshold, for records
drawn as those of the data were.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow_train.metrics import at_most, lower_bound

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STEPS = 200
GRID = tuple(round(1 - step / STEPS, 4) for step in range(1, STEPS + 1))
"""0.995, 0.99 ... 0: the thresholds that may be chosen, exactly as they are written."""
STARTS = (0.99, 0.97, 0.95, 0.9, 0.8)


@dataclass(frozen=True)
class SelectedThreshold:
    """What was asked for, and what the data support."""

    precision: float
    confidence: float
    rows: int
    threshold: float | None
    """None: no threshold could be shown to keep the guarantee."""
    accepted: int
    """Rows at or above the threshold; 0 without one."""
    right: int
    rows_wanted: int | None
    """About how many more rows a threshold would take; 0 with one, None: rows will not help."""
    shown: tuple[float, ...] = ()
    """The thresholds from this one on that keep the guarantee, all at once, in ascending order."""

    @property
    def coverage(self) -> float:
        return self.accepted / self.rows if self.rows else 0.0

    @property
    def bound(self) -> float:
        """Lower bound of the precision at this threshold alone."""
        return lower_bound(self.right, self.accepted, self.confidence) if self.accepted else 0.0


def select_threshold(
    confidences: Floats,
    right: Bools,
    precision: float,
    confidence: float = 0.95,
    records: NDArray[np.integer] | None = None,
) -> SelectedThreshold:
    """The smallest threshold that keeps the guarantee.

    Of several that accept the same rows it is the greatest: of a confidence below all that the data
    hold nothing was shown.

    Args:
        confidences: Of every labelled row, with what would never be accepted set below 0.
        right: Whether each row's decision is right.
        precision: Least share of right decisions among the accepted, in (0, 1).
        confidence: How sure the guarantee is to be, in (0, 1).
        records: The same number for rows that are copies of one record, or nearly, or None where
            all differ. Copies are no independent evidence: the guarantee must hold of the rows and
            also with each record counted once: accepted where any of its rows is, and wrong where
            one that is accepted is wrong.
    """
    counts = _counts(confidences, right)
    once = counts if records is None else _counts_once(confidences, right, records)
    level = (1 - confidence) / len(STARTS)
    kept: list[_Count] = []
    for start in STARTS:
        for found, single in zip(counts, once, strict=True):
            if found.threshold > start:
                continue
            if not (_shown(found, precision, level) and _shown(single, precision, level)):
                break
            kept.append(found)
    if not kept:
        wanted = _rows_wanted(once, precision, level)
        return SelectedThreshold(precision, confidence, len(right), None, 0, 0, wanted)
    accepted = max(found.accepted for found in kept)
    best = max((found for found in kept if found.accepted == accepted), key=lambda c: c.threshold)
    shown = sorted({found.threshold for found in kept if found.threshold >= best.threshold})
    return SelectedThreshold(
        precision,
        confidence,
        len(right),
        best.threshold,
        accepted,
        accepted - best.wrong,
        0,
        tuple(shown),
    )


def explain_failure(found: SelectedThreshold, confidences: Floats, right: Bools) -> str:
    """Why no threshold keeps the guarantee, as far as the rows show it.

    The arguments are those of `select_threshold`.
    """
    if found.rows_wanted is not None:
        return f"If they go on like these, about {found.rows_wanted:,} more rows would do."
    surest = [right[confidences >= start] for start in STARTS]
    if not any(len(rows) for rows in surest):
        return f"No row was decided with a confidence of {min(STARTS):g} or more."
    if any(len(rows) and rows.mean() >= found.precision for rows in surest):
        return "They are too few, or too much alike, to say how many more it would take."
    return "More rows alone will not do: among the surest decisions too many are wrong."


class _Count(NamedTuple):
    """Rows at or above a threshold, of how many in all."""

    threshold: float
    accepted: int
    wrong: int
    rows: int


def _counts(confidences: Floats, right: Bools) -> list[_Count]:
    return [
        _Count(threshold, int(kept.sum()), int((kept & ~right).sum()), len(right))
        for threshold in GRID
        for kept in (confidences >= threshold,)
    ]


def _counts_once(confidences: Floats, right: Bools, records: NDArray[np.integer]) -> list[_Count]:
    """The same, each record counted once."""
    different, place = np.unique(records, return_inverse=True)
    surest, surest_wrong = np.full((2, len(different)), -1.0)
    np.maximum.at(surest, place, confidences)
    np.maximum.at(surest_wrong, place[~right], confidences[~right])
    return [
        _Count(
            threshold,
            int((surest >= threshold).sum()),
            int((surest_wrong >= threshold).sum()),
            len(different),
        )
        for threshold in GRID
    ]


def _shown(found: _Count, precision: float, level: float) -> bool:
    """Whether the rows show that the precision is no lower, at this level."""
    # More errors than are allowed are never evidence that they are fewer.
    return (
        found.wrong <= found.accepted * (1 - precision)
        and at_most(found.wrong, found.accepted, 1 - precision) <= level
    )


def _rows_wanted(counts: list[_Count], precision: float, level: float) -> int | None:
    """Rows more, if precision and coverage at the best threshold stayed as they look now."""
    least: int | None = None
    for threshold, accepted, wrong, rows in counts:
        # One error is allowed for: a share of none in a few rows is no estimate.
        share = max(wrong, 0.5) / accepted if accepted else 1.0
        if threshold not in STARTS or share >= 1 - precision:
            continue
        low, high = accepted, 10_000_000
        while low < high:
            middle = (low + high) // 2
            if at_most(math.ceil(share * middle), middle, 1 - precision) <= level:
                high = middle
            else:
                low = middle + 1
        if high < 10_000_000:
            more = max(1, math.ceil(high * rows / accepted) - rows)
            least = more if least is None else min(least, more)
    return least
