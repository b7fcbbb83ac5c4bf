"""A command in a terminal of its own: what is on the screen, and keys that are pressed."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping
from typing import Self

LINES, COLUMNS = 40, 100
_TIMEOUT_S = 60.0
_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\r")
_HOME = b"\x1b[H"


class Terminal:
    """A running `winnow` command. Ends it when the block ends."""

    def __init__(self, *arguments: str, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "winnow_cli", *arguments]
        self._pid, self._descriptor = pty.fork()
        if self._pid == 0:
            os.execve(command[0], command, {**environment, "TERM": "xterm-256color"})
        size = struct.pack("HHHH", LINES, COLUMNS, 0, 0)
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, size)
        self._output = bytearray()
        self._code: int | None = None

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
        deadline = time.monotonic() + _TIMEOUT_S
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
