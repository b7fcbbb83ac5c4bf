"""`winnow training`: large trainings of a stage, as jobs of AWS Batch."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.commands.deploy import Answers, Yes, interactive, require_typed, run_deployment
from winnow_cli.commands.model_versions import Process
from winnow_cli.commands.retrain import retrain
from winnow_cli.commands.stages import require_account
from winnow_cli.console import clean, emit_json, note, say
from winnow_cli.options import AsJson, StagesFile, fail, handle_errors

if TYPE_CHECKING:
    from winnow.registry.trainings import EndedTraining
    from winnow_cli.deployment.cloud import AwsCloud, Cloud
    from winnow_cli.deployment.deploy import Plan
    from winnow_cli.deployment.stages import Stage
    from winnow_cli.deployment.training import TrainingNotebook, TrainingPart, TrainingQueue

app = typer.Typer(
    no_args_is_help=True,
    help="Trainings that are too large for a function: turn them on, run one, look, turn them off.",
)
_Stage = Annotated[str, typer.Argument(metavar="STAGE", help="A stage of stages.toml, or local.")]
_Plan = Annotated[bool, typer.Option("--plan", help="Show what would change, and end.")]
LOCAL = (
    "Trainings of the local stage run in a process on this machine, whatever their size, and "
    "it has no SageMaker for a notebook"
)


class _Switch(Answers):
    """Answers to a plan; what follows from it is done once it is confirmed."""

    def __init__(self, yes: bool, plan_only: bool, as_json: bool, then: Callable[[], None]) -> None:
        super().__init__(yes, [], plan_only, as_json)
        self._then = then

    def confirm(self, plan: "Plan") -> None:
        super().confirm(plan)
        self._then()


@app.command()
@handle_errors
def create(
    stage: _Stage,
    yes: Yes = False,
    notebook: Annotated[
        bool | None,
        typer.Option(
            "--notebook/--no-notebook",
            help="With a SageMaker notebook that has the training rows, or without; otherwise as "
            "stages.toml says. It is paid for by the hour, and stops after an idle one.",
            show_default=False,
        ),
    ] = None,
    plan: _Plan = False,
    stages: StagesFile = None,
    as_json: AsJson = False,
) -> None:
    """Turn large trainings on: a queue of AWS Batch on Fargate, and a network with no way in.

    It is a deployment of what runs in the stage, with TrainOnBatch=true, which stages.toml keeps.
    Between trainings nothing runs there, and nothing is paid for but a notebook, if you want one.
    Which training is too large for the function is decided by its rows and labels.
    """
    found = _named(stage, stages)
    if found.local:
        _nothing_to_do(f"{LOCAL}: there is nothing to make.", as_json)
        return
    _require_answers(yes, plan, as_json)
    _switch(found, stages, _signed_in(found), yes, plan, as_json, on=True, notebook=notebook)


@app.command()
@handle_errors
def run(
    stage: _Stage,
    process: Process,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for its end, and show how far it is.")
    ] = True,
    stages: StagesFile = None,
    as_json: AsJson = False,
) -> None:
    """Train a process in a stage: in the function, or as a job if it is too large for that.

    The same as the button on the page. What comes of it is also sent by e-mail. On `local` it is
    `winnow retrain`.
    """
    from winnow.errors import TrainingFailedError
    from winnow.registry.trainings import TrainingOutcome

    found = _named(stage, stages)
    if found.local:
        retrain(process, as_json=as_json)
        return
    ended = _run(found, process, wait)
    training = None if ended is None else ended.model_dump(mode="json")
    document = {"stage": found.name, "training": training}
    if ended is not None and not as_json:
        say(clean(f"{ended.process}: {ended.sentence}"))
        if ended.challenger is not None:
            note(
                f"The challenger {ended.challenger[:12]} decides nothing before it is released: "
                f"`winnow release shadow {ended.process} --stack {found.name}`."
            )
    if ended is not None and ended.outcome is TrainingOutcome.FAILED:
        error = TrainingFailedError(
            f"{ended.process} could not be trained ({ended.code}). {ended.sentence}",
            hint=ended.hint,
        )
        fail(error, as_json, document)
    if as_json:
        emit_json(document)


@app.command()
@handle_errors
def status(
    stage: _Stage,
    open_notebook: Annotated[
        bool,
        typer.Option(
            "--open",
            help="Also open the notebook, by an address that lets whoever has it in for a while.",
        ),
    ] = False,
    stages: StagesFile = None,
    as_json: AsJson = False,
) -> None:
    """Show whether large trainings are on, their queue and its jobs, and the notebook."""
    from winnow_cli.render.training import show_part

    found = _named(stage, stages)
    if found.local:
        _nothing_to_do(f"{LOCAL}.", as_json)
        return
    part = _part(found, _signed_in(found), _queue(found))
    show_part(found, part, as_json, _address(found, part) if open_notebook else None)


@app.command()
@handle_errors
def destroy(
    stage: _Stage,
    yes: Yes = False,
    confirm: Annotated[
        str | None,
        typer.Option(
            "--confirm",
            metavar="STAGE",
            help="The stage's name again: end trainings that are under way.",
        ),
    ] = None,
    plan: _Plan = False,
    stages: StagesFile = None,
    as_json: AsJson = False,
) -> None:
    """Turn large trainings off: queue, network and notebook go. No version or review is touched.

    Jobs under way would end with it, so the stage's name has to be typed where there are some. A
    notebook that runs is stopped first.
    """
    found = _named(stage, stages)
    if found.local:
        _nothing_to_do(f"{LOCAL}: there is nothing to delete.", as_json)
        return
    if confirm is not None and confirm != stage:
        raise typer.BadParameter(f"it has to be {stage}", param_hint="--confirm")
    _require_answers(yes, plan, as_json)
    cloud, queue = _signed_in(found), _queue(found)
    part = _part(found, cloud, queue)
    if part.under_way and not plan:
        _require_confirmed(part, confirm, as_json)

    def end_jobs() -> None:
        for job in part.under_way:
            queue.end(job)

    _switch(found, stages, cloud, yes, plan, as_json, on=False, then=end_jobs)


def _named(stage: str, file: Path | None) -> "Stage":
    from winnow_cli.deployment.stages import read_stages

    return read_stages(file).get(stage)


def _nothing_to_do(sentence: str, as_json: bool) -> None:
    if as_json:
        emit_json({"stage": "local", "on": False, "note": sentence})
    else:
        say(sentence)


def _require_answers(yes: bool, plan: bool, as_json: bool) -> None:
    if not (yes or plan or interactive(as_json)):
        raise typer.BadParameter(
            "without a terminal nothing is asked: give --yes, or --plan to look only",
            param_hint="--yes",
        )


def _require_confirmed(part: "TrainingPart", confirm: str | None, as_json: bool) -> None:
    jobs = len(part.under_way)
    what = "A training is" if jobs == 1 else f"{jobs} trainings are"
    if confirm is None and not interactive(as_json):
        raise typer.BadParameter(
            f"{what} under way there and would end. Nothing was changed; if that is meant, give "
            f"--confirm {part.stage}",
            param_hint="--confirm",
        )
    note(f"{what} under way and will end without a result:")
    for job in part.under_way:
        note(clean(f"  {job.name}  {job.id}"))
    if confirm is None:
        require_typed(part.stage)


def _signed_in(stage: "Stage") -> "AwsCloud":
    from winnow_cli.deployment.cloud import AwsCloud

    cloud = AwsCloud.of(stage)
    require_account(stage, cloud)
    return cloud


def _queue(stage: "Stage") -> "TrainingQueue":
    from winnow_cli.deployment.training import TrainingQueue
    from winnow_cli.target import stage_clients

    return TrainingQueue(stage, stage_clients(stage)("batch"))


def _notebook(stage: "Stage") -> "TrainingNotebook":
    from winnow_cli.deployment.training import TrainingNotebook
    from winnow_cli.target import stage_clients

    return TrainingNotebook(stage, stage_clients(stage)("sagemaker"))


def _part(stage: "Stage", cloud: "Cloud", queue: "TrainingQueue") -> "TrainingPart":
    from winnow_cli.deployment.training import part_of

    return part_of(stage, cloud.stack(stage.stack), queue, _notebook(stage))


def _address(stage: "Stage", part: "TrainingPart") -> str:
    """The address by which the notebook opens; typer.BadParameter if it does not run."""
    if part.notebook is None:
        problem = f"{stage.name} has no notebook: `winnow training create {stage.name} --notebook`"
        raise typer.BadParameter(problem, param_hint="--open")
    if not part.notebook.runs:
        problem = f"the notebook is {part.notebook.state}: start it at {part.notebook.console}"
        raise typer.BadParameter(problem, param_hint="--open")
    return _notebook(stage).address()


def _switch(
    stage: "Stage",
    file: Path | None,
    cloud: "AwsCloud",
    yes: bool,
    plan: bool,
    as_json: bool,
    *,
    on: bool,
    notebook: bool | None = None,
    then: Callable[[], None] = lambda: None,
) -> None:
    """Deploy what runs in a stage with large trainings, or without."""
    from winnow_cli.deployment.promote import PromotedPackager
    from winnow_cli.deployment.stages import write_stage
    from winnow_cli.deployment.training import deployed, notebook_of, with_part

    stack = deployed(stage, cloud.stack(stage.stack))
    template = cloud.template(stage.stack)
    changed = with_part(stage, stack, template, on=on, notebook=notebook)
    if notebook_of(stack.parameters) and not notebook_of(changed.parameters):
        note(
            "The notebook is stopped and deleted, with the files on its volume; what it wrote to "
            "notebooks/ in the bucket of models stays."
        )
    packager = PromotedPackager(stage, cloud)

    def confirmed() -> None:
        write_stage(changed, file)
        then()

    run_deployment(
        changed,
        cloud,
        packager,
        packager.template,
        _Switch(yes, plan, as_json, confirmed),
        verify=False,
    )
    # Where the stack had it already, there was nothing to confirm.
    write_stage(changed, file)


def _run(stage: "Stage", process: str, wait: bool) -> "EndedTraining | None":
    """Ask for a training; its end, or None where that is not waited for."""
    import time

    from winnow.errors import TrainingRunningError
    from winnow_aws.train_function import TrainFunction
    from winnow_aws.training_lease import LeaseTable
    from winnow_aws.trainings import TrainingTable
    from winnow_cli.deployment.training import follow, is_on, train_function
    from winnow_cli.models import TABLE, open_models
    from winnow_cli.render.deployment import reporter, watching
    from winnow_cli.target import aws_errors, target_of

    cloud = _signed_in(stage)
    function = train_function(stage, cloud)
    target = target_of(stage)
    with aws_errors(target):
        models = open_models(target)
        entry = models.entry(process)
        table = target.output(TABLE)
        log = TrainingTable(target.dynamodb(), table)
        lease = LeaseTable(target.dynamodb(), table)
        until = lease.held_until(entry.process)
        if until is not None and until > time.time():
            raise TrainingRunningError(f"{entry.process} is being trained already.")
        before = log.last(entry.process)
        TrainFunction(target.client("lambda"), function).train(entry.process, models.who().by)
        if not wait:
            note(f"{clean(entry.process)} is being trained. What comes of it is sent by e-mail.")
            return None
        stack = cloud.stack(stage.stack)
        jobs = _queue(stage) if stack is not None and is_on(stack) else None
        goes_on = "The training goes on. What comes of it is sent by e-mail."
        with watching(reporter(), lambda: goes_on) as shown:
            return follow(entry.process, before, log, lease, jobs, shown.line, time.sleep)
