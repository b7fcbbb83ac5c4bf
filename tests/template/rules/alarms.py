"""Every alarm looks at a metric that somebody publishes, by its own dimensions, and mails."""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.template.rules.mail import digest_period
from tests.template.rules.shape import (
    AnyOrder,
    Keyed,
    att,
    problems,
    ref,
    sub,
    text,
)
from tests.template.rules.stack import Stack

STACK = {"Name": "stack", "Value": ref("AWS::StackName")}
TRIAGE = {"Name": "StateMachineArn", "Value": ref("Triage")}
STOPPED = {"Name": "StateMachineArn", "Value": ref("Stopped")}
QUEUE, WAITING, MAILS, UNDECIDED, UNINDEXED, UNPOSTED = (
    {"Name": "QueueName", "Value": att(name, "QueueName")}
    for name in (
        *("Undelivered", "Waiting", "MailQueue", "ReviewsUndelivered", "Unindexed"),
        "NoticesUndelivered",
    )
)
# What is there only with ReviewPage, and what stands for it in the dashboard: a resource that is
# not there cannot be named.
REVIEW_FUNCTIONS = {
    *("QueueFunction", "ApiFunction", "TrainFunction", "IndexFunction", "SearchFunction"),
}
REVIEW_ALARMS = (
    *("ReviewsUndeliveredAlarm", "UnindexedAlarm", "PageErrorsAlarm", "PageThrottlesAlarm"),
)
REVIEW_LINES = ("ReviewAlarms", "ReviewDurations", "ReviewThrottles")
RESERVED = "ReservedConcurrencyAlarm"
NOTICE_ALARM = "NoticesUndeliveredAlarm"
# What this one fails to do has an alarm of its own, and nothing waits for it.
NOTIFY = "NotifyFunction"
# Line of the dashboard -> the condition that it hangs on.
LINES = {
    **dict.fromkeys(REVIEW_LINES, "HasReviewPage"),
    "ReservedAlarms": "HasReservedConcurrency",
    "NoticeAlarms": "HasNotifyWebhook",
}
TOPIC = {"Name": "TopicName", "Value": att("Topic", "TopicName")}


@dataclass(frozen=True)
class Single:
    """An alarm on one metric: it rings at `threshold` or above."""

    namespace: str
    metric: str
    dimension: dict[str, Any] | None
    """None: of the whole account"""
    statistic: str
    period: int
    evaluations: int
    threshold: Any


SINGLE = {
    "UndeliveredAlarm": Single(
        "AWS/SQS", "ApproximateNumberOfMessagesVisible", QUEUE, "Maximum", 60, 1, 1
    ),
    "ReviewsUndeliveredAlarm": Single(
        "AWS/SQS", "ApproximateNumberOfMessagesVisible", UNDECIDED, "Maximum", 60, 1, 1
    ),
    "UnindexedAlarm": Single(
        "AWS/SQS", "ApproximateNumberOfMessagesVisible", UNINDEXED, "Maximum", 60, 1, 1
    ),
    NOTICE_ALARM: Single(
        "AWS/SQS", "ApproximateNumberOfMessagesVisible", UNPOSTED, "Maximum", 60, 1, 1
    ),
    "WaitingAlarm": Single(
        "AWS/SQS", "ApproximateAgeOfOldestMessage", WAITING, "Maximum", 300, 1, 6 * 3600
    ),
    "DigestLateAlarm": Single(
        *("AWS/SQS", "ApproximateAgeOfOldestMessage", MAILS, "Maximum", 300, 1),
        digest_period("Late"),
    ),
    "NotMailedAlarm": Single("AWS/States", "ExecutionsFailed", STOPPED, "Sum", 60, 1, 1),
    "RunsFailedAlarm": Single("AWS/States", "ExecutionsFailed", TRIAGE, "Sum", 900, 1, 5),
    "RunsTimedOutAlarm": Single("AWS/States", "ExecutionsTimedOut", TRIAGE, "Sum", 300, 1, 1),
    "RunsThrottledAlarm": Single("AWS/States", "ExecutionThrottled", TRIAGE, "Sum", 300, 1, 1),
    "UnfinishedAlarm": Single("Winnow", "OldestUnfinished", STACK, "Maximum", 1800, 2, 7200),
    "SweepFailedAlarm": Single("Winnow", "UploadsNotSwept", STACK, "Sum", 3600, 1, 1),
    "DefectsAlarm": Single("Winnow", "Defects", STACK, "Sum", 60, 1, 1),
    "GuaranteeBrokenAlarm": Single("Winnow", "GuaranteeBroken", STACK, "Maximum", 3600, 1, 1),
    "ConcurrencyAlarm": Single(
        *("AWS/Lambda", "ClaimedAccountConcurrency", None, "Maximum", 60, 1),
        ref("ConcurrencyLimit"),
    ),
    "ModelAgeAlarm": Single(
        "Winnow", "OldestModelDays", STACK, "Maximum", 86400, 1, ref("ModelAgeDays")
    ),
    "DriftedAlarm": Single("Winnow", "Drifted", STACK, "Average", 3600, 1, 0.5),
    "MailFailedAlarm": Single("AWS/SNS", "NumberOfNotificationsFailed", TOPIC, "Sum", 300, 1, 1),
}


