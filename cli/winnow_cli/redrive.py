"""Starting uploads again: failed ones, unclaimed ones, and undelivered events."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from winnow.errors import (
    NotRedrivableError,
    StackNotRunningError,
    UploadUnknownError,
    WinnowError,
)
from winnow.ports import StartOutcome, Workflow
from winnow.recovery.restart import claimed_event, lost_event, restart_name
from winnow.recovery.retention import SHORTEST_DAYS
from winnow.recovery.status import match
from winnow.recovery.upload_row import UploadRow
from winnow.steps.upload import upload_id
from winnow_aws.inbox import S3Inbox
from winnow_aws.table import TableRuns
from winnow_aws.workflow import QueueingWorkflow, StatesWorkflow
from winnow_cli.audit import retention_of
from winnow_cli.target import Target, aws_errors
from winnow_cli.waiting import limits_runs, waiting_queue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

UNDELIVERED = "UndeliveredQueue"
"""The stack output with the dead-letter queue."""
ALIAS = "WorkflowAlias"
"""The stack output with what runs are started by; the local stack has none."""
CREATED = "Object Created"
_QUEUE_WAIT_S = 1
_MAX_FAILURES_IN_A_ROW = 5
"""After so many the redrive stops: the cause is AWS, not single uploads."""


@dataclass(frozen=True)
class Redriven:
    """An upload that was started again."""

    upload_id: str
    name: str
    """The execution's name."""
    from_queue: bool = False
    """Whether its event was in the dead-letter queue."""


class _EventObject(BaseModel):
    key: str
    version_id: str | None = Field(None, alias="version-id")
    sequencer: str | None = None


class _EventBucket(BaseModel):
    name: str


class _Created(BaseModel):
    bucket: _EventBucket
    object: _EventObject


class Undelivered(BaseModel):
    """An event in the dead-letter queue: of an upload, or of a run that stopped."""

    id: str = ""
    kind: str = Field(alias="detail-type")
    detail: _Created | dict[str, Any]

    @model_validator(mode="after")
    def _an_upload_can_be_identified(self) -> Self:
        if self.kind == CREATED and self.upload_id is None:
            raise ValueError("an upload's event names bucket, key, and version or sequencer")
        return self

    @property
    def upload_id(self) -> str | None:
        """The id of the event's upload; None if it has none."""
        if self.kind != CREATED or not isinstance(self.detail, _Created):
            return None
        dropped = self.detail.object
        unique = dropped.version_id or dropped.sequencer
        return unique and upload_id(self.detail.bucket.name, dropped.key, unique)


