"""A running local stack: its address, and what to type next."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from winnow_cli.console import command, emit_json, here, say

if TYPE_CHECKING:
    from winnow_local.state import StackState, StateDir
    from winnow_local.template import Checkout

SAMPLE_PROCESS = "L33774"
"""The process of the sample file that is proposed."""


def stack_document(state: "StackState", state_dir: "StateDir") -> dict[str, Any]:
    """A running stack, for `--json`."""
    return {
        "endpoint": state.endpoint,
        "region": state.region,
        "stack": state.stack,
        "outputs": state.outputs,
        "mail": str(state_dir.mail),
        "supervisor_pid": state.supervisor.pid,
        "started_at": state.started_at,
    }


def show_stack(state: "StackState", state_dir: "StateDir", as_json: bool) -> None:
    """Print the stack's address, its buckets and an example of a drop; or all of it as JSON."""
    from winnow_local.template import Checkout

    if as_json:
        emit_json(stack_document(state, state_dir))
        return
    inbox = state.outputs.get("Inbox", f"s3://{state.outputs.get('UploadsBucket')}/inbox/")
    say(f"Winnow is up at {state.endpoint} (region {state.region})")
    say(f"  inbox    {inbox}<process>/")
    say(f"  results  s3://{state.outputs.get('ResultsBucket')}/results/")
    say(f"  mailbox  {here(state_dir.mail)}/  (`{command()} mail`)")
    if page := state.outputs.get("ReviewPage"):
        say(f"  page     {page}  (`{command()} review`)")
    file, process = _example(Checkout.here(), bool(state.containers))
    path = shlex.quote(here(file))
    say("Drop a file:")
    say(f"  {command()} submit {path} --process {process} --wait")
    say("or with any S3 client:")
    say(
        "  AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test "
        f"aws --endpoint-url {state.endpoint} s3 cp {path} {inbox}{process}/"
    )


def _example(checkout: "Checkout", in_containers: bool) -> tuple[Path, str]:
    """A file and its process: the sample, or `FILE` if the stack has only other processes."""
    from winnow.errors import ProcessInvalidError
    from winnow.processes.registry import ProcessRegistry
    from winnow_local.stack import PROCESSES_VARIABLE

    shipped = checkout.root / "processes"
    own = None if in_containers else os.environ.get(PROCESSES_VARIABLE)
    try:
        registry = ProcessRegistry.from_directory(Path(own or shipped), with_heads=False)
        ids = [definition.id for definition in registry.definitions]
    except ProcessInvalidError:
        ids = []
    if ids and SAMPLE_PROCESS not in ids:
        return Path("FILE"), ids[0]
    return checkout.root / "samples" / "prior-auth-cases.csv", SAMPLE_PROCESS
