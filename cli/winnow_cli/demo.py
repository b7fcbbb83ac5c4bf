"""`make demo`: runs the whole system on this machine, on the sample files.

Starts the local stack (or uses the one that runs), drops the samples with plain S3 calls as any
user would, waits, and shows results with evidence, the e-mails, and where the results are. The
stack is left running. Run as `python -m winnow_cli.demo`.
"""

import argparse
import io
import time
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from winnow.errors import (
    SearchUnavailableError,
    StackFailedError,
    StackNotRunningError,
    WinnowError,
)
from winnow_cli.console import clean, command, here, prepare_streams
from winnow_cli.render.records import (
    OUTCOME_STYLES,
    basis_of,
    confidence_of,
    decision_of,
    evidence_of,
    quoted,
    reason_of,
)
from winnow_cli.render.tables import drawn_table
from winnow_cli.render.uploads import SHORT_ID
from winnow_cli.workflow_errors import advice_for
from winnow_local import mailbox
from winnow_local.stack import running, start_detached
from winnow_local.state import StackState, StateDir
from winnow_local.template import Checkout

if TYPE_CHECKING:
    from winnow.models import ResultRecord
    from winnow.recovery.upload_row import UploadRow
    from winnow_cli.target import Target
    from winnow_cli.uploads import Uploads

WAIT_S = 120.0
MAIL_WAIT_S = 10.0
"""An e-mail comes a moment after the result."""
INDEX_WAIT_S = 10.0
"""The index follows some seconds after a result."""
MAX_ROWS = 15
"""A longer table shows the first few of each outcome."""
ROWS_PER_OUTCOME = 3
PLAIN_WIDTH = 110
"""Width in columns if the output is not a terminal."""


@dataclass(frozen=True)
class Sample:
    """A sample file, or a folder that is dropped as a ZIP; where to, and what it shows."""

    file: str
    folder: str
    description: str

    @property
    def name(self) -> str:
        """Of the object that is dropped."""
        return self.file if Path(self.file).suffix else f"{self.file}.zip"

    def read(self, samples: Path) -> bytes:
        """Its bytes."""
        path = samples / self.file
        return _zipped(path) if path.is_dir() else path.read_bytes()


SAMPLES = (
    Sample("prior-auth-cases.csv", "91110", "prior-authorization cases, by a billing code"),
    Sample("prior-auth-note.txt", "L33774", "one clinical note, by the id of its policy"),
    Sample("prior-auth-scan.pdf", "L33774", "the same note as a fax, read by OCR"),
    Sample("feelings.jsonl", "emotions", "sentences, for another kind of process"),
    Sample("two-wheels", "two-wheels", "three pictures, judged as pictures; one is neither"),
    Sample("prior-auth-note.txt", "L99999", "a process that does not exist: this run has to fail"),
)


PHRASE = '"iron deficiency anemia" bleed*'
SHOWN_HITS = 3
PROCESS = "L33774"
LABELLED, LABEL_COLUMN = "samples/prior-auth-labelled.csv", "decision"
"""What the head of that process was trained on. A few decisions alone are too few."""


@dataclass(frozen=True)
class DroppedSample:
    """A sample in the inbox: its key, and when it was dropped."""

    sample: Sample
    key: str
    at: float


@dataclass(frozen=True)
class EndedRun:
    """A dropped sample and the row of its run."""

    sample: Sample
    row: "UploadRow"


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
    state = _start_stack(screen, state_dir)
    target = find_target(None)
    uploads = Uploads(target)

    _heading(screen, "2. Files dropped into the inbox, with plain S3 puts")
    dropped = _drop_samples(screen, target, samples)
    runs = _wait_for_runs(screen, uploads, dropped)

    _heading(screen, "3. The decisions, with their evidence")
    _show_results(screen, uploads, runs)
    _heading(screen, "4. The run that failed, and what to do about it")
    _show_failures(screen, runs)
    _heading(screen, "5. The e-mails that were sent")
    _show_mails(screen, state_dir, [run.row for run in runs])
    _heading(screen, "6. All results at once: a chart, and a search")
    _show_search(screen, target, [run.row for run in runs])
    _heading(screen, "7. Where the results are, and what to try next")
    _show_next(screen, state, next(run.row for run in runs if run.row.results_at))
    screen.print(
        Text(f"\nAll of this took {time.monotonic() - began:.1f} s. ", style="bold")
        + Text("The stack is still running; `make down` ends it.")
    )


def _heading(screen: Console, title: str) -> None:
    screen.print()
    screen.print(Rule(Text(title, style="bold"), align="left", style="dim"))


