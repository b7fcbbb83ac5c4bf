"""Changes of a process's aliases: an entry in, the entry afterwards and the change out.

Nothing is read or written here; `ModelRegistry.change` writes both, or neither. Every function
raises ReleaseInvalidError when what is asked for does not fit the entry.
"""

from typing import Any, NamedTuple

from winnow.errors import ReleaseInvalidError, RolledBackAlreadyError
from winnow.registry.models import (
    Action,
    AliasChange,
    ModelVersion,
    ProcessEntry,
    Release,
    Stage,
)

KEPT_READY_S = 24 * 3600.0
"""How long a champion that was replaced is kept ready."""


class Changed(NamedTuple):
    """What one transaction writes."""

    entry: ProcessEntry
    change: AliasChange


class Who(NamedTuple):
    """Who changes an entry, when and why."""

    by: str
    at: str
    """ISO 8601 in UTC."""
    reason: str = ""
    """A sentence; no text of documents."""
    code: str | None = None
    automatic: bool = False
    """Done by the gate, not by a person."""


def first(version: ModelVersion, who: Who) -> Changed:
    """The entry of a process that had none: its first version is champion."""
    entry = ProcessEntry(
        process=version.process,
        codes=version.codes,
        kind=version.kind,
        champion=version.sha256,
        revision=1,
        changed_at=who.at,
        changed_by=who.by,
    )
    return Changed(entry, _change_of(None, entry, Action.PUBLISHED, who))


def set_challenger(
    entry: ProcessEntry, version: ModelVersion, who: Who, *, decisions: int | None = None
) -> Changed:
    """Call a version the challenger. It decides nothing until it is released.

    Args:
        decisions: Decisions that people had made when it was trained; None: it was not trained.
    """
    _of_process(entry, version)
    _is_not_champion(entry, version.sha256)
    if entry.release is not None and entry.release.challenger != version.sha256:
        raise ReleaseInvalidError(
            f"{entry.process}: {entry.release.challenger[:12]} is being released. End that first "
            "(`winnow release stop`)."
        )
    update: dict[str, Any] = {"challenger": version.sha256}
    if decisions is not None:
        update["decisions_at_training"] = decisions
    return _changed(entry, Action.CHALLENGER, who, **update)


def guarantee_of(
    entry: ProcessEntry, version: ModelVersion, given: float | None = None
) -> float | None:
    """The guarantee that a version has to keep: the given, its release's, or its own."""
    if given is not None:
        return given
    if version.sha256 == entry.champion and entry.promised is not None:
        return entry.promised
    under_way = entry.release
    if under_way is not None and under_way.challenger == version.sha256:
        return under_way.guarantee
    return version.guarantee


def start_shadow(
    entry: ProcessEntry,
    who: Who,
    key: str,
    *,
    guarantee: float | None = None,
    automatic: bool = False,
) -> Changed:
    """Let the challenger judge beside the champion, without deciding anything.

    Args:
        key: Random hex digits for a later canary. Those of a release under way stay.
        guarantee: Precision that it has to prove; None: it is never promoted by itself.
        automatic: Whether it is promoted by itself when that is proved.
    """
    release = _release(entry, Stage.SHADOW, 0, who, key, guarantee, automatic)
    return _changed(entry, Action.SHADOW, who, release=release)


def start_canary(
    entry: ProcessEntry,
    who: Who,
    key: str,
    percent: int,
    *,
    guarantee: float | None = None,
    automatic: bool = False,
) -> Changed:
    """Let the challenger decide a share of the uploads.

    When the share rises, the uploads that it decided before stay with it. The other arguments are
    those of `start_shadow`.
    """
    if not 0 <= percent <= 100:
        raise ReleaseInvalidError(f"{percent} is no share: give 0 to 100 percent.")
    release = _release(entry, Stage.CANARY, percent, who, key, guarantee, automatic)
    return _changed(entry, Action.CANARY, who, percent=percent, release=release)


def promote(
    entry: ProcessEntry,
    version: ModelVersion,
    who: Who,
    *,
    previous_until: str | None = None,
    guarantee: float | None = None,
    action: Action = Action.PROMOTED,
) -> Changed:
    """Make a version the champion; the one before is what `roll_back` returns to.

    Args:
        previous_until: Until when the one before is kept ready.
        guarantee: That it has to keep; None: that of its release, or its own.
        action: PUBLISHED for a newer version of a process that ships.
    """
    _of_process(entry, version)
    _is_not_champion(entry, version.sha256)
    return _changed(
        entry,
        action,
        who,
        champion=version.sha256,
        codes=version.codes,
        kind=version.kind,
        # Another challenger, whose release is under way, was compared with a champion that is gone.
        challenger=None if entry.challenger == version.sha256 else entry.challenger,
        release=None,
        promised=guarantee_of(entry, version, guarantee),
        previous=entry.champion,
        previous_promised=entry.promised,
        previous_until=previous_until,
        taken_back=False,
    )


