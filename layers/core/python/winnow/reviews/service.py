"""What a reviewer can do: take records from the queue, decide them, undo and skip.

A record that somebody has open is leased to them and not given to others. A change names the
version of the record that the person saw, and the run that had judged it; if another change or a
later run came first, nothing is written.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from heapq import merge
from itertools import islice
from typing import NamedTuple

from winnow.errors import (
    IdempotencyKeyReusedError,
    NothingToUndoError,
    RecordErasedError,
    RecordJudgedAgainError,
    RecordUnknownError,
    ReviewConflictError,
)
from winnow.models import ObjectRef
from winnow.reviews.models import (
    HISTORY,
    LEASE_S,
    Answer,
    EventKind,
    QueueFilter,
    RecordKey,
    ReviewEvent,
    ReviewHead,
    State,
    Through,
)
from winnow.reviews.ports import Change, Place, ReviewStore
from winnow.reviews.tally import change, queued
from winnow.storage.times import iso

PAGE = 100
FILTERED_PAGE = 1_000
"""Records that are looked at for a page where a filter leaves few; DynamoDB reads one megabyte."""
MAX_PAGES = 20
"""Pages of the queue that one call reads, so that it ends: a rare reason may be far behind."""
MAX_REACH = 64
"""Free records from which a person is given one while others take records at the same moment."""
_WIDER = 4
"""By how much more records that are, each time somebody else was faster."""
NOBODY = "winnow"
"""Who closes a record whose results have expired."""
MAX_SKIPPED_BY = 50
"""Users of whom a record remembers that they skipped it; the oldest are forgotten."""


class Given(NamedTuple):
    """A person's decision as it comes in."""

    decision: str | None
    """None: the person cannot tell."""
    note: ObjectRef | None = None
    """Where the person's note is, or will be: see `keep_note`."""
    seconds: float | None = None
    through: Through = Through.API
    key: str | None = None
    """Idempotency key: the same one twice is written once."""
    keep_note: Callable[[], object] | None = None
    """Saves the note, the same one again if need be. Called when the decision is kept, so that no
    note of a refused one is ever stored. If the call breaks off before it, the same request again
    makes up for it."""
    run: str | None = None
    """The run that had judged what the person was shown; None: the caller knows that there was no
    other."""


