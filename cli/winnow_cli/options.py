"""Options that several commands share, and the guard around every command."""

import errno
import functools
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, ParamSpec

import typer

from winnow.errors import (
    InternalError,
    LocalFileError,
    ProcessUnknownError,
    RetryableError,
    WinnowError,
)
from winnow_cli.console import clean, emit_json, give_up_output, note, typed_here

P = ParamSpec("P")

DEBUG_VARIABLE = "WINNOW_DEBUG"
UNREAD = 141
"""Exit code where the reader of the output went away: 128 and SIGPIPE, as shells have it."""
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}

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
    str, typer.Option("--label-column", metavar="C", help="Column that holds the true label.")
]
TextColumn = Annotated[
    str | None,
    typer.Option(
        "--text-column", metavar="C", help="Column that holds the text; default: the process's."
    ),
]

_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PROCESSES = _ROOT / "processes"
DEFAULT_MODEL = _ROOT / "build" / "model"


def handle_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Turns errors into exit code 1, with the stable code, the sentence and the advice.

    A command run with `--json` prints `{"error": {"code", "message", "advice"}}` as its document.
    A defect prints no traceback unless WINNOW_DEBUG is set. Where nobody reads the output any more,
    the command ends without a word, as one that SIGPIPE ends.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.get("as_json"))
        try:
            try:
                command(*args, **kwargs)
            except BrokenPipeError:
                raise
            except Exception as error:
                fail(ending(error, kwargs.get("stack")), as_json)
            sys.stdout.flush()
        except BrokenPipeError:
            unread()
        except KeyboardInterrupt:
            _interrupted(as_json)
        except OSError as error:
            # The answer itself cannot be written: a full disk behind `>`.
            note(str(unusable(OSError(error.errno, error.strerror))))
            give_up_output()
            raise typer.Exit(1) from None

    return run


def ending(error: Exception, stack: object) -> WinnowError:
    """The error that a command ends with; a wrong call, an exit and Ctrl-C go their own way."""
    if isinstance(error, typer.Exit | typer.Abort):
        raise error
    if isinstance(error, WinnowError):
        if "botocore" in sys.modules:
            from winnow_cli.aws_errors import honest

            return honest(error, None if stack is None else str(stack))
        return error
    if comes_of_ctrl_c(error):
        raise KeyboardInterrupt from error
    if type(error).__module__.startswith(("click.", "typer.")):
        raise error  # A wrong call: exit code 2, told by the framework.
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exc()
    if "botocore" in sys.modules:
        from winnow_cli.aws_errors import behind, trouble

        if cause := behind(error):
            return trouble(cause, None if stack is None else str(stack))
    if isinstance(error, FileNotFoundError) and error.filename is None:
        return LocalFileError("The working directory is not there any more.")
    if isinstance(error, OSError) and (error.filename is not None or error.errno in _DISK):
        return unusable(error)
    hint = f"{type(error).__name__}; with {DEBUG_VARIABLE}=1 the command shows where."
    return InternalError(hint)


def unusable(error: OSError) -> LocalFileError:
    """A file or folder of this machine that cannot be read or written."""
    if error.filename is None:  # A disk that is full says so where a file is written to.
        return LocalFileError(f"The output cannot be written: {error.strerror}.")
    return LocalFileError(f"{clean(os.fsdecode(error.filename))} cannot be used: {error.strerror}.")


def unread() -> NoReturn:
    """Ends a command whose output nobody reads any more, as the shell tells it of SIGPIPE."""
    give_up_output()
    raise typer.Exit(UNREAD) from None


ADVICE = {
    ProcessUnknownError.code: "Check the name; --processes takes another folder of definitions.",
    InternalError.code: f"A defect in Winnow. Report it with what {DEBUG_VARIABLE}=1 shows.",
    RetryableError.code: "Try the command again in a minute.",
}
"""Where a command has other advice than a run that met the error."""


INTERRUPTED = {"code": "interrupted", "message": "Ctrl-C ended the command.", "advice": ""}
"""The error of a command that was interrupted, in its JSON document."""


def _interrupted(as_json: bool) -> NoReturn:
    if as_json:
        emit_json({"error": INTERRUPTED})
    note("Interrupted.")
    raise typer.Exit(130) from None


def comes_of_ctrl_c(error: BaseException | None) -> bool:
    """Whether a transfer was called off, or something failed while Ctrl-C was being obeyed."""
    from concurrent.futures import CancelledError

    while error is not None:
        if isinstance(error, KeyboardInterrupt | CancelledError):
            return True
        error = error.__context__
    return False


def told_of(error: WinnowError) -> dict[str, str]:
    """An error in a JSON document."""
    hint = ADVICE.get(error.code, error.hint)
    return {"code": error.code, "message": error.message, "advice": hint}


def fail(error: WinnowError, as_json: bool, more: dict[str, Any] | None = None) -> NoReturn:
    """Ends a command with its error; `more` stands beside it in the JSON document."""
    told = told_of(error)
    if as_json:
        emit_json({"error": told, **(more or {})})
    note(str(error))
    if told["advice"]:
        note(typed_here(told["advice"]))
    raise typer.Exit(1)
