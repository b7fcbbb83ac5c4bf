"""What a terminal sends, as keys. What nobody meant as a key becomes none.

The bytes of one key may come in two reads, and a terminal also sends what is no key: replies, the
mouse, pasted text. Sequences are read as ECMA-48 has them, known or not, so that no part of one is
taken for a key: the parser of prompt_toolkit gives the characters of unknown sequences as keys.
"""

from collections.abc import Callable
from itertools import groupby
from typing import NamedTuple

ENTER, TAB, ESCAPE, BACKSPACE, ERASE_LINE = "enter", "tab", "escape", "backspace", "erase line"
UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END = "up", "down", "page up", "page down", "home", "end"
RESIZED = "resized"
"""No key: the terminal has another size, or is to be drawn anew."""
CLOSED = "closed"
"""No key: there will be no more."""

PASTE_ON, PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l"
"""Have the terminal mark pasted text, and have it no longer."""
_PASTE_BEGIN, _PASTE_END = "[200~", "\x1b[201~"

ESCAPE_S = 0.1
"""Seconds after which an Escape that nothing follows is the key."""
UNFINISHED_S = 1.0
"""Seconds after which the rest of a sequence is not waited for any more."""
QUIET_S = 0.02
"""Characters that follow one another faster were not typed."""
MAX_PASTED = 65_536
"""Characters of a pasted text that are kept."""

_ESC, _BELL = "\x1b", "\x07"
_SEQUENCES = {
    "[A": UP, "OA": UP, "[B": DOWN, "OB": DOWN, "[5~": PAGE_UP, "[6~": PAGE_DOWN,
    "[H": HOME, "OH": HOME, "[1~": HOME, "[7~": HOME,
    "[F": END, "OF": END, "[4~": END, "[8~": END,
}  # fmt: skip
_CONTROL = {
    "\r": ENTER, "\n": ENTER, "\t": TAB, "\x7f": BACKSPACE, "\x08": BACKSPACE, "\x15": ERASE_LINE,
}  # fmt: skip
_WHITE = {ENTER: "\n", TAB: "\t"}
_STRINGS = "]PX^_"
"""After Escape they begin a text that ends with a bell or with Escape and a backslash."""
_BEGINNINGS = "[O" + _STRINGS
_MAX_SEQUENCE = 32


class Pasted(NamedTuple):
    """Text that came at once: pasted, not typed."""

    text: str


Key = str | Pasted
"""A character, one of the names above, or text that is no key."""


