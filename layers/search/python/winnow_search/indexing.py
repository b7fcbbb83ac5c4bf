"""Keeps the index as the results folders are: one upload, all of them, and fewer files."""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from winnow.errors import IndexDamagedError, ObjectGoneError, RunSupersededError
from winnow.models import ObjectRef
from winnow.ports import ObjectStore
from winnow.search.files import (
    TOMBSTONE,
    TOMBSTONES,
    Batch,
    FileName,
    IndexFile,
    IndexFiles,
    counting,
    tombstone,
)
from winnow.search.rows import UploadRows
from winnow_search.parquet import batches, merge, write_segment, write_tombstone
from winnow_search.projection import with_projected

MAX_COMPACTED = 256 * 1024 * 1024
"""Bytes of a compacted file that is not written again for being small."""
MIN_FILES = 16
"""Files of a month that are compacted."""


class Indexed(NamedTuple):
    """What became of an upload."""

    process: str
    upload: str
    month: str
    rows: int
    generation: str


class Compacted(NamedTuple):
    """What a compaction did."""

    read: int = 0
    written: int = 0
    deleted: int = 0
    damaged: tuple[FileName, ...] = ()


class Indexer:
    """Writes the index of one results bucket."""

    def __init__(self, objects: ObjectStore, files: IndexFiles, bucket: str) -> None:
        self._objects = objects
        self._files = files
        self._bucket = bucket

    def index(self, process: str, upload: str) -> Indexed:
        """Write an upload's segment as its results folder is now; of a deleted one, a tombstone.

        Repeating it writes the same bytes. Where another call has seen a later state, that stays.
        The folder is looked at again when the file is written: if it was deleted or made meanwhile,
        it is read once more. Raises as `UploadRows` does, but for ObjectGoneError.
        """
        ref = ObjectRef(bucket=self._bucket, key=f"results/{process}/{upload}/result.json")
        try:
            rows = UploadRows(self._objects, ref)
            counted = _Counted(rows)
            content = write_segment(with_projected(counted), _Generation(rows))
        except ObjectGoneError:
            self._hide(process, upload)
            done = Indexed(process, upload, TOMBSTONES, 0, TOMBSTONE)
        else:
            done = Indexed(process, upload, rows.month, counted.rows, rows.generation)
            self._write(FileName(process, rows.month, upload), content, done.generation)
            if counted.rows:
                # What was deleted was run again: its rows are there before the tombstone goes.
                self._files.delete(tombstone(process, upload), None)
            else:
                # No row tells that those of an earlier run count no more.
                self._hide(process, upload)
        deleted = done.generation == TOMBSTONE
        return done if self._is_deleted(ref) is deleted else self.index(process, upload)

    def _is_deleted(self, ref: ObjectRef) -> bool:
        try:
            self._objects.head(ref)
        except ObjectGoneError:
            return True
        return False

    def _hide(self, process: str, upload: str) -> None:
        """Write the tombstone of an upload."""
        self._write(tombstone(process, upload), write_tombstone(process, upload), TOMBSTONE)

    def _write(self, name: FileName, content: bytes, generation: str) -> None:
        """Write a segment, unless there is one of a greater generation."""
        with suppress(RunSupersededError):
            self._files.write(name, content, generation)

    def compact(
        self, process: str, *, without: Iterable[str] = (), all_files: bool = False
    ) -> Compacted:
        """Make few files of the many of each month, and sweep out what counts no more.

        The new file is written before the old ones are deleted. Repeating it after it broke off
        counts nothing twice.

        Args:
            process: Id of the process.
            without: Uploads of which no row that does not count may stay in any file.
            all_files: Whether months with few files are compacted, too.
        """
        with tempfile.TemporaryDirectory() as folder:
            work = _Compaction(self._files, process, Path(folder))
            return work.run(set(without), 2 if all_files else MIN_FILES)


class _Counted:
    """Rows that are counted while they are read."""

    def __init__(self, rows: UploadRows) -> None:
        self._all = rows
        self.rows = 0

    def __iter__(self) -> Iterator:  # type: ignore[type-arg]
        for row in self._all:
            self.rows += 1
            yield row


