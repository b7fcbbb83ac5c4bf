"""Rows of labelled files that a head was trained on: kept with its version, and read again."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from winnow.errors import (
    NotReproducibleError,
    ObjectGoneError,
    StoredDataInvalidError,
    TrainingDataError,
)
from winnow.heads.card import HeadCard
from winnow.judging.pictures.vectors import as_kept
from winnow.models import ObjectRef
from winnow.ports import ObjectStore
from winnow.processes.schema import LabelsProcess, ProcessDefinition
from winnow.registry.files import training_rows
from winnow.registry.models import DataManifest, DataPart, ModelVersion
from winnow.registry.training_rows import TrainingRow, dump_rows, load_rows
from winnow.storage.paths import JSON_LINES
from winnow.tables.columns import plain_name
from winnow_cli.labelled import require_tables
from winnow_encoder.pictures import load_picture_encoder
from winnow_train.data import (
    NONE,
    LabelledData,
    LabelledRow,
    default_label_column,
    is_of_none,
    read_labelled_files,
)
from winnow_train.pictures import read_labelled_pictures
from winnow_train.reviews import columns_read

LABEL_COLUMN = "label_column"
"""The option of a manifest whose rows are of files that somebody labelled."""


class KeptRows(NamedTuple):
    """Rows to keep beside a version."""

    content: bytes
    rows: int
    name: str
    rows_of: dict[str, int]
    seed: int
    label_column: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def store(self, store: ObjectStore, bucket: str, process: str) -> DataManifest:
        """Write them, unless they are there; what says so in the version."""
        ref = training_rows(bucket, process, self.sha256)
        store.create(ref, self.content, JSON_LINES)
        part = DataPart(
            kind="file",
            object=store.head(ref).ref,
            sha256=self.sha256,
            rows=self.rows,
            name=self.name,
        )
        return DataManifest(
            parts=(part,),
            rows=self.rows,
            rows_of=self.rows_of,
            seed=self.seed,
            options={LABEL_COLUMN: self.label_column},
        )


def labelled_for(
    files: Sequence[Path], definition: ProcessDefinition, card: HeadCard, model: Path
) -> LabelledData:
    """The rows of the files, or folders of pictures, that a head was trained on.

    Raises:
        TrainingDataError: They are other files, or cannot be read.
    """
    if isinstance(definition, LabelsProcess) and definition.of_pictures:
        encoder = load_picture_encoder(model)
        labelled = read_labelled_pictures(files, definition, encoder, card.data.label_column)
    else:
        require_tables(files)
        labelled = read_labelled_files(
            files, definition, card.data.label_column, card.data.text_column
        )
    if labelled.sha256 != card.data.sha256:
        raise TrainingDataError(
            f"The head was trained on {card.data.file} with the sha256 {card.data.sha256[:12]}; "
            f"what is given has {labelled.sha256[:12]}.",
            hint="Give the same files in the same order, each with a --data of its own.",
        )
    return labelled


def kept_rows(
    files: Sequence[Path], definition: ProcessDefinition, card: HeadCard, model: Path
) -> KeptRows:
    """The rows of the files that a head was trained on, to be kept with its version.

    Raises:
        TrainingDataError: They are other files, cannot be read, or are an export of reviews.
    """
    for file in files:
        if file.is_file() and default_label_column(file) is not None:
            raise TrainingDataError(
                f"{file.name} is an export of reviews, and `winnow forget` could not find a "
                "person's rows in it.",
                hint="Publish without --data, and let `winnow retrain` train with the reviews.",
            )
    labelled = labelled_for(files, definition, card, model)
    columns = columns_read(definition)
    rows = [
        TrainingRow(
            id=f"row-{row.record}",
            text="" if row.picture else row.text,
            features=row.picture and as_kept(row.picture.features),
            fields={name: cell for name, cell in row.fields.items() if plain_name(name) in columns},
            label=row.label or NONE,
        )
        for row in labelled.rows
        if row.label is not None or (row.picture and is_of_none(row))
    ]
    return KeptRows(
        dump_rows(rows),
        len(rows),
        labelled.file,
        card.data.rows_of | ({NONE: card.data.none} if card.data.none else {}),
        card.seed,
        card.data.label_column,
    )


def read_rows(store: ObjectStore, version: ModelVersion) -> list[TrainingRow]:
    """The rows of a version's manifest, in their order.

    Raises:
        NotReproducibleError: They were never kept, or some were erased.
    """
    name = f"{version.process} {version.short}"
    if version.data is None:
        raise NotReproducibleError(
            f"What {name} was trained on was not kept.",
            hint="Give the files that its head was trained on, each with a --data of its own.",
        )
    rows: list[TrainingRow] = []
    for part in version.data.parts:
        if part.object is None:
            raise NotReproducibleError(f"The rows {part.name} of {name} were not kept.")
        content = _content(store, part.object)
        if content is None or hashlib.sha256(content).hexdigest() != part.sha256:
            raise NotReproducibleError(
                f"Rows of {name} are gone: they were erased with `winnow forget`, or deleted.",
                hint="Train the process again and release what comes of it: `winnow retrain`.",
            )
        try:
            rows += load_rows(content.splitlines(keepends=True))
        except StoredDataInvalidError as error:
            raise NotReproducibleError(f"Rows of {name} cannot be read: {error.message}") from None
    return rows


def _content(store: ObjectStore, ref: ObjectRef) -> bytes | None:
    try:
        with store.open(ref) as stream:
            return stream.read()
    except ObjectGoneError:
        return None


def as_labelled(rows: Sequence[TrainingRow], card: HeadCard) -> LabelledData:
    """Kept rows of files, as `winnow train` read them.

    Raises:
        NotReproducibleError: They are pictures, of which rounded features are kept.
    """
    if card.picture_encoder is not None:
        raise NotReproducibleError(
            f"Of the pictures that the head of {card.process} was trained on, rounded features are "
            "kept: another head would come of them.",
            hint="Give the pictures that its head was trained on, each source with a --data.",
        )
    labelled = tuple(
        LabelledRow(number, row.text, row.fields, row.label, row.label)
        for number, row in enumerate(rows, 1)
    )
    return LabelledData(card.data.file, card.data.sha256, labelled, 0)
