"""Classify: one chunk of records, texts or pictures, to one chunk of judgements.

No record fails another. One that is beyond its budget, or that the judge breaks on, is an invalid
record; where the whole chunk would outlast the time that is left, ChunkTooSlowError says so before
the function is killed, and the workflow has the chunk judged in halves.
"""

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from winnow.errors import (
    ChunkTooSlowError,
    StoredDataInvalidError,
    VersionAlteredError,
    WinnowError,
)
from winnow.heads.card import HeadFiles
from winnow.judging.text.remembering import RememberingEncoder
from winnow.judging.text.similarity import count
from winnow.limits.budget import (
    TOO_SLOW,
    Deadline,
    DeadlineError,
    RecordBudget,
    RecordRejection,
    estimated_segments,
)
from winnow.models import (
    ChunkTask,
    Classified,
    InvalidRecord,
    JudgedSquare,
    Judgement,
    JudgeSquare,
    ModelInfo,
    ObjectRef,
    Part,
    Record,
    ScoredHeader,
    ScoredLine,
    ScoredRecord,
    ShadowDecision,
    SourceLine,
    StoredFile,
)
from winnow.ports import Judge, Meter, ObjectStore
from winnow.registry.files import version_sha256
from winnow.registry.reading import ReferenceFile, head_files, reference_file
from winnow.steps.locations import ocr_confidence, placed
from winnow.steps.shadow import Beside, Shadow, threshold_of
from winnow.storage.intermediate import read_artifact
from winnow.storage.jsonl import dump_line, load_lines
from winnow.storage.paths import (
    ARRAYS,
    JSON_LINES,
    SQUARE_BYTES,
    SQUARE_SIDE,
    scored_of,
    vectors_of,
)
from winnow.storage.vectors import dump_vectors

JudgeFor = Callable[[bytes, HeadFiles | None, ReferenceFile | None], Judge]
"""Makes the judge from a definition's JSON, the head if any, and what was encoded beforehand;
cached between calls, for building one costs an encoding."""

Squares = Mapping[int, NDArray[np.uint8]]
"""Pictures as they are judged, shape [224, 224, 3], RGB, by the numbers of their records."""

GROUP_SEGMENTS = 1_000
"""Segments, as estimated, of the records that are judged in one call: what is in memory at a time.
A chunk of ordinary records is one group or a few; a record of a budget's size is one for itself."""

_FAILED = RecordRejection(
    "judging_failed",
    "Judging it failed; the other records are not affected. Report the upload id.",
)
_SOURCE_LINE: TypeAdapter[Record | InvalidRecord] = TypeAdapter(SourceLine)
_logger = logging.getLogger(__name__)


def classify(
    task: ChunkTask,
    store: ObjectStore,
    judge_for: JudgeFor,
    model: ModelInfo,
    clock: Callable[[], float],
    *,
    budget: RecordBudget | None = None,
    seconds: float | None = None,
    memory: RememberingEncoder | None = None,
    meter: Meter | None = None,
) -> Classified:
    """Judge the records of a chunk and write them, in their order, to `task.scored`.

    `budget` is what one record may cost, `seconds` what is left for judging them all; None: as long
    as it takes. With `task.part` only its records, to an object of their own. With `skip` the judge
    is still built: if that fails, no record is the cause. `memory` is the encoder of the judges,
    where it remembers: for the version beside the run's (`task.shadow`). `meter` says what the call
    used.
    Raises StoredDataInvalidError when the chunk is not what the manifest says, and
    ChunkTooSlowError when several records take longer than `seconds`.
    """
    started = clock()
    judge = _judge_of(task, store, judge_for, task.references)
    lines = list(load_lines(BytesIO(read_artifact(store, task.source)), _SOURCE_LINE))
    if len(lines) != task.records:
        raise StoredDataInvalidError(
            f"Chunk {task.chunk} has {len(lines)} lines where the manifest says {task.records}."
        )
    part = task.part or Part(first=0, records=task.records)
    before = sum(isinstance(line, Record) for line in lines[: part.first])
    if task.part is not None:
        lines = _part_of(lines, part, task.chunk)
        if part.skip:
            lines = [_failed(line) if isinstance(line, Record) else line for line in lines]
    records = [line for line in lines if isinstance(line, Record)]
    squares = None if task.squares is None else _squares(task.squares, store, before, records)
    until = None if seconds is None else started + seconds
    shadow = _shadow_of(task, judge, store, judge_for, clock, memory, seconds)
    judged = judge_records(
        shadow.judge if shadow else judge, records, budget or RecordBudget(), clock, until, squares
    )
    rows: list[tuple[int, bytes]] = []
    body = bytearray()
    for line in lines:
        if isinstance(line, InvalidRecord):
            body += dump_line(line)
            continue
        judgement = next(judged)
        difference = None
        if isinstance(judgement, Judgement):
            difference = shadow.difference(judgement) if shadow else None
            if judgement.vector is not None:
                rows.append((line.record, judgement.vector))
        body += dump_line(scored(line, judgement, difference))
    vectors = dump_vectors(rows)
    if vectors:
        store.put(vectors_of(task, part), vectors, ARRAYS)
    header = ScoredHeader(
        chunk=task.chunk,
        records=len(lines),
        process=judge.process,
        model=model,
        head=task.head.sha256 if task.head else None,
        version=task.version.sha256 if task.version else None,
        shadow=shadow.counts() if shadow else None,
        seconds=round(clock() - started, 3),
        units=meter(puts=1) if meter else None,
        vectors=len(vectors),
    )
    store.put(scored_of(task, part), dump_line(header) + body, JSON_LINES)
    return Classified(chunk=task.chunk, records=len(lines))


