"""The arrays that are simulated follow the module that runs."""

import numpy as np
import pytest

from tests.simulate.watches import Watches
from winnow.releases import change, precision

PROBABILITIES = (0.02, 0.03, 0.2, 1.0)
WEIGHTS = [0.02 / probability for probability in PROBABILITIES]


@pytest.mark.parametrize(("expected", "before", "after"), [(0.95, 0.97, 0.85), (0.5, 0.6, 0.95)])
def test_histories_on_arrays_are_those_of_the_module(expected, before, after):
    draw = np.random.default_rng(1)
    histories, records = 6, 900
    twins = Watches(histories, expected, WEIGHTS, false_alarm_every=100)
    watches = [change.begin(expected, 0.02, false_alarm_every=100) for _ in range(histories)]
    for number in range(records):
        kinds = draw.integers(len(WEIGHTS), size=histories)
        # Bad in between only, so that falls begin and end.
        correct = draw.random(histories) < (after if records // 3 < number < 500 else before)
        twins.observe(kinds, correct)
        watches = [
            change.observe(watch, bool(right), PROBABILITIES[kind])
            for watch, right, kind in zip(watches, correct, kinds, strict=True)
        ]
        for row, watch in enumerate(watches):
            assert twins.n[row] == watch.precision.n
            assert (twins.lower[row], twins.upper[row]) == (
                watch.precision.lower,
                watch.precision.upper,
            )
            assert (twins.attempt[row], twins.alarms[row]) == (watch.attempt, watch.alarms)
            assert twins.fallen[row] == watch.fallen
            assert twins.recent_n[row] == watch.recent.n
    assert twins.attempt.any()


def test_without_restarts_they_are_plain_sequences():
    draw = np.random.default_rng(2)
    twins = Watches(4, 0.95, WEIGHTS, false_alarm_every=20, restarts=False)
    states = [precision.start(0.02) for _ in range(4)]
    for _ in range(500):
        kinds, correct = draw.integers(len(WEIGHTS), size=4), draw.random(4) < 0.9
        twins.observe(kinds, correct)
        states = [
            precision.observe(state, bool(right), PROBABILITIES[kind])
            for state, right, kind in zip(states, correct, kinds, strict=True)
        ]
    assert list(twins.lower) == [state.lower for state in states]
    assert list(twins.upper) == [state.upper for state in states]
