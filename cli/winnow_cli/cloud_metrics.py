"""The dashboard's numbers of a stack in AWS, from CloudWatch.

CloudWatch bills what is asked for, $0.01 for 1,000 metrics: a look costs about a cent.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from winnow_cli.dashboard import (
    BUCKETS,
    COUNTED,
    DECIDED,
    Function,
    Records,
    Runs,
    Window,
    add,
    in_order,
)
from winnow_cli.target import Target, aws_errors

_NAMESPACE = "Winnow"
_QUERIES = 500
"""Queries of one request."""
_STATES, _LAMBDA = "AWS/States", "AWS/Lambda"


class Query(NamedTuple):
    """One statistic of one metric."""

    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str
    whole: bool = False
    """One value for the whole window, instead of one for each part."""


@dataclass(frozen=True)
class Point:
    """A value of a part of the window."""

    at: float
    value: float


Answers = dict[Query, list[Point]]


class CloudMetrics:
    """A Source: CloudWatch."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def runs(self, window: Window) -> Runs:
        machine = (("StateMachineArn", self._target.output("StateMachineArn")),)
        ends = ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")
        counts = {end: Query(_STATES, f"Executions{end}", machine, "Sum") for end in ends}
        times = {
            stat: Query(_STATES, "ExecutionTime", machine, stat, whole=True)
            for stat in ("p50", "p95")
        }
        answers = self._ask(window, [*counts.values(), *times.values()])
        total = {end: round(_sum(answers[query])) for end, query in counts.items()}
        over_time = [0] * BUCKETS
        for point in answers[counts["Started"]]:
            over_time[window.bucket(point.at)] += round(point.value)
        p50, p95 = (_most(answers[query]) for query in times.values())
        return Runs(
            started=total["Started"],
            succeeded=total["Succeeded"],
            failed=total["Failed"],
            timed_out=total["TimedOut"],
            aborted=total["Aborted"],
            p50_s=None if p50 is None else p50 / 1_000,
            p95_s=None if p95 is None else p95 / 1_000,
            over_time=tuple(over_time),
        )

    def records(self, window: Window) -> list[Records]:
        wanted = [
            Query(_NAMESPACE, name, dimensions, stat)
            for name, dimensions in self._published()
            if (stat := _STATS.get(name))
        ]
        rows: dict[tuple[str, str], Records] = {}
        for query, points in self._ask(window, wanted).items():
            by = dict(query.dimensions)
            key = (by["process"], by.get("version", ""))
            if not points:
                continue
            row = rows.setdefault(key, Records(*key))
            last = max(points, key=lambda point: point.at).value
            match query.metric:
                case "Drifted":
                    row.drift = _sum(points) / len(points)
                case "PrecisionAudited":
                    row.audited = round(last)
                case "LivePrecision":
                    row.precision = last
                case "LivePrecisionLower":
                    row.precision_lower = last
                case _:
                    add(row, query.metric, _sum(points))
            if query.metric in COUNTED:
                for point in points:
                    row.over_time[window.bucket(point.at)] += round(point.value)
        return in_order(rows)

    def functions(self, window: Window) -> list[Function]:
        there = self._functions()
        queries = {
            (name, metric, stat): Query(
                space, metric, (("FunctionName", config["FunctionName"]),), stat, whole
            )
            for name, config in there.items()
            for space, metric, stat, whole in _OF_A_FUNCTION
        }
        answers = self._ask(window, queries.values())

        def points(*key: str) -> list[Point]:
            return answers[queries[key[0], key[1], key[2]]]

        return [
            Function(
                name=name,
                calls=round(_sum(points(name, "Invocations", "Sum"))),
                errors=round(_sum(points(name, "Errors", "Sum"))),
                throttles=round(_sum(points(name, "Throttles", "Sum"))),
                p95_ms=_most(points(name, "Duration", "p95")),
                cpu_s=_sum(points(name, "CpuTime", "Sum")) / 1_000,
                memory_mb=_most(points(name, "ResidentMemory", "Maximum")),
                limit_mb=config["MemorySize"],
                gb_s=_sum(points(name, "Duration", "Sum")) / 1_000 * config["MemorySize"] / 1_024,
                concurrency=_whole(_most(points(name, "ConcurrentExecutions", "Maximum"))),
                reserved=config["reserved"],
                deployed_at=config["LastModified"],
            )
            for name, config in sorted(there.items())
        ]

    def _published(self) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
        """The stack's metrics by process, and by process and version."""
        pages = (
            self._target.client("cloudwatch")
            .get_paginator("list_metrics")
            .paginate(
                Namespace=_NAMESPACE,
                Dimensions=[
                    {"Name": "stack", "Value": self._target.stack_name},
                    {"Name": "process"},
                ],
            )
        )
        with aws_errors(self._target):
            return [
                (
                    metric["MetricName"],
                    tuple((one["Name"], one["Value"]) for one in metric["Dimensions"]),
                )
                for page in pages
                for metric in page["Metrics"]
            ]

    def _functions(self) -> dict[str, dict[str, Any]]:
        """The stack's functions by their short names."""
        stack = self._target.client("cloudformation")
        client = self._target.client("lambda")
        found: dict[str, dict[str, Any]] = {}
        with aws_errors(self._target):
            pages = stack.get_paginator("list_stack_resources").paginate(
                StackName=self._target.stack_name
            )
            for one in (one for page in pages for one in page["StackResourceSummaries"]):
                if one["ResourceType"] != "AWS::Lambda::Function":
                    continue
                answer = client.get_function(FunctionName=one["PhysicalResourceId"])
                name = one["LogicalResourceId"].removesuffix("Function").lower()
                reserved = answer.get("Concurrency", {}).get("ReservedConcurrentExecutions")
                found[name] = {**answer["Configuration"], "reserved": reserved}
        return found

    def _ask(self, window: Window, queries: Iterable[Query]) -> Answers:
        wanted = list(dict.fromkeys(queries))
        answers: Answers = {query: [] for query in wanted}
        client = self._target.client("cloudwatch")
        for start in range(0, len(wanted), _QUERIES):
            part = wanted[start : start + _QUERIES]
            pages = client.get_paginator("get_metric_data").paginate(
                MetricDataQueries=[
                    _asked(f"m{number}", query, window) for number, query in enumerate(part)
                ],
                StartTime=datetime.fromtimestamp(window.start, UTC),
                EndTime=datetime.fromtimestamp(window.end, UTC),
            )
            with aws_errors(self._target):
                for page in pages:
                    for series in page["MetricDataResults"]:
                        query = part[int(series["Id"][1:])]
                        answers[query] += [
                            Point(at.timestamp(), value)
                            for at, value in zip(
                                series["Timestamps"], series["Values"], strict=True
                            )
                        ]
        return answers


