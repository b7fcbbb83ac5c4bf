"""`winnow process`: list, new and validate."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import winnow_encoder
from tests.fakes.encoder import FakeEncoder
from winnow.errors import ModelInvalidError
from winnow.processes.loader import load_definition
from winnow_cli.app import app
from winnow_cli.commands import process
from winnow_cli.new_definition import Draft, Part, definition_text

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winnow_encoder, "load_encoder", lambda *_, **__: FakeEncoder())


def run(folder: Path, *arguments: str, code: int = 0, typed: str | None = None) -> Result:
    done = RUNNER.invoke(
        app, ["process", *arguments], input=typed, env={"WINNOW_PROCESSES": str(folder)}
    )
    assert done.exit_code == code, done.output
    return done


def test_a_new_process_validates_and_is_listed(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    run(folder, "new", "knee", "--criterion", "pain", "--criterion", "therapy", "--code", "27447")
    run(folder, "new", "moods", "--kind", "labels")
    for name in ("knee", "moods"):
        run(folder, "validate", str(folder / f"{name}.yaml"))
    listed = json.loads(run(folder, "list", "--json").stdout)
    assert [(p["id"], p["kind"], p["parts"]) for p in listed["processes"]] == [
        ("knee", "criteria", "2 criteria"),
        ("moods", "labels", "2 labels"),
    ]
    lines = run(folder, "list").stdout.splitlines()
    assert lines[1].split("\t")[:7] == [
        "knee", "0.1.0", "criteria", "2 criteria", "0.7", "none", "27447",
    ]  # fmt: skip


def test_what_is_left_to_write_is_warned_of(tmp_path: Path) -> None:
    run(tmp_path, "new", "knee", "--criterion", "pain")
    done = run(tmp_path, "validate", str(tmp_path / "knee.yaml"), "--json")
    told = json.loads(done.stdout)
    assert told["valid"]
    assert sum("is still to be written" in line for line in told["warnings"]) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["knee"], "--kind"),
        (["--kind", "labels"], "ID"),
        (["a b", "--kind", "labels"], "an id has"),
        (["knee", "--kind", "rules"], "criteria or labels"),
        (["knee", "--kind", "labels", "--criterion", "x"], "not of kind labels"),
        (["knee", "--criterion", "x", "--label", "y"], "not both"),
        (["taken", "--kind", "labels"], "already"),
        (["knee", "--kind", "labels", "--code", "TAKEN"], "already"),
    ],
)
def test_a_wrong_call_writes_nothing(tmp_path: Path, arguments: list[str], words: str) -> None:
    run(tmp_path, "new", "taken", "--kind", "labels")
    done = run(tmp_path, "new", *arguments, code=2)
    assert words in done.output
    assert [file.name for file in tmp_path.iterdir()] == ["taken.yaml"]


def test_on_a_terminal_it_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_is_terminal", lambda: True)
    answers = [
        "a b", "knee", "kriteria", "criteria", "Knee pain",
        "pain", "Pain of the knee", "The knee hurts: badly.", "No knee pain.", "knee, pain, knee",
        "", "note", "case",
    ]  # fmt: skip
    done = run(tmp_path, "new", typed="\n".join(answers) + "\n")
    assert "an id has" in done.output
    definition = load_definition((tmp_path / "knee.yaml").read_text("utf-8"), "knee.yaml")
    assert definition.kind == "criteria"
    (criterion,) = definition.criteria
    assert (criterion.id, criterion.title) == ("pain", "Pain of the knee")
    assert criterion.statements == ("The knee hurts: badly.",)
    assert criterion.counter_statements == ("No knee pain.",)
    assert criterion.keywords == ("knee", "pain")
    assert definition.input.text_columns == ("note",)
    assert definition.input.id_columns == ("case",)


def test_two_labels_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_is_terminal", lambda: True)
    answers = ["", "glad", "I am glad.", "", "glad", "sad", "", "", "", ""]
    run(tmp_path, "new", "moods", "--kind", "labels", typed="\n".join(answers) + "\n")
    definition = load_definition((tmp_path / "moods.yaml").read_text("utf-8"), "moods.yaml")
    assert definition.kind == "labels"
    assert [label.id for label in definition.labels] == ["glad", "sad"]
    assert definition.labels[0].examples == ("I am glad.",)


@pytest.mark.parametrize(
    "text", ['He said: "no" # really', "\x1b[2J", "\\", "- x", "null", "ä\u202e"]
)
def test_any_answer_is_kept_as_it_was_given(text: str) -> None:
    draft = Draft(
        "null", "criteria", text, [Part("null", text, text, "", (text,))], text_column=text
    )
    definition = load_definition(definition_text(draft), "null.yaml")
    assert definition.title == text
    assert definition.kind == "criteria"
    assert definition.criteria[0].statements == (text,)
    assert definition.criteria[0].keywords == (text,)


@pytest.mark.parametrize("field", ["measure", "age", "interval_since", "column", "if_silent"])
def test_the_fields_in_the_comments_validate(field: str) -> None:
    lines = definition_text(Draft("knee", "criteria", "Knee", [Part("pain")])).split("\n")
    at = next(n for n, line in enumerate(lines) if line.startswith(f"    # {field}:"))
    lines[at] = lines[at].replace("# ", "", 1)
    while lines[at + 1].startswith("    #  "):
        at += 1
        lines[at] = lines[at].replace("#", " ", 1)
    definition = load_definition("\n".join(lines), "knee.yaml")
    assert definition.kind == "criteria"
    default = type(definition.criteria[0]).model_fields[field].get_default()
    assert getattr(definition.criteria[0], field) != default


def test_invalid_files_are_listed_with_what_to_do(tmp_path: Path) -> None:
    run(tmp_path, "new", "good", "--kind", "labels")
    (tmp_path / "bad.yaml").write_text("id: bad\nkind: labels\n", "utf-8")
    (tmp_path / "latin.yml").write_bytes(b"id: \xe4\n")
    done = run(tmp_path, "list")
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [
        "process", "bad.yaml", "good", "latin.yml",
    ]  # fmt: skip
    assert "bad.yaml has 3 problems: " in done.stderr
    assert "latin.yml has 1 problem: " in done.stderr
    run(tmp_path, "validate", str(tmp_path / "latin.yml"), code=1)


def test_names_that_two_processes_share_are_told(tmp_path: Path) -> None:
    run(tmp_path, "new", "one", "--kind", "labels", "--code", "77")
    text = (tmp_path / "one.yaml").read_text("utf-8").replace("id: one", "id: two", 1)
    (tmp_path / "two.yaml").write_text(text, "utf-8")
    assert "'77' names more than one process" in run(tmp_path, "list").stderr


def test_an_empty_folder_is_told_how_to_begin(tmp_path: Path) -> None:
    assert "process new" in run(tmp_path, "list").stderr
    assert "there is no folder" in run(tmp_path / "none", "list", code=2).output


def test_without_the_model_the_rest_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ModelInvalidError("There is no model.")

    monkeypatch.setattr(winnow_encoder, "load_encoder", missing)
    run(tmp_path, "new", "knee", "--criterion", "pain")
    done = run(tmp_path, "validate", str(tmp_path / "knee.yaml"))
    assert "has no keywords" in done.stderr
    assert "the model is not built" in done.stderr


def test_problems_are_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("id: a b\nversion: 1\nkind: labels\ntitle: x: y\n", "utf-8")
    done = run(tmp_path, "validate", str(file), code=1)
    assert [line.split(": ")[:2] for line in done.stderr.splitlines()] == [
        ["bad.yaml:1", "id"],
        ["bad.yaml:1", "labels"],
        ["bad.yaml:2", "version"],
        ["bad.yaml:4", "title"],
        ["4 problems."],
    ]
    told = json.loads(run(tmp_path, "validate", str(file), "--json", code=1).stdout)
    assert (told["valid"], len(told["problems"])) == (False, 4)
