"""Filter: scored chunks to results; records below the confidence threshold go to review.

Each chunk is filtered on its own, right after it was judged. At the end their counts are added up
and their lines concatenated.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from winnow.costs.prices import X86, price_list
from winnow.costs.runs import chunk_transitions, run_cost, run_units
from winnow.errors import (
    ConfidenceThresholdNotMetError,
    ObjectGoneError,
    StoredDataInvalidError,
)
from winnow.heads.card import HeadCard, parse_card
from winnow.heads.drift import Profiler, drift
from winnow.models import (
    ChunkTally,
    ChunkTask,
    ChunkUnits,
    Counts,
    FilterChunk,
    Filtered,
    FilteredChunk,
    InvalidRecord,
    ModelInfo,
    Objection,
    ObjectRef,
    Outcome,
    Part,
    Result,
    ResultRecord,
    ScoredHeader,
    ScoredLine,
    ScoredRecord,
    Serialized,
    ShadowCounts,
    StepUnits,
    StoredVectors,
    Timings,
)
from winnow.ports import Meter, ObjectStore, Piece
from winnow.processes.schema import parse_definition_json
from winnow.steps.notification import report
from winnow.storage.intermediate import open_artifact
from winnow.storage.jsonl import dump_line, load_lines
from winnow.storage.paths import (
    ARRAYS,
    JSON,
    JSON_LINES,
    RunPaths,
    prefix_of,
    scored_of,
    vectors_of,
)
from winnow.storage.times import iso

_TASK = TypeAdapter(ChunkTask)
_LINE: TypeAdapter[ScoredHeader | ScoredLine] = TypeAdapter(
    Annotated[ScoredHeader | ScoredLine, Field(discriminator="kind")]
)
_MODEL_CHANGED = "The model changed during the run."
_OBJECTIONS = {
    Objection.OUT_OF_SCOPE: "The record is too different from the training data.",
    Objection.UNDETERMINED: "The evidence is not enough to decide.",
    Objection.BELOW_THRESHOLD: "The confidence is below the threshold of {threshold:g}.",
}
_INLINE_THREADS = 4
"""Threads, so that one chunk is uploaded while the next is filtered."""


# -- one chunk -----------------------------------------------------------------------------------


def filter_chunk(
    given: FilterChunk,
    store: ObjectStore,
    clock: Callable[[], float],
    *,
    meter: Meter | None = None,
) -> FilteredChunk:
    """Write a chunk's records by their outcomes, and what was counted, beside its scores.

    `meter` says what the call used: that and what judging used is in the tally, so that a call that
    is repeated replaces what the one before has written.
    Raises StoredDataInvalidError when the parts do not cover the chunk, a part lacks lines or was
    judged by another process or head, or parts were judged by different models.
    """
    started = clock()
    task, parts = given.task, sorted(given.parts, key=lambda part: part.first)
    if task.process is None or task.threshold is None:
        raise StoredDataInvalidError(
            f"Chunk {task.chunk} has no process or no threshold to filter by."
        )
    with open_artifact(store, task.definition) as stream:
        min_ocr = parse_definition_json(stream.read()).input.min_ocr_confidence
    profiler = Profiler()
    lines = {outcome: bytearray() for outcome in Outcome}
    count = dict.fromkeys(Outcome, 0)
    models: set[ModelInfo] = set()
    shadow: ShadowCounts | None = None
    classify_s = 0.0
    classified: list[StepUnits | None] = []
    vectors: list[StoredVectors] = []
    position = 0
    for part in parts:
        if part.first != position:
            raise StoredDataInvalidError(
                f"The parts of chunk {task.chunk} do not cover it completely."
            )
        position += part.records
        scored = _Scored(task, part, store)
        for line in scored:
            record = outcome_of(line, task.threshold, min_ocr)
            if isinstance(line, ScoredRecord):
                profiler.add(line.judgement, reviewed=record.outcome is Outcome.REVIEW)
            lines[record.outcome] += dump_line(record)
            count[record.outcome] += 1
        models.add(scored.header.model)
        shadow = added(shadow, scored.header.shadow)
        classify_s += scored.header.seconds
        classified.append(scored.header.units)
        if scored.header.vectors:
            vectors.append(StoredVectors(object=vectors_of(task, part), size=scored.header.vectors))
    if position != task.records:
        raise StoredDataInvalidError(f"The parts of chunk {task.chunk} do not cover it completely.")
    if len(models) != 1:
        raise StoredDataInvalidError(_MODEL_CHANGED)
    paths = RunPaths.of(task)
    for outcome, content in lines.items():
        if content:
            store.put(paths.filtered(task.chunk, outcome), bytes(content), JSON_LINES)
    tally = ChunkTally(
        chunk=task.chunk,
        process=task.process,
        head=task.head.sha256 if task.head else None,
        version=task.version.sha256 if task.version else None,
        model=models.pop(),
        counts=Counts(records=position, **count),
        sizes={outcome: len(content) for outcome, content in lines.items() if content},
        profile=profiler.counts,
        shadow=shadow,
        classify_s=round(classify_s, 3),
        filter_s=round(clock() - started, 3),
        units=_chunk_units(classified, meter),
        vectors=tuple(vectors),
    )
    store.put(paths.tally(task.chunk), tally.model_dump_json().encode(), JSON)
    return FilteredChunk(chunk=task.chunk, counts=tally.counts)


def _chunk_units(classified: Sequence[StepUnits | None], meter: Meter | None) -> ChunkUnits | None:
    """What a chunk used; None if a part of it was not measured."""
    measured = [units for units in classified if units is not None]
    if meter is None or len(measured) != len(classified):
        return None
    return ChunkUnits(
        classify=sum(measured, StepUnits()),
        filter=meter(puts=1),
        transitions=chunk_transitions(len(classified)),
    )


def added(counts: ShadowCounts | None, more: ShadowCounts | None) -> ShadowCounts | None:
    """The sum of what was counted of the version beside the run's."""
    if counts is None or more is None:
        return counts or more
    return counts + more


