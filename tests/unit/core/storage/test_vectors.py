"""Files of vectors: read in order, and one found without reading the others."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.store import MemoryStore
from winnow.errors import StoredDataInvalidError
from winnow.storage.vectors import (
    DIMENSIONS,
    ERASED,
    AscendingVectors,
    dump_vectors,
    find_vector,
    load_vectors,
)

NUMBERS = st.sets(st.integers(1, 10_000), max_size=40).map(sorted)


def vector(record: int) -> bytes:
    return bytes([1 + record % 200]) * DIMENSIONS


@given(NUMBERS, NUMBERS)
def test_what_is_written_is_found_in_order_and_by_number(written: list[int], asked) -> None:
    content = dump_vectors((record, vector(record)) for record in written)
    assert list(load_vectors(io.BytesIO(content))) == [(n, vector(n)) for n in written]
    ascending = AscendingVectors(io.BytesIO(content))
    store = MemoryStore()
    ref = store.add("results", "vectors.bin", content)
    for record in sorted({*written, *asked}):
        known = vector(record) if record in written else None
        assert ascending.of(record) == known
        found = find_vector(store, ref, record)
        assert (found.content if found else None) == known
        if found:
            assert content[found.start : found.start + found.length] == known


def test_an_erased_vector_is_none() -> None:
    content = dump_vectors([(1, ERASED), (2, vector(2))])
    assert list(load_vectors(io.BytesIO(content))) == [(2, vector(2))]


def test_half_a_row_is_damage() -> None:
    with pytest.raises(StoredDataInvalidError):
        list(load_vectors(io.BytesIO(dump_vectors([(1, vector(1))])[:-1])))
