"""Puts an upload's doubtful records, and a sample of the accepted ones, into the queue.

It may run any number of times for an upload, also at the same time, and after it broke off in the
middle: every record is queued once and counted once.
"""

import heapq
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from winnow.errors import ObjectGoneError, StoredDataInvalidError
from winnow.models import FrozenModel, ObjectRef, Outcome, Result
from winnow.ports import ObjectStore
from winnow.processes.schema import ProcessDefinition, parse_definition_json
from winnow.reviews.items import Items
from winnow.reviews.models import Kind, LineRef, RecordKey, ReviewHead, State, Totals
from winnow.reviews.notes import Notes
from winnow.reviews.ports import ReviewStore
from winnow.reviews.sampling import AuditDraw, in_sample, lot
from winnow.reviews.service import Reviews
from winnow.storage.paths import JSON, ReviewPaths, RunPaths
from winnow.storage.times import iso

MAX_QUEUED = 100_000
"""The most records of an upload that are queued of each kind: for review the least sure ones, of
the accepted ones a smaller sample.

DynamoDB takes about 500 transactional writes a second in an upload's partition, and the function
has 900 seconds.
"""
_BATCH = 1_000
"""Heads that are in memory at a time."""
_THREADS = 8
"""Lines that are kept at a time."""


class Shares(NamedTuple):
    """Which shares of records people see in another way than the rest; each in [0, 1]."""

    blind: float = 0.1
    """Of the queued records: the machine's decision is hidden until a person has decided."""
    audit: float = 0.02
    """Of the accepted records: a person decides them, too."""
    disagreement: float = 0.1
    """Of the accepted records that two versions decide differently: a person decides them, too."""


class Queued(FrozenModel):
    """What of an upload is in the queue."""

    upload_id: str
    process: str
    queued: int
    audits: int
    left_out: int
    """Records for review above MAX_QUEUED: the surest of them."""
    result: Result
    """What was queued, as the run wrote it."""


class _Line(BaseModel):
    """What a head needs of a line of results; far quicker to read than the whole line."""

    model_config = ConfigDict(extra="ignore", defer_build=True)

    class Decision(BaseModel):
        """What was decided."""

        model_config = ConfigDict(extra="ignore")

        value: str = ""

    record: int
    decision: Decision | None = None
    confidence: float | None = None
    calibrated: bool | None = None
    code: str | None = None
    shadow: Decision | None = None
    """Without a value; absent: no version decided otherwise."""


class _Judged(NamedTuple):
    """A record of the results, and where its line is."""

    record: int
    confidence: float
    decision: str
    calibrated: bool
    code: str | None
    line: LineRef
    differs: bool
    """Another version decided it differently."""


def read_result(objects: ObjectStore, ref: ObjectRef) -> Result:
    """result.json of an upload. Raises ObjectGoneError, StoredDataInvalidError."""
    with objects.open(ref) as stream:
        content = stream.read()
    try:
        return Result.model_validate_json(content)
    except ValidationError as error:
        raise StoredDataInvalidError(
            f"result.json is damaged ({error.error_count()} problems)."
        ) from None


