"""Sweep: finds uploads that no run has brought to an end, and starts them again or gives them up.

It walks the inbox a bounded piece a call and goes on where it stopped: every version older than
`missed_s` must have a row that has ended, or one whose lease still holds. What its ports raise is
ours: AccessDeniedError, AwsRefusedError, RetryableError.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from winnow.errors import ObjectGoneError, UploadAbandonedError
from winnow.layout import JSON
from winnow.mail import abandoned
from winnow.models import Mail, ObjectRef, Shape, Upload
from winnow.ports import ObjectStore
from winnow.restart import claimed_event, lost_event, restart_name
from winnow.standing import Ages, Claim, ObjectVersion, Standing, match, standing
from winnow.upload import upload_id


class Cursor(Shape):
    """Where in the inbox the next page begins."""

    key: str
    version_id: str


class Walk(Shape):
    """How far the walk over the inbox has come, and the oldest it has seen without an end."""

    after: Cursor | None = None
    """None: the next call begins a walk"""
    oldest_s: float = Field(0.0, ge=0)
    """of this walk so far"""
    before_s: float = Field(0.0, ge=0)
    """of the whole walk before"""


class Page(NamedTuple):
    """Some versions of the inbox, in S3's order, and where the next page begins."""

    versions: Sequence[ObjectVersion]
    after: Cursor | None
    """None: this was the last page."""


class Inbox(Protocol):
    """The uploads bucket's inbox."""

    @property
    def bucket(self) -> str: ...

    def page(self, after: Cursor | None) -> Page:
        """The versions behind a cursor, or the first ones."""
        ...


class Runs(Protocol):
    """The table."""

    def by_id(self, upload_ids: Sequence[str]) -> list[Claim]:
        """The rows there are, read consistently."""
        ...

    def by_key(self, key: str) -> list[Claim]:
        """Every row of an object key."""
        ...

    def give_up(self, upload: Upload, stuck: Claim | None, error: UploadAbandonedError) -> bool:
        """Record the upload as FAILED; False if a run has claimed or ended it meanwhile.

        `stuck` is the row that it has, None where it has none.
        """
        ...


class Start(StrEnum):
    """What became of an attempt to start an execution."""

    STARTED = "started"
    RUNNING = "running"
    """one of this name runs"""
    ENDED = "ended"
    """one of this name has run before"""


class Workflow(Protocol):
    """The state machine."""

    def start(self, name: str, event: dict[str, Any]) -> Start:
        """Start an execution of this name with the event, unless there is or was one."""
        ...


class Mailer(Protocol):
    """The topic."""

    def send(self, mail: Mail) -> None: ...


class SweepOptions(BaseModel):
    """What a stack decides about sweeping."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    missed_s: float = Field(900, gt=0, description="age at which an upload without a row is missed")
    forgotten_s: float = Field(
        description="age at which its row may have expired: never older than the table keeps rows"
    )
    attempts: int = Field(3, ge=1, description="runs an upload gets before it is given up")
    pages: int = Field(100, ge=1, description="pages of the inbox a call")
    starts: int = Field(500, ge=1, description="runs started a call")


class SweepInput(BaseModel):
    """What the schedule sends; nothing in it is used."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SweepReport(Shape):
    """What a call saw and did."""

    versions: int = Field(0, ge=0, description="versions looked at")
    unfinished: int = Field(0, ge=0)
    restarted: int = Field(0, ge=0)
    abandoned: int = Field(0, ge=0)
    doubles: int = Field(0, ge=0)
    oldest_unfinished_s: float = Field(0.0, ge=0, description="of this walk and, amid it, the last")
    complete: bool = Field(True, description="the walk came to the inbox's end")


