"""`winnow submit`, `status`, `why` and `results`: files dropped, and what became of them."""

import csv
import re
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

import typer

from winnow.errors import AwsBusyError, AwsUnreachableError, InternalError, StackNotRunningError
from winnow.storage.file_names import name_of
from winnow_cli.console import (
    OUTCOME_STYLES,
    STATE_STYLES,
    clean,
    csv_stream,
    emit_json,
    note,
    say,
    shorten,
    stderr,
    table,
    typed_here,
)
from winnow_cli.options import (
    FILES,
    INTERRUPTED,
    AsJson,
    ProcessId,
    StackName,
    UploadId,
    comes_of_ctrl_c,
    ending,
    fail,
    handle_errors,
    unusable,
)

if TYPE_CHECKING:
    from winnow.models import CriterionFinding, Evidence, Result, ResultRecord
    from winnow_cli.submissions import Drop, Submission
    from winnow_cli.target import Target
    from winnow_cli.uploads import UploadRow, Uploads

LONGEST_KEY = 1024
"""Bytes, in S3."""
MOST_NAMES = 20
LOOKS = 100
"""How many uploads `--wait` looks at before it pauses."""
UNSURE = (AwsUnreachableError, AwsBusyError, StackNotRunningError, InternalError)
"""Errors after which S3 may have what it was sent."""
POLL_LOCAL_S = 0.1
POLL_AWS_S = 1.0
_FORMULA = re.compile(
    r"""(?<![\s"'“”\u200b\u2060\ufeff])([\s"'“”\u200b\u2060\ufeff]*+)[=+\-@＝＋－＠]"""
)
"""What a formula begins with, and all before it that a spreadsheet may leave out."""
_PARTING = re.compile(r"[\t\r\n]")
_BLANK_STARTS = ("\t", "\r", "\n")
_CELL_ENDS = ("", ";", "|")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no cell of a CSV has: controls that steer a terminal, and halves of surrogate pairs."""


class Format(StrEnum):
    """How `winnow results` prints."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    for one in (submit, status, why, results):
        app.command(rich_help_panel=FILES)(one)


# -- submit --------------------------------------------------------------------------------------


