"""The lines of the document, and the part of the case, that evidence is in; added after judging."""

from bisect import bisect_right
from collections.abc import Sequence

from winnow.models import (
    CasePart,
    CriteriaDecision,
    Evidence,
    EvidencePart,
    Judgement,
    Record,
    SourceLocation,
)


def placed(
    judgement: Judgement, places: Sequence[SourceLocation], parts: Sequence[CasePart] = ()
) -> Judgement:
    """The same judgement, each piece of evidence with the places and the part its span is in."""
    if not places and not parts:
        return judgement
    locate = _Locator(places, parts)
    decision = judgement.decision
    if isinstance(decision, CriteriaDecision):
        decision = decision.model_copy(
            update={
                "criteria": tuple(
                    finding.model_copy(update={"evidence": tuple(map(locate, finding.evidence))})
                    for finding in decision.criteria
                )
            }
        )
    else:
        decision = decision.model_copy(update={"evidence": tuple(map(locate, decision.evidence))})
    return judgement.model_copy(update={"decision": decision})


class _Locator:
    """Finds the places and the part of evidence; no evidence is in two parts."""

    def __init__(self, places: Sequence[SourceLocation], parts: Sequence[CasePart]) -> None:
        self._places = places
        self._starts = [place.start for place in places]
        self._parts = parts
        self._part_starts = [part.start for part in parts]

    def __call__(self, piece: Evidence) -> Evidence:
        first = max(0, bisect_right(self._starts, piece.start) - 1)
        places = tuple(self._places[first : bisect_right(self._starts, piece.end - 1)])
        if not self._parts:
            return piece.model_copy(update={"places": places})
        part = self._parts[_at(self._part_starts, piece.start)]
        return piece.model_copy(
            update={
                # A part without places, such as a row, may be behind one that has some.
                "places": tuple(place for place in places if place.start >= part.start),
                "part": EvidencePart(
                    record=part.record,
                    line=part.line,
                    part=part.part,
                    start=piece.start - part.start,
                    end=piece.end - part.start,
                ),
            }
        )


def _at(starts: Sequence[int], position: int) -> int:
    """The index of the last start that is not behind a position."""
    return max(0, bisect_right(starts, position) - 1)


def ocr_confidence(record: Record) -> float | None:
    """How sure OCR is of the record's worst page; None where nothing of it was read by OCR.

    A page's confidence is the mean of its lines', weighted by their length. Pages of two parts of a
    case are two pages, whatever their numbers.
    """
    pages: dict[tuple[int, int | None], tuple[int, float]] = {}
    ends = (*(place.start for place in record.places[1:]), len(record.text))
    part_starts = [part.start for part in record.parts]
    for place, end in zip(record.places, ends, strict=False):
        if place.confidence is not None:
            part = _at(part_starts, place.start)
            if record.parts:
                end = min(end, record.parts[part].end)
            page = (part, place.page)
            chars, sure = pages.get(page, (0, 0.0))
            length = end - place.start
            pages[page] = chars + length, sure + length * place.confidence
    return min((round(sure / max(chars, 1), 4) for chars, sure in pages.values()), default=None)