class KeyParser:
    """The keys of what a terminal sends; an unfinished sequence is kept for the next read."""

    def __init__(self) -> None:
        self._state: Callable[[str], None] = self._plain
        self._found: list[Key] = []
        self._sequence = ""
        self._left_out = 0
        self._pasted: list[str] = []
        self._ending = 0

    def feed(self, text: str) -> list[Key]:
        r"""The keys of what was read at once.

        >>> parser = KeyParser()
        >>> parser.feed("a\r\x1b[A\x1b[15~\x1b"), parser.feed("[5"), parser.feed("~")
        (['a', 'enter', 'up'], [], ['page up'])
        """
        if text and self._state == self._escape and text[0] not in _BEGINNINGS + _ESC:
            # In one read with Escape it is Alt and a key.
            self._found.append(ESCAPE)
            self._state = self._plain
        for character in text:
            self._state(character)
        return self._taken()

    def late(self, seconds: float) -> list[Key]:
        """The keys if nothing has come for so many seconds."""
        if self._state == self._escape and seconds >= ESCAPE_S:
            self._found.append(ESCAPE)
            self._state = self._after_escape
        elif self.unfinished and seconds >= UNFINISHED_S:
            if self._state == self._paste:
                self._end_paste()
            self._state = self._plain
        return self._taken()

    @property
    def unfinished(self) -> bool:
        """Whether more is waited for."""
        return self._state != self._plain

    def _taken(self) -> list[Key]:
        found, self._found = self._found, []
        return found

    def _plain(self, character: str) -> None:
        if character == _ESC:
            self._state = self._escape
        elif character in _CONTROL or character.isprintable():
            self._found.append(_CONTROL.get(character, character))

    def _escape(self, character: str) -> None:
        if character in "[O":
            self._sequence, self._state = character, self._in_sequence
        elif character in _STRINGS:
            self._state = self._in_string
        elif character != _ESC:
            self._state = self._plain

    def _after_escape(self, character: str) -> None:
        """After an Escape that was taken for the key: the rest of a sequence may still come."""
        self._state = self._escape if character in _BEGINNINGS else self._plain
        self._state(character)

    def _in_sequence(self, character: str) -> None:
        first, self._state = len(self._sequence) == 1, self._plain
        if character == _ESC:
            self._state = self._escape
        elif self._sequence + character == "[M":  # The mouse: a button and a place.
            self._left_out, self._state = 3, self._leave_out
        elif first and character == "[":  # Linux's console, F1 to F5.
            self._left_out, self._state = 1, self._leave_out
        elif " " <= character <= "?":
            self._sequence = (self._sequence + character)[:_MAX_SEQUENCE]
            self._state = self._in_sequence
        elif "@" <= character <= "~":
            self._end_sequence(self._sequence + character)

    def _end_sequence(self, sequence: str) -> None:
        if sequence == _PASTE_BEGIN:
            self._pasted, self._ending, self._state = [], 0, self._paste
        elif name := _SEQUENCES.get(sequence):
            self._found.append(name)

    def _leave_out(self, _: str) -> None:
        self._left_out -= 1
        if not self._left_out:
            self._state = self._plain

    def _in_string(self, character: str) -> None:
        if character == _BELL:
            self._state = self._plain
        elif character == _ESC:
            self._state = self._end_string

    def _end_string(self, character: str) -> None:
        """After Escape in a text: a backslash ends it, and anything else begins something anew."""
        self._state = self._escape
        self._state(character)

    def _paste(self, character: str) -> None:
        if character == _PASTE_END[self._ending]:
            self._ending += 1
            if self._ending == len(_PASTE_END):
                self._end_paste()
                self._state = self._plain
            return
        begun = _PASTE_END[: self._ending]
        self._ending = int(character == _ESC)
        if len(self._pasted) < MAX_PASTED:
            self._pasted.append(begun if self._ending else begun + character)

    def _end_paste(self) -> None:
        self._found.append(Pasted("".join(self._pasted)))


class Typing:
    """The keys that a person typed, told from what came at once.

    A terminal that does not mark pasted text sends it as if it were typed, only faster. So a
    character is a key when nothing follows it for QUIET_S; characters that follow one another
    faster are pasted text, however they were divided into reads.
    """

    def __init__(self) -> None:
        self._parser = KeyParser()
        self._held: list[Key] = []
        self._at_once = False
        self._at = 0.0

    def received(self, text: str, now: float) -> list[Key]:
        """The keys that are certain after this read."""
        certain, self._at = self.idle(now), now
        keys = self._parser.feed(text)
        texts = sum(map(_is_text, [*self._held, *keys]))
        if texts > 1 or any(isinstance(key, Pasted) for key in keys):
            self._at_once = True
        self._held += keys
        # Nothing has to be waited for if it is known how it came, or if it is no text at all.
        return certain + self._released() if self._at_once or not texts else certain

    def idle(self, now: float) -> list[Key]:
        """The keys that are certain, as nothing has come until now."""
        keys = []
        if now - self._at >= QUIET_S:
            keys = self._released()
            self._at_once = False
        return keys + self._parser.late(now - self._at)

    @property
    def waiting(self) -> bool:
        """Whether time makes something certain."""
        return bool(self._held or self._at_once or self._parser.unfinished)

    def _released(self) -> list[Key]:
        held, self._held = self._held, []
        if not self._at_once:
            return held
        keys: list[Key] = []
        for are_text, run in groupby(held, _is_text):
            if are_text:
                keys.append(Pasted("".join(map(_text_of, run))))
            else:
                keys.extend(run)
        return keys


def _is_text(key: Key) -> bool:
    return isinstance(key, Pasted) or key in _WHITE or len(key) == 1


def _text_of(key: Key) -> str:
    return key.text if isinstance(key, Pasted) else _WHITE.get(key, key)
