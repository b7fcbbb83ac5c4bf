"""Single keys of a terminal, without waiting for Enter, and none lost that is typed ahead."""

import codecs
import os
import select
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENTER, ESCAPE, BACKSPACE, ERASE_LINE = "enter", "escape", "backspace", "erase line"
UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END = "up", "down", "page up", "page down", "home", "end"
RESIZED = "resized"
"""No key: the terminal has another size."""
CLOSED = "closed"
"""No key: there will be no more."""

_POLL_S = 0.3
_SEQUENCES = {
    "[A": UP, "OA": UP, "[B": DOWN, "OB": DOWN, "[5~": PAGE_UP, "[6~": PAGE_DOWN,
    "[H": HOME, "OH": HOME, "[1~": HOME, "[F": END, "OF": END, "[4~": END,
}  # fmt: skip
_CONTROL = {"\r": ENTER, "\n": ENTER, "\x7f": BACKSPACE, "\x08": BACKSPACE, "\x15": ERASE_LINE}


class Keyboard:
    """The keys that are pressed, one after another: a character, or one of the names above."""

    def __init__(self, descriptor: int, size: Callable[[], object]) -> None:
        """`size` tells the terminal's size, so that a change of it is noticed."""
        self._descriptor = descriptor
        self._size_of = size
        self._size = size()
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._keys: deque[str] = deque()

    def read(self) -> str:
        """Wait for the next key. Ctrl-C raises KeyboardInterrupt."""
        while not self._keys:
            if self._size_of() != self._size:
                self._size = self._size_of()
                return RESIZED
            if not select.select([self._descriptor], [], [], _POLL_S)[0]:
                continue
            content = os.read(self._descriptor, 1024)
            if not content:
                return CLOSED
            self._keys.extend(keys_of(self._decoder.decode(content)))
        return self._keys.popleft()

    @property
    def waiting(self) -> bool:
        """Whether a key was pressed that is not read yet."""
        return bool(self._keys or select.select([self._descriptor], [], [], 0)[0])


def keys_of(text: str) -> Iterator[str]:
    r"""The keys of what a terminal sends; sequences that stand for no key of ours are left out.

    >>> list(keys_of("a\r\x1b[A\x1b[15~\x1b"))
    ['a', 'enter', 'up', 'escape']
    """
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character != "\x1b":
            if character in _CONTROL or character.isprintable():
                yield _CONTROL.get(character, character)
            continue
        if text[at : at + 1] not in ("[", "O"):
            yield ESCAPE
            continue
        end = at + 1
        while end < len(text) and not "@" <= text[end] <= "~":
            end += 1
        if name := _SEQUENCES.get(text[at : end + 1]):
            yield name
        at = end + 1


@contextmanager
def keyboard(size: Callable[[], object]) -> Iterator[Keyboard]:
    """The keys of this terminal; it is as before when the block ends."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        # What is typed while a record is saved is kept, and not shown.
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        yield Keyboard(descriptor, size)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
