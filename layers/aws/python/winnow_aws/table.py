"""The table of runs on DynamoDB: one row per upload."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from winnow.errors import RetryableError, UploadAbandonedError
from winnow.models import Upload
from winnow.recovery.ports import ClaimPage, LeasePage
from winnow.recovery.state import Claim, Lease
from winnow.recovery.upload_row import UploadRow
from winnow_aws.attributes import texts
from winnow_aws.aws_errors import translated
from winnow_aws.batch_get import batch_get
from winnow_aws.rows import row_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_MAX_CLAIMS = 100
_MAX_LEASES = 100
_MAX_ROWS_OF_A_KEY = 100_000
_CLOCK_TOLERANCE_S = 3_600.0
"""How far the clock that wrote `claimed_at` may be behind S3's."""
SWEEP_RUN = "sweep"
"""The `run` of a row that the sweep itself gave up."""


def _stamp(moment: datetime) -> str:
    """A time as the workflow writes it; these texts sort by time."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TableRuns:
    """The table, one row per upload, kept for `retention_days`."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        table: str,
        retention_days: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._where = f"in the table {table}"
        self._retention_days = retention_days
        self._sleep = sleep

    def one(self, upload_id: str) -> UploadRow | None:
        """The row of an upload, with a consistent read."""
        with translated(self._where):
            answer = self._dynamodb.get_item(
                TableName=self._table,
                Key={"upload_id": {"S": upload_id}},
                ConsistentRead=True,
            )
        return row_of(answer["Item"]) if "Item" in answer else None

    def by_id(self, upload_ids: Sequence[str]) -> list[UploadRow]:
        """The rows that exist, with consistent reads.

        Raises RetryableError if DynamoDB leaves keys unprocessed again and again.
        """
        keys = [{"upload_id": {"S": own_id}} for own_id in dict.fromkeys(upload_ids)]
        found = batch_get(self._dynamodb, self._table, keys, self._sleep, ConsistentRead=True)
        return list(map(row_of, found))

    def by_key(self, key: str, since: float = 0.0) -> list[UploadRow]:
        """Every row of an object key that was claimed since then (in epoch seconds).

        Read from an index, which may lag behind for a moment.

        Raises RetryableError if there are too many.
        """
        first = datetime.fromtimestamp(0, UTC) + timedelta(
            seconds=max(0.0, since - _CLOCK_TOLERANCE_S)
        )
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="by_object",
            KeyConditionExpression="object_key = :key AND claimed_at >= :since",
            ExpressionAttributeValues={":key": {"S": key}, ":since": {"S": _stamp(first)}},
        )
        rows: list[UploadRow] = []
        with translated(self._where):
            for page in pages:
                rows += map(row_of, page["Items"])
                if len(rows) > _MAX_ROWS_OF_A_KEY:
                    raise RetryableError(f"One object has more than {_MAX_ROWS_OF_A_KEY:,} rows.")
        return rows

    def leases(self, before: float | None, after: Lease | None) -> LeasePage:
        """Rows of runs under way whose lease ends before then (None: all), the first to end first.

        Read from an index, which may lag behind for a moment.
        """
        condition = "#state = :running"
        values: dict[str, Any] = {":running": {"S": "RUNNING"}}
        start: dict[str, Any] = {}
        if before is not None:
            condition += " AND lease_until < :before"
            values[":before"] = {"N": str(int(before))}
        if after is not None:
            start["ExclusiveStartKey"] = {
                "state": {"S": "RUNNING"},
                "lease_until": {"N": f"{after.until:.0f}"},
                "upload_id": {"S": after.upload_id},
            }
        with translated(self._where):
            answer = self._dynamodb.query(
                TableName=self._table,
                IndexName="by_lease",
                KeyConditionExpression=condition,
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=values,
                Limit=1 if before is None else _MAX_LEASES,
                **start,
            )
        rows = [
            Lease(until=float(item["lease_until"]["N"]), upload_id=item["upload_id"]["S"])
            for item in answer["Items"]
        ]
        return LeasePage(rows, "LastEvaluatedKey" in answer)

    def claimed(self, state: str, span: tuple[float, float], after: Claim | None) -> ClaimPage:
        """Rows of a state that were claimed from a time to another, in this order.

        Read from an index, which may lag behind for a moment.
        """
        first, last = (_stamp(datetime.fromtimestamp(each, UTC)) for each in span)
        start: dict[str, Any] = {}
        if after is not None:
            start["ExclusiveStartKey"] = texts(
                state=state, claimed_at=after.at, upload_id=after.upload_id
            )
        with translated(self._where):
            answer = self._dynamodb.query(
                TableName=self._table,
                IndexName="by_claim",
                KeyConditionExpression="#state = :state AND claimed_at BETWEEN :first AND :last",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":state": {"S": state},
                    ":first": {"S": first},
                    ":last": {"S": last},
                },
                Limit=_MAX_CLAIMS,
                **start,
            )
        key = answer.get("LastEvaluatedKey")
        more = Claim(at=key["claimed_at"]["S"], upload_id=key["upload_id"]["S"]) if key else None
        return ClaimPage([row_of(item) for item in answer["Items"]], more)

    def every(self) -> Iterator[UploadRow]:
        """Every row."""
        pages = iter(self._dynamodb.get_paginator("scan").paginate(TableName=self._table))
        while True:
            with translated(self._where):
                page = next(pages, None)
            if page is None:
                return
            yield from map(row_of, page["Items"])

    def give_up(self, upload: Upload, stuck: UploadRow | None, error: UploadAbandonedError) -> bool:
        """Record the upload as FAILED; False if a run has claimed or ended it meanwhile."""
        now = datetime.now(UTC)
        condition = "attribute_not_exists(upload_id)"
        values: dict[str, Any] = {
            ":failed": {"S": "FAILED"},
            ":self": {"S": SWEEP_RUN},
            ":bucket": {"S": upload.object.bucket},
            ":key": {"S": upload.object.key},
            ":size": {"N": str(upload.size)},
            ":now": {"S": _stamp(now)},
            ":expires": {"N": str(int(now.timestamp()) + self._retention_days * 86_400)},
            ":code": {"S": error.code},
            ":message": {"S": error.message},
        }
        version = upload.object.version_id
        if version is not None:
            values[":version"] = {"S": version}
        if stuck is not None:
            values[":running"] = {"S": "RUNNING"}
            if stuck.run is None:
                # None, or one that is no text and cannot be read.
                condition = "#state = :running AND NOT attribute_type(#run, :text)"
                values[":text"] = {"S": "S"}
            else:
                condition = "#state = :running AND #run = :stuck"
                values[":stuck"] = {"S": stuck.run}
        with translated(self._where):
            try:
                self._dynamodb.update_item(
                    TableName=self._table,
                    Key={"upload_id": {"S": upload.upload_id}},
                    ConditionExpression=condition,
                    UpdateExpression=(
                        "SET #state = :failed, #run = :self, #bucket = :bucket, object_key = :key, "
                        "#size = :size, "
                        "claimed_at = if_not_exists(claimed_at, :now), ended_at = :now, "
                        "expires = :expires, error_code = :code, error_message = :message"
                        + (", version_id = if_not_exists(version_id, :version)" * bool(version))
                        + " REMOVE lease_until"
                    ),
                    ExpressionAttributeNames={
                        "#state": "state",
                        "#run": "run",
                        "#bucket": "bucket",
                        "#size": "size",
                    },
                    ExpressionAttributeValues=values,
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True
