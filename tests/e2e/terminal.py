"""A command in a terminal of its own: what is on the screen, and keys that are pressed."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import pyte

LINES, COLUMNS = 40, 100
TIMEOUT_S = 180.0
_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\r")
_HOME = b"\x1b[H"


class Terminal:
    """A running `winnow` command. Ends it when the block ends."""

    def __init__(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        module: str = "winnow_cli",
        columns: int = COLUMNS,
        lines: int = LINES,
        folder: Path | None = None,
    ) -> None:
        """`module` is what runs, with the arguments, in `folder`; winnow is the default."""
        command = [sys.executable, "-m", module, *arguments]
        self._pid, self._descriptor = pty.fork()
        if self._pid == 0:
            # Before the command can look at it.
            _set_size(0, columns, lines)
            # What is started in the background of a script ignores it, and so would this.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            if folder is not None:
                os.chdir(folder)
            os.execve(command[0], command, {**environment, "TERM": "xterm-256color"})
        self._output = bytearray()
        self._code: int | None = None
        self.timeout_s = TIMEOUT_S
        """How long something that is waited for may take."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._code is None:
            os.kill(self._pid, 9)
            os.waitpid(self._pid, 0)
        os.close(self._descriptor)

    @property
    def output(self) -> str:
        """Everything that was printed."""
        return _CONTROL.sub(b"", bytes(self._output)).decode(errors="replace")

    @property
    def screen(self) -> str:
        """What was drawn last."""
        last = bytes(self._output).rpartition(_HOME)[2]
        return _CONTROL.sub(b"", last).decode(errors="replace")

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self._descriptor, key.encode())

    def wait(self, text: str) -> str:
        """The screen as soon as a text is on it."""
        return self.wait_for(lambda screen: text in screen, repr(text))

    def wait_for(self, comes: Callable[[str], bool], what: str) -> str:
        """The screen as soon as it is as it should be; `what` tells that in an error."""
        deadline = time.monotonic() + self.timeout_s
        while not comes(self.screen):
            if not self._read() or time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come. The screen:\n{self.screen}")
        return self.screen

    def end(self) -> int:
        """Wait until the command has ended; its exit code."""
        while self._read():
            pass
        self._code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self._code

    def _read(self) -> bool:
        """Read what is printed within a moment; False if there will be no more."""
        if not select.select([self._descriptor], [], [], 0.2)[0]:
            return True
        try:
            content = os.read(self._descriptor, 65_536)
        except OSError:  # Linux: the other side is closed.
            return False
        self._output += content
        return bool(content)


class EmulatedTerminal(Terminal):
    """A terminal whose screen is drawn as a terminal draws it: for what moves the cursor about."""

    def __init__(
        self, *arguments: str, columns: int = COLUMNS, lines: int = LINES, **more: Any
    ) -> None:
        super().__init__(*arguments, columns=columns, lines=lines, **more)
        self.drawn = _Screen(columns, lines, self.press)
        """Every character of the screen, with its colours."""
        self._stream = pyte.ByteStream(self.drawn)
        self._fed = 0

    @property
    def screen(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self.drawn.display).rstrip()

    @property
    def printed(self) -> bytes:
        """Everything that was printed, with its escape sequences."""
        return bytes(self._output)

    def settle(self) -> None:
        """Read until nothing is printed for a moment: for pictures, not for tests."""
        before = -1
        while before != len(self._output):
            before = len(self._output)
            self._read()

    def resize(self, columns: int, lines: int = LINES) -> None:
        """Give the terminal another size; the command is told, as a window's frame does it."""
        self.drawn.resize(lines, columns)
        _set_size(self._descriptor, columns, lines)

    @property
    def echoes(self) -> bool:
        """Whether typed characters are shown, as a shell expects its terminal."""
        return bool(termios.tcgetattr(self._descriptor)[3] & termios.ECHO)

    def _read(self) -> bool:
        there = super()._read()
        self._stream.feed(bytes(self._output[self._fed :]))
        self._fed = len(self._output)
        return there


class _Screen(pyte.Screen):
    """A screen that answers where its cursor is, when it is asked."""

    def __init__(self, columns: int, lines: int, answer: Callable[[str], None]) -> None:
        super().__init__(columns, lines)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        self._answer(data)


def _set_size(descriptor: int, columns: int, lines: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
