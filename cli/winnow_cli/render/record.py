"""One record, whole: its text with the evidence marked, the decision, and what led to it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from winnow_cli.console import clean, safe, stdout
from winnow_cli.render.records import (
    OUTCOME_STYLES,
    answer_of,
    because_of,
    confidence_of,
    decision_of,
    said_of,
)

if TYPE_CHECKING:
    from rich.text import Text

    from winnow.models import (
        CasePart,
        CriterionFinding,
        Evidence,
        Result,
        ResultRecord,
        ShadowDecision,
        SourceLocation,
    )
    from winnow.reviews.items import ReviewState

FOR, AGAINST, BOTH = "green", "red", "yellow"
"""Rich styles of evidence that supports, opposes, or does both (of two criteria)."""
_SIDES = {"supports": ("✓", FOR), "opposes": ("✗", AGAINST)}
NOTHING_SAID = "nothing said"


def record_document(
    result: "Result", record: "ResultRecord", review: "ReviewState | None" = None
) -> dict[str, Any]:
    """The JSON document of one record."""
    return {
        "upload_id": result.upload.upload_id,
        "process": result.process.model_dump(mode="json"),
        **({} if result.version is None else {"version": result.version.model_dump(mode="json")}),
        "threshold": result.threshold,
        "record": record.model_dump(mode="json", exclude_none=True),
        "missing": list(record.missing),
        **({} if review is None else {"review": review.model_dump(mode="json")}),
    }


def print_record(record: "ResultRecord", review: "ReviewState | None" = None) -> None:
    """Everything about one record, on a terminal with its evidence in colour."""
    screen = stdout()
    for part in (_head(record, review), text_of(record), grounds_of(record)):
        if part is not None:
            # Only a terminal needs lines that are broken between words.
            screen.print(part, soft_wrap=not screen.is_terminal)


def _head(record: "ResultRecord", review: "ReviewState | None") -> "Text":
    from rich.text import Text

    head = Text.assemble(
        (f"record {record.record}", "bold"),
        "  ",
        (record.outcome.value, OUTCOME_STYLES[record.outcome.value]),
    )
    rows = [
        ("line", None if record.line is None else str(record.line)),
        ("part", record.part),
        ("parts", str(len(record.parts)) if record.parts else None),
        ("id", record.source_id),
        ("decision", decision_of(record)),
        ("confidence", _confidence(record)),
        ("reason", f"{record.code}: {record.reason}" if record.code else None),
        ("shadow", None if record.shadow is None else _shadow(record.shadow)),
        ("reviewed", None if review is None else answer_of(review)),
        ("missing", "; ".join(record.missing)),
        *((clean(name), value) for name, value in record.fields.items()),
    ]
    shown = [(name, clean(value)) for name, value in rows if value]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        head.append(f"\n  {name:<{width}}  ", "dim").append(value)
    return head


def _shadow(shadow: "ShadowDecision") -> str:
    return (
        f"version {shadow.version} decided {shadow.decision}, with confidence "
        f"{shadow.confidence:.2f}; it is only compared"
    )


def _confidence(record: "ResultRecord") -> str:
    if record.confidence is None:
        return ""
    basis = "calibrated" if record.calibrated else "the raw score, not a probability"
    return f"{confidence_of(record)} ({basis})"


def text_of(record: "ResultRecord") -> "Text | None":
    """The text with its evidence in colour; None for an invalid record, which has none."""
    from rich.text import Text

    if record.decision is None:
        return None
    if record.text is None:
        return Text("\nIts text is not in these results: they were written before schema 1.4.")
    marked = Text(safe(record.text))
    pieces = [piece for _, evidence in _evidence(record) for piece in evidence]
    for start, end, style in _spans(pieces, len(record.text)):
        marked.stylize(style, start, end)
    return Text.assemble("\n", by_part(marked, record.parts))


def by_part(text: "Text", parts: "Sequence[CasePart]") -> "Text":
    """The text of a case with the name of each part above it; any other text as it is."""
    from rich.text import Text

    if not parts:
        return text
    of_members = any(part.part is not None for part in parts)
    return Text("\n\n").join(
        Text.assemble(
            (f"[{clean(part.called(of_members=of_members))}]\n", "dim"), text[part.start : part.end]
        )
        for part in parts
    )


def _spans(pieces: Sequence["Evidence"], length: int) -> Iterator[tuple[int, int, str]]:
    """Stretches of the text that evidence is on, each with its style; none overlap."""
    ends = sorted({0, length, *(p.start for p in pieces), *(p.end for p in pieces)})
    for start, end in pairwise(ends):
        sides = {p.polarity.value for p in pieces if p.start <= start and end <= p.end}
        if sides:
            yield start, end, BOTH if len(sides) > 1 else _SIDES[sides.pop()][1]


def _evidence(record: "ResultRecord") -> "list[tuple[CriterionFinding | None, list[Evidence]]]":
    """The evidence by criterion; that of a label stands alone."""
    decision = record.decision
    if decision is None:
        return []
    if decision.kind == "labels":
        return [(None, list(decision.evidence))]
    return [(finding, list(finding.evidence)) for finding in decision.criteria]


def grounds_of(record: "ResultRecord") -> "Text | None":
    """Each criterion with its verdict and evidence, or each label; None for an invalid record."""
    from rich.text import Text

    decision = record.decision
    if decision is None:
        return None
    lines: list[Text] = []
    if decision.kind == "labels":
        lines += [Text(f"  {clean(s.label)}: {s.score:.2f}") for s in decision.scores]
    for finding, evidence in _evidence(record):
        if finding is not None:
            mark = "*" if finding.id in because_of(record) else " "
            lines.append(Text(f"{mark} {clean(finding.title)}: {_verdict(finding)}"))
        lines += [_line(piece, of_members=record.from_members) for piece in evidence]
    if not lines:
        return None
    heading = "Labels and evidence" if decision.kind == "labels" else "Criteria"
    note = "; * led to the decision" if decision.kind == "criteria" else ""
    legend = Text.assemble(
        ("\n" + heading, "bold"), " (", ("✓ for", FOR), ", ", ("✗ against", AGAINST), note, ")"
    )
    return Text("\n").join([legend, *lines])


def _verdict(finding: "CriterionFinding") -> str:
    """`met (0.93)`; where there is no evidence, that nothing is said, and what follows from it."""
    verdict = finding.verdict.value
    if finding.doubt:
        return f"{verdict}, in doubt: {clean(finding.doubt)}"
    if finding.evidence:
        return f"{verdict} ({finding.score:.2f})"
    return NOTHING_SAID if verdict == "undetermined" else f"{NOTHING_SAID}, counts as {verdict}"


def _line(piece: "Evidence", *, of_members: bool) -> "Text":
    from rich.text import Text

    mark, style = _SIDES[piece.polarity.value]
    where = _where(piece.places)
    if piece.part is not None:
        named = clean(piece.part.called(of_members=of_members))
        # The line of a row is its name; that of a document is among the places.
        where = f"{named}, {where}" if where else named
    return Text.assemble(
        "    ",
        (f"{mark} “{clean(piece.text)}”", style),
        f"  {said_of(piece)}",
        f"  {where}" if where else "",
        f"  ({', '.join(piece.context)})" if piece.context else "",
    )


def _where(places: Sequence["SourceLocation"]) -> str:
    """`page 2, lines 3-4`, from the first place to the last one on the same page."""
    if not places:
        return ""
    first = places[0]
    lines = [place.line for place in places if place.page == first.page and place.line]
    parts = [] if first.page is None else [f"page {first.page}"]
    if lines:
        parts.append(f"line {lines[0]}" if len(lines) == 1 else f"lines {lines[0]}-{lines[-1]}")
    return ", ".join(parts)