class AddedUp(NamedTuple):
    """An alarm on a sum over functions: over the page's, or over all others."""

    metric: str
    threshold: int
    of_the_page: bool = False


ADDED_UP = {
    "FunctionErrorsAlarm": AddedUp("Errors", 10),
    "FunctionThrottlesAlarm": AddedUp("Throttles", 50),
    "PageErrorsAlarm": AddedUp("Errors", 10, of_the_page=True),
    "PageThrottlesAlarm": AddedUp("Throttles", 50, of_the_page=True),
}
# Exception: the sweep's silence is mailed, and a stack that has not swept yet is not. An alarm is
# made in INSUFFICIENT_DATA, and its actions are for changes "from any other state"
# (AmazonCloudWatch/latest/monitoring/alarm-actions.html, alarms-and-missing-data.html). With
# missing data taken for breaching it would ring before the first sweep.
SILENCE = {"UnfinishedAlarm"}
REVIEW_RATE = "ReviewRateAlarm"
ALARMS = {*SINGLE, *ADDED_UP, REVIEW_RATE, RESERVED}


def alarm(name: str, stack: Stack) -> Any:
    """It mails, says what to make of it, and stays quiet where there is nothing to measure."""
    properties: dict[str, Any] = {
        "AlarmDescription": text(61),
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "missing" if name in SILENCE else "notBreaching",
        "AlarmActions": [ref("Topic")],
    }
    if name in SILENCE:
        properties["InsufficientDataActions"] = [ref("Topic")]
    if name in SINGLE:
        one = SINGLE[name]
        properties |= {
            "Namespace": one.namespace,
            "MetricName": one.metric,
            "Statistic": one.statistic,
            "Period": one.period,
            "EvaluationPeriods": one.evaluations,
            "Threshold": one.threshold,
        }
        if one.dimension is not None:
            properties["Dimensions"] = [one.dimension]
    elif name == RESERVED:
        reserving = ("serialize", "scan", "classify", "filter")
        most = f"100 * MAX([{', '.join(f'FILL({one}, 0)' for one in reserving)}])"
        parts = {one: _concurrency(one) for one in reserving}
        whole = {"Id": "most", "Label": text(), "Expression": sub(f"{most} / ${{{_RESERVE}}}")}
        properties |= {
            "Metrics": Keyed("Id", {"most": whole, **parts}),
            "EvaluationPeriods": 1,
            "Threshold": 80,
        }
    elif name in ADDED_UP:
        sum_of = ADDED_UP[name]
        functions = {
            one.removesuffix("Function").lower(): one
            for one in stack.of_type("AWS::Serverless::Function")
            if one != NOTIFY and (one in REVIEW_FUNCTIONS) is sum_of.of_the_page
        }
        # A function that was not called has no value.
        total = f"SUM([{', '.join(f'FILL({one}, 0)' for one in functions)}])"
        parts = {
            one: _part(
                *(one, "AWS/Lambda", sum_of.metric),
                {"Name": "FunctionName", "Value": ref(function)},
            )
            for one, function in functions.items()
        }
        whole = {"Id": "all", "Label": text(), "Expression": total}
        properties |= {
            "Metrics": Keyed("Id", {"all": whole, **parts}),
            "EvaluationPeriods": 1,
            "Threshold": sum_of.threshold,
        }
    elif name == REVIEW_RATE:
        share, band = "100 * review / (review + accepted)", "ANOMALY_DETECTION_BAND(share, 3)"
        properties |= {
            "Metrics": Keyed(
                "Id",
                {
                    "usual": {"Id": "usual", "Label": text(), "Expression": band},
                    "share": {"Id": "share", "Label": text(), "Expression": share},
                    **{
                        one: _part(one, "Winnow", f"Records{one.capitalize()}", STACK, 3600)
                        for one in ("accepted", "review")
                    },
                },
            ),
            "ThresholdMetricId": "usual",
            "EvaluationPeriods": 2,
            "ComparisonOperator": "GreaterThanUpperThreshold",
        }
    # The local stack computes no metrics.
    maths = {} if name in SINGLE else {"Condition": "HasMetricMath"}
    if name == RESERVED:
        maths = {"Condition": "HasReservedAlarm"}
    if name in ADDED_UP and ADDED_UP[name].of_the_page:
        maths = {"Condition": "HasPageSums"}
    return {"Type": "AWS::CloudWatch::Alarm", **maths, "Properties": properties}