class _Scored:
    """The judgements of a part of a chunk, checked while they are read."""

    def __init__(self, task: ChunkTask, part: Part, store: ObjectStore) -> None:
        self._task = task
        self._records = part.records
        self._store = store
        self._ref = scored_of(task, part)
        self.header: ScoredHeader

    def __iter__(self) -> Iterator[ScoredLine]:
        chunk = self._task.chunk
        with open_artifact(self._store, self._ref) as stream:
            lines = load_lines(stream, _LINE)
            header = next(lines, None)
            if not isinstance(header, ScoredHeader) or not self._belongs(header):
                raise StoredDataInvalidError(f"Scored chunk {chunk} does not match the manifest.")
            self.header = header
            count = 0
            for line in lines:
                if isinstance(line, ScoredHeader):
                    raise StoredDataInvalidError(f"Scored chunk {chunk} has two headers.")
                count += 1
                yield line
            if count != self._records:
                raise StoredDataInvalidError(
                    f"Scored chunk {chunk} has {count} records where the manifest says "
                    f"{self._records}."
                )

    def _belongs(self, header: ScoredHeader) -> bool:
        """Whether it is this part, judged by the process and the head of this run."""
        task = self._task
        head = task.head.sha256 if task.head else None
        version = task.version.sha256 if task.version else None
        expected = (task.chunk, self._records, task.process, head, version)
        found = (header.chunk, header.records, header.process, header.head, header.version)
        return found == expected


# -- the whole run -------------------------------------------------------------------------------


