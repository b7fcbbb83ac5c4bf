"""The searcher over the files of the index: DuckDB for rows and charts, FTS5 for words.

Only rows that count are loaded (`winnow.search.files`). A list that is older than some seconds is
taken again before an answer; files that have not changed are not read again, and compacted files
only for rows that are new.
"""

import sqlite3
import tempfile
import threading
import time
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import duckdb
import numpy as np
from numpy.typing import NDArray

from winnow.errors import (
    ExportTooLongError,
    IndexDamagedError,
    ObjectGoneError,
    RecordUnknownError,
    SearchInvalidError,
    SearchTooSlowError,
)
from winnow.reviews.models import RecordKey
from winnow.search.charts import Group, age_starts, answer, bucket
from winnow.search.engine import NO_VECTOR, answer_of, hit_of, terms_of
from winnow.search.exports import MAX_RECORDS, ExportFormat
from winnow.search.files import Batch, FileName, IndexFile, IndexFiles, counting
from winnow.search.memory import Vectorise
from winnow.search.rows import IndexRow
from winnow.search.shapes import (
    RecordRef,
    SearchAnswer,
    SearchRequest,
    Sort,
    StatsAnswer,
    StatsRequest,
    VectorSearch,
)
from winnow_search.exporting import SELECTED, Written, copy
from winnow_search.parquet import COLUMNS, batches, connect
from winnow_search.projection import projected
from winnow_search.sql import BY_LIKENESS, DUCKDB, ORDERS, Where, contains, group, where
from winnow_search.sql import counting as counting_sql
from winnow_search.vectors import Vectors
from winnow_search.words import Ids, WordIndex

REFRESH_S = 5.0
"""Seconds after which the files are listed again."""
LIMIT_S = 10.0
"""Seconds that a request may take."""
LOAD_S = 12.0
"""Seconds of a call in which a file is begun to be loaded; the next call goes on."""
WORDS_A_CALL = 20_000
"""Rows whose words are indexed in one call; those beyond are looked through."""
MOST_FOUND = 60_000
"""Rows that the word index gives; a phrase in more rows is looked for in the rows themselves."""
_MEMORY = "40%"
"""Of the machine's memory, for the database: vectors and words are beside it."""
_VECTORS_AT_ONCE = 10_000
_TRIES = 4
_SHOWN = ", ".join(
    {"tokens": "'' AS tokens", "vector": "NULL AS vector"}.get(name, name) for name in COLUMNS
)
"""The columns of a row that is shown: nobody sees its tokens and its vector."""
_INTERRUPT_S = 0.05

_Version = tuple[FileName, str]
"""A file and its ETag."""
_Upload = tuple[str, str]
_A = TypeVar("_A", SearchAnswer, StatsAnswer)
_T = TypeVar("_T")


class _Loaded(NamedTuple):
    generation: str
    rows: int


