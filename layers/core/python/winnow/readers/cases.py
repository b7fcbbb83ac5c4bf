"""The records of one case as one record, where a process says `input.case: join`.

A case is what has one id: the rows of a table with the same cell in the id column, and the
documents of an upload, which have the id that the upload sets, or none. A row without an id stays
a record of its own. The records of a case need not be neighbours, so all wait in a database on
disk until the file has ended; what is in memory is one case.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from winnow.errors import FileTooLargeError
from winnow.limits.reading import ReadLimits
from winnow.models import (
    PART_SEPARATOR,
    VALUE_SEPARATOR,
    CasePart,
    InvalidRecord,
    Record,
    SourceLine,
    SourceLocation,
)
from winnow.readers import Source, read
from winnow.storage.jsonl import dump_line
from winnow.tables.numbers import with_numbers

if TYPE_CHECKING:
    import sqlite3

    from winnow.processes.schema import InputColumns

_LINE: TypeAdapter[Record | InvalidRecord] = TypeAdapter(SourceLine)
_WITHOUT_TEXT = frozenset({"text_empty", "no_records", "file_empty"})
"""Codes of what was read and says nothing: a case lacks nothing without it."""

_TIME_CHECK_INTERVAL = 100
_CACHE_KIB = 16_384
_TABLES = """
CREATE TABLE cases (key BLOB PRIMARY KEY, first INTEGER, unread INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE parts (first INTEGER NOT NULL, line BLOB);
"""
"""`first` is the number of a case's first record; a part without a line could not be read."""


def records_for(source: Source, columns: "InputColumns") -> Iterator[Record | InvalidRecord]:
    """The records of a file as a process takes them: cases joined if it says so, numbers checked.

    Raises what `read` raises, and FileTooLargeError beyond `max_join_bytes`.
    """
    lines = read(source)
    if columns.case == "join":
        lines = joined(source, lines)
    return with_numbers(lines, columns.numeric_columns)


def joined(
    source: Source, lines: Iterable[Record | InvalidRecord]
) -> Iterator[Record | InvalidRecord]:
    """The records with those of one case as one, in the order of their first records.

    An invalid record stays one. If its case is known, the case is told that a part is missing.
    """
    with closing(_Spool(source.limits)) as spool:
        for line in lines:
            spool.add(line)
        for count, rows in enumerate(spool.cases()):
            if not count % _TIME_CHECK_INTERVAL:
                source.check_time()
            case = _Case(source.limits)
            for row in rows:
                case.add(row)
            yield case.line


class _Spool:
    """Records on disk, each under the number of its case's first record."""

    def __init__(self, limits: ReadLimits) -> None:
        import sqlite3

        self._full = sqlite3.OperationalError
        # Without a name it is a temporary file that is gone when it is closed.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; "
            f"PRAGMA cache_size=-{_CACHE_KIB}; {_TABLES} BEGIN;"
        )
        self._limit = limits.max_join_bytes
        self._left = limits.max_join_bytes
        self._last = 0
        self._in_order = True

    def close(self) -> None:
        """Delete the file."""
        self._database.close()

    def add(self, line: Record | InvalidRecord) -> None:
        """Keep a line. Raises FileTooLargeError over `max_join_bytes`, or when the disk is full."""
        content = dump_line(line)
        self._left -= len(content)
        if self._left < 0:
            raise self._too_large()
        first = line.record
        key = _key_of(line)
        try:
            if isinstance(line, Record) and key is not None:
                first = self._first(key, line.record)
            self._put(first, content)
            if isinstance(line, InvalidRecord) and key and line.code not in _WITHOUT_TEXT:
                self._miss(key)
        except self._full:
            raise self._too_large() from None

    def cases(self) -> Iterator[Iterator[bytes | None]]:
        """The lines of each case, None for one that was not read, by the case's first record."""
        rows: Iterable[tuple[int, bytes | None]] = self._sorted()
        for _, members in groupby(rows, key=itemgetter(0)):
            yield (line for _, line in members)

    def _sorted(self) -> "sqlite3.Cursor":
        if self._in_order:
            return self._database.execute("SELECT first, line FROM parts ORDER BY rowid")
        try:
            self._database.execute("CREATE INDEX by_case ON parts (first)")
        except self._full:
            raise self._too_large() from None
        return self._database.execute(
            "SELECT first, line FROM parts INDEXED BY by_case ORDER BY first, rowid"
        )

    def _put(self, first: int, content: bytes | None) -> None:
        self._in_order &= first >= self._last
        self._last = first
        self._database.execute("INSERT INTO parts VALUES (?, ?)", (first, content))

    def _case(self, key: bytes) -> tuple[int | None, int] | None:
        found = self._database.execute("SELECT first, unread FROM cases WHERE key = ?", (key,))
        row: tuple[int | None, int] | None = found.fetchone()
        return row

    def _first(self, key: bytes, record: int) -> int:
        """The first record of a case: this one if there is none yet."""
        first, unread = self._case(key) or (None, 0)
        if first is None:
            first = record
            self._database.execute("REPLACE INTO cases VALUES (?, ?, 0)", (key, first))
            for _ in range(unread):
                self._put(first, None)
        return first

    def _miss(self, key: bytes) -> None:
        """Note that a record of a case could not be read."""
        first, unread = self._case(key) or (None, 0)
        if first is None:
            self._database.execute("REPLACE INTO cases VALUES (?, NULL, ?)", (key, unread + 1))
        else:
            self._put(first, None)

    def _too_large(self) -> FileTooLargeError:
        return FileTooLargeError(
            f"The records whose cases are to be joined take more than {self._limit:,} bytes, or "
            "than the disk has (limit max_join_bytes)."
        )


