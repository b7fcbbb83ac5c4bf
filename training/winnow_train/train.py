"""From labelled rows to a head beside its process."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from winnow.errors import HeadInvalidError, TrainingDataError
from winnow.heads.card import ARRAYS, CARD, TRAINING, HeadFiles, TrainingData, folder_of
from winnow.judging.text.vectors import encode_segments
from winnow.models import ModelInfo
from winnow.ports import Encoder, PictureEncoder
from winnow.processes.schema import CriteriaProcess, LabelsProcess, ProcessDefinition
from winnow.storage.replacing import replace_files
from winnow.tables.numbers import numbers_of
from winnow_train.data import (
    LabelledData,
    LabelledRow,
    copy_keys_of,
    features_of,
    is_of_none,
    kept_keys_of,
    keys_of,
    labels_of,
    record_groups,
    shown_label,
)
from winnow_train.fit import Fitted, Material, fit
from winnow_train.gain import CriteriaGain
from winnow_train.near_copies import near_copies, signatures

PICTURE_STRENGTHS = (0.0003, 0.001, 0.003, 0.01)
"""Values of C for 1,280 standardised features: those for a few numbers are too great for them."""

_HINT_TABLE = (
    "Name the column of its labels with --label-column, or make a process of these labels: another "
    "id with --process, and --create."
)
_HINT_PICTURES = (
    "Give the folders, or the column of labels, the names of the process's labels, and `none` to "
    "pictures that have none of them."
)


@dataclass(frozen=True)
class Settings:
    """How a head is fitted, beside its rows."""

    seed: int = 0
    weights: NDArray[np.float64] | None = None
    """How many records each row stands for; None: one."""
    groups: NDArray[np.intp] | None = None
    """Near copies have the same; None: they are looked for."""
    strengths: tuple[float, ...] | None = None
    """The values of C to choose from; None: by the number of rows."""
    workers: int = 1
    """Processes that fit folds at the same time."""


def train(
    definition: ProcessDefinition,
    labelled: LabelledData,
    encoder: Encoder | PictureEncoder,
    *,
    label_column: str,
    text_column: str | None,
    created: str,
    seed: int = 0,
    settings: Settings | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Fitted:
    """Fit the head of a process.

    Args:
        definition: The process.
        labelled: Rows; those with labels that the process does not know are refused.
        encoder: Makes the vectors of texts, or has made those of the pictures.
        label_column: For the card.
        text_column: For the card.
        created: When, ISO 8601.
        seed: Of folds and solver.
        settings: More than the seed; its own seed goes before.
        report: Is told what is being done.

    Raises:
        TrainingDataError: The data name labels that the process has not, or lack its own.
    """
    settings = settings or Settings(seed)
    rows = labelled.known
    _require_no_unknown(definition, labelled)
    if isinstance(definition, LabelsProcess) and definition.of_pictures:
        return _train_pictures(
            definition, labelled, encoder.info, label_column, created, settings, report
        )
    encoder = cast("Encoder", encoder)
    if isinstance(definition, CriteriaProcess):
        return _train_criteria(
            definition,
            rows,
            labelled,
            encoder,
            label_column,
            text_column,
            created,
            settings,
            report,
        )
    known = _known(definition, rows)
    labels = labels_of(definition)
    position = {label: index for index, label in enumerate(labels)}
    numeric = definition.input.numeric_columns
    reads_text = bool(definition.input.text_columns)
    texts = tuple(row.text for row in rows) if reads_text else ()
    extra = _extra(definition) if reads_text else []
    report(f"encoding {len(texts):,} texts")
    vectors = _vectors(texts, encoder, len(rows))
    alike = near_copies([*texts, *(text for text, _ in extra)]) if reads_text else None
    material = Material(
        labels=labels,
        known=known,
        texts=texts,
        vectors=vectors,
        numbers=numbers_of([row.fields for row in rows], numeric, len(rows)),
        extra_texts=tuple(text for text, _ in extra),
        extra_vectors=_vectors([text for text, _ in extra], encoder, len(extra)),
        extra_known=np.array([position[label] for _, label in extra], np.intp),
        weights=settings.weights,
        groups=_groups(definition, rows, settings, alike),
        alike=alike,
    )
    return fit(
        material,
        _data(labelled, rows, labels, label_column, text_column if reads_text else None, numeric),
        kind="labels",
        process=definition.id,
        encoder=encoder.info if reads_text else None,
        threshold=definition.threshold,
        created=created,
        keys=keys_of(rows, numeric),
        copy_keys=copy_keys_of(rows, numeric) if reads_text else None,
        signatures=signatures(texts) if reads_text else None,
        strengths=settings.strengths,
        seed=settings.seed,
        workers=settings.workers,
        report=report,
    )


def write(fitted: Fitted, process_file: Path, process_id: str) -> Path:
    """Put a head beside its process; the folder."""
    folder = folder_of(process_file, process_id)
    folder.mkdir(exist_ok=True)
    card = (fitted.card.model_dump_json(indent=1) + "\n").encode()
    replace_files(
        {folder / ARRAYS: fitted.arrays, folder / TRAINING: fitted.training, folder / CARD: card}
    )
    return folder


def rows_of_head(process_file: Path, process_id: str) -> int:
    """How many rows the head beside a process was trained on; 0 without a readable one."""
    try:
        files = HeadFiles.beside(process_file, process_id)
        return files.card().data.rows if files else 0
    except HeadInvalidError:
        return 0


def _require_no_unknown(definition: ProcessDefinition, labelled: LabelledData) -> None:
    of_pictures = isinstance(definition, LabelsProcess) and definition.of_pictures
    unknown = sorted(
        {row.named for row in labelled.unknown if not of_pictures or not is_of_none(row)}
    )
    if unknown:
        some = ", ".join(labels_of(definition)[:5])
        raise TrainingDataError(
            f"The data name {len(unknown)} labels that {definition.id} does not have, "
            f"such as {shown_label(unknown[0])}; it has {some}.",
            hint=_HINT_PICTURES if of_pictures else _HINT_TABLE,
        )


def _known(definition: LabelsProcess, rows: Sequence[LabelledRow]) -> NDArray[np.intp]:
    """Positions of the rows' labels. Raises TrainingDataError where a label has no row."""
    labels = labels_of(definition)
    named = [row.label for row in rows if row.label is not None]
    if missing := [label for label in labels if label not in named]:
        raise TrainingDataError(f"No row has the label {missing[0]} ({len(missing)} are missing).")
    return np.array([labels.index(label) for label in named], np.intp)


