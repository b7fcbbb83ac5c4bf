"""Measuring a process on labelled rows.

A row that the head was trained on is measured by what the fold that had not seen it decided, so
that nothing is measured by what was learned by heart. All other rows are judged as a run does.
"""

import io
import itertools
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winnow.errors import HeadInvalidError, TrainingDataError
from winnow.heads.card import TRAINING, HeadCard, HeadFiles, folder_of
from winnow.judging import build_judge
from winnow.models import Verdict
from winnow.ports import Encoder
from winnow.processes.schema import ProcessDefinition
from winnow.tables.columns import plain_name
from winnow_train.data import Labelled, Row, keys_of, labels_of
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

MOST_VALUES = 50
"""Values of a column that are told one by one, the most frequent."""

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Decisions:
    """What a process says of rows, in their order."""

    rows: tuple[Row, ...]
    decided: tuple[str, ...]
    confidence: Doubles
    out_of_scope: Bools
    novelty: Doubles
    """NaN where it is not measured."""
    trained_on: Bools
    """Rows that the head was trained on: these decisions are of the folds without them."""
    calibration: str | None
    because: tuple[tuple[str, ...], ...]
    """The criteria that each decision rests on; empty for labels, and where a fold decided."""

    @property
    def held_out(self) -> int:
        """How many rows were trained on."""
        return int(self.trained_on.sum())

    def where(self, chosen: Bools) -> "Decisions":
        """Those of some rows."""
        return replace(
            self,
            rows=tuple(itertools.compress(self.rows, chosen)),
            decided=tuple(itertools.compress(self.decided, chosen)),
            confidence=self.confidence[chosen],
            out_of_scope=self.out_of_scope[chosen],
            novelty=self.novelty[chosen],
            trained_on=self.trained_on[chosen],
            because=tuple(itertools.compress(self.because, chosen)),
        )

    @property
    def right(self) -> Bools:
        """Whether each decision is what the data say."""
        return np.array([r.label == d for r, d in zip(self.rows, self.decided, strict=True)], bool)

    def with_scope(self, threshold: float) -> "Decisions":
        """The same, with another limit of the scope."""
        with np.errstate(invalid="ignore"):
            return replace(self, out_of_scope=self.novelty > threshold)

    @property
    def acceptable(self) -> Doubles:
        """Confidences, with those that no threshold accepts set to -1."""
        undecided = np.array([d == Verdict.UNDETERMINED for d in self.decided], bool)
        never = self.out_of_scope | undecided
        return np.where(never, -1.0, self.confidence)


@dataclass(frozen=True)
class Part:
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
    whole: Part
    """All rows, foreign ones too."""
    parts: dict[str, list[Part]]
    """Slices by column; under the empty name those by decided label."""
    foreign: int
    """Rows whose label the process has not."""
    foreign_recognised: int
    """Of these, called out of scope."""
    foreign_accepted: int
    """Of these, accepted at the threshold: each a mistake."""
    out_of_scope: int
    """Rows of the process's labels that were called out of scope."""


def decide(
    definition: ProcessDefinition,
    rows: Sequence[Row],
    encoder: Encoder,
    head: HeadFiles | None,
    process_file: Path | None,
) -> Decisions:
    """The process's decision of each row."""
    card = head.card() if head else None
    stored = _training(process_file, definition.id, card) if process_file else {}
    keys = keys_of(rows, definition.input.numeric_columns)
    fresh = [index for index, key in enumerate(keys.tolist()) if key not in stored]
    judge = build_judge(definition, encoder, head)
    decided = [""] * len(rows)
    because: list[tuple[str, ...]] = [()] * len(rows)
    confidence, novelty = np.zeros(len(rows)), np.full(len(rows), np.nan)
    beyond = np.zeros(len(rows), bool)
    for start in range(0, len(fresh), 2048):
        block = fresh[start : start + 2048]
        judged = judge([rows[i].text for i in block], [rows[i].fields for i in block])
        for index, judgement in zip(block, judged, strict=True):
            decided[index] = str(judgement.decision.value)
            if judgement.decision.kind == "criteria":
                because[index] = tuple(judgement.decision.because)
            confidence[index] = judgement.confidence
            beyond[index] = judgement.out_of_scope
            if judgement.novelty is not None:
                novelty[index] = judgement.novelty
    for index, key in enumerate(keys.tolist()):
        if (found := stored.get(key)) is not None:
            decided[index], confidence[index], novelty[index] = found
            beyond[index] = bool(card and card.scope and novelty[index] > card.scope.threshold)
    return Decisions(
        tuple(rows),
        tuple(decided),
        confidence,
        beyond,
        novelty,
        np.array([key in stored for key in keys.tolist()], bool),
        card.calibration.version if card and card.calibration else None,
        tuple(because),
    )


