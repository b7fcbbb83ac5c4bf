"""The lines of a list: one line each, as wide as there is room, and nothing steers a terminal."""

import pytest

from winnow_cli.menu.prompts import _lines
from winnow_cli.menu.steps import Choice

CHOICES = [
    Choice("short", about="a sentence beside it that is somewhat long"),
    Choice("a longer one", about="another"),
    Choice("value", "shown instead"),
]


@pytest.mark.parametrize("room", [16, 36, 96])
def test_every_line_fits(room: int) -> None:
    lines = _lines(CHOICES, room)
    assert len(lines) == 3
    assert all(0 < len(line) <= room for line in lines)
    assert lines[2].startswith("shown instead")


def test_what_is_beside_is_there_where_there_is_room() -> None:
    assert _lines(CHOICES, 96)[0] == "short           a sentence beside it that is somewhat long"
    assert _lines(CHOICES, 36)[0] == "short           a sentence beside i…"
    assert _lines(CHOICES, 20)[0] == "short"


@pytest.mark.parametrize("hostile", ["a\x1b[2J", "a\nb", "a\tb", "\u202eabc", "\x07", "x" * 500])
def test_hostile_text_stays_on_its_line(hostile: str) -> None:
    (line,) = _lines([Choice(hostile, about=hostile)], 60)
    assert line.isprintable()
    assert len(line) <= 60
