"""Weights reach everything that is fitted: a row of weight 2 is as two rows."""

import io

import numpy as np
import pytest

from winnow.errors import TrainingDataError
from winnow.heads.calibration import centred
from winnow.heads.card import TrainingData
from winnow.heads.linear import Inputs, LinearHead
from winnow_train.fit import Fitted, Material, fit
from winnow_train.metrics import (
    expected_calibration_error,
    lower_bound,
    weighted_lower_bound,
)

LABELS = ("a", "b")


def fitted(
    numbers: np.ndarray,
    known: np.ndarray,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    strengths: tuple[float, ...] | None = None,
) -> Fitted:
    material = Material(
        LABELS,
        known,
        (),
        np.zeros((len(known), 0), np.float32),
        numbers,
        weights=weights,
        groups=groups,
    )
    data = TrainingData(
        file="f", sha256="", rows=len(known), rows_of={}, label_column="l", numeric_columns=("n",)
    )
    return fit(
        material, data, kind="labels", process="p", encoder=None, threshold=0.7, created="",
        keys=np.arange(len(known), dtype=np.uint64), strengths=strengths,
    )  # fmt: skip


def cloud(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    known = np.arange(rows) % 2
    return rng.normal(size=(rows, 1)) + known[:, None], known


def share_of_b(head: Fitted, number: float) -> float:
    linear = LinearHead.load(head.card, head.arrays)
    inputs = Inputs(np.zeros((0, 0), np.float32), [""], np.array([[number]]))
    return float(linear.probabilities(linear.logits(inputs))[0, 1])


def test_equal_weights_change_nothing():
    numbers, known = cloud(200)
    plain = fitted(numbers, known)
    weighted = fitted(numbers, known, np.full(200, 7.0))
    assert weighted.card.calibration == plain.card.calibration
    assert weighted.card.metrics.accuracy == plain.card.metrics.accuracy
    assert weighted.card.metrics.ece_after == pytest.approx(plain.card.metrics.ece_after)
    assert weighted.arrays == plain.arrays


def test_the_classifier_leans_to_heavy_rows():
    numbers, known = cloud(400)
    heavy = fitted(numbers, known, np.where(known == 1, 9.0, 1.0))
    assert share_of_b(heavy, 0.5) > share_of_b(fitted(numbers, known), 0.5) + 0.2


def test_calibration_and_figures_are_of_what_the_rows_stand_for():
    # Of the rows one half is told apart and the other is noise; noise weighs little.
    rng = np.random.default_rng(1)
    known = np.arange(800) % 2
    clear = np.arange(800) < 400
    numbers = np.where(clear, 6.0 * known - 3, rng.normal(size=800))[:, None]
    plain = fitted(numbers, known)
    weighted = fitted(numbers, known, np.where(clear, 20.0, 1.0))
    assert plain.card.metrics.accuracy == pytest.approx(0.75, abs=0.05)
    assert weighted.card.metrics.accuracy == pytest.approx(1 - 0.5 / 21, abs=0.01)
    assert weighted.card.metrics.ece_after < 0.02
    profile = weighted.card.profile
    assert profile is not None
    assert profile.records == 400 * 21
    assert profile.scores[-1] > 0.9 * profile.records
    with np.load(io.BytesIO(weighted.training)) as stored:
        sure = stored["confidence"]
    assert sure[clear].mean() > 0.97


def test_knots_are_weighted_means():
    scores = np.array([0.1, 0.2, 0.6, 0.9])
    steps = np.array([0.0, 0.0, 1.0, 1.0])
    knots, values = centred(scores, steps, np.array([1.0, 3.0, 1.0, 1.0]))
    assert knots == pytest.approx([0.175, 0.75])
    assert values.tolist() == [0.0, 1.0]


def test_calibration_error_by_weight():
    sure = np.array([0.9, 0.9, 0.1])
    right = np.array([True, False, False])
    twice = np.repeat([0, 1, 2], [3, 1, 2])
    assert expected_calibration_error(
        sure, right, weights=np.array([3.0, 1.0, 2.0])
    ) == pytest.approx(expected_calibration_error(sure[twice], right[twice]))


def test_the_weighted_bound_is_clopper_and_pearson_s_for_equal_weights():
    right = np.arange(50) < 47
    assert weighted_lower_bound(right, np.full(50, 3.0)) == pytest.approx(lower_bound(47, 50))
    # Ten rows that stand for most of the world tell less than fifty.
    uneven = np.where(np.arange(50) < 10, 50.0, 1.0)
    assert weighted_lower_bound(right, uneven) < lower_bound(47, 50)
    assert weighted_lower_bound(right[:0], uneven[:0]) == 0.0


def test_rows_of_a_group_share_a_fold():
    # The number is noise that only a copy of the row could tell the label by.
    rng = np.random.default_rng(0)
    once = rng.normal(size=(60, 1))
    numbers, known = np.repeat(once, 4, axis=0), np.repeat(rng.integers(0, 2, 60), 4)
    groups = np.repeat(np.arange(60), 4)
    assert fitted(numbers, known, groups=groups).card.metrics.accuracy < 0.65
    with pytest.raises(TrainingDataError, match="fewer than 2 different"):
        fitted(numbers, known, groups=known)


def test_the_values_of_c_can_be_named():
    numbers, known = cloud(100)
    card = fitted(numbers, known, strengths=(3.0,)).card
    assert card.regularisation == 3.0
    assert list(card.metrics.accuracy_by_c) == ["3"]
