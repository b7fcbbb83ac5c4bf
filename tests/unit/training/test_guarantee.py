"""The guarantee holds: by simulation, where the truth is known."""

from functools import cache

import numpy as np
import pytest

from winnow_train.guarantee import GRID, select_threshold

TRIALS = 200


def draw(rng, rows, kind):
    """Confidences of rows, whether they are right, and the true precision above any threshold."""
    if kind == "calibrated":
        sure = rng.beta(4, 1.5, rows)
        return sure, rng.random(rows) < sure
    if kind == "too sure":
        sure = rng.beta(6, 1.0, rows)
        return sure, rng.random(rows) < sure**1.7
    # Not monotone: the surest are wrong more often than those below them.
    sure = rng.random(rows)
    chance = np.where(sure > 0.93, 0.90, np.where(sure > 0.6, 0.97, 0.5))
    return sure, rng.random(rows) < chance


@cache
def population(kind):
    return draw(np.random.default_rng(99), 1_000_000, kind)


def truth(kind, threshold):
    sure, right = population(kind)
    return right[sure >= threshold].mean()


@pytest.mark.parametrize("kind", ["calibrated", "too sure", "not monotone"])
@pytest.mark.parametrize("rows", [300, 2_000])
def test_broken_promises_are_as_rare_as_promised(kind, rows):
    rng = np.random.default_rng(rows)
    precisions = {}
    broken = given = 0
    for _ in range(TRIALS):
        sure, right = draw(rng, rows, kind)
        found = select_threshold(sure, right, precision=0.9, confidence=0.9)
        if found.threshold is None:
            continue
        given += 1
        if found.threshold not in precisions:
            precisions[found.threshold] = truth(kind, found.threshold)
        broken += precisions[found.threshold] < 0.9
    # At most one in ten; three standard errors of the simulation are allowed for.
    assert broken / TRIALS <= 0.1 + 3 * (0.09 / TRIALS) ** 0.5
    if kind == "calibrated" and rows == 2_000:
        assert given > 0.8 * TRIALS


def test_a_naive_threshold_would_break_it():
    """What the bound is for: the smallest threshold that looks good enough breaks half of all."""
    rng = np.random.default_rng(0)
    broken = 0
    for _ in range(200):
        sure, right = draw(rng, 300, "calibrated")
        good = [t for t in GRID if (k := sure >= t).any() and right[k].mean() >= 0.9]
        broken += truth("calibrated", min(good, default=0.995)) < 0.9
    assert broken > 60


def test_the_smallest_threshold_that_holds_is_found():
    sure = np.array([0.9] * 400 + [0.5] * 400 + [0.1] * 400)
    right = np.array([True] * 400 + [True] * 396 + [False] * 4 + [False] * 400)
    found = select_threshold(sure, right, precision=0.95)
    assert found.threshold == 0.5
    assert (found.accepted, found.right, found.rows_wanted) == (800, 796, 0)
    assert found.coverage == pytest.approx(2 / 3)
    assert 0.95 < found.bound < 796 / 800


def test_what_is_never_accepted_counts_as_a_row_and_no_more():
    sure = np.array([0.9] * 400 + [-1.0] * 400)
    found = select_threshold(sure, np.array([True] * 400 + [False] * 400), precision=0.95)
    assert found.threshold == 0.9
    assert found.coverage == 0.5


def test_too_few_rows_are_told_with_how_many_more_it_takes():
    rng = np.random.default_rng(3)
    sure, right = np.full(40, 0.97), rng.random(40) < 2
    found = select_threshold(sure, right, precision=0.95)
    assert found.threshold is None
    assert found.rows_wanted is not None
    assert 30 < found.rows_wanted < 1_000
    more = 40 + found.rows_wanted
    enough = select_threshold(np.full(more, 0.97), np.arange(more) >= more // 80, precision=0.95)
    assert enough.threshold is not None


def test_rows_do_not_help_a_judge_that_is_wrong():
    sure = np.full(5_000, 0.99)
    found = select_threshold(sure, np.arange(5_000) % 5 > 0, precision=0.95)
    assert (found.threshold, found.rows_wanted, found.coverage) == (None, None, 0.0)


@pytest.mark.parametrize("tie", [step / 200 for step in range(2, 197, 3)])
def test_a_threshold_accepts_in_a_run_what_it_accepted_here(tie):
    """Confidences lie on the grid, too: those of one step of a calibration are all the same."""
    sure = np.array([0.999] * 500 + [tie] * 500 + [tie - 0.0001] * 500)
    right = np.array([True] * 1_000 + [False] * 500)
    found = select_threshold(sure, right, precision=0.95)
    assert (found.threshold, found.accepted) == (tie, 1_000)
    written = float(f"{found.threshold:g}")
    assert sum(confidence >= written for confidence in sure.tolist()) == found.accepted


def test_copies_are_no_further_evidence():
    """Three hundred rows that are thirty records ten times show what thirty show."""
    sure, right = np.full(300, 0.97), np.ones(300, bool)
    assert select_threshold(sure, right, precision=0.95).threshold is not None
    copied = np.repeat(np.arange(30), 10)
    found = select_threshold(sure, right, precision=0.95, records=copied)
    assert found.threshold is None
    assert found.rows_wanted == select_threshold(sure[:30], right[:30], precision=0.95).rows_wanted
    # A frequent record counts by its rows all the same: live data hold it as often.
    often = np.array([0] * 60 + list(range(1, 1001)))
    wrong = select_threshold(np.full(1060, 0.97), often > 0, precision=0.95, records=often)
    assert wrong.threshold is None


def test_no_rows():
    found = select_threshold(np.zeros(0), np.zeros(0, bool), precision=0.95)
    assert (found.threshold, found.rows_wanted) == (None, None)


@pytest.mark.parametrize("surest", [0.93, 0.95, 0.97, 0.98, 0.995])
@pytest.mark.parametrize("many", [0.8, 0.85, 0.88])
def test_a_higher_threshold_holds_only_where_it_was_shown(surest, many):
    """A few that are surest, half of them wrong, stand above many that are right."""
    sure = np.r_[np.full(4_000, many), np.full(60, surest)]
    right = np.r_[np.ones(4_000, bool), np.arange(60) % 2 > 0]
    found = select_threshold(sure, right, precision=0.95)
    assert found.threshold is not None
    assert found.threshold <= many
    assert found.shown[0] == found.threshold
    assert all(right[sure >= one].mean() >= 0.95 for one in found.shown)
    assert not [one for one in found.shown if many < one]


def test_what_was_shown_begins_at_the_threshold_and_leaves_out_what_accepts_no_row_more():
    sure, right = np.linspace(0.6, 1, 4_000), np.ones(4_000, bool)
    found = select_threshold(sure, right, precision=0.95)
    assert found.threshold == 0.6
    # Above 0.97 there are too few rows to show anything.
    assert found.shown == tuple(sorted(t for t in GRID if 0.6 <= t <= found.shown[-1]))
    assert 0.9 < found.shown[-1] < 0.995
    none = select_threshold(sure, ~right, precision=0.95)
    assert none.shown == ()
