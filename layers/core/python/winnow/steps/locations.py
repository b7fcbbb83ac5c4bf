"""The lines of the document that evidence is on, added after judging."""

from bisect import bisect_right
from collections.abc import Sequence

from winnow.models import CriteriaDecision, Evidence, Judgement, Record, SourceLocation


def placed(judgement: Judgement, places: Sequence[SourceLocation]) -> Judgement:
    """The same judgement, each piece of evidence with the places its span touches."""
    if not places:
        return judgement
    starts = [place.start for place in places]
    decision = judgement.decision
    if isinstance(decision, CriteriaDecision):
        decision = decision.model_copy(
            update={
                "criteria": tuple(
                    finding.model_copy(
                        update={"evidence": _placed(finding.evidence, starts, places)}
                    )
                    for finding in decision.criteria
                )
            }
        )
    else:
        decision = decision.model_copy(
            update={"evidence": _placed(decision.evidence, starts, places)}
        )
    return judgement.model_copy(update={"decision": decision})


def _placed(
    evidence: Sequence[Evidence], starts: Sequence[int], places: Sequence[SourceLocation]
) -> tuple[Evidence, ...]:
    return tuple(
        piece.model_copy(
            update={
                "places": tuple(
                    places[
                        max(0, bisect_right(starts, piece.start) - 1) : bisect_right(
                            starts, piece.end - 1
                        )
                    ]
                )
            }
        )
        for piece in evidence
    )


def ocr_confidence(record: Record) -> float | None:
    """How sure OCR is of the record's worst page; None where nothing of it was read by OCR.

    A page's confidence is the mean of its lines', weighted by their length.
    """
    pages: dict[int | None, tuple[int, float]] = {}
    ends = (*(place.start for place in record.places[1:]), len(record.text))
    for place, end in zip(record.places, ends, strict=False):
        if place.confidence is not None:
            chars, sure = pages.get(place.page, (0, 0.0))
            length = end - place.start
            pages[place.page] = chars + length, sure + length * place.confidence
    return min((round(sure / max(chars, 1), 4) for chars, sure in pages.values()), default=None)
