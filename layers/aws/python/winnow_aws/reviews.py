"""The table of reviews on DynamoDB: heads, events and counts.

| item | pk | sk |
|---|---|---|
| head of a record | upload id | `record#` and the record, 10 digits |
| event | upload id | `event#` record `#` version of the head after it, 6 digits |
| counts of an upload | upload id | `total#` and a shard, 0 to 7 |
| what was queued of an upload | upload id | `queued` |
| counts of a process | `process#` and its id | `total#` and a shard |
| a process | `processes` | its id |
| when the table began | `table` | `began` |

The index `queue` has the open heads of a process by rank, `by_decision` the decided ones by time.
A decision is one transaction: head, event and both counts.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from winnow.errors import ReviewConflictError
from winnow.reviews.models import (
    HISTORY,
    Kind,
    QueueFilter,
    RecordKey,
    ReviewEvent,
    ReviewHead,
    State,
    Totals,
)
from winnow.reviews.ports import Change, HeadPage, Place
from winnow.reviews.tally import outdated
from winnow.storage.times import iso
from winnow_aws.attributes import Item, texts
from winnow_aws.aws_errors import translated
from winnow_aws.review_items import (
    HEAD,
    PROCESSES,
    QUEUED,
    TOTAL,
    count_attributes,
    cursor_of,
    event_item,
    event_key,
    event_of,
    events_of,
    head_item,
    head_key,
    head_of,
    process_partition,
    record_of,
    start_of,
    total_key,
    totals_of,
)
from winnow_aws.transactions import ConditionFailed, Writer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WHERE = "in the table of reviews"
_NEW = "attribute_not_exists(pk)"
_BATCH = 50
"""Heads that are queued in one transaction."""
_THREADS = 4
"""DynamoDB takes about 500 transactional writes a second in one partition, an upload: more threads
would only be throttled."""


class ReviewTable:
    """The table with this name."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        table: str,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._writer = Writer(dynamodb, table, sleep)
        self._clock = clock
        self._began: str | None = None
        self._known: set[str] = set()
        """Processes whose item was written."""

    # -- reads -----------------------------------------------------------------------------------

    def head(self, key: RecordKey) -> ReviewHead | None:
        item = self._get(head_key(key))
        return head_of(item) if item else None

    def heads(self, upload: str) -> Iterator[ReviewHead]:
        return map(head_of, self._partition(upload, HEAD))

    def events(self, key: RecordKey) -> list[ReviewEvent]:
        return [event_of(item) for item in self._partition(key.upload, events_of(key))]

    def event(self, key: RecordKey, number: int) -> ReviewEvent | None:
        item = self._get(event_key(key, number))
        return event_of(item) if item else None

    def open_heads(
        self, wanted: QueueFilter, cursor: str | None, limit: int, *, after: str = ""
    ) -> HeadPage:
        restrictions = {
            name: value
            for name, value in (("code", wanted.code), ("outcome", wanted.outcome))
            if value is not None
        }
        request: dict[str, Any] = {}
        if restrictions:
            request["FilterExpression"] = " AND ".join(f"#{n} = :{n}" for n in restrictions)
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in restrictions}
        values = {f":{name}": {"S": str(value)} for name, value in restrictions.items()}
        condition = "#pk = :pk"
        if after:
            condition += " AND #rank > :after"
            request.setdefault("ExpressionAttributeNames", {})["#rank"] = "rank"
            values |= texts(**{":after": after})
        partition = texts(queue=wanted.process)
        page = self._index("queue", partition, "rank", condition, values, cursor, limit, **request)
        return page._replace(heads=[head for head in page.heads if wanted.matches(head)])

    def decided_heads(self, process: str, since: str, cursor: str | None, limit: int) -> HeadPage:
        condition, values = "#pk = :pk", {}
        if since:
            condition += " AND decided_key >= :since"
            values = {":since": {"S": since}}
        partition = texts(decided_process=process)
        return self._index(
            "by_decision", partition, "decided_key", condition, values, cursor, limit
        )

    def totals_of_upload(self, upload: str) -> Totals | None:
        return totals_of(self._partition(upload, TOTAL))

    def totals_of_process(self, process: str) -> Totals:
        return totals_of(self._partition(process_partition(process), TOTAL)) or Totals()

    def began(self) -> str:
        if self._began is None:
            key = texts(pk="table", sk="began")
            there = self._get(key)
            if not there:
                # Told by the first who asks: the table's own time is no item of it.
                with suppress(ConditionFailed):
                    self._writer.update(
                        Key=key,
                        UpdateExpression="SET began = :now",
                        ConditionExpression=_NEW,
                        ExpressionAttributeValues={":now": {"S": iso(self._clock())}},
                    )
                there = self._get(key)
            self._began = there["began"]["S"]
        return self._began

    def processes(self) -> list[str]:
        return [item["sk"]["S"] for item in self._partition(PROCESSES, "")]

    def _get(self, key: Item) -> Item:
        with translated(_WHERE):
            answer = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return dict(answer.get("Item") or {})

    def _partition(self, pk: str, prefix: str) -> Iterator[Item]:
        """The items of a partition whose sort keys begin with the prefix, in their order."""
        condition, values = "pk = :pk", texts(**{":pk": pk})
        if prefix:
            condition += " AND begins_with(sk, :prefix)"
            values |= texts(**{":prefix": prefix})
        pages = iter(
            self._dynamodb.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                ConsistentRead=True,
            )
        )
        while True:
            with translated(_WHERE):
                page = next(pages, None)
            if page is None:
                return
            yield from page["Items"]

    def _index(
        self,
        index: str,
        partition: Item,
        sort: str,
        condition: str,
        values: Item,
        cursor: str | None,
        limit: int,
        **request: Any,
    ) -> HeadPage:
        """A page of one partition of an index."""
        ((name, value),) = partition.items()
        names = {"#pk": name, **request.pop("ExpressionAttributeNames", {})}
        if cursor is not None:
            request["ExclusiveStartKey"] = start_of(cursor, partition, sort)
        with translated(_WHERE):
            answer = self._dynamodb.query(
                TableName=self._table,
                IndexName=index,
                KeyConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={":pk": value, **values},
                Limit=limit,
                **request,
            )
        last = answer.get("LastEvaluatedKey")
        heads = [head_of(item) for item in answer["Items"]]
        if not last:
            return HeadPage(heads, None)
        return HeadPage(heads, cursor_of(last, sort), Place(last[sort]["S"], record_of(last)))

    # -- decisions -------------------------------------------------------------------------------

    def write(self, change: Change) -> None:
        head, event = change.head, change.event
        if change.expected is None:
            self._name_process(head.process.id)
        actions = [
            {"Put": self._head_put(change)},
            {"Put": {"Item": event_item(event, head.process.id), "ConditionExpression": _NEW}},
        ]
        actions += self._counts(head.upload, head.process.id, head.record, change.totals)
        try:
            self._writer.transact(actions)
        except ConditionFailed:
            if not self._written(event):
                raise ReviewConflictError("The head has another version.") from None

    def _head_put(self, change: Change) -> Item:
        put: Item = {"Item": head_item(change.head), "ConditionExpression": _NEW}
        if change.expected is not None:
            put |= {
                "ConditionExpression": "#version = :expected",
                "ExpressionAttributeNames": {"#version": "version"},
                "ExpressionAttributeValues": {":expected": {"N": str(change.expected)}},
            }
            if change.run is not None:
                put["ConditionExpression"] += " AND run_started = :run"
                put["ExpressionAttributeValues"][":run"] = {"S": change.run}
        return put

    def _written(self, event: ReviewEvent) -> bool:
        """Whether the very event is there: it was written, and the answer to it was lost."""
        return self.event(RecordKey(event.upload, event.record), event.number) == event

    def _counts(
        self, upload: str, process: str, record: int, totals: Totals
    ) -> list[dict[str, dict[str, Any]]]:
        """The updates that add to the counts of an upload and of a process."""
        added = {name: value for name, value in totals.model_dump().items() if value}
        if not added:
            return []
        expression = "ADD " + ", ".join(f"#{name} :{name}" for name in added)
        return [
            {
                "Update": {
                    "Key": total_key(partition, record),
                    "UpdateExpression": expression,
                    "ExpressionAttributeNames": {f"#{name}": name for name in added},
                    "ExpressionAttributeValues": {
                        f":{name}": {"N": str(value)} for name, value in added.items()
                    },
                }
            }
            for partition in (upload, process_partition(process))
        ]

    # -- leases ----------------------------------------------------------------------------------

    def lease(self, key: RecordKey, user: str, until: float, now: float) -> ReviewHead | None:
        try:
            answer = self._writer.update(
                Key=head_key(key),
                UpdateExpression="SET lease_by = :user, lease_until = :until",
                ConditionExpression=(
                    "#state = :open AND (attribute_not_exists(lease_by) OR lease_by = :user "
                    "OR lease_until <= :now)"
                ),
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":user": {"S": user},
                    ":until": {"N": repr(until)},
                    ":now": {"N": repr(now)},
                    ":open": {"S": State.OPEN.value},
                },
                ReturnValues="ALL_NEW",
            )
        except ConditionFailed:
            return None
        return head_of(answer["Attributes"])

    def release(self, key: RecordKey, user: str) -> None:
        try:
            self._writer.update(
                Key=head_key(key),
                UpdateExpression="REMOVE lease_by, lease_until",
                ConditionExpression="lease_by = :user",
                ExpressionAttributeValues={":user": {"S": user}},
            )
        except ConditionFailed:
            return

    # -- queueing --------------------------------------------------------------------------------

    def add(self, heads: Sequence[ReviewHead]) -> None:
        for process in {head.process.id for head in heads}:
            self._name_process(process)
        batches = [heads[start : start + _BATCH] for start in range(0, len(heads), _BATCH)]
        if len(batches) == 1:
            self._add_batch(batches[0])
            return
        with ThreadPoolExecutor(_THREADS) as pool:
            try:
                for _ in pool.map(self._add_batch, batches):
                    pass
            finally:
                pool.shutdown(cancel_futures=True)

    def _add_batch(self, heads: Sequence[ReviewHead]) -> None:
        """Put the heads that may be put; each attempt leaves out those that may not."""
        left = list(heads)
        while left:
            try:
                self._writer.transact([{"Update": _queue_update(head)} for head in left])
            except ConditionFailed as failed:
                left = [head for place, head in enumerate(left) if place not in failed.actions]
            else:
                return

    def remove(self, head: ReviewHead) -> bool:
        try:
            self._writer.delete(
                Key=head_key(head.key),
                ConditionExpression=("#state = :open AND #version = :none AND run_started = :run"),
                ExpressionAttributeNames={"#state": "state", "#version": "version"},
                ExpressionAttributeValues={
                    ":open": {"S": State.OPEN.value},
                    ":none": {"N": "0"},
                    ":run": {"S": head.run_started},
                },
            )
        except ConditionFailed:
            return False
        return True

    def count_queued(self, upload: str, process: str, run_started: str, queued: Totals) -> None:
        key = texts(pk=upload, sk=QUEUED)
        while True:
            there = self._get(key)
            before = totals_of([there]) if there else None
            seen = there["run_started"]["S"] if there else ""
            if before is not None and not outdated(seen, before, run_started, queued):
                return
            put: Item = {
                "Item": key
                | count_attributes(queued)
                | texts(process=process, run_started=run_started),
                "ConditionExpression": _NEW,
            }
            if there:
                put |= {
                    "ConditionExpression": "run_started = :seen AND queued = :queued "
                    "AND audits = :audits",
                    "ExpressionAttributeValues": {
                        ":seen": there["run_started"],
                        ":queued": there["queued"],
                        ":audits": there["audits"],
                    },
                }
            more = self._counts(upload, process, 0, queued - (before or Totals()))
            try:
                self._writer.transact([{"Put": put}, *more])
            except ConditionFailed:
                continue  # Another delivery has counted meanwhile: compare again.
            return

    def _name_process(self, process: str) -> None:
        if process not in self._known:
            self._writer.put(texts(pk=PROCESSES, sk=process))
            self._known.add(process)


def _queue_update(head: ReviewHead) -> Item:
    """Writes a head, and leaves alone what is in `HISTORY`."""
    item = {name: value for name, value in head_item(head).items() if name not in ("pk", "sk")}
    new = [name for name in item if name not in HISTORY]
    kept = [name for name in item if name in HISTORY]
    old = [name for name in ReviewHead.model_fields if name not in {*item, *HISTORY, "upload"}]
    sets = [f"#{name} = :{name}" for name in new]
    sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in kept]
    expression = f"SET {', '.join(sets)}"
    if old:
        expression += f" REMOVE {', '.join(f'#{name}' for name in old)}"
    return {
        "Key": head_key(head.key),
        "UpdateExpression": expression,
        "ConditionExpression": (
            f"{_NEW} OR (#state = :open AND (#version = :none AND #run_started < :run_started "
            "OR #kind = :correction AND #run_started <= :run_started))"
        ),
        "ExpressionAttributeNames": {f"#{name}": name for name in (*new, *kept, *old)},
        "ExpressionAttributeValues": {
            **{f":{name}": item[name] for name in (*new, *kept)},
            ":open": {"S": State.OPEN.value},
            ":none": {"N": "0"},
            ":correction": {"S": Kind.CORRECTION.value},
        },
    }
