"""`winnow results`: the records of an upload, as a table, CSV or JSON."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from winnow_cli.console import csv_stream, emit_json
from winnow_cli.options import FILES, AsJson, StackName, UploadId, handle_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from winnow.models import ResultRecord
    from winnow.reviews.items import ReviewState


class Format(StrEnum):
    """How `winnow results` prints."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class OutcomeName(StrEnum):
    """The names of `winnow.models.Outcome`, without the time that it takes to import."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    INVALID = "invalid"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=FILES)(results)


@handle_errors
def results(
    upload_id: UploadId,
    form: Annotated[
        Format, typer.Option("--format", help="How to print the records.")
    ] = Format.TABLE,
    outcome: Annotated[
        list[OutcomeName] | None,
        typer.Option(
            "--outcome", help="Only records of this outcome; can be given more than once."
        ),
    ] = None,
    record: Annotated[
        int | None,
        typer.Option(
            "--record",
            metavar="N",
            min=1,
            help="Show one record: its whole text with the evidence marked, and each criterion.",
        ),
    ] = None,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Show the records of an upload: decision, confidence and the evidence for it.

    The column `reviewed` has the decision of a person, which holds now, and whose it is. With
    --record N one record, whole, with its text. In a pipe or a file, CSV is UTF-8 and JSON
    is ASCII, whatever the locale.
    """
    from winnow_cli.render.csv_cells import write_csv
    from winnow_cli.render.record import print_record, record_document
    from winnow_cli.render.records import print_results
    from winnow_cli.reviews import reviews_if_any
    from winnow_cli.target import aws_errors, find_target
    from winnow_cli.uploads import Uploads

    target = find_target(stack)
    uploads = Uploads(target)
    with aws_errors(target):
        result = uploads.result(uploads.find(upload_id))
        outcomes = outcome or list(OutcomeName)
        desk = reviews_if_any(target)
        if record is not None:
            found = uploads.record(result, record, outcomes)
            review = None if desk is None else desk.state(result.upload.upload_id, record)
            if as_json or form is Format.JSON:
                emit_json(record_document(result, found, review))
            elif form is Format.CSV:
                with csv_stream() as stream:
                    write_csv([found], stream, None if desk is None else {record: review})
            else:
                print_record(found, review)
            return
        records = uploads.records(result, outcomes)
        reviews = None if desk is None else desk.states(result.upload.upload_id)
        if as_json or form is Format.JSON:
            emit_json(
                {
                    "result": result.model_dump(mode="json", exclude_none=True),
                    "records": [_document(found, reviews) for found in records],
                }
            )
        elif form is Format.CSV:
            with csv_stream() as stream:
                write_csv(records, stream, reviews)
        else:
            # A table shows no text, and many records with theirs would fill the memory.
            bare = {"text": None, "places": ()}
            print_results(result, [r.model_copy(update=bare) for r in records], reviews)


def _document(
    record: "ResultRecord", reviews: "Mapping[int, ReviewState] | None"
) -> dict[str, Any]:
    document = record.model_dump(mode="json", exclude_none=True)
    if reviews and (review := reviews.get(record.record)):
        document["review"] = review.model_dump(mode="json")
    return document
