"""Lost events: a walk over the inbox, where every version must have a row.

The walk goes as far as a call's time allows, and the next call continues there. Rows are looked up
only for versions that the previous walk cannot have seen, and once a week for all.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from winnow.errors import AwsRefusedError, RetryableError, StoredDataInvalidError, WinnowError
from winnow.recovery.call import SweepCall
from winnow.recovery.ports import Inbox, ListingPage, Runs
from winnow.recovery.report import SweepOptions
from winnow.recovery.restarter import Restarter
from winnow.recovery.state import Cursor, SweepState, Walk
from winnow.recovery.status import Ages, ObjectVersion, UploadStatus, match, upload_status
from winnow.recovery.upload_row import UploadRow
from winnow.steps.upload import upload_id

LATE_S = 3 * 86_400.0
"""How much older than its appearance a version may say it is: S3 dates one that was uploaded in
parts by the first of them, and a bucket's rule ends such an upload after a day or two."""
WEEK_S = 7 * 86_400.0
_PAGES_A_SAVE = 10
_MAX_SILENT = 3
"""After so many pages, or keys of one, without an answer from the table it is asked no further."""


class InboxWalk:
    """The walk of one call, on its ports."""

    def __init__(
        self,
        inbox: Inbox,
        runs: Runs,
        restarter: Restarter,
        options: SweepOptions,
        call: SweepCall,
    ) -> None:
        self._inbox = inbox
        self._runs = runs
        self._restarter = restarter
        self._options = options
        self._call = call

    def __call__(self, state: SweepState, save: Callable[[SweepState], None]) -> SweepState:
        """Continue the walk, to the end of the inbox or of the call.

        A continued walk is followed by a whole one: if a call can walk over the whole inbox, every
        call sees all of it, whatever state the previous one saved.
        """
        again = state.walk is not None
        walk = state.walk or self._begin(state)
        silent = 0
        for number in range(1, self._options.pages + 1):
            try:
                page = self._inbox.page(walk.after)
            except AwsRefusedError:
                # S3 rejects the saved cursor: start over rather than fail on every call.
                if number > 1 or walk.after is None:
                    raise
                walk, again = self._begin(state), False
                page = self._inbox.page(None)
            looked_up_before = self._call.looked_up
            walk, whole, answered = self._visit(page, walk)
            silent = 0 if answered else silent + 1
            if whole and page.after is None:
                state, self._call.complete = _ended(state, walk), True
                if not again or self._call.over:
                    return state
                walk, again = self._begin(state), False
                continue
            state = state.model_copy(update={"walk": walk})
            if self._call.over or not whole or silent >= _MAX_SILENT:
                break
            if self._call.looked_up > looked_up_before or number % _PAGES_A_SAVE == 0:
                save(state)
        return state.model_copy(update={"walk": walk if walk.after else None})

    def _begin(self, state: SweepState) -> Walk:
        now = self._call.now
        every = state.all_at is None or now - state.all_at >= WEEK_S
        since = None
        if not every and state.looked_until is not None:
            since = state.looked_until - self._options.missed_s - LATE_S
        return Walk(began=now, since=since)

    def _visit(self, page: ListingPage, walk: Walk) -> "_Visit":
        """Look at the versions of a page, and start what was lost."""
        call = self._call
        versions = self._to_look_at(page, walk)
        due = {
            self._id_of(version): version
            for version in versions
            if call.now - version.modified >= self._options.missed_s
        }
        call.looked_up += len(due)
        progress = _Progress(walk)
        try:
            rows = {row.upload_id: row for row in self._runs.by_id(list(due))}
        except WinnowError as error:
            call.fail(None, error)
            for version in due.values():
                progress.leave_open(version)
                progress.see(call.now - version.modified)
            return _Visit(progress.behind(page.after), whole=True, answered=False)
        ages = Ages(self._options.missed_s, call.retention)
        lookup = _KeyLookup(self._runs)
        for key, group in groupby(versions, key=attrgetter("key")):
            same_key = list(group)
            ids = [self._id_of(version) for version in same_key]
            of_key = {own_id: rows[own_id] for own_id in ids if own_id in rows}
            lost = [due[own_id] for own_id in ids if own_id in due and own_id not in of_key]
            unknown = lookup.add(of_key, key, lost)
            for version, its_rows in match(self._inbox.bucket, same_key, of_key.values()):
                status = upload_status(version, its_rows, ages, call.now)
                call.duplicates += status is UploadStatus.DUPLICATE
                if not status.ended and status is not UploadStatus.DUPLICATE:
                    call.unfinished += 1
                    if status is not UploadStatus.RUNNING:
                        progress.see(call.now - version.modified)
                    if status is UploadStatus.MISSING:
                        progress.leave_open(version)
                    self._restart(version, its_rows, status, unknown)
                elif not lost:
                    continue
                if call.over:
                    last = version is versions[-1]
                    here = Cursor(key=key, version_id=version.version_id)
                    return _Visit(
                        progress.behind(page.after if last else here), whole=last, answered=True
                    )
        return _Visit(progress.behind(page.after), whole=True, answered=True)

    def _to_look_at(self, page: ListingPage, walk: Walk) -> list[ObjectVersion]:
        uploads = [version for version in page.versions if not version.is_folder]
        self._call.versions += len(uploads)
        return [
            version
            for version in uploads
            if (walk.since is None or version.modified >= walk.since)
            and not self._call.retention.forgotten(version.modified, self._call.now)
        ]

    def _restart(
        self,
        version: ObjectVersion,
        rows: Sequence[UploadRow],
        status: UploadStatus,
        unknown: WinnowError | None,
    ) -> None:
        """Do what is to be done about an unfinished version.

        `unknown`: the error that kept the table from saying whether the version has a row.
        """
        call, own_id = self._call, self._id_of(version)
        if status is UploadStatus.MISSING:
            if unknown is not None:
                call.fail(own_id, unknown)
            else:
                call.attempt(own_id, partial(self._restarter.restart_lost, version))
        elif status is UploadStatus.STUCK and rows[0].upload_id not in call.tried:
            call.attempt(own_id, partial(self._restarter.restart_dead, rows[0]))
        elif status is UploadStatus.DAMAGED:
            call.fail(own_id, StoredDataInvalidError("The upload's row cannot be read."))

    def _id_of(self, version: ObjectVersion) -> str:
        return upload_id(self._inbox.bucket, version.key, version.version_id)


