"""The sweep's adapters on moto, and one sweep from the bucket to the state machine."""

import json
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from tests.fakes.store import MemoryStore
from winnow.errors import (
    AccessDeniedError,
    AwsRefusedError,
    NotRedrivableError,
    RetryableError,
    StackUnknownError,
    UploadAbandonedError,
)
from winnow.layout import sweep_cursor
from winnow.models import ObjectRef, Upload
from winnow.standing import Claim, Standing
from winnow.sweep import Start, Sweep, SweepOptions
from winnow.upload import upload_id
from winnow_aws.metrics import count_sweep
from winnow_aws.sweep import S3Inbox, StatesWorkflow, TableRuns, TopicMailer
from winnow_cli import standings
from winnow_cli.target import Target

BUCKET, TABLE, REGION = "uploads", "runs", "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/x"
ERROR = UploadAbandonedError("3 runs were started and none came to an end.")


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield


@pytest.fixture
def s3() -> Any:
    client = boto3.client("s3", region_name=REGION)
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture
def dynamodb() -> Any:
    client = boto3.client("dynamodb", region_name=REGION)
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("upload_id", "object_key", "claimed_at")
        ],
        KeySchema=[{"AttributeName": "upload_id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_object",
                "KeySchema": [
                    {"AttributeName": "object_key", "KeyType": "HASH"},
                    {"AttributeName": "claimed_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return client


@pytest.fixture
def runs(dynamodb: Any) -> TableRuns:
    return TableRuns(dynamodb, TABLE, 90, sleep=lambda _: None)


@pytest.fixture
def machine() -> tuple[Any, str]:
    client = boto3.client("stepfunctions", region_name=REGION)
    definition = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    made = client.create_state_machine(
        name="triage", definition=json.dumps(definition), roleArn=ROLE
    )
    return client, made["stateMachineArn"]


def put_row(dynamodb: Any, one: str, **values: str) -> None:
    row = {"upload_id": one, "object_key": "inbox/p/a", "state": "RUNNING", "run": "r"} | values
    item: Any = {name: {"S": value} for name, value in row.items()}
    item["claimed_at"] = {"S": "2026-11-21T09:30:01.000Z"}
    item["lease_until"] = {"N": "1795260000"}
    dynamodb.put_item(TableName=TABLE, Item=item)


# -- inbox ---------------------------------------------------------------------------------------


def test_every_version_is_listed_once_over_all_pages_deleted_ones_too(s3: Any) -> None:
    put = [
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")["VersionId"]
        for key in ("inbox/a b+c", "inbox/a b+c", "inbox/é%20", "inbox/z", "inbox/z")
    ]
    s3.put_object(Bucket=BUCKET, Key="elsewhere", Body=b"x")
    s3.delete_object(Bucket=BUCKET, Key="inbox/z")
    found = list(S3Inbox(s3, BUCKET, page_size=2).every())
    assert sorted(v.version_id for v in found) == sorted(put)
    assert {v.key for v in found} == {"inbox/a b+c", "inbox/é%20", "inbox/z"}
    assert all(v.size == 1 and abs(v.modified - time.time()) < 60 for v in found)


def test_a_bucket_that_is_refused_is_our_error(s3: Any) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("list_object_versions", "AccessDenied", "inbox/private.csv")
        with pytest.raises(AccessDeniedError) as denied:
            S3Inbox(s3, BUCKET).page(None)
    assert denied.value.sentence == "ListObjectVersions is not allowed in the bucket uploads."


# -- table ---------------------------------------------------------------------------------------


def test_rows_are_read_by_id_in_batches(dynamodb: Any, runs: TableRuns) -> None:
    for number in range(130):
        put_row(dynamodb, f"id{number}")
    wanted = [f"id{number}" for number in range(150)]
    assert {row.upload_id for row in runs.by_id([*wanted, "id1"])} == set(wanted[:130])
    assert runs.by_id([]) == []
    [row] = runs.by_id(["id7"])
    assert (row.key, row.state, row.run, row.attempt) == ("inbox/p/a", "RUNNING", "r", 1)
    assert (row.claimed_at, row.lease_until) == (1795253401.0, 1795260000.0)


def test_keys_left_unprocessed_are_asked_for_again(dynamodb: Any, runs: TableRuns) -> None:
    key = {"upload_id": {"S": "a"}}
    item = {**key, "state": {"S": "FAILED"}, "claimed_at": {"S": "2026-11-21T09:30:01Z"}}
    left = {TABLE: {"Keys": [key], "ConsistentRead": True}}
    with Stubber(dynamodb) as stub:
        stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": left})
        stub.add_response("batch_get_item", {"Responses": {TABLE: [item]}})
        assert [row.upload_id for row in runs.by_id(["a"])] == ["a"]
        for _ in range(6):
            stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": left})
        with pytest.raises(RetryableError):
            runs.by_id(["a"])


def test_rows_are_found_by_key(dynamodb: Any, runs: TableRuns) -> None:
    put_row(dynamodb, "a")
    put_row(dynamodb, "b", object_key="inbox/p/b")
    assert [row.upload_id for row in runs.by_key("inbox/p/b")] == ["b"]
    assert {row.upload_id for row in runs.every()} == {"a", "b"}


def give_up(runs: TableRuns, stuck: Claim | None) -> bool:
    ref = ObjectRef(bucket=BUCKET, key="inbox/p/a", version_id="v")
    return runs.give_up(Upload(upload_id="a", object=ref, size=3), stuck, ERROR)


def test_giving_up_makes_a_failed_row_and_only_where_there_is_none(
    dynamodb: Any, runs: TableRuns
) -> None:
    assert give_up(runs, None)
    assert not give_up(runs, None)
    item = dynamodb.get_item(TableName=TABLE, Key={"upload_id": {"S": "a"}})["Item"]
    assert (item["state"]["S"], item["run"]["S"]) == ("FAILED", "sweep")
    assert item["error_code"]["S"] == "upload_abandoned"
    assert int(item["expires"]["N"]) - time.time() > 89 * 86_400


@pytest.mark.parametrize(
    ("now", "given"),
    [({}, True), ({"run": "later"}, False), ({"state": "SUCCEEDED"}, False)],
)
def test_giving_up_a_stuck_row_needs_it_to_be_stuck_still(
    dynamodb: Any, runs: TableRuns, now: dict[str, str], given: bool
) -> None:
    put_row(dynamodb, "a")
    [stuck] = runs.by_id(["a"])
    put_row(dynamodb, "a", **now)
    assert give_up(runs, stuck) is given
    [row] = runs.by_id(["a"])
    assert (row.run == "sweep") is given
    if given:
        assert row.lease_until is None


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ProvisionedThroughputExceededException", RetryableError),
        ("RequestLimitExceeded", RetryableError),
        ("AccessDeniedException", AccessDeniedError),
        ("ResourceNotFoundException", AwsRefusedError),
    ],
)
def test_only_what_passes_is_tried_again(
    dynamodb: Any, runs: TableRuns, code: str, error: type[Exception]
) -> None:
    with Stubber(dynamodb) as stub:
        stub.add_client_error("update_item", code, "ConditionalCheckFailed inbox/private.csv", 400)
        with pytest.raises(error) as raised:
            give_up(runs, None)
    assert "private" not in str(raised.value)


def test_an_error_of_who_reads_the_rows_is_not_the_tables(dynamodb: Any, runs: TableRuns) -> None:
    put_row(dynamodb, "a")
    own = ClientError({"Error": {"Code": "Own", "Message": ""}}, "Own")
    rows = runs.every()
    next(rows)
    with pytest.raises(ClientError) as raised:
        rows.throw(own)  # type: ignore[attr-defined]
    assert raised.value is own


# -- workflow ------------------------------------------------------------------------------------


def test_a_name_starts_one_execution(machine: tuple[Any, str]) -> None:
    client, arn = machine
    workflow = StatesWorkflow(client, arn)
    assert workflow.start("a-1", {}) is Start.STARTED
    assert workflow.start("a-1", {"other": 1}) in (Start.RUNNING, Start.ENDED)
    execution = arn.replace("stateMachine", "execution") + ":a-1"
    if client.describe_execution(executionArn=execution)["status"] == "RUNNING":
        client.stop_execution(executionArn=execution)
    assert workflow.start("a-1", {"other": 1}) is Start.ENDED
    assert len(client.list_executions(stateMachineArn=arn)["executions"]) == 1


# -- all together --------------------------------------------------------------------------------


def test_one_sweep_from_the_bucket_to_the_state_machine(
    s3: Any, dynamodb: Any, runs: TableRuns, machine: tuple[Any, str], capsys: Any
) -> None:
    client, arn = machine
    sns = boto3.client("sns", region_name=REGION)
    topic = sns.create_topic(Name="mail")["TopicArn"]
    versions = [
        s3.put_object(Bucket=BUCKET, Key="inbox/p/same key.csv", Body=b"x" * n)["VersionId"]
        for n in (1, 2)
    ]
    kept = upload_id(BUCKET, "inbox/p/same key.csv", versions[1])
    put_row(dynamodb, kept, object_key="inbox/p/same key.csv", state="SUCCEEDED")
    sweep = Sweep(
        S3Inbox(s3, BUCKET),
        runs,
        StatesWorkflow(client, arn),
        TopicMailer(sns, topic),
        SweepOptions(missed_s=900, forgotten_s=86_400),
    )
    report = sweep(MemoryStore(), sweep_cursor("results"), time.time() + 1_000)
    assert (report.versions, report.restarted, report.complete) == (2, 1, True)
    [execution] = client.list_executions(stateMachineArn=arn)["executions"]
    assert execution["name"] == upload_id(BUCKET, "inbox/p/same key.csv", versions[0]) + "-1"

    count_sweep("winnow", report)
    line = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    [filed] = line["_aws"]["CloudWatchMetrics"]
    assert filed["Dimensions"] == [["stack"]]
    assert (line["stack"], line["UploadsRestarted"]) == ("winnow", 1)
    assert line["OldestUnfinished"] >= 999


# -- what the command line does with them --------------------------------------------------------

DAY_S = 86_400


@pytest.fixture
def target(s3: Any, dynamodb: Any, machine: tuple[Any, str]) -> Target:
    """A stack that keeps rows for 30 days, with one version in its inbox and no row."""
    s3.put_object(Bucket=BUCKET, Key="inbox/p/a", Body=b"x")
    return Target(
        name="winnow",
        outputs={
            **{"UploadsBucket": BUCKET, "Table": TABLE, "StateMachineArn": machine[1]},
            "RetentionDays": "30",
        },
        session=boto3.Session(region_name=REGION),
        endpoint=None,
        config=Config(),
    )


@pytest.mark.parametrize(("days", "found"), [(29, [Standing.MISSING]), (30, []), (40, [])])
def test_the_audit_leaves_out_what_the_stack_keeps_no_row_of(
    target: Target, days: int, found: list[Standing]
) -> None:
    stood = standings.audit(target, 900, time.time() + days * DAY_S)
    assert [one.standing for one in stood] == found


@pytest.mark.parametrize(("days", "started"), [(29, 1), (40, 0)])
def test_a_redrive_starts_no_version_whose_row_may_have_expired(
    target: Target, machine: tuple[Any, str], monkeypatch: Any, days: int, started: int
) -> None:
    client, arn = machine
    [version] = S3Inbox(target.s3(), BUCKET).every()
    one = upload_id(BUCKET, version.key, version.version_id)
    now = time.time() + days * DAY_S
    monkeypatch.setattr(standings, "time", SimpleNamespace(time=lambda: now))
    if started:
        standings.Redrive(target).upload(one)
    else:
        with pytest.raises(NotRedrivableError, match="30 days"):
            standings.Redrive(target).upload(one)
    assert len(client.list_executions(stateMachineArn=arn)["executions"]) == started


def test_a_stack_that_does_not_tell_how_long_it_keeps_rows_is_not_guessed_at(
    target: Target,
) -> None:
    del target.outputs["RetentionDays"]
    with pytest.raises(StackUnknownError, match="RetentionDays"):
        standings.audit(target, 900, time.time())
