"""A training from the registry and back: the champion is read, a challenger is published.

What makes nothing better changes nothing: then no rows are written, no version, no alias. Who calls
this has the report for a mail, a page or a terminal.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from winnow.errors import (
    NotReproducibleError,
    ObjectGoneError,
    ProcessUnknownError,
    ReleaseConflictError,
    ReleaseInvalidError,
    RetryableError,
    TrainingRunningError,
)
from winnow.heads.card import HeadCard, HeadFiles
from winnow.models import ObjectRef
from winnow.ports import Encoder, PictureEncoder
from winnow.processes.loader import load_definition
from winnow.processes.schema import ProcessDefinition
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.files import (
    DEFINITION_YAML,
    EVALUATION,
    EVALUATION_PAGE,
    HEAD_ARRAYS,
    HEAD_CARD,
    TRAINING,
    training_rows,
)
from winnow.registry.models import DataPart, ModelVersion, ProcessEntry
from winnow.registry.ports import TrainingLease
from winnow.registry.publish import Draft, Models, Vectors, publish
from winnow.registry.training_rows import RowSource, TrainingRow, load_rows
from winnow.registry.verified import read_verified
from winnow.reviews.items import Items
from winnow.reviews.models import RecordKey, State
from winnow.reviews.ports import ReviewStore
from winnow.storage.paths import JSON_LINES
from winnow.tables.columns import plain_name
from winnow_train.comparison import Outcome
from winnow_train.data import LabelledData, read_labelled_files
from winnow_train.reproduce import Reproduction, reproduce, reproduce_from_file
from winnow_train.retrain import Retrained, TrainingReport, retrain
from winnow_train.reviews import collect, columns_read
from winnow_train.training_set import (
    DEFAULTS,
    Champion,
    Options,
    RowFile,
    manifest,
    row_files,
)

LEASE_S = 20 * 60.0
"""Seconds after its last sign of life in which a training that was killed keeps others away."""
_ATTEMPTS = 3


@dataclass(frozen=True)
class Stack:
    """What a training needs of a stack."""

    models: Models
    reviews: ReviewStore
    items: Items
    lease: TrainingLease
    encoder: Encoder
    pictures: Callable[[], PictureEncoder]
    """Makes the encoder of pictures, for processes that judge them."""
    vectors: Vectors | None
    """Computes the vectors of a version's reference sentences; None: they are not kept."""
    samples: Sequence[Path]
    """Folders with the files that the shipped heads were trained on."""
    clock: Callable[[], float]
    """Epoch seconds."""
    at: Callable[[float], str]
    """ISO 8601 in UTC of epoch seconds."""


def retrain_and_publish(
    process: str,
    stack: Stack,
    by: str,
    *,
    holder: str,
    options: Options = DEFAULTS,
    workers: int = 1,
    report: Callable[[str], None] = lambda _: None,
    page: Callable[[bytes], None] = lambda _: None,
) -> TrainingReport:
    """Train a challenger of a process and publish it, if it is better than the champion.

    Args:
        process: Its id.
        stack: Where it is.
        by: Who asked for it.
        holder: What this attempt is called; an attempt that is repeated under the same name goes on
            with the lease of the one before.
        options: Of the training.
        workers: Processes that fit folds at the same time.
        report: Is told what is being done.
        page: Is given the page of the evaluation before anything is published, whatever comes of
            it. What it raises ends the training, and nothing has changed.

    Raises:
        ProcessUnknownError: Nothing was published for it.
        TrainingRunningError: It is being trained already.
        ReleaseInvalidError: Another challenger is being released.
        ReleaseConflictError: Another champion was promoted, or records were erased meanwhile.
        ReviewsTooFewError: There are fewer reviews than a training takes.
        TrainingDataError: The rows have one label alone, or lack one of the process's.
    """
    _idle_entry(process, stack)
    now = stack.clock()
    if not stack.lease.take(process, holder, now, now + LEASE_S):
        raise TrainingRunningError(f"{process} is being trained already.")

    def tell(line: str) -> None:
        # A long training keeps its lease; one that was killed does not.
        with suppress(RetryableError):
            stack.lease.take(process, holder, stack.clock(), stack.clock() + LEASE_S)
        report(line)

    try:
        entry = _idle_entry(process, stack)
        champion = read_champion(
            stack.models.registry.version(process, entry.champion), stack.models, stack.samples
        )
        encoder = stack.pictures() if champion.definition.of_pictures else stack.encoder
        carried = [row for row in champion.rows or () if row.source is not None]
        reviews = collect(stack.reviews, stack.items, champion.definition, carried, encoder.info)
        totals = stack.reviews.totals_of_process(process)
        made = retrain(
            champion,
            reviews,
            encoder,
            created=stack.at(now),
            options=options,
            workers=workers,
            report=tell,
        )
        page(made.page)
        if made.report.outcome is not Outcome.BETTER:
            return made.report
        tell("publishing")
        decisions = totals.decisions
        who = Who(by, stack.at(stack.clock()), made.report.sentence)
        _require_unerased(made.prepared.rows, process, stack)
        _publish(made, champion, stack, who, options, decisions)
        return made.report.model_copy(update={"published": True})
    finally:
        stack.lease.release(process, holder)


