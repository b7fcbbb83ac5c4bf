"""What of the uploads is in the queue of reviews; asks the queue function for what is not."""

import json
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from winnow_aws.attributes import texts
from winnow_aws.aws_errors import translated
from winnow_aws.batch_get import batch_get
from winnow_aws.review_items import QUEUED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TableReviewQueue:
    """Implements `winnow.recovery.ports.ReviewQueue`."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        table: str,
        functions: Any,
        queue_function: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`functions` is boto3's client of Lambda, `table` that of reviews."""
        self._dynamodb = dynamodb
        self._table = table
        self._functions = functions
        self._queue_function = queue_function
        self._sleep = sleep

    def queued(self, upload_ids: Sequence[str]) -> dict[str, str]:
        keys = [texts(pk=upload_id, sk=QUEUED) for upload_id in dict.fromkeys(upload_ids)]
        found = batch_get(
            self._dynamodb, self._table, keys, self._sleep, ProjectionExpression="pk, run_started"
        )
        return {item["pk"]["S"]: item["run_started"]["S"] for item in found}

    def queue(self, upload_id: str) -> None:
        with translated("of the queue function"):
            self._functions.invoke(
                FunctionName=self._queue_function,
                InvocationType="Event",
                Payload=json.dumps({"queue": upload_id}).encode(),
            )
