"""An evaluation, a comparison of two versions, and drift, on a terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from winnow_cli.console import note, say
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from winnow_train.measure import Comparison, Evaluation, SliceMetrics

SIGNIFICANT = 0.05
MAX_CONFUSED = 8
"""Labels of which the confusion matrix is printed; that of more is in the page of --html."""


def print_evaluation(
    evaluation: "Evaluation",
    other: "Evaluation | None" = None,
    comparison: "Comparison | None" = None,
) -> None:
    """The figures by label and by slice, next to those of another version if one is given."""
    _print_figures(evaluation, other)
    if comparison is not None:
        _print_comparison(comparison)
    if evaluation.held_out:
        note(
            f"{evaluation.held_out:,} of {evaluation.rows:,} rows were trained on: they count as a "
            "fold without them decided."
        )
    for side, words in ((evaluation, "this version"), (other, "the other version")):
        if side is not None and side.near_copies:
            note(
                f"{side.near_copies:,} rows were left out: they are near copies of rows that "
                f"{words} was trained on."
            )
    for line in evaluation.notes:
        note(line)
    for line in other.notes if other is not None else ():
        note(f"The other version: {line}")
    _print_labels(evaluation)
    if len(evaluation.labels) <= MAX_CONFUSED:
        _print_confusion(evaluation)
    for column, parts in evaluation.parts.items():
        if column:
            print_slices(column, parts)


def _print_figures(evaluation: "Evaluation", other: "Evaluation | None") -> None:
    sides = [evaluation] if other is None else [evaluation, other]
    columns = ["", evaluation.process] + ([] if other is None else ["against"])
    figures = [_figures(side) for side in sides]
    table(
        columns,
        [[name, *(side[name] for side in figures)] for name in figures[0] if figures[0][name]],
    )


def _figures(evaluation: "Evaluation") -> Mapping[str, str]:
    calibrated = "" if evaluation.calibration else " (not calibrated)"
    unknown = f"{evaluation.unknown_recognised:,} of {evaluation.unknown:,}"
    return {
        "version": evaluation.version,
        "head": evaluation.head or "none",
        "rows": f"{evaluation.rows:,}",
        "accuracy": f"{evaluation.accuracy:.4f}",
        "macro F1": f"{evaluation.macro_f1:.4f}",
        "calibration error (ECE)": f"{evaluation.ece:.4f}{calibrated}",
        "area under risk-coverage": f"{evaluation.area_under_risk:.4f}",
        "threshold": f"{evaluation.threshold:g}",
        "accepted": f"{evaluation.whole.coverage:.1%}",
        "right among the accepted": _share(evaluation.whole.precision),
        "at least, with 95% confidence": _share(evaluation.whole.bound),
        "wrongly called out of scope": f"{evaluation.out_of_scope:,}",
        "unknown labels called out of scope": unknown if evaluation.unknown else "",
        "unknown labels accepted by mistake": (
            f"{evaluation.unknown_accepted:,}" if evaluation.unknown else ""
        ),
    }


def _print_comparison(comparison: "Comparison") -> None:
    significant = comparison.p_value < SIGNIFICANT
    verdict = "a real difference" if significant else "no proven difference"
    say(
        f"Only this version right: {comparison.only_first_right:,}; only the other: "
        f"{comparison.only_second_right:,}; McNemar p = {comparison.p_value:.2g}: {verdict}."
    )


def _print_labels(evaluation: "Evaluation") -> None:
    decided = {part.name: part for part in evaluation.parts[""]}
    table(
        ("label", "rows", "precision", "recall", "F1", "accepted", "right of these"),
        [
            (
                metric.label,
                f"{metric.known:,}",
                _share(metric.precision),
                _share(metric.recall),
                f"{metric.f1:.3f}",
                f"{decided[metric.label].accepted:,}" if metric.label in decided else "0",
                _share(decided[metric.label].precision) if metric.label in decided else "",
            )
            for metric in evaluation.by_label
        ],
        right=("rows", "precision", "recall", "F1", "accepted", "right of these"),
    )


def _print_confusion(evaluation: "Evaluation") -> None:
    table(
        ("labelled \\ decided", *evaluation.labels),
        [
            (label, *(f"{count:,}" for count in counts))
            for label, counts in zip(evaluation.labels, evaluation.confusion, strict=True)
        ],
        right=evaluation.labels,
    )


def print_slices(column: str, parts: "Sequence[SliceMetrics]") -> None:
    """A table of the values of a column."""
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


def print_drift(runs: Sequence[Mapping[str, Any]]) -> None:
    """How far each run is from the training rows."""
    if not runs:
        return
    names = ("scores", "decisions", "embeddings", "review")
    rows = []
    for run in runs:
        differences = run["drift"] or {}
        rows.append(
            (
                run["upload"][:12],
                f"{run['records']:,}",
                *(_difference(differences.get(name)) for name in names),
            )
        )
    table(("upload", "records", "scores", "decisions", "embeddings", "review rate"), rows)


def _difference(part: Mapping[str, Any] | None) -> str:
    if not part:
        return ""
    mark = " DRIFT" if part["drifted"] else ""
    return f"{part['distance']:.3f} (limit {part['limit']:.3f}){mark}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
