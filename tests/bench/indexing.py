"""What the search index adds to a run: `python -m tests.bench.indexing`.

Prints one JSON document: seconds of this process's CPU, of the least of some rounds. `run_s` is
Serialize, Classify, Filter of every chunk and the join. `vectors_s` is what of it goes into the
records' vectors: they are added up and packed, written by Classify and joined by Filter. `index_s`
is what the index function does with the results afterwards, in a function of its own. Stores are
folders, and one thread computes.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from pydantic import TypeAdapter
from threadpoolctl import threadpool_limits

from tests.bench.corpus import cases, sentences
from tests.bench.streaming import RUN, UPLOAD, FolderStore
from tests.fakes.index_files import MemoryFiles
from winnow.errors import ObjectGoneError
from winnow.judging import build_judge
from winnow.judging.labels import trained
from winnow.judging.text import similarity
from winnow.models import ChunkTask, FilterChunk, ObjectRef, Part
from winnow.ports import Encoder, StoredObject
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import ProcessDefinition
from winnow.readers import ReadLimits
from winnow.registry.folder import FolderModels
from winnow.steps import classify as classify_step
from winnow.steps.filter import filter_chunk, filter_run
from winnow.steps.serialize import SerializeOptions, serialize
from winnow.storage.jsonl import load_lines
from winnow.storage.paths import ARRAYS
from winnow_encoder import load_encoder
from winnow_search.indexing import Indexer

from .child import ROOT

RECORDS = {"emotions": 3_000, "L33774": 500}
ROUNDS = 3
BOOK = ProcessRegistry.from_directory(ROOT / "processes")


class _Store(FolderStore):
    """A folder for the run of one process."""

    def __init__(self, folder: Path, process: str) -> None:
        super().__init__(folder)
        self._process = process

    def head(self, ref: ObjectRef) -> StoredObject:
        try:
            return super().head(ref)._replace(metadata={"process": self._process})
        except FileNotFoundError:
            raise ObjectGoneError("There is no such object.") from None


class _Seconds(NamedTuple):
    run: float
    vectors: float
    """Of the run."""
    indexing: float


class _Run:
    """One run of a file, on a store of its own."""

    def __init__(self, definition: ProcessDefinition, texts: list[str], encoder: Encoder) -> None:
        self.records = len(texts)
        self._definition = definition
        self._lines = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
        self._judge = build_judge(definition, encoder, BOOK.heads.get(definition.id))
        self._model = encoder.info

    def seconds(self) -> _Seconds:
        """Carry it out, and index its results."""
        with tempfile.TemporaryDirectory(prefix="winnow-bench-") as folder:
            store = _Store(Path(folder), self._definition.id)
            store.put(UPLOAD.object, self._lines, "application/jsonl")
            with _vectors_timed() as vectors:
                run = _timed(lambda: self._carry_out(store))
            indexer = Indexer(store, MemoryFiles(), "results")
            index = _timed(lambda: indexer.index(self._definition.id, UPLOAD.upload_id))
            return _Seconds(run, vectors.seconds, index)

    def _carry_out(self, store: _Store) -> None:
        options = SerializeOptions(results_bucket="results", limits=ReadLimits())
        run = serialize(UPLOAD, store, FolderModels(BOOK), options, time.monotonic, run=RUN)
        with store.open(run.manifest) as stream:
            tasks = list(load_lines(stream, TypeAdapter(ChunkTask)))
        for task in tasks:
            classify_step.classify(task, store, lambda *_: self._judge, self._model, time.monotonic)
            whole = Part(first=0, records=task.records)
            filter_chunk(FilterChunk(task=task, parts=(whole,)), store, time.monotonic)
        filter_run(run, store, "results", time.monotonic)


class _Stopwatch:
    """Adds up what functions take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def of(self, function: Callable[..., Any], when: Callable[..., bool]) -> Callable[..., Any]:
        """The function, which is timed for some arguments."""

        def timed(*given: Any) -> Any:
            started = time.process_time()
            done = function(*given)
            if when(*given):
                self.seconds += time.process_time() - started
            return done

        return timed


@contextmanager
def _vectors_timed() -> Iterator[_Stopwatch]:
    """Time whatever makes, writes or joins vectors of records."""
    watch = _Stopwatch()
    with ExitStack() as patched:
        for owner, name in (
            (similarity, "packed"),
            (trained, "packed"),
            (similarity._SentenceSums, "add"),
            (classify_step, "dump_vectors"),
            (FolderStore, "put"),
            (FolderStore, "join"),
        ):
            when = _of_vectors if owner is FolderStore else _always
            patched.enter_context(patch.object(owner, name, watch.of(getattr(owner, name), when)))
        yield watch


def _always(*_: Any) -> bool:
    return True


def _of_vectors(_: FolderStore, __: ObjectRef, ___: Any, content_type: str, *____: Any) -> bool:
    return content_type == ARRAYS


def _timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> dict[str, Any]:
    """The seconds, by process."""
    encoder = load_encoder(ROOT / "build" / "model", threads=1)
    texts = {
        "emotions": list(islice(sentences(), RECORDS["emotions"])),
        "L33774": [note for _, note in cases(RECORDS["L33774"])],
    }
    with threadpool_limits(1):
        return {name: _measured(_Run(BOOK.find(name), own, encoder)) for name, own in texts.items()}


def _measured(run: _Run) -> dict[str, float]:
    run.seconds()
    rounds = [run.seconds() for _ in range(ROUNDS)]
    least = _Seconds(*map(min, zip(*rounds, strict=True)))
    return {
        "records": run.records,
        "run_s": round(least.run, 3),
        "vectors_s": round(least.vectors, 4),
        "vectors_share": round(least.vectors / least.run, 4),
        "index_s": round(least.indexing, 3),
        "index_share": round(least.indexing / least.run, 4),
    }


if __name__ == "__main__":
    print(json.dumps(main(), indent=2))
