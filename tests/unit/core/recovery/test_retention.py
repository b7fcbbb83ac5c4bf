"""How long rows were kept: the value in force when a row was claimed decides, not today's."""

import random
from itertools import pairwise

import pytest

from tests.template.expand import expand
from winnow.recovery.retention import SHORTEST_DAYS, Retention

DAY = 86_400.0
NOW = 2_000 * DAY


def lived(*values: tuple[float, int], until: float = NOW) -> Retention:
    """What sweeps every quarter of an hour note of (from when, days)."""
    known = Retention()
    changes = [*values, (until, 0)]
    for (since, days), (before, _) in pairwise(changes):
        at = since
        while at < before:
            known = known.seen(days, at)
            at += 900.0
    return known


def forgotten(known: Retention, days_old: float, now: float = NOW) -> bool:
    return known.forgotten(now - days_old * DAY, now)


def test_the_least_is_what_the_template_lets_a_stack_have():
    assert expand()["Parameters"]["RetentionDays"]["MinValue"] == SHORTEST_DAYS


def test_one_value_all_along_is_what_counts():
    known = lived((NOW - 200 * DAY, 90))
    assert not forgotten(known, 89.9)
    assert forgotten(known, 90)
    assert not forgotten(known, -1), "a clock that is ahead"


def test_a_stack_whose_past_is_not_known_keeps_what_every_stack_keeps():
    for known in (Retention(), Retention().seen(90, NOW)):
        assert not forgotten(known, SHORTEST_DAYS - 0.1)
        assert forgotten(known, SHORTEST_DAYS)


def test_raising_it_says_nothing_of_rows_that_were_claimed_before():
    known = lived((NOW - 200 * DAY, 15), (NOW - 10 * DAY, 90))
    assert forgotten(known, 15), "its row has expired"
    assert not forgotten(known, 14.9)
    # 40 days later: what was claimed since the raise is there for 90 days.
    later = lived((NOW - 200 * DAY, 15), (NOW - 10 * DAY, 90), until=NOW + 40 * DAY)
    assert not forgotten(later, 48.9, NOW + 40 * DAY)
    assert forgotten(later, 50.1, NOW + 40 * DAY)


def test_lowering_it_is_safe_for_what_is_claimed_late():
    known = lived((NOW - 200 * DAY, 90), (NOW - 10 * DAY, 20))
    assert not forgotten(known, 29)
    later = lived((NOW - 200 * DAY, 90), (NOW - 10 * DAY, 20), until=NOW + 10 * DAY)
    # Its event may have come after the change: that row was kept for 20 days.
    assert forgotten(later, 21, NOW + 10 * DAY)


def test_a_value_that_came_and_went_while_nobody_looked_is_reckoned_with():
    before = lived((NOW - 100 * DAY, 90), until=NOW - 40 * DAY)
    known = before
    for quarter in range(40 * 96):
        # The sweep was off for twenty days.
        if quarter >= 20 * 96:
            known = known.seen(90, NOW - 40 * DAY + quarter * 900.0)
    assert not forgotten(known, 18)
    assert forgotten(known, 30), "rows of a value in between may be gone"


@pytest.mark.parametrize("seed", range(20))
def test_no_row_that_may_have_expired_is_taken_to_be_there(seed: int):
    chance = random.Random(seed)
    changes = [(0.0, chance.choice((15, 30, 90)))]
    for _ in range(4):
        changes.append((changes[-1][0] + chance.uniform(1, 40) * DAY, chance.randint(15, 100)))
    until = changes[-1][0] + 60 * DAY
    known = lived(*changes, until=until)
    for _ in range(200):
        modified = chance.uniform(0, until)
        claimed = min(until, modified + chance.choice((0.0, 60.0, 3 * DAY, 20 * DAY)))
        in_force = [days for since, days in changes if since <= claimed][-1]
        if claimed + in_force * DAY <= until:
            assert known.forgotten(modified, until)


def test_what_is_noted_does_not_grow_for_ever():
    known = Retention()
    for day in range(1_000):
        known = known.seen(15 + day % 7, NOW + day * DAY)
    assert len(known.known) <= 50
    assert Retention.model_validate_json(known.model_dump_json()) == known