def _train_pictures(
    definition: LabelsProcess,
    labelled: LabelledData,
    encoder: ModelInfo,
    label_column: str,
    created: str,
    settings: Settings,
    report: Callable[[str], None],
) -> Fitted:
    rows = labelled.known
    labels = labels_of(definition)
    none = labelled.unknown
    data = _data(labelled, rows, labels, label_column, None, ())
    material = Material(
        labels=labels,
        known=_known(definition, rows),
        texts=(),
        vectors=np.zeros((len(rows), 0), np.float32),
        numbers=features_of(rows).astype(np.float64),
        weights=settings.weights,
        groups=settings.groups,
        none=features_of(none).astype(np.float64) if none else None,
    )
    return fit(
        material,
        data.model_copy(update={"none": len(none)}),
        kind="labels",
        process=definition.id,
        encoder=None,
        picture_encoder=encoder,
        threshold=definition.threshold,
        created=created,
        keys=keys_of(rows, ()),
        kept_keys=kept_keys_of(rows),
        none_keys=_none_keys(none),
        strengths=settings.strengths or PICTURE_STRENGTHS,
        seed=settings.seed,
        report=report,
    )


def _train_criteria(
    definition: CriteriaProcess,
    rows: tuple[LabelledRow, ...],
    labelled: LabelledData,
    encoder: Encoder,
    label_column: str,
    text_column: str | None,
    created: str,
    settings: Settings,
    report: Callable[[str], None],
) -> Fitted:
    from winnow.judging import build_judge
    from winnow.judging.criteria.calibrated import criteria_inputs
    from winnow.judging.criteria.evidence_features import FEATURES
    from winnow.judging.criteria.undoing import (
        FAR,
        FarDenial,
        UndoingWords,
        cautions_of,
        classes_without_themselves,
        understood,
    )

    report(f"judging {len(rows):,} records by the criteria")
    judgements = build_judge(definition, encoder)(
        [row.text for row in rows], [row.fields for row in rows]
    )
    doubted = list(map(UndoingWords(definition), judgements))
    is_far_denial = FarDenial(definition)
    right = [j.decision.value == row.label for j, row in zip(judgements, rows, strict=True)]
    vouched = understood([d for d, is_right in zip(doubted, right, strict=True) if is_right])
    causes = [
        classes | cautions_of(judgement) | ({FAR} if is_far_denial(judgement) else set())
        for classes, judgement in zip(
            classes_without_themselves(doubted, right), judgements, strict=True
        )
    ]
    labels = tuple(label for label in labels_of(definition) if any(r.label == label for r in rows))
    position = {label: index for index, label in enumerate(labels)}
    material = Material(
        labels=labels,
        known=np.array([position[row.label] for row in rows if row.label], np.intp),
        texts=(),
        vectors=np.zeros((len(rows), 0), np.float32),
        numbers=criteria_inputs(judgements).numbers,
        weights=settings.weights,
        groups=_groups(definition, rows, settings),
    )
    fitted = fit(
        material,
        _data(labelled, rows, labels, label_column, text_column, ()),
        kind="criteria",
        process=definition.id,
        encoder=None,
        evidence_encoder=encoder.info,
        judging=definition.judging_sha256,
        criteria=tuple(criterion.id for criterion in definition.criteria),
        evidence=FEATURES,
        understood=tuple(sorted(vouched)),
        causes=causes,
        threshold=definition.threshold,
        created=created,
        keys=keys_of(rows, (), definition.cells_read),
        copy_keys=copy_keys_of(rows, (), definition.cells_read),
        signatures=signatures([row.text for row in rows]),
        decided=np.array([position.get(j.decision.value, -1) for j in judgements], np.intp),
        strengths=settings.strengths,
        seed=settings.seed,
        report=report,
    )
    with np.load(io.BytesIO(fitted.training), allow_pickle=False) as stored:
        confidence = stored["confidence"].astype(np.float64)
    gain = CriteriaGain.of(rows, judgements, confidence, definition.threshold)
    return replace(fitted, gain=gain)


