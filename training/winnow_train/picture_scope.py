"""What tells pictures of other things from those that a head was trained on.

A head of pictures has seen few of all the pictures there are. Two measures are fitted. The distance
is what the principal components of the training features do not explain (reconstruction error). The
weakness is the logit of being none of the labels: a logistic regression of the training pictures
against pictures that have no label, where there are any (outlier exposure: Hendrycks et al., 2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from winnow.heads.linear import unexplained

COMPONENTS = 64
"""At most; with 32 to 256, drawings of other things are told as well (AUROC 0.967 to 0.976)."""
ROWS_PER_COMPONENT = 4
STRENGTH = 0.01
"""C of the regression: 0.001 to 0.1 are as good."""

Doubles = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class PictureScope:
    """The arrays of a head's scope, and what the folds without a row say of it."""

    arrays: dict[str, NDArray[Any]]
    distances: Doubles
    weaknesses: Doubles | None
    """None: no picture without a label taught any."""
    none: tuple[Doubles, Doubles] | None = None
    """Distances and weaknesses of the pictures without a label, by folds without them."""


def picture_scope(
    features: Doubles, none: Doubles | None, splits: Sequence[tuple[Ints, Ints]]
) -> PictureScope:
    """Fit the scope of a head of pictures.

    Args:
        features: Of the training rows.
        none: Of pictures that have no label; None where there are none.
        splits: (rows to learn from, rows held out) of each fold.
    """
    distances, weaknesses = np.zeros(len(features)), np.zeros(len(features))
    for train, test in splits:
        learned, held_out = features[train], features[test]
        away = held_out - learned.mean(axis=0)
        distances[test] = unexplained(away, components(learned))
        if none is not None:
            outside = against(learned, none)
            weaknesses[test] = standardised(held_out, learned) @ outside[:-1] + outside[-1]
    arrays: dict[str, NDArray[Any]] = {"components": components(features).astype(np.float16)}
    if none is not None:
        arrays["outside"] = against(features, none).astype(np.float32)
    if none is None:
        return PictureScope(arrays, distances, None)
    return PictureScope(arrays, distances, weaknesses, _of_none(features, none, len(splits)))


def _of_none(features: Doubles, none: Doubles, folds: int) -> tuple[Doubles, Doubles]:
    """Distances and weaknesses of the pictures without a label: none of them teaches its own.

    Those that are equal share a fold.
    """
    distances = unexplained(none - features.mean(axis=0), components(features))
    weaknesses = np.zeros(len(none))
    fold = np.unique(none, axis=0, return_inverse=True)[1].reshape(-1) % folds
    for one in range(folds):
        taught, held_out = none[fold != one], none[fold == one]
        if len(held_out) and len(taught):
            outside = against(features, taught)
            weaknesses[fold == one] = standardised(held_out, features) @ outside[:-1] + outside[-1]
    return distances, weaknesses


def components(features: Doubles) -> Doubles:
    """The first principal components, a column each."""
    count = max(1, min(COMPONENTS, len(features) // ROWS_PER_COMPONENT))
    _, _, axes = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)
    first: Doubles = axes[:count].T
    return first


def against(features: Doubles, none: Doubles) -> Doubles:
    """Weights of the standardised features, and a bias: the logit of being none of the labels."""
    inputs = np.concatenate([standardised(features, features), standardised(none, features)])
    is_none = np.arange(len(inputs)) >= len(features)
    model = LogisticRegression(C=STRENGTH, max_iter=2_000, class_weight="balanced")
    model.fit(inputs, is_none)
    return np.append(model.coef_[0], model.intercept_[0])


def standardised(features: Doubles, by: Doubles) -> Doubles:
    """Features by the mean and the deviation of others."""
    deviation = by.std(axis=0)
    scaled: Doubles = (features - by.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return scaled
