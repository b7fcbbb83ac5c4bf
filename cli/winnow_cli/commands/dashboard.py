"""`winnow dashboard`: what a stack did in the last hours."""

import time
from typing import Annotated

import typer

from winnow_cli.options import FILES, AsJson, StackName, handle_errors

MAX_HOURS = 336


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=FILES)(dashboard)


@handle_errors
def dashboard(
    hours: Annotated[
        int,
        typer.Option(metavar="N", min=1, max=MAX_HOURS, help="Hours to look back."),
    ] = 24,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Show how a stack is: alarms, runs, records by process and version, functions, ages.

    The numbers are those of the functions' metrics: of a stack in AWS from CloudWatch, which bills
    about a cent for a look; of the local stack from its functions' logs.
    """
    from winnow_cli.dashboard import Window
    from winnow_cli.render.dashboard import print_dashboard
    from winnow_cli.stack_metrics import look
    from winnow_cli.target import find_target

    target = find_target(stack)
    now = time.time()
    print_dashboard(look(target, Window(now - hours * 3_600, now)), target, as_json)
