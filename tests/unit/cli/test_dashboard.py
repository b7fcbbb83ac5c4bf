"""The dashboard's numbers: from lines of the local stack's logs, and from CloudWatch's answers."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import ANY, Stubber

from tests.fakes.live import publish
from tests.fakes.registry import MemoryRegistry
from tests.fakes.store import MemoryStore
from winnow.models import Alias, Counts, Difference, Drift, VersionRef
from winnow.registry.models import DeployedCode
from winnow_aws.alarms import Ringing, StackAlarms
from winnow_aws.metrics import (
    count_decisions,
    count_outcomes,
    measure_call,
    measure_drift,
    measure_precision,
)
from winnow_aws.usage import Usage
from winnow_cli.cloud_metrics import CloudMetrics
from winnow_cli.dashboard import BUCKETS, Dashboard, Function, Records, Runs, Window
from winnow_cli.local_metrics import LocalMetrics
from winnow_cli.models import StackModels
from winnow_cli.render.dashboard import bar, print_dashboard, sparkline
from winnow_cli.stack_metrics import with_versions
from winnow_cli.target import Target

WINDOW = Window(1_800_000_000.0, 1_800_086_400.0)
VERSION = VersionRef(sha256="ab" * 32, alias=Alias.CHAMPION)
OTHER = VersionRef(sha256="cd" * 32, alias=Alias.CHALLENGER)
FAR = Difference(distance=0.4, limit=0.1, drifted=True)
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:mine-triage"
FUNCTION = "mine-ClassifyFunction-1"
GROUP = "/aws/lambda/mine-classify"


class Stubbed(Target):
    """A stack whose answers are written down."""

    clients: dict[str, Any]

    def client(self, service: str) -> Any:
        return self.clients[service]


@pytest.fixture
def stack() -> Any:
    made: list[Stubber] = []

    def stub(service: str) -> tuple[Any, Stubber]:
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        client = boto3.client(service, region_name="us-east-1", **keys)  # type: ignore[call-overload]
        made.append(Stubber(client))
        made[-1].activate()
        return client, made[-1]

    target = Stubbed(
        name="mine",
        outputs={"StateMachineArn": MACHINE},
        session=boto3.Session(),
        endpoint=None,
        config=Config(),
    )
    services = ("logs", "lambda", "stepfunctions", "cloudwatch", "cloudformation")
    stubs = {service: stub(service) for service in services}
    object.__setattr__(target, "clients", {name: client for name, (client, _) in stubs.items()})
    yield target, {name: stubber for name, (_, stubber) in stubs.items()}
    for stubber in made:
        stubber.assert_no_pending_responses()


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(WINDOW.start + seconds, UTC)


def logged(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What functions printed, as if at the start of the window."""
    lines = []
    for line in capsys.readouterr().out.splitlines():
        document = json.loads(line)
        document["_aws"]["Timestamp"] = int(WINDOW.start * 1_000)
        lines.append(json.dumps(document))
    return lines


def in_logs(stubs: dict[str, Stubber], lines: list[str]) -> None:
    group = {"logGroups": [{"logGroupName": GROUP}]}
    stubs["logs"].add_response(
        "describe_log_groups", group, {"logGroupNamePrefix": "/aws/lambda/mine-"}
    )
    events = [
        {"timestamp": int(WINDOW.start * 1_000) + n, "message": m} for n, m in enumerate(lines)
    ]
    stubs["logs"].add_response(
        "filter_log_events",
        {"events": events},
        {"logGroupName": GROUP, "filterPattern": ANY, "startTime": ANY, "endTime": ANY},
    )


# -- the local stack -----------------------------------------------------------------------------


def test_records_are_read_off_what_functions_print(stack: Any, capsys: pytest.CaptureFixture[str]):
    for version, accepted in ((VERSION, 6), (OTHER, 2)):
        count_outcomes("mine", "moods", Counts(accepted=accepted, review=2, invalid=0), version)
    measure_drift("mine", "moods", Drift(scores=FAR, decisions=FAR, embeddings=None), VERSION)
    measure_drift("mine", "moods", None, OTHER)
    count_decisions("mine", "moods", 4, 1)
    measure_precision("mine", "moods", VERSION, audited=3, precision=0.9, lower=0.2)
    measure_precision("mine", "moods", VERSION, audited=4, precision=1.0, lower=0.3)
    target, stubs = stack
    in_logs(stubs, [*logged(capsys), 'not JSON, "CloudWatchMetrics"'])
    both, first, second = LocalMetrics(target).records(WINDOW)
    assert (both.version, first.version, second.version) == ("", "ab" * 6, "cd" * 6)
    assert (both.accepted, both.review, both.invalid) == (8, 4, 0)
    assert (first.accepted, second.accepted) == (6, 2)
    assert both.review_rate == pytest.approx(4 / 12)
    assert both.agreement == 0.75
    assert (first.audited, first.precision, first.precision_lower) == (4, 1.0, 0.3)
    assert (first.drift, second.drift) == (1.0, None)
    assert sum(both.over_time) == both.over_time[0] == 12


