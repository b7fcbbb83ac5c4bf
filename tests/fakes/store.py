"""An object store in memory, under the same contract as S3 (tests/functional/test_store.py)."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from winnow.errors import ObjectGoneError
from winnow.models import ObjectRef
from winnow.ports import StoredObject


class MemoryStore:
    """Objects by bucket and key; every write is a new version."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str], list[tuple[str, bytes, dict[str, str]]]] = {}
        self._count = 0

    def add(self, bucket: str, key: str, content: bytes, **metadata: str) -> ObjectRef:
        """Upload an object as a user would; the ref names its version."""
        self._count += 1
        version = f"v{self._count}"
        self._versions.setdefault((bucket, key), []).append((version, content, metadata))
        return ObjectRef(bucket=bucket, key=key, version_id=version)

    def content(self, ref: ObjectRef) -> bytes:
        return self._find(ref)[1]

    def keys(self, bucket: str) -> list[str]:
        return sorted(key for owner, key in self._versions if owner == bucket)

    def _find(self, ref: ObjectRef) -> tuple[str, bytes, dict[str, str]]:
        for found in reversed(self._versions.get((ref.bucket, ref.key), [])):
            if ref.version_id in (None, found[0]):
                return found
        raise ObjectGoneError(f"The object version is not in the bucket {ref.bucket}.")

    def head(self, ref: ObjectRef) -> StoredObject:
        version, content, metadata = self._find(ref)
        return StoredObject(ref.model_copy(update={"version_id": version}), len(content), metadata)

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[BinaryIO]:
        yield io.BytesIO(self._find(ref)[1])

    def put(self, ref: ObjectRef, content: bytes, content_type: str) -> None:
        self.add(ref.bucket, ref.key, content)

    @contextmanager
    def create(self, ref: ObjectRef, content_type: str) -> Iterator[BinaryIO]:
        stream = io.BytesIO()
        yield stream
        self.add(ref.bucket, ref.key, stream.getvalue())
