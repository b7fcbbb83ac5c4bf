"""Many items of a table of DynamoDB, by their keys."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from winnow.errors import RetryableError
from winnow_aws.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_MAX_BATCH = 100  # DynamoDB's maximum for one BatchGetItem
_MAX_ATTEMPTS = 6


def batch_get(
    dynamodb: "DynamoDBClient",
    table: str,
    keys: Sequence[dict[str, Any]],
    sleep: Callable[[float], None],
    **how: Any,
) -> Iterator[dict[str, Any]]:
    """The items that exist; `how` is as in a request's KeysAndAttributes.

    Raises RetryableError if DynamoDB leaves keys unprocessed again and again.
    """
    for start in range(0, len(keys), _MAX_BATCH):
        request: dict[str, Any] = {table: {"Keys": keys[start : start + _MAX_BATCH], **how}}
        for attempt in range(_MAX_ATTEMPTS):
            with translated(f"in the table {table}"):
                answer = dynamodb.batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(table, [])
            request = dict(answer.get("UnprocessedKeys") or {})
            if not request:
                break
            sleep(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311 - jitter
        else:
            raise RetryableError("DynamoDB did not process every key.")