def test_a_process_of_one_version_has_one_row(stack: Any, capsys: pytest.CaptureFixture[str]):
    count_outcomes("mine", "moods", Counts(accepted=1, review=1, invalid=0), VERSION)
    count_decisions("mine", "moods", 1, 0)
    target, stubs = stack
    in_logs(stubs, logged(capsys))
    [row] = LocalMetrics(target).records(WINDOW)
    assert (row.version, row.judged, row.decided) == ("ab" * 6, 2, 1)


def test_calls_are_read_off_what_functions_print(stack: Any, capsys: pytest.CaptureFixture[str]):
    for seconds, code in ((1.0, ""), (3.0, "file_empty")):
        usage = Usage(seconds, 0.5, 100 * seconds)
        measure_call(FUNCTION, usage, function="classify", code=code, cold=False, limit_mb=1024)
    target, stubs = stack
    in_logs(stubs, logged(capsys))
    there = {
        "FunctionName": FUNCTION,
        "MemorySize": 1024,
        "LastModified": "2027-01-01T00:00:00.000Z",
        "LoggingConfig": {"LogGroup": GROUP},
    }
    foreign = {**there, "LoggingConfig": {"LogGroup": "/aws/lambda/other"}}
    stubs["lambda"].add_response("list_functions", {"Functions": [there, foreign]})
    [row] = LocalMetrics(target).functions(WINDOW)
    assert (row.name, row.calls, row.errors, row.p95_ms) == ("classify", 2, 1, 3_000)
    assert (row.cpu_s, row.memory_mb, row.limit_mb) == (1.0, 300, 1024)
    assert row.gb_s == pytest.approx(4.0)
    assert row.concurrency == 2  # both ended at once


def test_runs_are_counted_by_how_they_ended(stack: Any):
    def execution(status: str, seconds: float, start: float = 0) -> dict[str, Any]:
        return {
            "executionArn": "arn",
            "stateMachineArn": MACHINE,
            "name": "n",
            "status": status,
            "startDate": at(start),
            "stopDate": at(start + seconds),
        }

    target, stubs = stack
    stubs["stepfunctions"].add_response(
        "list_executions",
        {
            "executions": [
                execution("SUCCEEDED", 1),
                execution("SUCCEEDED", 2, 86_399),
                execution("FAILED", 9),
                execution("SUCCEEDED", 100, -10),  # before the window
            ]
        },
        {"stateMachineArn": MACHINE},
    )
    runs = LocalMetrics(target).runs(WINDOW)
    assert (runs.started, runs.succeeded, runs.failed) == (3, 2, 1)
    assert (runs.p50_s, runs.p95_s) == (2, 9)
    assert (runs.over_time[0], runs.over_time[-1]) == (2, 1)


