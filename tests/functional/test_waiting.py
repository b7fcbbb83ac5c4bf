"""The adapters of dispatch and digest on moto: the queues, the book, the executions."""

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from winnow.errors import AccessDeniedError, RetryableError, UploadAbandonedError
from winnow.models import Mail
from winnow.ports import StartOutcome
from winnow.recovery.restart import restart_name
from winnow.steps.digest import digest_of
from winnow.steps.dispatch import DispatchState
from winnow.steps.notification import abandoned
from winnow.steps.upload import upload_id
from winnow.storage.paths import dispatch_state
from winnow_aws.dispatch_state import S3DispatchStateStore
from winnow_aws.mail_queue import SqsMailQueue
from winnow_aws.topic import TopicMailer
from winnow_aws.waiting_queue import SqsWaitingQueue, execution_name
from winnow_aws.workflow import QueueingWorkflow, StatesWorkflow

REGION = "us-east-1"
EVENT = {
    "detail-type": "Object Created",
    "detail": {
        "bucket": {"name": "uploads"},
        "object": {"key": "inbox/p/a b.csv", "size": 1, "version-id": "v1", "sequencer": "s1"},
    },
}
OWN = upload_id("uploads", "inbox/p/a b.csv", "v1")


pytestmark = pytest.mark.usefixtures("moto_aws")


@pytest.fixture
def sqs() -> Any:
    return boto3.client("sqs", region_name=REGION)


@pytest.fixture
def url(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName="waiting")["QueueUrl"])


@pytest.fixture
def executions() -> StatesWorkflow:
    states = boto3.client("stepfunctions", region_name=REGION)
    definition = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    role = "arn:aws:iam::123456789012:role/x"
    made = states.create_state_machine(name="t", definition=json.dumps(definition), roleArn=role)
    return StatesWorkflow(states, made["stateMachineArn"])


def test_an_event_has_one_name_however_often_it_is_delivered():
    assert execution_name(EVENT) == restart_name(OWN, 1)
    again = {**EVENT, "id": "another", "restart": {"attempt": 3, "supersedes": "run"}}
    assert execution_name(again) == restart_name(OWN, 3)
    nameless = json.loads(json.dumps(EVENT))
    del nameless["detail"]["object"]["version-id"]
    by_sequencer = upload_id("uploads", "inbox/p/a b.csv", "s1")
    assert execution_name(nameless) == restart_name(by_sequencer, 1)


@pytest.mark.parametrize(
    "event", [None, 5, "x", [], {}, {"detail": None}, {"detail": {"object": {"key": "k"}}}]
)
def test_what_is_no_upload_has_none(event: Any):
    assert execution_name(event) is None


def test_what_waits_is_taken_once_and_stays_until_it_is_dropped(sqs: Any, url: str):
    queue = SqsWaitingQueue(sqs, url)
    assert not queue.any()
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(EVENT))
    queue.add("by hand", {**EVENT, "restart": {"attempt": 2, "supersedes": "x"}})
    sqs.send_message(QueueUrl=url, MessageBody="no event")
    assert queue.any()
    assert queue.all() == 3
    taken = sorted(queue.take(40), key=lambda one: one.name)
    assert [one.name for one in taken] == sorted([restart_name(OWN, 1), "by hand"])
    assert not queue.take(10)
    assert queue.all() == 3
    queue.drop(taken[0])
    queue.give_back(taken[1])
    [again] = queue.take(10)
    assert (again.name, again.event) == (taken[1].name, taken[1].event)


def test_the_sweep_hands_over_only_when_nothing_waits(
    sqs: Any, url: str, executions: StatesWorkflow
):
    queue = SqsWaitingQueue(sqs, url)
    workflow = QueueingWorkflow(executions, queue, only_when_empty=True)
    # In one call as many as are lost.
    assert workflow.start("a-1", EVENT) is StartOutcome.STARTED
    assert workflow.start("b-1", EVENT) is StartOutcome.STARTED
    workflow.begin_call()
    assert workflow.start("c-1", EVENT) is StartOutcome.RUNNING
    assert queue.all() == 2
    redrive = QueueingWorkflow(executions, queue, only_when_empty=False)
    assert redrive.start("c-1", EVENT) is StartOutcome.STARTED
    assert {one.name for one in queue.take(10)} == {"a-1", "b-1", "c-1"}


