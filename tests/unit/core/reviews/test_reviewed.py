"""reviewed.jsonl and review.json: what holds now, never an older state, and one e-mail."""

import json

import pytest
from hypothesis import given, settings

from tests.fakes.reviews import MemoryReviews
from tests.unit.core.reviews.test_queueing import LATER, NOW, Queueing
from tests.unit.core.reviews.test_service import OPERATIONS
from tests.unit.core.steps.test_steps import UPLOAD_ID
from winnow.errors import (
    NothingToUndoError,
    ObjectGoneError,
    RecordErasedError,
    RetryableError,
    ReviewConflictError,
)
from winnow.models import ObjectRef, Outcome
from winnow.reviews.models import Kind, RecordKey, Totals
from winnow.reviews.reviewed import ReviewedFiles, ReviewedRecord, ReviewSummary
from winnow.reviews.service import Given, Reviews
from winnow.steps.notification import reviewed
from winnow.storage.paths import ReviewPaths

PATHS = ReviewPaths("results", "moods", UPLOAD_ID)


def key(record: int) -> RecordKey:
    return RecordKey(UPLOAD_ID, record)


class Desk:
    """A queue over the results of a run, and what is written of it."""

    def __init__(self, *confidences: float) -> None:
        self.run = Queueing(*confidences)
        self.run.queue()
        self.now = NOW
        self.objects = self.run.pipeline.store
        self.store = self.run.reviews
        self.reviews = Reviews(self.store, self.clock)
        self.mails: list[ReviewSummary] = []
        self.files = ReviewedFiles(self.objects, self.store, "results", self.clock)

    def clock(self) -> float:
        self.now += 0.001
        return self.now

    def decide(self, record: int, decision: str | None, by: str = "ann") -> None:
        head = self.store.head(key(record))
        self.reviews.decide(by, key(record), head.version, Given(decision))

    def write(self, **more) -> ReviewSummary | None:
        return self.files.write(UPLOAD_ID, "moods", self.mails.append, **more)

    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.objects.content(PATHS.reviewed).splitlines()]

    def counts(self) -> ReviewSummary:
        return ReviewSummary.model_validate_json(self.objects.content(PATHS.counts))


def test_a_line_tells_the_decision_that_holds_and_whose_it_is() -> None:
    desk = Desk(0.9, 0.5, 0.25, 0.4)
    desk.decide(2, "sad")
    desk.decide(3, None, by="bob")
    written = desk.write()
    assert written == desk.counts()
    first, second = desk.lines()
    at = first.pop("at")
    assert at.startswith("2027-01-15T08:00:00")
    assert first == {
        "schema_version": "1.0",
        "record": 2,
        "line": 3,
        "source_id": "C2",
        "decision": "sad",
        "cannot_tell": False,
        "changed": True,
        "by": "ann",
        "machine_decision": "glad",
        "confidence": 0.5,
        "calibrated": False,
        "outcome": "review",
        "code": "below_threshold",
        "kind": "review",
        "blind": False,
        "probability": 1.0,
    }
    assert (second["record"], second["cannot_tell"], second["by"]) == (3, True, "bob")
    assert "decision" not in second
    assert "changed" not in second
    assert (written.open, written.complete, written.agreement) == (1, False, 0.0)
    assert written.totals == desk.store.totals_of_upload(UPLOAD_ID)
    assert desk.objects.content(written.reviewed) == desk.objects.content(PATHS.reviewed)
    assert desk.mails == []


def test_before_anything_is_decided_the_counts_are_there() -> None:
    desk = Desk(0.5, 0.4)
    desk.write(left_out=7)
    assert desk.lines() == []
    assert desk.counts().totals == Totals(queued=2)
    desk.decide(1, "glad")
    desk.write()
    assert desk.counts().left_out == 7
    assert desk.counts().agreement == 1.0


def test_where_nothing_is_in_review_nothing_is_written() -> None:
    desk = Desk(0.9)
    assert desk.write() is None
    with pytest.raises(ObjectGoneError):
        desk.objects.content(PATHS.counts)


