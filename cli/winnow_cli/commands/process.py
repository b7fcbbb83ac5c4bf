"""`winnow process`: checks process definitions."""

from pathlib import Path
from typing import Annotated

import typer

from winnow_cli.console import emit_json, note, say
from winnow_cli.options import AsJson, handle_errors

app = typer.Typer(
    help="Process definitions: YAML files of what records are judged by.", no_args_is_help=True
)


@app.callback()
def group() -> None:
    """Process definitions: YAML files of what records are judged by."""


@app.command()
@handle_errors
def validate(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            readable=True,
            help="A process definition (YAML).",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Check a process definition; each problem is shown with its line and field."""
    from winnow.errors import ProcessInvalidError
    from winnow.processes.loader import load_definition

    try:
        definition = load_definition(file.read_text("utf-8-sig"), file.name)
    except UnicodeDecodeError:
        problems = [f"{file.name}:1: (file): is not UTF-8 text"]
    except ProcessInvalidError as error:
        problems = error.message.splitlines()
    else:
        if as_json:
            emit_json(
                {
                    "valid": True,
                    "process": definition.info.model_dump(),
                    "codes": list(definition.codes),
                    "problems": [],
                }
            )
        else:
            say(f"{file.name} is valid: {definition.id} {definition.version}, {definition.kind}.")
        return
    if as_json:
        emit_json({"valid": False, "problems": problems})
    for problem in problems:
        note(problem)
    raise typer.Exit(1)
