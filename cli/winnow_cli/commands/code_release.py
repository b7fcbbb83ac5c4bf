"""What `winnow release` does with --code: new code instead of another version of a process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from winnow_cli.commands.model_versions import asks
from winnow_cli.console import emit_json, note, say

if TYPE_CHECKING:
    from winnow_cli.code_release.canary import StackCode
    from winnow_cli.code_release.models import CodeEntry
    from winnow_cli.target import Target

Code = Annotated[
    bool, typer.Option("--code", help="Release new code, instead of a version of a process.")
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
    with _open(stack) as (target, code):
        changed = code.canary(percent, version, reason, revision)
    sentence = f"version {changed.challenger} has {percent} % of new runs."
    _tell(target, changed, sentence, as_json)


def promote(reason: str, revision: int | None, yes: bool, stack: str | None, as_json: bool) -> None:
    """Let the challenger have all new runs."""
    with _open(stack) as (target, code):
        before = code.entry(revision)
        if before.challenger is not None and asks(as_json, yes):
            typer.confirm(
                f"Let version {before.challenger} have every new run of {before.stack}, in place "
                f"of {before.champion}?",
                abort=True,
                err=True,
            )
        changed = code.promote(None, reason, revision)
    _tell(target, changed, f"version {changed.champion} has every new run.", as_json)
    if not as_json:
        back = target.hint("release rollback --code")
        note(f"{changed.previous} is kept ready until {changed.previous_until}: `{back}`.")


def rollback(
    reason: str, revision: int | None, force: bool, stack: str | None, as_json: bool
) -> None:
    """Take a canary back, or return to the version before."""
    with _open(stack) as (target, code):
        changed = code.roll_back(reason, revision, force=force)
    _tell(target, changed, f"version {changed.champion} has every new run.", as_json)


def stop(reason: str, revision: int | None, stack: str | None, as_json: bool) -> None:
    """End a canary: the champion has all new runs."""
    with _open(stack) as (target, code):
        changed = code.stop(reason, revision)
    _tell(target, changed, f"version {changed.champion} has every new run.", as_json)


def status(stack: str | None, as_json: bool) -> None:
    """Show which code new runs have."""
    from winnow_cli.render.releases import print_code

    with _open(stack) as (_, code):
        found = code.status()
    if as_json:
        emit_json({"code": [found.model_dump(mode="json")]})
        return
    print_code(found)


@contextmanager
def _open(stack: str | None) -> "Iterator[tuple[Target, StackCode]]":
    from winnow_cli.code_release.canary import open_code
    from winnow_cli.target import aws_errors, find_target

    target = find_target(stack)
    with aws_errors(target):
        yield target, open_code(target)


def _tell(target: "Target", entry: "CodeEntry", sentence: str, as_json: bool) -> None:
    if as_json:
        emit_json(entry.model_dump(mode="json"))
        return
    say(f"{entry.stack}: {sentence}")
    if entry.release is not None:
        note(f"How its runs end: `{target.hint('release status --code')}`.")
