"""The port of the engines that answer searches and charts, and the parts that they share."""

from collections.abc import Collection, Sequence
from itertools import accumulate
from typing import Any, Protocol

from winnow.errors import SearchInvalidError
from winnow.models import Outcome
from winnow.reviews.models import Kind, RecordKey
from winnow.search.rows import IndexRow
from winnow.search.shapes import (
    EXCERPT,
    Hit,
    HitReview,
    SearchAnswer,
    SearchRequest,
    Span,
    StatsAnswer,
    StatsRequest,
)
from winnow.search.tokens import matches, terms

LIKENESS_DECIMALS = 4
"""Engines agree on so many decimals of a cosine; records that are equal in them are tied."""
NO_VECTOR = (
    "The record has no vector: it is invalid, or of results before schema 1.7, or has no words "
    "that are compared, or is a picture that was judged by an earlier version."
)
NO_WORDS = "The text has no words that records can be compared with."
NO_FEATURES = "The picture has nothing that pictures can be compared by."
MAX_TERMS = 50
"""Terms of a query."""
MAX_TEXTS = 1_000_000
"""Characters of the texts of an answer's hits, of 4 bytes at most: Lambda gives 6 MB."""


class Searcher(Protocol):
    """Answers from the index.

    `visible` are the processes that the caller may see; None: all. What is of another process, and
    what is `withheld`, is neither found nor counted.

    Raises SearchInvalidError, SearchTooSlowError, RecordUnknownError (of `like_record`).
    """

    def search(
        self,
        request: SearchRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> SearchAnswer: ...

    def stats(
        self,
        request: StatsRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> StatsAnswer: ...


def terms_of(query: str) -> tuple[str, ...]:
    """The terms of a query. Raises SearchInvalidError where it has none, or too many."""
    found = terms(query)
    if query.strip() and not found:
        raise SearchInvalidError("The query has no letter and no digit.")
    if len(found) > MAX_TERMS:
        raise SearchInvalidError(
            f"The query has {len(found)} terms; at most {MAX_TERMS} are taken."
        )
    return found


def answer_of(
    request: SearchRequest, total: int, hits: Sequence[Hit], **known: Any
) -> SearchAnswer:
    """A page of what was found: as many of its hits as fit into an answer, but at least one.

    `known` are the fields that say what the index lacks.
    """
    sizes = accumulate(len(hit.text or "") for hit in hits)
    fitting = tuple(
        hit
        for place, (hit, size) in enumerate(zip(hits, sizes, strict=True))
        if place == 0 or size <= MAX_TEXTS
    )
    end = request.offset + len(fitting)
    return SearchAnswer(
        total=total,
        hits=fitting,
        next_offset=end if fitting and end < total else None,
        **known,
    )


def hit_of(
    row: IndexRow, demanded: Sequence[str], *, whole: bool, likeness: float | None = None
) -> Hit:
    """A row as it is answered: its text around the first match, or whole."""
    text = row.text
    spans = matches(text, demanded) if text is not None else []
    start, end = 0, len(text or "")
    if text is not None and not whole and end > EXCERPT:
        start, end = _excerpt(text, spans)
        text = text[start:end]
    return Hit(
        process=row.process,
        version=row.version,
        upload=row.upload,
        record=row.record,
        line=row.line,
        part=row.part,
        source_id=row.source_id,
        outcome=Outcome(row.outcome),
        decision=row.decision,
        code=row.code,
        score=row.score,
        confidence=row.confidence,
        calibrated=row.calibrated,
        threshold=row.threshold,
        dropped_at=row.dropped_at,
        judged_at=row.judged_at,
        review=_review(row),
        likeness=likeness,
        text=text,
        starts_at=start,
        whole=start == 0 and end == len(row.text or ""),
        spans=tuple(
            Span(start=max(first, start) - start, end=min(last, end) - start)
            for first, last in spans
            if first < end and last > start
        ),
    )


def _excerpt(text: str, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The part of a long text that shows the first match, from the start of a word on."""
    first = spans[0][0] if spans else 0
    start = max(0, min(first - EXCERPT // 4, len(text) - EXCERPT))
    if start:
        blank = text.find(" ", start, max(first, start))
        start = blank + 1 if blank >= 0 else start
    return start, min(len(text), start + EXCERPT)


def _review(row: IndexRow) -> HitReview | None:
    if row.reviewed_by is None:
        return None
    return HitReview(
        decision=row.review_decision,
        by=row.reviewed_by,
        at=row.reviewed_at or "",
        changed=row.changed,
        kind=Kind(row.review_kind or Kind.REVIEW),
        blind=bool(row.review_blind),
    )
