"""Requests as SQL with parameters. No text of a user is ever part of a statement."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from winnow.models import Outcome, Verdict
from winnow.reviews.models import RecordKey
from winnow.search.charts import CONFIDENCE_EDGES
from winnow.search.shapes import ChartId, SearchFilter, Sort

ANSWERED = (
    f"(decision IS NOT NULL AND decision <> '{Verdict.UNDETERMINED.value}'"
    " AND review_decision IS NOT NULL)"
)
_LISTS = {
    "processes": "process",
    "versions": "version",
    "uploads": "upload",
    "decisions": "decision",
    "outcomes": "outcome",
    "reasons": "code",
    "cases": "source_id",
    "reviewers": "reviewed_by",
    "kinds": "review_kind",
}
_BOUNDS = {
    "confidence_from": "confidence >= ?",
    "since": "judged_at >= ?",
    "until": "judged_at < ?",
}
ORDERS = {
    Sort.NEWEST: "judged_at DESC, process, upload, record",
    Sort.OLDEST: "judged_at, process, upload, record",
    Sort.SUREST: "confidence DESC NULLS LAST, process, upload, record",
    Sort.LEAST_SURE: "confidence NULLS LAST, process, upload, record",
}
"""The orders of hits that a table of records has."""
BY_LIKENESS = "likeness DESC, process, upload, record"


class Where(NamedTuple):
    """A condition and its parameters."""

    sql: str
    parameters: list[Any]

    def with_(self, sql: str) -> "Where":
        """Both conditions."""
        return Where(f"{self.sql} AND {sql}", self.parameters)


def where(
    filters: SearchFilter, visible: Collection[str] | None, withheld: Collection[RecordKey] = ()
) -> Where:
    """What a row has to fulfil."""
    conditions: list[str] = ["TRUE"]
    parameters: list[Any] = []
    if visible is not None:
        conditions.append("list_contains(CAST(? AS VARCHAR[]), process)")
        parameters.append(sorted(visible))
    if withheld:
        conditions.append(
            "(upload, record) NOT IN"
            " (SELECT unnest(CAST(? AS VARCHAR[])), unnest(CAST(? AS INTEGER[])))"
        )
        parameters += [[key.upload for key in withheld], [key.record for key in withheld]]
    for name, column in _LISTS.items():
        if values := getattr(filters, name):
            conditions.append(f"{column} IN ({', '.join('?' * len(values))})")
            parameters += [str(value) for value in values]
    for name, condition in _BOUNDS.items():
        if (value := getattr(filters, name)) is not None:
            conditions.append(condition)
            parameters.append(value)
    if filters.confidence_to is not None:
        conditions.append("confidence <= 1" if filters.confidence_to >= 1 else "confidence < ?")
        parameters += [] if filters.confidence_to >= 1 else [filters.confidence_to]
    if filters.reviewed is not None:
        conditions.append(f"reviewed_by IS {'NOT ' if filters.reviewed else ''}NULL")
    if filters.changed is not None:
        conditions.append("changed = ?")
        parameters.append(filters.changed)
    if filters.answered is not None:
        conditions.append(f"{'' if filters.answered else 'NOT '}{ANSWERED}")
    return Where(" AND ".join(conditions), parameters)


def contains(terms: Sequence[str]) -> Where:
    """That the tokens contain all terms."""
    return Where(" AND ".join(["contains(tokens, ?)"] * len(terms)) or "TRUE", list(terms))


class Counting(NamedTuple):
    """A statement that gives a chart's groups: series, x, and what the value is made of, records.

    `{where}` is to be replaced by the condition.
    """

    sql: str
    parameters: list[Any]
    """Those before the condition's."""


def counting(chart: ChartId, length: int, age_starts: Sequence[str]) -> list[Counting]:
    """The statements of a chart; the series are in their order, and so are the groups.

    Each row is series, x, value (or a sum that a share is made of), records.
    """
    time = f"substr(judged_at, 1, {int(length)})"
    match chart:
        case ChartId.OUTCOMES:
            return [
                Counting(
                    f"SELECT '{outcome}', {time} x, count(*) n, n FROM records"  # noqa: S608
                    f" WHERE {{where}} AND outcome = '{outcome}' GROUP BY x ORDER BY x",
                    [],
                )
                for outcome in Outcome
            ]
        case ChartId.CALIBRATION:
            edges = " + ".join(f"(confidence >= {edge})::INT" for edge in CONFIDENCE_EDGES)
            measured = f"{{where}} AND {ANSWERED} AND confidence IS NOT NULL"
            return [
                Counting(
                    f"SELECT '{series}', ({edges})::VARCHAR x, {value}, count(*) FROM records"  # noqa: S608
                    f" WHERE {measured} GROUP BY x ORDER BY x",
                    [],
                )
                for series, value in (
                    ("agreed", "count(*) FILTER (WHERE NOT changed)"),
                    ("confidence", "fsum(confidence)"),
                )
            ]
        case ChartId.DECISIONS:
            return [
                Counting(
                    "SELECT 'records', decision x, count(*) n, n FROM records"
                    " WHERE {where} AND decision IS NOT NULL GROUP BY x ORDER BY n DESC, x",
                    [],
                )
            ]
        case ChartId.REASONS:
            return [
                Counting(
                    f"SELECT '{outcome}', code x, count(*) n, n FROM records"  # noqa: S608
                    f" WHERE {{where}} AND outcome = '{outcome}' AND code IS NOT NULL"
                    " GROUP BY x ORDER BY n DESC, x",
                    [],
                )
                for outcome in (Outcome.REVIEW, Outcome.INVALID)
            ]
        case ChartId.AGREEMENT:
            return [
                Counting(
                    "SELECT 'review_rate', version x, count(*) FILTER (WHERE outcome = 'review'),"
                    " count(*) FILTER (WHERE outcome <> 'invalid') n FROM records"
                    " WHERE {where} GROUP BY x HAVING n > 0 ORDER BY min(judged_at), x",
                    [],
                ),
                Counting(
                    f"SELECT 'agreement', version x, count(*) FILTER (WHERE {ANSWERED}"  # noqa: S608
                    f" AND NOT changed), count(*) FILTER (WHERE {ANSWERED}) n FROM records"
                    " WHERE {where} GROUP BY x HAVING n > 0 ORDER BY min(judged_at), x",
                    [],
                ),
            ]
        case ChartId.DURATION:
            return [
                Counting(
                    f"SELECT '{series}', {time} x, quantile_disc(seconds, {quantile}), count(*)"  # noqa: S608
                    " FROM records WHERE {where} GROUP BY x ORDER BY x",
                    [],
                )
                for series, quantile in (("p50", 0.5), ("p95", 0.95))
            ]
        case ChartId.QUEUE_AGE:
            age = " + ".join(["(judged_at < ?)::INT"] * len(age_starts))
            return [
                Counting(
                    f"SELECT 'waiting', ({age})::VARCHAR x, count(*) n, n FROM records"  # noqa: S608
                    " WHERE {where} AND outcome = 'review' AND reviewed_by IS NULL"
                    " GROUP BY x ORDER BY x",
                    list(age_starts),
                )
            ]
        case ChartId.COST:
            return [
                Counting(
                    f"SELECT 'usd', {time} x, coalesce(fsum(usd), 0), count(*) FROM records"  # noqa: S608
                    " WHERE {where} GROUP BY x ORDER BY x",
                    [],
                )
            ]
