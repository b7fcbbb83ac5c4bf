"""The sweep's ports on AWS: inbox (S3), runs (DynamoDB), workflow (Step Functions), mail (SNS)."""

import json
import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from winnow.errors import RetryableError, UploadAbandonedError
from winnow.models import Mail, Upload
from winnow.recovery.status import ObjectVersion
from winnow.recovery.sweep import Cursor, Lease, Leases, Page, Start
from winnow.recovery.upload_row import UploadRow
from winnow.steps.upload import INBOX
from winnow_aws.aws_errors import translated
from winnow_aws.rows import row_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient

_BATCH = 100  # DynamoDB's most for one BatchGetItem
_BATCH_TRIES = 6
_LEASES = 100
_ROWS_OF_A_KEY = 100_000
_EARLIER_S = 3_600.0
"""How far the clock that wrote `claimed_at` may be behind S3's."""
SWEEP_RUN = "sweep"
"""The `run` of a row that the sweep itself gave up."""


class S3Inbox:
    """Every version in the inbox, deleted ones too, a page at a time."""

    def __init__(self, s3: "S3Client", bucket: str, page_size: int = 1000) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._page_size = page_size

    @property
    def bucket(self) -> str:
        return self._bucket

    def page(self, after: Cursor | None) -> Page:
        return self._page(INBOX, after)

    def _page(self, prefix: str, after: Cursor | None) -> Page:
        marker = {} if after is None else {"KeyMarker": after.key}
        if after is not None and after.version_id:
            marker["VersionIdMarker"] = after.version_id
        with translated(f"in the bucket {self._bucket}"):
            found = self._s3.list_object_versions(
                Bucket=self._bucket,
                Prefix=prefix,
                MaxKeys=self._page_size,
                **marker,  # type: ignore[arg-type]
            )
        versions = [
            ObjectVersion(
                one["Key"], one["VersionId"], one["Size"], one["LastModified"].timestamp()
            )
            for one in found.get("Versions", [])
        ]
        if not found.get("IsTruncated"):
            return Page(versions, None)
        return Page(
            versions,
            Cursor(key=found["NextKeyMarker"], version_id=found.get("NextVersionIdMarker", "")),
        )

    def every(self) -> Iterator[ObjectVersion]:
        """All of them, in the order of their keys' bytes."""
        return self._all(INBOX)

    def of_key(self, key: str) -> Iterator[ObjectVersion]:
        """All of one object."""
        # Its name is the first of those that begin with it.
        return takewhile(lambda version: version.key == key, self._all(key))

    def _all(self, prefix: str) -> Iterator[ObjectVersion]:
        after: Cursor | None = None
        while True:
            page = self._page(prefix, after)
            yield from page.versions
            after = page.after
            if after is None:
                return


def _stamp(moment: datetime) -> str:
    """As the workflow writes times; they sort as they follow each other."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TableRuns:
    """The table, a row an upload; `retention_days` is how long it keeps one."""

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

    def by_id(self, upload_ids: Sequence[str]) -> list[UploadRow]:
        """The rows there are, read consistently.

        Raises RetryableError if DynamoDB leaves keys unprocessed again and again.
        """
        unique = list(dict.fromkeys(upload_ids))
        found: list[UploadRow] = []
        for start in range(0, len(unique), _BATCH):
            keys = [{"upload_id": {"S": one}} for one in unique[start : start + _BATCH]]
            wanted: dict[str, Any] = {self._table: {"Keys": keys, "ConsistentRead": True}}
            for tried in range(_BATCH_TRIES):
                with translated(self._where):
                    answer = self._dynamodb.batch_get_item(RequestItems=wanted)
                found += map(row_of, answer["Responses"].get(self._table, []))
                wanted = dict(answer.get("UnprocessedKeys") or {})
                if not wanted:
                    break
                self._sleep(random.uniform(0, 0.1 * 2**tried))  # noqa: S311 - jitter
            else:
                raise RetryableError("DynamoDB did not process every key.")
        return found

    def by_key(self, key: str, since: float = 0.0) -> list[UploadRow]:
        """Every row of an object key that was claimed since then (epoch seconds).

        An index tells it, which may lag a moment behind.

        Raises RetryableError if there are more than can be held.
        """
        first = datetime.fromtimestamp(0, UTC) + timedelta(seconds=max(0.0, since - _EARLIER_S))
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="by_object",
            KeyConditionExpression="object_key = :key AND claimed_at >= :since",
            ExpressionAttributeValues={":key": {"S": key}, ":since": {"S": _stamp(first)}},
        )
        found: list[UploadRow] = []
        with translated(self._where):
            for page in pages:
                found += map(row_of, page["Items"])
                if len(found) > _ROWS_OF_A_KEY:
                    raise RetryableError(f"One object has more than {_ROWS_OF_A_KEY:,} rows.")
        return found

    def leases(self, before: float | None, after: Lease | None) -> Leases:
        """Rows of runs under way whose lease ends before then (None: all), the first to end first.

        An index tells them, which may lag a moment behind.
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
            found = self._dynamodb.query(
                TableName=self._table,
                IndexName="by_lease",
                KeyConditionExpression=condition,
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=values,
                Limit=1 if before is None else _LEASES,
                **start,
            )
        rows = [
            Lease(until=float(item["lease_until"]["N"]), upload_id=item["upload_id"]["S"])
            for item in found["Items"]
        ]
        return Leases(rows, "LastEvaluatedKey" in found)

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
            condition = "#state = :running AND #run = :stuck"
            values |= {":running": {"S": "RUNNING"}, ":stuck": {"S": stuck.run or ""}}
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


class StatesWorkflow:
    """The state machine with this ARN."""

    def __init__(self, states: "SFNClient", arn: str) -> None:
        self._states = states
        self._arn = arn

    def start(self, name: str, event: dict[str, Any]) -> Start:
        # AWS answers a start of the same name and input with the execution that runs, as if it had
        # been started now: so no two starts have the same input.
        unlike = {**event, "start": secrets.token_hex(8)}
        with translated("in Step Functions"):
            try:
                self._states.start_execution(
                    stateMachineArn=self._arn, name=name, input=json.dumps(unlike)
                )
            except self._states.exceptions.ExecutionAlreadyExists:
                execution = self._arn.replace(":stateMachine:", ":execution:") + f":{name}"
                found = self._states.describe_execution(executionArn=execution)
                return Start.RUNNING if found["status"] == "RUNNING" else Start.ENDED
        return Start.STARTED


class TopicMailer:
    """The topic with this ARN; whoever subscribed to it gets the mail."""

    def __init__(self, sns: "SNSClient", arn: str) -> None:
        self._sns = sns
        self._arn = arn

    def send(self, mail: Mail, told: Mapping[str, str] | None = None) -> None:
        with translated("in SNS"):
            self._sns.publish(
                TopicArn=self._arn,
                Subject=mail.subject,
                Message=mail.body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in (told or {}).items()
                },
            )
