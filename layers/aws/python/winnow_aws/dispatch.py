"""Uploads that wait for their run: the queue, the executions and the book of dispatch on AWS."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import ValidationError

from winnow.models import ObjectRef
from winnow.recovery.restart import restart_name
from winnow.recovery.sweep import Start
from winnow.steps.dispatch import DispatchState, Waiting
from winnow.steps.upload import upload_id
from winnow.storage.paths import JSON
from winnow_aws.aws_errors import code_of, from_client_error, translated
from winnow_aws.sweep import StatesWorkflow

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

_BATCH = 10  # SQS's most for one call
_WAIT_S = 1
_WHERE = "on the queue of waiting uploads"
_NAME = "execution"
"""The message attribute with an execution's name, where it is not to be the event's own."""
_COUNTED = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def execution_name(event: Any) -> str | None:
    """The name that an event's run has: the same for a second delivery. None: it is no upload's."""
    try:
        dropped = event["detail"]["object"]
        unique = dropped.get("version-id") or dropped["sequencer"]
        own = upload_id(event["detail"]["bucket"]["name"], dropped["key"], unique)
        return restart_name(own, int((event.get("restart") or {}).get("attempt", 1)))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


class SqsWaiting:
    """The queue with this URL."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def any(self) -> bool:
        return self._count(_COUNTED[0]) > 0

    def all(self) -> int:
        """How many there are about, those that somebody has in hand too."""
        return self._count(*_COUNTED)

    def _count(self, *names: str) -> int:
        with translated(_WHERE):
            found: Any = self._sqs.get_queue_attributes(
                QueueUrl=self._url,
                AttributeNames=names,  # type: ignore[arg-type]
            )
        return sum(int(found["Attributes"].get(name, 0)) for name in names)

    def take(self, most: int) -> Sequence[Waiting]:
        """What is no upload's event stays; after a day of it the queue puts it aside."""
        with translated(_WHERE):
            found = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(most, _BATCH),
                MessageAttributeNames=[_NAME],
                WaitTimeSeconds=_WAIT_S,
            )
        taken = []
        for message in found.get("Messages", []):
            try:
                event = json.loads(message["Body"])
            except ValueError:
                continue
            given = message.get("MessageAttributes", {}).get(_NAME)
            name = (given and given.get("StringValue")) or execution_name(event)
            if name is not None and isinstance(event, dict):
                taken.append(Waiting(message["ReceiptHandle"], name, event))
        return taken

    def drop(self, waiting: Waiting) -> None:
        with translated(_WHERE):
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=waiting.handle)

    def give_back(self, waiting: Waiting) -> None:
        with translated(_WHERE):
            self._sqs.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=waiting.handle, VisibilityTimeout=0
            )

    def add(self, name: str, event: dict[str, Any]) -> None:
        with translated(_WHERE):
            self._sqs.send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps(event),
                MessageAttributes={_NAME: {"DataType": "String", "StringValue": name}},
            )


class StatesExecutions(StatesWorkflow):
    """The state machine with this ARN, and what runs in it."""

    def __init__(self, states: "SFNClient", arn: str) -> None:
        super().__init__(states, arn)
        self._client = states
        self._machine = arn

    def running(self) -> set[str]:
        pages = self._client.get_paginator("list_executions").paginate(
            stateMachineArn=self._machine,
            statusFilter="RUNNING",
            # The most: dispatch asks every two seconds, and five pages a second are allowed.
            PaginationConfig={"PageSize": 1_000},
        )
        with translated("in Step Functions"):
            return {one["name"] for page in pages for one in page["executions"]}

    def standing(self, name: str) -> Start | None:
        execution = self._machine.replace(":stateMachine:", ":execution:") + f":{name}"
        with translated("in Step Functions"):
            try:
                found = self._client.describe_execution(executionArn=execution)
            except self._client.exceptions.ExecutionDoesNotExist:
                return None
        return Start.RUNNING if found["status"] == "RUNNING" else Start.ENDED


class WaitingWorkflow:
    """Starts by the queue, for whoever must not pass the limit: the sweep, a redrive.

    With `only_when_empty` nothing is added while uploads wait: one without a row may be among them.
    """

    def __init__(
        self, executions: StatesExecutions, queue: SqsWaiting, *, only_when_empty: bool
    ) -> None:
        self._executions = executions
        self._queue = queue
        self._only_when_empty = only_when_empty
        self._looks = only_when_empty
        self._waits = False

    def look_again(self) -> None:
        """A new call: what the one before added may wait still."""
        self._looks = self._only_when_empty

    def start(self, name: str, event: dict[str, Any]) -> Start:
        if self._looks:
            # Once a call: what is added by it is known to be lost.
            self._waits, self._looks = self._queue.all() > 0, False
        if self._waits:
            return Start.RUNNING
        known = self._executions.standing(name)
        if known is not None:
            return known
        self._queue.add(name, event)
        return Start.STARTED


class S3DispatchState:
    """The book as an object; a write that another came before is refused by S3 itself."""

    def __init__(self, s3: "S3Client", ref: ObjectRef) -> None:
        self._s3 = s3
        self._ref = ref
        self._where = f"in the bucket {ref.bucket}"

    def load(self) -> tuple[DispatchState, str | None]:
        with translated(self._where):
            try:
                found = self._s3.get_object(Bucket=self._ref.bucket, Key=self._ref.key)
            except self._s3.exceptions.NoSuchKey:
                return DispatchState(), None
            content = found["Body"].read()
        try:
            return DispatchState.model_validate_json(content), found["ETag"]
        except ValidationError:
            # Nobody can read it; what was started shows in the list of executions.
            return DispatchState(), found["ETag"]

    def save(self, book: DispatchState, mark: str | None) -> str | None:
        condition: Any = {"IfNoneMatch": "*"} if mark is None else {"IfMatch": mark}
        try:
            done = self._s3.put_object(
                Bucket=self._ref.bucket,
                Key=self._ref.key,
                Body=book.model_dump_json().encode(),
                ContentType=JSON,
                **condition,
            )
        except ClientError as error:
            if code_of(error) in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
                return None
            raise from_client_error(error, self._where) from None
        return done["ETag"]
