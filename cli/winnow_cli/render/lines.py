"""Lines of an answer that are indented: broken between words on a terminal, whole in a pipe."""

import sys
from typing import TYPE_CHECKING

from winnow_cli.console import stdout

if TYPE_CHECKING:
    from rich.text import Text


def print_line(line: "Text", indent: int = 0) -> None:
    """Print a line; on a terminal all lines that it is broken into are indented."""
    from rich.padding import Padding
    from rich.text import Text

    screen = stdout()
    if sys.stdout.isatty() and line:
        screen.print(Padding(line, (0, 0, 0, indent), expand=False), soft_wrap=False)
    else:
        screen.print(Text(" " * indent) + line)