def _start_stack(screen: Console, state_dir: StateDir) -> StackState:
    began = time.monotonic()
    try:
        state = running(state_dir)
        screen.print(f"  The local stack is already running at {state.endpoint}.")
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


def _drop_samples(screen: Console, target: "Target", samples: Path) -> list[DroppedSample]:
    s3 = target.s3()
    folder = f"{datetime.now():%Y-%m-%d-%H%M%S}"
    dropped = []
    for sample in SAMPLES:
        key = f"inbox/{sample.folder}/{folder}/{sample.name}"
        s3.put_object(Bucket=target.uploads_bucket, Key=key, Body=sample.read(samples))
        dropped.append(DroppedSample(sample, key, time.monotonic()))
        screen.print(Text.assemble(("  put ", "dim"), key, (f"  {sample.description}", "dim")))
    screen.print()
    return dropped


def _zipped(folder: Path) -> bytes:
    """The files of a folder as a ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return out.getvalue()


def _wait_for_runs(
    screen: Console, uploads: "Uploads", dropped: Sequence[DroppedSample]
) -> list[EndedRun]:
    """Wait until the run of every sample has ended; returns them in the samples' order."""
    rows: dict[str, UploadRow] = {}
    deadline = time.monotonic() + WAIT_S
    with screen.status("waiting for the runs to end"):
        while len(rows) < len(dropped):
            for item in dropped:
                row = None if item.key in rows else uploads.by_key(item.key)
                if row is not None and row.ended:
                    rows[item.key] = row
                    _print_end(screen, item, row)
            if time.monotonic() > deadline:
                raise StackFailedError(f"Not every run ended within {WAIT_S:.0f} s.")
            time.sleep(0.1)
    return [EndedRun(item.sample, rows[item.key]) for item in dropped]


def _print_end(screen: Console, item: DroppedSample, row: "UploadRow") -> None:
    seconds = f"{time.monotonic() - item.at:4.1f} s  "
    name = f"{item.sample.folder}/{item.sample.name}  "
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


def _show_results(screen: Console, uploads: "Uploads", runs: Sequence[EndedRun]) -> None:
    screen.print(Text("  ✓ supports the criterion, ✗ opposes it", style="dim"))
    for run in runs:
        if run.row.state == "SUCCEEDED":
            _show_result(screen, uploads, run)


