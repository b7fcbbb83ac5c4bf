"""Groups of commands: an option before one of them is never dropped in silence."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from winnow_cli.app import app

RUNNER = CliRunner()


def groups(command: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All groups of commands, with what calls them."""
    commands = getattr(command, "commands", None)
    if commands:
        yield names, command
        for name, own in commands.items():
            yield from groups(own, (*names, name))


def misplaced() -> Iterator[list[str]]:
    """Each option of each group, before each command of the group."""
    for names, group in groups(typer.main.get_command(app)):
        for option in group.params if names else ():
            value = [] if option.is_flag else ["x.toml"]
            for command in group.commands:
                yield [*names, option.opts[0], *value, command]


@pytest.mark.parametrize("arguments", list(misplaced()), ids=" ".join)
def test_an_option_before_a_command_is_refused(arguments: list[str]) -> None:
    result = RUNNER.invoke(app, [*arguments, "prod"])
    assert result.exit_code == 2
    assert "has no effect" in result.stderr


def test_the_groups_that_take_options_are_among_them() -> None:
    assert {arguments[0] for arguments in misplaced()} == {"stages", "searches"}


FILE = '[stages.prod]\naccount = "123456789012"\nregion = "us-east-1"\n'


def test_the_file_that_is_named_is_changed_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text(FILE)
    second.write_text(FILE)
    monkeypatch.setenv("WINNOW_STAGES", str(first))
    refused = RUNNER.invoke(app, ["stages", "--stages", str(second), "remove", "prod"])
    assert refused.exit_code == 2
    assert (first.read_text(), second.read_text()) == (FILE, FILE)
    done = RUNNER.invoke(app, ["stages", "remove", "--stages", str(second), "prod"])
    assert done.exit_code == 0
    assert first.read_text() == FILE
    assert "prod" not in second.read_text()
    by_environment = RUNNER.invoke(app, ["stages", "remove", "prod"])
    assert by_environment.exit_code == 0
    assert "prod" not in first.read_text()
