"""What a version costs a function that has not seen it: `python -m tests.bench.versions`.

Prints one JSON document, medians of rounds with nothing kept. The encoder is loaded; the registry
and the objects are in memory, so what AWS takes to answer is not included: how often it is asked,
and for how many bytes, is counted.

| step | what is timed |
|---|---|
| serialize | which version decides, and its definition, read and checked |
| read | Classify reads a version's definition, head and vectors, checks and parses them |
| build | Classify makes the judge of them: phrases of criteria are analysed, arrays read |

`build` is what a process in an image costs, too.

| version | what it is |
|---|---|
| criteria | L33774 with a statement more, and its head; the vectors were published with it |
| head | 77 labels with a head that is trained on 2,000 generated rows |
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from tests.bench.retraining import generated, made_of, rows_of
from tests.fakes.registry import MemoryRegistry
from tests.fakes.store import MemoryStore
from winnow.heads.card import HeadFiles
from winnow.judging.text.remembering import RememberingEncoder
from winnow.models import ObjectRef
from winnow.ports import Encoder
from winnow.processes.loader import load_definition
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import parse_definition_json
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.models import ModelVersion, ProcessEntry
from winnow.registry.publish import Draft, Models, Vectors, publish
from winnow.registry.reading import head_files, reference_file
from winnow.registry.runs import RegistryModels
from winnow_encoder import load_encoder
from winnow_encoder.precomputed import parse_precomputed
from winnow_encoder.references import ReferenceVectors

from .child import ROOT

ROUNDS = 15
ROWS, LABELS = 3_000, 77
"""A champion knows two thirds of the rows."""
MODEL = ROOT / "build" / "model"
WHO = Who("bench", "2026-01-01T00:00:00.000Z")


class CountingStore(MemoryStore):
    """Counts the objects that are read, and their bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = self.bytes = 0

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[BinaryIO]:
        self.reads += 1
        self.bytes += len(self.content(ref))
        with super().open(ref) as stream:
            yield stream


class CountingRegistry(MemoryRegistry):
    """Counts the requests to the table."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0

    def entries(self) -> tuple[ProcessEntry, ...]:
        self.requests += 1
        return super().entries()

    def version(self, process: str, sha256: str) -> ModelVersion:
        self.requests += 1
        return super().version(process, sha256)


def drafts(encoder: Encoder) -> dict[str, Draft]:
    """The versions that are measured."""
    shipped = ProcessRegistry.from_directory(ROOT / "processes")
    text = shipped.files["L33774"].read_text("utf-8-sig")
    first = shipped.find("L33774").criteria[0].statements[0]
    more = text.replace(f"- {first}", f"- {first}\n      - There is bleeding, as it seems.", 1)
    made = made_of(rows_of(generated(ROWS, LABELS))[0], encoder)
    return {
        "criteria": Draft(more, load_definition(more, "made"), shipped.heads["L33774"]),
        "head": Draft(
            made.text, load_definition(made.text, "made"), HeadFiles.of(made.card, made.arrays)
        ),
    }


def measured(draft: Draft, encoder: Encoder) -> dict[str, Any]:
    """One version, published as a stack publishes it, and read by functions that start."""
    store, registry = CountingStore(), CountingRegistry()
    vectors = Vectors(encoder.info, ReferenceVectors(encoder, MODEL).of)
    version = publish(draft, Models(registry, store, "models"), WHO.by, WHO.at, vectors)
    changed = aliases.first(version, WHO)
    registry.change(None, *changed)

    def serialize() -> Any:
        return RegistryModels(registry, store).resolve(version.process, "1" * 32)

    def read() -> tuple[Any, Any, Any]:
        assert pinned.stored is not None
        with store.open(pinned.stored) as stream:
            definition = parse_definition_json(stream.read())
        head = head_files(pinned.head, store, pinned.ref)
        if head is not None:
            content = head.read()
            head = HeadFiles(head.sha256, lambda: content)
            head.checked()
        references = reference_file(pinned.references, store)
        vectors = references.read() if references else None
        if vectors is not None:
            parse_precomputed(vectors, MODEL, encoder.info.engine, "vectors")
        return definition, head, vectors

    def build() -> Any:
        definition, head, vectors = contents
        judges = ReferenceVectors(RememberingEncoder(encoder), MODEL)
        return judges.judge(definition, head, None if vectors is None else lambda: vectors)

    pinned = serialize()
    contents = read()
    build()
    found: dict[str, Any] = {}
    for name, step in (("serialize", serialize), ("read", read), ("build", build)):
        store.reads = store.bytes = registry.requests = 0
        times = [spent(step) for _ in range(ROUNDS)]
        found[name] = {
            "cpu_ms": round(statistics.median(cpu for cpu, _ in times), 1),
            "wall_ms": round(statistics.median(wall for _, wall in times), 1),
            "table_requests": registry.requests // ROUNDS,
            "objects": store.reads // ROUNDS,
            "kilobytes": store.bytes // ROUNDS // 1000,
        }
    return found


def spent(step: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of the processor and of the clock."""
    cpu, wall = time.process_time(), time.perf_counter()
    step()
    return 1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall)


def main() -> dict[str, Any]:
    """Both versions."""
    encoder = load_encoder(MODEL, threads=1)
    encoder(["The first one loads the engine."])
    return {name: measured(draft, encoder) for name, draft in drafts(encoder).items()}


if __name__ == "__main__":
    print(json.dumps(main(), indent=2))
