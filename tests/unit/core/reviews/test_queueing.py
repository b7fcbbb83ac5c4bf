"""What of a run goes into the queue: once, counted once, and where its line is."""

import json

import numpy as np
import pytest

from tests.fakes.processes import book
from tests.fakes.reviews import MemoryReviews
from tests.unit.core.steps.test_steps import RUN, UPLOAD_ID, Run
from winnow.errors import ObjectGoneError, RetryableError, StoredDataInvalidError
from winnow.models import ObjectRef, Outcome, RunRef
from winnow.processes.schema import parse_definition_json
from winnow.reviews import queueing
from winnow.reviews.items import Items
from winnow.reviews.models import Kind, QueueFilter, RecordKey, State, Totals
from winnow.reviews.notes import Notes
from winnow.reviews.queueing import Shares, queue_upload
from winnow.reviews.service import Given, Reviews
from winnow.storage.paths import ReviewPaths

NOW = 1_800_000_000.0
NONE = Shares(blind=0.0, audit=0.0)
ALL = Shares(blind=1.0, audit=1.0)
LATER = RunRef(id="2-0123456789ab", attempt=2, started_at="2026-11-26T10:30:00.000Z")


def table(*confidences: float) -> str:
    """A table with one note for each confidence; below 0.6 it is for review."""
    rows = (f"C{n},glad {confidence}" for n, confidence in enumerate(confidences, start=1))
    return "case_id,note\n" + "\n".join(rows) + "\n"


class Queueing:
    """A finished run, and the queue that it is put into."""

    def __init__(self, *confidences: float, run: RunRef | None = RUN) -> None:
        self.pipeline = Run(run)
        self.reviews = MemoryReviews()
        self.judge(*confidences)

    def judge(self, *confidences: float, run: RunRef | None = None) -> None:
        """Runs the upload, again if it was run before."""
        self.pipeline.run = run or self.pipeline.run
        serialized = self.pipeline.serialize(table(*confidences))
        self.pipeline.classify(serialized)
        self.definition = serialized.definition
        self.result = self.pipeline.filter(serialized).result

    def queue(self, shares: Shares = NONE, **more):
        return queue_upload(
            self.result, self.pipeline.store, self.reviews, shares, lambda: NOW, **more
        )

    def open(self) -> list[int]:
        page = self.reviews.open_heads(QueueFilter(process="moods"), None, 1000)
        return [head.record for head in page.heads]

    @property
    def items(self) -> Items:
        store = self.pipeline.store
        return Items(store, Notes(store, "results"), "results", lambda: NOW)

    def old_versions_go(self) -> None:
        """As by the lifecycle of the bucket."""
        for key, versions in self.pipeline.store._versions.items():
            self.pipeline.store._versions[key] = versions[-1:]

    def head(self, record: int):
        return self.reviews.head(RecordKey(UPLOAD_ID, record))


def test_what_is_for_review_is_queued_with_the_place_of_its_line() -> None:
    run = Queueing(0.9, 0.5, 0.2, 0.8)
    done = run.queue()
    assert (done.queued, done.audits, done.left_out, done.process) == (2, 0, 0, "moods")
    assert run.open() == [3, 2]
    for record in (2, 3):
        head = run.head(record)
        content = run.pipeline.store.read_range(head.line.object, head.line.start, head.line.length)
        line = json.loads(content)
        assert content.endswith(b"\n")
        assert line["record"] == record
        assert head.line.object.version_id is not None
        assert (head.kind, head.outcome, head.code) == (
            Kind.REVIEW,
            Outcome.REVIEW,
            line["code"],
        )
        assert (head.decision, head.confidence) == ("glad", line["confidence"])
        assert (head.waiting_since, head.probability) == ("2027-01-15T08:00:00.000Z", 1.0)
    assert run.reviews.totals_of_upload(UPLOAD_ID) == Totals(queued=2)
    assert run.reviews.totals_of_process("moods") == Totals(queued=2)


def test_what_cannot_be_judged_is_not_queued() -> None:
    run = Queueing(0.9)
    done = run.pipeline.serialize("case_id,note\nA,\nB,glad 0.1\n")
    run.pipeline.classify(done)
    run.result = run.pipeline.filter(done).result
    assert run.queue(ALL).queued == 1
    assert run.open() == [2]


def test_a_sample_of_the_accepted_is_queued_behind_with_its_probability() -> None:
    run = Queueing(*[0.9] * 400, 0.1)
    done = run.queue(Shares(blind=0.0, audit=0.1))
    assert 15 <= done.audits <= 70
    opened = run.open()
    assert opened[0] == 401
    assert len(opened) == done.audits + 1
    audit = run.head(opened[1])
    assert (audit.kind, audit.outcome, audit.probability) == (
        Kind.AUDIT,
        Outcome.ACCEPTED,
        0.1,
    )
    again = Queueing(*[0.9] * 400, 0.1)
    again.queue(Shares(blind=0.0, audit=0.1))
    assert again.open() == opened


