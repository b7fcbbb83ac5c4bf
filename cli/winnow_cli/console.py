"""What a command may print: one JSON document, or tables and lines; everything else goes to stderr.

On a terminal tables are drawn and coloured; in a pipe a table is tab-separated lines, header first.
Text that came from files is cleaned first: a file must not be able to steer a terminal.
"""

import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

OUTCOME_STYLES = {"accepted": "green", "review": "yellow", "invalid": "red"}
STATE_STYLES = {"SUCCEEDED": "green", "RUNNING": "cyan", "FAILED": "red"}
NARROWEST = 18
"""Cells to which a column of sentences may be narrowed: longer words are rare."""
LONGEST_NAME = 32
"""A column of ids or names up to so long is not narrowed."""


def command() -> str:
    """What to type for `winnow` here, so that a hint can be pasted: the environment's own script
    where the shell would not find it by name."""
    script = Path(sys.executable).with_name("winnow")
    if not script.exists() or shutil.which("winnow") == str(script):
        return "winnow"
    return here(script)


def here(path: Path) -> str:
    """A path as it is typed here: from the working directory on where it lies in there."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def clean(text: str) -> str:
    """The text on one line: white space as single blanks, other control characters as `?`."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def shorten(text: str, width: int) -> str:
    """The text cleaned, and cut to `width` characters with an ellipsis."""
    plain = clean(text)
    return plain if len(plain) <= width else f"{plain[: width - 1].rstrip()}…"


def stdout() -> "Console":
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def stderr() -> "Console":
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def emit_json(document: Any) -> None:
    """The one JSON document of a command that was given `--json`."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say(text: str = "") -> None:
    """A line of the answer."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """A line beside the answer: progress, hints, errors.

    On a terminal it is broken between words; an indented line, which may be a command, is not.
    """
    if sys.stderr.isatty():
        width = stderr().width
        text = "\n".join(
            line
            if line.startswith(" ")
            else textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
            for line in text.splitlines()
        )
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    styles: Sequence[str] = (),
    right: Sequence[str] = (),
    spare: Sequence[str] = (),
) -> None:
    """A table of cleaned cells.

    `styles` has one Rich style a row or is empty; `right` names the columns of numbers, `spare`
    those that a terminal shows only where each row then keeps to one line, the first to go first.
    """
    if not sys.stdout.isatty():
        for row in [columns, *rows]:
            say("\t".join(clean(cell) for cell in row))
        return
    screen = stdout()
    screen.print(drawn_table(screen.width, columns, rows, styles, right, spare), soft_wrap=False)


def drawn_table(
    width: int,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    styles: Sequence[str] = (),
    right: Sequence[str] = (),
    spare: Sequence[str] = (),
) -> "Table":
    """The same as a Rich table for a screen of this width; a cell may have several lines.

    Where the columns would be too narrow for words, a row is a paragraph instead: its first cell,
    and below that the names and values of the others that hold something.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    cells = [["\n".join(clean(line) for line in cell.splitlines()) for cell in row] for row in rows]
    widths = [_widest_line(column) for column in zip(columns, *cells, strict=True)]
    least = list(map(_least_width, zip(*cells, strict=True), widths)) if cells else widths
    shown = list(range(len(columns)))
    for name in spare:
        if sum(widths[index] + 2 for index in shown) > width:
            shown.remove(columns.index(name))
    # The style marks the first cell; the rest stays readable on any background.
    firsts = [Text(row[0], style=style) for row, style in zip_longest(cells, styles, fillvalue="")]
    if sum(least[index] + 2 for index in shown) > width:
        drawn = Table.grid(padding=(0, 2, 0, 0))
        drawn.add_column(style="dim")
        drawn.add_column(overflow="fold")
        drawn.add_row()
        for first, row in zip(firsts, cells, strict=True):
            drawn.add_row(Text(clean(columns[0])), first)
            for name, cell in zip(columns[1:], row[1:], strict=True):
                if cell:
                    drawn.add_row(Text(f"  {clean(name)}"), Text(cell))
            drawn.add_row()
        return drawn
    drawn = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for index in shown:
        column = columns[index]
        justify: Literal["left", "right"] = "right" if column in right else "left"
        whole = least[index] == widths[index]
        drawn.add_column(Text(clean(column)), justify=justify, overflow="fold", no_wrap=whole)
    for first, row in zip(firsts, cells, strict=True):
        drawn.add_row(first, *(Text(row[index]) for index in shown[1:]))
    return drawn


def _widest_line(cells: Sequence[str]) -> int:
    from rich.cells import cell_len

    return max((cell_len(line) for cell in cells for line in cell.splitlines()), default=0)


def _least_width(cells: Sequence[str], width: int) -> int:
    names = width <= LONGEST_NAME and not any(" " in cell for cell in cells)
    return width if names else min(width, NARROWEST)
