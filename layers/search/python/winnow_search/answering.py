"""Answers from the index, with what is known of how complete it is."""

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Protocol

from winnow.models import ObjectRef
from winnow.ports import ObjectStore
from winnow.reviews.models import RecordKey
from winnow.search.engine import Searcher
from winnow.search.exports import PREFIX, Exported, ExportFormat
from winnow.search.shapes import SearchAnswer, SearchRequest, StatsAnswer, StatsRequest
from winnow.search.upkeep import IndexState, read_state
from winnow.storage.paths import JSON_LINES
from winnow_search.exporting import Written

STATE_S = 5.0
"""Seconds after which the last comparison is read again."""
REPAIR_S = 300.0
"""Seconds after which a comparison is asked for again."""


_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.JSONL: JSON_LINES,
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
}


class Engine(Searcher, Protocol):
    """A searcher that also writes files."""

    def export(
        self,
        request: SearchRequest,
        form: ExportFormat,
        file: Path,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> Written:
        """Write everything that a request finds."""
        ...


class FileStore(ObjectStore, Protocol):
    """A store that also takes files."""

    def put_file(self, ref: ObjectRef, file: Path, content_type: str) -> None:
        """Write an object of a file's bytes; memory does not grow with it."""
        ...


class Answering:
    """Implements `winnow.search.exports.ExportingSearcher` over the engine that reads the files.

    Where a file is damaged, or the index was never compared with the results, a comparison is asked
    for: what is missing is then indexed.
    """

    def __init__(
        self,
        engine: Engine,
        objects: FileStore,
        bucket: str,
        repair: Callable[[], None],
        monotonic: Callable[[], float],
        random: Callable[[int], str],
    ) -> None:
        """Take what it answers with.

        Args:
            engine: Reads the files of the index.
            objects: The results bucket.
            bucket: Its name.
            repair: Asks for a comparison.
            monotonic: Tells seconds.
            random: So many random bytes as hex digits: names of exported files.
        """
        self._random = random
        self._engine = engine
        self._objects = objects
        self._bucket = bucket
        self._repair = repair
        self._monotonic = monotonic
        self._state: IndexState | None = None
        self._read_at: float | None = None
        self._asked_at: float | None = None

    def search(
        self,
        request: SearchRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> SearchAnswer:
        answer = self._engine.search(request, visible, withheld)
        return answer.model_copy(update=self._told(answer.damaged))

    def stats(
        self,
        request: StatsRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> StatsAnswer:
        answer = self._engine.stats(request, visible, withheld)
        return answer.model_copy(update=self._told(answer.damaged))

    def export(
        self,
        request: SearchRequest,
        form: ExportFormat,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> Exported:
        ref = ObjectRef(bucket=self._bucket, key=f"{PREFIX}{self._random(16)}.{form}")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "export"
            written = self._engine.export(request, form, file, visible, withheld)
            self._objects.put_file(ref, file, _TYPES[form])
            size = file.stat().st_size
        told = self._told(written.damaged)
        return Exported(key=ref.key, records=written.records, size=size, **told)

    def _told(self, damaged: int) -> dict[str, Any]:
        """The fields of an answer that say what it lacks."""
        state = self._known()
        if damaged or state is None:
            self._ask()
        if state is None or state.pending:
            return {"indexing": True}
        return {"damaged": damaged + state.missing}

    def _known(self) -> IndexState | None:
        now = self._monotonic()
        if self._read_at is None or now - self._read_at >= STATE_S:
            self._state, self._read_at = read_state(self._objects, self._bucket), now
        return self._state

    def _ask(self) -> None:
        now = self._monotonic()
        if self._asked_at is None or now - self._asked_at >= REPAIR_S:
            self._repair()
            self._asked_at = now