def test_an_undone_decision_leaves_the_file_and_another_one_replaces_it() -> None:
    desk = Desk(0.5, 0.4)
    desk.decide(1, "sad")
    desk.decide(2, "glad")
    desk.write()
    desk.reviews.undo("ann", key(1), 1, Given(None))
    desk.decide(2, "sad", by="bob")
    desk.write()
    (line,) = desk.lines()
    assert (line["record"], line["decision"], line["by"]) == (2, "sad", "bob")
    assert desk.counts().totals == Totals(queued=2, decided=1, changed=1)


def test_an_erased_record_is_in_neither_the_lines_nor_the_open() -> None:
    desk = Desk(0.5, 0.4, 0.3)
    for record in (1, 2):
        desk.decide(record, "glad")
    desk.write()
    desk.reviews.erase("admin", key(1))
    desk.reviews.erase("admin", key(3))
    desk.write()
    assert [line["record"] for line in desk.lines()] == [2]
    assert "C1" not in desk.objects.content(PATHS.reviewed).decode()
    assert desk.counts().totals == desk.store.totals_of_upload(UPLOAD_ID)
    assert desk.counts().complete


def test_a_line_that_has_expired_costs_its_id_alone() -> None:
    desk = Desk(0.5)
    desk.decide(1, "glad")
    desk.objects.delete(ObjectRef(bucket="results", key=f"results/moods/{UPLOAD_ID}/review.jsonl"))
    desk.write()
    (line,) = desk.lines()
    assert (line["record"], line["decision"]) == (1, "glad")
    assert "source_id" not in line


def test_a_line_is_looked_up_once() -> None:
    desk = Desk(0.5, 0.4)
    looked: list[int] = []
    read = desk.objects.read_range

    def counted(ref, start, length):
        looked.append(start)
        return read(ref, start, length)

    desk.objects.read_range = counted  # type: ignore[method-assign]
    for record in (1, 2):
        desk.decide(record, "glad")
        desk.write()
    assert len(looked) == 2
    assert [line["source_id"] for line in desk.lines()] == ["C1", "C2"]


# -- older and newer ------------------------------------------------------------------------------


class Slow(MemoryReviews):
    """A table whose reader stops after the look at it, while others go on."""

    def __init__(self, inner: MemoryReviews, meanwhile) -> None:
        self._inner = inner
        self._meanwhile = meanwhile

    def heads(self, upload: str):
        seen = list(self._inner.heads(upload))
        self._meanwhile()
        return iter(seen)


def test_an_older_state_is_not_written_over_a_newer_one() -> None:
    desk = Desk(0.5, 0.4)
    desk.decide(1, "glad")

    def meanwhile() -> None:
        desk.decide(2, "sad")
        desk.write()

    late = ReviewedFiles(desk.objects, Slow(desk.store, meanwhile), "results", desk.clock)
    assert late.write(UPLOAD_ID, "moods", desk.mails.append) is None
    assert [line["record"] for line in desk.lines()] == [1, 2]
    assert desk.counts().complete
    assert len(desk.mails) == 1, "the one who has seen all sends the e-mail"


def test_an_undone_decision_is_newer_than_the_decision() -> None:
    """Its counts are smaller, and so is the file: what counts is the number of events."""
    desk = Desk(0.5)
    desk.decide(1, "glad")

    def meanwhile() -> None:
        desk.reviews.undo("ann", key(1), 1, Given(None))
        desk.write()

    late = ReviewedFiles(desk.objects, Slow(desk.store, meanwhile), "results", desk.clock)
    assert late.write(UPLOAD_ID, "moods") is None
    assert desk.lines() == []
    assert not desk.counts().complete


def test_a_later_run_is_counted_although_nothing_happened() -> None:
    desk = Desk(0.5, 0.4)
    desk.write()
    desk.run.judge(0.9, 0.9, run=LATER)
    desk.run.queue()
    desk.write()
    assert desk.counts().totals == Totals()
    assert not desk.counts().complete


