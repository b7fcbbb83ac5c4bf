"""A picture-to-vector fake: the mean colours of an 8 x 8 grid, filled up with zeros."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from winnow.models import ModelInfo

SIDE = 224
SIZE = 1280
_GRID = 8


class FakePictureEncoder:
    """Satisfies `winnow.ports.PictureEncoder`; its classes are its features."""

    info = ModelInfo(name="fake-pictures", version="1", sha256="1" * 64, engine="fake")

    def __call__(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        out = np.zeros((len(pictures), SIZE), np.float32)
        step = SIDE // _GRID
        for row, picture in zip(out, pictures, strict=True):
            cells = picture.reshape(_GRID, step, _GRID, step, 3).mean(axis=(1, 3)) / 255
            row[: cells.size] = cells.reshape(-1)
            row /= max(float(np.linalg.norm(row)), 1e-12)
        return out

    def class_logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return 200 * features[:, :1000]


def square(red: int, green: int, blue: int) -> NDArray[np.uint8]:
    """A picture of one colour."""
    return np.full((SIDE, SIDE, 3), (red, green, blue), np.uint8)
