"""Reviewed pictures become a challenger, and the same challenger again, by what results keep."""

from dataclasses import replace

import numpy as np
import pytest

from tests.fakes.picture_encoder import FakePictureEncoder
from tests.fakes.retraining import LATER, reviews_of
from winnow.errors import ReviewsTooFewError, StoredDataInvalidError
from winnow.judging.pictures import picture_judge
from winnow.judging.pictures.vectors import as_kept, kept_features
from winnow.processes.loader import load_definition
from winnow.processes.schema import LabelsProcess
from winnow.registry.training_rows import RowSource, TrainingRow, dump_rows, load_rows
from winnow.reviews.models import Kind
from winnow_train.comparison import Outcome
from winnow_train.reproduce import reproduce
from winnow_train.retrain import retrain
from winnow_train.training_set import DEFAULTS, Champion, manifest, prepare

TEXT = """\
id: colours
version: 1.0.0
kind: labels
title: Warm or cold
input: {modality: image}
threshold: 0.9
labels:
  - {id: warm, classes: [mountain bike]}
  - {id: cold, classes: [moped]}
"""
ENCODER = FakePictureEncoder()
SQUARES = np.random.default_rng(0).integers(0, 255, (90, 224, 224, 3), np.uint8)


def champion() -> Champion:
    return Champion("0" * 64, TEXT, load_definition(TEXT, "colours.yaml"), None, None, None)


def rows() -> tuple[TrainingRow, ...]:
    made = []
    for number, noise in enumerate(SQUARES, 1):
        warm = number % 2 == 0
        tint = np.array((220, 120, 40) if warm else (40, 120, 220), np.uint8)
        (features,) = ENCODER([(noise // 8 + tint // 2).astype(np.uint8)])
        made.append(
            TrainingRow(
                id=f"u-{number}",
                text="",
                features=as_kept(features),
                label="warm" if warm else "cold",
                source=RowSource(upload="u", record=number),
                kind=Kind.REVIEW,
                code="low_confidence",
            )
        )
    return tuple(made)


def test_a_champion_without_training_is_beaten_and_the_challenger_made_again() -> None:
    before, reviews = champion(), reviews_of(rows())
    made = retrain(before, reviews, ENCODER, created=LATER)
    assert made.report.outcome is Outcome.BETTER
    assert made.report.metrics.accuracy == 1
    card = made.challenger.head.card()
    assert card.picture_encoder == ENCODER.info
    assert "characters" not in made.contest.slices
    told = manifest(before, made.prepared, (), DEFAULTS)
    kept = tuple(load_rows(dump_rows(made.prepared.rows).splitlines(keepends=True)))
    again = reproduce(
        made.challenger.definition, made.challenger.head, made.challenger.fitted.training,
        told, kept, ENCODER,
    )  # fmt: skip
    assert again.same, again.sentence
    assert isinstance(before.definition, LabelsProcess)
    judge = picture_judge(before.definition, ENCODER, made.challenger.head)
    held_out = [row for row in made.prepared.rows if row.held_out]
    found = judge.judge(kept_features(row.features for row in held_out if row.features))
    assert [one.decision.value for one in found] == [row.label for row in held_out]


def test_a_picture_of_which_nothing_was_kept_is_left_out_and_told() -> None:
    given = rows()
    some = tuple(row.model_copy(update={"features": None}) for row in given[:20])
    made = retrain(champion(), reviews_of((*some, *given[20:])), ENCODER, created=LATER)
    assert made.report.counts.unusable == 20
    assert "Left out: 20 pictures of which nothing was kept to train with." in made.report.notes
    none = replace(reviews_of(given), rows=tuple(r.model_copy(update={"features": None})
                                                 for r in given))  # fmt: skip
    with pytest.raises(ReviewsTooFewError, match="90 have nothing to train with"):
        prepare(champion(), none)


def test_kept_features_have_the_direction_of_the_features() -> None:
    features = ENCODER(list(SQUARES[:8]))
    kept = kept_features(map(as_kept, features))
    assert ((features * kept).sum(axis=1) > 0.9998).all()
    with pytest.raises(StoredDataInvalidError):
        kept_features(["no base64"])


def test_rows_of_texts_are_written_as_they_were() -> None:
    text = TrainingRow(id="a", text="A text.", label="joy")
    assert b"features" not in dump_rows([text])
