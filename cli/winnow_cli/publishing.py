"""Publishing: a definition and its head on this machine become a version on a stack."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.errors import (
    HeadInvalidError,
    HeadMissingError,
    NoTextColumnError,
    PublishInvalidError,
    TrainingDataError,
)
from winnow.heads.card import ARRAYS, CARD, TRAINING, HeadFiles, folder_of
from winnow.processes.schema import ProcessDefinition
from winnow.registry.files import version_sha256
from winnow.registry.models import ModelVersion, ProcessEntry
from winnow.registry.publish import Draft, Models, Vectors, publish
from winnow_cli.console import clean, here, note, say
from winnow_cli.definitions import read_definition
from winnow_cli.kept_rows import KeptRows, kept_rows
from winnow_cli.models import StackModels
from winnow_cli.render.versions import print_changes_of, version_document
from winnow_cli.target import Target
from winnow_cli.version_diff import VersionDiff


@dataclass(frozen=True)
class Candidate:
    """A definition with its head, as they lie on this machine."""

    text: str
    definition: ProcessDefinition
    head: HeadFiles | None
    training: bytes | None
    """Held-out decisions of the rows that the head was trained on, for `tune`."""
    vectors: Vectors | None
    """Those of its reference sentences, encoded; None: the model is not built."""
    rows: KeptRows | None = None
    """What the head was trained on; None: that is not kept."""

    @property
    def sha256(self) -> str:
        """What names the version."""
        head = self.head.sha256 if self.head else None
        return version_sha256(self.definition.info.sha256, head)


def read_candidate(
    file: Path,
    head: Path | None,
    vectors: Vectors | None,
    entries: Sequence[ProcessEntry],
    data: Sequence[Path],
    model: Path,
) -> Candidate:
    """Read a definition and its head, and check whether they can be published.

    Args:
        file: The definition.
        head: The folder of the head; None: the one beside the file, if there is one.
        vectors: Encodes the reference sentences, which also tells whether definition and head fit;
            None: the model is not built.
        entries: The processes of the stack, whose names are taken.
        data: The files that the head was trained on, whose rows are kept with the version.
        model: The folder of the model, which encodes pictures of `data`.

    Raises:
        PublishInvalidError: With every problem, one a line.
    """
    read = read_definition(file)
    definition = read.definition
    if definition is None:
        raise PublishInvalidError("\n".join(read.problems), hint=_hint(file))
    problems = [f"{file.name}:1: id or codes: {taken}" for taken in _taken(definition, entries)]
    folder = folder_of(file, definition.id) if head is None else head
    files: HeadFiles | None = None
    encoded = None
    try:
        files = _head(folder, definition, required=head is not None)
        if vectors is not None and not definition.of_pictures:
            content = vectors.of(definition, files)
            encoded = Vectors(vectors.encoder, lambda *_: content)
    except (HeadInvalidError, HeadMissingError) as error:
        problems.append(f"{file.name}:1: (head): {error.message}")
    rows = None
    try:
        if data and files is None:
            raise TrainingDataError("There is no head that was trained on them.")
        if data and files is not None:
            rows = kept_rows(data, definition, files.card(), model)
    except (TrainingDataError, NoTextColumnError, HeadInvalidError) as error:
        problems.append(f"{file.name}:1: (data): {error.message}")
    if problems:
        raise PublishInvalidError("\n".join(problems), hint=_hint(file))
    training = folder / TRAINING
    return Candidate(
        read.text,
        definition,
        files,
        training.read_bytes() if files is not None and training.is_file() else None,
        encoded,
        rows,
    )


def _head(folder: Path, definition: ProcessDefinition, *, required: bool) -> HeadFiles | None:
    """The head in a folder, if there is one. Raises HeadInvalidError."""
    if not (folder / CARD).is_file() and not required:
        return None
    try:
        files = HeadFiles.of((folder / CARD).read_bytes(), (folder / ARRAYS).read_bytes())
    except OSError as error:
        raise HeadInvalidError(f"{folder.name} cannot be read ({type(error).__name__}).") from None
    if (process := files.card().process) != definition.id:
        raise HeadInvalidError(f"The head is one of the process {process}.")
    return files


def _hint(file: Path) -> str:
    path = shlex.quote(here(file.absolute()))
    return (
        f"Nothing changed. Correct it, check it with `winnow process validate {path}`, try again."
    )


def _taken(definition: ProcessDefinition, entries: Sequence[ProcessEntry]) -> Iterator[str]:
    for name in definition.names:
        for entry in entries:
            if entry.process != definition.id and name.casefold() in {
                known.casefold() for known in entry.names
            }:
                yield f"{name!r} names {entry.process} of this stack already"


@dataclass(frozen=True)
class Published:
    """What came of publishing a candidate."""

    version: ModelVersion
    entry: ProcessEntry
    """The process afterwards."""
    new: bool
    """Whether the version was not there before."""
    changed: bool
    """Whether an alias names another version than before."""
    diff: VersionDiff | None
    """What differs from the champion before; None: there was none, or it is the champion."""
    guarantee_lost: bool = False
    """Whether its head has a guarantee that was found for another definition or threshold."""

    @property
    def alias(self) -> str | None:
        """What the version is called now."""
        return self.entry.alias_of(self.version.sha256)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        live = self.entry.champion == self.version.sha256
        return {
            "process": self.entry.process,
            "version": version_document(self.entry, self.version),
            "new": self.new,
            "changed": self.changed,
            "alias": self.alias,
            "champion": self.entry.champion,
            "challenger": self.entry.challenger,
            "revision": self.entry.revision,
            "live_from": self.entry.changed_at if live else None,
            "diff": None if self.diff is None else self.diff.document(),
        }


def publish_candidate(
    models: StackModels,
    candidate: Candidate,
    before: ProcessEntry | None,
    alias: str | None,
    reason: str,
) -> Published:
    """Upload a candidate, register it, and give it an alias.

    Args:
        models: The registry.
        candidate: What was read.
        before: The process as it was read; None: it is new.
        alias: `champion` or `challenger`; None: challenger. A new process's version is champion.
        reason: Why, for the history.

    Raises:
        PublishInvalidError: It cannot be published; nothing changed.
        ReleaseConflictError: Somebody else has changed the process since `before` was read. The
            version is registered, and no alias changed.
    """
    who = models.who(reason)
    known = candidate.sha256 in {
        version.sha256 for version in models.registry.versions(candidate.definition.id)
    }
    data = None
    if candidate.rows is not None and not known:
        data = candidate.rows.store(models.store, models.bucket, candidate.definition.id)
    draft = Draft(
        candidate.text,
        candidate.definition,
        candidate.head,
        candidate.training,
        data=data,
    )
    place = Models(models.registry, models.store, models.bucket)
    version = publish(draft, place, who.by, who.at, candidate.vectors)
    diff = None
    if before is None:
        entry = models.start(version, who)
    else:
        champion = models.registry.version(before.process, before.champion)
        if champion.sha256 != version.sha256:
            diff = models.diff(champion, version)
        entry = models.call(before, version, alias or "challenger", who)
    card = candidate.head.card() if candidate.head else None
    lost = card is not None and card.promise is not None and version.guarantee is None
    return Published(version, entry, not known, before is None or entry != before, diff, lost)


def announce(done: Published, target: Target) -> None:
    """Say what was published, what differs from the champion, and what is live from when."""
    version, entry = done.version, done.entry
    name = f"{version.process} {version.process_version}, version {version.short}"
    say(f"{'Published' if done.new else 'Published before'}: {clean(name)}")
    if done.diff is not None:
        print_changes_of(done.diff)
    if done.guarantee_lost:
        note(
            "It has no guarantee: its head's was found for another definition, or for a higher "
            f"threshold. To find one: `winnow tune --process {version.process}`."
        )
    if entry.champion == version.sha256:
        since = "from" if done.changed else "since"
        say(f"It is the champion: it judges every new upload {since} {entry.changed_at}.")
        if done.changed and entry.previous is not None:
            note(f"To take it back: `{target.hint(f'model rollback {entry.process}')}`.")
        return
    say(f"The champion {entry.champion[:12]} goes on judging new uploads.")
    if entry.challenger == version.sha256:
        note(
            "It is the challenger, and judges nothing yet. To let it judge new uploads: "
            f"`{target.hint(f'model promote {entry.process}')}`."
        )
