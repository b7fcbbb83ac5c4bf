"""How long single calls to the table of reviews take in the emulator, by the rows of the table.

DynamoDB takes as long in a large table as in a small one. The emulator goes through all items of a
partition for each query.
"""

import time
from collections.abc import Callable, Sequence
from statistics import median

from tests.load.reviewers import PROCESS, QUEUE, UPLOAD, a_queue
from winnow.reviews.models import LEASE_S, EventKind, Kind, ReviewEvent, ReviewHead, Totals
from winnow.reviews.ports import Change, ReviewStore

SIZES = (0, 2_000, 8_000)
_TIMES = 10
_FIRST = 1_000_000
"""Number of the first record that is written to; those of the queue have smaller ones."""


def call_times(store: ReviewStore, sizes: Sequence[int] = SIZES) -> dict[str, list[float]]:
    """Median seconds of each call, for each number of rows that the upload has by then.

    The rows are queued records. The store is empty before; `sizes` are ascending.
    """
    times: dict[str, list[float]] = {}
    there = 0
    for number, size in enumerate(sizes):
        store.add(a_queue(size)[there:])
        there = size
        # In no queue: so that the queue has as many records as the upload.
        own = [
            head.model_copy(
                update={"record": _FIRST + _TIMES * number + n, "kind": Kind.CORRECTION}
            )
            for n, head in enumerate(a_queue(_TIMES))
        ]
        store.add(own)
        for name, call in _calls(store, own).items():
            times.setdefault(name, []).append(_median(call, own))
    return times


def rows(times: dict[str, list[float]]) -> list[str]:
    """The lines of a table, without its head."""
    return [
        f"| {name} | " + " | ".join(f"{1e3 * seconds:.0f} ms" for seconds in by_size) + " |"
        for name, by_size in times.items()
    ]


def _calls(
    store: ReviewStore, own: Sequence[ReviewHead]
) -> dict[str, Callable[[ReviewHead], object]]:
    return {
        "a head (`GetItem`)": lambda head: store.head(head.key),
        "a lease (`UpdateItem`)": lambda head: store.lease(head.key, "ann", 1.0 + LEASE_S, 1.0),
        "a decision (`TransactWriteItems`: head, event, two counts)": lambda head: store.write(
            _decided(head)
        ),
        "100 records of the queue (`Query` of an index)": lambda _: store.open_heads(
            QUEUE[0], None, 100
        ),
        "the events of one record (`Query`)": lambda head: store.events(head.key),
        "the counts of the process (`Query` of 8 items)": lambda _: store.totals_of_process(
            PROCESS.id
        ),
        "the counts of the upload (`Query`, 8 items beside its records)": lambda _: (
            store.totals_of_upload(UPLOAD)
        ),
    }


def _decided(head: ReviewHead) -> Change:
    event = ReviewEvent(
        upload=head.upload,
        record=head.record,
        number=1,
        kind=EventKind.SKIPPED,
        at=head.waiting_since,
        by="ann",
        machine=head.decision,
    )
    return Change(head.model_copy(update={"version": 1}), 0, event, Totals(corrections=1))


def _median(call: Callable[[ReviewHead], object], heads: Sequence[ReviewHead]) -> float:
    seconds = []
    for head in heads:
        began = time.monotonic()
        call(head)
        seconds.append(time.monotonic() - began)
    return median(seconds)