def test_more_lines_than_one_answer_holds_are_read_on(
    stack: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("winnow_cli.local_metrics._PAGE", 3)
    for _ in range(4):
        count_outcomes("mine", "moods", Counts(accepted=1, review=0, invalid=0))
    lines, target, stubs = logged(capsys), stack[0], stack[1]
    start = int(WINDOW.start * 1_000)
    group = {"logGroups": [{"logGroupName": GROUP}]}
    stubs["logs"].add_response("describe_log_groups", group)
    times = [start, start + 1, start + 2, start + 2]
    events = [{"timestamp": t, "message": m} for t, m in zip(times, lines, strict=True)]
    wanted = {"logGroupName": GROUP, "filterPattern": ANY, "endTime": ANY}
    answers = ((start, events[:3]), (start + 2, events[2:]))
    for begin, answer in answers:
        stubs["logs"].add_response(
            "filter_log_events", {"events": answer}, {**wanted, "startTime": begin}
        )
    [row] = LocalMetrics(target).records(WINDOW)
    assert row.accepted == 4


# -- AWS -----------------------------------------------------------------------------------------


def answered(*series: tuple[str, Sequence[float]]) -> dict[str, Any]:
    return {
        "MetricDataResults": [
            {
                "Id": name,
                "Timestamps": [at(3_600 * n) for n in range(len(values))],
                "Values": values,
            }
            for name, values in series
        ]
    }


def test_runs_are_asked_of_cloudwatch(stack: Any):
    target, stubs = stack
    stubs["cloudwatch"].add_response(
        "get_metric_data",
        answered(("m0", [2, 3]), ("m1", [4]), ("m2", [1]), ("m5", [800]), ("m6", [2_000])),
        {"MetricDataQueries": ANY, "StartTime": at(0), "EndTime": at(86_400)},
    )
    runs = CloudMetrics(target).runs(WINDOW)
    assert (runs.started, runs.succeeded, runs.failed, runs.timed_out) == (5, 4, 1, 0)
    assert (runs.p50_s, runs.p95_s, runs.over_time[:3]) == (0.8, 2, (2, 3, 0))


def test_records_are_asked_by_the_dimensions_that_were_published(stack: Any):
    target, stubs = stack
    by = [{"Name": "stack", "Value": "mine"}, {"Name": "process", "Value": "moods"}]
    of_version = [*by, {"Name": "version", "Value": VERSION.short}]
    names = ["RecordsAccepted", "RecordsReview", "LivePrecision", "PrecisionAudited", "Drifted"]
    stubs["cloudwatch"].add_response(
        "list_metrics",
        {
            "Metrics": [
                *({"MetricName": name, "Dimensions": of_version} for name in names),
                {"MetricName": "Unknown", "Dimensions": by},
            ]
        },
        {"Namespace": "Winnow", "Dimensions": [by[0], {"Name": "process"}]},
    )
    stubs["cloudwatch"].add_response(
        "get_metric_data",
        answered(
            *(("m0", [6, 1]), ("m1", [3]), ("m2", [0.5, 0.9]), ("m3", [2, 9]), ("m4", [0, 1]))
        ),
    )
    [row] = CloudMetrics(target).records(WINDOW)
    assert (row.process, row.version) == ("moods", VERSION.short)
    assert (row.accepted, row.review, row.review_rate) == (7, 3, 0.3)
    assert (row.precision, row.audited, row.drift) == (0.9, 9, 0.5)


def test_functions_are_those_of_the_stack(stack: Any):
    target, stubs = stack
    resources = [("ClassifyFunction", "AWS::Lambda::Function"), ("Table", "AWS::DynamoDB::Table")]
    stubs["cloudformation"].add_response(
        "list_stack_resources",
        {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": name,
                    "PhysicalResourceId": f"mine-{name}-1",
                    "ResourceType": kind,
                    "LastUpdatedTimestamp": at(0),
                    "ResourceStatus": "CREATE_COMPLETE",
                }
                for name, kind in resources
            ]
        },
        {"StackName": "mine"},
    )
    stubs["lambda"].add_response(
        "get_function",
        {
            "Configuration": {
                "FunctionName": FUNCTION,
                "MemorySize": 1769,
                "LastModified": "2027-01-01T00:00:00.000+0000",
            },
            "Concurrency": {"ReservedConcurrentExecutions": 40},
        },
        {"FunctionName": FUNCTION},
    )
    stubs["cloudwatch"].add_response(
        "get_metric_data",
        answered(
            *(("m0", [10, 5]), ("m1", [1]), ("m2", [2]), ("m3", [8_000]), ("m4", [900])),
            *(("m5", [30, 39]), ("m6", [4_000]), ("m7", [150, 170])),
        ),
    )
    [row] = CloudMetrics(target).functions(WINDOW)
    assert (row.name, row.calls, row.errors, row.throttles) == ("classify", 15, 1, 2)
    assert (row.p95_ms, row.cpu_s, row.memory_mb, row.limit_mb) == (900, 4, 170, 1769)
    assert (row.concurrency, row.reserved) == (39, 40)
    assert row.gb_s == pytest.approx(8 * 1769 / 1024)


