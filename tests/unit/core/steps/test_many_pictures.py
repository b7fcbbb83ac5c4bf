"""Ten thousand pictures in one archive: what is held does not grow with their number."""

import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from tests.fakes.drawn_pictures import archive
from tests.fakes.pretended_pictures import pretended
from tests.fakes.store import MemoryStore
from tests.unit.core.steps.test_pictures import Way
from winnow.models import FilterChunk, ObjectRef, Part
from winnow.steps.filter import filter_chunk, filter_run

FEW, MANY = 1_000, 10_000
GROWTH = 4_000
"""Bytes that a further picture may take: its entry in the archive's directory, and its counts."""


class PackedStore(MemoryStore):
    """Keeps squares packed, as S3 would keep them elsewhere."""

    def put(self, ref: ObjectRef, content: bytes, content_type: str) -> None:
        packed = ref.key.endswith(".rgb")
        super().put(ref, zlib.compress(content, 1) if packed else content, content_type)

    def read_range(self, ref: ObjectRef, start: int, length: int) -> bytes:
        return zlib.decompress(self.content(ref))[start : start + length]


def peak(work: Callable[[], None]) -> int:
    """The most bytes that were held at a time beyond those of before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def judged(count: int) -> tuple[int, int]:
    """Peaks of Scan, and of Classify on a full chunk, for so many pictures."""
    way = Way()
    way.store = PackedStore()
    content = archive({f"{n}.png": pretended("glad 0.9") for n in range(count)})
    runs = []
    scan = peak(lambda: runs.append(way.scan(content)))
    (run,) = runs
    assert run.records == count
    tasks = way.tasks(run)
    classify = peak(lambda: way.classify(tasks[0]))
    for task in tasks[1:]:
        way.classify(task)
    for task in tasks:
        whole = (Part(first=0, records=task.records),)
        filter_chunk(FilterChunk(task=task, parts=whole), way.store, time.monotonic)
    done = filter_run(run, way.store, "results", time.monotonic)
    assert done.counts.accepted == count
    return scan, classify


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_pictures() -> None:
    few, many = judged(FEW), judged(MANY)
    assert many[0] - few[0] < GROWTH * (MANY - FEW)
    assert many[1] < 1.2 * few[1]
