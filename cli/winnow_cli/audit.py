"""How every upload of a stack stands, and starting again what failed."""

import heapq
import json
import math
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from winnow.errors import (
    AccessDeniedError,
    NotRedrivableError,
    StackNotRunningError,
    UploadUnknownError,
    WinnowError,
)
from winnow.recovery.restart import claimed_event, lost_event, restart_name
from winnow.recovery.retention import SHORTEST_DAYS, Retention
from winnow.recovery.status import Ages, Claim, ObjectVersion, UploadStatus, match, upload_status
from winnow.recovery.sweep import Start, Workflow, retention
from winnow.steps.upload import upload_id
from winnow.storage.paths import sweep_state
from winnow_aws.dispatch import SqsWaiting, StatesExecutions, WaitingWorkflow
from winnow_aws.s3 import S3Store
from winnow_aws.sweep import S3Inbox, TableRuns
from winnow_cli.target import Target, aws_errors

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

UNDELIVERED = "UndeliveredQueue"
WAITING = "WaitingQueue"
MAX_RUNS = "MaxRuns"
CREATED = "Object Created"
_QUEUE_WAIT_S = 1
_TOLD = 1_000
"""So many versions or rows later the progress is told again."""
_FAILURES_IN_A_ROW = 5
"""So many, and it is AWS that does not answer rather than these uploads that cannot be started."""


@dataclass(frozen=True)
class AuditRow:
    """One upload and how it stands."""

    upload_id: str
    status: UploadStatus
    key: str
    version_id: str | None
    run: str | None
    """None: no run has claimed it"""


def audit(
    target: Target,
    missed_s: float,
    now: float,
    progress: Callable[[int, int], None] = lambda _versions, _rows: None,
) -> Iterator[AuditRow]:
    """Every version in the inbox once, and every row that is about none of them, key by key.

    Versions so old that their row may have expired are left out, unless it is there still. Nothing
    is held in memory but one key's: the rest lies in a file. All is read before the first is told.
    """
    bucket = target.uploads_bucket
    if waiting(target):
        # A version without a row may be in the queue: it waits for its run.
        missed_s = math.inf
    ages = Ages(missed_s, retention_of(target, now))
    with closing(_Spill()) as spill:
        # The bucket first: what is dropped meanwhile has its row later, never the other way round.
        versions = rows = 0
        for version in S3Inbox(target.s3(), bucket).every():
            spill.add_version(version)
            versions += 1
            if versions % _TOLD == 0:
                progress(versions, rows)
        for claim in TableRuns(target.dynamodb(), target.table, target.retention_days).every():
            spill.add_claim(claim)
            rows += 1
            if rows % _TOLD == 0:
                progress(versions, rows)
        progress(versions, rows)
        for its_versions, its_claims in spill.by_key():
            yield from stands(bucket, its_versions, its_claims, ages, now)


def retention_of(target: Target, now: float) -> Retention:
    """How long the stack has kept rows, as its sweep has noted it; for what it has not, the least.

    Whoever may not read the sweep's notes gets the least, too.
    """
    try:
        known = retention(S3Store(target.s3()), sweep_state(target.results_bucket))
    except AccessDeniedError:
        known = Retention()
    return known.seen(target.retention_days, now)


class _Spill:
    """Versions and rows in a file that nobody else sees, to be told by key."""

    def __init__(self) -> None:
        # SQLite's own temporary database: in memory while it is small, removed with the connection.
        self._file = sqlite3.connect("")
        self._file.execute("CREATE TABLE versions (key BLOB, one TEXT)")
        self._file.execute("CREATE TABLE claims (key BLOB, one TEXT)")

    def add_version(self, version: ObjectVersion) -> None:
        row = (version.key.encode(), json.dumps(version))
        self._file.execute("INSERT INTO versions VALUES (?, ?)", row)

    def add_claim(self, claim: Claim) -> None:
        row = (claim.key.encode(), json.dumps(astuple(claim)))
        self._file.execute("INSERT INTO claims VALUES (?, ?)", row)

    def by_key(self) -> Iterator[tuple[list[ObjectVersion], list[Claim]]]:
        """What there is of each key, in the order of the keys' bytes, which is S3's."""
        merged = heapq.merge(self._sorted("versions"), self._sorted("claims"), key=itemgetter(0))
        for _, group in groupby(merged, key=itemgetter(0)):
            versions: list[ObjectVersion] = []
            claims: list[Claim] = []
            for _, kind, one in group:
                if kind == "versions":
                    versions.append(ObjectVersion(*json.loads(one)))
                else:
                    claims.append(Claim(*json.loads(one)))
            yield versions, claims

    def _sorted(self, kind: Literal["versions", "claims"]) -> Iterator[tuple[bytes, str, str]]:
        found = self._file.execute(f"SELECT key, one FROM {kind} ORDER BY key, rowid")  # noqa: S608
        return ((key, kind, one) for key, one in found)

    def close(self) -> None:
        self._file.close()


