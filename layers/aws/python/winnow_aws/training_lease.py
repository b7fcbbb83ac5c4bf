"""Who trains a process now: an item of the table of models, with pk `training#` and the process."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from winnow_aws.aws_errors import translated
from winnow_aws.transactions import ConditionFailed, Writer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WHERE = "in the table of models"


class LeaseTable:
    """The table of models with this name: a TrainingLease."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        table: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._writer = Writer(dynamodb, table, sleep, _WHERE)

    def take(self, process: str, holder: str, now: float, until: float) -> bool:
        try:
            self._writer.update(
                Key=_key(process),
                UpdateExpression="SET holder = :holder, expires = :until",
                ConditionExpression=(
                    "attribute_not_exists(pk) OR holder = :holder OR expires <= :now"
                ),
                ExpressionAttributeValues={
                    ":holder": {"S": holder},
                    ":until": {"N": f"{until:.3f}"},
                    ":now": {"N": f"{now:.3f}"},
                },
            )
        except ConditionFailed:
            return False
        return True

    def release(self, process: str, holder: str) -> None:
        # It may have expired, and somebody else has it; or it was released before.
        with suppress(ConditionFailed):
            self._writer.delete(
                Key=_key(process),
                ConditionExpression="holder = :holder",
                ExpressionAttributeValues={":holder": {"S": holder}},
            )

    def held_until(self, process: str) -> float | None:
        with translated(_WHERE):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key=_key(process), ConsistentRead=True
            )
        item = answer.get("Item")
        return float(item["expires"]["N"]) if item else None


def _key(process: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"training#{process}"}, "sk": {"S": "lease"}}