def evaluate(
    definition: ProcessDefinition,
    labelled: Labelled,
    encoder: Encoder,
    head: HeadFiles | None,
    process_file: Path | None,
    columns: Sequence[str] = (),
) -> tuple[Evaluation, Decisions]:
    """Measure a process; `columns` are those to slice by.

    :raises TrainingDataError: no row has a label of the process, or a column to slice by
    """
    if not labelled.known:
        some = ", ".join(labels_of(definition)[:5])
        raise TrainingDataError(
            f"No row of {labelled.file} has a label of {definition.id}, such as {some}."
        )
    decisions = decide(definition, labelled.rows, encoder, head, process_file)
    inside = np.array([row.label is not None for row in labelled.rows])
    found, strange = decisions.where(inside), decisions.where(~inside)
    known = [row.label or "" for row in found.rows]
    labels = tuple(label for label in labels_of(definition) if label in {*known, *found.decided})
    counts = confusion(known, found.decided, labels)
    each = by_label(counts, labels)
    right, sure = found.right, found.confidence
    accepted = found.acceptable >= definition.threshold
    curve = risk_coverage(sure, right)
    names = np.array(found.decided)
    parts = {"": [part_of(label, names == label, right, accepted) for label in labels]}
    for column in columns:
        parts[column] = slices_of(found.rows, column, right, accepted)
    # What is accepted of foreign rows is wrong, and part of what a threshold lets through.
    every = np.concatenate([right, strange.right])
    through = np.concatenate([accepted, strange.acceptable >= definition.threshold])
    return (
        Evaluation(
            process=definition.id,
            version=definition.version,
            head=head.card().info.version if head else None,
            calibration=found.calibration,
            rows=len(known),
            held_out=found.held_out,
            accuracy=float(right.mean()),
            macro_f1=float(np.mean([m.f1 for m in each if m.known])),
            ece=expected_calibration_error(sure, right),
            labels=labels,
            by_label=each,
            confusion=counts,
            bins=reliability(sure, right),
            curve=curve,
            area_under_risk=area_under_risk(curve),
            threshold=definition.threshold,
            whole=part_of("all", np.ones(len(every), bool), every, through),
            parts={name: [part for part in some if part.rows] for name, some in parts.items()},
            foreign=len(strange.rows),
            foreign_recognised=int(strange.out_of_scope.sum()),
            foreign_accepted=int(through[len(right) :].sum()),
            out_of_scope=int(found.out_of_scope.sum()),
        ),
        found,
    )


@dataclass(frozen=True)
class Comparison:
    """Two judges on the same rows."""

    only_first_right: int
    only_second_right: int
    p_value: float
    """McNemar's exact test, two-sided."""


def compare(first: Decisions, second: Decisions) -> Comparison:
    """Whether one of two judges is more often right.

    Counted are the rows whose label either has; one that has it not is wrong there.
    """
    sides = [
        {row.record: bool(right) for row, right in zip(side.rows, side.right, strict=True)}
        for side in (first, second)
    ]
    rows = sorted({*sides[0], *sides[1]})
    one, other = (np.array([side.get(row, False) for row in rows], bool) for side in sides)
    return Comparison(int((one & ~other).sum()), int((other & ~one).sum()), mcnemar(one, other))


def part_of(name: str, rows: Bools, right: Bools, accepted: Bools) -> Part:
    """The figures of some rows."""
    count, kept = int(rows.sum()), rows & accepted
    taken, good = int(kept.sum()), int((kept & right).sum())
    return Part(
        name=name,
        rows=count,
        accuracy=float(right[rows].mean()) if count else 0.0,
        accepted=taken,
        precision=good / taken if taken else None,
        bound=lower_bound(good, taken) if taken else None,
    )


def slices_of(rows: Sequence[Row], column: str, right: Bools, accepted: Bools) -> list[Part]:
    """The figures by a column's values, in their order.

    Beyond MOST_VALUES the rarer ones are told together, behind the others.

    :raises TrainingDataError: no row has such a column
    """
    wanted = plain_name(column)
    cells = [
        next((cell for name, cell in row.fields.items() if plain_name(name) == wanted), None)
        for row in rows
    ]
    if all(cell is None for cell in cells):
        raise TrainingDataError(f"The data have no column {column} to slice by.")
    members: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        members.setdefault((cell or "").strip() or "(empty)", []).append(index)
    # The most frequent first; equally frequent ones as they stand in the alphabet.
    values = sorted(members, key=lambda value: (-len(members[value]), value))
    groups = {value: members[value] for value in sorted(values[:MOST_VALUES])}
    if rest := values[MOST_VALUES:]:
        groups[f"({len(rest):,} other values)"] = [i for value in rest for i in members[value]]
    parts = []
    for name, positions in groups.items():
        chosen = np.zeros(len(rows), bool)
        chosen[positions] = True
        parts.append(part_of(name, chosen, right, accepted))
    return parts


def _training(
    process_file: Path, process_id: str, card: HeadCard | None
) -> Mapping[int, tuple[str, float, float]]:
    """Held-out decision, confidence and novelty of each row trained on, by its key."""
    file = folder_of(process_file, process_id) / TRAINING
    if card is None or not file.is_file():
        return {}
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as stored:
            if str(stored["arrays_sha256"]) != card.arrays_sha256:
                raise HeadInvalidError(f"{TRAINING} is not of the head beside it.")
            names = [*card.labels, str(Verdict.UNDETERMINED.value)]
            return {
                key: (names[place], round(sure, 4), round(strange, 4))
                for key, place, sure, strange in zip(
                    stored["keys"].tolist(),
                    stored["decided"].tolist(),
                    stored["confidence"].tolist(),
                    stored["novelty"].tolist(),
                    strict=True,
                )
            }
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise HeadInvalidError(f"{TRAINING} cannot be read ({type(error).__name__}).") from None
