"""One contract for live precision in memory and on DynamoDB."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes.audits import PROCESS, VERSION, an_audit, answered
from tests.fakes.model_table import create_model_table
from tests.fakes.releases import MemoryLive
from winnow.models import ShadowCounts
from winnow.releases import live
from winnow.releases.live import Expected
from winnow.releases.ports import LiveStore
from winnow.reviews.models import RecordKey
from winnow_aws.releases import LiveTable

pytestmark = pytest.mark.stack

EXPECTED = Expected.of(0.9)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> LiveStore:
    if request.param == "memory":
        return MemoryLive()
    dynamodb = request.getfixturevalue("dynamodb")
    return LiveTable(dynamodb, create_model_table(dynamodb, f"models-{uuid.uuid4().hex}"))


def record(store: LiveStore, number: int, *, right: bool = True) -> None:
    head = answered(an_audit(number), right=right)
    live.record(head, store, lambda _: EXPECTED)


def test_of_nothing_nothing_is_known(store: LiveStore) -> None:
    assert store.watch(PROCESS, VERSION) is None
    assert store.observation(PROCESS, VERSION, RecordKey("a" * 32, 1)) is None
    assert list(store.observations(PROCESS, VERSION)) == []


def test_what_is_kept_is_read_as_it_was(store: LiveStore) -> None:
    for number in range(1, 6):
        record(store, number, right=number != 3)
    watch = store.watch(PROCESS, VERSION)
    assert watch is not None
    every = sorted(store.observations(PROCESS, VERSION), key=lambda one: one.ordinal)
    assert [one.correct for one in every] == [True, True, False, True, True]
    assert store.observation(PROCESS, VERSION, RecordKey("a" * 32, 3)) == every[2]
    assert live.differences(watch, every) == []


def test_what_was_read_before_another_change_is_not_written(store: LiveStore) -> None:
    record(store, 1)
    watch = store.watch(PROCESS, VERSION)
    assert watch is not None
    there = store.observation(PROCESS, VERSION, RecordKey("a" * 32, 1))
    assert there is not None
    record(store, 2)
    later = watch.model_copy(update={"revision": watch.revision + 9})
    assert not store.keep(later, watch.revision)
    assert not store.keep(later, None)
    now = store.watch(PROCESS, VERSION)
    assert now is not None
    other = there.model_copy(update={"correct": False})
    assert not store.keep(later, now.revision, other, there.event + 1)
    assert not store.keep(later, now.revision, other, None)
    assert store.watch(PROCESS, VERSION) == now
    assert store.keep(later, now.revision, other, there.event)
    assert store.watch(PROCESS, VERSION) == later


def test_many_at_the_same_time_lose_nothing(store: LiveStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: record(store, number), range(1, 25)))
    watch = store.watch(PROCESS, VERSION)
    assert watch is not None
    assert (watch.precision.n, watch.observed) == (24, 24)
    assert live.differences(watch, store.observations(PROCESS, VERSION)) == []


def test_what_both_versions_made_of_a_run_is_counted_once(store: LiveStore) -> None:
    assert store.differences(PROCESS, VERSION) is None
    counts = ShadowCounts(version="0" * 64, records=10, same=7, differed=3, seconds=0.25)
    for run in ("upload#1", "upload#2", "upload#1"):
        store.keep_differences(PROCESS, VERSION, run, counts)
    store.keep_differences(PROCESS, "f" * 64, "upload#1", counts)
    total = store.differences(PROCESS, VERSION)
    assert total is not None
    assert (total.records, total.same, total.differed, total.seconds) == (20, 14, 6, 0.5)
