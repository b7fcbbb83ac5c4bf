"""Reviewed pictures become a challenger, and the same challenger again, by what results keep."""

import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.fakes.picture_encoder import FakePictureEncoder
from tests.fakes.retraining import CREATED, LATER, reviews_of
from winnow.errors import ReviewsTooFewError, StoredDataInvalidError
from winnow.heads.card import HeadFiles
from winnow.judging.pictures import picture_judge
from winnow.judging.pictures.vectors import as_kept, kept_features
from winnow.processes.loader import load_definition
from winnow.processes.schema import LabelsProcess
from winnow.registry.training_rows import RowSource, TrainingRow, dump_rows, load_rows
from winnow.reviews.models import Kind
from winnow_cli.kept_rows import kept_rows
from winnow_train.comparison import Outcome
from winnow_train.data import LabelledData
from winnow_train.decisions import decide
from winnow_train.pictures import read_labelled_pictures
from winnow_train.reproduce import reproduce
from winnow_train.retrain import retrain
from winnow_train.stored import read_training
from winnow_train.train import train
from winnow_train.training_set import DEFAULTS, Champion, labelled_data, manifest, prepare

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
ROOT = Path(__file__).parents[3]
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


def of_files(turned: bool = False) -> tuple[TrainingRow, ...]:
    """Rows that a champion was trained on, a third of them of no label; `turned`: taught wrong."""
    made = []
    for number, noise in enumerate(SQUARES[:60], 1):
        label = ("warm", "cold", "none")[number % 3]
        tint = {"warm": (220, 120, 40), "cold": (40, 120, 220), "none": (40, 220, 40)}[label]
        (features,) = ENCODER([(noise // 4 + np.array(tint, np.uint8) // 2).astype(np.uint8)])
        if turned:
            label = {"warm": "cold", "cold": "warm"}.get(label, label)
        made.append(
            TrainingRow(id=f"row-{number}", text="", features=as_kept(features), label=label)
        )
    return tuple(made)


def taught(rows_: tuple[TrainingRow, ...], *, kept: bool) -> Champion:
    """A champion with a head of these rows."""
    definition = champion().definition
    fitted = train(
        definition, labelled_data(definition, rows_, "pictures.zip"), ENCODER,
        label_column="label", text_column=None, created=CREATED,
    )  # fmt: skip
    head = HeadFiles.of(fitted.card.model_dump_json().encode(), fitted.arrays)
    return Champion("0" * 64, TEXT, definition, head, fitted.training, rows_ if kept else None)


def test_pictures_of_no_label_teach_the_challenger_too() -> None:
    before = taught(of_files(turned=True), kept=True)
    heavy = tuple(row.model_copy(update={"weight": 3.0}) for row in rows())
    made = retrain(before, reviews_of(heavy), ENCODER, created=LATER)
    card = made.challenger.head.card()
    assert before.card is not None
    assert card.data.none == before.card.data.none == 20
    assert made.report.counts.label_gone == 0
    told = manifest(before, made.prepared, (), DEFAULTS)
    assert told.rows_of["none"] == 20
    again = reproduce(
        made.challenger.definition, made.challenger.head, made.challenger.fitted.training,
        told, made.prepared.rows, ENCODER,
    )  # fmt: skip
    assert again.same, again.sentence


def test_a_challenger_that_lost_what_is_of_no_label_is_not_better() -> None:
    turned = of_files(turned=True)
    some = tuple(row for row in turned if row.label != "none")
    other = retrain(taught(some, kept=False), reviews_of(rows()), ENCODER, created=LATER)
    assert other.report.outcome is Outcome.BETTER
    made = retrain(taught(turned, kept=False), reviews_of(rows()), ENCODER, created=LATER)
    assert made.report.outcome is Outcome.NOT_BETTER
    assert made.report.metrics.better is False
    assert made.report.sentence.startswith("Not better.")
    assert "`--data`" in made.report.sentence
    assert any("pictures of none of the labels" in note for note in made.report.notes)


def of_pictures(folder: Path, count: int = 40) -> LabelledData:
    """Small pictures in folders of their labels, read as `winnow train` reads them."""
    for label, colour in (("warm", 220), ("cold", 40)):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            shade = Image.new("RGB", (9, 9), (colour, 5 * number, 255 - colour))
            shade.save(folder / label / f"{number}.png")
    definition = champion().definition
    assert isinstance(definition, LabelsProcess)
    return read_labelled_pictures([folder], definition, ENCODER)


def reviews_of_pictures(labelled: LabelledData) -> tuple[TrainingRow, ...]:
    """The same pictures as people decided them later: rows with their features alone."""
    return tuple(
        TrainingRow(
            id=f"v-{row.record}",
            text="",
            features=as_kept(row.picture.features),
            label=str(row.label),
            source=RowSource(upload="v", record=row.record),
            kind=Kind.REVIEW,
            code="low_confidence",
        )
        for row in labelled.rows
        if row.picture is not None
    )


def trained_elsewhere(labelled: LabelledData) -> Champion:
    """A champion that was trained on files, and published without its rows."""
    definition = champion().definition
    fitted = train(
        definition, labelled, ENCODER, label_column="label", text_column=None, created=CREATED
    )
    head = HeadFiles.of(fitted.card.model_dump_json().encode(), fitted.arrays)
    return Champion("0" * 64, TEXT, definition, head, fitted.training, None)


def test_reviews_of_pictures_that_the_champion_was_trained_on_are_not_held_out(
    tmp_path: Path,
) -> None:
    labelled = of_pictures(tmp_path / "pictures")
    before = trained_elsewhere(labelled)
    own = reviews_of_pictures(labelled)
    with pytest.raises(ReviewsTooFewError, match="the champion was trained on"):
        prepare(before, reviews_of(own))
    prepared = prepare(before, reviews_of((*own, *rows())))
    held_out = {row.id for row in prepared.rows if row.held_out}
    assert held_out
    assert not held_out & {row.id for row in own}
    assert not prepared.counts.seen_unknown


def test_that_it_cannot_be_told_what_the_champion_was_trained_on_is_said(tmp_path: Path) -> None:
    before = trained_elsewhere(of_pictures(tmp_path / "pictures"))
    assert before.training is not None
    with np.load(io.BytesIO(before.training)) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "kept_keys"}
    older = io.BytesIO()
    np.savez_compressed(older, **arrays)
    made = retrain(
        replace(before, training=older.getvalue()), reviews_of(rows()), ENCODER, created=LATER
    )
    assert any("cannot be told" in note for note in made.report.notes)
    made = retrain(before, reviews_of(rows()), ENCODER, created=LATER)
    assert not any("cannot be told" in note for note in made.report.notes)


def test_files_of_pictures_are_known_again_by_a_head_that_reviews_of_them_taught(
    tmp_path: Path,
) -> None:
    labelled = of_pictures(tmp_path / "pictures")
    reviewed = reviews_of_pictures(labelled)
    made = retrain(champion(), reviews_of(reviewed), ENCODER, created=LATER)
    decisions = decide(
        made.challenger.definition,
        labelled.rows,
        ENCODER,
        made.challenger.head,
        made.challenger.fitted.training,
    )
    trained = {row.id for row in made.prepared.rows if not row.held_out}
    expected = [f"v-{row.record}" in trained for row in labelled.rows]
    assert 0 < sum(expected) < len(expected)
    assert decisions.trained_on.tolist() == expected


def test_what_ships_is_known_by_what_reviews_keep() -> None:
    """The first of its drawings; the encoder that judges them is not needed to draw them."""
    stored = read_training((ROOT / "processes" / "two-wheels.head" / "training.npz").read_bytes())
    assert stored.kept_keys is not None
    assert len(stored.kept_keys) == len(stored.keys)
    assert len(stored.known) == 2 * len(set(stored.keys.tolist()))


def test_pictures_of_no_label_are_kept_with_a_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for label, colour in (("warm", 220), ("cold", 40), ("None", 120)):
        (tmp_path / label).mkdir()
        for number in range(4):
            shade = Image.new("RGB", (9, 9), (colour, number, 255 - colour))
            shade.save(tmp_path / label / f"{number}.png")
    definition = champion().definition
    assert isinstance(definition, LabelsProcess)
    labelled = read_labelled_pictures([tmp_path], definition, ENCODER)
    fitted = train(
        definition, labelled, ENCODER, label_column="label", text_column=None, created=CREATED
    )
    monkeypatch.setattr("winnow_cli.kept_rows.load_picture_encoder", lambda _: ENCODER)
    kept = kept_rows([tmp_path], definition, fitted.card, tmp_path)
    found = [row.label for row in load_rows(kept.content.splitlines(keepends=True))]
    assert Counter(found) == kept.rows_of == {"warm": 4, "cold": 4, "none": 4}
    assert kept.rows == 12


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
