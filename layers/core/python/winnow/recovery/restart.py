"""Restarting an upload: its event again, and an execution name with the number of the attempt.

The event has the fields that the upload id is computed from, so a restart is the same upload. Its
name is the same for the same attempt: if two sweeps start it at once, Step Functions accepts one.
"""

from typing import Any

from winnow.errors import NotRedrivableError
from winnow.recovery.status import ObjectVersion
from winnow.recovery.upload_row import UploadRow

NONE = "none"
"""The value of `supersedes` if no run has failed."""


def lost_event(
    bucket: str, version: ObjectVersion, attempt: int, crashes: int = 0
) -> dict[str, Any]:
    """The event of a version that no run has claimed; `crashes` as in its row."""
    dropped = {"key": version.key, "size": version.size, "version-id": version.version_id}
    return _event(bucket, dropped, attempt, crashes, supersedes=NONE)


def claimed_event(bucket: str, row: UploadRow, attempt: int, crashes: int = 0) -> dict[str, Any]:
    """The event of an upload that the table knows; it supersedes the run that the row names.

    `crashes` is what its next row says; 0 for a redrive, since somebody has looked at it.

    Raises NotRedrivableError if the upload was erased: what is left of its row is another upload's.
    """
    if row.erased_at is not None:
        raise NotRedrivableError(f"The upload {row.upload_id} was erased.")
    dropped: dict[str, Any] = {"key": row.object_key, "size": row.size}
    if row.sequencer is None:
        dropped["version-id"] = row.version_id
    else:
        dropped["sequencer"] = row.sequencer
    return _event(bucket, dropped, attempt, crashes, supersedes=row.run or "")


def _event(
    bucket: str, dropped: dict[str, Any], attempt: int, crashes: int, *, supersedes: str
) -> dict[str, Any]:
    return {
        "source": "winnow",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": bucket}, "object": dropped},
        "restart": {"attempt": attempt, "supersedes": supersedes, "crashes": crashes},
    }


def restart_name(upload_id: str, attempt: int) -> str:
    """The execution's name: the same for the same attempt at the same upload."""
    return f"{upload_id}-{attempt}"
