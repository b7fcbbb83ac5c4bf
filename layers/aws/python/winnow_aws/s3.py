"""S3 behind the ObjectStore port: streams both ways, every read of a pinned version."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, cast

from botocore.exceptions import ClientError
from smart_open import s3

from winnow.errors import ObjectGoneError, RetryableError, WinnowError
from winnow.models import ObjectRef
from winnow.ports import StoredObject
from winnow_aws.clients import client
from winnow_aws.refusals import code_of, refused, translated

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer
    from mypy_boto3_s3 import S3Client

_GONE = {"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "NotFound", "404"}
_READ_BYTES = 128 * 1024  # smart_open's own buffer
_PART_BYTES = 8 * 1024 * 1024  # 10,000 parts at most: 80 GB an outcome


def s3_store() -> "S3Store":
    """The store of this function's role and region."""
    return S3Store(client("s3"))


@contextmanager
def _translated(ref: ObjectRef) -> Iterator[None]:
    """botocore's errors as ours; they name the bucket, not the key, which may be a file's name.

    Goes round calls to S3 alone, never round what is done with a stream: its errors are not S3's.
    """
    where = f"in the bucket {ref.bucket}"

    def gone(error: ClientError) -> WinnowError | None:
        if code_of(error) in _GONE:
            return ObjectGoneError(f"The object version is not {where}.")
        return None

    try:
        with translated(where, gone):
            yield
    except (OSError, ValueError) as error:
        # smart_open wraps what botocore raised: into a ValueError where it begins to write.
        if isinstance(error.__cause__, ClientError):
            raise gone(error.__cause__) or refused(error.__cause__, where) from None
        if isinstance(error, ValueError):
            raise
        raise RetryableError(f"S3 did not answer ({type(error).__name__}).") from None


class _Reading(io.RawIOBase):
    """smart_open's reader, each of its calls with our errors."""

    def __init__(self, stream: io.BufferedIOBase, ref: ObjectRef) -> None:
        self._stream = stream
        self._ref = ref

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        with _translated(self._ref):
            return self._stream.readinto(buffer)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with _translated(self._ref):
            return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        with _translated(self._ref):
            self._stream.close()
        super().close()


class _Writing(io.RawIOBase):
    """smart_open's writer, each of its writes with our errors."""

    def __init__(self, stream: io.BufferedIOBase, ref: ObjectRef) -> None:
        self._stream = stream
        self._ref = ref

    def writable(self) -> bool:
        return True

    def write(self, content: "ReadableBuffer") -> int:
        """All of it: the parts are collected in memory."""
        with _translated(self._ref):
            return self._stream.write(content)


class S3Store:
    """An ObjectStore of S3 objects."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def head(self, ref: ObjectRef) -> StoredObject:
        """Size, metadata and version. A bucket without versions gives a ref without one."""
        version = {"VersionId": ref.version_id} if ref.version_id else {}
        with _translated(ref):
            found = self._client.head_object(Bucket=ref.bucket, Key=ref.key, **version)  # type: ignore[arg-type]
        pinned = found.get("VersionId")
        return StoredObject(
            ref=ref.model_copy(update={"version_id": pinned if pinned != "null" else None}),
            size=found["ContentLength"],
            metadata={name.lower(): value for name, value in found.get("Metadata", {}).items()},
        )

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[BinaryIO]:
        """A stream of the object's bytes, resumed where a connection breaks."""
        with _translated(ref):
            reader = s3.open(
                ref.bucket, ref.key, "rb", version_id=ref.version_id, client=self._client
            )
        with io.BufferedReader(_Reading(reader, ref), _READ_BYTES) as stream:
            yield stream

    def put(self, ref: ObjectRef, content: bytes, content_type: str) -> None:
        """One small object in one request."""
        with _translated(ref):
            self._client.put_object(
                Bucket=ref.bucket, Key=ref.key, Body=content, ContentType=content_type
            )

    @contextmanager
    def create(self, ref: ObjectRef, content_type: str) -> Iterator[BinaryIO]:
        """A multipart upload, completed when the block ends well, aborted when it raises."""
        content = {"ContentType": content_type}
        with _translated(ref):
            writer = s3.MultipartWriter(
                ref.bucket,
                ref.key,
                part_size=_PART_BYTES,
                client=self._client,
                client_kwargs={
                    "S3.Client.create_multipart_upload": content,
                    "S3.Client.put_object": content,
                },
            )
        try:
            yield cast("BinaryIO", _Writing(writer, ref))
            with _translated(ref):
                writer.close()
        except BaseException:
            # The block's own error is told, whatever becomes of the parts; they go after a day.
            with suppress(WinnowError), _translated(ref):
                writer.terminate()
            # What is left open is completed when it is collected: half an object would appear.
            writer._upload_id = None
            raise