@handle_errors
def submit(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH", exists=True, dir_okay=False, readable=True, help="Files, no folders."
        ),
    ],
    process: ProcessId,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="X", min=0.0, max=1.0, help="Least confidence to be accepted, for these files."
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until every run has ended.")] = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=1.0, help="How long --wait waits.")
    ] = 900.0,
    anew: Annotated[
        bool,
        typer.Option(
            "--anew", help="Take up nothing of a submit that was broken off: drop every file."
        ),
    ] = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Drop files into the inbox of a process.

    With --wait: exit code 0 if every run succeeded, 1 if one failed or did not end in time.

    A submit that ends early (an error, Ctrl-C, a killed terminal) names what was dropped and what
    was not. Run it again, in the same folder within a day: a file of the same path and content that
    was dropped is taken up, not judged twice. Otherwise each submit of a file is a new upload.
    """
    from winnow_cli.submissions import submission
    from winnow_cli.target import find_target
    from winnow_cli.uploads import Uploads
    from winnow_local.state import StateDir

    if not process.strip() or "/" in process or not process.isprintable():
        raise typer.BadParameter(
            "a process id or code has no '/' and no control characters", param_hint="--process"
        )
    if irregular := [path for path in paths if not path.is_file()]:
        raise typer.BadParameter(
            f"{clean(str(irregular[0]))} is a pipe or a device; save it as a file",
            param_hint="PATH",
        )
    try:
        target = find_target(stack)
        uploads = Uploads(target)
    except KeyboardInterrupt:
        note("Nothing was dropped.")
        raise
    if len(uploads.new_key(max(paths, key=_key_bytes), process).encode()) > LONGEST_KEY:
        raise typer.BadParameter("the process id and a file's name are too long", param_hint="PATH")
    about = {
        "place": target.place,
        "process": process,
        "threshold": "" if threshold is None else f"{threshold:g}",
    }
    batch = Batch(paths)
    rows: dict[str, UploadRow] = {}
    with submission(StateDir.default().submissions, about, anew, note) as memory:
        try:
            for path in _shown("dropping files", paths):
                batch.drop(uploads, memory, path, process, threshold)
            if batch.taken_up:
                note(
                    f"{len(batch.taken_up):,} of {len(paths):,} files were dropped by a submit "
                    "that was broken off; they are taken up. --anew drops them again."
                )
            if wait:
                poll = POLL_LOCAL_S if target.local else POLL_AWS_S
                wait_for_all(uploads, [drop.key for _, drop in batch.done], timeout, poll, rows)
        except (Exception, KeyboardInterrupt) as error:
            _end_early(batch, rows, target, stack, as_json, error)
        for _, drop in batch.done:
            if not wait or (drop.key in rows and rows[drop.key].ended):
                memory.settled(drop.key)
    if as_json:
        emit_json(batch.document(rows, target))
    elif wait:
        _tell_ends([(path, rows.get(drop.key)) for path, drop in batch.done], target)
    else:
        _tell_addresses(batch, target)
        note(f"`{target.hint('status')}` shows how the runs go.")
    if wait and not all(
        drop.key in rows and rows[drop.key].state == "SUCCEEDED" for _, drop in batch.done
    ):
        raise typer.Exit(1)


class Batch:
    """The files of one submit, and how far it has come with them."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self.done: list[tuple[Path, Drop]] = []
        self.taken_up: set[str] = set()
        """Keys of what an earlier submit had dropped."""
        self.trying: Path | None = None
        """On its way: whether S3 has it is not known."""

    @property
    def left(self) -> Sequence[Path]:
        """What was not dropped, the one on its way first."""
        return self._paths[len(self.done) :]

    def drop(
        self,
        uploads: "Uploads",
        memory: "Submission",
        path: Path,
        process: str,
        threshold: float | None,
    ) -> None:
        """Drop a file, or take it up where an earlier submit had dropped it."""

        def plan() -> "Drop":
            try:
                return memory.plan(path, lambda: uploads.new_key(path, process), time.time())
            except OSError as error:
                raise unusable(error) from None

        drop = plan()
        while drop.dropped and _failed(uploads, drop.key):
            # Somebody drops it once more because its run failed.
            memory.settled(drop.key)
            drop = plan()
        if drop.dropped:
            self.taken_up.add(drop.key)
        else:
            self.trying = path
            drop = memory.dropped(drop, uploads.drop(path, drop.key, threshold))
            self.trying = None
        self.done.append((path, drop))

    def document(self, rows: "Mapping[str, UploadRow]", target: "Target") -> dict[str, Any]:
        """The uploads as JSON: what is known of each."""
        return {
            "uploads": [
                {
                    "file": str(path),
                    "bucket": target.uploads_bucket,
                    "object_key": drop.key,
                    **_identity(drop, target),
                    **({"taken_up": True} if drop.key in self.taken_up else {}),
                    **(row_document(rows[drop.key]) if drop.key in rows else {}),
                }
                for path, drop in self.done
            ]
        }


def _failed(uploads: "Uploads", key: str) -> bool:
    from winnow.errors import AccessDeniedError

    try:
        row = uploads.by_key(key)
    except AccessDeniedError:
        return False  # Who may drop need not be one who may look.
    return row is not None and row.state == "FAILED"


def _key_bytes(path: Path) -> int:
    return len(name_of(path).encode())


def _identity(drop: "Drop", target: "Target") -> dict[str, str]:
    from winnow.steps.upload import upload_id

    if drop.version_id is None:
        return {}
    own = upload_id(target.uploads_bucket, drop.key, drop.version_id)
    return {"upload_id": own, "version_id": drop.version_id}


def _tell_addresses(batch: Batch, target: "Target") -> None:
    for _, drop in batch.done:
        say(clean(f"s3://{target.uploads_bucket}/{drop.key}"))


def _end_early(
    batch: Batch,
    rows: "Mapping[str, UploadRow]",
    target: "Target",
    stack: str | None,
    as_json: bool,
    error: BaseException,
) -> NoReturn:
    """Tells what was dropped, by its id, and what was not; ends with 130 or 1."""
    by_ctrl_c = isinstance(error, KeyboardInterrupt) or comes_of_ctrl_c(error)
    if isinstance(error, BrokenPipeError):
        raise error
    told = None if by_ctrl_c or not isinstance(error, Exception) else ending(error, stack)
    if told is not None and not isinstance(told, UNSURE):
        batch.trying = None  # It was refused.
    left = batch.left
    if not as_json:
        _tell_addresses(batch, target)
    if left:
        note(f"{len(batch.done):,} of {len(batch.done) + len(left):,} files were dropped:")
    else:
        note(f"All files were dropped, and their runs go on; `{target.hint('status')}` shows how.")
    _tell_some(
        f"  {_identity(drop, target).get('upload_id', 'id unknown')}  {clean(str(path))}"
        for path, drop in batch.done
    )
    if left:
        note("Not dropped by this submit:")
        unsure = "  (on its way: the same submit, run again, finds out)"
        _tell_some(f"  {clean(str(path))}{unsure if path is batch.trying else ''}" for path in left)
    note("The same submit, run again within a day, takes up what was dropped; it is judged once.")
    more = {
        **batch.document(rows, target),
        "not_dropped": [str(path) for path in left],
        "on_its_way": None if batch.trying is None else str(batch.trying),
    }
    if told is not None:
        fail(told, as_json, more)
    if as_json:
        hint = "Run the same submit again: what was dropped is taken up."
        emit_json({"error": {**INTERRUPTED, "advice": hint}, **more})
    note("Interrupted.")
    raise typer.Exit(130) from None


