"""From a raw score to the probability that the decision is right.

The map is isotonic regression of right-or-wrong on the score of held-out folds, fitted by a library
when a head is trained, and stored as knots. One knot stands in the middle of each step and straight
lines join them (centred isotonic regression: Oron and Flournoy, "Centered Isotonic Regression",
2017), so that two different scores keep their order.
"""

import numpy as np
from numpy.typing import NDArray

from winnow.heads.card import Calibration

Floats = NDArray[np.float64]


def calibrated(scores: Floats, calibration: Calibration) -> Floats:
    """Confidence of each score; outside the knots, the nearest knot's."""
    confidences: Floats = np.interp(scores, calibration.scores, calibration.confidences)
    return confidences


def centred(scores: Floats, fitted: Floats, weights: Floats | None = None) -> tuple[Floats, Floats]:
    """Knots of a step function: the mean score and the value of each step.

    `scores` ascend; `fitted` are their values on the steps, which do not fall. `weights` say for
    how many scores each stands; None: for itself.
    """
    starts = np.flatnonzero(np.diff(fitted, prepend=-1.0) > 0)
    if weights is None:
        counts = np.diff(np.append(starts, len(fitted)))
        middles = np.add.reduceat(scores, starts) / counts
    else:
        middles = np.add.reduceat(scores * weights, starts) / np.add.reduceat(weights, starts)
    rising = np.diff(middles, prepend=-1.0) > 0
    return middles[rising], fitted[starts][rising]
