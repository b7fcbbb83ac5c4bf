"""Erases a person: an upload, or one record of it, with all texts and earlier versions.

Everything can be done again: what is erased already is left as it is. If erasing breaks off, the
next call goes on. The reviews are marked as erased first, which is their audit: from then on nobody
can decide a record or write a note to it. Then the texts go. The upload's row says first that it is
being erased, so that no run claims it any more, and loses the file's key last.

A function that has begun before may still write a note or draw a page, but only where no object is.
So an empty object is put there, and stays.
"""

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import BinaryIO, NamedTuple, Protocol

from pydantic import Field, ValidationError

from winnow.errors import (
    NotFinishedError,
    ObjectGoneError,
    RecordUnknownError,
    RetryableError,
    ReviewConflictError,
    StoredDataInvalidError,
)
from winnow.models import FrozenModel, ObjectRef, Outcome, Result, ResultRecord
from winnow.ports import ObjectStore, Piece
from winnow.recovery.upload_row import LEASE_S, UploadRow
from winnow.reviews.items import unpictured_pages_of
from winnow.reviews.models import Kind, LineRef, RecordKey, ReviewHead, State
from winnow.reviews.ports import ReviewStore
from winnow.reviews.service import Reviews
from winnow.steps.upload import upload_id
from winnow.storage.paths import ARRAYS, JSON, JSON_LINES, SHADOW, ReviewPaths
from winnow.storage.predictions import StoredPrediction
from winnow.storage.record_lines import RecordLine, each_line, find_record, parse_record
from winnow.storage.times import iso
from winnow.storage.vectors import ERASED, find_vector

CODE = "erased"
REASON = "It was erased on request."
UNVERSIONED = "null"
"""S3's version id of an object that was put while its bucket kept no versions."""
_PIECE_BYTES = 8 * 1024 * 1024
_THREADS = 8
_ATTEMPTS = 8
"""How often a write is done again that others came before."""


class StoredVersion(NamedTuple):
    """One version of an object, or a delete marker."""

    key: str
    version_id: str
    latest: bool
    marker: bool = False
    """Whether it is a delete marker, which has no content."""
    size: int = 0
    """Bytes."""

    @property
    def barrier(self) -> bool:
        """Whether it is an empty object that keeps a late writer from writing: see `_bar`."""
        return self.latest and not self.marker and not self.size


class Eraser(Protocol):
    """Deletes versions of objects for good. Raises as ObjectStore does."""

    def versions(self, bucket: str, prefix: str) -> Iterator[StoredVersion]:
        """Every version and every delete marker under a prefix."""
        ...

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        """The prefixes of one level below, each ending with a slash, also of deleted objects."""
        ...

    def delete(self, bucket: str, versions: Iterable[StoredVersion]) -> int:
        """Delete these versions; how many. One that is gone already counts, too."""
        ...


class UploadMarks(Protocol):
    """The table of uploads, to mark a row as erased."""

    def begin_erasing(self, upload_id: str, at: str, by: str) -> None:
        """Note who erases an upload and when: no run can claim it from then on.

        A row that is marked already keeps its time and name. A row that has expired is not made.
        Raises NotFinishedError if a run has claimed the upload.
        """
        ...

    def mark_erased(self, upload_id: str, at: str, by: str) -> None:
        """Note who erased an upload and when, and take the file's key out of its row.

        A row that is marked already keeps its time and name. A row that has expired is not made.
        """
        ...


class ErasedRows(NamedTuple):
    """Training rows that were erased."""

    rows: int = 0
    models: tuple[str, ...] = ()
    """SHA-256 of the versions of processes that were trained on them."""


class RowEraser(Protocol):
    """Training rows that were made of what people decided."""

    def erase(self, upload: str, record: int | None = None) -> ErasedRows:
        """Erase the rows of an upload, or of one record of it.

        Raises TrainingRunningError while a process is trained: it could write them again.
        """
        ...


class SearchEraser(Protocol):
    """What people kept of searches."""

    def erase(self, records: Iterable[ResultRecord]) -> int:
        """Delete the saved searches that hold a case or words of these records; how many."""
        ...