def judge_square(
    task: JudgeSquare,
    store: ObjectStore,
    judge_for: JudgeFor,
    model: ModelInfo,
    clock: Callable[[], float],
    budget: RecordBudget | None = None,
) -> JudgedSquare:
    """Judge one picture that is in no chunk; nothing is written.

    Raises StoredDataInvalidError when it is no square, VersionAlteredError.
    """
    square = one_square(task.square)
    judge = _judge_of(task, store, judge_for, None)
    record = Record(record=1, text="")
    squares = {record.record: square}
    [judged] = judge_records(judge, [record], budget or RecordBudget(), clock, squares=squares)
    if isinstance(judged, RecordRejection):
        return JudgedSquare(model=model, code=judged.code, reason=judged.reason)
    return JudgedSquare(model=model, judgement=judged)


def _judge_of(
    task: ChunkTask | JudgeSquare,
    store: ObjectStore,
    judge_for: JudgeFor,
    references: StoredFile | None,
) -> Judge:
    """The judge of what a task names."""
    definition = read_artifact(store, task.definition)
    head = head_files(task.head, store, task.version)
    judge = judge_for(definition, head, reference_file(references, store))
    _check_version(task, judge)
    return judge


def _part_of(
    lines: list[Record | InvalidRecord], part: Part, chunk: int
) -> list[Record | InvalidRecord]:
    records = lines[part.first : part.first + part.records]
    if len(records) != part.records:
        raise StoredDataInvalidError(
            f"Chunk {chunk} has no records {part.first} to {part.first + part.records - 1}."
        )
    return records


def _squares(
    stored: ObjectRef, store: ObjectStore, before: int, records: Sequence[Record]
) -> Squares:
    """What is judged of the pictures of these records, which follow others of their chunk."""
    size = len(records) * SQUARE_BYTES
    content = store.read_range(stored, before * SQUARE_BYTES, size) if records else b""
    if len(content) != size:
        raise StoredDataInvalidError("The pictures of a chunk are missing, or cut off.")
    return {record.record: square for record, square in zip(records, _pixels(content), strict=True)}


def one_square(pixels: bytes) -> NDArray[np.uint8]:
    """A picture that is in no chunk. Raises StoredDataInvalidError when it is no square."""
    if len(pixels) != SQUARE_BYTES:
        raise StoredDataInvalidError("The picture is no square of pixels.")
    square: NDArray[np.uint8] = _pixels(pixels)[0]
    return square


def _pixels(squares: bytes) -> NDArray[np.uint8]:
    """Squares, shape [n, 224, 224, 3]."""
    return np.frombuffer(squares, np.uint8).reshape(-1, SQUARE_SIDE, SQUARE_SIDE, 3)


def _failed(record: Record) -> InvalidRecord:
    """The invalid record for one that crashed or timed out the function."""
    return InvalidRecord(
        **record.identity,
        code="record_failed",
        reason="Judging it took more memory or time than the function has; the other records are "
        "not affected. Split its text; if it is short, report the upload id.",
    )


def _shadow_of(
    task: ChunkTask,
    judge: Judge,
    store: ObjectStore,
    judge_for: JudgeFor,
    clock: Callable[[], float],
    memory: RememberingEncoder | None,
    seconds: float | None,
) -> Shadow | None:
    """The version beside the run's; None: there is none, or a part is judged again."""
    other = task.shadow
    if other is None or task.threshold is None or task.part is not None:
        return None
    threshold = task.threshold

    def build() -> Beside:
        content = read_artifact(store, other.definition)
        head = head_files(other.head, store, other.version)
        beside = judge_for(content, head, reference_file(other.references, store))
        # A threshold of the sender or of the stack is that of both versions.
        own = task.threshold_from == "process"
        return Beside(beside, threshold_of(content) if own else threshold)

    return Shadow(
        other.version, judge, task.threshold, build, clock, memory=memory, seconds=seconds
    )


