"""On the local stack: lost events, redrives, dead workers, roles, and what leaks."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.e2e.conftest import SURE, Stack, until, winnow
from winnow.layout import sweep_cursor
from winnow.sweep import Sweep, SweepOptions
from winnow.upload import upload_id
from winnow_aws.s3 import S3Store
from winnow_aws.sweep import S3Inbox, StatesWorkflow, TableRuns, TopicMailer
from winnow_local import ministack

pytestmark = [pytest.mark.stack, pytest.mark.model]


def client(stack: Stack, service: str) -> Any:
    return stack.target.client(service)


def sweep(stack: Stack, in_s: float) -> Any:
    """The function's own work with its own adapters, so many seconds from now."""
    outputs = stack.state.outputs
    work = Sweep(
        S3Inbox(stack.s3, stack.target.uploads_bucket),
        TableRuns(client(stack, "dynamodb"), stack.target.table, 90),
        StatesWorkflow(client(stack, "stepfunctions"), outputs["StateMachineArn"]),
        TopicMailer(client(stack, "sns"), outputs["TopicArn"]),
        SweepOptions(forgotten_s=89 * 86_400),
    )
    cursor = sweep_cursor(stack.target.results_bucket)
    return work(S3Store(stack.s3), cursor, time.time() + in_s)


def rule(stack: Stack, on: bool) -> None:
    """Lets the uploads' events through, or loses them."""
    events = client(stack, "events")
    [name] = [r["Name"] for r in events.list_rules()["Rules"] if "Uploaded" in r["Name"]]
    (events.enable_rule if on else events.disable_rule)(Name=name)


def audit(stack: Stack, *options: str) -> dict[str, Any]:
    answer = winnow("audit", "--json", *options)
    found: dict[str, Any] = answer.document()
    assert (answer.code == 0) is found["clean"]
    return found


def test_a_lost_event_is_missed_swept_and_ends(stack: Stack) -> None:
    rule(stack, on=False)
    try:
        key = stack.put("lost.jsonl", json.dumps({"text": SURE}) + "\n")
        assert stack.uploads.by_key(key) is None
        found = audit(stack, "--missed-after", "0")
        assert [one["standing"] for one in found["uploads"] if one["object_key"] == key] == [
            "MISSING"
        ]
    finally:
        rule(stack, on=True)
    assert sweep(stack, in_s=1_000).restarted == 1
    row = stack.wait(key)
    assert row.state == "SUCCEEDED"
    assert row.version_id
    assert row.upload_id == upload_id(row.bucket, key, row.version_id)
    assert sweep(stack, in_s=1_000).restarted == 0
    assert audit(stack, "--missed-after", "0")["clean"]


def test_the_sweep_starts_nothing_that_has_run(stack: Stack) -> None:
    key = stack.put("twice.jsonl", json.dumps({"text": SURE}) + "\n")
    stack.wait(key)
    stack.s3.put_object(Bucket=stack.target.uploads_bucket, Key=key, Body=b'{"text": "Sad."}\n')
    until(
        lambda: len(TableRuns(client(stack, "dynamodb"), stack.target.table, 90).by_key(key)) == 2
    )
    until(lambda: stack.uploads.by_key(key).ended)  # type: ignore[union-attr]
    assert sweep(stack, in_s=1_000).restarted == 0
    assert audit(stack, "--missed-after", "0")["counts"]["DOUBLE"] == 0


def test_the_deployed_sweep_runs_under_its_own_role(stack: Stack) -> None:
    functions = client(stack, "lambda")
    [name] = [
        f["FunctionName"]
        for f in functions.list_functions()["Functions"]
        if "sweep" in f["FunctionName"].lower()
    ]
    answer = functions.invoke(FunctionName=name, Payload=b"{}")
    report = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, report
    assert report["restarted"] == 0


def test_what_failed_is_redriven_and_what_succeeded_is_not(stack: Stack) -> None:
    # The process is unknown until somebody adds it; here the failure stays, as a new attempt.
    failed = stack.run("a.csv", b"id,text\n1,hello there\n", "no-such-process")
    assert failed.state == "FAILED"
    assert winnow("redrive", failed.upload_id, "--json").code == 0
    again = until(
        lambda: (
            (row := stack.uploads.find(failed.upload_id)).run != failed.run and row.ended and row
        )
    )
    assert (again.state, again.error_code) == ("FAILED", "process_unknown")
    assert len(until(lambda: len(m := stack.mails(failed.upload_id)) == 2 and m)) == 2

    good = stack.run("b.jsonl", json.dumps({"text": SURE}) + "\n")
    answer = winnow("redrive", good.upload_id, "--json")
    assert (answer.code, answer.document()["error"]["code"]) == (1, "not_redrivable")
    assert stack.uploads.find(good.upload_id) == good
    assert winnow("redrive").code == 2
    assert winnow("redrive", "--failed-since", "yesterday").code == 2


