"""One measurement in a process of its own: `python -m tests.bench.child MODE ENGINE THREADS WHAT`.

Prints one JSON document. The parent times the whole process where start-up is what is measured.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def peak_mb() -> float:
    """Peak resident memory of this process in MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def first_record(engine: str, threads: int, definition: str) -> dict[str, object]:
    """Start, load, verify, and judge one record: what a cold Lambda does.

    `definition` is the file of a definition as Classify gets it: validated before, as JSON.
    """
    from winnow.limits.garbage import loading

    with loading():
        from winnow.judging import build_judge
        from winnow.processes.schema import parse_definition_json
        from winnow_encoder import load_encoder

        encoder = load_encoder(ROOT / "build" / "model", engine=engine, threads=threads)
        judge = build_judge(parse_definition_json(Path(definition).read_bytes()), encoder)
    (judgement,) = judge(["Melena for two weeks; colonoscopy found no source of bleeding."])
    return {"decision": str(judgement.decision.value), "peak_mb": peak_mb()}


def references(engine: str, _threads: int, processes: str) -> dict[str, object]:
    """Not a measurement: what an engine needs to have encoded before a cold start."""
    from winnow_model import build_references

    build_references(ROOT / "build" / "model", Path(processes), lambda _: None, engine)
    return {}


def throughput(engine: str, threads: int, count: str) -> dict[str, object]:
    """Clinical sentences a second of the encoder as Classify calls it, after a warm-up."""
    from itertools import islice

    from tests.bench.corpus import sentences

    return _rate(list(islice(sentences(), int(count))), engine, threads)


def throughput_sts(engine: str, threads: int, _: str) -> dict[str, object]:
    """The same for the sentences of the STS benchmark's test part, which are half as long."""
    import csv

    with sts_sentences().open(encoding="utf-8", newline="") as stream:
        return _rate([text for row in csv.reader(stream) for text in row[:2]], engine, threads)


def sts_sentences() -> Path:
    """Where the STS benchmark lies, if it is there."""
    data = Path(os.environ.get("WINNOW_DATA", ROOT.parent / "shared" / "data"))
    return data / "sts" / "stsb-en-test.csv"


def _rate(texts: list[str], engine: str, threads: int) -> dict[str, object]:
    from winnow_encoder import load_encoder
    from winnow_encoder.artefacts import TOKENIZER_FILE
    from winnow_encoder.tokenizer import Tokenizer

    count = len(texts)
    encoder = load_encoder(ROOT / "build" / "model", engine=engine, threads=threads)
    encoder(texts[:64])
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        encoder(texts)
        seconds.append(time.perf_counter() - started)
    best = sorted(seconds)[1]
    tokens = Tokenizer((ROOT / "build" / "model" / TOKENIZER_FILE).read_bytes())
    return {
        "sentences_per_s": count / best,
        "tokens": sum(len(tokens(text)) for text in texts) / count,
        "peak_mb": peak_mb(),
    }


def limit(_engine: str, _threads: int, _: str) -> dict[str, float]:
    """What the machine has: products on one core, in 10^9 operations a second."""
    from tests.bench.limits import measure

    return measure()


def classify(engine: str, threads: int, chunk_records: str) -> dict[str, object]:
    """The classify function itself over full chunks: time and peak memory.

    Its store is in memory and keeps one chunk; what is put there is made in another process.
    """
    # Not above: what a cold start is measured with loads nothing that Classify does not.
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    count = int(chunk_records)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
        definition, chunks = other.submit(_chunks_of_cases, count).result()
    os.environ |= {
        "MODEL_DIR": str(ROOT / "build" / "model"),
        "MODEL_ENGINE": engine,
        "ENCODER_THREADS": str(threads),
        "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_SERVICE_NAME": "classify",
        "LOG_LEVEL": "ERROR",
    }
    sys.path.insert(0, str(ROOT / "functions" / "classify"))
    import app  # type: ignore[import-not-found]

    from tests.fakes.store import MemoryStore
    from winnow.models import ChunkTask, ObjectRef

    _, settings = app.build()
    app.texts()
    seconds = cpu_seconds = 0.0
    for chunk, lines in enumerate(chunks):
        store = MemoryStore()
        app.build = lambda store=store: (store, settings)
        task = ChunkTask(
            upload_id="0" * 32,
            chunk=chunk,
            records=count,
            definition=ObjectRef(bucket="b", key="definition"),
            source=ObjectRef(bucket="b", key="chunk"),
            scored=ObjectRef(bucket="b", key="scored"),
        )
        store.put(task.definition, definition, "")
        store.put(task.source, lines, "")
        started, cpu_started = time.perf_counter(), time.process_time()
        app.handler(task.model_dump(mode="json"), None)
        seconds += time.perf_counter() - started
        cpu_seconds += time.process_time() - cpu_started
    return {
        "records_per_s": len(chunks) * count / seconds,
        "records_per_cpu_s": len(chunks) * count / cpu_seconds,
        "peak_mb": peak_mb(),
    }


def _chunks_of_cases(count: int) -> tuple[bytes, list[bytes]]:
    """The definition of L33774, and three chunks of so many records."""
    from tests.bench.corpus import cases
    from winnow.models import Record
    from winnow.processes.registry import ProcessRegistry

    definition = ProcessRegistry.from_directory(ROOT / "processes").find("L33774")
    chunks = [
        "".join(
            Record(record=number, text=note).model_dump_json() + "\n"
            for number, (_, note) in enumerate(cases(count, seed=seed), start=1)
        )
        for seed in range(3)
    ]
    return definition.model_dump_json().encode(), [lines.encode() for lines in chunks]


MODES = {
    "references": references,
    "first-record": first_record,
    "throughput": throughput,
    "throughput-sts": throughput_sts,
    "limit": limit,
    "classify": classify,
}

if __name__ == "__main__":
    mode, engine, threads, what = sys.argv[1:]
    print(json.dumps(MODES[mode](engine, int(threads), what)))
