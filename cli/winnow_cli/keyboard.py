"""Single keys of a terminal, without waiting for Enter, and none lost that is typed ahead."""

import codecs
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from winnow_cli.key_sequences import (
    CLOSED,
    PASTE_OFF,
    PASTE_ON,
    QUIET_S,
    RESIZED,
    UNFINISHED_S,
    Key,
    Typing,
)

if TYPE_CHECKING:
    from rich.console import Console

_SUSPENDED = "suspended"
"""No key: Ctrl-Z."""

_POLL_S = 0.3


class Keyboard:
    """The keys that are pressed, one after another.

    A thread listens all the time: when a key came tells whether it was typed, also while the
    program is busy.
    """

    def __init__(
        self, descriptor: int, size: Callable[[], object], suspend: Callable[[], None]
    ) -> None:
        """`size` tells the terminal's size, so that a change of it is noticed.

        `suspend` gives the terminal to the shell, and returns when the command goes on.
        """
        self._descriptor = descriptor
        self._size_of = size
        self._size = size()
        self._suspend = suspend
        self._keys: SimpleQueue[Key] = SimpleQueue()
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def read(self) -> Key:
        """Wait for the next key. Ctrl-C raises KeyboardInterrupt."""
        while True:
            if self._size_of() != self._size:
                self._size = self._size_of()
                return RESIZED
            try:
                key = self._keys.get(timeout=_POLL_S)
            except Empty:
                continue
            if key == _SUSPENDED:
                self._suspend()
                return RESIZED
            if key == CLOSED:
                self._keys.put(CLOSED)
            return key

    def suspend(self) -> None:
        """Have the next `read` give the terminal to the shell. A signal's handler may call it."""
        self._keys.put(_SUSPENDED)

    def close(self) -> None:
        """Listen no more."""
        os.close(self._end)
        self._thread.join()
        os.close(self._ended)

    def _listen(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        typing = Typing()
        try:
            while True:
                wait = QUIET_S if typing.waiting else None
                ready = select.select([self._descriptor, self._ended], [], [], wait)[0]
                if self._ended in ready:
                    return
                if not ready:
                    self._put(typing.idle(time.monotonic()))
                    continue
                content = os.read(self._descriptor, 1024)
                self._put(typing.received(decoder.decode(content), time.monotonic()))
                if not content:
                    self._put(typing.idle(time.monotonic() + UNFINISHED_S))
                    return
        except OSError:
            return  # The terminal is gone.
        finally:
            self._keys.put(CLOSED)

    def _put(self, keys: list[Key]) -> None:
        for key in keys:
            self._keys.put(key)


@contextmanager
def keyboard(screen: "Console") -> Iterator[Keyboard]:
    """The keys of this terminal, which shows another screen; it is as before when the block ends.

    Also while the command is suspended.
    """
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)

    def begin() -> None:
        # What is typed while a record is saved is kept, and not shown.
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        _send(screen, PASTE_ON)

    def end() -> None:
        try:
            _send(screen, PASTE_OFF)
        finally:
            # What was pasted and is not read yet must not become commands of the shell.
            termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)

    def suspend() -> None:
        end()
        screen.set_alt_screen(False)
        screen.show_cursor(True)
        screen.file.flush()
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, handler)
        screen.set_alt_screen(True)
        screen.show_cursor(False)
        begin()

    handler = signal.getsignal(signal.SIGTSTP)
    try:
        begin()
        keys = Keyboard(descriptor, lambda: screen.size, suspend)
        try:
            signal.signal(signal.SIGTSTP, lambda *_: keys.suspend())
            yield keys
        finally:
            signal.signal(signal.SIGTSTP, handler)
            keys.close()
    finally:
        end()


def _send(screen: "Console", codes: str) -> None:
    screen.file.write(codes)
    screen.file.flush()
