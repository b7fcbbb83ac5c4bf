"""`winnow predict --explain`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import winnow_cli.prediction
from tests.fakes.encoder import FakeEncoder
from winnow_cli.app import app

KNEE = """\
id: knee
version: 1.0.0
kind: criteria
title: Knee
input: {text_columns: [note]}
criteria:
  - id: pain
    title: Pain of the knee
    statements: [The knee hurts badly today.]
    keywords: [knee]
logic: {all_of: [pain]}
"""
TEXT = "The knee hurts badly today. The knee of his mother hurts badly today."


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(winnow_cli.prediction, "load_encoder", lambda *_, **__: FakeEncoder())
    (tmp_path / "knee.yaml").write_text(KNEE, encoding="utf-8")
    return tmp_path


def predict(folder: Path, *arguments: str, code: int = 0) -> Result:
    call = ["predict", "--process", "knee", "--processes", str(folder), *arguments]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == code, done.output
    return done


def test_what_was_heard_and_what_was_not_counted(folder: Path) -> None:
    lines = predict(folder, "--explain", TEXT).stdout.splitlines()
    assert lines[0].startswith("met  confidence 1.00 (uncalibrated); rests on pain")
    assert lines[2:] == [
        "* pain: met (1.00)  Pain of the knee",
        "    ✓ “The knee hurts badly today.”  [knee]",
        "      for it, strength 1.00; 1.00 like “The knee hurts badly today.”",
        "    - “The knee of his mother hurts badly today.”  [knee: family]",
        "      not counted: about a relative, and no sentence of that kind is near; "
        "0.83 like “The knee hurts badly today.”",
    ]


def test_the_json_has_the_explanation_beside_the_judgement(folder: Path) -> None:
    (record,) = json.loads(predict(folder, "--explain", "--json", TEXT).stdout)["records"]
    (criterion,) = record["explanation"]
    assert [s["text"] for s in criterion["heard"]] == ["The knee hurts badly today."]
    assert [s["reason"] for s in criterion["discarded"]] == ["family"]
    (plain,) = json.loads(predict(folder, "--json", TEXT).stdout)["records"]
    assert plain.keys() == record.keys() - {"explanation", "limits"}


def test_what_caps_the_confidence_is_told(folder: Path) -> None:
    text = "The knee hurts badly today, restless."
    lines = predict(folder, "--explain", text).stdout.splitlines()
    assert lines[:3] == [
        "met  confidence 0.60 (uncalibrated); rests on pain",
        "  0.60 at most: “restless” may say that it was not finished, and nothing vouches for it",
        "      in “The knee hurts badly today, restless.”",
    ]
    (record,) = json.loads(predict(folder, "--explain", "--json", text).stdout)["records"]
    (limit,) = record["limits"]
    assert (limit["cause"], limit["words"]) == ("unfinished", ["restless"])


def test_each_record_of_a_file_is_explained(folder: Path) -> None:
    file = folder / "notes.csv"
    file.write_text("note\nThe knee hurts badly today.\n\nRain fell.\n", encoding="utf-8")
    lines = predict(folder, "--explain", "--file", str(file)).stdout.splitlines()
    assert [line for line in lines if line.startswith("record ")] == ["record 1", "record 2"]
    assert "    nothing heard: undetermined" in lines


def test_labels_have_no_criteria_to_explain(folder: Path) -> None:
    labels = "id: knee\nversion: 1.0.0\nkind: labels\ntitle: K\nlabels:\n"
    labels += "- {id: a, examples: [A.]}\n- {id: b, examples: [B.]}\n"
    (folder / "knee.yaml").write_text(labels, encoding="utf-8")
    assert "kind criteria" in predict(folder, "--explain", TEXT, code=2).output