_STATS = {
    **dict.fromkeys((*COUNTED, *DECIDED), "Sum"),
    "Drifted": "Average",
    **dict.fromkeys(("PrecisionAudited", "LivePrecision", "LivePrecisionLower"), "Average"),
}
_OF_A_FUNCTION = (
    (_LAMBDA, "Invocations", "Sum", False),
    (_LAMBDA, "Errors", "Sum", False),
    (_LAMBDA, "Throttles", "Sum", False),
    (_LAMBDA, "Duration", "Sum", False),
    (_LAMBDA, "Duration", "p95", True),
    (_LAMBDA, "ConcurrentExecutions", "Maximum", False),
    (_NAMESPACE, "CpuTime", "Sum", False),
    (_NAMESPACE, "ResidentMemory", "Maximum", False),
)


def _asked(name: str, query: Query, window: Window) -> dict[str, Any]:
    period = window.end - window.start if query.whole else window.bucket_s
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": query.namespace,
                "MetricName": query.metric,
                "Dimensions": [
                    {"Name": dimension, "Value": value} for dimension, value in query.dimensions
                ],
            },
            # CloudWatch takes whole minutes.
            "Period": math.ceil(period / 60) * 60,
            "Stat": query.stat,
        },
    }


def _sum(points: Sequence[Point]) -> float:
    return sum(point.value for point in points)


def _most(points: Sequence[Point]) -> float | None:
    return max((point.value for point in points), default=None)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