def _key_of(line: Record | InvalidRecord) -> bytes | None:
    """What the records of a case have in common; None for a record that is a case by itself."""
    if line.source_id and (named := line.source_id.strip()):
        return hashlib.sha256(named.encode("utf-8", "surrogatepass")).digest()
    return b"upload" if line.of_upload else None


class _Case:
    """The parts of a case, as they come."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._first: Record | InvalidRecord | None = None
        self._records: list[Record] = []
        self._values: dict[str, dict[str, None]] = {}
        self._chars = 0
        self._count = self._unread = 0

    def add(self, line: bytes | None) -> None:
        """Take a part; one that is beyond the limits is counted alone."""
        if line is None:
            self._unread += 1
            return
        self._count += 1
        if self._too_long:
            self._records.clear()
            self._values.clear()
            return
        record = _LINE.validate_json(line)
        self._first = self._first or record
        if isinstance(record, InvalidRecord):
            return
        # A case may have a thousand parts with the same long cells.
        self._records.append(record.model_copy(update={"fields": {}}))
        self._chars += len(record.text) + len(PART_SEPARATOR) * (self._count > 1)
        for name, value in record.fields.items():
            values = self._values.setdefault(name, {})
            if (shown := value.strip()) and shown not in values:
                values[shown] = None
                self._chars += len(shown)

    @property
    def _too_long(self) -> bool:
        return self._count > 1 and (
            self._count > self._limits.max_case_parts or self._chars > self._limits.max_record_chars
        )

    @property
    def line(self) -> Record | InvalidRecord:
        """The case as one record, or as an invalid one that is too long."""
        first = self._first
        assert first is not None
        if isinstance(first, InvalidRecord):
            return first
        if self._count == 1:
            return first.model_copy(update={"unread": self._unread}) if self._unread else first
        if self._too_long:
            return InvalidRecord(**first.identity, code="case_too_long", reason=self._excess)
        return _record(first, self._records, self._values, self._unread)

    @property
    def _excess(self) -> str:
        if self._count > self._limits.max_case_parts:
            limit = f"{self._limits.max_case_parts:,} records (limit max_case_parts)"
            return f"Its case has more than {limit}."
        return (
            f"The texts and columns of its case have more than {self._limits.max_record_chars:,} "
            "characters together (limit max_record_chars)."
        )


def _record(
    first: Record, records: list[Record], values: dict[str, dict[str, None]], unread: int
) -> Record:
    parts: list[CasePart] = []
    places: list[SourceLocation] = []
    start = 0
    for record in records:
        end = start + len(record.text)
        parts.append(
            CasePart(record=record.record, line=record.line, part=record.part, start=start, end=end)
        )
        places += (
            place.model_copy(update={"start": place.start + start}) for place in record.places
        )
        start = end + len(PART_SEPARATOR)
    members = {part.part for part in parts}
    return first.model_copy(
        update={
            "part": first.part if len(members) == 1 else None,
            "text": PART_SEPARATOR.join(record.text for record in records),
            "fields": {name: VALUE_SEPARATOR.join(found) for name, found in values.items()},
            "places": tuple(places),
            "parts": tuple(parts),
            "unread": unread,
        }
    )
