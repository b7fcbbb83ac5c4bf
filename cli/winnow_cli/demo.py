"""`make demo`: the whole system at work on this machine, on the sample files.

Starts the local stack (or uses the one that runs), drops the samples with plain S3 calls as any
user would, waits, and shows results with evidence, the mails, and where the JSON lies. The stack
is left running. Run as `python -m winnow_cli.demo`.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from winnow.errors import StackFailedError, StackNotRunningError, WinnowError
from winnow_cli.console import clean, command, here, prepare_streams
from winnow_cli.render.records import (
    OUTCOME_STYLES,
    basis_of,
    confidence_of,
    decision_of,
    evidence_of,
    quoted,
)
from winnow_cli.render.tables import drawn_table
from winnow_local import mailbox
from winnow_local.stack import running, start_detached
from winnow_local.state import StackState, StateDir
from winnow_local.template import Checkout

if TYPE_CHECKING:
    from winnow.models import ResultRecord
    from winnow.recovery.upload_row import UploadRow
    from winnow_cli.uploads import Uploads

WAIT_S = 120.0
MOST_ROWS = 15
"""A longer table shows the first few of each outcome and says so."""
FEW_ROWS = 3
PLAIN_WIDTH = 110
"""Columns where the output is no terminal and so has no width."""


@dataclass(frozen=True)
class Drop:
    """A sample and the inbox folder it is dropped into."""

    sample: str
    folder: str
    why: str


DROPS = (
    Drop("prior-auth-cases.csv", "91110", "prior-authorization cases, by a billing code"),
    Drop("prior-auth-note.txt", "L33774", "one clinical note, by the id of its policy"),
    Drop("prior-auth-scan.pdf", "L33774", "the same note as a fax, read by OCR"),
    Drop("feelings.jsonl", "emotions", "sentences, for another kind of process"),
    Drop("prior-auth-note.txt", "L99999", "a process that does not exist: this run has to fail"),
)


@dataclass(frozen=True)
class Dropped:
    """What was dropped where, and when."""

    drop: Drop
    key: str
    at: float


def run(screen: Console, state_dir: StateDir, samples: Path) -> None:
    """The demo, printed to `screen`.

    Raises:
        WinnowError: the stack does not start, or a run does not end in time.
    """
    from winnow_cli.target import find_target
    from winnow_cli.uploads import Uploads

    began = time.monotonic()
    screen.print(
        Text("Winnow: drop a file in a bucket, get its records judged. ", style="bold")
        + Text("No AWS account, no Docker: all of it runs here.")
    )
    _heading(screen, "1. The stack: template.yaml on this machine")
    state = _stack(screen, state_dir)
    target = find_target(None)
    uploads = Uploads(target)

    _heading(screen, "2. Files dropped into the inbox, with plain S3 puts")
    s3 = target.s3()
    folder = f"{datetime.now():%Y-%m-%d-%H%M%S}"
    dropped = []
    for drop in DROPS:
        key = f"inbox/{drop.folder}/{folder}/{drop.sample}"
        body = (samples / drop.sample).read_bytes()
        s3.put_object(Bucket=target.uploads_bucket, Key=key, Body=body)
        dropped.append(Dropped(drop, key, time.monotonic()))
        screen.print(Text.assemble(("  put ", "dim"), key, (f"  {drop.why}", "dim")))
    screen.print()
    rows = _wait(screen, uploads, dropped)

    _heading(screen, "3. What became of the records")
    screen.print(Text("  ✓ speaks for the criterion, ✗ against it", style="dim"))
    for item in dropped:
        if rows[item.key].state == "SUCCEEDED":
            _show_result(screen, uploads, item, rows[item.key])
    _heading(screen, "4. What did not work, and says so")
    for item in dropped:
        if rows[item.key].state == "FAILED":
            _show_failure(screen, item, rows[item.key])

    _heading(screen, "5. The mails that were sent")
    _show_mails(screen, state_dir, [rows[item.key] for item in dropped])
    _heading(screen, "6. Where the JSON lies, and what to try next")
    _show_next(screen, state, next(row for i in dropped if (row := rows[i.key]).results_at))
    screen.print(
        Text(f"\nAll of this took {time.monotonic() - began:.1f} s. ", style="bold")
        + Text("The stack is still running; `make down` ends it.")
    )


def _heading(screen: Console, title: str) -> None:
    screen.print()
    screen.print(Rule(Text(title, style="bold"), align="left", style="dim"))


def _stack(screen: Console, state_dir: StateDir) -> StackState:
    began = time.monotonic()
    try:
        state = running(state_dir)
        screen.print(f"  The local stack runs already at {state.endpoint}.")
    except StackNotRunningError:
        state = start_detached(state_dir, lambda _: None)
        seconds = time.monotonic() - began
        screen.print(f"  Started and deployed in {seconds:.1f} s at {state.endpoint}:")
    screen.print(
        Text(
            "  buckets, rule, state machine, functions, table and topic; every function's role is "
            "enforced.",
            style="dim",
        )
    )
    return state


def _wait(
    screen: Console, uploads: "Uploads", dropped: Sequence[Dropped]
) -> dict[str, "UploadRow"]:
    rows: dict[str, UploadRow] = {}
    deadline = time.monotonic() + WAIT_S
    with screen.status("waiting for the runs to end"):
        while len(rows) < len(dropped):
            for item in dropped:
                row = None if item.key in rows else uploads.by_key(item.key)
                if row is not None and row.ended:
                    rows[item.key] = row
                    _tell_end(screen, item, row)
            if time.monotonic() > deadline:
                raise StackFailedError(f"Not every run ended within {WAIT_S:.0f} s.")
            time.sleep(0.1)
    return rows


def _tell_end(screen: Console, item: Dropped, row: "UploadRow") -> None:
    seconds = f"{time.monotonic() - item.at:4.1f} s  "
    name = f"{item.drop.folder}/{item.drop.sample}  "
    if row.state == "FAILED":
        end = Text(f"FAILED {row.error_code}", style="red")
    else:
        end = Text(", ").join(
            Text(f"{count} {outcome}", style=OUTCOME_STYLES[outcome] if count else "dim")
            for outcome, count in (
                ("accepted", row.accepted or 0),
                ("review", row.review or 0),
                ("invalid", row.invalid or 0),
            )
        )
    screen.print(Text.assemble("  ", (seconds, "dim"), name, end))


def _show_result(screen: Console, uploads: "Uploads", item: Dropped, row: "UploadRow") -> None:
    result = uploads.result(row)
    records = sorted(uploads.records(result), key=lambda record: record.record)
    shown = records if len(records) <= MOST_ROWS else _few_of_each(records)
    screen.print(
        Text.assemble(
            (f"\n{item.drop.sample}", "bold"),
            f"  process {result.process.id} {result.process.version}, "
            f"threshold {result.threshold:g}, model {result.model.name if result.model else '-'}",
        )
    )
    screen.print(
        drawn_table(
            screen.width,
            ("outcome", "record", "decision", "confidence", "evidence (similarity)"),
            [
                (
                    record.outcome.value,
                    record.source_id or str(record.record),
                    decision_of(record),
                    confidence_of(record),
                    _evidence(record),
                )
                for record in shown
            ],
            styles=[OUTCOME_STYLES[record.outcome.value] for record in shown],
            right=("confidence",),
        )
    )
    if len(shown) < len(records):
        rest = f"  and {len(records) - len(shown)} more: "
        how = f"{command()} results {row.upload_id[:12]}"
        screen.print(Text.assemble((rest, "dim"), (how, "cyan")))
    screen.print(Text(f"  {basis_of(records)}", style="dim"))
    for found in result.notes:
        screen.print(Text(f"  note {found.code}: {clean(found.text)}", style="dim"))


def _few_of_each(records: Sequence["ResultRecord"]) -> list["ResultRecord"]:
    by_outcome: dict[str, list[ResultRecord]] = {}
    for record in records:
        by_outcome.setdefault(record.outcome.value, []).append(record)
    return sorted(
        (record for few in by_outcome.values() for record in few[:FEW_ROWS]),
        key=lambda record: record.record,
    )


def _evidence(record: "ResultRecord") -> str:
    best = evidence_of(record)[:2]
    if not best:
        return f"{record.code}: {record.reason}" if record.decision is None else record.reason or ""
    return "\n".join(
        f"{quoted(criterion, evidence, 90)} ({evidence.similarity:.2f})"
        for criterion, evidence in best
    )


def _show_failure(screen: Console, item: Dropped, row: "UploadRow") -> None:
    from winnow.errors import catalogue

    kind = catalogue().get(row.error_code or "")
    screen.print(
        Text.assemble(
            "  ", item.key, "\n  ", (row.error_code or "", "red"), f": {row.error_message}"
        )
    )
    if kind is not None:
        screen.print(Text(f"  What to do: {kind.hint}", style="dim"), soft_wrap=True)
    screen.print(Text(f"  {command()} why {row.upload_id[:12]}", style="cyan"))


def _show_mails(screen: Console, state_dir: StateDir, rows: Sequence["UploadRow"]) -> None:
    # A mail follows the result by a moment.
    deadline = time.monotonic() + 10.0
    mails: dict[str, mailbox.StoredMail] = {}
    while len(mails) < len(rows) and time.monotonic() < deadline:
        for mail in mailbox.read(state_dir.mail):
            mails.update((row.upload_id, mail) for row in rows if row.upload_id in mail.body)
        time.sleep(0.05)
    for mail in mails.values():
        screen.print(Text.assemble(("  Subject: ", "dim"), mail.subject))
    one_of_each = {row.state: row.upload_id for row in reversed(rows)}
    for upload_id in one_of_each.values():
        if upload_id in mails:
            screen.print(Text(f"\n  {mails[upload_id].subject}", style="bold"))
            for line in mails[upload_id].body.rstrip().splitlines():
                screen.print(Text(f"  │ {line}"), soft_wrap=True)
    screen.print(Text(f"\n  Kept as .eml files in {here(state_dir.mail)}/", style="dim"))


def _show_next(screen: Console, state: StackState, row: "UploadRow") -> None:
    address = f"{row.results_at}"
    lines = (
        ("Results", address),
        ("Fetch one", f"{command()} results {row.upload_id[:12]} --format json"),
        (
            "or with S3",
            "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test aws --endpoint-url "
            f"{state.endpoint} s3 cp {address}result.json -",
        ),
        ("Your file", f"{command()} submit FILE.csv --process L33774 --wait"),
        ("All uploads", f"{command()} status"),
        ("A sentence", f'{command()} predict --process emotions "I could not stop smiling."'),
        ("Your rules", f"{command()} process validate processes/L33774.yaml"),
    )
    for title, line in lines:
        screen.print(Text.assemble((f"  {title:<12}", "dim"), (line, "cyan")), soft_wrap=True)


def main() -> int:
    """Run the demo; return its exit code."""
    argparse.ArgumentParser(prog="winnow_cli.demo", description=__doc__).parse_args()
    prepare_streams()
    screen = Console(highlight=False)
    if not screen.is_terminal:
        screen = Console(highlight=False, width=PLAIN_WIDTH, soft_wrap=False)
    try:
        run(screen, StateDir.default(), Checkout.here().root / "samples")
    except WinnowError as error:
        screen.print(Text(f"{error}\n{error.hint}", style="red"))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
