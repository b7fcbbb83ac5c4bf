"""`winnow train` and `winnow tune`: from labelled rows to confidence that people can rely on."""

import shlex
from dataclasses import asdict
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
    LabelledFile,
    ModelDir,
    ProcessesDir,
    ProcessId,
    TextColumn,
    handle_errors,
)


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=PROCESSES)(train)
    app.command(rich_help_panel=PROCESSES)(tune)


@handle_errors
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
    seed: Annotated[int, typer.Option(metavar="N", help="Of everything that is drawn by lot.")] = 0,
    processes: ProcessesDir = DEFAULT_PROCESSES,
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Train the head of a process on labelled rows, and calibrate it on held-out folds."""
    from winnow.errors import ProcessUnknownError
    from winnow.processes.loader import load_definition
    from winnow.processes.registry import ProcessRegistry
    from winnow_encoder import load_encoder
    from winnow_train.data import left_out_note, read_labelled
    from winnow_train.new_process import new_process
    from winnow_train.train import train as fit_head
    from winnow_train.train import write

    numeric = tuple(name.strip() for name in numeric_columns.split(",") if name.strip())
    if text_optional and not numeric:
        raise typer.BadParameter("--text-optional needs --numeric-columns")
    book = ProcessRegistry.from_directory(processes, with_heads=False)
    new: str | None = None
    try:
        definition = book.find(process)
    except ProcessUnknownError:
        if not create:
            raise
        new = new_process(
            process, data, label_column, None if text_optional else text_column, numeric
        )
        definition = load_definition(new, f"{process}.yaml")
    else:
        if numeric and set(numeric) != set(definition.input.numeric_columns):
            raise typer.BadParameter(
                "the process names its own numbers: set input.numeric_columns in its definition"
            )
    labelled = read_labelled(data, definition, label_column, text_column)
    if labelled.left_out:
        note(left_out_note(labelled))
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
    if new is None:
        file = book.files[definition.id]
    else:
        # Only now: data that cannot be learned from leave no process behind.
        file = processes / f"{definition.id}.yaml"
        file.write_text(new, encoding="utf-8")
        note(f"Wrote {file.name}.")
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
    found = card.metrics
    say(f"rows               {card.data.rows:,}, {len(card.labels)} labels, {found.folds} folds")
    say(f"accuracy           {found.accuracy:.4f}  (each row judged by a fold without it)")
    say(f"macro F1           {found.macro_f1:.4f}")
    say(f"calibration error  {found.ece_after:.4f}  (before calibration {found.ece_before:.4f})")
    say(
        f"head               {card.info.version}, {card.arrays_bytes / 1e3:,.0f} kB, {folder.name}/"
    )
    where = "" if processes == DEFAULT_PROCESSES else f"--processes {shlex.quote(str(processes))} "
    column = "" if text_column is None else f"--text-column {shlex.quote(text_column)} "
    note(
        "Next, on rows that it was not trained on:\n"
        f"  {command()} tune {where}--process {definition.id} --data F.csv {column}"
        f"--label-column {shlex.quote(label_column)} --precision 0.95"
    )


@handle_errors
def tune(
    process: ProcessId,
    data: LabelledFile,
    label_column: LabelColumn,
    precision: Annotated[
        float,
        typer.Option(
            metavar="X", min=0.01, max=0.9999, help="Least share of right decisions accepted."
        ),
    ] = 0.95,
    confidence: Annotated[
        float, typer.Option(metavar="X", min=0.5, max=0.9999, help="Confidence of the guarantee.")
    ] = 0.95,
    text_column: TextColumn = None,
    slices: Annotated[
        list[str] | None,
        typer.Option(
            "--slice", metavar="COL", help="Coverage by this column's values; repeatable."
        ),
    ] = None,
    scope_loss: Annotated[
        float,
        typer.Option(
            "--scope-loss",
            metavar="X",
            min=0.0,
            max=0.5,
            help="Share of good records that may be called out of scope.",
        ),
    ] = 0.02,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    processes: ProcessesDir = DEFAULT_PROCESSES,
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Find the lowest threshold whose accepted decisions reach a precision target."""
    import numpy as np

    from winnow.processes.registry import ProcessRegistry
    from winnow_cli.commands.evaluate import print_parts
    from winnow_encoder import load_encoder
    from winnow_train.data import (
        keys_of,
        labels_of,
        left_out_note,
        read_labelled,
        unknown_labels_note,
    )
    from winnow_train.guarantee import explain_failure, select_threshold
    from winnow_train.measure import decide, part_of, slices_of
    from winnow_train.scope import scope_threshold
    from winnow_train.tune import write_guarantee

    book = ProcessRegistry.from_directory(processes)
    definition = book.find(process)
    file, head = book.files[definition.id], book.heads.get(definition.id)
    encoder = load_encoder(model)
    labelled = read_labelled(data, definition, label_column, text_column)
    if labelled.left_out:
        note(left_out_note(labelled))
    if labelled.foreign:
        note(unknown_labels_note(labelled, definition.id))
    # A row of another label is one that no decision can be right about: it counts as wrong.
    decisions = decide(definition, labelled.rows, encoder, head, file)
    card = head.card() if head else None
    scope = card.scope if card else None
    if scope is not None:
        inside = np.array([row.label is not None for row in labelled.rows])
        limit = scope_threshold(decisions.novelty[inside], scope_loss, confidence)
        if limit is None:
            note(f"Too few rows to show that at most {scope_loss:g} of the good ones are lost.")
        else:
            scope = scope.model_copy(update={"threshold": limit})
            decisions = decisions.with_scope(limit)
    right = decisions.right
    records = None
    if definition.input.text_columns:
        records = keys_of(decisions.rows, definition.input.numeric_columns)
        if copies := len(records) - len(set(records.tolist())):
            note(f"{copies:,} rows repeat another: as evidence each record counts once.")
    found = select_threshold(decisions.acceptable, right, precision, confidence, records)
    accepted = (
        decisions.acceptable >= found.threshold
        if found.threshold is not None
        else np.zeros(len(right), bool)
    )
    names = np.array(decisions.decided)
    by_label = [
        part_of(label, names == label, right, accepted)
        for label in labels_of(definition)
        if (names == label).any()
    ]
    by_slice = {
        column: slices_of(decisions.rows, column, right, accepted) for column in slices or []
    }
    foreign = np.array([row.label is None for row in labelled.rows])
    written = found.threshold is not None and not dry_run
    if written:
        write_guarantee(
            file,
            definition.id,
            card,
            found,
            labelled,
            held_out=not decisions.held_out,
            scope=scope,
            now=datetime.now(UTC),
        )
    if as_json:
        emit_json(
            {
                "process": definition.info.model_dump(),
                "kept": found.threshold is not None,
                "precision": precision,
                "confidence": confidence,
                "threshold": found.threshold,
                "rows": found.rows,
                "accepted": found.accepted,
                "right": found.right,
                "coverage": found.coverage,
                "rows_wanted": found.rows_wanted,
                "held_out": not decisions.held_out,
                "written": written,
                "scope_threshold": scope.threshold if scope else None,
                "foreign": int(foreign.sum()),
                "foreign_recognised": int((foreign & decisions.out_of_scope).sum()),
                "labels": [{**asdict(part), "coverage": part.coverage} for part in by_label],
                "slices": {
                    column: [{**asdict(part), "coverage": part.coverage} for part in parts]
                    for column, parts in by_slice.items()
                },
            }
        )
    elif found.threshold is not None:
        say(
            f"threshold {found.threshold:g}: with {confidence:.0%} confidence at least "
            f"{precision:.0%} of what is accepted is right"
        )
        say(
            f"coverage {found.coverage:.1%}: {found.accepted:,} of {found.rows:,} rows accepted, "
            f"{found.right:,} of them right ({found.right / max(1, found.accepted):.2%})"
        )
        if foreign.any():
            seen = int((foreign & decisions.out_of_scope).sum())
            say(f"out of scope: {seen:,} of {int(foreign.sum()):,} such rows recognised")
        print_parts("label", by_label)
        for column, parts in by_slice.items():
            print_parts(column, parts)
        note(f"{'Written to' if written else 'Not written to'} {file.name}.")
    if decisions.held_out:
        note(
            f"{decisions.held_out:,} of {found.rows:,} rows were trained on. They count as a fold "
            "without them decided; for the full guarantee, tune on rows that nobody trained on."
        )
    if found.threshold is None:
        note(f"No threshold reaches this guarantee on {found.rows:,} rows.")
        note(explain_failure(found, decisions.acceptable, right))
        raise typer.Exit(1)