class Erased(FrozenModel):
    """What was erased: versions of objects, and records."""

    upload: str
    record: int | None = None
    uploaded: int = Field(0, description="versions of the uploaded file")
    file_unknown: bool = Field(
        False, description="nothing says any more which file it was: delete it by its key"
    )
    others: tuple[str, ...] = Field(
        (), description="ids of other uploads under the same key: their files are kept"
    )
    results: int = Field(0, description="versions of results")
    runs: int = Field(0, description="versions of a run's intermediate objects")
    shadow: int = Field(0, description="versions of what second stacks made of the upload")
    pages: int = Field(0, description="versions of page pictures")
    notes: int = Field(0, description="versions of notes and drafts")
    searches: int = Field(0, description="versions of saved searches")
    exports: int = Field(0, description="versions of exports of searches")
    rows: int = Field(0, description="training rows")
    models: tuple[str, ...] = Field(
        (), description="sha256 of the versions of processes that were trained on these rows"
    )
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
        training: RowEraser | None = None,
        searches: SearchEraser | None = None,
    ) -> None:
        """`reviews` is None for a stack without reviews; `clock` tells the time in seconds.

        `rewrite` writes the reviewed files of an upload and its process again. `training` is None
        for a stack without a registry, `searches` where nobody can save one.
        """
        self._objects = objects
        self._eraser = eraser
        self._marks = marks
        self._store = reviews
        self._reviews = None if reviews is None else Reviews(reviews, clock)
        self._bucket = results_bucket
        self._clock = clock
        self._rewrite_reviewed = rewrite
        self._training = training
        self._searches = searches

    # -- an upload ---------------------------------------------------------------------------------

    def completed(self, row: UploadRow) -> UploadRow:
        """A damaged row, completed by what its results tell; others as they are."""
        if row.state != "DAMAGED" or row.erased:
            return row
        told = self.without_row(row.upload_id) or UploadRow(upload_id=row.upload_id)
        file: dict[str, str | None] = {}
        if told.object_key:
            file = {name: getattr(told, name) for name in ("bucket", "object_key", "version_id")}
        results = {"process": row.process or told.process}
        if row.result_bucket is None or row.result_key is None:
            results |= {"result_bucket": told.result_bucket, "result_key": told.result_key}
        return row.model_copy(update={**file, **results})

    def without_row(self, own: str) -> UploadRow | None:
        """What the results tell of an upload whose row has expired, in place of the row.

        None: nothing is stored under this id. `own` is the whole id.
        """
        folders = self._folders(own, ())
        for folder in folders:
            ref = ObjectRef(bucket=self._bucket, key=f"{folder}result.json")
            with suppress(RecordUnknownError, StoredDataInvalidError):
                result = self._result(ref)[0]
                file = result.upload.object
                return UploadRow(
                    upload_id=own,
                    state="SUCCEEDED",
                    bucket=file.bucket,
                    object_key=file.key,
                    version_id=file.version_id,
                    process=result.process.id,
                    result_bucket=ref.bucket,
                    result_key=ref.key,
                )
        places = (*folders, f"runs/{own}/", f"notes/{own}/", *self._shadow_folders(own))
        stored = any(next(self._eraser.versions(self._bucket, at), None) for at in places)
        return UploadRow(upload_id=own, state="FAILED") if stored or self._heads(own) else None

    def upload(self, row: UploadRow, user: str) -> Erased:
        """Erase an upload: its file, its results, its run's objects, notes and drafts.

        What second stacks made of it is deleted, too: it is only there to be compared.
        Other versions under the file's key are other uploads: they are kept, and named. Of the
        results, review.json and empty objects may be left: they keep a function that has begun
        before from writing its lines and pictures. Raises NotFinishedError while its run has not
        ended: the run would write results again.
        """
        self._require_end(row)
        own = row.upload_id
        self._marks.begin_erasing(own, iso(self._clock()), user)
        pages = results = notes = 0
        heads = self._heads(own)
        # While the results still tell what was in them.
        folders = self._folders(own, {row.process})
        searches = self._erase_searches(self._records_in(folders))
        latest = max(map(self._run_of, folders), default="")
        for _ in range(_ATTEMPTS):
            self._mark(heads, user)
            processes = {head.process.id for head in heads}
            for process in sorted(processes):
                self._rewrite_reviewed(own, process)
            for folder in self._folders(own, {*processes, row.process}):
                self._bar(f"{folder}pages/{n}.jpg" for n in self._drawable(folder))
                pages += self._delete_contents(f"{folder}pages/")
                results += self._delete_results(folder)
            self._bar_notes(heads)
            self._bar_judged(heads, latest)
            notes += self._delete_contents(f"notes/{own}/") + self._delete_drafts(f"/{own}/")
            # Somebody may have decided a record meanwhile that was never queued.
            heads = self._heads(own)
            if all(head.state is State.ERASED for head in heads):
                break
        else:
            raise RetryableError("People decide records of this upload at the same moment.")
        trained = self._erase_rows(own)
        runs = self._delete(self._bucket, f"runs/{own}/")
        file = self._delete_file(row)
        shadow = self._delete_shadow(own)
        self._marks.mark_erased(own, iso(self._clock()), user)
        return Erased(
            upload=own,
            uploaded=file.deleted,
            file_unknown=file.unknown,
            others=file.others,
            results=results,
            runs=runs,
            shadow=shadow,
            pages=pages,
            notes=notes,
            searches=searches,
            rows=trained.rows,
            models=trained.models,
            reviews=len(heads),
            decided=_decided(heads),
        )

    def _require_end(self, row: UploadRow) -> None:
        """Raise NotFinishedError if the run of an upload may be under way.

        A damaged row does not say that it has ended; but its claim is not valid for ever.
        """
        if row.ended:
            return
        until: float = row.claimed_s + LEASE_S if row.lease_until is None else row.lease_until
        if row.state == "DAMAGED" and (row.ended_s is not None or until < self._clock()):
            return
        raise not_finished(row.upload_id)

    def _heads(self, own: str) -> list[ReviewHead]:
        return [] if self._store is None else list(self._store.heads(own))

    def _folders(self, own: str, processes: Iterable[str | None]) -> list[str]:
        """Folders that may have results of an upload: of these processes, and of all that are seen.

        A run that failed may have written pictures of pages, and its process stands nowhere else.
        """
        seen = set(self._eraser.folders(self._bucket, "results/"))
        seen |= {f"results/{process}/" for process in processes if process}
        return [f"{folder}{own}/" for folder in sorted(seen)]

    def _delete_results(self, folder: str) -> int:
        """Delete a folder; the newest reviewed.jsonl and review.json stay if no line is left."""
        reviewed, counts = f"{folder}reviewed.jsonl", f"{folder}review.json"
        kept: tuple[str, ...] = ()
        with suppress(ObjectGoneError):
            if not self._objects.head(ObjectRef(bucket=self._bucket, key=reviewed)).size:
                kept = (reviewed, counts)
        found = self._eraser.versions(self._bucket, folder)
        pages = f"{folder}pages/"
        gone = (
            v
            for v in found
            if not (v.latest and v.key in kept) and not (v.barrier and v.key.startswith(pages))
        )
        return self._eraser.delete(self._bucket, gone)

    def _drawable(self, folder: str) -> set[int]:
        """The pages of a digital PDF that may be drawn at this moment: those of its records."""
        pages: set[int] = set()
        with suppress(RecordUnknownError, StoredDataInvalidError):
            result, _ = self._result(ObjectRef(bucket=self._bucket, key=f"{folder}result.json"))
            for record in self._records(result):
                if record.from_members or all(at.page is None for at in record.places):
                    break  # No record of a table, a text or an archive is on a page to draw.
                pages.update(_unpictured(record))
        return pages

    def _run_of(self, folder: str) -> str:
        """When the run started whose results a folder has; empty if they do not tell."""
        with suppress(RecordUnknownError, StoredDataInvalidError):
            result, _ = self._result(ObjectRef(bucket=self._bucket, key=f"{folder}result.json"))
            return result.run.started_at if result.run else ""
        return ""

    def _records_in(self, folders: Iterable[str]) -> Iterator[ResultRecord]:
        for folder in folders:
            with suppress(RecordUnknownError, StoredDataInvalidError):
                result, _ = self._result(ObjectRef(bucket=self._bucket, key=f"{folder}result.json"))
                yield from self._records(result)

    def _records(self, result: Result) -> Iterator[ResultRecord]:
        """The records of the newest results that can be read and are not erased."""
        for line in self._lines(result):
            with suppress(StoredDataInvalidError):
                record = parse_record(line.content)
                if record.code != CODE:
                    yield record

    def _lines(self, result: Result) -> Iterator[RecordLine]:
        for ref in result.files.values():
            with suppress(ObjectGoneError):
                yield from each_line(self._objects, self._newest(ref))

    # -- a record ----------------------------------------------------------------------------------

    def record(self, row: UploadRow, result_ref: ObjectRef, record: int, user: str) -> Erased:
        """Erase one record: its line in the results, its notes, drafts and page pictures.

        The uploaded file, the run's intermediate objects, what second stacks made of the upload and
        what an earlier run made of it by another process are deleted whole, since they hold the
        record, too. The other records keep their results, and the pictures of pages that they are
        on as well. Raises NotFinishedError while the run has not ended, and RecordUnknownError.
        """
        self._require_end(row)
        own = row.upload_id
        result, _ = self._result(result_ref)
        outcome, ref, line = self._line(result, record)
        content = parse_record(line.content)
        searches = self._erase_searches([content])
        marked = self._mark(self._audited(result, outcome, ref, line, content), user)
        folder = result_ref.key.rpartition("/")[0]
        # Pictures first: the line is what tells which they are.
        pages, shared = self._delete_pictures(folder, result, content)
        self._erase_line(result_ref, record)
        if shared:
            # The other record may have been erased meanwhile.
            pages += self._delete_pictures(folder, result, content)[0]
        self._erase_vector(result_ref, record)
        now = self._result(result_ref)[0]
        named = [*now.files.values(), *([now.vectors] if now.vectors else [])]
        kept = [ref.version_id for ref in named]
        results = sum(self._delete_old(f"{folder}/{name}.jsonl", kept) for name in Outcome)
        results += self._delete_old(f"{folder}/vectors.bin", kept)
        number = f"{record:010d}"
        if marked:
            # They name the record's own id. Who has read the reviews before they were marked
            # cannot write them any more: this has the higher fencing token.
            self._rewrite_reviewed(own, result.process.id)
        else:
            self._erase_reviewed(f"{folder}/reviewed.jsonl", record)
        results += self._delete_old(f"{folder}/reviewed.jsonl")
        for other in self._folders(own, ()):
            if other != f"{folder}/":
                # Its records may be numbered in another way.
                pages += self._delete_contents(f"{other}pages/")
                results += self._delete_results(other)
        self._bar_notes(marked)
        self._bar_judged(marked, result.run.started_at if result.run else "")
        notes = self._delete_contents(f"notes/{own}/{number}/")
        notes += self._delete_drafts(f"/{own}/{number}.json")
        trained = self._erase_rows(own, record)
        file = self._delete_file(row)
        return Erased(
            upload=own,
            record=record,
            uploaded=file.deleted,
            file_unknown=file.unknown,
            others=file.others,
            results=results,
            runs=self._delete(self._bucket, f"runs/{own}/"),
            shadow=self._delete_shadow(own),
            pages=pages,
            notes=notes,
            searches=searches,
            rows=trained.rows,
            models=trained.models,
            reviews=len(marked),
            decided=_decided(marked),
        )

    def _erase_reviewed(self, key: str, record: int) -> None:
        """Erase the line of a record in the reviewed file of a stack that has no reviews now."""
        for left in reversed(range(_ATTEMPTS)):
            try:
                stored = self._objects.head(ObjectRef(bucket=self._bucket, key=key))
                with self._objects.open(stored.ref) as stream:
                    lines = stream.readlines()
                kept = b"".join(line for line in lines if not _is_of(line, record))
                if len(kept) < stored.size:
                    self._objects.publish(stored.ref, kept, JSON_LINES, stored.fence)
            except ObjectGoneError:
                return
            except RetryableError:
                if not left:
                    raise
            else:
                return

    def _delete_pictures(
        self, folder: str, result: Result, record: ResultRecord
    ) -> tuple[int, bool]:
        """Delete the pictures of the pages that a record is on, and those that no record is on.

        The latter may show the person, too: the line of a record that could not be judged names no
        page, and a page without text is in no line. Nobody is shown them.

        Returns how many versions, and whether pictures are kept for another record.
        """
        pages = f"{folder}/pages/"
        own = _pictures(record)
        if not own and next(self._eraser.versions(self._bucket, pages), None) is None:
            return 0, False
        needed, all_read = self._needed(result, record.record)
        self._bar(f"{pages}{n}.jpg" for n in _unpictured(record) - needed)
        named = {f"{pages}{n}.jpg" for n in own}
        kept = {f"{pages}{n}.jpg" for n in needed}
        gone = (
            version
            for version in self._eraser.versions(self._bucket, pages)
            if not version.barrier
            and version.key not in kept
            and (all_read or version.key in named)
        )
        return self._eraser.delete(self._bucket, gone), bool(own & needed)

    def _needed(self, result: Result, erased: int) -> tuple[set[int], bool]:
        """The pictures that other records are on, and whether all their lines can be read."""
        needed: set[int] = set()
        all_read = True
        for line in self._lines(result):
            if line.record == erased:
                continue
            try:
                needed |= _pictures(parse_record(line.content))
            except StoredDataInvalidError:
                all_read = False
        return needed, all_read

    # -- a prediction ------------------------------------------------------------------------------

    def prediction(self, own: str, user: str) -> Erased:
        """Erase a text that was typed to be judged. Raises RecordUnknownError."""
        found = self._eraser.versions(self._bucket, "predictions/")
        versions = [v for v in found if v.key.endswith(f"/{own}.json")]
        head = None if self._store is None else self._store.head(RecordKey(own, 1))
        if head is None and not versions:
            raise RecordUnknownError(f"There is no prediction {own}.")
        searches = self._erase_searches(self._predicted(versions))
        marked = self._mark([] if head is None else [head], user)
        self._bar_notes(marked)
        notes = self._delete_contents(f"notes/{own}/") + self._delete_drafts(f"/{own}/")
        trained = self._erase_rows(own)
        return Erased(
            upload=own,
            uploaded=self._eraser.delete(self._bucket, versions),
            notes=notes,
            searches=searches,
            rows=trained.rows,
            models=trained.models,
            reviews=len(marked),
            decided=_decided(marked),
        )

    def _predicted(self, versions: Iterable[StoredVersion]) -> Iterator[ResultRecord]:
        for version in versions:
            ref = ObjectRef(bucket=self._bucket, key=version.key, version_id=version.version_id)
            if not version.marker:
                with suppress(ObjectGoneError, ValidationError), self._objects.open(ref) as stream:
                    yield StoredPrediction.model_validate_json(stream.read()).record

    def _result(self, ref: ObjectRef) -> tuple[Result, ObjectRef]:
        """The newest result.json, and its version."""
        try:
            newest = self._newest(ref)
            with self._objects.open(newest) as stream:
                return Result.model_validate_json(stream.read()), newest
        except ObjectGoneError:
            raise RecordUnknownError("The results of this upload are gone.") from None
        except ValidationError:
            raise StoredDataInvalidError("result.json is damaged.") from None

    def _newest(self, ref: ObjectRef) -> ObjectRef:
        return self._objects.head(ref.model_copy(update={"version_id": None})).ref

    def _line(self, result: Result, record: int) -> tuple[Outcome, ObjectRef, RecordLine]:
        """The line of a record, in the newest version of its file.

        It may be newer than the one that result.json names: somebody else who erases a record has
        written it and not yet named it. So nobody's erasing is undone.
        """
        for outcome, ref in result.files.items():
            newest = self._newest(ref)
            line = find_record(self._objects, newest, record)
            if line is not None:
                return outcome, newest, line
        raise RecordUnknownError(
            f"The upload has no record {record:,}: it has {result.counts.records:,}, numbered "
            "from 1."
        )

    def _erase_line(self, result_ref: ObjectRef, record: int) -> None:
        """Erase the line of a record, until a look at what is stored finds it erased."""
        self._until_erased(lambda: self._line_erased(result_ref, record))

    def _erase_vector(self, result_ref: ObjectRef, record: int) -> None:
        """Erase the vector of a record, in the same way."""
        self._until_erased(lambda: self._vector_erased(result_ref, record))

    def _until_erased(self, erased: Callable[[], bool]) -> None:
        for left in reversed(range(_ATTEMPTS)):
            try:
                if erased():
                    return
            except (RetryableError, ObjectGoneError):
                # Somebody else has erased another record since the look.
                if not left:
                    raise
        raise RetryableError("Others erase records of this upload at the same moment.")

    def _line_erased(self, result_ref: ObjectRef, record: int) -> bool:
        """Whether the line is erased; if not, it is now, unless somebody else writes as well.

        The file is written again with this line erased, and its version is named in result.json.
        The line keeps its length, so that all others keep their places. Both are written only over
        the version that was read. Raises RetryableError when there is a newer one.
        """
        result, result_at = self._result(result_ref)
        outcome, newest, line = self._line(result, record)
        fence = result.run.started_at if result.run else ""
        new = erased_line(parse_record(line.content), line.length)
        if new != line.content:
            newest = self._with_erased(result.upload.upload_id, newest, line, new, fence)
        elif result.files[outcome] == newest:
            return True
        changed = result.model_copy(update={"files": {**result.files, outcome: newest}})
        content = changed.model_dump_json(indent=2).encode()
        self._objects.publish(result_at, content, JSON, fence)
        return False

    def _vector_erased(self, result_ref: ObjectRef, record: int) -> bool:
        """Whether the vector is erased; if not, it is now, as `_line_erased` erases a line."""
        result, result_at = self._result(result_ref)
        if result.vectors is None:
            return True
        newest = self._newest(result.vectors)
        fence = result.run.started_at if result.run else ""
        found = find_vector(self._objects, newest, record)
        if found is None or found.content == ERASED:
            if result.vectors == newest:
                return True
        else:
            newest = self._with_erased(
                result.upload.upload_id, newest, found, ERASED, fence, ARRAYS
            )
        changed = result.model_copy(update={"vectors": newest})
        content = changed.model_dump_json(indent=2).encode()
        self._objects.publish(result_at, content, JSON, fence)
        return False

    def _with_erased(
        self,
        own: str,
        ref: ObjectRef,
        line: RecordLine,
        new: bytes,
        fence: str,
        content_type: str = JSON_LINES,
    ) -> ObjectRef:
        # Of this call alone: others may erase the same record at the same moment.
        folder = f"runs/{own}/erased/{line.record:010d}-{secrets.token_hex(4)}"
        pieces: list[Piece] = []
        with self._objects.open(ref) as stream:
            for number, part in enumerate(_with_line(stream, line, new)):
                piece = ObjectRef(bucket=self._bucket, key=f"{folder}-{number:06d}")
                self._objects.put(piece, part, content_type)
                pieces.append(Piece(piece, len(part)))
        return self._objects.join(ref, pieces, content_type, fence)

    def _audited(
        self,
        result: Result,
        outcome: Outcome,
        ref: ObjectRef,
        line: RecordLine,
        record: ResultRecord,
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
                line=LineRef(object=ref, start=line.start, length=line.length),
                outcome=outcome,
                decision="" if record.decision is None else record.decision.value,
                confidence=record.confidence or 0.0,
                waiting_since=iso(self._clock()),
            )
        return [head]

    def _erase_rows(self, own: str, record: int | None = None) -> ErasedRows:
        """Erase training rows; the reviews are marked by now, so that no training reads them."""
        return ErasedRows() if self._training is None else self._training.erase(own, record)

    def _erase_searches(self, records: Iterable[ResultRecord]) -> int:
        return 0 if self._searches is None else self._searches.erase(records)

    # -- what both need ----------------------------------------------------------------------------

    def _mark(self, heads: Sequence[ReviewHead], user: str) -> list[ReviewHead]:
        """Mark records as erased; their heads as they are then."""
        if self._reviews is None:
            return []
        return [
            head if head.state is State.ERASED else self._marked(self._reviews, head, user)
            for head in heads
        ]

    def _marked(self, reviews: Reviews, head: ReviewHead, user: str) -> ReviewHead:
        for _ in range(_ATTEMPTS - 1):
            # Somebody may decide it at the same moment.
            with suppress(ReviewConflictError):
                return reviews.erase(user, head.key, absent=head) or head
        return reviews.erase(user, head.key, absent=head) or head

    def _bar(self, keys: Iterable[str]) -> None:
        """Put empty objects at these keys, which no function that has begun before writes over."""

        def bar(key: str) -> None:
            self._objects.put(ObjectRef(bucket=self._bucket, key=key), b"", JSON)

        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(bar, keys))

    def _bar_notes(self, heads: Iterable[ReviewHead]) -> None:
        """Keep a function from storing the note of a decision that it has just written."""
        answers = (head.answer for head in heads)
        missing = [
            answer.note.key
            for answer in answers
            if answer is not None and answer.note is not None and not self._stored(answer.note)
        ]
        self._bar(missing)

    def _bar_judged(self, heads: Sequence[ReviewHead], run: str) -> None:
        """Keep a function from storing the line of a record that a later run has judged again.

        `run` is the start of the run whose results there are; no head may be of it.
        """
        latest = max((run, *(head.run_started for head in heads)))
        self._bar(
            ReviewPaths(self._bucket, head.process.id, head.upload)
            .judged(head.record, head.run_started)
            .key
            for head in heads
            if head.run_started < latest
        )

    def _stored(self, ref: ObjectRef) -> bool:
        try:
            self._objects.head(ref)
        except ObjectGoneError:
            return False
        return True

    def _delete(self, bucket: str, prefix: str) -> int:
        return self._eraser.delete(bucket, self._eraser.versions(bucket, prefix))

    def _shadow_folders(self, own: str) -> Iterator[str]:
        """Folders that may have what second stacks made of an upload: RunPaths with a prefix."""
        for stack in self._eraser.folders(self._bucket, SHADOW):
            yield f"{stack}runs/{own}/"
            for process in self._eraser.folders(self._bucket, f"{stack}results/"):
                yield f"{process}{own}/"

    def _delete_shadow(self, own: str) -> int:
        return sum(self._delete(self._bucket, folder) for folder in self._shadow_folders(own))

    def _delete_contents(self, prefix: str) -> int:
        """Delete pictures or notes, but no barrier."""
        found = self._eraser.versions(self._bucket, prefix)
        return self._eraser.delete(self._bucket, (v for v in found if not v.barrier))

    def _delete_old(self, key: str, kept: Collection[str | None] = ()) -> int:
        """Delete all versions of an object but the newest, and but those that are kept."""
        found = self._eraser.versions(self._bucket, key)
        old = (v for v in found if v.key == key and not v.latest and v.version_id not in kept)
        return self._eraser.delete(self._bucket, old)

    def _delete_drafts(self, inside: str) -> int:
        """Drafts are kept by user; they live for a week, so that there are few."""
        found = self._eraser.versions(self._bucket, "drafts/")
        return self._eraser.delete(self._bucket, (v for v in found if inside in v.key))

    def _delete_file(self, row: UploadRow) -> "_File":
        """Delete the uploaded file: the version of its key that the upload is, and no other.

        Another version is another upload, perhaps of another person. Delete markers are deleted
        when nothing else is left.
        """
        if row.erased:
            return _File()
        if not row.bucket or not row.object_key:
            return _File(unknown=True)
        bucket, key = row.bucket, row.object_key
        found = [v for v in self._eraser.versions(bucket, key) if v.key == key]
        contents = [v for v in found if not v.marker]
        own = _own_version(row, contents)
        others = [v for v in contents if v is not own]
        gone = found if not others else [own] if own is not None else []
        return _File(
            self._eraser.delete(bucket, gone),
            tuple(upload_id(bucket, key, v.version_id) for v in others),
            # A row that names a version which is not there any more is of a deleted file.
            unknown=own is None and bool(others) and row.version_id is None,
        )


