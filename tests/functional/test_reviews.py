"""One contract for the table of reviews in memory and on DynamoDB (MiniStack)."""

import json
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.httpsession import URLLib3Session
from hypothesis import given, settings

from tests.fakes.examples import examples
from tests.fakes.review_table import create_review_table
from tests.fakes.reviews import MemoryReviews
from tests.load import reviewers
from tests.load.emulator import call_times, rows
from tests.load.reviewers import crowd_of_reviewers
from tests.unit.core.reviews import test_service
from tests.unit.core.reviews.test_service import OPERATIONS, PROCESS, Desk, a_head, key
from winnow.errors import (
    AccessDeniedError,
    AwsRefusedError,
    CursorInvalidError,
    RetryableError,
    ReviewConflictError,
)
from winnow.models import ObjectRef, Outcome
from winnow.reviews.models import (
    Answer,
    EventKind,
    Kind,
    LineRef,
    QueueFilter,
    ReviewEvent,
    ReviewHead,
    State,
    Totals,
)
from winnow.reviews.ports import Change, Place, ReviewStore
from winnow.reviews.service import Given, Reviews
from winnow.reviews.tally import change
from winnow_aws.attributes import value_of
from winnow_aws.review_items import event_key, head_item
from winnow_aws.reviews import ReviewTable
from winnow_aws.transactions import MAX_ACTIONS, Writer
from winnow_local.ministack import ACCESS_KEY, REGION, SECRET_KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.stack
UPLOAD = test_service.UPLOAD
NOW = 1_800_000_000.0
QUEUE = QueueFilter(process="triage")
LATER = "2026-02-01T00:00:00.000Z"


@pytest.fixture
def table(dynamodb: "DynamoDBClient") -> ReviewTable:
    return ReviewTable(dynamodb, create_review_table(dynamodb, f"reviews-{uuid.uuid4().hex}"))


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> ReviewStore:
    if request.param == "memory":
        return MemoryReviews()
    table: ReviewTable = request.getfixturevalue("table")
    return table


def decided(head: ReviewHead, decision: str | None, by: str = "ann", request: str = "") -> Change:
    """The first decision of a record."""
    answer = Answer(
        decision=decision,
        by=by,
        at="2026-03-01T10:00:00.000Z",
        note=ObjectRef(bucket="results", key="notes/1.json", version_id="v1"),
    )
    event = ReviewEvent(
        upload=head.upload,
        record=head.record,
        number=head.version + 1,
        kind=EventKind.DECIDED,
        at=answer.at,
        by=by,
        before=head.answer,
        after=answer,
        machine=head.decision,
        seconds=1.5,
        key=request or None,
    )
    after = head.model_copy(
        update={
            "version": head.version + 1,
            "state": State.DECIDED,
            "answer": answer,
            "last_key": request or None,
            "lease_by": None,
            "lease_until": None,
        }
    )
    return Change(after, head.version, event, change(head, after))


# -- heads and the queue --------------------------------------------------------------------------


def test_a_head_comes_back_as_it_was_put(store: ReviewStore) -> None:
    head = a_head(
        7,
        1 / 3,
        head="0123456789ab",
        model="f" * 64,
        code="below_threshold",
        calibrated=True,
        blind=True,
        probability=0.01,
    )
    store.add([head])
    assert store.head(head.key) == head
    assert store.head(key(8)) is None
    assert list(store.heads(UPLOAD)) == [head]
    assert list(store.heads("b" * 32)) == []


def test_heads_come_in_the_order_of_their_records(store: ReviewStore) -> None:
    heads = [a_head(n, confidence=(n * 7 % 251) / 251) for n in range(1, 252)]
    store.add(heads[::-1])
    assert [head.record for head in store.heads(UPLOAD)] == list(range(1, 252))


def test_the_queue_is_read_in_its_order_and_by_pages(store: ReviewStore) -> None:
    audit = a_head(90, 0.0, kind=Kind.AUDIT, outcome=Outcome.ACCEPTED)
    heads = [a_head(n, confidence=(n * 7 % 31) / 31) for n in range(1, 32)]
    store.add([audit, *heads])
    seen: list[ReviewHead] = []
    cursor = None
    while True:
        page = store.open_heads(QUEUE, cursor, 5)
        seen += page.heads
        cursor = page.cursor
        if cursor is None:
            break
    expected = [*sorted(heads, key=lambda head: (head.confidence, head.record)), audit]
    assert seen == expected


