"""The wrong decisions of an evaluation: on a terminal the first of them, in a CSV all."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from winnow_cli.console import note, shorten
from winnow_cli.render.csv_cells import safe_cell
from winnow_cli.render.lines import print_line
from winnow_cli.render.records import said_of
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from winnow_train.caps import CapMetrics
    from winnow_train.mistakes import Cause, CriterionMetrics, Mistake

MAX_SHOWN = 5
"""Mistakes that are shown before the figures."""
MAX_CAUSES = 3
TEXT_WIDTH = 280
SENTENCE_WIDTH = 120
CSV_COLUMNS = (
    "row",
    "label",
    "decision",
    "confidence",
    "accepted",
    "because",
    "cause",
    "said",
    "needed",
    "evidence",
    "reference",
    "text",
)


def print_mistakes(mistakes: "Sequence[Mistake]", rows: int) -> None:
    """How many decisions are wrong, and the worst: text, cause, and the evidence for it."""
    if not mistakes:
        return
    from rich.text import Text

    kinds = Counter(mistake.decided for mistake in mistakes)
    accepted = sum(mistake.accepted for mistake in mistakes)
    print_line(
        Text.assemble(
            (f"{len(mistakes):,} of {rows:,} decisions are wrong", "bold"),
            f", {accepted:,} of them accepted: ",
            ", ".join(f"{count:,} {decided}" for decided, count in kinds.most_common()),
        )
    )
    print_line(Text())
    for mistake in mistakes[:MAX_SHOWN]:
        _print_mistake(mistake)
        print_line(Text())
    if (more := len(mistakes) - MAX_SHOWN) > 0:
        note(f"{more:,} more: --mistakes OUT.csv writes all, --html OUT a page that shows them.")


def _print_mistake(mistake: "Mistake") -> None:
    from rich.text import Text

    outcome = "accepted" if mistake.accepted else "not accepted"
    print_line(
        Text.assemble(
            (f"row {mistake.row.record:,}: ", "bold"),
            (mistake.decided, "bold red" if mistake.wrong_met else "bold"),
            f", but labelled {mistake.row.named}  (confidence {mistake.confidence:.2f}, {outcome})",
        )
    )
    print_line(Text(shorten(mistake.row.text, TEXT_WIDTH), style="dim"), 2)
    shown = mistake.causes if mistake.together else mistake.causes[:MAX_CAUSES]
    for cause in shown:
        _print_cause(cause, together=mistake.together)
    if others := ", ".join(cause.criterion for cause in mistake.causes[len(shown) :]):
        print_line(Text(f"or another verdict of {others}"), 2)


def _print_cause(cause: "Cause", *, together: bool) -> None:
    from rich.text import Text

    said = cause.verdict
    evidence = cause.evidence
    if evidence is None:
        said = "nothing heard" if said == "undetermined" else f"{said}, nothing heard"
    needed = f"{cause.needed} {'is needed, too' if together else 'would be right'}"
    print_line(Text.assemble((cause.criterion, "cyan"), f": {said}; {needed}"), 2)
    if evidence is None:
        return
    supports = evidence.polarity == "supports"
    mark = ("✓ " if supports else "✗ ", "green" if supports else "red")
    print_line(Text.assemble(mark, f"“{shorten(evidence.text, SENTENCE_WIDTH)}”"), 4)
    if evidence.fact is not None:
        print_line(Text(said_of(evidence), style="dim"), 6)
    elif evidence.reference is not None:
        like = f"{evidence.similarity:.2f} like “{shorten(evidence.reference, SENTENCE_WIDTH)}”"
        print_line(Text(like, style="dim"), 6)


def print_criteria(metrics: "Sequence[CriterionMetrics]") -> None:
    """How each criterion fares: against columns of its name, or by the decisions it is behind."""
    if not metrics:
        return
    labelled = any(metric.labelled for metric in metrics)
    by_column = ("labelled", "right", "wrong")
    by_decision = ("in right ones", "in wrong ones")
    columns = ("criterion", *(by_column if labelled else by_decision), "silent", "would correct")
    cells = []
    for metric in metrics:
        counts = [f"{count:,}" for count in (metric.right, metric.wrong, metric.silent)]
        if labelled:
            known = f"{metric.labelled:,}" if metric.labelled else "no column"
            counts = [known, *(counts if metric.labelled else [""] * len(counts))]
        cells.append((metric.id, *counts, f"{metric.would_correct:,}"))
    table(columns, cells, right=columns[1:])


def print_caps(caps: "Sequence[CapMetrics]") -> None:
    """What keeps decisions under the threshold, and how many of these are right."""
    if not caps:
        return
    columns = ("held back by", "right", "wrong", "words")
    cells = [(cap.why, f"{cap.right:,}", f"{cap.wrong:,}", ", ".join(cap.words)) for cap in caps]
    table(columns, cells, right=("right", "wrong"))


def write_mistakes(file: Path, mistakes: "Sequence[Mistake]") -> None:
    """Write all mistakes, the worst first, each with the likeliest cause."""
    with file.open("w", encoding="utf-8", errors="replace", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(CSV_COLUMNS)
        for mistake in mistakes:
            writer.writerow([safe_cell(cell) for cell in _cells(mistake)])


def _cells(mistake: "Mistake") -> tuple[object, ...]:
    causes = mistake.causes if mistake.together else mistake.causes[:1]
    evidence = [cause.evidence for cause in causes if cause.evidence is not None]
    return (
        mistake.row.record,
        mistake.row.named,
        mistake.decided,
        mistake.confidence,
        "yes" if mistake.accepted else "no",
        ";".join(mistake.because),
        ";".join(cause.criterion for cause in causes),
        ";".join(cause.verdict if cause.evidence else "silent" for cause in causes),
        ";".join(cause.needed for cause in causes),
        " | ".join(piece.text for piece in evidence),
        " | ".join(piece.reference or "" for piece in evidence),
        mistake.row.text,
    )