def pages_each(queues: int) -> int:
    """Pages that one call reads of each of so many queues.

    >>> pages_each(1), pages_each(3), pages_each(100)
    (20, 6, 1)
    """
    return max(1, MAX_PAGES // max(1, queues))


class Taken(NamedTuple):
    """What a search of the queue has found."""

    heads: list[ReviewHead]
    until: Place | None
    """The last record that was looked at, if fewer were found than asked for and there are more
    behind it. None: there are none."""


class _Queue:
    """The first pages of a queue behind a rank."""

    def __init__(self, store: ReviewStore, wanted: QueueFilter, pages: int, after: str) -> None:
        self._store = store
        self._wanted = wanted
        self._pages = pages
        self._after = after
        self.until: Place | None = None
        """The last record that was looked at, if the queue has more."""

    def __iter__(self) -> Iterator[ReviewHead]:
        cursor = None
        size = FILTERED_PAGE if self._wanted.restricts else PAGE
        for _ in range(self._pages):
            page = self._store.open_heads(self._wanted, cursor, size, after=self._after)
            cursor = page.cursor
            self.until = page.last if cursor is not None else None
            yield from page.heads
            if cursor is None:
                return


class Reviews:
    """The reviews of one stack."""

    def __init__(self, store: ReviewStore, clock: Callable[[], float]) -> None:
        """`clock` tells the time in epoch seconds."""
        self._store = store
        self._clock = clock

    def take(
        self,
        user: str,
        filters: Sequence[QueueFilter],
        count: int,
        *,
        holding: Collection[RecordKey] = (),
        skipped: bool = False,
    ) -> list[ReviewHead]:
        """As `search`, from the beginning of the queue and without going on."""
        return self.search(user, filters, count, holding=holding, skipped=skipped).heads

    def search(
        self,
        user: str,
        filters: Sequence[QueueFilter],
        count: int,
        *,
        holding: Collection[RecordKey] = (),
        skipped: bool = False,
        after: str = "",
    ) -> Taken:
        """Lease the next records to a person: of the processes of `filters`, by rank.

        `holding` are records that the person has already. Records that the person skipped are left
        out, or with `skipped` they alone are meant. Of a long queue, only a part is looked at
        (`MAX_PAGES`), behind the rank `after`; the answer says where to go on.

        If somebody else is faster, the person gets one of the next 4 free records, then one of the
        next 16, at most of `MAX_REACH`: most people another one. Otherwise twenty people who begin
        together would all ask for the first record, then all for the second.
        """
        now = self._clock()
        taken: list[ReviewHead] = []
        pages = pages_each(len(filters))
        queues = [_Queue(self._store, wanted, pages, after) for wanted in filters]
        free = (
            head
            for head in merge(*queues, key=lambda head: head.rank)
            if head.key not in holding
            and not head.leased_to_other(user, now)
            and (user in head.skipped_by) is skipped
        )
        near: list[ReviewHead] = []
        reach = 1
        while len(taken) < count:
            near += islice(free, reach - len(near))
            if not near:
                break
            head = near.pop(_choice(user, near))
            leased = self._store.lease(head.key, user, now + LEASE_S, now)
            if leased is None:
                reach = min(_WIDER * reach, MAX_REACH)
            # The queue may lag behind: the person may have skipped the record a moment ago.
            elif (user in leased.skipped_by) is skipped:
                taken.append(leased)
            else:
                self._store.release(head.key, user)
        # Behind the place that another queue was read to, its records may come first.
        more = (queue.until for queue in queues if queue.until is not None)
        until = None if len(taken) >= count else min(more, default=None)
        return Taken(sorted(taken, key=lambda head: head.rank), until)

    def renew(self, user: str, key: RecordKey) -> float | None:
        """Lengthen one's own lease, also one that has ended and nobody else has taken since.

        Returns its end in epoch seconds; None: the person has no lease of this record (any more).
        """
        now = self._clock()
        there = self._store.head(key)
        if there is None or there.lease_by != user:
            return None
        head = self._store.lease(key, user, now + LEASE_S, now)
        return None if head is None else head.lease_until

    def release(self, user: str, key: RecordKey) -> None:
        """Give a record back without a decision, for anybody."""
        self._store.release(key, user)

    def decide(
        self,
        user: str,
        key: RecordKey,
        version: int,
        given: Given,
        absent: Callable[[], ReviewHead] | None = None,
    ) -> ReviewHead:
        """Keep a person's decision, the first one or another one than before.

        `absent` makes the head of a record that was never queued. Returns the head as it is now.
        Raises RecordUnknownError, RecordErasedError, and ReviewConflictError if the record has
        another version or was judged by another run.
        """
        asked = _asked(EventKind.DECIDED, version, given)
        head = self._store.head(key)
        expected: int | None = version
        if head is None:
            if absent is None:
                raise _unknown(key)
            head, expected = absent(), None
        elif _repeated(head, user, asked, given):
            _keep_note(given)
            return head
        if head.state is State.ERASED:
            raise _erased(key)
        if head.state is State.EXPIRED:
            raise RecordUnknownError(f"The results of record {key.record} have expired.")
        check_run(head, given.run)
        if head.version != version:
            raise ReviewConflictError(_CHANGED)
        answer = Answer(
            decision=given.decision, by=user, at=self._now(), note=given.note, blind=head.hidden
        )
        decided = self._write(head, expected, EventKind.DECIDED, user, answer, given, asked)
        _keep_note(given)
        return decided

    def undo(self, user: str, key: RecordKey, version: int, given: Given) -> ReviewHead:
        """Take one's own last decision back: the answer before it holds again.

        The record is leased to the person again. Raises NothingToUndoError if the last event is not
        a decision of this person, and as `decide` does.
        """
        head = self._existing(key)
        asked = _asked(EventKind.UNDONE, version, given)
        if _repeated(head, user, asked, given):
            return head
        check_run(head, given.run)
        if head.version != version:
            raise ReviewConflictError(_CHANGED)
        last = self._store.event(key, version)
        if last is None or last.kind is not EventKind.DECIDED or last.by != user:
            raise NothingToUndoError("The last change of this record is not a decision of yours.")
        return self._write(head, version, EventKind.UNDONE, user, last.before, given, asked)

    def skip(self, user: str, key: RecordKey, version: int, given: Given) -> ReviewHead:
        """Give a record back for somebody else; this person is not shown it again."""
        head = self._existing(key)
        asked = _asked(EventKind.SKIPPED, version, given)
        if _repeated(head, user, asked, given):
            return head
        check_run(head, given.run)
        if head.version != version or head.state is not State.OPEN:
            raise ReviewConflictError(_CHANGED)
        if head.leased_to_other(user, self._clock()):
            raise ReviewConflictError("Somebody else has this record open.")
        return self._write(head, version, EventKind.SKIPPED, user, head.answer, given, asked)

    def erase(
        self, user: str, key: RecordKey, absent: ReviewHead | None = None
    ) -> ReviewHead | None:
        """Mark a record as erased. Repeating it changes nothing.

        The caller erases its text. A record that was in the queue is no longer counted as
        queued. `absent` is the head of a record that was never queued; without it such a record
        is not marked, and None is returned.
        """
        there = self._store.head(key)
        head = there or absent
        if head is None or head.state is State.ERASED:
            return head
        return self._write(
            head,
            None if there is None else there.version,
            EventKind.ERASED,
            user,
            head.answer,
            Given(None),
            None,
        )

    def expire(self, head: ReviewHead) -> None:
        """Close a record of which the caller has found that its line is gone for good.

        It leaves the queue and is no longer counted as queued. Nothing is written if anything has
        happened to it since `head` was read, or if a later run has queued it meanwhile.
        """
        there = self._store.head(head.key)
        if there is None or there.state is not State.OPEN:
            return
        if (there.version, there.line) != (head.version, head.line):
            return
        with suppress(ReviewConflictError):
            self._write(there, there.version, EventKind.EXPIRED, NOBODY, None, Given(None), None)

    def requeue(self, new: ReviewHead) -> bool:
        """Open a record again that has expired, as a later run has judged it.

        Returns whether it was opened: it is not if it has not expired, or if the run that judged it
        is not earlier than the one of `new`.
        """
        there = self._store.head(new.key)
        if there is None or there.state is not State.EXPIRED:
            return False
        if there.run_started >= new.run_started:
            return False
        head = new.model_copy(update={name: getattr(there, name) for name in HISTORY})
        version = there.version + 1
        nobody = {"last_key": None, "last_by": NOBODY, "last_asked": None}
        head = head.model_copy(update={"version": version, **nobody})
        event = ReviewEvent(
            upload=head.upload,
            record=head.record,
            number=head.version,
            kind=EventKind.QUEUED,
            at=self._now(),
            by=NOBODY,
            machine=head.decision,
        )
        # Its event has taken it out of the counts as what it was then.
        totals = queued(there)
        try:
            self._store.write(Change(head, there.version, event, totals, there.run_started))
        except ReviewConflictError:
            return False
        return True

    def _existing(self, key: RecordKey) -> ReviewHead:
        head = self._store.head(key)
        if head is None:
            raise _unknown(key)
        if head.state is State.ERASED:
            raise _erased(key)
        return head

    def _write(
        self,
        head: ReviewHead,
        expected: int | None,
        kind: EventKind,
        user: str,
        answer: Answer | None,
        given: Given,
        asked: str | None,
    ) -> ReviewHead:
        if kind is EventKind.DECIDED and answer is not None:
            answer = answer.model_copy(update={"blind": head.hidden})
        changed = self._after(head, kind, user, answer).model_copy(
            update={"last_key": given.key, "last_by": user, "last_asked": asked}
        )
        event = ReviewEvent(
            upload=head.upload,
            record=head.record,
            number=changed.version,
            kind=kind,
            at=self._now(),
            by=user,
            before=head.answer,
            after=answer,
            machine=head.decision,
            blind=kind is EventKind.DECIDED and head.hidden,
            seconds=given.seconds,
            through=given.through,
            key=given.key,
        )
        totals = change(head, changed)
        if kind in (EventKind.ERASED, EventKind.EXPIRED) and head.queued:
            totals -= queued(head)
        run = None if expected is None else head.run_started
        try:
            self._store.write(Change(changed, expected, event, totals, run))
        except ReviewConflictError:
            there = self._store.head(head.key)
            if there is None:
                raise
            if _repeated(there, user, asked, given):
                return there
            if there.run_started != head.run_started:
                raise _judged_again() from None
            if expected is not None or (there.state, there.version) != (State.OPEN, 0):
                raise
            # As if its run had queued it just before the person's request came.
            return self._write(there, there.version, kind, user, answer, given, asked)
        return changed

    def _after(
        self,
        head: ReviewHead,
        kind: EventKind,
        user: str,
        answer: Answer | None,
    ) -> ReviewHead:
        update: dict[str, object] = {
            "version": head.version + 1,
            "answer": answer,
            "lease_by": None,
            "lease_until": None,
        }
        match kind:
            case EventKind.ERASED:
                update["state"] = State.ERASED
            case EventKind.EXPIRED:
                update["state"] = State.EXPIRED
            case EventKind.SKIPPED:
                others = [other for other in head.skipped_by if other != user]
                update["skipped_by"] = (*others, user)[-MAX_SKIPPED_BY:]
            case EventKind.DECIDED | EventKind.UNDONE:
                update["state"] = State.OPEN if answer is None else State.DECIDED
        if kind is EventKind.DECIDED and answer is not None:
            # The person is told the machine's decision now: the next answers are not blind.
            update["revealed"] = True
            if answer.blind and not answer.cannot_tell and head.machine_decided:
                update["blind_agreed"] = answer.decision == head.decision
        if kind is EventKind.UNDONE and answer is None:
            update |= {"lease_by": user, "lease_until": self._clock() + LEASE_S}
        return head.model_copy(update=update)

    def _now(self) -> str:
        return iso(self._clock())


def _choice(user: str, heads: Sequence[ReviewHead]) -> int:
    """Position of the head that a person is given: of several, most people have another one."""

    def drawn(place: int) -> bytes:
        key = heads[place].key
        return hashlib.sha256(f"{user}\n{key.upload}\n{key.record}".encode()).digest()

    return min(range(len(heads)), key=drawn)


_CHANGED = "Somebody else has changed this record meanwhile."


def check_run(head: ReviewHead, shown: str | None) -> None:
    """Raise RecordJudgedAgainError if what a person was shown is another run's; None: not told."""
    if shown is not None and shown != head.run_started:
        raise _judged_again()


def _judged_again() -> RecordJudgedAgainError:
    return RecordJudgedAgainError("A later run has judged this record again since it was shown.")


def _keep_note(given: Given) -> None:
    if given.keep_note is not None:
        given.keep_note()


def _asked(kind: EventKind, version: int, given: Given) -> str | None:
    """A digest of what a request with a key asks for; None: it has no key."""
    if given.key is None:
        return None
    note = None if given.note is None else given.note.key
    asked = json.dumps([kind, version, given.decision, note])
    return hashlib.sha256(asked.encode()).hexdigest()[:32]


def _repeated(head: ReviewHead, user: str, asked: str | None, given: Given) -> bool:
    """Whether the last event is this very request. Raises IdempotencyKeyReusedError."""
    if given.key is None or (given.key, user) != (head.last_key, head.last_by):
        return False
    if head.last_asked != asked:
        raise IdempotencyKeyReusedError("Another request was sent with this Idempotency-Key.")
    return True


def _unknown(key: RecordKey) -> RecordUnknownError:
    return RecordUnknownError(f"The upload {key.upload} has no record {key.record} in review.")


def _erased(key: RecordKey) -> RecordErasedError:
    return RecordErasedError(f"Record {key.record} of the upload {key.upload} was erased.")
