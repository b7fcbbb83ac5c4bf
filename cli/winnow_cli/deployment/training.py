"""Large trainings of a stage: whether they are on, their queue and its jobs, and the notebook.

The part of the stack is infra/training.yaml, by the parameters TrainOnBatch and TrainNotebook.
Errors of botocore end here, as in `cloud`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field

from winnow.errors import (
    DeploymentRunningError,
    ReviewOffError,
    StackStuckError,
    StackUnknownError,
    TrainingDiedError,
)
from winnow.models import FrozenModel
from winnow.registry.ports import TrainingLog
from winnow.registry.trainings import EndedTraining
from winnow_cli.aws_errors import from_botocore
from winnow_cli.deployment.cloud import Cloud, StackInfo
from winnow_cli.deployment.parameters import Parameters
from winnow_cli.deployment.stages import Stage

Answer = TypeVar("Answer")
PARAMETER = "TrainOnBatch"
NOTEBOOK = "TrainNotebook"
NO_NOTEBOOK = "none"
SMALL_NOTEBOOK = "ml.t3.medium"
"""What a notebook runs on if the stage does not say."""
PART = "Training"
"""The nested stack among the resources of a stack."""
FUNCTION = "TrainFunctionAlias"
"""How the name of the train function's alias among them begins."""
UNDER_WAY = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
ENDED = ("SUCCEEDED", "FAILED")
JOB_WORDS = {
    "SUBMITTED": "submitted",
    "PENDING": "submitted",
    "RUNNABLE": "waits for a machine",
    "STARTING": "fetches the image",
    "RUNNING": "trains",
    "SUCCEEDED": "ended",
    "FAILED": "died",
}
STOPPED = "Large trainings were turned off with `winnow training destroy`."
POLL_S = 5.0
_JOBS_SHOWN = 20
_BEGINS_WITHIN = 60
"""Polls after which a training should have begun: five minutes."""
_TELLS_WITHIN = 6
"""Polls after which the end of a job should be told: half a minute."""


class Job(FrozenModel):
    """A training as a job of AWS Batch."""

    id: str
    name: str
    state: Literal["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"]
    reason: str = ""
    """Why it ended as it did, or what it waits for, in the words of AWS."""
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def under_way(self) -> bool:
        return self.state in UNDER_WAY


class Notebook(FrozenModel):
    """The SageMaker notebook of a stage."""

    name: str
    instance_type: str
    state: str
    """In the words of AWS, such as InService; missing: somebody deleted it."""
    reason: str = ""
    """Why it failed."""
    console: str
    """Its page in the console of AWS."""

    @property
    def runs(self) -> bool:
        return self.state == "InService"


class TrainingPart(FrozenModel):
    """What a stage has for large trainings."""

    stage: str
    on: bool
    """Whether the stack was deployed with it."""
    queue: str = ""
    queue_state: str = ""
    compute_state: str = ""
    cores: int = 0
    """How many may work at once, all jobs together."""
    jobs: tuple[Job, ...] = Field(default=(), description="the newest first")
    notebook: Notebook | None = Field(default=None, description="null: the stack has none")

    @property
    def under_way(self) -> tuple[Job, ...]:
        return tuple(one for one in self.jobs if one.under_way)


class Holder(Protocol):
    """Who trains a process now: a part of `winnow.registry.ports.TrainingLease`."""

    def holder(self, process: str) -> str | None:
        """The name of the training; None: none is under way."""


class Jobs(Protocol):
    """Where trainings that are too large for a function are looked up."""

    def job(self, job_id: str) -> Job | None:
        """A job; None: there is none of that id."""


class TrainingQueue:
    """The queue of a stage in AWS Batch."""

    def __init__(self, stage: Stage, batch: Any) -> None:
        """`batch` is boto3's client of Batch, in the stage's account and region."""
        self._stage, self._batch = stage, batch
        self.name = f"{stage.stack}-training"

    def jobs(self) -> list[Job]:
        """Jobs under way, and the last that ended; AWS forgets those after some days."""
        return self._asked(
            lambda: sorted(
                (job for state in (*UNDER_WAY, *ENDED) for job in self._in_state(state)),
                key=lambda one: (one.under_way, one.created_at or datetime.min.replace(tzinfo=UTC)),
                reverse=True,
            )
        )

    def job(self, job_id: str) -> Job | None:
        """A job; None: AWS has none of that id."""
        found = self._asked(lambda: self._batch.describe_jobs(jobs=[job_id])["jobs"])
        return _job(found[0]) if found else None

    def states(self) -> tuple[str, str, int]:
        """State of the queue and of its compute environment, and how many cores that may have."""
        return self._asked(self._states)

    def end(self, job: Job) -> None:
        """Have a job ended; it is not tried again."""
        self._asked(lambda: self._batch.terminate_job(jobId=job.id, reason=STOPPED))

    def _states(self) -> tuple[str, str, int]:
        queues = self._batch.describe_job_queues(jobQueues=[self.name])["jobQueues"]
        if not queues:
            return "missing", "missing", 0
        order = queues[0]["computeEnvironmentOrder"]
        names = [one["computeEnvironment"] for one in order]
        found = self._batch.describe_compute_environments(computeEnvironments=names)
        compute = found["computeEnvironments"]
        cores = sum(one.get("computeResources", {}).get("maxvCpus", 0) for one in compute)
        return _state(queues[0]), _state(compute[0]) if compute else "missing", cores

    def _in_state(self, state: str) -> list[Job]:
        listed = self._batch.list_jobs(jobQueue=self.name, jobStatus=state, maxResults=_JOBS_SHOWN)
        return [_job({"status": state, **one}) for one in listed["jobSummaryList"]]

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        return _asked(self._stage, ask)