def queue_upload(
    result_ref: ObjectRef,
    objects: ObjectStore,
    reviews: ReviewStore,
    shares: Shares,
    clock: Callable[[], float],
    known: Callable[[str], ProcessDefinition | None] = lambda _: None,
) -> Queued:
    """Queue the records of a finished run, and keep the definition that they were judged by.

    Records of an earlier run that nobody has touched are replaced, and leave the queue where this
    run does not set them aside. Of the others, the lines that they were judged by are kept.

    Args:
        result_ref: The run's result.json.
        objects: Where the results are.
        reviews: Where the queue is.
        shares: How many records are blind, and how many accepted ones are queued.
        clock: Tells the time in epoch seconds.
        known: The definition of a process id as it is now, for a run whose own is deleted.

    Raises:
        ObjectGoneError: The results have expired.
        StoredDataInvalidError: A line of them is damaged.
    """
    result = read_result(objects, result_ref)
    _keep_definition(result, result_ref.bucket, objects, known)
    run = result.run.started_at if result.run else ""
    own = _has_own_threshold(result, result_ref.bucket, objects)
    heads = _heads(result, run, objects, shares, iso(clock()), own_threshold=own)
    while batch := list(islice(heads, _BATCH)):
        reviews.add(batch)
    counted, expired, earlier = _settle(reviews, result.upload.upload_id, run)
    _keep_lines(earlier, objects, result_ref.bucket, clock)
    if expired:
        # Their results were gone, and this run has made new ones.
        service = Reviews(reviews, clock)
        for head in _heads(result, run, objects, shares, iso(clock()), own_threshold=own):
            if head.record in expired:
                service.requeue(head)
        counted, *_ = _settle(reviews, result.upload.upload_id, run)
    reviews.count_queued(result.upload.upload_id, result.process.id, run, counted)
    return Queued(
        upload_id=result.upload.upload_id,
        process=result.process.id,
        queued=counted.queued,
        audits=counted.audits,
        left_out=max(0, result.counts.review - MAX_QUEUED),
        result=result,
    )


class _Settled(NamedTuple):
    """The heads of an upload when a run has been queued."""

    counted: Totals
    expired: set[int]
    """Records of earlier runs that have expired."""
    earlier: list[ReviewHead]
    """Other heads of earlier runs that stay: people have decided or skipped their records."""


def _settle(reviews: ReviewStore, upload: str, run: str) -> _Settled:
    """Take out what only earlier runs had set aside; count what is in the queue, or was.

    Erased and expired records are counted, too: that they were closed is counted apart, by its
    event.
    """
    counts = dict.fromkeys(Kind, 0)
    expired: set[int] = set()
    earlier: list[ReviewHead] = []
    for head in reviews.heads(upload):
        if head.state is State.EXPIRED and head.run_started < run:
            expired.add(head.record)
        outdated = head.run_started < run and head.queued and head.version == 0
        if not (outdated and reviews.remove(head)):
            counts[head.kind] += 1
            if head.state in (State.OPEN, State.DECIDED) and head.run_started < run:
                earlier.append(head)
    totals = Totals(queued=counts[Kind.REVIEW], audits=counts[Kind.AUDIT])
    return _Settled(totals, expired, earlier)


def _keep_lines(
    heads: list[ReviewHead], objects: ObjectStore, bucket: str, clock: Callable[[], float]
) -> None:
    """Keep the lines of records whose results a later run has written over."""
    items = Items(objects, Notes(objects, bucket), bucket, clock)
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(items.keep, heads))


def _keep_definition(
    result: Result,
    bucket: str,
    objects: ObjectStore,
    known: Callable[[str], ProcessDefinition | None],
) -> None:
    """Keep the run's definition beside its results: the run's own objects live for a week."""
    definition = _run_definition(result, bucket, objects) or known(result.process.id)
    # The process may have been changed since: then nobody has the definition any more.
    if definition is not None and definition.info.sha256 == result.process.sha256:
        ref = ReviewPaths(bucket, result.process.id, result.upload.upload_id).definition
        objects.put(ref, definition.model_dump_json().encode(), JSON)


def _run_definition(result: Result, bucket: str, objects: ObjectStore) -> ProcessDefinition | None:
    ref = result.definition or RunPaths(bucket, result.upload.upload_id, result.run).definition
    try:
        with objects.open(ref) as stream:
            return parse_definition_json(stream.read())
    except ObjectGoneError:
        return None


def _has_own_threshold(result: Result, bucket: str, objects: ObjectStore) -> bool:
    """Whether the upload asked for a threshold that is none of its version's.

    What it accepts is then not what the version accepts, and says nothing of its precision.
    """
    if result.threshold_from != "upload":
        return False
    definition = _run_definition(result, bucket, objects)
    return definition is None or definition.threshold != result.threshold


