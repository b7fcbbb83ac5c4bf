"""The status of every upload of a stack: versions in the inbox, matched with the table's rows."""

import heapq
import json
import math
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Literal

from winnow.errors import AccessDeniedError
from winnow.recovery.retention import Retention
from winnow.recovery.state import noted_retention
from winnow.recovery.status import (
    Ages,
    ObjectVersion,
    UploadStatus,
    match,
    status_of_row,
    upload_status,
)
from winnow.recovery.upload_row import UploadRow
from winnow.steps.upload import upload_id
from winnow.storage.paths import sweep_state
from winnow_aws.inbox import S3Inbox
from winnow_aws.s3 import S3Store
from winnow_aws.table import TableRuns
from winnow_cli.target import Target
from winnow_cli.waiting import count_waiting

_PROGRESS_EVERY = 1_000
"""Versions or rows after which the progress is shown again."""


@dataclass(frozen=True)
class AuditRow:
    """One upload and its status."""

    upload_id: str
    status: UploadStatus
    key: str
    version_id: str | None
    run: str | None
    """None: no run has claimed it"""


def audit(
    target: Target,
    missed_s: float,
    now: float,
    progress: Callable[[int, int], None] = lambda _versions, _rows: None,
) -> Iterator[AuditRow]:
    """Every version in the inbox once, and every row without a version there, key by key.

    Versions so old that their row may have expired are left out, unless they have one. Only the
    data of one key is in memory; the rest is in a file. Everything is read before the first yield.
    """
    bucket = target.uploads_bucket
    if count_waiting(target):
        # A version without a row may be in the queue: it waits for its run.
        missed_s = math.inf
    ages = Ages(missed_s, retention_of(target, now))
    with closing(_Spill()) as spill:
        # The bucket first: a file dropped meanwhile may have a row, but no listed version.
        versions = rows = 0
        for version in S3Inbox(target.s3(), bucket).every():
            spill.add_version(version)
            versions += 1
            if versions % _PROGRESS_EVERY == 0:
                progress(versions, rows)
        for row in TableRuns(target.dynamodb(), target.table, target.retention_days).every():
            spill.add_row(row)
            rows += 1
            if rows % _PROGRESS_EVERY == 0:
                progress(versions, rows)
        progress(versions, rows)
        for its_versions, its_rows in spill.by_key():
            yield from audit_rows(bucket, its_versions, its_rows, ages, now)


def retention_of(target: Target, now: float) -> Retention:
    """How long the stack has kept rows, as its sweep recorded it; otherwise the shortest time.

    Without permission to read the sweep's state it is the shortest time, too.
    """
    try:
        known = noted_retention(S3Store(target.s3()), sweep_state(target.results_bucket))
    except AccessDeniedError:
        known = Retention()
    return known.seen(target.retention_days, now)


class _Spill:
    """Versions and rows in a temporary file, to be read back key by key."""

    def __init__(self) -> None:
        # SQLite's own temporary database: in memory while it is small, removed with the connection.
        self._file = sqlite3.connect("")
        self._file.execute("CREATE TABLE versions (key BLOB, json TEXT)")
        self._file.execute("CREATE TABLE rows (key BLOB, json TEXT)")

    def add_version(self, version: ObjectVersion) -> None:
        values = (version.key.encode(), json.dumps(version))
        self._file.execute("INSERT INTO versions VALUES (?, ?)", values)

    def add_row(self, row: UploadRow) -> None:
        values = (row.object_key.encode(), row.model_dump_json(exclude_defaults=True))
        self._file.execute("INSERT INTO rows VALUES (?, ?)", values)

    def by_key(self) -> Iterator[tuple[list[ObjectVersion], list[UploadRow]]]:
        """Versions and rows of each key, in the order of the keys' bytes, as in S3."""
        merged = heapq.merge(self._sorted("versions"), self._sorted("rows"), key=itemgetter(0))
        for _, group in groupby(merged, key=itemgetter(0)):
            versions: list[ObjectVersion] = []
            rows: list[UploadRow] = []
            for _, kind, text in group:
                if kind == "versions":
                    versions.append(ObjectVersion(*json.loads(text)))
                else:
                    rows.append(UploadRow.model_validate_json(text))
            yield versions, rows

    def _sorted(self, kind: Literal["versions", "rows"]) -> Iterator[tuple[bytes, str, str]]:
        stored = self._file.execute(f"SELECT key, json FROM {kind} ORDER BY key, rowid")  # noqa: S608
        return ((key, kind, text) for key, text in stored)

    def close(self) -> None:
        self._file.close()


def audit_rows(
    bucket: str,
    versions: Sequence[ObjectVersion],
    rows: Sequence[UploadRow],
    ages: Ages,
    now: float,
) -> list[AuditRow]:
    """Each version once, then the rows without a version."""
    audited: list[AuditRow] = []
    about: set[str] = set()
    for version, its_rows in match(bucket, versions, rows):
        about |= {row.upload_id for row in its_rows}
        status = upload_status(version, its_rows, ages, now)
        if status is not UploadStatus.EXPIRED:
            audited.append(_of_version(bucket, version, its_rows, status))
    for row in rows:
        if row.upload_id not in about:
            # Its version was deleted permanently, or was never listed: the row still counts.
            status = status_of_row(row, now)
            audited.append(AuditRow(row.upload_id, status, row.object_key, row.version_id, row.run))
    return audited


def _of_version(
    bucket: str, version: ObjectVersion, rows: list[UploadRow], status: UploadStatus
) -> AuditRow:
    own_id = rows[0].upload_id if rows else upload_id(bucket, version.key, version.version_id)
    run = rows[0].run if rows else None
    return AuditRow(own_id, status, version.key, version.version_id, run)


def tally(counted: Counter[UploadStatus]) -> dict[str, int]:
    """Uploads by status; includes every status that needs attention, even with 0."""
    wrong = {status.value: 0 for status in UploadStatus if status.wrong}
    return {**wrong, **{status.value: counted[status] for status in sorted(counted)}}