def _none_keys(
    none: tuple[LabelledRow, ...],
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]] | None:
    kept = kept_keys_of(none)
    return None if kept is None else (keys_of(none, ()), kept)


def _groups(
    definition: ProcessDefinition,
    rows: tuple[LabelledRow, ...],
    settings: Settings,
    alike: NDArray[np.intp] | None = None,
) -> NDArray[np.intp] | None:
    """The group of each row; None: none reads a text, and no number is a copy of another."""
    if not definition.judges_texts:
        return None
    if settings.groups is not None:
        return settings.groups
    return record_groups(definition, rows, None if alike is None else alike[: len(rows)])


def _vectors(
    texts: tuple[str, ...] | list[str], encoder: Encoder, rows: int
) -> NDArray[np.float32]:
    if not texts:
        return np.zeros((rows, 0), np.float32)
    return encode_segments(texts, encoder).text_vectors()[0]


def _extra(definition: LabelsProcess) -> list[tuple[str, str]]:
    """Sentences of the definition that teach too: examples, and the labels' names."""
    found: list[tuple[str, str]] = []
    for label in definition.labels:
        name = label.title or label.id.replace("_", " ").replace("-", " ")
        found += [(text, label.id) for text in (name, *label.examples)]
    return found


def _data(
    labelled: LabelledData,
    rows: tuple[LabelledRow, ...],
    labels: tuple[str, ...],
    label_column: str,
    text_column: str | None,
    numeric: tuple[str, ...],
) -> TrainingData:
    return TrainingData(
        file=labelled.file,
        sha256=labelled.sha256,
        rows=len(rows),
        rows_of={label: sum(row.label == label for row in rows) for label in labels},
        text_column=text_column,
        label_column=label_column,
        numeric_columns=numeric,
    )
