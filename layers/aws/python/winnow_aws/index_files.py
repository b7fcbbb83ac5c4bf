"""The files of the search index in the results bucket."""

from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING, Any

from winnow.errors import RunSupersededError
from winnow.models import ObjectRef
from winnow.ports import ObjectStore
from winnow.search.files import PREFIX, FileName, IndexFile, parse_key, prefix
from winnow_aws.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PARQUET = "application/vnd.apache.parquet"


class S3IndexFiles:
    """Implements `winnow.search.files.IndexFiles`.

    S3's checksums are checked by the client with every read and write.
    """

    def __init__(self, client: "S3Client", objects: ObjectStore, bucket: str) -> None:
        self._client = client
        self._objects = objects
        self._bucket = bucket

    def list(self, process: str | None = None) -> Iterator[IndexFile]:
        # Keys are listed in their order, so those of a month begin with its segments.
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix(process) if process else PREFIX
        )
        found: list[IndexFile] = []
        with translated(self._where):
            for page in pages:
                for each in page.get("Contents", ()):
                    name = parse_key(each["Key"])
                    if name is not None:
                        modified = each["LastModified"].astimezone(UTC)
                        at = f"{modified:%Y-%m-%dT%H:%M:%S}.000Z"
                        found.append(IndexFile(name, each["ETag"], each["Size"], at))
        yield from found

    def read(self, name: FileName) -> bytes:
        with self._objects.open(self._ref(name)) as stream:
            return stream.read()

    def write(self, name: FileName, content: bytes, generation: str) -> None:
        ref = self._ref(name)
        if name.number is None:
            self._objects.publish(ref, content, _PARQUET, generation)
        elif not self._objects.create(ref, content, _PARQUET):
            raise RunSupersededError("There is a compacted file of this number.")

    def delete(self, name: FileName, etag: str | None) -> bool:
        # A version that is written after this list is not in it, and stays.
        older: list[str] = []
        latest: tuple[str, str] | None = None
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self._bucket, Prefix=name.key
        )
        with translated(self._where):
            for page in pages:
                found: list[Any] = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
                for each in found:
                    if each["Key"] != name.key:
                        continue
                    if each["IsLatest"] and "ETag" in each:
                        latest = each["ETag"], each["VersionId"]
                    else:
                        older.append(each["VersionId"])
        if latest is None or etag not in (None, latest[0]):
            return False
        # One by one: a file has few, and the permission is that for versions alone. What counts
        # goes last: while there are older versions, it is what readers see.
        with translated(self._where):
            for version in (*older, latest[1]):
                self._client.delete_object(Bucket=self._bucket, Key=name.key, VersionId=version)
        return True

    @property
    def _where(self) -> str:
        return f"in the bucket {self._bucket}"

    def _ref(self, name: FileName) -> ObjectRef:
        return ObjectRef(bucket=self._bucket, key=name.key)
