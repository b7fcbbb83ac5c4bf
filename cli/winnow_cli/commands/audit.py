"""`winnow audit` and `winnow redrive`: has every upload its end, and running again what failed."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Annotated

import typer

from winnow.errors import WinnowError
from winnow.recovery.status import UploadStatus
from winnow_cli.console import clean, note
from winnow_cli.options import FILES, AsJson, StackName, handle_errors, told_of

STYLES = {"SUCCEEDED": "green", "FAILED": "red", "RUNNING": "cyan", "WAITING": "cyan"}
WHAT_TO_DO = {
    UploadStatus.MISSING: "MISSING: no run has begun. The sweep starts it within a quarter of an "
    "hour, `{redrive}` now.",
    UploadStatus.STUCK: "STUCK: its run died. The sweep starts it again within a quarter of an "
    "hour, `{redrive}` now.",
    UploadStatus.DAMAGED: "DAMAGED: its row cannot be read, so nothing says whether it was judged. "
    "Mend the row, or delete it: without one the file is started like a lost one.",
    UploadStatus.DUPLICATE: "DUPLICATE: two runs judged one version, so it has two results; "
    "`{status}` shows both.",
}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel=FILES)(audit)
    app.command(rich_help_panel=FILES)(redrive)


@handle_errors
def audit(
    missed_after: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0.0, help="Age at which an upload without a run is missing."
        ),
    ] = 900.0,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """List each uploaded version once with its end. Exit code 1 if one is missing, stuck or double.

    WAITING: dropped so lately that its run may not have begun. STUCK: its run died. Versions older
    than the table keeps rows are left out.
    """
    from winnow_cli.audit import audit as look
    from winnow_cli.audit import tally
    from winnow_cli.listing import Listing, progress
    from winnow_cli.target import find_target

    now = datetime.now(UTC).timestamp()
    counted: Counter[UploadStatus] = Counter()
    target = find_target(stack)
    with progress("{} versions and {} rows read") as tell:
        found = look(target, missed_after, now, tell)
        first = next(found, None)
    with Listing("uploads", ("status", "upload id", "file"), as_json, stack) as listing:
        for one in chain([first] if first else [], found):
            counted[one.status] += 1
            listing.add(
                {
                    "upload_id": one.upload_id,
                    "standing": one.status.value,
                    "object_key": one.key,
                    "version_id": one.version_id,
                    "run": one.run,
                },
                (one.status.value, one.upload_id, clean(one.key)),
                STYLES.get(one.status.value, "bold red"),
            )
        wrong = [how for how in counted if how.wrong]
        listing.beside = {"counts": tally(counted), "clean": not wrong}
    if not as_json:
        note(", ".join(f"{count} {name}" for name, count in tally(counted).items()))
        for how in wrong:
            hints = {"redrive": target.hint("redrive UPLOAD_ID"), "status": target.hint("status")}
            note(WHAT_TO_DO[how].format(**hints))
    if wrong:
        raise typer.Exit(1)


@handle_errors
def redrive(
    upload_id: Annotated[
        str | None,
        typer.Argument(
            metavar="UPLOAD_ID", help="One that failed, or that `winnow audit` shows as missing."
        ),
    ] = None,
    failed_since: Annotated[
        str | None,
        typer.Option(
            metavar="T",
            help="All that failed since then: 2026-11-21T09:30, or an age such as 90m, 12h, 3d. "
            "What lies in the dead-letter queue too.",
        ),
    ] = None,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Run again what failed. What succeeded is never run again, whatever is asked."""
    from winnow_cli.audit import Redrive, Redriven, limited
    from winnow_cli.listing import Listing
    from winnow_cli.target import find_target
    from winnow_cli.uploads import ID_LENGTH, Uploads

    if (upload_id is None) == (failed_since is None):
        raise typer.BadParameter("give an UPLOAD_ID or --failed-since, one of the two")
    since = None if failed_since is None else moment(failed_since, datetime.now(UTC))
    target = find_target(stack)
    work = Redrive(target)

    def started() -> Iterator[Redriven]:
        if since is not None:
            yield from work.failed_since(since.timestamp())
            return
        wanted = str(upload_id).strip().lower()
        whole = len(wanted) == ID_LENGTH
        yield work.upload(wanted if whole else Uploads(target).find(wanted).upload_id)

    some = started()
    # Where none can be started, the reason is all there is to say.
    first = next(some, None)
    count, failure = 0, None
    with Listing("started", None, as_json, stack) as listing:
        try:
            for one in chain([first] if first else [], some):
                count += 1
                listing.add(
                    {
                        "upload_id": one.upload_id,
                        "execution": one.name,
                        "from_queue": one.from_queue,
                    },
                    (f"{one.upload_id}{' from the dead-letter queue' if one.from_queue else ''}",),
                )
        except WinnowError as error:
            # What was started before is told all the same.
            failure = error
        listing.beside = {
            "under_way": work.under_way,
            "failed": [{"upload_id": one, "code": why.code} for one, why in work.failures],
            "unreadable": work.unreadable,
            **({"error": told_of(failure)} if failure else {}),
        }
    if not as_json:
        how = "handed to the queue, to run as there is room" if limited(target) else "started"
        note(f"{count} {how}; `{target.hint('status')}` shows how they go.")
        if work.under_way:
            note(
                f"{len(work.under_way)} had been started before and have not ended: "
                "nothing was started for them."
            )
        if work.unreadable:
            note(f"{work.unreadable} messages in the dead-letter queue are no events; they stay.")
        for one_id, why in work.failures:
            note(f"{one_id} could not be started: {why}")
    if failure is not None:
        note(str(failure))
    if failure is not None or work.failures:
        raise typer.Exit(1)


def moment(text: str, now: datetime) -> datetime:
    """A time in ISO 8601 (UTC where it names no zone), or an age before `now`."""
    try:
        if text[:-1].isdecimal() and text[-1] in _UNITS:
            return now - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
        parsed = datetime.fromisoformat(text)
    except (ValueError, OverflowError):  # an age of more years than there are is none
        raise typer.BadParameter(
            f"{text!r} is no time and no age", param_hint="--failed-since"
        ) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