def _check_version(task: ChunkTask | JudgeSquare, judge: Judge) -> None:
    """Raises VersionAlteredError if the definition is not that of the run's version."""
    if task.version is None:
        return
    head = task.head.sha256 if task.head else None
    if version_sha256(judge.process.sha256, head) != task.version.sha256:
        raise VersionAlteredError(
            f"{judge.process.id} {task.version.short}: its definition is not what was published."
        )


def judge_records(
    judge: Judge,
    records: Sequence[Record],
    budget: RecordBudget,
    clock: Callable[[], float],
    until: float | None = None,
    squares: Squares | None = None,
) -> Iterator[Judgement | RecordRejection]:
    """A judgement a record, in order, or why there is none; the others go on.

    They are judged in groups, each when its first judgement is asked for: what is not kept of a
    group is free when the next begins.
    `squares` are what is judged of records that are pictures; None: their texts are.
    Raises ChunkTooSlowError when the clock reads `until` before all are judged. A single record is
    rejected instead: no half of it is left to judge.
    """
    run = _Judging(judge, budget, clock, until, squares, alone=len(records) == 1)
    for group in _groups(records):
        yield from run(group)


def _groups(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """The records in order, in groups of GROUP_SEGMENTS estimated segments, or of one record."""
    begin = held = 0
    for index, record in enumerate(records):
        size = estimated_segments(record.text)
        if held and held + size > GROUP_SEGMENTS:
            yield records[begin:index]
            begin, held = index, 0
        held += size
    if begin < len(records):
        yield records[begin:]


class _Judging:
    """Judges groups of records; one that is too slow, or that the judge breaks on, is found.

    A slow one by judging each record of its group for itself, since waiting costs the budget's
    seconds every time; one that breaks by halving the group.
    """

    def __init__(
        self,
        judge: Judge,
        budget: RecordBudget,
        clock: Callable[[], float],
        until: float | None,
        squares: Squares | None,
        *,
        alone: bool,
    ) -> None:
        self._judge = judge
        self._budget = budget
        self._clock = clock
        self._until = until
        self._squares = squares
        self._alone = alone

    def __call__(self, records: Sequence[Record]) -> list[Judgement | RecordRejection]:
        rejected = {
            index: rejection
            for index, record in enumerate(records)
            if (rejection := self._budget.rejection(record.text, count)) is not None
        }
        judged = iter(self._all([r for i, r in enumerate(records) if i not in rejected]))
        return [rejected[i] if i in rejected else next(judged) for i in range(len(records))]

    def _all(self, records: Sequence[Record]) -> Sequence[Judgement | RecordRejection]:
        if not records:
            return []
        until = self._clock() + self._budget.max_seconds
        if self._until is not None:
            until = min(until, self._until)
        check = Deadline(self._clock, until)
        try:
            return self._judge(self._judged(records), [r.fields for r in records], check=check)
        except DeadlineError:
            if until == self._until and not self._alone:
                raise ChunkTooSlowError(
                    "Judging the records of the chunk takes longer than the function may run."
                ) from None
            rejection, size = TOO_SLOW, 1
        except WinnowError:
            raise
        except Exception:
            rejection, size = _FAILED, -(-len(records) // 2)
        if len(records) == 1:
            _logger.warning(
                "a record could not be judged",
                extra={"record": records[0].record, "code": rejection.code},
            )
            return [rejection]
        parts = [records[at : at + size] for at in range(0, len(records), size)]
        return [result for part in parts for result in self._all(part)]

    def _judged(self, records: Sequence[Record]) -> Sequence[Any]:
        """What of the records is judged: their texts, or their pictures."""
        if self._squares is None:
            return [record.text for record in records]
        return [self._squares[record.record] for record in records]


def scored(
    record: Record,
    judgement: Judgement | RecordRejection,
    shadow: ShadowDecision | None = None,
) -> ScoredLine:
    """What the filter is given of a record; invalid where it could not be judged."""
    if isinstance(judgement, RecordRejection):
        return InvalidRecord(
            **record.identity,
            code=judgement.code,
            reason=judgement.reason,
        )
    return ScoredRecord(
        **record.identity,
        ocr_confidence=ocr_confidence(record),
        fields=record.fields,
        text=None if record.picture else record.text,
        picture=record.picture,
        features=judgement.features and b64encode(judgement.features).decode(),
        places=record.places,
        parts=record.parts,
        unread=record.unread,
        judgement=placed(judgement, record.places, record.parts),
        shadow=shadow,
    )