def test_a_write_that_another_overtook_is_done_again() -> None:
    desk = Desk(0.5)
    desk.decide(1, "glad")
    publish = desk.objects.publish
    refused = ["reviewed.jsonl", "review.json"]

    def contested(ref, content, content_type, fence):
        if refused and ref.key.endswith(refused[0]):
            refused.pop(0)
            raise RetryableError("Another run wrote to the same results at the same moment.")
        return publish(ref, content, content_type, fence)

    desk.objects.publish = contested  # type: ignore[method-assign]
    assert desk.write() is not None
    assert refused == []
    assert len(desk.mails) == 1
    assert desk.counts().mailed == 1


# -- the e-mail -----------------------------------------------------------------------------------


def test_when_the_last_one_is_decided_it_is_told_once() -> None:
    desk = Desk(0.5, 0.4)
    desk.decide(1, "glad")
    desk.write()
    assert desk.mails == []
    desk.decide(2, None)
    desk.write()
    desk.write()
    assert [mail.totals.decided for mail in desk.mails] == [2]
    head = desk.store.head(key(2))
    desk.reviews.undo("ann", key(2), head.version, Given(None))
    desk.write()
    desk.decide(2, "sad")
    desk.write()
    assert len(desk.mails) == 1


def test_records_that_a_later_run_adds_are_told_again() -> None:
    desk = Desk(0.5, 0.9)
    desk.decide(1, "glad")
    desk.write()
    desk.run.judge(0.5, 0.3, run=LATER)
    desk.run.queue()
    desk.write()
    desk.decide(2, "glad")
    desk.write()
    assert [mail.totals.queued for mail in desk.mails] == [1, 2]


@pytest.mark.parametrize("ahead", [0.0, 3600.0])
def test_the_last_open_record_is_erased_and_the_e_mail_is_left_to_who_sends_some(
    ahead: float,
) -> None:
    """`winnow forget` sends none: the function does, even if the command's clock is ahead."""
    desk = Desk(0.5, 0.4)
    desk.decide(1, "sad")
    desk.write()
    desk.reviews.erase("ann", key(2))
    command = ReviewedFiles(desk.objects, desk.store, "results", lambda: desk.clock() + ahead)
    written = command.write(UPLOAD_ID, "moods")
    assert written == desk.counts()
    assert (written.open, written.complete, written.mailed) == (0, True, 0)
    for _ in range(3):
        desk.write()
    assert [mail.totals for mail in desk.mails] == [desk.store.totals_of_upload(UPLOAD_ID)]
    assert (desk.counts().open, desk.counts().complete, desk.counts().mailed) == (0, True, 1)


def test_of_an_upload_that_was_erased_no_e_mail_says_that_all_is_decided() -> None:
    desk = Desk(0.5, 0.4)
    desk.decide(1, "sad")
    for record in (1, 2):
        desk.reviews.erase("ann", key(record))
    ahead = ReviewedFiles(desk.objects, desk.store, "results", lambda: desk.clock() + 60)
    ahead.write(UPLOAD_ID, "moods")
    desk.write()
    assert desk.lines() == []
    assert desk.mails == []


def test_a_new_table_s_decisions_replace_what_an_earlier_one_s_were() -> None:
    """The reviews of a stack were switched off and on again: the new table has seen less."""
    desk = Desk(0.5, 0.4)
    for record in (1, 2):
        desk.decide(record, "sad")
        desk.decide(record, "glad")
    desk.write()
    assert len(desk.mails) == 1
    anew = Desk(0.5, 0.4)
    anew.store.since = "2026-01-02T00:00:00.000Z"
    anew.files = ReviewedFiles(desk.objects, anew.store, "results", anew.clock)
    anew.objects, anew.mails = desk.objects, desk.mails
    anew.decide(2, "sad", by="bob")
    assert anew.write() is not None
    assert [(line["record"], line["by"]) for line in anew.lines()] == [(2, "bob")]
    assert (anew.counts().open, anew.counts().mailed) == (1, 0)
    anew.decide(1, "glad", by="bob")
    anew.write()
    assert [mail.totals.changed for mail in anew.mails] == [0, 1]
    # Who still has the earlier table writes no more.
    desk.decide(1, "sad")
    assert desk.write() is None
    assert anew.lines()[0]["by"] == "bob"


