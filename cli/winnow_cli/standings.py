"""How every upload of a stack stands, and starting again what failed."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from winnow.errors import NotRedrivableError, UploadUnknownError
from winnow.restart import claimed_event, lost_event, restart_name
from winnow.standing import (
    Ages,
    Claim,
    ObjectVersion,
    Standing,
    forgotten_s,
    match,
    standing,
)
from winnow.sweep import Start
from winnow.upload import upload_id
from winnow_aws.sweep import S3Inbox, StatesWorkflow, TableRuns
from winnow_cli.target import Target, aws_errors

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

UNDELIVERED = "UndeliveredQueue"
CREATED = "Object Created"
_QUEUE_WAIT_S = 1


@dataclass(frozen=True)
class Stand:
    """One upload and how it stands."""

    upload_id: str
    standing: Standing
    key: str
    version_id: str | None
    run: str | None
    """None: no run has claimed it"""


def audit(target: Target, missed_s: float, now: float) -> list[Stand]:
    """Every version in the inbox once, and every row that is about none of them.

    Versions so old that their row may have expired are left out, unless it is there still.
    """
    bucket = target.uploads_bucket
    inbox = S3Inbox(target.s3(), bucket)
    runs = TableRuns(target.dynamodb(), target.table, target.retention_days)
    # The bucket first: what is dropped meanwhile has its row later, never the other way round.
    versions = list(inbox.every())
    claims = list(runs.every())
    ages = Ages(missed_s, forgotten_s(target.retention_days))
    return stands(bucket, versions, claims, ages, now)


def stands(
    bucket: str,
    versions: Sequence[ObjectVersion],
    claims: Sequence[Claim],
    ages: Ages,
    now: float,
) -> list[Stand]:
    """Each version once, then the rows that are about none of them."""
    found: list[Stand] = []
    about: set[str] = set()
    for version, its in match(bucket, versions, claims):
        about |= {claim.upload_id for claim in its}
        how = standing(version, its, ages, now)
        if how is not Standing.FORGOTTEN:
            found.append(_stand(bucket, version, its, how))
    for claim in claims:
        if claim.upload_id not in about:
            # Its object version was deleted for good, or was never listed: the row still counts.
            how = Standing.STUCK if claim.expired(now) else Standing(claim.state)
            found.append(Stand(claim.upload_id, how, claim.key, claim.version_id, claim.run))
    return found


def _stand(bucket: str, version: ObjectVersion, its: list[Claim], how: Standing) -> Stand:
    own = its[0].upload_id if its else upload_id(bucket, version.key, version.version_id)
    return Stand(own, how, version.key, version.version_id, its[0].run if its else None)


def tally(stands: list[Stand]) -> dict[str, int]:
    """How many stand how; every standing that somebody has to act on is there, as 0 if need be."""
    counted = Counter(stand.standing.value for stand in stands)
    wrong = {how.value: 0 for how in Standing if how.wrong}
    return {**wrong, **dict(sorted(counted.items()))}


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
        self._workflow = StatesWorkflow(self._states, target.output("StateMachineArn"))
        self._runs = TableRuns(target.dynamodb(), target.table, target.retention_days)
        self.unreadable = 0
        """messages of the dead-letter queue that are no event"""

    def upload(self, wanted: str) -> Redriven:
        """Start one failed upload again, or one that no run has claimed, by its whole id.

        Raises:
            NotRedrivableError: it succeeded, its run holds the claim, or its row may have expired.
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
        return self._start(claim)

    def _missing(self, wanted: str) -> Redriven:
        """Start an upload whose event was lost: the inbox has it, the table has not."""
        bucket = self._target.uploads_bucket
        versions = list(S3Inbox(self._target.s3(), bucket).every())
        by_id = {upload_id(bucket, v.key, v.version_id): v for v in versions}
        if wanted not in by_id:
            raise UploadUnknownError(f"No upload has the id {wanted[:64]!r}.")
        lost = by_id[wanted]
        of_key = [version for version in versions if version.key == lost.key]
        for version, claims in match(bucket, of_key, self._runs.by_key(lost.key)):
            if version == lost and claims:
                return self.upload(claims[0].upload_id)
        if time.time() - lost.modified >= forgotten_s(self._target.retention_days):
            raise NotRedrivableError(
                f"The upload {wanted} has no row, and is so old that it may have had one. The "
                f"table keeps rows for {self._target.retention_days} days (RetentionDays)."
            )
        attempt = 1
        while True:
            name = restart_name(wanted, attempt)
            if self._workflow.start(name, lost_event(bucket, lost, attempt)) is not Start.ENDED:
                return Redriven(wanted, name)
            attempt += 1

    def failed_since(self, since: float) -> Iterator[Redriven]:
        """Start again what failed since then (epoch seconds), and what never reached the workflow.

        An upload whose run died without a word counts as failed.
        """
        now = time.time()
        for claim in self._runs.every():
            failed = claim.state == "FAILED" or claim.expired(now)
            if failed and max(claim.claimed_at, claim.ended_at or 0.0) >= since:
                yield self._start(claim)
        yield from self.undelivered()

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
                started = self._event(undelivered, message["Body"])
                with aws_errors(self._target):
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                if started is not None:
                    yield started

    def _event(self, undelivered: Undelivered, body: str) -> Redriven | None:
        own = undelivered.upload_id
        if own is None:
            return None
        name = f"{own}-event-{undelivered.id[:36]}"
        # Whatever its row says, the claim lets it through once at most.
        self._workflow.start(name, json.loads(body))
        return Redriven(own, name, from_queue=True)

    def _start(self, claim: Claim) -> Redriven:
        attempt = claim.attempt
        while True:
            attempt += 1
            event = self._event_of(claim, attempt)
            name = restart_name(claim.upload_id, attempt)
            if self._workflow.start(name, event) is not Start.ENDED:
                return Redriven(claim.upload_id, name)

    def _event_of(self, claim: Claim, attempt: int) -> dict[str, Any]:
        event = claimed_event(self._target.uploads_bucket, claim, attempt)
        if claim.version_id is None and claim.sequencer is None:
            # A run that failed before it could claim left a row without its identity.
            with aws_errors(self._target):
                began = self._states.describe_execution(executionArn=claim.run)["input"]
            event["detail"] = json.loads(began)["detail"]
        return event
