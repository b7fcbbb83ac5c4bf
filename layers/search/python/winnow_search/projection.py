"""Vectors of 512 int8 as the index has them: 192 int8, by a projection that never changes.

`python -m tests.quality.projection` made it. Its sums of products of int8 are whole numbers that a
float32 holds exactly, so that a vector becomes the same bytes on every machine.
"""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winnow.errors import IndexDamagedError
from winnow.search.rows import IndexRow

DIMENSIONS = 192
_ROWS = 256
"""Rows whose vectors are projected at a time."""
_SHA256 = "b7f4e6bbbb13e83927513b20b135b3d40fc3a8e761055ea81367a583c99812c3"
"""Of the file: vectors that were made with another one cannot be compared."""


@cache
def _projection() -> NDArray[np.float32]:
    content = Path(__file__).with_name("projection.npy").read_bytes()
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise IndexDamagedError("The projection of vectors is not the one of this version.")
    matrix: NDArray[np.int8] = np.load(BytesIO(content), allow_pickle=False)
    return matrix.astype(np.float32)


def projected(vectors: NDArray[np.int8]) -> NDArray[np.int8]:
    """Vectors [n, 512] as [n, 192], each at its own scale; zeros stay zeros."""
    rows = (vectors.astype(np.float32) @ _projection()).astype(np.float64)
    greatest = np.abs(rows).max(axis=1, initial=0.0, keepdims=True)
    return np.rint(rows * (127 / np.where(greatest > 0, greatest, 1.0))).astype(np.int8)


def with_projected(rows: Iterable[IndexRow]) -> Iterator[IndexRow]:
    """The rows in their order, their vectors as the index has them."""
    waiting = iter(rows)
    while piece := list(islice(waiting, _ROWS)):
        known = [row.vector for row in piece if row.vector is not None]
        if known:
            joined = np.frombuffer(b"".join(known), np.int8).reshape(len(known), -1)
            made = iter(projected(joined))
        for row in piece:
            yield row if row.vector is None else row._replace(vector=next(made).tobytes())
