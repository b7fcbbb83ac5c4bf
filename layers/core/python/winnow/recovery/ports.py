"""The ports of the sweep: the inbox, the table and the queue of reviews."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from winnow.errors import UploadAbandonedError
from winnow.models import Upload
from winnow.recovery.state import Claim, Cursor, Lease
from winnow.recovery.status import ObjectVersion
from winnow.recovery.upload_row import UploadRow


class ListingPage(NamedTuple):
    """Some versions of the inbox, in S3's order, and where the next page begins."""

    versions: Sequence[ObjectVersion]
    after: Cursor | None
    """None: this was the last page."""


class LeasePage(NamedTuple):
    """Some rows of the index of running runs, by the end of their lease."""

    rows: Sequence[Lease]
    more: bool


class ClaimPage(NamedTuple):
    """Some rows of one state, in the order of their claims, and where the next page begins."""

    rows: Sequence[UploadRow]
    after: Claim | None
    """None: this was the last page."""


class Inbox(Protocol):
    """The inbox of the uploads bucket."""

    @property
    def bucket(self) -> str: ...

    def page(self, after: Cursor | None) -> ListingPage:
        """The versions after a cursor, or the first ones."""
        ...


class Runs(Protocol):
    """The table of runs."""

    def by_id(self, upload_ids: Sequence[str]) -> list[UploadRow]:
        """The existing rows of these uploads, with a consistent read."""
        ...

    def by_key(self, key: str, since: float) -> list[UploadRow]:
        """Every row of an object key that was claimed since then."""
        ...

    def leases(self, before: float | None, after: Lease | None) -> LeasePage:
        """Rows of running runs whose lease ends before then, from an index."""
        ...

    def claimed(self, state: str, span: tuple[float, float], after: Claim | None) -> ClaimPage:
        """Rows of a state that were claimed from a time to another, from an index."""
        ...

    def give_up(self, upload: Upload, stuck: UploadRow | None, error: UploadAbandonedError) -> bool:
        """Record the upload as FAILED; False if a run has claimed or ended it meanwhile.

        `stuck` is its row, or None.
        """
        ...


class ReviewQueue(Protocol):
    """The queue of records that people decide."""

    def queued(self, upload_ids: Sequence[str]) -> Mapping[str, str]:
        """Which of these uploads have been queued, and when the run began that was."""
        ...

    def queue(self, upload_id: str) -> None:
        """Have the records of the upload's run queued; does not wait for it."""
        ...
