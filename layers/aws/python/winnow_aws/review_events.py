"""What calls the queue function: a run's end, or the sweep; the table's stream; a schedule."""

import json
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag

from winnow.errors import EventInvalidError
from winnow.reviews.models import EventKind, RecordKey, ReviewEvent
from winnow.steps.upload import upload_id
from winnow_aws.batch_failures import BatchReport
from winnow_aws.review_items import EVENT, QUEUED, event_of


class _Event(BaseModel):
    """Base: of AWS's events only what is used is read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Execution(_Event):
    status: str
    input: str | None = None


class RunEnded(_Event):
    """EventBridge's event of an execution whose status has changed."""

    kind: Literal["Step Functions Execution Status Change"] = Field(alias="detail-type")
    detail: _Execution

    @property
    def upload_id(self) -> str:
        """Id of the upload, from the event that the execution was started with.

        Raises EventInvalidError.
        """
        try:
            dropped = json.loads(self.detail.input or "")["detail"]
            source = dropped["object"]
            version = source.get("version-id") or source["sequencer"]
            return upload_id(dropped["bucket"]["name"], source["key"], version)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise EventInvalidError("The execution was not started by an upload.") from None


class _Change(_Event):
    keys: dict[str, dict[str, str]] = Field(alias="Keys")
    number: str = Field(alias="SequenceNumber")
    image: dict[str, Any] = Field(default_factory=dict, alias="NewImage")


class _StreamRecord(_Event):
    name: str = Field(alias="eventName")
    change: _Change = Field(alias="dynamodb")


class Decided(NamedTuple):
    """What happened to records of an upload, in the order of the stream."""

    upload: str
    process: str
    number: str
    """Sequence number of the first of these events: the stream is repeated from there on."""
    events: list[ReviewEvent]

    @property
    def decisions(self) -> list[ReviewEvent]:
        """The decisions among them."""
        return [event for event in self.events if event.kind is EventKind.DECIDED]

    @property
    def records(self) -> list[RecordKey]:
        """The records that something happened to, each once."""
        return list(dict.fromkeys(RecordKey(event.upload, event.record) for event in self.events))

    @property
    def changed(self) -> int:
        """Number of decisions unlike the machine's."""
        return sum(
            event.after is not None
            and not event.after.cannot_tell
            and event.after.decision != event.machine
            for event in self.decisions
        )


class Changes(_Event):
    """A batch of the table's stream."""

    records: list[_StreamRecord] = Field(alias="Records")

    def by_upload(self) -> list[Decided]:
        """The uploads of the batch, with new events; other items are left out."""
        found: dict[str, Decided] = {}
        for record in self.records:
            change = record.change
            sort = change.keys.get("sk", {}).get("S", "")
            is_event = sort.startswith(EVENT) and record.name == "INSERT"
            if not change.image or not (is_event or sort == QUEUED):
                continue
            upload, process = change.keys["pk"]["S"], str(change.image["process"]["S"])
            decided = found.setdefault(upload, Decided(upload, process, change.number, []))
            if is_event:
                decided.events.append(event_of(change.image))
        return list(found.values())


class NotQueued(_Event):
    """The sweep's: a run has ended, and its event did not come."""

    queue: str
    """the upload's id"""


class TrainDue(_Event):
    """The schedule of trainings."""

    train: Literal["due"]


def _kind(given: Any) -> str:
    if isinstance(given, NotQueued) or (isinstance(given, dict) and "queue" in given):
        return "not_queued"
    if isinstance(given, TrainDue) or (isinstance(given, dict) and "train" in given):
        return "train"
    if isinstance(given, Changes) or (isinstance(given, dict) and "Records" in given):
        return "changes"
    return "ended"


class QueueInput(
    RootModel[
        Annotated[
            Annotated[RunEnded, Tag("ended")]
            | Annotated[Changes, Tag("changes")]
            | Annotated[NotQueued, Tag("not_queued")]
            | Annotated[TrainDue, Tag("train")],
            Discriminator(_kind),
        ]
    ]
):
    """An event of the queue function."""


class QueueReport(BatchReport):
    """What a call did; the stream is repeated from the first failure on."""

    queued: int = 0
    audits: int = 0
    decisions: int = 0
    trainings: int = Field(0, description="that were started")

    @classmethod
    def of(cls, decisions: int, failed: list[Decided], trainings: int = 0) -> "QueueReport":
        """The report of a batch of the stream."""
        report = cls(decisions=decisions, trainings=trainings)
        return report.with_failed(decided.number for decided in failed)