def test_audits_wait_in_an_order_that_says_nothing_of_them() -> None:
    """What was decided of them at any time is a random sample: the bounds need one."""
    confidences = [0.6 + n / 2_500 for n in range(1_000)]
    run = Queueing(*confidences)
    run.queue(Shares(blind=0.0, audit=1.0))
    in_order = [confidences[record - 1] for record in run.open()]
    assert len(in_order) == 1_000
    ranks = np.argsort(np.argsort(in_order))
    # Of a random order it is 0.03 on average, of one by confidence 1.
    assert abs(np.corrcoef(ranks, np.arange(1_000))[0, 1]) < 0.1
    # A smaller share of them is no more at the beginning than at the end.
    few = Queueing(*confidences)
    few.queue(Shares(blind=0.0, audit=0.3))
    places = [run.open().index(record) for record in few.open()]
    assert places == sorted(places)
    assert 450 < sum(places) / len(places) < 550


def test_all_or_none_are_blind_by_the_share() -> None:
    run = Queueing(0.1, 0.2)
    run.queue(ALL)
    assert all(run.head(record).blind for record in (1, 2))
    run = Queueing(0.1, 0.2)
    run.queue(NONE)
    assert not any(run.head(record).blind for record in (1, 2))


def test_twice_delivered_is_queued_and_counted_once() -> None:
    run = Queueing(0.9, 0.5, 0.2)
    first = run.queue()
    Reviews(run.reviews, lambda: NOW).decide("ann", RecordKey(UPLOAD_ID, 2), 0, Given("sad"))
    assert run.queue() == first
    assert run.head(2).state is State.DECIDED
    assert run.reviews.totals_of_upload(UPLOAD_ID) == Totals(queued=2, decided=1, changed=1)


@pytest.mark.parametrize("broken", ["add", "count_queued"])
def test_what_broke_off_is_completed_by_the_next(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queueing, "_BATCH", 2)
    run = Queueing(0.1, 0.2, 0.3, 0.4, 0.5)
    calls = 0
    right = getattr(run.reviews, broken)

    def breaks(*given):
        nonlocal calls
        calls += 1
        if calls == (2 if broken == "add" else 1):
            raise RetryableError("The function was killed.")
        return right(*given)

    monkeypatch.setattr(run.reviews, broken, breaks)
    with pytest.raises(RetryableError):
        run.queue()
    assert run.reviews.totals_of_upload(UPLOAD_ID) is None
    Reviews(run.reviews, lambda: NOW).decide("ann", RecordKey(UPLOAD_ID, 1), 0, Given("glad"))
    run.queue()
    assert run.open() == [2, 3, 4, 5]
    assert run.reviews.totals_of_upload(UPLOAD_ID) == Totals(queued=5, decided=1, approved=1)


def test_a_later_run_replaces_what_nobody_has_touched_and_takes_out_what_it_accepts() -> None:
    run = Queueing(0.5, 0.4, 0.3, 0.9)
    run.queue()
    reviews = Reviews(run.reviews, lambda: NOW)
    reviews.decide("ann", RecordKey(UPLOAD_ID, 1), 0, Given("sad"))
    reviews.skip("ann", RecordKey(UPLOAD_ID, 2), 0, Given(None))
    run.judge(0.9, 0.9, 0.9, 0.1, run=LATER)
    assert run.queue().queued == 3
    # 1 is decided and 2 was looked at; 3 is accepted now, 4 is for review.
    assert run.open() == [4, 2]
    assert run.head(3) is None
    assert run.head(1).state is State.DECIDED
    totals = run.reviews.totals_of_upload(UPLOAD_ID)
    assert totals == Totals(queued=3, decided=1, changed=1)
    assert totals.open == len(run.open())


def test_a_later_run_wins_over_what_has_expired_before_it() -> None:
    run = Queueing(0.5, 0.4, 0.3)
    run.queue()
    reviews = Reviews(run.reviews, lambda: NOW)
    for record in (1, 2):
        head = run.head(record)
        reviews.expire(head)
    assert run.reviews.totals_of_upload(UPLOAD_ID) == Totals(queued=1)
    assert run.queue().queued == 3
    assert run.open() == [3], "the same run again opens nothing"
    run.judge(0.5, 0.9, 0.3, run=LATER)
    for _ in range(2):
        assert run.queue().queued == 3
        # 2 is accepted by the later run: it stays closed.
        assert run.open() == [3, 1]
        assert run.reviews.totals_of_upload(UPLOAD_ID) == Totals(queued=2)
    assert run.head(1).run_started == LATER.started_at
    assert run.head(2).state is State.EXPIRED


def kept(run: Queueing) -> list[str]:
    return [key for _, key in run.pipeline.store._versions if "/judged-" in key]


