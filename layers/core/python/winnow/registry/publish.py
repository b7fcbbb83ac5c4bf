"""Publishing versions: writes their files, then their item, then which of them decides.

A version that is there already stays as it is. What broke off in the middle is published again: a
file without the item of its version belongs to nothing.
"""

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from winnow import __version__
from winnow.errors import (
    HeadInvalidError,
    PublishInvalidError,
    ReleaseConflictError,
    RetryableError,
    VersionUnknownError,
)
from winnow.heads.card import TRAINING, HeadCard, HeadFiles, folder_of
from winnow.heads.fitting import check_definition
from winnow.models import Alias, ModelInfo, StoredFile
from winnow.ports import ObjectStore
from winnow.processes.loader import load_definition
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import ProcessDefinition
from winnow.registry import aliases
from winnow.registry.aliases import Changed, Who
from winnow.registry.files import (
    DATA,
    DEFINITION,
    DEFINITION_YAML,
    HEAD_ARRAYS,
    HEAD_CARD,
    VersionPaths,
    references_name,
    version_sha256,
)
from winnow.registry.models import (
    Action,
    DataManifest,
    ModelVersion,
    ProcessEntry,
    VersionMetrics,
)
from winnow.registry.ports import ModelRegistry
from winnow.storage.paths import ARRAYS, JSON

_YAML, _HTML = "application/yaml", "text/html; charset=utf-8"
_TYPES = {".json": JSON, ".yaml": _YAML, ".html": _HTML}
_THREADS = 8
_CHANGES = 3
"""Attempts at a change that others interfere with."""

VectorsOf = Callable[[ProcessDefinition, HeadFiles | None], bytes]
"""Vectors of a version's reference sentences, as a file. Also makes its judge: raises what is wrong
with definition and head together (HeadInvalidError, HeadMissingError)."""


class Vectors(NamedTuple):
    """What computes the vectors of reference sentences."""

    encoder: ModelInfo
    of: VectorsOf


@dataclass(frozen=True)
class Draft:
    """A version before it is published."""

    text: str
    """The definition as it was written."""
    definition: ProcessDefinition
    head: HeadFiles | None = None
    training: bytes | None = None
    """training.npz of the head."""
    source: Literal["shipped", "published", "trained"] = "published"
    parents: tuple[str, ...] = ()
    metrics: VersionMetrics | None = None
    data: DataManifest | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    """More files by name, such as evaluation.html."""

    @classmethod
    def of(cls, text: str, name: str, head: HeadFiles | None = None) -> "Draft":
        """A draft of a definition that somebody wrote.

        Raises:
            ProcessInvalidError: With every problem, one per line.
        """
        return cls(text, load_definition(text, name), head)

    @property
    def sha256(self) -> str:
        """What names the version."""
        head = self.head.sha256 if self.head else None
        return version_sha256(self.definition.info.sha256, head)


@dataclass(frozen=True)
class Models:
    """Where versions are published."""

    registry: ModelRegistry
    store: ObjectStore
    bucket: str


def publish(
    draft: Draft, models: Models, by: str, at: str, vectors: Vectors | None = None
) -> ModelVersion:
    """Publish a version; it decides nothing until it has an alias (`appoint`).

    Args:
        draft: The version.
        models: Where it is published.
        by: Who publishes it.
        at: When, ISO 8601 in UTC.
        vectors: Computes the vectors of its reference sentences; None: the functions encode them
            when they first judge by it.

    Raises:
        PublishInvalidError: The head is none of the definition's, or another process has one of its
            names.
        HeadInvalidError: The head is damaged or was trained for something else.
        HeadMissingError: The process's labels have no examples, and there is no head.
    """
    definition, sha256 = draft.definition, draft.sha256
    try:
        return models.registry.version(definition.id, sha256)
    except VersionUnknownError:
        pass
    card = _checked(draft, models.registry)
    if draft.definition.of_pictures:
        vectors = None  # there are no reference sentences
    contents = _contents(draft, vectors)
    try:
        files = write_files(contents, models, definition.id, sha256)
    except RetryableError:
        # Somebody else may have published the same version at the same time.
        try:
            return models.registry.version(definition.id, sha256)
        except VersionUnknownError:
            pass
        raise
    version = ModelVersion(
        process=definition.id,
        sha256=sha256,
        process_version=definition.version,
        kind=definition.kind,
        codes=definition.codes,
        definition_sha256=definition.info.sha256,
        head=card.info if card else None,
        head_sha256=draft.head.sha256 if draft.head else None,
        threshold=definition.threshold,
        guarantee=guarantee_of(definition, card),
        created=at,
        by=by,
        source=draft.source,
        parents=draft.parents,
        encoder=vectors.encoder if vectors else (card.encoder if card else None),
        code=__version__,
        metrics=draft.metrics,
        data=draft.data,
        files=files,
    )
    if models.registry.add(version):
        return version
    return models.registry.version(definition.id, sha256)