def test_the_queue_is_the_process_s_and_what_a_filter_leaves(store: ReviewStore) -> None:
    other = PROCESS.model_copy(update={"id": "other"})
    store.add(
        [
            a_head(1, code="below_threshold"),
            a_head(2, code="undetermined"),
            a_head(3, kind=Kind.AUDIT, outcome=Outcome.ACCEPTED),
            a_head(4).model_copy(update={"process": other}),
        ]
    )

    def found(**wanted: Any) -> list[int]:
        page = store.open_heads(QueueFilter(**{"process": "triage", **wanted}), None, 10)
        return [head.record for head in page.heads]

    assert found() == [1, 2, 3]
    assert found(code="undetermined") == [2]
    assert found(outcome=Outcome.ACCEPTED) == [3]
    assert found(code="undetermined", outcome=Outcome.ACCEPTED) == []
    assert found(process="other") == [4]
    assert store.processes() == ["other", "triage"]


def test_no_reason_finds_a_record_whose_decision_is_hidden(store: ReviewStore) -> None:
    store.add([a_head(n, n / 10, code="undetermined", blind=n == 2) for n in (1, 2, 3)])
    wanted = QueueFilter(process="triage", code="undetermined")
    assert [head.record for head in store.open_heads(wanted, None, 10).heads] == [1, 3]
    assert [head.record for head in store.open_heads(QUEUE, None, 10).heads] == [1, 2, 3]


def test_the_queue_behind_a_rank_goes_on_by_pages(store: ReviewStore) -> None:
    heads = [a_head(n, n / 10) for n in range(1, 8)]
    store.add(heads)
    found: list[int] = []
    cursor = None
    while True:
        page = store.open_heads(QUEUE, cursor, 2, after=heads[2].rank)
        found += [head.record for head in page.heads]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == [4, 5, 6, 7]
    assert store.open_heads(QUEUE, None, 2, after=heads[-1].rank).heads == []


def test_audits_wait_behind_in_the_order_of_their_lots(store: ReviewStore) -> None:
    """Those of before there were lots come first, as they were sorted then."""
    audits = {4: "0a", 5: "ff", 6: "03"}
    heads = [a_head(n, n / 10) for n in (1, 2)]
    heads += [a_head(n, 0.9, kind=Kind.AUDIT, lot=lot * 4) for n, lot in audits.items()]
    heads += [a_head(n, 1 - n / 100, kind=Kind.AUDIT) for n in (7, 8)]
    store.add(heads)
    assert [head.record for head in store.open_heads(QUEUE, None, 9).heads] == [1, 2, 8, 7, 6, 4, 5]


def test_a_page_tells_how_far_was_looked_also_where_a_filter_leaves_nothing(
    store: ReviewStore,
) -> None:
    heads = [a_head(n, confidence=n / 100, code="x") for n in range(1, 8)]
    store.add(heads)
    rare = QueueFilter(process="triage", code="rare")
    page = store.open_heads(rare, None, 3)
    assert (page.heads, page.last) == ([], Place(heads[2].rank, heads[2].key))
    page = store.open_heads(rare, None, 3, after=heads[3].rank)
    assert page.last in (None, Place(heads[6].rank, heads[6].key))
    assert store.open_heads(rare, None, 50).last is None


def test_a_cursor_that_was_made_up_is_rejected(table: ReviewTable) -> None:
    for cursor in ("x", "WyJhIl0", "bm90IGpzb24", "é"):
        with pytest.raises(CursorInvalidError):
            table.open_heads(QUEUE, cursor, 5)


# -- adding ---------------------------------------------------------------------------------------


def test_what_is_added_twice_is_there_once_and_keeps_its_place(store: ReviewStore) -> None:
    first = a_head(1, 0.5)
    store.add([first])
    store.add([first.model_copy(update={"waiting_since": LATER})])
    assert store.head(first.key) == first


def test_a_later_run_replaces_what_nobody_has_touched(store: ReviewStore) -> None:
    heads = [a_head(n) for n in (1, 2, 3)]
    store.add(heads)
    store.write(decided(heads[0], "refund"))
    later = [head.model_copy(update={"run_started": LATER, "confidence": 0.9}) for head in heads]
    store.add(later)
    store.add(heads)
    found = {head.record: head for head in store.heads(UPLOAD)}
    assert found[1].state is State.DECIDED
    assert found[1].confidence == 0.5
    assert found[2] == later[1]
    assert found[3] == later[2]
    assert [head.record for head in store.open_heads(QUEUE, None, 5).heads] == [2, 3]


