"""S3 for the API: small objects written once, lists of keys, and links that anybody may open."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from botocore.config import Config
from botocore.exceptions import ClientError

from winnow.errors import ObjectGoneError, WinnowError
from winnow.models import ObjectRef
from winnow_api.ports import Form
from winnow_aws.aws_errors import code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_GONE = {"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "404"}
_EXISTS = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_READERS = 8


def links(*, local: bool) -> Config:
    """What a client needs so that its links hold everywhere.

    Older signatures are refused in newer regions and for keys of KMS. An address without the region
    answers with a redirect there, which a form does not survive; `local` addresses have none.
    """
    return Config(signature_version="s3v4", s3={"addressing_style": "path" if local else "virtual"})


class ApiObjects:
    """Objects of the API on S3."""

    def __init__(self, s3: "S3Client") -> None:
        self._s3 = s3

    def create(self, ref: ObjectRef, content: bytes, content_type: str) -> bool:
        existed = False

        def exists(error: ClientError) -> WinnowError | None:
            nonlocal existed
            existed = code_of(error) in _EXISTS
            return ObjectGoneError("There is one.") if existed else None

        try:
            with translated(f"in the bucket {ref.bucket}", exists):
                self._s3.put_object(
                    Bucket=ref.bucket,
                    Key=ref.key,
                    Body=content,
                    ContentType=content_type,
                    IfNoneMatch="*",
                )
        except ObjectGoneError:
            return False
        return True

    def read(self, ref: ObjectRef) -> bytes:
        version = {"VersionId": ref.version_id} if ref.version_id else {}

        def gone(error: ClientError) -> WinnowError | None:
            if code_of(error) in _GONE:
                return ObjectGoneError(f"The object is not in the bucket {ref.bucket}.")
            return None

        with translated(f"in the bucket {ref.bucket}", gone):
            answer = self._s3.get_object(Bucket=ref.bucket, Key=ref.key, **version)  # type: ignore[arg-type]
            return answer["Body"].read()

    def read_many(self, refs: Sequence[ObjectRef]) -> list[bytes | None]:
        def read(ref: ObjectRef) -> bytes | None:
            try:
                return self.read(ref)
            except ObjectGoneError:
                return None

        with ThreadPoolExecutor(_READERS) as pool:
            return list(pool.map(read, refs))

    def keys(self, bucket: str, prefix: str, after: str | None, limit: int) -> list[str]:
        keys: list[str] = []
        start = {} if after is None else {"StartAfter": after}
        while len(keys) < limit:
            with translated(f"in the bucket {bucket}"):
                listing = self._s3.list_objects_v2(
                    Bucket=bucket,
                    Prefix=prefix,
                    MaxKeys=min(1000, limit - len(keys)),
                    **start,  # type: ignore[arg-type]
                )
            keys += [each["Key"] for each in listing.get("Contents", [])]
            if not listing.get("IsTruncated"):
                break
            start = {"StartAfter": keys[-1]}
        return keys

    def delete(self, ref: ObjectRef) -> None:
        with translated(f"in the bucket {ref.bucket}"):
            self._s3.delete_object(Bucket=ref.bucket, Key=ref.key)

    def link(self, ref: ObjectRef, seconds: int, file_name: str | None = None) -> str:
        asked = {"Bucket": ref.bucket, "Key": ref.key}
        if ref.version_id:
            asked["VersionId"] = ref.version_id
        if file_name is not None:
            asked["ResponseContentDisposition"] = (
                f"attachment; filename*=UTF-8''{quote(file_name, safe='')}"
            )
        return self._s3.generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds)

    def form(self, bucket: str, key: str, max_bytes: int, seconds: int) -> Form:
        made = self._s3.generate_presigned_post(
            bucket,
            key,
            Conditions=[["content-length-range", 1, max_bytes]],
            ExpiresIn=seconds,
        )
        return Form(made["url"], made["fields"])

    def origins(self, buckets: Sequence[str]) -> list[str]:
        urls = [
            url
            for bucket in buckets
            for url in (
                self.link(ObjectRef(bucket=bucket, key="x"), 1),
                self.form(bucket, "x", 1, 1).url,
            )
        ]
        parts = map(urlsplit, urls)
        return sorted({f"{each.scheme}://{each.netloc}" for each in parts})