def _tell_some(lines: Iterable[str]) -> None:
    told = list(lines)
    for line in told[:MOST_NAMES]:
        note(line)
    if len(told) > MOST_NAMES:
        note(f"  and {len(told) - MOST_NAMES:,} more; --json names all.")


def _shown(what: str, paths: Sequence[Path]) -> Iterator[Path]:
    """The files one after another, with a bar on a terminal where there are several."""
    screen = stderr()
    if len(paths) == 1 or not screen.is_terminal:
        yield from paths
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=screen,
        transient=True,
    ) as progress:
        yield from progress.track(paths, description=what)


def wait_for_all(
    uploads: "Uploads",
    keys: Sequence[str],
    timeout_s: float,
    poll_s: float,
    seen: dict[str, "UploadRow"],
) -> None:
    """Polls until the run of every key has ended or the time is up; `seen` gets the rows by key."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    deadline = time.monotonic() + timeout_s
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    screen = stderr()
    with Progress(
        *columns, console=screen, transient=True, disable=not screen.is_terminal
    ) as progress:
        task = progress.add_task("waiting for runs", total=len(keys))
        pending, looks = deque(keys), 0
        while pending and (looks < len(keys) or time.monotonic() < deadline):
            # Some at a time, in turn: of ten thousand, those that end early are told early.
            some = min(len(pending), LOOKS)
            for key in [pending.popleft() for _ in range(some)]:
                row = uploads.by_key(key)
                if row is not None:
                    seen[key] = row
                if row is None or not row.ended:
                    pending.append(key)
            looks += some
            progress.update(task, completed=len(keys) - len(pending))
            if pending:
                time.sleep(poll_s)


def _tell_ends(ends: Sequence[tuple[Path, "UploadRow | None"]], target: "Target") -> None:
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
        else:
            say(f"{name}: still running; `{target.hint(f'status {row.upload_id}')}`")


# -- status --------------------------------------------------------------------------------------


@handle_errors
def status(
    upload_id: Annotated[
        str | None,
        typer.Argument(metavar="UPLOAD_ID", help="One upload; without it, every one there is."),
    ] = None,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """One line an upload: state, counts, times; the latest first."""
    from winnow_cli.target import find_target
    from winnow_cli.uploads import Uploads

    target = find_target(stack)
    uploads = Uploads(target)
    rows = uploads.every() if upload_id is None else [uploads.find(upload_id)]
    waiting = 0
    if upload_id is None and target.outputs.get("MaxRuns", "0") != "0":
        from winnow_cli.audit import waiting as those_that_wait

        waiting = those_that_wait(target)
    if as_json:
        emit_json({"uploads": [row_document(row) for row in rows], "waiting": waiting})
        return
    if rows:
        print_status(rows)
    if waiting:
        note(
            f"About {waiting:,} uploads wait for their run: the stack lets "
            f"{target.outputs['MaxRuns']} run at once (MaxRuns)."
        )
    elif not rows:
        note("Nothing was dropped yet.")


def print_status(rows: Sequence["UploadRow"]) -> None:
    """The uploads as a table; on a terminal, of one line an upload where that can be."""
    drawn = sys.stdout.isatty()
    table(
        ("state", "upload id", "file", "process", "counts or error", "started (UTC)", "seconds"),
        [
            (
                row.state,
                # On a terminal, as much as every command takes for an id.
                row.upload_id[:12] if drawn else row.upload_id,
                shorten(row.file_name, 22 if drawn else 40),
                row.process or "",
                counts_line(row) if row.state == "SUCCEEDED" else row.error_code or "",
                row.claimed_at[5 if drawn else 0 : 19].replace("T", " "),
                _seconds(row),
            )
            for row in rows
        ],
        styles=[STATE_STYLES[row.state] for row in rows],
        right=("seconds",),
        spare=("seconds", "started (UTC)"),
    )


def counts_line(row: "UploadRow") -> str:
    """`37 accepted, 5 to review, 1 invalid`, as the mails say it: none of what there is none."""
    told = [f"{row.accepted or 0:,} accepted"]
    if row.review:
        told.append(f"{row.review:,} to review")
    if row.invalid:
        told.append(f"{row.invalid:,} invalid")
    return ", ".join(told)


def _seconds(row: "UploadRow") -> str:
    from datetime import datetime

    if row.ended_at is None:
        return ""
    began, ended = (datetime.fromisoformat(text) for text in (row.claimed_at, row.ended_at))
    return f"{(ended - began).total_seconds():.1f}"


def row_document(row: "UploadRow") -> dict[str, Any]:
    """An upload as JSON: the table's names, nothing that is not there."""
    return {**row.model_dump(exclude_none=True), "results_at": row.results_at}


