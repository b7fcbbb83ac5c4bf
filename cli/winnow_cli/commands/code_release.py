"""What `winnow release` does with --code: new code instead of another version of a process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from winnow_cli.commands.model_versions import asks
from winnow_cli.console import emit_json, note, say

if TYPE_CHECKING:
    from winnow_cli.code_release.blue_green import BlueGreen
    from winnow_cli.code_release.canary import StackCode
    from winnow_cli.code_release.models import CodeEntry
    from winnow_cli.code_release.second_stack import Template
    from winnow_cli.target import Target

Code = Annotated[
    bool, typer.Option("--code", help="Release new code, instead of a version of a process.")
]
PackagedTemplate = Annotated[
    Path | None,
    typer.Option(
        "--template",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="With --code: the template that `sam package` wrote, in place of this checkout.",
        show_default=False,
    ),
]


def model_process(process: str | None) -> str:
    """The process, which only --code does without."""
    if process is None:
        raise typer.BadParameter("name a PROCESS, or --code")
    return process


def only_code(process: str | None, **options: Any) -> None:
    """Reject what does not go with --code: a process, and these options if they are given."""
    given = [name for name, value in options.items() if value is not None]
    if process is not None:
        raise typer.BadParameter("--code is for the whole stack: name no PROCESS")
    if given:
        raise typer.BadParameter(f"{given[0]} is for models, not for --code")


def canary(
    percent: int,
    version: str | None,
    reason: str,
    revision: int | None,
    stack: str | None,
    as_json: bool,
) -> None:
    """Let a version of the workflow have a share of new runs."""
    with _open(stack) as (target, stacks):
        from winnow_cli.code_release.opening import refuse_second

        refuse_second(stacks)
        changed = _alias(target).canary(percent, version, reason, revision)
    sentence = f"version {changed.challenger} has {percent} % of new runs."
    _tell(target, changed, sentence, as_json)


def blue_green(
    uploads: int, template: Path | None, reason: str, stack: str | None, as_json: bool
) -> None:
    """Make a second stack of the new code, let it judge retained uploads, and compare."""
    from winnow_cli.code_release.opening import packaged
    from winnow_cli.render.deployment import reporter, watching
    from winnow_cli.render.releases import print_comparison

    with _open(stack) as (target, stacks):

        def package() -> "Template":
            with watching(reporter()) as shown:
                shown.phase("build")
                return packaged(target, template, shown.line)

        changed = stacks.start(package, uploads, reason, report=note)
        found = stacks.comparison()
    if as_json:
        differing = found.model_dump(mode="json", exclude={"counts"}) if found else {}
        emit_json({**changed.model_dump(mode="json"), **differing})
        return
    if found is not None:
        print_comparison(found)
    say(f"{changed.challenger} is ready: `{target.hint('release promote --code')}`.")


def promote(reason: str, revision: int | None, yes: bool, stack: str | None, as_json: bool) -> None:
    """Let the challenger have all new runs."""
    with _open(stack) as (target, stacks):
        second = stacks.there
        entry = stacks.entry() if second else None
        before = entry or _alias(target).entry(revision)
        if before.challenger is not None and asks(as_json, yes):
            typer.confirm(
                f"Let {_named(before.challenger)} have every new run of {before.stack}, in place "
                f"of {_named(before.champion)}?",
                abort=True,
                err=True,
            )
        if second:
            changed = stacks.promote(reason)
        else:
            changed = _alias(target).promote(None, reason, revision)
    _tell(target, changed, f"{_named(changed.champion)} has every new run.", as_json)
    if not as_json:
        back = target.hint("release rollback --code")
        note(f"{_named(changed.previous)} is kept ready until {changed.previous_until}: `{back}`.")


def rollback(
    reason: str, revision: int | None, force: bool, stack: str | None, as_json: bool
) -> None:
    """Take a release back, or return to the version before."""
    with _open(stack) as (target, stacks):
        if stacks.there:
            changed = stacks.roll_back(reason)
        else:
            changed = _alias(target).roll_back(reason, revision, force=force)
    _tell(target, changed, f"{_named(changed.champion)} has every new run.", as_json)


def stop(reason: str, revision: int | None, stack: str | None, as_json: bool) -> None:
    """End a release: the champion has all new runs, and a second stack is deleted."""
    with _open(stack) as (target, stacks):
        changed = stacks.stop(reason) if stacks.there else _alias(target).stop(reason, revision)
    _tell(target, changed, f"{_named(changed.champion)} has every new run.", as_json)


def status(stack: str | None, as_json: bool) -> None:
    """Show which code new runs have."""
    from winnow_cli.code_release.canary import OUTPUT
    from winnow_cli.render.releases import print_code, print_comparison, print_stacks

    with _open(stack) as (target, stacks):
        # Without an alias there may still be a second stack.
        entry = stacks.entry()
        alias = OUTPUT in target.outputs or entry is None
        found = _alias(target).status() if alias else None
        comparison = stacks.comparison()
    if as_json:
        versions = [] if found is None else [found.model_dump(mode="json")]
        kept = [] if entry is None else [entry.model_dump(mode="json")]
        differing = comparison.model_dump(mode="json", exclude={"counts"}) if comparison else {}
        emit_json({"code": versions, "stacks": [{**one, **differing} for one in kept]})
        return
    if found is not None:
        print_code(found)
    if entry is not None:
        print_stacks(entry)
    if comparison is not None:
        print_comparison(comparison)


@contextmanager
def _open(stack: str | None) -> "Iterator[tuple[Target, BlueGreen]]":
    from winnow_cli.code_release.opening import open_stacks
    from winnow_cli.target import aws_errors, find_target

    target = find_target(stack)
    with aws_errors(target):
        yield target, open_stacks(target)


def _alias(target: "Target") -> "StackCode":
    from winnow_cli.code_release import canary

    return canary.open_code(target)


def _named(champion: str | None) -> str:
    """A version by its number, or a stack by its name."""
    return f"version {champion}" if champion and champion.isdigit() else str(champion)


def _tell(target: "Target", entry: "CodeEntry", sentence: str, as_json: bool) -> None:
    if as_json:
        emit_json(entry.model_dump(mode="json"))
        return
    say(f"{entry.stack}: {sentence}")
    if entry.release is not None:
        note(f"How it does: `{target.hint('release status --code')}`.")
