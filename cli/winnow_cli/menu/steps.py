"""What the menu is made of: menus, steps, and the questions for a step's command line.

All of it is data. A step is a command line with gaps; the answers to its questions fill them.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from winnow_cli.console import clean, command
from winnow_cli.menu.facts import LOCAL, Facts

Answers = Mapping[str, tuple[str, ...]]
"""By a question's name. An empty answer leaves its part of the command line out."""


@dataclass(frozen=True)
class Choice:
    """One line of a list."""

    value: str
    words: str = ""
    """What the line says; empty: the value."""
    about: str = ""
    """Beside it, in a wide terminal."""


def _nothing(_facts: Facts, _answers: Answers) -> str:
    return ""


def _no_choices(_facts: Facts, _answers: Answers) -> Sequence[Choice]:
    return ()


def _no_problem(_value: str, _facts: Facts, _answers: Answers) -> str | None:
    return None


@dataclass(frozen=True)
class Question:
    """One question. Its answer is checked while it is typed."""

    name: str
    words: str
    about: str = ""
    """What a good answer is, in a sentence."""
    default: Callable[[Facts, Answers], str] = _nothing
    choices: Callable[[Facts, Answers], Sequence[Choice]] = _no_choices
    """To choose from; none: the answer is typed."""
    free: bool = True
    """Whether something else than a choice may be typed."""
    problem: Callable[[str, Facts, Answers], str | None] = _no_problem
    """Why a value cannot be the answer, in a sentence; None if it can."""
    optional: bool = False
    """Whether nothing is an answer, too."""

    def trouble(self, value: str, facts: Facts, answers: Answers) -> str | None:
        """Why a value cannot be the answer, in a sentence; None if it can."""
        if not value.strip():
            return None if self.optional else "Something has to be typed here."
        if not value.isprintable():
            return "Control characters are not allowed."
        return self.problem(value, facts, answers)


@dataclass(frozen=True)
class Settings:
    """A question with many answers: parameters of template.yaml, as NAME=VALUE."""

    name: str
    words: str
    about: str = ""


@dataclass(frozen=True)
class Ask:
    """The answer to a question, as a word of the command line."""

    question: Question


@dataclass(frozen=True)
class Option:
    """An option with the answer to a question; without an answer, no option."""

    name: str
    question: Question | Settings


@dataclass(frozen=True)
class Stage:
    """The stage that the menu works on: a word, or an option that the local stage goes without."""

    option: str = ""


Argument = str | Ask | Option | Stage


@dataclass(frozen=True)
class Step:
    """A leaf of the menu: what it is called, and the command line that it runs."""

    words: str
    arguments: tuple[Argument, ...] | str
    """A sentence: there is nothing to run."""
    about: str = ""
    local: tuple[Argument, ...] | str = ()
    """On the local stage: another command line, or a sentence why there is nothing to run."""
    warning: str = ""
    """What it deletes or changes for good; then the menu asks once more."""
    only_local: bool = False

    def on(self, stage: str) -> tuple[Argument, ...] | str:
        """The command line for a stage, or the sentence why there is none."""
        return self.local if stage == LOCAL and self.local else self.arguments


@dataclass(frozen=True)
class Menu:
    """A list of steps and further menus."""

    words: str
    entries: tuple["Menu | Step", ...]
    about: str = ""


def questions_of(arguments: tuple[Argument, ...]) -> Iterator[Question | Settings]:
    """The questions, in the order in which they are asked."""
    for argument in arguments:
        if isinstance(argument, Ask | Option):
            yield argument.question


def line_of(arguments: tuple[Argument, ...], stage: str, answers: Answers) -> list[str]:
    """The words of the command line, without `winnow`.

    >>> line_of(("dashboard", Stage("--stack")), "test", {})
    ['dashboard', '--stack', 'test']
    >>> line_of(("dashboard", Stage("--stack")), "local", {})
    ['dashboard']
    """
    name: list[str] = []
    options: list[str] = []
    words: list[str] = []
    for argument in arguments:
        match argument:
            case str() if argument.startswith("--"):
                options.append(argument)
            case str():
                name.append(argument)
            case Ask(question):
                words += answers[question.name]
            case Option(option, question):
                for value in answers[question.name]:
                    options += [option, value]
            case Stage(""):
                words.append(stage)
            case Stage(option) if stage != LOCAL:
                options += [option, stage]
    # An answer that begins with a hyphen is not an option.
    fence = ["--"] if any(word.startswith("-") for word in words) else []
    return [*name, *options, *fence, *words] if fence else [*name, *words, *options]


def shown(line: Sequence[str]) -> str:
    """A command line as it can be pasted into a shell."""
    return f"{command()} {clean(shlex.join(line))}"


def leaves(menu: Menu, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Step]]:
    """Every step below a menu, with the words on the way to it."""
    for entry in menu.entries:
        way = (*path, entry.words)
        if isinstance(entry, Menu):
            yield from leaves(entry, way)
        else:
            yield way, entry
