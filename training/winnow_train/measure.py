"""Measuring a process on labelled rows: accuracy, calibration, risk and coverage, by slices."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow.errors import TrainingDataError
from winnow.heads.card import HeadFiles
from winnow.ports import Encoder, PictureEncoder
from winnow.processes.schema import ProcessDefinition
from winnow.tables.columns import plain_name
from winnow_train.data import LabelledData, LabelledRow, labels_of
from winnow_train.decisions import Decisions, decide_labelled
from winnow_train.metrics import (
    Bin,
    LabelMetrics,
    area_under_risk,
    by_label,
    confusion,
    expected_calibration_error,
    lower_bound,
    mcnemar,
    reliability,
    risk_coverage,
)
from winnow_train.stored import training_beside

MAX_VALUES = 50
"""Values of a column that are shown one by one, the most frequent."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class SliceMetrics:
    """Some of the rows: a label's, or those with one value in a column."""

    name: str
    rows: int
    accuracy: float
    accepted: int
    precision: float | None
    bound: float | None
    """Lower bound of the precision, with 95% confidence."""

    @property
    def coverage(self) -> float:
        return self.accepted / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class Evaluation:
    """How good a process is on labelled rows."""

    process: str
    version: str
    head: str | None
    calibration: str | None
    rows: int
    held_out: int
    accuracy: float
    macro_f1: float
    ece: float
    labels: tuple[str, ...]
    by_label: list[LabelMetrics]
    confusion: list[list[int]]
    bins: list[Bin]
    curve: list[tuple[float, float, float]]
    area_under_risk: float
    threshold: float
    whole: SliceMetrics
    """All rows, those with unknown labels too."""
    parts: dict[str, list[SliceMetrics]]
    """Slices by column; under the empty name those by decided label."""
    unknown: int
    """Rows with a label that the process does not know."""
    unknown_recognised: int
    """Of these, called out of scope."""
    unknown_accepted: int
    """Of these, accepted at the threshold: each a mistake."""
    out_of_scope: int
    """Rows of the process's labels that were called out of scope."""
    held_out_known: bool = True
    """False: which rows the head was trained on is not known."""
    near_copies: int = 0
    """Rows that were left out: near copies of rows that the head was trained on."""
    notes: tuple[str, ...] = ()
    """What is not known of how far the rows are new to the head."""

    def document(self) -> dict[str, Any]:
        """The evaluation as `--json` prints it; the curve has about 200 points at most."""
        document = asdict(self)
        step = max(1, len(self.curve) // 200)
        points = [*self.curve[::step], self.curve[-1]] if self.curve else []
        document["curve"] = [
            {"threshold": threshold, "coverage": round(coverage, 4), "risk": round(risk, 4)}
            for threshold, coverage, risk in points
        ]
        document["whole"]["coverage"] = self.whole.coverage
        document["slices"] = {name: some for name, some in document.pop("parts").items() if name}
        document["by_decision"] = [asdict(part) for part in self.parts[""]]
        for name in ("unknown", "unknown_recognised", "unknown_accepted"):
            document[name.replace("unknown", "foreign")] = document.pop(name)
        return document


def evaluate(
    definition: ProcessDefinition,
    labelled: LabelledData,
    encoder: Encoder | PictureEncoder,
    head: HeadFiles | None,
    process_file: Path | None,
    columns: Sequence[str] = (),
    training: bytes | None = None,
) -> tuple[Evaluation, Decisions]:
    """Measure a process.

    Args:
        definition: The process.
        labelled: The rows.
        encoder: Makes the vectors of texts, or has made those of the pictures.
        head: Its head.
        process_file: The process's file, with the head's training.npz in the folder beside it.
        columns: Those to slice by.
        training: training.npz of a head that lies in no folder.

    Raises:
        TrainingDataError: No row has a label of the process, or a column to slice by; or the head
            was trained on these rows, and what the folds without them decided is missing.
    """
    _require_known(definition, labelled)
    if process_file is not None:
        training = training_beside(process_file, definition.id)
    decisions = decide_labelled(definition, labelled, encoder, head, training)
    return measured(definition, decisions, head, columns)


def _require_known(definition: ProcessDefinition, labelled: LabelledData) -> None:
    if not labelled.known:
        some = ", ".join(labels_of(definition)[:5])
        raise TrainingDataError(
            f"No row of {labelled.file} has a label of {definition.id}, such as {some}."
        )


def measured(
    definition: ProcessDefinition,
    decisions: Decisions,
    head: HeadFiles | None,
    columns: Sequence[str] = (),
) -> tuple[Evaluation, Decisions]:
    """The measures of decisions, and those of rows whose label the process knows.

    Raises:
        TrainingDataError: No row has a column to slice by.
    """
    known = decisions.known
    unknown = decisions.where(~decisions.has_known_label)
    truths = [row.label or "" for row in known.rows]
    labels = tuple(label for label in labels_of(definition) if label in {*truths, *known.decided})
    counts = confusion(truths, known.decided, labels)
    metrics = by_label(counts, labels)
    right, confidence = known.right, known.confidence
    accepted = known.acceptable >= definition.threshold
    curve = risk_coverage(confidence, right)
    parts = {"": metrics_by_label(known, labels, right, accepted)}
    for column in columns:
        parts[column] = metrics_by_column(known.rows, column, right, accepted)
    # A row with an unknown label that is accepted is wrong, and counts against the threshold.
    unknown_accepted = unknown.acceptable >= definition.threshold
    evaluation = Evaluation(
        process=definition.id,
        version=definition.version,
        head=head.card().info.version if head else None,
        calibration=known.calibration,
        rows=len(truths),
        held_out=known.held_out,
        held_out_known=known.held_out_known,
        near_copies=len(known.left_out),
        notes=known.notes,
        accuracy=float(right.mean()),
        macro_f1=float(np.mean([metric.f1 for metric in metrics if metric.known])),
        ece=expected_calibration_error(confidence, right),
        labels=labels,
        by_label=metrics,
        confusion=counts,
        bins=reliability(confidence, right),
        curve=curve,
        area_under_risk=area_under_risk(curve),
        threshold=definition.threshold,
        whole=slice_metrics(
            "all",
            np.ones(len(decisions.rows), bool),
            np.concatenate([right, unknown.right]),
            np.concatenate([accepted, unknown_accepted]),
        ),
        parts={name: [part for part in some if part.rows] for name, some in parts.items()},
        unknown=len(unknown.rows),
        unknown_recognised=int(unknown.out_of_scope.sum()),
        unknown_accepted=int(unknown_accepted.sum()),
        out_of_scope=int(known.out_of_scope.sum()),
    )
    return evaluation, known


@dataclass(frozen=True)
class Comparison:
    """Two judges on the same rows."""

    only_first_right: int
    only_second_right: int
    p_value: float
    """McNemar's exact test, two-sided."""


def compare(first: Decisions, second: Decisions) -> Comparison:
    """Whether one of two judges is more often right.

    Counted are the rows whose label either has; one that has it not is wrong there. Rows that were
    left out as near copies of what either was trained on are not counted.
    """
    sides = [
        {row.record: bool(right) for row, right in zip(side.rows, side.right, strict=True)}
        for side in (first, second)
    ]
    rows = sorted({*sides[0], *sides[1]} - first.left_out - second.left_out)
    one, other = (np.array([side.get(row, False) for row in rows], bool) for side in sides)
    return Comparison(int((one & ~other).sum()), int((other & ~one).sum()), mcnemar(one, other))


def slice_metrics(name: str, rows: Bools, right: Bools, accepted: Bools) -> SliceMetrics:
    """The figures of some rows."""
    count, kept = int(rows.sum()), rows & accepted
    taken, good = int(kept.sum()), int((kept & right).sum())
    return SliceMetrics(
        name=name,
        rows=count,
        accuracy=float(right[rows].mean()) if count else 0.0,
        accepted=taken,
        precision=good / taken if taken else None,
        bound=lower_bound(good, taken) if taken else None,
    )


def metrics_by_label(
    decisions: Decisions, labels: Sequence[str], right: Bools, accepted: Bools
) -> list[SliceMetrics]:
    """The figures of the rows that were decided to be each label."""
    decided = np.array(decisions.decided)
    return [slice_metrics(label, decided == label, right, accepted) for label in labels]


def metrics_by_column(
    rows: Sequence[LabelledRow], column: str, right: Bools, accepted: Bools
) -> list[SliceMetrics]:
    """The figures by a column's values, in their order.

    Beyond MAX_VALUES the rarer ones are told together, behind the others.

    Raises:
        TrainingDataError: No row has such a column.
    """
    name = plain_name(column)
    cells = [
        next((cell for field, cell in row.fields.items() if plain_name(field) == name), None)
        for row in rows
    ]
    if all(cell is None for cell in cells):
        raise TrainingDataError(f"The data have no column {column} to slice by.")
    members: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        members.setdefault((cell or "").strip() or "(empty)", []).append(index)
    # The most frequent first; equally frequent ones as they stand in the alphabet.
    values = sorted(members, key=lambda value: (-len(members[value]), value))
    groups = {value: members[value] for value in sorted(values[:MAX_VALUES])}
    if rest := values[MAX_VALUES:]:
        groups[f"({len(rest):,} other values)"] = [i for value in rest for i in members[value]]
    parts = []
    for value, positions in groups.items():
        chosen = np.zeros(len(rows), bool)
        chosen[positions] = True
        parts.append(slice_metrics(value, chosen, right, accepted))
    return parts
