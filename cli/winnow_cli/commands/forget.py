"""`winnow forget`: erases a person."""

import re
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.console import emit_json, note, say
from winnow_cli.options import REVIEWS, AsJson, StackName, handle_errors

if TYPE_CHECKING:
    from winnow.recovery.upload_row import UploadRow
    from winnow.reviews.forget import Erased, Forget
    from winnow.search.erasure import KeptSearches
    from winnow_cli.target import Target
    from winnow_cli.uploads import Uploads

_PREDICTION = "p-"
_WHOLE_ID = re.compile("[0-9a-f]{32}")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=REVIEWS)(forget)


@handle_errors
def forget(
    upload_id: Annotated[
        str,
        typer.Argument(
            metavar="UPLOAD_ID",
            help="An upload's id, or its first characters (6 or more); or a prediction's whole id. "
            "An upload whose row has expired: its whole id.",
        ),
    ],
    record: Annotated[
        int | None,
        typer.Argument(
            metavar="RECORD",
            min=1,
            help="Only this record, by its number in the file; default: all.",
            show_default=False,
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Erase a person for good: an upload, or one record of it, with all earlier results.

    With RECORD, the other records keep their results. The uploaded file is deleted in both cases,
    since it holds the person. Another file under the same key is another upload: it is kept, and
    its id is shown. That it was erased, by whom and when, is kept. If the command is
    interrupted, run it again.

    Training rows that the stack keeps are erased, too, and so are saved searches that name the
    case or have eight words in a row of the text, and all exports of searches. Downloaded files and
    trained heads are not changed: versions that were trained on such rows are marked.
    """
    from winnow_cli.target import aws_errors, find_target

    if not yes and (as_json or not sys.stdin.isatty()):
        raise typer.BadParameter(
            "give --yes: nothing can be asked without a terminal or with --json"
        )
    target = find_target(stack)
    with aws_errors(target):
        erased = _erase(target, upload_id.strip(), record, yes)
    if as_json:
        emit_json(erased.model_dump())
        return
    _tell(erased)


def _erase(target: "Target", upload_id: str, record: int | None, yes: bool) -> "Erased":
    from winnow.steps.upload import may_be_id
    from winnow_cli.reviews import caller
    from winnow_cli.uploads import Uploads

    kept = _kept_searches(target)
    work = _forget(target, kept)
    user = caller(target)
    if upload_id.startswith(_PREDICTION) and may_be_id(upload_id):
        _confirm(f"Erase the prediction {upload_id} and what was typed to it?", yes)
        return work.prediction(upload_id, user)
    uploads = Uploads(target)
    row = _row(uploads, work, upload_id)
    if record is None:
        _confirm(
            f"Erase the upload {row.upload_id}: its file, its results, its reviews' texts?",
            yes,
        )
        erased = work.upload(row, user)
    else:
        ref = uploads.result_ref(row)
        _confirm(
            f"Erase record {record:,} of the upload {row.upload_id}? The uploaded file is deleted, "
            "since it holds the record; the other records keep their results.",
            yes,
        )
        erased = work.record(row, ref, record, user)
    _forget_in_index(target, row)
    # From here on no search finds it, so that no export has it either.
    return erased.model_copy(update={"exports": kept.exports()})


def _forget_in_index(target: "Target", row: "UploadRow") -> None:
    """The index would follow by itself, but keep what it had for a day."""
    from winnow_cli.indexing import forget_in_index, has_index

    if has_index(target) and row.process:
        forget_in_index(target, row.process, row.upload_id)


def _row(uploads: "Uploads", work: "Forget", upload_id: str) -> "UploadRow":
    """The row of an upload; of one whose row has expired, what its results tell."""
    from winnow.errors import UploadUnknownError

    try:
        return work.completed(uploads.find(upload_id))
    except UploadUnknownError:
        whole = upload_id.lower()
        row = work.without_row(whole) if _WHOLE_ID.fullmatch(whole) else None
        if row is None:
            raise
        return row


def _kept_searches(target: "Target") -> "KeptSearches":
    from winnow.search.erasure import KeptSearches
    from winnow_aws.erasing import S3Eraser
    from winnow_aws.s3 import S3Store

    return KeptSearches(S3Store(target.s3()), S3Eraser(target.s3()), target.results_bucket)


def _forget(target: "Target", kept: "KeptSearches") -> "Forget":
    from winnow.registry.erasure import TrainingRows
    from winnow.reviews.forget import Forget
    from winnow_aws.erasing import S3Eraser, UploadsTable
    from winnow_aws.s3 import S3Store
    from winnow_aws.training_lease import LeaseTable
    from winnow_cli.models import models_if_any
    from winnow_cli.reviews import reviews_if_any

    reviews = reviews_if_any(target)
    models = models_if_any(target)
    rows = None
    if models is not None:
        rows = TrainingRows(
            models.registry,
            models.store,
            S3Eraser(target.s3()),
            models.bucket,
            LeaseTable(target.dynamodb(), target.output("ModelsTable")),
            time.time,
        )
    return Forget(
        S3Store(target.s3()),
        S3Eraser(target.s3()),
        UploadsTable(target.dynamodb(), target.table),
        reviews.store if reviews else None,
        target.results_bucket,
        time.time,
        reviews.files.write if reviews else lambda _upload, _process: None,
        rows,
        kept,
    )


def _confirm(question: str, yes: bool) -> None:
    if not yes:
        typer.confirm(question, abort=True, err=True)


def _tell(erased: "Erased") -> None:
    what = "upload" if erased.record is None else f"record {erased.record:,} of the upload"
    say(f"Erased: {what} {erased.upload}")
    for count, name in (
        (erased.uploaded, "of the uploaded file"),
        (erased.results, "of results"),
        (erased.runs, "of the run's intermediate objects"),
        (erased.shadow, "of what second stacks made of the upload"),
        (erased.pages, "of pictures of pages"),
        (erased.notes, "of notes and drafts"),
        (erased.searches, "of saved searches that held its case or words of it"),
        (erased.exports, "of exports of searches, whatever they held"),
    ):
        if count:
            say(f"  {count:,} {'version' if count == 1 else 'versions'} {name}")
    if erased.rows:
        say(f"  {erased.rows:,} training {'row' if erased.rows == 1 else 'rows'}")
    if erased.models:
        note(
            "These versions were trained on them, and cannot be trained again to the same: "
            f"{', '.join(sha256[:12] for sha256 in erased.models)}. Train the process again "
            "(`winnow retrain PROCESS`) and release what comes of it."
        )
    if erased.reviews:
        records = "record is" if erased.reviews == 1 else "records are"
        say(f"  {erased.reviews:,} {records} marked as erased (`winnow history` shows by whom)")
    if erased.decided:
        note(
            f"{erased.decided:,} of them had been decided by a person: files that were exported "
            "since then may hold them, and heads may have been trained with these. Neither can be "
            "recalled from here: delete the files, and train again without them."
        )
    if erased.others:
        note(
            "These uploads have the same key, and their files are kept. If they hold the person, "
            f"erase them, too: {', '.join(erased.others)}"
        )
    if erased.file_unknown:
        note(
            "The stack does not know which file this upload was, and has deleted none. If it is "
            "still in the uploads bucket, delete it by its key: every version of this person."
        )
    note(
        "The history of workflow executions keeps the file's key for 90 days, the dead-letter "
        "queues Undelivered and ReviewsUndelivered for up to 14 days, if an event of the upload "
        "is in them; backups of the tables hold no text."
    )
