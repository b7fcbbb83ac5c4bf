"""Confident learning: what the package cleanlab finds, and in its order."""

import numpy as np
import pytest
from cleanlab.filter import find_label_issues

from winnow_train.label_noise import doubtful


def draw(seed: int, flips: float = 0.15) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, given labels, and whether each label was replaced."""
    rng = np.random.default_rng(seed)
    labels, rows = int(rng.integers(2, 9)), int(rng.integers(60, 600))
    logits = rng.normal(size=(rows, labels))
    true = np.arange(rows) % labels
    logits[np.arange(rows), true] += 2.5
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    given = np.where(rng.random(rows) < flips, rng.integers(0, labels, rows), true)
    return shares, given, given != true


@pytest.mark.parametrize("seed", range(20))
def test_the_rows_that_cleanlab_finds_in_its_order(seed):
    shares, given, _ = draw(seed)
    theirs = find_label_issues(
        given,
        shares,
        filter_by="confident_learning",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    assert [doubt.row for doubt in doubtful(shares, given)] == theirs.tolist()


def test_wrong_labels_come_first():
    shares, given, wrong = draw(3)
    found = doubtful(shares, given)
    first = [wrong[doubt.row] for doubt in found[: wrong.sum() // 2]]
    assert np.mean(first) > 0.8 > 3 * wrong.mean()
    assert all(doubt.likely != given[doubt.row] for doubt in found)
    assert [doubt.given for doubt in found] == sorted(doubt.given for doubt in found)


def test_nothing_is_doubtful_where_the_model_agrees():
    shares = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    assert doubtful(shares, np.array([0, 0, 1])) == []


def test_a_label_without_rows_is_never_likely():
    shares = np.array([[0.1, 0.0, 0.9], [0.2, 0.1, 0.7], [0.1, 0.8, 0.1]])
    assert doubtful(shares, np.array([0, 0, 1])) == []
