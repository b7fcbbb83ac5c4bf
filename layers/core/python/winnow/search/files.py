"""The files of the index: their names, and which of their rows count.

`index/records/process=<id>/month=<yyyy-mm>/0-<upload>.parquet` is a segment: the records of one
upload. `1-<n>.parquet` is a compacted file: the records of many.

All rows of an upload in a file are a *batch*, and have one generation. Of the batches of an upload
only the one with the greatest generation counts; of equal ones, one, if possible of a segment. So
an upload is counted once whatever is written, compacted or deleted while somebody reads. The batch
of a deleted upload is a tombstone: one row with the record 0 and a generation greater than all. All
tombstones are in a month of their own, so that one can be taken back without looking for it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

PREFIX = "index/records/"
TOMBSTONE = "~"
"""The generation of a deleted upload."""
TOMBSTONE_RECORD = 0
TOMBSTONES = "1970-02"
"""The month of all tombstones, in which nothing was judged."""

SEGMENT_ID = r"^[A-Za-z0-9_-]{1,128}$"
"""What an id of a process or an upload is made of, so that it can be part of a key."""

_KEY = re.compile(
    re.escape(PREFIX)
    + r"process=([A-Za-z0-9_-]+)/month=(\d{4}-\d\d)/(?:0-([A-Za-z0-9_-]+)|1-(\d{9}))\.parquet"
)


class FileName(NamedTuple):
    """What a file's key says."""

    process: str
    month: str
    upload: str | None = None
    """Of a segment."""
    number: int | None = None
    """Of a compacted file."""

    @property
    def key(self) -> str:
        """The key."""
        name = f"0-{self.upload}" if self.number is None else f"1-{self.number:09d}"
        return f"{prefix(self.process)}month={self.month}/{name}.parquet"


def tombstone(process: str, upload: str) -> FileName:
    """The file that hides all rows of an upload while it is there."""
    return FileName(process, TOMBSTONES, upload)


def prefix(process: str) -> str:
    """Where the keys of a process begin."""
    return f"{PREFIX}process={process}/"


def parse_key(key: str) -> FileName | None:
    """The name of a file; None: the object is none of the index.

    >>> parse_key("index/records/process=L33774/month=2026-11/1-000000002.parquet").number
    2
    """
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    process, month, upload, number = match.groups()
    return FileName(process, month, upload, None if number is None else int(number))


class IndexFile(NamedTuple):
    """A file of the index, as a list shows it."""

    name: FileName
    etag: str
    """Changes with the content."""
    size: int
    """Bytes."""
    modified: str
    """When it was written, ISO 8601 in UTC."""


class Batch(NamedTuple):
    """The rows of one upload in one file."""

    process: str
    upload: str
    generation: str
    rows: int
    sources: str = ""
    """What it was made of: `sources_of`. That of a tombstone is known if the results have no
    record; it is empty if they are deleted."""

    @property
    def deleted(self) -> bool:
        """Whether the upload was deleted."""
        return self.generation == TOMBSTONE


def sources_of(result: str, reviewed: str | None) -> str:
    """Names the state of a results folder, by the ETags of result.json and reviewed.jsonl."""
    return f"{result}#{reviewed or ''}"


class IndexFiles(Protocol):
    """The objects of the index."""

    def list(self, process: str | None = None) -> Iterator[IndexFile]:
        """The files of a process, or of all; segments before compacted files."""
        ...

    def read(self, name: FileName) -> bytes:
        """A file's content. Raises ObjectGoneError, and IndexDamagedError: it has changed."""
        ...

    def write(self, name: FileName, content: bytes, generation: str) -> None:
        """Write a segment unless there is one of a greater generation.

        A compacted file is not written over any other. Raises RunSupersededError where there is
        one.
        """
        ...

    def delete(self, name: FileName, etag: str | None) -> bool:
        """Delete a file in all its versions; False: it has changed, and stays.

        Without an ETag it is deleted as it is now; False: there is none. Its newest version goes
        last, so that no older one is read meanwhile.
        """
        ...


def counting(batches: Mapping[FileName, Iterable[Batch]]) -> dict[tuple[str, str], FileName]:
    """The file of each upload (process and id) whose batch there counts; deleted ones are left out.

    >>> old, new = FileName("p", "2026-11", number=1), FileName("p", "2026-11", upload="u")
    >>> counting({old: [Batch("p", "u", "1", 5)], new: [Batch("p", "u", "2", 5)]}) == {
    ...     ("p", "u"): new
    ... }
    True
    """
    best: dict[tuple[str, str], tuple[str, bool, str, FileName]] = {}
    for name, found in batches.items():
        for batch in found:
            upload = (batch.process, batch.upload)
            candidate = (batch.generation, name.number is None, name.key, name)
            if upload not in best or best[upload] < candidate:
                best[upload] = candidate
    return {
        upload: name for upload, (generation, _, _, name) in best.items() if generation != TOMBSTONE
    }
