"""`winnow evaluate`: how good a process is, against another version of it, and in live use."""

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from winnow.storage.file_names import name_of
from winnow_cli.console import clean, emit_json, note, say
from winnow_cli.options import (
    DEFAULT_MODEL,
    DEFAULT_PROCESSES,
    PROCESSES,
    AsJson,
    ModelDir,
    ProcessesDir,
    ProcessId,
    TextColumn,
    handle_errors,
)
from winnow_cli.render.csv_cells import safe_cell
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from winnow_train.measure import Comparison, Decisions, Evaluation, Part

MOST_CONFUSED = 8
"""Labels of which the confusion matrix is printed; that of more is in the page of --html."""


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=PROCESSES)(evaluate)


@handle_errors
def evaluate(
    process: ProcessId,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="F.csv", exists=True, dir_okay=False, help="Labelled records."
        ),
    ] = None,
    label_column: Annotated[
        str | None,
        typer.Option("--label-column", metavar="C", help="The column with what is right."),
    ] = None,
    text_column: TextColumn = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="OUT", dir_okay=False, writable=True, help="Write a page with plots."
        ),
    ] = None,
    mistakes: Annotated[
        Path | None,
        typer.Option(
            "--mistakes",
            metavar="OUT.csv",
            dir_okay=False,
            writable=True,
            help="Write the rows whose decision is wrong, the most confident first.",
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
    """Measure a process on labelled data; see whether runs still look like what was measured."""
    if data is None and not drift:
        raise typer.BadParameter("give --data F.csv, or --drift RESULT, or both")
    if data is not None and label_column is None:
        raise typer.BadParameter("--data needs --label-column")
    if data is None and mistakes is not None:
        raise typer.BadParameter("--mistakes needs --data")
    for option, out in (("--html", html), ("--mistakes", mistakes)):
        if out is not None and not out.parent.is_dir():
            raise typer.BadParameter(f"there is no folder {out.parent} to write {option} into")
        if out is not None and not os.access(out.parent, os.W_OK):
            raise typer.BadParameter(f"the folder {out.parent} takes no {option}: it is read-only")
    from winnow.processes.registry import ProcessRegistry

    book = ProcessRegistry.from_directory(processes)
    definition = book.find(process)
    document: dict[str, Any] = {"process": definition.info.model_dump()}
    drifts = _drifts(book.heads.get(definition.id), drift or [])
    if drifts:
        document["drift"] = drifts
    if data is None or label_column is None:
        emit_json(document) if as_json else _print_drift(drifts)
        return
    from winnow_encoder import load_encoder
    from winnow_train.baseline import other_version
    from winnow_train.data import left_out_note, read_labelled, unknown_labels_note
    from winnow_train.measure import compare
    from winnow_train.measure import evaluate as measure

    encoder = load_encoder(model)
    labelled = read_labelled(data, definition, label_column, text_column)
    if labelled.left_out:
        note(left_out_note(labelled))
    if labelled.foreign:
        note(unknown_labels_note(labelled, definition.id))
    file = book.files[definition.id]
    head = book.heads.get(definition.id)
    found, decisions = measure(definition, labelled, encoder, head, file, slices or [])
    other = comparison = None
    if against is not None:
        version = other_version(against, definition, file)
        rows = read_labelled(data, version.definition, label_column, text_column)
        other, others = measure(
            version.definition, rows, encoder, version.head, version.file, slices or []
        )
        comparison = compare(decisions, others)
    document["evaluation"] = _document(found)
    if other is not None and comparison is not None:
        document["against"] = _document(other)
        document["comparison"] = asdict(comparison)
    if html is not None:
        from winnow_train.html_report import page

        names = {}
        if definition.kind == "labels":
            names = {label.id: label.title for label in definition.labels if label.title}
        html.write_text(
            page(found, name_of(data), other, comparison, drifts, definition.title, names),
            encoding="utf-8",
            errors="replace",
        )
        note(f"Wrote {clean(str(html))}.")
    if mistakes is not None:
        count = _write_mistakes(mistakes, decisions)
        note(f"Wrote {clean(str(mistakes))}: {count:,} rows whose decision is wrong.")
    if as_json:
        emit_json(document)
        return
    _print(found, other, comparison)
    _print_drift(drifts)


def _write_mistakes(file: Path, decisions: "Decisions") -> int:
    """Writes the rows whose decision is wrong; how many there are."""
    wrong = [index for index, right in enumerate(decisions.right) if not right]
    wrong.sort(key=lambda index: -decisions.confidence[index])
    with file.open("w", encoding="utf-8", errors="replace", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("row", "label", "decision", "confidence", "because", "text"))
        for index in wrong:
            row = decisions.rows[index]
            confidence = round(float(decisions.confidence[index]), 4)
            because = ";".join(decisions.because[index])
            cells = (row.record, row.named, decisions.decided[index], confidence, because, row.text)
            writer.writerow([safe_cell(cell) for cell in cells])
    return len(wrong)


def _drifts(head: Any, results: Iterable[Path]) -> list[dict[str, Any]]:
    from pydantic import ValidationError

    from winnow.errors import FileUnreadableError, HeadMissingError
    from winnow.heads.drift import drift
    from winnow.models import Result

    found = []
    for path in results:
        try:
            result = Result.model_validate_json(path.read_bytes())
        except ValidationError:
            raise FileUnreadableError(f"{path.name} is no result.json of a run.") from None
        card = head.card() if head else None
        if card is None or card.profile is None:
            raise HeadMissingError("Drift is told against a trained head, and there is none.")
        told = drift(result.profile, card.profile) if result.profile else None
        found.append(
            {
                "upload": result.upload.upload_id,
                "records": result.counts.records,
                "head": result.head.version if result.head else None,
                "same_head": bool(result.head and result.head.version == card.info.version),
                "drift": told.model_dump() if told else None,
                "drifted": told.drifted if told else None,
            }
        )
    return found


def _document(found: "Evaluation") -> dict[str, Any]:
    told = asdict(found)
    told["curve"] = [
        {"threshold": t, "coverage": round(c, 4), "risk": round(r, 4)}
        for t, c, r in _thinned(found.curve)
    ]
    told["whole"]["coverage"] = found.whole.coverage
    told["slices"] = {name: some for name, some in told.pop("parts").items() if name}
    told["by_decision"] = [asdict(part) for part in found.parts[""]]
    return told


def _thinned(curve: Sequence[tuple[float, float, float]]) -> Sequence[tuple[float, float, float]]:
    """At most about 200 points."""
    return [*curve[:: max(1, len(curve) // 200)], curve[-1]] if curve else []


def _print(
    found: "Evaluation", other: "Evaluation | None", comparison: "Comparison | None"
) -> None:
    def figures(one: "Evaluation") -> list[str]:
        return [
            one.version,
            one.head or "none",
            f"{one.rows:,}",
            f"{one.accuracy:.4f}",
            f"{one.macro_f1:.4f}",
            f"{one.ece:.4f}" + ("" if one.calibration else " (not calibrated)"),
            f"{one.area_under_risk:.4f}",
            f"{one.threshold:g}",
            f"{one.whole.coverage:.1%}",
            _share(one.whole.precision),
            _share(one.whole.bound),
            f"{one.out_of_scope:,}",
            f"{one.foreign_recognised:,} of {one.foreign:,}" if one.foreign else "",
            f"{one.foreign_accepted:,}" if one.foreign else "",
        ]

    names = (
        "version",
        "head",
        "rows",
        "accuracy",
        "macro F1",
        "calibration error (ECE)",
        "area under risk-coverage",
        "threshold",
        "accepted",
        "right among the accepted",
        "at least, with 95% confidence",
        "wrongly called out of scope",
        "out of scope, recognised",
        "out of scope, accepted all the same",
    )
    sides = [found] if other is None else [found, other]
    columns = ["", found.process] + ([] if other is None else ["against"])
    lines = [
        list(row) for row in zip(names, *(figures(side) for side in sides), strict=True) if row[1]
    ]
    table(columns, lines)
    if comparison is not None:
        verdict = "a real difference" if comparison.p_value < 0.05 else "no proven difference"
        say(
            f"Only this version right: {comparison.only_first_right:,}; only the other: "
            f"{comparison.only_second_right:,}; McNemar p = {comparison.p_value:.2g}: {verdict}."
        )
    if found.held_out:
        note(
            f"{found.held_out:,} of {found.rows:,} rows were trained on: they count as a fold "
            "without them decided."
        )
    precision = {part.name: part for part in found.parts[""]}
    table(
        ("label", "rows", "precision", "recall", "F1", "accepted", "right of these"),
        [
            (
                each.label,
                f"{each.known:,}",
                _share(each.precision),
                _share(each.recall),
                f"{each.f1:.3f}",
                f"{precision[each.label].accepted:,}" if each.label in precision else "0",
                _share(precision[each.label].precision) if each.label in precision else "",
            )
            for each in found.by_label
        ],
        right=("rows", "precision", "recall", "F1", "accepted", "right of these"),
    )
    if len(found.labels) <= MOST_CONFUSED:
        table(
            ("labelled \\ decided", *found.labels),
            [
                (label, *(f"{count:,}" for count in counts))
                for label, counts in zip(found.labels, found.confusion, strict=True)
            ],
            right=found.labels,
        )
    for column, parts in found.parts.items():
        if column:
            print_parts(column, parts)


def print_parts(column: str, parts: "Sequence[Part]") -> None:
    """A table of slices."""
    table(
        (column, "rows", "accuracy", "accepted", "coverage", "right of these", "at least"),
        [
            (
                part.name,
                f"{part.rows:,}",
                f"{part.accuracy:.3f}",
                f"{part.accepted:,}",
                f"{part.coverage:.1%}",
                _share(part.precision),
                _share(part.bound),
            )
            for part in parts
        ],
        right=("rows", "accuracy", "accepted", "coverage", "right of these", "at least"),
    )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _print_drift(drifts: Sequence[dict[str, Any]]) -> None:
    if not drifts:
        return
    rows = []
    for each in drifts:
        told = each["drift"] or {}
        cells = []
        for name in ("scores", "decisions", "embeddings", "review"):
            part = told.get(name)
            mark = "" if not part else " DRIFT" if part["drifted"] else ""
            cells.append(
                f"{part['distance']:.3f} (limit {part['limit']:.3f}){mark}" if part else ""
            )
        rows.append((each["upload"][:12], f"{each['records']:,}", *cells))
    table(("upload", "records", "scores", "decisions", "embeddings", "review rate"), rows)