def _idle_entry(process: str, stack: Stack) -> ProcessEntry:
    """The entry of a process of which no other version is being released."""
    entry = stack.models.registry.entry(process)
    if entry is None:
        raise ProcessUnknownError(f"No version of {process} was published.")
    if entry.release is not None:
        raise ReleaseInvalidError(
            f"{process}: {entry.release.challenger[:12]} is being released. End that first "
            "(`winnow release promote` or `winnow release stop`), then train."
        )
    return entry


# -- reading --------------------------------------------------------------------------------------


def read_champion(version: ModelVersion, models: Models, samples: Sequence[Path]) -> Champion:
    """A version with its head and the rows that it was trained on, as far as they were kept.

    Raises:
        VersionAlteredError: A file of it is not what was published.
    """
    text = read_verified(models.store, version, DEFINITION_YAML).decode("utf-8-sig")
    definition = load_definition(text, DEFINITION_YAML, published=True)
    head = training = None
    if version.head_sha256 is not None:
        head = HeadFiles.of(
            read_verified(models.store, version, HEAD_CARD),
            read_verified(models.store, version, HEAD_ARRAYS),
        )
        if version.file(TRAINING) is not None:
            training = read_verified(models.store, version, TRAINING)
    rows, names = _rows_of(version, definition, head, models, samples)
    return Champion(version.sha256, text, definition, head, training, rows, names)


def _rows_of(
    version: ModelVersion,
    definition: ProcessDefinition,
    head: HeadFiles | None,
    models: Models,
    samples: Sequence[Path],
) -> tuple[tuple[TrainingRow, ...] | None, tuple[str, ...]]:
    """The rows of a version and the names of their files; None: they were not kept."""
    parts = version.data.parts if version.data else ()
    found: list[TrainingRow] = []
    kept = False
    for part in parts:
        content = _content_of(part, models)
        kept |= content is not None
        found += load_rows((content or b"").splitlines(keepends=True))
    if kept:
        return tuple(found), tuple(part.name for part in parts if part.kind == "file")
    if head is None:
        return None, ()
    labelled = labelled_of(head.card(), definition, samples)
    if labelled is None:
        return None, ()
    columns = columns_read(definition)
    rows = [
        TrainingRow(
            id=f"row {row.record}",
            text=row.text,
            fields={name: cell for name, cell in row.fields.items() if plain_name(name) in columns},
            label=row.label or row.named,
        )
        for row in labelled.rows
    ]
    return tuple(rows), (labelled.file,)


def _content_of(part: DataPart, models: Models) -> bytes | None:
    """The rows of a part; those that are left where some were erased; None: none were kept."""
    if part.object is None:
        return None
    for ref in (part.object, part.object.model_copy(update={"version_id": None})):
        with suppress(ObjectGoneError), models.store.open(ref) as stream:
            return stream.read()
    return None


def labelled_of(
    card: HeadCard, definition: ProcessDefinition, samples: Sequence[Path]
) -> LabelledData | None:
    """The rows of the files that a card names, if one of the folders has these very files."""
    if definition.of_pictures:
        return None  # labelled pictures are in none of the folders
    names = card.data.file.split(", ")
    for folder in samples:
        paths = [folder / name for name in names]
        if all(path.is_file() for path in paths):
            labelled = read_labelled_files(
                paths, definition, card.data.label_column, card.data.text_column
            )
            if labelled.sha256 == card.data.sha256:
                return labelled
    return None