def test_what_had_claimed_is_handed_over_although_others_wait(
    sqs: Any, url: str, executions: StatesWorkflow
):
    queue = SqsWaitingQueue(sqs, url)
    workflow = QueueingWorkflow(executions, queue, only_when_empty=True)
    # What it queues does not keep the lost ones of its call.
    assert workflow.regardless.start("crashed-2", EVENT) is StartOutcome.STARTED
    assert workflow.start("lost-1", EVENT) is StartOutcome.STARTED
    workflow.begin_call()
    assert workflow.start("lost-2", EVENT) is StartOutcome.RUNNING
    assert workflow.regardless.start("crashed-3", EVENT) is StartOutcome.STARTED
    assert workflow.start("lost-2", EVENT) is StartOutcome.RUNNING
    assert {one.name for one in queue.take(10)} == {"crashed-2", "crashed-3", "lost-1"}
    assert executions.start("a-1", EVENT) is StartOutcome.STARTED
    assert workflow.regardless.start("a-1", EVENT) is not StartOutcome.STARTED
    assert queue.all() == 3


def test_what_has_run_is_not_handed_over(sqs: Any, url: str, executions: StatesWorkflow):
    queue = SqsWaitingQueue(sqs, url)
    assert executions.status_of("a-1") is None
    assert executions.start("a-1", EVENT) is StartOutcome.STARTED
    assert "a-1" in executions.running()
    workflow = QueueingWorkflow(executions, queue, only_when_empty=True)
    assert workflow.start("a-1", EVENT) is StartOutcome.RUNNING
    assert queue.all() == 0


def test_of_two_who_write_the_book_the_second_is_refused():
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="results")
    books = S3DispatchStateStore(s3, dispatch_state("results"))
    assert books.load() == (DispatchState(), None)
    mark = books.save(DispatchState(holder="a"), None)
    assert mark is not None
    assert books.save(DispatchState(holder="b"), None) is None
    book, known = books.load()
    assert (book.holder, known) == ("a", mark)
    newer = books.save(DispatchState(holder="a", until=5.0, started={"x": 1.0}), mark)
    assert newer is not None
    assert books.save(DispatchState(holder="b"), mark) is None
    assert books.load()[0].started == {"x": 1.0}


def test_a_book_that_nobody_can_read_is_begun_anew():
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="results")
    ref = dispatch_state("results")
    s3.put_object(Bucket=ref.bucket, Key=ref.key, Body=b'{"holder": 5')
    books = S3DispatchStateStore(s3, ref)
    book, mark = books.load()
    assert book == DispatchState()
    assert books.save(DispatchState(holder="a"), mark) is not None


def test_what_s3_refuses_is_our_error():
    s3 = boto3.client("s3", region_name=REGION)
    with Stubber(s3) as stub:
        stub.add_client_error("put_object", "AccessDenied")
        with pytest.raises(AccessDeniedError):
            S3DispatchStateStore(s3, dispatch_state("results")).save(DispatchState(), None)
        stub.add_client_error("put_object", "SlowDown")
        with pytest.raises(RetryableError):
            S3DispatchStateStore(s3, dispatch_state("results")).save(DispatchState(), "mark")


def test_all_that_runs_is_seen_in_few_requests(executions: StatesWorkflow):
    asked: list[Any] = []
    executions._states.meta.events.register(
        "before-parameter-build.stepfunctions",
        lambda model, params, **_: asked.append(params) if model.name == "ListExecutions" else None,
    )
    for number in range(120):
        assert executions.start(f"a-{number}", EVENT) is StartOutcome.STARTED
    assert len(executions.running()) == 120
    assert len(asked) == 1, "five a second are allowed"


def test_an_upload_that_the_sweep_gave_up_is_a_failure_to_the_digest(sqs: Any, url: str):
    sns = boto3.client("sns", region_name=REGION)
    topic = sns.create_topic(Name="runs")["TopicArn"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
    told = {"outcome": "failed", "upload_id": OWN, "code": UploadAbandonedError.code}
    mailer = TopicMailer(sns, topic)
    mailer.send(abandoned(OWN, UploadAbandonedError("3 runs were started.")), told)
    [mail] = SqsMailQueue(sqs, url).take(10)
    assert (mail.outcome, mail.upload_id, mail.code) == ("failed", OWN, "upload_abandoned")
    mailer.send(Mail(subject="s", body="b"))
    told_of = digest_of([mail, *SqsMailQueue(sqs, url).take(10)])
    assert told_of.subject == "Winnow: 0 succeeded, 1 failed, 1 other"
    assert f"  {OWN}" in told_of.body


def test_a_mail_stays_in_its_queue_until_it_is_dropped(sqs: Any, url: str):
    for number in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"Message": f"mail {number}"}))
    mails = SqsMailQueue(sqs, url)
    taken = [*mails.take(100), *mails.take(100)]
    assert {one.body for one in taken} == {f"mail {number}" for number in range(12)}
    assert not mails.take(100)
    mails.drop([one.handle for one in taken])
    count = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
    )
    assert count["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"