def test_a_correction_that_was_taken_back_is_queued_and_keeps_its_history(
    store: ReviewStore,
) -> None:
    queued_head = a_head(1)
    reviews = Reviews(store, lambda: NOW)
    correction = queued_head.model_copy(update={"kind": Kind.CORRECTION})
    reviews.decide("ann", queued_head.key, 0, Given("exchange"), absent=lambda: correction)
    store.add([queued_head])
    there = store.head(queued_head.key)
    assert there is not None
    assert (there.kind, there.state) == (Kind.CORRECTION, State.DECIDED)
    reviews.undo("ann", queued_head.key, 1, Given(None))
    store.add([queued_head])
    (there,) = store.open_heads(QUEUE, None, 5).heads
    assert (there.kind, there.version, there.lease_by) == (Kind.REVIEW, 2, None)
    store.add([queued_head])
    after = reviews.decide("bob", queued_head.key, 2, Given("refund"))
    assert after.version == 3
    assert [event.kind for event in store.events(queued_head.key)] == [
        EventKind.DECIDED,
        EventKind.UNDONE,
        EventKind.DECIDED,
    ]
    assert store.head(queued_head.key) == after


def test_one_that_may_not_be_put_keeps_none_of_the_others_out(store: ReviewStore) -> None:
    heads = [a_head(n) for n in range(1, MAX_ACTIONS + 30)]
    touched = heads[::17]
    store.add(touched)
    for head in touched:
        store.write(decided(head, "refund"))
    store.add(heads)
    states = [head.state for head in store.heads(UPLOAD)]
    assert len(states) == len(heads)
    assert states.count(State.DECIDED) == len(touched)


def test_only_what_nobody_has_touched_can_be_removed(store: ReviewStore) -> None:
    heads = [a_head(n) for n in (1, 2)]
    store.add(heads)
    store.write(decided(heads[0], "refund"))
    assert not store.remove(heads[0])
    assert not store.remove(heads[1].model_copy(update={"run_started": LATER}))
    assert store.remove(heads[1])
    assert not store.remove(heads[1])
    assert [head.record for head in store.heads(UPLOAD)] == [1]
    assert store.open_heads(QUEUE, None, 5).heads == []


def test_the_count_of_the_queued_is_set_and_not_added(store: ReviewStore) -> None:
    assert store.totals_of_upload(UPLOAD) is None
    first = "2026-01-01T00:00:00.000Z"
    for run, count, expected in (
        (first, 5, 5),
        (first, 5, 5),
        (first, 4, 5),  # counted before all were added
        (first, 6, 6),
        (LATER, 3, 3),
        (first, 7, 3),
        (LATER, 3, 3),
    ):
        store.count_queued(UPLOAD, "triage", run, Totals(queued=count, audits=1))
        assert store.totals_of_upload(UPLOAD) == Totals(queued=expected, audits=1)
        assert store.totals_of_process("triage") == Totals(queued=expected, audits=1)
    store.count_queued("b" * 32, "triage", first, Totals(queued=2))
    assert store.totals_of_process("triage") == Totals(queued=5, audits=1)
    assert store.totals_of_process("other") == Totals()


