"""`winnow model list|show|diff|promote|rollback`: the versions of a stack's processes."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.console import emit_json, note, say
from winnow_cli.options import AsJson, StackName, handle_errors

if TYPE_CHECKING:
    from winnow.registry.models import ModelVersion, ProcessEntry
    from winnow_cli.target import Target

Process = Annotated[
    str, typer.Argument(metavar="PROCESS", help="The process: its id, or one of its codes.")
]
VERSION_HELP = (
    "A version: the first hex digits of its SHA-256 (6 or more), or an alias: champion, "
    "challenger, previous."
)
Reason = Annotated[
    str,
    typer.Option(
        "--reason",
        metavar="TEXT",
        help="Why, for the history: one sentence. No text of a document.",
    ),
]
Revision = Annotated[
    int | None,
    typer.Option(
        "--revision",
        metavar="N",
        min=1,
        help="Change nothing unless the process is at this revision (see `winnow model list "
        "--json`); default: the one that the command reads.",
        show_default=False,
    ),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Return also to a champion that was itself taken back."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `winnow model`."""
    app.command("list")(list_versions)
    app.command("show")(show)
    app.command("diff")(diff)
    app.command("promote")(promote)
    app.command("rollback")(rollback)


@handle_errors
def list_versions(
    process: Annotated[
        str | None, typer.Argument(metavar="PROCESS", help="Only this process; default: all.")
    ] = None,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """List the versions of a stack's processes, the newest first.

    Champion: what judges new uploads. Challenger: what may replace it. Previous: what it replaced.
    """
    from winnow_cli.models import open_models
    from winnow_cli.render.versions import entry_document, print_versions
    from winnow_cli.target import aws_errors, find_target

    target = find_target(stack)
    with aws_errors(target):
        models = open_models(target)
        entries = models.entries() if process is None else [models.entry(process)]
        listed = [(entry, models.versions(entry)) for entry in entries]
    if as_json:
        emit_json({"processes": [entry_document(entry, found) for entry, found in listed]})
        return
    if not listed:
        note("No process is published on this stack.")
        return
    print_versions(listed, time.time())


@handle_errors
def show(
    process: Process,
    version: Annotated[str, typer.Argument(metavar="VERSION", help=f"{VERSION_HELP}")] = "champion",
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Show everything about a version, and how the aliases of its process changed."""
    from winnow_cli.models import open_models
    from winnow_cli.render.versions import print_version, version_document
    from winnow_cli.target import aws_errors, find_target

    target = find_target(stack)
    with aws_errors(target):
        models = open_models(target)
        entry = models.entry(process)
        found = models.version(entry, version)
        history = models.history(entry)
    if as_json:
        emit_json(
            {
                "version": version_document(entry, found),
                "revision": entry.revision,
                "history": [change.model_dump(mode="json") for change in history],
            }
        )
        return
    print_version(entry, found, history)


@handle_errors
def diff(
    process: Process,
    before: Annotated[str, typer.Argument(metavar="A", help=VERSION_HELP)],
    after: Annotated[str, typer.Argument(metavar="B", help="The version to compare it with.")],
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Compare two versions: definition, head, threshold, guarantee, metrics, training data."""
    from winnow_cli.models import open_models
    from winnow_cli.render.versions import print_diff
    from winnow_cli.target import aws_errors, find_target

    target = find_target(stack)
    with aws_errors(target):
        models = open_models(target)
        entry = models.entry(process)
        found = models.diff(models.version(entry, before), models.version(entry, after))
    if as_json:
        emit_json(found.document())
        return
    print_diff(found)


@handle_errors
def promote(
    process: Process,
    version: Annotated[str, typer.Argument(metavar="VERSION", help=VERSION_HELP)] = "challenger",
    reason: Reason = "",
    revision: Revision = None,
    yes: Yes = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Make a version the champion: it judges every upload from now on.

    Runs under way keep the version that they began with. The champion until now becomes
    `previous`: `winnow model rollback` takes it back. If somebody else changes the process at the
    same moment, one of the two gets the error release_conflict and changes nothing.
    """
    from winnow_cli.models import open_models
    from winnow_cli.target import aws_errors, find_target

    target = find_target(stack)
    with aws_errors(target):
        models = open_models(target)
        entry = models.entry(process, revision)
        found = models.version(entry, version)
        if found.sha256 == entry.champion:
            _tell(target, entry, entry, found, as_json)
            return
        ask_to_promote(entry, found, as_json=as_json, yes=yes)
        changed = models.promote(entry, found, reason)
        _tell(target, entry, changed, found, as_json)


@handle_errors
def rollback(
    process: Process,
    reason: Reason = "",
    revision: Revision = None,
    force: Force = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Make the champion before the last one champion again, for every upload from now on.

    Runs under way keep the version that they began with. A second time in a row it is refused
    (rolled_back_already): it would return to the version that was just taken back.
    """
    from winnow_cli.models import open_models
    from winnow_cli.target import aws_errors, find_target

    target = find_target(stack)
    with aws_errors(target):
        models = open_models(target)
        entry = models.entry(process, revision)
        changed = models.roll_back(entry, reason, force=force)
        _tell(target, entry, changed, models.version(changed, "champion"), as_json)


def ask_to_promote(
    entry: "ProcessEntry", version: "ModelVersion", *, as_json: bool, yes: bool
) -> None:
    """Ask whether a version shall become champion, if a person is there; no aborts the command."""
    if asks(as_json, yes):
        typer.confirm(
            f"Let {version.short} judge every new upload of {entry.process}, in place of "
            f"{entry.champion[:12]}?",
            abort=True,
            err=True,
        )


def asks(as_json: bool, yes: bool) -> bool:
    """Whether a person is there to be asked."""
    return not yes and not as_json and _is_terminal()


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _tell(
    target: "Target",
    before: "ProcessEntry",
    after: "ProcessEntry",
    champion: "ModelVersion",
    as_json: bool,
) -> None:
    from winnow_cli.render.versions import short

    if as_json:
        emit_json(
            {
                "process": after.process,
                "champion": after.champion,
                "challenger": after.challenger,
                "previous": after.previous,
                "revision": after.revision,
                "changed": after.revision != before.revision,
                "live_from": after.changed_at,
            }
        )
        return
    name = f"{after.process} {champion.process_version}, version {champion.short}"
    if after.revision == before.revision:
        say(f"{name} is the champion already, since {after.changed_at}.")
    elif after.champion == before.champion:
        say(
            f"The release of {short(before.challenger)} is taken back. {name} judges every new "
            f"upload from {after.changed_at}."
        )
    else:
        say(
            f"{name} judges new uploads from {after.changed_at}, in place of "
            f"{short(before.champion)}."
        )
        note(
            "Runs under way keep the version that they began with. To take it back: "
            f"`{target.hint(f'model rollback {after.process}')}`."
        )