def audit_draw(result: Result, shares: Shares) -> AuditDraw:
    """With which probabilities a run's accepted records are drawn; smaller for very many."""
    differed = result.shadow.differed if result.shadow else 0
    return AuditDraw(
        min(shares.audit, MAX_QUEUED / max(1, result.counts.accepted)),
        min(shares.disagreement, MAX_QUEUED / max(1, differed)) if differed else 0.0,
    )


# -- heads ----------------------------------------------------------------------------------------


def _heads(
    result: Result,
    run: str,
    objects: ObjectStore,
    shares: Shares,
    now: str,
    *,
    own_threshold: bool,
) -> Iterator[ReviewHead]:
    """The heads of the records for review, then of the sample of accepted ones."""
    draw = audit_draw(result, shares)
    for judged in _for_review(result, objects):
        yield _head(result, run, judged, Kind.REVIEW, 1.0, shares, now)
    for judged in _sample(result, objects, draw):
        probability = draw.probability(differs=judged.differs)
        head = _head(result, run, judged, Kind.AUDIT, probability, shares, now)
        # What was drawn with the run's share alone needs to say nothing more.
        least = None if probability == draw.every else draw.every
        if own_threshold:
            least = 0.0
        yield head.model_copy(update={"sampled_at_least": least})


def _for_review(result: Result, objects: ObjectStore) -> Iterator[_Judged]:
    """The records for review: all of them, or the MAX_QUEUED least sure ones."""
    ref = result.files.get(Outcome.REVIEW)
    if ref is None or not result.counts.review:
        return
    if result.counts.review <= MAX_QUEUED:
        yield from _judged(objects, ref)
        return
    sure = heapq.nsmallest(MAX_QUEUED, ((j.confidence, j.record) for j in _judged(objects, ref)))
    last = sure[-1]
    del sure
    yield from (j for j in _judged(objects, ref) if (j.confidence, j.record) <= last)


def _sample(result: Result, objects: ObjectStore, draw: AuditDraw) -> Iterator[_Judged]:
    """The accepted records that people check, the same ones every time."""
    ref = result.files.get(Outcome.ACCEPTED)
    if ref is None or not any(draw) or not result.counts.accepted:
        return
    for judged in _judged(objects, ref):
        key = RecordKey(result.upload.upload_id, judged.record)
        if draw.draws(key, differs=judged.differs):
            yield judged


def _judged(objects: ObjectStore, ref: ObjectRef) -> Iterator[_Judged]:
    """The lines of a file of results; those without a decision are left out: they were erased."""
    start = 0
    with objects.open(ref) as stream:
        for number, content in enumerate(stream, start=1):
            try:
                line = _Line.model_validate_json(content)
            except ValidationError:
                raise StoredDataInvalidError(f"Line {number} of the results is damaged.") from None
            place = LineRef(object=ref, start=start, length=len(content))
            start += len(content)
            if line.decision is not None and line.confidence is not None:
                yield _Judged(
                    line.record,
                    line.confidence,
                    line.decision.value,
                    bool(line.calibrated),
                    line.code,
                    place,
                    line.shadow is not None,
                )


def _head(
    result: Result,
    run: str,
    judged: _Judged,
    kind: Kind,
    probability: float,
    shares: Shares,
    now: str,
) -> ReviewHead:
    key = RecordKey(result.upload.upload_id, judged.record)
    return ReviewHead(
        upload=key.upload,
        record=key.record,
        kind=kind,
        process=result.process,
        head=result.head.version if result.head else None,
        judged_by=result.version,
        model=result.model.sha256 if result.model else None,
        run_started=run,
        line=judged.line,
        outcome=Outcome.REVIEW if kind is Kind.REVIEW else Outcome.ACCEPTED,
        code=judged.code,
        decision=judged.decision,
        confidence=judged.confidence,
        calibrated=judged.calibrated,
        blind=in_sample(key, shares.blind, "blind"),
        probability=probability,
        lot=lot(key) if kind is Kind.AUDIT else None,
        waiting_since=now,
    )
