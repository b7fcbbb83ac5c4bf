"""What calls the index function: changed results by a queue, a schedule, and the command line."""

import json
import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag, ValidationError

from winnow.models import FrozenModel
from winnow.search.upkeep import LONGEST_WAIT_S, Change, Comparison, UpkeepReport
from winnow_aws.batch_failures import BatchReport

_RESULT = re.compile(r"results/([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+)/(?:result\.json|reviewed\.jsonl)")


def change_of(key: str) -> Change | None:
    """The upload whose results have changed with this object; None: they have not.

    >>> change_of("results/L33774/0123abcd/reviewed.jsonl").upload
    '0123abcd'
    >>> change_of("results/L33774/0123abcd/pages/1.jpg")
    """
    match = _RESULT.fullmatch(key)
    return None if match is None else Change(process=match[1], upload=match[2])


class _Message(BaseModel):
    """A message of the queue; of what SQS says of it only this is read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(alias="messageId")
    body: str


class Asked(NamedTuple):
    """What a message asks for. It may be nothing: then it is done."""

    message: str
    changes: tuple[Change, ...] = ()
    compare: bool = False
    before: Comparison | None = None
    """The comparison before; None: it is the first."""


class Messages(BaseModel):
    """A batch of the queue."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    records: list[_Message] = Field(alias="Records")

    def asked(self) -> list[Asked]:
        """What the messages ask for: S3's events of results, and what the upkeep sends itself."""
        return [_asked(message) for message in self.records]


def _asked(message: _Message) -> Asked:
    try:
        body = json.loads(message.body)
        if "compare" in body:
            return Asked(message.id, compare=True, before=_before(body))
        if "changes" in body:
            return Asked(message.id, tuple(map(Change.model_validate, body["changes"])))
        change = change_of(body["detail"]["object"]["key"])
        return Asked(message.id, () if change is None else (change,))
    except (KeyError, TypeError, ValueError, ValidationError):
        return Asked(message.id)


def _before(body: dict[str, Any]) -> Comparison | None:
    """The comparison that asked for another one. Up to 0.2.0 it always came a minute later."""
    missing = body["compare"]
    if missing is None:
        return None
    return Comparison(int(missing), int(body.get("wait_s", LONGEST_WAIT_S)))


class Maintain(FrozenModel):
    """The schedule of the upkeep, or `winnow index rebuild`."""

    index: Literal["maintain", "rebuild"]


class Forget(FrozenModel):
    """`winnow forget`: an upload of which nothing else but what its results hold may stay."""

    forget: Change


def _kind(given: Any) -> str:
    if isinstance(given, Forget) or (isinstance(given, dict) and "forget" in given):
        return "forget"
    if isinstance(given, Messages) or (isinstance(given, dict) and "Records" in given):
        return "messages"
    return "maintain"


class IndexInput(
    RootModel[
        Annotated[
            Annotated[Messages, Tag("messages")]
            | Annotated[Maintain, Tag("maintain")]
            | Annotated[Forget, Tag("forget")],
            Discriminator(_kind),
        ]
    ]
):
    """An event of the index function."""


class IndexReport(BatchReport):
    """What a call did; the queue gives the failed messages again."""

    uploads: int = Field(0, description="that were indexed")
    records: int = Field(0, description="of these uploads")
    upkeep: UpkeepReport | None = None

    @classmethod
    def of(cls, uploads: int, records: int, failed: list[str]) -> "IndexReport":
        """The report of a batch, of whose messages some failed."""
        return cls(uploads=uploads, records=records).with_failed(failed)
