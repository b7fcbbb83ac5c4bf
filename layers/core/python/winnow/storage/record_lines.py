"""One record, or a page of records, of a file of results, without reading the whole file.

The lines of accepted.jsonl, review.jsonl and invalid.jsonl are in ascending order of `record`, so a
record is found by a search over byte ranges. It takes about three requests in a file of gigabytes
whose lines are about equally long, and about twenty where their lengths are very uneven.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from winnow.errors import StoredDataInvalidError
from winnow.models import ObjectRef, ResultRecord
from winnow.ports import ObjectStore

M = TypeVar("M", bound=BaseModel)

WINDOW = 128 * 1024
"""Bytes of a request: about a hundred lines. S3 takes about as long for it as for one byte."""
MAX_PAGE_BYTES = 4 * 1024 * 1024
"""A page ends when its lines have more bytes than this."""
_HEAD = 160
"""Bytes of a line that are enough to find its record number in."""
_RECORD = re.compile(rb'\{(?:"[a-z_]{1,30}": ?"[^"\\]{0,30}", ?){0,3}"record": ?([0-9]{1,15})\b')
_MAX_WINDOW = 1024 * 1024
"""Bytes that a window grows to where lines are longer than it."""


class RecordLine(NamedTuple):
    """A line of a file of results."""

    record: int
    start: int
    """Offset of its first byte in the file."""
    content: bytes
    """Without its line feed."""

    @property
    def length(self) -> int:
        """Bytes, without the line feed."""
        return len(self.content)


class LinePage(NamedTuple):
    """Some consecutive lines, and where the next one begins."""

    lines: tuple[RecordLine, ...]
    next: int | None
    """Offset of the next line; None: there is none."""


def find_record(
    store: ObjectStore, ref: ObjectRef, record: int, *, window: int = WINDOW
) -> RecordLine | None:
    """The line of a record, or None if the file has no such record.

    `ref` should name a version: the file is read in several requests. Raises
    StoredDataInvalidError when a line is none of the results.
    """
    return _Search(store, ref, window).find(record)


def read_page(
    store: ObjectStore,
    ref: ObjectRef,
    offset: int = 0,
    *,
    limit: int,
    max_bytes: int = MAX_PAGE_BYTES,
    window: int = WINDOW,
) -> LinePage:
    """Up to `limit` lines from a byte offset on.

    There are fewer if they have more than `max_bytes` together, but at least one unless the file
    has ended. An offset inside a line stands for the start of the next one. Raises
    StoredDataInvalidError when a line is none of the results.
    """
    begin = max(offset - 1, 0)
    data, ended = b"", False
    lines: list[RecordLine] = []
    size = 0
    at = 0 if offset <= 0 else None
    """Position in `data` of the next line; None: inside the line before."""
    while True:
        if at is None and (feed := data.find(b"\n")) >= 0:
            at = feed + 1
        while at is not None and len(lines) < limit and size <= max_bytes:
            end = data.find(b"\n", at)
            if end < 0 and ended:
                end = len(data)
            if end < 0 or at >= len(data):
                break
            lines.append(_line(begin + at, data[at:end]))
            size += end - at
            at = end + 1
        known = at is not None and at < len(data)
        full = len(lines) >= limit or size > max_bytes
        if ended or (full and known):
            return LinePage(tuple(lines), begin + at if known and at is not None else None)
        more = store.read_range(ref, begin + len(data), max(window, len(data)))
        ended = len(more) < max(window, len(data))
        data += more


def each_line(store: ObjectStore, ref: ObjectRef) -> Iterator[RecordLine]:
    """Every line of the file, as one stream; memory does not grow with the file.

    Raises StoredDataInvalidError when a line is none of the results.
    """
    start = 0
    with store.open(ref) as stream:
        for line in stream:
            yield _line(start, line.rstrip(b"\n"))
            start += len(line)


def read_record(store: ObjectStore, ref: ObjectRef, start: int, length: int) -> ResultRecord:
    """The record on the line that is known to start there and to have this many bytes.

    Raises StoredDataInvalidError when there is none.
    """
    return parse_record(store.read_range(ref, start, length))


def parse_record(content: bytes) -> ResultRecord:
    """The record of a line. Raises StoredDataInvalidError, without the line's content."""
    return parse_line(content, ResultRecord)


