"""The reviews of a stack, as its commands use them: the table, the texts, and who is asking."""

import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from heapq import merge
from itertools import islice

from winnow.errors import ObjectGoneError, RecordUnknownError, ReviewOffError
from winnow.models import ObjectRef
from winnow.reviews.enqueue import Pictures, enqueue
from winnow.reviews.items import HistoryEntry, Items, ReviewState
from winnow.reviews.models import QueueFilter, RecordKey, ReviewHead, Totals
from winnow.reviews.notes import Notes
from winnow.reviews.queueing import Queued, Shares
from winnow.reviews.reviewed import ReviewedFiles
from winnow.reviews.service import Reviews
from winnow_aws.reviews import ReviewTable
from winnow_aws.s3 import S3Store
from winnow_aws.scan_function import ScanFunction
from winnow_cli.target import Target, aws_errors, parameters_of

LOCAL_USER = "you@winnow.local"
"""Who decides on the local stack: the user whom its page signs in, too."""
TABLE, PAGE, SCAN = "ReviewsTable", "ReviewPage", "ScanFunction"
_SHARES = ("ReviewBlindShare", "ReviewAuditShare", "DisagreementShare")
"""Parameters of the stack, in percent."""
_THREADS = 12
_PAGE = 50


class StackReviews:
    """The reviews of one stack. Raises ReviewOffError if it was deployed without them."""

    def __init__(self, target: Target) -> None:
        if TABLE not in target.outputs:
            raise review_off(target)
        self._target = target
        self.store = ReviewTable(target.dynamodb(), target.outputs[TABLE])
        self.objects = S3Store(target.s3())
        self.notes = Notes(self.objects, target.results_bucket)
        self.items = Items(self.objects, self.notes, target.results_bucket, time.time)
        self.service = Reviews(self.store, time.time)

    @cached_property
    def user(self) -> str:
        """Who is asking."""
        return caller(self._target)

    def add(self, result: ObjectRef) -> tuple[Queued, Pictures]:
        """Put an upload's doubtful records into the queue, as the function does when a run ends.

        Raises:
            RecordUnknownError: the results have expired.
        """

        def write(done: Queued) -> None:
            self.files.write(done.upload_id, done.process, left_out=done.left_out)

        try:
            return enqueue(
                result,
                self.objects,
                self.store,
                self._shares(),
                time.time,
                self._drawer(),
                queued=write,
            )
        except ObjectGoneError:
            raise RecordUnknownError("The results of this upload have expired.") from None

    def _drawer(self) -> ScanFunction | None:
        """What draws pages; None of a stack that was deployed by a version that drew none."""
        scan = self._target.outputs.get(SCAN)
        return None if scan is None else ScanFunction(self._target.client("lambda"), scan)

    @property
    def files(self) -> ReviewedFiles:
        """What was decided, beside the results."""
        bucket = self._target.results_bucket
        return ReviewedFiles(self.objects, self.store, bucket, time.time)

    def _shares(self) -> Shares:
        """The stack's shares of blind and of audited records."""
        given = parameters_of(self._target)
        return Shares(
            *(
                float(given[name]) / 100 if given.get(name) else default
                for name, default in zip(_SHARES, Shares(), strict=True)
            )
        )

    def processes(self, chosen: str | None) -> list[str]:
        """The process that was chosen, or all that ever had a record in the queue."""
        return [chosen] if chosen else self.store.processes()

    def totals(self, processes: Iterable[str]) -> dict[str, Totals]:
        """The counts of each process."""
        return {process: self.store.totals_of_process(process) for process in processes}

    def waiting(self, processes: Iterable[str], limit: int) -> list[ReviewHead]:
        """The next records of the queue, by rank."""
        queues = [self._queue(QueueFilter(process=process)) for process in processes]
        return list(islice(merge(*queues, key=lambda head: head.rank), limit))

    def _queue(self, wanted: QueueFilter) -> Iterator[ReviewHead]:
        cursor = None
        while True:
            page = self.store.open_heads(wanted, cursor, _PAGE)
            yield from page.heads
            cursor = page.cursor
            if cursor is None:
                return

    def history(self, key: RecordKey) -> tuple[ReviewHead, list[HistoryEntry]]:
        """The head of a record, and what happened to it.

        Raises:
            RecordUnknownError: nobody was asked about it, and nobody has decided it.
        """
        head = self.store.head(key)
        if head is None:
            raise RecordUnknownError(
                f"Nobody was asked about record {key.record:,} of this upload, and nobody has "
                "decided it."
            )
        return head, self.items.history(self.store.events(key))

    def state(self, upload: str, record: int) -> ReviewState | None:
        """What people decided of a record, with the note."""
        head = self.store.head(RecordKey(upload, record))
        return None if head is None else self.items.state(head)

    def states(self, upload: str) -> dict[int, ReviewState]:
        """What people decided of an upload's records, by their numbers; without the notes."""
        from winnow.reviews.items import state_of

        found = ((head.record, state_of(head)) for head in self.store.heads(upload))
        return {record: state for record, state in found if state is not None}

    def totals_of(self, uploads: Iterable[str]) -> Mapping[str, Totals]:
        """The counts of those uploads that have any."""
        ids = list(uploads)
        with ThreadPoolExecutor(_THREADS) as pool:
            totals = pool.map(self.store.totals_of_upload, ids)
            return {own: found for own, found in zip(ids, totals, strict=True) if found}


def caller(target: Target) -> str:
    """Who is asking: locally the one user, in AWS the last part of the caller's ARN."""
    if target.local:
        return LOCAL_USER
    with aws_errors(target):
        arn = target.client("sts").get_caller_identity()["Arn"]
    return str(arn).rpartition("/")[2].rpartition(":")[2]


def reviews_if_any(target: Target) -> StackReviews | None:
    """The reviews of a stack; None if it was deployed without them."""
    return StackReviews(target) if TABLE in target.outputs else None


def review_off(target: Target) -> ReviewOffError:
    """The error of a stack that was deployed without reviews."""
    which = "The local stack" if target.local else f"The stack {target.name!r}"
    return ReviewOffError(f"{which} was deployed without reviews.")
