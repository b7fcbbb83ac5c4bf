"""The inbox of the uploads bucket: every version in it, deleted ones too, page by page."""

from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING

from winnow.recovery.ports import ListingPage
from winnow.recovery.state import Cursor
from winnow.recovery.status import ObjectVersion
from winnow.steps.upload import INBOX
from winnow_aws.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Inbox:
    """Every version in the inbox, deleted ones too, page by page."""

    def __init__(self, s3: "S3Client", bucket: str, page_size: int = 1000) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._page_size = page_size

    @property
    def bucket(self) -> str:
        return self._bucket

    def page(self, after: Cursor | None) -> ListingPage:
        return self._page(INBOX, after)

    def _page(self, prefix: str, after: Cursor | None) -> ListingPage:
        marker = {} if after is None else {"KeyMarker": after.key}
        if after is not None and after.version_id:
            marker["VersionIdMarker"] = after.version_id
        with translated(f"in the bucket {self._bucket}"):
            listing = self._s3.list_object_versions(
                Bucket=self._bucket,
                Prefix=prefix,
                MaxKeys=self._page_size,
                **marker,  # type: ignore[arg-type]
            )
        versions = [
            ObjectVersion(
                version["Key"],
                version["VersionId"],
                version["Size"],
                version["LastModified"].timestamp(),
            )
            for version in listing.get("Versions", [])
        ]
        if not listing.get("IsTruncated"):
            return ListingPage(versions, None)
        return ListingPage(
            versions,
            Cursor(key=listing["NextKeyMarker"], version_id=listing.get("NextVersionIdMarker", "")),
        )

    def every(self) -> Iterator[ObjectVersion]:
        """All versions, in the order of their keys' bytes."""
        return self._all(INBOX)

    def of_key(self, key: str) -> Iterator[ObjectVersion]:
        """All versions of one object."""
        # The prefix also matches longer keys, but those follow.
        return takewhile(lambda version: version.key == key, self._all(key))

    def _all(self, prefix: str) -> Iterator[ObjectVersion]:
        after: Cursor | None = None
        while True:
            page = self._page(prefix, after)
            yield from page.versions
            after = page.after
            if after is None:
                return
