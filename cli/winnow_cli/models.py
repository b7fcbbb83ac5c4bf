"""The registry of one stack: its processes, their versions, and what is live."""

import time
from collections.abc import Callable
from typing import NamedTuple

from winnow.errors import AccessDeniedError, ReleaseConflictError
from winnow.ports import ObjectStore
from winnow.registry import aliases
from winnow.registry.aliases import KEPT_READY_S, Changed, Who
from winnow.registry.files import DEFINITION_YAML
from winnow.registry.models import (
    Alias,
    AliasChange,
    DeployedCode,
    ModelVersion,
    ProcessEntry,
)
from winnow.registry.naming import version_named
from winnow.registry.ports import ModelRegistry
from winnow.registry.resolve import find
from winnow.registry.verified import read_verified
from winnow.storage.times import iso
from winnow_aws.deployed_code import DeployedCodeTable
from winnow_cli.target import Target
from winnow_cli.version_diff import VersionDiff, diff_of

TABLE, BUCKET = "ModelsTable", "ModelsBucket"
"""Outputs of a stack that has a registry."""


class StackModels:
    """The registry of one stack."""

    def __init__(
        self,
        registry: ModelRegistry,
        store: ObjectStore,
        bucket: str,
        user: Callable[[], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`bucket` is the one of the models; `user` says who is asking."""
        self.registry = registry
        self.store = store
        self.bucket = bucket
        self._user = user
        self._clock = clock

    def who(self, reason: str = "") -> Who:
        """Who changes an alias now, and why."""
        return Who(self._user(), iso(self._clock()), " ".join(reason.split()))

    def entries(self) -> tuple[ProcessEntry, ...]:
        """Every process, sorted by id."""
        return self.registry.entries()

    def entry(self, name: str, revision: int | None = None) -> ProcessEntry:
        """The process with this id or code, case aside.

        Args:
            revision: The one that it has to be at.

        Raises:
            ProcessUnknownError: None has this name.
            ReleaseConflictError: It is at another revision.
        """
        entry = find(name, self.registry.entries())
        if revision is not None and entry.revision != revision:
            raise ReleaseConflictError(
                f"{entry.process} is at revision {entry.revision}, not {revision}: "
                f"{entry.changed_by} changed it at {entry.changed_at}."
            )
        return entry

    def entry_of(self, process: str) -> ProcessEntry | None:
        """A process by its id; None: nothing was published for it."""
        return self.registry.entry(process)

    def versions(self, entry: ProcessEntry) -> tuple[ModelVersion, ...]:
        """Every version of a process, the newest first."""
        return self.registry.versions(entry.process)

    def history(self, entry: ProcessEntry) -> tuple[AliasChange, ...]:
        """Every change of its aliases, the oldest first."""
        return self.registry.history(entry.process)

    def version(self, entry: ProcessEntry, given: str) -> ModelVersion:
        """A version by an alias, its SHA-256, or the first digits of that.

        Raises:
            VersionUnknownError: There is none, or there are several.
        """
        return version_named(self.registry, entry, given)

    def diff(self, before: ModelVersion, after: ModelVersion) -> VersionDiff:
        """What differs between two versions.

        Raises:
            VersionAlteredError: A definition is not the one that was published.
        """
        return diff_of(before, self.definition_of(before), after, self.definition_of(after))

    def definition_of(self, version: ModelVersion) -> str:
        """The definition of a version as it was written.

        Raises:
            VersionAlteredError: It is not the one that was published.
        """
        return read_verified(self.store, version, DEFINITION_YAML).decode("utf-8-sig")

    def promote(
        self,
        entry: ProcessEntry,
        version: ModelVersion,
        reason: str,
        *,
        guarantee: float | None = None,
    ) -> ProcessEntry:
        """Make a version the champion; the entry afterwards.

        Args:
            entry: The process.
            version: One of its versions.
            reason: Why, for the history.
            guarantee: That it has to keep; None: that of its release, or its own.

        Raises:
            ReleaseConflictError: Somebody else has changed the process since `entry` was read.
            ReleaseInvalidError: It is the champion already.
        """
        return self._write(entry, self._promoted(entry, version, self.who(reason), guarantee))

    def roll_back(self, entry: ProcessEntry, reason: str, *, force: bool = False) -> ProcessEntry:
        """Make the champion before champion again, or take back a release that is under way.

        Args:
            entry: The process.
            reason: Why, for the history.
            force: Return also to a champion that was itself taken back.

        Raises:
            ReleaseConflictError: Somebody else has changed the process since `entry` was read.
            ReleaseInvalidError: There is no champion before, and no release.
            RolledBackAlreadyError: The champion before is the one that was taken back last.
        """
        previous = None
        if entry.previous is not None:
            previous = self.registry.version(entry.process, entry.previous)
        return self._write(entry, aliases.roll_back(entry, previous, self.who(reason), force=force))

    def start(self, version: ModelVersion, who: Who) -> ProcessEntry:
        """Make the first version of a process its champion.

        Raises:
            ReleaseConflictError: Somebody else has published the process meanwhile.
        """
        return self._write(None, aliases.first(version, who))

    def call(
        self, entry: ProcessEntry, version: ModelVersion, alias: str, who: Who
    ) -> ProcessEntry:
        """Give a version an alias; nothing is written if it has it, or is the champion.

        Raises:
            ReleaseConflictError: Somebody else has changed the process since `entry` was read.
            ReleaseInvalidError: Another challenger is being released.
        """
        if entry.alias_of(version.sha256) in (Alias.CHAMPION, alias):
            return entry
        if alias == Alias.CHAMPION:
            return self._write(entry, self._promoted(entry, version, who))
        return self._write(entry, aliases.set_challenger(entry, version, who))

    def _promoted(
        self,
        entry: ProcessEntry,
        version: ModelVersion,
        who: Who,
        guarantee: float | None = None,
    ) -> Changed:
        until = iso(self._clock() + KEPT_READY_S)
        return aliases.promote(entry, version, who, previous_until=until, guarantee=guarantee)

    def _write(self, before: ProcessEntry | None, changed: Changed) -> ProcessEntry:
        self.registry.change(before, *changed)
        return changed.entry


def open_models(target: Target) -> StackModels:
    """The registry of a stack.

    Raises:
        StackUnknownError: The stack was deployed by an earlier version, which had none.
    """
    from winnow_aws.registry import RegistryTable
    from winnow_aws.s3 import S3Store
    from winnow_cli.reviews import caller

    registry = RegistryTable(target.dynamodb(), target.output(TABLE))
    return StackModels(
        registry, S3Store(target.s3()), target.output(BUCKET), lambda: caller(target)
    )


def deployed_code(target: Target) -> DeployedCode | None:
    """The code of a stack; None if an earlier version deployed it, which did not note it."""
    if TABLE not in target.outputs:
        return None
    return DeployedCodeTable(target.dynamodb(), target.output(TABLE)).get()


class Running(NamedTuple):
    """What a stack judges with now."""

    code: DeployedCode | None
    champions: tuple[ModelVersion, ...]


def running_versions(target: Target) -> Running | None:
    """The code and the champion of each process; None if the caller may not read the registry."""
    models = models_if_any(target)
    if models is None:
        return None
    try:
        champions = tuple(
            models.registry.version(entry.process, entry.champion) for entry in models.entries()
        )
        return Running(deployed_code(target), champions)
    except AccessDeniedError:
        # Whoever only drops files or reads results sees the uploads all the same.
        return None


def models_if_any(target: Target) -> StackModels | None:
    """The registry of a stack; None if an earlier version deployed it, which had none."""
    return open_models(target) if TABLE in target.outputs else None
