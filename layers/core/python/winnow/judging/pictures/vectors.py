"""What a picture is found by in searches: its features as 512 int8, as texts have them.

A count sketch: each feature is added to one of 512 sums, with a sign that never changes. Cosines of
sketches are those of the features but for a little noise.
"""

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

from winnow.judging.pictures.base import Features
from winnow.judging.text.vectors import packed
from winnow.storage.vectors import DIMENSIONS


@cache
def _signs(features: int) -> NDArray[np.float32]:
    """A sign for each feature, the same on every machine."""
    bits = hashlib.shake_256(b"winnow: signs of features").digest(-(-features // 8))
    signs = np.unpackbits(np.frombuffer(bits, np.uint8))[:features]
    return signs.astype(np.float32) * 2 - 1


def picture_vectors(features: Features) -> list[bytes | None]:
    """The vectors of pictures; None: all features are zero."""
    count, size = features.shape
    folds = -(-size // DIMENSIONS)
    wide = np.zeros((count, folds * DIMENSIONS), np.float32)
    wide[:, :size] = features * _signs(size)
    return packed(wide.reshape(count, folds, DIMENSIONS).sum(axis=1))
