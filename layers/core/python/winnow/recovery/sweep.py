"""Sweep: finds uploads that no run has brought to an end, and starts them again or gives them up.

Runs that died are found by their rows: an index holds those of runs under way, by the end of their
lease. Events that were lost are found by walking the inbox, as far as a call's time allows and on
from there in the next: a version older than `missed_s` must have a row. Rows are looked up only for
versions that the walk before cannot have seen, and for all of them once a week.

One upload that cannot be brought on does not keep the sweep from the others: it is counted, named
in the report, and tried again in the next walk. What its ports raise is ours: AccessDeniedError,
AwsRefusedError, RetryableError.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from winnow.errors import (
    AwsRefusedError,
    InternalError,
    ObjectGoneError,
    RetryableError,
    StoredDataInvalidError,
    UploadAbandonedError,
    WinnowError,
)
from winnow.models import FrozenModel, Mail, ObjectRef, Upload
from winnow.ports import ObjectStore
from winnow.recovery.restart import claimed_event, lost_event, restart_name
from winnow.recovery.retention import Retention
from winnow.recovery.status import Ages, ObjectVersion, UploadStatus, match, upload_status
from winnow.recovery.upload_row import LEASE_S, UploadRow
from winnow.steps.notification import abandoned
from winnow.steps.upload import upload_id
from winnow.storage.paths import JSON

LATE_S = 3 * 86_400.0
"""How much older than its appearance a version may say it is: S3 dates one that was uploaded in
parts by the first of them, and a bucket's rule ends such an upload after a day or two."""
WEEK_S = 7 * 86_400.0
RESERVE_S = 30.0
"""Of a call's time, to write down how far it came."""
_PAGES_A_SAVE = 10
_FAILURES_NAMED = 20
_SILENT = 3
"""After so many pages, or keys of one, without an answer from the table it is asked no further."""


class Cursor(FrozenModel):
    """A place in the inbox: behind this version."""

    key: str
    version_id: str


class Lease(FrozenModel):
    """A place in the index of runs under way: behind this row."""

    until: FiniteFloat
    upload_id: str


class Walk(FrozenModel):
    """How far the walk over the inbox has come."""

    after: Cursor | None = None
    """None: at the beginning"""
    began: FiniteFloat
    since: FiniteFloat | None = None
    """Rows are looked up for versions that were written since then; None: for all."""
    open_since: FiniteFloat | None = None
    """when the oldest was written that this walk has left without a row"""
    oldest_s: FiniteFloat = Field(0.0, ge=0)
    """of those without an end that this walk has seen"""


class State(FrozenModel):
    """What a call leaves to the next."""

    walk: Walk | None = None
    """None: the next call begins one"""
    before_s: FiniteFloat = Field(0.0, ge=0)
    """the oldest without an end that the whole walk before saw"""
    looked_until: FiniteFloat | None = None
    """Of every version that was written before this a walk has looked for the row."""
    all_at: FiniteFloat | None = None
    """when the last whole walk began that looked for the row of every version"""
    stuck_after: Lease | None = None
    """where the look at runs that died goes on; None: at the beginning"""
    retention: Retention = Retention()

    def plausible(self, now: float) -> "State":
        """Without what lies in the future: a clock was wrong, or it was written by somebody else.

        What is taken away only makes the sweep look at more.
        """
        times = [self.looked_until, self.all_at]
        if self.walk is not None:
            times += [self.walk.began, self.walk.since]
        if any(at is not None and at > now for at in times):
            return State(retention=self.retention)
        return self


class Page(NamedTuple):
    """Some versions of the inbox, in S3's order, and where the next page begins."""

    versions: Sequence[ObjectVersion]
    after: Cursor | None
    """None: this was the last page."""


class Leases(NamedTuple):
    """Some rows of the index, the one whose lease ends first in front."""

    rows: Sequence[Lease]
    more: bool


class Inbox(Protocol):
    """The uploads bucket's inbox."""

    @property
    def bucket(self) -> str: ...

    def page(self, after: Cursor | None) -> Page:
        """The versions behind a cursor, or the first ones."""
        ...


class Runs(Protocol):
    """The table."""

    def by_id(self, upload_ids: Sequence[str]) -> list[UploadRow]:
        """The rows there are, read consistently."""
        ...

    def by_key(self, key: str, since: float) -> list[UploadRow]:
        """Every row of an object key that was claimed since then."""
        ...

    def leases(self, before: float | None, after: Lease | None) -> Leases:
        """Rows of runs under way whose lease ends before then, as an index tells them."""
        ...

    def give_up(self, upload: Upload, stuck: UploadRow | None, error: UploadAbandonedError) -> bool:
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

    def send(self, mail: Mail, told: Mapping[str, str]) -> None:
        """`told` says in short what the mail is about: the digest adds up by it."""
        ...


