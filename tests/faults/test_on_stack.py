"""On the local stack: lost events, the sweep, redrives, the dead-letter queue, the audit."""

import copy
import json
import time
import uuid
from typing import Any

import pytest

from tests.e2e.conftest import SURE, Stack, until, winnow
from tests.faults.sabotage import client, lease_is_over, rows_of, stopped_in, without_rule
from winnow.recovery.report import SweepOptions
from winnow.recovery.sweep import Sweep
from winnow.steps.upload import upload_id
from winnow.storage.paths import sweep_state
from winnow_aws.inbox import S3Inbox
from winnow_aws.s3 import S3Store
from winnow_aws.table import TableRuns
from winnow_aws.topic import TopicMailer
from winnow_aws.workflow import StatesWorkflow
from winnow_local.template import Checkout, read_template

pytestmark = [pytest.mark.stack, pytest.mark.model]


def sweep(stack: Stack, in_s: float) -> Any:
    """The function's own work with its own adapters, so many seconds from now."""
    outputs = stack.state.outputs
    work = Sweep(
        S3Inbox(stack.s3, stack.target.uploads_bucket),
        TableRuns(client(stack, "dynamodb"), stack.target.table, 90),
        StatesWorkflow(client(stack, "stepfunctions"), outputs["StateMachineArn"]),
        TopicMailer(client(stack, "sns"), outputs["TopicArn"]),
        SweepOptions(retention_days=90),
    )
    cursor = sweep_state(stack.target.results_bucket)
    return work(S3Store(stack.s3), cursor, time.time() + in_s)


def audit(stack: Stack, *options: str) -> dict[str, Any]:
    answer = winnow("audit", "--json", *options)
    found: dict[str, Any] = answer.document()
    assert (answer.code == 0) is found["clean"]
    return found


def test_a_lost_event_is_missed_swept_and_ends(stack: Stack) -> None:
    with without_rule(stack, "Uploaded"):
        key = stack.put("lost.jsonl", json.dumps({"text": SURE}) + "\n")
    assert stack.uploads.by_key(key) is None
    found = audit(stack, "--missed-after", "0")
    assert [one["standing"] for one in found["uploads"] if one["object_key"] == key] == ["MISSING"]
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
    until(lambda: stack.uploads.by_key(key).ended)
    assert sweep(stack, in_s=1_000).restarted == 0
    assert audit(stack, "--missed-after", "0")["counts"]["DUPLICATE"] == 0


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


def test_what_the_audit_shows_as_missing_or_stuck_is_redriven_by_its_id(stack: Stack) -> None:
    with without_rule(stack, "Uploaded"):
        missing = stack.put("missing.jsonl", json.dumps({"text": SURE}) + "\n")
    with without_rule(stack, "Stopped"):
        body = "".join(json.dumps({"text": f"{SURE} {n}"}) + "\n" for n in range(3_000))
        stuck = stopped_in(stack, "Classify", "stuck.jsonl", body)
    lease_is_over(stack, rows_of(stack, stuck)[0].upload_id)
    answer = winnow("audit", "--missed-after", "0")
    assert answer.code == 1
    assert "MISSING: no run has started." in answer.err
    assert "STUCK: its run ended without recording it." in answer.err
    found = audit(stack, "--missed-after", "0")["uploads"]
    ids = {one["object_key"]: one for one in found if one["object_key"] in (missing, stuck)}
    assert (ids[missing]["standing"], ids[stuck]["standing"]) == ("MISSING", "STUCK")
    for key in (missing, stuck):
        answer = winnow("redrive", ids[key]["upload_id"], "--json")
        assert [one["upload_id"] for one in answer.document()["started"]] == [ids[key]["upload_id"]]
        assert stack.wait(key).state == "SUCCEEDED"
    # The same words again find what has succeeded.
    for key in (missing, stuck):
        answer = winnow("redrive", ids[key]["upload_id"], "--json")
        assert answer.document()["error"]["code"] == "not_redrivable"
    assert winnow("redrive", "0" * 32, "--json").document()["error"]["code"] == "upload_unknown"
    assert audit(stack, "--missed-after", "0")["clean"]


