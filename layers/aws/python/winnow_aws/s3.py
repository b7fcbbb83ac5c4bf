"""S3 behind the ObjectStore port: streams both ways, every read of a pinned version."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from smart_open import s3

from winnow.errors import (
    AccessDeniedError,
    ObjectGoneError,
    RetryableError,
    WinnowError,
)
from winnow.models import ObjectRef
from winnow.ports import StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_GONE = {"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "NotFound", "404"}
_PART_BYTES = 8 * 1024 * 1024  # 10,000 parts at most: 80 GB an outcome
_DENIED = {"AccessDenied", "403", "KMS.AccessDeniedException", "AccessDeniedException"}

CONFIG = Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=5, read_timeout=60)


def s3_store() -> "S3Store":
    """The store of this function's role and region."""
    return S3Store(boto3.client("s3", config=CONFIG))


@contextmanager
def _translated(ref: ObjectRef) -> Iterator[None]:
    """botocore's errors as ours; they name the bucket, not the key, which may be a file's name."""
    try:
        yield
    except ClientError as error:
        raise _ours(error, ref) from None
    except (BotoCoreError, OSError) as error:
        # smart_open wraps what botocore raised into an OSError.
        cause = getattr(error, "backend_error", None)
        if isinstance(cause, ClientError):
            raise _ours(cause, ref) from None
        raise RetryableError(f"S3 did not answer ({type(error).__name__}).") from None


def _ours(error: ClientError, ref: ObjectRef) -> WinnowError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in _GONE:
        return ObjectGoneError(f"The object version is not in the bucket {ref.bucket}.")
    if code in _DENIED:
        return AccessDeniedError(
            f"This function's role may not {error.operation_name} in the bucket {ref.bucket}."
        )
    return RetryableError(f"S3 refused {error.operation_name} ({code}).")


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
        with (
            _translated(ref),
            s3.open(
                ref.bucket, ref.key, "rb", version_id=ref.version_id, client=self._client
            ) as stream,
        ):
            yield cast("BinaryIO", stream)

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
        with (
            _translated(ref),
            s3.open(
                ref.bucket,
                ref.key,
                "wb",
                min_part_size=_PART_BYTES,
                client=self._client,
                client_kwargs={
                    "S3.Client.create_multipart_upload": content,
                    "S3.Client.put_object": content,
                },
            ) as stream,
        ):
            yield cast("BinaryIO", stream)
