"""S3 behind the ObjectStore port: streams both ways, every read of a pinned version."""

import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypedDict

from botocore.exceptions import ClientError

from winnow.errors import (
    ObjectGoneError,
    RetryableError,
    RunSupersededError,
    StoredDataInvalidError,
    WinnowError,
)
from winnow.models import ObjectRef
from winnow.ports import FENCE, Piece, StoredObject
from winnow_aws.aws_errors import code_of, from_client_error, translated
from winnow_aws.clients import client

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_GONE = {"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "NotFound", "404"}
_READ_BYTES = 128 * 1024  # smart_open's own buffer
_PART_BYTES = 8 * 1024 * 1024  # S3's minimum is 5 MB, but for the last part
_MAX_PARTS = 9_000  # S3's maximum is 10,000
_THREADS = 12
_SENDERS = 4
_AHEAD_JOBS = 4 * _THREADS
_AHEAD_BYTES = 32 * 1024 * 1024
_MAX_ATTEMPTS = 3
_AFTER_THE_END = {"InvalidRange", "416"}
_TAKEN = {"PreconditionFailed", "412"}
_OVERTAKEN = {
    *("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409", "404"),
    # S3's response to a completion that is sent again because its response was lost.
    "NoSuchUpload",
}
_OVERTAKEN_MESSAGE = "Another run wrote to the same results at the same moment."


class Condition(TypedDict, total=False):
    """The condition of a write: the current object's ETag, or no object."""

    IfMatch: str
    IfNoneMatch: str


def s3_store() -> "S3Store":
    """The store of this function's role and region."""
    return S3Store(client("s3"))


@contextmanager
def _translated(
    ref: ObjectRef, own: Callable[[ClientError], WinnowError | None] = lambda _: None
) -> Iterator[None]:
    """Botocore's errors as ours; they name the bucket, not the key, which may be a file's name.

    Only for calls to S3, not for the use of a stream, whose errors are not S3's.
    """
    where = f"in the bucket {ref.bucket}"

    def gone(error: ClientError) -> WinnowError | None:
        if code_of(error) in _GONE:
            return own(error) or ObjectGoneError(f"The object version is not {where}.")
        return own(error)

    try:
        with translated(where, gone):
            yield
    except (OSError, ValueError) as error:
        # smart_open wraps botocore's errors: in a ValueError when it begins to write.
        if isinstance(error.__cause__, ClientError):
            raise gone(error.__cause__) or from_client_error(error.__cause__, where) from None
        if isinstance(error, ValueError):
            raise
        raise RetryableError(f"S3 did not answer ({type(error).__name__}).") from None


class _Reading(io.RawIOBase):
    """smart_open's reader, which raises our errors."""

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


class S3Store:
    """An ObjectStore of S3 objects."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def head(self, ref: ObjectRef) -> StoredObject:
        """Size, metadata and version. In a bucket without versions the ref has none."""
        version = {"VersionId": ref.version_id} if ref.version_id else {}
        with _translated(ref):
            answer = self._client.head_object(Bucket=ref.bucket, Key=ref.key, **version)  # type: ignore[arg-type]
        pinned = answer.get("VersionId")
        return StoredObject(
            ref=ref.model_copy(update={"version_id": pinned if pinned != "null" else None}),
            size=answer["ContentLength"],
            metadata={name.lower(): value for name, value in answer.get("Metadata", {}).items()},
            stored=answer["LastModified"].astimezone(UTC),
            etag=answer["ETag"],
        )

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[BinaryIO]:
        """A stream of the object's bytes, resumed if a connection breaks."""
        # Takes as long to import as all of botocore, and Classify streams nothing.
        from smart_open import s3

        with _translated(ref):
            reader = s3.open(
                ref.bucket, ref.key, "rb", version_id=ref.version_id, client=self._client
            )
        with io.BufferedReader(_Reading(reader, ref), _READ_BYTES) as stream:
            yield stream

    def read_range(self, ref: ObjectRef, start: int, length: int) -> bytes:
        """One request for a range; sent again if the connection breaks."""
        if length <= 0:
            return b""
        return self._content(ref, slice(start, start + length))

    def put(self, ref: ObjectRef, content: bytes, content_type: str) -> None:
        """One small object in one request."""
        with _translated(ref):
            self._client.put_object(
                Bucket=ref.bucket, Key=ref.key, Body=content, ContentType=content_type
            )

    def put_file(self, ref: ObjectRef, file: Path, content_type: str) -> None:
        """One object of a file, which is streamed, in one request: at most 5 GB."""
        with file.open("rb") as stream, _translated(ref):
            self._client.put_object(
                Bucket=ref.bucket, Key=ref.key, Body=stream, ContentType=content_type
            )

    def create(self, ref: ObjectRef, content: bytes, content_type: str) -> bool:
        """One request, on condition that there is no object of this key."""
        taken = False

        def is_taken(error: ClientError) -> WinnowError | None:
            nonlocal taken
            taken = code_of(error) in _TAKEN
            return _overtaken(error)

        try:
            with _translated(ref, is_taken):
                self._client.put_object(
                    Bucket=ref.bucket,
                    Key=ref.key,
                    Body=content,
                    ContentType=content_type,
                    IfNoneMatch="*",
                )
        except RetryableError:
            if not taken:
                raise
        return not taken

    def read_all(self, refs: Sequence[ObjectRef]) -> Iterator[bytes]:
        """The objects' contents in this order; several are read at a time."""
        return self._ahead((partial(self._content, ref), 0) for ref in refs)

    def _ahead(self, jobs: Iterable[tuple[Callable[[], bytes], int]]) -> Iterator[bytes]:
        """The results of the jobs, in their order; `int` is the size in bytes of each.

        Threads read ahead, up to _AHEAD_JOBS jobs and _AHEAD_BYTES bytes.
        """
        left = iter(jobs)
        begun: deque[tuple[Future[bytes], int]] = deque()
        held = 0
        with ThreadPoolExecutor(_THREADS) as pool:
            try:
                while True:
                    while len(begun) < _AHEAD_JOBS and held <= _AHEAD_BYTES:
                        job, size = next(left, (None, 0))
                        if job is None:
                            break
                        begun.append((pool.submit(job), size))
                        held += size
                    if not begun:
                        return
                    first, size = begun.popleft()
                    yield first.result()
                    held -= size
            finally:
                pool.shutdown(cancel_futures=True)

    def publish(self, ref: ObjectRef, content: bytes, content_type: str, fence: str) -> ObjectRef:
        """One request, on condition that the object has not changed since it was checked."""
        condition = self._condition(ref, fence)
        with _translated(ref, _overtaken):
            put = self._client.put_object(
                Bucket=ref.bucket,
                Key=ref.key,
                Body=content,
                ContentType=content_type,
                Metadata={FENCE: fence},
                **condition,
            )
        return ref.model_copy(update={"version_id": _version(put)})

    def join(
        self, ref: ObjectRef, pieces: Sequence[Piece], content_type: str, fence: str
    ) -> ObjectRef:
        """A multipart upload of pieces that are read and sent several at a time.

        It is completed on condition that the object has not changed since it was checked.
        """
        total = sum(piece.size for piece in pieces)
        contents = self._ahead((partial(self._piece, piece), piece.size) for piece in pieces)
        if total <= _PART_BYTES:
            return self.publish(ref, b"".join(contents), content_type, fence)
        where: dict[str, Any] = {"Bucket": ref.bucket, "Key": ref.key}
        condition = self._condition(ref, fence)
        with _translated(ref):
            made = self._client.create_multipart_upload(
                **where, ContentType=content_type, Metadata={FENCE: fence}
            )
        where["UploadId"] = made["UploadId"]
        try:
            parts = self._sent(
                ref, where, _grouped(contents, max(_PART_BYTES, total // _MAX_PARTS))
            )
            with _translated(ref, _overtaken):
                completed = self._client.complete_multipart_upload(
                    **where, MultipartUpload={"Parts": parts}, **condition
                )
        except BaseException:
            # The first error is raised, even if this fails; S3 deletes the parts after a day.
            with suppress(WinnowError), _translated(ref):
                self._client.abort_multipart_upload(**where)
            raise
        return ref.model_copy(update={"version_id": _version(completed)})

    def _sent(
        self, ref: ObjectRef, where: Mapping[str, Any], bodies: Iterable[bytes]
    ) -> list["CompletedPartTypeDef"]:
        """Upload every body as a part, a few at a time."""

        def send(number: int, body: bytes) -> "CompletedPartTypeDef":
            with _translated(ref):
                sent = self._client.upload_part(**where, PartNumber=number, Body=body)
            return {"ETag": sent["ETag"], "PartNumber": number}

        parts: list[CompletedPartTypeDef] = []
        under_way: deque[Future[CompletedPartTypeDef]] = deque()
        with ThreadPoolExecutor(_SENDERS) as pool:
            try:
                for number, body in enumerate(bodies, start=1):
                    if len(under_way) == _SENDERS:
                        parts.append(under_way.popleft().result())
                    under_way.append(pool.submit(send, number, body))
                parts += [part.result() for part in under_way]
            finally:
                pool.shutdown(cancel_futures=True)
        return parts

    def _condition(self, ref: ObjectRef, fence: str) -> "Condition":
        """The condition for a write to the object. Raises RunSupersededError."""
        try:
            with _translated(ref):
                answer = self._client.head_object(Bucket=ref.bucket, Key=ref.key)
        except ObjectGoneError:
            if ref.version_id is not None:
                raise RetryableError(_OVERTAKEN_MESSAGE) from None
            return {"IfNoneMatch": "*"}
        if answer.get("Metadata", {}).get(FENCE, "") > fence:
            raise RunSupersededError("A later run of this upload has written its results.")
        if ref.version_id is not None and answer.get("VersionId") != ref.version_id:
            raise RetryableError(_OVERTAKEN_MESSAGE)
        return {"IfMatch": answer["ETag"]}

    def _content(self, ref: ObjectRef, part: slice | None = None) -> bytes:
        """A small object, or a part of one; read again if the connection breaks."""
        for _ in range(_MAX_ATTEMPTS - 1):
            with suppress(RetryableError):
                return self._read(ref, part)
        return self._read(ref, part)

    def _read(self, ref: ObjectRef, part: slice | None) -> bytes:
        given: dict[str, Any] = {"Bucket": ref.bucket, "Key": ref.key}
        if ref.version_id is not None:
            given["VersionId"] = ref.version_id
        if part is not None:
            given["Range"] = f"bytes={part.start}-{part.stop - 1}"
        with _translated(ref):
            try:
                answer = self._client.get_object(**given)
                content = answer["Body"].read()
            except ClientError as error:
                if code_of(error) in _AFTER_THE_END:
                    return b""
                raise
        if part is not None and "ContentRange" not in answer:
            # A server may send the whole object; MiniStack does when a version is named.
            return content[part]
        return content

    def _piece(self, piece: Piece) -> bytes:
        content = self._content(piece.ref)
        if len(content) != piece.size:
            raise StoredDataInvalidError(
                f"{piece.ref.key} has {len(content)} bytes where {piece.size} were written."
            )
        return content


def _grouped(contents: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in bodies of at least `size`; the last may be smaller."""
    body = bytearray()
    for content in contents:
        body += content
        if len(body) >= size:
            yield bytes(body)
            body.clear()
    if body:
        yield bytes(body)


def _overtaken(error: ClientError) -> WinnowError | None:
    """The object has changed since it was checked: a retry checks it again."""
    if code_of(error) in _OVERTAKEN:
        return RetryableError(_OVERTAKEN_MESSAGE)
    return None


def _version(written: Mapping[str, Any]) -> str | None:
    version = written.get("VersionId")
    return version if version != "null" else None
