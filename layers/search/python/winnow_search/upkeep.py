"""Keeps the index as the results are: takes in changes, compacts, compares, and makes it again."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from winnow.errors import (
    IndexDamagedError,
    InternalError,
    ObjectGoneError,
    RetryableError,
    StoredDataInvalidError,
    WinnowError,
)
from winnow.ports import ObjectStore
from winnow.search.files import TOMBSTONES, Batch, FileName, IndexFile, IndexFiles, counting
from winnow.search.upkeep import (
    LONGEST_WAIT_S,
    Change,
    ChangeQueue,
    Comparison,
    IndexState,
    ResultFolders,
    Taken,
    UpkeepReport,
    read_state,
    state_ref,
)
from winnow.storage.paths import JSON
from winnow.storage.times import iso
from winnow_search.indexing import Indexer, ReadFiles
from winnow_search.parquet import batches

RESERVE_S = 60.0
"""Seconds of a call that must be left for another upload to be begun."""
FORGET_TRIES = 8
"""How often the index is written until nothing of an erased upload is left in it."""
SETTLED_S = 1_800.0
"""Seconds after which results that are not in the index as they are are missing there."""
FIRST_WAIT_S = 5
"""Seconds until it is looked for the first time whether what was missing is indexed."""
SWEPT_AFTER_S = 3_600.0
"""Seconds for which a tombstone stays: longer than any call that could write what it hides."""
TRIES = 4
"""How often a call tries an upload: a message that fails comes again after 15 minutes only."""


class Upkeep:
    """The index of one results bucket, and what feeds it."""

    def __init__(
        self,
        objects: ObjectStore,
        files: IndexFiles,
        results: ResultFolders,
        queue: ChangeQueue,
        bucket: str,
        clock: Callable[[], float],
    ) -> None:
        """`clock` tells the time in epoch seconds."""
        self._objects = objects
        self._files = files
        self._results = results
        self._queue = queue
        self._bucket = bucket
        self._clock = clock
        self._indexer = Indexer(objects, files, bucket)

    @property
    def compared(self) -> bool:
        """Whether the index was ever compared with the results."""
        return read_state(self._objects, self._bucket) is not None

    def take_in(
        self, changes: Iterable[Change], seconds_left: Callable[[], float]
    ) -> Iterator[Taken]:
        """Index these uploads as they are now.

        An upload whose results are damaged is not tried again: the next comparison counts it. What
        fails for one upload, such as one for which the disk is too small, is no other's failure.
        """
        for change in changes:
            if seconds_left() < RESERVE_S:
                yield Taken(change, again=True)
                continue
            try:
                rows = self._rows_of(change)
            except WinnowError as error:
                again = not isinstance(error, StoredDataInvalidError)
                yield Taken(change, code=error.code, again=again)
            except Exception as error:
                name = type(error).__name__
                yield Taken(change, code=InternalError.code, again=True, error_type=name)
            else:
                yield Taken(change, rows)

    def _rows_of(self, change: Change) -> int:
        """Index an upload; again at once if it changes or another call writes it meanwhile."""
        for _ in range(TRIES - 1):
            with suppress(RetryableError):
                return self._indexer.index(change.process, change.upload).rows
        return self._indexer.index(change.process, change.upload).rows

    def forget(self, change: Change) -> None:
        """Index an upload as it is now, and leave nothing else of it in any version of a file.

        It is looked for under all processes: a run again may have had another one. It is done when
        a list that is taken afterwards shows so. Raises RetryableError if others write the index at
        the same moment, again and again.
        """
        read = ReadFiles()
        processes = {change.process, *self._indexer.processes(change.upload, read)}
        for process in sorted(processes):
            self._forget(change.model_copy(update={"process": process}), read)

    def _forget(self, change: Change, read: ReadFiles) -> None:
        for _ in range(FORGET_TRIES):
            self._rows_of(change)
            done = self._indexer.compact(change.process, without=[change.upload], read=read)
            if done.damaged:
                # What is in those nobody knows: they are deleted, and made again.
                self.compare(None)
            if not self._indexer.holds(change.process, change.upload, read):
                return
        raise RetryableError("Others write the search index at the same moment.")

    def maintain(self) -> UpkeepReport:
        """Compact every process, and compare the index with the results."""
        processes = sorted({file.name.process for file in self._files.list()})
        swept = iso(self._clock() - SWEPT_AFTER_S)
        compacted = sum(self._indexer.compact(one, swept=swept).read for one in processes)
        return self.compare(None).model_copy(update={"compacted": compacted})

    def rebuild(self) -> UpkeepReport:
        """Delete the index, and have it made of the results."""
        for file in sorted(self._files.list(), key=_age):
            self._files.delete(file.name, file.etag)
        return self.compare(None)

    def compare(self, before: Comparison | None) -> UpkeepReport:
        """Find out what the index lacks, and what it should not have.

        Damaged files are deleted: what was in them is indexed again, from the results. The first
        comparison has what is missing indexed: uploads that are not there, or not as their results
        are. The following ones look whether that is done, until nothing is missing or a minute
        makes no progress. They come soon at first: most often little is missing.

        Args:
            before: The comparison before; None: this is the first.
        """
        found, damaged = self._read()
        counted = counting(found)
        there = dict(_sources(found, counted))
        # What has changed since the index was read is on its way by an event of its own.
        settled = iso(self._clock() - SETTLED_S)
        wanted = {folder.change: folder for folder in self._results.list()}
        missing = {
            change
            for change, folder in wanted.items()
            if change not in there
            or (there[change] != folder.sources and folder.modified < settled)
        }
        pending = bool(missing) and (
            before is None or before.wait_s < LONGEST_WAIT_S or len(missing) < before.missing
        )
        if before is None:
            lost = {
                Change(process=name.process, upload=name.upload) for name in damaged if name.upload
            }
            again = missing | lost | (there.keys() - wanted.keys())
            self._queue.send(sorted(again, key=lambda one: one.upload))
        if pending:
            self._queue.compare_later(Comparison(len(missing), _next_wait_s(before)))
        state = IndexState(
            compared_at=iso(self._clock()),
            uploads=len(counted),
            records=sum(_batch(found[name], upload).rows for upload, name in counted.items()),
            missing=len(missing),
            pending=pending,
        )
        self._objects.put(state_ref(self._bucket), state.model_dump_json().encode(), JSON)
        return UpkeepReport(state=state, damaged=len(damaged))

    def _read(self) -> tuple[dict[FileName, list[Batch]], list[FileName]]:
        """What is in every file, and those that could not be read: they are deleted."""
        found: dict[FileName, list[Batch]] = {}
        damaged: list[FileName] = []
        with tempfile.TemporaryDirectory() as folder:
            for file in list(self._files.list()):
                try:
                    found[file.name] = self._batches(file, Path(folder))
                except ObjectGoneError:  # compacted since it was listed
                    continue
                except IndexDamagedError:
                    if self._files.delete(file.name, file.etag):
                        damaged.append(file.name)
        return found, damaged

    def _batches(self, file: IndexFile, folder: Path) -> list[Batch]:
        path = folder / "file.parquet"
        path.write_bytes(self._files.read(file.name))
        return batches(path, whole=True)


def _next_wait_s(before: Comparison | None) -> int:
    """5, 20, 60, 60 ... seconds."""
    return FIRST_WAIT_S if before is None else min(4 * before.wait_s, LONGEST_WAIT_S)


def _age(file: IndexFile) -> tuple[bool, str, bool, int]:
    """Sorts files so that what counts goes after what it hides, and tombstones last."""
    name = file.name
    return name.month == TOMBSTONES, name.month, name.number is None, name.number or 0


def _sources(
    found: Mapping[FileName, Sequence[Batch]], counted: Mapping[tuple[str, str], FileName]
) -> Iterator[tuple[Change, str]]:
    """What each upload that the index knows was made of, also of those without a record."""
    for (process, upload), name in counted.items():
        batch = _batch(found[name], (process, upload))
        yield Change(process=process, upload=upload), batch.sources
    for read in found.values():
        for batch in read:
            if batch.deleted and batch.sources:
                yield Change(process=batch.process, upload=batch.upload), batch.sources


def _batch(found: Iterable[Batch], upload: tuple[str, str]) -> Batch:
    """An upload's greatest batch in a file."""
    return max(one for one in found if (one.process, one.upload) == upload)
