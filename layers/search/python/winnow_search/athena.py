"""The searcher over the files of the index where they are: Athena reads them for each answer.

Nothing is loaded, so a search starts at once however large the index is. A query takes seconds, and
the bytes that it reads are paid. Vectors are not compared.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from winnow.errors import (
    ExportTooLongError,
    IndexDamagedError,
    SearchInvalidError,
    SearchTooSlowError,
)
from winnow.reviews.models import RecordKey
from winnow.search.charts import Group, age_starts, answer, bucket
from winnow.search.engine import answer_of, hit_of, terms_of
from winnow.search.exports import MAX_RECORDS, ExportFormat
from winnow.search.files import TOMBSTONE, IndexFile, IndexFiles
from winnow.search.rows import IndexRow
from winnow.search.shapes import (
    Hit,
    SearchAnswer,
    SearchRequest,
    StatsAnswer,
    StatsRequest,
)
from winnow_search.exporting import Written, write_hits
from winnow_search.parquet import COLUMNS
from winnow_search.sql import ATHENA, ORDERS, Where, contains, counting, group, where

TABLE = "segments"
"""The table of the index's files, with their folders as partitions."""
LIMIT_S = 20.0
"""Seconds that a request may take; the function has 25."""
MAX_WITHHELD = 1_000
"""Records that a query leaves out by name."""
_TRIES = 3
_SHOWN = [name for name in COLUMNS if name not in ("tokens", "vector")]
"""The columns of a row that is shown: nobody sees its tokens and its vector."""
_READ: Mapping[str, Callable[[str], Any]] = {
    "INTEGER": int,
    "DOUBLE": float,
    "BOOLEAN": "true".__eq__,
    "VARCHAR": str,
}
"""How a value is read, by the kind of its column."""

Values = Sequence[str | None]
"""A row of a query's result, as texts; None: there is no value."""
_A = TypeVar("_A")


class Queries(Protocol):
    """Carries out statements on the table."""

    def run(self, statements: Sequence[Where], within_s: float) -> list[Iterator[Values]]:
        """The rows of each statement. They are carried out at once.

        Raises SearchTooSlowError: it was stopped; SearchInvalidError: a parameter is too long;
        IndexDamagedError: a statement failed.
        """
        ...


class _Index(NamedTuple):
    """The files that there are, and the part of a statement that names the rows that count."""

    files: list[IndexFile]
    records: str

    @property
    def indexed_at(self) -> str | None:
        """When the newest file was written."""
        return max((file.modified for file in self.files), default=None)


