"""`winnow results`: the records of an upload, as a table, CSV or JSON."""

from enum import StrEnum
from typing import Annotated

import typer

from winnow_cli.console import csv_stream, emit_json
from winnow_cli.options import FILES, AsJson, StackName, UploadId, handle_errors


class Format(StrEnum):
    """How `winnow results` prints."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=FILES)(results)


@handle_errors
def results(
    upload_id: UploadId,
    form: Annotated[
        Format, typer.Option("--format", help="How to print the records.")
    ] = Format.TABLE,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Show the records of an upload: decision, confidence and the evidence for it.

    In a pipe or a file, CSV is UTF-8 and JSON is ASCII, whatever the locale.
    """
    from winnow_cli.render.csv_cells import write_csv
    from winnow_cli.render.records import print_results
    from winnow_cli.target import aws_errors, find_target
    from winnow_cli.uploads import Uploads

    target = find_target(stack)
    uploads = Uploads(target)
    with aws_errors(target):
        result = uploads.result(uploads.find(upload_id))
        if as_json or form is Format.JSON:
            records = [
                record.model_dump(mode="json", exclude_none=True)
                for record in uploads.records(result)
            ]
            emit_json(
                {"result": result.model_dump(mode="json", exclude_none=True), "records": records}
            )
        elif form is Format.CSV:
            with csv_stream() as stream:
                write_csv(uploads.records(result), stream)
        else:
            print_results(result, list(uploads.records(result)))
