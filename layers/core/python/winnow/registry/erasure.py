"""Erases training rows: what versions were trained on of the records of a person.

Rows are the only place in the bucket of models that has texts of records. A file of rows never
changes but here. A version that was trained on rows that are gone is marked: nobody can train it
again and get the same.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from winnow.errors import ObjectGoneError, RetryableError, TrainingRunningError
from winnow.models import ObjectRef
from winnow.ports import ObjectStore
from winnow.registry.ports import ModelRegistry, TrainingLease
from winnow.reviews.forget import ErasedRows, Eraser, StoredVersion
from winnow.storage.paths import JSON_LINES

FOLDER = "data/"
"""Where the training rows of all processes are, by process."""
_ATTEMPTS = 8
_LEASE_S = 900


class TrainingRows:
    """The RowEraser of one stack."""

    def __init__(
        self,
        registry: ModelRegistry,
        objects: ObjectStore,
        eraser: Eraser,
        bucket: str,
        lease: TrainingLease,
        clock: Callable[[], float],
    ) -> None:
        """`bucket` is the one of the models; `clock` tells the time in seconds."""
        self._registry = registry
        self._objects = objects
        self._eraser = eraser
        self._bucket = bucket
        self._lease = lease
        self._clock = clock

    def erase(self, upload: str, record: int | None = None) -> ErasedRows:
        """Erase the rows that were made of an upload, or of one record of it.

        Every version of every file of rows is read. The versions that were trained on them are
        marked first: a call that breaks off is done again from there.

        Raises TrainingRunningError while a process is trained: it has read the rows, and would
        write them again. One that begins later finds no row of the upload.
        """
        rows = 0
        marked: list[str] = []
        for process in self._processes():
            with self._not_trained(process):
                for key in self._keys(f"{FOLDER}{process}/"):
                    rows += self._erase_in(process, key, upload, record, marked)
        return ErasedRows(rows, tuple(dict.fromkeys(marked)))

    def _processes(self) -> list[str]:
        """Those of the registry, and those that only have rows."""
        folders = self._eraser.folders(self._bucket, FOLDER)
        with_rows = {folder.removeprefix(FOLDER).rstrip("/") for folder in folders}
        return sorted(with_rows | {entry.process for entry in self._registry.entries()})

    @contextmanager
    def _not_trained(self, process: str) -> Iterator[None]:
        """Hold the lease of a process's training."""
        holder, now = f"forget-{secrets.token_hex(8)}", self._clock()
        if not self._lease.take(process, holder, now, now + _LEASE_S):
            raise TrainingRunningError(
                f"{process} is being trained, or rows of it are being erased by somebody else.",
                hint="Erase the same again when the training has ended: what is erased already "
                "stays erased.",
            )
        try:
            yield
        finally:
            self._lease.release(process, holder)

    def _keys(self, folder: str) -> list[str]:
        found = self._eraser.versions(self._bucket, folder)
        return sorted({version.key for version in found if not version.marker})

    def _erase_in(
        self, process: str, key: str, upload: str, record: int | None, marked: list[str]
    ) -> int:
        """Erase the rows of one file; how many of its newest version."""
        for left in reversed(range(_ATTEMPTS)):
            try:
                return self._erased_in(process, key, upload, record, marked)
            except RetryableError:
                # Somebody else erases rows of the same file at this moment.
                if not left:
                    raise
        raise AssertionError

    def _erased_in(
        self, process: str, key: str, upload: str, record: int | None, marked: list[str]
    ) -> int:
        stored = [v for v in self._eraser.versions(self._bucket, key) if v.key == key]
        holding = [
            version
            for version in stored
            if not version.marker and self._count(version, upload, record)
        ]
        if not holding:
            return 0
        for version in self._trained_on(process, key):
            self._registry.mark_reproducible(process, version, False)
            marked.append(version)
        rows = max(self._count(version, upload, record) for version in holding)
        newest = next((version for version in holding if version.latest), None)
        if newest is not None:
            ref = _ref(self._bucket, newest)
            content = b"".join(
                line for line in self._lines(newest) if not _is_of(line, upload, record)
            )
            self._objects.publish(ref, content, JSON_LINES, self._objects.head(ref).fence)
        self._eraser.delete(self._bucket, holding)
        return rows

    def _trained_on(self, process: str, key: str) -> Iterator[str]:
        for version in self._registry.versions(process):
            parts = version.data.parts if version.data else ()
            if any(part.object is not None and part.object.key == key for part in parts):
                yield version.sha256

    def _count(self, version: StoredVersion, upload: str, record: int | None) -> int:
        return sum(_is_of(line, upload, record) for line in self._lines(version))

    def _lines(self, version: StoredVersion) -> Iterable[bytes]:
        with suppress(ObjectGoneError), self._objects.open(_ref(self._bucket, version)) as stream:
            yield from stream


def _ref(bucket: str, version: StoredVersion) -> ObjectRef:
    return ObjectRef(bucket=bucket, key=version.key, version_id=version.version_id)


def _is_of(line: bytes, upload: str, record: int | None) -> bool:
    """Whether a row was made of this upload, or of this record of it."""
    # Most rows are of other uploads: only those that may be of this one are parsed.
    if upload.encode() not in line:
        return False
    try:
        source = json.loads(line)["source"]
        return source["upload"] == upload and record in (None, source["record"])
    except (ValueError, LookupError, TypeError):
        # A damaged row that names the upload: better one row less than a person's text kept.
        return True