def parse_line(content: bytes, model: type[M]) -> M:
    """What a model has of a line. Raises StoredDataInvalidError, without the line's content."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise StoredDataInvalidError(
            f"A line of the results is damaged ({error.error_count()} problems)."
        ) from None


def _line(start: int, content: bytes) -> RecordLine:
    return RecordLine(_record_of(content[:_HEAD]), start, content)


def _record_of(head: bytes) -> int:
    match = _RECORD.match(head)
    if match is None:
        raise StoredDataInvalidError("A line of the results does not begin as a record does.")
    return int(match[1])


class _Head(NamedTuple):
    """Where a line starts, and the number of its record."""

    start: int
    record: int


class _Search:
    """Looks for a record where it would be if all lines were equally long.

    After a guess that does not halve the range, the range is halved: once after the first such
    guess, twice after the second, four times after the third. So no distribution of lengths costs
    many more requests than halving alone.
    """

    def __init__(self, store: ObjectStore, ref: ObjectRef, window: int) -> None:
        self._store = store
        self._ref = ref
        self._window = max(window, _HEAD)
        self._begin, self._data = 0, b""

    def find(self, record: int) -> RecordLine | None:
        low, high = 0, self._store.head(self._ref).size
        """The record's line starts at `low` or later, and before `high`."""
        below: _Head | None = None
        above: _Head | None = None
        at, halvings, penalty = 0, 0, 1
        while low < high:
            range_before = high - low
            heads = self._heads(at, high)
            before = [head for head in heads if head.record <= record]
            after = heads[len(before) :]
            if before and before[-1].record == record:
                return self._whole(before[-1])
            if before and after:
                return None
            if before:
                if below is None and above is None and len(before) > 1:
                    # The first lines tell how far away the record should be.
                    above = _beyond(before[0], before[-1], record)
                below, low = before[-1], before[-1].start + 1
            else:
                above, high = (after[0] if after else above), at
            if halvings:
                halvings -= 1
            elif high - low > range_before // 2 and at > 0:
                halvings, penalty = penalty, 2 * penalty
            if halvings or below is None or above is None:
                at = (low + high) // 2
            else:
                at = _between(below, above, record) - self._window // 2
            at = low if high - low <= self._window else min(max(at, low), high - 1)
        return None

    def _heads(self, at: int, until: int) -> list[_Head]:
        """The lines that start in a window at this offset, and before `until`.

        None only if no line starts from there on: the window grows until it reaches one.
        """
        self._begin = begin = max(at - 1, 0)
        self._data, size = b"", self._window
        while True:
            more = self._store.read_range(self._ref, begin + len(self._data), size)
            ended = len(more) < size
            self._data += more
            known = len(self._data) if ended else len(self._data) - _HEAD
            heads = [
                _Head(begin + start, _record_of(self._data[start : start + _HEAD]))
                for start in _starts(self._data, first=at == 0)
                if begin + start < until and start < known
            ]
            if heads or ended or begin + known >= until:
                return heads
            size = len(self._data)
            self._window = min(2 * self._window, _MAX_WINDOW)

    def _whole(self, head: _Head) -> RecordLine:
        """The line that starts there, which may be longer than what has been read."""
        data = self._data[head.start - self._begin :]
        while (end := data.find(b"\n")) < 0:
            size = max(self._window, len(data))
            more = self._store.read_range(self._ref, head.start + len(data), size)
            data += more
            if len(more) < size:
                end = data.find(b"\n") if b"\n" in more else len(data)
                break
        return RecordLine(head.record, head.start, data[:end])


def _starts(data: bytes, *, first: bool) -> Iterator[int]:
    """Positions behind line feeds, and the first one if a line starts there."""
    if first:
        yield 0
    at = data.find(b"\n") + 1
    while at:
        yield at
        at = data.find(b"\n", at) + 1


def _beyond(first: _Head, last: _Head, record: int) -> _Head:
    """Where the record would be, and a little further, if lines went on as between these two."""
    step = (last.start - first.start) / max(last.record - first.record, 1)
    return _Head(int(last.start + step * (record - last.record)) + 1, record)


def _between(below: _Head, above: _Head, record: int) -> int:
    """Where the record would be if all lines between these two were equally long."""
    share = (record - below.record) / max(above.record - below.record, 1)
    return int(below.start + share * (above.start - below.start))
