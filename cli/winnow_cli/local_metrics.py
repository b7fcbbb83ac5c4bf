"""The dashboard's numbers of the local stack, from what its functions print (EMF).

MiniStack makes no metrics of these lines, so they are read here as CloudWatch would read them.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from winnow_cli.dashboard import (
    COUNTED,
    Function,
    Records,
    Runs,
    Window,
    add,
    in_order,
    percentile,
)
from winnow_cli.target import Target, aws_errors

_NAMESPACE = "Winnow"
_PAGE = 10_000
"""Lines that MiniStack gives at most; it has no next page."""


@dataclass(frozen=True)
class Sample:
    """One value of a metric."""

    at: float
    name: str
    value: float
    dimensions: dict[str, str]


def samples(line: str) -> Iterator[Sample]:
    """The values that CloudWatch would make of a line: one by each combination of dimensions.

    >>> line = '{"_aws": {"Timestamp": 1000, "CloudWatchMetrics": [{"Namespace": "Winnow", '
    >>> line += '"Dimensions": [["stack"]], "Metrics": [{"Name": "Defects"}]}]}, '
    >>> line += '"stack": "mine", "Defects": [1.0]}'
    >>> [(one.name, one.value, one.dimensions) for one in samples(line)]
    [('Defects', 1.0, {'stack': 'mine'})]
    """
    document = _document(line)
    if document is None:
        return
    about = document["_aws"]
    for group in about["CloudWatchMetrics"]:
        if group.get("Namespace") != _NAMESPACE:
            continue
        for names in group["Dimensions"]:
            dimensions = {name: str(document[name]) for name in names}
            for metric in group["Metrics"]:
                given = document[metric["Name"]]
                for value in given if isinstance(given, list) else [given]:
                    yield Sample(
                        about["Timestamp"] / 1_000, metric["Name"], float(value), dimensions
                    )


def _document(line: str) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
        document["_aws"]["CloudWatchMetrics"]
    except (ValueError, TypeError, KeyError):
        return None  # A log line that only mentions the word.
    found: dict[str, Any] = document
    return found


class LocalMetrics:
    """A Source: the logs of the local stack, and its executions."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._lines: dict[Window, list[str]] = {}

    def runs(self, window: Window) -> Runs:
        ended: dict[str, int] = defaultdict(int)
        seconds: list[float] = []
        over_time = [0] * len(Runs().over_time)
        pages = (
            self._target.client("stepfunctions")
            .get_paginator("list_executions")
            .paginate(stateMachineArn=self._target.output("StateMachineArn"))
        )
        with aws_errors(self._target):
            for execution in (one for page in pages for one in page["executions"]):
                started: datetime = execution["startDate"]
                if not window.start <= started.timestamp() <= window.end:
                    continue
                over_time[window.bucket(started.timestamp())] += 1
                ended[execution["status"]] += 1
                stopped = execution.get("stopDate")
                if stopped and execution["status"] != "RUNNING":
                    seconds.append((stopped - started).total_seconds())
        return Runs(
            started=sum(over_time),
            succeeded=ended["SUCCEEDED"],
            failed=ended["FAILED"],
            timed_out=ended["TIMED_OUT"],
            aborted=ended["ABORTED"],
            p50_s=percentile(seconds, 0.5),
            p95_s=percentile(seconds, 0.95),
            over_time=tuple(over_time),
        )

    def records(self, window: Window) -> list[Records]:
        rows: dict[tuple[str, str], Records] = {}
        drifted: dict[tuple[str, str], list[float]] = defaultdict(list)
        for line in self._read(window):
            for sample in samples(line):
                process = sample.dimensions.get("process")
                if process is None:
                    continue
                key = (process, sample.dimensions.get("version", ""))
                row = rows.setdefault(key, Records(*key))
                add(row, sample.name, sample.value)
                if sample.name in COUNTED:
                    row.over_time[window.bucket(sample.at)] += round(sample.value)
                elif sample.name == "Drifted":
                    drifted[key].append(sample.value)
                    row.drift = sum(drifted[key]) / len(drifted[key])
                # The lines are in the order of time: the last one is the state.
                elif sample.name == "PrecisionAudited":
                    row.audited = round(sample.value)
                elif sample.name == "LivePrecision":
                    row.precision = sample.value
                elif sample.name == "LivePrecisionLower":
                    row.precision_lower = sample.value
        return in_order(rows)

    def functions(self, window: Window) -> list[Function]:
        calls: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for line in self._read(window):
            document = _document(line)
            if document and "FunctionName" in document and "milliseconds" in document:
                calls[document["FunctionName"]].append(document)
        client = self._target.client("lambda")
        with aws_errors(self._target):
            there = [
                one
                for page in client.get_paginator("list_functions").paginate()
                for one in page["Functions"]
            ]
        rows = (_row(one, calls[one["FunctionName"]], self._target.stack_name) for one in there)
        return sorted((row for row in rows if row is not None), key=lambda row: row.name)

    def _read(self, window: Window) -> list[str]:
        """The lines with metrics, in the order of time."""
        if window not in self._lines:
            logs = self._target.client("logs")
            found: list[tuple[int, str]] = []
            with aws_errors(self._target):
                prefix = f"/aws/lambda/{self._target.stack_name}-"
                groups = logs.get_paginator("describe_log_groups").paginate(
                    logGroupNamePrefix=prefix
                )
                for group in (one for page in groups for one in page["logGroups"]):
                    found += _lines_of(logs, group["logGroupName"], window)
            found.sort(key=lambda one: one[0])
            self._lines[window] = [line for _, line in found]
        return self._lines[window]


def _lines_of(logs: Any, group: str, window: Window) -> Iterator[tuple[int, str]]:
    start, end = int(window.start * 1_000), int(window.end * 1_000)
    while True:
        events = logs.filter_log_events(
            logGroupName=group, filterPattern='"CloudWatchMetrics"', startTime=start, endTime=end
        )["events"]
        full = len(events) >= _PAGE
        # Events of the last millisecond may go on beyond the page: they are read again.
        last = events[-1]["timestamp"] if events else 0
        if full and last == start:
            full = False
        for event in events:
            if not full or event["timestamp"] < last:
                yield event["timestamp"], event["message"]
        if not full:
            return
        start = last


def _row(function: dict[str, Any], calls: list[dict[str, Any]], stack: str) -> Function | None:
    group = (function.get("LoggingConfig") or {}).get("LogGroup", "")
    prefix = f"/aws/lambda/{stack}-"
    if not group.startswith(prefix):
        return None
    limit = int(function["MemorySize"])
    seconds = [call["milliseconds"] / 1_000 for call in calls]
    ends = [call["_aws"]["Timestamp"] / 1_000 for call in calls]
    return Function(
        name=group.removeprefix(prefix),
        calls=len(calls),
        errors=sum(bool(call["code"]) for call in calls),
        p95_ms=percentile((call["milliseconds"] for call in calls), 0.95),
        cpu_s=sum(sum(call["CpuTime"]) for call in calls) / 1_000,
        memory_mb=max((max(call["ResidentMemory"]) for call in calls), default=None),
        limit_mb=limit,
        gb_s=sum(seconds) * limit / 1_024,
        concurrency=_most_at_once(list(zip(ends, seconds, strict=True))),
        deployed_at=function.get("LastModified"),
    )


def _most_at_once(calls: list[tuple[float, float]]) -> int:
    """The most calls that ran at the same time, from their ends and lengths."""
    steps = sorted(step for end, seconds in calls for step in ((end - seconds, 1), (end, -1)))
    most = now = 0
    for _, change in steps:
        now += change
        most = max(most, now)
    return most
