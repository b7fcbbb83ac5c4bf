"""What tells pictures of other things: on points of few dimensions, without any picture."""

import numpy as np

from winnow.heads.linear import unexplained
from winnow_train.picture_scope import COMPONENTS, components, picture_scope, standardised

RNG = np.random.default_rng(0)
SPLITS = [(np.flatnonzero(np.arange(200) % 5 != k), np.arange(k, 200, 5)) for k in range(5)]


def plane(rows: int) -> np.ndarray:
    """Points near a plane in 20 dimensions."""
    points = RNG.normal(0, 0.01, (rows, 20))
    points[:, :2] += RNG.normal(0, 1, (rows, 2))
    return points


def test_what_is_beside_the_plane_is_far() -> None:
    points = plane(200)
    first = components(points)[:, :2]
    beside = plane(50)
    beside[:, 7] += 1
    centre = points.mean(axis=0)
    near, far = unexplained(plane(50) - centre, first), unexplained(beside - centre, first)
    assert near.max() < far.min()
    assert np.allclose(first.T @ first, np.eye(2))


def test_few_rows_leave_something_unexplained() -> None:
    assert components(plane(1_000)).shape == (20, 20)
    assert components(plane(12)).shape == (20, 3)
    assert components(plane(2)).shape == (20, 1)
    assert components(RNG.normal(size=(300, 100))).shape == (100, COMPONENTS)


def test_each_row_is_measured_by_folds_without_it() -> None:
    points = RNG.normal(size=(200, 400))
    scope = picture_scope(points, None, SPLITS)
    learned = unexplained(
        points - points.mean(axis=0), scope.arrays["components"].astype(np.float64)
    )
    assert np.median(scope.distances) > np.median(learned)
    assert scope.weaknesses is None
    assert "outside" not in scope.arrays


def test_what_is_of_no_label_is_weak() -> None:
    points, none = plane(200), plane(60)
    none[:, 0] += 6
    scope = picture_scope(points, none, SPLITS)
    assert scope.weaknesses is not None
    weights = scope.arrays["outside"].astype(np.float64)
    weak = (none - points.mean(axis=0)) / points.std(axis=0) @ weights[:-1] + weights[-1]
    assert np.quantile(scope.weaknesses, 0.9) < np.quantile(weak, 0.1)


def test_pictures_of_none_are_measured_by_what_was_learned_without_them() -> None:
    """Pictures of none that look like the labels' own are learned by heart, and no more."""
    features = RNG.normal(size=(100, 400))
    none = RNG.normal(size=(60, 400))
    none = np.concatenate([none, none[:20]])
    folds = [(np.flatnonzero(np.arange(100) % 5 != k), np.arange(k, 100, 5)) for k in range(5)]
    scope = picture_scope(features, none, folds)
    assert scope.none is not None
    outside = scope.arrays["outside"]
    by_heart = standardised(none, features) @ outside[:-1] + outside[-1]
    distances, weaknesses = scope.none
    assert weaknesses.mean() < by_heart.mean() - 1
    assert np.allclose(weaknesses[60:], weaknesses[:20]), "equal pictures share a fold"
    assert distances.shape == (80,)
    assert picture_scope(features, None, folds).none is None
