"""A chunk judged by two versions: what the run decides is the same to the byte."""

from collections.abc import Callable

import pytest

from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import rows, trained, with_scope
from tests.fakes.store import MemoryStore
from winnow.errors import HeadInvalidError
from winnow.heads.card import HeadFiles
from winnow.judging import build_judge
from winnow.judging.text.remembering import RememberingEncoder
from winnow.models import (
    Alias,
    ChunkTask,
    FilterChunk,
    HeadRef,
    ObjectRef,
    Outcome,
    Part,
    Record,
    ScoredHeader,
    ScoredRecord,
    ShadowCounts,
    ShadowTask,
    VersionRef,
)
from winnow.ports import Judge
from winnow.processes.registry import ProcessRegistry
from winnow.processes.schema import parse_definition_json
from winnow.registry.files import version_sha256
from winnow.steps.classify import classify
from winnow.steps.filter import filter_chunk
from winnow.storage.jsonl import dump_line
from winnow.storage.paths import JSON, RunPaths

TEXTS = [f"{text}. Thank you." for text, _, _ in rows(60, seed=5)]


class Chunk:
    """One chunk of a process with two versions, each with a head."""

    def __init__(
        self,
        books: tuple[ProcessRegistry, ProcessRegistry],
        limits: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        self.store = MemoryStore()
        self.encoder = RememberingEncoder(FakeEncoder())
        self.now = 0.0
        first, second = (
            self._version(f"{n}", book, limit)
            for n, (book, limit) in enumerate(zip(books, limits, strict=True))
        )
        paths = RunPaths("results", "a" * 32)
        lines = [Record(record=n, text=text) for n, text in enumerate(TEXTS, start=1)]
        self.store.put(paths.chunk(0), b"".join(map(dump_line, lines)), JSON)
        definition = books[0].find("bank")
        self.task = ChunkTask(
            upload_id="a" * 32,
            chunk=0,
            records=len(TEXTS),
            process=definition.info,
            threshold=definition.threshold,
            version=first.version,
            definition=first.definition,
            head=first.head,
            source=paths.chunk(0),
            scored=paths.scored(0),
        )
        self.both = self.task.model_copy(update={"shadow": second})

    def _version(self, name: str, book: ProcessRegistry, limit: float) -> ShadowTask:
        definition, files = book.find("bank"), with_scope(book.heads["bank"], limit)
        card, arrays = files.read()
        content = {
            "definition.json": definition.model_dump_json().encode(),
            "head.json": card,
            "head.npz": arrays,
        }
        refs = {
            file: self.store.add("models", f"{name}/{file}", data) for file, data in content.items()
        }
        head = HeadRef(card=refs["head.json"], arrays=refs["head.npz"], sha256=files.sha256)
        sha256 = version_sha256(definition.info.sha256, files.sha256)
        return ShadowTask(
            version=VersionRef(sha256=sha256, alias=Alias.CHALLENGER),
            definition=refs["definition.json"],
            head=head,
        )

    def judge_for(self, definition: bytes, head: HeadFiles | None, _: object) -> Judge:
        return build_judge(parse_definition_json(definition), self.encoder, head)

    def classify(
        self, task: ChunkTask, judge_for: Callable[..., Judge] | None = None
    ) -> tuple[ScoredHeader, list[ScoredRecord]]:
        classify(
            task,
            self.store,
            judge_for or self.judge_for,
            self.encoder.info,
            lambda: self.now,
            memory=self.encoder,
            seconds=100.0,
        )
        header, *lines = self.store.content(task.scored).splitlines()
        return (
            ScoredHeader.model_validate_json(header),
            [ScoredRecord.model_validate_json(line) for line in lines],
        )


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> tuple[ProcessRegistry, ProcessRegistry]:
    first, second = (tmp_path_factory.mktemp("processes") for _ in range(2))
    return trained(first, 60, noise=0.12), trained(second, 240, noise=0.1)


@pytest.fixture
def chunk(books: tuple[ProcessRegistry, ProcessRegistry]) -> Chunk:
    return Chunk(books)


def without(records: list[ScoredRecord]) -> list[ScoredRecord]:
    return [record.model_copy(update={"shadow": None}) for record in records]


def test_the_run_decides_as_without_and_where_the_other_differs_is_told(chunk: Chunk) -> None:
    alone, expected = chunk.classify(chunk.task)
    header, records = chunk.classify(chunk.both)
    assert without(records) == expected
    assert alone.shadow is None
    other = chunk.both.model_copy(
        update={
            "version": chunk.both.shadow.version,
            "definition": chunk.both.shadow.definition,
            "head": chunk.both.shadow.head,
            "shadow": None,
        }
    )
    _, others = chunk.classify(other)
    threshold = chunk.task.threshold
    assert threshold is not None
    differing = 0
    for ours, theirs in zip(records, others, strict=True):
        alike = ours.judgement.decision.value == theirs.judgement.decision.value and (
            ours.judgement.confidence >= threshold
        ) == (theirs.judgement.confidence >= threshold)
        assert (ours.shadow is None) is alike
        if ours.shadow is not None:
            differing += 1
            assert ours.shadow.decision == theirs.judgement.decision.value
            assert ours.shadow.confidence == theirs.judgement.confidence
            assert ours.shadow.version == chunk.both.shadow.version.short
    assert 0 < differing < len(TEXTS)
    assert header.shadow == ShadowCounts(
        version=chunk.both.shadow.version.sha256,
        records=len(TEXTS),
        same=len(TEXTS) - differing,
        differed=differing,
    )


@pytest.mark.parametrize("limits", [(0.0, 1.0), (1.0, 0.0), (0.7, 0.7), (0.0, 0.0)])
def test_what_is_out_of_scope_of_a_version_is_not_accepted_by_it(
    books: tuple[ProcessRegistry, ProcessRegistry], limits: tuple[float, float]
) -> None:
    chunk = Chunk(books, limits)
    header, records = chunk.classify(chunk.both)
    _, others = chunk.classify(
        chunk.task.model_copy(update={"definition": chunk.both.shadow.definition,
                                      "version": chunk.both.shadow.version,
                                      "head": chunk.both.shadow.head})
    )  # fmt: skip
    threshold = chunk.task.threshold
    assert threshold is not None
    pairs = [(o, (o.judgement, t.judgement)) for o, t in zip(records, others, strict=True)]
    for record, (ours, theirs) in pairs:
        accepted = [one.objection(threshold) is None for one in (ours, theirs)]
        alike = ours.decision.value == theirs.decision.value and accepted[0] == accepted[1]
        assert (record.shadow is None) is alike
    # Only the scope tells most of them apart.
    sure = [
        record.shadow is not None
        for record, (ours, theirs) in pairs
        if ours.decision.value == theirs.decision.value
        and min(ours.confidence, theirs.confidence) >= threshold
        and ours.out_of_scope != theirs.out_of_scope
    ]
    assert all(sure)
    assert bool(sure) is (limits[0] != limits[1])
    assert header.shadow.differed == sum(record.shadow is not None for record in records)


@pytest.mark.parametrize("set_by", ["upload", "stack", "process"])
def test_the_other_is_held_to_its_own_threshold_only_where_the_run_is(
    chunk: Chunk, set_by: str
) -> None:
    definition = parse_definition_json(chunk.store.content(chunk.both.shadow.definition))
    lower = definition.model_copy(update={"threshold": 0.0})
    content = lower.model_dump_json().encode()
    shadow = chunk.both.shadow.model_copy(
        update={
            "definition": chunk.store.add("models", "lower/definition.json", content),
            "version": VersionRef(
                sha256=version_sha256(lower.info.sha256, chunk.both.shadow.head.sha256),
                alias=Alias.CHALLENGER,
            ),
        }
    )
    task = chunk.both.model_copy(update={"threshold_from": set_by, "shadow": shadow})
    _, expected = chunk.classify(chunk.both)
    _, records = chunk.classify(task)
    same_threshold = [record.shadow is None for record in expected]
    found = [record.shadow is None for record in records]
    # A threshold of the stack or of the sender may have the very value of the definition's.
    assert (found == same_threshold) is (set_by != "process")


def test_filter_adds_up_and_keeps_what_differs(chunk: Chunk) -> None:
    header, records = chunk.classify(chunk.both)
    whole = Part(first=0, records=len(TEXTS))
    filter_chunk(FilterChunk(task=chunk.both, parts=(whole,)), chunk.store, lambda: 0.0)
    paths = RunPaths.of(chunk.both)
    tally = chunk.store.content(paths.tally(0))
    assert header.shadow is not None
    assert header.shadow.model_dump_json().encode() in tally
    names = {f"{outcome}" for outcome in Outcome}
    kept = b"".join(
        chunk.store.content(ObjectRef(bucket="results", key=key))
        for key in chunk.store.keys("results")
        if key.rpartition("/")[2].partition(".")[0].rpartition("-")[2] in names
    )
    assert kept.count(b'"shadow":{') == sum(record.shadow is not None for record in records)


def test_a_part_that_is_judged_again_is_judged_by_the_run_alone(chunk: Chunk) -> None:
    part = Part(first=0, records=10)
    task = chunk.both.model_copy(update={"part": part})
    classify(task, chunk.store, chunk.judge_for, chunk.encoder.info, lambda: 0.0)
    header, *_ = chunk.store.content(RunPaths.of(task).scored(0, part)).splitlines()
    assert ScoredHeader.model_validate_json(header).shadow is None


def test_a_version_that_cannot_be_read_or_built_harms_nothing(chunk: Chunk) -> None:
    _, expected = chunk.classify(chunk.task)
    gone = ObjectRef(bucket="models", key="gone")
    shadow = chunk.both.shadow.model_copy(update={"definition": gone})
    header, records = chunk.classify(chunk.both.model_copy(update={"shadow": shadow}))
    assert records == expected
    assert (header.shadow.records, header.shadow.dropped) == (0, len(TEXTS))

    def broken(definition: bytes, head: HeadFiles | None, references: object) -> Judge:
        if head is not None and head.sha256 == chunk.both.shadow.head.sha256:
            raise HeadInvalidError("It is damaged.")
        return chunk.judge_for(definition, head, references)

    header, records = chunk.classify(chunk.both, broken)
    assert records == expected
    assert header.shadow.dropped == len(TEXTS)
