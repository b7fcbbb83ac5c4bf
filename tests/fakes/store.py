"""An object store in memory, under the same contract as S3 (tests/functional/test_store.py)."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from winnow.errors import (
    ObjectGoneError,
    RetryableError,
    RunSupersededError,
    StoredDataInvalidError,
)
from winnow.models import ObjectRef
from winnow.ports import FENCE, Piece, StoredObject
from winnow.reviews.forget import StoredVersion


class MemoryStore:
    """Objects by bucket and key; every write is a new version."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str], list[tuple[str, bytes, dict[str, str]]]] = {}
        self._count = 0
        self.stored: datetime | None = None
        """When all objects were stored."""

    def add(self, bucket: str, key: str, content: bytes, **metadata: str) -> ObjectRef:
        """Upload an object as a user would; the ref names its version."""
        self._count += 1
        version = f"v{self._count}"
        self._versions.setdefault((bucket, key), []).append((version, content, metadata))
        return ObjectRef(bucket=bucket, key=key, version_id=version)

    def delete(self, ref: ObjectRef) -> None:
        del self._versions[ref.bucket, ref.key]

    def content(self, ref: ObjectRef) -> bytes:
        return self._find(ref)[1]

    def head_of(self, bucket: str, key: str) -> ObjectRef:
        """The newest version of an object."""
        return self.head(ObjectRef(bucket=bucket, key=key)).ref

    def keys(self, bucket: str) -> list[str]:
        return sorted(key for owner, key in self._versions if owner == bucket)

    def _find(self, ref: ObjectRef) -> tuple[str, bytes, dict[str, str]]:
        for found in reversed(self._versions.get((ref.bucket, ref.key), [])):
            if ref.version_id in (None, found[0]):
                return found
        raise ObjectGoneError(f"The object version is not in the bucket {ref.bucket}.")

    def head(self, ref: ObjectRef) -> StoredObject:
        version, content, metadata = self._find(ref)
        pinned = ref.model_copy(update={"version_id": version})
        etag = hashlib.sha256(content).hexdigest()
        return StoredObject(pinned, len(content), metadata, self.stored, etag)

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[BinaryIO]:
        yield io.BytesIO(self._find(ref)[1])

    def read_range(self, ref: ObjectRef, start: int, length: int) -> bytes:
        return self._find(ref)[1][start : start + length]

    def put_file(self, ref: ObjectRef, file: Path, content_type: str) -> None:
        self.put(ref, file.read_bytes(), content_type)

    def put(self, ref: ObjectRef, content: bytes, content_type: str) -> None:
        self.add(ref.bucket, ref.key, content)

    def create(self, ref: ObjectRef, content: bytes, content_type: str) -> bool:
        if (ref.bucket, ref.key) in self._versions:
            return False
        self.add(ref.bucket, ref.key, content)
        return True

    def read_all(self, refs: Sequence[ObjectRef]) -> Iterator[bytes]:
        for ref in refs:
            yield self.content(ref)

    def publish(self, ref: ObjectRef, content: bytes, content_type: str, fence: str) -> ObjectRef:
        held, newest = "", None
        with suppress(ObjectGoneError):
            newest, _, metadata = self._find(ref.model_copy(update={"version_id": None}))
            held = metadata.get(FENCE, "")
        if held > fence:
            raise RunSupersededError("A later run of this upload has written its results.")
        if ref.version_id not in (None, newest):
            raise RetryableError("Another run wrote to the same results at the same moment.")
        return self.add(ref.bucket, ref.key, content, **{FENCE: fence})

    def join(
        self, ref: ObjectRef, pieces: Sequence[Piece], content_type: str, fence: str
    ) -> ObjectRef:
        contents = [self.content(piece.ref) for piece in pieces]
        for piece, content in zip(pieces, contents, strict=True):
            if piece.size != len(content):
                raise StoredDataInvalidError(f"{piece.ref.key} has another size.")
        return self.publish(ref, b"".join(contents), content_type, fence)


class MemoryEraser:
    """Deletes versions of a MemoryStore."""

    def __init__(self, store: MemoryStore) -> None:
        self._objects = store._versions

    def versions(self, bucket: str, prefix: str) -> Iterator[StoredVersion]:
        for (owner, key), versions in list(self._objects.items()):
            if owner == bucket and key.startswith(prefix):
                for version, content, _ in versions:
                    latest = version == versions[-1][0]
                    yield StoredVersion(key, version, latest, size=len(content))

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        below = (v.key.removeprefix(prefix).partition("/") for v in self.versions(bucket, prefix))
        yield from dict.fromkeys(f"{prefix}{name}/" for name, slash, _ in below if slash)

    def delete(self, bucket: str, versions: Iterable[StoredVersion]) -> int:
        found = list(versions)
        for gone in found:
            left = [v for v in self._objects.get((bucket, gone.key), []) if v[0] != gone.version_id]
            if left:
                self._objects[bucket, gone.key] = left
            else:
                self._objects.pop((bucket, gone.key), None)
        return len(found)