class Sweep:
    """One call's work, on its ports."""

    def __init__(
        self, inbox: Inbox, runs: Runs, workflow: Workflow, mailer: Mailer, options: SweepOptions
    ) -> None:
        self._inbox = inbox
        self._runs = runs
        self._workflow = workflow
        self._mailer = mailer
        self._options = options

    def __call__(self, store: ObjectStore, cursor_ref: ObjectRef, now: float) -> SweepReport:
        """Look at the next pages of the inbox. `now` is in epoch seconds."""
        walk = _load(store, cursor_ref)
        after = walk.after
        report = SweepReport(oldest_unfinished_s=walk.oldest_s)
        for _ in range(self._options.pages):
            page = self._inbox.page(after)
            report = self._page(page.versions, now, report)
            if report.restarted >= self._options.starts:
                # The rest of this page waits for the next call, which begins with it again.
                break
            after = page.after
            if after is None:
                break
        oldest_s = report.oldest_unfinished_s
        if after is None:
            _save(store, cursor_ref, Walk(before_s=oldest_s))
            return report
        _save(store, cursor_ref, Walk(after=after, oldest_s=oldest_s, before_s=walk.before_s))
        # What the walk has not come to yet may be as old as it was the last time.
        oldest_s = max(oldest_s, walk.before_s)
        return report.model_copy(update={"complete": False, "oldest_unfinished_s": oldest_s})

    def _page(
        self, versions: Sequence[ObjectVersion], now: float, report: SweepReport
    ) -> SweepReport:
        seen = report.model_dump()
        ages = Ages(self._options.missed_s, self._options.forgotten_s)
        for version, claims in self._matched(versions, now):
            seen["versions"] += 1
            how = standing(version, claims, ages, now)
            if how is Standing.DOUBLE:
                seen["doubles"] += 1
            if how.ended or how is Standing.DOUBLE:
                continue
            seen["unfinished"] += 1
            age = max(0.0, now - version.modified)
            seen["oldest_unfinished_s"] = max(seen["oldest_unfinished_s"], age)
            if not how.wrong or seen["restarted"] >= self._options.starts:
                continue
            stuck = claims[0] if claims else None
            started = self._restart(version, stuck)
            if started is Start.STARTED:
                seen["restarted"] += 1
            elif started is Start.ENDED and self._give_up(version, stuck):
                seen["abandoned"] += 1
        return SweepReport.model_validate(seen)

    def _matched(
        self, versions: Sequence[ObjectVersion], now: float
    ) -> Iterable[tuple[ObjectVersion, list[Claim]]]:
        """The versions worth a look, and the rows of those that are old enough to have one.

        A row that has not the id of a version is looked for by its key (see winnow.standing).
        """
        looked_at = [v for v in versions if now - v.modified < self._options.forgotten_s]
        due = {
            upload_id(self._inbox.bucket, v.key, v.version_id): v
            for v in looked_at
            if now - v.modified >= self._options.missed_s
        }
        claims = {claim.upload_id: claim for claim in self._runs.by_id(list(due))}
        for key in sorted({v.key for own_id, v in due.items() if own_id not in claims}):
            claims.update((claim.upload_id, claim) for claim in self._runs.by_key(key))
        return match(self._inbox.bucket, looked_at, claims.values())

    def _restart(self, version: ObjectVersion, stuck: Claim | None) -> Start:
        """Starts the next attempt, unless one runs. ENDED: there is none left."""
        bucket = self._inbox.bucket
        if stuck is None:
            own_id, first = upload_id(bucket, version.key, version.version_id), 1
        else:
            own_id, first = stuck.upload_id, stuck.attempt + 1
        for attempt in range(first, self._options.attempts + 1):
            event = (
                lost_event(bucket, version, attempt)
                if stuck is None
                else claimed_event(bucket, stuck, attempt)
            )
            started = self._workflow.start(restart_name(own_id, attempt), event)
            if started is not Start.ENDED:
                return started
        return Start.ENDED

    def _give_up(self, version: ObjectVersion, stuck: Claim | None) -> bool:
        bucket = self._inbox.bucket
        upload = Upload(
            upload_id=(
                stuck.upload_id if stuck else upload_id(bucket, version.key, version.version_id)
            ),
            object=ObjectRef(bucket=bucket, key=version.key, version_id=version.version_id),
            size=version.size,
        )
        error = UploadAbandonedError(
            f"{self._options.attempts} runs were started and none came to an end."
        )
        # First the mail: a call that dies here mails again, one that never mailed would be silent.
        self._mailer.send(abandoned(upload.upload_id, error))
        return self._runs.give_up(upload, stuck, error)


def _load(store: ObjectStore, ref: ObjectRef) -> Walk:
    """The walk so far; a new one where nothing is kept, or nothing that this version can read."""
    try:
        with store.open(ref) as stream:
            content = stream.read()
        return Walk.model_validate_json(content)
    except (ObjectGoneError, ValidationError):
        return Walk()


def _save(store: ObjectStore, ref: ObjectRef, walk: Walk) -> None:
    store.put(ref, walk.model_dump_json().encode(), JSON)
