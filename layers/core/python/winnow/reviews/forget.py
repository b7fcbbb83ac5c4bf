"""Erases a person: an upload, or one record of it, with all texts and earlier versions.

Everything can be done again: what is erased already is left as it is. If erasing breaks off, the
next call goes on. Texts go first, then the reviews are marked as erased, which is their audit;
the upload's row comes last, since it says where the file was.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import BinaryIO, NamedTuple, Protocol

from pydantic import Field, ValidationError

from winnow.errors import (
    NotFinishedError,
    ObjectGoneError,
    RecordUnknownError,
    StoredDataInvalidError,
)
from winnow.models import FrozenModel, ObjectRef, Outcome, Result, ResultRecord
from winnow.ports import ObjectStore, Piece
from winnow.recovery.upload_row import UploadRow
from winnow.reviews.models import Kind, LineRef, RecordKey, ReviewHead
from winnow.reviews.ports import ReviewStore
from winnow.reviews.service import Reviews
from winnow.reviews.times import iso
from winnow.storage.paths import JSON, JSON_LINES
from winnow.storage.record_lines import RecordLine, find_record, parse_record

CODE = "erased"
REASON = "It was erased on request."
_PIECE_BYTES = 8 * 1024 * 1024


class StoredVersion(NamedTuple):
    """One version of an object, or a delete marker."""

    key: str
    version_id: str
    latest: bool


class Eraser(Protocol):
    """Deletes versions of objects for good. Raises as ObjectStore does."""

    def versions(self, bucket: str, prefix: str) -> Iterator[StoredVersion]:
        """Every version and every delete marker under a prefix."""
        ...

    def delete(self, bucket: str, versions: Iterable[StoredVersion]) -> int:
        """Delete these versions; how many. One that is gone already counts, too."""
        ...


class UploadMarks(Protocol):
    """The table of uploads, to mark a row as erased."""

    def mark_erased(self, upload_id: str, at: str, by: str) -> None:
        """Note who erased an upload and when, and take the file's key out of its row.

        A row that is marked already keeps its time and name.
        """
        ...


class Erased(FrozenModel):
    """What was erased: versions of objects, and records."""

    upload: str
    record: int | None = None
    uploaded: int = Field(0, description="versions of the uploaded file")
    results: int = Field(0, description="versions of results")
    runs: int = Field(0, description="versions of a run's intermediate objects")
    pages: int = Field(0, description="versions of page pictures")
    notes: int = Field(0, description="versions of notes and drafts")
    reviews: int = Field(0, description="records that are marked as erased")
    decided: int = Field(
        0, description="of them, those that a person had decided: exports may hold them"
    )


class Forget:
    """Erases from one stack."""

    def __init__(
        self,
        objects: ObjectStore,
        eraser: Eraser,
        marks: UploadMarks,
        reviews: ReviewStore | None,
        results_bucket: str,
        clock: Callable[[], float],
        rewrite: Callable[[str, str], object] = lambda _upload, _process: None,
    ) -> None:
        """`reviews` is None for a stack without reviews; `clock` tells the time in seconds.

        `rewrite` writes the reviewed files of an upload and its process again.
        """
        self._objects = objects
        self._eraser = eraser
        self._marks = marks
        self._store = reviews
        self._reviews = None if reviews is None else Reviews(reviews, clock)
        self._bucket = results_bucket
        self._clock = clock
        self._rewrite_reviewed = rewrite

    # -- an upload ---------------------------------------------------------------------------------

    def upload(self, row: UploadRow, user: str) -> Erased:
        """Erase an upload: its file, its results, its run's objects, notes and drafts.

        All versions under the file's key are deleted. Raises NotFinishedError while its run has
        not ended: the run would write results again.
        """
        _require_end(row)
        own = row.upload_id
        heads = [] if self._store is None else list(self._store.heads(own))
        processes = {row.process, *(head.process.id for head in heads)} - {None}
        folders = [f"results/{process}/{own}/" for process in sorted(map(str, processes))]
        pages = sum(self._delete(self._bucket, f"{folder}pages/") for folder in folders)
        results = sum(self._delete(self._bucket, folder) for folder in folders)
        runs = self._delete(self._bucket, f"runs/{own}/")
        notes = self._delete(self._bucket, f"notes/{own}/") + self._delete_drafts(f"/{own}/")
        uploaded = self._delete_file(row)
        decided = self._mark(heads, user)
        self._marks.mark_erased(own, iso(self._clock()), user)
        return Erased(
            upload=own,
            uploaded=uploaded,
            results=results,
            runs=runs,
            pages=pages,
            notes=notes,
            reviews=len(heads),
            decided=decided,
        )

    # -- a record ----------------------------------------------------------------------------------

    def record(self, row: UploadRow, result_ref: ObjectRef, record: int, user: str) -> Erased:
        """Erase one record: its line in the results, its notes, drafts and page pictures.

        The uploaded file and the run's intermediate objects are deleted whole, since they hold the
        record, too. The other records keep their results. Raises NotFinishedError while the run
        has not ended, and RecordUnknownError.
        """
        _require_end(row)
        own = row.upload_id
        result = self._result(result_ref)
        outcome, line = self._line(result, record)
        content = parse_record(line.content)
        head = self._audited(result, outcome, line, content)
        folder = result_ref.key.rpartition("/")[0]
        # Pictures first: the line is what tells which they are.
        pictures = {at.picture for at in content.places if at.picture is not None}
        pages = sum(self._delete(self._bucket, f"{folder}/pages/{n}.") for n in pictures)
        self._rewrite(result, result_ref, outcome, line, content)
        kept = [ref.version_id for ref in self._result(result_ref).files.values()]
        results = sum(self._delete_old(f"{folder}/{name}.jsonl", kept) for name in Outcome)
        number = f"{record:010d}"
        notes = self._delete(self._bucket, f"notes/{own}/{number}/")
        notes += self._delete_drafts(f"/{own}/{number}.json")
        decided = self._mark(head, user)
        if head:
            # They name the record's own id. Those who read the event write them again, too.
            self._rewrite_reviewed(own, result.process.id)
            results += self._delete_old(f"{folder}/reviewed.jsonl")
        return Erased(
            upload=own,
            record=record,
            uploaded=self._delete_file(row),
            results=results,
            runs=self._delete(self._bucket, f"runs/{own}/"),
            pages=pages,
            notes=notes,
            reviews=len(head),
            decided=decided,
        )

    # -- a prediction ------------------------------------------------------------------------------

    def prediction(self, own: str, user: str) -> Erased:
        """Erase a text that was typed to be judged. Raises RecordUnknownError."""
        found = self._eraser.versions(self._bucket, "predictions/")
        versions = [v for v in found if v.key.endswith(f"/{own}.json")]
        head = None if self._store is None else self._store.head(RecordKey(own, 1))
        if head is None and not versions:
            raise RecordUnknownError(f"There is no prediction {own}.")
        notes = self._delete(self._bucket, f"notes/{own}/") + self._delete_drafts(f"/{own}/")
        heads = [] if head is None else [head]
        return Erased(
            upload=own,
            uploaded=self._eraser.delete(self._bucket, versions),
            notes=notes,
            reviews=len(heads),
            decided=self._mark(heads, user),
        )

    def _result(self, ref: ObjectRef) -> Result:
        try:
            with self._objects.open(ref) as stream:
                return Result.model_validate_json(stream.read())
        except ObjectGoneError:
            raise RecordUnknownError("The results of this upload are gone.") from None
        except ValidationError:
            raise StoredDataInvalidError("result.json is damaged.") from None

    def _line(self, result: Result, record: int) -> tuple[Outcome, RecordLine]:
        for outcome, ref in result.files.items():
            line = find_record(self._objects, ref, record)
            if line is not None:
                return outcome, line
        raise RecordUnknownError(
            f"The upload has no record {record:,}: it has {result.counts.records:,}, numbered "
            "from 1."
        )

    def _rewrite(
        self,
        result: Result,
        result_ref: ObjectRef,
        outcome: Outcome,
        line: RecordLine,
        content: ResultRecord,
    ) -> None:
        """Write the file again with this line erased, and name its version in result.json.

        The line keeps its length, so that all others keep their places.
        """
        new = erased_line(content, line.length)
        if new == line.content:
            return
        ref = result.files[outcome]
        fence = result.run.started_at if result.run else ""
        pieces: list[Piece] = []
        with self._objects.open(ref) as stream:
            for number, part in enumerate(_with_line(stream, line, new)):
                at = f"runs/{result.upload.upload_id}/erased/{line.record:010d}-{number:06d}"
                piece = ObjectRef(bucket=self._bucket, key=at)
                self._objects.put(piece, part, JSON_LINES)
                pieces.append(Piece(piece, len(part)))
        written = self._objects.join(
            ref.model_copy(update={"version_id": None}), pieces, JSON_LINES, fence
        )
        changed = result.model_copy(update={"files": {**result.files, outcome: written}})
        self._objects.publish(
            result_ref.model_copy(update={"version_id": None}),
            changed.model_dump_json(indent=2).encode(),
            JSON,
            fence,
        )

    def _audited(
        self, result: Result, outcome: Outcome, line: RecordLine, record: ResultRecord
    ) -> list[ReviewHead]:
        """The head of a record; one that nobody was asked about gets one, for its audit."""
        if self._store is None:
            return []
        key = RecordKey(result.upload.upload_id, record.record)
        head = self._store.head(key)
        if head is None:
            head = ReviewHead(
                upload=key.upload,
                record=key.record,
                kind=Kind.CORRECTION,
                process=result.process,
                run_started=result.run.started_at if result.run else "",
                line=LineRef(object=result.files[outcome], start=line.start, length=line.length),
                outcome=outcome,
                decision="" if record.decision is None else record.decision.value,
                confidence=record.confidence or 0.0,
                waiting_since=iso(self._clock()),
            )
        return [head]

    # -- what both need ----------------------------------------------------------------------------

    def _mark(self, heads: Sequence[ReviewHead], user: str) -> int:
        """Mark records as erased; how many of them were decided."""
        if self._reviews is not None:
            for head in heads:
                self._reviews.erase(user, head.key, absent=head)
        return sum(head.answer is not None for head in heads)

    def _delete(self, bucket: str, prefix: str) -> int:
        return self._eraser.delete(bucket, self._eraser.versions(bucket, prefix))

    def _delete_old(self, key: str, kept: Collection[str | None] = ()) -> int:
        """Delete all versions of an object but the newest, and but those that are kept."""
        found = self._eraser.versions(self._bucket, key)
        old = (v for v in found if v.key == key and not v.latest and v.version_id not in kept)
        return self._eraser.delete(self._bucket, old)

    def _delete_drafts(self, inside: str) -> int:
        """Drafts are kept by user; they live for a week, so that there are few."""
        found = self._eraser.versions(self._bucket, "drafts/")
        return self._eraser.delete(self._bucket, (v for v in found if inside in v.key))

    def _delete_file(self, row: UploadRow) -> int:
        if not row.bucket or not row.object_key or row.erased_at is not None:
            return 0
        found = self._eraser.versions(row.bucket, row.object_key)
        return self._eraser.delete(row.bucket, (v for v in found if v.key == row.object_key))


def erased_line(record: ResultRecord, length: int) -> bytes:
    """The line of an erased record: its number and place, padded to the length of the old one."""
    kept = ResultRecord(
        outcome=record.outcome, record=record.record, line=record.line, code=CODE, reason=REASON
    )
    for without in ({}, {"reason": None}, {"reason": None, "line": None}):
        content = kept.model_copy(update=without).model_dump_json(exclude_none=True).encode()
        if len(content) <= length:
            break
    return content.ljust(length)


def _with_line(stream: BinaryIO, line: RecordLine, new: bytes) -> Iterator[bytes]:
    """The bytes of a file in pieces, with one line replaced by another of the same length."""
    at = 0
    end = line.start + line.length
    while part := stream.read(_PIECE_BYTES):
        first, last = max(line.start - at, 0), min(end - at, len(part))
        if first < last:
            offset = at + first - line.start
            part = part[:first] + new[offset : offset + last - first] + part[last:]
        yield part
        at += len(part)


def _require_end(row: UploadRow) -> None:
    if not row.ended:
        raise NotFinishedError(f"The run of {row.upload_id} has not ended: it could write again.")
