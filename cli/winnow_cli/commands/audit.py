"""`winnow audit`: whether every upload has a finished run, and the registry is whole."""

from collections import Counter
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from winnow.recovery.status import UploadStatus
from winnow_cli.console import clean, note
from winnow_cli.options import FILES, AsJson, StackName, handle_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from winnow.registry.audit import RegistryAudit
    from winnow_cli.target import Target

STATUS_STYLES = {"SUCCEEDED": "green", "FAILED": "red", "RUNNING": "cyan", "WAITING": "cyan"}
REMEDIES = {
    UploadStatus.MISSING: "MISSING: no run has started. The sweep starts one within a quarter of "
    "an hour; `{redrive}` starts it now.",
    UploadStatus.STUCK: "STUCK: its run ended without recording it. The sweep starts it again "
    "within a quarter of an hour; `{redrive}` starts it now.",
    UploadStatus.DAMAGED: "DAMAGED: its row in the table cannot be read, so it is "
    "unknown whether it was judged. Repair the row, or delete it: then the file is judged again.",
    UploadStatus.DUPLICATE: "DUPLICATE: two runs judged one version, so it has two results; "
    "`{status}` shows both.",
}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=FILES)(audit)


@handle_errors
def audit(
    missed_after: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0.0,
            help="Age after which an upload without a run counts as missing.",
        ),
    ] = 900.0,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """List every uploaded version with its status, and check the versions of processes.

    Need attention: MISSING (no run has started), STUCK (its run ended without recording it),
    DUPLICATE (two runs judged it), DAMAGED (its row cannot be read). WAITING: dropped just now, or
    queued. Versions older than the table keeps rows (EXPIRED) are not listed. Of the registry every
    file is read: it has to be what was published, the aliases what their history says, and live
    precision what the audited records say. Exit code 1 if anything needs attention.
    """
    from winnow_cli.audit import audit as audited
    from winnow_cli.audit import tally
    from winnow_cli.render.listing import Listing, progress
    from winnow_cli.target import find_target

    now = datetime.now(UTC).timestamp()
    counted: Counter[UploadStatus] = Counter()
    target = find_target(stack)
    with progress("{} versions and {} rows read") as show_progress:
        rows = audited(target, missed_after, now, show_progress)
        first = next(rows, None)
    with Listing("uploads", ("status", "upload id", "file"), as_json, stack) as listing:
        for row in chain([first] if first else [], rows):
            counted[row.status] += 1
            listing.add(
                {
                    "upload_id": row.upload_id,
                    "standing": row.status.value,
                    "object_key": row.key,
                    "version_id": row.version_id,
                    "run": row.run,
                },
                (row.status.value, row.upload_id, clean(row.key)),
                STATUS_STYLES.get(row.status.value, "bold red"),
            )
        wrong = [status for status in counted if status.wrong]
        registry = _registry(target)
        problems = () if registry is None else registry.problems
        listing.beside = {
            "counts": tally(counted),
            "registry": None if registry is None else _document(registry),
            "clean": not wrong and not problems,
        }
    if not as_json:
        note(", ".join(f"{count} {name}" for name, count in tally(counted).items()))
        _note_remedies(wrong, target)
        if registry is not None:
            _note_registry(registry)
    if wrong or problems:
        raise typer.Exit(1)


def _registry(target: "Target") -> "RegistryAudit | None":
    """The audit of the stack's registry; None of a stack that has none."""
    from winnow.registry.audit import audit_registry
    from winnow_cli.models import models_if_any
    from winnow_cli.releases import live_problems
    from winnow_cli.target import aws_errors

    models = models_if_any(target)
    if models is None:
        return None
    with aws_errors(target):
        found = audit_registry(models.registry, models.store)
        return found._replace(problems=(*found.problems, *live_problems(models, target)))


def _document(registry: "RegistryAudit") -> dict[str, Any]:
    return {
        "processes": registry.processes,
        "versions": registry.versions,
        "files": registry.files,
        "problems": [problem._asdict() for problem in registry.problems],
    }


def _note_registry(registry: "RegistryAudit") -> None:
    note(
        f"{registry.processes:,} processes, {registry.versions:,} versions, "
        f"{registry.files:,} files of them read: "
        + (f"{len(registry.problems):,} problems" if registry.problems else "as published")
    )
    for problem in registry.problems:
        version = "" if problem.version is None else f" {problem.version[:12]}"
        note(f"  {clean(problem.process)}{version}: {clean(problem.text)}")


def _note_remedies(wrong: "Iterable[UploadStatus]", target: "Target") -> None:
    redrive, status = target.hint("redrive UPLOAD_ID"), target.hint("status")
    for problem in wrong:
        note(REMEDIES[problem].format(redrive=redrive, status=status))