# -- why -----------------------------------------------------------------------------------------


@handle_errors
def why(upload_id: UploadId, stack: StackName = None, as_json: AsJson = False) -> None:
    """Say why an upload failed, and what to do about it."""
    from winnow.errors import catalogue
    from winnow_cli.target import find_target
    from winnow_cli.uploads import Uploads

    target = find_target(stack)
    row = Uploads(target).find(upload_id)
    kind = catalogue().get(row.error_code or "")
    hint = advice_for(row.error_code, kind.hint if kind else "", row.error_message or "")
    if as_json:
        emit_json(
            {
                "upload_id": row.upload_id,
                "state": row.state,
                "code": row.error_code,
                "message": row.error_message,
                "advice": hint if row.state == "FAILED" else None,
                "run": row.run,
            }
        )
    elif row.state == "RUNNING":
        say("The run has not ended.")
    elif row.state == "SUCCEEDED":
        say(f"The run succeeded: {counts_line(row)}.")
        if row.review or row.invalid:
            how = target.hint(f"results {row.upload_id}")
            say(f"`{how}` shows why not every record was accepted.")
    else:
        say(f"{row.error_code}: {_lines(row.error_message or '')}")
        own = re.sub(
            "`winnow ([a-z]+) UPLOAD_ID`",
            lambda found: f"`{target.hint(f'{found[1]} {row.upload_id}')}`",
            hint,
        )
        say(f"What to do: {typed_here(own)}")
        say(f"File: s3://{row.bucket}/{clean(row.object_key)}")
        say(f"Run:  {row.run}")


def advice_for(code: str | None, known: str, message: str = "") -> str:
    """What to do about a code; a code of the workflow's own is not in the catalogue."""
    from winnow_cli.workflow_errors import workflow_advice

    if known:
        return known
    if code and code.startswith("workflow_"):
        return workflow_advice(code, message)
    return "Look at the run's history in Step Functions."


def _lines(text: str) -> str:
    return "\n".join(clean(line) for line in text.splitlines())


# -- results -------------------------------------------------------------------------------------


