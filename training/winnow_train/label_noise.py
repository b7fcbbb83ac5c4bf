"""Labels that are probably wrong, by confident learning.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021.
A row is called into question if a model that has not seen it is confident of another label: at
least as confident as it is on average where people gave that label. It is the off-diagonal of the
confident joint, which the package cleanlab calls `confident_learning`; a test compares the two. The
package itself takes pandas, which is larger than all else that training takes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.intp]


class Doubt(NamedTuple):
    """A row whose label is probably wrong."""

    row: int
    """Its position."""
    likely: int
    """Position of the label that the model is confident of."""
    given: float
    """Probability of the label that it has."""
    other: float
    """Probability of the other label."""


def doubtful(shares: Doubles, known: Ints) -> list[Doubt]:
    """The rows whose label is probably wrong, the least probable label first.

    Args:
        shares: Shape [rows, labels]: probabilities by folds that have not seen the row.
        known: Position of each row's label.
    """
    labels = shares.shape[1]
    counts = np.bincount(known, minlength=labels)
    own = shares[np.arange(len(known)), known]
    sums = np.bincount(known, own, labels)
    # A label that no row has is never confident.
    average = np.divide(sums, counts, out=np.full(labels, np.inf), where=counts > 0)
    confident = np.where(shares >= average - 1e-12, shares, -1.0)
    likely = confident.argmax(axis=1)
    # Where the row's own label is the most probable, no other is called likely.
    wrong = (confident.max(axis=1) >= 0) & (likely != known) & (shares.argmax(axis=1) != known)
    found = np.flatnonzero(wrong)
    found = found[np.argsort(own[found], kind="stable")]
    return [
        Doubt(int(i), int(likely[i]), float(own[i]), float(shares[i, likely[i]])) for i in found
    ]
