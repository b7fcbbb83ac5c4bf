"""Every alarm and every graph looks at a metric that somebody publishes, by its own dimensions."""

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

import winnow_aws.metrics
from tests.template.expand import ROOT, expand
from tests.template.rules.alarms import filled
from tests.template.rules.shape import where_it_holds
from winnow.models import Alias, Counts, Difference, Drift, VersionRef
from winnow.recovery.report import SweepReport
from winnow_aws.metrics import (
    count_decisions,
    count_defect,
    count_outcomes,
    count_queued,
    count_sweep,
    measure_ages,
    measure_call,
    measure_code_age,
    measure_drift,
    measure_precision,
)
from winnow_aws.usage import Usage

RESOURCES: dict[str, Any] = expand()["Resources"]
ALARMS = [name for name, one in RESOURCES.items() if one["Type"] == "AWS::CloudWatch::Alarm"]

# Namespace, metric -> dimensions that AWS publishes it by. Read off its documentation, these pages
# of docs.aws.amazon.com:
#   AWS/States  step-functions/latest/dg/procedure-cw-metrics.html, "Execution metrics" and
#               "Dimension for Step Functions execution metrics"; ExecutionThrottled counts
#               StateEntered events and retries that were held back
#   AWS/Lambda  lambda/latest/dg/monitoring-metrics-types.html: invocation, performance and
#               concurrency metrics; the dimensions are in monitoring-metrics-view.html:
#               FunctionName is "all versions and aliases of a function"
#   AWS/SQS     AWSSimpleQueueService/latest/SQSDeveloperGuide/
#               sqs-available-cloudwatch-metrics.html: QueueName is the only dimension; a queue
#               that nobody has used for six hours is silent
#   AWS/SNS     sns/latest/dg/sns-monitoring-using-cloudwatch.html: topic metrics by TopicName
PUBLISHED: dict[tuple[str, str], tuple[str, ...]] = {
    **{
        ("AWS/States", metric): ("StateMachineArn",)
        for metric in (
            *("ExecutionTime", "ExecutionThrottled", "ExecutionsAborted", "ExecutionsFailed"),
            *("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsTimedOut"),
        )
    },
    **{
        ("AWS/Lambda", metric): ("FunctionName",)
        for metric in ("Errors", "Throttles", "Duration", "Invocations", "ConcurrentExecutions")
    },
    # "A metric of the whole region": it has no dimension.
    ("AWS/Lambda", "ClaimedAccountConcurrency"): (),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): ("QueueName",),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): ("QueueName",),
    ("AWS/SNS", "NumberOfNotificationsFailed"): ("TopicName",),
}


VERSION = VersionRef(sha256="ab" * 32, alias=Alias.CHAMPION)


def ours(capsys: pytest.CaptureFixture[str]) -> dict[tuple[str, str], list[tuple[str, ...]]]:
    """What our functions publish, read off what they print."""
    count_outcomes("winnow", "emotions", Counts(), VERSION)
    far = Difference(distance=0.4, limit=0.1, drifted=True)
    measure_drift("winnow", "emotions", Drift(scores=far, decisions=far, embeddings=far), VERSION)
    count_sweep("winnow", SweepReport())
    count_queued("winnow", "emotions", 2, 1)
    count_decisions("winnow", "emotions", 2, 1, VERSION)
    measure_precision(
        "winnow", "emotions", VERSION, audited=9, precision=0.9, lower=0.6, guarantee=0.9
    )
    measure_call("winnow-ClassifyFunction-1", Usage(1, 1, 100))
    count_defect("winnow")
    measure_ages("winnow", {"emotions": 60.0})
    measure_code_age("winnow", 60.0)
    found: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for line in capsys.readouterr().out.splitlines():
        filed = json.loads(line)
        for group in filed["_aws"]["CloudWatchMetrics"]:
            for metric in group["Metrics"]:
                assert metric["Name"] in filed
                sets = [tuple(sorted(one)) for one in group["Dimensions"]]
                found[group["Namespace"], metric["Name"]] = sets
    return found


