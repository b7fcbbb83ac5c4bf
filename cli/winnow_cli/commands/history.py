"""`winnow history`: what happened to a record's review."""

import typer

from winnow_cli.console import emit_json
from winnow_cli.options import (
    REVIEWS,
    AsJson,
    RecordNumber,
    StackName,
    UploadId,
    handle_errors,
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=REVIEWS)(history)


@handle_errors
def history(
    upload_id: UploadId, record: RecordNumber, stack: StackName = None, as_json: AsJson = False
) -> None:
    """Show who decided a record: when, from what to what, how long it took, with the notes."""
    from winnow.reviews.models import RecordKey
    from winnow_cli.render.reviews import print_history
    from winnow_cli.reviews import StackReviews
    from winnow_cli.target import aws_errors, find_target
    from winnow_cli.uploads import Uploads

    target = find_target(stack)
    reviews = StackReviews(target)
    with aws_errors(target):
        key = RecordKey(Uploads(target).find(upload_id).upload_id, record)
        head, entries = reviews.history(key)
        state = reviews.items.state(head)
    if as_json:
        emit_json(
            {
                "upload": key.upload,
                "record": key.record,
                "version": None
                if head.judged_by is None
                else head.judged_by.model_dump(mode="json"),
                "review": None if state is None else state.model_dump(mode="json"),
                "events": [entry.model_dump(mode="json", by_alias=True) for entry in entries],
            }
        )
        return
    print_history(entries, state, head.judged_by)