class _File(NamedTuple):
    """What was done with an uploaded file."""

    deleted: int = 0
    """versions"""
    others: tuple[str, ...] = ()
    """ids of the other uploads under its key"""
    unknown: bool = False
    """nothing tells which file it was"""


def _own_version(row: UploadRow, contents: Sequence[StoredVersion]) -> StoredVersion | None:
    """The version that an upload is: the one that its row names, or that its id is made of.

    An id that is made of a sequencer tells no version. The file is known all the same where its
    bucket keeps no versions.
    """
    ids = {upload_id(row.bucket, row.object_key, v.version_id): v for v in contents}
    named = {v.version_id: v for v in contents}
    own = ids.get(row.upload_id) or named.get(row.version_id or "")
    if own is None and row.version_id is None and set(named) == {UNVERSIONED}:
        return named[UNVERSIONED]
    return own


def not_finished(own: str) -> NotFinishedError:
    """The error for an upload whose run may be under way."""
    return NotFinishedError(f"The run of {own} has not ended: it could write again.")


def _decided(heads: Iterable[ReviewHead]) -> int:
    return sum(head.answer is not None for head in heads)


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


def _is_of(line: bytes, record: int) -> bool:
    """Whether a line of reviewed.jsonl is about a record."""
    with suppress(ValueError):
        found = json.loads(line)
        return isinstance(found, dict) and found.get("record") == record
    return False


def _pictures(record: ResultRecord) -> set[int]:
    """The pictures that a record is on, also those that may be drawn at this moment."""
    return {at.picture for at in record.places if at.picture is not None} | _unpictured(record)


def _unpictured(record: ResultRecord) -> set[int]:
    return set(unpictured_pages_of(record))
