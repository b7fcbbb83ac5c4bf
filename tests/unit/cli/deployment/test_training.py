"""Large trainings of a stage: whether they are on, their jobs, and waiting for one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tests.fakes.batch import FakeBatch
from tests.fakes.cloud import FakeCloud
from tests.fakes.sagemaker import FakeSageMaker
from tests.fakes.training_lease import MemoryLease, MemoryTrainings
from winnow.errors import (
    AccessDeniedError,
    DeploymentRunningError,
    ReviewOffError,
    StackStuckError,
    StackUnknownError,
    TrainingDiedError,
)
from winnow.registry.trainings import EndedTraining, TrainingOutcome
from winnow_cli.deployment.cloud import StackInfo, StackResource
from winnow_cli.deployment.stages import Stage
from winnow_cli.deployment.training import (
    TrainingNotebook,
    TrainingQueue,
    follow,
    part_of,
    train_function,
    with_part,
)

STAGE = Stage(
    name="test",
    account="123456789012",
    region="eu-central-1",
    stack="winnow-test",
    parameters={"MaxRuns": "5"},
)
TEMPLATE = {"Parameters": {"TrainOnBatch": {"Type": "String", "Default": "false"}}}
ON = StackInfo(
    name="winnow-test",
    status="UPDATE_COMPLETE",
    parameters={"TrainOnBatch": "true", "ReviewPage": "true"},
)
NO_NOTEBOOK = TrainingNotebook(STAGE, FakeSageMaker())
OFF = ON.model_copy(update={"parameters": {"TrainOnBatch": "false", "ReviewPage": "true"}})


def ended(run: str, outcome: TrainingOutcome = TrainingOutcome.BETTER) -> EndedTraining:
    return EndedTraining(
        process="bank", run=run, by="ann", at="now", outcome=outcome, sentence="Better.",
        decisions=60,
    )  # fmt: skip


class Jobs:
    """The requests have the shape that AWS's model of Batch asks for."""

    def __init__(self) -> None:
        self.batch = boto3.client(
            "batch", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        self.stub = Stubber(self.batch)
        self.queue = TrainingQueue(STAGE, self.batch)


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    made = Jobs()
    with made.stub:
        yield made
    made.stub.assert_no_pending_responses()


def test_jobs_under_way_come_first_then_the_newest(jobs: Jobs) -> None:
    summary = {"jobName": "train-bank", "jobArn": "arn:job", "createdAt": 1_795_770_000_000}
    answers = {
        "RUNNING": [{**summary, "jobId": "now", "startedAt": 1_795_770_060_000}],
        "SUCCEEDED": [
            {**summary, "jobId": "old", "createdAt": 1_795_000_000_000},
            {**summary, "jobId": "new", "createdAt": 1_796_000_000_000},
        ],
        "FAILED": [
            {
                **summary,
                "jobId": "died",
                "createdAt": 1_794_000_000_000,
                "statusReason": "Essential container in task exited",
                "container": {"exitCode": 137, "reason": "OutOfMemoryError: killed."},
            }
        ],
    }
    for state in (
        *("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"),
    ):
        asked = {"jobQueue": "winnow-test-training", "jobStatus": state, "maxResults": 20}
        jobs.stub.add_response("list_jobs", {"jobSummaryList": answers.get(state, [])}, asked)
    found = jobs.queue.jobs()
    assert [one.id for one in found] == ["now", "new", "old", "died"]
    assert found[0].started_at == datetime(2026, 11, 27, 9, 1, tzinfo=UTC)
    assert found[3].reason == (
        "Essential container in task exited. OutOfMemoryError: killed. exit code 137"
    )


def test_a_job_is_ended_with_the_reason(jobs: Jobs) -> None:
    described = {
        "jobId": "a", "jobName": "train-bank", "jobQueue": "q", "status": "RUNNING",
        "startedAt": 1_795_770_060_000, "jobDefinition": "d",
    }  # fmt: skip
    jobs.stub.add_response("describe_jobs", {"jobs": [described]}, {"jobs": ["a"]})
    job = jobs.queue.job("a")
    assert job is not None
    jobs.stub.add_response(
        "terminate_job",
        {},
        {"jobId": "a", "reason": "Large trainings were turned off with `winnow training destroy`."},
    )
    jobs.queue.end(job)
    jobs.stub.add_response("describe_jobs", {"jobs": []}, {"jobs": ["b"]})
    assert jobs.queue.job("b") is None


def test_what_aws_refuses_is_an_error_of_ours(jobs: Jobs) -> None:
    jobs.stub.add_client_error("describe_job_queues", "AccessDeniedException", "no")
    with pytest.raises(AccessDeniedError):
        jobs.queue.states()


def test_a_stage_that_has_it() -> None:
    batch = FakeBatch()
    batch.add("one", "RUNNING")
    batch.add("two", "FAILED", statusReason="Host EC2 terminated.")
    part = part_of(STAGE, ON, TrainingQueue(STAGE, batch), NO_NOTEBOOK)
    assert part.notebook is None
    assert (part.on, part.queue_state, part.compute_state, part.cores) == (
        *(True, "ready", "ready", 32),
    )
    assert [one.id for one in part.under_way] == ["one"]
    assert [one.reason for one in part.jobs] == ["", "Host EC2 terminated"]


def test_a_queue_that_somebody_deleted_is_missing_and_not_asked_for_jobs() -> None:
    batch = FakeBatch()
    batch.there = False
    batch.add("one", "RUNNING")
    part = part_of(STAGE, ON, TrainingQueue(STAGE, batch), NO_NOTEBOOK)
    assert (part.queue_state, part.jobs) == ("missing", ())


def test_a_stage_without_it_is_not_asked() -> None:
    part = part_of(STAGE, OFF, TrainingQueue(STAGE, None), NO_NOTEBOOK)
    assert not part.on
    with pytest.raises(StackUnknownError, match="not deployed"):
        part_of(STAGE, None, TrainingQueue(STAGE, None), NO_NOTEBOOK)


def test_the_notebook_is_asked_for_by_its_name() -> None:
    sagemaker = boto3.client(
        "sagemaker", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    notebook = TrainingNotebook(STAGE, sagemaker)
    named = {"NotebookInstanceName": "winnow-test-training"}
    with Stubber(sagemaker) as stub:
        failed = {
            "NotebookInstanceStatus": "Failed",
            "InstanceType": "ml.m5.xlarge",
            "FailureReason": "No capacity.",
        }
        stub.add_response("describe_notebook_instance", failed, named)
        found = notebook.found("ml.t3.medium")
        assert (found.instance_type, found.reason) == ("ml.m5.xlarge", "No capacity.")
        assert found.console.startswith("https://eu-central-1.console.aws.amazon.com/sagemaker/")
        url = {"AuthorizedUrl": "https://notebook.test/"}
        stub.add_response("create_presigned_notebook_instance_url", url, named)
        assert notebook.address() == "https://notebook.test/"
        stub.add_client_error("describe_notebook_instance", "ValidationException", "RecordNotFound")
        assert notebook.found("ml.t3.medium").state == "missing"
        stub.add_client_error("describe_notebook_instance", "AccessDeniedException", "no")
        with pytest.raises(AccessDeniedError):
            notebook.found("ml.t3.medium")


def test_the_stage_is_kept_and_one_parameter_set() -> None:
    on = with_part(STAGE, OFF, TEMPLATE, on=True)
    assert on.parameters == {"MaxRuns": "5", "TrainOnBatch": "true"}
    assert with_part(on, ON, TEMPLATE, on=False) == STAGE


@pytest.mark.parametrize(
    ("stack", "template", "error"),
    [
        (None, TEMPLATE, StackUnknownError),
        (OFF.model_copy(update={"status": "REVIEW_IN_PROGRESS"}), TEMPLATE, StackUnknownError),
        (OFF.model_copy(update={"status": "UPDATE_IN_PROGRESS"}), TEMPLATE, DeploymentRunningError),
        (OFF, {"Parameters": {}}, StackStuckError),
        (OFF.model_copy(update={"parameters": {}}), TEMPLATE, ReviewOffError),
    ],
)
def test_what_it_cannot_be_turned_on_for(stack: Any, template: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        with_part(STAGE, stack, template, on=True)


def test_the_function_is_found_by_its_alias() -> None:
    cloud = FakeCloud()
    with pytest.raises(ReviewOffError):
        train_function(STAGE, cloud)
    cloud.stack_resources["winnow-test"] = [
        StackResource(logical_id="TrainFunction", physical_id="f", type="AWS::Lambda::Function"),
        StackResource(
            logical_id="TrainFunctionAliaslive", physical_id="arn:live", type="AWS::Lambda::Alias"
        ),
    ]
    assert train_function(STAGE, cloud) == "arn:live"


class Waiting:
    """A training that goes on by a step each time that is waited."""

    def __init__(self, *steps: Any) -> None:
        self.log, self.lease, self.batch = MemoryTrainings(), MemoryLease(), FakeBatch()
        self.steps, self.lines = list(steps), list[str]()

    def sleep(self, _seconds: float) -> None:
        if self.steps:
            self.steps.pop(0)(self)

    def follow(self, before: EndedTraining | None = None) -> EndedTraining:
        queue = TrainingQueue(STAGE, self.batch)
        return follow("bank", before, self.log, self.lease, queue, self.lines.append, self.sleep)


def test_a_training_in_the_function_is_waited_for() -> None:
    room = Waiting(
        lambda room: room.lease.take("bank", "call", 0, 900),
        lambda room: room.log.keep(ended("second")),
    )
    room.log.keep(ended("first"))
    assert room.follow(ended("first")).run == "second"
    assert room.lines == ["waits for the function", "trains in the function"]


def test_a_training_that_was_moved_says_how_far_its_job_is() -> None:
    room = Waiting(
        lambda room: room.batch.found[0].update(status="RUNNING"),
        lambda room: room.log.keep(ended("j1")),
    )
    room.batch.add("j1", "RUNNABLE")
    room.lease.take("bank", "j1", 0, 900)
    room.follow()
    assert room.lines == [
        "as job j1 of AWS Batch: waits for a machine",
        "as job j1 of AWS Batch: trains",
    ]


def test_a_job_that_died_in_silence_is_not_waited_for_for_ever() -> None:
    room = Waiting()
    room.batch.add("j1", "FAILED", statusReason="CannotPullContainerError")
    room.lease.take("bank", "j1", 0, 900)
    with pytest.raises(TrainingDiedError, match="CannotPullContainerError"):
        room.follow()


def test_nor_is_what_never_began() -> None:
    with pytest.raises(TrainingDiedError, match="five minutes"):
        Waiting().follow()
