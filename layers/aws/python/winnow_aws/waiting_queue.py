"""Uploads that wait for their run, on SQS."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from winnow.recovery.restart import restart_name
from winnow.steps.dispatch import WaitingUpload
from winnow.steps.upload import upload_id
from winnow_aws.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_MAX_BATCH = 10  # SQS's maximum for one call
_WAIT_S = 1
_WHERE = "on the queue of waiting uploads"
_NAME = "execution"
"""The message attribute with an execution's name, if it is not the event's own."""
_COUNTED = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def execution_name(event: Any) -> str | None:
    """The name of an event's run, the same for each delivery. None if it is not of an upload."""
    try:
        dropped = event["detail"]["object"]
        unique = dropped.get("version-id") or dropped["sequencer"]
        own = upload_id(event["detail"]["bucket"]["name"], dropped["key"], unique)
        return restart_name(own, int((event.get("restart") or {}).get("attempt", 1)))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


class SqsWaitingQueue:
    """The queue with this URL; its messages are the events of uploads."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def any(self) -> bool:
        return self._count(_COUNTED[0]) > 0

    def all(self) -> int:
        """Number of messages in the queue, including received ones that are not yet deleted."""
        return self._count(*_COUNTED)

    def _count(self, *names: str) -> int:
        with translated(_WHERE):
            answer: Any = self._sqs.get_queue_attributes(
                QueueUrl=self._url,
                AttributeNames=names,  # type: ignore[arg-type]
            )
        return sum(int(answer["Attributes"].get(name, 0)) for name in names)

    def take(self, most: int) -> Sequence[WaitingUpload]:
        """Leaves messages that are not uploads' events; after a day the queue sets them aside."""
        with translated(_WHERE):
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(most, _MAX_BATCH),
                MessageAttributeNames=[_NAME],
                WaitTimeSeconds=_WAIT_S,
            )
        taken = []
        for message in answer.get("Messages", []):
            try:
                event = json.loads(message["Body"])
            except ValueError:
                continue
            given = message.get("MessageAttributes", {}).get(_NAME)
            name = (given and given.get("StringValue")) or execution_name(event)
            if name is not None and isinstance(event, dict):
                taken.append(WaitingUpload(message["ReceiptHandle"], name, event))
        return taken

    def drop(self, waiting: WaitingUpload) -> None:
        with translated(_WHERE):
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=waiting.handle)

    def give_back(self, waiting: WaitingUpload) -> None:
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
