"""The status of every upload of a stack: versions in the inbox, held against the table's rows."""

import heapq
import json
import math
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from itertools import groupby
from operator import itemgetter
from typing import Literal

from winnow.errors import AccessDeniedError
from winnow.recovery.retention import Retention
from winnow.recovery.status import Ages, Claim, ObjectVersion, UploadStatus, match, upload_status
from winnow.recovery.sweep import retention
from winnow.steps.upload import upload_id
from winnow.storage.paths import sweep_state
from winnow_aws.s3 import S3Store
from winnow_aws.sweep import S3Inbox, TableRuns
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
    """Every version in the inbox once, and every row that is about none of them, key by key.

    Versions so old that their row may have expired are left out, unless it is there still. Nothing
    is held in memory but one key's: the rest lies in a file. All is read before the first is told.
    """
    bucket = target.uploads_bucket
    if count_waiting(target):
        # A version without a row may be in the queue: it waits for its run.
        missed_s = math.inf
    ages = Ages(missed_s, retention_of(target, now))
    with closing(_Spill()) as spill:
        # The bucket first: what is dropped meanwhile has its row later, never the other way round.
        versions = rows = 0
        for version in S3Inbox(target.s3(), bucket).every():
            spill.add_version(version)
            versions += 1
            if versions % _PROGRESS_EVERY == 0:
                progress(versions, rows)
        for claim in TableRuns(target.dynamodb(), target.table, target.retention_days).every():
            spill.add_claim(claim)
            rows += 1
            if rows % _PROGRESS_EVERY == 0:
                progress(versions, rows)
        progress(versions, rows)
        for its_versions, its_claims in spill.by_key():
            yield from audit_rows(bucket, its_versions, its_claims, ages, now)


def retention_of(target: Target, now: float) -> Retention:
    """How long the stack has kept rows, as its sweep has noted it; for what it has not, the least.

    Whoever may not read the sweep's notes gets the least, too.
    """
    try:
        known = retention(S3Store(target.s3()), sweep_state(target.results_bucket))
    except AccessDeniedError:
        known = Retention()
    return known.seen(target.retention_days, now)


class _Spill:
    """Versions and rows in a file that nobody else sees, to be told by key."""

    def __init__(self) -> None:
        # SQLite's own temporary database: in memory while it is small, removed with the connection.
        self._file = sqlite3.connect("")
        self._file.execute("CREATE TABLE versions (key BLOB, one TEXT)")
        self._file.execute("CREATE TABLE claims (key BLOB, one TEXT)")

    def add_version(self, version: ObjectVersion) -> None:
        row = (version.key.encode(), json.dumps(version))
        self._file.execute("INSERT INTO versions VALUES (?, ?)", row)

    def add_claim(self, claim: Claim) -> None:
        row = (claim.key.encode(), json.dumps(astuple(claim)))
        self._file.execute("INSERT INTO claims VALUES (?, ?)", row)

    def by_key(self) -> Iterator[tuple[list[ObjectVersion], list[Claim]]]:
        """What there is of each key, in the order of the keys' bytes, which is S3's."""
        merged = heapq.merge(self._sorted("versions"), self._sorted("claims"), key=itemgetter(0))
        for _, group in groupby(merged, key=itemgetter(0)):
            versions: list[ObjectVersion] = []
            claims: list[Claim] = []
            for _, kind, one in group:
                if kind == "versions":
                    versions.append(ObjectVersion(*json.loads(one)))
                else:
                    claims.append(Claim(*json.loads(one)))
            yield versions, claims

    def _sorted(self, kind: Literal["versions", "claims"]) -> Iterator[tuple[bytes, str, str]]:
        found = self._file.execute(f"SELECT key, one FROM {kind} ORDER BY key, rowid")  # noqa: S608
        return ((key, kind, one) for key, one in found)

    def close(self) -> None:
        self._file.close()


def audit_rows(
    bucket: str,
    versions: Sequence[ObjectVersion],
    claims: Sequence[Claim],
    ages: Ages,
    now: float,
) -> list[AuditRow]:
    """Each version once, then the rows that are about none of them."""
    audited: list[AuditRow] = []
    about: set[str] = set()
    for version, its_claims in match(bucket, versions, claims):
        about |= {claim.upload_id for claim in its_claims}
        status = upload_status(version, its_claims, ages, now)
        if status is not UploadStatus.EXPIRED:
            audited.append(_audit_row(bucket, version, its_claims, status))
    for claim in claims:
        if claim.upload_id not in about:
            # Its object version was deleted for good, or was never listed: the row still counts.
            status = UploadStatus.STUCK if claim.expired(now) else UploadStatus(claim.state)
            row = AuditRow(claim.upload_id, status, claim.key, claim.version_id, claim.run)
            audited.append(row)
    return audited


def _audit_row(
    bucket: str, version: ObjectVersion, claims: list[Claim], status: UploadStatus
) -> AuditRow:
    own_id = claims[0].upload_id if claims else upload_id(bucket, version.key, version.version_id)
    run = claims[0].run if claims else None
    return AuditRow(own_id, status, version.key, version.version_id, run)


def tally(counted: Counter[UploadStatus]) -> dict[str, int]:
    """Uploads by status; every status that somebody has to act on is there, if only as 0."""
    wrong = {status.value: 0 for status in UploadStatus if status.wrong}
    return {**wrong, **{status.value: counted[status] for status in sorted(counted)}}