def metrics_of(alarm: str) -> Iterator[dict[str, Any]]:
    given = RESOURCES[alarm]["Properties"]
    if "MetricName" in given:
        yield given
    for query in map(where_it_holds, given.get("Metrics", ())):
        if "MetricStat" in query:
            yield query["MetricStat"]["Metric"]


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_watches_what_is_published(alarm: str, capsys: pytest.CaptureFixture[str]):
    own = ours(capsys)
    watched = list(metrics_of(alarm))
    assert watched
    for metric in watched:
        name = (metric["Namespace"], metric["MetricName"])
        given = {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}
        if name in PUBLISHED:
            assert tuple(given) == PUBLISHED[name]
        else:
            assert tuple(sorted(given)) in own[name]


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_is_one_that_cloudwatch_takes(alarm: str):
    """Limits that no emulator and no schema knows.

    AmazonCloudWatch/latest/monitoring/alarm-limits.html: an alarm on metric maths references at
    most 10 metrics. API_MetricDataQuery: at most 20 queries, 10 of them with a MetricStat, and
    expressions of at most 2,048 characters.
    """
    metrics = RESOURCES[alarm]["Properties"].get("Metrics", ())
    queries = [query["Fn::If"][1] if "Fn::If" in query else query for query in metrics]
    stats = [query for query in queries if "MetricStat" in query]
    assert len(stats) <= 10
    assert len(queries) - len(stats) <= 10
    assert all(len(str(query.get("Expression", ""))) <= 1024 for query in queries)


PUBLISHERS = {
    "DefectsAlarm": None,
    "DriftedAlarm": "FilterFunction",
    "GuaranteeBrokenAlarm": "QueueFunction",
    "ModelAgeAlarm": "SweepFunction",
    "ReviewRateAlarm": "FilterFunction",
    "SweepFailedAlarm": "SweepFunction",
    "UnfinishedAlarm": "SweepFunction",
}
"""Alarm on a metric of ours -> the function that publishes it; None: all of them."""
NOTHING_TO_SAY = {"GuaranteeBrokenAlarm": "without reviews nobody finds a decision wrong"}


def test_an_alarm_is_there_only_where_its_metric_is_published():
    own = {
        alarm
        for alarm in ALARMS
        if any(metric["Namespace"] == "Winnow" for metric in metrics_of(alarm))
    }
    assert own == PUBLISHERS.keys()
    for alarm, function in PUBLISHERS.items():
        condition = RESOURCES[function].get("Condition") if function else None
        if alarm not in NOTHING_TO_SAY:
            assert condition in (None, RESOURCES[alarm].get("Condition")), alarm
    emitters = {
        "SweepFunction": ("count_sweep", "measure_ages", "measure_code_age"),
        "QueueFunction": ("measure_precision",),
        "FilterFunction": ("count_outcomes", "measure_drift"),
    }
    for function, names in emitters.items():
        folder = ROOT / "functions" / function.removesuffix("Function").lower()
        code = (folder / "app.py").read_text("utf-8")
        assert all(f"{name}(" in code for name in names), function


def test_the_service_that_a_function_is_named_by_is_no_dimension(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """No alarm watches one, and CloudWatch keeps a metric apart by each set of dimensions."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "filter")
    importlib.reload(winnow_aws.metrics).count_outcomes("winnow", "emotions", Counts())
    line = json.loads(capsys.readouterr().out)
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["stack"], ["stack", "process"]]
    assert "service" not in line


def test_the_oldest_of_all_processes_is_measured_in_days(capsys: pytest.CaptureFixture[str]):
    measure_ages("winnow", {"emotions": 86_400.0, "L33774": 30 * 86_400.0})
    *_, oldest = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert oldest["OldestModelDays"] == [30.0]
    measure_ages("winnow", {})
    assert capsys.readouterr().out == ""


# -- dashboard -----------------------------------------------------------------------------------


def widgets() -> list[dict[str, Any]]:
    body = filled(RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def test_every_graph_shows_what_is_published(capsys: pytest.CaptureFixture[str]):
    own = ours(capsys)
    seen = 0
    for widget in widgets():
        for line in widget["properties"].get("metrics", ()):
            if isinstance(line[0], dict):
                expression = line[0]["expression"]
                schema = re.search(r"\{([\w/]+),([\w,]+)\} MetricName=(\S+|\(.*?\)) ", expression)
                assert schema
                dimensions = tuple(schema[2].split(","))
                metrics = re.findall(r'"(\w+)"', schema[3])
                assert metrics
                for metric in metrics:
                    name = (schema[1], metric)
                    assert dimensions in [PUBLISHED[name]] if name in PUBLISHED else own[name]
                    seen += 1
                continue
            namespace, metric, dimension, value = line[:4]
            if (namespace, metric) in PUBLISHED:
                assert (dimension,) == PUBLISHED[namespace, metric]
            else:
                assert (dimension,) in own[namespace, metric]
            names = {"AWS::StackName", *RESOURCES}
            assert re.fullmatch(r"\$\{([\w:]+)\}", value)[1] in names  # type: ignore[index]
            seen += 1
    assert seen > 20
