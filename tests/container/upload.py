"""The upload that events/ is about, put where its events say it is."""

import json
from pathlib import Path
from typing import Any, TypeVar

from tests.container.engine import ROOT
from tests.container.storage import RESULTS, Storage
from winnow.models import (
    ChunkTask,
    CriteriaDecision,
    Judgement,
    ModelInfo,
    ObjectRef,
    Record,
    ScoredHeader,
    ScoredRecord,
    Serialized,
    SerializeInput,
    Verdict,
)
from winnow.processes.registry import ProcessRegistry
from winnow.storage.jsonl import dump_line
from winnow.storage.paths import RunPaths

Task = TypeVar("Task", ChunkTask, Serialized)

SCAN = ROOT / "samples" / "prior-auth-scan.pdf"
CASES = ROOT / "samples" / "prior-auth-cases.csv"


def event(name: str) -> dict[str, Any]:
    """The event of events/<name>.json."""
    found: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text("utf-8"))
    return found


def put(s3: Storage, ref: ObjectRef, body: bytes) -> ObjectRef:
    """Put an object; the reference of the version it has become."""
    answer = s3.client.put_object(Bucket=ref.bucket, Key=ref.key, Body=body)
    return ref.model_copy(update={"version_id": answer.get("VersionId")})


def get(s3: Storage, ref: ObjectRef) -> bytes:
    """The bytes of an object."""
    return s3.client.get_object(Bucket=ref.bucket, Key=ref.key)["Body"].read()


def for_serialize(s3: Storage, file: Path = CASES) -> dict[str, Any]:
    """The uploaded file; the event names the version that S3 has given it here."""
    return _uploaded(s3, "serialize", file)


def for_scan(s3: Storage) -> dict[str, Any]:
    """The same for a scan."""
    return _uploaded(s3, "scan", SCAN)


def _uploaded(s3: Storage, name: str, file: Path) -> dict[str, Any]:
    run = SerializeInput.model_validate(event(name))
    stored = put(s3, run.upload.object, file.read_bytes())
    upload = run.upload.model_copy(update={"object": stored, "size": file.stat().st_size})
    return run.model_copy(update={"upload": upload}).model_dump(mode="json")


def for_classify(s3: Storage) -> dict[str, Any]:
    """The definition and a chunk of as many records as the event says; the process has no head."""
    task = _before(ChunkTask.model_validate(event("classify")))
    put(s3, task.definition, _definition())
    records = (
        Record(record=n, text=f"Case {n}: melena; colonoscopy found no source of bleeding.")
        for n in range(1, task.records + 1)
    )
    put(s3, task.source, b"".join(map(dump_line, records)))
    return task.model_dump(mode="json")


def _before(given: Task) -> Task:
    """The same of a run that began before versions had names; its process has no head."""
    upload_id = given.upload_id if isinstance(given, ChunkTask) else given.upload.upload_id
    copied = RunPaths(RESULTS, upload_id, given.run).definition
    update: dict[str, Any] = {"head": None, "version": None, "definition": copied}
    if isinstance(given, ChunkTask):
        update["references"] = None
    return given.model_copy(update=update)


def for_filter(s3: Storage) -> dict[str, Any]:
    """The definition, the manifest, and a scored chunk: one record accepted, the rest not."""
    run = _before(Serialized.model_validate(event("filter")))
    task = _before(ChunkTask.model_validate(event("classify")))
    put(s3, run.definition, _definition())
    put(s3, run.manifest, dump_line(task))
    header = ScoredHeader(
        chunk=0,
        records=run.records,
        process=run.process,
        model=ModelInfo(name="fake", version="0", sha256="0" * 64, engine="fake"),
        seconds=0.1,
    )
    decision = CriteriaDecision(value=Verdict.MET, because=(), criteria=())
    records = (
        ScoredRecord(
            record=n,
            judgement=Judgement(
                decision=decision, score=score, confidence=score, calibrated=False, segments=1
            ),
        )
        for n in range(1, run.records + 1)
        for score in [0.99 if n == 1 else run.threshold / 2]
    )
    put(s3, task.scored, dump_line(header) + b"".join(map(dump_line, records)))
    return run.model_dump(mode="json")


def _definition() -> bytes:
    book = ProcessRegistry.from_directory(ROOT / "processes")
    return book.find("L33774").model_dump_json().encode()
