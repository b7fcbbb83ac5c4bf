"""Promoting the champions of a stage: its versions of processes decide in another, too."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple

from winnow.errors import (
    PublishInvalidError,
    ReleaseInvalidError,
    VersionUnknownError,
)
from winnow.models import Alias
from winnow.registry.aliases import guarantee_of
from winnow.registry.copies import publish_copy, read_files
from winnow.registry.models import ModelVersion, ProcessEntry
from winnow.registry.publish import Models
from winnow_cli.models import StackModels

Action = Literal["new", "replaces", "challenger", "unchanged"]


class Room(NamedTuple):
    """The registry of a stage."""

    stage: str
    models: StackModels
    errors: Callable[[], AbstractContextManager[None]]
    """Within it, errors of AWS are this stage's."""


class Move(NamedTuple):
    """What becomes of one process in the second stage."""

    version: ModelVersion
    """The first stage's champion."""
    guarantee: float | None
    """That it has to keep there."""
    entry: ProcessEntry | None
    """The process in the second stage; None: it is new there."""
    copied: bool
    """Whether the second stage lacks its files."""
    action: Action

    @property
    def changes(self) -> bool:
        """Whether an alias of the second stage would name another version."""
        return self.action != "unchanged"


def plan_moves(source: Room, into: Room, alias: Alias = Alias.CHAMPION) -> list[Move]:
    """What promoting would do; nothing is written.

    Args:
        source: The stage whose champions they are.
        into: The stage that gets them.
        alias: What they are called there. The first version of a process is champion in any case.

    Raises:
        ReleaseInvalidError: A release of one of the processes is under way there.
        PublishInvalidError: Another process there has the name of one.
    """
    with source.errors():
        champions = [
            (entry, source.models.version(entry, Alias.CHAMPION))
            for entry in source.models.entries()
        ]
    with into.errors():
        entries = into.models.entries()
        moves = [_move(entry, version, into, entries, alias) for entry, version in champions]
    if problems := list(_problems(moves, into.stage)):
        raise ReleaseInvalidError(
            " ".join(problems),
            hint="Nothing changed. End each with `winnow release promote`, `rollback` or `stop`, "
            "then try again.",
        )
    if taken := list(_taken(moves, entries)):
        raise PublishInvalidError("\n".join(taken), hint="Nothing changed.")
    return moves


def _move(
    from_entry: ProcessEntry,
    version: ModelVersion,
    into: Room,
    entries: Sequence[ProcessEntry],
    alias: Alias,
) -> Move:
    entry = next((one for one in entries if one.process == version.process), None)
    try:
        into.models.registry.version(version.process, version.sha256)
        copied = False
    except VersionUnknownError:
        copied = True
    action: Action = "replaces" if alias is Alias.CHAMPION else "challenger"
    if entry is None:
        action = "new"
    elif entry.alias_of(version.sha256) in (Alias.CHAMPION, alias):
        action = "unchanged"
    return Move(version, guarantee_of(from_entry, version), entry, copied, action)


def _problems(moves: Sequence[Move], stage: str) -> Iterator[str]:
    for move in moves:
        if move.changes and move.entry is not None and move.entry.release is not None:
            challenger = move.entry.release.challenger[:12]
            yield f"{move.version.process}: {challenger} is being released in {stage}."


def _taken(moves: Sequence[Move], entries: Sequence[ProcessEntry]) -> Iterator[str]:
    for move in moves:
        names = {name.casefold() for name in (move.version.process, *move.version.codes)}
        for entry in entries:
            if entry.process != move.version.process and names & set(
                map(str.casefold, entry.names)
            ):
                yield f"{move.version.process}: one of its names is {entry.process}'s there already"


def move_all(
    moves: Sequence[Move], source: Room, into: Room, reason: str, report: Callable[[str], None]
) -> None:
    """Bring the champions, one process after another.

    Each is done whole or not at all: its files are copied and checked before an alias names it. If
    one fails, those before it stay; the same again brings the rest.

    Raises:
        VersionAlteredError: A file of the first stage is not what was published.
        ReleaseConflictError: Somebody else has changed a process of the second stage meanwhile.
    """
    for number, move in enumerate(moves, start=1):
        if move.changes:
            report(f"process {number} of {len(moves)}, {move.version.process}")
            _bring(move, source, into, reason)


def _bring(move: Move, source: Room, into: Room, reason: str) -> None:
    contents = {}
    if move.copied:
        with source.errors():
            contents = read_files(move.version, source.models.store)
    with into.errors():
        models = into.models
        who = models.who(reason)
        place = Models(models.registry, models.store, models.bucket)
        version = publish_copy(move.version, contents, place, who.by, who.at)
        if move.entry is None:
            models.start(version, who)
        elif move.action == "challenger":
            models.call(move.entry, version, Alias.CHALLENGER, who)
        else:
            models.promote(move.entry, version, reason, guarantee=move.guarantee)
