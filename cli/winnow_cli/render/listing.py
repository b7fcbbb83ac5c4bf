"""A long list, printed row by row: only one table of a terminal is in memory."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import typer

from winnow_cli.console import ascii_json, clean, note, say
from winnow_cli.options import INTERRUPTED, caused_by_ctrl_c, error_document, fail, final_error
from winnow_cli.render.tables import table

MAX_DRAWN = 1_000
"""Rows of one table on a terminal; they determine the width of its columns."""


class Listing:
    """A list as the JSON document of a command, or as a table, or as lines.

    `columns` None: lines of one cell. `beside` is what the document holds after the list. The
    document is complete however the block ends; an error that ends it is in it.
    """

    def __init__(
        self,
        name: str,
        columns: Sequence[str] | None,
        as_json: bool,
        stack: str | None = None,
    ) -> None:
        self._stack = stack
        self._columns = columns
        self._as_json = as_json
        self._count = 0
        self._rows: list[Sequence[str]] = []
        self._styles: list[str] = []
        self.beside: Mapping[str, Any] = {}
        self._opening = f"{{\n  {ascii_json(name)}: ["

    def __enter__(self) -> Self:
        if self._as_json:
            sys.stdout.write(self._opening)
        elif self._columns is not None and not sys.stdout.isatty():
            say("\t".join(self._columns))
        return self

    def add(self, item: Mapping[str, Any], row: Sequence[str], style: str = "") -> None:
        """Print the next entry: `item` in JSON, or `row` for a person."""
        self._count += 1
        if self._as_json:
            between = "," if self._count > 1 else ""
            sys.stdout.write(f"{between}\n{_indented(ascii_json(item), 4)}")
        elif self._columns is None or not sys.stdout.isatty():
            say("\t".join(clean(cell) for cell in row))
        else:
            self._rows.append(row)
            self._styles.append(style)
            if len(self._rows) >= MAX_DRAWN:
                self._draw()

    def _draw(self) -> None:
        assert self._columns is not None
        table(self._columns, self._rows, styles=self._styles)
        self._rows, self._styles = [], []

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, BrokenPipeError):
            return  # Nobody reads it.
        if self._as_json:
            self._close(error)
        elif self._columns is not None and sys.stdout.isatty() and (self._rows or not self._count):
            self._draw()
        sys.stdout.flush()

    def _close(self, error: BaseException | None) -> None:
        """Close the document, also if an error ends the command."""
        problem = None
        by_ctrl_c = caused_by_ctrl_c(error)
        if isinstance(error, Exception) and not by_ctrl_c:
            problem = final_error(error, self._stack)
        beside = dict(self.beside)
        if by_ctrl_c or problem:
            beside["error"] = error_document(problem) if problem else INTERRUPTED
        sys.stdout.write("\n  ]" if self._count else "]")
        for name, value in beside.items():
            text = _indented(ascii_json(value), 2).lstrip()
            sys.stdout.write(f",\n  {ascii_json(name)}: {text}")
        sys.stdout.write("\n}\n")
        sys.stdout.flush()
        if problem:
            fail(problem, as_json=False)
        if by_ctrl_c:
            note("Interrupted.")
            raise typer.Exit(130) from None


def _indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.splitlines())


@contextmanager
def progress(text: str) -> Iterator[Callable[[int, int], None]]:
    """A progress line on a terminal during the block; the function sets its two numbers."""
    from winnow_cli.console import stderr

    if not sys.stderr.isatty():
        yield lambda _first, _second: None
        return
    with stderr().status(text.format(0, 0)) as status:
        yield lambda first, second: status.update(text.format(f"{first:,}", f"{second:,}"))
