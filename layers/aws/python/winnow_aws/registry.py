"""The registry on DynamoDB: processes, their versions and the history of their aliases.

| item | pk | sk |
|---|---|---|
| a process: which version is called what | `processes` | its id |
| a version | `version#` and the process | its sha256 |
| a change of the aliases | `history#` and the process | revision, 10 digits |

One query of the first partition is all that a run needs to know which version decides it. A change
is one transaction: the process's item, on condition of its revision, and the item of its history.
"""

from winnow.errors import ReleaseConflictError, VersionUnknownError
from winnow.registry.models import AliasChange, ModelVersion, ProcessEntry
from winnow_aws.attributes import Item, texts
from winnow_aws.models_table import IS_NEW, IS_THERE, ModelsTable, attributes_of, values_of
from winnow_aws.transactions import ConditionFailed

PROCESSES = "processes"


class RegistryTable(ModelsTable):
    """The table with this name: a ModelRegistry."""

    # -- reads -------------------------------------------------------------------------------------

    def entries(self) -> tuple[ProcessEntry, ...]:
        return tuple(ProcessEntry.model_validate(values_of(i)) for i in self._partition(PROCESSES))

    def entry(self, process: str) -> ProcessEntry | None:
        item = self._get(entry_key(process))
        return ProcessEntry.model_validate(values_of(item)) if item else None

    def version(self, process: str, sha256: str) -> ModelVersion:
        item = self._get(version_key(process, sha256))
        if not item:
            raise VersionUnknownError(f"{process} has no version {sha256[:12]}.")
        return ModelVersion.model_validate(values_of(item))

    def versions(self, process: str) -> tuple[ModelVersion, ...]:
        partition = self._partition(_versions_of(process))
        found = [ModelVersion.model_validate(values_of(item)) for item in partition]
        return tuple(sorted(found, key=lambda v: (v.created, v.sha256), reverse=True))

    def history(self, process: str) -> tuple[AliasChange, ...]:
        partition = self._partition(_history_of(process))
        return tuple(AliasChange.model_validate(values_of(item)) for item in partition)

    # -- writes ------------------------------------------------------------------------------------

    def add(self, version: ModelVersion) -> bool:
        item = version_key(version.process, version.sha256) | attributes_of(version)
        try:
            self._writer.transact([{"Put": {"Item": item, "ConditionExpression": IS_NEW}}])
        except ConditionFailed:
            # An earlier attempt of this call may have written it.
            return self.version(version.process, version.sha256) == version
        return True

    def mark_reproducible(self, process: str, sha256: str, reproducible: bool) -> None:
        try:
            self._writer.update(
                Key=version_key(process, sha256),
                UpdateExpression="SET reproducible = :it",
                ConditionExpression=IS_THERE,
                ExpressionAttributeValues={":it": {"BOOL": reproducible}},
            )
        except ConditionFailed:
            raise VersionUnknownError(f"{process} has no version {sha256[:12]}.") from None

    def change(self, before: ProcessEntry | None, after: ProcessEntry, change: AliasChange) -> None:
        key, history = entry_key(after.process), history_key(after.process, change.revision)
        seen = 0 if before is None else before.revision
        if not self._change(key, after, seen, history, change):
            raise ReleaseConflictError(
                f"{after.process} was changed by somebody else at the same time."
            )


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
