"""What people have decided of an upload, beside its results: reviewed.jsonl and review.json.

Both are written anew from the heads whenever something was decided. When the table began and the
number of events are the fencing token, so whoever has read an older state cannot write over a newer
one. A stack whose reviews were switched off and on again has a new table, which has seen no events.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from pydantic import Field, ValidationError

from winnow.errors import (
    ObjectGoneError,
    RecordErasedError,
    RecordUnknownError,
    RetryableError,
    RunSupersededError,
    StoredDataInvalidError,
)
from winnow.models import FrozenModel, ObjectRef, Outcome, RecordIdentity, UnitInterval
from winnow.ports import ObjectStore
from winnow.reviews.items import Items
from winnow.reviews.models import Kind, ReviewHead, State, Totals
from winnow.reviews.notes import Notes
from winnow.reviews.ports import ReviewStore
from winnow.reviews.tally import counted, queued
from winnow.storage.jsonl import dump_line
from winnow.storage.paths import JSON, JSON_LINES, ReviewPaths
from winnow.storage.times import iso

REVIEW_SCHEMA_VERSION = "1.0"
_ATTEMPTS = 4
_THREADS = 8
"""Lines of results that are read at a time."""


class _Header(FrozenModel):
    """The first field of a line. A base, so that it stays first."""

    schema_version: str = REVIEW_SCHEMA_VERSION


class ReviewedRecord(RecordIdentity, _Header):
    """One line of reviewed.jsonl: the decision of a record that holds now."""

    decision: str | None = Field(None, description="what a person decided; absent: cannot tell")
    cannot_tell: bool = Field(False, description="a person decided that it cannot be told")
    changed: bool | None = Field(
        None, description="whether it is not the machine's decision; absent: cannot tell"
    )
    by: str = Field(description="user name of who decided")
    at: str = Field(description="when, ISO 8601 in UTC")
    machine_decision: str
    confidence: UnitInterval = Field(description="of the machine's decision")
    calibrated: bool = False
    outcome: Outcome = Field(description="what the filter made of the record")
    code: str | None = Field(None, description="why the record was for review")
    kind: Kind = Field(description="why a person looked at it")
    blind: bool = Field(False, description="decided without seeing the machine's decision")
    probability: float = Field(
        1.0, gt=0, le=1, description="with which it was sampled; its weight is 1 / probability"
    )


class ReviewSummary(FrozenModel):
    """review.json: the counts of an upload's reviews. Published as docs/schemas/review.json."""

    schema_version: str = REVIEW_SCHEMA_VERSION
    upload_id: str
    process: str
    updated_at: str = Field(description="ISO 8601 in UTC")
    complete: bool = Field(description="every queued record that was set aside is decided")
    open: int = Field(description="queued records that were set aside, and that nobody has decided")
    totals: Totals
    left_out: int = Field(
        0, description="records for review that are not in the queue: the surest of very many"
    )
    agreement: UnitInterval | None = Field(
        None,
        description="share decided as the machine had, of the records of which both decided "
        "something: neither `undetermined` nor 'cannot tell'",
    )
    blind_agreement: UnitInterval | None = Field(
        None, description="the same of those decided without seeing the machine's decision"
    )
    mailed: int = Field(0, description="number of queued records when the e-mail was sent")
    table_began: str | None = Field(
        None,
        description="when the table of reviews began, ISO 8601 in UTC; a stack whose reviews were "
        "switched off and on again has a new one",
    )
    reviewed: ObjectRef = Field(description="reviewed.jsonl, in the version of these counts")


class _State(NamedTuple):
    """What the heads of an upload say."""

    heads: list[ReviewHead]
    """The decided ones."""
    totals: Totals
    began: str
    """When the table began."""
    fence: str