def _show_result(screen: Console, uploads: "Uploads", run: EndedRun) -> None:
    result = uploads.result(run.row)
    records = sorted(uploads.records(result), key=lambda record: record.record)
    shown = records if len(records) <= MAX_ROWS else _some_of_each_outcome(records)
    screen.print(
        Text.assemble(
            (f"\n{run.sample.name}", "bold"),
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
                    record.source_id or record.part or str(record.record),
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
        how = f"{command()} results {run.row.upload_id[:SHORT_ID]}"
        screen.print(Text.assemble((rest, "dim"), (how, "cyan")))
    screen.print(Text(f"  {basis_of(records)}", style="dim"))
    for line in result.notes:
        screen.print(Text(f"  note {line.code}: {clean(line.text)}", style="dim"))


def _some_of_each_outcome(records: Sequence["ResultRecord"]) -> list["ResultRecord"]:
    by_outcome: dict[str, list[ResultRecord]] = {}
    for record in records:
        by_outcome.setdefault(record.outcome.value, []).append(record)
    return sorted(
        (record for same in by_outcome.values() for record in same[:ROWS_PER_OUTCOME]),
        key=lambda record: record.record,
    )


def _evidence(record: "ResultRecord") -> str:
    strongest = evidence_of(record)[:2]
    if not strongest:
        return reason_of(record)
    return "\n".join(
        f"{quoted(criterion, evidence, 90)} ({evidence.similarity:.2f})"
        for criterion, evidence in strongest
    )


def _show_failures(screen: Console, runs: Sequence[EndedRun]) -> None:
    for run in runs:
        if run.row.state == "FAILED":
            _show_failure(screen, run.row)


def _show_failure(screen: Console, row: "UploadRow") -> None:
    screen.print(
        Text.assemble(
            "  ", row.object_key, "\n  ", (row.error_code or "", "red"), f": {row.error_message}"
        )
    )
    advice = advice_for(row.error_code, row.error_message or "")
    screen.print(Text(f"  What to do: {advice}", style="dim"), soft_wrap=True)
    screen.print(Text(f"  {command()} why {row.upload_id[:SHORT_ID]}", style="cyan"))


def _show_mails(screen: Console, state_dir: StateDir, rows: Sequence["UploadRow"]) -> None:
    """Print the subjects of all e-mails, and the text of one success and one failure."""
    mails = _wait_for_mails(state_dir, rows)
    for mail in mails.values():
        screen.print(Text.assemble(("  Subject: ", "dim"), mail.subject))
    one_of_each_state = {row.state: row.upload_id for row in reversed(rows)}
    for upload_id in one_of_each_state.values():
        if upload_id in mails:
            screen.print(Text(f"\n  {mails[upload_id].subject}", style="bold"))
            for line in mails[upload_id].body.rstrip().splitlines():
                screen.print(Text(f"  │ {line}"), soft_wrap=True)
    screen.print(Text(f"\n  Kept as .eml files in {here(state_dir.mail)}/", style="dim"))


def _wait_for_mails(
    state_dir: StateDir, rows: Sequence["UploadRow"]
) -> dict[str, mailbox.StoredMail]:
    """The e-mails that came in time, by upload id."""
    deadline = time.monotonic() + MAIL_WAIT_S
    mails: dict[str, mailbox.StoredMail] = {}
    while len(mails) < len(rows) and time.monotonic() < deadline:
        for mail in mailbox.read(state_dir.mail):
            mails.update((row.upload_id, mail) for row in rows if row.upload_id in mail.body)
        time.sleep(0.05)
    return mails


def _show_search(screen: Console, target: "Target", rows: Sequence["UploadRow"]) -> None:
    """A chart of all records of the stack, and those with a phrase: of the index if it is there."""
    from winnow.search.shapes import ChartId, SearchFilter, SearchRequest, StatsRequest
    from winnow_cli.render.charts import chart_lines
    from winnow_cli.render.hits import hit_lines
    from winnow_cli.searching import records_of

    indexed = _is_indexed(target, rows)
    searcher = records_of(target, SearchFilter(), from_results=not indexed).searcher
    chart = searcher.stats(StatsRequest(chart=ChartId.OUTCOMES))
    _ask(screen, "What became of all records, by day?", f"{command()} stats outcomes")
    for line in chart_lines(chart, screen.width - 2):
        screen.print(Padding(line, (0, 0, 0, 2)), soft_wrap=False)
    found = searcher.search(SearchRequest(query=PHRASE, limit=SHOWN_HITS))
    question = "Which texts speak of an iron deficiency anemia, and of bleeding?"
    _ask(screen, question, f"{command()} search '{PHRASE}'")
    for hit in found.hits:
        for line in hit_lines(hit):
            screen.print(Padding(line, (0, 0, 0, 2)), soft_wrap=False)
    shown = f"{len(found.hits):,} of {found.total:,} records"
    how = "found by the search index" if indexed else "read of the results: the index comes later"
    screen.print(Text(f"  {shown}, {how}", style="dim"))


def _ask(screen: Console, question: str, line: str) -> None:
    """A question to all results, and the command that answers it."""
    screen.print(Text.assemble(f"\n  {question}  ", (line, "cyan")), soft_wrap=True)


def _is_indexed(target: "Target", rows: Sequence["UploadRow"]) -> bool:
    """Whether the search index has all records of these runs, in time."""
    from winnow.search.shapes import SearchFilter, SearchRequest
    from winnow_cli.searching import records_of

    judged = [row for row in rows if row.state == "SUCCEEDED"]
    wanted = sum((row.accepted or 0) + (row.review or 0) + (row.invalid or 0) for row in judged)
    of_these = SearchFilter(uploads=tuple(row.upload_id for row in judged))
    searcher = records_of(target, of_these).searcher
    deadline = time.monotonic() + INDEX_WAIT_S
    with suppress(SearchUnavailableError):
        while time.monotonic() < deadline:
            if searcher.search(SearchRequest(filters=of_these, limit=0)).total == wanted:
                return True
            time.sleep(0.2)
    return False


def _show_next(screen: Console, state: StackState, row: "UploadRow") -> None:
    address = f"{row.results_at}"
    lines = (
        (
            "Decide",
            f"{command()} review  (what was set aside for a person; --terminal: without a browser)",
        ),
        ("Decided", f"{command()} results {row.upload_id[:SHORT_ID]}"),
        ("Export", f"{command()} reviews export --process {PROCESS} --output decided.csv"),
        (
            "Train",
            f"{command()} train --process {PROCESS} --data {LABELLED} "
            f"--label-column {LABEL_COLUMN} --data decided.csv",
        ),
        ("Results", address),
        ("Fetch one", f"{command()} results {row.upload_id[:SHORT_ID]} --format json"),
        (
            "or with S3",
            "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test aws --endpoint-url "
            f"{state.endpoint} s3 cp {address}result.json -",
        ),
        ("Your file", f"{command()} submit FILE.csv --process L33774 --wait"),
        ("All uploads", f"{command()} status"),
        ("Charts", f"{command()} stats  (--png FILE: as a picture)"),
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
