"""A registry in memory, under the same contract as DynamoDB's."""

import threading

from winnow.errors import ReleaseConflictError, VersionUnknownError
from winnow.registry.files import version_sha256
from winnow.registry.models import AliasChange, ModelVersion, ProcessEntry

AT = "2026-01-01T00:00:00.000Z"


class MemoryRegistry:
    """Entries, versions and history; safe to share between threads."""

    def __init__(self) -> None:
        self._entries: dict[str, ProcessEntry] = {}
        self._versions: dict[tuple[str, str], ModelVersion] = {}
        self._history: dict[str, list[AliasChange]] = {}
        self._lock = threading.Lock()
        self.reads = 0
        """Calls of `entries`."""

    def entries(self) -> tuple[ProcessEntry, ...]:
        self.reads += 1
        return tuple(self._entries[process] for process in sorted(self._entries))

    def entry(self, process: str) -> ProcessEntry | None:
        return self._entries.get(process)

    def version(self, process: str, sha256: str) -> ModelVersion:
        try:
            return self._versions[process, sha256]
        except KeyError:
            raise VersionUnknownError(f"{process} has no version {sha256[:12]}.") from None

    def versions(self, process: str) -> tuple[ModelVersion, ...]:
        found = [version for (owner, _), version in self._versions.items() if owner == process]
        return tuple(sorted(found, key=lambda v: (v.created, v.sha256), reverse=True))

    def add(self, version: ModelVersion) -> bool:
        with self._lock:
            key = version.process, version.sha256
            return self._versions.setdefault(key, version) is version

    def mark_reproducible(self, process: str, sha256: str, reproducible: bool) -> None:
        with self._lock:
            marked = self.version(process, sha256).model_copy(update={"reproducible": reproducible})
            self._versions[process, sha256] = marked

    def change(self, before: ProcessEntry | None, after: ProcessEntry, change: AliasChange) -> None:
        with self._lock:
            there = self._entries.get(after.process)
            history = self._history.setdefault(after.process, [])
            if (there.revision if there else None) != (before.revision if before else None):
                if change in history:
                    return
                raise ReleaseConflictError(f"{after.process} was changed by somebody else.")
            self._entries[after.process] = after
            history.append(change)

    def history(self, process: str) -> tuple[AliasChange, ...]:
        return tuple(self._history.get(process, ()))


def a_version(process: str = "triage", number: int = 1, **fields: object) -> ModelVersion:
    """A version without files; another number is another version."""
    definition = f"{number:064x}"
    given: dict[str, object] = {
        "process": process,
        "sha256": version_sha256(definition, None),
        "process_version": f"{number}.0.0",
        "kind": "labels",
        "definition_sha256": definition,
        "threshold": 0.7,
        "created": f"2026-01-{number:02d}T00:00:00.000Z",
        "by": "ann",
        "source": "published",
    }
    return ModelVersion.model_validate(given | fields)