class Redrive:
    """Starts uploads again in one stack."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._states: SFNClient = target.client("stepfunctions")
        machine = target.output("StateMachineArn")
        executions = StatesWorkflow(self._states, target.outputs.get(ALIAS, machine))
        self._workflow: Workflow = executions
        if limits_runs(target):
            # Dispatch starts the runs, so that MaxRuns holds.
            self._workflow = QueueingWorkflow(
                executions, waiting_queue(target), only_when_empty=False
            )
        self._runs = TableRuns(target.dynamodb(), target.table, target.retention_days)
        self.unreadable = 0
        """Number of messages in the dead-letter queue that are not events."""
        self.under_way: list[str] = []
        """Ids of uploads that were not started: a run started before has not ended."""
        self.failures: list[tuple[str, WinnowError]] = []
        """Ids of uploads that could not be started, and why."""
        self._in_a_row = 0

    def upload(self, own_id: str) -> Redriven:
        """Start one failed upload again, or one that no run has claimed, by its whole id.

        Raises:
            NotRedrivableError: it succeeded, its run has not ended, or its row may have expired.
            UploadUnknownError: no row and no version in the inbox has this id.
        """
        rows = self._runs.by_id([own_id])
        if not rows:
            return self._missing(own_id)
        [row] = rows
        if row.state == "SUCCEEDED":
            raise NotRedrivableError(f"The upload {own_id} succeeded.")
        if row.state == "RUNNING" and not row.lease_expired(time.time()):
            raise NotRedrivableError(f"The upload {own_id} has a run that has not ended.")
        if row.state == "DAMAGED":
            raise NotRedrivableError(f"The row of the upload {own_id} cannot be read.")
        return self._started(self._start(row), own_id)

    @staticmethod
    def _started(started: Redriven | None, own_id: str) -> Redriven:
        if started is None:
            raise NotRedrivableError(
                f"The upload {own_id} has been started before, and that run has not ended: "
                "nothing was started."
            )
        return started

    def _missing(self, own_id: str) -> Redriven:
        """Start an upload whose event was lost: it is in the inbox, but has no row."""
        bucket = self._target.uploads_bucket
        inbox = S3Inbox(self._target.s3(), bucket)
        lost = next(
            (v for v in inbox.every() if upload_id(bucket, v.key, v.version_id) == own_id), None
        )
        if lost is None:
            raise UploadUnknownError(f"No upload has the id {own_id[:64]!r}.")
        for version, rows in match(bucket, inbox.of_key(lost.key), self._runs.by_key(lost.key)):
            if version == lost and rows:
                return self.upload(rows[0].upload_id)
        now = time.time()
        if retention_of(self._target, now).forgotten(lost.modified, now):
            raise NotRedrivableError(
                f"The upload {own_id} has no row, and is so old that it may have had one. The "
                f"table keeps rows for {self._target.retention_days} days (RetentionDays); for a "
                f"time whose value is unknown, {SHORTEST_DAYS} days are assumed."
            )
        return self._started(self._next(own_id, 1, lambda n: lost_event(bucket, lost, n)), own_id)

    def failed_since(self, since: float) -> Iterator[Redriven]:
        """Start again what failed since then (epoch seconds), and what never reached the workflow.

        An upload whose run ended without recording a failure counts as failed.
        """
        now = time.time()
        for row in self._runs.every():
            failed = row.state == "FAILED" or row.lease_expired(now)
            if failed and max(row.claimed_s, row.ended_s or 0.0) >= since:
                started = self._attempt(row.upload_id, partial(self._start, row))
                if started is not None:
                    yield started
        yield from self.undelivered()

    def _attempt(self, own_id: str, work: Callable[[], Redriven | None]) -> Redriven | None:
        """Start one of many; an error is kept in `failures`. None: it was not started now."""
        noted = len(self.under_way)
        try:
            started = work()
        except StackNotRunningError:
            raise
        except WinnowError as error:
            self.failures.append((own_id, error))
            self._in_a_row += 1
            if self._in_a_row >= _MAX_FAILURES_IN_A_ROW:
                raise
            return None
        self._in_a_row = 0
        if started is None and len(self.under_way) == noted:
            self.under_way.append(own_id)
        return started

    def undelivered(self) -> Iterator[Redriven]:
        """Start the events in the dead-letter queue; each is deleted once it was started.

        Events about runs that stopped are deleted, too: the sweep finds those runs. A message
        that is not an event stays in the queue, and is counted in `unreadable`.
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
                    event = Undelivered.model_validate_json(message["Body"])
                except ValidationError:
                    self.unreadable += 1
                    continue
                failures = len(self.failures)
                started = self._start_undelivered(event, message["Body"])
                if len(self.failures) > failures:
                    continue
                with aws_errors(self._target):
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                if started is not None:
                    yield started

    def _start_undelivered(self, event: Undelivered, body: str) -> Redriven | None:
        """None: the event has no upload, or its upload could not be started now."""
        own_id = event.upload_id
        if own_id is None:
            return None
        return self._attempt(own_id, partial(self._start_event, own_id, event.id, body))

    def _start_event(self, own_id: str, event_id: str, body: str) -> Redriven | None:
        name = f"{own_id}-event-{event_id[:36]}"
        # Safe in every state of the row: the claim lets an upload through once at most.
        started = self._workflow.start(name, json.loads(body))
        return Redriven(own_id, name, from_queue=True) if started is StartOutcome.STARTED else None

    def _start(self, row: UploadRow) -> Redriven | None:
        """None: its next run has been started before, and has not ended."""
        return self._next(row.upload_id, row.attempt + 1, lambda n: self._event_of(row, n))

    def _next(
        self, own_id: str, attempt: int, event: Callable[[int], dict[str, Any]]
    ) -> Redriven | None:
        while True:
            name = restart_name(own_id, attempt)
            started = self._workflow.start(name, event(attempt))
            if started is StartOutcome.STARTED:
                return Redriven(own_id, name)
            if started is StartOutcome.RUNNING:
                return None
            attempt += 1

    def _event_of(self, row: UploadRow, attempt: int) -> dict[str, Any]:
        event = claimed_event(self._target.uploads_bucket, row, attempt)
        if row.version_id is None and row.sequencer is None:
            # A run that failed before it could claim left a row without its identity.
            with aws_errors(self._target):
                first = self._states.describe_execution(executionArn=row.run or "")["input"]
            event["detail"] = json.loads(first)["detail"]
        return event