def filter_run(
    run: Serialized,
    store: ObjectStore,
    results_bucket: str,
    clock: Callable[[], float],
    *,
    mail_file_names: bool = False,
    page_url: str = "",
    meter: Meter | None = None,
    region: str = "",
    processors: str = X86,
    now: Callable[[], float] | None = None,
) -> Filtered:
    """Write accepted.jsonl, review.jsonl, invalid.jsonl and result.json; compose the e-mail.

    The chunks have been filtered; those of a run that began before runs had ids are now. `meter`
    says what the call used, `region` and `processors` whose prices the run's cost is told in, and
    `now` the time in epoch seconds. Raises StoredDataInvalidError when a chunk or records are
    missing or chunks were judged by different models (no file is written), RunSupersededError
    when a later run has written its results,
    ConfidenceThresholdNotMetError when the process demands an accepted record and has none (the
    files are written all the same).
    """
    started = clock()
    with open_artifact(store, run.definition) as stream:
        definition = parse_definition_json(stream.read())
    card = _card(run, store)
    tasks = _tasks(run, store)
    if run.run is None:
        _filter_inline(tasks, store, clock)
    totals = _Totals(run, tasks, store)
    paths = RunPaths(results_bucket, run.upload.upload_id, run.run, prefix_of(run.manifest))
    fence = run.run.started_at if run.run else ""
    files = {
        outcome: _joined(
            store, paths.outcome(run.process.id, outcome), totals.pieces[outcome], JSON_LINES, fence
        )
        for outcome in Outcome
    }
    vectors = None
    if totals.vectors:
        vectors = _joined(store, paths.vectors(run.process.id), totals.vectors, ARRAYS, fence)
    result = _result(run, totals, card, files, vectors, clock() - started)
    if now is not None:
        result = result.model_copy(update={"finished_at": iso(now())})
    # result.json itself is still to be written: a HEAD and a PUT.
    units = run_units(run, totals.units, meter(puts=1, gets=1) if meter else None)
    if units is not None:
        cost = run_cost(units, totals.counts.records, price_list(region), processors)
        result = result.model_copy(update={"units": units, "cost": cost})
    result_ref = paths.result(run.process.id)
    store.publish(result_ref, result.model_dump_json(indent=2).encode(), JSON, fence)
    if definition.on_none == "fail" and not totals.counts.accepted:
        raise ConfidenceThresholdNotMetError(
            f"None of {run.records:,} records reached the threshold of {run.threshold:g}, "
            f"and the process {run.process.id} demands one."
        )
    return Filtered(
        upload_id=run.upload.upload_id,
        process=run.process.id,
        counts=totals.counts,
        result=result_ref,
        drift=result.drift,
        cost=result.cost.model_dump_json() if result.cost else None,
        mail=report(result, result_ref, file_name=mail_file_names, page_url=page_url),
    )


def _result(
    run: Serialized,
    totals: "_Totals",
    card: HeadCard | None,
    files: dict[Outcome, ObjectRef],
    vectors: ObjectRef | None,
    join_s: float,
) -> Result:
    """The content of result.json; `join_s` is how long joining the chunks took."""
    profile = totals.profiler.profile(run.threshold)
    return Result(
        upload=run.upload,
        dropped_at=run.dropped_at,
        run=run.run,
        process=run.process,
        version=run.version,
        definition=run.definition,
        model=totals.model,
        head=card.info if card else None,
        threshold=run.threshold,
        threshold_from=run.threshold_from,
        counts=totals.counts,
        decisions=totals.profiler.counts.decisions,
        profile=profile if profile.records else None,
        drift=drift(profile, card.profile) if card and card.profile else None,
        shadow=totals.shadow,
        notes=run.notes,
        timings=Timings(
            serialize_s=run.seconds,
            classify_s=round(totals.classify_s, 3),
            filter_s=round(totals.filter_s + join_s, 3),
        ),
        files=files,
        vectors=vectors,
    )


def _tasks(run: Serialized, store: ObjectStore) -> list[ChunkTask]:
    """The lines of the manifest, each with what it is filtered by."""
    with open_artifact(store, run.manifest) as manifest:
        tasks = list(load_lines(manifest, _TASK))
    if len(tasks) != run.chunks:
        raise StoredDataInvalidError(
            f"The manifest has {len(tasks)} chunks where {run.chunks} were written."
        )
    judged_by = {"process": run.process, "threshold": run.threshold}
    return [task.model_copy(update=judged_by) for task in tasks]


def _filter_inline(
    tasks: Sequence[ChunkTask], store: ObjectStore, clock: Callable[[], float]
) -> None:
    def filtered(task: ChunkTask) -> None:
        whole = Part(first=0, records=task.records)
        filter_chunk(FilterChunk(task=task, parts=(whole,)), store, clock)

    with ThreadPoolExecutor(_INLINE_THREADS) as pool:
        for _ in pool.map(filtered, tasks):
            pass


