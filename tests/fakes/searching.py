"""In place of the search function: searches the results themselves, as they are at each request."""

import secrets
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from tests.fakes.store import MemoryStore
from winnow.errors import StoredDataInvalidError
from winnow.models import ObjectRef
from winnow.recovery.upload_row import UploadRow
from winnow.reviews.models import RecordKey
from winnow.search.exports import PREFIX, Exported, ExportFormat, every_hit
from winnow.search.memory import MemorySearcher, Vectorise
from winnow.search.rows import IndexRow, UploadRows
from winnow.search.shapes import SearchAnswer, SearchRequest, StatsAnswer, StatsRequest
from winnow_search.exporting import write_hits


class ResultSearcher:
    """A Searcher over the results of the uploads of these rows."""

    def __init__(
        self,
        rows: Mapping[str, UploadRow],
        store: MemoryStore,
        bucket: str,
        clock: Callable[[], float],
        vectorise: Vectorise | None = None,
    ) -> None:
        self._rows = rows
        self._store = store
        self._bucket = bucket
        self._clock = clock
        self._vectorise = vectorise

    def search(
        self,
        request: SearchRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> SearchAnswer:
        return self._memory().search(request, visible, withheld)

    def stats(
        self,
        request: StatsRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> StatsAnswer:
        return self._memory().stats(request, visible, withheld)

    def export(
        self,
        request: SearchRequest,
        form: ExportFormat,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> Exported:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "export"
            hits = every_hit(self._memory(), request, visible, withheld)
            records = write_hits(hits, form, file)
            content = file.read_bytes()
        ref = ObjectRef(bucket=self._bucket, key=f"{PREFIX}{secrets.token_hex(16)}.{form}")
        self._store.put(ref, content, "application/octet-stream")
        return Exported(key=ref.key, records=records, size=len(content))

    def _memory(self) -> MemorySearcher:
        rows: list[IndexRow] = []
        damaged = 0
        for upload in self._rows.values():
            ref = upload.result_ref(self._bucket)
            if ref is None:
                continue
            try:
                rows += UploadRows(self._store, ref)
            except StoredDataInvalidError:
                damaged += 1
        return MemorySearcher(rows, self._clock, self._vectorise, damaged=damaged)
