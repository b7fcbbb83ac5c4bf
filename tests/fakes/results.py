"""Results folders as runs write them, for the index: made, reviewed, run again, erased, deleted."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from tests.fakes.store import MemoryEraser, MemoryStore
from winnow.errors import ObjectGoneError
from winnow.models import (
    Counts,
    LabelDecision,
    LabelScore,
    ModelInfo,
    ObjectRef,
    Outcome,
    ProcessInfo,
    Result,
    ResultRecord,
    RunCost,
    RunRef,
    Timings,
    Upload,
    VersionRef,
)
from winnow.reviews.forget import erased_line
from winnow.reviews.models import Kind
from winnow.reviews.reviewed import ReviewedRecord
from winnow.search.rows import IndexRow, UploadRows
from winnow.storage.jsonl import dump_line
from winnow.storage.paths import JSON, JSON_LINES, ReviewPaths, RunPaths

BUCKET = "results"
THRESHOLD = 0.6
MODEL = ModelInfo(name="fake", version="1", sha256="0" * 64, engine="fake")


class Judged(NamedTuple):
    """A record as it is to be: without a decision it is invalid."""

    text: str
    decision: str | None = "met"
    confidence: float = 0.9


class Folders:
    """The results bucket, and a time that goes on with every change."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.minutes = 0
        self.month = "2026-11"

    def now(self) -> str:
        """A new minute of the month."""
        self.minutes += 1
        day, minute = divmod(self.minutes * 37, 1440)
        return f"{self.month}-{1 + day % 30:02d}T{minute // 60:02d}:{minute % 60:02d}:00.000Z"

    def run(self, process: str, upload: str, records: Sequence[Judged], version: str = "a") -> None:
        """Write an upload's results, again if it was run before."""
        run = RunRef(id="1-0123456789ab", attempt=1, started_at=self.now())
        paths = RunPaths(BUCKET, upload, run)
        lines: dict[Outcome, list[bytes]] = {outcome: [] for outcome in Outcome}
        for number, record in enumerate(records, start=1):
            line = result_record(number, record)
            lines[line.outcome].append(dump_line(line))
        files = {
            outcome: self.store.publish(
                paths.outcome(process, outcome), b"".join(found), JSON_LINES, run.started_at
            )
            for outcome, found in lines.items()
        }
        result = Result(
            upload=Upload(upload_id=upload, object=ObjectRef(bucket="up", key="a.csv"), size=1),
            dropped_at="2026-10-31T23:59:00.000Z",
            run=run,
            process=ProcessInfo(id=process, version="1", kind="labels", sha256="e" * 64),
            version=VersionRef(sha256=version * 64, alias="champion"),
            model=MODEL,
            threshold=THRESHOLD,
            threshold_from="process",
            counts=Counts(records=len(records), **{o.value: len(lines[o]) for o in Outcome}),
            decisions={},
            finished_at=self.now(),
            timings=Timings(),
            cost=RunCost(
                region="us-east-1", prices="x", usd=0.0123, per_1000_records=1.0, steps={}
            ),
            files=files,
        )
        self.store.publish(
            paths.result(process), result.model_dump_json().encode(), JSON, run.started_at
        )

    def review(self, process: str, upload: str, decisions: dict[int, str | None]) -> None:
        """Write what people have decided; None: cannot tell."""
        records = {line["record"]: line for line in self.lines(process, upload)}
        at = self.now()
        reviewed = []
        for number, decision in sorted(decisions.items()):
            line = records.get(number)
            if line is None or "decision" not in line:
                continue
            machine = line["decision"]["value"]
            reviewed.append(
                ReviewedRecord(
                    record=number,
                    decision=decision,
                    cannot_tell=decision is None,
                    changed=None if decision is None else decision != machine,
                    by="ann" if number % 2 else "bob",
                    at=at,
                    machine_decision=machine,
                    confidence=line["confidence"],
                    outcome=line["outcome"],
                    kind=Kind.REVIEW if line["outcome"] == "review" else Kind.AUDIT,
                    blind=number % 3 == 0,
                )
            )
        paths = ReviewPaths(BUCKET, process, upload)
        content = b"".join(map(dump_line, reviewed))
        fence = f"2026-10-01T00:00:00.000Z#{self.minutes:012d}#{at}"
        self.store.publish(paths.reviewed, content, JSON_LINES, fence)

    def erase(self, process: str, upload: str, record: int) -> None:
        """Erase a record as `winnow forget` does: its line, and its decision."""
        ref = RunPaths(BUCKET, upload).result(process)
        stored = self.store.head(ref)
        result = Result.model_validate_json(self.store.content(stored.ref))
        for outcome, file in result.files.items():
            lines = self.store.content(file).splitlines(keepends=True)
            erased = [
                erased_line(ResultRecord.model_validate_json(line), len(line) - 1) + b"\n"
                if json.loads(line)["record"] == record
                else line
                for line in lines
            ]
            if erased != lines:
                fence = result.run.started_at if result.run else ""
                bare = file.model_copy(update={"version_id": None})
                newest = self.store.publish(bare, b"".join(erased), JSON_LINES, fence)
                files = {**result.files, outcome: newest}
                changed = result.model_copy(update={"files": files})
                self.store.publish(ref, changed.model_dump_json().encode(), JSON, fence)
        try:
            reviewed = self.store.head(ReviewPaths(BUCKET, process, upload).reviewed)
        except ObjectGoneError:
            return
        left = [
            line
            for line in self.store.content(reviewed.ref).splitlines(keepends=True)
            if json.loads(line)["record"] != record
        ]
        bare = reviewed.ref.model_copy(update={"version_id": None})
        self.store.publish(bare, b"".join(left), JSON_LINES, reviewed.fence)

    def forget_versions(self, process: str, upload: str) -> None:
        """Delete what no result.json names any more, as `winnow forget` does at its end."""
        eraser = MemoryEraser(self.store)
        found = eraser.versions(BUCKET, f"results/{process}/{upload}/")
        eraser.delete(BUCKET, [v for v in found if not v.latest and v.key.endswith(".jsonl")])

    def delete(self, process: str, upload: str) -> None:
        """Delete the folder, as its expiry does."""
        eraser = MemoryEraser(self.store)
        eraser.delete(BUCKET, eraser.versions(BUCKET, f"results/{process}/{upload}/"))

    def folders(self) -> list[tuple[str, str]]:
        """Process and upload of each folder with results."""
        keys = (key.split("/") for key in self.store.keys(BUCKET))
        return [(key[1], key[2]) for key in keys if key[0] == "results" and key[3] == "result.json"]

    def rows(self, process: str, upload: str) -> list[IndexRow]:
        return list(UploadRows(self.store, RunPaths(BUCKET, upload).result(process)))

    def lines(self, process: str, upload: str) -> list[dict]:
        """The lines of the results as a reader of JSON sees them."""
        result = json.loads(self.store.content(RunPaths(BUCKET, upload).result(process)))
        return [
            json.loads(line)
            for file in result["files"].values()
            for line in self.store.content(ObjectRef(**file)).splitlines()
        ]

    def reviewed(self, process: str, upload: str) -> dict[int, dict]:
        """The lines of reviewed.jsonl by record."""
        try:
            content = self.store.content(ReviewPaths(BUCKET, process, upload).reviewed)
        except ObjectGoneError:
            return {}
        return {line["record"]: line for line in map(json.loads, content.splitlines())}


def result_record(number: int, record: Judged) -> ResultRecord:
    """The line of a record."""
    if record.decision is None:
        return ResultRecord(
            outcome=Outcome.INVALID, record=number, line=number + 1, code="text_empty", reason="No."
        )
    code = None
    if record.decision == "undetermined":
        code = "undetermined"
    elif record.confidence < THRESHOLD:
        code = "below_threshold"
    return ResultRecord(
        outcome=Outcome.REVIEW if code else Outcome.ACCEPTED,
        record=number,
        line=number + 1,
        source_id=f"PA-{number}",
        decision=LabelDecision(
            value=record.decision, scores=(LabelScore(label=record.decision, score=1.0),)
        ),
        score=record.confidence,
        confidence=record.confidence,
        calibrated=True,
        code=code,
        reason="Why." if code else None,
        text=record.text,
    )
