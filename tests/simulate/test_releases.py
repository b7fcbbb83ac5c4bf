"""The gate keeps its word, on fewer histories than docs/releases-simulated.md has.

Seeds are fixed. A share may miss its limit by three standard errors, so another numpy that draws
other numbers passes, too.
"""

from math import sqrt

import numpy as np
import pytest

from tests.simulate.releases import (
    DESIGNS,
    DOUBTFUL,
    EQUAL,
    SURE,
    Settings,
    delays,
    errors,
    promoted_after,
    records_per_alarm,
)

GIVEN = Settings(histories=400, seed=1)


def limit(share: float) -> float:
    return share + 3 * sqrt(share * (1 - share) / GIVEN.histories)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_bounds_are_wrong_as_rarely_as_they_say_whenever_one_looks(design):
    found = errors(GIVEN, design, 0.9, 0.8999, looks=800)
    assert found.promoted <= limit(0.05)
    assert found.lower_too_high <= limit(0.05)
    plain = errors(GIVEN, design, 0.9, 0.9003, looks=800, restarts=False)
    assert plain.lower_too_high <= limit(0.025)
    assert plain.upper_too_low <= limit(0.025)


def test_without_weights_most_would_be_promoted_falsely():
    """What the test above would say of bounds that ignore how records were drawn."""
    found = errors(GIVEN, SURE, 0.9, 0.8999, looks=800, weights=[1.0, 1.0, 1.0])
    assert found.promoted > 0.5


@pytest.mark.parametrize("design", [EQUAL, DOUBTFUL], ids=lambda design: design.name)
def test_a_good_challenger_is_promoted(design):
    after = promoted_after(GIVEN, design, 0.9, 0.97, longest=1_000)
    assert np.median(after) < 250 if design == EQUAL else np.median(after) < 900


@pytest.mark.parametrize("good", [0, 500])
def test_a_fall_is_found_within_a_median_of_300_audited_records(good):
    found = delays(GIVEN._replace(histories=200), EQUAL, good, longest=1_000)
    assert np.median(found.alarm) <= 300
    assert np.median(found.taken_back) <= 300


def test_false_alarms_are_as_rare_as_stated():
    records, more = records_per_alarm(GIVEN._replace(every=500), 0.95, 0.95, looks=2_000)
    assert records > 500
    assert not more