def test_only_the_stack_s_own_alarms_are_listed(stack: Any):
    target, stubs = stack

    def alarm(name: str, hours: int) -> dict[str, Any]:
        return {
            "AlarmName": name,
            "AlarmDescription": "Do this.",
            "StateUpdatedTimestamp": at(3_600 * hours),
        }

    stubs["cloudwatch"].add_response(
        "describe_alarms",
        {
            "MetricAlarms": [
                alarm("mine-DriftedAlarm-1AB", 2),
                alarm("mine-RunsFailedAlarm-2CD", 1),
                alarm("mine-test-DriftedAlarm-3EF", 0),
            ]
        },
        {"AlarmNamePrefix": "mine-", "AlarmTypes": ["MetricAlarm"], "StateValue": "ALARM"},
    )
    ringing = StackAlarms(target.client("cloudwatch"), "mine").ringing()
    assert [one.name for one in ringing] == ["RunsFailed", "Drifted"]
    assert ringing[0] == Ringing("RunsFailed", "Do this.", at(3_600).isoformat())


def test_versions_in_use_have_their_alias_and_age_although_they_judged_nothing():
    registry = MemoryRegistry()
    champion, challenger = publish(registry, "moods", 2)
    models = StackModels(registry, MemoryStore(), "models", lambda: "ann")
    judged = Records("moods", champion.sha256[:12], accepted=3)
    whole, other = Records("moods", accepted=4), Records("moods", "f" * 12, accepted=1)
    rows = with_versions([whole, judged, other], models)
    found = {row.version: (row.alias, row.created, row.accepted) for row in rows}
    assert found == {
        "": ("", None, 4),
        champion.sha256[:12]: ("champion", champion.created, 3),
        challenger.sha256[:12]: ("challenger", challenger.created, 0),
        "f" * 12: ("", None, 1),
    }
    assert rows[0] is whole


# -- what is shown -------------------------------------------------------------------------------


def test_blocks_show_the_largest_whole_and_what_is_not_nothing():
    assert sparkline([0, 1, 1_000]) == "▁▂█"
    assert sparkline([0, 0]) == "▁▁"
    assert (bar(1.0, 3), bar(0.0, 3), bar(None)) == ("███", "░░░", "")


EMPTY = Dashboard(WINDOW, Runs(), [], [Function("api")], ())
FULL = replace(
    EMPTY,
    runs=Runs(3, 2, 1, p50_s=0.4, p95_s=80),
    records=[
        Records(
            *("moods", "ab" * 6, 6, 2),
            decided=4,
            changed=1,
            audited=9,
            precision=0.9,
            precision_lower=0.55,
            drift=0.5,
            alias="champion",
            created="2027-01-13T00:00:00.000Z",
        )
    ],
    functions=[
        Function("api", 1, 0, 0, 12.0, 0.5, 900, 1_000, 0.1, 9, 10, "2027-01-15T00:00:00+00:00")
    ],
    alarms=[Ringing("RunsFailed", "Many runs failed.", "2027-01-15T08:00:00+00:00")],
    code=DeployedCode(version="0.2.0", at="2027-01-12T00:00:00.000Z"),
)


def test_in_a_pipe_a_line_is_a_row(stack: Any, capsys: pytest.CaptureFixture[str]):
    print_dashboard(FULL, stack[0], as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert "ALARM\tRunsFailed\t2027-01-15T08:00:00+00:00\tMany runs failed." in lines
    assert "Code 0.2.0, deployed 4 d ago (2027-01-12)" in lines
    assert "3\t2\t1\t0\t0\t400 ms\t80.0 s" in lines
    records = "moods\tabababababab\t6\t2\t0\t25.0 %\t75.0 % of 4\t90.0 % ≥55.0 % of 9\t50.0 %"
    assert f"{records}\tchampion\t3 d ago" in lines
    assert "api\t1\t0\t12 ms\t500 ms\t900 MB\t90.0 %\t9 of 10\t0\t0.1\t1 d ago" in lines


def test_a_stack_that_did_nothing_yet_says_so(stack: Any, capsys: pytest.CaptureFixture[str]):
    print_dashboard(EMPTY, stack[0], as_json=False)
    out = capsys.readouterr().out
    assert "No alarm rings." in out
    assert "Code" not in out
    assert "No records were judged." in out
    assert "api\t0\t0\t–" in out


def test_json_has_all_of_it(stack: Any, capsys: pytest.CaptureFixture[str]):
    print_dashboard(FULL, stack[0], as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["alarms"][0]["name"] == "RunsFailed"
    assert document["code"] == {"version": "0.2.0", "at": "2027-01-12T00:00:00.000Z"}
    assert document["records"][0]["review_rate"] == 0.25
    assert document["functions"][0]["reserved"] == 10
    assert len(document["runs"]["over_time"]) == BUCKETS
