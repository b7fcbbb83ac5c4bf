"""Questions on a terminal, by questionary: arrow keys, Enter, Escape. The screen is left as it was.

A question wipes itself out when it is answered. Ctrl-C raises KeyboardInterrupt.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from winnow_cli.console import safe, shorten
from winnow_cli.menu.steps import Choice

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyBindings
    from questionary import Question

ESCAPE_S = 0.05
"""How long an Escape may be the beginning of an arrow key's sequence."""
_POINTER = ">"
_BESIDE = 3
"""Columns that a line begins with."""
_GAP = 3
_LEAST_ABOUT = 12
"""Fewer columns than this are no room for what is beside a choice."""


class Left(Enum):
    """No answer."""

    BACK = "back"


BACK = Left.BACK
"""Escape, `q` in a list, or Ctrl-D: back to where the person was before."""


class Prompts(Protocol):
    """Asks a person."""

    def choose(
        self, title: str, choices: Sequence[Choice], default: str, hint: str = ""
    ) -> str | Left:
        """One value of a list."""
        ...

    def type(
        self, title: str, default: str, about: str, trouble: Callable[[str], str | None]
    ) -> str | Left:
        """A line that is typed; `trouble` says why it is no answer."""
        ...


class TerminalPrompts:
    """Asks on this terminal."""

    def __init__(self, columns: Callable[[], int]) -> None:
        """`columns` tells the terminal's width."""
        self._columns = columns

    def choose(
        self, title: str, choices: Sequence[Choice], default: str, hint: str = ""
    ) -> str | Left:
        """One value of a list."""
        import questionary

        lines = _lines(choices, self._columns() - _BESIDE - 1)
        offered = [
            questionary.Choice(line, value=choice.value)
            for line, choice in zip(lines, choices, strict=True)
        ]
        initial = next((one for one in offered if one.value == default), offered[0])
        question = questionary.select(
            shorten(title, self._columns() - _BESIDE),
            choices=offered,
            default=initial,
            pointer=_POINTER,
            style=_style(),
            instruction=hint or " ",
            erase_when_done=True,
        )
        bindings = _back()
        bindings.add("q", eager=True)(_leave)
        return _answer(question, bindings)

    def type(
        self, title: str, default: str, about: str, trouble: Callable[[str], str | None]
    ) -> str | Left:
        """A line that is typed; `trouble` says why it is no answer."""
        import questionary
        from prompt_toolkit.application import get_app

        def below() -> str:
            typed = get_app().current_buffer.text
            problem = trouble(typed) if typed != default or not typed else None
            return f"{problem if problem and typed else about} Escape goes back.".strip()

        question = questionary.text(
            shorten(title, self._columns() - _BESIDE) + ":",
            default=default,
            style=_style(),
            bottom_toolbar=below,
            erase_when_done=True,
        )
        bindings = _back()

        @bindings.add("enter", eager=True)
        def _enter(event: Any) -> None:
            typed = event.current_buffer.text
            if trouble(typed) is None:
                event.app.exit(result=typed.strip())
            else:
                event.app.output.bell()

        return _answer(question, bindings)


def _lines(choices: Sequence[Choice], room: int) -> list[str]:
    """Each choice on one line of at most `room` columns."""
    words = [choice.words or choice.value for choice in choices]
    widest = min(max(map(len, words)), room)
    lines = []
    for line, choice in zip(words, choices, strict=True):
        left = room - widest - _GAP
        if choice.about and left >= _LEAST_ABOUT:
            line = f"{shorten(line, widest):<{widest}}{' ' * _GAP}{shorten(choice.about, left)}"
        lines.append(_cut(line, room))
    return lines


def _cut(line: str, room: int) -> str:
    """A line without control characters, cut to `room` columns."""
    line = safe(line).replace("\n", " ").replace("\t", " ")
    return line if len(line) <= room else f"{line[: max(room - 1, 1)].rstrip()}…"


def _style() -> Any:
    import questionary

    return questionary.Style(
        [
            ("qmark", "fg:ansicyan bold"),
            ("question", "bold"),
            ("answer", "fg:ansicyan"),
            ("pointer", "fg:ansicyan bold"),
            ("highlighted", "fg:ansicyan bold"),
            ("selected", "fg:ansicyan"),
            ("bottom-toolbar", "noreverse fg:ansiyellow"),
        ]
    )


def _leave(event: Any) -> None:
    event.app.exit(result=BACK)


def _back() -> "KeyBindings":
    from prompt_toolkit.key_binding import KeyBindings

    bindings = KeyBindings()
    bindings.add("escape", eager=True)(_leave)
    bindings.add("c-d", eager=True)(_leave)
    return bindings


def _answer(question: "Question", bindings: "KeyBindings") -> str | Left:
    from prompt_toolkit.key_binding import merge_key_bindings

    application = question.application
    application.key_bindings = merge_key_bindings(
        [one for one in (application.key_bindings, bindings) if one is not None]
    )
    application.ttimeoutlen = ESCAPE_S
    try:
        answer: str | Left = question.unsafe_ask()
    except EOFError:
        return BACK  # The terminal is closed.
    return answer
