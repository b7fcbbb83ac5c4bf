"""`winnow evaluate`: how good a process is, against another version of it, and in live use."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from winnow_cli.console import clean, emit_json, note
from winnow_cli.options import (
    DEFAULT_MODEL,
    DEFAULT_PROCESSES,
    PROCESSES,
    AsJson,
    LabelColumn,
    ModelDir,
    ProcessesDir,
    ProcessId,
    TextColumn,
    handle_errors,
    require_folder,
)


def register(app: typer.Typer) -> None:
    """Add `winnow evaluate` to the command line."""
    app.command(rich_help_panel=PROCESSES)(evaluate)


@handle_errors
def evaluate(
    process: ProcessId,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            metavar="F.csv",
            exists=True,
            help="Table of labelled records; for pictures a folder of one folder a label, a ZIP "
            "of it, or a table of files; repeatable.",
        ),
    ] = None,
    label_column: LabelColumn = None,
    text_column: TextColumn = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="OUT",
            dir_okay=False,
            writable=True,
            help="Write a page with plots and all mistakes.",
        ),
    ] = None,
    mistakes: Annotated[
        Path | None,
        typer.Option(
            "--mistakes",
            metavar="OUT.csv",
            dir_okay=False,
            writable=True,
            help="Write the rows whose decision is wrong, the worst first, each with its cause.",
        ),
    ] = None,
    slices: Annotated[
        list[str] | None,
        typer.Option("--slice", metavar="COL", help="Figures by this column's values; repeatable."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="VERSION|FILE",
            help="Another version: a process file, a version in this checkout's Git history, or "
            "`untrained` (this one without its head).",
        ),
    ] = None,
    drift: Annotated[
        list[Path] | None,
        typer.Option(
            "--drift",
            metavar="RESULT",
            exists=True,
            dir_okay=False,
            help="A run's result.json to compare with the training rows; repeatable.",
        ),
    ] = None,
    processes: ProcessesDir = DEFAULT_PROCESSES,
    model: ModelDir = DEFAULT_MODEL,
    as_json: AsJson = False,
) -> None:
    """Measure a process on labelled data; check runs for drift from the training data.

    The mistakes are shown first: text, the criterion that caused it, and its evidence.
    """
    _check(data, drift, {"--html": html, "--mistakes": mistakes})
    from winnow.processes.registry import ProcessRegistry
    from winnow_cli.render.evaluation import print_drift, print_evaluation
    from winnow_cli.render.mistakes import (
        print_caps,
        print_criteria,
        print_mistakes,
        write_mistakes,
    )

    registry = ProcessRegistry.from_directory(processes)
    definition = registry.find(process)
    document: dict[str, Any] = {"process": definition.info.model_dump()}
    runs = _drifts(registry.heads.get(definition.id), drift or [])
    if runs:
        document["drift"] = runs
    if not data:
        emit_json(document) if as_json else print_drift(runs)
        return
    from winnow_cli.labelled import load_labelled
    from winnow_train.baseline import other_version
    from winnow_train.caps import CapMetrics, cap_metrics
    from winnow_train.data import unknown_labels_note
    from winnow_train.measure import compare
    from winnow_train.measure import evaluate as measure
    from winnow_train.mistakes import CriterionMetrics, criterion_metrics, mistakes_of

    labelled, encoder, _ = load_labelled(definition, data, label_column, text_column, model)
    if labelled.unknown:
        note(unknown_labels_note(labelled, definition.id))
    file, head = registry.files[definition.id], registry.heads.get(definition.id)
    evaluation, decisions = measure(definition, labelled, encoder, head, file, slices or [])
    document["evaluation"] = evaluation.document()
    wrong = mistakes_of(definition, decisions)
    criteria: list[CriterionMetrics] = []
    caps: list[CapMetrics] = []
    if definition.kind == "criteria":
        criteria = criterion_metrics(definition, decisions, wrong)
        caps = cap_metrics(definition, decisions, head.card() if head else None)
        document["criteria"] = [asdict(metric) for metric in criteria]
        document["held_back"] = [asdict(cap) for cap in caps]
    document["mistakes"] = [mistake.document() for mistake in wrong]
    other = comparison = None
    if against is not None:
        version = other_version(against, definition, file)
        rows = load_labelled(version.definition, data, label_column, text_column, model).data
        other, other_decisions = measure(
            version.definition,
            rows,
            encoder,
            version.head,
            version.file,
            slices or [],
            version.training,
        )
        comparison = compare(decisions, other_decisions)
        document["against"] = other.document()
        document["comparison"] = asdict(comparison)
    if html is not None:
        from winnow_train.html_report import page

        names = {}
        if definition.kind == "labels":
            names = {label.id: label.title for label in definition.labels if label.title}
        html.write_text(
            page(
                evaluation,
                labelled.file,
                other,
                comparison,
                runs,
                definition.title,
                names,
                mistakes=wrong,
                criteria=criteria,
            ),
            encoding="utf-8",
            errors="replace",
        )
        note(f"Wrote {clean(str(html))}.")
    if mistakes is not None:
        write_mistakes(mistakes, wrong)
        note(f"Wrote {clean(str(mistakes))}: {len(wrong):,} rows whose decision is wrong.")
    if as_json:
        emit_json(document)
        return
    print_mistakes(wrong, evaluation.rows)
    print_evaluation(evaluation, other, comparison)
    print_criteria(criteria)
    print_caps(caps)
    print_drift(runs)


def _check(
    data: list[Path] | None,
    drift: list[Path] | None,
    outputs: Mapping[str, Path | None],
) -> None:
    """Reject options that do not go together, before anything is loaded."""
    if not data and not drift:
        raise typer.BadParameter("give --data F.csv, or --drift RESULT, or both")
    if not data and outputs["--mistakes"] is not None:
        raise typer.BadParameter("--mistakes needs --data")
    for option, out in outputs.items():
        require_folder(option, out)


def _drifts(head: Any, results: Iterable[Path]) -> list[dict[str, Any]]:
    from pydantic import ValidationError

    from winnow.errors import FileUnreadableError, HeadMissingError
    from winnow.heads.drift import drift
    from winnow.models import Result

    runs = []
    for path in results:
        try:
            result = Result.model_validate_json(path.read_bytes())
        except ValidationError:
            raise FileUnreadableError(f"{path.name} is not the result.json of a run.") from None
        card = head.card() if head else None
        if card is None or card.profile is None:
            raise HeadMissingError(
                "Drift is measured against a trained head. This process has none."
            )
        differences = drift(result.profile, card.profile) if result.profile else None
        runs.append(
            {
                "upload": result.upload.upload_id,
                "records": result.counts.records,
                "head": result.head.version if result.head else None,
                "same_head": bool(result.head and result.head.version == card.info.version),
                "drift": differences.model_dump() if differences else None,
                "drifted": differences.drifted if differences else None,
            }
        )
    return runs
