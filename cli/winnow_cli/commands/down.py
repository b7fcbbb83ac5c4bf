"""`winnow down`: ends the local stack."""

import typer

from winnow_cli.console import emit_json, here, say
from winnow_cli.options import LOCAL, AsJson, handle_errors


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=LOCAL)(down)


@handle_errors
def down(as_json: AsJson = False) -> None:
    """End the local stack and delete its data. E-mails stay until the next `winnow up`."""
    from winnow_local.stack import stop
    from winnow_local.state import StateDir

    state_dir = StateDir.default()
    ended = stop(state_dir)
    if as_json:
        emit_json({"ended": ended})
    else:
        none = f"No local stack was running in {here(state_dir.path)}/."
        say("The local stack has ended." if ended else none)
