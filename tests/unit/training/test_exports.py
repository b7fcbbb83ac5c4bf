"""`winnow train`, `tune` and `evaluate` take an export of reviews as it is."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import winnow_encoder
from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import PROCESS, rows, write_rows
from tests.fakes.review_room import Room, criteria_record
from winnow.errors import TrainingDataError
from winnow.models import LabelDecision, LabelScore
from winnow.processes.loader import load_definition
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import CriteriaProcess, ProcessDefinition
from winnow.reviews.export import Export, columns_of, write_csv
from winnow_cli.app import app
from winnow_train.data import default_label_column, read_labelled, read_labelled_files

RUNNER = CliRunner()
CRITERIA = """\
id: capsule
version: 1.0.0
kind: criteria
title: Capsule
input: {text_columns: [note]}
criteria: [{id: a, title: A, statements: [Melena for two weeks.]}]
logic: {all_of: [a]}
"""
HOSTILE = ["=1+1", "'=1", "- melena\n- iron", '\t@x, "y"', "a;-1", " 'tis "]


@pytest.fixture(autouse=True)
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winnow_encoder, "load_encoder", lambda *_, **__: FakeEncoder())


def export(path: Path, definition: ProcessDefinition, decided: list[tuple[str, str]]) -> Path:
    """An export of records with these texts, decided so by a person."""
    machine = LabelDecision(value="card", scores=(LabelScore(label="card", score=0.5),))
    records = [
        criteria_record(number, text=text, source_id=None, fields={"age": "-5", "remark": "=2"})
        for number, (text, _) in enumerate(decided, 1)
    ]
    if definition.kind == "labels":
        records = [record.model_copy(update={"decision": machine}) for record in records]
    room = Room(*records, definition=definition)
    for number, (_, decision) in enumerate(decided, 1):
        room.decide(decision, record=number)
    found = list(Export(room.store, room.items).rows(definition.id))
    with path.open("w", encoding="utf-8", newline="") as stream:
        write_csv(found, columns_of(found), stream)
    return path


def saved_again(path: Path) -> Path:
    """The same file as a spreadsheet of another locale writes it."""
    with path.open(encoding="utf-8", newline="") as stream:
        cells = list(csv.reader(stream))
    again = io.StringIO(newline="")
    csv.writer(again, delimiter=";").writerows(cells)
    path.write_bytes(b"\xef\xbb\xbf" + again.getvalue().encode())
    return path


def winnow(command: str, data: Path, *more: str) -> dict:
    given = ["--data", str(data), "--processes", str(data.parent), "--json", *more]
    done = RUNNER.invoke(app, [command, *given])
    assert done.exit_code == 0, done.output
    document: dict = json.loads(done.stdout)
    return document


def test_texts_and_fields_are_read_as_they_were_judged(tmp_path: Path) -> None:
    definition = load_definition(CRITERIA, "capsule.yaml")
    decided = [(text, "met") for text in HOSTILE]
    read = read_labelled(export(tmp_path / "r.csv", definition, decided), definition, "decision")
    assert [row.text for row in read.rows] == HOSTILE
    assert {row.label for row in read.rows} == {"met"}
    assert read.rows[0].fields == {"age": "-5", "remark": "=2"}
    assert read.left_out == 0


def test_a_field_can_be_asked_for_as_the_text(tmp_path: Path) -> None:
    definition = load_definition(CRITERIA, "capsule.yaml")
    file = export(tmp_path / "r.csv", definition, [("Melena.", "met")])
    assert read_labelled(file, definition, "decision", "remark").rows[0].text == "=2"


def test_a_file_that_a_spreadsheet_saved_again_is_read_the_same(tmp_path: Path) -> None:
    definition = load_definition(CRITERIA, "capsule.yaml")
    texts = [text for text in HOSTILE if text == text.strip()]
    file = saved_again(export(tmp_path / "r.csv", definition, [(text, "met") for text in texts]))
    read = read_labelled(file, definition, "decision", "text")
    assert [row.text for row in read.rows] == texts
    assert read.rows[0].fields["remark"] == "=2"
    assert default_label_column(file) == "decision"


def test_a_table_of_others_keeps_its_apostrophes(tmp_path: Path) -> None:
    definition = load_definition(CRITERIA, "capsule.yaml")
    file = tmp_path / "t.csv"
    file.write_text("note,label\n'=1,met\n", encoding="utf-8")
    assert read_labelled(file, definition, "label").rows[0].text == "'=1"
    assert default_label_column(file) is None


def test_train_tune_and_evaluate_need_no_names_of_columns(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text(PROCESS, encoding="utf-8")
    definition = load_definition(PROCESS, "bank.yaml")
    data = export(tmp_path / "r.csv", definition, [row[:2] for row in rows(160)])
    assert winnow("train", data, "--process", "bank")["rows"] == 160
    new = export(tmp_path / "n.csv", definition, [row[:2] for row in rows(120, 7)])
    evaluated = winnow("evaluate", new, "--process", "bank")
    measured = evaluated["evaluation"]
    assert measured["rows"] + measured["near_copies"] == 120
    tuned = winnow("tune", new, "--process", "bank", "--precision", "0.6")
    assert tuned["written"]


def test_verdicts_of_criteria_are_measured(tmp_path: Path) -> None:
    (tmp_path / "capsule.yaml").write_text(CRITERIA, encoding="utf-8")
    definition = load_definition(CRITERIA, "capsule.yaml")
    assert isinstance(definition, CriteriaProcess)
    decided = [("Melena for two weeks.", "met"), ("No melena.", "not_met")]
    data = export(tmp_path / "r.csv", definition, decided)
    assert winnow("evaluate", data, "--process", "capsule")["evaluation"]["rows"] == 2


def test_an_export_is_trained_with_beside_the_table_of_others(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text(PROCESS, encoding="utf-8")
    definition = load_definition(PROCESS, "bank.yaml")
    table = write_rows(tmp_path / "t.csv", rows(150))
    few = export(tmp_path / "r.csv", definition, [row[:2] for row in rows(5, 7)])
    given = ("--process", "bank", "--label-column", "label", "--data", str(few))
    assert winnow("train", table, *given)["rows"] == 155
    card = ProcessRegistry.from_directory(tmp_path).heads["bank"].card()
    assert (card.data.file, card.data.rows) == ("t.csv, r.csv", 155)
    evaluated = winnow("evaluate", table, *given)["evaluation"]
    # All of them were trained on, so each is represented by the fold without it.
    assert (evaluated["rows"], evaluated["held_out"]) == (155, 155)
    assert winnow("tune", table, *given, "--precision", "0.6")["written"]


def test_the_rows_of_a_further_file_go_on_behind_those_of_the_first(tmp_path: Path) -> None:
    definition = load_definition(PROCESS, "bank.yaml")
    table = tmp_path / "t.csv"
    table.write_text("text,label\na card,card\n,card\nan app,app\n", encoding="utf-8")
    exported = export(tmp_path / "r.csv", definition, [("a loan", "loan"), ("no app", "app")])
    read = read_labelled_files([table, exported], definition, "label")
    found = [(row.record, row.label, row.text) for row in read.rows]
    assert found == [
        (1, "card", "a card"),
        (3, "app", "an app"),
        (4, "loan", "a loan"),
        (5, "app", "no app"),
    ]
    assert read.left_out == 1
    other = read_labelled_files([exported, table], definition, "label")
    assert len({read.sha256, other.sha256, read_labelled(table, definition, "label").sha256}) == 3


def test_a_wrong_name_of_the_label_column_is_no_exports(tmp_path: Path) -> None:
    definition = load_definition(PROCESS, "bank.yaml")
    exported = export(tmp_path / "r.csv", definition, [("a loan", "loan")])
    table = tmp_path / "t.csv"
    table.write_text("text,label\na card,card\n", encoding="utf-8")
    for paths in ([exported], [table, exported]):
        with pytest.raises(TrainingDataError, match="has no column lable"):
            read_labelled_files(paths, definition, "lable")


def test_the_labels_of_a_new_process_are_those_of_all_files(tmp_path: Path) -> None:
    definition = load_definition(PROCESS, "bank.yaml")
    (tmp_path / "bank.yaml").write_text(PROCESS, encoding="utf-8")
    decided = [row[:2] for row in rows(60) if row[1] == "loan"]
    exported = export(tmp_path / "r.csv", definition, decided)
    table = write_rows(tmp_path / "t.csv", [row for row in rows(150) if row[1] != "loan"])
    given = ("--process", "new", "--create", "--label-column", "label")
    made = winnow("train", table, *given, "--data", str(exported), "--text-column", "text")
    assert made["rows"] == len(decided) + sum(row[1] != "loan" for row in rows(150))
    text = (tmp_path / "new.yaml").read_text(encoding="utf-8")
    assert {label.id for label in load_definition(text, "new.yaml").labels} == {
        label.id for label in definition.labels
    }


def test_a_head_that_forgets_rows_says_so(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text(PROCESS, encoding="utf-8")
    table = write_rows(tmp_path / "t.csv", rows(150))
    given = ["--process", "bank", "--processes", str(tmp_path), "--label-column", "label"]
    first = RUNNER.invoke(app, ["train", *given, "--data", str(table)])
    again = RUNNER.invoke(app, ["train", *given, "--data", str(table)])
    fewer = write_rows(tmp_path / "f.csv", rows(60))
    last = RUNNER.invoke(app, ["train", *given, "--data", str(fewer)])
    assert [done.exit_code for done in (first, again, last)] == [0, 0, 0]
    assert ["150 rows" in done.stderr for done in (first, again, last)] == [False, False, True]


def test_a_table_of_others_needs_the_name_of_its_label(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text(PROCESS, encoding="utf-8")
    (tmp_path / "t.csv").write_text("text,label\na card,card\n", encoding="utf-8")
    given = ["--process", "bank", "--data", str(tmp_path / "t.csv")]
    for command in (["train"], ["tune", "--precision", "0.9"], ["evaluate"]):
        done = RUNNER.invoke(app, [*command, *given, "--processes", str(tmp_path)])
        assert done.exit_code == 2
        assert "--label-column" in done.output
