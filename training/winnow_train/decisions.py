"""What a process decides of labelled rows, to be measured.

A row that the head was trained on is represented by the decision of the fold that had not seen it:
nothing is measured by what was memorised. All other rows are judged as a run judges them.
"""

import itertools
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from winnow.errors import HeadInvalidError
from winnow.heads.card import TRAINING, HeadCard, HeadFiles, folder_of
from winnow.judging import build_judge
from winnow.judging.pictures import picture_judge
from winnow.models import CriterionFinding, Judgement, Verdict
from winnow.ports import Encoder, PictureEncoder
from winnow.processes.schema import LabelsProcess, ProcessDefinition
from winnow_train.data import LabelledRow, features_of, kept_keys_of, keys_of
from winnow_train.stored import read_training

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Decisions:
    """What a process says of rows, in their order."""

    rows: tuple[LabelledRow, ...]
    decided: tuple[str, ...]
    confidence: Doubles
    out_of_scope: Bools
    novelty: Doubles
    """NaN where it is not measured."""
    trained_on: Bools
    """Rows that the head was trained on: these decisions are of the folds without them."""
    calibration: str | None
    because: tuple[tuple[str, ...], ...]
    """The criteria that each decision rests on; empty for labels."""
    findings: tuple[tuple[CriterionFinding, ...], ...] = ()
    """What each criterion made of each row; empty for labels."""

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
            findings=tuple(itertools.compress(self.findings, chosen)),
        )

    @property
    def has_known_label(self) -> Bools:
        """Whether the process knows each row's label."""
        return np.array([row.label is not None for row in self.rows], bool)

    @property
    def known(self) -> "Decisions":
        """Those of rows whose label the process knows."""
        return self.where(self.has_known_label)

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


def decide(
    definition: ProcessDefinition,
    rows: Sequence[LabelledRow],
    encoder: Encoder | PictureEncoder,
    head: HeadFiles | None,
    process_file: Path | None,
) -> Decisions:
    """The process's decision of each row."""
    card = head.card() if head else None
    stored = _training(process_file, definition.id, card) if process_file else {}
    keys = _keys(definition, rows, stored)
    # By criteria all rows are judged: a mistake is explained by what each criterion made of it.
    fresh = [
        index
        for index, key in enumerate(keys)
        if key not in stored or definition.kind == "criteria"
    ]
    judge = _judge(definition, encoder, head)
    decided = [""] * len(rows)
    because: list[tuple[str, ...]] = [()] * len(rows)
    findings: list[tuple[CriterionFinding, ...]] = []
    confidence, novelty = np.zeros(len(rows)), np.full(len(rows), np.nan)
    beyond = np.zeros(len(rows), bool)
    for start in range(0, len(fresh), 2048):
        block = fresh[start : start + 2048]
        judged = judge([rows[i] for i in block])
        for index, judgement in zip(block, judged, strict=True):
            decided[index] = str(judgement.decision.value)
            if judgement.decision.kind == "criteria":
                because[index] = tuple(judgement.decision.because)
                findings.append(judgement.decision.criteria)
            confidence[index] = judgement.confidence
            beyond[index] = judgement.out_of_scope
            if judgement.novelty is not None:
                novelty[index] = judgement.novelty
    for index, key in enumerate(keys):
        if (found := stored.get(key)) is not None:
            decided[index], confidence[index], novelty[index] = found
            beyond[index] = bool(card and card.scope and novelty[index] > card.scope.threshold)
    return Decisions(
        tuple(rows),
        tuple(decided),
        confidence,
        beyond,
        novelty,
        np.array([key in stored for key in keys], bool),
        card.calibration.version if card and card.calibration else None,
        tuple(because),
        tuple(findings),
    )


def _keys(
    definition: ProcessDefinition, rows: Sequence[LabelledRow], stored: Container[int]
) -> list[int]:
    """The key of each row, as far as there are two by the one that was stored.

    A head that was trained on reviews of pictures knows them by what results keep.
    """
    keys = keys_of(rows, definition.input.numeric_columns, definition.cells_read).tolist()
    kept = kept_keys_of(rows)
    others = keys if kept is None else kept.tolist()
    return [other if other in stored else key for key, other in zip(keys, others, strict=True)]


def _judge(
    definition: ProcessDefinition, encoder: Encoder | PictureEncoder, head: HeadFiles | None
) -> Callable[[Sequence[LabelledRow]], list[Judgement]]:
    if isinstance(definition, LabelsProcess) and definition.of_pictures:
        of_pictures = picture_judge(definition, cast("PictureEncoder", encoder), head)
        return lambda rows: of_pictures.judge(features_of(rows))
    of_texts = build_judge(definition, cast("Encoder", encoder), head)
    return lambda rows: of_texts([row.text for row in rows], [row.fields for row in rows])


def _training(
    process_file: Path, process_id: str, card: HeadCard | None
) -> Mapping[int, tuple[str, float, float]]:
    """Held-out decision, confidence and novelty of each row trained on, by its key."""
    file = folder_of(process_file, process_id) / TRAINING
    if card is None or not file.is_file():
        return {}
    try:
        content = file.read_bytes()
    except OSError as error:
        raise HeadInvalidError(f"{TRAINING} cannot be read ({type(error).__name__}).") from None
    stored = read_training(content)
    if stored.arrays_sha256 != card.arrays_sha256:
        raise HeadInvalidError(f"{TRAINING} is not of the head beside it.")
    names = [*card.labels, str(Verdict.UNDETERMINED.value)]
    found = [
        (names[place], round(sure, 4), round(strange, 4))
        for place, sure, strange in zip(
            stored.decided.tolist(),
            stored.confidence.tolist(),
            stored.novelty.tolist(),
            strict=True,
        )
    ]
    both = (stored.keys, *(() if stored.kept_keys is None else (stored.kept_keys,)))
    return {key: one for keys in both for key, one in zip(keys.tolist(), found, strict=True)}
