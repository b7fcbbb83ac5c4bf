"""The bounds of live precision: what always holds. How often they hold: tests/simulate."""

import random
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.examples import examples
from winnow.releases.precision import (
    CANDIDATES,
    FEWER,
    MORE,
    STAKES,
    WEIGHTS,
    Audited,
    Precision,
    count,
    divide,
    log_capital,
    observe,
    ratios,
    replay,
    start,
    weight_of,
)

FLOOR = 0.02
AUDITED = st.builds(
    Audited, st.sampled_from((True, True, True, False)), st.floats(FLOOR, 1.0), st.none()
)
MANY = st.lists(AUDITED, max_size=60)


def test_nothing_is_known_before_the_first_record():
    state = start(FLOOR)
    assert (state.n, state.lower, state.upper, state.estimate) == (0, 0.0, 1.0, None)
    assert state.lower_error + state.upper_error == pytest.approx(0.05)


@given(MANY)
@settings(max_examples=examples(60))
def test_bounds_only_tighten_and_the_counts_are_the_records(audits):
    state = start(FLOOR)
    for number, audited in enumerate(audits, 1):
        after = observe(state, *audited)
        assert state.lower <= after.lower
        assert state.upper >= after.upper
        assert after.n == number
        state = after
    assert state.right == sum(audited.correct for audited in audits)
    kept = sum(
        weight * (right + wrong)
        for weight, right, wrong in zip(WEIGHTS, state.rights, state.wrongs, strict=True)
    )
    assert kept == pytest.approx(sum(FLOOR / audited.probability for audited in audits))


@given(MANY, MANY)
@settings(max_examples=examples(60))
def test_a_state_that_was_stored_goes_on_as_if_it_had_not(before, after):
    stored = Precision.model_validate_json(replay(before, start(FLOOR)).model_dump_json())
    assert replay(after, stored) == replay([*before, *after], start(FLOOR))


@given(st.lists(st.sampled_from((True, True, True, False)), max_size=60), st.floats(0.001, 1))
@settings(max_examples=examples(60))
def test_one_probability_for_all_is_no_weighting(found, probability):
    weighted = replay([Audited(right, probability) for right in found], start(probability))
    plain = replay([Audited(right, 1.0) for right in found], start(1.0))
    assert weighted.model_copy(update={"floor": 1.0}) == plain
    assert plain.estimate == (pytest.approx(sum(found) / len(found)) if found else None)


def test_a_floor_that_changes_counts_each_record_by_the_one_of_its_time():
    state = observe(start(0.02), True, 0.05, floor=0.05)
    assert state == observe(start(0.02), True, 0.02)


def test_the_estimate_weighs_by_the_inverse_of_the_probability():
    state = replay([Audited(True, 1.0), Audited(False, 0.1)], start(0.1))
    assert state.estimate == pytest.approx(1 / 11)


@pytest.mark.parametrize("probability", [0.0, -0.1, 0.019, 1.01])
def test_a_probability_below_the_floor_or_above_one_is_refused(probability):
    with pytest.raises(ValueError, match="floor"):
        observe(start(FLOOR), True, probability)


@given(st.floats(1e-6, 1))
def test_a_weight_is_divided_so_that_it_stays(weight):
    parts = divide(weight)
    assert sum(WEIGHTS[place] * part for place, part in parts) == pytest.approx(weight)
    assert 0 < sum(part for _, part in parts) <= 1 + 1e-12


@given(
    st.sampled_from(CANDIDATES),
    st.sampled_from((FEWER, MORE)),
    st.floats(0.0, 1.0),
    st.lists(st.tuples(st.floats(0.02, 1), st.floats(0, 1)), min_size=1, max_size=4),
)
def test_the_capital_never_gains_where_the_candidate_is_true_or_beyond(
    candidate, factors, share, kinds
):
    """The exact mean over draw and record; kinds of records differ in probability and precision."""
    truth = candidate * share if factors is FEWER else 1 - (1 - candidate) * share
    average = sum(precise for _, precise in kinds) / len(kinds)
    floor = min(probability for probability, _ in kinds)
    mean = 0.0
    for probability, precise in kinds:
        # Moved towards 0 or 1, so that the precision of all kinds together is the truth.
        chance = (
            precise * truth / average
            if average > truth
            else 1 - (1 - precise) * (1 - truth) / (1 - average or 1)
        )
        weight = weight_of(start(floor), probability)
        for correct, part in ((True, chance), (False, 1 - chance)):
            gain = exp(log_capital(count(start(floor), correct, weight), candidate, factors))
            mean += part * (1 - probability + probability * gain) / len(kinds)
    assert mean <= 1 + 1e-9
    if share == 1 and all(probability == floor for probability, _ in kinds):
        assert mean == pytest.approx(1)


@given(st.sampled_from(CANDIDATES), st.sampled_from(FEWER + MORE), st.floats(0.0, 1.0))
def test_a_divided_weight_never_gains_on_the_exact_one(candidate, factor, weight):
    if not weight:
        return
    for ratio in ratios(candidate, factor):
        kept = 1.0
        for place, part in divide(weight):
            kept *= (1 + WEIGHTS[place] * (ratio - 1)) ** part
        assert kept <= (1 + weight * (ratio - 1)) * (1 + 1e-12)


def test_the_stakes_are_the_whole_capital_and_candidates_ascend():
    assert sum(STAKES) == pytest.approx(1)
    assert sorted(set(CANDIDATES)) == list(CANDIDATES)
    assert {0.9, 0.93, 0.95, 0.99} <= set(CANDIDATES)


def test_many_records_bound_the_precision_closely_and_the_state_stays_small():
    draw = random.Random(1)
    state = start(FLOOR)
    for _ in range(3_000):
        state = observe(state, draw.random() < 0.96, draw.choice((0.02, 0.037, 0.5, 1.0)))
    assert 0.93 < state.lower < 0.96 < state.upper < 0.98
    assert len(state.model_dump_json()) < 1_000
