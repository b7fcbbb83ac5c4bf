"""The shapes of reviews: a head and its events for each record, and counts.

None of them holds text of a document, a person's note or a record's own id: those are in the
results bucket, and a head says where.
"""

from enum import StrEnum
from typing import NamedTuple

from pydantic import ConfigDict, Field

from winnow.models import (
    FrozenModel,
    ObjectRef,
    Outcome,
    ProcessInfo,
    UnitInterval,
    Verdict,
    VersionRef,
)

LEASE_S = 300
"""Seconds for which a record that somebody has open is not shown to others."""


class RecordKey(NamedTuple):
    """Names a record: the upload's id (or a prediction's), and its position in the file, from 1."""

    upload: str
    record: int


class Kind(StrEnum):
    """Why a person looks at a record."""

    REVIEW = "review"
    """The filter set it aside."""
    AUDIT = "audit"
    """It was accepted, and is in the sample that people check."""
    CORRECTION = "correction"
    """Somebody opened it without being asked to."""
    PREDICTION = "prediction"
    """A text that was typed, not a record of a file."""


class State(StrEnum):
    """Where a record is between the queue and its decision."""

    OPEN = "open"
    DECIDED = "decided"
    ERASED = "erased"
    """Its text was erased on request; the decision about it stays."""
    EXPIRED = "expired"
    """Its results were deleted before anybody decided it."""


class LineRef(FrozenModel):
    """Where a record's line is: some bytes of one version of an object."""

    object: ObjectRef
    start: int = Field(ge=0)
    length: int = Field(gt=0, description="bytes, with the line feed")


class Answer(FrozenModel):
    """What a person decided of a record."""

    decision: str | None = Field(description="absent: the person cannot tell")
    by: str = Field(description="user name of who decided")
    at: str = Field(description="when, ISO 8601 in UTC")
    note: ObjectRef | None = Field(None, description="where the person's note is kept")
    blind: bool = Field(False, description="given before the machine's decision was shown")

    @property
    def cannot_tell(self) -> bool:
        """Whether the person decided that the record cannot be decided."""
        return self.decision is None


class ReviewHead(FrozenModel):
    """The present state of a record's review."""

    model_config = ConfigDict(extra="ignore")

    upload: str
    record: int = Field(ge=1)
    kind: Kind
    state: State = State.OPEN
    version: int = Field(0, ge=0, description="number of events; a change names the one it saw")

    process: ProcessInfo
    head: str | None = Field(None, description="version of the trained head that judged")
    judged_by: VersionRef | None = Field(
        None, description="the version of the process; absent: judged before versions had names"
    )
    model: str | None = Field(None, description="sha256 of the encoder's weights")
    run_started: str = Field("", description="fencing token of the run that judged")
    line: LineRef
    outcome: Outcome
    code: str | None = Field(None, description="why the record is for review")
    decision: str = Field(description="the machine's")
    confidence: UnitInterval
    calibrated: bool = False

    blind: bool = Field(False, description="the machine's decision is hidden until it is decided")
    revealed: bool = Field(False, description="somebody has decided: it was hidden until then")
    blind_agreed: bool | None = Field(
        None,
        description="whether the first decision, which was blind, was the machine's; absent: there "
        "is none, or it cannot be compared",
    )
    probability: float = Field(1.0, gt=0, le=1, description="with which it was sampled")
    sampled_at_least: float | None = Field(
        None,
        ge=0,
        le=1,
        description="smallest probability with which an accepted record of its run was sampled; 0: "
        "some were never, or its upload had a threshold of its own, so that it says nothing of "
        "what its version accepts; absent: that of this record",
    )
    lot: str | None = Field(
        None, description="of an audit: its place in the queue, drawn (see sampling.lot)"
    )
    waiting_since: str = Field(description="when it was queued, ISO 8601 in UTC")

    lease_by: str | None = None
    lease_until: float | None = Field(None, description="epoch seconds")
    skipped_by: tuple[str, ...] = ()
    answer: Answer | None = None
    last_key: str | None = Field(None, description="idempotency key of the last event")
    last_by: str | None = Field(None, description="user name of whose event it was")
    last_asked: str | None = Field(None, description="digest of what was asked with the key")

    @property
    def key(self) -> RecordKey:
        """Which record it is."""
        return RecordKey(self.upload, self.record)

    @property
    def rank(self) -> str:
        """Sorts the queue: records for review, the least sure first, then the oldest.

        Audited records come after all records that are for review, in the order of their lots:
        what was decided of them at any time is a random sample, as the bounds of a version take it
        to be. Those that were queued before there were lots are sorted as they were.
        """
        group = "0" if self.kind is Kind.REVIEW else "1"
        order = self.lot or f"{self.confidence:.6f}"
        return f"{group}#{order}#{self.waiting_since}#{self.upload}#{self.record:010d}"

    @property
    def queued(self) -> bool:
        """Whether it is in the queue of its process."""
        return self.state is State.OPEN and self.kind in (Kind.REVIEW, Kind.AUDIT)

    @property
    def hidden(self) -> bool:
        """Whether the machine's decision is kept from people: blind, and never decided."""
        return self.blind and not self.revealed and self.answer is None

    @property
    def machine_decided(self) -> bool:
        """Whether the machine's decision is one that a person could take, too."""
        return self.process.kind == "labels" or self.decision != Verdict.UNDETERMINED

    @property
    def agreed(self) -> bool | None:
        """Whether the person's decision is the machine's; None without a decision."""
        if self.answer is None or self.answer.cannot_tell:
            return None
        return self.answer.decision == self.decision

    def leased_to_other(self, user: str, now: float) -> bool:
        """Whether somebody else has it open."""
        return (
            self.lease_by not in (None, user)
            and self.lease_until is not None
            and self.lease_until > now
        )