def test_many_deliveries_count_once(store: ReviewStore) -> None:
    def deliver(number: int) -> None:
        store.count_queued(UPLOAD, "triage", f"2026-01-0{number % 3 + 1}", Totals(queued=number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(deliver, [9, 9, 9, 10, 10, 11, 11, 11]))
    assert store.totals_of_upload(UPLOAD) == Totals(queued=11)
    assert store.totals_of_process("triage") == Totals(queued=11)


# -- decisions ------------------------------------------------------------------------------------


def test_a_decision_changes_head_event_counts_and_indexes(store: ReviewStore) -> None:
    heads = [a_head(n) for n in (1, 9, 17)]  # of one shard
    store.add(heads)
    store.count_queued(UPLOAD, "triage", "1", Totals(queued=3))
    changes = [decided(heads[0], "refund"), decided(heads[1], None), decided(heads[2], "other")]
    for written in changes:
        store.write(written)
        assert store.head(written.head.key) == written.head
        assert store.events(written.head.key) == [written.event]
        assert store.event(written.head.key, 1) == written.event
        assert store.event(written.head.key, 2) is None
    expected = Totals(queued=3, decided=3, approved=1, changed=1, cannot_tell=1)
    assert store.totals_of_upload(UPLOAD) == expected
    assert store.totals_of_process("triage") == expected
    assert store.open_heads(QUEUE, None, 5).heads == []
    assert [head.record for head in store.decided_heads("triage", "", None, 5).heads] == [1, 9, 17]


def test_an_event_of_an_old_version_is_a_conflict_and_writes_nothing(store: ReviewStore) -> None:
    head = a_head(1)
    store.add([head])
    store.write(decided(head, "refund"))
    with pytest.raises(ReviewConflictError):
        store.write(decided(head, "exchange", by="bob"))
    with pytest.raises(ReviewConflictError):
        store.write(decided(a_head(2), "refund"))  # never queued
    with pytest.raises(ReviewConflictError):
        store.write(decided(head, "exchange")._replace(expected=None))
    assert len(store.events(head.key)) == 1
    assert store.totals_of_upload(UPLOAD) == Totals(decided=1, approved=1)


@pytest.mark.parametrize("request_key", ["", "k1"])
def test_a_write_whose_answer_was_lost_is_not_a_conflict(
    store: ReviewStore, request_key: str
) -> None:
    head = a_head(1)
    store.add([head])
    once = decided(head, "refund", request=request_key)
    store.write(once)
    store.write(once)
    assert store.events(head.key) == [once.event]
    assert store.totals_of_upload(UPLOAD) == Totals(decided=1, approved=1)
    with pytest.raises(ReviewConflictError):
        store.write(decided(head, "refund", by="bob", request=request_key))


def test_decided_records_are_listed_from_a_time_on(store: ReviewStore) -> None:
    heads = [a_head(n) for n in range(1, 8)]
    store.add(heads)
    for head in heads:
        written = decided(head, "refund")
        at = f"2026-03-0{head.record}T00:00:00.000Z"
        answer = written.head.answer.model_copy(update={"at": at})
        store.write(written._replace(head=written.head.model_copy(update={"answer": answer})))
    first = store.decided_heads("triage", "2026-03-03", None, 3)
    assert [head.record for head in first.heads] == [3, 4, 5]
    rest = store.decided_heads("triage", "2026-03-03", first.cursor, 3)
    assert [head.record for head in rest.heads] == [6, 7]
    assert rest.cursor is None
    assert store.decided_heads("other", "", None, 3).heads == []


def test_a_table_has_one_beginning(store: ReviewStore) -> None:
    store.add([a_head(1)])
    began = store.began()
    assert began[:2] == "20"
    assert store.began() == began
    if isinstance(store, ReviewTable):
        other = ReviewTable(store._dynamodb, store._table, clock=lambda: NOW * 2)
        assert other.began() == began
    assert store.processes() == ["triage"]


# -- leases ---------------------------------------------------------------------------------------


def test_a_lease_is_one_persons_until_it_ends(store: ReviewStore) -> None:
    head = a_head(1)
    store.add([head])
    leased = store.lease(head.key, "ann", NOW + 300, NOW)
    assert leased == head.model_copy(update={"lease_by": "ann", "lease_until": NOW + 300})
    assert store.lease(head.key, "bob", NOW + 310, NOW + 10) is None
    assert store.lease(head.key, "ann", NOW + 320, NOW + 20).lease_until == NOW + 320
    store.release(head.key, "bob")
    assert store.lease(head.key, "bob", NOW + 330, NOW + 30) is None
    assert store.lease(head.key, "bob", NOW + 620, NOW + 320).lease_by == "bob"
    store.release(head.key, "bob")
    assert store.head(head.key) == head
    store.release(key(5), "bob")
    assert store.head(key(5)) is None


def test_what_is_decided_or_unknown_cannot_be_leased(store: ReviewStore) -> None:
    head = a_head(1)
    store.add([head])
    store.write(decided(head, "refund"))
    assert store.lease(head.key, "ann", NOW + 300, NOW) is None
    assert store.lease(key(2), "ann", NOW + 300, NOW) is None
    assert store.head(key(2)) is None


def test_one_of_many_gets_the_lease(store: ReviewStore) -> None:
    heads = [a_head(n) for n in range(1, 6)]
    store.add(heads)
    with ThreadPoolExecutor(10) as pool:
        got = list(
            pool.map(
                lambda user: [
                    head.record for head in heads if store.lease(head.key, user, NOW + 300, NOW)
                ],
                [f"user{n}" for n in range(10)],
            )
        )
    assert sorted(record for records in got for record in records) == [1, 2, 3, 4, 5]


# -- the service over the table -------------------------------------------------------------------

SERVICE_TESTS = [
    test
    for name, test in vars(test_service).items()
    if name.startswith("test_") and "many_people" not in name and "whatever" not in name
]


@pytest.fixture
def _desks_over_tables(dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own tests get their desks over DynamoDB."""

    class TableDesk(Desk):
        def __init__(self, heads: list[ReviewHead]) -> None:
            name = create_review_table(dynamodb, f"reviews-{uuid.uuid4().hex}")
            super().__init__(heads, ReviewTable(dynamodb, name))  # type: ignore[arg-type]

    monkeypatch.setattr(test_service, "Desk", TableDesk)


@pytest.mark.usefixtures("_desks_over_tables")
@pytest.mark.parametrize("test", SERVICE_TESTS, ids=lambda test: test.__name__)
def test_the_service_does_the_same_on_the_table(test: Callable[[], None]) -> None:
    test()


@pytest.mark.usefixtures("_desks_over_tables")
def test_the_counts_are_those_of_the_events_on_the_table_too() -> None:
    whatever = test_service.test_whatever_people_do_the_counts_are_those_of_the_events
    few = settings(max_examples=examples(20), deadline=None)
    few(given(operations=OPERATIONS)(whatever.hypothesis.inner_test))()  # type: ignore[attr-defined]


def test_reviewers_at_once_lose_nothing(dynamodb: "DynamoDBClient") -> None:
    """Four reviewers, sixty records; `make load` has more of both."""
    table = create_review_table(dynamodb, f"reviews-{uuid.uuid4().hex}")
    report = crowd_of_reviewers(lambda: dynamodb, table, reviewers=4, records=60)
    assert report.problems == []
    assert report.decisions == 60


def test_the_crowd_s_audit_sees_what_is_missing(dynamodb: "DynamoDBClient") -> None:
    name = create_review_table(dynamodb, f"reviews-{uuid.uuid4().hex}")
    report = crowd_of_reviewers(lambda: dynamodb, name, reviewers=2, records=10)
    first, second, third, *_ = heads = reviewers.a_queue(10)
    table = ReviewTable(dynamodb, name)

    def found() -> list[str]:
        return reviewers.audit(table, heads, reviewers.events(dynamodb, name), report)

    assert found() == []
    dynamodb.delete_item(TableName=name, Key=event_key(first.key, 1))
    dynamodb.put_item(TableName=name, Item=head_item(second))
    there = table.head(third.key)
    assert there is not None
    assert there.answer is not None
    answer = there.answer.model_copy(update={"decision": "something else"})
    dynamodb.put_item(TableName=name, Item=head_item(there.model_copy(update={"answer": answer})))
    problems = found()
    for problem in (
        "record 1 lacks an event",
        "1 lost",
        "record 3 is not as its last event says",
        "the counts of the upload are not those of its events",
        "the counts of the process are not those of its events",
    ):
        assert problem in problems


def test_calls_are_timed_for_each_size_of_the_table(store: ReviewStore) -> None:
    times = call_times(store, sizes=(0, 12))
    assert {len(by_size) for by_size in times.values()} == {2}
    assert sum(head.kind is Kind.CORRECTION for head in store.heads(reviewers.UPLOAD)) == 20
    assert len(store.open_heads(reviewers.QUEUE[0], None, 100).heads) == 12
    assert rows({"a head": [0.0014, 0.05]}) == ["| a head | 1 ms | 50 ms |"]


# -- what goes wrong on the way -------------------------------------------------------------------


class Cut:
    """Loses answers: a call is made, and the connection breaks before its answer has come."""

    def __init__(self, dynamodb: "DynamoDBClient", lost: int) -> None:
        self.lost = lost
        dynamodb.meta.events.register("before-send.dynamodb.TransactWriteItems", self._send)

    def _send(self, request: Any, **_: Any) -> Any:
        if not self.lost:
            return None
        self.lost -= 1
        URLLib3Session().send(request)
        raise ConnectionClosedError(endpoint_url=request.url)


def own_client(ministack: str) -> "DynamoDBClient":
    session = boto3.Session(
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION
    )
    config = Config(retries={"max_attempts": 1, "mode": "standard"})
    return session.client("dynamodb", endpoint_url=ministack, config=config)


@pytest.fixture
def breakable(ministack: str, dynamodb: "DynamoDBClient") -> tuple["DynamoDBClient", ReviewTable]:
    """A client that botocore does not retry for, and a table over it."""
    client = own_client(ministack)
    name = create_review_table(dynamodb, f"reviews-{uuid.uuid4().hex}")
    return client, ReviewTable(client, name, sleep=lambda _: None)


def test_a_lost_answer_is_neither_a_conflict_nor_a_second_decision(breakable) -> None:
    client, table = breakable
    table.add([a_head(1)])
    table.count_queued(UPLOAD, "triage", "1", Totals(queued=1))
    cut = Cut(client, 2)
    head = Reviews(table, lambda: NOW).decide("ann", key(1), 0, Given("refund"))
    assert cut.lost == 0
    assert [event.by for event in table.events(key(1))] == ["ann"]
    assert table.head(key(1)) == head
    assert table.totals_of_upload(UPLOAD) == Totals(queued=1, decided=1, approved=1)


def test_a_lost_answer_while_counting_counts_once(breakable) -> None:
    client, table = breakable
    Cut(client, 3)
    table.count_queued(UPLOAD, "triage", "1", Totals(queued=4))
    assert table.totals_of_upload(UPLOAD) == Totals(queued=4)
    assert table.totals_of_process("triage") == Totals(queued=4)


def test_an_add_that_broke_in_the_middle_is_completed_by_the_next(
    table: ReviewTable, dynamodb: "DynamoDBClient"
) -> None:
    heads = [a_head(n) for n in range(1, 321)]

    class Dying(ReviewTable):
        calls = 0

        def _add_batch(self, batch: Sequence[ReviewHead]) -> None:
            self.calls += 1
            if self.calls > 3:
                raise RetryableError("The function was killed.")
            super()._add_batch(batch)

    with pytest.raises(RetryableError):
        Dying(dynamodb, table._table).add(heads)
    there = list(table.heads(UPLOAD))
    assert 0 < len(there) < len(heads)
    table.write(decided(there[0], "refund"))
    table.add(heads)
    assert [head.record for head in table.heads(UPLOAD)] == list(range(1, 321))
    assert table.head(there[0].key).state is State.DECIDED


def refused(code: str, *reasons: str) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "secret"},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(answer, "TransactWriteItems")


@dataclass
class Refusing:
    """A DynamoDB that refuses each call with the next of some errors, and then takes it."""

    errors: list[ClientError]
    tokens: list[str] = field(default_factory=list)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        self.tokens.append(request["ClientRequestToken"])
        if self.errors:
            raise self.errors.pop(0)
        return {}


CANCELLED = "TransactionCanceledException"


@pytest.mark.parametrize(
    "error",
    [
        refused(CANCELLED, "None", "TransactionConflict"),
        refused(CANCELLED, "ThrottlingError", "None"),
        refused(CANCELLED, "ProvisionedThroughputExceeded"),
        refused("ProvisionedThroughputExceededException"),
        refused("ThrottlingException"),
        refused("TransactionInProgressException"),
        refused("InternalServerError"),
    ],
    ids=lambda error: str(error.response["Error"]["Code"]),
)
def test_what_ends_by_itself_is_sent_again_as_the_same_request(error: ClientError) -> None:
    waits: list[float] = []
    client = Refusing([error] * 5)
    Writer(cast(Any, client), "reviews", waits.append).transact([{"Put": {"Item": {}}}])
    assert len(client.tokens) == 6
    assert len(set(client.tokens)) == 1
    assert len(waits) == 5
    assert max(waits) <= 1.0


def test_what_never_ends_is_given_up_and_can_be_tried_later() -> None:
    client = Refusing([refused(CANCELLED, "TransactionConflict")] * 100)
    with pytest.raises(RetryableError):
        Writer(cast(Any, client), "reviews", lambda _: None).transact([{"Put": {"Item": {}}}])
    assert len(client.tokens) < 20


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (refused("AccessDeniedException"), AccessDeniedError),
        (refused(CANCELLED, "ValidationError"), AwsRefusedError),
        (refused("ResourceNotFoundException"), AwsRefusedError),
    ],
)
def test_what_lasts_is_not_tried_again(error: ClientError, ours: type[Exception]) -> None:
    client = Refusing([error])
    with pytest.raises(ours) as raised:
        Writer(cast(Any, client), "reviews", lambda _: None).transact([{"Put": {"Item": {}}}])
    assert len(client.tokens) == 1
    assert "secret" not in str(raised.value)


class Contended:
    """DynamoDB as it is where many write: MiniStack does one call after the other.

    Of two calls that touch an item at the same moment, one is refused. Of every ninth transaction
    the answer is lost.
    """

    def __init__(self, dynamodb: "DynamoDBClient") -> None:
        self._dynamodb = dynamodb
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._sent = 0
        self.conflicts = self.lost = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dynamodb, name)

    def transact_write_items(self, **request: Any) -> Any:
        actions = [action for item in request["TransactItems"] for action in item.values()]
        keys = [_key_text(action.get("Key") or action["Item"]) for action in actions]
        with self._lock:
            conflicts = ["TransactionConflict" if key in self._busy else "None" for key in keys]
            if set(conflicts) != {"None"}:
                self.conflicts += 1
                raise refused(CANCELLED, *conflicts)
            self._busy |= set(keys)
            self._sent += 1
            lost = self._sent % 9 == 0
            self.lost += lost
        try:
            answer = self._dynamodb.transact_write_items(**request)
        finally:
            with self._lock:
                self._busy -= set(keys)
        if lost:
            raise ConnectionClosedError(endpoint_url="http://127.0.0.1")
        return answer

    def update_item(self, **request: Any) -> Any:
        with self._lock:
            if _key_text(request["Key"]) in self._busy:
                self.conflicts += 1
                raise refused("TransactionConflictException")
        return self._dynamodb.update_item(**request)


def _key_text(item: dict[str, Any]) -> str:
    return f"{item['pk']['S']} {item['sk']['S']}"


def test_reviewers_lose_nothing_where_writes_collide_and_answers_are_lost(
    dynamodb: "DynamoDBClient",
) -> None:
    table = create_review_table(dynamodb, f"reviews-{uuid.uuid4().hex}")
    contended = Contended(dynamodb)
    report = crowd_of_reviewers(lambda: cast(Any, contended), table, reviewers=8, records=80)
    assert report.problems == []
    assert report.decisions == 80
    assert contended.conflicts
    assert contended.lost


# -- what stands in the table ---------------------------------------------------------------------


def test_no_item_holds_more_than_it_should(table: ReviewTable, dynamodb: "DynamoDBClient") -> None:
    """Every attribute is one of a head, an event or a count; none of them is free text."""
    head = a_head(1, code="below_threshold")
    table.add([head])
    table.count_queued(UPLOAD, "triage", "1", Totals(queued=1))
    table.write(decided(head, "refund"))
    items = dynamodb.scan(TableName=table._table)["Items"]
    keys = {"pk", "sk", "queue", "rank", "decided_process", "decided_key"}
    known = keys | set(ReviewHead.model_fields) | set(ReviewEvent.model_fields)
    known |= set(Totals.model_fields)
    assert {name for item in items for name in item} <= known
    assert {item["sk"]["S"] for item in items} == {
        *("record#0000000001", "event#0000000001#000001", "queued", "triage"),
        *("total#0", "total#1"),
    }


def test_a_head_is_small_enough_for_one_write_unit(table: ReviewTable) -> None:
    """DynamoDB counts a write by the kilobyte, and takes a thousand a second in a partition."""
    ref = ObjectRef(
        bucket="winnow-resultsbucket-0123456789abcdef",
        key=f"results/medicare-l33774-capsule/{UPLOAD}/review.jsonl",
        version_id="v" * 32,
    )
    head = a_head(
        1, 0.123456789012345, head="0123456789ab", model="f" * 64, code="below_threshold"
    ).model_copy(update={"line": LineRef(object=ref, start=10**9, length=9_999)})
    size = len(json.dumps({name: value_of(value) for name, value in head_item(head).items()}))
    assert size < 1_024
