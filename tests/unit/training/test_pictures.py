"""Heads are trained on pictures: of folders, archives and tables; and judge and are measured."""

import csv
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.fakes.encoder import FakeEncoder
from tests.fakes.picture_encoder import FakePictureEncoder, square
from winnow.errors import HeadInvalidError, TrainingDataError
from winnow.heads.card import HeadFiles
from winnow.judging import build_judge
from winnow.judging.pictures import picture_judge
from winnow.processes.loader import load_definition
from winnow.processes.schema import LabelsProcess
from winnow_train.data import LabelledData, LabelledPicture, LabelledRow, left_out_note
from winnow_train.html_report import page
from winnow_train.measure import evaluate
from winnow_train.mistakes import mistakes_of
from winnow_train.pictures import read_labelled_pictures
from winnow_train.reproduce import reproduce_from_file
from winnow_train.train import train, write

PROCESS = """\
id: colours
version: 1.0.0
kind: labels
title: Warm or cold
input: {modality: image}
labels: [{id: warm}, {id: cold}]
"""
TEXTS = PROCESS.replace("input: {modality: image}\n", "")


def process(text: str = PROCESS) -> LabelsProcess:
    definition = load_definition(text, "colours.yaml")
    assert isinstance(definition, LabelsProcess)
    return definition


