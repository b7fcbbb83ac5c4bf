"""The registry on DynamoDB: processes, their versions and the history of their aliases.

| item | pk | sk |
|---|---|---|
| a process: which version is called what | `processes` | its id |
| a version | `version#` and the process | its sha256 |
| a change of the aliases | `history#` and the process | revision, 10 digits |

One query of the first partition is all that a run needs to know which version decides it. A change
is one transaction: the process's item, on condition of its revision, and the item of its history.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from winnow.errors import ReleaseConflictError, VersionUnknownError
from winnow.models import FrozenModel
from winnow.registry.models import AliasChange, ModelVersion, ProcessEntry
from winnow_aws.attributes import Item, attribute, texts, value_of
from winnow_aws.aws_errors import translated
from winnow_aws.transactions import ConditionFailed, Writer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PROCESSES = "processes"
_WHERE = "in the table of models"
_NEW = "attribute_not_exists(pk)"
_THERE = "attribute_exists(pk)"


class RegistryTable:
    """The table with this name: a ModelRegistry."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        table: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._writer = Writer(dynamodb, table, sleep, _WHERE)

    # -- reads -------------------------------------------------------------------------------------

    def entries(self) -> tuple[ProcessEntry, ...]:
        return tuple(ProcessEntry.model_validate(_values(i)) for i in self._partition(PROCESSES))

    def entry(self, process: str) -> ProcessEntry | None:
        item = self._get(entry_key(process))
        return ProcessEntry.model_validate(_values(item)) if item else None

    def version(self, process: str, sha256: str) -> ModelVersion:
        item = self._get(version_key(process, sha256))
        if not item:
            raise VersionUnknownError(f"{process} has no version {sha256[:12]}.")
        return ModelVersion.model_validate(_values(item))

    def versions(self, process: str) -> tuple[ModelVersion, ...]:
        partition = self._partition(_versions_of(process))
        found = [ModelVersion.model_validate(_values(item)) for item in partition]
        return tuple(sorted(found, key=lambda v: (v.created, v.sha256), reverse=True))

    def history(self, process: str) -> tuple[AliasChange, ...]:
        partition = self._partition(_history_of(process))
        return tuple(AliasChange.model_validate(_values(item)) for item in partition)

    # -- writes ------------------------------------------------------------------------------------

    def add(self, version: ModelVersion) -> bool:
        item = version_key(version.process, version.sha256) | _attributes(version)
        try:
            self._writer.transact([{"Put": {"Item": item, "ConditionExpression": _NEW}}])
        except ConditionFailed:
            # An earlier attempt of this call may have written it.
            return self.version(version.process, version.sha256) == version
        return True

    def mark_reproducible(self, process: str, sha256: str, reproducible: bool) -> None:
        try:
            self._writer.update(
                Key=version_key(process, sha256),
                UpdateExpression="SET reproducible = :it",
                ConditionExpression=_THERE,
                ExpressionAttributeValues={":it": {"BOOL": reproducible}},
            )
        except ConditionFailed:
            raise VersionUnknownError(f"{process} has no version {sha256[:12]}.") from None

    def change(self, before: ProcessEntry | None, after: ProcessEntry, change: AliasChange) -> None:
        key = history_key(after.process, change.revision)
        put: Item = {
            "Item": entry_key(after.process) | _attributes(after),
            "ConditionExpression": _NEW,
        }
        if before is not None:
            put |= {
                "ConditionExpression": "revision = :seen",
                "ExpressionAttributeValues": {":seen": {"N": str(before.revision)}},
            }
        history = {"Item": key | _attributes(change), "ConditionExpression": _NEW}
        try:
            self._writer.transact([{"Put": put}, {"Put": history}])
        except ConditionFailed:
            there = self._get(key)
            if there and AliasChange.model_validate(_values(there)) == change:
                return  # It was written, and the answer to it was lost.
            raise ReleaseConflictError(
                f"{after.process} was changed by somebody else at the same time."
            ) from None

    # -- requests ----------------------------------------------------------------------------------

    def _get(self, key: Item) -> Item:
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


def entry_key(process: str) -> Item:
    """The key of a process's item."""
    return texts(pk=PROCESSES, sk=process)


def version_key(process: str, sha256: str) -> Item:
    """The key of a version."""
    return texts(pk=_versions_of(process), sk=sha256)


def history_key(process: str, revision: int) -> Item:
    """The key of the change that led to a revision."""
    return texts(pk=_history_of(process), sk=f"{revision:010d}")


def _versions_of(process: str) -> str:
    return f"version#{process}"


def _history_of(process: str) -> str:
    return f"history#{process}"


def _attributes(shape: FrozenModel) -> Item:
    values = shape.model_dump(mode="json")
    return {name: attribute(value) for name, value in values.items() if value is not None}


def _values(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value_of(value) for name, value in item.items() if name not in ("pk", "sk")}