_RESERVE = "ReservedConcurrency"


def _concurrency(one: str) -> Any:
    by = {"Name": "FunctionName", "Value": ref(f"{one.capitalize()}Function")}
    return _part(one, "AWS/Lambda", "ConcurrentExecutions", by, 60, "Maximum")


def _part(
    one: str, namespace: str, metric: str, dimension: Any, period: int = 300, stat: str = "Sum"
) -> Any:
    return {
        "Id": one,
        "ReturnData": False,
        "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": metric, "Dimensions": [dimension]},
            "Stat": stat,
            "Period": period,
        },
    }


@dataclass(frozen=True)
class Graph:
    """A graph of metrics that share a namespace and, but for single lines, a statistic."""

    namespace: str
    metrics: tuple[str, ...]
    value: str | None = None
    """what the lines' dimension is; None: a line for each function"""
    stat: str | None = None
    period: int = 300
    lines: tuple[dict[str, Any], ...] = ()
    """what each line has besides, where it has"""
    more: tuple[list[Any], ...] = ()
    stacked: bool = False


ENDS = ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")
RIGHT = {"yAxis": "right", "stat": "Sum"}
OF_STACK = 'stack="${AWS::StackName}"'
# The functions' names begin with the stack's.
OF_FUNCTIONS = "${AWS::StackName}"
VERSIONS = "Winnow,process,stack,version"


def search(dimensions: str, metrics: tuple[str, ...], stat: str, period: int, of: str) -> str:
    """An expression for metrics whose dimensions are not known beforehand."""
    names = " OR ".join(f'"{metric}"' for metric in metrics)
    names = f"({names})" if len(metrics) > 1 else names
    return f"SEARCH('{{{dimensions}}} MetricName={names} {of}', '{stat}', {period})"


def found_graph(period: int, **expressions: str) -> "Graph":
    return Graph(
        *("", (), ""),
        period=period,
        more=tuple(
            [{"expression": expression, "id": name, "label": ""}]
            for name, expression in expressions.items()
        ),
    )