class _Totals:
    """The counts of all chunks together, and where their lines are stored."""

    def __init__(self, run: Serialized, tasks: Sequence[ChunkTask], store: ObjectStore) -> None:
        self.profiler = Profiler()
        self.pieces: dict[Outcome, list[Piece]] = {outcome: [] for outcome in Outcome}
        self.vectors: list[Piece] = []
        self.model: ModelInfo | None = None
        self.classify_s = self.filter_s = 0.0
        self.counts = Counts()
        self.shadow: ShadowCounts | None = None
        self.units: list[ChunkUnits | None] = []
        try:
            contents = store.read_all([RunPaths.of(task).tally(task.chunk) for task in tasks])
            for task, content in zip(tasks, contents, strict=True):
                self._add(task, _tally(task, content))
        except ObjectGoneError:
            raise StoredDataInvalidError("The tally of a chunk is missing.") from None
        if self.counts.records != run.records:
            raise StoredDataInvalidError(
                f"{self.counts.records} records were scored where {run.records} were read."
            )

    def _add(self, task: ChunkTask, tally: ChunkTally) -> None:
        if self.model not in (None, tally.model):
            raise StoredDataInvalidError(_MODEL_CHANGED)
        self.model = tally.model
        self.profiler.add_counts(tally.profile)
        self.shadow = added(self.shadow, tally.shadow)
        self.units.append(tally.units)
        self.classify_s += tally.classify_s
        self.filter_s += tally.filter_s
        self.counts = Counts(
            records=self.counts.records + tally.counts.records,
            accepted=self.counts.accepted + tally.counts.accepted,
            review=self.counts.review + tally.counts.review,
            invalid=self.counts.invalid + tally.counts.invalid,
        )
        paths = RunPaths.of(task)
        for outcome, size in tally.sizes.items():
            self.pieces[outcome].append(Piece(paths.filtered(task.chunk, outcome), size))
        self.vectors += [Piece(stored.object, stored.size) for stored in tally.vectors]


def _tally(task: ChunkTask, content: bytes) -> ChunkTally:
    try:
        tally = ChunkTally.model_validate_json(content)
    except ValidationError as error:
        raise StoredDataInvalidError(
            f"The tally of chunk {task.chunk} is damaged ({error.error_count()} problems)."
        ) from None
    counts = tally.counts
    expected = (
        task.chunk,
        task.records,
        task.process,
        task.head.sha256 if task.head else None,
        task.version.sha256 if task.version else None,
    )
    outcomes = counts.accepted + counts.review + counts.invalid
    found = (tally.chunk, counts.records, tally.process, tally.head, tally.version)
    if found != expected or outcomes != counts.records:
        raise StoredDataInvalidError(
            f"The tally of chunk {task.chunk} does not match the manifest."
        )
    return tally


def _joined(
    store: ObjectStore, ref: ObjectRef, pieces: Sequence[Piece], content_type: str, fence: str
) -> ObjectRef:
    try:
        return store.join(ref, pieces, content_type, fence)
    except ObjectGoneError:
        raise StoredDataInvalidError("The filtered records of a chunk are missing.") from None


def _card(run: Serialized, store: ObjectStore) -> HeadCard | None:
    """The card of the run's head. Classify checks the arrays, which only it computes with."""
    if run.head is None:
        return None
    with open_artifact(store, run.head.card) as stream:
        return parse_card(stream.read())


def outcome_of(line: ScoredLine, threshold: float, min_ocr_confidence: float = 0.0) -> ResultRecord:
    """The result of one record: accepted, for review or invalid, and why."""
    if isinstance(line, InvalidRecord):
        return ResultRecord(
            outcome=Outcome.INVALID,
            **line.identity,
            code=line.code,
            reason=line.reason,
        )
    judgement = line.judgement
    code = reason = None
    if line.unread:
        code = "case_incomplete"
        parts = "A part" if line.unread == 1 else f"{line.unread:,} parts"
        reason = (
            f"{parts} of its case could not be read (see the invalid records): what is said there "
            "was not judged."
        )
    elif line.ocr_confidence is not None and line.ocr_confidence < min_ocr_confidence:
        code = "low_ocr_confidence"
        reason = (
            f"The OCR confidence of a page is {line.ocr_confidence:.2f}, less than "
            f"{min_ocr_confidence:g}: the judged text may differ from the page."
        )
    elif (against := judgement.objection(threshold)) is not None:
        code, reason = against.value, _OBJECTIONS[against].format(threshold=threshold)
    return ResultRecord(
        outcome=Outcome.REVIEW if code else Outcome.ACCEPTED,
        **line.identity,
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
        text=line.text,
        picture=line.picture,
        features=line.features,
        places=line.places,
        parts=line.parts,
        shadow=line.shadow,
    )
