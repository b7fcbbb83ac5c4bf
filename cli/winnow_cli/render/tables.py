"""Tables: drawn on a terminal of any width, tab-separated lines in a pipe."""

import sys
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal

from winnow_cli.console import clean, say, stdout

if TYPE_CHECKING:
    from rich.table import Table

MIN_COLUMN = 18
"""Cells to which a column of sentences may be narrowed: longer words are rare."""
MAX_WHOLE_COLUMN = 32
"""A column of ids or names up to so long is not narrowed."""


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
    names = width <= MAX_WHOLE_COLUMN and not any(" " in cell for cell in cells)
    return width if names else min(width, MIN_COLUMN)
