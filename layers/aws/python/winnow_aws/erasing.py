"""Deletes versions of S3 objects for good, and marks the rows of erased uploads.

`winnow policy forget` has what it needs. No function may erase files or results, where a person
erases by a command; `index` may delete versions of the index's own files.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Required, TypedDict, Unpack

from botocore.exceptions import ClientError

from winnow.errors import AwsRefusedError, RetryableError
from winnow.recovery.upload_row import ERASED_KEY
from winnow.reviews.forget import StoredVersion, not_finished
from winnow_aws.aws_errors import TRANSIENT_CODES, code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef

_BATCH = 1_000  # S3's maximum for one DeleteObjects
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that a key may have and XML 1.0 may not: the list of DeleteObjects is XML."""

_ERASED_BY = "erased_at = if_not_exists(erased_at, :at), erased_by = if_not_exists(erased_by, :by)"


class Asked(TypedDict, total=False):
    """What to list of a bucket."""

    Prefix: Required[str]
    Delimiter: str


class S3Eraser:
    """The Eraser of S3 buckets."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def versions(self, bucket: str, prefix: str) -> Iterator[StoredVersion]:
        """Every version and every delete marker under a prefix."""
        for page in self._pages(bucket, Prefix=prefix):
            for found in page.get("Versions", ()):
                yield StoredVersion(
                    found["Key"], found["VersionId"], found["IsLatest"], size=found["Size"]
                )
            for marker in page.get("DeleteMarkers", ()):
                yield StoredVersion(
                    marker["Key"], marker["VersionId"], marker["IsLatest"], marker=True
                )

    def folders(self, bucket: str, prefix: str) -> Iterator[str]:
        """The prefixes of one level below, each ending with a slash, also of deleted objects."""
        seen: set[str] = set()
        for page in self._pages(bucket, Prefix=prefix, Delimiter="/"):
            names = [found["Prefix"] for found in page.get("CommonPrefixes", ())]
            # A server may ignore the delimiter, as an emulator of S3 does.
            objects = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            below = (found["Key"].removeprefix(prefix).partition("/") for found in objects)
            names += [f"{prefix}{name}/" for name, slash, _ in below if slash]
            for name in names:
                if name not in seen:
                    seen.add(name)
                    yield name

    def _pages(
        self, bucket: str, **asked: Unpack["Asked"]
    ) -> Iterator["ListObjectVersionsOutputTypeDef"]:
        paginator = self._client.get_paginator("list_object_versions")
        pages = iter(paginator.paginate(Bucket=bucket, **asked))
        while True:
            with translated(f"in the bucket {bucket}"):
                page = next(pages, None)
            if page is None:
                return
            yield page

    def delete(self, bucket: str, versions: Iterable[StoredVersion]) -> int:
        """Delete these versions; how many. One that is gone already counts, too."""
        # All are listed before the first is deleted: a listing goes on by the last key.
        found = list(versions)
        listed = [v for v in found if not _NOT_XML.search(v.key)]
        for start in range(0, len(listed), _BATCH):
            self._delete_batch(bucket, listed[start : start + _BATCH])
        for version in found:
            if _NOT_XML.search(version.key):
                with translated(f"in the bucket {bucket}"):
                    # Here the key is part of the address, where every character can stand.
                    self._client.delete_object(
                        Bucket=bucket, Key=version.key, VersionId=version.version_id
                    )
        return len(found)

    def _delete_batch(self, bucket: str, batch: list[StoredVersion]) -> None:
        with translated(f"in the bucket {bucket}"):
            answer = self._client.delete_objects(
                Bucket=bucket,
                Delete={
                    "Objects": [{"Key": v.key, "VersionId": v.version_id} for v in batch],
                    "Quiet": True,
                },
            )
        if codes := {error.get("Code", "") for error in answer.get("Errors", ())}:
            message = f"S3 did not delete every version in the bucket {bucket}: " + ", ".join(
                sorted(codes)
            )
            raise (RetryableError if codes <= TRANSIENT_CODES else AwsRefusedError)(message)


class UploadsTable:
    """The table of uploads, to mark rows."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def begin_erasing(self, upload_id: str, at: str, by: str) -> None:
        """Note who erases an upload and when: no run can claim it from then on.

        A row that has expired is not made. Raises NotFinishedError if a run has claimed the upload.
        """
        key = {"upload_id": {"S": upload_id}}
        with translated(f"in the table {self._table}"):
            try:
                self._dynamodb.update_item(
                    TableName=self._table,
                    Key=key,
                    ConditionExpression="attribute_exists(upload_id) AND "
                    "(attribute_not_exists(#state) OR #state <> :running)",
                    UpdateExpression=f"SET {_ERASED_BY}",
                    ExpressionAttributeNames={"#state": "state"},
                    ExpressionAttributeValues={
                        ":at": {"S": at},
                        ":by": {"S": by},
                        ":running": {"S": "RUNNING"},
                    },
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                row = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
                if "Item" in row:
                    raise not_finished(upload_id) from None

    def mark_erased(self, upload_id: str, at: str, by: str) -> None:
        """Note who erased an upload and when, and take the file's key out of its row.

        A row that has expired is not made.
        """
        with translated(f"in the table {self._table}"), _expired_ignored():
            self._dynamodb.update_item(
                TableName=self._table,
                Key={"upload_id": {"S": upload_id}},
                ConditionExpression="attribute_exists(upload_id)",
                UpdateExpression=f"SET {_ERASED_BY}, object_key = :erased",
                ExpressionAttributeValues={
                    ":at": {"S": at},
                    ":by": {"S": by},
                    ":erased": {"S": ERASED_KEY},
                },
            )


@contextmanager
def _expired_ignored() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
