"""The queue in which e-mails wait for the digest: notifications of SNS, on SQS."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from winnow.models import Counts
from winnow.steps.digest import QueuedMail
from winnow_aws.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_MAX_BATCH = 10  # SQS's maximum for one call
_WAIT_S = 1
"""A short poll asks only some of SQS's servers, and can miss messages."""
_WHERE = "on the queue of e-mails"
NO_SUBJECT = "Winnow"


class SqsMailQueue:
    """The queue with this URL."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def take(self, most: int) -> Sequence[QueuedMail]:
        with translated(_WHERE):
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(most, _MAX_BATCH),
                WaitTimeSeconds=_WAIT_S,
            )
        return [queued_mail(message) for message in answer.get("Messages", [])]

    def drop(self, handles: Sequence[str]) -> None:
        """An e-mail that cannot be deleted is sent again by the next digest."""
        # Not in a batch: on AWS that also needs only sqs:DeleteMessage, but the local stack asks
        # for another permission.
        for handle in handles:
            with translated(_WHERE):
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=handle)


def queued_mail(message: "MessageTypeDef") -> QueuedMail:
    """A message of the queue. One that is not our notification is passed on unchanged."""
    handle, body = message["ReceiptHandle"], message.get("Body", "")
    try:
        note = json.loads(body)
    except ValueError:
        note = None
    if not isinstance(note, dict) or not isinstance(note.get("Message"), str):
        return QueuedMail(handle, NO_SUBJECT, body)
    subject = "".join(char for char in str(note.get("Subject") or "") if " " <= char <= "~")
    given = note.get("MessageAttributes")
    attributes = {
        name: str(attribute.get("Value", ""))
        for name, attribute in (given if isinstance(given, dict) else {}).items()
        if isinstance(attribute, dict)
    }
    outcome: Literal["succeeded", "failed"] | None = None
    if attributes.get("outcome") in ("succeeded", "failed"):
        outcome = "succeeded" if attributes["outcome"] == "succeeded" else "failed"
    return QueuedMail(
        handle,
        subject[:99] or NO_SUBJECT,
        note["Message"],
        outcome,
        upload_id=attributes.get("upload_id", ""),
        process=attributes.get("process", ""),
        counts=_counts(attributes),
        drifted=attributes.get("drifted") == "yes",
        code=attributes.get("code", ""),
        file=attributes.get("file", ""),
    )


def _counts(attributes: dict[str, str]) -> Counts:
    def number(name: str) -> int:
        text = attributes.get(name, "")
        return int(text) if text.isascii() and text.isdigit() else 0

    accepted, review, invalid = (number(name) for name in ("accepted", "review", "invalid"))
    return Counts(
        records=accepted + review + invalid, accepted=accepted, review=review, invalid=invalid
    )
