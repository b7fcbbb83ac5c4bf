"""The ports of the sweep: the inbox and the table."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from winnow.errors import UploadAbandonedError
from winnow.models import Upload
from winnow.recovery.state import Cursor, Lease
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

    def give_up(self, upload: Upload, stuck: UploadRow | None, error: UploadAbandonedError) -> bool:
        """Record the upload as FAILED; False if a run has claimed or ended it meanwhile.

        `stuck` is its row, or None.
        """
        ...
