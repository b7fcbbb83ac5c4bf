"""The queue: what waits, taking the next records, and giving them back."""

from collections.abc import Sequence
from heapq import merge
from typing import NamedTuple

from winnow.errors import (
    CursorInvalidError,
    NotFinishedError,
    ObjectGoneError,
    QueueTooLongError,
    RetryableError,
    UploadUnknownError,
)
from winnow.models import Counts, Outcome
from winnow.reviews.enqueue import enqueue
from winnow.reviews.models import QueueFilter, RecordKey, ReviewHead, Totals
from winnow.reviews.ports import Place
from winnow.reviews.queueing import Shares, read_result
from winnow.reviews.service import PAGE, Reviews, pages_each
from winnow_api import cursors
from winnow_api.call import Call, iso
from winnow_api.identity import User
from winnow_api.items import hidden, items_of, unknown
from winnow_api.items import items as _items
from winnow_api.predictions import open_process
from winnow_api.services import Services
from winnow_api.shapes import (
    ItemAnswer,
    LeaseAnswer,
    LeaseNames,
    LeaseRequest,
    LeasesUntil,
    LeaseUntil,
    Nothing,
    QueueAnswer,
    QueueItem,
    QueueQuery,
    RecordName,
    TotalsAnswer,
    UploadPath,
)
from winnow_api.shapes import Queued as QueuedAnswer
from winnow_api.states import totals_of
from winnow_api.threads import pool
from winnow_api.uploads import row_of

_SEARCH_S = 10.0
"""Seconds that are spent on records that cannot be shown; the gateway waits for 29."""
_BATCH = 10
MAX_ADDED = 5_000
"""Records of an upload that a request puts into the queue: DynamoDB takes about 500 a second of one
upload, and the gateway waits for 29 seconds."""
MAX_SAMPLED = 100_000
"""Accepted records that a request reads for its sample."""
_MAX_BYTES = 4_000_000
"""The most that the records of an answer have, but for a single longer one: an answer of Lambda has
at most 6 MB, in which every quotation mark takes two bytes."""


def reviews_of(services: Services) -> Reviews:
    """What a reviewer can do, over this stack's table."""
    return Reviews(services.reviews(), services.now)


def queues(services: Services, user: User, process: str | None) -> list[str]:
    """The ids of the processes whose queues are meant: one, or all that are open to the user.

    Raises ProcessNotOpenError.
    """
    open_ids = [each for each in services.reviews().processes() if user.may_see(each)]
    if process is None:
        return open_ids
    if process in open_ids:
        return [process]
    return [open_process(services, user, process).id]


def totals(services: Services, processes: Sequence[str]) -> TotalsAnswer:
    """The counts of these queues together."""
    each = pool().map(services.reviews().totals_of_process, processes)
    return totals_of(sum(each, Totals()))


def _filters(
    processes: Sequence[str], code: str | None, outcome: Outcome | None
) -> list[QueueFilter]:
    return [QueueFilter(process=each, code=code, outcome=outcome) for each in processes]


# -- the list --------------------------------------------------------------------------------------


class _After(cursors.Cursor):
    """The record that the list has come to; its rank, which tells the confidence, is looked up."""

    upload: str
    record: int


class _Read(NamedTuple):
    """What was read of one queue."""

    heads: list[ReviewHead]
    until: ReviewHead | None
    """The last head that was looked at; None: the queue was read to its end."""