class _Generation:
    """The generation of rows, as a text that is made when it is asked for."""

    def __init__(self, rows: UploadRows) -> None:
        self._rows = rows

    def __str__(self) -> str:
        return self._rows.generation


class _Compaction:
    def __init__(self, files: IndexFiles, process: str, folder: Path) -> None:
        self._files = files
        self._process = process
        self._folder = folder
        self._paths: dict[FileName, Path] = {}
        self._batches: dict[FileName, list[Batch]] = {}
        self._damaged: list[FileName] = []

    def run(self, without: set[str], least: int) -> Compacted:
        listed = list(self._files.list(self._process))
        for number, file in enumerate(listed):
            with suppress(ObjectGoneError):
                self._load(file, number)
        readable = [file for file in listed if file.name in self._batches]
        tombs = [file for file in readable if self._tombstone(file.name)]
        without |= {batch.upload for tomb in tombs for batch in self._batches[tomb.name]}
        months: dict[str, list[IndexFile]] = defaultdict(list)
        for file in readable:
            if file not in tombs:
                months[file.name.month].append(file)
        counts = counting(self._batches)
        done = Compacted(damaged=tuple(self._damaged))
        highest = max((file.name.number or 0 for file in listed), default=0)
        for month, files in sorted(months.items()):
            chosen = [file for file in files if self._to_compact(file, counts, without)]
            stale = any(self._holds(file, without) for file in chosen)
            if not chosen or (len(chosen) < least and not stale):
                continue
            highest += 1
            target = FileName(self._process, month, number=highest)
            done = self._compact(target, chosen, counts, done)
        return done._replace(deleted=done.deleted + self._sweep(tombs))

    def _sweep(self, tombs: Iterable[IndexFile]) -> int:
        """Delete the tombstones of uploads that are in no file any more."""
        if self._damaged:
            return 0  # Nobody knows what is in those.
        held = {
            batch.upload
            for name, found in self._batches.items()
            if not self._tombstone(name)
            for batch in found
        }
        return sum(
            self._files.delete(tomb.name, tomb.etag)
            for tomb in tombs
            if held.isdisjoint(batch.upload for batch in self._batches[tomb.name])
        )

    def _load(self, file: IndexFile, number: int) -> None:
        path = self._folder / f"{number}.parquet"
        path.write_bytes(self._files.read(file.name))
        try:
            self._batches[file.name] = batches(path, whole=True)
            self._paths[file.name] = path
        except IndexDamagedError:
            self._damaged.append(file.name)

    def _to_compact(
        self, file: IndexFile, counts: dict[tuple[str, str], FileName], without: set[str]
    ) -> bool:
        if file.size < MAX_COMPACTED or self._holds(file, without):
            return True
        found = self._batches[file.name]
        dead = sum(counts.get((b.process, b.upload)) != file.name for b in found)
        return dead * 2 > len(found)

    def _holds(self, file: IndexFile, without: set[str]) -> bool:
        return any(batch.upload in without for batch in self._batches[file.name])

    def _compact(
        self,
        target: FileName,
        files: list[IndexFile],
        counts: dict[tuple[str, str], FileName],
        done: Compacted,
    ) -> Compacted:
        kept = [
            (
                self._paths[file.name],
                [
                    batch.upload
                    for batch in self._batches[file.name]
                    if counts.get((batch.process, batch.upload)) == file.name
                ],
            )
            for file in files
        ]
        written = 0
        if any(uploads for _, uploads in kept):
            content = merge([(path, uploads) for path, uploads in kept if uploads])
            try:
                self._files.write(target, content, "")
            except RunSupersededError:
                return done  # Somebody else compacts this month at this moment.
            written = 1
        gone = [file for file in files if self._files.delete(file.name, file.etag)]
        for file in gone:
            del self._batches[file.name]
        return done._replace(
            read=done.read + len(files),
            written=done.written + written,
            deleted=done.deleted + len(gone),
        )

    def _tombstone(self, name: FileName) -> bool:
        return any(batch.deleted for batch in self._batches[name])
