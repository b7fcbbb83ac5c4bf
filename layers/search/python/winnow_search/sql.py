"""Requests as SQL with parameters. No text of a user is ever part of a statement.

The statements are what DuckDB and Athena both read. Where the two differ, a `Dialect` says how.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from winnow.models import Outcome, Verdict
from winnow.search.charts import CONFIDENCE_EDGES, USD_DECIMALS, Group, share
from winnow.search.rows import ERASED
from winnow.search.shapes import ChartId, SearchFilter, Sort

ANSWERED = (
    f"(decision IS NOT NULL AND decision <> '{Verdict.UNDETERMINED.value}'"
    " AND review_decision IS NOT NULL)"
)
_KEPT = f"code IS DISTINCT FROM '{ERASED}'"
"""That a record was not erased."""
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


class Dialect(NamedTuple):
    """What engines write each in their own way."""

    contains: str
    """That the tokens contain a term."""
    sum: str
    """The sum of a column, exact enough for rounding it."""
    quantile: str
    """The least number of seconds that a share of the records has at most."""


DUCKDB = Dialect(
    contains="contains(tokens, ?)",
    sum="fsum({column})",
    quantile="quantile_disc(seconds, {share})",
)
ATHENA = Dialect(
    contains="strpos(tokens, ?) > 0",
    sum="sum(CAST({column} AS DECIMAL(38, 18)))",
    quantile="array_sort(array_agg(seconds) FILTER (WHERE seconds IS NOT NULL))"
    "[CAST(ceil({share} * count(seconds)) AS BIGINT)]",
)
"""Athena's own quantiles are approximate."""


class Where(NamedTuple):
    """A condition and its parameters."""

    sql: str
    parameters: list[Any]

    def with_(self, sql: str, parameters: Sequence[Any] = ()) -> "Where":
        """Both conditions."""
        return Where(f"{self.sql} AND {sql}", [*self.parameters, *parameters])


def where(filters: SearchFilter, visible: Collection[str] | None) -> Where:
    """What a row has to fulfil."""
    conditions: list[str] = ["TRUE"]
    parameters: list[Any] = []
    if visible is not None:
        conditions.append(f"process IN ({', '.join('?' * len(visible))})" if visible else "FALSE")
        parameters += sorted(visible)
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
        conditions.append(f"{'' if filters.changed else 'NOT '}changed")
    if filters.answered is not None:
        conditions.append(f"{'' if filters.answered else 'NOT '}{ANSWERED}")
    if filters.erased is not None:
        conditions.append(f"NOT {_KEPT}" if filters.erased else _KEPT)
    return Where(" AND ".join(conditions), parameters)


def contains(terms: Sequence[str], dialect: Dialect) -> Where:
    """That the tokens contain all terms."""
    return Where(" AND ".join([dialect.contains] * len(terms)) or "TRUE", list(terms))


def counting(chart: ChartId, length: int, age_starts: Sequence[str], dialect: Dialect) -> list[str]:
    """The statements that give a chart's groups; the series are in their order, and the groups.

    `{where}` in a statement is to be replaced by the condition. Each row is series, x, value (or a
    sum that a share is made of), records.
    """
    time = f"substr(judged_at, 1, {int(length)})"
    count = "count(*), count(*)"
    match chart:
        case ChartId.OUTCOMES:
            return [
                f"SELECT '{outcome}', {time}, {count} FROM records"  # noqa: S608
                f" WHERE {{where}} AND outcome = '{outcome}' GROUP BY 2 ORDER BY 2"
                for outcome in Outcome
            ]
        case ChartId.CALIBRATION:
            edges = " + ".join(f"CAST(confidence >= {e} AS INTEGER)" for e in CONFIDENCE_EDGES)
            return [
                f"SELECT '{series}', CAST({edges} AS VARCHAR), {value}, count(*) FROM records"  # noqa: S608
                f" WHERE {{where}} AND {ANSWERED} AND confidence IS NOT NULL GROUP BY 2 ORDER BY 2"
                for series, value in (
                    ("agreed", "count(*) FILTER (WHERE NOT changed)"),
                    ("confidence", dialect.sum.format(column="confidence")),
                )
            ]
        case ChartId.DECISIONS:
            return [
                f"SELECT 'records', decision, {count} FROM records"  # noqa: S608
                " WHERE {where} AND decision IS NOT NULL GROUP BY 2 ORDER BY 3 DESC, 2"
            ]
        case ChartId.REASONS:
            return [
                f"SELECT '{outcome}', code, {count} FROM records"  # noqa: S608
                f" WHERE {{where}} AND outcome = '{outcome}' AND code IS NOT NULL AND {_KEPT}"
                " GROUP BY 2 ORDER BY 3 DESC, 2"
                for outcome in (Outcome.REVIEW, Outcome.INVALID)
            ]
        case ChartId.AGREEMENT:
            return [
                f"SELECT '{series}', version, count(*) FILTER (WHERE {part}),"  # noqa: S608
                f" count(*) FILTER (WHERE {whole}) FROM records WHERE {{where}} GROUP BY 2"
                f" HAVING count(*) FILTER (WHERE {whole}) > 0 ORDER BY min(judged_at), 2"
                for series, part, whole in (
                    (
                        "review_rate",
                        f"outcome = 'review' AND {_KEPT}",
                        f"outcome <> 'invalid' AND {_KEPT}",
                    ),
                    ("agreement", f"{ANSWERED} AND NOT changed", ANSWERED),
                )
            ]
        case ChartId.DURATION:
            return [
                f"SELECT '{series}', {time}, {dialect.quantile.format(share=share)}, count(*)"  # noqa: S608
                " FROM records WHERE {where} GROUP BY 2 ORDER BY 2"
                for series, share in (("p50", 0.5), ("p95", 0.95))
            ]
        case ChartId.QUEUE_AGE:
            # The times are our clock's. Athena takes parameters in a condition alone.
            age = " + ".join(f"CAST(judged_at < '{start}' AS INTEGER)" for start in age_starts)
            return [
                f"SELECT 'waiting', CAST({age} AS VARCHAR), {count} FROM records"  # noqa: S608
                f" WHERE {{where}} AND outcome = 'review' AND reviewed_by IS NULL AND {_KEPT}"
                " GROUP BY 2 ORDER BY 2"
            ]
        case ChartId.COST:
            return [
                f"SELECT 'usd', {time}, {dialect.sum.format(column='usd')}, count(*) FROM records"  # noqa: S608
                " WHERE {where} GROUP BY 2 ORDER BY 2"
            ]


def group(chart: ChartId, series: str, x: str, value: float | None, records: int) -> Group:
    """What a row of a statement says."""
    match chart:
        case ChartId.CALIBRATION | ChartId.AGREEMENT:
            value = share(value or 0.0, records)
        case ChartId.COST:
            value = round(value or 0.0, USD_DECIMALS)
    return Group(series, x, value, records)
