"""The records of an upload as rows of the index: a pure function of the upload's results folder.

Nothing but the folder is read, so an index that is built again is the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from io import BytesIO
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from winnow.errors import ObjectGoneError, RetryableError, StoredDataInvalidError
from winnow.models import (
    CriteriaDecision,
    Decision,
    ObjectRef,
    Outcome,
    RecordIdentity,
    Result,
    ResultRecord,
    UnitInterval,
)
from winnow.ports import ObjectStore, StoredObject
from winnow.reviews.queueing import read_result
from winnow.reviews.reviewed import ReviewedRecord
from winnow.search.files import sources_of
from winnow.search.tokens import tokens, tokens_of
from winnow.storage.paths import ReviewPaths
from winnow.storage.record_lines import each_line, parse_line, parse_record
from winnow.storage.vectors import AscendingVectors

ERASED = "erased"
"""Code of a record that was erased on request."""
_CHANGED = "The results have changed while they were read."
_UNKNOWN_DAY = date(1970, 1, 1)


class IndexRow(NamedTuple):
    """One record of the index. The columns of the index's files have these names."""

    process: str
    version: str
    """First 12 hex digits of the version; before versions had names, of the definition."""
    upload: str
    record: int
    line: int | None
    part: str | None
    source_id: str | None
    """The record's own id. Where cases are joined, that of the case."""
    outcome: str
    decision: str | None
    code: str | None
    score: float | None
    confidence: float | None
    calibrated: bool | None
    threshold: float
    dropped_at: str | None
    judged_at: str
    finished_at: str | None
    seconds: float | None
    """From the drop of the file until its results were there."""
    usd: float | None
    """The record's share of what the run cost."""
    review_decision: str | None
    """What a person decided; None although `reviewed_by` is set: cannot tell."""
    reviewed_by: str | None
    reviewed_at: str | None
    changed: bool | None
    review_kind: str | None
    review_blind: bool | None
    text: str | None
    tokens: str
    vector: bytes | None
    """int8, in the direction of the record's text: 512 of the results, fewer in the index's files.
    A record without a text is a picture, and its vector of the picture's features.
    None: it has no words, or none was kept."""


class _Decided(BaseModel):
    model_config = ConfigDict(defer_build=True)

    value: str


class _Line(RecordIdentity):
    """What the index has of a line of the results: a third of the time goes into the rest."""

    model_config = ConfigDict(extra="ignore")

    outcome: Outcome
    decision: _Decided | None = None
    code: str | None = None
    score: UnitInterval | None = None
    confidence: UnitInterval | None = None
    calibrated: bool | None = None
    text: str | None = None


class UploadRows:
    """The rows of one upload, in the order of `record` within each file of the results.

    Iterate once; `generation` is known afterwards. Raises ObjectGoneError when the results are
    deleted, RetryableError when they have changed while they were read, and StoredDataInvalidError
    when they are damaged.
    """

    def __init__(self, store: ObjectStore, result_ref: ObjectRef) -> None:
        """Read what all rows share."""
        self._store = store
        self._stored = stored = store.head(result_ref)
        with self._unchanged():
            self._result = read_result(store, stored.ref)
        self._stored_day = stored.stored.date() if stored.stored else _UNKNOWN_DAY
        self._reviews, reviewed = _reviews(store, result_ref, self._result)
        self._review_fence = reviewed.fence if reviewed else ""
        self.sources = sources_of(stored.etag, reviewed and reviewed.etag)
        """What the rows are made of."""
        self._erased = 0

    @property
    def process(self) -> str:
        """Id of the process."""
        return self._result.process.id

    @property
    def upload(self) -> str:
        """Id of the upload."""
        return self._result.upload.upload_id

    @property
    def month(self) -> str:
        """The month of the index that the rows belong to."""
        return self._judged_at[:7]

    @property
    def generation(self) -> str:
        """Sorts the states of an upload's folder, the newest last.

        It grows with a later run, with every record that is erased and with every decision.
        """
        started = self._result.run.started_at if self._result.run else ""
        return f"{started}#{self._erased:09d}#{self._review_fence}"

    @property
    def _judged_at(self) -> str:
        run = self._result.run
        return run.started_at if run else f"{self._stored_day}T00:00:00.000Z"

    def __iter__(self) -> Iterator[IndexRow]:
        with self._unchanged():
            yield from self._rows()

    def _rows(self) -> Iterator[IndexRow]:
        self._erased = 0
        result = self._result
        shared = _Shared(
            process=result.process.id,
            version=(result.version.sha256 if result.version else result.process.sha256)[:12],
            upload=result.upload.upload_id,
            threshold=result.threshold,
            dropped_at=result.dropped_at,
            judged_at=self._judged_at,
            finished_at=result.finished_at,
            seconds=_seconds(result),
            usd=_share(result),
        )
        for ref in result.files.values():
            with self._vectors() as vectors:
                for line in each_line(self._store, ref):
                    record = parse_line(line.content, _Line)
                    self._erased += record.code == ERASED
                    yield _row(
                        shared,
                        record,
                        _tokens(record, line.content),
                        self._reviews.get(record.record),
                        vectors.of(record.record),
                    )

    @contextmanager
    def _unchanged(self) -> Iterator[None]:
        """Say of a file that is gone what that means: only result.json tells of a deletion.

        Who erases a record deletes the versions that result.json has named before.
        """
        try:
            yield
        except ObjectGoneError:
            newest = self._store.head(self._stored.ref.model_copy(update={"version_id": None}))
            if newest.ref == self._stored.ref:
                raise StoredDataInvalidError("A file of the results is gone.") from None
            raise RetryableError(_CHANGED) from None

    @contextmanager
    def _vectors(self) -> Iterator[AscendingVectors]:
        ref = self._result.vectors
        with self._store.open(ref) if ref else nullcontext(BytesIO()) as stream:
            yield AscendingVectors(stream)


