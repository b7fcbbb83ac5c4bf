"""`winnow deploy`: brings this checkout to a stage."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from winnow_cli.console import emit_json, note, say
from winnow_cli.deployment.secrets import Secret
from winnow_cli.menu.opening import is_terminal, open_menu
from winnow_cli.options import DEPLOYMENT, AsJson, StagesFile, fail, handle_errors

if TYPE_CHECKING:
    from winnow_cli.deployment.checks import Check
    from winnow_cli.deployment.cloud import Cloud
    from winnow_cli.deployment.deploy import Plan
    from winnow_cli.deployment.images import Packager
    from winnow_cli.deployment.stages import Stage
    from winnow_cli.deployment.verify import Verified
    from winnow_cli.render.deployment import PlainReporter

Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
Confirm = Annotated[
    list[str] | None,
    typer.Option(
        "--confirm",
        metavar="NAME",
        help="Name of a table or bucket that may be deleted or replaced; may be repeated.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=DEPLOYMENT)(deploy)


@handle_errors
def deploy(
    stage: Annotated[
        str | None,
        typer.Argument(metavar="STAGE", help="A stage of stages.toml, or local."),
    ] = None,
    yes: Yes = False,
    confirm: Confirm = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            metavar="NAME=VALUE",
            help="A parameter for this deployment alone, such as a secret, which stages.toml may "
            "not have; may be repeated.",
        ),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would change, and end.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Show the deployment that is under way until it ends.")
    ] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Take the update that is under way back.")
    ] = False,
    secret: Annotated[
        Secret | None,
        typer.Option(
            "--secret",
            help="Give a secret of the deployed stage: it is asked for, or read from standard "
            "input, and never shown.",
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Send a sample the whole way afterwards.")
    ] = True,
    stages: StagesFile = None,
    as_json: AsJson = False,
) -> None:
    """Deploy this checkout to a stage: check, build, plan, confirm, deploy, try a sample.

    The images are built here and pushed by digest; CloudFormation plans, and nothing changes
    before you confirm the plan. `local` is the stack on this machine, the same as `winnow up
    --detach`. Without any argument on a terminal: the menu (see `winnow menu`).
    """
    from winnow_cli.deployment.stages import FILE_VARIABLE, read_stages

    options = (yes, confirm, parameter, plan, follow, cancel, secret, not verify, as_json)
    # Another file of stages would have to be in every line that the menu shows.
    own_file = stages is not None and str(stages) != os.environ.get(FILE_VARIABLE)
    if stage is None and not any(options) and not own_file and is_terminal():
        open_menu()
        return
    known = read_stages(stages)
    if stage is None:
        raise typer.BadParameter(f"name a stage: {', '.join(known.by_name)}", param_hint="STAGE")
    named = known.get(stage)
    if secret is not None:
        _give(named, secret, as_json)
        return
    if named.local:
        _require_for_local({"--plan": plan, "--follow": follow, "--cancel": cancel})
        _deploy_local(named, parameter or [], verify, as_json)
        return
    if follow or cancel:
        _watch(named, cancel, as_json)
        return
    if not (yes or plan or interactive(as_json)):
        raise typer.BadParameter(
            "without a terminal nothing is asked: give --yes, or --plan to look only",
            param_hint="--yes",
        )
    _deploy(named, Answers(yes, confirm or [], plan, as_json), parameter or [], verify)


def _require_for_local(options: Mapping[str, bool]) -> None:
    """Refuse what only CloudFormation can do, rather than do more than was asked for."""
    for option, given in options.items():
        if given:
            raise typer.BadParameter(
                "the local stack is started as it is: there is no plan, and no update to follow "
                "or to take back",
                param_hint=option,
            )


def interactive(as_json: bool) -> bool:
    """Whether questions can be asked."""
    return sys.stdin.isatty() and not as_json


class Answers:
    """What was answered on the command line; the rest is asked, where there is a terminal."""

    def __init__(self, yes: bool, names: list[str], plan_only: bool, as_json: bool) -> None:
        self.plan_only, self.as_json = plan_only, as_json
        self._yes, self._names = yes, set(names)
        self.stop: Callable[[], None] = lambda: None

    def confirm(self, plan: "Plan") -> None:
        """Raises typer.Exit, Abort or BadParameter if the plan is not to be done."""
        from winnow_cli.deployment.changes import warning
        from winnow_cli.render.deployment import plan_document, show_plan

        self.stop()
        if self.plan_only and self.as_json:
            emit_json(plan_document(plan))
            raise typer.Exit
        show_plan(plan)
        if self.plan_only:
            raise typer.Exit
        missing = [
            one for one in plan.dangerous if not {one.logical_id, one.physical_id} & self._names
        ]
        if missing and not interactive(self.as_json):
            raise typer.BadParameter(
                f"{' '.join(map(warning, missing))} Nothing was changed; if that is meant, give "
                f"{' '.join(f'--confirm {one.logical_id}' for one in missing)}",
                param_hint="--confirm",
            )
        for one in missing:
            require_typed(one.logical_id)
        if not self._yes:
            typer.confirm("Deploy this?", abort=True, err=True)


def require_typed(name: str) -> None:
    """Ask for a name to be typed; another one ends the command."""
    if typer.prompt(f"Type {name} to go on", err=True, default="", show_default=False) != name:
        note("That is another name.")
        raise typer.Abort


def _deploy(stage: "Stage", answers: Answers, pairs: list[str], verify: bool) -> None:
    from winnow_cli.deployment.parameters import Parameters

    given = dict(pair.partition("=")[::2] for pair in pairs)
    cloud, packager, template, own_checks = _parts(stage, {**stage.parameters, **given})
    fixed = _fixed(pairs, Parameters.of(template))
    run_deployment(
        stage,
        cloud,
        packager,
        template,
        answers,
        verify=verify,
        own_checks=own_checks,
        fixed=fixed,
    )


def run_deployment(
    stage: "Stage",
    cloud: "Cloud",
    packager: "Packager",
    template: dict[str, Any],
    answers: Answers,
    *,
    verify: bool,
    own_checks: Sequence["Callable[[], Check]"] = (),
    fixed: Mapping[str, str] | None = None,
) -> None:
    """Deploy a package to a stage, show how it goes and what came of it."""
    from winnow_cli.deployment.costs import estimate
    from winnow_cli.deployment.deploy import Deployment
    from winnow_cli.render.deployment import reporter, show_outcome, watching

    shown = reporter()
    answers.stop = shown.stop
    deployment = Deployment(
        stage,
        cloud,
        packager,
        template,
        shown,
        answers.confirm,
        own_checks=own_checks,
        verify=partial(verify_stage, stage, cloud, shown) if verify else None,
        estimate=partial(estimate, stage, cloud),
        fixed=fixed,
    )
    with watching(shown, deployment.interrupted):
        outcome = deployment.run()
    show_outcome(outcome, answers.as_json)


def _parts(
    stage: "Stage", parameters: dict[str, str]
) -> "tuple[Cloud, Packager, dict[str, Any], list[Callable[[], Check]]]":
    """What a deployment of this checkout to AWS is made of."""
    from winnow_cli.deployment import checks
    from winnow_cli.deployment.cloud import AwsCloud
    from winnow_cli.deployment.images import (
        DockerImages,
        ImagePackager,
        architecture_of,
        commit_of,
    )
    from winnow_local.engine import find_engine, has_model
    from winnow_local.template import Checkout

    checkout = Checkout.here()
    packager = ImagePackager(checkout, DockerImages(checkout), architecture_of(parameters))
    commit, dirty = commit_of(checkout)
    own: list[Callable[[], Check]] = [
        partial(checks.check_docker, find_engine),
        partial(checks.check_model, partial(has_model, checkout)),
        partial(checks.check_base, (checkout.root / "functions" / "base.lock").exists()),
    ]
    if commit:
        own.append(partial(checks.check_code, dirty, commit))
    return AwsCloud.of(stage), packager, packager.template, own


def _fixed(pairs: list[str], parameters: Any) -> dict[str, str]:
    fixed = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--parameter")
        if problem := parameters.problem(name, value):
            raise typer.BadParameter(problem, param_hint="--parameter")
        fixed[name] = value
    return fixed


def verify_stage(stage: "Stage", cloud: "Cloud", shown: "PlainReporter") -> "Verified":
    """Send a sample the whole way through a stage in AWS."""
    from winnow_cli.deployment.verify import SAMPLE, mail_of, verify
    from winnow_cli.target import target_of
    from winnow_cli.uploads import Uploads
    from winnow_local.template import Checkout

    target = target_of(stage)
    topic = target.outputs.get("TopicArn")
    sample = Checkout.here().root / SAMPLE
    return verify(
        stage.name, Uploads(target), lambda _id: mail_of(cloud, topic), sample, shown.line
    )


def _watch(stage: "Stage", cancel: bool, as_json: bool) -> None:
    from winnow_cli.deployment.cloud import AwsCloud
    from winnow_cli.deployment.deploy import cancel as take_back
    from winnow_cli.deployment.deploy import follow, interrupted
    from winnow_cli.render.deployment import reporter, watching

    cloud = AwsCloud.of(stage)
    if cancel:
        take_back(stage, cloud)
        note(f"The update of {stage.name} is taken back.")
    with watching(reporter(), lambda: interrupted(stage, "deploy")) as shown:
        stack = follow(stage, cloud, shown, taken_back=cancel)
    if as_json:
        emit_json({"stage": stage.name, "stack": stack.name, "status": stack.status})
    else:
        note(f"{stage.name}: {stack.status}")


def _give(stage: "Stage", secret: Secret, as_json: bool) -> None:
    from winnow_cli.deployment.secrets import give_webhook, require_webhook
    from winnow_cli.target import target_of

    target = target_of(stage)
    chat, _ = require_webhook(target)
    if interactive(as_json):
        address = typer.prompt(f"Address of the webhook of {chat}", hide_input=True, err=True)
    else:
        address = sys.stdin.read()
    give_webhook(target, address.strip())
    if as_json:
        emit_json({"stage": stage.name, "secret": secret.value, "given": True})
    else:
        say(f"{stage.name}: the next notice is posted to that address of {chat}.")


def _deploy_local(stage: "Stage", pairs: list[str], verify: bool, as_json: bool) -> None:
    from winnow.errors import WinnowError
    from winnow_cli.commands.up import start
    from winnow_cli.deployment.verify import SAMPLE
    from winnow_cli.deployment.verify import verify as send
    from winnow_cli.render.deployment import reporter, show_verified, watching
    from winnow_cli.render.stack import show_stack, stack_document
    from winnow_cli.target import find_target
    from winnow_cli.uploads import Uploads
    from winnow_local import mailbox
    from winnow_local.state import StateDir
    from winnow_local.template import Checkout

    state = start(pairs, stage)
    state_dir = StateDir.default()
    if not (verify and as_json):
        show_stack(state, state_dir, as_json)
    if not verify:
        return
    shown = reporter()
    shown.phase("verify")

    def mail(upload_id: str) -> Any:
        # Here the mailbox can be looked into.
        there = any(upload_id in one.body for one in mailbox.read(state_dir.mail))
        return "sent" if there else "nobody"

    document = stack_document(state, state_dir)
    try:
        with watching(shown):
            found = send(
                "local", Uploads(find_target(None)), mail, Checkout.here().root / SAMPLE, shown.line
            )
    except WinnowError as error:
        fail(error, as_json, document)
    if as_json:
        emit_json(document)
    else:
        show_verified(found)
