"""What a reviewer can do: leases, decisions, undo, skip, and counts that equal the events."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.reviews import MemoryReviews
from winnow.errors import (
    IdempotencyKeyReusedError,
    NothingToUndoError,
    RecordErasedError,
    RecordJudgedAgainError,
    RecordUnknownError,
    RetryableError,
    ReviewConflictError,
)
from winnow.models import ObjectRef, Outcome, ProcessInfo
from winnow.reviews import service
from winnow.reviews.models import (
    LEASE_S,
    EventKind,
    Kind,
    LineRef,
    QueueFilter,
    RecordKey,
    ReviewHead,
    State,
    Totals,
)
from winnow.reviews.ports import Change, HeadPage
from winnow.reviews.service import MAX_REACH, Given, Reviews
from winnow.reviews.tally import counted, queued

UPLOAD = "a" * 32
PROCESS = ProcessInfo(id="triage", version="1.0.0", kind="labels", sha256="0" * 64)
QUEUE = [QueueFilter(process="triage")]


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def a_head(record: int, confidence: float = 0.5, **fields: object) -> ReviewHead:
    line = LineRef(object=ObjectRef(bucket="results", key="k"), start=0, length=1)
    given_fields = {"kind": Kind.REVIEW, "outcome": Outcome.REVIEW, **fields}
    return ReviewHead(
        upload=UPLOAD,
        record=record,
        process=PROCESS,
        line=line,
        decision="refund",
        confidence=confidence,
        waiting_since="2026-01-01T00:00:00.000Z",
        run_started="2026-01-01T00:00:00.000Z",
        **given_fields,
    )


@dataclass
class Desk:
    """A queue of records, the service over it and its clock."""

    heads: list[ReviewHead]
    store: MemoryReviews = field(default_factory=MemoryReviews)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.reviews = Reviews(self.store, self.clock)
        self.store.add(self.heads)
        total = sum((queued(head) for head in self.heads), Totals())
        self.store.count_queued(UPLOAD, "triage", "2026-01-01T00:00:00.000Z", total)

    def take(
        self,
        user: str,
        count: int = 1,
        *,
        holding: Collection[RecordKey] = (),
        skipped: bool = False,
    ) -> list[int]:
        taken = self.reviews.take(user, QUEUE, count, holding=holding, skipped=skipped)
        return [head.record for head in taken]


def key(record: int) -> RecordKey:
    return RecordKey(UPLOAD, record)


class LaggingReviews(MemoryReviews):
    """A table whose index still shows the queue as it was before anybody came."""

    def __init__(self, records: int) -> None:
        super().__init__()
        self.add([a_head(n, confidence=n / 1000) for n in range(1, records + 1)])
        self._shown = super().open_heads(QUEUE[0], None, records)
        self.leases = 0
        """That were asked for."""

    def open_heads(
        self, wanted: QueueFilter, cursor: str | None, limit: int, *, after: str = ""
    ) -> HeadPage:
        return self._shown

    def take(self, user: str, count: int) -> list[int]:
        taken = Reviews(self, Clock()).take(user, QUEUE, count)
        return [head.record for head in taken]

    def lease(self, key: RecordKey, user: str, until: float, now: float) -> ReviewHead | None:
        self.leases += 1
        return super().lease(key, user, until, now)


def test_the_least_sure_comes_first_then_the_oldest_and_audits_last() -> None:
    older = a_head(4, 0.6).model_copy(update={"waiting_since": "2025-12-31T00:00:00.000Z"})
    audit = a_head(5, 0.1, kind=Kind.AUDIT, outcome=Outcome.ACCEPTED)
    desk = Desk([audit, a_head(1, 0.6), a_head(2, 0.3), a_head(3, 0.9), older])
    assert desk.take("ann", 5) == [2, 4, 1, 3, 5]


def test_what_is_far_behind_is_found_in_parts_and_the_end_is_told() -> None:
    common, rare = [QueueFilter(process="triage")], [QueueFilter(process="triage", code="rare")]
    heads = [a_head(n, confidence=n / 1000, code="rare" if n > 240 else "x") for n in range(1, 246)]
    desk = Desk(heads)
    patched = pytest.MonkeyPatch()
    with patched.context() as patch:
        patch.setattr(service, "FILTERED_PAGE", 20)
        patch.setattr(service, "MAX_PAGES", 4)
        found, after, parts = [], "", 0
        while True:
            taken = desk.reviews.search("ann", rare, 10, after=after)
            found += [head.record for head in taken.heads]
            parts += 1
            if taken.until is None:
                break
            assert taken.until == (heads[80 * parts - 1].rank, heads[80 * parts - 1].key)
            after = taken.until.rank
        assert (found, parts) == ([241, 242, 243, 244, 245], 4)
        assert desk.reviews.search("ann", common, 1).until is None, "enough was found"
        # Of two queues, it goes on from where the one that was read less far has come to.
        both = [QueueFilter(process="none", code="rare"), *rare]
        assert desk.reviews.search("ann", both, 1).until == (heads[39].rank, heads[39].key)


def test_a_leased_record_is_not_given_to_another_until_the_lease_is_over() -> None:
    desk = Desk([a_head(1)])
    assert desk.take("ann") == [1]
    assert desk.take("bob") == []
    desk.clock.now += LEASE_S + 1
    assert desk.take("bob") == [1]
    assert desk.reviews.renew("ann", key(1)) is None


def test_what_a_person_holds_is_not_given_twice_but_again_after_a_reload() -> None:
    desk = Desk([a_head(1, 0.1), a_head(2, 0.2)])
    assert desk.take("ann") == [1]
    assert desk.take("ann", holding=[key(1)]) == [2]
    assert desk.take("ann") == [1]


def test_people_who_begin_together_do_not_all_ask_for_the_same_records() -> None:
    store = LaggingReviews(300)
    taken = [store.take(f"user{number}", 3) for number in range(20)]
    assert taken[0] == [1, 2, 3]
    given_out = [record for records in taken for record in records]
    assert len(set(given_out)) == 60
    assert all(records == sorted(records) for records in taken)
    # Nobody is sent far back, and one after the other would be 60 + 57 + 54 + … = 630 requests.
    assert max(given_out) < 20 * 3 + MAX_REACH
    assert store.leases < 200


def test_the_last_free_record_is_found_behind_those_of_others() -> None:
    store = LaggingReviews(100)
    store.take("ann", 99)
    assert store.take("bob", 2) == [100]
    assert store.take("eve", 1) == []


def test_a_released_record_is_free_at_once() -> None:
    desk = Desk([a_head(1)])
    desk.take("ann")
    desk.reviews.release("bob", key(1))
    assert desk.take("bob") == []
    desk.reviews.release("ann", key(1))
    assert desk.take("bob") == [1]


def test_a_decision_ends_the_wait_and_counts() -> None:
    desk = Desk([a_head(1), a_head(2)])
    desk.take("ann")
    head = desk.reviews.decide("ann", key(1), 0, Given("exchange", seconds=2.5))
    assert (head.state, head.version) == (State.DECIDED, 1)
    assert head.answer is not None
    assert (head.answer.decision, head.answer.by) == ("exchange", "ann")
    totals = desk.store.totals_of_upload(UPLOAD)
    assert totals is not None
    assert (totals.queued, totals.decided, totals.changed, totals.open) == (2, 1, 1, 1)
    (event,) = desk.store.events(key(1))
    assert (event.kind, event.machine, event.seconds) == (EventKind.DECIDED, "refund", 2.5)
    assert desk.take("bob", 2) == [2]


def test_the_second_of_two_decisions_on_one_version_is_a_conflict() -> None:
    desk = Desk([a_head(1)])
    desk.reviews.decide("ann", key(1), 0, Given("refund"))
    with pytest.raises(ReviewConflictError):
        desk.reviews.decide("bob", key(1), 0, Given("exchange"))
    desk.reviews.decide("bob", key(1), 1, Given("exchange"))
    assert [event.by for event in desk.store.events(key(1))] == ["ann", "bob"]
    totals = desk.store.totals_of_upload(UPLOAD)
    assert totals is not None
    assert (totals.decided, totals.approved, totals.changed) == (1, 0, 1)


def test_the_same_request_twice_is_written_once() -> None:
    desk = Desk([a_head(1)])
    given = Given("refund", key="k1")
    first = desk.reviews.decide("ann", key(1), 0, given)
    assert desk.reviews.decide("ann", key(1), 0, given) == first
    assert len(desk.store.events(key(1))) == 1


def test_a_key_is_not_for_another_request_nor_another_person_s() -> None:
    desk = Desk([a_head(1)])
    desk.reviews.decide("ann", key(1), 0, Given("refund", key="k1"))
    note = ObjectRef(bucket="results", key="notes/other")
    for other in (Given("exchange", key="k1"), Given("refund", note, key="k1")):
        with pytest.raises(IdempotencyKeyReusedError):
            desk.reviews.decide("ann", key(1), 0, other)
    with pytest.raises(IdempotencyKeyReusedError):
        desk.reviews.undo("ann", key(1), 1, Given(None, key="k1"))
    assert len(desk.store.events(key(1))) == 1
    head = desk.reviews.decide("bob", key(1), 1, Given("exchange", key="k1"))
    assert head.version == 2


def before_the_next_write(desk: Desk, action: Callable[[], object]) -> None:
    """Have something happen between what a request reads and what it writes."""
    write = desk.store.write

    def late(change: Change) -> None:
        desk.store.write = write  # type: ignore[method-assign]
        action()
        write(change)

    desk.store.write = late  # type: ignore[method-assign]


def test_two_requests_of_one_key_at_once_are_one_decision() -> None:
    desk = Desk([a_head(1)])
    given = Given("refund", seconds=1.0, key="k1")
    firsts = []

    def first() -> None:
        firsts.append(desk.reviews.decide("ann", key(1), 0, given))
        desk.clock.now += 1

    before_the_next_write(desk, first)
    second = desk.reviews.decide("ann", key(1), 0, given._replace(seconds=2.0))
    assert [second] == firsts
    assert [event.seconds for event in desk.store.events(key(1))] == [1.0]


def test_of_two_decisions_at_once_with_one_key_the_second_is_refused() -> None:
    note = ObjectRef(bucket="results", key="notes/1")
    for other in (
        Given("exchange", key="k1"),
        Given(None, key="k1"),
        Given("refund", note, key="k1"),
    ):
        desk = Desk([a_head(1)])
        first = Given("refund", key="k1")
        before_the_next_write(desk, lambda: desk.reviews.decide("ann", key(1), 0, first))  # noqa: B023
        with pytest.raises(IdempotencyKeyReusedError):
            desk.reviews.decide("ann", key(1), 0, other)
        (event,) = desk.store.events(key(1))
        assert event.after is not None
        assert (event.after.decision, event.after.note) == ("refund", None)


def test_of_a_decision_and_a_skip_at_once_with_one_key_the_second_is_refused() -> None:
    desk = Desk([a_head(1)])
    given = Given("refund", key="k1")
    before_the_next_write(desk, lambda: desk.reviews.decide("ann", key(1), 0, given))
    with pytest.raises(IdempotencyKeyReusedError):
        desk.reviews.skip("ann", key(1), 0, Given(None, key="k1"))


def test_a_note_is_kept_after_its_decision_and_by_the_same_request_if_it_broke_off() -> None:
    desk = Desk([a_head(1)])
    kept: list[int] = []

    def breaks_off() -> None:
        raise RetryableError("S3 did not answer.")

    place = ObjectRef(bucket="results", key="notes/1")
    broken = Given("refund", place, key="k1", keep_note=breaks_off)
    with pytest.raises(RetryableError):
        desk.reviews.decide("ann", key(1), 0, broken)
    whole = broken._replace(keep_note=lambda: kept.append(1))
    head = desk.reviews.decide("ann", key(1), 0, whole)
    assert (head.version, kept) == (1, [1])
    with pytest.raises(ReviewConflictError):
        desk.reviews.decide("bob", key(1), 0, whole._replace(key="k2"))
    assert kept == [1]


RUN, LATER = "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"


def judged_again(number: int, **fields: object) -> ReviewHead:
    """A record as a later run has judged it, at another place."""
    line = LineRef(object=ObjectRef(bucket="results", key="new"), start=0, length=1)
    return a_head(number).model_copy(update={"run_started": LATER, "line": line, **fields})


def test_a_later_run_wins_over_an_expiry_at_the_same_moment() -> None:
    desk = Desk([a_head(1)])
    new = judged_again(1)
    before_the_next_write(desk, lambda: desk.store.add([new]))
    desk.reviews.expire(desk.heads[0])
    assert desk.store.head(key(1)) == new
    assert desk.store.events(key(1)) == []
    assert desk.take("ann") == [1]


def test_a_decision_is_never_one_of_what_a_later_run_queues_at_the_same_moment() -> None:
    for shown in (None, RUN):
        desk = Desk([a_head(1)])
        new = judged_again(1)
        before_the_next_write(desk, partial(desk.store.add, [new]))
        with pytest.raises(RecordJudgedAgainError):
            desk.reviews.decide("ann", key(1), 0, Given("exchange", key="k1", run=shown))
        assert desk.store.head(key(1)) == new
        assert desk.store.events(key(1)) == []


def test_what_an_earlier_run_had_judged_is_not_decided_skipped_nor_taken_back() -> None:
    desk = Desk([a_head(1), a_head(2)])
    desk.store.add([judged_again(1)])
    desk.reviews.decide("ann", key(2), 0, Given("exchange", run=RUN))
    wrong = Given("exchange", run=RUN)
    for refused in (
        lambda: desk.reviews.decide("ann", key(1), 0, wrong),
        lambda: desk.reviews.skip("ann", key(1), 0, wrong),
        lambda: desk.reviews.undo("ann", key(2), 1, Given(None, run=LATER)),
    ):
        with pytest.raises(RecordJudgedAgainError):
            refused()
    assert desk.reviews.decide("ann", key(1), 0, Given("exchange", run=LATER)).version == 1
    assert desk.reviews.undo("ann", key(2), 1, Given(None, run=RUN)).version == 2


def test_a_correction_at_the_same_moment_is_one_of_what_its_run_has_queued() -> None:
    desk = Desk([])
    new = a_head(1, kind=Kind.AUDIT, blind=True)
    before_the_next_write(desk, lambda: desk.store.add([new]))
    given = Given("exchange", key="k1", run=RUN)
    head = desk.reviews.decide(
        "ann", key(1), 0, given, absent=lambda: a_head(1, kind=Kind.CORRECTION)
    )
    assert (head.kind, head.version) == (Kind.AUDIT, 1)
    assert head.answer is not None
    assert head.answer.blind
    assert desk.store.head(key(1)) == head


def test_what_has_expired_is_opened_again_by_a_later_run_alone() -> None:
    desk = Desk([a_head(1), a_head(2)])
    desk.reviews.expire(desk.heads[0])
    assert desk.store.totals_of_upload(UPLOAD) == Totals(queued=1)
    assert not desk.reviews.requeue(a_head(1))
    assert not desk.reviews.requeue(judged_again(2))
    new = judged_again(1)
    assert desk.reviews.requeue(new)
    assert not desk.reviews.requeue(new)
    head = desk.store.head(key(1))
    assert head is not None
    assert (head.state, head.version, head.line) == (State.OPEN, 2, new.line)
    kinds = [(event.kind, event.by) for event in desk.store.events(key(1))]
    assert kinds == [(EventKind.EXPIRED, "winnow"), (EventKind.QUEUED, "winnow")]
    assert desk.store.totals_of_upload(UPLOAD) == Totals(queued=2)
    assert desk.take("ann", 2) == [1, 2]
    desk.reviews.decide("ann", key(1), 2, Given("refund"))


def test_what_somebody_else_has_open_is_not_skipped() -> None:
    desk = Desk([a_head(1)])
    desk.take("ann")
    with pytest.raises(ReviewConflictError):
        desk.reviews.skip("bob", key(1), 0, Given(None))
    assert desk.reviews.renew("ann", key(1)) is not None
    desk.clock.now += LEASE_S + 1
    assert desk.reviews.skip("bob", key(1), 0, Given(None)).skipped_by == ("bob",)


def test_only_one_s_own_lease_is_renewed() -> None:
    desk = Desk([a_head(1)])
    assert desk.reviews.renew("ann", key(1)) is None
    assert desk.take("bob") == [1]
    desk.clock.now += LEASE_S + 1
    assert desk.reviews.renew("ann", key(1)) is None
    assert desk.reviews.renew("bob", key(1)) == desk.clock.now + LEASE_S


def test_undo_brings_back_the_answer_before_and_the_lease() -> None:
    desk = Desk([a_head(1)])
    desk.reviews.decide("ann", key(1), 0, Given("refund"))
    head = desk.reviews.undo("ann", key(1), 1, Given(None))
    assert (head.state, head.answer, head.lease_by) == (State.OPEN, None, "ann")
    assert desk.store.totals_of_upload(UPLOAD) == Totals(queued=1)
    assert desk.take("bob") == []
    desk.reviews.decide("ann", key(1), 2, Given("refund"))
    desk.reviews.decide("bob", key(1), 3, Given("exchange"))
    with pytest.raises(NothingToUndoError):
        desk.reviews.undo("ann", key(1), 4, Given(None))
    head = desk.reviews.undo("bob", key(1), 4, Given(None))
    assert head.answer is not None
    assert head.answer.by == "ann"


def test_a_skipped_record_goes_to_others_only() -> None:
    desk = Desk([a_head(1)])
    desk.take("ann")
    desk.reviews.skip("ann", key(1), 0, Given(None))
    assert desk.take("ann") == []
    assert desk.take("ann", skipped=True) == [1]
    desk.reviews.release("ann", key(1))
    assert desk.take("bob") == [1]


def test_cannot_tell_is_final_and_counts_apart() -> None:
    desk = Desk([a_head(1)])
    head = desk.reviews.decide("ann", key(1), 0, Given(None))
    assert head.state is State.DECIDED
    totals = desk.store.totals_of_upload(UPLOAD)
    assert totals is not None
    assert (totals.decided, totals.cannot_tell, totals.complete) == (
        1,
        1,
        True,
    )


def test_where_the_machine_had_decided_nothing_there_is_nothing_to_agree_with() -> None:
    process = PROCESS.model_copy(update={"kind": "criteria"})
    heads = [
        a_head(number, blind=True).model_copy(update={"process": process, "decision": decision})
        for number, decision in enumerate(("undetermined", "met"), start=1)
    ]
    desk = Desk(heads)
    for head in heads:
        desk.reviews.decide("ann", head.key, 0, Given("met"))
    totals = desk.store.totals_of_upload(UPLOAD)
    assert totals is not None
    assert (totals.approved, totals.changed, totals.blind, totals.blind_agreed) == (1, 1, 1, 1)


def test_only_a_first_decision_is_blind() -> None:
    desk = Desk([a_head(1, blind=True), a_head(2, blind=True)])

    def measured() -> tuple[int, int]:
        totals = desk.store.totals_of_upload(UPLOAD)
        assert totals is not None
        return totals.blind, totals.blind_agreed

    head = desk.reviews.decide("ann", key(1), 0, Given("exchange"))
    assert head.answer is not None
    assert head.answer.blind
    assert measured() == (1, 0)
    # Ann has seen the machine's decision now, and takes it over.
    assert not desk.reviews.undo("ann", key(1), 1, Given(None)).hidden
    assert measured() == (1, 0)
    head = desk.reviews.decide("ann", key(1), 2, Given("refund"))
    assert head.answer is not None
    assert not head.answer.blind
    assert measured() == (1, 0)
    assert [event.blind for event in desk.store.events(key(1))] == [True, False, False]
    desk.reviews.decide("ann", key(2), 0, Given("refund"))
    desk.reviews.decide("bob", key(2), 1, Given("exchange"))
    assert [event.blind for event in desk.store.events(key(2))] == [True, False]
    assert measured() == (2, 1)


def test_cannot_tell_shows_the_machine_s_decision_too() -> None:
    desk = Desk([a_head(1, blind=True)])
    desk.reviews.decide("ann", key(1), 0, Given(None))
    desk.reviews.decide("ann", key(1), 1, Given("refund"))
    totals = desk.store.totals_of_upload(UPLOAD)
    assert totals is not None
    assert (totals.approved, totals.blind) == (1, 0)


def test_a_record_that_was_never_queued_can_be_corrected() -> None:
    desk = Desk([a_head(1)])
    with pytest.raises(RecordUnknownError):
        desk.reviews.decide("ann", key(7), 0, Given("refund"))
    fresh = a_head(7, kind=Kind.CORRECTION, outcome=Outcome.ACCEPTED)
    desk.reviews.decide("ann", key(7), 0, Given("exchange"), absent=lambda: fresh)
    totals = desk.store.totals_of_upload(UPLOAD)
    assert totals is not None
    assert (totals.corrections, totals.decided, totals.changed) == (1, 0, 1)


def test_an_erased_record_leaves_the_queue_and_cannot_be_decided() -> None:
    desk = Desk([a_head(1), a_head(2)])
    desk.reviews.erase("admin", key(1))
    desk.reviews.erase("admin", key(1))
    assert desk.take("ann", 2) == [2]
    with pytest.raises(RecordErasedError):
        desk.reviews.decide("ann", key(1), 1, Given("refund"))
    totals = desk.store.totals_of_upload(UPLOAD)
    assert totals is not None
    assert totals.queued == 1


def test_an_expired_record_leaves_the_queue_and_cannot_be_decided() -> None:
    desk = Desk([a_head(1), a_head(2), a_head(3)])
    desk.reviews.decide("ann", key(2), 0, Given("refund"))
    for head in desk.heads:
        if head.record < 3:
            desk.reviews.expire(head)
            desk.reviews.expire(head)
    moved = desk.heads[2].model_copy(update={"line": desk.heads[2].line.model_copy(
        update={"start": 7}
    )})  # fmt: skip
    desk.reviews.expire(moved)
    assert desk.take("ann", 3) == [3]
    with pytest.raises(RecordUnknownError):
        desk.reviews.decide("ann", key(1), 1, Given("refund"))
    events = [(e.kind, e.by) for e in desk.store.events(key(1))]
    assert events == [(EventKind.EXPIRED, "winnow")]
    totals = desk.store.totals_of_upload(UPLOAD)
    assert totals is not None
    assert (totals.queued, totals.decided) == (2, 1)


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["decide", "cannot_tell", "undo", "skip", "stale", "erase"]),
        st.sampled_from(["ann", "bob", "cyd"]),
        st.integers(1, 4),
        st.sampled_from(["refund", "exchange"]),
    ),
    max_size=30,
)


@given(operations=OPERATIONS)
def test_whatever_people_do_the_counts_are_those_of_the_events(
    operations: list[tuple[str, str, int, str]],
) -> None:
    kinds = [Kind.REVIEW, Kind.REVIEW, Kind.REVIEW, Kind.AUDIT]
    desk = Desk([a_head(n, kind=kind, blind=n == 2) for n, kind in enumerate(kinds, start=1)])
    for action, user, record, decision in operations:
        head = desk.store.head(key(record))
        assert head is not None
        version = head.version - (action == "stale")
        try:
            match action:
                case "undo":
                    desk.reviews.undo(user, key(record), version, Given(None))
                case "skip":
                    desk.reviews.skip(user, key(record), version, Given(None))
                case "erase":
                    desk.reviews.erase("admin", key(record))
                case _:
                    answer = None if action == "cannot_tell" else decision
                    desk.reviews.decide(user, key(record), version, Given(answer))
        except (ReviewConflictError, NothingToUndoError, RecordErasedError):
            continue
    expected = Totals()
    for original in desk.heads:
        head = desk.store.head(original.key)
        assert head is not None
        events = desk.store.events(head.key)
        assert [event.number for event in events] == list(range(1, head.version + 1))
        erased_open = head.state is State.ERASED and head.answer is None
        expected += Totals() if erased_open else queued(head)
        for event in events:
            before, after = (
                counted(original.model_copy(update={"answer": answer}))
                for answer in (event.before, event.after)
            )
            expected += after - before
        decisions = [event for event in events if event.kind is EventKind.DECIDED]
        assert [event.blind for event in decisions] == [original.blind, *[False] * 30][
            : len(decisions)
        ]
        if original.blind and decisions and decisions[0].after and decisions[0].after.decision:
            agreed = decisions[0].after.decision == original.decision
            expected += Totals(blind=1, blind_agreed=agreed)
    assert desk.store.totals_of_upload(UPLOAD) == expected
    assert desk.store.totals_of_process("triage") == expected


def test_no_record_is_lost_or_given_twice_to_many_people_at_once() -> None:
    desk = Desk([a_head(n, confidence=(n % 97) / 97) for n in range(1, 301)])
    decided: list[int] = []
    lock = threading.Lock()

    def reviewer(user: str) -> None:
        while heads := desk.reviews.take(user, QUEUE, 2):
            for head in heads:
                desk.reviews.decide(user, head.key, head.version, Given("refund"))
                with lock:
                    decided.append(head.record)

    threads = [threading.Thread(target=reviewer, args=(f"user{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(decided) == list(range(1, 301))
    totals = desk.store.totals_of_upload(UPLOAD)
    assert totals is not None
    assert totals.complete
    assert totals.approved == 300
