"""`winnow train --create`, and what errors of training say to add."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import winnow_encoder
from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import rows
from winnow.processes.loader import load_definition
from winnow.processes.registry import ProcessRegistry
from winnow_cli.app import app

KNEE = """\
id: knee
version: 1.0.0
kind: criteria
title: Knee
input: {text_columns: [note]}
threshold: 0.7
criteria:
  - id: pain
    title: Pain
    statements: [The knee hurts.]
    counter_statements: [The knee is comfortable.]
    keywords: [knee]
logic: {all_of: [pain]}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(winnow_encoder, "load_encoder", lambda *_, **__: FakeEncoder())
    return tmp_path


def table(folder: Path, names: list[str], *columns: list[str]) -> Path:
    """A table of texts and labels, with more columns behind them."""
    data = [(text, label) for text, label, _ in rows(60)]
    with (folder / "data.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for number, pair in enumerate(data):
            writer.writerow([*pair, *(column[number % len(column)] for column in columns)])
    return folder / "data.csv"


def train(folder: Path, data: Path, *more: str, code: int = 0) -> Result:
    call = ["train", "--data", str(data), "--processes", str(folder / "mine"), *more]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == code, done.output
    return done


CREATE = ("--process", "tickets", "--create", "--label-column", "label")


def test_the_first_process_of_a_folder_that_is_not_there(folder: Path) -> None:
    done = train(folder, table(folder, ["text", "label"]), *CREATE)
    assert "Wrote tickets.yaml" in done.stderr
    registry = ProcessRegistry.from_directory(folder / "mine")
    assert registry.ids == ("tickets",)
    assert registry.heads.keys() == {"tickets"}


NUMBERS = [str(number) for number in range(60)]


@pytest.mark.parametrize(
    ("names", "columns", "kept"),
    [
        (["case_id"], [NUMBERS], "case_id"),
        (["branch", "Ticket ID"], [["north"], NUMBERS], "Ticket ID"),
        (["caseId"], [NUMBERS], "caseId"),
        (["case_id"], [["1", "2"]], None),
        (["case_id"], [["", *NUMBERS]], None),
        (["paid"], [NUMBERS], None),
        (["covid"], [NUMBERS], None),
    ],
)
def test_the_column_of_ids_is_kept(
    folder: Path, names: list[str], columns: list[list[str]], kept: str | None
) -> None:
    train(folder, table(folder, ["text", "label", *names], *columns), *CREATE)
    text = (folder / "mine" / "tickets.yaml").read_text("utf-8")
    assert load_definition(text, "t").input.id_columns == ((kept,) if kept else ("id",))


def test_the_column_of_ids_that_is_named_goes_first(folder: Path) -> None:
    data = table(folder, ["text", "label", "case_id", "nr"], NUMBERS, NUMBERS)
    train(folder, data, *CREATE, "--id-column", "nr")
    text = (folder / "mine" / "tickets.yaml").read_text("utf-8")
    assert load_definition(text, "t").input.id_columns == ("nr",)


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (("--process", "tickets", "--label-column", "label"), 1, "winnow process new"),
        ((*CREATE[:3], "--label-column", "lable"), 1, "--label-column C, one of note, label"),
        (CREATE, 1, "--text-column C, one of note, label"),
        (("--process", "tickets", "--create"), 2, "one of note, label"),
    ],
)
def test_an_error_names_the_option_to_add(
    folder: Path, more: tuple[str, ...], code: int, words: str
) -> None:
    data = table(folder, ["note", "label"])
    if "lable" in more:
        more = (*more, "--text-column", "note")
    done = train(folder, data, *more, code=code)
    assert words in " ".join(done.output.replace("│", " ").split())
    assert not (folder / "mine").exists()


def test_an_unknown_process_is_told_of_create(folder: Path) -> None:
    data = table(folder, ["text", "label"])
    train(folder, data, *CREATE)
    call = ("--process", "tikets", "--label-column", "label")
    done = train(folder, data, *call, code=1)
    assert "--create" in done.stderr
    told = json.loads(train(folder, data, *call, "--json", code=1).stdout)
    assert "--create" in told["error"]["advice"]


def test_training_criteria_says_what_is_the_logics_and_what_the_confidences(folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "knee.yaml").write_text(KNEE, encoding="utf-8")
    notes = [
        *[(f"The knee hurts. Row {n}.", "met") for n in range(12)],
        *[(f"The knee is comfortable. Row {n}.", "not_met") for n in range(12)],
        *[(f"Nothing of it in row {n}.", "met") for n in range(4)],
        *[(f"The knee hurts. His row {n}.", "not_met") for n in range(4)],
    ]
    with (folder / "notes.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("note", "decision"), *notes])
    call = ("--process", "knee", "--label-column", "decision")
    gain = json.loads(train(folder, folder / "notes.csv", *call, "--json").stdout)["gain"]
    assert gain["accuracy"] == pytest.approx(24 / 32)
    assert gain["undetermined"] == 4
    assert gain["before"]["accepted"] == pytest.approx(28 / 32)
    assert gain["before"]["right"] == pytest.approx(24 / 28)
    assert 0 <= gain["after"]["ece"] <= 1
    lines = train(folder, folder / "notes.csv", *call).stdout.splitlines()
    assert "  right decisions    0.7500, 4 left undetermined" in lines
    assert not any(line.startswith("accuracy") for line in lines)
