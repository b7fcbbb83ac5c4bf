"""`winnow redrive`: runs failed uploads again."""

import shlex
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from winnow.errors import WinnowError
from winnow_cli.console import note
from winnow_cli.options import FILES, AsJson, StackName, error_document, handle_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from winnow_cli.redrive import Redrive, Redriven
    from winnow_cli.target import Target

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=FILES)(redrive)


@handle_errors
def redrive(
    upload_id: Annotated[
        str | None,
        typer.Argument(
            metavar="UPLOAD_ID",
            help="An upload that failed, or one that `winnow audit` lists as MISSING or STUCK.",
        ),
    ] = None,
    failed_since: Annotated[
        str | None,
        typer.Option(
            metavar="T",
            help="All uploads that failed since this time (2026-11-21T09:30) or within this "
            "duration (90m, 12h, 3d), and the events in the dead-letter queue.",
        ),
    ] = None,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Run failed uploads again. An upload that succeeded is never run again."""
    from winnow_cli.redrive import Redrive
    from winnow_cli.render.listing import Listing
    from winnow_cli.target import find_target

    if (upload_id is None) == (failed_since is None):
        raise typer.BadParameter("give an UPLOAD_ID or --failed-since, one of the two")
    since = None if failed_since is None else moment(failed_since, datetime.now(UTC))
    target = find_target(stack)
    work = Redrive(target)
    restarts = _restarts(work, target, upload_id, since)
    # If the first start fails, the command ends with that error only.
    first = next(restarts, None)
    count, failure, every = 0, None, False
    listing = Listing("started", None, as_json, stack)
    with _telling(lambda: _note_unread(count, every, work, target, failed_since)), listing:
        try:
            for restart in chain([first] if first else [], restarts):
                count += 1
                origin = " from the dead-letter queue" if restart.from_queue else ""
                listing.add(
                    {
                        "upload_id": restart.upload_id,
                        "execution": restart.name,
                        "from_queue": restart.from_queue,
                    },
                    (f"{restart.upload_id}{origin}",),
                )
            every = True
        except WinnowError as error:
            # Uploads that were started before it are still listed.
            failure = error
        listing.beside = {
            "under_way": work.under_way,
            "failed": [{"upload_id": own_id, "code": why.code} for own_id, why in work.failures],
            "unreadable": work.unreadable,
            "mailed": work.mailed,
            "unmailed": work.unmailed,
            **({"error": error_document(failure)} if failure else {}),
        }
    if not as_json:
        _note_counts(count, work, target)
    if failure is not None:
        note(str(failure))
    if failure is not None or work.failures:
        raise typer.Exit(1)


@contextmanager
def _telling(unread: "Callable[[], None]") -> "Iterator[None]":
    """Say on stderr what was done, if nobody reads the output any more."""
    try:
        yield
    except BrokenPipeError:
        unread()
        raise


def _note_unread(
    count: int, every: bool, work: "Redrive", target: "Target", failed_since: str | None
) -> None:
    if every or failed_since is None:
        _note_counts(count, work, target)
        return
    again = target.hint(f"redrive --failed-since {shlex.quote(failed_since)}")
    note(
        f"The output was closed: {count} were started, and what else failed was not. `{again}` "
        "starts the rest."
    )


def _restarts(
    work: "Redrive", target: "Target", upload_id: str | None, since: datetime | None
) -> "Iterator[Redriven]":
    from winnow.steps.upload import may_be_id
    from winnow_cli.uploads import ID_LENGTH, Uploads

    if since is not None:
        yield from work.failed_since(since.timestamp())
        return
    given = str(upload_id).strip().lower()
    whole = len(given) == ID_LENGTH and may_be_id(given)
    yield work.upload(given if whole else Uploads(target).find(given).upload_id)


def _note_counts(count: int, work: "Redrive", target: "Target") -> None:
    from winnow_cli.waiting import limits_runs

    how = "queued, starts when MaxRuns allows" if limits_runs(target) else "started"
    note(f"{count} {how}; `{target.hint('status')}` shows their state.")
    if work.under_way:
        note(
            f"{len(work.under_way)} had been started before and have not ended: "
            "nothing was started for them."
        )
    if work.mailed:
        note(f"{work.mailed} e-mails in the dead-letter queue were sent.")
    for own_id in work.unmailed:
        note(
            f"{own_id} has succeeded, and nobody was told: `{target.hint(f'results {own_id}')}`. "
            "Its message stays in the dead-letter queue."
        )
    if work.unreadable:
        note(f"{work.unreadable} messages in the dead-letter queue are not events; they stay.")
    for own_id, why in work.failures:
        note(f"{own_id} could not be started: {why}")


def moment(text: str, now: datetime, option: str = "--failed-since") -> datetime:
    """A time in ISO 8601 (UTC if it has no zone), or a duration before `now`; in UTC."""
    try:
        if text[:-1].isdecimal() and text[-1] in _UNITS:
            return now - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
        parsed = datetime.fromisoformat(text)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # for example a duration of a million years
        raise typer.BadParameter(
            f"{text!r} is neither a time nor a duration", param_hint=option
        ) from None
