"""The versions that runs are judged by, from the registry."""

from typing import NamedTuple

from winnow.errors import (
    ProcessInvalidError,
    VersionAlteredError,
    VersionUnknownError,
)
from winnow.models import Alias, VersionRef
from winnow.ports import ObjectStore
from winnow.processes.schema import ProcessDefinition, parse_definition_json
from winnow.registry.files import DEFINITION, version_sha256
from winnow.registry.models import ModelVersion, PinnedVersion, ProcessEntry
from winnow.registry.ports import ModelRegistry
from winnow.registry.resolve import resolve
from winnow.registry.verified import read_verified


class Loaded(NamedTuple):
    """A version, and its definition."""

    version: ModelVersion
    definition: ProcessDefinition


class RegistryModels:
    """Models of the registry.

    Which version decides is asked for every time: a promotion holds for the next run. What a
    version is never changes, so it is kept once it was read.
    """

    def __init__(self, registry: ModelRegistry, store: ObjectStore) -> None:
        self._registry = registry
        self._store = store
        self._loaded: dict[tuple[str, str], Loaded] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(entry.process for entry in self._registry.entries())

    def resolve(self, name: str, upload_id: str) -> PinnedVersion:
        entry, ref, beside = resolve(name, upload_id, self._registry.entries())
        shadow = None
        if beside is not None:
            try:
                shadow = self._pinned(entry, beside, None)
            except (VersionUnknownError, VersionAlteredError):
                shadow = None  # It decides nothing: a run does not fail for it.
        return self._pinned(entry, ref, shadow)

    def champions(self, entries: tuple[ProcessEntry, ...]) -> tuple[PinnedVersion, ...]:
        """The champion of each process; none of a process whose champion cannot be read."""
        found = []
        for entry in entries:
            ref = VersionRef(sha256=entry.champion, alias=Alias.CHAMPION)
            try:
                found.append(self._pinned(entry, ref, None))
            except (VersionUnknownError, VersionAlteredError):
                continue
        return tuple(found)

    def _pinned(
        self, entry: ProcessEntry, ref: VersionRef, shadow: PinnedVersion | None
    ) -> PinnedVersion:
        version, definition = self._load(entry.process, ref.sha256)
        stored = version.file(DEFINITION)
        return PinnedVersion(
            ref,
            definition,
            stored=stored.object if stored else None,
            head=version.head_ref,
            references=version.references,
            shadow=shadow,
            entry=entry,
        )

    def _load(self, process: str, sha256: str) -> Loaded:
        key = process, sha256
        if key not in self._loaded:
            version = self._registry.version(process, sha256)
            self._loaded[key] = Loaded(version, load_definition_of(version, self._store))
        return self._loaded[key]


def load_definition_of(version: ModelVersion, store: ObjectStore) -> ProcessDefinition:
    """The definition of a version, checked against what names the version.

    Raises:
        VersionAlteredError: It is gone, or not what was published.
    """
    try:
        definition = parse_definition_json(read_verified(store, version, DEFINITION))
    except ProcessInvalidError:
        raise _altered(version) from None
    expected = version_sha256(definition.info.sha256, version.head_sha256)
    if definition.id != version.process or expected != version.sha256:
        raise _altered(version)
    return definition


def _altered(version: ModelVersion) -> VersionAlteredError:
    return VersionAlteredError(
        f"{DEFINITION} of {version.process} {version.short} is not what was published."
    )