@handle_errors
def results(
    upload_id: UploadId,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TABLE,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Show the records of an upload: decision, confidence and the evidence for it.

    In a pipe or a file, a CSV is UTF-8 and JSON is ASCII (UTF-8 too), whatever the locale.
    """
    from winnow_cli.target import aws_errors, find_target
    from winnow_cli.uploads import Uploads

    target = find_target(stack)
    uploads = Uploads(target)
    with aws_errors(target):
        result = uploads.result(uploads.find(upload_id))
        if as_json or form is Format.JSON:
            records = [
                record.model_dump(mode="json", exclude_none=True)
                for record in uploads.records(result)
            ]
            emit_json(
                {"result": result.model_dump(mode="json", exclude_none=True), "records": records}
            )
        elif form is Format.CSV:
            with csv_stream() as stream:
                write_csv(uploads.records(result), stream)
        else:
            print_results(result, list(uploads.records(result)))


def print_results(result: "Result", records: Sequence["ResultRecord"]) -> None:
    """The records as a table, and a line of counts.

    Of an archive, a mail or a workbook it names the member or sheet that a record comes from.
    """
    parts = any(record.part for record in records)
    table(
        (
            "outcome",
            "record",
            *(["part"] if parts else []),
            "id",
            "decision",
            "confidence",
            "evidence or reason",
        ),
        [
            (
                record.outcome.value,
                str(record.record),
                *([record.part or ""] if parts else []),
                record.source_id or "",
                decision_of(record),
                "" if record.confidence is None else f"{record.confidence:.2f}",
                grounds_of(record, 100),
            )
            for record in records
        ],
        styles=[OUTCOME_STYLES[record.outcome.value] for record in records],
        right=("record", "confidence"),
    )
    counts = result.counts
    note(
        f"{counts.accepted:,} accepted, {counts.review:,} to review, {counts.invalid:,} invalid; "
        f"process {result.process.id} {result.process.version}, threshold {result.threshold:g} "
        f"(from the {result.threshold_from})"
    )
    if basis := basis_of(records):
        note(basis)
    for found in result.notes:
        note(f"note {found.code}: {clean(found.text)}")


def decision_of(record: "ResultRecord") -> str:
    """`met`, or a label; empty for an invalid record."""
    return "" if record.decision is None else str(record.decision.value)


def because_of(record: "ResultRecord") -> tuple[str, ...]:
    """The ids of the criteria behind the decision; none for labels and invalid records."""
    decision = record.decision
    return decision.because if decision is not None and decision.kind == "criteria" else ()


def evidence_of(record: "ResultRecord") -> list[tuple[str, "Evidence"]]:
    """The evidence behind the decision, the most similar first; each with its criterion's id.

    One piece for each criterion the decision rests on, of those that speak as its verdict does
    where there are such; or all there is for a label (id empty).
    """
    decision = record.decision
    if decision is None:
        return []
    if decision.kind == "labels":
        found = [("", evidence) for evidence in decision.evidence]
    else:
        found = [
            (criterion.id, _loudest(criterion))
            for criterion in decision.criteria
            if criterion.id in decision.because and criterion.evidence
        ]
    return sorted(found, key=lambda one: -one[1].similarity)


def _loudest(criterion: "CriterionFinding") -> "Evidence":
    side = "opposes" if criterion.verdict == "not_met" else "supports"
    return max(criterion.evidence, key=lambda one: (one.polarity == side, one.similarity))


def quoted(criterion: str, evidence: "Evidence", width: int) -> str:
    """A piece of evidence on one line, marked as for (✓) or against (✗) its criterion."""
    text = f"“{shorten(evidence.text, width)}”"
    mark = "✓" if evidence.polarity == "supports" else "✗"
    return f"{mark} {criterion}: {text}" if criterion else text


def basis_of(records: Sequence["ResultRecord"]) -> str:
    """What the confidences of a table are, in a few words; empty where it has none."""
    told = {record.calibrated for record in records if record.calibrated is not None}
    if told == {True}:
        return "confidence is calibrated: the probability that the decision is right"
    if told == {False}:
        return "confidence is the raw score, not a probability: this process has no calibration"
    return (
        "confidence is calibrated for some records only: --format json says which" if told else ""
    )


def grounds_of(record: "ResultRecord", width: int) -> str:
    """The most similar evidence; without any, the criteria that lack it, or the reason."""
    if record.decision is None:
        return shorten(f"{record.code}: {record.reason}", width)
    found = evidence_of(record)
    if not found:
        lacking = ", ".join(because_of(record))
        return shorten(f"no evidence on {lacking}" if lacking else record.reason or "", width)
    return quoted(*found[0], width)


def write_csv(records: Iterable["ResultRecord"], stream: TextIO) -> None:
    """CSV for a spreadsheet; a cell that a spreadsheet would run as a formula is made text.

    Control characters other than tabs and line ends are replaced by U+FFFD; the JSON has them.
    """
    columns = (
        "outcome",
        "record",
        "line",
        "part",
        "source_id",
        "decision",
        "because",
        "score",
        "confidence",
        "calibrated",
        "evidence",
        "code",
        "reason",
    )
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns)
    for record in records:
        evidence = evidence_of(record)
        cells = (
            record.outcome.value,
            record.record,
            record.line,
            record.part,
            record.source_id,
            decision_of(record),
            ";".join(because_of(record)),
            record.score,
            record.confidence,
            record.calibrated,
            evidence[0][1].text if evidence else None,
            record.code,
            record.reason,
        )
        writer.writerow(["" if cell is None else safe_cell(cell) for cell in cells])


def safe_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: a ' before it marks it as text.

    So also after blanks and quotes, in the wide letters of East Asian keyboards, and after what a
    spreadsheet of another country takes for the end of the cell.

    >>> safe_cell("=1+1"), safe_cell("a; @b"), safe_cell(-0.5)
    ("'=1+1", "a;' @b", '-0.5')
    """
    if not isinstance(value, str):
        return str(value)
    safe = _FORMULA.sub(_marked, _CONTROL.sub("\ufffd", value))
    return f"'{safe}" if safe[:1] in _BLANK_STARTS else safe


def _marked(formula: re.Match[str]) -> str:
    """An apostrophe at the start, or behind `;` or `|`, and behind every tab and line break."""
    before = formula.string[formula.start() - 1 : formula.start()]
    mark = "'" if before in _CELL_ENDS else ""
    lead = _PARTING.sub(r"\g<0>'", formula[1])
    return f"{mark}{lead}{formula[0][-1]}"
