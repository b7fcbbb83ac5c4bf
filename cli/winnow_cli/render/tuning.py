"""The result of `winnow tune`, on a terminal."""

from typing import TYPE_CHECKING

from winnow_cli.console import note, say
from winnow_cli.render.evaluation import print_slices

if TYPE_CHECKING:
    from winnow_train.tune import TuneReport


def explain_tuning(report: "TuneReport") -> None:
    """Print notes on limits of the data."""
    if not report.scope_shown:
        loss = report.target.scope_loss
        note(f"Too few rows to show that at most {loss:g} of the in-scope rows are rejected.")
    if report.copies:
        note(f"{report.copies:,} rows nearly repeat another: as evidence each counts once.")
    if report.near_copies:
        note(
            f"{report.near_copies:,} rows were left out: they are near copies of rows that the "
            "head was trained on."
        )
    for line in report.notes:
        note(line)
    if report.trained_on:
        note(
            f"{report.trained_on:,} of {report.selected.rows:,} rows were used in training. Their "
            "decisions are those of a fold without them; for the full guarantee, tune on rows that "
            "were not used in training."
        )


def print_tuning(report: "TuneReport") -> None:
    """Print the threshold, the accepted rows, and the coverage by label and by column."""
    selected, target = report.selected, report.target
    say(
        f"threshold {selected.threshold:g}: with {target.confidence:.0%} confidence at least "
        f"{target.precision:.0%} of the accepted decisions are right"
    )
    say(
        f"coverage {selected.coverage:.1%}: {selected.accepted:,} of {selected.rows:,} rows "
        f"accepted, {selected.right:,} of them right "
        f"({selected.right / max(1, selected.accepted):.2%})"
    )
    if report.unknown:
        say(
            f"out of scope: {report.unknown_recognised:,} of {report.unknown:,} rows with unknown "
            "labels recognised"
        )
    print_slices("label", report.by_label)
    for column, parts in report.by_column.items():
        print_slices(column, parts)
