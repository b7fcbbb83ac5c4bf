"""Who answers searches: the records of the results, read into memory and kept for some seconds."""

from collections.abc import Callable, Collection, Iterator
from threading import Lock
from typing import NamedTuple

from winnow.errors import ObjectGoneError, SearchTooSlowError, StoredDataInvalidError
from winnow.ports import ObjectStore
from winnow.recovery.upload_row import UploadRow
from winnow.reviews.models import RecordKey
from winnow.search.memory import MemorySearcher
from winnow.search.rows import IndexRow, UploadRows
from winnow.search.shapes import SearchFilter
from winnow_api.ports import UploadTable

MAX_RECORDS = 20_000
"""Records of the uploads that are searched at once: reading more would take too long."""
KEPT_S = 10.0
"""Seconds for which the records of an upload are not read again."""
_STATES = ("SUCCEEDED", "FAILED")
"""A run that failed for its low confidence has results, too."""
_PAGE = 500


class _Kept(NamedTuple):
    rows: list[IndexRow]
    until: float
    damaged: bool = False


class ResultRows:
    """The records of the results of a stack's uploads."""

    def __init__(
        self,
        uploads: UploadTable,
        store: ObjectStore,
        bucket: str,
        now: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        """`bucket` is that of the results; `now` tells epoch seconds."""
        self._uploads = uploads
        self._store = store
        self._bucket = bucket
        self._now = now
        self._monotonic = monotonic
        self._kept: dict[str, _Kept] = {}
        self._lock = Lock()

    def searcher(
        self,
        filters: SearchFilter,
        visible: Collection[str] | None,
        withheld: Collection[RecordKey] = (),
    ) -> MemorySearcher:
        """Who answers a request with these filters, without the records that are withheld.

        Raises:
            SearchTooSlowError: the uploads that may have such records have too many.
        """
        wanted = list(self._wanted(filters, visible))
        count = sum(row.records or 0 for row in wanted)
        if count > MAX_RECORDS:
            raise SearchTooSlowError(
                f"The uploads that are meant have {count:,} records; {MAX_RECORDS:,} are searched."
            )
        with self._lock:
            kept = {row.upload_id: self._rows(row) for row in wanted}
            self._kept = kept
        hidden = frozenset(withheld)
        rows = (row for each in kept.values() for row in each.rows)
        if hidden:
            rows = (row for row in rows if RecordKey(row.upload, row.record) not in hidden)
        damaged = sum(each.damaged for each in kept.values())
        return MemorySearcher(rows, self._now, damaged=damaged)

    def _wanted(
        self, filters: SearchFilter, visible: Collection[str] | None
    ) -> Iterator[UploadRow]:
        """The uploads that may have records with these filters."""
        for row in self._every():
            if row.result_ref(self._bucket) is None:
                continue
            if visible is not None and row.process not in visible:
                continue
            if filters.processes and row.process not in filters.processes:
                continue
            if filters.uploads and row.upload_id not in filters.uploads:
                continue
            yield row

    def _every(self) -> Iterator[UploadRow]:
        for state in _STATES:
            at: str | None = None
            seen: set[str] = set()
            while True:
                found = self._uploads.newest(state, at, _PAGE)
                new = [row for row in found if row.upload_id not in seen]
                yield from new
                if not new or len(found) < _PAGE:
                    break
                seen.update(row.upload_id for row in new)
                at = found[-1].claimed_at

    def _rows(self, upload: UploadRow) -> _Kept:
        now = self._monotonic()
        kept = self._kept.get(upload.upload_id)
        if kept is not None and kept.until > now:
            return kept
        ref = upload.result_ref(self._bucket)
        assert ref is not None
        try:
            return _Kept(list(UploadRows(self._store, ref)), now + KEPT_S)
        except ObjectGoneError:  # expired or erased just now
            return _Kept([], now + KEPT_S)
        except StoredDataInvalidError:  # the answer says how many
            return _Kept([], now + KEPT_S, damaged=True)
