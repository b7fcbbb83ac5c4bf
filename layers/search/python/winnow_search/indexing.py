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
_TRIES = 3
"""How often a file is written whose sources change meanwhile."""


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


class ReadFiles:
    """The batches of files that were read, so that no file is read twice for them."""

    def __init__(self) -> None:
        self._known: dict[tuple[FileName, str], list[Batch]] = {}

    def batches(self, files: IndexFiles, file: IndexFile, folder: Path) -> list[Batch]:
        """The batches of a file, all of which can be read.

        Raises ObjectGoneError and IndexDamagedError.
        """
        version = file.name, file.etag
        if version not in self._known:
            path = folder / "file.parquet"
            path.write_bytes(files.read(file.name))
            self._known[version] = batches(path, whole=True)
            path.unlink()
        return self._known[version]


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
            content = write_segment(with_projected(counted), _Generation(rows), rows.sources)
        except ObjectGoneError:
            self._hide(process, upload)
            done = Indexed(process, upload, TOMBSTONES, 0, TOMBSTONE)
        else:
            done = Indexed(process, upload, rows.month, counted.rows, rows.generation)
            if counted.rows:
                # What was deleted was run again: its rows are there before the tombstone goes.
                self._write(FileName(process, rows.month, upload), content, done.generation)
                self._files.delete(tombstone(process, upload), None)
            else:
                # No row tells that those of an earlier run count no more.
                self._hide(process, upload, rows.sources)
        deleted = done.generation == TOMBSTONE
        return done if self._is_deleted(ref) is deleted else self.index(process, upload)

    def _is_deleted(self, ref: ObjectRef) -> bool:
        try:
            self._objects.head(ref)
        except ObjectGoneError:
            return True
        return False

    def _hide(self, process: str, upload: str, sources: str = "") -> None:
        """Write the tombstone of an upload."""
        content = write_tombstone(process, upload, sources)
        self._write(tombstone(process, upload), content, TOMBSTONE)

    def _write(self, name: FileName, content: bytes, generation: str) -> None:
        """Write a segment, unless there is one of a greater generation."""
        with suppress(RunSupersededError):
            self._files.write(name, content, generation)

    def compact(
        self,
        process: str,
        *,
        without: Iterable[str] = (),
        all_files: bool = False,
        swept: str = "",
        read: ReadFiles | None = None,
    ) -> Compacted:
        """Make few files of the many of each month, and sweep out what counts no more.

        The new file is written before the old ones are deleted. Repeating it after it broke off
        counts nothing twice.

        Args:
            process: Id of the process.
            without: Uploads of which no row that does not count may stay in any file.
            all_files: Whether months with few files are compacted, too.
            swept: Tombstones from before this time are deleted where they hide nothing. A call that
                began before a tombstone may still write what that hides.
            read: What is known of files that were read before.
        """
        read = ReadFiles() if read is None else read
        with tempfile.TemporaryDirectory() as folder:
            work = _Compaction(self._files, process, Path(folder), read)
            return work.run(set(without), 2 if all_files else MIN_FILES, swept)

    def processes(self, upload: str, read: ReadFiles) -> set[str]:
        """The processes in whose files an upload may be: a run again may have another one."""
        found: set[str] = set()
        with tempfile.TemporaryDirectory() as folder:
            for file in list(self._files.list()):
                try:
                    known = read.batches(self._files, file, Path(folder))
                except (ObjectGoneError, IndexDamagedError):
                    found.add(file.name.process)
                else:
                    found |= {batch.process for batch in known if batch.upload == upload}
        return found

    def holds(self, process: str, upload: str, read: ReadFiles) -> bool:
        """Whether a file holds rows of an upload that do not count, or is its segment.

        A segment may have versions of earlier states. A file that cannot be read may hold anything.
        """
        with tempfile.TemporaryDirectory() as folder:
            found: dict[FileName, list[Batch]] = {}
            for file in list(self._files.list(process)):
                try:
                    found[file.name] = read.batches(self._files, file, Path(folder))
                except (ObjectGoneError, IndexDamagedError):
                    return True
        counted = counting(found).get((process, upload))
        return any(
            name.upload == upload
            or (name != counted and any(batch.upload == upload for batch in batches))
            for name, batches in found.items()
            if name.month != TOMBSTONES
        )


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
    """One compaction: of all files it knows the batches, and of one group at a time the content."""

    def __init__(self, files: IndexFiles, process: str, folder: Path, read: ReadFiles) -> None:
        self._files = files
        self._process = process
        self._folder = folder
        self._read = read
        self._batches: dict[FileName, list[Batch]] = {}
        self._counts: dict[tuple[str, str], FileName] = {}
        self._damaged: list[FileName] = []
        self._highest = 0

    def run(self, without: set[str], least: int, swept: str) -> Compacted:
        listed = list(self._files.list(self._process))
        for file in listed:
            self._learn(file)
        self._counts = counting(self._batches)
        readable = [file for file in listed if file.name in self._batches]
        tombs = [file for file in readable if file.name.month == TOMBSTONES]
        without |= {batch.upload for tomb in tombs for batch in self._batches[tomb.name]}
        months: dict[str, list[IndexFile]] = defaultdict(list)
        for file in readable:
            if file.name.month != TOMBSTONES and self._to_compact(file, without):
                months[file.name.month].append(file)
        done = Compacted(damaged=tuple(self._damaged))
        self._highest = max((file.name.number or 0 for file in listed), default=0)
        for month, files in sorted(months.items()):
            if len(files) < least and not any(self._holds(file, without) for file in files):
                continue
            for group in _groups(files):
                done = self._compact(month, group, without, done)
        old = [tomb for tomb in tombs if tomb.modified < swept]
        return done._replace(deleted=done.deleted + self._sweep(old))

    def _learn(self, file: IndexFile) -> None:
        try:
            found = self._read.batches(self._files, file, self._folder)
        except ObjectGoneError:  # compacted since it was listed
            return
        except IndexDamagedError:
            self._damaged.append(file.name)
            return
        self._batches[file.name] = found

    def _sweep(self, tombs: Iterable[IndexFile]) -> int:
        """Delete the tombstones of deleted uploads that are in no file any more."""
        if self._damaged:
            return 0  # Nobody knows what is in those.
        held = {
            batch.upload
            for name, found in self._batches.items()
            if name.month != TOMBSTONES
            for batch in found
        }
        return sum(
            self._files.delete(tomb.name, tomb.etag)
            for tomb in tombs
            if not any(one.sources or one.upload in held for one in self._batches[tomb.name])
        )

    def _to_compact(self, file: IndexFile, without: set[str]) -> bool:
        return file.size < MAX_COMPACTED or self._is_stale(file, without)

    def _is_stale(self, file: IndexFile, without: set[str]) -> bool:
        """Whether a file is worth being written again by itself."""
        found = self._batches[file.name]
        return self._holds(file, without) or 2 * len(self._kept(file)) < len(found)

    def _kept(self, file: IndexFile) -> list[str]:
        """The uploads whose batches in a file count."""
        found = self._batches[file.name]
        return [b.upload for b in found if self._counts.get((b.process, b.upload)) == file.name]

    def _holds(self, file: IndexFile, without: set[str]) -> bool:
        return any(batch.upload in without for batch in self._batches[file.name])

    def _compact(
        self, month: str, files: list[IndexFile], without: set[str], done: Compacted
    ) -> Compacted:
        """Make one file of some; those that change meanwhile are left as they are.

        What changes may have been erased, so that a file with its rows from before does not stay.
        """
        for _ in range(_TRIES):
            if len(files) < 2 and not any(self._is_stale(file, without) for file in files):
                return done
            self._highest += 1
            target = FileName(self._process, month, number=self._highest)
            try:
                written = self._write(target, files)
            except RunSupersededError:
                return done  # Somebody else compacts this month at this moment.
            except ObjectGoneError:
                written = False
            there = {(file.name, file.etag) for file in self._files.list(self._process)}
            unchanged = [file for file in files if (file.name, file.etag) in there]
            if len(unchanged) == len(files):
                return self._replaced(files, written, done)
            if written:
                self._files.delete(target, None)
            files = unchanged
        return done

    def _write(self, target: FileName, files: Iterable[IndexFile]) -> bool:
        """Write the file that takes the place of some; False: nothing of them counts."""
        kept = [
            (self._content(number, file), uploads)
            for number, file in enumerate(files)
            if (uploads := self._kept(file))
        ]
        try:
            if kept:
                self._files.write(target, merge(kept), "")
        finally:
            for path, _ in kept:
                path.unlink()
        return bool(kept)

    def _content(self, number: int, file: IndexFile) -> Path:
        path = self._folder / f"{number}.parquet"
        path.write_bytes(self._files.read(file.name))
        return path

    def _replaced(self, files: list[IndexFile], written: bool, done: Compacted) -> Compacted:
        gone = [file for file in files if self._files.delete(file.name, file.etag)]
        for file in gone:
            del self._batches[file.name]
        return done._replace(
            read=done.read + len(files),
            written=done.written + written,
            deleted=done.deleted + len(gone),
        )


def _groups(files: Iterable[IndexFile]) -> Iterator[list[IndexFile]]:
    """The files in groups of at most MAX_COMPACTED bytes; a larger file is one by itself."""
    group: list[IndexFile] = []
    size = 0
    for file in files:
        if group and size + file.size > MAX_COMPACTED:
            yield group
            group, size = [], 0
        group.append(file)
        size += file.size
    if group:
        yield group
