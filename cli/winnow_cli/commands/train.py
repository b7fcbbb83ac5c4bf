"""`winnow train`: from labelled rows to a trained head with a calibrated confidence."""

import shlex
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.console import clean, command, emit_json, note, say
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

if TYPE_CHECKING:
    from winnow_train.gain import CriteriaGain


def register(app: typer.Typer) -> None:
    """Add `winnow train` to the command line."""
    app.command(rich_help_panel=PROCESSES)(train)


UNKNOWN = (
    "Check the name; --create makes the process of the labels in the data; --processes takes "
    "another folder of definitions."
)


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
    id_column: Annotated[
        str | None,
        typer.Option(
            "--id-column",
            metavar="C",
            help="With --create: column with the record's own id; default: one that is called an "
            "id and has another value in each row.",
        ),
    ] = None,
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
    seed: Annotated[int, typer.Option(metavar="N", min=0, max=2**32 - 1, help="Random seed.")] = 0,
    processes: ProcessesDir = DEFAULT_PROCESSES,
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Train the head of a process on labelled records, and calibrate it on held-out folds.

    The new head replaces the one before: give all its rows, each file with a --data of its own.
    """
    from winnow.errors import ProcessUnknownError
    from winnow.processes.loader import load_definition
    from winnow.processes.registry import ProcessRegistry
    from winnow_cli.labelled import load_labelled, require_tables
    from winnow_train.new_process import new_process
    from winnow_train.train import rows_of_head, write
    from winnow_train.train import train as fit_head

    numeric = tuple(name.strip() for name in numeric_columns.split(",") if name.strip())
    if text_optional and not numeric:
        raise typer.BadParameter("--text-optional needs --numeric-columns")
    if create and not any(processes.glob("*.y*ml")):
        registry = ProcessRegistry(())
    else:
        registry = ProcessRegistry.from_directory(processes, with_heads=False)
    new: str | None = None
    try:
        definition = registry.find(process)
    except ProcessUnknownError as error:
        if not create:
            raise ProcessUnknownError(error.message, hint=UNKNOWN) from None
        require_tables(data)
        label_column = label_column_of(data, label_column)
        text = None if text_optional else text_column
        new = new_process(process, data, label_column, text, numeric, id_column)
        definition = load_definition(new, f"{process}.yaml")
    else:
        if numeric and set(numeric) != set(definition.input.numeric_columns):
            raise typer.BadParameter(
                "the process names its own numbers: set input.numeric_columns in its definition"
            )
    labelled = load_labelled(definition, data, label_column, text_column, model)
    label, text = labelled.label_column, next(iter(definition.input.text_columns), None)
    fitted = fit_head(
        definition,
        labelled.data,
        labelled.encoder,
        label_column=label,
        text_column=text_column or text,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        report=note,
    )
    if new is None:
        file = registry.files[definition.id]
    else:
        # Only now: if training fails, no process is written.
        processes.mkdir(parents=True, exist_ok=True)
        file = processes / f"{definition.id}.yaml"
        file.write_text(new, encoding="utf-8")
        ids = definition.input.id_columns
        note(f"Wrote {file.name}; a record's id is its column {clean(' or '.join(ids))}.")
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
                "left_out": labelled.data.left_out,
                "bytes": card.arrays_bytes,
                "metrics": card.metrics.model_dump(),
                **({"gain": asdict(fitted.gain)} if fitted.gain else {}),
            }
        )
        return
    metrics = card.metrics
    say(f"rows               {card.data.rows:,}, {len(card.labels)} labels, {metrics.folds} folds")
    if fitted.gain is None:
        say(f"accuracy           {metrics.accuracy:.4f}  (each row judged by a fold without it)")
        say(f"macro F1           {metrics.macro_f1:.4f}")
        say(
            f"calibration error  {metrics.ece_after:.4f}  "
            f"(before calibration {metrics.ece_before:.4f})"
        )
    else:
        _say_gain(fitted.gain, metrics.macro_f1)
    say(
        f"head               {card.info.version}, {card.arrays_bytes / 1e3:,.0f} kB, {folder.name}/"
    )
    where = "" if processes == DEFAULT_PROCESSES else f"--processes {shlex.quote(str(processes))} "
    column = "" if text_column is None else f"--text-column {shlex.quote(text_column)} "
    if fitted.gain is not None:
        wrong = f"{command()} evaluate {where}--process {definition.id} --data F.csv {column}"
        note(
            "Training changes the confidence alone. More right decisions come of better criteria: "
            "what each got wrong, and why, says\n"
            f"  {wrong}--label-column {shlex.quote(label)}\n"
            "A confidence that tells right from wrong better comes of more labelled rows here. "
            "Which decisions are accepted is the threshold's."
        )
    columns = "" if definition.of_pictures else f"{column}--label-column {shlex.quote(label)} "
    other = "FOLDER" if definition.of_pictures else "F.csv"
    note(
        "Next, on rows that it was not trained on:\n"
        f"  {command()} tune {where}--process {definition.id} --data {other} {columns}"
        "--precision 0.95"
    )


def _say_gain(gain: "CriteriaGain", macro_f1: float) -> None:
    """Which figures are the logic's, and which the confidence's."""
    after, before = gain.after, gain.before
    right = ["none" if side.right is None else f"{side.right:.3f}" for side in (after, before)]
    left = f", {gain.undetermined:,} left undetermined" if gain.undetermined else ""
    say("the criteria and their logic decide; training changes none of these:")
    say(f"  right decisions    {gain.accuracy:.4f}{left}")
    say(f"  macro F1           {macro_f1:.4f}")
    say("the confidence, trained (each row's by a fold without it) and untrained:")
    say(f"  calibration error  {after.ece:.4f}  was {before.ece:.4f}")
    say(f"  accepted at {gain.threshold:<6g} {after.accepted:>6.1%}  was {before.accepted:.1%}")
    say(f"  right of these     {right[0]:>6}  was {right[1]}")
