"""The releases of one stack: what is released, and what audits prove of it."""

import secrets
import time
from collections.abc import Callable
from typing import Literal

from winnow.errors import ReleaseInvalidError
from winnow.registry import aliases
from winnow.registry.aliases import Changed
from winnow.registry.audit import Problem
from winnow.registry.models import ModelVersion, ProcessEntry
from winnow.releases.golden import CODE, GoldenResult
from winnow.releases.ports import LiveStore
from winnow.releases.status import ReleaseStatus, recounts_of, status_of
from winnow_cli.models import TABLE, StackModels, open_models
from winnow_cli.target import Target

_KEY_BYTES = 16


class StackReleases:
    """Releases of the processes of one stack."""

    def __init__(
        self,
        models: StackModels,
        live: LiveStore,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` tells the time in epoch seconds."""
        self.models = models
        self.live = live
        self._clock = clock

    def status(self, process: str | None) -> list[ReleaseStatus]:
        """How one process stands, or how all do."""
        entries = self.models.entries() if process is None else [self.models.entry(process)]
        return [
            status_of(entry, self.models.registry, self.live, self._clock()) for entry in entries
        ]

    def start(
        self,
        stage: Literal["shadow", "canary"],
        entry: ProcessEntry,
        version: ModelVersion,
        *,
        percent: int = 0,
        guarantee: float | None = None,
        automatic: bool | None = None,
        reason: str = "",
    ) -> ProcessEntry:
        """Release a version as a shadow or a canary.

        What is None is as in the release under way; else the guarantee is the version's own, and
        nothing is promoted by itself.

        Raises:
            ReleaseConflictError: Somebody else has changed the process since `entry` was read.
            ReleaseInvalidError: What is asked for does not fit.
        """
        who = self.models.who(reason)
        if entry.challenger != version.sha256:
            entry = self._write(entry, aliases.set_challenger(entry, version, who))
        under_way = entry.release
        guarantee = aliases.guarantee_of(entry, version, guarantee)
        if automatic is None:
            automatic = under_way is not None and under_way.automatic
        key = secrets.token_hex(_KEY_BYTES)
        if stage == "shadow":
            changed = aliases.start_shadow(
                entry, who, key, guarantee=guarantee, automatic=automatic
            )
        else:
            changed = aliases.start_canary(
                entry, who, key, percent, guarantee=guarantee, automatic=automatic
            )
        return self._write(entry, changed)

    def take_back(self, entry: ProcessEntry, golden: GoldenResult) -> ProcessEntry:
        """Take a release back whose challenger breaks its guarantee on the golden set."""
        who = self.models.who(f"On the golden set: {golden.sentence}")._replace(code=CODE)
        return self._write(entry, aliases.roll_back(entry, None, who))

    def promote(
        self,
        entry: ProcessEntry,
        version: ModelVersion,
        reason: str,
        *,
        guarantee: float | None = None,
    ) -> ProcessEntry:
        """Make a version champion at once; the one before is kept ready for a day.

        Raises as `StackModels.promote`.
        """
        return self.models.promote(entry, version, reason, guarantee=guarantee)

    def roll_back(self, entry: ProcessEntry, reason: str, *, force: bool = False) -> ProcessEntry:
        """Take a release back, or return to the champion before, as `StackModels.roll_back`."""
        return self.models.roll_back(entry, reason, force=force)

    def stop(self, entry: ProcessEntry, reason: str) -> ProcessEntry:
        """End a release; the challenger keeps its name. Raises as `promote`."""
        return self._write(entry, aliases.stop(entry, self.models.who(reason)))

    def challenger(self, entry: ProcessEntry, given: str | None) -> ModelVersion:
        """The version that is meant: the one that is named, else the challenger."""
        if given is None and entry.challenger is None:
            raise ReleaseInvalidError(
                f"{entry.process} has no challenger: name a version with --version."
            )
        return self.models.version(entry, given or "challenger")

    def _write(self, before: ProcessEntry, changed: Changed) -> ProcessEntry:
        self.models.registry.change(before, *changed)
        return changed.entry


def live_problems(models: StackModels, target: Target) -> list[Problem]:
    """Versions whose live precision is not what their audited records say."""
    store = live_of(target)
    return [
        Problem(entry.process, recount.version, "Its live precision is not that of its audits.")
        for entry in models.entries()
        for recount in recounts_of(
            entry.process, [version.sha256 for version in models.versions(entry)], store
        )
        if recount.differing
    ]


def live_of(target: Target) -> LiveStore:
    """Where the stack keeps what was audited."""
    from winnow_aws.releases import LiveTable

    return LiveTable(target.dynamodb(), target.output(TABLE))


def open_releases(target: Target) -> StackReleases:
    """The releases of a stack.

    Raises:
        StackUnknownError: The stack was deployed by an earlier version, which had none.
    """
    return StackReleases(open_models(target), live_of(target))
