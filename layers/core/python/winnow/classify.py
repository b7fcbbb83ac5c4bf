"""Classify: one chunk of records to one chunk of judgements."""

import logging
from collections.abc import Callable, Sequence

from pydantic import TypeAdapter

from winnow.errors import StoredDataInvalidError, WinnowError
from winnow.head import HeadFiles
from winnow.jsonl import dump_line, load_lines
from winnow.layout import JSON_LINES
from winnow.models import (
    ChunkTask,
    Classified,
    HeadRef,
    InvalidRecord,
    Judgement,
    ModelInfo,
    Record,
    ScoredHeader,
    ScoredLine,
    ScoredRecord,
    SourceLine,
)
from winnow.places import ocr_confidence, placed
from winnow.ports import Judge, ObjectStore
from winnow.stored import open_stored

JudgeFor = Callable[[bytes, HeadFiles | None], Judge]
"""From a definition's JSON, and the head where there is one, to its judge; kept between calls, for
building one costs an encoding."""

_SOURCE_LINE: TypeAdapter[Record | InvalidRecord] = TypeAdapter(SourceLine)
_logger = logging.getLogger(__name__)


def classify(
    task: ChunkTask,
    store: ObjectStore,
    judge_for: JudgeFor,
    model: ModelInfo,
    clock: Callable[[], float],
) -> Classified:
    """Judge the records of a chunk and write them, in their order, to `task.scored`.

    Raises StoredDataInvalidError when the chunk is not what the manifest says.
    """
    started = clock()
    with open_stored(store, task.definition) as stream:
        definition = stream.read()
    judge = judge_for(definition, _head_of(task.head, store))
    with open_stored(store, task.source) as stream:
        lines = list(load_lines(stream, _SOURCE_LINE))
    if len(lines) != task.records:
        raise StoredDataInvalidError(
            f"Chunk {task.chunk} has {len(lines)} lines where the manifest says {task.records}."
        )
    records = [line for line in lines if isinstance(line, Record)]
    judgements = dict(zip((r.record for r in records), _judge_all(judge, records), strict=True))

    body = bytearray()
    for line in lines:
        if isinstance(line, Record):
            body += dump_line(scored(line, judgements[line.record]))
        else:
            body += dump_line(line)
    header = ScoredHeader(
        chunk=task.chunk,
        records=len(lines),
        process=judge.process,
        model=model,
        head=task.head.sha256 if task.head else None,
        seconds=round(clock() - started, 3),
    )
    store.put(task.scored, dump_line(header) + body, JSON_LINES)
    return Classified(chunk=task.chunk, records=len(lines))


def _head_of(head: HeadRef | None, store: ObjectStore) -> HeadFiles | None:
    """The run's head, read only where its judge is not kept already."""
    if head is None:
        return None

    def read() -> tuple[bytes, bytes]:
        with open_stored(store, head.card) as card, open_stored(store, head.arrays) as arrays:
            return card.read(), arrays.read()

    return HeadFiles(head.sha256, read)


def _judge_all(judge: Judge, records: Sequence[Record]) -> list[Judgement | None]:
    """A judgement a record; None for one that the judge breaks on, so that the others go on."""
    try:
        return (
            list(judge([r.text for r in records], [r.fields for r in records])) if records else []
        )
    except WinnowError:
        raise
    except Exception:
        if len(records) == 1:
            _logger.warning("a record could not be judged", extra={"record": records[0].record})
            return [None]
    middle = len(records) // 2
    return _judge_all(judge, records[:middle]) + _judge_all(judge, records[middle:])


def scored(record: Record, judgement: Judgement | None) -> ScoredLine:
    """What the filter is given of a record; invalid where it could not be judged."""
    if judgement is None:
        return InvalidRecord(
            record=record.record,
            line=record.line,
            source_id=record.source_id,
            part=record.part,
            code="judging_failed",
            reason="Judging it failed; the other records are not affected. Report the upload id.",
        )
    return ScoredRecord(
        record=record.record,
        line=record.line,
        source_id=record.source_id,
        part=record.part,
        ocr_confidence=ocr_confidence(record),
        fields=record.fields,
        judgement=placed(judgement, record.places),
    )
