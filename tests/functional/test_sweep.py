"""The sweep's adapters on moto, and one sweep from the bucket to the state machine."""

import json
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from tests.fakes.store import MemoryStore
from tests.fakes.uploads import always, stamp
from winnow.errors import (
    AccessDeniedError,
    AwsRefusedError,
    NotRedrivableError,
    RetryableError,
    StackUnknownError,
    UploadAbandonedError,
)
from winnow.models import ObjectRef, Upload
from winnow.ports import StartOutcome
from winnow.recovery.report import SweepOptions
from winnow.recovery.state import Lease, SweepState
from winnow.recovery.status import ObjectVersion, UploadStatus
from winnow.recovery.sweep import Sweep
from winnow.recovery.upload_row import UploadRow
from winnow.steps.upload import upload_id
from winnow.storage.paths import sweep_state
from winnow_aws.inbox import S3Inbox
from winnow_aws.metrics import count_sweep
from winnow_aws.table import TableRuns
from winnow_aws.topic import TopicMailer
from winnow_aws.workflow import StatesWorkflow
from winnow_cli import audit, redrive
from winnow_cli.target import Target

BUCKET, RESULTS, TABLE, REGION = "uploads", "results", "runs", "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/x"
ERROR = UploadAbandonedError("3 runs were started and none came to an end.")