def guarantee_of(definition: ProcessDefinition, card: HeadCard | None) -> float | None:
    """The precision that was found for the decisions of a definition with its head.

    None: none was, or it was found for another definition, or this threshold was not tested.
    """
    promise = card.promise if card else None
    if promise is None or not promise.holds(definition.threshold, definition.judging_sha256):
        return None
    return promise.precision


def write_files(
    contents: Mapping[str, bytes], models: Models, process: str, sha256: str
) -> tuple[StoredFile, ...]:
    """Write the files of a version. They belong to nothing before its item names them."""
    paths = VersionPaths(models.bucket, process, sha256)

    def written(name: str) -> StoredFile:
        content = contents[name]
        kind = _TYPES.get(Path(name).suffix, ARRAYS)
        # The item names this version of the object: nothing else that is written there counts.
        ref = models.store.publish(paths.file(name), content, kind, "")
        digest = hashlib.sha256(content).hexdigest()
        return StoredFile(name=name, object=ref, sha256=digest, size=len(content))

    with ThreadPoolExecutor(_THREADS) as pool:
        return tuple(pool.map(written, contents))


def _checked(draft: Draft, registry: ModelRegistry) -> HeadCard | None:
    """The head's card, if there is one. Raises PublishInvalidError, HeadInvalidError."""
    definition = draft.definition
    # Of a shipped one `seed` decides: a deployment does not fail for a name that people gave.
    owner = taken_by(definition, registry.entries()) if draft.source != "shipped" else None
    if owner is not None:
        raise PublishInvalidError(
            f"{definition.id}: its id or one of its codes is a name of {owner} already.",
            hint=f"Remove it from `codes`, or publish {owner} without it first.",
        )
    if draft.head is None:
        return None
    card = draft.head.card()
    if card.process != definition.id:
        raise PublishInvalidError(f"The head is one of {card.process}, not of {definition.id}.")
    try:
        check_definition(card, definition)
    except HeadInvalidError as error:
        # Every run would fail by it.
        hint = "Train it again with this definition: `winnow train`."
        raise PublishInvalidError(error.message, hint=hint) from None
    if not card.vouches_for(definition.judging_sha256):
        raise PublishInvalidError(
            f"The head was trained for another definition of {definition.id} than "
            f"{definition.version}: what it says of these decisions is no probability.",
            hint="Train it again with this definition: `winnow train`.",
        )
    return card


def taken_by(definition: ProcessDefinition, entries: tuple[ProcessEntry, ...]) -> str | None:
    """Another process with one of its names, case aside."""
    names = {name.casefold() for name in definition.names}
    others = (entry for entry in entries if entry.process != definition.id)
    return next((e.process for e in others if names & {n.casefold() for n in e.names}), None)


def _contents(draft: Draft, vectors: Vectors | None) -> dict[str, bytes]:
    """Every file of the version by name."""
    contents = {
        DEFINITION_YAML: draft.text.encode(),
        DEFINITION: draft.definition.model_dump_json().encode(),
    }
    if draft.head is not None:
        contents[HEAD_CARD], contents[HEAD_ARRAYS] = draft.head.read()
    if draft.training is not None:
        contents[TRAINING] = draft.training
    if draft.data is not None:
        contents[DATA] = draft.data.model_dump_json().encode()
    if vectors is not None:
        name = references_name(vectors.encoder.engine)
        contents[name] = vectors.of(draft.definition, draft.head)
    return contents | dict(draft.files)