class ReviewedFiles:
    """The reviewed files of one results bucket."""

    def __init__(
        self,
        objects: ObjectStore,
        reviews: ReviewStore,
        bucket: str,
        clock: Callable[[], float],
    ) -> None:
        """`clock` tells the time in epoch seconds."""
        self._objects = objects
        self._reviews = reviews
        self._bucket = bucket
        self._clock = clock
        self._items = Items(objects, Notes(objects, bucket), bucket, clock)

    def write(
        self,
        upload: str,
        process: str,
        on_complete: Callable[[ReviewSummary], None] | None = None,
        left_out: int | None = None,
    ) -> ReviewSummary | None:
        """Write both files as the reviews are now; None: none of the records is in review.

        `on_complete` is called when no record is left to decide, and not again unless more records
        are queued. If the call breaks off after it, the next one calls it once more. What somebody
        else has written of a newer state is kept, and None is returned.

        Args:
            upload: Id of the upload.
            process: Id of its process.
            on_complete: Sends the e-mail. None: the next call that has one sends it.
            left_out: How many records for review are not queued; None: as before.

        Raises:
            RetryableError: Others write the same files again and again.
        """
        told: list[ReviewSummary] = []

        def tell_once(summary: ReviewSummary) -> bool:
            if on_complete is not None and not told:
                on_complete(summary)
                told.append(summary)
            return bool(told)

        for _ in range(_ATTEMPTS - 1):
            # Another call has written between the look at the file and the write.
            with suppress(RetryableError):
                return self._write(upload, process, tell_once, left_out)
        return self._write(upload, process, tell_once, left_out)

    def _write(
        self,
        upload: str,
        process: str,
        tell: Callable[[ReviewSummary], bool],
        left_out: int | None,
    ) -> ReviewSummary | None:
        paths = ReviewPaths(self._bucket, process, upload)
        state = self._state(upload)
        before = self._summary(paths.counts)
        if before is None and state.totals == Totals() and not state.heads:
            return None
        try:
            reviewed = self._publish_lines(paths, state, before)
            summary = _summary(upload, process, state, reviewed, iso(self._clock()))
            kept = before or summary
            # What was mailed of an earlier table's records says nothing of this one's.
            same_table = kept.table_began in (None, state.began)
            summary = summary.model_copy(
                update={
                    "left_out": kept.left_out if left_out is None else left_out,
                    "mailed": kept.mailed if same_table else 0,
                }
            )
            # Of an upload that was erased there is nothing to tell.
            if state.heads:
                summary = _told(summary, tell)
            self._objects.publish(paths.counts, _content(summary), JSON, state.fence)
        except RunSupersededError:
            with suppress(ObjectGoneError):
                self._tell_of_newer(paths.counts, tell)
            return None
        return summary

    def _tell_of_newer(self, ref: ObjectRef, tell: Callable[[ReviewSummary], bool]) -> None:
        """Send the e-mail that a call without one has left to this one.

        Its token is higher although it has seen no more: by a clock that is ahead.
        """
        stored = self._objects.head(ref)
        summary = self._summary(stored.ref)
        if summary is None or not self._objects.head(summary.reviewed).size:
            return  # Nobody has decided anything, or the upload was erased.
        told = _told(summary, tell)
        if told != summary:
            self._objects.publish(stored.ref, _content(told), JSON, stored.fence)

    def _state(self, upload: str) -> _State:
        now = iso(self._clock())
        decided: list[ReviewHead] = []
        totals = Totals()
        events = 0
        for head in self._reviews.heads(upload):
            events += head.version
            if head.kind is Kind.PREDICTION:
                continue
            totals += counted(head)
            if head.answer is not None or head.state is State.OPEN:
                totals += queued(head)
            if head.state is State.DECIDED and head.answer is not None:
                decided.append(head)
        began = self._reviews.began()
        # With as many events, a later look has seen more that was queued.
        return _State(decided, totals, began, f"{began}#{events:012d}#{now}")

    def _summary(self, ref: ObjectRef) -> ReviewSummary | None:
        try:
            with self._objects.open(ref) as stream:
                return ReviewSummary.model_validate_json(stream.read())
        except ObjectGoneError:
            return None
        except ValidationError:
            raise StoredDataInvalidError("A review.json is damaged.") from None

    def _publish_lines(
        self, paths: ReviewPaths, state: _State, before: ReviewSummary | None
    ) -> ObjectRef:
        known = self._identities(before)
        new = [head for head in state.heads if head.record not in known]
        with ThreadPoolExecutor(_THREADS) as pool:
            known |= {found.record: found for found in pool.map(self._identity, new)}
        content = b"".join(dump_line(_line(head, known[head.record])) for head in state.heads)
        return self._objects.publish(paths.reviewed, content, JSON_LINES, state.fence)

    def _identities(self, before: ReviewSummary | None) -> dict[int, RecordIdentity]:
        """Those in the lines that were written before: they need not be looked up again."""
        if before is None:
            return {}
        try:
            with self._objects.open(before.reviewed) as stream:
                lines = [ReviewedRecord.model_validate_json(line) for line in stream]
        except (ObjectGoneError, ValidationError):
            return {}
        return {line.record: RecordIdentity(**line.identity) for line in lines}

    def _identity(self, head: ReviewHead) -> RecordIdentity:
        """Which record of the file it is; of a line that has expired only its number."""
        try:
            return RecordIdentity(**self._items.record(head).identity)
        except (RecordUnknownError, RecordErasedError, StoredDataInvalidError):
            return RecordIdentity(record=head.record)


def _line(head: ReviewHead, identity: RecordIdentity) -> ReviewedRecord:
    assert head.answer is not None
    return ReviewedRecord(
        **identity.identity,
        decision=head.answer.decision,
        cannot_tell=head.answer.cannot_tell,
        changed=None if head.agreed is None else not head.agreed,
        by=head.answer.by,
        at=head.answer.at,
        machine_decision=head.decision,
        confidence=head.confidence,
        calibrated=head.calibrated,
        outcome=head.outcome,
        code=head.code,
        kind=head.kind,
        blind=head.answer.blind,
        probability=head.probability,
    )


def _summary(
    upload: str, process: str, state: _State, reviewed: ObjectRef, now: str
) -> ReviewSummary:
    totals = state.totals
    agreed = [
        head.agreed for head in state.heads if head.machine_decided and head.agreed is not None
    ]
    return ReviewSummary(
        upload_id=upload,
        process=process,
        updated_at=now,
        complete=totals.complete,
        open=totals.open,
        totals=totals,
        agreement=_share(sum(agreed), len(agreed)),
        blind_agreement=_share(totals.blind_agreed, totals.blind),
        table_began=state.began,
        reviewed=reviewed,
    )


def _told(summary: ReviewSummary, tell: Callable[[ReviewSummary], bool]) -> ReviewSummary:
    """The counts after the e-mail was sent, if there is one to send."""
    if not summary.complete or summary.totals.queued <= summary.mailed or not tell(summary):
        return summary
    return summary.model_copy(update={"mailed": summary.totals.queued})


def _content(summary: ReviewSummary) -> bytes:
    return summary.model_dump_json(indent=2).encode()


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
