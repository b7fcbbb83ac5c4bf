"""Vectors of records as bytes: of each record that has one its number and 512 int8, ascending.

Rows of one length make a file of them that parts are joined to, and in which a record's row is
found without reading the others.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from winnow.errors import StoredDataInvalidError
from winnow.models import ObjectRef
from winnow.ports import ObjectStore
from winnow.storage.record_lines import RecordLine

DIMENSIONS = 512
ROW_BYTES = 4 + DIMENSIONS
ERASED = bytes(DIMENSIONS)
"""The vector of a record that was erased."""
_ROWS = 1_024
"""Rows that are read at a time."""
_NUMBER = struct.Struct("<I")


def dump_vectors(vectors: Iterable[tuple[int, bytes]]) -> bytes:
    """The rows of records, by number, that have a vector."""
    return b"".join(_NUMBER.pack(record) + vector for record, vector in vectors)


def load_vectors(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The rows of records that have a vector. Raises StoredDataInvalidError at half a row."""
    while content := stream.read(_ROWS * ROW_BYTES):
        if len(content) % ROW_BYTES:
            raise StoredDataInvalidError("A vectors.bin is damaged.")
        for start in range(0, len(content), ROW_BYTES):
            vector = content[start + _NUMBER.size : start + ROW_BYTES]
            if vector != ERASED:
                yield _NUMBER.unpack_from(content, start)[0], vector


def find_vector(store: ObjectStore, ref: ObjectRef, record: int) -> RecordLine | None:
    """A record's vector and where it begins; None: it has none. `ref` should name a version."""
    first, end = 0, store.head(ref).size // ROW_BYTES
    while first < end:
        middle = (first + end) // 2
        start = middle * ROW_BYTES
        row = store.read_range(ref, start, ROW_BYTES)
        number = _NUMBER.unpack_from(row)[0]
        if number == record:
            return RecordLine(record, start + _NUMBER.size, row[_NUMBER.size :])
        first, end = (middle + 1, end) if number < record else (first, middle)
    return None


class AscendingVectors:
    """The vectors of records that are asked for in ascending order."""

    def __init__(self, stream: BinaryIO) -> None:
        self._rows = load_vectors(stream)
        self._next: tuple[int, bytes] | None = next(self._rows, None)

    def of(self, record: int) -> bytes | None:
        """The vector of a record; None: it has none."""
        while self._next is not None and self._next[0] < record:
            self._next = next(self._rows, None)
        if self._next is None or self._next[0] != record:
            return None
        return self._next[1]