class DuckSearcher:
    """Answers from the files of an index, of which it keeps a copy on disk. Any thread may ask."""

    def __init__(
        self,
        files: IndexFiles,
        clock: Callable[[], float],
        *,
        vectorise: Vectorise | None = None,
        folder: Path | None = None,
        threads: int = 2,
        refresh_s: float = REFRESH_S,
        limit_s: float = LIMIT_S,
        load_s: float = LOAD_S,
    ) -> None:
        """Read nothing yet.

        Args:
            files: The files of the index.
            clock: Tells the time in epoch seconds.
            vectorise: Makes a text's vector; without it no text can be likened.
            folder: Where the copy is; a temporary folder below it is made.
            threads: Of the database.
            refresh_s: Seconds after which the files are listed again.
            limit_s: Seconds that a request may take.
            load_s: Seconds of a request after which no other file is loaded; the next goes on.
        """
        self._files = files
        self._clock = clock
        self._vectorise = vectorise
        self._refresh_s = refresh_s
        self._limit_s = limit_s
        self._load_s = load_s
        self._lock = threading.Lock()
        self._temporary = tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True)
        self._folder = Path(self._temporary.name)
        self._database = connect(str(self._folder / "rows.duckdb"), threads=threads, memory=_MEMORY)
        shape = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        self._database.execute("CREATE SEQUENCE ids")
        self._database.execute(f"CREATE TABLE records (id BIGINT, {shape})")
        self._word_indexes = 0
        self._words = self._new_words()
        self._batches: dict[_Version, list[Batch]] = {}
        self._damaged: set[_Version] = set()
        self._loaded: dict[_Upload, _Loaded] = {}
        self._vectors: Vectors | None = None
        self._listed_at: float | None = None
        self._indexed_at: str | None = None

    # -- answers -----------------------------------------------------------------------------------

    def search(
        self,
        request: SearchRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> SearchAnswer:
        demanded = terms_of(request.query)
        with self._asked() as in_time:
            condition = self._condition(request, demanded, visible, withheld)
            if request.like:
                return self._alike(request, demanded, condition, visible, in_time)
            (total,) = self._one("SELECT count(*) FROM records", condition)
            rows = self._rows_of_page(request, condition)
            hits = [hit_of(row, demanded, whole=request.whole_text) for row in in_time(rows)]
            return answer_of(request, total, hits, **self._state())

    def stats(
        self,
        request: StatsRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> StatsAnswer:
        demanded = terms_of(request.query)
        now = self._clock()
        with self._asked():
            condition = self._condition(request, demanded, visible, withheld)
            total, first, last = self._one(
                "SELECT count(*), min(judged_at), max(judged_at) FROM records", condition
            )
            groups: list[Group] = []
            if total:
                length = bucket(first, last)
                for sql in counting_sql(request.chart, length, age_starts(now), DUCKDB):
                    found = self._database.execute(
                        sql.replace("{where}", condition.sql), condition.parameters
                    ).fetchall()
                    groups += [group(request.chart, *row) for row in found]
            return answer(request, total, groups, now, **self._state())

    def export(
        self,
        request: SearchRequest,
        form: ExportFormat,
        file: Path,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> Written:
        """Write everything that a request finds to a file."""
        demanded = terms_of(request.query)
        with self._asked(anew=True):
            condition = self._condition(request, demanded, visible, withheld)
            table = "(SELECT *, CAST(NULL AS DOUBLE) AS likeness FROM records)"
            order = ORDERS.get(request.order, BY_LIKENESS)
            if request.like:
                ids, likeness = self._likeness(request, condition, visible)
                self._database.register("alike", {"id": ids, "likeness": likeness})
                table, condition = "records JOIN alike USING (id)", Where("TRUE", [])
            (total,) = self._one(f"SELECT count(*) FROM {table}", condition)  # noqa: S608
            if total > MAX_RECORDS:
                raise ExportTooLongError(f"It finds {total:,} records; {MAX_RECORDS:,} fit.")
            records = copy(
                self._database,
                f"SELECT {SELECTED} FROM {table} WHERE {condition.sql}"  # noqa: S608
                f" ORDER BY {order}",
                condition.parameters,
                form,
                file,
            )
            return Written(records, len(self._damaged))

    def refresh(self) -> None:
        """List the files now, however old the last list is, and index the words of all rows."""
        with self._lock:
            self._listed_at = None
            self._refresh()
            while self._index_words():
                pass

    def close(self) -> None:
        """Delete the copy."""
        self._database.close()
        self._words.close()
        self._temporary.cleanup()

    def _state(self) -> dict[str, Any]:
        return {"indexed_at": self._indexed_at, "damaged": len(self._damaged)}

    @contextmanager
    def _asked(self, *, anew: bool = False) -> Iterator[Callable[[Iterable[Any]], Iterator[Any]]]:
        """One request at a time, on a fresh index, for as long as it may take.

        Statements are interrupted. What is made of their rows is given them by what this gives,
        which ends when the time is over: to mark what was found in long texts takes time, too.
        Where the files are listed anew, nothing is found that was erased before.
        """
        with self._lock:
            if anew:
                self._listed_at = None
            self._refresh()
            self._index_words()
            done, late = threading.Event(), threading.Event()

            def stop() -> None:
                """Interrupt whatever runs, again and again: between statements it is lost."""
                if done.wait(self._limit_s):
                    return
                late.set()
                while not done.wait(_INTERRUPT_S):
                    self._database.interrupt()
                    self._words.interrupt()

            def in_time(rows: Iterable[Any]) -> Iterator[Any]:
                for row in rows:
                    if late.is_set():
                        raise too_slow
                    yield row

            too_slow = SearchTooSlowError(f"It took more than {self._limit_s:g} seconds.")
            watch = threading.Thread(target=stop, daemon=True)
            watch.start()
            try:
                yield in_time
            except (duckdb.InterruptException, sqlite3.OperationalError):
                if not late.is_set():
                    raise
                raise too_slow from None
            finally:
                done.set()
                watch.join()

    def _one(self, sql: str, condition: Where) -> tuple[Any, ...]:
        found = self._database.execute(
            f"{sql} WHERE {condition.sql}", condition.parameters
        ).fetchone()
        assert found is not None
        return found

    def _rows_of_page(self, request: SearchRequest, condition: Where) -> list[IndexRow]:
        """The rows of a page: their places first, so that no other texts are unpacked."""
        if not request.limit:
            return []
        order = ORDERS[request.order]
        found = self._database.execute(
            f"SELECT {_SHOWN} FROM records WHERE rowid IN (SELECT rowid FROM records"  # noqa: S608
            f" WHERE {condition.sql} ORDER BY {order}"
            f" LIMIT {int(request.limit)} OFFSET {int(request.offset)}) ORDER BY {order}",
            condition.parameters,
        )
        return [IndexRow(*row) for row in found.fetchall()]

    def _condition(
        self,
        request: SearchRequest | StatsRequest,
        demanded: Sequence[str],
        visible: Collection[str] | None,
        withheld: Collection[RecordKey],
    ) -> Where:
        """What a row has to fulfil, its words included."""
        condition = where(request.filters, visible)
        if withheld:
            condition = condition.with_(
                "(upload, record) NOT IN"
                " (SELECT unnest(CAST(? AS VARCHAR[])), unnest(CAST(? AS INTEGER[])))",
                [[key.upload for key in withheld], [key.record for key in withheld]],
            )
        candidates = self._candidates(demanded, condition)
        return condition if candidates is None else self._among(condition, candidates)

    # -- words -------------------------------------------------------------------------------------

    def _candidates(self, demanded: Sequence[str], condition: Where) -> Ids | None:
        """The ids of the rows that have all terms; None: there are no terms."""
        if not demanded:
            return None
        known = self._words.find(demanded, MOST_FOUND)
        after = self._words.upto if known is not None else 0
        looked = contains(demanded, DUCKDB)
        rest = self._database.execute(
            f"SELECT id FROM records WHERE id > ? AND {condition.sql} AND {looked.sql}",  # noqa: S608
            [after, *condition.parameters, *looked.parameters],
        ).fetchnumpy()["id"]
        rest = np.asarray(rest, np.int64)
        return rest if known is None else np.concatenate([known, rest])

    def _among(self, condition: Where, ids: Ids) -> Where:
        self._database.register("found", {"id": ids})
        return condition.with_("id IN (SELECT id FROM found)")

    def _index_words(self) -> bool:
        """Index the words of some rows; False: all are, or there is no room for them.

        The index is made again where most of its rows are gone, and where its file is full: without
        it the rows are looked through.
        """
        left = self._database.execute(
            "SELECT count(*) FROM records WHERE id <= ?", [self._words.upto]
        ).fetchone()
        if left is not None and self._words.rows > 2 * left[0]:
            self._renew_words()
        rows = self._database.execute(
            "SELECT id, tokens FROM records WHERE id > ? ORDER BY id LIMIT ?",
            [self._words.upto, WORDS_A_CALL],
        ).fetchall()
        if not rows:
            return False
        try:
            self._words.add(rows, rows[-1][0])
        except sqlite3.DatabaseError:
            self._renew_words()
            return False
        return True

    def _renew_words(self) -> None:
        self._words.close()
        self._words = self._new_words()

    def _new_words(self) -> WordIndex:
        self._word_indexes += 1
        return WordIndex(self._folder / f"words-{self._word_indexes}.sqlite")

    # -- likeness ----------------------------------------------------------------------------------

    def _alike(
        self,
        request: SearchRequest,
        demanded: Sequence[str],
        condition: Where,
        visible: Collection[str] | None,
        in_time: Callable[[Iterable[Any]], Iterator[Any]],
    ) -> SearchAnswer:
        ids, likeness = self._likeness(request, condition, visible)
        end = request.offset + request.limit
        self._database.register("alike", {"id": ids, "likeness": likeness})
        order = ORDERS.get(request.order, BY_LIKENESS)
        if request.order is Sort.LIKENESS and 0 < end < len(ids):
            # Sorted whole are only those that can be on the page.
            least = np.partition(likeness, len(ids) - end)[len(ids) - end]
            self._database.register(
                "alike", {"id": ids[likeness >= least], "likeness": likeness[likeness >= least]}
            )
        found = self._database.execute(
            "WITH page AS (SELECT id, likeness FROM records JOIN alike USING (id)"  # noqa: S608
            f" ORDER BY {order} LIMIT {int(request.limit)} OFFSET {int(request.offset)})"
            f" SELECT {_SHOWN}, likeness FROM records JOIN page USING (id)"
            f" WHERE rowid IN (SELECT rowid FROM records WHERE id IN (SELECT id FROM page))"
            f" ORDER BY {order}"
        ).fetchall()
        hits = [
            hit_of(IndexRow(*row[:-1]), demanded, whole=request.whole_text, likeness=row[-1])
            for row in in_time(found)
        ]
        return answer_of(request, len(ids), hits, **self._state())

    def _likeness(
        self, request: SearchRequest, condition: Where, visible: Collection[str] | None
    ) -> tuple[Ids, NDArray[np.float64]]:
        """The ids of the rows that have a vector, and how like they are.

        A picture's vector is of another encoder than a text's: neither is compared with the other.
        """
        wanted, itself, picture = self._wanted(request, visible)
        vectors = self._all_vectors()
        chosen = self._database.execute(
            f"SELECT id FROM records WHERE {condition.sql}"  # noqa: S608
            " AND vector IS NOT NULL AND (text IS NULL) = ? AND id <> ? ORDER BY id",
            [*condition.parameters, picture, itself],
        )
        ids = np.asarray(chosen.fetchnumpy()["id"], np.int64)
        return ids, vectors.cosines(wanted, np.searchsorted(vectors.ids, ids))

    def _wanted(
        self, request: SearchRequest, visible: Collection[str] | None
    ) -> tuple[bytes, int, bool]:
        """The vector that records should be like, its record's id or -1, if it is of a picture."""
        if request.like_record is not None:
            return self._vector_of(request.like_record, visible)
        if isinstance(request, VectorSearch):
            vector = np.frombuffer(request.like_vector, np.int8)[None]
            return projected(vector)[0].tobytes(), -1, request.of_picture
        if self._vectorise is None:
            raise SearchInvalidError("This index has no encoder, so no text can be likened.")
        return self._vectorise(request.like_text or "").tobytes(), -1, False

    def _vector_of(
        self, ref: RecordRef, visible: Collection[str] | None
    ) -> tuple[bytes, int, bool]:
        found = self._database.execute(
            "SELECT vector, id, text IS NULL FROM records"
            " WHERE process = ? AND upload = ? AND record = ?",
            [ref.process, ref.upload, ref.record],
        ).fetchone()
        if found is None or (visible is not None and ref.process not in visible):
            raise RecordUnknownError("The index has no such record.")
        if found[0] is None:
            raise SearchInvalidError(NO_VECTOR)
        return found

    def _all_vectors(self) -> Vectors:
        if self._vectors is None:
            found = self._database.execute(
                "SELECT id, vector FROM records WHERE vector IS NOT NULL ORDER BY id"
            )
            ids, content = array("q"), bytearray()
            while rows := found.fetchmany(_VECTORS_AT_ONCE):
                ids.extend(row[0] for row in rows)
                content += b"".join(row[1] for row in rows)
            self._vectors = Vectors(np.frombuffer(ids, np.int64), content)
        return self._vectors

    # -- loading -----------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Load what has changed, if the last list is older than some seconds."""
        now = self._clock()
        if self._listed_at is not None and 0 <= now - self._listed_at < self._refresh_s:
            return
        for left in reversed(range(_TRIES)):
            try:
                self._load()
            except ObjectGoneError:
                # A file has been compacted since the list.
                if not left:
                    raise
            else:
                self._listed_at = now
                return

    def _load(self) -> None:
        until = time.monotonic() + self._load_s
        listed = {(file.name, file.etag): file for file in self._files.list()}
        paths: dict[_Version, Path] = {}
        known = self._batches.keys() | self._damaged
        try:
            for version in self._until(until, [each for each in listed if each not in known]):
                self._learn(version, paths)
            while not self._follow(listed, paths, until):
                pass
            self._indexed_at = max((file.modified for file in listed.values()), default=None)
        finally:
            for path in paths.values():
                path.unlink(missing_ok=True)

    def _until(self, until: float, work: Iterable[_T]) -> Iterator[_T]:
        """Pieces of work until a time, one at least. Raises SearchTooSlowError if some are left.

        What was done stays done, so that an index of any size is loaded after some requests.
        """
        for number, piece in enumerate(work):
            if number and time.monotonic() >= until:
                loaded = sum(upload.rows for upload in self._loaded.values())
                raise SearchTooSlowError(
                    f"The index is being read: {loaded:,} records until now. Ask again."
                )
            yield piece

    def _learn(self, version: _Version, paths: dict[_Version, Path]) -> None:
        """Find out which batches a file has."""
        try:
            path = self._path(version, paths)
            self._batches[version] = batches(path)
        except IndexDamagedError:
            self._damaged.add(version)

    def _path(self, version: _Version, paths: dict[_Version, Path]) -> Path:
        if version not in paths:
            path = self._folder / f"{len(paths)}.parquet"
            path.write_bytes(self._files.read(version[0]))
            paths[version] = path
        return paths[version]

    def _follow(
        self, listed: dict[_Version, IndexFile], paths: dict[_Version, Path], until: float
    ) -> bool:
        """Make the rows those of the files; False: a file turned out to be damaged meanwhile."""
        self._batches = {v: found for v, found in self._batches.items() if v in listed}
        self._damaged &= listed.keys()
        current = {name: (name, etag) for name, etag in self._batches}
        counts = counting({name: self._batches[version] for name, version in current.items()})
        wanted: dict[_Upload, tuple[_Version, Batch]] = {}
        for upload, name in counts.items():
            version = current[name]
            wanted[upload] = (version, _batch(self._batches[version], upload))
        loaded = {
            upload: _Loaded(batch.generation, batch.rows) for upload, (_, batch) in wanted.items()
        }
        old = {upload for upload, state in self._loaded.items() if loaded.get(upload) != state}
        new: dict[_Version, list[_Upload]] = {}
        for upload, state in loaded.items():
            if self._loaded.get(upload) != state:
                new.setdefault(wanted[upload][0], []).append(upload)
        if old or new:
            self._vectors = None
        with self._changing():
            self._drop(old)
        self._loaded = {each: state for each, state in self._loaded.items() if each not in old}
        for version, uploads in self._until(until, new.items()):
            path = self._path(version, paths)
            try:
                with self._changing():
                    self._insert(version, path, uploads)
            except IndexDamagedError:
                return False
            self._loaded |= {upload: loaded[upload] for upload in uploads}
        return True

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self._database.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _drop(self, uploads: Collection[_Upload]) -> None:
        if uploads:
            self._chosen(uploads)
            self._database.execute(
                "DELETE FROM records WHERE (process, upload) IN"
                " (SELECT process, upload FROM chosen)"
            )

    def _insert(self, version: _Version, path: Path, uploads: Sequence[_Upload]) -> None:
        self._chosen(uploads)
        try:
            self._database.execute(
                f"INSERT INTO records SELECT nextval('ids'), {', '.join(COLUMNS)}"  # noqa: S608
                " FROM read_parquet(?) WHERE (process, upload) IN"
                " (SELECT process, upload FROM chosen)",
                [str(path)],
            )
        except duckdb.Error:
            self._damaged.add(version)
            del self._batches[version]
            raise IndexDamagedError("A file of the index cannot be read.") from None

    def _chosen(self, uploads: Collection[_Upload]) -> None:
        self._database.register(
            "chosen",
            {
                "process": np.array([process for process, _ in uploads], object),
                "upload": np.array([upload for _, upload in uploads], object),
            },
        )


def _batch(found: Sequence[Batch], upload: _Upload) -> Batch:
    """The greatest batch of an upload in a file."""
    return max(one for one in found if (one.process, one.upload) == upload)
