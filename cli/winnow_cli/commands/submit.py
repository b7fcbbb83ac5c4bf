"""`winnow submit`: drops files into the inbox of a process."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from winnow.errors import AwsBusyError, AwsUnreachableError, InternalError, StackNotRunningError
from winnow.storage.file_names import name_of
from winnow_cli.console import clean, emit_json, note, say
from winnow_cli.options import (
    FILES,
    INTERRUPTED,
    AsJson,
    ProcessId,
    StackName,
    caused_by_ctrl_c,
    fail,
    final_error,
    handle_errors,
)

if TYPE_CHECKING:
    from winnow.recovery.upload_row import UploadRow
    from winnow_cli.batch import FileBatch
    from winnow_cli.target import Target

MAX_KEY_BYTES = 1024
"""S3's limit."""
MAX_NAMES = 20
"""Maximum number of files listed when a submit ends early; --json lists all."""
UNCERTAIN = (AwsUnreachableError, AwsBusyError, StackNotRunningError, InternalError)
"""Errors after which it is unknown whether S3 has the file."""
POLL_LOCAL_S = 0.1
POLL_AWS_S = 1.0


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=FILES)(submit)


@handle_errors
def submit(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH",
            exists=True,
            dir_okay=False,
            readable=True,
            help="Files to drop; no folders.",
        ),
    ],
    process: ProcessId,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            min=0.0,
            max=1.0,
            help="Lowest confidence that is accepted, for these files.",
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until every run has ended.")] = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=1.0, help="How long --wait waits.")
    ] = 900.0,
    anew: Annotated[
        bool,
        typer.Option(
            "--anew",
            help="Drop every file, even those that an interrupted submit has dropped.",
        ),
    ] = False,
    estimate: Annotated[
        bool,
        typer.Option(
            "--estimate",
            help="Drop nothing: say how many records the files have, and what they will take and "
            "cost.",
        ),
    ] = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Drop files into the inbox of a process.

    With --wait: exit code 0 if every run succeeded, 1 if one failed or did not end in time.

    A submit that ends early (an error, Ctrl-C, a closed terminal) lists which files were dropped
    and which were not. To finish it, run the same command in the same folder within a day: files
    of the same path and content that were dropped are not dropped again. Otherwise each submit of
    a file is a new upload.

    With --estimate the files are only counted, as a run would read them.
    """
    from winnow_cli.batch import FileBatch, wait_for_all, with_progress
    from winnow_cli.render.uploads import print_ends
    from winnow_cli.submissions import submission
    from winnow_cli.target import find_target
    from winnow_cli.uploads import Uploads
    from winnow_local.state import StateDir

    _check(process)
    if estimate:
        if wait or anew:
            raise typer.BadParameter("--estimate drops nothing: leave out --wait and --anew")
        _estimate(paths, process, find_target(stack), as_json)
        return
    try:
        target = find_target(stack)
        uploads = Uploads(target)
    except KeyboardInterrupt:
        note("Nothing was dropped.")
        raise
    if len(uploads.new_key(max(paths, key=_key_bytes), process).encode()) > MAX_KEY_BYTES:
        raise typer.BadParameter("the process id and a file's name are too long", param_hint="PATH")
    about = {
        "place": target.place,
        "process": process,
        "threshold": "" if threshold is None else f"{threshold:g}",
    }
    batch = FileBatch(paths)
    rows: dict[str, UploadRow] = {}
    with submission(StateDir.default().submissions, about, anew, note) as memory:
        try:
            for path in with_progress("dropping files", paths):
                batch.drop(uploads, memory, path, process, threshold)
            if batch.taken_up:
                note(
                    f"{len(batch.taken_up):,} of {len(paths):,} files were dropped by an earlier "
                    "submit that was interrupted; they are not dropped again (--anew drops them)."
                )
            if wait:
                poll = POLL_LOCAL_S if target.local else POLL_AWS_S
                wait_for_all(uploads, [drop.key for _, drop in batch.dropped], timeout, poll, rows)
        except (Exception, KeyboardInterrupt) as error:
            _end_early(batch, rows, target, stack, as_json, error)
        for _, drop in batch.dropped:
            if not wait or (drop.key in rows and rows[drop.key].ended):
                memory.settled(drop.key)
    if as_json:
        emit_json(batch.document(rows, target))
    elif wait:
        print_ends([(path, rows.get(drop.key)) for path, drop in batch.dropped], target)
    else:
        _print_addresses(batch, target)
        note(f"`{target.hint('status')}` shows how the runs go.")
    if wait and not all(
        drop.key in rows and rows[drop.key].state == "SUCCEEDED" for _, drop in batch.dropped
    ):
        raise typer.Exit(1)


def _estimate(paths: list[Path], process: str, target: "Target", as_json: bool) -> None:
    from winnow_cli.costs import Spent, prices_of, processors_of, spent_in
    from winnow_cli.estimates import MEASURED_DAYS, definition_on, estimate_file
    from winnow_cli.render.estimates import print_estimates
    from winnow_cli.uploads import Uploads

    definition, prices = definition_on(target, process), prices_of(target)
    processors = processors_of(target)
    files = [estimate_file(path, definition, prices, processors) for path in paths]
    measured = spent_in(MEASURED_DAYS, Uploads(target)).processes.get(definition.id, Spent())
    print_estimates(files, measured.per_1000, prices, as_json)


def _check(process: str) -> None:
    if not process.strip() or "/" in process or not process.isprintable():
        raise typer.BadParameter(
            "a process id or code has no '/' and no control characters", param_hint="--process"
        )


def _key_bytes(path: Path) -> int:
    return len(name_of(path).encode())


def _print_addresses(batch: "FileBatch", target: "Target") -> None:
    for _, drop in batch.dropped:
        say(clean(f"s3://{target.uploads_bucket}/{drop.key}"))


def _end_early(
    batch: "FileBatch",
    rows: "Mapping[str, UploadRow]",
    target: "Target",
    stack: str | None,
    as_json: bool,
    error: BaseException,
) -> NoReturn:
    """List dropped files, by their ids, and the other files; end with 130 or 1."""
    if isinstance(error, BrokenPipeError):
        raise error
    by_ctrl_c = caused_by_ctrl_c(error)
    reason = None if by_ctrl_c or not isinstance(error, Exception) else final_error(error, stack)
    if reason is not None and not isinstance(reason, UNCERTAIN):
        batch.uncertain = None  # S3 rejected the file.
    if not as_json:
        _print_addresses(batch, target)
    _note_progress(batch, target)
    more: dict[str, Any] = {
        **batch.document(rows, target),
        "not_dropped": [str(path) for path in batch.remaining],
        "on_its_way": None if batch.uncertain is None else str(batch.uncertain),
    }
    if reason is not None:
        fail(reason, as_json, more)
    if as_json:
        hint = "Run the same submit again: files already uploaded are not sent again."
        emit_json({"error": {**INTERRUPTED, "advice": hint}, **more})
    note("Interrupted.")
    raise typer.Exit(130) from None


def _note_progress(batch: "FileBatch", target: "Target") -> None:
    from winnow_cli.batch import identity

    remaining = batch.remaining
    if remaining:
        total = len(batch.dropped) + len(remaining)
        note(f"{len(batch.dropped):,} of {total:,} files were dropped:")
    else:
        note(f"All files were dropped, and their runs continue; see `{target.hint('status')}`.")
    _note_some(
        f"  {identity(drop, target).get('upload_id', 'id unknown')}  {clean(str(path))}"
        for path, drop in batch.dropped
    )
    if remaining:
        note("Not dropped by this submit:")
        uncertain = "  (unknown if it arrived: run the same submit again to check)"
        _note_some(
            f"  {clean(str(path))}{uncertain if path is batch.uncertain else ''}"
            for path in remaining
        )
    note("Run the same submit again within a day: files already uploaded are not sent again.")


def _note_some(lines: Iterable[str]) -> None:
    named = list(lines)
    for line in named[:MAX_NAMES]:
        note(line)
    if len(named) > MAX_NAMES:
        note(f"  and {len(named) - MAX_NAMES:,} more; --json lists all.")
