"""`winnow redrive --failed-since` over the dead-letter queue, and what it must not start."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from winnow.errors import NotRedrivableError, RetryableError
from winnow.steps.upload import upload_id
from winnow.storage.times import iso
from winnow_aws.erasing import UploadsTable
from winnow_cli.redrive import Redrive
from winnow_cli.target import Target

REGION = "us-east-1"
KEY = "inbox/p/Mrs Example.csv"
OWN = upload_id("uploads", KEY, "v1")
RUN = "arn:aws:states:us-east-1:123456789012:execution:triage:run-1"
CREATED = {
    "detail-type": "Object Created",
    "detail": {"bucket": {"name": "uploads"}, "object": {"key": KEY, "version-id": "v1"}},
}


class Stack:
    """A table of runs, a workflow, a topic with a mailbox, and a dead-letter queue."""

    def __init__(self) -> None:
        session = boto3.Session("test", "test", region_name=REGION)
        self.dynamodb = session.client("dynamodb")
        self.sqs = session.client("sqs")
        self.states = session.client("stepfunctions")
        sns = session.client("sns")
        session.client("s3").create_bucket(Bucket="uploads")
        self.dynamodb.create_table(
            TableName="runs",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "upload_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "upload_id", "AttributeType": "S"}],
        )
        self.queue = self.sqs.create_queue(QueueName="undelivered")["QueueUrl"]
        self.mailbox = self.sqs.create_queue(QueueName="mailbox")["QueueUrl"]
        topic = sns.create_topic(Name="topic")["TopicArn"]
        arn = f"arn:aws:sqs:{REGION}:123456789012:mailbox"
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        wait = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 60, "End": True}}}
        machine = self.states.create_state_machine(
            name="triage",
            definition=json.dumps(wait),
            roleArn="arn:aws:iam::123456789012:role/r",
        )["stateMachineArn"]
        outputs = {
            "UploadsBucket": "uploads",
            "ResultsBucket": "results",
            "Table": "runs",
            "RetentionDays": "90",
            "StateMachineArn": machine,
            "UndeliveredQueue": self.queue,
            "TopicArn": topic,
        }
        self.target = Target("winnow", outputs, session, None, Config())

    def row(self, own_id: str = OWN, *, hours: float = 26, **values: str) -> None:
        at = iso(time.time() - hours * 3_600)
        row = {"upload_id": own_id, "state": "FAILED", "object_key": KEY, "version_id": "v1"}
        row |= {"run": RUN, "claimed_at": at, "ended_at": at, "error_code": "file_empty"}
        item: Any = {name: {"S": value} for name, value in (row | values).items()}
        self.dynamodb.put_item(TableName="runs", Item=item)

    def send(self, *bodies: Any) -> None:
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=text)

    def left(self, queue: str | None = None) -> int:
        names: Any = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible")]
        found = self.sqs.get_queue_attributes(QueueUrl=queue or self.queue, AttributeNames=names)[
            "Attributes"
        ]
        return sum(map(int, found.values()))

    def redrive(self, hours: float = 12) -> tuple[Redrive, list[str]]:
        work = Redrive(self.target)
        return work, [one.upload_id for one in work.failed_since(time.time() - hours * 3_600)]


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setattr("winnow_cli.redrive._QUEUE_WAIT_S", 0)
    with mock_aws():
        yield Stack()


def ended(error: str | None = "workflow_unmailed", began: Any = CREATED) -> dict[str, Any]:
    """The event of a run that ended, which did not reach the failure handler."""
    detail = {"executionArn": RUN, "input": json.dumps(began), "status": "FAILED", "error": error}
    return {"id": "e1", "detail-type": "Step Functions Execution Status Change", "detail": detail}


LAST_RESORT = {
    "detail-type": "Step Functions Execution Status Change",
    "detail": {"executionArn": "arn:stopped", "input": json.dumps(ended()), "status": "FAILED"},
}


@pytest.mark.parametrize("event", [ended(), ended(None), LAST_RESORT])
def test_a_failure_that_nobody_was_told_is_started_again_however_old(
    stack: Stack, event: Any
) -> None:
    stack.row()
    stack.send(event)
    work, started = stack.redrive()
    assert (started, work.unmailed, work.unreadable, stack.left()) == ([OWN], [], 0, 0)
    [run] = stack.states.list_executions(stateMachineArn=stack.target.outputs["StateMachineArn"])[
        "executions"
    ]
    assert run["name"] == f"{OWN}-2"


@pytest.mark.parametrize(
    "row",
    [
        # It has mailed this itself.
        {"error_code": "workflow_unmailed"},
        # A later run has told its own end.
        {"run": "arn:later"},
        {"run": "sweep", "error_code": "upload_abandoned"},
        # The sweep finds it.
        {"state": "RUNNING"},
        None,
    ],
)
def test_an_end_that_somebody_was_told_or_will_be_is_deleted(
    stack: Stack, row: dict[str, Any] | None
) -> None:
    if row is not None:
        stack.row(**row)
    stack.send(ended())
    work, started = stack.redrive(hours=0.001)
    assert (started, work.failures, stack.left()) == ([], [], 0)


@pytest.mark.parametrize("state", ["SUCCEEDED", "GONE"])
def test_what_cannot_run_again_is_named_and_its_message_stays(stack: Stack, state: str) -> None:
    stack.row(state=state)
    stack.send(ended(None))
    work, started = stack.redrive()
    assert (started, work.unmailed, stack.left()) == ([], [OWN], 1)


def test_what_cannot_be_started_now_stays(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.row()
    stack.send(ended())
    work = Redrive(stack.target)

    def throttled(_name: str, _event: Any) -> Any:
        raise RetryableError("throttled")

    monkeypatch.setattr(work._workflow, "start", throttled)
    assert list(work.failed_since(time.time())) == []
    assert ([own for own, _ in work.failures], stack.left()) == ([OWN], 1)


def test_gathered_mails_are_sent(stack: Stack) -> None:
    note = {
        "Type": "Notification",
        "Subject": "Winnow p: 3 accepted",
        "Message": "3 accepted\n",
        "MessageAttributes": {"outcome": {"Type": "String", "Value": "succeeded"}},
    }
    stack.send(note, {**note, "Subject": None, "MessageAttributes": None})
    work, started = stack.redrive()
    assert (started, work.mailed, work.unreadable) == ([], 2, 0)
    assert (stack.left(), stack.left(stack.mailbox)) == (0, 2)


def test_a_mail_that_cannot_be_sent_stays(stack: Stack) -> None:
    stack.target.outputs["TopicArn"] += "-gone"
    stack.send({"Type": "Notification", "Message": "3 accepted\n"})
    work, _ = stack.redrive()
    assert (work.mailed, len(work.failures), stack.left()) == (0, 1, 1)


@pytest.mark.parametrize(
    "body", ["", "no json", "[]", "{}", '{"Type": "Other"}', ended(began={}), ended(began="")]
)
def test_what_is_no_event_stays_and_is_counted_once(stack: Stack, body: Any) -> None:
    stack.send(*[body or " "] * 25)
    work, started = stack.redrive()
    assert (started, work.unreadable, stack.left()) == ([], 25, 25)


def test_messages_that_stay_and_come_again_do_not_hold_it_up(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over more messages than can be read before the first comes again."""
    monkeypatch.setattr("winnow_cli.redrive._HIDDEN_S", 0)
    stack.send(*["no event"] * 40, CREATED)
    work, _ = stack.redrive()
    assert work.unreadable <= 40


def test_each_event_without_an_id_starts_a_run(stack: Stack) -> None:
    stack.send(CREATED, CREATED)
    _, started = stack.redrive()
    assert (started, stack.left()) == ([OWN, OWN], 0)


# -- erased ----------------------------------------------------------------------------------------


def test_an_erased_upload_is_not_started_as_another(stack: Stack) -> None:
    stack.row(hours=1)
    UploadsTable(stack.dynamodb, "runs").mark_erased(OWN, iso(time.time()), "arn:user")
    stack.send(ended())
    work, started = stack.redrive()
    assert (started, work.failures, stack.left()) == ([], [], 0)
    with pytest.raises(NotRedrivableError, match="was erased"):
        Redrive(stack.target).upload(OWN)


def test_rows_that_cannot_be_started_end_no_redrive(stack: Stack) -> None:
    """Their runs have expired, and they do not say which version they are about."""
    for number in range(7):
        stack.row(f"id{number}", hours=1)
        stack.dynamodb.update_item(
            TableName="runs",
            Key={"upload_id": {"S": f"id{number}"}},
            UpdateExpression="REMOVE version_id",
        )
    stack.row(hours=1)
    work, started = stack.redrive()
    assert (started, len(work.failures)) == ([OWN], 7)
