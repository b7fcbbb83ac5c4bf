"""The sweep's ports on AWS: inbox (S3), runs (DynamoDB), workflow (Step Functions), mail (SNS)."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from winnow.errors import RetryableError, UploadAbandonedError
from winnow.models import Mail, Upload
from winnow.standing import Claim, ObjectVersion
from winnow.sweep import Cursor, Page, Start
from winnow.upload import INBOX
from winnow_aws.refusals import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient

_BATCH = 100  # DynamoDB's most for one BatchGetItem
_BATCH_TRIES = 6
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
        marker = {"KeyMarker": after.key, "VersionIdMarker": after.version_id} if after else {}
        with translated(f"in the bucket {self._bucket}"):
            found = self._s3.list_object_versions(
                Bucket=self._bucket,
                Prefix=INBOX,
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
            Cursor(key=found["NextKeyMarker"], version_id=found["NextVersionIdMarker"]),
        )

    def every(self) -> Iterator[ObjectVersion]:
        """All of them."""
        after: Cursor | None = None
        while True:
            page = self.page(after)
            yield from page.versions
            after = page.after
            if after is None:
                return


def claim_of(item: Mapping[str, Any]) -> Claim:
    """A row of the table."""

    def text(name: str) -> str | None:
        return str(item[name]["S"]) if name in item else None

    def number(name: str) -> float | None:
        return float(item[name]["N"]) if name in item else None

    version, ended = text("version_id"), text("ended_at")
    lease, attempt, size = number("lease_until"), number("attempt"), number("size")
    return Claim(
        upload_id=str(item["upload_id"]["S"]),
        key=text("object_key") or "",
        state=item["state"]["S"],
        run=text("run") or "",
        claimed_at=datetime.fromisoformat(str(item["claimed_at"]["S"])).timestamp(),
        version_id=version,
        sequencer=text("sequencer"),
        size=int(size or 0),
        lease_until=lease,
        attempt=int(attempt or 1),
        ended_at=datetime.fromisoformat(ended).timestamp() if ended else None,
    )


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

    def by_id(self, upload_ids: Sequence[str]) -> list[Claim]:
        """The rows there are, read consistently.

        Raises RetryableError if DynamoDB leaves keys unprocessed again and again.
        """
        unique = list(dict.fromkeys(upload_ids))
        found: list[Claim] = []
        for start in range(0, len(unique), _BATCH):
            keys = [{"upload_id": {"S": one}} for one in unique[start : start + _BATCH]]
            wanted: dict[str, Any] = {self._table: {"Keys": keys, "ConsistentRead": True}}
            for tried in range(_BATCH_TRIES):
                with translated(self._where):
                    answer = self._dynamodb.batch_get_item(RequestItems=wanted)
                found += map(claim_of, answer["Responses"].get(self._table, []))
                wanted = dict(answer.get("UnprocessedKeys") or {})
                if not wanted:
                    break
                self._sleep(random.uniform(0, 0.1 * 2**tried))  # noqa: S311 - jitter
            else:
                raise RetryableError("DynamoDB did not process every key.")
        return found

    def by_key(self, key: str) -> list[Claim]:
        """Every row of an object key, as an index tells it that may lag a moment behind."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="by_object",
            KeyConditionExpression="object_key = :key",
            ExpressionAttributeValues={":key": {"S": key}},
        )
        with translated(self._where):
            return [claim_of(item) for page in pages for item in page["Items"]]

    def every(self) -> Iterator[Claim]:
        """Every row."""
        pages = iter(self._dynamodb.get_paginator("scan").paginate(TableName=self._table))
        while True:
            with translated(self._where):
                page = next(pages, None)
            if page is None:
                return
            yield from map(claim_of, page["Items"])

    def give_up(self, upload: Upload, stuck: Claim | None, error: UploadAbandonedError) -> bool:
        """Record the upload as FAILED; False if a run has claimed or ended it meanwhile."""
        now = datetime.now(UTC)
        stamp = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        condition = "attribute_not_exists(upload_id)"
        values: dict[str, Any] = {
            ":failed": {"S": "FAILED"},
            ":self": {"S": SWEEP_RUN},
            ":bucket": {"S": upload.object.bucket},
            ":key": {"S": upload.object.key},
            ":version": {"S": upload.object.version_id or "null"},
            ":size": {"N": str(upload.size)},
            ":now": {"S": stamp},
            ":expires": {"N": str(int(now.timestamp()) + self._retention_days * 86_400)},
            ":code": {"S": error.code},
            ":message": {"S": error.sentence},
        }
        if stuck is not None:
            condition = "#state = :running AND #run = :stuck"
            values |= {":running": {"S": "RUNNING"}, ":stuck": {"S": stuck.run}}
        with translated(self._where):
            try:
                self._dynamodb.update_item(
                    TableName=self._table,
                    Key={"upload_id": {"S": upload.upload_id}},
                    ConditionExpression=condition,
                    UpdateExpression=(
                        "SET #state = :failed, #run = :self, #bucket = :bucket, object_key = :key, "
                        "version_id = if_not_exists(version_id, :version), #size = :size, "
                        "claimed_at = if_not_exists(claimed_at, :now), ended_at = :now, "
                        "expires = :expires, error_code = :code, error_message = :message "
                        "REMOVE lease_until"
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
        # AWS answers a start of the same name and input with the execution that runs.
        with translated("in Step Functions"):
            try:
                self._states.start_execution(
                    stateMachineArn=self._arn, name=name, input=json.dumps(event)
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

    def send(self, mail: Mail) -> None:
        with translated("in SNS"):
            self._sns.publish(TopicArn=self._arn, Subject=mail.subject, Message=mail.body)
