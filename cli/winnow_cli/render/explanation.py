"""Why a text was judged so, criterion by criterion, on a terminal."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from winnow_cli.console import clean, shorten
from winnow_cli.render.lines import print_line

if TYPE_CHECKING:
    from winnow.judging.criteria.explain import CriterionExplanation, SegmentExplanation
    from winnow.models import Judgement

WIDTH = 100
VERDICT_STYLES = {"met": "bold green", "not_met": "bold red", "undetermined": "bold yellow"}


def print_explanation(
    judgement: "Judgement", explanations: "Sequence[CriterionExplanation]"
) -> None:
    """The decision; then what each criterion heard, and what it did not count and why."""
    from rich.text import Text

    decision = judgement.decision
    because = decision.because if decision.kind == "criteria" else ()
    basis = "calibrated" if judgement.calibrated else "uncalibrated"
    value = str(decision.value)
    print_line(
        Text.assemble(
            (value, VERDICT_STYLES.get(value, "bold")),
            f"  confidence {judgement.confidence:.2f} ({basis})",
            f"; rests on {', '.join(because)}" if because else "",
        )
    )
    for explanation in explanations:
        print_line(Text())
        _print_criterion(explanation, rests=explanation.id in because)


def _print_criterion(explanation: "CriterionExplanation", *, rests: bool) -> None:
    from rich.text import Text

    verdict = explanation.verdict.value
    print_line(
        Text.assemble(
            "* " if rests else "  ",
            (explanation.id, "bold"),
            ": ",
            (verdict, VERDICT_STYLES[verdict]),
            f" ({explanation.score:.2f})  ",
            (explanation.title, "dim"),
        )
    )
    for segment in explanation.heard:
        supports = segment.polarity == "supports"
        mark = ("✓ " if supports else "✗ ", "green" if supports else "red")
        print_line(Text.assemble(mark, f"“{shorten(segment.text, WIDTH)}”{_keywords(segment)}"), 4)
        side = "for" if supports else "against"
        told = f"{side} it, strength {segment.strength:.2f}; {_nearest(segment)}"
        print_line(Text(told, style="dim"), 6)
    for note in explanation.notes:
        print_line(Text(note, style="italic"), 4)
    for segment in explanation.discarded:
        print_line(Text(f"- “{shorten(segment.text, WIDTH)}”{_keywords(segment)}"), 4)
        why = (f"not counted: {shorten(segment.why, 2 * WIDTH)}", "yellow")
        print_line(Text.assemble(why, (f"; {_nearest(segment)}", "dim")), 6)


def _keywords(segment: "SegmentExplanation") -> str:
    """`  [melena: negated; stools]`: keywords, each with what is said of it."""
    told = [
        f"{found.keyword}: {', '.join(found.contexts)}" if found.contexts else found.keyword
        for found in segment.keywords
    ]
    return f"  [{'; '.join(told)}]" if told else ""


def _nearest(segment: "SegmentExplanation") -> str:
    if segment.fact is not None:
        return f"{clean(segment.fact)} (asked: {clean(segment.reference or '')})"
    if segment.reference is None or segment.similarity is None:
        return "near to nothing"
    return f"{segment.similarity:.2f} like “{shorten(segment.reference, WIDTH)}”"


def explanation_documents(explanations: "Sequence[CriterionExplanation]") -> list[dict[str, Any]]:
    """The explanations as `--json` has them."""
    return [asdict(explanation) for explanation in explanations]