def test_what_people_decided_of_an_earlier_run_outlives_its_results() -> None:
    run = Queueing(0.5, 0.4, 0.3, 0.2, 0.9)
    run.queue()
    reviews = Reviews(run.reviews, lambda: NOW)
    reviews.decide("ann", run.head(1).key, 0, Given("sad"))
    reviews.skip("ann", run.head(2).key, 0, Given(None))
    reviews.erase("ann", run.head(3).key)
    corrected = run.head(1).model_copy(
        update={"record": 5, "kind": Kind.CORRECTION, "answer": None, "version": 0}
    )
    reviews.decide("ann", corrected.key, 0, Given("sad"), absent=lambda: corrected)
    run.queue()
    assert kept(run) == [], "nothing else has written the results"
    heads = {number: run.head(number) for number in (1, 2)}
    run.judge(0.95, 0.96, 0.97, 0.1, 0.9, run=LATER)
    for _ in range(2):
        run.queue()
        folders = [key.rpartition("/")[0][-1] for key in kept(run)]
        assert folders == ["1", "2"], "4 is of the later run, and the line of 5 is not its own"
    run.old_versions_go()
    for number, head in heads.items():
        assert run.items.record(run.head(number)).record == number
        assert run.items.record(run.head(number)).confidence == head.confidence
    assert run.items.record(run.head(4)).confidence == run.head(4).confidence


def test_an_erased_record_is_counted_by_its_event_alone() -> None:
    run = Queueing(0.5, 0.4)
    run.queue()
    Reviews(run.reviews, lambda: NOW).erase("admin", RecordKey(UPLOAD_ID, 1))
    run.queue()
    run.judge(0.5, 0.4, run=LATER)
    run.queue()
    assert run.reviews.totals_of_upload(UPLOAD_ID) == Totals(queued=1)
    assert run.open() == [2]


def test_what_somebody_corrected_before_is_no_part_of_the_queue() -> None:
    run = Queueing(0.5, 0.9)
    run.queue(NONE)
    reviews = Reviews(run.reviews, lambda: NOW)
    fresh = run.head(1).model_copy(
        update={"record": 2, "kind": Kind.CORRECTION, "outcome": Outcome.ACCEPTED}
    )
    reviews.decide("ann", fresh.key, 0, Given("sad"), absent=lambda: fresh)
    run.judge(0.9, 0.2, run=LATER)
    run.queue()
    assert run.open() == []
    totals = run.reviews.totals_of_upload(UPLOAD_ID)
    assert totals == Totals(queued=0, corrections=1, changed=1)


def test_of_very_many_the_least_sure_are_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "MAX_QUEUED", 3)
    run = Queueing(0.5, 0.4, 0.3, 0.4, 0.1, *[0.9] * 30)
    done = run.queue(ALL)
    assert (done.queued, done.left_out) == (3, 2)
    assert run.open()[:3] == [5, 3, 2]
    audits = [head for head in run.reviews.heads(UPLOAD_ID) if head.kind is Kind.AUDIT]
    assert done.audits == len(audits) < 30
    assert {head.probability for head in audits} <= {0.1}


def test_the_definition_is_kept_beside_the_results() -> None:
    run = Queueing(0.5)
    kept = ReviewPaths("results", "moods", UPLOAD_ID).definition
    run.queue()
    content = run.pipeline.store.content(kept)
    assert parse_definition_json(content) == book().find("moods")


def test_a_definition_that_is_gone_is_taken_from_the_folder_if_it_is_the_same() -> None:
    run = Queueing(0.5)
    run.pipeline.store.delete(run.definition)
    kept = ReviewPaths("results", "moods", UPLOAD_ID).definition
    changed = book().find("moods").model_copy(update={"title": "Another"})
    for known in ((lambda _: None), (lambda _: changed)):
        assert run.queue(known=known).queued == 1
        with pytest.raises(ObjectGoneError):
            run.pipeline.store.content(kept)
    run.queue(known=lambda name: book().find(name))
    assert parse_definition_json(run.pipeline.store.content(kept)) == book().find("moods")


def test_results_of_before_runs_had_ids_are_queued() -> None:
    run = Queueing(0.5, run=None)
    assert run.queue().queued == 1
    assert run.head(1).run_started == ""
    assert run.queue().queued == 1


def test_a_damaged_line_is_told_without_its_content() -> None:
    run = Queueing(0.5, 0.4)
    ref = ObjectRef(bucket="results", key=f"results/moods/{UPLOAD_ID}/review.jsonl")
    versions = run.pipeline.store._versions["results", ref.key]
    version, content, metadata = versions[-1]
    versions[-1] = (version, content + b'{"secret', metadata)
    with pytest.raises(StoredDataInvalidError, match="Line 3") as raised:
        run.queue()
    assert "secret" not in str(raised.value)


def test_an_erased_line_is_left_out() -> None:
    run = Queueing(0.5, 0.4)
    ref = ObjectRef(bucket="results", key=f"results/moods/{UPLOAD_ID}/review.jsonl")
    versions = run.pipeline.store._versions["results", ref.key]
    version, content, metadata = versions[-1]
    first, _, rest = content.partition(b"\n")
    erased = b'{"outcome": "review", "record": 1}'.ljust(len(first))
    versions[-1] = (version, erased + b"\n" + rest, metadata)
    assert run.queue().queued == 1
    assert run.head(2).line.start == len(first) + 1