# -- writing --------------------------------------------------------------------------------------


def _publish(
    made: Retrained,
    champion: Champion,
    stack: Stack,
    who: Who,
    options: Options,
    decisions: int,
) -> None:
    models, process = stack.models, champion.definition.id
    parts = [_part(file, process, models) for file in row_files(champion, made.prepared)]
    draft = Draft(
        made.challenger.text,
        made.challenger.definition,
        made.challenger.head,
        training=made.challenger.fitted.training,
        source="trained",
        parents=(champion.sha256,),
        metrics=made.report.metrics,
        data=manifest(champion, made.prepared, parts, options),
        files={EVALUATION_PAGE: made.page, EVALUATION: made.evaluation},
    )
    version = publish(draft, models, who.by, who.at, stack.vectors)
    for left in reversed(range(_ATTEMPTS)):
        entry = _idle_entry(process, stack)
        if entry.champion != champion.sha256:
            raise ReleaseConflictError(
                f"{process}: {entry.champion[:12]} was promoted while {version.short} was trained "
                "and compared with the champion before."
            )
        try:
            models.registry.change(
                entry, *aliases.set_challenger(entry, version, who, decisions=decisions)
            )
        except ReleaseConflictError:
            if not left:
                raise
        else:
            return


def _part(file: RowFile, process: str, models: Models) -> DataPart:
    """Rows as an object of the bucket; those that are there already are not written again."""
    ref = training_rows(models.bucket, process, file.sha256)
    stored = _stored(ref, file, models) or models.store.publish(ref, file.content, JSON_LINES, "")
    return DataPart(
        kind=file.kind,
        object=stored,
        sha256=file.sha256,
        rows=file.rows,
        name=file.name,
    )


def _stored(ref: ObjectRef, file: RowFile, models: Models) -> ObjectRef | None:
    """The object with these very rows, if it is there: erasing writes it anew with fewer."""
    with suppress(ObjectGoneError):
        found = models.store.head(ref).ref
        with models.store.open(found) as stream:
            if hashlib.sha256(stream.read()).hexdigest() == file.sha256:
                return found
    return None


def _require_unerased(rows: Sequence[TrainingRow], process: str, stack: Stack) -> None:
    """Refuse to keep what was erased while the training had its text in memory.

    What is erased from now on waits for the lease, and finds the rows that are written.
    """
    sources: dict[RowSource, None] = dict.fromkeys(row.source for row in rows if row.source)
    for source in sources:
        head = stack.reviews.head(RecordKey(source.upload, source.record))
        if head is not None and head.state is State.ERASED:
            raise ReleaseConflictError(
                f"Records of {process} were erased while it was trained on them. Nothing was "
                "changed: train it again."
            )


# -- again ----------------------------------------------------------------------------------------


def reproduce_version(
    version: ModelVersion,
    models: Models,
    encoder: Encoder | PictureEncoder,
    samples: Sequence[Path],
    *,
    workers: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> Reproduction:
    """Train a version again from its manifest, and note in the registry whether it is the same.

    Raises:
        NotReproducibleError: What it was trained on is gone, or was never kept.
        VersionAlteredError: A file of it is not what was published.
    """
    champion = read_champion(version, models, samples)
    if champion.head is None:
        raise NotReproducibleError(
            f"{version.process} {version.short} has no trained head: its definition is all of it."
        )
    if version.data is not None:
        found = reproduce(
            champion.definition,
            champion.head,
            champion.training,
            version.data,
            champion.rows or (),
            encoder,
            workers=workers,
            report=report,
        )
    else:
        labelled = labelled_of(champion.head.card(), champion.definition, samples)
        if labelled is None:
            raise NotReproducibleError(
                f"The file that {version.process} {version.short} was trained on was not kept."
            )
        found = reproduce_from_file(
            champion.definition, champion.head, champion.training, labelled, encoder, report
        )
    models.registry.mark_reproducible(version.process, version.sha256, found.same)
    return found
