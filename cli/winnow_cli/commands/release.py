"""`winnow release`: how a challenger becomes champion, and how it is taken back."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.commands import code_release
from winnow_cli.commands.code_release import (
    Code,
    PackagedTemplate,
    model_process,
    only_code,
)
from winnow_cli.commands.model_versions import (
    VERSION_HELP,
    Force,
    Process,
    Reason,
    Revision,
    Yes,
    ask_to_promote,
)
from winnow_cli.console import emit_json, note, say
from winnow_cli.options import DEFAULT_MODEL, AsJson, ModelDir, StackName, fail, handle_errors

if TYPE_CHECKING:
    from winnow.registry.models import ModelVersion, ProcessEntry
    from winnow_cli.golden import GoldenCheck
    from winnow_cli.releases import StackReleases
    from winnow_cli.target import Target

app = typer.Typer(
    no_args_is_help=True,
    help="Release a challenger, watch what audits prove of it, take it back; or new code (--code).",
)
ModelProcess = Annotated[
    str | None,
    typer.Argument(
        metavar="PROCESS", help="The process: its id, or one of its codes. Not with --code."
    ),
]
Version = Annotated[
    str | None,
    typer.Option(
        "--version",
        metavar="VERSION",
        help=f"{VERSION_HELP} Default: the challenger.",
        show_default=False,
    ),
]
Guarantee = Annotated[
    float | None,
    typer.Option(
        "--guarantee",
        metavar="P",
        min=0.0,
        max=1.0,
        help="Precision of what is accepted, from 0 to 1, that the challenger has to prove; below "
        "it, it is taken back. Default: as before, else the version's own.",
        show_default=False,
    ),
]
Automatic = Annotated[
    bool | None,
    typer.Option(
        "--automatic/--by-hand",
        help="Promote it by itself when the guarantee is proven, or wait for `winnow release "
        "promote`. Default: as before, else by hand.",
        show_default=False,
    ),
]


@app.command()
@handle_errors
def shadow(
    process: Process,
    version: Version = None,
    guarantee: Guarantee = None,
    automatic: Automatic = None,
    reason: Reason = "",
    revision: Revision = None,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Let the challenger judge every record beside the champion, and decide nothing.

    Where the two differ is counted in each result, and a share of it goes to review.
    """
    with _open(stack) as (target, releases):
        entry = releases.models.entry(process, revision)
        found = releases.challenger(entry, version)
        changed = releases.start(
            "shadow", entry, found, guarantee=guarantee, automatic=automatic, reason=reason
        )
    _tell(
        target, changed, f"{found.short} judges beside the champion, and decides nothing.", as_json
    )


