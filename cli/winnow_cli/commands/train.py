"""`winnow train`: from labelled rows to a trained head with a calibrated confidence."""

import shlex
from datetime import UTC, datetime
from typing import Annotated

import typer

from winnow_cli.console import command, emit_json, note, say
from winnow_cli.options import (
    DEFAULT_MODEL,
    DEFAULT_PROCESSES,
    PROCESSES,
    AsJson,
    LabelColumn,
    LabelledFiles,
    ModelDir,
    ProcessesDir,
    ProcessId,
    TextColumn,
    handle_errors,
    label_column_of,
)


def register(app: typer.Typer) -> None:
    """Add `winnow train` to the command line."""
    app.command(rich_help_panel=PROCESSES)(train)


@handle_errors
def train(
    process: ProcessId,
    data: LabelledFiles,
    label_column: LabelColumn = None,
    text_column: TextColumn = None,
    numeric_columns: Annotated[
        str,
        typer.Option(
            "--numeric-columns",
            metavar="A,B,..",
            help="With --create: numeric columns; default: the process's.",
        ),
    ] = "",
    text_optional: Annotated[
        bool,
        typer.Option("--text-optional", help="With --create: use numeric columns only."),
    ] = False,
    create: Annotated[
        bool,
        typer.Option(
            "--create", help="Create the process from the labels in the data if it does not exist."
        ),
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed.")] = 0,
    processes: ProcessesDir = DEFAULT_PROCESSES,
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Train the head of a process on labelled rows, and calibrate it on held-out folds.

    The new head replaces the one before: give all its rows, each file with a --data of its own.
    """
    from winnow.errors import ProcessUnknownError
    from winnow.processes.loader import load_definition
    from winnow.processes.registry import ProcessRegistry
    from winnow_encoder import load_encoder
    from winnow_train.data import left_out_note, read_labelled_files
    from winnow_train.new_process import new_process
    from winnow_train.train import rows_of_head, write
    from winnow_train.train import train as fit_head

    label = label_column_of(data, label_column)
    numeric = tuple(name.strip() for name in numeric_columns.split(",") if name.strip())
    if text_optional and not numeric:
        raise typer.BadParameter("--text-optional needs --numeric-columns")
    registry = ProcessRegistry.from_directory(processes, with_heads=False)
    new: str | None = None
    try:
        definition = registry.find(process)
    except ProcessUnknownError:
        if not create:
            raise
        new = new_process(process, data, label, None if text_optional else text_column, numeric)
        definition = load_definition(new, f"{process}.yaml")
    else:
        if numeric and set(numeric) != set(definition.input.numeric_columns):
            raise typer.BadParameter(
                "the process names its own numbers: set input.numeric_columns in its definition"
            )
    labelled = read_labelled_files(data, definition, label, text_column)
    if labelled.left_out:
        note(left_out_note(labelled))
    fitted = fit_head(
        definition,
        labelled,
        load_encoder(model),
        label_column=label,
        text_column=text_column or next(iter(definition.input.text_columns), None),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        report=note,
    )
    if new is None:
        file = registry.files[definition.id]
    else:
        # Only now: if training fails, no process is written.
        file = processes / f"{definition.id}.yaml"
        file.write_text(new, encoding="utf-8")
        note(f"Wrote {file.name}.")
    if (before := rows_of_head(file, definition.id)) > fitted.card.data.rows:
        note(
            f"The head that this one replaces was trained on {before:,} rows. A head knows the "
            "rows of its --data alone."
        )
    folder = write(fitted, file, definition.id)
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
    metrics = card.metrics
    say(f"rows               {card.data.rows:,}, {len(card.labels)} labels, {metrics.folds} folds")
    say(f"accuracy           {metrics.accuracy:.4f}  (each row judged by a fold without it)")
    say(f"macro F1           {metrics.macro_f1:.4f}")
    say(
        f"calibration error  {metrics.ece_after:.4f}  (before calibration {metrics.ece_before:.4f})"
    )
    say(
        f"head               {card.info.version}, {card.arrays_bytes / 1e3:,.0f} kB, {folder.name}/"
    )
    where = "" if processes == DEFAULT_PROCESSES else f"--processes {shlex.quote(str(processes))} "
    column = "" if text_column is None else f"--text-column {shlex.quote(text_column)} "
    note(
        "Next, on rows that it was not trained on:\n"
        f"  {command()} tune {where}--process {definition.id} --data F.csv {column}"
        f"--label-column {shlex.quote(label)} --precision 0.95"
    )