def test_a_second_redrive_while_the_first_runs_starts_nothing(stack: Stack) -> None:
    with without_rule(stack, "Stopped"):
        body = "".join(json.dumps({"text": f"{SURE} {n}"}) + "\n" for n in range(3_000))
        key = stopped_in(stack, "Classify", "twice-redriven.jsonl", body)
    one = rows_of(stack, key)[0].upload_id
    lease_is_over(stack, one)
    answer = winnow("redrive", one, "--json")
    assert answer.code == 0, answer.document()
    [started] = answer.document()["started"]
    again = winnow("redrive", one, "--json")
    assert (again.code, again.document()["error"]["code"]) == (1, "not_redrivable")
    assert stack.wait(key).state == "SUCCEEDED"
    runs = client(stack, "stepfunctions").list_executions(
        stateMachineArn=stack.state.outputs["StateMachineArn"]
    )["executions"]
    assert [r["name"] for r in runs if r["name"].startswith(one)] == [started["execution"]]


def test_what_lies_in_the_dead_letter_queue_is_started(stack: Stack) -> None:
    with without_rule(stack, "Uploaded"):
        key = stack.put("dead.jsonl", json.dumps({"text": SURE}) + "\n")
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


def test_what_is_no_event_stays_in_the_dead_letter_queue_and_stops_nothing(stack: Stack) -> None:
    queue = stack.state.outputs["UndeliveredQueue"]
    sqs = client(stack, "sqs")
    stopped = {"detail-type": "Step Functions Execution Status Change", "detail": {"status": "X"}}
    nameless = {"detail-type": "Object Created", "detail": {"bucket": {}, "object": {"key": "k"}}}
    for body in ("no JSON", "[]", json.dumps(nameless), json.dumps(stopped)):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    answer = winnow("redrive", "--failed-since", "2999-01-01", "--json")
    assert answer.code == 0
    assert answer.document() == {
        "started": [],
        "under_way": [],
        "failed": [],
        "unreadable": 4,
        "mailed": 0,
        "unmailed": [],
    }
    sqs.purge_queue(QueueUrl=queue)


def test_an_update_in_place_keeps_the_rows_and_finds_what_died_before_it(stack: Stack) -> None:
    """The table of the version before had no index by lease; its rows had what it goes by."""
    cloudformation = client(stack, "cloudformation")
    table = copy.deepcopy(read_template(Checkout.here().template)["Resources"]["Table"])
    table["Properties"].pop("SSESpecification")
    before = copy.deepcopy(table)
    properties = before["Properties"]
    properties["GlobalSecondaryIndexes"] = properties["GlobalSecondaryIndexes"][:1]
    properties["AttributeDefinitions"] = properties["AttributeDefinitions"][:3]

    def body(resource: Any) -> str:
        outputs = {"Name": {"Value": {"Ref": "Table"}}}
        return json.dumps({"Resources": {"Table": resource}, "Outputs": outputs})

    def name() -> str:
        [found] = cloudformation.describe_stacks(StackName="before")["Stacks"]
        assert found["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), found
        return str(found["Outputs"][0]["OutputValue"])

    cloudformation.create_stack(StackName="before", TemplateBody=body(before))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="before")
    made, dynamodb = name(), client(stack, "dynamodb")
    now = time.time()
    for own, state, lease in (
        ("died", "RUNNING", now - 60),
        ("runs", "RUNNING", now + 9_000),
        ("ended", "SUCCEEDED", None),
        ("failed", "FAILED", None),
    ):
        row = {"upload_id": own, "state": state, "object_key": "inbox/a", "run": "r"}
        item: Any = {key: {"S": value} for key, value in row.items()}
        item |= {"claimed_at": {"S": "2026-11-21T09:30:01.000Z"}, "version_id": {"S": own}}
        if lease is not None:
            item["lease_until"] = {"N": str(int(lease))}
        dynamodb.put_item(TableName=made, Item=item)
    cloudformation.update_stack(StackName="before", TemplateBody=body(table))
    cloudformation.get_waiter("stack_update_complete").wait(StackName="before")
    assert name() == made, "the table was replaced"
    runs = TableRuns(dynamodb, made, 90)
    assert {row.upload_id for row in runs.every()} == {"died", "runs", "ended", "failed"}
    assert [row.upload_id for row in runs.leases(None, None).rows] == ["died"]
    assert [row.upload_id for row in runs.leases(now, None).rows] == ["died"]
    cloudformation.delete_stack(StackName="before")


def test_at_the_end_the_audit_is_clean(stack: Stack) -> None:
    found = until(lambda: not (one := audit(stack))["counts"].get("RUNNING") and one)
    assert found["clean"], [
        one for one in found["uploads"] if one["standing"] in ("MISSING", "STUCK", "DUPLICATE")
    ]
