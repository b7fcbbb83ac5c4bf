"""Filter: scored chunks to results, by the confidence that the threshold demands."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Annotated

from pydantic import Field, TypeAdapter

from winnow.drift import Profiler, drift
from winnow.errors import ConfidenceThresholdNotMetError, StoredDataInvalidError
from winnow.head import HeadCard, parse_card
from winnow.jsonl import dump_line, load_lines
from winnow.layout import JSON, JSON_LINES, RunLayout
from winnow.mail import report
from winnow.models import (
    ChunkTask,
    Counts,
    Filtered,
    InvalidRecord,
    ModelInfo,
    Outcome,
    Result,
    ResultRecord,
    ScoredHeader,
    ScoredLine,
    ScoredRecord,
    Serialized,
    Timings,
    Verdict,
)
from winnow.ports import ObjectStore
from winnow.process import parse_definition_json
from winnow.stored import open_stored

_TASK = TypeAdapter(ChunkTask)
_LINE: TypeAdapter[ScoredHeader | ScoredLine] = TypeAdapter(
    Annotated[ScoredHeader | ScoredLine, Field(discriminator="kind")]
)


def filter_run(
    run: Serialized,
    store: ObjectStore,
    results_bucket: str,
    clock: Callable[[], float],
    *,
    mail_file_names: bool = False,
) -> Filtered:
    """Write accepted.jsonl, review.jsonl, invalid.jsonl and result.json; compose the mail.

    The chunks are read and written as streams. Raises StoredDataInvalidError when a chunk lacks
    lines or chunks were judged by different models (no file is written),
    ConfidenceThresholdNotMetError when the process demands an accepted record and has none (the
    files are written all the same).
    """
    started = clock()
    with open_stored(store, run.definition) as stream:
        definition = parse_definition_json(stream.read())
    layout = RunLayout(results_bucket, run.upload.upload_id)
    files = {outcome: layout.outcome(run.process.id, outcome) for outcome in Outcome}
    tally = _Tally()
    profiler = Profiler()
    card = _card(run, store)
    with ExitStack() as stack:
        writers = {
            outcome: stack.enter_context(store.create(ref, JSON_LINES))
            for outcome, ref in files.items()
        }
        for line in _scored_lines(run, store, tally):
            record = outcome_of(line, run.threshold, definition.input.min_ocr_confidence)
            tally.add(record)
            if isinstance(line, ScoredRecord):
                profiler.add(line.judgement, reviewed=record.outcome is Outcome.REVIEW)
            writers[record.outcome].write(dump_line(record))
        if tally.counts.records != run.records:
            raise StoredDataInvalidError(
                f"{tally.counts.records} records were scored where {run.records} were read."
            )
    profile = profiler.profile(run.threshold)
    result = Result(
        upload=run.upload,
        process=run.process,
        model=tally.model,
        head=card.info if card else None,
        threshold=run.threshold,
        threshold_from=run.threshold_from,
        counts=tally.counts,
        decisions=dict(sorted(tally.decisions.items())),
        profile=profile if profile.records else None,
        drift=drift(profile, card.profile) if card and card.profile else None,
        notes=run.notes,
        timings=Timings(
            serialize_s=run.seconds,
            classify_s=round(tally.classify_s, 3),
            filter_s=round(clock() - started, 3),
        ),
        files=files,
    )
    result_ref = layout.result(run.process.id)
    store.put(result_ref, result.model_dump_json(indent=2).encode(), JSON)
    if definition.on_none == "fail" and not tally.counts.accepted:
        raise ConfidenceThresholdNotMetError(
            f"None of {run.records:,} records reached the threshold of {run.threshold:g}, "
            f"and the process {run.process.id} demands one."
        )
    return Filtered(
        upload_id=run.upload.upload_id,
        process=run.process.id,
        counts=tally.counts,
        result=result_ref,
        drift=result.drift,
        mail=report(result, result_ref, file_name=mail_file_names),
    )


def _card(run: Serialized, store: ObjectStore) -> HeadCard | None:
    """The card of the run's head. The arrays are Classify's to check: it computes with them."""
    if run.head is None:
        return None
    with open_stored(store, run.head.card) as stream:
        return parse_card(stream.read())


def outcome_of(line: ScoredLine, threshold: float, min_ocr_confidence: float = 0.0) -> ResultRecord:
    """The result of one record: what the filter promises, in one place."""
    if isinstance(line, InvalidRecord):
        return ResultRecord(
            outcome=Outcome.INVALID,
            record=line.record,
            line=line.line,
            source_id=line.source_id,
            part=line.part,
            code=line.code,
            reason=line.reason,
        )
    judgement = line.judgement
    code = reason = None
    if line.ocr_confidence is not None and line.ocr_confidence < min_ocr_confidence:
        code = "low_ocr_confidence"
        reason = (
            f"OCR is {line.ocr_confidence:.2f} sure of a page, less than {min_ocr_confidence:g}: "
            "what was judged may not be what stands there."
        )
    elif judgement.out_of_scope:
        code, reason = "out_of_scope", "It is unlike everything that the process was trained on."
    elif judgement.decision.value == Verdict.UNDETERMINED:
        code, reason = "undetermined", "The evidence is not enough to decide."
    elif judgement.confidence < threshold:
        code = "below_threshold"
        reason = f"The confidence is below the threshold of {threshold:g}."
    return ResultRecord(
        outcome=Outcome.REVIEW if code else Outcome.ACCEPTED,
        record=line.record,
        line=line.line,
        source_id=line.source_id,
        part=line.part,
        ocr_confidence=line.ocr_confidence,
        fields=line.fields,
        decision=judgement.decision,
        score=judgement.score,
        confidence=judgement.confidence,
        calibrated=judgement.calibrated,
        calibration=judgement.calibration,
        novelty=judgement.novelty,
        code=code,
        reason=reason,
    )


class _Tally:
    """What is counted while the records pass."""

    def __init__(self) -> None:
        self._outcomes: Counter[Outcome] = Counter()
        self.decisions: Counter[str] = Counter()
        self.model: ModelInfo | None = None
        self.classify_s = 0.0

    def add(self, record: ResultRecord) -> None:
        self._outcomes[record.outcome] += 1
        if record.decision:
            self.decisions[str(record.decision.value)] += 1

    @property
    def counts(self) -> Counts:
        return Counts(
            records=self._outcomes.total(),
            accepted=self._outcomes[Outcome.ACCEPTED],
            review=self._outcomes[Outcome.REVIEW],
            invalid=self._outcomes[Outcome.INVALID],
        )


def _scored_lines(run: Serialized, store: ObjectStore, tally: _Tally) -> Iterator[ScoredLine]:
    with open_stored(store, run.manifest) as manifest:
        tasks = list(load_lines(manifest, _TASK))
    if len(tasks) != run.chunks:
        raise StoredDataInvalidError(
            f"The manifest has {len(tasks)} chunks where {run.chunks} were written."
        )
    for task in tasks:
        with open_stored(store, task.scored) as stream:
            lines = load_lines(stream, _LINE)
            header = next(lines, None)
            if not isinstance(header, ScoredHeader) or not _belongs(header, task, run):
                raise StoredDataInvalidError(
                    f"Scored chunk {task.chunk} is not the one that belongs there."
                )
            if tally.model not in (None, header.model):
                raise StoredDataInvalidError(
                    "The model changed during the run; submit the file again."
                )
            tally.model = header.model
            tally.classify_s += header.seconds
            count = 0
            for line in lines:
                if isinstance(line, ScoredHeader):
                    raise StoredDataInvalidError(f"Scored chunk {task.chunk} holds two headers.")
                count += 1
                yield line
            if count != task.records:
                raise StoredDataInvalidError(
                    f"Scored chunk {task.chunk} has {count} records where the manifest says "
                    f"{task.records}."
                )


def _belongs(header: ScoredHeader, task: ChunkTask, run: Serialized) -> bool:
    """Whether a scored chunk is this one, judged by the process and the head of this run."""
    head = run.head.sha256 if run.head else None
    wanted = (task.chunk, task.records, run.process, head)
    return (header.chunk, header.records, header.process, header.head) == wanted
