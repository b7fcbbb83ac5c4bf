"""`winnow bootstrap`: the roles with which GitHub Actions deploys a stage."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from winnow_cli.console import emit_json, note, say
from winnow_cli.options import DEPLOYMENT, AsJson, handle_errors


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel=DEPLOYMENT)(bootstrap)


@handle_errors
def bootstrap(
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="A stage of stages.toml.")],
    repository: Annotated[
        str,
        typer.Option(
            "--repository", metavar="OWNER/NAME", help="Repository on GitHub that may deploy."
        ),
    ],
    environment: Annotated[
        str | None,
        typer.Option(
            "--environment",
            metavar="NAME",
            help="The environment of that repository whose jobs may; default: the stage's name.",
            show_default=False,
        ),
    ] = None,
    large_trainings: Annotated[
        bool,
        typer.Option(
            "--large-trainings",
            help="Also allow what `winnow training create` makes: networks, which have no names of "
            "their own, and AWS Batch.",
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask. Needed where there is no terminal.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the roles with which GitHub Actions deploys a stage, without a key.

    Once for each stage, by somebody who may make roles. Again, it brings them up to date. The stack
    of roles is the one of infra/bootstrap.yaml.
    """
    from winnow_cli.deployment.bootstrap import REPOSITORY, Bootstrap, make
    from winnow_cli.deployment.stages import read_stages
    from winnow_cli.target import stage_clients

    if not REPOSITORY.fullmatch(repository):
        raise typer.BadParameter("Give it as owner/name.", param_hint="'--repository'")
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("Nobody is there to be asked.", param_hint="'--yes'")
    found = read_stages().get(stage)
    if found.local:
        raise typer.BadParameter("The local stack needs no roles.", param_hint="STAGE")
    wanted = Bootstrap(found, repository, environment or found.name, large_trainings)
    client = stage_clients(found)
    if not yes:
        typer.confirm(
            f"Let jobs of {repository} in the environment {wanted.environment} deploy "
            f"{found.stack} in the account {found.account}?",
            abort=True,
            err=True,
        )
    roles = make(wanted, client)
    if as_json:
        emit_json({"stack": wanted.stack, **asdict(roles)})
        return
    say(f"deploy role     {roles.deploy}")
    say(f"execution role  {roles.execution}")
    say(f"deploy policy   {roles.policy}")
    note("Make the environment in GitHub, with its rules, and set its variables:")
    for name, value in (("AWS_DEPLOY_ROLE", roles.deploy), ("AWS_REGION", found.region)):
        note(f"  gh variable set {name} --env {wanted.environment} --body {value}")
