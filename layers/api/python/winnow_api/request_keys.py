"""Idempotency keys of the API, in the table of reviews: each is kept for a day."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from winnow.errors import RetryableError, WinnowError
from winnow_api.ports import Claimed
from winnow_aws.aws_errors import code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_S = 86_400
_SORT = "key"


class TableKeys:
    """Keys on DynamoDB."""

    def __init__(
        self, dynamodb: "DynamoDBClient", table: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._where = f"in the table {table}"
        self._clock = clock

    def claim(self, key: str, body: str, value: str) -> Claimed:
        now = int(self._clock())
        there: dict[str, Any] = {}
        taken = False

        def is_taken(error: ClientError) -> WinnowError | None:
            nonlocal taken
            if code_of(error) != "ConditionalCheckFailedException":
                return None
            taken = True
            there.update(error.response.get("Item") or {})  # type: ignore[call-overload]
            return RetryableError("The key is taken.")

        own = _own(key)
        try:
            with translated(self._where, is_taken):
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item={
                        **own,
                        "body": {"S": body},
                        "value": {"S": value},
                        "expires": {"N": str(now + KEPT_S)},
                    },
                    # DynamoDB deletes an expired item when it has time.
                    ConditionExpression="attribute_not_exists(pk) OR expires < :now",
                    ExpressionAttributeValues={":now": {"N": str(now)}},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except RetryableError:
            if not taken:
                raise
        else:
            return Claimed(value, body, first=True)
        if "value" not in there:  # an emulator may not return the item
            there = self._item(key)
        if "value" not in there:
            raise RetryableError("The idempotency key was released at this moment.")
        return Claimed(there["value"]["S"], there["body"]["S"], first=False)

    def has(self, key: str) -> bool:
        there = self._item(key)
        return "expires" in there and int(there["expires"]["N"]) >= int(self._clock())

    def _item(self, key: str) -> dict[str, Any]:
        with translated(self._where):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key=_own(key), ConsistentRead=True
            )
        return dict(answer.get("Item") or {})


def _own(key: str) -> dict[str, Any]:
    return {"pk": {"S": f"key#{key}"}, "sk": {"S": _SORT}}