class SweepOptions(BaseModel):
    """What a stack decides about sweeping."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    missed_s: float = Field(900, gt=0, description="age at which an upload without a row is missed")
    retention_days: int = Field(ge=1, description="how long the table keeps a row claimed now")
    attempts: int = Field(3, ge=1, description="runs an upload gets before it is given up")
    pages: int = Field(100_000, ge=1, description="pages of the inbox a call")
    starts: int = Field(5_000, ge=1, description="runs started a call")


class SweepInput(BaseModel):
    """What the schedule sends; nothing in it is used."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class NotSwept(FrozenModel):
    """An upload that could not be brought on, and the code of what kept it."""

    upload_id: str | None
    """None: a whole page of the inbox or of the index"""
    code: str


class SweepReport(FrozenModel):
    """What a call saw and did."""

    versions: int = Field(0, ge=0, description="versions listed, without folders")
    looked_up: int = Field(0, ge=0, description="of these, those whose row was looked for")
    unfinished: int = Field(0, ge=0, description="found without an end")
    restarted: int = Field(0, ge=0)
    abandoned: int = Field(0, ge=0)
    doubles: int = Field(0, ge=0)
    failed: int = Field(0, ge=0, description="that could not be brought on")
    failures: tuple[NotSwept, ...] = Field((), description="the first of these")
    oldest_unfinished_s: float = Field(0.0, ge=0, description="of all calls of a walk, or the last")
    complete: bool = Field(True, description="the walk came to the inbox's end")


