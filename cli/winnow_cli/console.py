"""What a command may print: one JSON document, or tables and lines; everything else goes to stderr.

On a terminal tables are drawn and coloured; in a pipe a table is tab-separated lines, header first.
Text that came from files is cleaned first: a file must not be able to steer a terminal.
"""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

OUTCOME_STYLES = {"accepted": "green", "review": "yellow", "invalid": "red"}
STATE_STYLES = {"SUCCEEDED": "green", "RUNNING": "cyan", "FAILED": "red"}


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
    """A line beside the answer: progress, hints, errors."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    styles: Sequence[str] = (),
    title: str | None = None,
    right: Sequence[str] = (),
) -> None:
    """A table of cleaned cells.

    `styles` has one Rich style a row or is empty; `right` names the columns of numbers.
    """
    if not sys.stdout.isatty():
        for row in [columns, *rows]:
            say("\t".join(clean(cell) for cell in row))
        return
    stdout().print(
        drawn_table(columns, rows, styles=styles, title=title, right=right), soft_wrap=False
    )


def drawn_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    styles: Sequence[str] = (),
    title: str | None = None,
    right: Sequence[str] = (),
) -> Any:
    """The same as a Rich table; a cell may have several lines."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        drawn.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for index, row in enumerate(rows):
        style = styles[index] if styles else ""
        # The style marks the first cell; the rest stays readable on any background.
        first, *others = ("\n".join(clean(line) for line in cell.splitlines()) for cell in row)
        drawn.add_row(Text(first, style=style), *map(Text, others))
    return drawn
