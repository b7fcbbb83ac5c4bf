"""Every alarm and every graph looks at a metric that somebody publishes, by its own dimensions."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.template.expand import expand
from winnow.models import Counts, Difference, Drift
from winnow.sweep import SweepReport
from winnow_aws.metrics import count_outcomes, count_sweep, measure_drift

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
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): ("QueueName",),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): ("QueueName",),
    ("AWS/SNS", "NumberOfNotificationsFailed"): ("TopicName",),
}

MADE_OF = {
    "StateMachineArn": {"Triage": {"Ref": "Triage"}, "Stopped": {"Ref": "Stopped"}},
    "QueueName": {
        name: {"Fn::GetAtt": [name, "QueueName"]}
        for name in ("Undelivered", "Waiting", "MailQueue")
    },
    "TopicName": {"Topic": {"Fn::GetAtt": ["Topic", "TopicName"]}},
    "stack": {"": {"Ref": "AWS::StackName"}},
    "FunctionName": {
        name: {"Ref": name}
        for name, one in RESOURCES.items()
        if one["Type"] == "AWS::Lambda::Function"
    },
}


def ours(capsys: pytest.CaptureFixture[str]) -> dict[tuple[str, str], list[tuple[str, ...]]]:
    """What our functions publish, read off what they print."""
    count_outcomes("winnow", "emotions", Counts())
    far = Difference(distance=0.4, limit=0.1, drifted=True)
    measure_drift("winnow", "emotions", Drift(scores=far, decisions=far, embeddings=far))
    count_sweep("winnow", SweepReport())
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
    for query in given.get("Metrics", ()):
        if "MetricStat" in query:
            yield query["MetricStat"]["Metric"]


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_watches_what_is_published(alarm: str, capsys: pytest.CaptureFixture[str]):
    own = ours(capsys)
    watched = list(metrics_of(alarm))
    assert watched
    for metric in watched:
        name = (metric["Namespace"], metric["MetricName"])
        given = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        if name in PUBLISHED:
            assert tuple(given) == PUBLISHED[name]
        else:
            assert tuple(sorted(given)) in own[name]
        for dimension, value in given.items():
            assert value in MADE_OF[dimension].values(), (alarm, dimension)


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_mails_and_says_what_to_make_of_it(alarm: str):
    given = RESOURCES[alarm]["Properties"]
    assert given["AlarmActions"] == [{"Ref": "Topic"}]
    assert given.get("ActionsEnabled", True) is True
    assert len(given["AlarmDescription"]) > 60
    if alarm != "UnfinishedAlarm":
        assert given["TreatMissingData"] == "notBreaching"
        assert "InsufficientDataActions" not in given


def test_the_sweeps_silence_is_mailed_but_not_that_a_new_stack_has_not_swept_yet():
    # An alarm is made in INSUFFICIENT_DATA, and its actions are for changes "from any other state"
    # (AmazonCloudWatch/latest/monitoring/alarm-actions.html, alarms-and-missing-data.html). With
    # missing data taken for breaching it would ring before the first sweep.
    given = RESOURCES["UnfinishedAlarm"]["Properties"]
    assert given["TreatMissingData"] == "missing"
    assert given["InsufficientDataActions"] == given["AlarmActions"]


# alarm -> (namespace, metric), statistic, period, evaluation periods, threshold
SINGLE = {
    "UndeliveredAlarm": (
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        *("Maximum", 60, 1, 1),
    ),
    "NotMailedAlarm": (("AWS/States", "ExecutionsFailed"), "Sum", 60, 1, 1),
    "RunsFailedAlarm": (("AWS/States", "ExecutionsFailed"), "Sum", 900, 1, 5),
    "RunsTimedOutAlarm": (("AWS/States", "ExecutionsTimedOut"), "Sum", 300, 1, 1),
    "RunsThrottledAlarm": (("AWS/States", "ExecutionThrottled"), "Sum", 300, 1, 1),
    "UnfinishedAlarm": (("Winnow", "OldestUnfinished"), "Maximum", 1800, 2, 7200),
    "SweepFailedAlarm": (("Winnow", "UploadsNotSwept"), "Sum", 3600, 1, 1),
    "DriftedAlarm": (("Winnow", "Drifted"), "Average", 3600, 1, 0.5),
    "WaitingAlarm": (("AWS/SQS", "ApproximateAgeOfOldestMessage"), "Maximum", 300, 1, 21600),
    "DigestLateAlarm": (
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        *(
            "Maximum",
            300,
            1,
            {"Fn::FindInMap": ["MailDigest", {"Ref": "MailDigestMinutes"}, "Late"]},
        ),
    ),
    "MailFailedAlarm": (("AWS/SNS", "NumberOfNotificationsFailed"), "Sum", 300, 1, 1),
}
WATCHED_MACHINE = {"NotMailedAlarm": "Stopped"}
WATCHED_QUEUE = {
    "UndeliveredAlarm": "Undelivered",
    "WaitingAlarm": "Waiting",
    "DigestLateAlarm": "MailQueue",
}


@pytest.mark.parametrize("alarm", SINGLE)
def test_a_simple_alarm_rings_at_its_threshold(alarm: str):
    given = RESOURCES[alarm]["Properties"]
    metric = (given["Namespace"], given["MetricName"])
    when = (given["Statistic"], given["Period"], given["EvaluationPeriods"], given["Threshold"])
    assert (metric, *when) == SINGLE[alarm]
    assert given["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    [dimension] = given["Dimensions"]
    if dimension["Name"] == "StateMachineArn":
        assert dimension["Value"] == {"Ref": WATCHED_MACHINE.get(alarm, "Triage")}
    if dimension["Name"] == "QueueName":
        assert dimension["Value"] == {"Fn::GetAtt": [WATCHED_QUEUE[alarm], "QueueName"]}


@pytest.mark.parametrize(
    ("alarm", "metric", "threshold"),
    [("FunctionErrorsAlarm", "Errors", 10), ("FunctionThrottlesAlarm", "Throttles", 50)],
)
def test_errors_and_throttles_of_every_function_are_added_up(
    alarm: str, metric: str, threshold: int
):
    given = RESOURCES[alarm]["Properties"]
    expression, *parts = given["Metrics"]
    assert all(part["MetricStat"]["Metric"]["MetricName"] == metric for part in parts)
    assert all(part["MetricStat"]["Stat"] == "Sum" for part in parts)
    watched = [part["MetricStat"]["Metric"]["Dimensions"][0]["Value"]["Ref"] for part in parts]
    assert sorted(watched) == sorted(MADE_OF["FunctionName"])
    terms = [f"FILL({part['Id']}, 0)" for part in parts]
    assert expression["Expression"] == " + ".join(terms)
    assert (given["Threshold"], given["EvaluationPeriods"]) == (threshold, 1)


def test_a_jump_of_the_share_set_aside_is_told_from_what_is_usual():
    given = RESOURCES["ReviewRateAlarm"]["Properties"]
    by_id = {query["Id"]: query for query in given["Metrics"]}
    assert by_id["share"]["Expression"] == "100 * review / (review + accepted)"
    assert by_id["usual"]["Expression"] == "ANOMALY_DETECTION_BAND(share, 3)"
    assert given["ThresholdMetricId"] == "usual"
    assert given["ComparisonOperator"] == "GreaterThanUpperThreshold"
    for name in ("review", "accepted"):
        assert by_id[name]["MetricStat"]["Metric"]["MetricName"] == f"Records{name.capitalize()}"


def test_there_are_no_other_alarms():
    maths = {"FunctionErrorsAlarm", "FunctionThrottlesAlarm", "ReviewRateAlarm"}
    assert set(ALARMS) == {*SINGLE, *maths}


# -- dashboard -----------------------------------------------------------------------------------


def widgets() -> list[dict[str, Any]]:
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def test_the_dashboard_answers_three_questions():
    said = [one["properties"]["markdown"] for one in widgets() if one["type"] == "text"]
    assert said == ["## Is it healthy?", "## What is slow?", "## What does it decide?"]


def test_the_dashboard_shows_every_alarm():
    [shown] = [one["properties"]["alarms"] for one in widgets() if one["type"] == "alarm"]
    assert sorted(shown) == sorted(f"${{{alarm}.Arn}}" for alarm in ALARMS)


def test_the_dashboard_shows_numbers_and_states_and_no_line_of_a_log():
    assert {one["type"] for one in widgets()} == {"text", "alarm", "metric"}


def test_no_part_of_the_dashboard_lies_over_another():
    taken: set[tuple[int, int]] = set()
    for one in widgets():
        area = {
            (column, row)
            for column in range(one["x"], one["x"] + one["width"])
            for row in range(one["y"], one["y"] + one["height"])
        }
        assert max(column for column, _ in area) < 24
        assert not taken & area, one["properties"]
        taken |= area


def test_every_graph_shows_what_is_published(capsys: pytest.CaptureFixture[str]):
    own = ours(capsys)
    seen = 0
    for widget in widgets():
        for line in widget["properties"].get("metrics", ()):
            if isinstance(line[0], dict):
                schema = re.search(r"\{Winnow,([a-z,]+)\}", line[0]["expression"])
                assert schema
                assert tuple(schema[1].split(",")) in own["Winnow", "RecordsReview"]
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