@dataclass
class _Call:
    """One call's clock and counts."""

    now: float
    retention: Retention
    seconds_left: Callable[[], float]
    most_starts: int
    versions: int = 0
    looked_up: int = 0
    unfinished: int = 0
    restarted: int = 0
    abandoned: int = 0
    doubles: int = 0
    failed: int = 0
    failures: list[NotSwept] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)
    """uploads whose run died, which get one attempt a call"""
    oldest_s: float = 0.0
    """of runs under way"""
    complete: bool = False
    """a walk came to the inbox's end"""

    @property
    def over(self) -> bool:
        """Whether it has to end, for want of time or because it has started enough."""
        return self.restarted >= self.most_starts or self.seconds_left() < RESERVE_S

    def fail(self, own_id: str | None, error: WinnowError) -> None:
        self.failed += 1
        if len(self.failures) < _FAILURES_NAMED:
            self.failures.append(NotSwept(upload_id=own_id, code=error.code))


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

    def __call__(
        self,
        store: ObjectStore,
        state_ref: ObjectRef,
        now: float,
        seconds_left: Callable[[], float] = lambda: float("inf"),
    ) -> SweepReport:
        """Bring on what died, then walk on. `now` is in epoch seconds.

        At least one row and one page are looked at, however little time is left.
        """

        def save(state: State) -> None:
            store.put(state_ref, state.model_dump_json().encode(), JSON)

        state = _load(store, state_ref).plausible(now)
        known = state.retention.seen(self._options.retention_days, now)
        state = state.model_copy(update={"retention": known})
        call = _Call(now, known, seconds_left, self._options.starts)
        state = self._dead_runs(state, call)
        save(state)
        state = self._on(state, call, save)
        save(state)
        # What the walk has not come to yet may be as old as it was the last time.
        walked_s = max(state.before_s, state.walk.oldest_s if state.walk else 0.0)
        return SweepReport(
            versions=call.versions,
            looked_up=call.looked_up,
            unfinished=call.unfinished,
            restarted=call.restarted,
            abandoned=call.abandoned,
            doubles=call.doubles,
            failed=call.failed,
            failures=tuple(call.failures),
            oldest_unfinished_s=max(call.oldest_s, walked_s),
            complete=call.complete,
        )

    # -- runs that died --------------------------------------------------------------------------

    def _dead_runs(self, state: State, call: _Call) -> State:
        """Start again what holds a lease that is over, in half of the call's time and starts."""
        after, again = state.stuck_after, state.stuck_after is not None
        ends_at, most = call.seconds_left() / 2, max(1, call.most_starts // 2)
        try:
            first = self._runs.leases(None, None)
            for row in first.rows[:1]:
                call.oldest_s = max(0.0, call.now - (row.until - LEASE_S))
            while True:
                page, before = self._runs.leases(call.now, after), after
                # Where the table does not answer for these, the next call goes on behind them.
                after = page.rows[-1] if page.rows else None
                rows = {row.upload_id: row for row in self._runs.by_id(_ids(page.rows))}
                after = before
                for row in page.rows:
                    after = row
                    stuck = rows.get(row.upload_id)
                    # The index lags behind the table.
                    if row.upload_id in call.tried or stuck is None:
                        continue
                    if stuck.lease_expired(call.now):
                        call.unfinished += 1
                        call.tried.add(stuck.upload_id)
                        self._try(stuck.upload_id, call, partial(self._again, stuck))
                    if call.restarted >= most or call.over or call.seconds_left() < ends_at:
                        return state.model_copy(update={"stuck_after": after})
                if not page.more:
                    after = None
                    # What comes before the place where it began may have died since.
                    if not again:
                        break
                    again = False
        except WinnowError as error:
            call.fail(None, error)
        return state.model_copy(update={"stuck_after": after})

    # -- events that were lost -------------------------------------------------------------------

    def _on(self, state: State, call: _Call, save: Callable[[State], None]) -> State:
        """Walk on, to the inbox's end or as far as the call goes.

        A walk that is taken up is followed by a whole one: in an inbox that a call can walk over,
        every call sees all of it, whatever was kept of the one before.
        """
        again = state.walk is not None
        walk = state.walk or self._begin(state, call)
        silent = 0
        for number in range(1, self._options.pages + 1):
            try:
                page = self._inbox.page(walk.after)
            except AwsRefusedError:
                # S3 knows no such place: whoever wrote it down, it must not stop the walk for ever.
                if number > 1 or walk.after is None:
                    raise
                walk, again = self._begin(state, call), False
                page = self._inbox.page(None)
            before = call.looked_up
            walk, whole, answered = self._page(page, walk, call)
            silent = 0 if answered else silent + 1
            if whole and page.after is None:
                state, call.complete = self._ended(state, walk), True
                if not again or call.over:
                    return state
                walk, again = self._begin(state, call), False
                continue
            state = state.model_copy(update={"walk": walk})
            if call.over or not whole or silent >= _SILENT:
                break
            if call.looked_up > before or number % _PAGES_A_SAVE == 0:
                save(state)
        return state.model_copy(update={"walk": walk if walk.after else None})

    def _begin(self, state: State, call: _Call) -> Walk:
        every = state.all_at is None or call.now - state.all_at >= WEEK_S
        since = None
        if not every and state.looked_until is not None:
            since = state.looked_until - self._options.missed_s - LATE_S
        return Walk(began=call.now, since=since)

    @staticmethod
    def _ended(state: State, walk: Walk) -> State:
        looked = walk.began if walk.open_since is None else min(walk.began, walk.open_since)
        return state.model_copy(
            update={
                "walk": None,
                "before_s": walk.oldest_s,
                "looked_until": looked,
                "all_at": walk.began if walk.since is None else state.all_at,
            }
        )

    def _page(self, page: Page, walk: Walk, call: _Call) -> tuple[Walk, bool, bool]:
        """The walk behind what was looked at.

        Also whether that is the whole page, and whether the table answered.
        """
        uploads = [version for version in page.versions if not version.is_folder]
        call.versions += len(uploads)
        looked_at = [
            version
            for version in uploads
            if (walk.since is None or version.modified >= walk.since)
            and not call.retention.forgotten(version.modified, call.now)
        ]
        due = {
            upload_id(self._inbox.bucket, version.key, version.version_id): version
            for version in looked_at
            if call.now - version.modified >= self._options.missed_s
        }
        call.looked_up += len(due)
        oldest_s, open_since = walk.oldest_s, walk.open_since

        def leave_open(version: ObjectVersion) -> None:
            nonlocal open_since
            written = version.modified
            open_since = written if open_since is None else min(open_since, written)

        def behind(after: Cursor | None) -> Walk:
            return walk.model_copy(
                update={"after": after, "oldest_s": oldest_s, "open_since": open_since}
            )

        try:
            rows = {row.upload_id: row for row in self._runs.by_id(list(due))}
        except WinnowError as error:
            call.fail(None, error)
            for version in due.values():
                leave_open(version)
                oldest_s = max(oldest_s, call.now - version.modified)
            return behind(page.after), True, False
        ages = Ages(self._options.missed_s, call.retention)
        silent = 0
        for key, group in groupby(looked_at, key=attrgetter("key")):
            same = list(group)
            own_ids = [upload_id(self._inbox.bucket, key, version.version_id) for version in same]
            of_key = {own_id: rows[own_id] for own_id in own_ids if own_id in rows}
            lost = [due[own_id] for own_id in own_ids if own_id in due and own_id not in of_key]
            unknown: WinnowError | None = None
            if lost:
                # A row without a version id is looked for by its key: winnow.recovery.status.
                try:
                    if silent >= _SILENT:
                        raise RetryableError("The table was asked no further.")
                    found = self._runs.by_key(key, min(version.modified for version in lost))
                    of_key |= {row.upload_id: row for row in found}
                    silent = 0
                except WinnowError as error:
                    unknown = error
                    silent += 1
            for version, its in match(self._inbox.bucket, same, of_key.values()):
                how = upload_status(version, its, ages, call.now)
                call.doubles += how is UploadStatus.DUPLICATE
                if not how.ended and how is not UploadStatus.DUPLICATE:
                    call.unfinished += 1
                    if how is not UploadStatus.RUNNING:
                        oldest_s = max(oldest_s, call.now - version.modified)
                    if how is UploadStatus.MISSING:
                        leave_open(version)
                    self._bring_on(version, its, how, unknown, call)
                elif not lost:
                    continue
                if call.over:
                    last = version is looked_at[-1]
                    at = Cursor(key=key, version_id=version.version_id)
                    return behind(page.after if last else at), last, True
        return behind(page.after), True, True

    def _bring_on(
        self,
        version: ObjectVersion,
        its: Sequence[UploadRow],
        how: UploadStatus,
        unknown: WinnowError | None,
        call: _Call,
    ) -> None:
        """What is to be done about a version without an end.

        `unknown`: what kept the table from telling whether it has a row.
        """
        own_id = upload_id(self._inbox.bucket, version.key, version.version_id)
        if how is UploadStatus.MISSING:
            if unknown is not None:
                call.fail(own_id, unknown)
            else:
                self._try(own_id, call, partial(self._lost, version))
        elif how is UploadStatus.STUCK and its[0].upload_id not in call.tried:
            self._try(own_id, call, partial(self._again, its[0]))
        elif how is UploadStatus.DAMAGED:
            call.fail(own_id, StoredDataInvalidError("The upload's row cannot be read."))

    # -- one upload ------------------------------------------------------------------------------

    @staticmethod
    def _try(own_id: str, call: _Call, work: Callable[[_Call], None]) -> None:
        """What keeps one upload keeps no other, foreseen or not."""
        try:
            work(call)
        except WinnowError as error:
            call.fail(own_id, error)
        except Exception as error:
            call.fail(own_id, InternalError(f"{type(error).__name__}."))

    def _lost(self, version: ObjectVersion, call: _Call) -> None:
        """A version that has no row."""
        bucket = self._inbox.bucket
        own_id = upload_id(bucket, version.key, version.version_id)
        started = self._start(own_id, 1, lambda n: lost_event(bucket, version, n))
        if started is Start.ENDED:
            ref = ObjectRef(bucket=bucket, key=version.key, version_id=version.version_id)
            upload = Upload(upload_id=own_id, object=ref, size=version.size)
            call.abandoned += self._give_up(upload, None)
        call.restarted += started is Start.STARTED

    def _again(self, stuck: UploadRow, call: _Call) -> None:
        """An upload whose run died."""
        if stuck.version_id is None and stuck.sequencer is None:
            raise StoredDataInvalidError("The upload's row does not say which version it is about.")
        bucket = self._inbox.bucket
        started = self._start(
            stuck.upload_id, stuck.attempt + 1, lambda n: claimed_event(bucket, stuck, n)
        )
        if started is Start.ENDED:
            ref = ObjectRef(bucket=bucket, key=stuck.object_key, version_id=stuck.version_id)
            upload = Upload(upload_id=stuck.upload_id, object=ref, size=stuck.size)
            call.abandoned += self._give_up(upload, stuck)
        call.restarted += started is Start.STARTED

    def _start(self, own_id: str, first: int, event: Callable[[int], dict[str, Any]]) -> Start:
        """Starts the next attempt, unless one runs. ENDED: there is none left."""
        for attempt in range(first, self._options.attempts + 1):
            started = self._workflow.start(restart_name(own_id, attempt), event(attempt))
            if started is not Start.ENDED:
                return started
        return Start.ENDED

    def _give_up(self, upload: Upload, stuck: UploadRow | None) -> bool:
        error = UploadAbandonedError(
            f"{self._options.attempts} runs were started and none came to an end."
        )
        # First the mail: a call that dies here mails again, one that never mailed would be silent.
        told = {"outcome": "failed", "upload_id": upload.upload_id, "code": error.code}
        self._mailer.send(abandoned(upload.upload_id, error), told)
        return self._runs.give_up(upload, stuck, error)


def _ids(rows: Iterable[Lease]) -> list[str]:
    return [row.upload_id for row in rows]


def retention(store: ObjectStore, ref: ObjectRef) -> Retention:
    """How long the table has kept rows, as the sweep has noted it."""
    return _load(store, ref).retention


def _load(store: ObjectStore, ref: ObjectRef) -> State:
    """What the call before left; nothing where this version can read none of it."""
    try:
        with store.open(ref) as stream:
            content = stream.read()
        return State.model_validate_json(content)
    except (ObjectGoneError, ValidationError):
        return State()
