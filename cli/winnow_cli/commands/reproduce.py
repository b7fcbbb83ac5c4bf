"""`winnow reproduce`: trains a version again, and says whether it is the same."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.commands.model_versions import VERSION_HELP, Process
from winnow_cli.console import clean, emit_json, note, say
from winnow_cli.options import (
    DEFAULT_MODEL,
    PROCESSES,
    AsJson,
    ModelDir,
    StackName,
    handle_errors,
)

if TYPE_CHECKING:
    from winnow.registry.models import ModelVersion
    from winnow_cli.models import StackModels
    from winnow_train.reproduce import Reproduction


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=PROCESSES)(reproduce)


@handle_errors
def reproduce(
    process: Process,
    version: Annotated[str, typer.Argument(metavar="VERSION", help=VERSION_HELP)] = "champion",
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            metavar="F",
            exists=True,
            help="A file that its head was trained on, or a folder of pictures, if the stack has "
            "not kept the rows; repeatable.",
        ),
    ] = None,
    model: ModelDir = DEFAULT_MODEL,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Train a version again from the rows that it was trained on: is it the same?

    On one machine it is the same bit for bit. On another one the greatest difference of an array
    is shown, and how many decisions on its rows differ. The version remembers whether it was the
    same. If rows were erased (`winnow forget`) it cannot be trained again. Exit code 1 if it is
    not the same.
    """
    from winnow_cli.models import open_models
    from winnow_cli.target import aws_errors, find_target

    target = find_target(stack)
    with aws_errors(target):
        models = open_models(target)
        found = models.version(models.entry(process), version)
        again = _reproduced(models, found, data or [], model)
        models.registry.mark_reproducible(found.process, found.sha256, again.same)
    if as_json:
        emit_json(
            {
                "process": found.process,
                "version": found.sha256,
                **again.model_dump(mode="json"),
            }
        )
    else:
        say(clean(again.sentence))
        for name, difference in again.arrays.items():
            say(f"  {clean(name)}: {difference:.3g} at most")
    if not again.same:
        raise typer.Exit(1)


def _reproduced(
    models: "StackModels", version: "ModelVersion", data: list[Path], model: Path
) -> "Reproduction":
    from winnow.errors import NotReproducibleError
    from winnow.heads.card import ARRAYS, CARD, TRAINING, HeadFiles
    from winnow.registry.runs import load_definition_of
    from winnow.registry.verified import read_verified
    from winnow_cli.encoders import encoder_for
    from winnow_cli.kept_rows import LABEL_COLUMN, as_labelled, labelled_for, read_rows
    from winnow_train.reproduce import reproduce as trained_again
    from winnow_train.reproduce import reproduce_from_file

    if version.head_sha256 is None:
        raise NotReproducibleError(
            f"{version.process} {version.short} has no trained head: its definition is all of it.",
            hint="`winnow model diff` shows whether two definitions are the same.",
        )
    definition = load_definition_of(version, models.store)
    head = HeadFiles.of(
        read_verified(models.store, version, CARD), read_verified(models.store, version, ARRAYS)
    )
    training = None
    if version.file(TRAINING) is not None:
        training = read_verified(models.store, version, TRAINING)
    card, encoder = head.card(), encoder_for(definition, model)
    if data:
        labelled = labelled_for(data, definition, card, model)
        return reproduce_from_file(definition, head, training, labelled, encoder, note)
    rows = read_rows(models.store, version)
    manifest = version.data
    assert manifest is not None  # There were rows.
    if LABEL_COLUMN in manifest.options:
        labelled = as_labelled(rows, card)
        return reproduce_from_file(definition, head, training, labelled, encoder, note)
    return trained_again(definition, head, training, manifest, rows, encoder, report=note)
