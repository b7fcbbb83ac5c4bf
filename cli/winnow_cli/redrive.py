"""Starting uploads again: failed ones, unclaimed ones, and undelivered events."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

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
from winnow_aws.topic import TopicMailer
from winnow_aws.workflow import QueueingWorkflow, StatesWorkflow
from winnow_cli.audit import retention_of
from winnow_cli.target import Target, aws_errors
from winnow_cli.undelivered import EndedRun, GatheredMail, Undelivered, gathered_mail
from winnow_cli.waiting import limits_runs, waiting_queue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

UNDELIVERED = "UndeliveredQueue"
"""The stack output with the dead-letter queue."""
ALIAS = "WorkflowAlias"
"""The stack output with what runs are started by; the local stack has none."""
_QUEUE_WAIT_S = 1
_HIDDEN_S = 300
"""Seconds in which a message that stays in the queue does not come again."""
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
        self.mailed = 0
        """Number of gathered e-mails in the dead-letter queue that were sent."""
        self.unmailed: list[str] = []
        """Ids of uploads whose end nobody was told, and that cannot be run again."""
        self.under_way: list[str] = []
        """Ids of uploads that were not started: a run started before has not ended."""
        self.failures: list[tuple[str, WinnowError]] = []
        """Ids of uploads that could not be started, and why."""
        self._in_a_row = 0

    def upload(self, own_id: str) -> Redriven:
        """Start one failed upload again, or one that no run has claimed, by its whole id.

        Raises:
            NotRedrivableError: it succeeded or was erased, its run has not ended, or its row may
                have expired.
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
            if failed and row.erased_at is None and max(row.claimed_s, row.ended_s or 0.0) >= since:
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
            self._in_a_row += not isinstance(error, NotRedrivableError)
            if self._in_a_row >= _MAX_FAILURES_IN_A_ROW:
                raise
            return None
        self._in_a_row = 0
        if started is None and len(self.under_way) == noted:
            self.under_way.append(own_id)
        return started

    def undelivered(self) -> Iterator[Redriven]:
        """Do what the messages in the dead-letter queue ask for; each is deleted once that is done.

        Uploads are started, and so is one whose run failed and could not tell that, however long
        ago; gathered e-mails are sent. What cannot be done stays in the queue, and is counted.
        """
        queue = self._target.outputs.get(UNDELIVERED)
        if queue is None:
            return
        sqs: SQSClient = self._target.client("sqs")
        seen: set[str] = set()
        while True:
            with aws_errors(self._target):
                messages = sqs.receive_message(
                    QueueUrl=queue,
                    MaxNumberOfMessages=10,
                    WaitTimeSeconds=_QUEUE_WAIT_S,
                    VisibilityTimeout=_HIDDEN_S,
                ).get("Messages", [])
            new = [message for message in messages if message["MessageId"] not in seen]
            # Those that stay come again and again.
            if not new:
                return
            for message in new:
                seen.add(message["MessageId"])
                noted = len(self.failures)
                done, started = self._undelivered_one(message["Body"], message["MessageId"])
                if not done or len(self.failures) > noted:
                    continue
                with aws_errors(self._target):
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                if started is not None:
                    yield started

    def _undelivered_one(self, body: str, message_id: str) -> tuple[bool, Redriven | None]:
        """Whether the message may go, and what was started."""
        mail = gathered_mail(body)
        if mail is not None:
            return self._send(mail), None
        try:
            event = Undelivered.model_validate_json(body)
        except ValidationError:
            event = None
        if event is not None and (own_id := event.upload_id) is not None:
            # Without an id of its own, an event is told apart by its message.
            work = partial(self._start_event, own_id, event.id or message_id, body)
            return True, self._attempt(own_id, work)
        if event is not None and (run := event.ended) is not None:
            return self._tell(run)
        self.unreadable += 1
        return False, None

    def _tell(self, run: EndedRun) -> tuple[bool, Redriven | None]:
        """Start an upload again whose run could not tell its end: the next one tells its own."""
        rows = self._runs.by_id([run.upload_id])
        # The sweep finds what has no row or runs; a later run has told its end.
        if not rows or rows[0].run != run.arn or rows[0].state == "RUNNING":
            return True, None
        [row] = rows
        # A run that ended with what its row says has mailed that itself.
        if row.erased_at is not None or (row.state == "FAILED" and row.error_code == run.error):
            return True, None
        if row.state == "FAILED":
            return True, self._attempt(row.upload_id, partial(self._start, row))
        self.unmailed.append(run.upload_id)
        return False, None

    def _send(self, mail: GatheredMail) -> bool:
        """Send an e-mail that was to be gathered; False: that is not possible now."""
        topic = TopicMailer(self._target.client("sns"), self._target.output("TopicArn"))
        try:
            topic.send(*mail)
        except WinnowError as error:
            self.failures.append((mail.attributes.get("upload_id", "an e-mail"), error))
            return False
        self.mailed += 1
        return True

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
            # In a row of version 0.2.0 or before: its run failed before it could claim.
            with aws_errors(self._target):
                try:
                    first = self._states.describe_execution(executionArn=row.run or "")["input"]
                except (
                    self._states.exceptions.ExecutionDoesNotExist,
                    self._states.exceptions.InvalidArn,
                ):
                    raise NotRedrivableError(
                        f"The row of the upload {row.upload_id} does not say which version it is "
                        "about, and its run is not there any more."
                    ) from None
            event["detail"] = json.loads(first)["detail"]
        return event
