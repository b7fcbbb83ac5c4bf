"""Heads, events and counts of reviews as items of DynamoDB, and back.

Every field is an attribute of its own type, so that a table's page in the console can be read.
Absent fields have no attribute. `ReviewTable` says which keys there are.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any

from winnow.errors import CursorInvalidError
from winnow.reviews.models import RecordKey, ReviewEvent, ReviewHead, State, Totals
from winnow_aws.attributes import Item, attribute, texts, value_of

SHARDS = 8
"""Items that the counts of an upload or a process are spread over: each takes fewer writes."""
PROCESSES = "processes"
"""Partition key of the items that name the processes."""
HEAD = "record#"
EVENT = "event#"
TOTAL = "total#"
QUEUED = "queued"
"""Sort key of the item that says what of an upload was queued, and by which run."""

# -- heads ----------------------------------------------------------------------------------------


def head_key(key: RecordKey) -> Item:
    """The key of a record's head."""
    return texts(pk=key.upload, sk=f"{HEAD}{key.record:010d}")


def record_of(key: Mapping[str, Any]) -> RecordKey:
    """The record that a key of a head names."""
    return RecordKey(key["pk"]["S"], int(key["sk"]["S"].removeprefix(HEAD)))


def head_item(head: ReviewHead) -> Item:
    """The item of a head, with the attributes that the indexes read while they apply."""
    item = head_key(head.key) | _attributes(head)
    if head.queued:
        item |= texts(queue=head.process.id, rank=head.rank)
    if head.state is State.DECIDED and head.answer is not None:
        item |= texts(decided_process=head.process.id, decided_key=decided_key(head))
    return item


def decided_key(head: ReviewHead) -> str:
    """Sorts decided records by the time of the decision."""
    at = head.answer.at if head.answer is not None else ""
    return f"{at}#{head.upload}#{head.record:010d}"


def head_of(item: Mapping[str, Any]) -> ReviewHead:
    """The head of an item."""
    return ReviewHead.model_validate(_values(item))


def _attributes(shape: ReviewHead | ReviewEvent) -> Item:
    values = shape.model_dump(mode="json", exclude={"upload"})
    # Most heads are never decided blind; a head should fit in the kilobyte that a write unit is.
    if not values.get("revealed"):
        values.pop("revealed", None)
    return {name: attribute(value) for name, value in values.items() if value is not None}


def _values(item: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: value_of(value) for name, value in item.items()}
    return {**values, "upload": values["pk"]}


# -- events ---------------------------------------------------------------------------------------


def event_key(key: RecordKey, number: int) -> Item:
    """The key of an event of a record."""
    return texts(pk=key.upload, sk=f"{events_of(key)}{number:06d}")


def events_of(key: RecordKey) -> str:
    """What the sort keys of a record's events begin with."""
    return f"{EVENT}{key.record:010d}#"


def event_item(event: ReviewEvent, process: str) -> Item:
    """The item of an event; the stream's reader counts it for its process."""
    key = event_key(RecordKey(event.upload, event.record), event.number)
    return key | _attributes(event) | texts(process=process)


def event_of(item: Mapping[str, Any]) -> ReviewEvent:
    """The event of an item."""
    return ReviewEvent.model_validate(_values(item))


# -- counts ---------------------------------------------------------------------------------------


def process_partition(process: str) -> str:
    """The partition key of a process's counts."""
    return f"process#{process}"


def total_key(partition: str, record: int) -> Item:
    """The key of the item that a record of an upload or a process is counted in."""
    return texts(pk=partition, sk=f"{TOTAL}{record % SHARDS}")


def totals_of(items: Iterable[Mapping[str, Any]]) -> Totals | None:
    """The sum of some items' counts; None: there are none."""
    total = None
    for item in items:
        counts = {name: item[name]["N"] for name in Totals.model_fields if name in item}
        total = (total or Totals()) + Totals.model_validate(counts)
    return total


def count_attributes(totals: Totals) -> Item:
    """The counts as attributes."""
    return {name: {"N": str(value)} for name, value in totals.model_dump().items()}


# -- cursors --------------------------------------------------------------------------------------


def cursor_of(key: Mapping[str, Any], sort: str) -> str:
    """A key at which an index is read on, as text; `sort` is the index's sort key."""
    place = [key[name]["S"] for name in (sort, "pk", "sk")]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def start_of(cursor: str, partition: Item, sort: str) -> Item:
    """The key of a cursor in the partition of an index. Raises CursorInvalidError."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        rank, pk, sk = map(str, place)
    except (binascii.Error, ValueError, TypeError):
        raise CursorInvalidError("The cursor is not one that this list has given.") from None
    return partition | texts(**{sort: rank}, pk=pk, sk=sk)
