"""The wrong decisions of an evaluation: on a terminal the first of them, in a CSV all."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from winnow_cli.console import note, shorten, stdout
from winnow_cli.render.csv_cells import safe_cell
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from rich.text import Text

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

    screen = stdout()
    kinds = Counter(mistake.decided for mistake in mistakes)
    accepted = sum(mistake.accepted for mistake in mistakes)
    screen.print(
        Text.assemble(
            (f"{len(mistakes):,} of {rows:,} decisions are wrong", "bold"),
            f", {accepted:,} of them accepted: ",
            ", ".join(f"{count:,} {decided}" for decided, count in kinds.most_common()),
        )
    )
    screen.print()
    for mistake in mistakes[:MAX_SHOWN]:
        screen.print(_heading(mistake))
        screen.print(Text(f"  {shorten(mistake.row.text, TEXT_WIDTH)}", style="dim"))
        for cause in mistake.causes[: None if mistake.together else MAX_CAUSES]:
            for line in _cause_lines(mistake, cause):
                screen.print(line)
        if not mistake.together and len(mistake.causes) > MAX_CAUSES:
            others = ", ".join(cause.criterion for cause in mistake.causes[MAX_CAUSES:])
            screen.print(Text(f"  or another verdict of {others}"))
        screen.print()
    if (more := len(mistakes) - MAX_SHOWN) > 0:
        note(f"{more:,} more: --mistakes OUT.csv writes all, --html OUT a page that shows them.")


def _heading(mistake: "Mistake") -> "Text":
    from rich.text import Text

    style = "bold red" if mistake.wrong_met else "bold"
    outcome = "accepted" if mistake.accepted else "not accepted"
    return Text.assemble(
        (f"row {mistake.row.record:,}: ", "bold"),
        (mistake.decided, style),
        f", but labelled {mistake.row.named}  (confidence {mistake.confidence:.2f}, {outcome})",
    )


def _cause_lines(mistake: "Mistake", cause: "Cause") -> "list[Text]":
    from rich.text import Text

    needed = f"{cause.needed} {'is needed, too' if mistake.together else 'would be right'}"
    if cause.evidence is None:
        why = (
            "nothing heard"
            if cause.verdict == "undetermined"
            else f"{cause.verdict}, nothing heard"
        )
        return [Text.assemble("  ", (cause.criterion, "cyan"), f": {why}; {needed}")]
    evidence = cause.evidence
    supports = evidence.polarity == "supports"
    lines = [
        Text.assemble("  ", (cause.criterion, "cyan"), f": {cause.verdict}; {needed}"),
        Text.assemble(
            ("    ✓ " if supports else "    ✗ ", "green" if supports else "red"),
            f"“{shorten(evidence.text, SENTENCE_WIDTH)}”",
        ),
    ]
    if evidence.reference is not None:
        like = f"{evidence.similarity:.2f} like “{shorten(evidence.reference, SENTENCE_WIDTH)}”"
        lines.append(Text(f"      {like}", style="dim"))
    return lines


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
