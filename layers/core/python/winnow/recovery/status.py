"""The status of every uploaded version, from the rows that are about it.

A row tells its upload by the upload id, else by the version id that Serialize pinned. The local
stack's events carry no version id, so a row there may have neither: such a row is taken to be about
the oldest version of its key that no other row is about and that lay there when it was claimed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from winnow.recovery.retention import Retention
from winnow.recovery.upload_row import UploadRow
from winnow.steps.upload import upload_id

HADOOP_FOLDER = "_$folder$"
"""How Hadoop's file systems end the key of the empty object that represents a folder."""


class ObjectVersion(NamedTuple):
    """One version of an object in the inbox."""

    key: str
    version_id: str
    size: int
    """bytes"""
    modified: float
    """epoch seconds"""

    @property
    def is_folder(self) -> bool:
        """An empty object that represents a folder: the workflow does not treat it as an upload.

        The S3 console ends its key with a slash, Hadoop with `_$folder$`.
        """
        return self.size == 0 and self.key.endswith(("/", HADOOP_FOLDER))


class UploadStatus(StrEnum):
    """The current status of an uploaded version."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    """no run has claimed it, and it is young enough for its event to be on its way"""
    STUCK = "STUCK"
    """its run crashed while it held the claim"""
    MISSING = "MISSING"
    """no run has claimed it, and one should have"""
    DUPLICATE = "DUPLICATE"
    """two uploads are about this one version"""
    DAMAGED = "DAMAGED"
    """its row cannot be read, so it is unknown whether it was judged"""
    EXPIRED = "EXPIRED"
    """so old that its row may have expired"""

    @property
    def ended(self) -> bool:
        return self in (UploadStatus.SUCCEEDED, UploadStatus.FAILED, UploadStatus.EXPIRED)

    @property
    def wrong(self) -> bool:
        """Whether it needs somebody's attention."""
        return self in (
            UploadStatus.STUCK,
            UploadStatus.MISSING,
            UploadStatus.DUPLICATE,
            UploadStatus.DAMAGED,
        )


class Ages(NamedTuple):
    """Seconds after which a version is missed, and how long rows are kept."""

    missed_s: float
    retention: Retention


def upload_status(
    version: ObjectVersion, rows: Sequence[UploadRow], ages: Ages, now: float
) -> UploadStatus:
    """The status of a version, given the rows that are about it."""
    age = now - version.modified
    if len(rows) > 1:
        return UploadStatus.DUPLICATE
    if rows:
        return status_of_row(rows[0], now)
    if ages.retention.forgotten(version.modified, now):
        return UploadStatus.EXPIRED
    return UploadStatus.MISSING if age >= ages.missed_s else UploadStatus.WAITING


def status_of_row(row: UploadRow, now: float) -> UploadStatus:
    """The status of an upload that has one row."""
    return UploadStatus.STUCK if row.lease_expired(now) else UploadStatus(row.state)


def match(
    bucket: str, versions: Iterable[ObjectVersion], rows: Iterable[UploadRow]
) -> Iterator[tuple[ObjectVersion, list[UploadRow]]]:
    """Each version, in order, with the rows that are about it. Folders are left out."""
    uploads = [version for version in versions if not version.is_folder]
    by_id = {upload_id(bucket, v.key, v.version_id): v for v in uploads}
    by_version = {(v.key, v.version_id): v for v in uploads}
    about: dict[ObjectVersion, list[UploadRow]] = defaultdict(list)
    nameless: list[UploadRow] = []
    for row in rows:
        version = by_id.get(row.upload_id)
        if version is None and row.version_id is not None:
            version = by_version.get((row.object_key, row.version_id))
        if version is not None:
            about[version].append(row)
        elif row.version_id is None:
            nameless.append(row)
    by_key: dict[str, list[ObjectVersion]] = defaultdict(list)
    for version in sorted(uploads, key=lambda version: version.modified):
        by_key[version.key].append(version)
    free = {key: iter([v for v in versions if v not in about]) for key, versions in by_key.items()}
    oldest = {key: next(those, None) for key, those in free.items()}
    for row in sorted(nameless, key=lambda row: row.claimed_s):
        version = oldest.get(row.object_key)
        # S3 tells times in whole seconds or less, rounded down.
        if version is not None and version.modified <= row.claimed_s:
            about[version].append(row)
            oldest[row.object_key] = next(free[row.object_key], None)
    for version in uploads:
        yield version, about.get(version, [])
