"""`winnow menu`: everything by arrow keys."""

import typer

from winnow_cli.options import DEPLOYMENT, handle_errors


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=DEPLOYMENT)(menu)


@handle_errors
def menu() -> None:
    """Choose by arrow keys what to do; the command line that does the same is shown, then run.

    Needs a terminal. Escape goes back, Ctrl-C ends it.
    """
    from winnow_cli.menu.opening import open_menu

    open_menu()