GRAPHS = [
    Graph("AWS/States", tuple(f"Executions{end}" for end in ENDS), "${Triage}", "Sum"),
    Graph(
        *("Winnow", ("OldestUnfinished", "UploadsRestarted", "UploadsAbandoned")),
        value="${AWS::StackName}",
        period=900,
        lines=({"stat": "Maximum"}, RIGHT, RIGHT),
    ),
    Graph(
        *("AWS/States", ("ExecutionTime",) * 3, "${Triage}"),
        lines=({"stat": "p50"}, {"stat": "p95"}, {"stat": "Maximum"}),
    ),
    Graph("AWS/Lambda", ("Duration",), stat="p95"),
    Graph(
        *("AWS/Lambda", ("Throttles",)),
        lines=({"stat": "Sum"},),
        more=(
            [
                *("AWS/Lambda", "ConcurrentExecutions", "FunctionName", "${ClassifyFunction}"),
                {"stat": "Maximum", "yAxis": "right"},
            ],
        ),
    ),
    Graph(
        *("Winnow", ("RecordsAccepted", "RecordsReview", "RecordsInvalid")),
        value="${AWS::StackName}",
        stat="Sum",
        period=3600,
        stacked=True,
    ),
    found_graph(
        3600, review=search("Winnow,process,stack", ("RecordsReview",), "Sum", 3600, OF_STACK)
    ),
    found_graph(300, cpu=search("Winnow,FunctionName", ("CpuTime",), "p95", 300, OF_FUNCTIONS)),
    found_graph(
        300,
        memory=search("Winnow,FunctionName", ("ResidentMemory",), "Maximum", 300, OF_FUNCTIONS),
    ),
    found_graph(
        300,
        concurrency=search(
            "AWS/Lambda,FunctionName", ("ConcurrentExecutions",), "Maximum", 300, OF_FUNCTIONS
        ),
    ),
    found_graph(
        3600,
        records=search(VERSIONS, ("RecordsAccepted", "RecordsReview"), "Sum", 3600, OF_STACK),
    ),
    found_graph(
        3600,
        precision=search(
            VERSIONS, ("LivePrecision", "LivePrecisionLower"), "Average", 3600, OF_STACK
        ),
    ),
    found_graph(
        3600,
        drift=search(VERSIONS, ("Drifted",), "Average", 3600, OF_STACK),
        changed=search(VERSIONS, ("RecordsChanged",), "Sum", 3600, OF_STACK),
    ),
    found_graph(
        21600,
        age=search("Winnow,process,stack", ("ModelAge",), "Maximum", 21600, OF_STACK),
        code=search("Winnow,stack", ("CodeAge",), "Maximum", 21600, OF_STACK),
    ),
]
DIMENSIONS = {"AWS/States": "StateMachineArn", "AWS/Lambda": "FunctionName", "Winnow": "stack"}
QUESTIONS = (
    *("## Is it healthy?", "## What is slow?", "## What does it decide?"),
    "## How does each version do?",
)


def graph(of: Graph, stack: Stack) -> Any:
    functions = [
        f"${{{name}}}" for name in stack.of_type("AWS::Serverless::Function") if name != NOTIFY
    ]
    lines: list[list[Any]] = list(of.more)
    for number, metric in enumerate(of.metrics):
        own = [of.lines[number]] if of.lines else []
        for value in functions if of.value is None else [of.value]:
            lines.append([of.namespace, metric, DIMENSIONS[of.namespace], value, *own])
    properties: dict[str, Any] = {
        "title": text(),
        "region": "${AWS::Region}",
        "view": "timeSeries",
        "metrics": AnyOrder(lines),
        "period": of.period,
    }
    if of.stat:
        properties["stat"] = of.stat
    if of.stacked:
        properties["stacked"] = True
    return properties


