"""The command line: which words there are. Each command loads what it needs when it runs."""

import typer

from winnow_cli import (
    command_evaluate,
    command_judge,
    command_local,
    command_model,
    command_process,
    command_reliability,
    command_train,
    command_uploads,
)
from winnow_cli.options import ENCODER, PROCESSES

app = typer.Typer(
    name="winnow",
    help="Drop a file, get its records judged, with a confidence people can rely on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done, 1 failed (the reason has a stable code), 2 wrong call, "
    "130 interrupted.",
)
for commands in (
    command_local,
    command_uploads,
    command_judge,
    command_train,
    command_evaluate,
    command_reliability,
):
    commands.register(app)
app.add_typer(command_process.app, name="process", rich_help_panel=PROCESSES)
app.add_typer(command_model.app, name="model", rich_help_panel=ENCODER)
