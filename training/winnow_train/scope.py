"""Where the scope of a process ends, by a guarantee of its own."""

import numpy as np
from numpy.typing import NDArray

from winnow_train.metrics import at_most

GRID = tuple(round(0.9 + step / 1000, 4) for step in range(100))
"""0.9, 0.901 ... 0.999: the limits that may be chosen, fixed before the data are seen."""


def scope_threshold(novelty: NDArray[np.float64], loss: float, confidence: float) -> float | None:
    """The smallest limit that calls at most a share `loss` of good records out of scope.

    Args:
        novelty: Of records that are in scope.

    Returns:
        None where the records are too few to show it with this confidence.

    The share lost falls as the limit rises, so the limits are tested from the greatest down, each
    at the full level, until one fails (fixed-sequence testing, as in winnow_train.guarantee).
    """
    best: float | None = None
    for limit in reversed(GRID):
        lost = int((novelty > limit).sum())
        if at_most(lost, len(novelty), loss) > 1 - confidence:
            break
        best = limit
    return best