def png(rng: np.random.Generator, warm: bool) -> bytes:
    colour = rng.integers((160, 0, 0), (256, 90, 90)) if warm else rng.integers((0, 0, 160), 256)
    out = io.BytesIO()
    Image.new("RGB", (12, 8), tuple(colour.tolist())).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 pictures a label, one of them under the wrong name, a text and a hidden file."""
    rng = np.random.default_rng(0)
    root = tmp_path_factory.mktemp("colours")
    for label in ("warm", "cold"):
        (root / label).mkdir()
        for number in range(12):
            content = png(rng, warm=(label == "warm") != (number == 11 and label == "cold"))
            (root / label / f"{number:02}.png").write_bytes(content)
    (root / "warm" / "notes.txt").write_text("no picture", encoding="utf-8")
    (root / "warm" / ".hidden").write_text("no picture", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def labelled(folder: Path) -> LabelledData:
    return read_labelled_pictures([folder], process(), FakePictureEncoder())


def trained(labelled: LabelledData) -> Any:
    return train(
        process(), labelled, FakePictureEncoder(), label_column="label", text_column=None,
        created="2024-01-01T00:00:00+00:00",
    )  # fmt: skip


def test_a_folder_a_zip_and_a_table_have_the_same_rows(
    folder: Path, labelled: LabelledData, tmp_path: Path
) -> None:
    assert len(labelled.rows) == 24
    assert labelled.rows[0].text == "cold/00.png"
    assert [row.label for row in labelled.rows] == ["cold"] * 12 + ["warm"] * 12
    assert left_out_note(labelled) == "Left out: 1 row (no picture that can be read)."
    files = sorted(folder.glob("*/*.png"))
    packed = tmp_path / "colours.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in files:
            archive.write(file, f"set/{file.parent.name}/{file.name}")
    table = folder / "colours.csv"
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([["picture", "label"]])
        writer.writerows([[f.relative_to(folder), f.parent.name] for f in files])
        writer.writerow(["cold/gone.png", "cold"])
    for source in (packed, table):
        found = read_labelled_pictures([source], process(), FakePictureEncoder())
        assert found.sha256 == labelled.sha256
        assert [row.label for row in found.rows] == [row.label for row in labelled.rows]
    assert found.left_out == 1


def test_sources_without_labels_or_pictures_say_what_they_need(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(np.random.default_rng(0), warm=True))
    with pytest.raises(TrainingDataError, match="has no folders"):
        read_labelled_pictures([tmp_path], process(), FakePictureEncoder())
    packed = tmp_path / "flat.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(tmp_path / "a.png", "a.png")
    with pytest.raises(TrainingDataError, match="outside of a folder"):
        read_labelled_pictures([packed], process(), FakePictureEncoder())
    (tmp_path / "warm").mkdir()
    (tmp_path / "warm" / "a.png").write_bytes(b"no picture")
    with pytest.raises(TrainingDataError, match="can be read as a picture"):
        read_labelled_pictures([tmp_path], process(), FakePictureEncoder())


def test_a_head_of_pictures_says_which_encoder_and_judges(labelled: LabelledData) -> None:
    fitted = trained(labelled)
    card = fitted.card
    assert card.encoder is None
    assert card.picture_encoder == FakePictureEncoder.info
    assert card.data.numeric_columns == ()
    assert card.scope is not None
    files = HeadFiles.of(card.model_dump_json().encode(), fitted.arrays)
    warm, cold = picture_judge(process(), FakePictureEncoder(), files)(
        [square(220, 30, 30), square(30, 30, 220)]
    )
    assert [warm.decision.value, cold.decision.value] == ["warm", "cold"]
    assert warm.calibrated
    assert warm.novelty is not None
    again = reproduce_from_file(process(), files, fitted.training, labelled, FakePictureEncoder())
    assert again.same


def test_heads_of_pictures_are_refused_for_texts_and_by_other_encoders(
    labelled: LabelledData,
) -> None:
    fitted = trained(labelled)
    files = HeadFiles.of(fitted.card.model_dump_json().encode(), fitted.arrays)
    with pytest.raises(HeadInvalidError, match="on pictures, and the process judges texts"):
        build_judge(process(TEXTS), FakeEncoder(), files)
    other = FakePictureEncoder()
    other.info = other.info.model_copy(update={"sha256": "2" * 64})
    with pytest.raises(HeadInvalidError, match="trained with fake-pictures"):
        picture_judge(process(), other, files)


def test_evaluation_takes_held_out_decisions_and_shows_mistaken_pictures(
    labelled: LabelledData, tmp_path: Path
) -> None:
    file = tmp_path / "colours.yaml"
    file.write_text(PROCESS, encoding="utf-8")
    write(trained(labelled), file, "colours")
    head = HeadFiles.beside(file, "colours")
    evaluation, decisions = evaluate(process(), labelled, FakePictureEncoder(), head, file)
    assert evaluation.held_out == 24
    wrong = mistakes_of(process(), decisions)
    assert [mistake.row.text for mistake in wrong] == ["cold/11.png"]
    html = page(evaluation, labelled.file, mistakes=wrong)
    assert '<img src="data:image/jpeg;base64,' in html
    assert "This page has pictures of the data" in html


def test_pictures_of_none_teach_what_is_out_of_scope(labelled: LabelledData) -> None:
    green = np.stack([np.full((224, 224, 3), (40, 200 + n, 40), np.uint8) for n in range(12)])
    rows = tuple(
        LabelledRow(
            100 + n, f"None/{n}.png", {}, None, "None", LabelledPicture(features, key, key, b"")
        )
        for n, (features, key) in enumerate(
            zip(FakePictureEncoder()(list(green)), (bytes([n] * 8) for n in range(12)), strict=True)
        )
    )
    with_none = replace(labelled, rows=labelled.rows + rows)
    fitted, before = trained(with_none), trained(labelled)
    assert (fitted.card.data.rows, fitted.card.data.none) == (24, 12)
    assert before.card.data.none == 0
    assert fitted.card.metrics == before.card.metrics
    files = HeadFiles.of(fitted.card.model_dump_json().encode(), fitted.arrays)
    seen = picture_judge(process(), FakePictureEncoder(), files)(
        [square(40, 230, 40), square(220, 30, 30)]
    )
    assert [judgement.out_of_scope for judgement in seen] == [True, False]
    again = reproduce_from_file(process(), files, fitted.training, with_none, FakePictureEncoder())
    assert again.same


def test_texts_have_no_label_none() -> None:
    row = LabelledRow(1, "a text", {}, None, "none")
    data = LabelledData("a.csv", "", (row,), 0)
    with pytest.raises(TrainingDataError, match="labels that colours does not have"):
        train(
            process(TEXTS), data, FakeEncoder(), label_column="label", text_column=None, created=""
        )


def test_unknown_and_missing_labels_are_refused(labelled: LabelledData) -> None:
    for labels, match in (
        ("[{id: warm}, {id: chilly}]", "1 labels that colours does not have"),
        ("[{id: warm}, {id: cold}, {id: dim}]", "No row has the label dim"),
    ):
        definition = process(PROCESS.replace("[{id: warm}, {id: cold}]", labels))
        known = {label.id for label in definition.labels}
        rows = tuple(
            replace(row, label=row.named if row.named in known else None) for row in labelled.rows
        )
        data = LabelledData(labelled.file, labelled.sha256, rows, 0)
        with pytest.raises(TrainingDataError, match=match):
            train(
                definition, data, FakePictureEncoder(), label_column="label", text_column=None,
                created="",
            )  # fmt: skip