def waiting(target: Target) -> int:
    """How many uploads wait for their run, about; 0 where the stack limits none."""
    if not limited(target):
        return 0
    sqs: SQSClient = target.client("sqs")
    with aws_errors(target):
        return SqsWaiting(sqs, target.outputs[WAITING]).all()


def limited(target: Target) -> bool:
    """Whether uploads wait for their run: MaxRuns of the stack."""
    return WAITING in target.outputs and target.outputs.get(MAX_RUNS, "0") != "0"


def stands(
    bucket: str,
    versions: Sequence[ObjectVersion],
    claims: Sequence[Claim],
    ages: Ages,
    now: float,
) -> list[AuditRow]:
    """Each version once, then the rows that are about none of them."""
    found: list[AuditRow] = []
    about: set[str] = set()
    for version, its in match(bucket, versions, claims):
        about |= {claim.upload_id for claim in its}
        how = upload_status(version, its, ages, now)
        if how is not UploadStatus.EXPIRED:
            found.append(_stand(bucket, version, its, how))
    for claim in claims:
        if claim.upload_id not in about:
            # Its object version was deleted for good, or was never listed: the row still counts.
            how = UploadStatus.STUCK if claim.expired(now) else UploadStatus(claim.state)
            found.append(AuditRow(claim.upload_id, how, claim.key, claim.version_id, claim.run))
    return found


def _stand(bucket: str, version: ObjectVersion, its: list[Claim], how: UploadStatus) -> AuditRow:
    own = its[0].upload_id if its else upload_id(bucket, version.key, version.version_id)
    return AuditRow(own, how, version.key, version.version_id, its[0].run if its else None)


def tally(counted: Counter[UploadStatus]) -> dict[str, int]:
    """Versions by status; every status that somebody has to act on is there, if only as 0."""
    wrong = {how.value: 0 for how in UploadStatus if how.wrong}
    return {**wrong, **{how.value: counted[how] for how in sorted(counted)}}


@dataclass(frozen=True)
class Redriven:
    """An upload that was started again."""

    upload_id: str
    name: str
    """of the execution"""
    from_queue: bool = False


class _Object(BaseModel):
    key: str
    version_id: str | None = Field(None, alias="version-id")
    sequencer: str | None = None


class _Bucket(BaseModel):
    name: str


class _Created(BaseModel):
    bucket: _Bucket
    object: _Object


class Undelivered(BaseModel):
    """An event in the dead-letter queue: of an upload, or of a run that stopped."""

    id: str = ""
    kind: str = Field(alias="detail-type")
    detail: _Created | dict[str, Any]

    @model_validator(mode="after")
    def _an_upload_can_be_told(self) -> Self:
        if self.kind == CREATED and self.upload_id is None:
            raise ValueError("an upload's event names bucket, key, and version or sequencer")
        return self

    @property
    def upload_id(self) -> str | None:
        """Of the upload that it is about; None if it is about none."""
        if self.kind != CREATED or not isinstance(self.detail, _Created):
            return None
        thing = self.detail.object
        unique = thing.version_id or thing.sequencer
        return unique and upload_id(self.detail.bucket.name, thing.key, unique)


