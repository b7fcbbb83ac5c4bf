"""Joining the chunks of a run on S3: `python -m tests.bench.joining` prints JSON.

The chunks are judged by a fake and filtered by Filter's own code; then Filter's last call joins
them through its own adapter, on an emulator of S3 on this machine, which takes its share of the
same processors. `full` has chunks of a thousand records, `objects` chunks of one: together they say
what bytes cost and what objects cost.
"""

import json
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from botocore.config import Config

from tests.bench.reading import peak_mb
from tests.fakes.processes import MODEL, SayingJudge, book
from winnow.models import (
    ChunkTask,
    FilterChunk,
    ObjectRef,
    Part,
    Record,
    RunRef,
    Serialized,
    Upload,
)
from winnow.processes.schema import parse_definition_json
from winnow.steps.classify import classify
from winnow.steps.filter import filter_chunk, filter_run
from winnow.storage.jsonl import dump_line
from winnow.storage.paths import JSON, JSON_LINES, RunPaths
from winnow_aws.s3 import S3Store
from winnow_local import ministack
from winnow_local.deploy import client_config, session
from winnow_local.state import StateDir

BUCKET = "results"
# As many connections as a function has.
CONFIG = client_config().merge(Config(max_pool_connections=16))
UPLOAD = Upload(
    upload_id="0" * 32, object=ObjectRef(bucket="uploads", key="inbox/moods/a.csv"), size=1
)
RUN = RunRef(id="1-0123456789ab", attempt=1, started_at="2026-11-26T09:30:00.000Z")
CASES: Mapping[str, tuple[int, int]] = {"full": (100, 1_000), "objects": (1_000, 1)}
"""name -> chunks, records of each"""


def prepared(store: S3Store, chunks: int, records: int) -> Serialized:
    """A run whose chunks have been filtered: half of the records are accepted, half set aside."""
    definition = book().find("moods")
    layout = RunPaths(BUCKET, UPLOAD.upload_id, RUN)
    store.put(layout.definition, definition.model_dump_json().encode(), JSON)
    tasks = [
        ChunkTask(
            upload_id=UPLOAD.upload_id,
            run=RUN,
            chunk=number,
            records=records,
            process=definition.info,
            threshold=0.6,
            definition=layout.definition,
            source=layout.chunk(number),
            scored=layout.scored(number),
        )
        for number in range(chunks)
    ]

    def chunk(task: ChunkTask) -> None:
        lines = (
            Record(
                record=task.chunk * records + n + 1,
                line=n + 2,
                source_id=f"case-{n}",
                text=f"{'glad' if n % 2 else 'sad'} {0.9 if n % 2 else 0.5}",
                fields={"age": "63", "note": "x" * 60},
            )
            for n in range(records)
        )
        store.put(task.source, b"".join(map(dump_line, lines)), JSON_LINES)
        classify(
            task,
            store,
            lambda given, *_: SayingJudge(parse_definition_json(given)),
            MODEL,
            time.monotonic,
        )
        whole = Part(first=0, records=records)
        filter_chunk(FilterChunk(task=task, parts=(whole,)), store, time.monotonic)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(chunk, tasks))
    store.put(layout.manifest, b"".join(map(dump_line, tasks)), JSON_LINES)
    return Serialized(
        upload=UPLOAD,
        run=RUN,
        process=definition.info,
        threshold=0.6,
        threshold_from="process",
        definition=layout.definition,
        manifest=layout.manifest,
        chunks=chunks,
        records=chunks * records,
        seconds=0.0,
    )


def measured(chunks: int, records: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as name:
        state_dir = StateDir(Path(name))
        stack = ministack.spawn(state_dir)
        try:
            ministack.wait_until_healthy(stack, state_dir, threading.Event())
            s3 = session().client("s3", endpoint_url=stack.endpoint, config=CONFIG)
            s3.create_bucket(Bucket=BUCKET)
            s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
            store = S3Store(s3)
            run = prepared(store, chunks, records)
            started, cpu = time.perf_counter(), time.process_time()
            done = filter_run(run, store, BUCKET, time.monotonic)
            assert done.counts.records == chunks * records
            size = sum(
                s3.head_object(Bucket=BUCKET, Key=f"results/moods/{'0' * 32}/{one}.jsonl")[
                    "ContentLength"
                ]
                for one in ("accepted", "review", "invalid")
            )
            return {
                "chunks": chunks,
                "records": chunks * records,
                "seconds": time.perf_counter() - started,
                "cpu_seconds": time.process_time() - cpu,
                "mb": size / 1e6,
                "peak_mb": peak_mb(),
            }
        finally:
            ministack.end(stack.id)


def main(names: list[str]) -> None:
    print(json.dumps({one: measured(*CASES[one]) for one in names or CASES}, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