def body(stack: Stack) -> Any:
    """Three questions; every alarm; numbers and states, and no line of a log."""
    place = dict.fromkeys(("x", "y", "width", "height"), _number)
    alarms = AnyOrder([f"${{{name}.Arn}}" for name in sorted(ALARMS)])
    wanted = [
        *({"type": "text", **place, "properties": {"markdown": one}} for one in QUESTIONS),
        {"type": "alarm", **place, "properties": {"title": text(), "alarms": alarms}},
        *({"type": "metric", **place, "properties": graph(one, stack)} for one in GRAPHS),
    ]

    def check(found: Any) -> str | None:
        try:
            written = json.loads(filled(found))
        except (TypeError, ValueError):
            return "JSON, and lines that hang on ReviewPage"
        said = [*problems("", {"widgets": AnyOrder(wanted)}, written)]
        return said[0] if said else _laid_out(written["widgets"])

    return check


def filled(found: Any) -> str:
    """The dashboard's text as it is with ReviewPage.

    Raises ValueError if its parts are of another form, or the text is not JSON without them.
    """
    match found:
        case [str(pattern), dict(lines)] if set(lines) == set(LINES):
            whole, without = pattern, pattern
            for name, line in lines.items():
                match line:
                    case {"Fn::If": [str(by), {"Fn::Sub": str(added)}, ""]} if by == LINES[name]:
                        whole = whole.replace(f"${{{name}}}", added)
                        without = without.replace(f"${{{name}}}", "")
                    case _:
                        raise ValueError(name)
            json.loads(without)
            if any(
                name in without
                for name in (*REVIEW_FUNCTIONS, *REVIEW_ALARMS, NOTICE_ALARM, RESERVED)
            ):
                raise ValueError("named where it is not there")
            return whole
    raise ValueError("a text with lines that hang on ReviewPage")


def _number(found: Any) -> str | None:
    return None if type(found) is int and found >= 0 else "a number"


def _laid_out(widgets: list[dict[str, Any]]) -> str | None:
    """Nothing lies over anything else, and every row is filled: a page is 24 wide."""
    taken = [
        (column, row)
        for one in widgets
        for column in range(one["x"], one["x"] + one["width"])
        for row in range(one["y"], one["y"] + one["height"])
    ]
    rows = max(row for _, row in taken) + 1
    whole = {(column, row) for column in range(24) for row in range(rows)}
    heads = [one["height"] for one in widgets if one["type"] == "text"]
    filled = len(taken) == len(set(taken)) and set(taken) == whole and set(heads) == {1}
    return None if filled else "a page without gaps, 24 wide"


def dashboard(name: str, stack: Stack) -> Any:
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Condition": "HasMetricMath",
        "Properties": {
            "DashboardName": ref("AWS::StackName"),
            "DashboardBody": {"Fn::Sub": body(stack)},
        },
    }


def budget(name: str, stack: Stack) -> Any:
    """Tells the topic: it has no role, and no action that would be billed."""
    owner = [{"SubscriptionType": "SNS", "Address": ref("Topic")}]
    return {
        "Type": "AWS::Budgets::Budget",
        "Condition": "HasBudget",
        # It tries the topic when it is made.
        "DependsOn": "TopicPolicy",
        "Properties": {
            "Budget": {
                "BudgetName": {"Fn::Sub": "${AWS::StackName}-monthly"},
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": ref("MonthlyBudget"), "Unit": "USD"},
            },
            "NotificationsWithSubscribers": AnyOrder(
                [
                    {
                        "Notification": {
                            "NotificationType": kind,
                            "ComparisonOperator": "GREATER_THAN",
                            "Threshold": percent,
                            "ThresholdType": "PERCENTAGE",
                        },
                        "Subscribers": owner,
                    }
                    for kind, percent in (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
                ]
            ),
        },
    }


RULES = {
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::CloudWatch::Dashboard": dashboard,
    "AWS::Budgets::Budget": budget,
}
