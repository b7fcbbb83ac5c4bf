"""The loop: what is asked, what is printed, what is run, and how one gets back."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fakes.menu import FixedFacts, Person
from winnow_cli.menu.prompts import BACK
from winnow_cli.menu.questions import ACCOUNT, NEW_STAGE, REGION, SETTINGS
from winnow_cli.menu.session import Session
from winnow_cli.menu.steps import Ask, Menu, Option, Question, Stage, Step, line_of, shown
from winnow_cli.menu.tree import TREE

NEW = Step(
    "New",
    ("add", Ask(NEW_STAGE), Option("--account", ACCOUNT), Option("--region", REGION),
     Option("--parameter", SETTINGS)),
)  # fmt: skip


class Runs:
    """Notes command lines instead of running them."""

    def __init__(self, code: int = 0) -> None:
        self.lines: list[list[str]] = []
        self._code = code

    def __call__(self, line: Sequence[str]) -> int:
        self.lines.append(list(line))
        return self._code


def visit(person: Person, menu: Menu = TREE, stage: str = "local", code: int = 0) -> Runs:
    runs = Runs(code)
    Session(person, FixedFacts(stage), runs).open(menu)
    assert person.done
    return runs


def test_a_line_is_printed_and_then_run(capsys: pytest.CaptureFixture[str]) -> None:
    runs = visit(Person("Metrics and notices", "Dashboard", "48"))
    assert runs.lines == [["dashboard", "--hours", "48"]]
    assert re.search(r"\$ \S*winnow dashboard --hours 48\n", capsys.readouterr().out)


def test_another_stage_is_in_every_line_from_then_on() -> None:
    person = Person("Another stage", "production", "Releases", "Status")
    assert visit(person).lines == [["release", "status", "--stack", "production"]]
    titles = [title for title, _ in person.lists]
    assert any("production" in title for title in titles)


def test_what_only_the_local_stage_has_is_not_offered_for_another() -> None:
    person = Person("Files and reviews")
    visit(person, stage="test")
    (offered,) = [lines for title, lines in person.lists if title.startswith("Files")]
    assert "Submit a file" in offered
    assert not {"Start it on this machine", "End it"} & set(offered)


def test_going_back_from_a_question_asks_the_one_before_again() -> None:
    runs = visit(Person("New", "one", BACK, "two", "", "us-east-1", ""), Menu("M", (NEW,)))
    assert runs.lines == [["add", "two", "--account", "210987654321", "--region", "us-east-1"]]


def test_going_back_from_the_first_question_runs_nothing() -> None:
    assert visit(Person("New", BACK, BACK), Menu("M", (NEW,))).lines == []


def test_wrong_answers_are_told_in_sentences_and_not_taken() -> None:
    person = Person(
        "New", "Test!", "local", "default", "test", "mine", "12", "123456789012", "Frankfurt",
        "eu-central-1", "Threshold", "2", "0.7", "NotifyEmail", "nobody", "a@example.org", "",
    )  # fmt: skip
    runs = visit(person, Menu("M", (NEW,)))
    assert runs.lines == [
        ["add", "mine", "--account", "123456789012", "--region", "eu-central-1",
         "--parameter", "Threshold=0.7", "--parameter", "NotifyEmail=a@example.org"]
    ]  # fmt: skip
    assert len(person.refused) == 8
    assert all(sentence.endswith(".") for sentence in person.refused)
    assert "There is a stage of that name." in person.refused


def test_secrets_and_what_the_local_stack_sets_are_not_asked() -> None:
    person = Person("New", "mine", "", "", BACK, BACK, BACK, BACK)
    visit(person, Menu("M", (NEW,)))
    (offered,) = [lines for title, lines in person.lists if title == "Parameters"]
    assert "NotifyEmail" in offered
    assert not {"Local", "LocalApiHost", "LocalSignIn"} & set(offered)


def test_what_deletes_is_asked_once_more_and_no_is_the_default() -> None:
    assert visit(Person("Files and reviews", "End it", "")).lines == []
    assert visit(Person("Files and reviews", "End it", BACK)).lines == []
    assert visit(Person("Files and reviews", "End it", "Yes")).lines == [["down"]]


def test_what_a_stage_lacks_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    step = Step("Create", ("training", "create", Stage()), local="There is none here.")
    assert visit(Person("Create"), Menu("M", (step,))).lines == []
    assert "There is none here." in capsys.readouterr().err
    assert visit(Person("Create"), Menu("M", (step,)), "test").lines == [
        ["training", "create", "test"]
    ]


def test_a_failure_is_told_and_the_menu_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    runs = visit(Person("Files and reviews", "Uploads", "Uploads"), code=1)
    assert runs.lines == [["status"], ["status"]]
    assert capsys.readouterr().err.count("exit code 1") == 2


def test_a_closed_output_ends_the_menu() -> None:
    with pytest.raises(BrokenPipeError):
        visit(Person("Files and reviews", "Uploads", "Uploads"), code=141)


def test_a_stage_file_that_cannot_be_read_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from winnow_cli.menu.facts import StackFacts

    file = tmp_path / "stages.toml"
    file.write_text("[stages.x", "utf-8")
    monkeypatch.setenv("WINNOW_STAGES", str(file))
    monkeypatch.setenv("WINNOW_STATE_DIR", str(tmp_path))
    runs = Runs()
    Session(Person(), StackFacts(), runs).open(TREE)
    assert "stages_invalid" in capsys.readouterr().err


@pytest.mark.parametrize("hostile", ["a\x1b[31mb", "--yes", "; rm -rf ~", "a b", "‮abc"])
def test_a_hostile_process_id_steers_neither_terminal_nor_command(
    hostile: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = Runs()
    person = Person("Releases", "Stop", hostile if hostile.isprintable() else "emotions")
    Session(person, FixedFacts(processes=[hostile, "emotions"]), runs).open(TREE)
    printed = capsys.readouterr()
    assert "\x1b[31m" not in printed.out + printed.err
    assert "‮" not in printed.out + printed.err
    if hostile.isprintable():
        (line,) = runs.lines
        assert line[-1] == hostile
        assert (line[-2] == "--") == hostile.startswith("-")
    else:
        # What cannot be typed is not offered.
        assert runs.lines == [["release", "stop", "emotions"]]


def test_an_answer_with_a_space_is_quoted_where_it_is_shown() -> None:
    file = Question("file", "Which?")
    line = line_of(("submit", Ask(file)), "local", {"file": ("a b.csv",)})
    assert shown(line).endswith("submit 'a b.csv'")
