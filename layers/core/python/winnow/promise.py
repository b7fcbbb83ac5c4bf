"""Thresholds with a promise: of what is accepted, this share is right, with this confidence.

Learn then Test (Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test: Calibrating
Predictive Algorithms to Achieve Risk Control", 2021). Thresholds of a grid that is fixed before the
data are seen are tested one after the other, each against the hypothesis that the precision above
it is too low, by the exact binomial p-value. Testing starts at several places of the grid, each
with an equal part of the error rate, and walks down from each as long as the hypothesis is rejected
(fixed-sequence testing with several starts). So the chance that any threshold found breaks the
promise is at most 1 - confidence, however the precision goes with the threshold, for records drawn
as those of the data were.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winnow.metrics import at_most, lower_bound

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STEPS = 200
GRID = tuple(1 - step / STEPS for step in range(1, STEPS + 1))
"""0.995, 0.99 ... 0: the thresholds that may be chosen."""
STARTS = (0.99, 0.97, 0.95, 0.9, 0.8)


@dataclass(frozen=True)
class Promise:
    """What was asked for, and what the data support."""

    precision: float
    confidence: float
    rows: int
    threshold: float | None
    """None: no threshold could be shown to keep the promise."""
    accepted: int
    """Rows at or above the threshold; 0 without one."""
    right: int
    rows_wanted: int | None
    """About how many more rows a threshold would take; 0 with one, None: rows will not help."""

    @property
    def coverage(self) -> float:
        return self.accepted / self.rows if self.rows else 0.0

    @property
    def bound(self) -> float:
        """Lower bound of the precision at this threshold alone."""
        return lower_bound(self.right, self.accepted, self.confidence) if self.accepted else 0.0


def promise(
    confidences: Floats, right: Bools, precision: float, confidence: float = 0.95
) -> Promise:
    """The smallest threshold that keeps the promise.

    :param confidences: of every labelled row, with what would never be accepted set below 0
    :param right: whether each row's decision is right
    :param precision: least share of right decisions among the accepted, in (0, 1)
    :param confidence: how sure the promise is to be, in (0, 1)
    """
    counts = [
        (threshold, int(kept.sum()), int((kept & ~right).sum()))
        for threshold in GRID
        for kept in (confidences >= threshold,)
    ]
    level = (1 - confidence) / len(STARTS)
    best: tuple[float, int, int] | None = None
    for start in STARTS:
        for found in counts:
            if found[0] > start + 1e-9:
                continue
            # More errors than are allowed are never evidence that they are fewer.
            if found[2] > found[1] * (1 - precision) or (
                at_most(found[2], found[1], 1 - precision) > level
            ):
                break
            if best is None or found[0] < best[0]:
                best = found
    if best is None:
        wanted = _rows_wanted(counts, len(right), precision, level)
        return Promise(precision, confidence, len(right), None, 0, 0, wanted)
    threshold, accepted, wrong = best
    return Promise(
        precision, confidence, len(right), round(threshold, 4), accepted, accepted - wrong, 0
    )


def _rows_wanted(
    counts: list[tuple[float, int, int]], rows: int, precision: float, level: float
) -> int | None:
    """Rows more, if precision and coverage at the best threshold stayed as they look now."""
    least: int | None = None
    for threshold, accepted, wrong in counts:
        starts = any(abs(threshold - start) < 1e-9 for start in STARTS)
        # One error is allowed for: a share of none in a few rows is no estimate.
        share = max(wrong, 0.5) / accepted if accepted else 1.0
        if not starts or share >= 1 - precision:
            continue
        low, high = accepted, 10_000_000
        while low < high:
            middle = (low + high) // 2
            if at_most(math.ceil(share * middle), middle, 1 - precision) <= level:
                high = middle
            else:
                low = middle + 1
        if high < 10_000_000:
            total = math.ceil(high * rows / accepted)
            least = total if least is None else min(least, total)
    return None if least is None else max(1, least - rows)
