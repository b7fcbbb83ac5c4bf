"""The keyboard at a pseudo-terminal: as it was afterwards, whatever happened."""

import os
import pty
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Iterator

import pytest
from rich.console import Console

from winnow_cli.key_sequences import (
    CLOSED,
    ESCAPE,
    HOME,
    PAGE_UP,
    PASTE_OFF,
    PASTE_ON,
    RESIZED,
    Pasted,
)
from winnow_cli.keyboard import Keyboard, keyboard


class Terminal:
    """A person's side of a pseudo-terminal."""

    def __init__(self) -> None:
        self.person, self.program = pty.openpty()
        self.out = os.fdopen(os.dup(self.program), "w")
        self.screen = Console(file=self.out, force_terminal=True, width=80, height=24)

    def send(self, text: str) -> None:
        os.write(self.person, text.encode())

    def shown(self) -> str:
        content = b""
        while select.select([self.person], [], [], 0.05)[0]:
            content += os.read(self.person, 4096)
        return content.decode()

    def modes(self) -> list[object]:
        return termios.tcgetattr(self.program)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    terminal = Terminal()
    with open(terminal.program, closefd=False) as stdin, terminal.out:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield terminal
    os.close(terminal.person)
    os.close(terminal.program)


def test_the_terminal_marks_pasted_text_until_the_end(terminal: Terminal) -> None:
    before = terminal.modes()
    with keyboard(terminal.screen) as keys:
        assert terminal.shown() == PASTE_ON
        assert terminal.modes() != before
        terminal.send("\x1b[200~10\r2\x1b[201~")
        assert keys.read() == Pasted("10\n2")
        time.sleep(0.2)
        terminal.send("2")
        assert keys.read() == "2"
    assert terminal.shown() == PASTE_OFF
    assert terminal.modes() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_the_terminal_is_as_before_after_an_error(
    terminal: Terminal, error: type[BaseException]
) -> None:
    before, handler = terminal.modes(), signal.getsignal(signal.SIGTSTP)
    threads = threading.active_count()
    with pytest.raises(error), keyboard(terminal.screen):
        raise error
    assert terminal.shown() == PASTE_ON + PASTE_OFF
    assert terminal.modes() == before
    assert signal.getsignal(signal.SIGTSTP) is handler
    assert threading.active_count() == threads


def test_the_terminal_is_the_shell_s_while_the_command_is_suspended(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, seen = terminal.modes(), []
    monkeypatch.setattr(signal, "raise_signal", lambda _: seen.append(terminal.modes()))
    with keyboard(terminal.screen) as keys:
        own = terminal.modes()
        os.kill(os.getpid(), signal.SIGTSTP)
        assert keys.read() == RESIZED
        assert terminal.modes() == own
        os.kill(os.getpid(), signal.SIGTSTP)
        assert keys.read() == RESIZED
    assert seen == [before, before]
    shown = terminal.shown()
    alternate, main = "\x1b[?1049h", "\x1b[?1049l"
    of_interest = (PASTE_ON, PASTE_OFF, alternate, main)
    codes = [code for code in shown.replace("\x1b", " \x1b").split() if code in of_interest]
    once = [PASTE_OFF, main, alternate, PASTE_ON]
    assert codes == [PASTE_ON, *once, *once, PASTE_OFF]


def test_what_was_pasted_and_not_read_is_no_command_of_the_shell(terminal: Terminal) -> None:
    with keyboard(terminal.screen) as keys:
        terminal.send("q")
        assert keys.read() == "q"
        terminal.send("rm x\r")
        time.sleep(0.1)
    assert not select.select([terminal.program], [], [], 0)[0]


def typed(*parts: bytes, pause: float) -> list[object]:
    """The keys of what comes in several reads, while the program is busy."""
    program, person = os.pipe()
    keys = Keyboard(program, lambda: 1, lambda: None)
    for part in parts:
        os.write(person, part)
        time.sleep(pause)
    os.close(person)
    read: list[object] = []
    while (key := keys.read()) != CLOSED:
        read.append(key)
    assert keys.read() == CLOSED
    keys.close()
    os.close(program)
    return read


def test_keys_that_are_typed_ahead_are_told_from_pasted_text() -> None:
    assert typed(b"1", b"\r", b"2", b"0", pause=0.2) == ["1", "enter", "2", "0"]
    assert typed(b"1\r20", pause=0) == [Pasted("1\n20")]


def test_a_sequence_in_two_reads_is_one_key() -> None:
    # On a busy machine the rest comes so late that Escape is a key, too.
    assert typed(b"\x1b", b"[5~", pause=0.03) in ([PAGE_UP], [ESCAPE, PAGE_UP])
    assert typed(b"\x1b[", b"1~", pause=0.15) == [HOME]
    assert typed(b" " * 1022 + b"\x1b[5~", pause=0.03)[-1] == PAGE_UP


def test_a_character_in_two_reads_is_one() -> None:
    assert typed(b"\xc3", b"\xbc", pause=0.03) == ["ü"]


def test_a_terminal_of_another_size_is_drawn_anew() -> None:
    program, person = os.pipe()
    sizes = [1]
    keys = Keyboard(program, lambda: sizes[-1], lambda: None)
    sizes.append(2)
    assert keys.read() == RESIZED
    os.write(person, b"1")
    assert keys.read() == "1"
    keys.close()
    os.close(person)
    os.close(program)
