"""What is in the dead-letter queue: events of uploads, the ends of runs, and gathered e-mails."""

import json
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from winnow.models import Mail
from winnow.steps.upload import upload_id
from winnow_aws.mail_queue import queued_mail

CREATED = "Object Created"


class _EventObject(BaseModel):
    key: str
    version_id: str | None = Field(None, alias="version-id")
    sequencer: str | None = None


class _EventBucket(BaseModel):
    name: str


class _Created(BaseModel):
    bucket: _EventBucket
    object: _EventObject


class _Ended(BaseModel):
    run: str = Field(alias="executionArn")
    error: str | None = None
    input: str
    """The event that started the execution."""


class Undelivered(BaseModel):
    """An event in the dead-letter queue: of an upload, or of a run that stopped."""

    id: str = ""
    kind: str = Field(alias="detail-type")
    detail: _Created | _Ended | dict[str, Any]

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

    @property
    def ended(self) -> "EndedRun | None":
        """The run that the event is about, also where it is the failure handler's own end."""
        if not isinstance(self.detail, _Ended):
            return None
        try:
            began = Undelivered.model_validate_json(self.detail.input)
        except ValidationError:
            return None
        if began.upload_id is not None:
            return EndedRun(began.upload_id, self.detail.run, self.detail.error)
        return began.ended


class EndedRun(NamedTuple):
    """A run whose end came to nobody."""

    upload_id: str
    arn: str
    error: str | None
    """What it ended with; None if it was stopped."""


class GatheredMail(NamedTuple):
    """An e-mail that did not come into the queue of those that are gathered."""

    mail: Mail
    attributes: dict[str, str]


def gathered_mail(body: str) -> GatheredMail | None:
    """The e-mail that a message of a topic holds; None: it is none."""
    try:
        note = json.loads(body)
    except ValueError:
        return None
    if not isinstance(note, dict) or note.get("Type") != "Notification":
        return None
    given = queued_mail({"Body": body, "ReceiptHandle": ""})
    attributes = note.get("MessageAttributes")
    said = {
        name: str(one["Value"])
        for name, one in (attributes if isinstance(attributes, dict) else {}).items()
        if isinstance(one, dict) and one.get("Value")
    }
    return GatheredMail(Mail(subject=given.subject, body=given.body), said)