def _ended(state: SweepState, walk: Walk) -> SweepState:
    """The state after a walk that came to the inbox's end."""
    looked_until = walk.began if walk.open_since is None else min(walk.began, walk.open_since)
    return state.model_copy(
        update={
            "walk": None,
            "before_s": walk.oldest_s,
            "looked_until": looked_until,
            "all_at": walk.began if walk.since is None else state.all_at,
        }
    )


class _Visit(NamedTuple):
    """What came of a page."""

    walk: Walk
    """behind what was looked at"""
    whole: bool
    """the whole page was looked at"""
    answered: bool
    """the table answered"""


class _Progress:
    """A walk while it goes over a page."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._oldest_s = walk.oldest_s
        self._open_since = walk.open_since

    def see(self, age_s: float) -> None:
        """An unfinished version of this age."""
        self._oldest_s = max(self._oldest_s, age_s)

    def leave_open(self, version: ObjectVersion) -> None:
        """A version that is left without a row: the next walk looks it up again."""
        written = version.modified
        self._open_since = written if self._open_since is None else min(self._open_since, written)

    def behind(self, after: Cursor | None) -> Walk:
        """The walk as it is behind this place."""
        return self._walk.model_copy(
            update={
                "after": after,
                "oldest_s": self._oldest_s,
                "open_since": self._open_since,
            }
        )


class _KeyLookup:
    """Looks for rows by their object's key: those without a version id (winnow.recovery.status)."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._silent = 0

    def add(
        self, rows: dict[str, UploadRow], key: str, lost: Sequence[ObjectVersion]
    ) -> WinnowError | None:
        """Add the rows of a key to `rows`, where versions of it are lost.

        Returns the error that kept the table from answering.
        """
        if not lost:
            return None
        try:
            if self._silent >= _MAX_SILENT:
                raise RetryableError("The table was asked no further.")
            of_key = self._runs.by_key(key, min(version.modified for version in lost))
        except WinnowError as error:
            self._silent += 1
            return error
        rows.update({row.upload_id: row for row in of_key})
        self._silent = 0
        return None