def listed(services: Services, call: Call, given: QueueQuery) -> QueueAnswer:
    """Records that wait for a person: least sure first, then audits in the order drawn.

    A record's rank does not change while it waits, so the pages stay the same while others leave.
    With a filter that leaves little, a page may have fewer records than `limit`, or none, and
    still have a cursor.
    """
    processes = queues(services, call.user, given.process)
    of = f"queue {given.process} {given.reason} {given.outcome}"
    rank = "" if given.cursor is None else _rank(services, processes, given.cursor, of)
    pages = pages_each(len(processes))
    read = [
        _behind(services, wanted, rank, given.limit, pages)
        for wanted in _filters(processes, given.reason, given.outcome)
    ]
    # Behind the place that another queue was read to, its records may come first.
    until = min((each.until for each in read if each.until), key=_rank_of, default=None)
    every = merge(*(each.heads for each in read), key=_rank_of)
    heads = [head for head in every if until is None or head.rank <= until.rank]
    page = heads[: given.limit]
    last = page[-1] if len(heads) > len(page) else until
    now = services.now()
    return QueueAnswer(
        items=tuple(_item(head, now) for head in page),
        totals=totals(services, processes),
        cursor=None
        if last is None
        else cursors.encode(_After(of=of, upload=last.upload, record=last.record)),
    )


def _rank_of(head: ReviewHead) -> str:
    return head.rank


def _rank(services: Services, processes: Sequence[str], cursor: str, of: str) -> str:
    """The rank that a cursor leads to. Raises CursorInvalidError."""
    after = cursors.decode(cursor, _After, of)
    head = services.reviews().head(RecordKey(after.upload, after.record))
    if head is None or head.process.id not in processes:
        raise CursorInvalidError(
            "The record that this cursor leads to has left the queue for good."
        )
    return head.rank


def _behind(services: Services, wanted: QueueFilter, rank: str, limit: int, pages: int) -> _Read:
    """More than `limit` heads behind a rank, if so many are on so many pages of the queue."""
    every = QueueFilter(process=wanted.process)
    size = limit + 1 if wanted == every else PAGE
    heads: list[ReviewHead] = []
    until = cursor = None
    for _ in range(pages):
        page = services.reviews().open_heads(every, cursor, size, after=rank)
        heads += filter(wanted.matches, page.heads)
        cursor = page.cursor
        if cursor is None:
            return _Read(heads, None)
        until = page.heads[-1] if page.heads else until
        if len(heads) > limit:
            break
    return _Read(heads, until)


def _item(head: ReviewHead, now: float) -> QueueItem:
    secret = hidden(head)
    return QueueItem(
        upload=head.upload,
        record=head.record,
        process=head.process.id,
        outcome=head.outcome,
        reason=None if secret else head.code,
        waiting_since=head.waiting_since,
        leased=(head.lease_until or 0.0) > now,
        blind=head.blind,
        decision=None if secret else head.decision,
        confidence=None if secret else head.confidence,
    )


# -- leases ----------------------------------------------------------------------------------------


def lease(services: Services, call: Call, given: LeaseRequest) -> LeaseAnswer:
    """Take the next records; they are not shown to others for five minutes.

    A record of a rare reason may be far behind in the queue: the answer may have none, and a
    cursor to look on with.
    """
    processes = queues(services, call.user, given.process)
    filters = _filters(processes, given.reason, given.outcome)
    of = f"leases {given.process} {given.reason} {given.outcome} {given.skipped}"
    after = "" if given.cursor is None else _rank(services, processes, given.cursor, of)
    tried = {_key(each) for each in given.holding}
    found: list[ItemAnswer] = []
    size, wanted, full = 0, given.count, False
    end = services.monotonic() + _SEARCH_S
    until: Place | None = None
    while not full:
        heads, until = reviews_of(services).search(
            call.user.name, filters, wanted, holding=tried, skipped=given.skipped, after=after
        )
        tried |= {head.key for head in heads}
        items = items_of(services, call.user, heads)
        _leave(services, call.user, heads, items)
        for item in items:
            size += len(item.model_dump_json().encode(errors="replace"))
            full = full or len(found) == given.count or (bool(found) and size > _MAX_BYTES)
            if full:
                reviews_of(services).release(call.user.name, RecordKey(item.upload, item.record))
            else:
                found.append(item)
        if len(found) == given.count or (len(heads) < wanted and (found or until is None)):
            break
        if services.monotonic() >= end:
            if not found and until is None:
                raise RetryableError("Many records could not be shown. Ask again for the next.")
            break
        # Some could not be shown, and there may be many of them: several at a time.
        wanted = _BATCH
        if until is not None:
            after = until.rank
    cursor = None
    if until is not None and len(found) < given.count and not full:
        cursor = cursors.encode(_After(of=of, upload=until.key.upload, record=until.key.record))
    return LeaseAnswer(items=tuple(found), totals=totals(services, processes), cursor=cursor)