HISTORY = ("version", "last_key", "last_by", "last_asked", "revealed", "blind_agreed")
"""Fields of a head that tell what has happened to it: queueing it does not change them."""


class EventKind(StrEnum):
    """What happened to a record."""

    DECIDED = "decided"
    UNDONE = "undone"
    SKIPPED = "skipped"
    ERASED = "erased"
    EXPIRED = "expired"
    QUEUED = "queued"
    """A later run has set a record aside again whose results had expired."""


class Through(StrEnum):
    """Where a person was when deciding."""

    PAGE = "page"
    TERMINAL = "terminal"
    API = "api"


class ReviewEvent(FrozenModel):
    """One thing that happened to a record. Events are only added, never changed."""

    model_config = ConfigDict(extra="ignore")

    upload: str
    record: int = Field(ge=1)
    number: int = Field(ge=1, description="version of the head after it")
    kind: EventKind
    at: str
    by: str
    before: Answer | None = Field(None, description="the answer that held until then")
    after: Answer | None = Field(None, description="the answer that holds from then on")
    machine: str = Field(description="the machine's decision")
    blind: bool = Field(False, description="the machine's decision was hidden from the person")
    seconds: float | None = Field(None, ge=0, description="time that the person took")
    through: Through = Through.API
    key: str | None = Field(None, description="idempotency key of the request")


class Totals(FrozenModel):
    """Counts of an upload or of a process; each changes in the transaction of its event."""

    queued: int = Field(0, description="records that the filter set aside")
    decided: int = Field(0, description="of them, those that a person decided")
    audits: int = Field(0, description="accepted records in the sample that people check")
    audited: int = Field(0, description="of them, those that a person decided")
    corrections: int = Field(0, description="other records that a person decided")
    approved: int = Field(0, description="decided as the machine had")
    changed: int = Field(0, description="decided differently")
    cannot_tell: int = Field(0, description="decided that it cannot be told")
    blind: int = Field(
        0,
        description="whose first decision was made without seeing the machine's; without 'cannot "
        "tell', and without records of which the machine itself had decided nothing. A later "
        "decision or an undo changes nothing: the machine's decision was seen by then",
    )
    blind_agreed: int = Field(0, description="of them, first decided as the machine had")

    @property
    def decisions(self) -> int:
        """Records that people have decided, of whatever kind."""
        return self.decided + self.audited + self.corrections

    @property
    def open(self) -> int:
        """Records for review that nobody has decided yet."""
        return self.queued - self.decided

    @property
    def complete(self) -> bool:
        """Whether every record that was set aside is decided."""
        return self.queued > 0 and self.open <= 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(**{n: getattr(self, n) + getattr(other, n) for n in Totals.model_fields})

    def __sub__(self, other: "Totals") -> "Totals":
        return Totals(**{n: getattr(self, n) - getattr(other, n) for n in Totals.model_fields})


class QueueFilter(FrozenModel):
    """Which records of a process's queue are meant; what is absent does not restrict."""

    process: str
    code: str | None = Field(None, description="why the record is for review")
    outcome: Outcome | None = None

    @property
    def restricts(self) -> bool:
        """Whether it leaves records of the process out."""
        return self.code is not None or self.outcome is not None

    def matches(self, head: ReviewHead) -> bool:
        """Whether a head of this process is meant.

        Why a record is for review tells what the machine decided. So no `code` finds a record
        whose decision is hidden.
        """
        if self.code is not None and (head.hidden or head.code != self.code):
            return False
        return self.outcome in (None, head.outcome)
