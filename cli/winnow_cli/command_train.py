"""`winnow train` and `winnow tune`: from labelled rows to confidence that people can rely on."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from winnow_cli.console import emit_json, note, say
from winnow_cli.options import (
    DEFAULT_MODEL,
    DEFAULT_PROCESSES,
    AsJson,
    LabelColumn,
    LabelledFile,
    ModelDir,
    ProcessesDir,
    ProcessId,
    TextColumn,
    guarded,
)


def register(app: typer.Typer) -> None:
    app.command()(train)


@guarded
def train(
    process: ProcessId,
    data: LabelledFile,
    label_column: LabelColumn,
    text_column: TextColumn = None,
    numeric_columns: Annotated[
        str,
        typer.Option(
            "--numeric-columns",
            metavar="A,B,..",
            help="With --create: columns to take numbers from (else the process's own).",
        ),
    ] = "",
    text_optional: Annotated[
        bool,
        typer.Option("--text-optional", help="With --create: the numbers alone, no text."),
    ] = False,
    create: Annotated[
        bool,
        typer.Option("--create", help="Write a process of the data's labels where there is none."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn by lot.")] = 0,
    processes: ProcessesDir = DEFAULT_PROCESSES,
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Train the head of a process on labelled rows, and calibrate it on held-out folds."""
    from winnow.errors import ProcessUnknownError
    from winnow.process import ProcessBook
    from winnow_train.create import create_process
    from winnow_train.data import read_labelled
    from winnow_train.train import train as fit_head
    from winnow_train.train import write
    from winnow_use import load_encoder

    numeric = tuple(name.strip() for name in numeric_columns.split(",") if name.strip())
    if text_optional and not numeric:
        raise typer.BadParameter("--text-optional needs --numeric-columns")
    book = ProcessBook.from_directory(processes)
    try:
        definition = book.find(process)
    except ProcessUnknownError:
        if not create:
            raise
        file = create_process(
            processes, process, data, label_column, None if text_optional else text_column, numeric
        )
        note(f"Wrote {file.name}.")
        book = ProcessBook.from_directory(processes)
        definition = book.find(process)
    else:
        if numeric and set(numeric) != set(definition.input.numeric_columns):
            raise typer.BadParameter(
                "the process names its own numbers: set input.numeric_columns in its definition"
            )
    labelled = read_labelled(data, definition, label_column, text_column)
    if labelled.left_out:
        note(f"{labelled.left_out:,} rows lack a text, a label or a number and are left out.")
    fitted = fit_head(
        definition,
        labelled,
        load_encoder(model),
        label_column=label_column,
        text_column=text_column or next(iter(definition.input.text_columns), None),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        report=note,
    )
    folder = write(fitted, book.files[definition.id], definition.id)
    card = fitted.card
    if as_json:
        emit_json(
            {
                "process": definition.info.model_dump(),
                "head": card.info.model_dump(),
                "folder": folder.name,
                "rows": card.data.rows,
                "left_out": labelled.left_out,
                "bytes": card.arrays_bytes,
                "metrics": card.metrics.model_dump(),
            }
        )
        return
    found = card.metrics
    say(f"rows               {card.data.rows:,}, {len(card.labels)} labels, {found.folds} folds")
    say(f"accuracy           {found.accuracy:.4f}  (each row judged by a fold without it)")
    say(f"macro F1           {found.macro_f1:.4f}")
    say(f"calibration error  {found.ece_after:.4f}  (before calibration {found.ece_before:.4f})")
    say(f"head               {card.info.version}, {card.arrays_bytes / 1e6:.1f} MB, {folder.name}/")
    note(f"Next: winnow tune --process {definition.id} --data F.csv --precision 0.95")
