"""The champion of each process, for what judges outside of runs."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import NamedTuple

from winnow.errors import ProcessUnknownError
from winnow.ports import ObjectStore
from winnow.processes.registry import ProcessRegistry
from winnow.registry.models import PinnedVersion, ProcessEntry
from winnow.registry.ports import ModelRegistry
from winnow.registry.runs import RegistryModels

MAX_AGE_S = 2.0
"""Seconds after which the registry is asked again: a promotion is live by then."""


class Snapshot(NamedTuple):
    """The champions at one moment."""

    entries: tuple[ProcessEntry, ...]
    versions: Mapping[str, PinnedVersion]
    """By the id of their process."""
    registry: ProcessRegistry
    """Their definitions."""

    def of(self, process: str) -> PinnedVersion:
        """The champion of a process. Raises ProcessUnknownError."""
        try:
            return self.versions[process]
        except KeyError:
            raise ProcessUnknownError(f"No version of {process} can be read.") from None


class Champions:
    """Asks the registry again after some seconds; safe to share between threads."""

    def __init__(
        self,
        registry: ModelRegistry,
        store: ObjectStore,
        now: Callable[[], float],
        max_age_s: float = MAX_AGE_S,
    ) -> None:
        self._registry = registry
        self._models = RegistryModels(registry, store)
        self._now = now
        self._max_age_s = max_age_s
        self._snapshot: Snapshot | None = None
        self._asked = 0.0
        self._lock = Lock()

    def __call__(self) -> Snapshot:
        """The champions as they are, or were a moment ago."""
        with self._lock:
            snapshot = self._snapshot
            if snapshot is not None and self._now() - self._asked < self._max_age_s:
                return snapshot
            asked = self._now()
            entries = self._registry.entries()
            if snapshot is None or entries != snapshot.entries:
                snapshot = self._taken(entries)
            self._snapshot, self._asked = snapshot, asked
            return snapshot

    def _taken(self, entries: tuple[ProcessEntry, ...]) -> Snapshot:
        found = self._models.champions(entries)
        versions = {version.definition.id: version for version in found}
        registry = ProcessRegistry([version.definition for version in found])
        return Snapshot(entries, versions, registry)
