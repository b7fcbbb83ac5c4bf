"""The status of every uploaded version, from the rows that are about it.

A row tells its upload by the upload id, else by the version id that Serialize pinned. The local
stack's events carry no version id, so a row there may have neither: such a row is taken to be about
the oldest version of its key that no other row is about and that lay there when it was claimed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from winnow.recovery.retention import Retention
from winnow.steps.upload import upload_id

LEASE_S = 18_000
"""How long a claim holds; the state machine's number, held to it by a test."""
HADOOP_FOLDER = "_$folder$"
"""How Hadoop's file systems end the key of the empty object that stands for a folder."""


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
        """An empty object that stands for a folder: the workflow takes it for no upload.

        The S3 console ends its key with a slash, Hadoop with `_$folder$`.
        """
        return self.size == 0 and self.key.endswith(("/", HADOOP_FOLDER))


@dataclass(frozen=True)
class Claim:
    """What the table holds of an upload, as far as its status needs it."""

    upload_id: str
    key: str
    state: Literal["RUNNING", "SUCCEEDED", "FAILED", "DAMAGED"]
    """DAMAGED: the row is there, and says no state that a run leaves"""
    run: str
    claimed_at: float
    """epoch seconds"""
    version_id: str | None = None
    sequencer: str | None = None
    size: int = 0
    lease_until: float | None = None
    """epoch seconds; None once the run has ended"""
    attempt: int = 1
    ended_at: float | None = None
    """epoch seconds"""

    def expired(self, now: float) -> bool:
        """Whether its run must have died: it has not ended, and its lease has."""
        until = self.claimed_at + LEASE_S if self.lease_until is None else self.lease_until
        return self.state == "RUNNING" and until < now


class UploadStatus(StrEnum):
    """What became of an uploaded version so far."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    """no run has claimed it, and it is young enough for its event to be on its way"""
    STUCK = "STUCK"
    """its run died holding the claim"""
    MISSING = "MISSING"
    """no run has claimed it, and one should have"""
    DUPLICATE = "DUPLICATE"
    """two uploads are about this one version"""
    DAMAGED = "DAMAGED"
    """its row cannot be read, so nothing says whether it was judged"""
    EXPIRED = "EXPIRED"
    """so old that its row may have expired"""

    @property
    def ended(self) -> bool:
        return self in (UploadStatus.SUCCEEDED, UploadStatus.FAILED, UploadStatus.EXPIRED)

    @property
    def wrong(self) -> bool:
        """Whether somebody has to do something about it."""
        return self in (
            UploadStatus.STUCK,
            UploadStatus.MISSING,
            UploadStatus.DUPLICATE,
            UploadStatus.DAMAGED,
        )


class Ages(NamedTuple):
    """Seconds after which a version is missed, and what tells when its row may be gone."""

    missed_s: float
    retention: Retention


def upload_status(
    version: ObjectVersion, claims: Sequence[Claim], ages: Ages, now: float
) -> UploadStatus:
    """How a version stands, given the rows that are about it."""
    age = now - version.modified
    if len(claims) > 1:
        return UploadStatus.DUPLICATE
    if claims:
        return UploadStatus.STUCK if claims[0].expired(now) else UploadStatus(claims[0].state)
    if ages.retention.forgotten(version.modified, now):
        return UploadStatus.EXPIRED
    return UploadStatus.MISSING if age >= ages.missed_s else UploadStatus.WAITING


def match(
    bucket: str, versions: Iterable[ObjectVersion], claims: Iterable[Claim]
) -> Iterator[tuple[ObjectVersion, list[Claim]]]:
    """Each version, in order, with the rows that are about it. Folders are left out."""
    uploads = [version for version in versions if not version.is_folder]
    by_id = {upload_id(bucket, v.key, v.version_id): v for v in uploads}
    by_version = {(v.key, v.version_id): v for v in uploads}
    about: dict[ObjectVersion, list[Claim]] = defaultdict(list)
    nameless: list[Claim] = []
    for claim in claims:
        version = by_id.get(claim.upload_id)
        if version is None and claim.version_id is not None:
            version = by_version.get((claim.key, claim.version_id))
        if version is not None:
            about[version].append(claim)
        elif claim.version_id is None:
            nameless.append(claim)
    by_key: dict[str, list[ObjectVersion]] = defaultdict(list)
    for version in sorted(uploads, key=lambda version: version.modified):
        by_key[version.key].append(version)
    free = {key: iter([v for v in versions if v not in about]) for key, versions in by_key.items()}
    oldest = {key: next(those, None) for key, those in free.items()}
    for claim in sorted(nameless, key=lambda claim: claim.claimed_at):
        version = oldest.get(claim.key)
        # S3 tells times in whole seconds or less, rounded down.
        if version is not None and version.modified <= claim.claimed_at:
            about[version].append(claim)
            oldest[claim.key] = next(free[claim.key], None)
    for version in uploads:
        yield version, about.get(version, [])
