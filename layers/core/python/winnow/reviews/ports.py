"""What reviews need from outside: the table that keeps heads, events and totals."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from winnow.reviews.models import (
    QueueFilter,
    RecordKey,
    ReviewEvent,
    ReviewHead,
    Totals,
)


class Place(NamedTuple):
    """Where a record is in a queue."""

    rank: str
    key: RecordKey


class HeadPage(NamedTuple):
    """Some heads, and where to go on."""

    heads: list[ReviewHead]
    cursor: str | None
    """For the next page; None: there is none. An opaque text."""
    last: Place | None = None
    """If there is a next page: the last record that was looked at, also one that was left out."""


class Change(NamedTuple):
    """What one transaction writes."""

    head: ReviewHead
    """As it is afterwards; its version is the event's number."""
    expected: int | None
    """The version that the head must have; None: there must be no head."""
    event: ReviewEvent
    totals: Totals
    """What is added to the totals of the upload and of the process."""
    run: str | None = None
    """The run that must have judged the head: a later one's is not written over. None: any."""


class ReviewStore(Protocol):
    """The table of reviews. Reads are consistent unless said otherwise.

    Raises AccessDeniedError, AwsRefusedError, RetryableError.
    """

    def head(self, key: RecordKey) -> ReviewHead | None:
        """A record's head; None: the record was never queued, and nobody has decided it."""
        ...

    def heads(self, upload: str) -> Iterator[ReviewHead]:
        """All heads of an upload, in the order of its records."""
        ...

    def events(self, key: RecordKey) -> list[ReviewEvent]:
        """What happened to a record, oldest first."""
        ...

    def event(self, key: RecordKey, number: int) -> ReviewEvent | None:
        """One event of a record: `number` is the version of the head after it. None: none is."""
        ...

    def write(self, change: Change) -> None:
        """Write head, event and both totals: all or nothing.

        Raises ReviewConflictError if the head has another version than expected, or is of another
        run, unless this very event is there already: then the answer to an earlier attempt was
        lost.
        """
        ...

    def lease(self, key: RecordKey, user: str, until: float, now: float) -> ReviewHead | None:
        """Lease an open record, or lengthen one's own lease; does not change its version.

        None if it is not open, unknown, or leased to somebody else.
        """
        ...

    def release(self, key: RecordKey, user: str) -> None:
        """End one's own lease; without one, nothing happens."""
        ...

    def open_heads(
        self, wanted: QueueFilter, cursor: str | None, limit: int, *, after: str = ""
    ) -> HeadPage:
        """The queue of a process in the order of `ReviewHead.rank`, behind the rank `after`.

        Has the heads that `wanted` matches. Read from an index, which may lag behind for a moment:
        `lease` decides. A page may have fewer heads than `limit` and still not be the last.
        """
        ...

    def decided_heads(self, process: str, since: str, cursor: str | None, limit: int) -> HeadPage:
        """Records of a process decided at or after a time (ISO 8601, "": all), oldest first.

        Read from an index, which may lag behind for a moment.
        """
        ...

    def add(self, heads: Sequence[ReviewHead]) -> None:
        """Put records into the queue.

        A head stays as it is if somebody has decided it, or if the run that judged it started at
        the same time as, or later than, the new one's. One of kind CORRECTION that has no answer
        (any more) is replaced by the same run's as well. What has happened to a record stays: its
        version goes on from there. One that has expired stays, too: `Reviews.requeue` opens it.
        """
        ...

    def remove(self, head: ReviewHead) -> bool:
        """Take a record out of the queue for good: a later run does not set it aside any more.

        False, and it stays, if anything has happened to it, or if another run has judged it.
        """
        ...

    def count_queued(self, upload: str, process: str, run_started: str, queued: Totals) -> None:
        """Set how many records of an upload are queued.

        The totals of the upload and of the process change by the difference to what was set
        before. Nothing changes for an earlier run, or if as many of the same run are counted.
        """
        ...

    def totals_of_upload(self, upload: str) -> Totals | None:
        """The counts of an upload; None: none of its records was queued or decided."""
        ...

    def totals_of_process(self, process: str) -> Totals:
        """The counts of a process."""
        ...

    def began(self) -> str:
        """When the table began, ISO 8601 in UTC: a later one has a later time.

        Only the first call of a table writes.
        """
        ...

    def processes(self) -> list[str]:
        """Ids of all processes that ever had a record in the queue, sorted."""
        ...
