"""Challenger against champion: who is right, what is accepted, and whether that may be chance."""

import numpy as np
import pytest

from winnow_train.comparison import Contest, Outcome, contest
from winnow_train.data import LabelledRow
from winnow_train.decisions import Decisions
from winnow_train.metrics import lower_bound


def decisions(right: list[bool], confidence: list[float]) -> Decisions:
    """Decisions of rows whose label is x."""
    count = len(right)
    return Decisions(
        rows=tuple(LabelledRow(i, "", {}, "x", "x") for i in range(1, count + 1)),
        decided=tuple("x" if good else "y" for good in right),
        confidence=np.array(confidence),
        out_of_scope=np.zeros(count, bool),
        novelty=np.full(count, np.nan),
        trained_on=np.zeros(count, bool),
        calibration=None,
        because=((),) * count,
    )


def against(
    ours: Decisions,
    theirs: Decisions,
    weights: list[float] | None = None,
    groups: list[int] | None = None,
    thresholds: tuple[float, float] = (0.7, 0.7),
    stake_at: float = 0.9,
) -> Contest:
    count = len(ours.rows)
    return contest(
        ours,
        theirs,
        thresholds,
        np.array(weights or [1.0] * count),
        np.array(groups or list(range(count))),
        stake_at,
        {"half": ["first" if i < count // 2 else "second" for i in range(count)]},
    )


def test_a_challenger_that_is_more_often_right():
    ours = decisions([True] * 38 + [False] * 2, [0.9] * 40)
    theirs = decisions([True] * 20 + [False] * 20, [0.5] * 40)
    found = against(ours, theirs, stake_at=0.5)
    assert found.outcome is Outcome.BETTER
    assert (found.only_challenger_right, found.only_champion_right) == (18, 0)
    assert found.mcnemar_p == pytest.approx(2 * 0.5**18)
    assert found.challenger.precision == 0.95
    assert found.challenger.rows_precision_lower == pytest.approx(lower_bound(38, 40))
    assert found.champion.precision is None
    assert found.gain == pytest.approx(0.9)
    assert "chance" not in found.sentence


def test_a_small_gain_may_be_chance_and_says_so():
    ours = decisions([True] * 19 + [False], [0.9] * 20)
    theirs = decisions([True] * 18 + [False] * 2, [0.9] * 18 + [0.5] * 2)
    found = against(ours, theirs, stake_at=0.9)
    assert found.outcome is Outcome.NOT_BETTER, "one more right and one more wrong are accepted"
    better = against(decisions([True] * 20, [0.9] * 20), theirs)
    assert better.outcome is Outcome.BETTER
    assert "may be chance" in better.sentence


def test_equal_versions_are_not_better():
    same = decisions([True] * 30 + [False] * 5, [0.9] * 35)
    found = against(same, same)
    assert found.outcome is Outcome.NOT_BETTER
    assert (found.mcnemar_p, found.gain, found.gain_p) == (1.0, 0.0, 1.0)


def test_accepted_mistakes_make_it_worse_though_it_is_right_as_often():
    ours = decisions([True] * 30 + [False] * 10, [0.95] * 40)
    theirs = decisions([True] * 30 + [False] * 10, [0.95] * 30 + [0.2] * 10)
    found = against(ours, theirs, stake_at=0.97)
    assert found.mcnemar_p == 1.0
    assert found.outcome is Outcome.WORSE
    assert found.stake == pytest.approx(0.97 / 0.03)


def test_less_often_right_is_worse_whatever_is_accepted():
    ours = decisions([False] * 12 + [True] * 20, [0.1] * 12 + [0.9] * 20)
    theirs = decisions([True] * 32, [0.1] * 12 + [0.9] * 20)
    assert against(ours, theirs).outcome is Outcome.WORSE


def test_a_record_counts_for_as_many_as_it_was_sampled_for():
    # The challenger is right where few records are, the champion where many are.
    ours = decisions([True] * 10 + [False] * 5, [0.9] * 10 + [0.9] * 5)
    theirs = decisions([False] * 10 + [True] * 5, [0.5] * 10 + [0.9] * 5)
    assert against(ours, theirs, stake_at=0.5).outcome is Outcome.BETTER
    weighed = against(ours, theirs, weights=[1.0] * 10 + [50.0] * 5, stake_at=0.5)
    assert weighed.gain < 0
    assert weighed.challenger.accuracy == pytest.approx(10 / 260)
    assert weighed.champion.accuracy == pytest.approx(250 / 260)
    assert weighed.records == 260


def test_copies_are_no_further_evidence():
    ours = decisions([True] * 12, [0.9] * 12)
    theirs = decisions([False] * 12, [0.5] * 12)
    alone = against(ours, theirs)
    copied = against(ours, theirs, groups=[0] * 12)
    assert alone.mcnemar_p < 0.001 < 0.5 < copied.mcnemar_p
    assert alone.gain_p < 0.01 < 0.5 < copied.gain_p


def test_each_side_has_its_own_threshold():
    side = decisions([True] * 10, [0.8] * 10)
    found = against(side, side, thresholds=(0.75, 0.85))
    assert (found.challenger.accepted, found.champion.accepted) == (1.0, 0.0)
    assert found.outcome is Outcome.BETTER


def test_slices():
    ours = decisions([True] * 4 + [False] * 4, [0.9] * 8)
    theirs = decisions([False] * 4 + [True] * 4, [0.9] * 4 + [0.1] * 4)
    first, second = against(ours, theirs).slices["half"]
    assert (first.name, first.rows, first.accuracy) == ("first", 4, (1.0, 0.0))
    assert (second.accepted, second.right) == ((4, 0), (0, 0))
    assert second.bound == (0.0, None)
