"""Serialize, Filter and the join over a large table: `python -m tests.bench.streaming`.

Prints JSON.

Each step of each size runs in a process of its own on one core, its store a folder. The peers read
and write the same bytes in a bare loop of the standard library: `csv` to JSON lines for Serialize,
JSON lines to JSON lines for Filter. Classify is not here: its chunks are all alike, so that its
time is that of one chunk (part `classify`), whatever the size of the file.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tests.bench.corpus import cases
from tests.bench.reading import peak_mb
from winnow.models import (
    ChunkTask,
    FilterChunk,
    ObjectRef,
    Part,
    RunRef,
    ScoredHeader,
    Serialized,
    Upload,
)
from winnow.ports import Piece, StoredObject
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import parse_definition_json
from winnow.readers import ReadLimits
from winnow.registry.folder import FolderModels
from winnow.steps.classify import classify
from winnow.steps.filter import filter_chunk, filter_run
from winnow.steps.serialize import SerializeOptions, serialize
from winnow.storage.jsonl import dump_line, load_lines

ROOT = Path(__file__).parents[2]
PROCESS = "L33774"
SIZES = (100_000, 1_000_000)
VARIED = 1_000
"""So many rows differ; a table repeats them."""


class FolderStore:
    """An object store in a folder, one file an object, without versions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, ref: ObjectRef) -> Path:
        return self._folder / ref.bucket / ref.key

    def head(self, ref: ObjectRef) -> StoredObject:
        size = self.path(ref).stat().st_size
        return StoredObject(ref, size, {"process": PROCESS})

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[BinaryIO]:
        with self.path(ref).open("rb") as stream:
            yield stream

    def read_range(self, ref: ObjectRef, start: int, length: int) -> bytes:
        with self.path(ref).open("rb") as stream:
            stream.seek(start)
            return stream.read(length)

    def put(self, ref: ObjectRef, content: bytes, content_type: str) -> None:
        self.path(ref).parent.mkdir(parents=True, exist_ok=True)
        self.path(ref).write_bytes(content)

    def create(self, ref: ObjectRef, content: bytes, content_type: str) -> bool:
        if self.path(ref).exists():
            return False
        self.put(ref, content, content_type)
        return True

    def read_all(self, refs: Sequence[ObjectRef]) -> Iterator[bytes]:
        return (self.path(ref).read_bytes() for ref in refs)

    def publish(self, ref: ObjectRef, content: bytes, content_type: str, fence: str) -> ObjectRef:
        self.put(ref, content, content_type)
        return ref

    def join(
        self, ref: ObjectRef, pieces: Sequence[Piece], content_type: str, fence: str
    ) -> ObjectRef:
        self.path(ref).parent.mkdir(parents=True, exist_ok=True)
        with self.path(ref).open("wb") as whole:
            for piece in pieces:
                whole.write(self.path(piece.ref).read_bytes())
        return ref


UPLOAD = Upload(
    upload_id="0" * 32, object=ObjectRef(bucket="uploads", key="inbox/cases.csv"), size=1
)


RUN = RunRef(id="1-0123456789ab", attempt=1, started_at="2026-11-26T09:30:00.000Z")


# -- the steps, each in a process of its own -------------------------------------------------------


def serialize_table(folder: Path) -> None:
    book = ProcessRegistry.from_directory(ROOT / "processes")
    limits = ReadLimits(max_file_bytes=10**10)
    options = SerializeOptions(results_bucket="results", limits=limits)
    done = serialize(
        UPLOAD, FolderStore(folder), FolderModels(book), options, time.monotonic, run=RUN
    )
    (folder / "serialized.json").write_text(done.model_dump_json())


def filter_table(folder: Path) -> None:
    """Chunk after chunk; in the workflow many are filtered at a time."""
    for task in _tasks(folder):
        whole = Part(first=0, records=task.records)
        filter_chunk(FilterChunk(task=task, parts=(whole,)), FolderStore(folder), time.monotonic)


def join_table(folder: Path) -> None:
    run = Serialized.model_validate_json((folder / "serialized.json").read_bytes())
    filter_run(run, FolderStore(folder), "results", time.monotonic)


def csv_to_json_lines(folder: Path) -> None:
    import csv

    with (
        FolderStore(folder).path(UPLOAD.object).open(encoding="utf-8", newline="") as source,
        (folder / "peer.jsonl").open("w") as out,
    ):
        for row in csv.DictReader(source):
            out.write(json.dumps(row) + "\n")


def json_lines_to_json_lines(folder: Path) -> None:
    with (folder / "peer.jsonl").open("w") as out:
        for task in _tasks(folder):
            with FolderStore(folder).path(task.scored).open() as source:
                for line in source:
                    out.write(json.dumps(json.loads(line)) + "\n")


STEPS: dict[str, Callable[[Path], None]] = {
    "serialize": serialize_table,
    "csv": csv_to_json_lines,
    "filter": filter_table,
    "join": join_table,
    "json": json_lines_to_json_lines,
}


# -- what they work on -----------------------------------------------------------------------------


def write_table(path: Path, rows: int) -> None:
    path.parent.mkdir(parents=True)
    varied = [f'{name},63,F,"{note}"\n' for name, note in cases(VARIED)]
    with path.open("w") as out:
        out.write("case_id,age,sex,note\n")
        for start in range(0, rows, VARIED):
            out.writelines(varied[: rows - start])


def write_scored(folder: Path) -> None:
    """Every chunk scored: the first by the real encoder, the lines of the others its copies."""
    from winnow.judging import build_judge
    from winnow_encoder import load_encoder

    encoder = load_encoder(ROOT / "build" / "model", threads=2)
    store = FolderStore(folder)
    first, *others = _tasks(folder)
    classify(
        first,
        store,
        lambda definition, head, _: build_judge(parse_definition_json(definition), encoder, head),
        encoder.info,
        time.monotonic,
    )
    line, _, records = store.path(first.scored).read_bytes().partition(b"\n")
    header = ScoredHeader.model_validate_json(line)
    for task in others:
        store.path(task.scored).parent.mkdir(parents=True, exist_ok=True)
        own = dump_line(header.model_copy(update={"chunk": task.chunk}))
        store.path(task.scored).write_bytes(own + records)


def _tasks(folder: Path) -> list[ChunkTask]:
    from pydantic import TypeAdapter

    run = Serialized.model_validate_json((folder / "serialized.json").read_bytes())
    with FolderStore(folder).open(run.manifest) as stream:
        return list(load_lines(stream, TypeAdapter(ChunkTask)))


# -- all of them -----------------------------------------------------------------------------------


def measured(step: str, folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.streaming", step, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(sizes: tuple[int, ...] = SIZES) -> dict[str, dict[str, dict[str, float]]]:
    """By number of rows and step: seconds, peak memory in MB; and the size of the table in MB."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="winnow-bench-") as name:
            folder = Path(name)
            table = FolderStore(folder).path(UPLOAD.object)
            write_table(table, rows)
            found[str(rows)] = {"table": {"mb": table.stat().st_size / 1e6}}
            for step in STEPS:
                if step == "filter":
                    write_scored(folder)
                found[str(rows)][step] = measured(step, folder)
    return found


def main(arguments: list[str]) -> None:
    if len(arguments) == 2:
        step, folder = arguments
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        started = time.perf_counter()
        STEPS[step](Path(folder))
        figures = {"seconds": time.perf_counter() - started, "peak_mb": peak_mb()}
        print(json.dumps(figures))
    else:
        print(json.dumps(measure(tuple(int(one) for one in arguments) or SIZES), indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
