"""`winnow destroy`: deletes a stage."""

from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.commands.deploy import interactive, require_typed
from winnow_cli.console import emit_json, note
from winnow_cli.options import DEPLOYMENT, AsJson, StagesFile, handle_errors

if TYPE_CHECKING:
    from winnow_cli.deployment.stages import Stage


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=DEPLOYMENT)(destroy)


@handle_errors
def destroy(
    stage: Annotated[
        str, typer.Argument(metavar="STAGE", help="A stage of stages.toml, or local.")
    ],
    confirm: Annotated[
        str | None,
        typer.Option("--confirm", metavar="STAGE", help="The stage's name again: do not ask."),
    ] = None,
    stages: StagesFile = None,
    as_json: AsJson = False,
) -> None:
    """Delete a stage: its stack goes, its buckets and tables with what people uploaded stay.

    What goes and what stays is shown, and the stage's name has to be typed. No bucket is emptied.
    `local` is the stack on this machine, which goes with all its files.
    """
    from winnow_cli.deployment.stages import read_stages

    named = read_stages(stages).get(stage)
    if confirm is not None and confirm != stage:
        raise typer.BadParameter(f"it has to be {stage}", param_hint="--confirm")
    if confirm is None and not interactive(as_json):
        raise typer.BadParameter(
            f"without a terminal nothing is asked: give --confirm {stage}", param_hint="--confirm"
        )
    if named.local:
        _destroy_local(confirm, as_json)
    else:
        _destroy(named, confirm, as_json)


def _destroy(stage: "Stage", confirm: str | None, as_json: bool) -> None:
    from winnow.errors import AccountMismatchError
    from winnow_cli.deployment import destroy as deletion
    from winnow_cli.deployment.cloud import AwsCloud
    from winnow_cli.deployment.deploy import interrupted
    from winnow_cli.render.deployment import reporter, watching
    from winnow_cli.render.stages import removal_document, show_removal, show_removed

    cloud = AwsCloud.of(stage)
    account = cloud.identity().account
    if account != stage.account:
        raise AccountMismatchError(
            f"The stage {stage.name!r} is in the account {stage.account}, and the AWS credentials "
            f"here are for {account}."
        )
    removal = deletion.plan_removal(stage, cloud)
    show_removal(stage, removal)
    if confirm is None:
        require_typed(stage.name)
    with watching(reporter(), lambda: interrupted(stage, "destroy")) as shown:
        shown.phase("destroy")
        deletion.destroy(stage, cloud, shown)
    if as_json:
        emit_json(removal_document(stage, removal))
    else:
        show_removed(stage, removal)


def _destroy_local(confirm: str | None, as_json: bool) -> None:
    from winnow_cli.commands.down import down
    from winnow_local.state import StateDir

    if StateDir.default().read() is not None:
        note("local: the stack ends, and its uploads, results, reviews and versions are deleted.")
        note("  kept: its e-mails, until the next `winnow up`")
        if confirm is None:
            require_typed("local")
    down(as_json=as_json)
