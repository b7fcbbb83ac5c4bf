"""Fitting a challenger's head, and its threshold.

The same rows and options give the same head, bit for bit on one machine.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from winnow.errors import TrainingDataError
from winnow.heads.card import HeadFiles, ThresholdGuarantee
from winnow.ports import Encoder, PictureEncoder
from winnow.processes.loader import load_definition
from winnow.processes.schema import CriteriaProcess, ProcessDefinition
from winnow.registry.training_rows import TrainingRow
from winnow_train.data import labels_of
from winnow_train.fit import Fitted
from winnow_train.near_copies import near_copies
from winnow_train.sampled import sample_of, shown_threshold
from winnow_train.stored import read_training
from winnow_train.train import Settings, train
from winnow_train.training_set import (
    DEFAULTS,
    Champion,
    Options,
    Prepared,
    labelled_data,
    of_labels,
    strengths_of,
)
from winnow_train.tune import with_threshold

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Challenger:
    """A version that was trained."""

    text: str
    definition: ProcessDefinition
    head: HeadFiles
    fitted: Fitted
    guarantee: float | None
    """Precision that its threshold keeps, by the reviewed records; None: there is none."""
    guarantee_lost: bool
    """Whether the champion had one, and these records do not show that any threshold keeps it."""
    reviewed: int
    """Records drawn from live ones, in groups of near copies, that a guarantee rests on."""


def fit_challenger(
    champion: Champion,
    prepared: Prepared,
    encoder: Encoder | PictureEncoder,
    *,
    created: str,
    options: Options = DEFAULTS,
    workers: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> Challenger:
    """Fit and calibrate a head, and set its threshold where the champion has a guarantee.

    Raises:
        TrainingDataError: The rows have one label alone, or lack one of the process's.
    """
    rows = [prepared.rows[i] for i in prepared.trained.tolist()]
    fitted = fit_head(
        champion.definition,
        rows,
        encoder,
        name=", ".join((*champion.files, "reviews")) if champion.rows else "reviews",
        strengths=strengths_of(champion.card, len(rows)),
        created=created,
        options=options,
        workers=workers,
        report=report,
    )
    return _with_guarantee(champion, fitted, prepared, created, options)


def fit_head(
    definition: ProcessDefinition,
    rows: Sequence[TrainingRow],
    encoder: Encoder | PictureEncoder,
    *,
    name: str,
    strengths: tuple[float, ...] | None,
    created: str,
    options: Options,
    workers: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> Fitted:
    """The head of these rows: the same for the same arguments, whatever `workers` is.

    Raises:
        TrainingDataError: The rows have one label alone, or lack one of the process's.
    """
    _require_labels(definition, rows)
    weights = weights_of(of_labels(definition, rows), options)
    texts = definition.judges_texts
    settings = Settings(
        seed=options.seed,
        weights=weights if (weights != weights[0]).any() else None,
        groups=near_copies([row.text for row in rows]) if texts else None,
        strengths=strengths,
        workers=workers,
    )
    with threadpool_limits(1):  # sums in another order are other sums
        return train(
            definition,
            labelled_data(definition, rows, name),
            encoder,
            label_column="decision",
            text_column=definition.input.text_columns[0] if texts else None,
            created=created,
            settings=settings,
            report=report,
        )


def weights_of(rows: Sequence[TrainingRow], options: Options) -> Floats:
    """How many records each row stands for when a head is fitted."""
    return np.array([min(row.weight, options.max_weight) for row in rows])


def _require_labels(definition: ProcessDefinition, rows: Sequence[TrainingRow]) -> None:
    counts = Counter(row.label for row in rows)
    if len(counts) == 1:
        raise TrainingDataError(
            f"Every row that {definition.id} can be trained on has the label {rows[0].label}: "
            "there is nothing to tell apart.",
            hint="Decide records that are something else, then train again.",
        )
    if isinstance(definition, CriteriaProcess):
        return
    missing = [label for label in labels_of(definition) if counts[label] < 2]
    if missing:
        some = ", ".join(f"{label} ({counts[label]})" for label in missing[:5])
        raise TrainingDataError(
            f"{len(missing)} labels of {definition.id} have fewer than 2 rows to train on: {some}.",
            hint="Decide records of these labels, then train again; or take the labels out of the "
            "definition.",
        )


def _with_guarantee(
    champion: Champion,
    fitted: Fitted,
    prepared: Prepared,
    created: str,
    options: Options,
) -> Challenger:
    """The challenger, with the lowest threshold that keeps the champion's guarantee.

    Only reviewed records that were drawn are evidence of that (`sampled`). Where they are too few,
    the champion's threshold stays, without a guarantee.
    """
    card, before = fitted.card, champion.card
    labels = set(labels_of(champion.definition))
    places = [i for i in prepared.trained.tolist() if prepared.rows[i].label in labels]
    rows = [prepared.rows[i] for i in places]
    promise = before.promise if before else None
    text, definition = champion.text, champion.definition
    guarantee = None
    confidence, right = _held_out_decisions(fitted, rows)
    # Numbers alone are no record's own: two records may have the same.
    copies = definition.judges_texts or definition.of_pictures
    sample = sample_of(rows, confidence, right, prepared.groups[places] if copies else None)
    if promise is not None:
        found = shown_threshold(sample, promise.precision, promise.confidence)
        if found is not None:
            guarantee = ThresholdGuarantee(
                precision=promise.precision,
                confidence=promise.confidence,
                threshold=found.threshold,
                coverage=round(found.coverage, 4),
                rows=len(sample.right),
                accepted=found.accepted,
                right=found.right,
                file=card.data.file,
                data_sha256=card.data.sha256,
                held_out=False,
                created=created,
                judging=definition.judging_sha256,
                shown=found.shown,
            )
            why = (
                f"trained {created[:10]}: {promise.precision:g} right with "
                f"{promise.confidence:g} confidence, on {len(sample.right)} reviewed records"
            )
            if found.threshold != definition.threshold:
                text = with_threshold(text, f"{definition.id}.yaml", found.threshold, why)
                definition = load_definition(text, f"{definition.id}.yaml", published=True)
            # A run is compared with the review rate that goes with this threshold.
            below, weights = confidence < found.threshold, weights_of(rows, options)
            profile = card.profile and card.profile.model_copy(
                update={
                    "review_rate": round(float(np.average(below, weights=weights)), 4),
                    "threshold": found.threshold,
                }
            )
            card = card.model_copy(update={"promise": guarantee, "profile": profile})
    content = (card.model_dump_json(indent=1) + "\n").encode()
    return Challenger(
        text=text,
        definition=definition,
        head=HeadFiles.of(content, fitted.arrays),
        fitted=replace(fitted, card=card),
        guarantee=guarantee.precision if guarantee else None,
        guarantee_lost=promise is not None and guarantee is None,
        reviewed=sample.records,
    )


def _held_out_decisions(
    fitted: Fitted, rows: Sequence[TrainingRow]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Confidences as `Decisions.acceptable`, and what is right, by the folds without each row."""
    card = fitted.card
    stored = read_training(fitted.training)
    decided = [card.labels[at] if at >= 0 else "undetermined" for at in stored.decided.tolist()]
    never = np.array([label == "undetermined" for label in decided], bool)
    if card.scope is not None:
        never |= stored.novelty.round(4) > card.scope.threshold
    right = np.array([label == row.label for label, row in zip(decided, rows, strict=True)], bool)
    return np.where(never, -1.0, stored.confidence.round(4)), right
