"""Options that several commands share, and how a command ends on an error."""

import errno
import functools
import os
import stat
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn, ParamSpec, get_type_hints

import typer

from winnow.errors import (
    InternalError,
    LocalFileError,
    ProcessUnknownError,
    RetryableError,
    WinnowError,
)
from winnow_cli.console import (
    clean,
    discard_output,
    emit_json,
    given_stages,
    note,
    of_stages,
    pasteable,
)

P = ParamSpec("P")

DEBUG_VARIABLE = "WINNOW_DEBUG"
EXIT_UNREAD = 141
"""Exit code if the output pipe is closed: 128 plus SIGPIPE, as in shells."""
_UNUSABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO, errno.EISDIR}
"""Of a file or a disk, where an error names none."""
LOCAL, FILES, REVIEWS = "The local stack", "Files", "Reviews"
PROCESSES, ENCODER = "Processes", "The encoder"
ACCESS, DEPLOYMENT = "Access", "Stages"
"""Headings of `winnow --help`."""

AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as one JSON document.")]
StackName = Annotated[
    str | None,
    typer.Option(
        "--stack",
        metavar="NAME",
        help="A stage of stages.toml, or a stack in AWS; default: the local stack.",
    ),
]
StagesFile = Annotated[
    Path | None,
    typer.Option(
        "--stages",
        metavar="FILE",
        envvar="WINNOW_STAGES",
        dir_okay=False,
        help="The file of stages.",
        show_default="stages.toml of the checkout",
    ),
]
ProcessId = Annotated[
    str,
    typer.Option(
        "--process",
        metavar="ID",
        help="What to judge by: the id of a process, or one of its codes.",
    ),
]
UploadId = Annotated[
    str,
    typer.Argument(
        metavar="UPLOAD_ID", help="The upload's id, or its first characters (6 or more)."
    ),
]
RecordNumber = Annotated[
    int, typer.Argument(metavar="RECORD", min=1, help="The record's number in the file, from 1.")
]
ReviewProcess = Annotated[
    str | None,
    typer.Option("--process", metavar="ID", help="Records of this process only; default: all."),
]
ProcessesDir = Annotated[
    Path,
    typer.Option(
        "--processes",
        metavar="DIR",
        envvar="WINNOW_PROCESSES",
        help="Folder of process definitions (YAML files).",
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

LabelledFiles = Annotated[
    list[Path],
    typer.Option(
        "--data",
        metavar="F.csv",
        exists=True,
        help="Table of labelled records; for pictures a folder of one folder a label, a ZIP of "
        "it, or a table of files; repeatable.",
    ),
]
LabelColumn = Annotated[
    str | None,
    typer.Option(
        "--label-column",
        metavar="C",
        help="Column with the true label; an export of reviews needs none: decision.",
    ),
]
TextColumn = Annotated[
    str | None,
    typer.Option(
        "--text-column", metavar="C", help="Column with the text; default: the process's."
    ),
]

_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PROCESSES = _ROOT / "processes"
DEFAULT_MODEL = _ROOT / "build" / "model"


def handle_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Turn errors into exit code 1, with the stable code, the message and the advice.

    A command run with `--json` prints `{"error": {"code", "message", "advice"}}` as its document.
    A defect prints no traceback unless WINNOW_DEBUG is set. If the output pipe is closed, the
    command ends silently, with the exit code of SIGPIPE.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.get("as_json"))
        stages = kwargs.get("stages")
        token = given_stages.set(stages if isinstance(stages, Path) else None)
        try:
            try:
                _check(command, kwargs)
                command(*args, **kwargs)
            except BrokenPipeError:
                raise
            except Exception as error:
                fail(final_error(error, kwargs.get("stack")), as_json)
            with _writing():
                sys.stdout.flush()
        except BrokenPipeError:
            end_unread()
        except KeyboardInterrupt:
            _end_interrupted(as_json)
        finally:
            given_stages.reset(token)

    return run


def _check(command: Callable[P, None], values: Mapping[str, object]) -> None:
    """Refuse what no command can use. Raises BadParameter, which names the option.

    That is text that is not UTF-8, which no file and no service takes (names of files may be so),
    and files to be read that are a pipe or a device: they are read more than once, or may not end.
    """
    for name, value in values.items():
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, str) and _broken(one):
                problem = "it is not in UTF-8"
            elif isinstance(one, Path) and _irregular(one) and _is_read(command, name):
                problem = f"{clean(str(one))} is a pipe or a device; save it as a file"
            else:
                continue
            raise typer.BadParameter(problem, param_hint=_as_typed(command, name))


def _broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _irregular(path: Path) -> bool:
    """Whether it is there, and neither a file nor a folder."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _is_read(command: Callable[P, None], name: str) -> bool:
    """Whether a parameter of a command names a file to be read."""
    return name == "stages" or any(info.exists for info in _declared(command, name))


def _declared(command: Callable[P, None], name: str) -> list[typer.models.ParameterInfo]:
    """What a parameter of a command is declared as."""
    annotation = get_type_hints(command, include_extras=True)[name]
    declared = getattr(annotation, "__metadata__", ())
    return [info for info in declared if isinstance(info, typer.models.ParameterInfo)]


def _as_typed(command: Callable[P, None], name: str) -> str:
    """The option or argument that a parameter of a command is given by."""
    for info in _declared(command, name):
        if isinstance(info, typer.models.ArgumentInfo):
            return (info.metavar or name.upper()).strip("[]")
        if info.param_decls:
            return str(info.param_decls[0])
    return f"--{name.replace('_', '-')}"


@contextmanager
def _writing() -> Iterator[None]:
    """Write to the streams; ends the command if that fails: a full disk after `>`."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        note(str(unusable_file(OSError(error.errno, error.strerror))))
        discard_output()
        raise typer.Exit(1) from None


