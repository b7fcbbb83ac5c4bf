"""Opens the menu, where there is a terminal."""

import shutil
import sys

import typer

from winnow_cli.console import command


def is_terminal() -> bool:
    """Whether a person can be asked, and sees what is asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def open_menu() -> None:
    """Open the menu. Without a terminal nothing is asked.

    Raises:
        typer.BadParameter: There is no terminal; the message names what to type.
    """
    if not is_terminal():
        raise typer.BadParameter(
            "the menu needs a terminal: neither a pipe nor a file. Type a command instead, such as "
            f"`{command()} deploy local`"
        )
    from winnow_cli.menu.facts import StackFacts
    from winnow_cli.menu.prompts import TerminalPrompts
    from winnow_cli.menu.runner import run_line
    from winnow_cli.menu.session import Session
    from winnow_cli.menu.tree import TREE

    prompts = TerminalPrompts(lambda: shutil.get_terminal_size().columns)
    Session(prompts, StackFacts(), run_line).open(TREE)