# -- which version decides ------------------------------------------------------------------------


def appoint(
    version: ModelVersion, registry: ModelRegistry, who: Who, alias: Alias = Alias.CHAMPION
) -> ProcessEntry:
    """Give a version an alias. The first version of a process becomes champion in any case.

    A version that has the alias already keeps it, and nothing is written.

    Raises:
        ReleaseInvalidError: It cannot have the alias.
        ReleaseConflictError: Others changed the process at the same time, again and again.
    """

    def changed(entry: ProcessEntry | None) -> Changed | ProcessEntry:
        if entry is None:
            return aliases.first(version, who)
        if entry.alias_of(version.sha256) is alias:
            return entry
        if alias is Alias.CHAMPION:
            return aliases.promote(entry, version, who)
        return aliases.set_challenger(entry, version, who)

    return _change(version.process, registry, changed)


def _change(
    process: str,
    registry: ModelRegistry,
    changed: Callable[[ProcessEntry | None], Changed | ProcessEntry],
) -> ProcessEntry:
    """Change an entry; where others change it at the same time, look again."""
    for left in reversed(range(_CHANGES)):
        before = registry.entry(process)
        change = changed(before)
        if isinstance(change, ProcessEntry):
            return change
        try:
            registry.change(before, *change)
        except ReleaseConflictError:
            if not left:
                raise
        else:
            return change.entry
    raise AssertionError


# -- the shipped processes ------------------------------------------------------------------------


class Seeded(NamedTuple):
    """What became of a shipped process."""

    version: ModelVersion
    decides: bool
    """False: somebody promoted another version, or another process has its name: it is only in the
    registry."""


def seed(
    folder: Path, models: Models, by: str, at: str, vectors: Vectors | None = None
) -> tuple[Seeded, ...]:
    """Publish the processes of a folder, as they ship.

    A process that is new becomes what decides. One that ships anew replaces the one that shipped
    before, but nothing that somebody promoted or rolled back.

    Raises:
        ProcessInvalidError: A definition does not validate, or the folder holds none.
        HeadInvalidError: A head is damaged or was trained for something else.
    """
    shipped = ProcessRegistry.from_directory(folder)
    drafts = [_shipped(shipped, definition) for definition in shipped.definitions]
    with ThreadPoolExecutor(len(drafts)) as pool:
        return tuple(pool.map(lambda draft: _seed(draft, models, by, at, vectors), drafts))


def _shipped(shipped: ProcessRegistry, definition: ProcessDefinition) -> Draft:
    file = shipped.files[definition.id]
    training = folder_of(file, definition.id) / TRAINING
    return Draft(
        file.read_text("utf-8-sig"),
        definition,
        shipped.heads.get(definition.id),
        training=training.read_bytes() if training.is_file() else None,
        source="shipped",
    )


def _seed(draft: Draft, models: Models, by: str, at: str, vectors: Vectors | None) -> Seeded:
    registry = models.registry
    version = publish(draft, models, by, at, vectors)
    if taken_by(draft.definition, registry.entries()):
        return Seeded(version, decides=False)
    who = Who(by, at, f"{version.process_version} ships with this stack.")

    def changed(entry: ProcessEntry | None) -> Changed | ProcessEntry:
        if entry is None:
            return aliases.first(version, who)
        if entry.champion == version.sha256 or not _as_shipped(entry, registry):
            return entry
        return aliases.promote(entry, version, who, action=Action.PUBLISHED)

    entry = _change(version.process, registry, changed)
    return Seeded(version, decides=entry.champion == version.sha256)


def _as_shipped(entry: ProcessEntry, registry: ModelRegistry) -> bool:
    """Whether the champion is one that shipped, and nobody has chosen it."""
    if registry.version(entry.process, entry.champion).source != "shipped":
        return False
    chosen = [
        change
        for change in registry.history(entry.process)
        if change.champion_before != change.champion_after
    ]
    return not chosen or chosen[-1].action is Action.PUBLISHED
