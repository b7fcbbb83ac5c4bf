"""The searcher over rows in memory: what all engines have to answer. For tests and small sets."""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from winnow.errors import RecordUnknownError, SearchInvalidError
from winnow.models import Outcome, Verdict
from winnow.reviews.models import RecordKey
from winnow.search.charts import (
    USD_DECIMALS,
    Group,
    age_starts,
    answer,
    bucket,
    confidence_bin,
    share,
)
from winnow.search.engine import LIKENESS_DECIMALS, NO_VECTOR, answer_of, hit_of, terms_of
from winnow.search.rows import ERASED, IndexRow
from winnow.search.shapes import (
    ChartId,
    RecordRef,
    SearchAnswer,
    SearchFilter,
    SearchRequest,
    Sort,
    StatsAnswer,
    StatsRequest,
    VectorSearch,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vectorise = Callable[[str], "NDArray[np.int8]"]
"""A text's vector, as the index has it."""


class MemorySearcher:
    """Answers from a sequence of rows."""

    def __init__(
        self,
        rows: Iterable[IndexRow],
        clock: Callable[[], float],
        vectorise: Vectorise | None = None,
        *,
        as_rows: Callable[[bytes], bytes] = bytes,
        damaged: int = 0,
    ) -> None:
        """`clock` tells the time in epoch seconds; without `vectorise` no text can be likened.

        `as_rows` makes a vector as results have it into one as the rows have it. `damaged` files
        could not be read, so that their records are not among the rows.
        """
        self._rows = sorted(rows, key=_key)
        self._clock = clock
        self._vectorise = vectorise
        self._as_rows = as_rows
        self._damaged = damaged

    def search(
        self,
        request: SearchRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> SearchAnswer:
        demanded = terms_of(request.query)
        found = self._select(demanded, request.filters, visible, withheld)
        likeness: dict[IndexRow, float] = {}
        if request.like:
            likeness = self._likeness(request, found, visible)
            found = [row for row in found if row in likeness]
        found.sort(key=_order(request.order, likeness))
        end = request.offset + request.limit
        hits = [
            hit_of(row, demanded, whole=request.whole_text, likeness=likeness.get(row))
            for row in found[request.offset : end]
        ]
        return answer_of(request, len(found), hits, damaged=self._damaged)

    def stats(
        self,
        request: StatsRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> StatsAnswer:
        found = self._select(terms_of(request.query), request.filters, visible, withheld)
        now = self._clock()
        groups = _groups(request.chart, found, now)
        return answer(request, len(found), groups, now, damaged=self._damaged)

    def _select(
        self,
        demanded: Sequence[str],
        filters: SearchFilter,
        visible: Collection[str] | None,
        withheld: Collection[RecordKey],
    ) -> list[IndexRow]:
        hidden = frozenset(withheld)
        return [
            row
            for row in self._rows
            if (visible is None or row.process in visible)
            and (row.upload, row.record) not in hidden
            and all(term in row.tokens for term in demanded)
            and fulfils(row, filters)
        ]

    def _likeness(
        self, request: SearchRequest, rows: Iterable[IndexRow], visible: Collection[str] | None
    ) -> dict[IndexRow, float]:
        if request.like_record is not None:
            wanted, picture = self._vector_of(request.like_record, visible)
        elif isinstance(request, VectorSearch):
            wanted, picture = self._as_rows(request.like_vector), request.of_picture
        elif self._vectorise is None:
            raise SearchInvalidError("This index has no encoder, so no text can be likened.")
        else:
            wanted, picture = self._vectorise(request.like_text or "").tobytes(), False
        return {
            row: round(_cosine(wanted, row.vector), LIKENESS_DECIMALS)
            for row in rows
            if row.vector is not None
            and (row.text is None) is picture
            and _ref(row) != request.like_record
        }

    def _vector_of(self, ref: RecordRef, visible: Collection[str] | None) -> tuple[bytes, bool]:
        """A record's vector, and whether it is of a picture."""
        for row in self._rows:
            if _ref(row) == ref and (visible is None or row.process in visible):
                if row.vector is None:
                    raise SearchInvalidError(NO_VECTOR)
                return row.vector, row.text is None
        raise RecordUnknownError("The index has no such record.")


def fulfils(row: IndexRow, filters: SearchFilter) -> bool:
    """Whether a row fulfils all conditions of a filter."""
    return (
        _in(row.process, filters.processes)
        and _in(row.version, filters.versions)
        and _in(row.upload, filters.uploads)
        and _in(row.decision, filters.decisions)
        and _in(row.outcome, filters.outcomes)
        and _in(row.code, filters.reasons)
        and _in(row.source_id, filters.cases)
        and _in(row.reviewed_by, filters.reviewers)
        and _in(row.review_kind, filters.kinds)
        and filters.reviewed in (None, row.reviewed_by is not None)
        and (filters.changed is None or row.changed is filters.changed)
        and filters.answered in (None, _answered(row))
        and filters.erased in (None, row.code == ERASED)
        and _confident(row, filters)
        and (filters.since is None or row.judged_at >= filters.since)
        and (filters.until is None or row.judged_at < filters.until)
    )


def _in(value: str | None, wanted: Sequence[str]) -> bool:
    return not wanted or value in wanted


def _answered(row: IndexRow) -> bool:
    machine = row.decision is not None and row.decision != Verdict.UNDETERMINED
    return machine and row.review_decision is not None


def _confident(row: IndexRow, filters: SearchFilter) -> bool:
    low, high = filters.confidence_from, filters.confidence_to
    if low is None and high is None:
        return True
    if row.confidence is None:
        return False
    return (low is None or row.confidence >= low) and (
        high is None or high >= 1.0 or row.confidence < high
    )


def _key(row: IndexRow) -> tuple[str, str, int]:
    return row.process, row.upload, row.record


def _ref(row: IndexRow) -> RecordRef:
    return RecordRef(process=row.process, upload=row.upload, record=row.record)


def _order(sort: Sort, likeness: dict[IndexRow, float]) -> Callable[[IndexRow], Any]:
    """The key of a sort that keeps equal rows in their order."""
    match sort:
        case Sort.NEWEST:
            return lambda row: tuple(-ord(char) for char in row.judged_at)
        case Sort.OLDEST:
            return lambda row: row.judged_at
        case Sort.SUREST:
            return lambda row: (row.confidence is None, -(row.confidence or 0.0))
        case Sort.LEAST_SURE:
            return lambda row: (row.confidence is None, row.confidence or 0.0)
        case Sort.LIKENESS:
            return lambda row: -likeness[row]


def _cosine(one: bytes, other: bytes) -> float:
    a, b = memoryview(one).cast("b"), memoryview(other).cast("b")
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    norms = math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    return dot / norms if norms else 0.0


# -- charts --------------------------------------------------------------------------------------


def _groups(chart: ChartId, rows: Sequence[IndexRow], now: float) -> Iterator[Group]:
    if not rows:
        return
    length = bucket(min(row.judged_at for row in rows), max(row.judged_at for row in rows))
    match chart:
        case ChartId.OUTCOMES:
            for outcome in Outcome:
                of_outcome = (row for row in rows if row.outcome == outcome)
                yield from _counts(outcome, _by(of_outcome, lambda row: row.judged_at[:length]))
        case ChartId.CALIBRATION:
            yield from _calibration(rows)
        case ChartId.DECISIONS:
            decided = [row for row in rows if row.decision is not None]
            counted = _by(decided, lambda row: row.decision or "")
            yield from sorted(_counts("records", counted), key=_most_first)
        case ChartId.REASONS:
            for outcome in (Outcome.REVIEW, Outcome.INVALID):
                coded = (
                    row for row in rows if row.outcome == outcome and row.code not in (None, ERASED)
                )
                counted = _by(coded, lambda row: row.code or "")
                yield from sorted(_counts(outcome, counted), key=_most_first)
        case ChartId.AGREEMENT:
            yield from _agreement(rows)
        case ChartId.DURATION:
            by_time = _by(rows, lambda row: row.judged_at[:length])
            for name, quantile in (("p50", 0.5), ("p95", 0.95)):
                for x, inside in by_time.items():
                    yield Group(name, x, _quantile(inside, quantile), len(inside))
        case ChartId.QUEUE_AGE:
            starts = age_starts(now)
            waiting = (
                row
                for row in rows
                if row.outcome == Outcome.REVIEW and row.reviewed_by is None and row.code != ERASED
            )
            counted = _by(waiting, lambda row: str(sum(row.judged_at < start for start in starts)))
            yield from _counts("waiting", counted)
        case ChartId.COST:
            for x, inside in _by(rows, lambda row: row.judged_at[:length]).items():
                usd = math.fsum(row.usd for row in inside if row.usd is not None)
                yield Group("usd", x, round(usd, USD_DECIMALS), len(inside))


def _by(rows: Iterable[IndexRow], key: Callable[[IndexRow], str]) -> dict[str, list[IndexRow]]:
    found: dict[str, list[IndexRow]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(sorted(found.items()))


def _counts(series: str, groups: dict[str, list[IndexRow]]) -> Iterator[Group]:
    for x, rows in groups.items():
        yield Group(str(series), x, len(rows), len(rows))


def _most_first(group: Group) -> tuple[int, str]:
    return -group.records, group.x


def _calibration(rows: Sequence[IndexRow]) -> Iterator[Group]:
    answered = (row for row in rows if _answered(row) and row.confidence is not None)
    groups = _by(answered, lambda row: confidence_bin(row.confidence or 0.0))
    for x, inside in groups.items():
        agreed = sum(row.changed is False for row in inside)
        yield Group("agreed", x, share(agreed, len(inside)), len(inside))
    for x, inside in groups.items():
        mean = math.fsum(row.confidence or 0.0 for row in inside)
        yield Group("confidence", x, share(mean, len(inside)), len(inside))


def _agreement(rows: Sequence[IndexRow]) -> Iterator[Group]:
    versions = _by(rows, lambda row: row.version)
    ordered = sorted(versions, key=lambda name: (min(r.judged_at for r in versions[name]), name))
    for name in ordered:
        judged = [
            row for row in versions[name] if row.outcome != Outcome.INVALID and row.code != ERASED
        ]
        if judged:
            reviewed = sum(row.outcome == Outcome.REVIEW for row in judged)
            yield Group("review_rate", name, share(reviewed, len(judged)), len(judged))
    for name in ordered:
        answered = [row for row in versions[name] if _answered(row)]
        if answered:
            agreed = sum(row.changed is False for row in answered)
            yield Group("agreement", name, share(agreed, len(answered)), len(answered))


def _quantile(rows: Iterable[IndexRow], quantile: float) -> float | None:
    """The least number of seconds that a share of the records has at most."""
    seconds = sorted(row.seconds for row in rows if row.seconds is not None)
    return seconds[max(0, math.ceil(quantile * len(seconds)) - 1)] if seconds else None