class _Shared(NamedTuple):
    process: str
    version: str
    upload: str
    threshold: float
    dropped_at: str | None
    judged_at: str
    finished_at: str | None
    seconds: float | None
    usd: float | None


def _row(
    shared: _Shared,
    record: _Line,
    words: str,
    review: ReviewedRecord | None,
    vector: bytes | None,
) -> IndexRow:
    return IndexRow(
        **shared._asdict(),
        record=record.record,
        line=record.line,
        part=record.part,
        source_id=record.source_id,
        outcome=record.outcome.value,
        decision=record.decision.value if record.decision else None,
        code=record.code,
        score=record.score,
        confidence=record.confidence,
        calibrated=record.calibrated,
        review_decision=review.decision if review else None,
        reviewed_by=review.by if review else None,
        reviewed_at=review.at if review else None,
        changed=review.changed if review else None,
        review_kind=review.kind.value if review else None,
        review_blind=review.blind if review else None,
        text=record.text,
        tokens=words,
        vector=vector,
    )


def _tokens(record: _Line, content: bytes) -> str:
    return tokens(record.text) if record.text is not None else record_tokens(parse_record(content))


def record_tokens(record: ResultRecord) -> str:
    """Those of the text; of results that kept no text (before schema 1.4) those of the evidence."""
    if record.text is not None:
        return tokens(record.text)
    if record.decision is None:
        return ""
    return tokens_of(dict.fromkeys(_evidence(record.decision)))


def _evidence(decision: Decision) -> Iterator[str]:
    if isinstance(decision, CriteriaDecision):
        for finding in decision.criteria:
            yield from (piece.text for piece in finding.evidence)
    else:
        yield from (piece.text for piece in decision.evidence)


def _seconds(result: Result) -> float | None:
    if result.dropped_at is None or result.finished_at is None:
        return None
    dropped, finished = map(datetime.fromisoformat, (result.dropped_at, result.finished_at))
    # S3 tells whole seconds of its own clock, so that the difference may be a little negative.
    return max(0.0, (finished - dropped).total_seconds())


def _share(result: Result) -> float | None:
    if result.cost is None or not result.counts.records:
        return None
    return result.cost.usd / result.counts.records


def _reviews(
    store: ObjectStore, result_ref: ObjectRef, result: Result
) -> tuple[dict[int, ReviewedRecord], StoredObject | None]:
    """The decisions that hold now by record, and their file."""
    paths = ReviewPaths(result_ref.bucket, result.process.id, result.upload.upload_id)
    try:
        stored = store.head(paths.reviewed)
    except ObjectGoneError:
        return {}, None
    try:
        reviewed = [ReviewedRecord.model_validate_json(line) for line in _lines(store, stored)]
    except ObjectGoneError:
        raise RetryableError(_CHANGED) from None
    except ValidationError:
        raise StoredDataInvalidError("A reviewed.jsonl is damaged.") from None
    return {line.record: line for line in reviewed}, stored


def _lines(store: ObjectStore, stored: StoredObject) -> list[bytes]:
    with store.open(stored.ref) as stream:
        return stream.readlines()