pytestmark = pytest.mark.usefixtures("moto_aws")


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
            {"AttributeName": "upload_id", "AttributeType": "S"},
            {"AttributeName": "object_key", "AttributeType": "S"},
            {"AttributeName": "claimed_at", "AttributeType": "S"},
            {"AttributeName": "state", "AttributeType": "S"},
            {"AttributeName": "lease_until", "AttributeType": "N"},
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
            },
            {
                "IndexName": "by_lease",
                "KeySchema": [
                    {"AttributeName": "state", "KeyType": "HASH"},
                    {"AttributeName": "lease_until", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
            {
                "IndexName": "by_claim",
                "KeySchema": [
                    {"AttributeName": "state", "KeyType": "HASH"},
                    {"AttributeName": "claimed_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            },
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


def put_row(dynamodb: Any, one: str, lease: str | None = "1795260000", **values: str) -> None:
    row = {"upload_id": one, "object_key": "inbox/p/a", "state": "RUNNING", "run": "r"} | values
    item: Any = {name: {"S": value} for name, value in row.items()}
    item["claimed_at"] = {"S": "2026-11-21T09:30:01.000Z"}
    if lease is not None:
        item["lease_until"] = {"N": lease}
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
    assert denied.value.message == "ListObjectVersions is not allowed in the bucket uploads."


# -- table ---------------------------------------------------------------------------------------


def test_rows_are_read_by_id_in_batches(dynamodb: Any, runs: TableRuns) -> None:
    for number in range(130):
        put_row(dynamodb, f"id{number}")
    wanted = [f"id{number}" for number in range(150)]
    assert {row.upload_id for row in runs.by_id([*wanted, "id1"])} == set(wanted[:130])
    assert runs.by_id([]) == []
    [row] = runs.by_id(["id7"])
    assert (row.object_key, row.state, row.run, row.attempt) == ("inbox/p/a", "RUNNING", "r", 1)
    assert (row.claimed_s, row.lease_until) == (1795253401.0, 1795260000.0)


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


def test_rows_of_a_state_come_by_their_claims(dynamodb: Any, runs: TableRuns) -> None:
    for number in range(130):
        put_row(dynamodb, f"id{number:03d}", None, state="SUCCEEDED")
    put_row(dynamodb, "other", None, state="FAILED")
    claimed = 1795253401.0
    whole = (claimed, claimed + 1)
    first = runs.claimed("SUCCEEDED", whole, None)
    assert (len(first.rows), first.rows[0].claimed_s) == (100, claimed)
    second = runs.claimed("SUCCEEDED", whole, first.after)
    assert second.after is None
    assert len({row.upload_id for row in (*first.rows, *second.rows)}) == 130
    assert not runs.claimed("SUCCEEDED", (claimed + 1, claimed + 2), None).rows
    assert not runs.claimed("SUCCEEDED", (claimed - 2, claimed - 1), None).rows
    assert [row.upload_id for row in runs.claimed("FAILED", whole, None).rows] == ["other"]


def give_up(runs: TableRuns, stuck: UploadRow | None) -> bool:
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


@pytest.mark.parametrize("run", [None, {"S": ""}, {"N": "7"}, {"NULL": True}])
@pytest.mark.parametrize("claimed", [False, True])
def test_a_stuck_row_whose_run_cannot_be_read_is_given_up_once(
    dynamodb: Any, runs: TableRuns, run: dict[str, Any] | None, *, claimed: bool
) -> None:
    put_row(dynamodb, "a")
    key = {"upload_id": {"S": "a"}}
    item = dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
    del item["run"]
    dynamodb.put_item(TableName=TABLE, Item={**item, **({"run": run} if run else {})})
    [stuck] = runs.by_id(["a"])
    if claimed:
        put_row(dynamodb, "a", run="later")
    assert give_up(runs, stuck) is not claimed
    [row] = runs.by_id(["a"])
    assert (row.run, row.state) == (("later", "RUNNING") if claimed else ("sweep", "FAILED"))
    assert not give_up(runs, stuck)


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
    assert workflow.start("a-1", {}) is StartOutcome.STARTED
    assert workflow.start("a-1", {"other": 1}) in (StartOutcome.RUNNING, StartOutcome.ENDED)
    execution = arn.replace("stateMachine", "execution") + ":a-1"
    if client.describe_execution(executionArn=execution)["status"] == "RUNNING":
        client.stop_execution(executionArn=execution)
    assert workflow.start("a-1", {"other": 1}) is StartOutcome.ENDED
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
        SweepOptions(missed_s=900, retention_days=90),
    )
    report = sweep(MemoryStore(), sweep_state("results"), time.time() + 1_000)
    assert (report.versions, report.restarted, report.complete) == (2, 1, True)
    [execution] = client.list_executions(stateMachineArn=arn)["executions"]
    assert execution["name"] == upload_id(BUCKET, "inbox/p/same key.csv", versions[0]) + "-1"

    count_sweep("winnow", report)
    line = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    [filed] = line["_aws"]["CloudWatchMetrics"]
    assert filed["Dimensions"] == [["stack"]]
    assert (line["stack"], line["UploadsRestarted"]) == ("winnow", [1])
    assert line["OldestUnfinished"][0] >= 999


# -- what the command line does with them --------------------------------------------------------

DAY_S = 86_400


def note_retention(s3: Any, until: float) -> None:
    state = SweepState(retention=always(30, until=until))
    ref = sweep_state(RESULTS)
    s3.put_object(Bucket=RESULTS, Key=ref.key, Body=state.model_dump_json().encode())


@pytest.fixture
def target(s3: Any, dynamodb: Any, machine: tuple[Any, str]) -> Target:
    """A stack that keeps rows for 30 days, and has, as its sweep noted a minute ago.

    There is one version in its inbox and no row.
    """
    s3.create_bucket(Bucket=RESULTS)
    note_retention(s3, time.time() - 60)
    s3.put_object(Bucket=BUCKET, Key="inbox/p/a", Body=b"x")
    return Target(
        name="winnow",
        outputs={
            **{"UploadsBucket": BUCKET, "ResultsBucket": RESULTS, "Table": TABLE},
            **{"StateMachineArn": machine[1], "RetentionDays": "30"},
        },
        session=boto3.Session(region_name=REGION),
        endpoint=None,
        config=Config(),
    )


@pytest.mark.parametrize(("days", "found"), [(29, [UploadStatus.MISSING]), (30, []), (40, [])])
def test_the_audit_leaves_out_what_the_stack_keeps_no_row_of(
    target: Target, days: int, found: list[UploadStatus]
) -> None:
    note_retention(target.s3(), time.time() + days * DAY_S)
    stood = audit.audit(target, 900, time.time() + days * DAY_S)
    assert [one.status for one in stood] == found


@pytest.mark.parametrize(("days", "started"), [(29, 1), (40, 0)])
def test_a_redrive_starts_no_version_whose_row_may_have_expired(
    target: Target, machine: tuple[Any, str], monkeypatch: Any, days: int, started: int
) -> None:
    client, arn = machine
    [version] = S3Inbox(target.s3(), BUCKET).every()
    one = upload_id(BUCKET, version.key, version.version_id)
    now = time.time() + days * DAY_S
    note_retention(target.s3(), now)
    monkeypatch.setattr(redrive, "time", SimpleNamespace(time=lambda: now))
    if started:
        redrive.Redrive(target).upload(one)
    else:
        with pytest.raises(NotRedrivableError, match="30 days"):
            redrive.Redrive(target).upload(one)
    assert len(client.list_executions(stateMachineArn=arn)["executions"]) == started


def test_a_stack_that_does_not_tell_how_long_it_keeps_rows_is_not_guessed_at(
    target: Target,
) -> None:
    del target.outputs["RetentionDays"]
    with pytest.raises(StackUnknownError, match="RetentionDays"):
        list(audit.audit(target, 900, time.time()))


@pytest.mark.parametrize("notes", [b"", b"{", b'{"walk": 7}'])
def test_without_the_sweeps_notes_the_least_is_taken_that_a_stack_keeps(
    target: Target, notes: bytes
) -> None:
    """RetentionDays may have been raised yesterday: of earlier rows it says nothing."""
    s3, ref = target.s3(), sweep_state(RESULTS)
    s3.put_object(Bucket=RESULTS, Key=ref.key, Body=notes)
    if not notes:
        s3.delete_object(Bucket=RESULTS, Key=ref.key)
    [early] = audit.audit(target, 900, time.time() + 14 * DAY_S)
    assert early.status is UploadStatus.MISSING
    assert list(audit.audit(target, 900, time.time() + 15 * DAY_S)) == []


def test_whoever_may_not_read_the_sweeps_notes_gets_an_audit_all_the_same(
    target: Target, monkeypatch: Any
) -> None:
    def denied(*_: Any) -> Any:
        raise AccessDeniedError("GetObject is not allowed in the bucket results.")

    monkeypatch.setattr(audit, "noted_retention", denied)
    assert len(list(audit.audit(target, 900, time.time()))) == 1


# -- a redrive that comes twice ------------------------------------------------------------------


def running_machine(monkeypatch: Any, executions: dict[str, str]) -> None:
    """Executions that stay RUNNING, answered as AWS does.

    A start of the same name and input gets the execution that runs; another input is refused.
    """

    def call(client: Any, operation: str, arguments: Any) -> Any:
        if operation == "StartExecution":
            began = executions.setdefault(arguments["name"], arguments["input"])
            if began != arguments["input"]:
                error = {"Code": "ExecutionAlreadyExists", "Message": ""}
                raise client.exceptions.ExecutionAlreadyExists({"Error": error}, operation)
            return {"executionArn": arguments["name"], "startDate": 0}
        if operation == "DescribeExecution":
            return {"status": "RUNNING"}
        return original(client, operation, arguments)

    from botocore.client import BaseClient

    original = BaseClient._make_api_call  # type: ignore[attr-defined]
    monkeypatch.setattr(BaseClient, "_make_api_call", call)


@pytest.mark.parametrize("state", ["FAILED", None])
def test_a_second_redrive_while_the_first_runs_starts_nothing_and_says_so(
    target: Target, dynamodb: Any, monkeypatch: Any, state: str | None
) -> None:
    [version] = S3Inbox(target.s3(), BUCKET).every()
    one = upload_id(BUCKET, version.key, version.version_id)
    if state is not None:
        put_row(dynamodb, one, state=state, version_id=version.version_id)
    executions: dict[str, str] = {}
    running_machine(monkeypatch, executions)
    assert redrive.Redrive(target).upload(one).upload_id == one
    with pytest.raises(NotRedrivableError, match="nothing was started"):
        redrive.Redrive(target).upload(one)
    if state is not None:
        again = redrive.Redrive(target)
        assert list(again.failed_since(0.0)) == []
        assert (again.under_way, again.failures) == ([one], [])
    assert len(executions) == 1


def test_what_cannot_be_started_keeps_a_redrive_from_no_other(
    target: Target, dynamodb: Any, monkeypatch: Any
) -> None:
    for number in range(12):
        put_row(dynamodb, f"id{number}", state="FAILED", version_id="v")

    work = redrive.Redrive(target)
    start = work._workflow.start

    def some(name: str, event: Any) -> StartOutcome:
        if name.startswith(("id3", "id7")):
            raise RetryableError("throttled")
        return start(name, event)

    monkeypatch.setattr(work._workflow, "start", some)
    assert {one.upload_id for one in work.failed_since(0.0)} == {
        f"id{number}" for number in range(12) if number not in (3, 7)
    }
    assert {one for one, _ in work.failures} == {"id3", "id7"}

    def none(_name: str, _event: Any) -> StartOutcome:
        raise RetryableError("throttled")

    monkeypatch.setattr(work._workflow, "start", none)
    with pytest.raises(RetryableError):
        list(work.failed_since(0.0))


# -- many, and odd -------------------------------------------------------------------------------

ODD = [
    "inbox/a b+c",
    "inbox/a%20b",
    "inbox/line\nbreak\ttab",
    "inbox/é/ü/🙂",
    "inbox/e\u0301",
    "inbox/quote'\";&<>",
    "inbox/../up//twice",
    "inbox/" + "x" * 1_018,
    "inbox/" + "é" * 509,
]


def test_every_odd_key_is_listed_page_by_page_matched_and_redriven(
    target: Target, s3: Any, dynamodb: Any
) -> None:
    s3.delete_object(Bucket=BUCKET, Key="inbox/p/a")
    versions = {key: s3.put_object(Bucket=BUCKET, Key=key, Body=b"x") for key in ODD}
    # A version that was deleted is an upload all the same; its marker is none.
    s3.delete_object(Bucket=BUCKET, Key=ODD[0])
    for key in ODD[::2]:
        own = upload_id(BUCKET, key, versions[key]["VersionId"])
        put_row(dynamodb, own, object_key=key, state="SUCCEEDED")
    inbox = S3Inbox(s3, BUCKET, page_size=1)
    listed = [one.key for one in inbox.every()]
    assert sorted(listed) == sorted([*ODD, "inbox/p/a"])
    for key in ODD:
        assert [one.key for one in inbox.of_key(key)] == [key]
    stood = {one.key: one.status for one in audit.audit(target, 0.0, time.time() + 1)}
    for number, key in enumerate(ODD):
        assert stood[key] is (UploadStatus.MISSING if number % 2 else UploadStatus.SUCCEEDED), key
    for key in ODD[1::2]:
        own = upload_id(BUCKET, key, versions[key]["VersionId"])
        assert redrive.Redrive(target).upload(own).upload_id == own


def listing(*keys: str, after: str | None = None) -> bytes:
    """What S3 itself answers to a request for an encoded listing."""
    versions = "".join(
        f"<Version><Key>{quote_plus(key)}</Key><VersionId>v</VersionId><IsLatest>true</IsLatest>"
        "<LastModified>2026-11-21T09:30:01.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
        "<Size>1</Size><StorageClass>STANDARD</StorageClass></Version>"
        for key in keys
    )
    marker = (
        ""
        if after is None
        else (
            f"<NextKeyMarker>{quote_plus(after)}</NextKeyMarker>"
            "<NextVersionIdMarker>v</NextVersionIdMarker>"
        )
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>uploads</Name><EncodingType>url</EncodingType>{marker}"
        f"<IsTruncated>{'false' if after is None else 'true'}</IsTruncated>{versions}"
        "</ListVersionsResult>"
    ).encode()


def test_keys_that_xml_cannot_hold_come_encoded_and_are_asked_for_as_they_are(s3: Any) -> None:
    odd = [*ODD, "inbox/\x01\x7f", "inbox/\ufffe", "inbox/%2B"]
    asked: list[str] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        asked.append(request.url)
        at = len(asked) - 1
        after = odd[at] if at < len(odd) - 1 else None
        body = SimpleNamespace(stream=lambda: iter(()), read=lambda: b"")
        made = AWSResponse(request.url, 200, HTTPHeaders(), body)
        made._content = listing(odd[at], after=after)  # type: ignore[attr-defined]
        return made

    s3.meta.events.register("before-send.s3.ListObjectVersions", answer)
    assert [one.key for one in S3Inbox(s3, BUCKET).every()] == odd
    assert "key-marker" not in asked[0]
    for key, url in zip(odd, asked[1:], strict=False):
        assert parse_qs(urlsplit(url).query)["key-marker"] == [key]


def test_rows_of_runs_under_way_are_told_by_the_end_of_their_lease(
    dynamodb: Any, runs: TableRuns
) -> None:
    for number in range(250):
        put_row(dynamodb, f"{number:03}", lease=str(1_000 + number % 200))
    put_row(dynamodb, "ended", state="SUCCEEDED", lease=None)
    put_row(dynamodb, "failed", state="FAILED", lease="1")
    first = runs.leases(None, None)
    assert [row.until for row in first.rows] == [1_000]
    told: list[Lease] = []
    after: Lease | None = None
    while True:
        page = runs.leases(1_150, after)
        told += page.rows
        if not page.more:
            break
        after = page.rows[-1]
    assert len({row.upload_id for row in told}) == len(told) == 200
    assert [row.until for row in told] == sorted(row.until for row in told)
    assert told[-1].until == 1_149


def test_a_row_that_is_damaged_is_a_row(dynamodb: Any, runs: TableRuns) -> None:
    for number, item in enumerate(
        [
            {},
            {"state": {"N": "7"}},
            {"state": {"S": "GONE"}, "claimed_at": {"S": "yesterday"}},
            {"state": {"S": "FAILED"}, "claimed_at": {"S": "yesterday"}, "size": {"S": "big"}},
        ]
    ):
        dynamodb.put_item(TableName=TABLE, Item={"upload_id": {"S": f"{number}"}, **item})
    rows = sorted(runs.by_id(["0", "1", "2", "3"]), key=lambda row: row.upload_id)
    assert [row.state for row in rows] == ["DAMAGED", "DAMAGED", "DAMAGED", "FAILED"]
    assert {row.claimed_s for row in rows} == {0.0}


def test_giving_up_a_row_without_a_version_gives_it_none(dynamodb: Any, runs: TableRuns) -> None:
    """It is told by time then; a version that does not exist would leave the real one missing."""
    put_row(dynamodb, "a", sequencer="s")
    [stuck] = runs.by_id(["a"])
    ref = ObjectRef(bucket=BUCKET, key="inbox/p/a")
    assert runs.give_up(Upload(upload_id="a", object=ref, size=3), stuck, ERROR)
    [row] = runs.by_id(["a"])
    assert (row.state, row.version_id) == ("FAILED", None)


def test_an_audit_holds_no_more_of_many_than_of_few(target: Target, monkeypatch: Any) -> None:
    """Peak of what Python holds, for 500 versions with their rows and for 5,000."""
    modified = time.time() - 1_000

    def peak(count: int) -> int:
        def versions(_self: Any) -> Iterator[Any]:
            for number in range(count):
                yield ObjectVersion(f"inbox/p/{number:08}.csv", f"v{number}", 10, modified)

        def rows(_self: Any) -> Iterator[UploadRow]:
            for number in reversed(range(count)):
                key = f"inbox/p/{number:08}.csv"
                own = upload_id(BUCKET, key, f"v{number}")
                yield UploadRow(
                    upload_id=own,
                    object_key=key,
                    state="SUCCEEDED",
                    run="r",
                    claimed_at=stamp(modified),
                    version_id=f"v{number}",
                )

        monkeypatch.setattr(S3Inbox, "every", versions)
        monkeypatch.setattr(TableRuns, "every", rows)
        tracemalloc.start()
        counted = Counter(one.status for one in audit.audit(target, 900, time.time()))
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert counted == {UploadStatus.SUCCEEDED: count}
        return held

    peak(10)
    assert peak(5_000) <= 1.5 * peak(500)
