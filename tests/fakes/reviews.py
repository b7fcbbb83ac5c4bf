"""A table of reviews in memory, under the same contract as DynamoDB's."""

import threading
from collections.abc import Iterator, Sequence

from winnow.errors import ReviewConflictError
from winnow.reviews.models import (
    HISTORY,
    Kind,
    QueueFilter,
    RecordKey,
    ReviewEvent,
    ReviewHead,
    State,
    Totals,
)
from winnow.reviews.ports import Change, HeadPage, Place
from winnow.reviews.tally import outdated


class MemoryReviews:
    """Heads, events and totals; safe to share between threads."""

    since = "2026-01-01T00:00:00.000Z"
    """When the table began."""

    def __init__(self) -> None:
        self._heads: dict[RecordKey, ReviewHead] = {}
        self._events: dict[RecordKey, list[ReviewEvent]] = {}
        self._uploads: dict[str, Totals] = {}
        self._processes: dict[str, Totals] = {}
        self._named: set[str] = set()
        self._queued: dict[str, tuple[str, Totals]] = {}
        self._lock = threading.RLock()
        self.pages = 0
        """Of queues that were read."""

    def head(self, key: RecordKey) -> ReviewHead | None:
        return self._heads.get(key)

    def heads(self, upload: str) -> Iterator[ReviewHead]:
        yield from sorted(
            (head for head in self._heads.values() if head.upload == upload),
            key=lambda head: head.record,
        )

    def events(self, key: RecordKey) -> list[ReviewEvent]:
        return list(self._events.get(key, []))

    def event(self, key: RecordKey, number: int) -> ReviewEvent | None:
        return next((event for event in self.events(key) if event.number == number), None)

    def write(self, change: Change) -> None:
        with self._lock:
            head = change.head
            there = self._heads.get(head.key)
            other_run = there is not None and change.run not in (None, there.run_started)
            if (None if there is None else there.version) != change.expected or other_run:
                if self._written(change.event):
                    return
                raise ReviewConflictError("The head has another version.")
            self._heads[head.key] = head
            self._events.setdefault(head.key, []).append(change.event)
            self._named.add(head.process.id)
            self._count(head.upload, head.process.id, change.totals)

    def _written(self, event: ReviewEvent) -> bool:
        return self.event(RecordKey(event.upload, event.record), event.number) == event

    def _count(self, upload: str, process: str, totals: Totals) -> None:
        if totals == Totals():
            return
        self._uploads[upload] = self._uploads.get(upload, Totals()) + totals
        self._processes[process] = self._processes.get(process, Totals()) + totals

    def lease(self, key: RecordKey, user: str, until: float, now: float) -> ReviewHead | None:
        with self._lock:
            head = self._heads.get(key)
            if head is None or head.state is not State.OPEN or head.leased_to_other(user, now):
                return None
            head = head.model_copy(update={"lease_by": user, "lease_until": until})
            self._heads[key] = head
            return head

    def release(self, key: RecordKey, user: str) -> None:
        with self._lock:
            head = self._heads.get(key)
            if head is not None and head.lease_by == user:
                free = {"lease_by": None, "lease_until": None}
                self._heads[key] = head.model_copy(update=free)

    def open_heads(
        self, wanted: QueueFilter, cursor: str | None, limit: int, *, after: str = ""
    ) -> HeadPage:
        self.pages += 1
        page = _page(
            [
                (head.rank, head)
                for head in self._heads.values()
                if head.queued and head.process.id == wanted.process and head.rank > after
            ],
            cursor,
            limit,
        )
        # As DynamoDB: what is filtered out counts for the limit.
        return page._replace(heads=list(filter(wanted.matches, page.heads)))

    def decided_heads(self, process: str, since: str, cursor: str | None, limit: int) -> HeadPage:
        return _page(
            [
                (f"{head.answer.at}#{head.upload}#{head.record:010d}", head)
                for head in self._heads.values()
                if head.answer is not None
                and head.state is State.DECIDED
                and head.process.id == process
                and head.answer.at >= since
            ],
            cursor,
            limit,
        )

    def add(self, heads: Sequence[ReviewHead]) -> None:
        with self._lock:
            for head in heads:
                there = self._heads.get(head.key)
                if there is None:
                    self._heads[head.key] = head
                elif there.state is State.OPEN and (
                    (there.version == 0 and there.run_started < head.run_started)
                    or (there.kind is Kind.CORRECTION and there.run_started <= head.run_started)
                ):
                    kept = {name: getattr(there, name) for name in HISTORY}
                    self._heads[head.key] = head.model_copy(update=kept)
                self._named.add(head.process.id)

    def remove(self, head: ReviewHead) -> bool:
        with self._lock:
            there = self._heads.get(head.key)
            if (
                there is None
                or there.state is not State.OPEN
                or there.version
                or there.run_started != head.run_started
            ):
                return False
            del self._heads[head.key]
            return True

    def count_queued(self, upload: str, process: str, run_started: str, queued: Totals) -> None:
        with self._lock:
            before = self._queued.get(upload)
            if before is not None and not outdated(*before, run_started, queued):
                return
            self._queued[upload] = (run_started, queued)
            self._count(upload, process, queued - (before[1] if before else Totals()))

    def totals_of_upload(self, upload: str) -> Totals | None:
        return self._uploads.get(upload)

    def totals_of_process(self, process: str) -> Totals:
        return self._processes.get(process, Totals())

    def began(self) -> str:
        return self.since

    def processes(self) -> list[str]:
        return sorted(self._named)


def _page(ranked: list[tuple[str, ReviewHead]], cursor: str | None, limit: int) -> HeadPage:
    rest = sorted(
        (pair for pair in ranked if cursor is None or pair[0] > cursor), key=lambda pair: pair[0]
    )
    heads = [head for _, head in rest[:limit]]
    if len(rest) <= limit:
        return HeadPage(heads, None)
    rank, last = rest[limit - 1]
    return HeadPage(heads, rank, Place(rank, last.key))