def roll_back(
    entry: ProcessEntry, previous: ModelVersion | None, who: Who, *, force: bool = False
) -> Changed:
    """Take a release back: the challenger's if one is under way, else the champion's.

    Args:
        entry: The process.
        previous: The version that `entry.previous` names; only read without a release.
        who: Who takes it back.
        force: Return also to a champion that was itself taken back.

    Raises:
        RolledBackAlreadyError: The champion before is the one that was taken back last.
    """
    if entry.release is not None:
        return _changed(entry, Action.ROLLED_BACK, who, release=None, challenger=None)
    if entry.taken_back and entry.previous is not None and not force:
        raise RolledBackAlreadyError(
            f"{entry.process}: {entry.previous[:12]} was taken back at {entry.changed_at}, and "
            f"{entry.champion[:12]} decides again. Taking that back would make it champion again."
        )
    return take_back_champion(entry, previous, who)


def take_back_champion(entry: ProcessEntry, previous: ModelVersion | None, who: Who) -> Changed:
    """Make the champion before champion again; a release under way was compared with another one.

    Args:
        entry: The process.
        previous: The version that `entry.previous` names.
        who: Who takes it back.
    """
    if entry.previous is None or previous is None:
        raise ReleaseInvalidError(
            f"{entry.process}: nothing to roll back. Its champion {entry.champion[:12]} is the "
            "first, and no release is under way."
        )
    _of_process(entry, previous)
    if previous.sha256 != entry.previous:
        raise ReleaseInvalidError(
            f"{entry.process}: the champion before was {entry.previous[:12]}, not {previous.short}."
        )
    return _changed(
        entry,
        Action.ROLLED_BACK,
        who,
        champion=previous.sha256,
        codes=previous.codes,
        kind=previous.kind,
        challenger=None if entry.challenger == previous.sha256 else entry.challenger,
        release=None,
        promised=entry.previous_promised,
        previous=entry.champion,
        previous_promised=entry.promised,
        previous_until=None,
        taken_back=True,
    )


def stop(entry: ProcessEntry, who: Who) -> Changed:
    """End a release: the champion decides alone again, and the challenger keeps its name."""
    if entry.release is None:
        raise ReleaseInvalidError(f"{entry.process}: no release is under way.")
    return _changed(entry, Action.STOPPED, who, release=None)


def _release(
    entry: ProcessEntry,
    stage: Stage,
    percent: int,
    who: Who,
    key: str,
    guarantee: float | None,
    automatic: bool,
) -> Release:
    if entry.challenger is None:
        raise ReleaseInvalidError(
            f"{entry.process} has no challenger. Train one (`winnow retrain`), or publish one "
            "(`winnow process publish FILE --as challenger`)."
        )
    if automatic and guarantee is None:
        raise ReleaseInvalidError("Without a guarantee nothing is promoted by itself: name one.")
    under_way = entry.release
    return Release(
        stage=stage,
        challenger=entry.challenger,
        percent=percent,
        guarantee=guarantee,
        automatic=automatic,
        key=under_way.key if under_way else key,
        started_at=under_way.started_at if under_way else who.at,
        by=who.by,
    )


def _of_process(entry: ProcessEntry, version: ModelVersion) -> None:
    if version.process != entry.process:
        raise ReleaseInvalidError(
            f"The version {version.short} is one of {version.process}, not of {entry.process}."
        )


def _is_not_champion(entry: ProcessEntry, sha256: str) -> None:
    if sha256 == entry.champion:
        raise ReleaseInvalidError(f"{entry.process}: {sha256[:12]} is the champion already.")


def _changed(
    entry: ProcessEntry, action: Action, who: Who, *, percent: int | None = None, **update: Any
) -> Changed:
    after = entry.model_copy(
        update={
            **update,
            "revision": entry.revision + 1,
            "changed_at": who.at,
            "changed_by": who.by,
        }
    )
    return Changed(after, _change_of(entry, after, action, who, percent))


def _change_of(
    before: ProcessEntry | None,
    after: ProcessEntry,
    action: Action,
    who: Who,
    percent: int | None = None,
) -> AliasChange:
    return AliasChange(
        process=after.process,
        revision=after.revision,
        at=who.at,
        by=who.by,
        action=action,
        champion_before=before.champion if before else None,
        champion_after=after.champion,
        challenger_before=before.challenger if before else None,
        challenger_after=after.challenger,
        percent=percent,
        reason=who.reason,
        code=who.code,
        automatic=who.automatic,
    )