@app.command()
@handle_errors
def canary(
    percent: Annotated[
        int,
        typer.Option(
            "--percent", metavar="N", min=0, max=100, help="Percent of the uploads it decides."
        ),
    ],
    process: ModelProcess = None,
    code: Code = False,
    version: Version = None,
    guarantee: Guarantee = None,
    automatic: Automatic = None,
    reason: Reason = "",
    revision: Revision = None,
    model: ModelDir = DEFAULT_MODEL,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Let the challenger decide a share of the uploads.

    An upload stays on its side, also when it is run again. What people find of the accepted records
    that they audit decides: below the guarantee the challenger is taken back by itself. Where the
    model is built, it has to do on the golden set first (see `winnow release check`).

    With --code another version of the workflow has a share of new runs. A canary of a model and
    one of code exclude each other.
    """
    if code:
        only_code(process, **{"--guarantee": guarantee, "--automatic": automatic})
        code_release.canary(percent, version, reason, revision, stack, as_json)
        return
    from winnow_cli.code_release.canary import refuse_code_canary
    from winnow_cli.golden import refuse_broken

    named = model_process(process)
    with _open(stack) as (target, releases):
        entry = releases.models.entry(named, revision)
        found = releases.challenger(entry, version)
        refuse_code_canary(target)
        refuse_broken(entry, _golden(target, releases, entry, found, guarantee, model))
        changed = releases.start(
            "canary",
            entry,
            found,
            percent=percent,
            guarantee=guarantee,
            automatic=automatic,
            reason=reason,
        )
    _tell(target, changed, f"{found.short} decides {percent} % of the uploads.", as_json)


@app.command("blue-green")
@handle_errors
def blue_green(
    process: ModelProcess = None,
    code: Code = False,
    uploads: Annotated[
        int,
        typer.Option(
            "--uploads", metavar="N", min=0, help="With --code: how many uploads are replayed."
        ),
    ] = 20,
    template: PackagedTemplate = None,
    version: Version = None,
    guarantee: Guarantee = None,
    reason: Reason = "",
    revision: Revision = None,
    yes: Yes = False,
    model: ModelDir = DEFAULT_MODEL,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Make a version champion at once, for every upload from now on.

    The champion until now is kept ready for 24 hours: `winnow release rollback` returns to it, and
    within that time the new one is taken back by itself if audits prove that it breaks its
    guarantee. Where the model is built, it has to do on the golden set first (see `winnow release
    check`); `winnow release promote` asks for nothing.

    With --code this checkout is built, its images are pushed, and a second stack is made of them.
    It judges retained uploads again, under shadow/ in the results bucket, and is compared record by
    record; then `winnow release promote --code` lets what was compared judge in place of the first.
    """
    if code:
        given = {"--version": version, "--guarantee": guarantee, "--revision": revision}
        only_code(process, **given)
        code_release.blue_green(uploads, template, reason, stack, as_json)
        return
    from winnow_cli.golden import refuse_broken

    named = model_process(process)
    with _open(stack) as (target, releases):
        entry = releases.models.entry(named, revision)
        found = releases.challenger(entry, version)
        refuse_broken(entry, _golden(target, releases, entry, found, guarantee, model))
        _promote(target, releases, entry, found, guarantee, reason, yes, as_json)


@app.command()
@handle_errors
def promote(
    process: ModelProcess = None,
    version: Annotated[str, typer.Argument(metavar="VERSION", help=VERSION_HELP)] = "challenger",
    code: Code = False,
    reason: Reason = "",
    revision: Revision = None,
    yes: Yes = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Make the challenger the champion, whether or not its guarantee is proven.

    `winnow model promote` does the same. With --code all new runs have the new code.
    """
    if code:
        only_code(process)
        code_release.promote(reason, revision, yes, stack, as_json)
        return
    named = model_process(process)
    with _open(stack) as (target, releases):
        entry = releases.models.entry(named, revision)
        found = releases.challenger(entry, version)
        _promote(target, releases, entry, found, None, reason, yes, as_json)


@app.command()
@handle_errors
def rollback(
    process: ModelProcess = None,
    code: Code = False,
    reason: Reason = "",
    revision: Revision = None,
    force: Force = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Take the release back, or where none is under way, return to the champion before.

    A second time in a row it is refused (rolled_back_already).
    """
    if code:
        only_code(process)
        code_release.rollback(reason, revision, force, stack, as_json)
        return
    named = model_process(process)
    with _open(stack) as (target, releases):
        entry = releases.models.entry(named, revision)
        changed = releases.roll_back(entry, reason, force=force)
    _tell(target, changed, f"{changed.champion[:12]} decides every new upload.", as_json)


@app.command()
@handle_errors
def stop(
    process: ModelProcess = None,
    code: Code = False,
    reason: Reason = "",
    revision: Revision = None,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """End a release: the champion decides alone, and the challenger keeps its name."""
    if code:
        only_code(process)
        code_release.stop(reason, revision, stack, as_json)
        return
    named = model_process(process)
    with _open(stack) as (target, releases):
        entry = releases.models.entry(named, revision)
        changed = releases.stop(entry, reason)
    _tell(target, changed, f"{changed.champion[:12]} decides every new upload alone.", as_json)


@app.command()
@handle_errors
def status(
    process: Annotated[
        str | None, typer.Argument(metavar="PROCESS", help="Only this process; default: all.")
    ] = None,
    code: Code = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Show what audits prove of champion and challenger, and what follows from it.

    With --code: which code new runs have, and how the newest runs of each version ended.
    """
    if code:
        only_code(process)
        code_release.status(stack, as_json)
        return
    from winnow_cli.render.releases import print_releases

    with _open(stack) as (_, releases):
        found = releases.status(process)
    if as_json:
        emit_json({"processes": [one.model_dump(mode="json") for one in found]})
        return
    if not found:
        note("No process is published on this stack.")
        return
    print_releases(found)


@app.command()
@handle_errors
def check(
    process: Process,
    version: Version = None,
    guarantee: Guarantee = None,
    model: ModelDir = DEFAULT_MODEL,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Judge the golden set by champion and challenger: labelled rows, while there is no traffic.

    These are the reviews that no version was trained on. A challenger that is proven to break its
    guarantee there is taken back, if its release is under way. Nothing is promoted by it.
    """
    from winnow.errors import ReleaseInvalidError, WinnowError
    from winnow_cli.golden import refuse_broken

    with _open(stack) as (target, releases):
        entry = releases.models.entry(process)
        found = releases.challenger(entry, version)
        golden = _golden(target, releases, entry, found, guarantee, model, must=True)
        if golden is None:
            raise ReleaseInvalidError(
                f"{entry.process} has no golden set: none of its versions was trained on reviews."
            )
        if golden.challenger.broken and entry.release is not None:
            releases.take_back(entry, golden.challenger)
        verdicts = golden._asdict()
        document = {name: one.model_dump(mode="json") for name, one in verdicts.items()}
        if not as_json:
            for name, one in verdicts.items():
                say(f"{name} {one.version[:12]}: {one.sentence}")
        try:
            refuse_broken(entry, golden)
        except WinnowError as error:
            fail(error, as_json, document)
        if as_json:
            emit_json(document)


@contextmanager
def _open(stack: str | None) -> "Iterator[tuple[Target, StackReleases]]":
    """A stack and its releases; what AWS refuses is told as an error of ours."""
    from winnow_cli.releases import open_releases
    from winnow_cli.target import aws_errors, find_target

    target = find_target(stack)
    with aws_errors(target):
        yield target, open_releases(target)


def _golden(
    target: "Target",
    releases: "StackReleases",
    entry: "ProcessEntry",
    version: "ModelVersion",
    guarantee: float | None,
    model: Path,
    *,
    must: bool = False,
) -> "GoldenCheck | None":
    """Both versions on the golden set; without the model, None unless it must be."""
    from winnow.errors import ModelInvalidError
    from winnow.registry.aliases import guarantee_of
    from winnow_cli.golden import check as judged

    wanted = guarantee_of(entry, version, guarantee)
    try:
        return judged(releases.models, entry, version, wanted, model, target)
    except ModelInvalidError:
        if must:
            raise
        note("The model is not built here (`make model`): the golden set was not looked at.")
        return None


def _promote(
    target: "Target",
    releases: "StackReleases",
    entry: "ProcessEntry",
    version: "ModelVersion",
    guarantee: float | None,
    reason: str,
    yes: bool,
    as_json: bool,
) -> None:
    ask_to_promote(entry, version, as_json=as_json, yes=yes)
    changed = releases.promote(entry, version, reason, guarantee=guarantee)
    _tell(target, changed, f"{version.short} decides every new upload.", as_json)
    if as_json:
        return
    back = target.hint(f"release rollback {changed.process}")
    note(f"{entry.champion[:12]} is kept ready until {changed.previous_until}: `{back}`.")
    if changed.promised is None:
        note(f"{version.short} has no guarantee, so nothing takes it back by itself.")


def _tell(target: "Target", entry: "ProcessEntry", sentence: str, as_json: bool) -> None:
    if as_json:
        emit_json(entry.model_dump(mode="json"))
        return
    say(f"{entry.process}: {sentence}")
    if entry.release is not None and sys.stdout.isatty():
        note(f"What is proven: `{target.hint(f'release status {entry.process}')}`.")