class Redrive:
    """Starts uploads again in one stack."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._states: SFNClient = target.client("stepfunctions")
        executions = StatesExecutions(self._states, target.output("StateMachineArn"))
        self._workflow: Workflow = executions
        if limited(target):
            # Started here, it would pass the limit: dispatch starts it.
            queue = SqsWaiting(target.client("sqs"), target.outputs[WAITING])
            self._workflow = WaitingWorkflow(executions, queue, only_when_empty=False)
        self._runs = TableRuns(target.dynamodb(), target.table, target.retention_days)
        self.unreadable = 0
        """messages of the dead-letter queue that are no event"""
        self.under_way: list[str] = []
        """ids of uploads whose next run had been started before"""
        self.failures: list[tuple[str, WinnowError]] = []
        """uploads that could not be started, and why"""
        self._in_a_row = 0

    def upload(self, wanted: str) -> Redriven:
        """Start one failed upload again, or one that no run has claimed, by its whole id.

        Raises:
            NotRedrivableError: it succeeded, its run has not ended, or its row may have expired.
            UploadUnknownError: no row and no version in the inbox has this id.
        """
        found = self._runs.by_id([wanted])
        if not found:
            return self._missing(wanted)
        [claim] = found
        if claim.state == "SUCCEEDED":
            raise NotRedrivableError(f"The upload {wanted} succeeded.")
        if claim.state == "RUNNING" and not claim.expired(time.time()):
            raise NotRedrivableError(f"The upload {wanted} has a run that has not ended.")
        if claim.state == "DAMAGED":
            raise NotRedrivableError(f"The row of the upload {wanted} cannot be read.")
        return self._told(self._start(claim), wanted)

    @staticmethod
    def _told(started: Redriven | None, wanted: str) -> Redriven:
        if started is None:
            raise NotRedrivableError(
                f"The upload {wanted} has been started before, and that run has not ended: "
                "nothing was started."
            )
        return started

    def _missing(self, wanted: str) -> Redriven:
        """Start an upload whose event was lost: the inbox has it, the table has not."""
        bucket = self._target.uploads_bucket
        inbox = S3Inbox(self._target.s3(), bucket)
        lost = next(
            (v for v in inbox.every() if upload_id(bucket, v.key, v.version_id) == wanted), None
        )
        if lost is None:
            raise UploadUnknownError(f"No upload has the id {wanted[:64]!r}.")
        for version, claims in match(bucket, inbox.of_key(lost.key), self._runs.by_key(lost.key)):
            if version == lost and claims:
                return self.upload(claims[0].upload_id)
        now = time.time()
        if retention_of(self._target, now).forgotten(lost.modified, now):
            raise NotRedrivableError(
                f"The upload {wanted} has no row, and is so old that it may have had one. The "
                f"table keeps rows for {self._target.retention_days} days (RetentionDays); of a "
                f"time whose value is not known, {SHORTEST_DAYS} days are taken."
            )
        return self._told(self._next(wanted, 1, lambda n: lost_event(bucket, lost, n)), wanted)

    def failed_since(self, since: float) -> Iterator[Redriven]:
        """Start again what failed since then (epoch seconds), and what never reached the workflow.

        An upload whose run died without a word counts as failed.
        """
        now = time.time()
        for claim in self._runs.every():
            failed = claim.state == "FAILED" or claim.expired(now)
            if failed and max(claim.claimed_at, claim.ended_at or 0.0) >= since:
                started = self._one(claim.upload_id, partial(self._start, claim))
                if started is not None:
                    yield started
        yield from self.undelivered()

    def _one(self, own_id: str, work: Callable[[], Redriven | None]) -> Redriven | None:
        """What keeps one of many keeps no other. None: it was not started now."""
        noted = len(self.under_way)
        try:
            started = work()
        except StackNotRunningError:
            raise
        except WinnowError as error:
            self.failures.append((own_id, error))
            self._in_a_row += 1
            if self._in_a_row >= _FAILURES_IN_A_ROW:
                raise
            return None
        self._in_a_row = 0
        if started is None and len(self.under_way) == noted:
            self.under_way.append(own_id)
        return started

    def undelivered(self) -> Iterator[Redriven]:
        """Start what lies in the dead-letter queue; a message leaves it once it was started.

        Events about runs that stopped leave it too: what they tell, the sweep finds. What is no
        event stays, and is counted in `unreadable`.
        """
        queue = self._target.outputs.get(UNDELIVERED)
        if queue is None:
            return
        sqs: SQSClient = self._target.client("sqs")
        while True:
            with aws_errors(self._target):
                messages = sqs.receive_message(
                    QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=_QUEUE_WAIT_S
                ).get("Messages", [])
            if not messages:
                return
            for message in messages:
                try:
                    undelivered = Undelivered.model_validate_json(message["Body"])
                except ValidationError:
                    self.unreadable += 1
                    continue
                own = undelivered.upload_id
                started = None
                if own is not None:
                    failed = len(self.failures)
                    event = partial(self._event, own, undelivered.id, message["Body"])
                    started = self._one(own, event)
                    if len(self.failures) > failed:
                        continue
                with aws_errors(self._target):
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                if started is not None:
                    yield started

    def _event(self, own: str, message: str, body: str) -> Redriven | None:
        name = f"{own}-event-{message[:36]}"
        # Whatever its row says, the claim lets it through once at most.
        started = self._workflow.start(name, json.loads(body))
        return Redriven(own, name, from_queue=True) if started is Start.STARTED else None

    def _start(self, claim: Claim) -> Redriven | None:
        """None: its next run has been started before, and has not ended."""
        return self._next(claim.upload_id, claim.attempt + 1, lambda n: self._event_of(claim, n))

    def _next(
        self, own_id: str, attempt: int, event: Callable[[int], dict[str, Any]]
    ) -> Redriven | None:
        while True:
            name = restart_name(own_id, attempt)
            started = self._workflow.start(name, event(attempt))
            if started is Start.STARTED:
                return Redriven(own_id, name)
            if started is Start.RUNNING:
                return None
            attempt += 1

    def _event_of(self, claim: Claim, attempt: int) -> dict[str, Any]:
        event = claimed_event(self._target.uploads_bucket, claim, attempt)
        if claim.version_id is None and claim.sequencer is None:
            # A run that failed before it could claim left a row without its identity.
            with aws_errors(self._target):
                began = self._states.describe_execution(executionArn=claim.run)["input"]
            event["detail"] = json.loads(began)["detail"]
        return event
