"""The watch over a version: alarms, restarts, and what survives them."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.examples import examples
from winnow.releases import precision
from winnow.releases.change import CALM, Watch, begin, observe, replay, restart
from winnow.releases.precision import Audited

FLOOR = 0.02
FOUND = st.lists(
    st.builds(Audited, st.sampled_from((True, True, False)), st.floats(FLOOR, 1.0), st.none()),
    max_size=80,
)


def stream(
    share: float, count: int, seed: int = 1, probabilities: tuple[float, ...] = (FLOOR,)
) -> list[Audited]:
    draw = random.Random(seed)
    return [Audited(draw.random() < share, draw.choice(probabilities)) for _ in range(count)]


@given(FOUND, FOUND)
@settings(max_examples=examples(40))
def test_a_watch_that_was_stored_goes_on_as_if_it_had_not(before, after):
    watch = begin(0.95, FLOOR, false_alarm_every=50)
    stored = Watch.model_validate_json(replay(before, watch).model_dump_json())
    assert replay(after, stored) == replay([*before, *after], watch)


@given(FOUND)
@settings(max_examples=examples(40))
def test_between_restarts_the_bounds_only_tighten(audits):
    watch = begin(0.9, FLOOR, false_alarm_every=50)
    states = [watch, *(watch := observe(watch, *audited) for audited in audits)]
    for one, next_one in pairwise(states):
        assert next_one.attempt in {one.attempt, one.attempt + 1}
        if next_one.attempt == one.attempt:
            assert next_one.sequence.lower >= one.sequence.lower
            assert next_one.sequence.upper <= one.sequence.upper
            assert next_one.sequence.n == one.sequence.n + 1


def test_without_an_alarm_the_watch_is_the_sequence():
    audits = stream(0.97, 500)
    watch = replay(audits, begin(0.95, FLOOR))
    assert watch.alarms == 0
    assert watch.precision == precision.replay(audits, precision.start(FLOOR))


@pytest.mark.parametrize("good", [0, 500, 5_000])
def test_a_fall_restarts_the_bounds_with_the_records_since(good):
    watch = replay(stream(0.97, good), begin(0.95, FLOOR))
    assert watch.alarms == 0
    fallen = replay(stream(0.88, 600, seed=2), watch)
    assert fallen.fallen
    assert fallen.precision.upper < 0.95
    assert fallen.precision.n <= 650


@pytest.mark.parametrize("probabilities", [(FLOOR,), (0.02, 0.03, 0.5)])
def test_kept_records_never_help_a_promotion(probabilities):
    """At a restart by an alarm no capital against the expected precision or more is above 1."""
    watch = begin(0.9, FLOOR, false_alarm_every=20)
    restarts = 0
    for audited in stream(0.88, 3_000, probabilities=probabilities):
        before, watch = watch, observe(watch, *audited)
        if watch.attempt > before.attempt and watch.fallen:
            restarts += 1
            for candidate in (0.9, 0.93, 0.99):
                kept = precision.log_capital(watch.sequence, candidate, precision.FEWER)
                assert kept < 0
    assert restarts


def test_every_restart_has_a_smaller_share_of_the_error():
    watch = begin(0.9, FLOOR)
    errors = []
    for _ in range(200):
        errors.append(watch.sequence.lower_error)
        watch = restart(watch)
        assert watch.recent.lower_error < watch.sequence.lower_error < errors[-1]
        assert watch.sequence.upper_error == pytest.approx(0.025)
    assert 0.0495 < sum(errors) < 0.05


def test_a_fall_that_was_mended_is_over():
    watch = replay(stream(0.85, 600), begin(0.95, FLOOR))
    assert watch.fallen
    mended = replay(stream(0.98, CALM + 400, seed=3), watch)
    assert not mended.fallen
    assert mended.precision.upper > 0.95
    assert replay(stream(0.98, 1_000, seed=4), mended).precision.lower > 0.95


def test_a_fall_that_lasts_is_never_over():
    watch = replay(stream(0.9, 1_000), begin(0.95, FLOOR))
    for audited in stream(0.9, 4_000, seed=5):
        watch = observe(watch, *audited)
        assert watch.fallen
        assert watch.precision.upper < 0.95
    assert watch.alarms > 3


def test_bounds_that_cross_start_afresh():
    """Bad at first, and good for long: no fall, but no precision fits both, either."""
    watch = replay(stream(0.6, 300), begin(0.5, FLOOR))
    assert watch.precision.upper < 0.75
    risen = replay(stream(0.9, 2_000, seed=6), watch)
    assert risen.attempt == 1
    assert not risen.fallen
    assert risen.precision.lower > 0.8


def test_a_restart_by_hand_forgets_the_records():
    watch = restart(replay(stream(0.9, 100), begin(0.95, FLOOR)))
    assert watch.precision.n == watch.recent.n == 0
    assert watch.cusum == 1
    assert not any(watch.sums)
    assert observe(watch, True, FLOOR).precision.n == 1


def test_the_state_stays_small():
    watch = replay(stream(0.95, 3_000), begin(0.95, 0.001, false_alarm_every=100))
    assert len(watch.model_dump_json()) < 3_000
