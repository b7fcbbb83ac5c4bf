"""`winnow tune`: the lowest threshold that keeps a statistical guarantee."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from winnow_cli.console import emit_json, note
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
)


def register(app: typer.Typer) -> None:
    """Add `winnow tune` to the command line."""
    app.command(rich_help_panel=PROCESSES)(tune)


@handle_errors
def tune(
    process: ProcessId,
    data: LabelledFiles,
    label_column: LabelColumn = None,
    precision: Annotated[
        float,
        typer.Option(
            metavar="X", min=0.01, max=0.9999, help="Target precision of accepted decisions."
        ),
    ] = 0.95,
    confidence: Annotated[
        float,
        typer.Option(metavar="X", min=0.5, max=0.9999, help="Confidence level of the guarantee."),
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
            help="Allowed share of in-scope records rejected as out of scope.",
        ),
    ] = 0.02,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    processes: ProcessesDir = DEFAULT_PROCESSES,
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Find the lowest threshold whose accepted decisions reach a precision target."""
    from winnow.processes.registry import ProcessRegistry
    from winnow_cli.labelled import load_labelled
    from winnow_cli.render.tuning import explain_tuning, print_tuning
    from winnow_train.data import unknown_labels_note
    from winnow_train.tune import TuningGoal, write_guarantee
    from winnow_train.tune import tune as find_threshold

    registry = ProcessRegistry.from_directory(processes)
    definition = registry.find(process)
    file, head = registry.files[definition.id], registry.heads.get(definition.id)
    labelled, encoder, _ = load_labelled(definition, data, label_column, text_column, model)
    if labelled.unknown:
        note(unknown_labels_note(labelled, definition.id))
    target = TuningGoal(precision, confidence, scope_loss)
    report = find_threshold(definition, labelled, encoder, head, file, target, slices or [])
    written = report.selected.threshold is not None and not dry_run
    if written:
        write_guarantee(report, definition, head, file, datetime.now(UTC))
    explain_tuning(report)
    if as_json:
        emit_json(
            {
                "process": definition.info.model_dump(),
                **report.document(),
                "written": written,
            }
        )
    elif report.selected.threshold is not None:
        print_tuning(report)
        note(f"{'Written to' if written else 'Not written to'} {file.name}.")
    if report.selected.threshold is None:
        note(f"No threshold reaches this guarantee on {report.selected.rows:,} rows.")
        note(report.failure)
        raise typer.Exit(1)
