"""The sweep's ports in memory: an inbox, a table, a workflow and a mailbox."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from winnow.errors import UploadAbandonedError
from winnow.models import Mail, Upload
from winnow.standing import Claim, ObjectVersion
from winnow.sweep import Cursor, Page, Start

BUCKET = "uploads"


@dataclass
class MemoryInbox:
    """Versions in the order they are given, so many a page."""

    versions: list[ObjectVersion] = field(default_factory=list)
    page_size: int = 1000
    bucket: str = BUCKET

    def page(self, after: Cursor | None) -> Page:
        start = 0
        if after is not None:
            names = [(v.key, v.version_id) for v in self.versions]
            start = names.index((after.key, after.version_id)) + 1
        some = self.versions[start : start + self.page_size]
        if start + self.page_size >= len(self.versions):
            return Page(some, None)
        return Page(some, Cursor(key=some[-1].key, version_id=some[-1].version_id))


@dataclass
class MemoryRuns:
    """Rows by upload id."""

    rows: dict[str, Claim] = field(default_factory=dict)

    def add(self, claim: Claim) -> None:
        self.rows[claim.upload_id] = claim

    def by_id(self, upload_ids: Sequence[str]) -> list[Claim]:
        return [self.rows[one] for one in upload_ids if one in self.rows]

    def by_key(self, key: str) -> list[Claim]:
        return [row for row in self.rows.values() if row.key == key]

    def give_up(self, upload: Upload, stuck: Claim | None, error: UploadAbandonedError) -> bool:
        row = self.rows.get(upload.upload_id)
        if (row is None) != (stuck is None) or row != stuck:
            return False
        ref = upload.object
        given = row or Claim(upload.upload_id, ref.key, "FAILED", "", 0.0, ref.version_id)
        self.rows[upload.upload_id] = replace(given, state="FAILED", run="sweep", lease_until=None)
        return True


@dataclass
class MemoryWorkflow:
    """Executions by name."""

    executions: dict[str, Any] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)

    def start(self, name: str, event: dict[str, Any]) -> Start:
        if name in self.executions:
            return Start.RUNNING if name in self.running else Start.ENDED
        self.executions[name] = event
        self.running.add(name)
        return Start.STARTED


@dataclass
class MemoryMailer:
    """What was mailed."""

    mails: list[Mail] = field(default_factory=list)

    def send(self, mail: Mail) -> None:
        self.mails.append(mail)
