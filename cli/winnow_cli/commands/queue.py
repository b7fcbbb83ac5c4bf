"""`winnow queue`: what waits for a person."""

import time
from typing import Annotated

import typer

from winnow_cli.console import emit_json, note
from winnow_cli.options import REVIEWS, AsJson, ReviewProcess, StackName, handle_errors


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=REVIEWS)(queue)


@handle_errors
def queue(
    process: ReviewProcess = None,
    add: Annotated[
        str | None,
        typer.Option(
            "--add",
            metavar="UPLOAD_ID",
            help="First put the doubtful records of this upload into the queue, if they are not "
            "there: it ended before the stack had reviews, or the function failed.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="How many records to list.")
    ] = 20,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """List what waits for a person: counts by process, then the next records."""
    from winnow_cli.render.reviews import head_document, print_queue, totals_document
    from winnow_cli.reviews import StackReviews
    from winnow_cli.target import aws_errors, find_target
    from winnow_cli.uploads import Uploads

    target = find_target(stack)
    reviews = StackReviews(target)
    added = pictures = None
    with aws_errors(target):
        if add is not None:
            uploads = Uploads(target)
            added, pictures = reviews.add(uploads.result_ref(uploads.find(add)))
        processes = reviews.processes(process)
        totals = reviews.totals(processes)
        heads = reviews.waiting(processes, limit) if limit else []
    now = time.time()
    if as_json:
        emit_json(
            {
                "processes": {own: totals_document(counts) for own, counts in totals.items()},
                "records": [head_document(head, now) for head in heads],
                **({} if added is None else {"added": added.model_dump()}),
                **({} if pictures is None else {"pictures": pictures._asdict()}),
            }
        )
        return
    print_queue(totals, heads, now)
    if added is not None:
        note(
            f"Of this upload {added.queued:,} records were set aside, and {added.audits:,} audited."
        )
    if pictures is not None and pictures.asked:
        note(f"{pictures.asked:,} pages are being drawn for the review page.")
    elif pictures is not None and pictures.code is not None:
        note(f"Its pages could not be drawn ({pictures.code}): people see the text alone.")
