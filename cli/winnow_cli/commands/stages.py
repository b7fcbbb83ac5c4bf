"""`winnow stages`: all stages side by side; add, remove and promote them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from winnow_cli.commands.deploy import Answers, Confirm, Yes, interactive, run_deployment
from winnow_cli.commands.publish import As
from winnow_cli.console import emit_json, note, of_stages, pasteable, say
from winnow_cli.options import AsJson, StagesFile, alone, handle_errors

if TYPE_CHECKING:
    from winnow_cli.deployment.overview import StageView
    from winnow_cli.deployment.promote_models import Room
    from winnow_cli.deployment.stages import Stage

app = typer.Typer(
    help="All stages side by side; add, change, remove and promote them.",
    invoke_without_command=True,
)

_Name = Annotated[str, typer.Argument(metavar="STAGE", help="Name of the stage.")]


@app.callback()
def stages(
    context: typer.Context,
    drift: Annotated[
        bool,
        typer.Option(
            "--drift",
            help="Have CloudFormation compare the resources with the stacks' templates first, "
            "which takes minutes; else its last result is shown, with its age.",
        ),
    ] = False,
    stages: StagesFile = None,
    as_json: AsJson = False,
) -> None:
    """All stages side by side: version, age, health, alarms, what differs from here, cost.

    The cost is that of this month's runs, at list prices (see `winnow costs`).
    """
    if alone(context):
        _show(stages=stages, drift=drift, as_json=as_json)


@handle_errors
def _show(stages: Path | None, drift: bool, as_json: bool) -> None:
    from winnow_cli.deployment.cloud import AwsCloud
    from winnow_cli.deployment.costs import cost_of_stage
    from winnow_cli.deployment.overview import view_all
    from winnow_cli.deployment.stages import read_stages
    from winnow_cli.render.stages import show_stages
    from winnow_local.template import Checkout, read_template

    known = read_stages(stages)
    template = read_template(Checkout.here().template) if known.deployed else {}
    problems = _look_for_drift(known.deployed) if drift else {}
    views = view_all(known.deployed, AwsCloud.of, template, cost_of_stage, problems)
    show_stages([_local(known.local), *views], as_json)


def _look_for_drift(stages: "list[Stage]") -> dict[str, str]:
    from winnow_cli.deployment.cloud import AwsCloud
    from winnow_cli.deployment.drift import look_for_drift
    from winnow_cli.render.deployment import reporter, watching

    goes_on = "CloudFormation goes on; `winnow stages` shows its result when it has one."
    with watching(reporter(), lambda: goes_on) as shown:
        return look_for_drift(stages, AwsCloud.of, shown.line)


def _local(stage: "Stage") -> "StageView":
    """The local stack, without asking it much: it may hang."""
    from datetime import datetime
    from importlib.metadata import version

    from winnow.errors import WinnowError
    from winnow_cli.deployment.costs import cost_of_stage
    from winnow_cli.deployment.overview import NOT_DEPLOYED, StageView, asked_cost
    from winnow_local.stack import running
    from winnow_local.state import StateDir

    state = StateDir.default().read()
    if state is None or not state.alive():
        return StageView(name="local", status=NOT_DEPLOYED)
    try:
        state = running(StateDir.default())
    except WinnowError as error:
        return StageView(name="local", status="unreachable", problem=error.message)
    return StageView(
        name="local",
        stack=state.stack,
        region=state.region,
        status="RUNNING",
        healthy=True,
        version=version("winnow"),
        deployed_at=datetime.fromisoformat(state.started_at),
        **asked_cost(stage, cost_of_stage),
    )


@app.command("set")
@handle_errors
def set_stage(
    stage: _Name,
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="The AWS account, 12 digits.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(metavar="NAME", help="The AWS region, such as eu-central-1.")
    ] = None,
    stack: Annotated[
        str | None, typer.Option(metavar="NAME", help="The stack's name; default: winnow-STAGE.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="The AWS profile, where a machine has it.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            metavar="NAME=VALUE",
            help="A parameter of template.yaml; may be repeated. An empty VALUE takes it out.",
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="NAME=VALUE", help="A tag of the stack; may be repeated."),
    ] = None,
    stages: StagesFile = None,
    as_json: AsJson = False,
) -> None:
    """Add a stage to stages.toml, or change it; what is not given stays. Nothing is deployed."""
    from winnow_cli.deployment.stages import LOCAL, Stage, read_stages, write_stage

    given = {"account": account, "region": region, "stack": stack, "profile": profile}
    given = {name: value for name, value in given.items() if value is not None}
    if stage == LOCAL and (given or tag):
        what = "the local stage has no account, region, stack, profile or tags"
        raise typer.BadParameter(f"{what}, only parameters", param_hint="STAGE")
    before = read_stages(stages).find(stage) or Stage(name=stage, stack=f"winnow-{stage}")
    changed = before.model_copy(
        update={
            **given,
            "parameters": _merged(before.parameters, parameter, "--parameter"),
            "tags": _merged(before.tags, tag, "--tag"),
        }
    )
    write_stage(changed, stages)
    if as_json:
        emit_json(changed.model_dump(mode="json"))
    else:
        told = f"stages.toml has {stage}. Deploy it with `winnow deploy {stage}`."
        say(pasteable(of_stages(told)))


def _merged(before: dict[str, str], pairs: list[str] | None, option: str) -> dict[str, str]:
    merged = dict(before)
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint=option)
        merged[name] = value
        if not value:
            del merged[name]
    return merged


@app.command()
@handle_errors
def remove(stage: _Name, stages: StagesFile = None, as_json: AsJson = False) -> None:
    """Take a stage out of stages.toml. Its stack stays: `winnow destroy` deletes that."""
    from winnow_cli.deployment.stages import remove_stage

    remove_stage(stage, stages)
    if as_json:
        emit_json({"removed": stage})
    else:
        say(of_stages(f"stages.toml has no {stage} any more."))


@app.command()
@handle_errors
def promote(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The stage whose code it is.")],
    into: Annotated[str, typer.Argument(metavar="TO", help="The stage that gets it.")],
    models: Annotated[
        bool,
        typer.Option(
            "--models",
            help="Bring the champions of its processes instead of its code: the same files by "
            "SHA-256, not trained anew. `local` can be one of the two.",
        ),
    ] = False,
    alias: Annotated[
        As | None,
        typer.Option(
            "--as",
            help="With --models. champion: they judge new uploads there from now on. challenger: "
            "each is released there first. Default: champion, as for a process that is new there.",
            show_default=False,
        ),
    ] = None,
    yes: Yes = False,
    confirm: Confirm = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would change, and end.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Send a sample the whole way afterwards.")
    ] = True,
    stages: StagesFile = None,
    as_json: AsJson = False,
) -> None:
    """Bring what runs in one stage to another: the same images by digest, without a build.

    The template is the first stage's, the parameters are the second one's. Versions of processes
    are brought with --models, on their own.
    """
    from winnow_cli.deployment.cloud import AwsCloud
    from winnow_cli.deployment.promote import PromotedPackager
    from winnow_cli.deployment.stages import read_stages

    known = read_stages(stages)
    first, second = known.get(source), known.get(into)
    if first.name == second.name:
        raise typer.BadParameter("name two different stages")
    if alias is not None and not models:
        raise typer.BadParameter("--as goes with --models", param_hint="--as")
    if not models and (first.local or second.local):
        raise typer.BadParameter("local has no images to bring; --models brings its champions")
    if not (yes or plan or interactive(as_json)):
        raise typer.BadParameter(
            "without a terminal nothing is asked: give --yes, or --plan to look only",
            param_hint="--yes",
        )
    if models:
        _promote_models(first, second, alias or As.CHAMPION, yes, plan, as_json)
        return
    source_cloud = AwsCloud.of(first)
    require_account(first, source_cloud)
    packager = PromotedPackager(first, source_cloud)
    note(f"{first.name} runs {packager.made.label}.")
    run_deployment(
        second,
        AwsCloud.of(second),
        packager,
        packager.template,
        Answers(yes, confirm or [], plan, as_json),
        verify=verify,
    )


def _promote_models(
    first: "Stage", second: "Stage", alias: As, yes: bool, plan: bool, as_json: bool
) -> None:
    from winnow.errors import WinnowError
    from winnow.models import Alias
    from winnow_cli.deployment.promote_models import move_all, plan_moves
    from winnow_cli.render.deployment import reporter
    from winnow_cli.render.stages import moves_document, show_moves

    source, into = _room(first), _room(second)
    moves = plan_moves(source, into, Alias(alias.value))
    changing = [move for move in moves if move.changes]
    if not as_json:
        show_moves(moves, first.name, second.name)
    if changing and not plan:
        if not yes:
            typer.confirm(f"Bring {len(changing)} to {second.name}?", abort=True, err=True)
        shown = reporter()
        try:
            move_all(moves, source, into, f"Promoted from {first.name}.", shown.line)
        except WinnowError:
            shown.stop()
            note("What was brought before it stays. The same again brings the rest.")
            raise
        finally:
            shown.stop()
    if as_json:
        emit_json(moves_document(moves, first.name, second.name, done=not plan))
    elif changing and not plan:
        say(f"{len(changing)} brought to {second.name}.")


def _room(stage: "Stage") -> "Room":
    from functools import partial

    from winnow_cli.deployment.promote_models import Room
    from winnow_cli.models import open_models
    from winnow_cli.target import aws_errors, target_of

    target = target_of(stage)
    return Room(stage.name, open_models(target), partial(aws_errors, target))


def require_account(stage: Any, cloud: Any) -> None:
    """Check that the credentials are for the stage's account. Raises AccountMismatchError."""
    from winnow.errors import AccountMismatchError

    account = cloud.identity().account
    if account != stage.account:
        raise AccountMismatchError(
            f"The stage {stage.name!r} is in the account {stage.account}, and the AWS credentials "
            f"here are for {account}."
        )
