"""Every step of the menu is a command line that the command itself takes."""

from collections.abc import Sequence
from typing import Any

import pytest
from typer.main import get_command

from tests.fakes.menu import FixedFacts
from winnow_cli.app import app
from winnow_cli.menu.steps import (
    Ask,
    Menu,
    Option,
    Settings,
    Stage,
    Step,
    leaves,
    line_of,
    questions_of,
)
from winnow_cli.menu.tree import TREE

STAGES = ("local", "test")
WIDEST = 36
"""Columns of a line in a terminal of 40."""
TYPED = {
    "email": "ann@example.org",
    "goal": "production",
    "percent": "10",
    "reason": "-x said so",
    "repository": "owner/name",
    "source": "test",
    "user": "-ann",
}
LEAVES = [(" / ".join(path), step) for path, step in leaves(TREE)]


def parse(line: Sequence[str]) -> Any:
    """The parameters of a command line, by the real parser. Raises its usage errors."""
    command: Any = get_command(app)
    words = list(line)
    while hasattr(command, "commands"):
        if not words or words[0] not in command.commands:
            # A group that does something by itself.
            assert getattr(command, "invoke_without_command", False), line
            break
        command = command.commands[words.pop(0)]
    return command.make_context("winnow", words).params


def answers_of(arguments: tuple, stage: str) -> dict[str, tuple[str, ...]]:
    """An answer to each question: its default, else its first choice, else one from above."""
    facts = FixedFacts(stage)
    answers: dict[str, tuple[str, ...]] = {}
    for question in questions_of(arguments):
        if isinstance(question, Settings):
            answers[question.name] = ("Threshold=0.8", "NotifyEmail=team@example.org")
            continue
        choices = question.choices(facts, answers)
        first = choices[0].value if choices else ""
        value = TYPED.get(question.name) or question.default(facts, answers) or first
        assert question.trouble(value, facts, answers) is None, question
        answers[question.name] = (value,)
    return answers


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("step", [step for _, step in LEAVES], ids=[name for name, _ in LEAVES])
def test_every_step_is_a_command_line_that_exists(step: Step, stage: str) -> None:
    arguments = step.on(stage)
    if isinstance(arguments, str):
        assert arguments.endswith(".")
        return
    if step.only_local and stage != "local":
        return
    parameters = parse(line_of(arguments, stage, answers_of(arguments, stage)))
    if Stage("--stack") in arguments:
        assert parameters["stack"] == (None if stage == "local" else stage)


@pytest.mark.parametrize("step", [step for _, step in LEAVES], ids=[name for name, _ in LEAVES])
def test_an_option_that_may_be_left_out_is_left_out(step: Step) -> None:
    for stage in STAGES:
        arguments = step.on(stage)
        if isinstance(arguments, str) or (step.only_local and stage != "local"):
            continue
        answers = answers_of(arguments, stage)
        for argument in arguments:
            match argument:
                case Option(_, Settings(name)):
                    answers[name] = ()
                case Option(_, question) | Ask(question) if question.optional:
                    answers[question.name] = ()
        parse(line_of(arguments, stage, answers))


def menus(menu: Menu) -> list[Menu]:
    below = [one for entry in menu.entries if isinstance(entry, Menu) for one in menus(entry)]
    return [menu, *below]


@pytest.mark.parametrize("menu", menus(TREE), ids=lambda menu: menu.words)
def test_the_lines_of_a_list_differ_and_fit_a_narrow_terminal(menu: Menu) -> None:
    words = [entry.words for entry in menu.entries]
    assert len(set(words)) == len(words)
    assert all(len(word) <= WIDEST for word in words)
    assert all("\n" not in entry.about for entry in menu.entries)


def test_the_tree_has_the_core_functions() -> None:
    words = [entry.words for entry in TREE.entries]
    core = {"Infrastructure", "Training", "Releases", "Metrics and notices", "Users and policies"}
    assert core <= set(words)


def test_a_line_that_does_not_parse_is_noticed() -> None:
    with pytest.raises(Exception, match="--nothing"):
        parse(["dashboard", "--nothing", "1"])
    with pytest.raises(Exception, match="100"):
        parse(["release", "canary", "L33774", "--percent", "101"])
    with pytest.raises(AssertionError):
        parse(["nothing"])
