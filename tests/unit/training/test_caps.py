"""What holds decisions back, cause by cause, with the words of the right ones."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import winnow_encoder
from tests.fakes.encoder import FakeEncoder
from tests.fakes.processes import MELENA, melena_vectors
from winnow_cli.app import app

ROWS = [
    ("The melena continues.", "met"),
    ("The melena continues, says somebody.", "met"),
    ("The melena continues, says anyone.", "met"),
    ("The melena continues, restless.", "not_met"),
    ("Rain fell.", "met"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    encoder = FakeEncoder(melena_vectors(*(text for text, _ in ROWS[:4])))
    monkeypatch.setattr(winnow_encoder, "load_encoder", lambda *_, **__: encoder)
    (tmp_path / "t.yaml").write_text(MELENA, encoding="utf-8")
    with (tmp_path / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("note", "decision"), *ROWS])
    return tmp_path


def evaluate(folder: Path, *more: str) -> str:
    call = ["evaluate", "--process", "t", "--data", str(folder / "rows.csv")]
    call += ["--label-column", "decision", "--processes", str(folder), *more]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.output
    return done.stdout


def held_back(folder: Path) -> dict[str, dict[str, Any]]:
    found = json.loads(evaluate(folder, "--json"))["held_back"]
    assert [cause["right"] for cause in found] == sorted((c["right"] for c in found), reverse=True)
    return {cause["cause"]: cause for cause in found}


def test_each_cause_has_its_right_and_wrong_decisions_and_the_words_of_the_right(
    folder: Path,
) -> None:
    found = held_back(folder)
    assert {name: (cause["right"], cause["wrong"]) for name, cause in found.items()} == {
        "another": (2, 0),
        "doubt": (2, 0),
        "unfinished": (0, 1),
    }
    assert found["another"]["words"] == ["anyone", "somebody"]
    assert found["doubt"]["words"] == ["says"]
    assert found["unfinished"]["words"] == []


def test_what_is_accepted_is_held_back_by_nothing(folder: Path) -> None:
    file = folder / "t.yaml"
    file.write_text(MELENA.replace("threshold: 0.7", "threshold: 0.5"), encoding="utf-8")
    assert held_back(folder) == {}
    assert "held back by" not in evaluate(folder)


def test_the_terminal_shows_them_last(folder: Path) -> None:
    lines = [line.split("\t") for line in evaluate(folder).splitlines()]
    assert lines[-4:] == [
        ["held back by", "right", "wrong", "words"],
        ["a word of the evidence may be about somebody else", "2", "0", "anyone, somebody"],
        ["a word of the evidence may put it in doubt", "2", "0", "says"],
        ["a word of the evidence may say that it was not finished", "0", "1", ""],
    ]
