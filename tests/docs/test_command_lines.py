"""Every `winnow` command line of a page parses: its commands, options and values are there.

Nothing is run: a command line is given to the parser of the command that it names.
"""

import contextlib
import copy
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

from winnow_cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(
            page
            for folder in ROOT.iterdir()
            if folder.is_dir() and folder.name[0] not in "." and folder.name != "build"
            for page in folder.rglob("*.md")
        ),
    ]
)
_FENCE = re.compile(r"^```(?:sh|console|bash)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def _command_lines(text: str) -> Iterator[list[str]]:
    """The arguments of each `winnow` of the blocks of code."""
    for block in _FENCE.findall(text):
        console = any(line.startswith("$ ") for line in block.splitlines())
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            if console and not line.startswith("$ "):
                continue  # what a command printed
            for words in _commands(line.removeprefix("$ ")):
                while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                    words = words[1:]
                if words and Path(words[0]).name == "winnow":
                    yield words[1:]


def _commands(line: str) -> Iterator[list[str]]:
    """The words of each command of a line of shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    for word in lexer:
        if re.fullmatch(r"[|&;()]+", word):
            yield words
            words = []
        else:
            words.append(word)
    yield words[: next((at for at, word in enumerate(words) if word in (">", "<")), None)]


def _in_prose(text: str) -> Iterator[list[str]]:
    """The words after `winnow` where a sentence names a command."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    for code in re.findall(r"`(?:\.venv/bin/)?winnow ([^`]+)`", prose):
        words = code.split()
        if not words[0].isupper():  # COMMAND stands for each of them
            yield words


CASES = [
    pytest.param(arguments, id=f"{page.relative_to(ROOT).as_posix()}: {' '.join(arguments)}")
    for page in PAGES
    for arguments in _command_lines(page.read_text("utf-8"))
]
NAMED = [
    pytest.param(words, id=f"{page.relative_to(ROOT).as_posix()}: {' '.join(words)}")
    for page in PAGES
    for words in _in_prose(page.read_text("utf-8"))
]


def _find(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the first words name, and the words that are left."""
    found: Any = typer.main.get_command(app)
    while words and getattr(found, "commands", None) and not words[0].startswith(("-", "[")):
        found = found.commands.get(words[0])
        assert found is not None, f"there is no command {words[0]!r}"
        words = words[1:]
    return found, words


def _parse(arguments: list[str]) -> None:
    command, rest = _find(arguments)
    alone = getattr(command, "invoke_without_command", True)
    assert rest or alone or not getattr(command, "commands", None), "names no command"
    for parameter in command.params:
        # The files that a page names are the reader's.
        described = parameter.type_descriptor
        info = copy.copy(described.parameter_info)
        info.exists = False
        parameter.type_descriptor = replace(described, parameter_info=info)
    with contextlib.suppress(typer.Exit):  # --help, --version
        command.make_context(command.name, list(rest))


@pytest.mark.parametrize("arguments", CASES)
def test_a_command_line_of_a_page_parses(arguments: list[str]):
    _parse(arguments)


@pytest.mark.parametrize("words", NAMED)
def test_what_a_sentence_calls_a_command_is_one(words: list[str]):
    command, rest = _find(words)
    known = {name for parameter in command.params for name in parameter.opts}
    known |= {"--help"}
    used = {word.partition("=")[0] for word in rest if re.match(r"--[a-z]", word)}
    assert used <= known


@pytest.mark.parametrize(
    "arguments",
    [
        ["evalute"],
        ["evaluate", "--proces", "x"],
        ["evaluate", "--data", "F.csv"],
        ["predict", "--process", "x", "one", "two"],
        ["results", "3f2a9c", "--format", "xml"],
        ["tune", "--process", "x", "--data", "F.csv", "--label-column", "c", "--precision", "2"],
    ],
)
def test_a_wrong_command_line_is_found(arguments: list[str]):
    with pytest.raises((AssertionError, typer.TyperException)):
        _parse(arguments)


def test_command_lines_are_found_on_the_pages():
    assert {page for page in PAGES if any(_command_lines(page.read_text("utf-8")))} >= {
        ROOT / "README.md",
        ROOT / "docs" / "confidence.md",
    }
    assert list(_commands("A=1 winnow down && winnow up --detach > log  # anew")) == [
        ["A=1", "winnow", "down"],
        ["winnow", "up", "--detach"],
    ]
