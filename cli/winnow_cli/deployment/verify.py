"""Whether a stage works: a sample goes the whole way, as a file that somebody drops."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol

from winnow.errors import NotVerifiedError
from winnow.models import FrozenModel
from winnow_cli.deployment.cloud import Cloud

SAMPLE = Path("samples") / "feelings.jsonl"
PROCESS = "emotions"
Mail = Literal["sent", "unconfirmed", "nobody"]
_TIMEOUT_S = 600.0
_POLL_S = 2.0


class Verified(FrozenModel):
    """What came of the sample."""

    upload_id: str
    records: int
    accepted: int
    review: int
    seconds: float
    mail: Mail
    """Whether an e-mail about it went to somebody. Whether it arrived, only they see."""


class Drops(Protocol):
    """The part of a stack's uploads that this needs."""

    def new_key(self, file: Path, process: str) -> str:
        """A key in the inbox."""

    def drop(self, file: Path, key: str, threshold: float | None) -> str | None:
        """Drop a file."""

    def by_key(self, key: str) -> Any:
        """The upload of a key."""

    def result(self, row: Any) -> Any:
        """Its result.json."""


def verify(
    stage: str,
    uploads: Drops,
    mail: Callable[[str], Mail],
    sample: Path,
    report: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Verified:
    """Drop the sample, wait for the end of its run, read its result.

    Args:
        mail: What is known of the e-mail about an upload.

    Raises:
        NotVerifiedError: no run began, it did not end in time, or it failed.
    """
    key = uploads.new_key(sample, PROCESS)
    uploads.drop(sample, key, None)
    began = clock()
    row = None
    while clock() - began < _TIMEOUT_S:
        row = uploads.by_key(key)
        if row is not None and row.ended:
            break
        report("a sample is judged" if row else "a sample was dropped, and no run has claimed it")
        sleep(_POLL_S)
    seconds = clock() - began
    if row is None or not row.ended:
        what = "no run began" if row is None else "its run has not ended"
        raise NotVerifiedError(
            f"{stage!r} is deployed, but {what} within {seconds / 60:.0f} minutes of a sample.",
            hint=f"Look at `winnow audit --stack {stage}` and `winnow dashboard --stack {stage}`.",
        )
    if row.state != "SUCCEEDED":
        raise NotVerifiedError(
            f"{stage!r} is deployed, but a sample ended as {row.state} ({row.error_code}).",
            hint=f"`winnow why {row.upload_id} --stack {stage}` says why.",
        )
    counts = uploads.result(row).counts
    return Verified(
        upload_id=row.upload_id,
        records=counts.records,
        accepted=counts.accepted,
        review=counts.review,
        seconds=round(seconds, 1),
        mail=mail(row.upload_id),
    )


def mail_of(cloud: Cloud, topic: str | None) -> Mail:
    """Whether the e-mails of a topic go to somebody."""
    listeners = cloud.subscriptions(topic) if topic else []
    if not listeners:
        return "nobody"
    return "sent" if any(one.confirmed for one in listeners) else "unconfirmed"