class TrainingNotebook:
    """The notebook of a stage in SageMaker."""

    def __init__(self, stage: Stage, sagemaker: Any) -> None:
        """`sagemaker` is boto3's client of SageMaker, in the stage's account and region."""
        self._stage, self._sagemaker = stage, sagemaker
        self.name = f"{stage.stack}-training"

    def found(self, instance_type: str) -> Notebook:
        """The notebook as it is; `instance_type` is what the stack asks for."""
        given = _asked(self._stage, self._described)
        region = self._stage.region
        return Notebook(
            name=self.name,
            instance_type=given.get("InstanceType", instance_type),
            state=given["NotebookInstanceStatus"],
            reason=given.get("FailureReason", ""),
            console=f"https://{region}.console.aws.amazon.com/sagemaker/home?region={region}"
            f"#/notebook-instances/{self.name}",
        )

    def address(self) -> str:
        """An address that lets whoever has it in to the notebook; it opens for five minutes."""
        answer = _asked(
            self._stage,
            lambda: self._sagemaker.create_presigned_notebook_instance_url(
                NotebookInstanceName=self.name
            ),
        )
        return str(answer["AuthorizedUrl"])

    def _described(self) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = self._sagemaker.describe_notebook_instance(
                NotebookInstanceName=self.name
            )
        except ClientError as error:
            if "RecordNotFound" in str(error):
                return {"NotebookInstanceStatus": "missing"}
            raise
        return found


def part_of(
    stage: Stage, stack: StackInfo | None, queue: TrainingQueue, notebook: TrainingNotebook
) -> TrainingPart:
    """What a stage has for large trainings, with its jobs and its notebook.

    Raises:
        StackUnknownError: The stage is not deployed.
    """
    found = deployed(stage, stack)
    if not is_on(found):
        return TrainingPart(stage=stage.name, on=False)
    instance_type = notebook_of(found.parameters)
    queue_state, compute_state, cores = queue.states()
    jobs = () if queue_state == "missing" else tuple(queue.jobs())
    return TrainingPart(
        stage=stage.name,
        on=True,
        queue=queue.name,
        queue_state=queue_state,
        compute_state=compute_state,
        cores=cores,
        jobs=jobs,
        notebook=None if instance_type is None else notebook.found(instance_type),
    )


def is_on(stack: StackInfo) -> bool:
    """Whether a stack was deployed with the part for large trainings."""
    return stack.parameters.get(PARAMETER) == "true"


def notebook_of(parameters: Mapping[str, str]) -> str | None:
    """The instance type of the notebook that parameters ask for; None: they ask for none.

    >>> notebook_of({"TrainOnBatch": "true", "TrainNotebook": "ml.t3.medium"})
    'ml.t3.medium'
    >>> notebook_of({"TrainNotebook": "ml.t3.medium"})
    """
    kind = parameters.get(NOTEBOOK, NO_NOTEBOOK)
    return kind if parameters.get(PARAMETER) == "true" and kind != NO_NOTEBOOK else None


def deployed(stage: Stage, stack: StackInfo | None) -> StackInfo:
    """The stack of a stage.

    Raises:
        StackUnknownError: There is none.
    """
    if stack is None or stack.only_planned:
        raise StackUnknownError(
            f"The stage {stage.name!r} is not deployed.",
            hint=f"Deploy it first: `winnow deploy {stage.name}`.",
        )
    return stack


