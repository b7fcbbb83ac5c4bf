"""Starting an upload again: the event of its drop once more, and a name that says which attempt.

The event has the fields that the upload id is made of, so a restart is the same upload. Its name is
the same for the same attempt: of two sweeps that start one at once, Step Functions lets one.
"""

from typing import Any

from winnow.models import ObjectRef
from winnow.standing import Claim, ObjectVersion

NONE = "none"


def restart_event(
    upload: ObjectRef, size: int, sequencer: str | None, attempt: int, supersedes: str = NONE
) -> dict[str, Any]:
    """The workflow's input for another attempt. `supersedes` is the failed run it replaces."""
    identity = (
        {"sequencer": sequencer} if sequencer is not None else {"version-id": upload.version_id}
    )
    return {
        "source": "winnow",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": upload.bucket},
            "object": {"key": upload.key, "size": size, **identity},
        },
        "restart": {"attempt": attempt, "supersedes": supersedes},
    }


def lost_event(bucket: str, version: ObjectVersion, attempt: int) -> dict[str, Any]:
    """The event of a version that no run has claimed."""
    ref = ObjectRef(bucket=bucket, key=version.key, version_id=version.version_id)
    return restart_event(ref, version.size, None, attempt)


def claimed_event(bucket: str, claim: Claim, attempt: int) -> dict[str, Any]:
    """The event of an upload that the table knows."""
    ref = ObjectRef(bucket=bucket, key=claim.key, version_id=claim.version_id)
    return restart_event(ref, claim.size, claim.sequencer, attempt, claim.run)


def restart_name(upload_id: str, attempt: int) -> str:
    """The execution's name."""
    return f"{upload_id}-{attempt}"
