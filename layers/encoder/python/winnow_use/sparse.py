"""The sparse form in which USE-lite takes a batch of token ids."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def sparse_indices(lengths: Sequence[int]) -> NDArray[np.int64]:
    """(row, position) of every token, int64 [sum of lengths, 2], for rows of these lengths (all > 0)."""
    sizes = np.asarray(lengths, np.int64)
    total = int(sizes.sum())
    indices = np.empty((total, 2), np.int64)
    indices[:, 0] = np.repeat(np.arange(len(sizes)), sizes)
    indices[:, 1] = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return indices