def final_error(error: Exception, stack: object) -> WinnowError:
    """The error that a command ends with. Usage errors, exits and Ctrl-C are raised again."""
    if isinstance(error, typer.Exit | typer.Abort):
        raise error
    if isinstance(error, WinnowError):
        if "botocore" in sys.modules:
            from winnow_cli.aws_errors import with_aws_cause

            return with_aws_cause(error, None if stack is None else str(stack))
        return error
    if caused_by_ctrl_c(error):
        raise KeyboardInterrupt from error
    if type(error).__module__.startswith(("click.", "typer.")):
        raise error  # A usage error: exit code 2, printed by the framework.
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exc()
    if "botocore" in sys.modules:
        from winnow_cli.aws_errors import botocore_cause, from_botocore

        if cause := botocore_cause(error):
            return from_botocore(cause, None if stack is None else str(stack))
    if isinstance(error, FileNotFoundError) and error.filename is None:
        return LocalFileError(
            "The working directory does not exist any more.", hint="Go to a folder that is there."
        )
    if isinstance(error, OSError) and (error.filename is not None or error.errno in _UNUSABLE):
        return unusable_file(error)
    hint = f"{type(error).__name__}; with {DEBUG_VARIABLE}=1 the command shows where."
    return InternalError(hint)


def alone(context: typer.Context) -> bool:
    """Whether a group of commands was called without one of them.

    Raises BadParameter if its own options stand before a command, which would not see them.
    """
    name = context.invoked_subcommand
    if name is None:
        return True
    for parameter in context.command.params:
        source = context.get_parameter_source(str(parameter.name))
        if source is not None and source.name == "COMMANDLINE":
            option = parameter.opts[0]
            raise typer.BadParameter(
                f"it has no effect before `{name}`; options of {name} follow it",
                param_hint=option,
            )
    return False


def label_column_of(data: Sequence[Path], given: str | None) -> str:
    """The column with the label: as given, or that of exports of reviews."""
    from winnow_train.data import default_label_column

    if given is not None:
        return given
    columns = [default_label_column(path) for path in data]
    if columns[0] is None or None in columns:
        from winnow_train.data import one_of

        raise typer.BadParameter(f"--data needs --label-column C, {one_of(data[0])}")
    return columns[0]


def require_folder(option: str, out: Path | None) -> None:
    """Reject an output file whose folder is not there or read-only, before anything is done."""
    if out is None:
        return
    if not out.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {out.parent} to write {option} into")
    if not os.access(out.parent, os.W_OK):
        raise typer.BadParameter(
            f"the folder {out.parent} is read-only, so {option} cannot be written"
        )


def unusable_file(error: OSError) -> LocalFileError:
    """A file or folder of this machine that cannot be read or written."""
    if error.filename is None:  # A full disk can raise an error without a file name.
        return LocalFileError(f"The output cannot be written: {error.strerror}.")
    return LocalFileError(f"{clean(os.fsdecode(error.filename))} cannot be used: {error.strerror}.")


def end_unread() -> NoReturn:
    """End a command whose output pipe is closed, with the exit code of SIGPIPE."""
    discard_output()
    raise typer.Exit(EXIT_UNREAD) from None


ADVICE = {
    ProcessUnknownError.code: "Check the name; --processes takes another folder of definitions.",
    InternalError.code: f"A defect in Winnow. Report it with what {DEBUG_VARIABLE}=1 shows.",
    RetryableError.code: "Try the command again in a minute.",
}
"""Advice that differs at the command line from that in a run."""


INTERRUPTED = {"code": "interrupted", "message": "Ctrl-C ended the command.", "advice": ""}
"""The error of a command that was interrupted, in its JSON document."""


def _end_interrupted(as_json: bool) -> NoReturn:
    if as_json:
        emit_json({"error": INTERRUPTED})
    note("Interrupted.")
    raise typer.Exit(130) from None


def caused_by_ctrl_c(error: BaseException | None) -> bool:
    """Whether an error comes from Ctrl-C: a transfer was cancelled, or cleaning up failed."""
    from concurrent.futures import CancelledError

    while error is not None:
        if isinstance(error, KeyboardInterrupt | CancelledError):
            return True
        error = error.__context__
    return False


def error_document(error: WinnowError) -> dict[str, str]:
    """An error in a JSON document."""
    # A hint of this one error says more than the advice for all of its kind.
    own = error.hint if error.hint != type(error).hint else None
    hint = of_stages(own or ADVICE.get(error.code, error.hint))
    return {"code": error.code, "message": error.message, "advice": hint}


def fail(error: WinnowError, as_json: bool, more: dict[str, Any] | None = None) -> NoReturn:
    """Ends a command with its error; `more` is added to the JSON document."""
    document = error_document(error)
    advice = pasteable(document["advice"])
    with _writing():
        if as_json:
            emit_json({"error": document, **(more or {})})
        note(str(error))
        if advice:
            note(advice)
    raise typer.Exit(1)
