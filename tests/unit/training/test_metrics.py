"""Figures that can be worked out by hand or by scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from winnow_train.metrics import (
    area_under_risk,
    at_most,
    by_label,
    confusion,
    expected_calibration_error,
    lower_bound,
    mcnemar,
    reliability,
    risk_coverage,
)


def test_confusion_precision_and_recall():
    labels = ("a", "b", "c")
    counts = confusion(["a", "a", "b", "b"], ["a", "b", "b", "b"], labels)
    assert counts == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    a, b, c = by_label(counts, labels)
    assert (a.precision, a.recall, a.f1) == (1.0, 0.5, pytest.approx(2 / 3))
    assert (b.precision, b.recall) == (pytest.approx(2 / 3), 1.0)
    assert (c.precision, c.recall, c.f1) == (None, None, 0.0)


def test_calibration_error():
    sure = np.array([0.9, 0.9, 0.9, 0.9, 0.1, 0.1])
    right = np.array([True, True, True, False, False, False])
    assert expected_calibration_error(sure, right) == pytest.approx((4 * 0.15 + 2 * 0.1) / 6)
    assert [b.count for b in reliability(sure, right)] == [2, 4]
    assert expected_calibration_error(np.array([1.0]), np.array([True])) == 0


def test_risk_coverage_falls_into_ties_as_one():
    sure = np.array([0.9, 0.9, 0.5, 0.2])
    right = np.array([True, False, True, False])
    curve = risk_coverage(sure, right)
    assert curve == [(0.9, 0.5, 0.5), (0.5, 0.75, pytest.approx(1 / 3)), (0.2, 1.0, 0.5)]
    assert area_under_risk(curve) == pytest.approx(0.25 + 0.25 / 3 + 0.125)


@given(st.integers(0, 60), st.integers(1, 60), st.floats(0.01, 0.99))
def test_binomial_tail(count, trials, chance):
    assert at_most(count, trials, chance) == pytest.approx(
        stats.binom.cdf(count, trials, chance), abs=1e-9
    )


@given(st.integers(0, 300), st.integers(1, 300))
def test_lower_bound_is_clopper_and_pearson_s(right, more):
    trials = right + more - 1 or 1
    right = min(right, trials)
    expected = stats.beta.ppf(0.05, right, trials - right + 1) if right else 0.0
    assert lower_bound(right, trials) == pytest.approx(expected, abs=1e-6)


def test_mcnemar():
    one = np.array([True] * 10 + [False] * 2 + [True] * 50)
    other = np.array([False] * 10 + [True] * 2 + [True] * 50)
    assert mcnemar(one, other) == pytest.approx(stats.binomtest(2, 12).pvalue)
    assert mcnemar(one, one) == 1.0
