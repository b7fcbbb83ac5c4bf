"""Options that several commands share, and the guard around every command."""

import functools
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn, ParamSpec

import typer

from winnow.errors import InternalError, ProcessUnknownError, WinnowError
from winnow_cli.console import emit_json, note

P = ParamSpec("P")

DEBUG_VARIABLE = "WINNOW_DEBUG"

LOCAL, FILES, PROCESSES, ENCODER = "The local stack", "Files", "Processes", "The encoder"
"""Headings of `winnow --help`."""

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout; all else goes to stderr.")
]
StackName = Annotated[
    str | None,
    typer.Option(
        "--stack", metavar="NAME", help="A stack deployed to AWS; default: the local stack."
    ),
]
ProcessId = Annotated[
    str, typer.Option("--process", metavar="ID", help="The process's id or one of its codes.")
]
UploadId = Annotated[
    str,
    typer.Argument(
        metavar="UPLOAD_ID", help="The upload's id, or its first characters (6 or more)."
    ),
]
ProcessesDir = Annotated[
    Path,
    typer.Option(
        "--processes",
        metavar="DIR",
        envvar="WINNOW_PROCESSES",
        help="Folder of process definitions.",
        show_default="processes/ of the checkout",
    ),
]
ModelDir = Annotated[
    Path,
    typer.Option(
        "--model",
        metavar="DIR",
        envvar="WINNOW_MODEL_DIR",
        help="Folder of the built model.",
        show_default="build/model of the checkout",
    ),
]

LabelledFile = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="F.csv",
        exists=True,
        dir_okay=False,
        help="A table of labelled records.",
    ),
]
LabelColumn = Annotated[
    str, typer.Option("--label-column", metavar="C", help="The column with what is right.")
]
TextColumn = Annotated[
    str | None,
    typer.Option(
        "--text-column", metavar="C", help="The column with the text; default: the process's."
    ),
]

_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PROCESSES = _ROOT / "processes"
DEFAULT_MODEL = _ROOT / "build" / "model"


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Turns errors into exit code 1, with the stable code, the sentence and the advice.

    A command run with `--json` prints `{"error": {"code", "message", "advice"}}` as its document.
    A defect prints no traceback unless WINNOW_DEBUG is set.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except WinnowError as error:
            _fail(error, bool(kwargs.get("as_json")))
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            _interrupted()
        except Exception as error:
            if _comes_of_ctrl_c(error):
                _interrupted()
            if type(error).__module__.startswith(("click.", "typer.")):
                raise  # A wrong call: exit code 2, told by the framework.
            if os.environ.get(DEBUG_VARIABLE):
                traceback.print_exc()
            hint = f"{type(error).__name__}; with {DEBUG_VARIABLE}=1 the command shows where."
            _fail(InternalError(hint), bool(kwargs.get("as_json")))

    return run


ADVICE = {
    ProcessUnknownError.code: "Check the name; --processes takes another folder of definitions."
}
"""Where a command has other advice than a run that met the error."""


def _interrupted() -> NoReturn:
    note("Interrupted.")
    raise typer.Exit(130) from None


def _comes_of_ctrl_c(error: BaseException | None) -> bool:
    """Whether a transfer was called off, or something failed while Ctrl-C was being obeyed."""
    from concurrent.futures import CancelledError

    while error is not None:
        if isinstance(error, KeyboardInterrupt | CancelledError):
            return True
        error = error.__context__
    return False


def _fail(error: WinnowError, as_json: bool) -> NoReturn:
    advice = ADVICE.get(error.code, error.advice)
    if as_json:
        emit_json({"error": {"code": error.code, "message": error.sentence, "advice": advice}})
    note(str(error))
    if advice:
        note(advice)
    raise typer.Exit(1)
