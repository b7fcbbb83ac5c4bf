"""What commands print on a terminal, as SVG: text that can be selected, no font to load."""

import io
import re
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.pictures import PICTURES
from tests.pictures.desk import Desk

COLUMNS = 114
WIDER = 124
ASPECT = 0.602
"""A character's width over its height, in these fonts."""
THEME = TerminalTheme(
    (22, 27, 34),
    (201, 209, 217),
    [
        (72, 79, 88),
        (255, 123, 114),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (177, 186, 196),
    ],
)
"""Dark with its own background: it reads alike on a light page and on a dark one."""
# The frame of Rich's own SVG, without the font that it would load and the shadow of its title.
FRAME = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas,
    'DejaVu Sans Mono', monospace; font-size: {char_height}px; }}
.{unique_id}-title {{ font-family: system-ui, sans-serif; font-size: 17px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def draw(printed: str, name: str, title: str, columns: int = COLUMNS) -> Path:
    """Writes docs/pictures/NAME.svg of what was printed, escape sequences and all."""
    screen = Console(
        record=True,
        file=io.StringIO(),
        width=columns,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    for line in printed.strip("\n").splitlines():
        # A terminal breaks a line where it is full.
        text = Text.from_ansi(line)
        for part in text.divide(range(columns, len(text), columns)):
            screen.print(part, soft_wrap=True)
    svg = screen.export_svg(
        title=title,
        theme=THEME,
        code_format=FRAME,
        font_aspect_ratio=ASPECT,
        unique_id=re.sub(r"\W", "-", name),
    )
    out = PICTURES / f"{name}.svg"
    out.write_text("\n".join(line.strip() for line in svg.splitlines() if line.strip()) + "\n")
    return out


def between(printed: str, first: str | None, end: str | None) -> str:
    """The lines from the one that has `first` up to the one that has `end`, without that.

    Raises:
        ValueError: no line has it.
    """
    lines = printed.splitlines()
    plain = [Text.from_ansi(line).plain for line in lines]

    def where(part: str) -> int:
        for number, line in enumerate(plain):
            if part in line:
                return number
        raise ValueError(f"nothing that was printed has {part!r}")

    return "\n".join(
        lines[where(first) if first else 0 : where(end) if end else len(lines)]
    ).rstrip()


def demo(desk: Desk) -> str:
    """What `make demo` prints; its stack is left running."""
    return desk.stable(desk.run("python", "-m", "winnow_cli.demo", columns=COLUMNS))


def make(desk: Desk, demo: str) -> list[Path]:
    """Writes the pictures of the demo, and of the commands that look at what it left behind."""
    cases = desk.uploads["91110/prior-auth-cases.csv"][:12]
    failed = desk.uploads["L99999/prior-auth-note.txt"][:12]
    pictures = [
        draw(between(demo, None, "prior-auth-note.txt  process "), "demo", "make demo"),
        draw(between(demo, "4. ", "6. "), "demo-mails", "make demo"),
    ]
    for name, columns, command in (
        ("status", WIDER, ("winnow", "status")),
        ("results", COLUMNS, ("winnow", "results", cases)),
        ("why", COLUMNS, ("winnow", "why", failed)),
    ):
        printed = desk.stable(desk.run(*command, columns=columns))
        pictures.append(draw(printed, name, desk.stable(" ".join(command)), columns))
    return pictures
