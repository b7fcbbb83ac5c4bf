"""What a reviewer at a terminal has open: the record on the screen, the next one, the last ones.

Every record that is open is leased; `close` gives all of them back.
"""

import secrets
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from winnow.errors import (
    PermanentError,
    RecordErasedError,
    RecordUnknownError,
    RetryableError,
    ReviewConflictError,
    StoredDataInvalidError,
    WinnowError,
)
from winnow.reviews.items import Items, ReviewItem
from winnow.reviews.models import QueueFilter, RecordKey, ReviewHead, State, Through, Totals
from winnow.reviews.notes import Notes
from winnow.reviews.ports import ReviewStore
from winnow.reviews.service import Given, Reviews

RENEW_S = 60.0
"""Seconds after which the leases are lengthened."""
_UNREADABLE = (RecordUnknownError, RecordErasedError, StoredDataInvalidError)


class Done(NamedTuple):
    """A decision of this session, which can be undone."""

    item: ReviewItem
    """As it was shown."""
    head: ReviewHead
    """As it is afterwards."""
    note: str


class TakenBack(NamedTuple):
    """A decision that was undone."""

    head: ReviewHead
    trouble: WinnowError | None = None
    """Why its record cannot be shown; None: it is."""


class Desk:
    """The open records of one person. The next record is fetched while one is read."""

    def __init__(
        self,
        service: Reviews,
        store: ReviewStore,
        items: Items,
        notes: Notes,
        user: str,
        processes: Sequence[str],
        clock: Callable[[], float],
    ) -> None:
        """`clock` tells the time in seconds; only differences count."""
        self._service = service
        self._store = store
        self._items = items
        self._notes = notes
        self._user = user
        self._processes = processes
        self._clock = clock
        self._held: set[RecordKey] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1)
        self._next: Future[ReviewItem | None] | None = None
        self._back: list[ReviewItem] = []
        """Records that were put aside by undoing; the last one is shown next."""
        self._done: list[Done] = []
        self._keys: dict[tuple[RecordKey, int, str | None, str], str] = {}
        self._undo_keys: dict[tuple[RecordKey, int], str] = {}
        self._shown_at = 0.0
        self._closed = threading.Event()
        self.item: ReviewItem | None = None
        """The record on the screen; None: nothing is left, or see `trouble`."""
        self.trouble: WinnowError | None = None
        """Why the next record could not be fetched; None: it was, or nothing is left."""
        self.note = ""
        """The note that was typed to it."""
        self.skipped = False
        """Whether the records are shown that this person skipped before."""
        self.unreadable = 0
        """Records that could not be shown: their results have expired or are damaged."""
        self.decided = 0
        self.totals = Totals()
        """The counts of the processes together, as they were when the record was shown."""

    # -- the records -------------------------------------------------------------------------------

    def advance(self) -> None:
        """Show the next record, and fetch the one after it.

        If it cannot be fetched, no record is shown, and `trouble` says why: what was decided
        before is saved, and must not look as if it were not.
        """
        self.trouble = None
        if self._back:
            self._show(self._back.pop())
            return
        future, self._next = self._next, None
        try:
            item = future.result() if future else self._take()
            # It was fetched just as it was taken back, and is decided again.
            while item is not None and self._is_done(RecordKey(item.upload, item.record)):
                item = self._take()
        except WinnowError as error:
            self.trouble, item = error, None
        self._show(item)
        if self.item is not None:
            self._next = self._pool.submit(self._take)

    def _is_done(self, key: RecordKey) -> bool:
        return any(done.head.key == key for done in self._done)

    def _take(self) -> ReviewItem | None:
        filters = [QueueFilter(process=process) for process in self._processes]
        after = ""
        while True:
            with self._lock:
                holding = frozenset(self._held)
            heads, until = self._service.search(
                self._user, filters, 1, holding=holding, skipped=self.skipped, after=after
            )
            if not heads and until is not None and not self._closed.is_set():
                after = until.rank
                continue
            if not heads or self._closed.is_set():
                for head in heads:
                    self._service.release(self._user, head.key)
                return None
            with self._lock:
                self._held.add(heads[0].key)
            try:
                return self._items.item(heads[0], self._user)
            except _UNREADABLE:
                self.unreadable += 1
                if self._items.gone(heads[0]):
                    self._service.expire(heads[0])
            except RetryableError:
                # One that never can be read stays held: the next call goes on behind it.
                self._forget(heads[0].key)
                self._service.release(self._user, heads[0].key)
                raise

    def _show(self, item: ReviewItem | None) -> None:
        self.item = item
        self.note = (item.draft if item else None) or ""
        with suppress(WinnowError):  # Older counts are better than no record.
            self.totals = sum(map(self._store.totals_of_process, self._processes), Totals())
        self._shown_at = self._clock()

    def show_skipped(self) -> None:
        """Go on with the records that this person skipped before."""
        self.skipped = True
        self.advance()

    # -- what a person does ------------------------------------------------------------------------

    def decide(self, decision: str | None) -> Done:
        """Keep a decision; None: cannot tell. The record stays on the screen until `advance`.

        Raises ReviewConflictError if somebody else has changed the record: it is shown as it is
        now, and the note is kept. Raises RecordUnknownError if its results were deleted: it stays
        on the screen, and can be skipped. Any other error leaves everything as it is, to be tried
        again.
        """
        item = self._current()
        key = RecordKey(item.upload, item.record)
        self._items.require(item.kind, item.process.id, key)
        try:
            text = self.note
            given = Given(
                decision,
                note=self._notes.place(key, item.version, text) if text else None,
                keep_note=(lambda: self._notes.save(key, item.version, text)) if text else None,
                seconds=round(self._clock() - self._shown_at, 1),
                through=Through.TERMINAL,
                run=item.run,
                key=self._keys.setdefault(
                    (key, item.version, decision, self.note), secrets.token_hex(16)
                ),
            )
            head = self._service.decide(self._user, key, item.version, given)
        except ReviewConflictError:
            self._reload(key)
            raise
        if self.note:
            self._notes.save_draft(self._user, key, "")
        self._forget(key)
        self.decided += 1
        done = Done(item, head, self.note)
        self._done.append(done)
        return done

    def skip(self) -> None:
        """Give the record back for somebody else; one that is decided is only left."""
        item = self._current()
        key = RecordKey(item.upload, item.record)
        if item.review is None or item.review.state is State.OPEN:
            given = Given(None, through=Through.TERMINAL, run=item.run)
            try:
                self._service.skip(self._user, key, item.version, given)
            except ReviewConflictError:
                self._reload(key)
                raise
        self._forget(key)

    def undo(self) -> TakenBack | None:
        """Take the last decision of this session back, and show its record; None: there is none.

        Once it is taken back it counts, even if its record cannot be shown: the screen stays as it
        is then. Raises ReviewConflictError or NothingToUndoError if somebody has changed it since.
        After an error that may pass, the next call takes the same decision back.
        """
        if not self._done:
            return None
        if self.item is not None and self.note:
            self._save_draft()
        done = self._done[-1]
        try:
            head = self._take_back(done)
        except PermanentError:
            self._done.pop()
            raise
        self._done.pop()
        self.decided -= 1
        try:
            item = self._items.item(head, self._user)
        except WinnowError as error:
            self._leave(head, done.note)
            return TakenBack(head, error)
        with self._lock:
            self._held.add(head.key)
        if self.item is not None:
            self._back.append(self.item.model_copy(update={"draft": self.note or None}))
        self._show(item)
        self.note = done.note
        return TakenBack(head)

    def _take_back(self, done: Done) -> ReviewHead:
        key, version = done.head.key, done.head.version
        request = self._undo_keys.setdefault((key, version), secrets.token_hex(16))
        given = Given(None, through=Through.TERMINAL, key=request)
        return self._service.undo(self._user, key, version, given)

    def _leave(self, head: ReviewHead, note: str) -> None:
        """Give a record back that was decided and cannot be shown; its note is a draft again."""
        if note:
            with suppress(WinnowError):
                self._notes.save_draft(self._user, head.key, note)
        with suppress(WinnowError):
            self._service.release(self._user, head.key)

    def write(self, note: str) -> None:
        """Keep a note to the record on the screen until it is decided."""
        self.note = note
        self._save_draft()

    def _save_draft(self) -> None:
        item = self._current()
        self._notes.save_draft(self._user, RecordKey(item.upload, item.record), self.note)

    def _current(self) -> ReviewItem:
        assert self.item is not None
        return self.item

    def _reload(self, key: RecordKey) -> None:
        head = self._store.head(key)
        note = self.note
        if head is not None:
            self._show(self._items.item(head, self._user))
            self.note = note

    def _forget(self, key: RecordKey) -> None:
        with self._lock:
            self._held.discard(key)

    # -- leases ------------------------------------------------------------------------------------

    def renew(self) -> None:
        """Lengthen the leases of all open records. A failure is made up for by the next call."""
        with self._lock:
            held = list(self._held)
        for key in held:
            with suppress(WinnowError):
                self._service.renew(self._user, key)

    def keep_leases(self) -> None:
        """Have a thread renew the leases until `close`."""
        threading.Thread(target=self._renew_for_ever, daemon=True).start()

    def _renew_for_ever(self) -> None:
        while not self._closed.wait(RENEW_S):
            self.renew()

    def close(self) -> None:
        """Give every open record back."""
        self._closed.set()
        self._pool.shutdown(cancel_futures=True)
        with self._lock:
            held, self._held = self._held, set()
        for key in held:
            with suppress(WinnowError):
                self._service.release(self._user, key)
