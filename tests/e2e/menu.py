"""A person who works the menu in a terminal: looks for a line of the list, goes there, Enter."""

import re
from collections.abc import Callable
from typing import Self

from tests.e2e.terminal import EmulatedTerminal
from tests.menu_tour import Stop

UP, DOWN, ENTER, ESCAPE, CTRL_C, CTRL_D, ERASE = (
    "\x1b[A", "\x1b[B", "\r", "\x1b", "\x03", "\x04", "\x15",
)  # fmt: skip
_LINE = re.compile(r"^ (>| ) ([^ ].*)$")


class Visitor:
    """Keys by what they are for."""

    def __init__(self, terminal: EmulatedTerminal) -> None:
        self.terminal = terminal

    def at(self, title: str) -> Self:
        """Wait for a question."""
        self.terminal.wait_for(lambda screen: f"? {title}" in screen, f"the question {title!r}")
        return self

    def pick(self, words: str) -> Self:
        """Choose a line of the list, by how it begins."""
        return self.move(words).press(ENTER)

    def move(self, words: str) -> Self:
        """Bring the pointer to a line of the list, by how it begins."""

        def offered(screen: str) -> bool:
            return any(line.startswith(words) for _, line in self._lines(screen))

        lines = self._lines(self.terminal.wait_for(offered, f"a line {words!r}"))
        now = next(at for at, (pointer, _) in enumerate(lines) if pointer)
        goal = next(at for at, (_, line) in enumerate(lines) if line.startswith(words))
        self.press((DOWN if goal > now else UP) * abs(goal - now))
        return self.pointed_at(words)

    def pointed_at(self, words: str) -> Self:
        """Wait until the list's pointer is there."""
        self.terminal.wait_for(
            lambda screen: any(
                pointer and line.startswith(words) for pointer, line in self._lines(screen)
            ),
            f"the pointer at {words!r}",
        )
        return self

    def press(self, keys: str) -> Self:
        if keys:
            self.terminal.press(keys)
        return self

    def ran(self, times: int) -> str:
        """What a fake command printed, as soon as it ran for the so many-th time."""
        self.terminal.wait_for(
            lambda _: self.terminal.output.count("RAN [") == times, f"run {times}"
        )
        return self.terminal.output

    @staticmethod
    def _lines(screen: str) -> list[tuple[bool, str]]:
        """The lines of the list: whether the pointer is there, and what it says."""
        below = screen.rpartition("\n? ")[2] if "\n? " in screen else screen
        return [
            (match[1] == ">", match[2])
            for line in below.splitlines()
            if (match := _LINE.match(line))
        ]


def go(visitor: Visitor, stop: Stop, seen: Callable[[], None] = lambda: None) -> None:
    """Choose, answer, wait for what the command prints, and go back to the first list.

    `seen` is called when something is on the screen that a person would look at.
    """
    for words in stop.path[:-1]:
        visitor.pick(words).at(words)
    visitor.move(stop.path[-1])
    seen()
    visitor.press(ENTER)
    for title, keys in stop.answers:
        visitor.at(title).press(keys[:-1])
        seen()
        visitor.press(keys[-1])
    for says, keys in stop.meanwhile:
        visitor.terminal.wait(says)
        seen()
        visitor.press(keys)
    visitor.terminal.wait_for(
        lambda _: bool(re.search(stop.shows, visitor.terminal.output)), f"{stop.shows!r}"
    )
    visitor.at(stop.path[-2])
    seen()
    for words in reversed(stop.path[:-1]):
        visitor.at(words).press(ESCAPE)
    visitor.at("Winnow")
