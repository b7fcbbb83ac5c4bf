"""`winnow retrain`: a challenger from what people decided, measured against the champion."""

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.commands.model_versions import Process
from winnow_cli.console import clean, emit_json, note
from winnow_cli.options import (
    DEFAULT_MODEL,
    PROCESSES,
    AsJson,
    ModelDir,
    StackName,
    handle_errors,
    require_folder,
)

if TYPE_CHECKING:
    from winnow_cli.target import Target
    from winnow_train.retrain import TrainingReport

WORKERS = 2


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=PROCESSES)(retrain)


@handle_errors
def retrain(
    process: Process,
    min_reviews: Annotated[
        int,
        typer.Option(
            "--min-reviews", metavar="N", min=1, help="Do not train with fewer reviews than this."
        ),
    ] = 50,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="OUT",
            dir_okay=False,
            writable=True,
            help="Write the evaluation as a page, whatever comes of the training.",
        ),
    ] = None,
    model: ModelDir = DEFAULT_MODEL,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Train a process again with what people decided, and compare it with the champion.

    It is trained on this machine. A fifth of the reviewed texts is held out, and both versions
    are measured on these. One that is better is published as challenger, and decides nothing
    before it is released. If nothing is better, nothing changes; that is no error. Whatever
    comes of it is also sent by e-mail.
    """
    from winnow_cli.models import open_models
    from winnow_cli.render.retraining import print_training
    from winnow_cli.retraining import telling, training_stack
    from winnow_cli.target import aws_errors, find_target
    from winnow_train.training_set import Options
    from winnow_train.trainings import train_and_tell

    require_folder("--html", html)
    target = find_target(stack)
    with aws_errors(target):
        models = open_models(target)
        entry = models.entry(process)
        report = train_and_tell(
            entry.process,
            training_stack(target, models, model),
            telling(target),
            models.who().by,
            run=uuid.uuid4().hex,
            options=Options(min_reviews=min_reviews),
            workers=WORKERS,
            report=lambda line: note(clean(line)),
            page=lambda content: _write(html, content),
        )
    if as_json:
        emit_json(report.model_dump(mode="json"))
        return
    print_training(report)
    _say_next(report, target)


def _write(html: Path | None, content: bytes) -> None:
    if html is not None:
        html.write_bytes(content)
        note(f"Wrote {clean(str(html))}.")


def _say_next(report: "TrainingReport", target: "Target") -> None:
    if report.published:
        note(
            "It is the challenger, and judges nothing yet. To let it judge beside the champion: "
            f"`{target.hint(f'release shadow {report.process}')}`."
        )
    else:
        note("Nothing was published, and nothing changed.")
