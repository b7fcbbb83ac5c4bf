"""Live precision: one observation an audited record, whatever is delivered how often."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes.audits import PROCESS, VERSION, an_audit, answered
from tests.fakes.releases import MemoryLive
from winnow.models import Outcome
from winnow.releases import live
from winnow.releases.live import Expected
from winnow.releases.models import VersionTotals, VersionWatch
from winnow.reviews.models import Kind, ReviewHead, State

EXPECTED = Expected.of(0.9)


def record(store: MemoryLive, head: ReviewHead) -> VersionWatch | None:
    return live.record(head, store, lambda _: EXPECTED)


def recounted(store: MemoryLive) -> VersionWatch | None:
    return live.recount(PROCESS, VERSION, store.observations(PROCESS, VERSION), EXPECTED)


def kept(store: MemoryLive) -> VersionWatch:
    watch = store.watch(PROCESS, VERSION)
    assert watch is not None
    return watch


def test_every_audited_record_tightens_the_bounds() -> None:
    store = MemoryLive()
    for number in range(1, 61):
        record(store, answered(an_audit(number), right=True))
    watch = kept(store)
    assert (watch.precision.n, watch.precision.right, watch.observed) == (60, 60, 60)
    assert watch.precision.lower > 0.9
    assert live.differences(watch, store.observations(PROCESS, VERSION)) == []


def test_what_nobody_has_decided_is_not_counted() -> None:
    store = MemoryLive()
    assert record(store, an_audit(1)) is None
    assert record(store, answered(an_audit(2), right=None)) is None
    assert list(store.observations(PROCESS, VERSION)) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": Kind.REVIEW},
        {"kind": Kind.CORRECTION},
        {"outcome": Outcome.REVIEW},
        {"judged_by": None},
        {"sampled_at_least": 0.0},
    ],
)
def test_only_accepted_records_of_a_random_sample_count(changed: dict[str, object]) -> None:
    head = answered(an_audit(1), right=True)
    assert live.audited(head)
    assert not live.audited(head.model_copy(update=changed))


def test_an_answer_that_is_changed_undone_and_given_again_is_one_observation() -> None:
    store = MemoryLive()
    others = [answered(an_audit(number), right=True) for number in range(2, 30)]
    first = answered(an_audit(1), right=False)
    for head in (first, *others):
        record(store, head)
    undone = first.model_copy(update={"version": 2, "answer": None, "state": State.OPEN})
    record(store, undone)
    assert (kept(store).precision.n, kept(store).precision.right) == (28, 28)
    assert VersionTotals.of(store.observations(PROCESS, VERSION)).void == 1
    again = answered(undone, right=True, version=3)
    record(store, again)
    assert (kept(store).precision.n, kept(store).precision.right) == (29, 29)
    straight = MemoryLive()
    for head in (answered(an_audit(1), right=True), *others):
        record(straight, head)
    assert kept(store).state == kept(straight).state


def test_a_record_whose_text_was_erased_stays_counted() -> None:
    store = MemoryLive()
    head = answered(an_audit(1), right=True)
    record(store, head)
    record(store, head.model_copy(update={"version": 2, "state": State.ERASED}))
    assert (kept(store).precision.n, kept(store).precision.right) == (1, 1)


def test_repeated_late_and_shuffled_deliveries_change_nothing() -> None:
    """What is delivered is always the state at the time; a late one is older than what is kept."""
    draw = random.Random(4)
    store = MemoryLive()
    newest: dict[int, ReviewHead] = {}
    sent: list[ReviewHead] = []
    for _ in range(300):
        number = draw.randrange(1, 40)
        before = newest.get(number, an_audit(number))
        right = draw.choice([True, True, True, False, None])
        newest[number] = answered(before, right=right, version=before.version + 1)
        sent.append(newest[number])
        record(store, newest[number])
        record(store, draw.choice(sent))
    known = [head.agreed for head in newest.values() if head.agreed is not None]
    assert (kept(store).precision.n, kept(store).precision.right) == (len(known), sum(known))
    again = recounted(store)
    assert again is not None
    assert again.state == kept(store).state


def test_many_at_the_same_time_lose_nothing() -> None:
    store = MemoryLive()
    heads = [answered(an_audit(number), right=number % 9 > 0) for number in range(1, 200)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda head: record(store, head), heads))
    ordinals = sorted(one.ordinal for one in store.observations(PROCESS, VERSION))
    assert ordinals == list(range(1, 200))
    again = recounted(store)
    assert again is not None
    assert again.state == kept(store).state


def test_rarer_records_weigh_more() -> None:
    """Half of them right, but those that were drawn ten times as often are all wrong."""
    store = MemoryLive()
    for number in range(1, 401):
        often = number % 2 == 0
        head = an_audit(number, probability=1.0 if often else 0.1, sampled_at_least=0.1)
        record(store, answered(head, right=not often))
    estimate = kept(store).precision.estimate
    assert estimate is not None
    assert estimate == pytest.approx(10 / 11, abs=0.01)


def test_another_guarantee_is_expected_of_the_records_so_far() -> None:
    store = MemoryLive()
    heads = [answered(an_audit(number), right=number % 20 > 0) for number in range(1, 101)]
    for head in heads:
        record(store, head)
    live.record(heads[0], store, lambda _: Expected.of(0.97))
    watch = kept(store)
    assert (watch.guarantee, watch.state.expected) == (0.97, 0.97)
    other = live.recount(PROCESS, VERSION, store.observations(PROCESS, VERSION), Expected.of(0.97))
    assert other is not None
    assert watch.state == other.state


def test_bounds_that_were_changed_by_hand_are_found() -> None:
    store = MemoryLive()
    record(store, answered(an_audit(1), right=True))
    watch = kept(store)
    altered = watch.model_copy(update={"observed": 2})
    assert live.differences(altered, store.observations(PROCESS, VERSION)) == ["observed"]
