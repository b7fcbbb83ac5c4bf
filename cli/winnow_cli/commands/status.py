"""`winnow status`: the state of each upload."""

from typing import Annotated

import typer

from winnow_cli.console import emit_json, note
from winnow_cli.options import FILES, AsJson, StackName, handle_errors


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=FILES)(status)


@handle_errors
def status(
    upload_id: Annotated[
        str | None,
        typer.Argument(metavar="UPLOAD_ID", help="One upload; default: the latest."),
    ] = None,
    last: Annotated[
        int, typer.Option(metavar="N", min=1, help="So many of the latest uploads are listed.")
    ] = 50,
    every: Annotated[bool, typer.Option("--all", help="All uploads are listed.")] = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """List uploads, one per line: state, counts, open reviews, times; the latest first.

    Below them: the code that the stack runs, and the version of each process that decides.
    """
    from winnow_cli.models import running_versions
    from winnow_cli.render.uploads import (
        print_running,
        print_status,
        row_document,
        running_document,
    )
    from winnow_cli.reviews import reviews_if_any
    from winnow_cli.target import aws_errors, find_target
    from winnow_cli.uploads import Uploads
    from winnow_cli.waiting import MAX_RUNS, count_waiting

    target = find_target(stack)
    uploads = Uploads(target)
    if upload_id is not None:
        rows = [uploads.find(upload_id)]
    else:
        rows = uploads.every() if every else uploads.latest(last + 1)
    more = not every and len(rows) > last
    rows = rows[:last] if more else rows
    waiting = count_waiting(target) if upload_id is None else 0
    desk = reviews_if_any(target)
    in_review = [row.upload_id for row in rows if row.review and row.erased_at is None]
    with aws_errors(target):
        totals = desk.totals_of(in_review) if desk else {}
        running = running_versions(target) if upload_id is None else None
    if as_json:
        documents = [row_document(row, totals.get(row.upload_id)) for row in rows]
        emit_json(
            {"uploads": documents, "more": more, "waiting": waiting, **running_document(running)}
        )
        return
    if rows:
        print_status(rows, totals)
    if more:
        note(f"These are the latest {last:,}; --last N lists more, --all every upload.")
    if waiting:
        note(
            f"About {waiting:,} uploads wait for their run: the stack allows "
            f"{target.outputs[MAX_RUNS]} runs at once (MaxRuns)."
        )
    elif not rows:
        note("No files were dropped yet.")
    if running is not None:
        print_running(running)
