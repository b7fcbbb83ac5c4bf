"""Records and pages of records, found by ranges of bytes: the same as by reading all lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.store import MemoryStore
from winnow.errors import ObjectGoneError, StoredDataInvalidError
from winnow.models import ObjectRef, Outcome, ResultRecord
from winnow.ports import StoredObject
from winnow.storage.jsonl import dump_line
from winnow.storage.record_lines import (
    RecordLine,
    each_line,
    find_record,
    read_page,
    read_record,
)


class CountingStore(MemoryStore):
    """Counts requests for ranges."""

    requests = 0

    def read_range(self, ref: ObjectRef, start: int, length: int) -> bytes:
        self.requests += 1
        return super().read_range(ref, start, length)


def result(record: int, size: int) -> ResultRecord:
    return ResultRecord(outcome=Outcome.REVIEW, record=record, text="x\n" * size)


def stored(*lines: tuple[int, int]) -> tuple[CountingStore, ObjectRef, list[RecordLine]]:
    """A file with these records, each with a text of this size."""
    store = CountingStore()
    expected, content = [], b""
    for record, size in lines:
        line = dump_line(result(record, size))
        expected.append(RecordLine(record, len(content), line[:-1]))
        content += line
    return store, store.add("results", "review.jsonl", content), expected


GAPS_AND_SIZES = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from([0, 1, 10, 100, 2_000])), max_size=40
)


@given(GAPS_AND_SIZES, st.sampled_from([1, 300, 1_000, 100_000]))
def test_every_record_is_found_and_no_other(gaps, window):
    number, lines = 0, []
    for gap, size in gaps:
        number += gap
        lines.append((number, size))
    store, ref, expected = stored(*lines)
    by_record = {line.record: line for line in expected}
    for record in range(number + 3):
        assert find_record(store, ref, record, window=window) == by_record.get(record)
    assert list(each_line(store, ref)) == expected
    for line in expected:
        read = read_record(store, ref, line.start, line.length)
        assert read == ResultRecord.model_validate_json(line.content)


@given(
    GAPS_AND_SIZES,
    st.integers(1, 7),
    st.sampled_from([1, 300, 100_000]),
    st.sampled_from([1, 5_000, 1_000_000]),
)
def test_pages_put_together_are_the_file(gaps, limit, window, max_bytes):
    store, ref, expected = stored(*[(n, size) for n, (_, size) in enumerate(gaps, start=1)])
    offset: int | None = 0
    lines: list[RecordLine] = []
    while offset is not None:
        page = read_page(store, ref, offset, limit=limit, max_bytes=max_bytes, window=window)
        assert len(page.lines) <= limit
        assert page.lines or not expected
        assert sum(line.length for line in page.lines[:-1]) <= max_bytes
        lines += page.lines
        offset = page.next
    assert lines == expected


@given(st.integers(0, 3_000), st.sampled_from([1, 200, 100_000]))
def test_an_offset_inside_a_line_is_the_next_line(offset, window):
    store, ref, expected = stored((2, 3), (5, 500), (6, 0), (9, 40))
    page = read_page(store, ref, offset, limit=10, window=window)
    assert list(page.lines) == [line for line in expected if line.start >= offset]
    assert page.next is None


def test_an_empty_file_has_no_record_and_no_page():
    store, ref, _ = stored()
    assert find_record(store, ref, 1) is None
    assert read_page(store, ref, limit=5) == ((), None)
    assert list(each_line(store, ref)) == []


def test_a_line_without_its_line_feed_is_read():
    store = MemoryStore()
    line = dump_line(result(4, 900))[:-1]
    ref = store.add("results", "x", line)
    for window in (200, 100_000):
        assert find_record(store, ref, 4, window=window) == (4, 0, line)
        assert read_page(store, ref, limit=2, window=window) == (((4, 0, line),), None)


@pytest.mark.parametrize("line", [b"", b"{}", b'{"text": "a", "b": {"record": 3}}', b"\xff" * 999])
def test_what_is_no_record_is_an_error_that_quotes_nothing(line):
    store = MemoryStore()
    ref = store.add("results", "x", dump_line(result(1, 1)) + line + b"\n")
    for look in (
        lambda: find_record(store, ref, 2),
        lambda: read_page(store, ref, limit=9),
        lambda: list(each_line(store, ref)),
        lambda: read_record(store, ref, 3, 20),
    ):
        with pytest.raises(StoredDataInvalidError) as raised:
            look()
        assert '"' not in str(raised.value)


def test_a_file_that_is_gone_is_gone():
    with pytest.raises(ObjectGoneError):
        find_record(MemoryStore(), ObjectRef(bucket="results", key="x"), 1)


class Computed(MemoryStore):
    """A file of gigabytes that is never in memory: a line's length depends on its record."""

    def __init__(self, records: int, short: int, long: int, border: int) -> None:
        super().__init__()
        self._records, self._short, self._long, self._border = records, short, long, border
        self.size = self._start(records)
        self.requests = self.bytes = 0

    def _start(self, index: int) -> int:
        before = min(index, self._border)
        return before * self._short + (index - before) * self._long

    def _line(self, index: int) -> bytes:
        length = self._short if index < self._border else self._long
        head = f'{{"schema_version":"1.4","outcome":"review","record":{3 * index + 1},"text":"'
        return (head.ljust(length - 3, "x") + '"}\n').encode()

    def head(self, ref: ObjectRef) -> StoredObject:
        return StoredObject(ref, self.size, {})

    def read_range(self, ref: ObjectRef, start: int, length: int) -> bytes:
        self.requests += 1
        end = min(start + length, self.size)
        first = min(start // self._short, self._border)
        if start >= self._start(self._border):
            first = self._border + (start - self._start(self._border)) // self._long
        content, index = b"", first
        while self._start(first) + len(content) < end:
            content += self._line(index)
            index += 1
        self.bytes += max(end - start, 0)
        return content[start - self._start(first) : end - self._start(first)]


@pytest.mark.parametrize(
    ("short", "long", "requests"),
    [(2_000, 2_000, 3), (500, 5_000, 22), (5_000, 500, 24), (300, 200_000, 24)],
)
def test_gigabytes_take_three_requests_and_at_worst_about_as_many_as_halving_twice(
    short, long, requests
):
    records = 1_000_000
    store = Computed(records, short, long, border=records - 20_000)
    assert store.size > 300_000_000
    ref = ObjectRef(bucket="results", key="x", version_id="1")
    for index in (0, 1, 499_999, 979_999, 980_000, 990_001, 999_999):
        for record, there in ((3 * index + 1, True), (3 * index + 2, False)):
            store.requests = store.bytes = 0
            found = find_record(store, ref, record)
            assert (found is not None) is there
            assert store.requests <= requests
            assert store.bytes < 8_000_000
            if found is not None:
                assert store.read_range(ref, found.start, found.length) == found.content
