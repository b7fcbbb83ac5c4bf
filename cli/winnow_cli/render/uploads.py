"""Uploads: the table of `winnow status`, counts, and how the runs of a submit ended."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from winnow_cli.console import clean, note, say, shorten
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from winnow.recovery.upload_row import UploadRow
    from winnow.reviews.models import Totals
    from winnow_cli.models import Running
    from winnow_cli.target import Target

STATE_STYLES = {"SUCCEEDED": "green", "RUNNING": "cyan", "FAILED": "red", "DAMAGED": "bold red"}
SHORT_ID = 12
"""Characters of an upload id on a terminal; every command accepts them as the id."""
INTERNAL = {"sequencer", "attempt", "crashes", "lease_until", "expires"}
"""Attributes for the workflow and the sweep; they are not in the JSON."""


def print_status(
    rows: Sequence["UploadRow"], reviews: "Mapping[str, Totals] | None" = None
) -> None:
    """The uploads as a table; on a terminal, one line per upload if there is room.

    `reviews` has the counts of what people decided, by upload.
    """
    totals = reviews or {}
    drawn = sys.stdout.isatty()
    table(
        ("state", "upload id", "file", "process", "counts or error", "started (UTC)", "seconds"),
        [
            (
                row.state,
                row.upload_id[:SHORT_ID] if drawn else row.upload_id,
                shorten(row.file_name, 22 if drawn else 40),
                row.process or "",
                _counts_or_error(row, totals.get(row.upload_id)),
                row.claimed_at[5 if drawn else 0 : 19].replace("T", " "),
                _seconds(row),
            )
            for row in rows
        ],
        styles=[STATE_STYLES[row.state] for row in rows],
        right=("seconds",),
        spare=("seconds", "started (UTC)"),
    )


def print_running(running: "Running") -> None:
    """The code and the champions of a stack, on stderr: stdout has the uploads alone."""
    if running.code is not None:
        note(f"Code {running.code.version}, deployed {running.code.at[:16].replace('T', ' ')} UTC.")
    if running.champions:
        named = (f"{one.process} {one.process_version} ({one.short})" for one in running.champions)
        note(f"Deciding: {', '.join(named)}.")


def running_document(running: "Running | None") -> dict[str, Any]:
    """The same as JSON; nothing of it where it is not known."""
    if running is None:
        return {}
    return {
        "code": running.code.model_dump() if running.code else None,
        "champions": [
            {"process": one.process, "version": one.process_version, "sha256": one.sha256}
            for one in running.champions
        ],
    }


def _counts_or_error(row: "UploadRow", totals: "Totals | None") -> str:
    if row.erased_at is not None:
        return f"erased {row.erased_at[:10]}"
    counts = counts_line(row) if row.state == "SUCCEEDED" else row.error_code or ""
    if totals is None or not totals.queued:
        return counts
    return f"{counts}; {totals.decided:,} of {totals.queued:,} decided"


def counts_line(row: "UploadRow") -> str:
    """`37 accepted, 5 to review, 1 invalid`, as in the e-mails; counts of 0 are left out."""
    counts = [f"{row.accepted or 0:,} accepted"]
    if row.review:
        counts.append(f"{row.review:,} to review")
    if row.invalid:
        counts.append(f"{row.invalid:,} invalid")
    return ", ".join(counts)


def _seconds(row: "UploadRow") -> str:
    return "" if row.ended_s is None else f"{row.ended_s - row.claimed_s:.1f}"


def row_document(row: "UploadRow", reviews: "Totals | None" = None) -> dict[str, Any]:
    """An upload as JSON: the table's names; absent attributes are left out."""
    document = {**row.model_dump(exclude_none=True, exclude=INTERNAL), "results_at": row.results_at}
    if reviews is not None:
        document["reviews"] = {**reviews.model_dump(), "open": reviews.open}
    return document


def print_ends(ends: Sequence[tuple[Path, "UploadRow | None"]], target: "Target") -> None:
    """How the run of each file ended, and what to type next."""
    for path, row in ends:
        name = clean(path.name)
        if row is None:
            how = target.hint("status")
            say(f"{name}: no run has claimed it yet; `{how}` shows when one does.")
        elif row.state == "SUCCEEDED":
            say(f"{name}: {counts_line(row)}")
            say(f"  results {row.results_at}")
            say(f"  {target.hint(f'results {row.upload_id}')}")
        elif row.state == "FAILED":
            say(f"{name}: FAILED {row.error_code}: {clean(row.error_message or '')}")
            say(f"  {target.hint(f'why {row.upload_id}')}")
        elif row.state == "RUNNING":
            say(f"{name}: still running; `{target.hint(f'status {row.upload_id}')}`")
        else:
            say(f"{name}: its row cannot be read; `{target.hint('audit')}` says what to do")
