"""Live precision in the table of versions: what was observed, and the bounds.

| item | pk | sk |
|---|---|---|
| the bounds of a version | `watch#` and the process | its sha256 |
| an observation | `observation#`, the process, `#` and the sha256 | upload `#` record, 10 digits |
| how both versions judged a run | `shadow#`, the process, `#` and the challenger | upload, run |

An observation and the bounds that count it are one transaction, on condition of what was read.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from winnow.models import FrozenModel, ShadowCounts
from winnow.releases.models import Observation, VersionWatch
from winnow.reviews.models import RecordKey
from winnow_aws.attributes import Item, attribute, texts, value_of
from winnow_aws.aws_errors import translated
from winnow_aws.transactions import ConditionFailed, Writer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WHERE = "in the table of models"
_NEW = "attribute_not_exists(pk)"
_NO_RECORD = RecordKey("", 0)


class LiveTable:
    """The table with this name: a LiveStore."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        table: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._writer = Writer(dynamodb, table, sleep, _WHERE)

    def watch(self, process: str, version: str) -> VersionWatch | None:
        item = self._get(watch_key(process, version))
        return VersionWatch.model_validate(_values(item)) if item else None

    def observation(self, process: str, version: str, key: RecordKey) -> Observation | None:
        item = self._get(observation_key(process, version, key))
        return Observation.model_validate(_values(item)) if item else None

    def keep_differences(
        self, process: str, challenger: str, run: str, counts: ShadowCounts
    ) -> None:
        key = texts(pk=_differences_of(process, challenger), sk=run)
        self._writer.put(key | _attributes(counts))

    def differences(self, process: str, challenger: str) -> ShadowCounts | None:
        total: ShadowCounts | None = None
        for item in self._partition(_differences_of(process, challenger)):
            counts = ShadowCounts.model_validate(_values(item))
            total = counts if total is None else total + counts
        return total

    def observations(self, process: str, version: str) -> Iterator[Observation]:
        for item in self._partition(_observations_of(process, version)):
            yield Observation.model_validate(_values(item))

    def keep(
        self,
        watch: VersionWatch,
        seen: int | None,
        observation: Observation | None = None,
        replaced: int | None = None,
    ) -> bool:
        key = watch_key(watch.process, watch.version)
        actions = [{"Put": _put(key, watch, "revision", seen)}]
        record = RecordKey(observation.upload, observation.record) if observation else _NO_RECORD
        if observation is not None:
            place = observation_key(watch.process, watch.version, record)
            actions.append({"Put": _put(place, observation, "event", replaced)})
        try:
            self._writer.transact(actions)
        except ConditionFailed:
            # It may have been written, and the answer to it was lost. The bounds of two records
            # that came at the same time may be equal: the observation says whose they are.
            if observation is None:
                return self.watch(watch.process, watch.version) == watch
            return self.observation(watch.process, watch.version, record) == observation
        return True

    def _partition(self, pk: str) -> Iterator[Item]:
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

    def _get(self, key: Item) -> Item:
        with translated(_WHERE):
            answer = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return dict(answer.get("Item") or {})


def _differences_of(process: str, challenger: str) -> str:
    return f"shadow#{process}#{challenger}"


def watch_key(process: str, version: str) -> Item:
    """The key of a version's bounds."""
    return texts(pk=f"watch#{process}", sk=version)


def observation_key(process: str, version: str, key: RecordKey) -> Item:
    """The key of what was observed of a record."""
    return texts(pk=_observations_of(process, version), sk=f"{key.upload}#{key.record:010d}")


def _observations_of(process: str, version: str) -> str:
    return f"observation#{process}#{version}"


def _put(key: Item, shape: FrozenModel, name: str, seen: int | None) -> Item:
    """Put a shape on condition that a number of the one before is what was read."""
    item = key | _attributes(shape)
    if seen is None:
        return {"Item": item, "ConditionExpression": _NEW}
    return {
        "Item": item,
        "ConditionExpression": "#seen = :seen",
        "ExpressionAttributeNames": {"#seen": name},
        "ExpressionAttributeValues": {":seen": {"N": str(seen)}},
    }


def _attributes(shape: FrozenModel) -> Item:
    values = shape.model_dump(mode="json")
    return {name: attribute(value) for name, value in values.items() if value is not None}


def _values(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value_of(value) for name, value in item.items() if name not in ("pk", "sk")}
