"""`winnow reviews`: what people decided, as data."""

import contextlib
import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TextIO

import typer

from winnow.storage.replacing import replace_file
from winnow_cli.console import clean, csv_stream, emit_json, note
from winnow_cli.options import AsJson, ReviewProcess, StackName, handle_errors

app = typer.Typer(help="What people decided, as data.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """What people decided, as data."""


@app.command()
@handle_errors
def export(
    process: ReviewProcess = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="T",
            help="Only what was decided since this time (2026-11-21T09:30) or within this "
            "duration (90m, 12h, 3d).",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            dir_okay=False,
            writable=True,
            help="Write to this file; default: print.",
        ),
    ] = None,
    cannot_tell: Annotated[
        bool,
        typer.Option(
            "--cannot-tell", help="Include records of which a person could not tell: no decision."
        ),
    ] = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Write the records that people decided as CSV, for `winnow train`, `tune` and `evaluate`.

    The file holds the records' texts. With --json, which needs --output, the counts are printed.
    """
    from winnow.reviews.export import Export, columns_of, write_csv
    from winnow_cli.commands.redrive import moment
    from winnow_cli.reviews import StackReviews
    from winnow_cli.target import aws_errors, find_target

    if as_json and output is None:
        raise typer.BadParameter("--json needs --output FILE")
    if output is not None and not output.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {output.parent} to write --output into")
    begin = "" if since is None else _iso(moment(since, datetime.now(UTC), "--since"))
    target = find_target(stack)
    reviews = StackReviews(target)
    made = Export(reviews.store, reviews.items, cannot_tell=cannot_tell)
    with aws_errors(target):
        processes = reviews.processes(process)
        # The columns are those of all rows, so that all rows are read before the first is written.
        rows = [row for own in processes for row in made.rows(own, begin)]
    with _stream(output) as stream:
        count = write_csv(rows, columns_of(rows), stream)
    if as_json:
        emit_json({"file": str(output), "rows": count, "gone": made.gone})
        return
    where = "" if output is None else f" to {clean(str(output))}"
    note(f"Wrote {count:,} decided {'record' if count == 1 else 'records'}{where}.")
    if made.gone:
        note(f"Left out: {made.gone:,} whose results have expired or are damaged.")


@contextlib.contextmanager
def _stream(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        with csv_stream() as stream:
            yield stream
        return
    # A pipe or a device stays one, and a read-only folder takes no second file.
    if output.exists() and not (output.is_file() and os.access(output.parent, os.W_OK)):
        with output.open("w", encoding="utf-8", errors="replace", newline="") as stream:
            yield stream
        return
    text = io.StringIO(newline="")
    yield text
    replace_file(output, text.getvalue().encode("utf-8", "replace"))


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