def with_part(
    stage: Stage,
    stack: StackInfo | None,
    template: Mapping[str, Any],
    *,
    on: bool,
    notebook: bool | None = None,
) -> Stage:
    """The stage as it is to be: with large trainings, or without.

    Args:
        notebook: Whether it is to have a notebook; None: as stages.toml says.

    Raises:
        StackUnknownError: The stage is not deployed.
        DeploymentRunningError: It is being deployed.
        StackStuckError: Its code is older than large trainings, or than the notebook.
        ReviewOffError: It has no reviews, so nothing is trained there.
    """
    found = deployed(stage, stack)
    if found.under_way:
        raise DeploymentRunningError(f"A deployment of {stage.name!r} is under way.")
    known = Parameters.of(template)
    if known.get(PARAMETER) is None or (notebook and known.get(NOTEBOOK) is None):
        what = "notebook" if known.get(PARAMETER) else "large trainings"
        raise StackStuckError(
            f"What runs in {stage.name!r} knows no {what} yet.",
            hint=f"Bring it this version first: `winnow deploy {stage.name}`.",
        )
    if on and found.parameters.get("ReviewPage") != "true":
        raise ReviewOffError(
            f"{stage.name!r} has no reviews, so nothing is trained there.",
            hint=f"`winnow stages set {stage.name} --parameter ReviewPage=true`, then `winnow "
            f"deploy {stage.name}`.",
        )
    kind = stage.parameters.get(NOTEBOOK, NO_NOTEBOOK)
    if notebook and kind == NO_NOTEBOOK:
        kind = SMALL_NOTEBOOK
    own = {PARAMETER: "true"} if on else {}
    if on and notebook is not False and kind != NO_NOTEBOOK:
        own[NOTEBOOK] = kind
    others = {
        name: value for name, value in stage.parameters.items() if name not in (PARAMETER, NOTEBOOK)
    }
    parameters = {**others, **own}
    return stage.model_copy(update={"parameters": parameters})


def train_function(stage: Stage, cloud: Cloud) -> str:
    """The address of a stage's function that trains.

    Raises:
        ReviewOffError: The stage has none: it has no reviews.
    """
    for one in cloud.resources(stage.stack):
        if one.logical_id.startswith(FUNCTION) and one.physical_id:
            return one.physical_id
    raise ReviewOffError(f"{stage.name!r} has no reviews, so nothing is trained there.")


def follow(
    process: str,
    before: EndedTraining | None,
    log: TrainingLog,
    lease: Holder,
    jobs: Jobs | None,
    report: Callable[[str], None],
    sleep: Callable[[float], None],
) -> EndedTraining:
    """Wait for the end of a training that was asked for.

    Args:
        process: What is trained.
        before: The last training that had ended before it was asked for.
        log: Where its end is told.
        lease: Who trains now.
        jobs: None: the stage has none.
        report: Called with how far it is, each time that is looked at.
        sleep: Waits so many seconds.

    Raises:
        TrainingDiedError: Nothing began, or its job died and nothing was told.
    """
    idle = dead = 0
    while True:
        ended = log.last(process)
        if ended is not None and ended != before:
            return ended
        holder = lease.holder(process)
        job = jobs.job(holder) if holder is not None and jobs is not None else None
        if job is not None:
            report(f"as job {job.id} of AWS Batch: {JOB_WORDS[job.state]}")
        else:
            report("waits for the function" if holder is None else "trains in the function")
        idle = idle + 1 if holder is None else 0
        dead = dead + 1 if job is not None and not job.under_way else 0
        if idle >= _BEGINS_WITHIN:
            raise TrainingDiedError(
                f"No training of {process} has begun within five minutes.",
                hint="Look at the log of the train function, then try again.",
            )
        if job is not None and dead >= _TELLS_WITHIN:
            raise TrainingDiedError(
                f"The job {job.id} that trained {process} has ended without an answer: "
                f"{job.reason or 'AWS Batch says nothing'}."
            )
        sleep(POLL_S)


def _asked(stage: Stage, ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except (ClientError, BotoCoreError) as error:
        raise from_botocore(error, stage.name) from None


def _state(given: Mapping[str, Any]) -> str:
    """State and status in one word.

    >>> _state({"state": "ENABLED", "status": "VALID"}), _state({"state": "DISABLED"})
    ('ready', 'disabled')
    """
    if given.get("state") != "ENABLED":
        return "disabled"
    status = str(given.get("status", ""))
    return "ready" if status == "VALID" else status.lower()


def _job(given: Mapping[str, Any]) -> Job:
    container = given.get("container", {})
    reason = [given.get("statusReason"), container.get("reason")]
    code = container.get("exitCode")
    if code:
        reason.append(f"exit code {code}")
    return Job(
        id=given["jobId"],
        name=given.get("jobName", ""),
        state=given["status"],
        reason=". ".join(str(one).rstrip(".") for one in reason if one),
        created_at=_moment(given.get("createdAt")),
        started_at=_moment(given.get("startedAt")),
        ended_at=_moment(given.get("stoppedAt")),
    )


def _moment(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
