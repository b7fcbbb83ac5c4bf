"""A new user takes the menu through every core function, on a local stage of their own."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.menu import CTRL_C, ESCAPE, Visitor, go
from tests.e2e.terminal import EmulatedTerminal
from tests.menu_tour import ENTRY, NO_AWS, TIMEOUT_S, tour, write_definition

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(1800)]


OTHERS = ("WINNOW_", "AWS_")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A folder as after a clone; its stack is ended with it."""
    state = tmp_path / ".winnow"
    shutil.copyfile(ROOT / "template.yaml", tmp_path / "template.yaml")
    own = {
        **{name: value for name, value in os.environ.items() if not name.startswith(OTHERS)},
        **NO_AWS,
        "PYTHONPATH": str(ROOT),
        "WINNOW_STATE_DIR": str(state),
        "WINNOW_STAGES": str(tmp_path / "stages.toml"),
    }
    yield own
    subprocess.run(
        [sys.executable, "-m", "winnow_cli", "down"], env=own, check=False, capture_output=True
    )


def test_a_new_user_comes_through_all_core_functions(
    environment: dict[str, str], tmp_path: Path
) -> None:
    stops = tour(str(write_definition(tmp_path)))
    with EmulatedTerminal(*ENTRY, environment=environment, lines=50) as terminal:
        terminal.timeout_s = TIMEOUT_S
        visitor = Visitor(terminal).at("Winnow")
        for stop in stops:
            go(visitor, stop)
        visitor.pick("Leave")
        assert terminal.end() == 0
        assert "internal_error" not in terminal.output
        assert "Traceback" not in terminal.output
        lines = re.findall(r"\$ \S*winnow (.*)", terminal.output)
        assert [line.split()[0] for line in lines] == [
            stop.line.split()[0] for stop in stops if stop.line
        ]
    # What was asked for a new stage is in the file, and nothing else was written.
    assert '[stages.test]\naccount = "123456789012"' in (tmp_path / "stages.toml").read_text()


def test_ctrl_c_while_the_stack_starts_comes_back_to_the_menu(
    environment: dict[str, str],
) -> None:
    with EmulatedTerminal(*ENTRY, environment=environment) as terminal:
        terminal.timeout_s = TIMEOUT_S
        visitor = Visitor(terminal).at("Winnow")
        visitor.pick("Files and reviews").pick("Start it on this machine")
        terminal.wait("up --detach")
        visitor.press(CTRL_C).at("Files").press(ESCAPE).at("Winnow")
        visitor.press(CTRL_C)
        assert terminal.end() == 130
