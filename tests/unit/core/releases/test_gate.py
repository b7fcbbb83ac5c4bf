"""What follows from audits."""

import pytest

from winnow.releases.gate import Action, Reason, decide, is_broken
from winnow.releases.precision import Audited, Precision, replay, start


def audited(right: int, wrong: int) -> Precision:
    """Every n-th record is wrong, so that no bound sees a run of them."""
    total = right + wrong
    found = [(number + 1) * wrong // total == number * wrong // total for number in range(total)]
    return replay([Audited(correct, 0.02) for correct in found], start(0.02))


GOOD, BAD, FEW = audited(490, 10), audited(400, 100), audited(19, 1)


@pytest.mark.parametrize(
    ("challenger", "guarantee", "automatic", "action", "code"),
    [
        (GOOD, 0.95, True, Action.PROMOTE, Reason.PROVEN),
        (GOOD, 0.95, False, Action.WAIT, Reason.BY_HAND),
        (GOOD, None, True, Action.WAIT, Reason.NO_GUARANTEE),
        (BAD, None, True, Action.WAIT, Reason.NO_GUARANTEE),
        (GOOD, 0.98, True, Action.WAIT, Reason.UNDECIDED),
        (FEW, 0.95, True, Action.WAIT, Reason.UNDECIDED),
        (BAD, 0.95, True, Action.TAKE_BACK, Reason.BROKEN),
        (BAD, 0.95, False, Action.TAKE_BACK, Reason.BROKEN),
        (start(0.02), 0.95, True, Action.WAIT, Reason.NO_RECORDS),
    ],
)
def test_what_is_decided(challenger, guarantee, automatic, action, code):
    decision = decide(challenger, guarantee, automatic=automatic)
    assert (decision.action, decision.code) == (action, code)


def test_the_bound_itself_is_enough_for_promotion_and_not_for_taking_back():
    state = GOOD.model_copy(update={"lower": 0.95, "upper": 0.99})
    assert decide(state, 0.95, automatic=True).action == Action.PROMOTE
    assert decide(state, 0.9505, automatic=True).action == Action.WAIT
    assert decide(state, 0.99, automatic=True).action == Action.WAIT
    assert decide(state, 0.9905, automatic=True).action == Action.TAKE_BACK


def test_a_challenger_that_is_worse_than_the_champion_is_not_promoted():
    champion = GOOD.model_copy(update={"lower": 0.9995})
    decision = decide(GOOD, 0.95, automatic=True, champion=champion)
    assert (decision.action, decision.code) == (Action.WAIT, Reason.WORSE)
    assert decide(GOOD, 0.95, automatic=True, champion=BAD).action == Action.PROMOTE
    assert decide(GOOD, 0.95, automatic=True, champion=start(0.02)).action == Action.PROMOTE


def test_the_reason_has_the_numbers():
    reason = decide(BAD, 0.95, automatic=True).reason
    assert "guarantee of 95 %" in reason
    assert "500 audited records, 400 of them right" in reason


def test_a_champion_is_watched_by_the_same_rule():
    assert is_broken(BAD, 0.95)
    assert not is_broken(GOOD, 0.95)
    assert not is_broken(start(0.02), 0.95)
