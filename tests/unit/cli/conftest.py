"""A terminal for the tests of what is printed."""

import io
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Calls something on a terminal of so many columns; gives the lines it shows, uncoloured."""

    def shown(columns: int, call: Callable[..., Any], *arguments: Any, **named: Any) -> list[str]:
        screen = Terminal()
        monkeypatch.setattr(sys, "stdout", screen)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm-256color")
        call(*arguments, **named)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue())
        return [line.rstrip() for line in plain.splitlines() if line.strip()]

    return shown
