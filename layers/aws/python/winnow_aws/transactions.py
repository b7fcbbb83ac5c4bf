"""Conditional writes to DynamoDB, one item or many at once, tried again where others interfere."""

import random
import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from winnow.errors import RetryableError
from winnow_aws.aws_errors import (
    TRANSIENT_CODES,
    code_of,
    from_botocore_error,
    from_client_error,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_ACTIONS = 100
"""DynamoDB's maximum for one transaction."""
_MAX_ATTEMPTS = 12
_FIRST_WAIT_S = 0.02
_MAX_WAIT_S = 1.0
_CONDITION = "ConditionalCheckFailed"
_TRANSIENT_REASONS = {
    *("None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"),
    "RequestLimitExceeded",
}
"""Why DynamoDB cancels a transaction that may succeed when it is sent again."""
_SENT_BEFORE = "IdempotentParameterMismatchException"
_CONFLICTS = {"TransactionConflictException", "TransactionInProgressException"}

T = TypeVar("T")


class ConditionFailed(Exception):  # noqa: N818 - an outcome that the callers expect
    """The conditions of some actions did not hold; nothing was written."""

    def __init__(self, actions: Sequence[int] = (0,)) -> None:
        super().__init__("A condition did not hold.")
        self.actions = frozenset(actions)
        """Positions of the actions."""


class Writer:
    """Writes to one table."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        table: str,
        sleep: Callable[[float], None] = time.sleep,
        where: str = "in the table of reviews",
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._sleep = sleep
        self._where = where

    def update(self, **request: Any) -> dict[str, Any]:
        """UpdateItem. Raises ConditionFailed."""
        return self._retried(
            lambda: dict(self._dynamodb.update_item(TableName=self._table, **request))
        )

    def put(self, item: dict[str, Any]) -> None:
        """PutItem without a condition."""
        self._retried(lambda: self._dynamodb.put_item(TableName=self._table, Item=item))

    def delete(self, **request: Any) -> None:
        """DeleteItem. Raises ConditionFailed."""
        self._retried(lambda: self._dynamodb.delete_item(TableName=self._table, **request))

    def transact(self, actions: Sequence[dict[str, dict[str, Any]]]) -> None:
        """Write all or nothing: `{"Put": …}` or `{"Update": …}` without the table's name.

        Every attempt has the same token: one whose answer was lost is not applied twice. Raises
        ConditionFailed.
        """
        token = uuid.uuid4().hex
        items: Any = [
            {kind: {"TableName": self._table, **action}}
            for given in actions
            for kind, action in given.items()
        ]

        def send() -> None:
            try:
                self._dynamodb.transact_write_items(TransactItems=items, ClientRequestToken=token)
            except ClientError as error:
                # Only an earlier attempt of this call can have used the token. The local stack
                # says so instead of repeating the answer. The callers look at what was written.
                if code_of(error) == _SENT_BEFORE:
                    raise ConditionFailed(range(len(items))) from None
                raise

        self._retried(send)

    def _retried(self, call: Callable[[], T]) -> T:
        for attempt in range(_MAX_ATTEMPTS):
            try:
                return call()
            except ClientError as error:
                self._check(error)
            except BotoCoreError as error:
                ours = from_botocore_error(error)
                if not isinstance(ours, RetryableError):
                    raise ours from None
            self._sleep(random.uniform(0, min(_MAX_WAIT_S, _FIRST_WAIT_S * 2**attempt)))  # noqa: S311 - jitter
        raise RetryableError(f"Too many others write {self._where} at the same time.")

    def _check(self, error: ClientError) -> None:
        """Return if the call may succeed when it is sent again, else raise."""
        code = code_of(error)
        if code == "ConditionalCheckFailedException":
            raise ConditionFailed from None
        if code == "TransactionCanceledException":
            reasons = [
                str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])
            ]
            failed = [place for place, reason in enumerate(reasons) if reason == _CONDITION]
            if failed:
                raise ConditionFailed(failed) from None
            if reasons and set(reasons) <= _TRANSIENT_REASONS:
                return
        elif code in _CONFLICTS or code in TRANSIENT_CODES:
            return
        raise from_client_error(error, self._where) from None
