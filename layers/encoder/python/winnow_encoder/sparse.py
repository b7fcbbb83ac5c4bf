"""The sparse form in which USE-lite as published takes a batch of token ids."""

import numpy as np
from numpy.typing import NDArray


def sparse_indices(rows: int, length: int) -> NDArray[np.int64]:
    """(row, position) of each token of rows of one length: int64 [rows * length, 2]."""
    indices = np.empty((rows, length, 2), np.int64)
    indices[..., 0] = np.arange(rows)[:, None]
    indices[..., 1] = np.arange(length)
    return indices.reshape(-1, 2)
