"""What a process decides of labelled rows, to be measured.

A row that the head was trained on is represented by the decision of the fold that had not seen it:
nothing is measured by what was memorised. Near copies of such rows have no such decision and are
left out by who measures. All other rows are judged as a run judges them. By criteria it is always
the definition in force that decides: only how sure the head is may come from the folds.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from winnow.errors import HeadInvalidError, TrainingDataError
from winnow.heads.card import TRAINING, HeadCard, HeadFiles
from winnow.judging import build_judge
from winnow.judging.pictures import picture_judge
from winnow.models import CriterionFinding, Judgement, Verdict
from winnow.ports import Encoder, PictureEncoder
from winnow.processes.schema import LabelsProcess, ProcessDefinition
from winnow_train.data import (
    LabelledData,
    LabelledRow,
    copy_keys_of,
    features_of,
    is_of_none,
    kept_keys_of,
    keys_of,
    layouts_of,
)
from winnow_train.near_copies import like_any
from winnow_train.stored import HeldOutDecisions, read_training

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

_ROWS_UNKNOWN = (
    "Which of these rows the head was trained on is not known, since its training.npz is missing: "
    "what it learned by heart counts as right. Train it again, or measure on other rows."
)
_COPIES_UNKNOWN = (
    "Near copies of rows that the head was trained on are not recognised: it was trained before "
    "they were kept. Train it again to leave them out."
)
_NONE_UNKNOWN = (
    "Pictures of none of the labels that taught the head its scope are not recognised: it was "
    "trained before they were kept. Train it again, or measure on other pictures."
)
_OTHER_DEFINITION = (
    "The head was trained for another definition of this process: its confidence is no "
    "probability here. Train it again."
)


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
    left_out: frozenset[int] = frozenset()
    """Places in the file of rows that are near copies of rows that the head was trained on."""
    held_out_known: bool = True
    """False: which rows the head was trained on is not known."""
    notes: tuple[str, ...] = ()
    """What is not known of how far these rows are new to the head."""

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
    training: bytes | None,
) -> Decisions:
    """The process's decision of each row, but for near copies of rows that the head knows.

    Args:
        definition: The process.
        rows: The rows.
        encoder: Makes the vectors of texts, or has made those of the pictures.
        head: Its head.
        training: training.npz of the head; None: it was trained on none of the rows.

    Raises:
        TrainingDataError: All rows are near copies of rows that the head was trained on.
        HeadInvalidError: The head or its training.npz is none of this process's.
    """
    card = head.card() if head else None
    known = _Known.of(definition, rows, card, training)
    left_out = frozenset(itertools.compress((row.record for row in rows), known.near))
    if rows and len(left_out) == len(rows):
        raise TrainingDataError(
            f"All rows are near copies of rows that the head of {definition.id} was trained on.",
            hint="Give other rows with --data.",
        )
    rows = [row for row, near in zip(rows, known.near, strict=True) if not near]
    places = [place for place, near in zip(known.places, known.near, strict=True) if not near]
    of_none = [place for place, near in zip(known.none_places, known.near, strict=True) if not near]
    # By criteria all rows are judged: the definition in force decides.
    stored = [place is not None and definition.kind == "labels" for place in places]
    fresh = [index for index, is_stored in enumerate(stored) if not is_stored]
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
    for index, (place, none_place) in enumerate(zip(places, of_none, strict=True)):
        if place is not None and definition.kind == "criteria":
            confidence[index] = known.confidence_of(place, decided[index], confidence[index])
        elif place is not None:
            decided[index], confidence[index], novelty[index] = known.decisions[place]
        elif none_place is not None:
            novelty[index] = known.none_novelty[none_place]
        else:
            continue
        beyond[index] = bool(card and card.scope and novelty[index] > card.scope.threshold)
    fits = card is None or card.vouches_for(definition.judging_sha256)
    return Decisions(
        tuple(rows),
        tuple(decided),
        confidence,
        beyond,
        novelty,
        np.array(_either(places, of_none), bool),
        card.calibration.version if card and card.calibration and fits else None,
        tuple(because),
        tuple(findings),
        left_out=left_out,
        notes=known.notes if fits else (*known.notes, _OTHER_DEFINITION),
    )


def decide_labelled(
    definition: ProcessDefinition,
    labelled: LabelledData,
    encoder: Encoder | PictureEncoder,
    head: HeadFiles | None,
    training: bytes | None,
) -> Decisions:
    """The same of data that the head may have been trained on.

    Raises:
        TrainingDataError: As `decide`; or the head was trained on these very data, and what folds
            without them decided is missing.
        HeadInvalidError: As `decide`.
    """
    if head is not None and training is None:
        _require_others(definition, labelled, head)
    decisions = decide(definition, labelled.rows, encoder, head, training)
    if head is None or training is not None:
        return decisions
    notes = (*decisions.notes, _ROWS_UNKNOWN)
    return replace(decisions, held_out_known=False, notes=notes)


def _require_others(definition: ProcessDefinition, labelled: LabelledData, head: HeadFiles) -> None:
    if head.card().data.sha256 == labelled.sha256:
        raise TrainingDataError(
            f"The head of {definition.id} {definition.version} was trained on {labelled.file}, and "
            f"its {TRAINING} is missing: what it learned by heart measures nothing.",
            hint=f"Put {TRAINING} back beside the head, train it again with `winnow train`, or "
            "give other rows with --data.",
        )


class _Known(NamedTuple):
    """What a head knows of rows."""

    near: Sequence[bool]
    """Near copies of rows that it was trained on."""
    places: Sequence[int | None]
    """Of rows that it was trained on, their places in what was stored."""
    decisions: Sequence[tuple[str, float, float]]
    """Held-out decision, confidence and novelty of each stored row."""
    none_places: Sequence[int | None]
    """The same of pictures of no label that taught the scope."""
    none_novelty: Doubles
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        definition: ProcessDefinition,
        rows: Sequence[LabelledRow],
        card: HeadCard | None,
        training: bytes | None,
    ) -> "_Known":
        nowhere: list[int | None] = [None] * len(rows)
        nothing = cls([False] * len(rows), nowhere, (), nowhere, np.zeros(0), ())
        if card is None or training is None:
            return nothing
        stored = read_training(training)
        if stored.arrays_sha256 != card.arrays_sha256:
            raise HeadInvalidError(f"{TRAINING} is not of the head beside it.")
        if not card.vouches_for(definition.judging_sha256):
            return nothing  # what the folds said is of other decisions
        places = _places(definition, rows, stored)
        none_places = _none_places(rows, stored)
        near = _near_copies(definition, rows, stored)
        seen = _either(places, none_places)
        return cls(
            [bool(is_near) and not is_seen for is_near, is_seen in zip(near, seen, strict=True)],
            places,
            _stored_decisions(card, stored),
            none_places,
            np.zeros(0) if stored.none is None else stored.none.novelty.round(4),
            tuple(_unknown(definition, rows, card, stored)),
        )

    def confidence_of(self, place: int, decided: str, fresh: float) -> float:
        """How sure the head is of what criteria decide of a row that it was trained on.

        A fold that is so sure of another decision cannot be surer of this one.
        """
        before, sure, _ = self.decisions[place]
        return sure if before == decided else min(fresh, round(1 - sure, 4))


def _places(
    definition: ProcessDefinition, rows: Sequence[LabelledRow], stored: HeldOutDecisions
) -> list[int | None]:
    """Where each row stands among those that were stored, in whatever layout it is."""
    numeric, cells = definition.input.numeric_columns, definition.cells_read
    found = _found(keys_of(rows, numeric, cells), stored.keys)
    # A head that was trained on reviews of pictures knows them by what results keep.
    if (kept := kept_keys_of(rows)) is not None:
        others = [] if stored.kept_keys is None else [_found(kept, stored.kept_keys)]
    elif not definition.judges_texts:
        others = []
    elif stored.copy_keys is not None:
        others = [_found(copy_keys_of(rows, numeric, cells), stored.copy_keys)]
    else:
        others = [
            _found(keys_of(laid_out, numeric, cells), stored.keys) for laid_out in _laid_out(rows)
        ]
    for other in others:
        found = [one if one is not None else two for one, two in zip(found, other, strict=True)]
    return found


def _either(one: Sequence[int | None], other: Sequence[int | None]) -> list[bool]:
    return [a is not None or b is not None for a, b in zip(one, other, strict=True)]


def _laid_out(rows: Sequence[LabelledRow]) -> list[list[LabelledRow]]:
    """The rows in each layout that programs may have given them."""
    layouts = [layouts_of(row.text) for row in rows]
    most = max(map(len, layouts), default=0)
    return [
        [
            replace(row, text=some[min(turn, len(some) - 1)])
            for row, some in zip(rows, layouts, strict=True)
        ]
        for turn in range(1, most)
    ]


def _found(keys: NDArray[np.uint64], stored: NDArray[np.uint64]) -> list[int | None]:
    places = {key: place for place, key in enumerate(stored.tolist())}
    return [places.get(key) for key in keys.tolist()]


def _none_places(rows: Sequence[LabelledRow], stored: HeldOutDecisions) -> list[int | None]:
    nowhere: list[int | None] = [None] * len(rows)
    kept = kept_keys_of(rows)
    if stored.none is None or kept is None:
        return nowhere
    found = _found(keys_of(rows, ()), stored.none.keys)
    others = _found(kept, stored.none.kept_keys)
    return [one if one is not None else two for one, two in zip(found, others, strict=True)]


def _near_copies(
    definition: ProcessDefinition, rows: Sequence[LabelledRow], stored: HeldOutDecisions
) -> Sequence[bool]:
    """Whether each row is a near copy of one that was trained on, as far as that is known.

    Where numbers are judged, too, rows with the same words are different records.
    """
    if stored.signatures is None or definition.input.numeric_columns:
        return [False] * len(rows)
    near: list[bool] = like_any([row.text for row in rows], stored.signatures).tolist()
    return near


def _stored_decisions(card: HeadCard, stored: HeldOutDecisions) -> list[tuple[str, float, float]]:
    """Held-out decision, confidence and novelty of each row trained on."""
    names = [*card.labels, str(Verdict.UNDETERMINED.value)]
    return [
        (names[place], round(sure, 4), round(strange, 4))
        for place, sure, strange in zip(
            stored.decided.tolist(),
            stored.confidence.tolist(),
            stored.novelty.tolist(),
            strict=True,
        )
    ]


def _unknown(
    definition: ProcessDefinition,
    rows: Sequence[LabelledRow],
    card: HeadCard,
    stored: HeldOutDecisions,
) -> Iterator[str]:
    """What an older training.npz does not say."""
    if definition.judges_texts and stored.signatures is None:
        yield _COPIES_UNKNOWN
    if card.data.none and stored.none is None and any(map(is_of_none, rows)):
        yield _NONE_UNKNOWN


def _judge(
    definition: ProcessDefinition, encoder: Encoder | PictureEncoder, head: HeadFiles | None
) -> Callable[[Sequence[LabelledRow]], list[Judgement]]:
    if isinstance(definition, LabelsProcess) and definition.of_pictures:
        of_pictures = picture_judge(definition, cast("PictureEncoder", encoder), head)
        return lambda rows: of_pictures.judge(features_of(rows))
    of_texts = build_judge(definition, cast("Encoder", encoder), head)
    return lambda rows: of_texts([row.text for row in rows], [row.fields for row in rows])