class AthenaSearcher:
    """Answers from the files of an index, of which it keeps nothing."""

    def __init__(
        self,
        files: IndexFiles,
        queries: Queries,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        *,
        limit_s: float = LIMIT_S,
    ) -> None:
        """Take what it asks.

        Args:
            files: The files of the index: they are listed, and not read.
            queries: Carries out what reads them.
            clock: Tells the time in epoch seconds.
            monotonic: Tells seconds.
            limit_s: Seconds that a request may take.
        """
        self._files = files
        self._queries = queries
        self._clock = clock
        self._monotonic = monotonic
        self._limit_s = limit_s

    def search(
        self,
        request: SearchRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> SearchAnswer:
        demanded, condition = _asked_for(request, visible, withheld)

        def ask(index: _Index, left: Callable[[], float]) -> SearchAnswer:
            statements = [_statement(index, "SELECT count(*) FROM records", condition)]
            if request.limit:
                page = f" OFFSET {int(request.offset)} LIMIT {int(request.limit)}"
                statements.append(_rows(index, request, condition, page))
            (counted, *pages) = self._queries.run(statements, left())
            hits = [hit for page in pages for hit in _hits(page, request, demanded)]
            return answer_of(request, _number(counted), hits, indexed_at=index.indexed_at)

        return self._consistently(ask)

    def stats(
        self,
        request: StatsRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> StatsAnswer:
        _, condition = _asked_for(request, visible, withheld)
        now = self._clock()

        def ask(index: _Index, left: Callable[[], float]) -> StatsAnswer:
            first_last = "SELECT count(*), min(judged_at), max(judged_at) FROM records"
            (found,) = self._queries.run([_statement(index, first_last, condition)], left())
            total, first, last = next(found)
            groups: list[Group] = []
            if first is not None and last is not None:
                length = bucket(first, last)
                statements = [
                    _statement(index, sql, condition)
                    for sql in counting(request.chart, length, age_starts(now), ATHENA)
                ]
                for rows in self._queries.run(statements, left()):
                    groups += [_group(request, row) for row in rows]
            return answer(request, int(total or 0), groups, now, indexed_at=index.indexed_at)

        return self._consistently(ask)

    def export(
        self,
        request: SearchRequest,
        form: ExportFormat,
        file: Path,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> Written:
        """Write everything that a request finds to a file."""
        whole = request.model_copy(update={"whole_text": True})
        demanded, condition = _asked_for(whole, visible, withheld)

        def ask(index: _Index, left: Callable[[], float]) -> Written:
            count = _statement(index, "SELECT count(*) FROM records", condition)
            (counted,) = self._queries.run([count], left())
            if (total := _number(counted)) > MAX_RECORDS:
                raise ExportTooLongError(f"It finds {total:,} records; {MAX_RECORDS:,} fit.")
            (rows,) = self._queries.run([_rows(index, whole, condition)], left())
            return Written(write_hits(_hits(rows, whole, demanded), form, file), 0)

        return self._consistently(ask)

    def _consistently(self, ask: Callable[[_Index, Callable[[], float]], _A]) -> _A:
        """The answer of files of which none was deleted meanwhile.

        A query reads the table twice, for the rows and for those that count. Where a compaction
        deletes files in between, it fails or lacks rows: it is asked again.
        """
        end = self._monotonic() + self._limit_s

        def left() -> float:
            return end - self._monotonic()

        for again in reversed(range(_TRIES)):
            index = _index(list(self._files.list()))
            try:
                answered = ask(index, left)
            except IndexDamagedError:
                if not again:
                    raise
            else:
                there = {file.name for file in self._files.list()}
                if there.issuperset(file.name for file in index.files):
                    return answered
        raise SearchTooSlowError("The files of the index were written anew again and again.")


def _index(files: list[IndexFile]) -> _Index:
    """The rows that count, as SQL: those of each upload's greatest batch, unless it is a tombstone.

    The partitions are named, so that Athena looks for no others. They are parts of our own keys,
    which have letters, digits and hyphens only.
    """
    processes = ", ".join(sorted({f"'{file.name.process}'" for file in files})) or "''"
    months = ", ".join(sorted({f"'{file.name.month}'" for file in files})) or "''"
    return _Index(
        files,
        f'WITH files AS (SELECT *, "$path" AS path FROM {TABLE}'  # noqa: S608
        f" WHERE process IN ({processes}) AND month IN ({months})),"
        " batches AS (SELECT process, upload,"
        " max_by(path, ROW(generation, strpos(path, '/0-') > 0, path)) AS path"
        " FROM files GROUP BY process, upload),"
        " records AS (SELECT files.* FROM files JOIN batches ON files.process = batches.process"
        " AND files.upload = batches.upload AND files.path = batches.path"
        f" WHERE files.generation <> '{TOMBSTONE}') ",
    )


def _asked_for(
    request: SearchRequest | StatsRequest,
    visible: Collection[str] | None,
    withheld: Collection[RecordKey],
) -> tuple[Sequence[str], Where]:
    """The terms of a request, and what a row has to fulfil."""
    if isinstance(request, SearchRequest) and request.like:
        raise SearchInvalidError(
            "This stack searches with Athena, which compares no vectors: ask for words and filters."
        )
    if len(withheld) > MAX_WITHHELD:
        raise SearchInvalidError("Too many records are withheld from you: name a process.")
    demanded, filters = terms_of(request.query), request.filters
    words = contains(demanded, ATHENA)
    condition = where(filters, visible).with_(*words)
    # An upload's rows are in the month in which they were judged.
    if filters.since is not None:
        condition = condition.with_("month >= ?", [filters.since[:7]])
    if filters.until is not None:
        condition = condition.with_("month <= ?", [filters.until[:7]])
    if withheld:
        pairs = ", ".join(["(?, ?)"] * len(withheld))
        named = [part for key in sorted(withheld) for part in (key.upload, key.record)]
        condition = condition.with_(f"(upload, record) NOT IN ({pairs})", named)
    return demanded, condition


def _statement(index: _Index, sql: str, condition: Where) -> Where:
    """A statement on the rows that count; the condition is at `{where}`, or at its end."""
    if "{where}" not in sql:
        sql += " WHERE {where}"
    return Where(index.records + sql.replace("{where}", condition.sql), condition.parameters)


def _rows(index: _Index, request: SearchRequest, condition: Where, page: str = "") -> Where:
    order = ORDERS[request.order]
    return _statement(
        index,
        f"SELECT {', '.join(_SHOWN)} FROM records WHERE {{where}} ORDER BY {order}{page}",  # noqa: S608
        condition,
    )


def _hits(rows: Iterator[Values], request: SearchRequest, demanded: Sequence[str]) -> Iterator[Hit]:
    for values in rows:
        known: dict[str, Any] = {
            name: None if value is None else _READ[COLUMNS[name]](value)
            for name, value in zip(_SHOWN, values, strict=True)
        }
        row = IndexRow(**known, tokens="", vector=None)
        yield hit_of(row, demanded, whole=request.whole_text)


def _number(rows: Iterator[Values]) -> int:
    (value,) = next(rows)
    return int(value or 0)


def _group(request: StatsRequest, row: Values) -> Group:
    series, x, value, records = row
    number = None if value is None else float(value)
    return group(request.chart, str(series), str(x), number, int(records or 0))
