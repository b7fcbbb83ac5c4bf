"""The menu in a terminal: every path, wrong answers, Ctrl-C in each phase, narrow terminals."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from tests.conftest import ROOT
from tests.e2e.conftest import RUN_TIMEOUT_S
from tests.e2e.menu import CTRL_C, CTRL_D, DOWN, ENTER, ERASE, ESCAPE, Visitor
from tests.e2e.terminal import EmulatedTerminal
from winnow_cli.menu.steps import Step, leaves, questions_of
from winnow_cli.menu.tree import TREE

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
SLOW_AUDIT = {**ENVIRONMENT, "WINNOW_TEST_SLOW": "audit"}
ANSWERS = {
    "email": "ann@example.org",
    "reason": "It is better.",
    "repository": "owner/name",
    "user": "ann",
}
"""What is typed where neither a default nor a list has an answer."""
SEQUENCE = re.compile(rb"\x1b\[[0-9;]*m")


@contextmanager
def fake_menu(
    stage: str = "local",
    columns: int = 100,
    lines: int = 40,
    environment: Mapping[str, str] = ENVIRONMENT,
) -> Iterator[Visitor]:
    with EmulatedTerminal(
        stage, environment=environment, module="tests.e2e.fake_menu", columns=columns, lines=lines
    ) as terminal:
        visitor = Visitor(terminal).at("Winnow")
        yield visitor


def paths(stage: str) -> list[tuple[tuple[str, ...], Step]]:
    return [(path, step) for path, step in leaves(TREE) if stage == "local" or not step.only_local]


def answer(visitor: Visitor, step: Step, stage: str) -> None:
    """Enter at every question; a text where there is no default."""
    arguments = step.on(stage)
    assert not isinstance(arguments, str)
    for question in questions_of(arguments):
        visitor.at(question.words[:30])
        visitor.press(ANSWERS.get(question.name, ""))
        visitor.press(ENTER)
    if step.warning:
        visitor.at(step.warning[:20]).pick("Yes")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("stage", ["local", "test"])
def test_every_path_prints_its_line_and_runs_it(stage: str) -> None:
    runs = 0
    with fake_menu(stage) as visitor:
        for path, step in paths(stage):
            arguments = step.on(stage)
            for words in path[:-1]:
                visitor.pick(words).at(words)
            visitor.pick(path[-1])
            if isinstance(arguments, str):
                visitor.terminal.wait(arguments[:30])
            else:
                answer(visitor, step, stage)
                runs += 1
                printed = visitor.ran(runs)
                line = json.loads(re.findall(r"RAN (\[.*\])", printed)[-1])
                name = [word for word in arguments if isinstance(word, str)]
                assert [word for word in line if word in name] == name
                assert ("--stack" in line) == (stage != "local" and "--stack" in str(arguments))
                said = re.findall(r"\$ \S+ (.*)", printed)[-1]
                assert said.split()[0] == line[0]
            for words in reversed(path[:-1]):
                visitor.at(words).press(ESCAPE)
            visitor.at("Winnow")
        visitor.pick("Leave")
        assert visitor.terminal.end() == 0
    assert runs > 10


def phases() -> dict[str, list[str]]:
    """What to press to come into each phase."""
    return {
        "first list": [],
        "second list": ["Releases"],
        "a list to choose from": ["Files and reviews", "Submit a file"],
        "a line to type": ["Metrics and notices", "Dashboard"],
        "a confirmation": ["Files and reviews", "End it"],
    }


TITLES = {
    "first list": "Winnow",
    "second list": "Releases",
    "a list to choose from": "Which file?",
    "a line to type": "Hours to look back",
    "a confirmation": "This ends",
}


def come_to(visitor: Visitor, phase: str) -> None:
    for words in phases()[phase]:
        visitor.pick(words)
    visitor.at(TITLES[phase])


@pytest.mark.parametrize("phase", phases())
def test_ctrl_c_ends_it_in_every_phase_and_leaves_the_terminal_as_it_was(phase: str) -> None:
    with fake_menu() as visitor:
        come_to(visitor, phase)
        visitor.press(CTRL_C)
        assert visitor.terminal.end() == 130
        assert "Interrupted." in visitor.terminal.output
        assert "Traceback" not in visitor.terminal.output
        assert not visitor.terminal.drawn.cursor.hidden
        # Auto-wrap, which lists are drawn without, and plain arrow keys.
        assert visitor.terminal.printed.rfind(b"\x1b[?7h") > visitor.terminal.printed.rfind(
            b"\x1b[?7l"
        )


def test_the_terminal_shows_what_is_typed_again_after_each_question() -> None:
    with fake_menu(environment=SLOW_AUDIT) as visitor:
        visitor.pick("Metrics and notices").at("Metrics").pick("Audit")
        visitor.ran(1)
        visitor.terminal.wait_for(lambda _: visitor.terminal.echoes, "a terminal that echoes")
        visitor.press(CTRL_C).at("Metrics")
        assert not visitor.terminal.echoes
        assert "exit code 130" in visitor.terminal.output


@pytest.mark.parametrize("phase", phases())
@pytest.mark.parametrize("key", [ESCAPE, CTRL_D, "q"], ids=["escape", "ctrl-d", "q"])
def test_escape_goes_back_and_from_the_first_list_out(phase: str, key: str) -> None:
    if key == "q" and phase == "a line to type":
        key = ESCAPE  # There q is a letter.
    with fake_menu() as visitor:
        come_to(visitor, phase)
        path = phases()[phase][:-1] if phase != "second list" else []
        visitor.press(key)
        if phase != "first list":
            for words in reversed(path):
                visitor.at(words).press(key)
            visitor.at("Winnow").press(key)
        assert visitor.terminal.end() == 0
        assert "RAN" not in visitor.terminal.output


def test_ctrl_c_ends_a_command_and_the_menu_goes_on() -> None:
    with fake_menu(environment=SLOW_AUDIT) as visitor:
        visitor.pick("Metrics and notices").at("Metrics").pick("Audit")
        visitor.ran(1)
        visitor.press(CTRL_C).at("Metrics").press(ESCAPE).at("Winnow").pick("Leave")
        assert visitor.terminal.end() == 0


def test_a_wrong_answer_is_told_while_it_is_typed_and_enter_does_not_take_it() -> None:
    with fake_menu() as visitor:
        visitor.pick("Metrics and notices").pick("Dashboard").at("Hours")
        visitor.press(f"{ERASE}337")
        visitor.terminal.wait("A whole number from 1 to 336.")
        visitor.press(ENTER + ERASE + "twelve")
        visitor.terminal.wait("twelve")
        visitor.terminal.wait("A whole number from 1 to 336.")
        visitor.press(f"{ENTER}{ERASE}12")
        visitor.terminal.wait_for(lambda screen: "A whole number" not in screen, "no sentence")
        visitor.press(ENTER)
        assert '["dashboard", "--hours", "12"]' in visitor.ran(1)


@pytest.mark.parametrize("columns", [40, 20])
def test_a_narrow_terminal_is_enough(columns: int) -> None:
    with fake_menu(columns=columns) as visitor:
        visitor.pick("Releases"[: columns - 5]).pick("Canary").at("Which process?")
        visitor.press(ENTER).at("Percent"[:7]).press(f"{ERASE}101")
        visitor.terminal.wait("A whole")
        visitor.press(f"{ERASE}5{ENTER}")
        assert '"--percent", "5"' in visitor.ran(1).replace("\n", "")
        assert all(len(line) <= columns for line in visitor.terminal.screen.splitlines())


def test_the_window_may_change_its_size() -> None:
    with fake_menu() as visitor:
        visitor.pick("Metrics and notices").at("Metrics")
        visitor.terminal.resize(40, 20)
        visitor.press(DOWN).pointed_at("Costs")
        visitor.terminal.resize(120, 40)
        visitor.press("\x1b[A").pointed_at("Dashboard")
        visitor.press(ENTER).at("Hours")
        visitor.terminal.resize(60, 12)
        visitor.press(ENTER)
        assert '["dashboard", "--hours", "24"]' in visitor.ran(1)


def colours(printed: bytes) -> set[bytes]:
    """The colours that were asked for: the codes from 30 on."""
    codes = {code for found in SEQUENCE.findall(printed) for code in found[2:-1].split(b";")}
    return {code for code in codes if code.isdigit() and 30 <= int(code) <= 107}


@pytest.mark.parametrize("plain", [True, False])
def test_no_color_is_respected(plain: bool) -> None:
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "NO_COLOR"}
    with fake_menu(environment={**environment, **({"NO_COLOR": "1"} if plain else {})}) as visitor:
        visitor.pick("Metrics and notices").pick("Dashboard").at("Hours").press(ENTER)
        visitor.ran(1)
        assert bool(colours(visitor.terminal.printed)) != plain


@pytest.mark.parametrize(
    ("command", "says"), [(["menu"], "deploy local"), (["deploy"], "name a stage: local")]
)
def test_without_a_terminal_nothing_is_asked(command: list[str], says: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "winnow_cli", *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_TIMEOUT_S,
        env={**ENVIRONMENT, "WINNOW_STAGES": str(ROOT / "build" / "no-stages.toml")},
    )
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert says in " ".join(re.sub(r"[│\n]", " ", ran.stderr).split())


def test_other_commands_do_not_load_what_asks() -> None:
    code = (
        "import sys; from winnow_cli.app import app\n"
        "try: app(['status', '--help'])\n"
        "finally: print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=RUN_TIMEOUT_S,
    )
    loaded = {name.partition(".")[0] for name in ran.stderr.split()}
    assert "typer" in loaded
    assert not loaded & {"questionary", "prompt_toolkit", "tomlkit"}
    assert "winnow_cli.menu.session" not in ran.stderr
