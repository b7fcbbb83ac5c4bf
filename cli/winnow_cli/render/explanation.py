"""Why a text was judged so, criterion by criterion, on a terminal."""

from typing import TYPE_CHECKING

from winnow_cli.console import clean, shorten
from winnow_cli.render.lines import print_line

if TYPE_CHECKING:
    from winnow.judging.criteria.explain import CriterionExplanation, SegmentExplanation
    from winnow.judging.criteria.limits import Limit
    from winnow.models import Judgement
    from winnow_cli.prediction import Explanation

WIDTH = 100
VERDICT_STYLES = {"met": "bold green", "not_met": "bold red", "undetermined": "bold yellow"}


def print_explanation(judgement: "Judgement", explanation: "Explanation") -> None:
    """The decision, and what caps its confidence; then what each criterion heard and left out."""
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
    for limit in explanation.limits:
        _print_limit(limit)
    for criterion in explanation.criteria:
        print_line(Text())
        _print_criterion(criterion, rests=criterion.id in because)


def _print_limit(limit: "Limit") -> None:
    from rich.text import Text

    of = f"{limit.criterion}: " if limit.criterion else ""
    told = (f"{limit.confidence:.2f} at most: ", "yellow")
    print_line(Text.assemble(told, f"{of}{clean(limit.why)}"), 2)
    if limit.text:
        print_line(Text(f"in “{shorten(limit.text, WIDTH)}”", style="dim"), 6)


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
