"""The table of models, as its adapters share it: consistent reads, and shapes as items.

Each adapter has partitions of its own: the registry (`winnow_aws.registry`), live precision
(`winnow_aws.releases`), the lease of trainings (`winnow_aws.training_lease`) and the age of the
code (`winnow_aws.deployed_code`).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from winnow.models import FrozenModel
from winnow_aws.attributes import Item, attribute, texts, value_of
from winnow_aws.aws_errors import translated
from winnow_aws.transactions import ConditionFailed, Writer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WHERE = "in the table of models"
IS_NEW = "attribute_not_exists(pk)"
IS_THERE = "attribute_exists(pk)"


class ModelsTable:
    """The table of models with this name."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        table: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._writer = Writer(dynamodb, table, sleep, _WHERE)

    def _get(self, key: Item) -> Item:
        """An item; empty: there is none."""
        with translated(_WHERE):
            answer = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return dict(answer.get("Item") or {})

    def _partition(self, pk: str) -> Iterator[Item]:
        """The items of a partition, in the order of their sort keys."""
        start: dict[str, Any] = {}
        while True:
            with translated(_WHERE):
                page = self._dynamodb.query(
                    TableName=self._table,
                    KeyConditionExpression="pk = :pk",
                    ExpressionAttributeValues=texts(**{":pk": pk}),
                    ConsistentRead=True,
                    **start,
                )
            yield from page["Items"]
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _change(
        self, key: Item, after: FrozenModel, seen: int, history: Item, change: FrozenModel
    ) -> bool:
        """Write an entry and the change that led to it, or neither.

        Args:
            seen: The revision that the entry must be at; 0: there must be none.
            history: Where the change is kept.

        Returns:
            Whether it is written: now, or by an attempt whose answer was lost.
        """
        put: Item = {"Item": key | attributes_of(after), "ConditionExpression": IS_NEW}
        if seen:
            put |= {
                "ConditionExpression": "revision = :seen",
                "ExpressionAttributeValues": {":seen": {"N": str(seen)}},
            }
        kept = {"Item": history | attributes_of(change), "ConditionExpression": IS_NEW}
        try:
            self._writer.transact([{"Put": put}, {"Put": kept}])
        except ConditionFailed:
            there = self._get(history)
            return bool(there) and type(change).model_validate(values_of(there)) == change
        return True


def attributes_of(shape: FrozenModel) -> Item:
    """A shape as the attributes of an item; what is absent is no attribute."""
    values = shape.model_dump(mode="json")
    return {name: attribute(value) for name, value in values.items() if value is not None}


def values_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of an item as a shape takes them, without the key."""
    return {name: value_of(value) for name, value in item.items() if name not in ("pk", "sk")}