def test_what_lies_in_the_dead_letter_queue_is_started(stack: Stack) -> None:
    rule(stack, on=False)
    try:
        key = stack.put("dead.jsonl", json.dumps({"text": SURE}) + "\n")
    finally:
        rule(stack, on=True)
    versions = stack.s3.list_object_versions(Bucket=stack.target.uploads_bucket, Prefix=key)
    version = versions["Versions"][0]["VersionId"]
    event = {
        "id": str(uuid.uuid4()),
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": stack.target.uploads_bucket},
            "object": {"key": key, "size": 10, "version-id": version},
        },
    }
    queue = stack.state.outputs["UndeliveredQueue"]
    sqs = client(stack, "sqs")
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    answer = winnow("redrive", "--failed-since", "2999-01-01", "--json")
    [started] = answer.document()["started"]
    assert (started["upload_id"], started["from_queue"]) == (
        upload_id(stack.target.uploads_bucket, key, version),
        True,
    )
    assert stack.wait(key).state == "SUCCEEDED"
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_a_worker_that_is_killed_fails_the_run_and_is_mailed(stack: Stack) -> None:
    body = "".join(json.dumps({"text": f"{SURE} {n}"}) + "\n" for n in range(20_000))
    key = stack.put("long.jsonl", body)
    until(lambda: stack.uploads.by_key(key))
    assert stack.state.ministack is not None
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        # Whatever state the run is in: every worker that it could be using is killed.
        for process in ministack.members(stack.state.ministack):
            if process.pid != stack.state.ministack.pid:
                process.kill()
        row = stack.uploads.by_key(key)
        if row is not None and row.ended:
            break
        time.sleep(0.1)
    row = stack.wait(key)
    assert row.state == "FAILED"
    assert len(stack.mails(row.upload_id)) == 1
    assert stack.run("after.jsonl", json.dumps({"text": SURE}) + "\n").state == "SUCCEEDED"


# -- roles ---------------------------------------------------------------------------------------


@pytest.fixture
def as_sweep(stack: Stack) -> Callable[[str], Any]:
    functions = client(stack, "lambda").list_functions()["Functions"]
    [role] = [f["Role"] for f in functions if "sweep" in f["FunctionName"].lower()]
    given = client(stack, "sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]

    def make(service: str) -> Any:
        return boto3.Session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            region_name=stack.state.region,
        ).client(service, endpoint_url=stack.target.endpoint, config=stack.target.config)

    return make


def test_the_sweep_may_not_read_files_write_results_or_end_runs(
    stack: Stack, as_sweep: Callable[[str], Any]
) -> None:
    key = stack.put("private.txt", "Something private.")
    s3, uploads, results = as_sweep("s3"), stack.target.uploads_bucket, stack.target.results_bucket
    states = as_sweep("stepfunctions")
    machine = stack.state.outputs["StateMachineArn"]
    row = stack.wait(key)
    refused: list[Callable[[], Any]] = [
        lambda: s3.get_object(Bucket=uploads, Key=key),
        lambda: s3.put_object(Bucket=uploads, Key="inbox/emotions/x", Body=b"x"),
        lambda: s3.delete_object(Bucket=uploads, Key=key),
        lambda: s3.put_object(Bucket=results, Key="results/x", Body=b"x"),
        lambda: s3.put_object(Bucket=results, Key="runs/x/manifest.jsonl", Body=b"x"),
        lambda: as_sweep("dynamodb").scan(TableName=stack.target.table),
        lambda: as_sweep("dynamodb").delete_item(
            TableName=stack.target.table, Key={"upload_id": {"S": row.upload_id}}
        ),
        lambda: states.stop_execution(executionArn=row.run),
        lambda: states.start_execution(
            stateMachineArn=machine.replace("-triage", "-stopped"), input="{}"
        ),
    ]
    for number, call in enumerate(refused):
        with pytest.raises(ClientError) as denied:
            call()
        assert "AccessDenied" in denied.value.response["Error"]["Code"], number


def test_at_the_end_the_audit_is_clean(stack: Stack) -> None:
    found = audit(stack)
    assert found["clean"], [
        one for one in found["uploads"] if one["standing"] in ("MISSING", "STUCK", "DOUBLE")
    ]
    assert found["counts"].get("RUNNING", 0) == 0