def _leave(
    services: Services, user: User, heads: Sequence[ReviewHead], items: Sequence[ItemAnswer]
) -> None:
    """Close the records that cannot be shown any more; give back those that are damaged."""
    shown = {RecordKey(item.upload, item.record) for item in items}
    reviews = reviews_of(services)

    def leave(head: ReviewHead) -> None:
        if _items(services).gone(head):
            reviews.expire(head)
        else:
            reviews.release(user.name, head.key)

    list(pool().map(leave, [head for head in heads if head.key not in shown]))


def _key(name: RecordName) -> RecordKey:
    return RecordKey(name.upload, name.record)


def renew(services: Services, call: Call, given: LeaseNames) -> LeasesUntil:
    """Lengthen one's leases."""
    reviews = reviews_of(services)

    def until(name: RecordName) -> LeaseUntil:
        _check(services, call.user, name)
        end = reviews.renew(call.user.name, _key(name))
        return LeaseUntil(**dict(name), until=None if end is None else iso(end))

    return LeasesUntil(items=tuple(map(until, given.items)))


def release(services: Services, call: Call, given: LeaseNames) -> LeasesUntil:
    """Give records back without a decision, for anybody."""
    reviews = reviews_of(services)
    for name in given.items:
        _check(services, call.user, name)
        reviews.release(call.user.name, _key(name))
    return LeasesUntil(items=tuple(LeaseUntil(**dict(name), until=None) for name in given.items))


def _check(services: Services, user: User, name: RecordName) -> None:
    """Raise RecordUnknownError for a record that is not open to the user.

    Who sees all processes needs no look: an unknown record has no lease.
    """
    if user.processes is None:
        return
    head = services.reviews().head(_key(name))
    if head is None or not user.may_see(head.process.id):
        raise unknown(_key(name))


# -- uploads that ended before ---------------------------------------------------------------------


def add(services: Services, call: Call, given: Nothing) -> QueuedAnswer:
    """Put the records of an upload that ended before there was a queue into it. Twice is once."""
    path: UploadPath = call.path
    row = row_of(services, call.user, path.id)
    ref = row.result_ref(services.results_bucket)
    if ref is None:
        raise NotFinishedError(f"The upload {row.upload_id} has no results.")
    present = {d.id: d for d in services.registry().definitions}
    shares = Shares(services.blind_share, services.audit_share, services.disagreement_share)
    try:
        _check_length(read_result(services.store(), ref).counts, shares)
        # Its counts beside the results are written by the queue function, as after a decision.
        done, _ = enqueue(
            ref,
            services.store(),
            services.reviews(),
            shares,
            services.now,
            services.drawer(),
            known=present.get,
        )
    except ObjectGoneError:
        raise UploadUnknownError("The results of this upload have expired.") from None
    return QueuedAnswer(queued=done.queued)


def _check_length(counts: Counts, shares: Shares) -> None:
    """Raise QueueTooLongError if it would take longer than the gateway waits."""
    count = counts.review + int(counts.accepted * shares.audit)
    if count > MAX_ADDED:
        raise QueueTooLongError(
            f"The upload has about {count:,} records to queue. A request adds {MAX_ADDED:,}."
        )
    if shares.audit and counts.accepted > MAX_SAMPLED:
        raise QueueTooLongError(
            f"The upload has {counts.accepted:,} accepted records to draw a sample of. A request "
            f"reads {MAX_SAMPLED:,}."
        )
