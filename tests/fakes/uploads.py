"""The sweep's ports in memory: an inbox, a table, a workflow and a mailbox."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from winnow.errors import AwsRefusedError, UploadAbandonedError
from winnow.models import Mail, Upload
from winnow.ports import StartOutcome
from winnow.recovery.ports import ClaimPage, LeasePage, ListingPage
from winnow.recovery.retention import Kept, Retention
from winnow.recovery.state import Claim, Cursor, Lease
from winnow.recovery.status import ObjectVersion
from winnow.recovery.upload_row import UploadRow

BUCKET = "uploads"


def stamp(seconds: float) -> str:
    """A time in epoch seconds as the workflow writes it."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class MemoryInbox:
    """Versions in the order they are given, so many a page."""

    versions: list[ObjectVersion] = field(default_factory=list)
    page_size: int = 1000
    bucket: str = BUCKET
    listed: int = 0
    """pages"""

    def page(self, after: Cursor | None) -> ListingPage:
        self.listed += 1
        start = 0
        if after is not None:
            names = [(v.key, v.version_id) for v in self.versions]
            if (after.key, after.version_id) not in names:
                # S3 goes on behind a key that is not there, and refuses what is no version id.
                if after.version_id == "no version id":
                    raise AwsRefusedError("ListObjectVersions was refused (InvalidArgument).")
                start = sum(key <= after.key for key, _ in names)
            else:
                start = names.index((after.key, after.version_id)) + 1
        some = self.versions[start : start + self.page_size]
        if start + self.page_size >= len(self.versions):
            return ListingPage(some, None)
        return ListingPage(some, Cursor(key=some[-1].key, version_id=some[-1].version_id))


def always(days: int, until: float) -> Retention:
    """Rows were kept for so many days since ever."""
    return Retention(known=(Kept(days=days, since=0.0, until=until),))


def leases_of(
    rows: Iterable[UploadRow], before: float | None, after: Lease | None, most: int = 100
) -> LeasePage:
    """What the table's index of runs under way says."""
    held = sorted(
        (row.lease_until, row.upload_id)
        for row in rows
        if row.state == "RUNNING"
        and row.lease_until is not None
        and (before is None or row.lease_until < before)
        and (after is None or (row.lease_until, row.upload_id) > (after.until, after.upload_id))
    )
    some = [Lease(until=until, upload_id=own_id) for until, own_id in held[:most]]
    return LeasePage(some, len(held) > most)


def claims_of(
    rows: Iterable[UploadRow],
    state: str,
    span: tuple[float, float],
    after: Claim | None,
    most: int = 100,
) -> ClaimPage:
    """What the table's index of claims says."""
    first, last = map(stamp, span)
    found = sorted(
        (row for row in rows if row.state == state and first <= row.claimed_at <= last),
        key=lambda row: (row.claimed_at, row.upload_id),
    )
    if after is not None:
        found = [
            row for row in found if (row.claimed_at, row.upload_id) > (after.at, after.upload_id)
        ]
    more = len(found) > most
    some = found[:most]
    return ClaimPage(
        some, Claim(at=some[-1].claimed_at, upload_id=some[-1].upload_id) if more else None
    )


@dataclass
class MemoryRuns:
    """Rows by upload id."""

    rows: dict[str, UploadRow] = field(default_factory=dict)
    looked_up: int = 0
    """ids"""
    queries: int = 0
    """by key"""
    claims_read: int = 0

    def add(self, row: UploadRow) -> None:
        self.rows[row.upload_id] = row

    def by_id(self, upload_ids: Sequence[str]) -> list[UploadRow]:
        self.looked_up += len(upload_ids)
        return [self.rows[one] for one in upload_ids if one in self.rows]

    def by_key(self, key: str, since: float = 0.0) -> list[UploadRow]:
        self.queries += 1
        return [
            row for row in self.rows.values() if row.object_key == key and row.claimed_s >= since
        ]

    def leases(self, before: float | None, after: Lease | None, most: int = 100) -> LeasePage:
        return leases_of(self.rows.values(), before, after, most)

    def claimed(
        self, state: str, span: tuple[float, float], after: Claim | None, most: int = 100
    ) -> ClaimPage:
        page = claims_of(self.rows.values(), state, span, after, most)
        self.claims_read += len(page.rows)
        return page

    def give_up(self, upload: Upload, stuck: UploadRow | None, error: UploadAbandonedError) -> bool:
        row = self.rows.get(upload.upload_id)
        if (row is None) != (stuck is None) or row != stuck:
            return False
        ref = upload.object
        given = row or UploadRow(
            upload_id=upload.upload_id, object_key=ref.key, version_id=ref.version_id
        )
        self.rows[upload.upload_id] = given.model_copy(
            update={"state": "FAILED", "run": "sweep", "lease_until": None}
        )
        return True


@dataclass
class MemoryReviewQueue:
    """When the runs began whose records are queued, by upload id."""

    runs: dict[str, str] = field(default_factory=dict)
    asked_for: list[str] = field(default_factory=list)

    def queued(self, upload_ids: Sequence[str]) -> dict[str, str]:
        return {one: self.runs[one] for one in upload_ids if one in self.runs}

    def queue(self, upload_id: str) -> None:
        self.asked_for.append(upload_id)


@dataclass
class MemoryWorkflow:
    """Executions by name."""

    executions: dict[str, Any] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)

    def start(self, name: str, event: dict[str, Any]) -> StartOutcome:
        if name in self.executions:
            return StartOutcome.RUNNING if name in self.running else StartOutcome.ENDED
        self.executions[name] = event
        self.running.add(name)
        return StartOutcome.STARTED


@dataclass
class MemoryMailer:
    """What was mailed."""

    mails: list[Mail] = field(default_factory=list)
    attributes: list[Mapping[str, str]] = field(default_factory=list)

    def send(self, mail: Mail, attributes: Mapping[str, str] | None = None) -> None:
        self.mails.append(mail)
        self.attributes.append(attributes or {})
