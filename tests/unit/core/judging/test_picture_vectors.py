"""Vectors of pictures: as alike as their features, and of the length of texts' vectors."""

import numpy as np
from numpy.typing import NDArray

from winnow.judging.pictures.vectors import picture_vectors
from winnow.storage.vectors import DIMENSIONS


def _cosines(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines: NDArray[np.floating] = rows @ rows.T
    return cosines


def test_cosines_are_kept() -> None:
    features = np.random.default_rng(5).gamma(0.3, 1.0, (40, 1280)).astype(np.float32)
    made = [np.frombuffer(v, np.int8).astype(np.float64) for v in picture_vectors(features) if v]
    assert {len(row) for row in made} == {DIMENSIONS}
    assert np.abs(_cosines(np.stack(made)) - _cosines(features)).max() < 0.2


def test_a_picture_without_features_has_none() -> None:
    assert picture_vectors(np.zeros((1, 1280), np.float32)) == [None]


def test_they_never_change() -> None:
    """Vectors of years are compared with one another."""
    [vector] = picture_vectors(np.arange(1280, dtype=np.float32)[None])
    assert vector is not None
    assert list(np.frombuffer(vector, np.int8)[:6]) == [-85, 85, 85, 28, -29, -28]
