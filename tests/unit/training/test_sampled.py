"""A guarantee for live records rests on reviewed records, each counted for what it stands for."""

from typing import Any

import numpy as np
import pytest

from tests.fakes.retraining import review
from winnow.registry.training_rows import TrainingRow
from winnow.reviews.models import Kind
from winnow_train.guarantee import select_threshold
from winnow_train.sampled import Sample, is_sampled, sample_of, shown_threshold


def sample(*parts: tuple[int, float, float, float], groups: Any = None) -> Sample:
    """Records in parts of a count, a confidence, a share that is wrong, and a weight."""
    confidences, right, weights = [], [], []
    for count, confidence, wrong, weight in parts:
        confidences += [confidence] * count
        right += [number >= round(wrong * count) for number in range(count)]
        weights += [weight] * count
    return Sample(np.array(confidences), np.array(right, bool), np.array(weights), groups)


@pytest.mark.parametrize(
    ("row", "drawn"),
    [
        (review(1, "t", "app"), True),
        (review(1, "t", "app", kind=Kind.AUDIT), True),
        (review(1, "t", "app", kind=Kind.CORRECTION), False),
        (review(1, "t", "app", kind=Kind.PREDICTION), False),
        (review(1, "t", "app", kind=None), False),
        (TrainingRow(id="f row 1", text="t", label="app"), False),
        (TrainingRow(id="f row 1", text="t", label="app", weight=20.0), False),
    ],
)
def test_what_was_drawn_from_live_records(row: TrainingRow, drawn: bool) -> None:
    assert is_sampled(row) is drawn
    found = sample_of([row], np.array([0.9]), np.array([True]), np.array([3]))
    assert len(found.right) == drawn


@pytest.mark.parametrize("weight", [1.0, 20.0])
@pytest.mark.parametrize("seed", range(4))
def test_records_of_one_weight_show_what_rows_of_a_file_show(weight: float, seed: int) -> None:
    draw = np.random.default_rng(seed)
    confidences = draw.beta(5, 1, 900).round(4)
    right = draw.random(900) < np.minimum(confidences + 0.05, 1)
    plain = select_threshold(confidences, right, 0.9)
    found = shown_threshold(Sample(confidences, right, np.full(900, weight), None), 0.9, 0.95)
    assert (found.threshold if found else None) == plain.threshold
    assert (found.shown if found else ()) == plain.shown
    assert found is None or (found.accepted, found.right) == (plain.accepted, plain.right)


@pytest.mark.parametrize("groups", [None, np.arange(2_100)])
def test_many_light_records_do_not_outvote_those_that_stand_for_many(groups: Any) -> None:
    """2,000 records set aside that are right, and 100 audits for 20 each, 15 of them wrong."""
    given = sample((2_000, 0.97, 0.0, 1.0), (100, 0.97, 0.15, 20.0), groups=groups)
    assert select_threshold(given.confidences, given.right, 0.95).threshold is not None
    assert shown_threshold(given, 0.95, 0.95) is None
    # The other way about: what is wrong stands for few.
    other = sample((60, 0.97, 0.15, 1.0), (600, 0.97, 0.0, 20.0), groups=None)
    found = shown_threshold(other, 0.95, 0.95)
    assert found is not None
    assert (found.threshold, found.accepted, found.right) == (0.97, 660, 651)


@pytest.mark.parametrize(
    ("parts", "least"),
    [
        ([(600, 0.9, 0.0, 20.0), (300, 0.9, 0.0, 1.0)], 0.9),
        ([(600, 0.9, 0.0, 20.0), (300, 0.6, 0.6, 20.0)], 0.9),
        ([(600, 0.9, 0.01, 20.0), (900, 0.75, 0.01, 1.0)], 0.75),
        ([(300, 0.99, 0.0, 5.0), (300, 0.8, 0.0, 10.0)], 0.8),
    ],
)
def test_enough_that_are_right_show_a_threshold(parts: list[Any], least: float) -> None:
    found = shown_threshold(sample(*parts), 0.95, 0.95)
    assert found is not None
    assert found.threshold == found.shown[0] == least


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [(1, 0.99, 0.0, 20.0)],
        [(50, 0.99, 0.0, 20.0)],
        [(60, 0.99, 0.0, 20.0), (500, 0.99, 0.0, 1.0)],
        [(500, 0.99, 0.06, 20.0), (5_000, 0.99, 0.0, 1.0)],
        [(500, 0.4, 0.9, 20.0), (500, 0.7, 0.2, 1.0)],
        [(500, -1.0, 0.0, 20.0)],
    ],
    ids=["none", "one", "few", "few that weigh", "wrong", "unsure", "never accepted"],
)
def test_too_few_or_wrong_ones_show_none(parts: list[Any]) -> None:
    found = shown_threshold(sample(*parts), 0.95, 0.95)
    assert found is None or found.accepted == 0


def test_near_copies_are_one_record() -> None:
    given = sample((400, 0.97, 0.0, 20.0), (200, 0.97, 0.0, 1.0))
    assert shown_threshold(given, 0.95, 0.95) is not None
    copied = np.repeat(np.arange(60), 10)
    assert shown_threshold(given._replace(groups=copied), 0.95, 0.95) is None
    # One of ten copies that is wrong makes the record wrong, with all its weight.
    right = np.ones(6_000, bool)
    right[: 6_000 // 20 : 10] = False
    wrong = Sample(np.full(6_000, 0.97), right, np.full(6_000, 5.0), np.arange(6_000) // 10)
    assert select_threshold(wrong.confidences, wrong.right, 0.95).threshold is not None
    assert shown_threshold(wrong, 0.95, 0.95) is None
    # Of copies below the threshold nothing counts.
    apart = np.where(right, 0.97, 0.2)
    assert shown_threshold(wrong._replace(confidences=apart), 0.95, 0.95) is not None


def test_a_guarantee_that_was_shown_is_seldom_broken() -> None:
    """Of records set aside 99.9 % are right, of accepted ones 91 %: 94.6 % of all."""
    draw = np.random.default_rng(5)
    shown = 0
    for _ in range(200):
        heavy = draw.random(12_000) < 0.6
        right = draw.random(12_000) < np.where(heavy, 0.91, 0.999)
        drawn = draw.random(12_000) < np.where(heavy, 1 / 20, 1)
        confidences = draw.beta(5, 1.5, 12_000).round(4)
        weights = np.where(heavy, 20.0, 1.0)
        given = Sample(confidences[drawn], right[drawn], weights[drawn], None)
        shown += shown_threshold(given, 0.95, 0.95) is not None
    assert shown <= 10
