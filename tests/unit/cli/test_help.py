"""What `--help` shows of a command: all that its text says."""

import inspect
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.pages.options import commands
from winnow_cli.app import app

COMMANDS = dict(commands())


def words(text: str) -> list[str]:
    """Without quotes of code, and whatever lines and boxes it stands in."""
    return text.replace("`", "").replace("│", " ").split()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_every_word_of_the_text(name: str) -> None:
    command: Any = COMMANDS[name]
    shown = CliRunner().invoke(
        app, [*name.split()[1:], "--help"], env={"COLUMNS": "300", "TERM": "dumb"}
    )
    assert shown.exit_code == 0
    seen = " ".join(words(shown.stdout))
    for text in [command.help, *(getattr(one, "help", None) for one in command.params)]:
        assert " ".join(words(inspect.cleandoc(text or ""))) in seen
