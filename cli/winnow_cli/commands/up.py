"""`winnow up`: starts the local stack."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.console import clean, command, note, say, stderr
from winnow_cli.options import LOCAL, AsJson, handle_errors

if TYPE_CHECKING:
    from winnow_cli.deployment.stages import Stage
    from winnow_local.state import StackState, StateDir
    from winnow_local.template import Checkout


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=LOCAL)(up)


@handle_errors
def up(
    detach: Annotated[
        bool, typer.Option("--detach", help="Leave the stack running in the background.")
    ] = False,
    docker: Annotated[
        bool,
        typer.Option(
            "--docker",
            help="Run the functions from the images that are deployed to AWS; builds them first.",
        ),
    ] = False,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            metavar="NAME=VALUE",
            help="A parameter of template.yaml, such as Threshold=0.8; may be repeated. Unknown "
            "parameters are rejected.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the local stack: template.yaml on this machine. Ctrl-C or `winnow down` ends it.

    Parameters are those of [stages.local.parameters] in stages.toml, and those given here.
    """
    from winnow_cli.deployment.stages import read_stages
    from winnow_cli.render.stack import show_stack
    from winnow_local.stack import supervise
    from winnow_local.state import StateDir
    from winnow_local.template import Checkout

    state_dir = StateDir.default()
    local = read_stages().local
    if detach or _runs(state_dir):
        state = start(parameter or [], local, docker)
        show_stack(state, state_dir, as_json)
        if detach and not as_json:
            say(f"It runs in the background; `{command()} down` ends it.")
        return
    checkout = Checkout.here()
    parameters = {**stage_parameters(local, checkout), **_parameters(parameter or [], checkout)}
    images = _build_images(checkout) if docker else None

    def ready(state: "StackState") -> None:
        show_stack(state, state_dir, as_json)
        note("Ctrl-C ends it.")

    was_ready = supervise(state_dir, checkout, note, parameters, images, ready)
    note("The local stack has ended.")
    if not was_ready:
        raise typer.Exit(130)


def start(pairs: list[str], local: "Stage", docker: bool = False) -> "StackState":
    """Start the local stack in the background, unless it runs already."""
    from winnow.errors import StackNotRunningError
    from winnow_local.stack import running, start_detached
    from winnow_local.state import StateDir
    from winnow_local.template import Checkout

    checkout = Checkout.here()
    given = _parameters(pairs, checkout)
    parameters = {**stage_parameters(local, checkout), **given}
    state_dir = StateDir.default()
    before = state_dir.read()
    if before is not None and before.alive():
        try:
            state = running(state_dir)
        except StackNotRunningError as error:
            note(f"A local stack runs already (process {before.supervisor.pid}).")
            raise error from None
        note(f"A local stack is running already (process {state.supervisor.pid}).")
        if given or docker:
            note(f"Its settings stay as they are; to change them, run `{command()} down` first.")
        return state
    images = _build_images(checkout) if docker else None
    return start_detached(state_dir, note, parameters, images)


def stage_parameters(local: "Stage", checkout: "Checkout") -> dict[str, str]:
    """The parameters of the local stage, checked. Raises StagesInvalidError."""
    if not local.parameters:
        return {}
    from winnow.errors import StagesInvalidError
    from winnow_cli.deployment.parameters import Parameters
    from winnow_cli.deployment.stages import parameter_problems

    problems = parameter_problems(local, Parameters.read(checkout.template))
    if problems:
        raise StagesInvalidError(f"[stages.local.parameters] {' '.join(problems)}")
    return dict(local.parameters)


def _runs(state_dir: "StateDir") -> bool:
    before = state_dir.read()
    return before is not None and before.alive()


def _build_images(checkout: "Checkout") -> dict[str, str]:
    """The images by their targets; docker's last line is shown during the build."""
    from rich.text import Text

    from winnow_local.engine import build_images, find_engine
    from winnow_local.stack import MODEL_VARIABLE, PROCESSES_VARIABLE
    from winnow_local.template import image_targets, read_template

    find_engine()
    for name in (MODEL_VARIABLE, PROCESSES_VARIABLE):
        if os.environ.get(name):
            note(f"{name} is ignored with --docker: the images contain the files of the checkout.")
    targets = image_targets(read_template(checkout.template))
    note(f"building {len(targets)} images; the first time takes some minutes")
    with stderr().status("docker build") as status:
        return build_images(checkout, targets, lambda line: status.update(Text(clean(line))))


def _parameters(pairs: list[str], checkout: "Checkout") -> dict[str, str]:
    """The parameters that were given. Unknown ones are rejected here; MiniStack accepts them."""
    from difflib import get_close_matches

    from winnow_local.template import read_template

    parameters = {}
    known = list(read_template(checkout.template)["Parameters"]) if pairs else []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--parameter")
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known)}"
            raise typer.BadParameter(
                f"template.yaml has no parameter {name!r}; {hint}", param_hint="--parameter"
            )
        parameters[name] = value
    return parameters