def test_counts_of_before_tables_had_a_time_keep_what_was_mailed() -> None:
    desk = Desk(0.5)
    desk.decide(1, "glad")
    desk.write()
    old = desk.counts().model_copy(update={"table_began": None})
    fence = f"{1:012d}#2027-01-15T08:00:00.000Z"
    stored = desk.objects._versions["results", PATHS.counts.key]
    stored.append(("old", old.model_dump_json().encode(), {"winnow-fence": fence}))
    desk.write()
    assert desk.counts().table_began == desk.store.since
    assert len(desk.mails) == 1


def test_a_crash_after_the_e_mail_sends_it_again_and_never_none() -> None:
    desk = Desk(0.5)
    desk.decide(1, "glad")

    def killed(summary: ReviewSummary) -> None:
        desk.mails.append(summary)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        desk.files.write(UPLOAD_ID, "moods", killed)
    desk.write()
    desk.write()
    assert len(desk.mails) == 2


def test_the_e_mail_has_counts_agreement_and_a_link_and_no_more() -> None:
    desk = Desk(*[0.5] * 4)
    for record, decision in enumerate(["glad", "glad", "sad", None], start=1):
        desk.decide(record, decision, by="zz-somebody")
    desk.write()
    mail = reviewed(desk.mails[0], "https://review.example/")
    assert mail.subject == "Winnow moods: 4 decided, 1 changed"
    assert "Agreement  67%" in mail.body
    assert f"https://review.example/#/uploads/{UPLOAD_ID}\n" in mail.body
    assert f"s3://results/results/moods/{UPLOAD_ID}/reviewed.jsonl" in mail.body
    assert "C1" not in mail.body
    assert "zz-somebody" not in mail.body
    assert "Page" not in reviewed(desk.mails[0]).body


def test_the_e_mail_counts_audits_and_corrections_among_all_decisions() -> None:
    desk = Desk(0.5)
    desk.decide(1, "glad")
    desk.write()
    totals = Totals(
        queued=2, decided=2, audits=40, audited=29, corrections=1, approved=20, changed=11,
        cannot_tell=1,
    )  # fmt: skip
    mail = reviewed(desk.mails[0].model_copy(update={"totals": totals}))
    assert mail.subject == "Winnow moods: 32 decided, 11 changed"
    assert (
        "Of these 32 records 2 had been set aside, 29 were checked as a sample, and 1 corrected."
        in mail.body
    )
    assert "Of these" not in reviewed(desk.mails[0]).body


# -- all of it ------------------------------------------------------------------------------------


@settings(deadline=None)
@given(operations=OPERATIONS)
def test_whatever_people_do_the_file_says_what_the_table_says(
    operations: list[tuple[str, str, int, str]],
) -> None:
    desk = Desk(0.5, 0.4, 0.3, 0.9)
    desk.write()  # as after queueing: with every record erased, it would not be made later
    fresh = desk.store.head(key(1)).model_copy(
        update={"record": 4, "kind": Kind.CORRECTION, "outcome": Outcome.ACCEPTED}
    )
    for action, user, record, decision in operations:
        head = desk.store.head(key(record)) or fresh
        version = head.version - (action == "stale")
        answer = Given(None if action == "cannot_tell" else decision)
        try:
            match action:
                case "undo" | "skip" if head is not fresh:
                    getattr(desk.reviews, action)(user, head.key, version, Given(None))
                case "erase":
                    desk.reviews.erase("admin", head.key)
                case _:
                    desk.reviews.decide(user, head.key, version, answer, absent=lambda: fresh)
        except (ReviewConflictError, NothingToUndoError, RecordErasedError):
            continue
    desk.write()
    totals = desk.store.totals_of_upload(UPLOAD_ID) or Totals()
    assert desk.counts().totals == totals
    lines = [ReviewedRecord.model_validate(line) for line in desk.lines()]
    assert sum(not line.cannot_tell for line in lines) <= totals.approved + totals.changed
    for line in lines:
        holds = desk.store.head(key(line.record)).answer
        assert (line.decision, line.by, line.at) == (holds.decision, holds.by, holds.at)
