"""Runs that have ended, and whose records nobody has put into the queue of reviews.

A run's end comes to the queue as an event, and AWS may lose one: then the records that the run set
aside wait, and no person sees them. Each row is looked at once: at the first call after one at
which every run had ended that had claimed before it.
"""

from collections.abc import Sequence

from winnow.errors import WinnowError
from winnow.recovery.call import RESERVE_S, SweepCall
from winnow.recovery.ports import ReviewQueue, Runs
from winnow.recovery.state import SweepState
from winnow.recovery.upload_row import ENDED_STATES, LEASE_S, UploadRow

FIRST_S = 3 * 86_400.0
"""How far the first call looks back."""
_LAG_S = 1_800.0
"""A run that claimed longer ago is in the index of runs under way, or has ended."""
_SHARE = 0.25
"""Of the call's time, for this."""


class QueueCheck:
    """Compares the runs that have ended with the queue, on its ports."""

    def __init__(self, runs: Runs, queue: ReviewQueue, results_bucket: str) -> None:
        self._runs = runs
        self._queue = queue
        self._results_bucket = results_bucket

    def __call__(self, state: SweepState, call: SweepCall) -> SweepState:
        """Have queued what is missing. Where that fails, the next call begins there again."""
        ends_at = max(RESERVE_S, call.seconds_left() * (1 - _SHARE))
        if state.ended_until is not None:
            for name in ENDED_STATES:
                state = self._check(state, name, state.ended_until, call, ends_at)
        try:
            # An index lags behind the table: what it says now is used at the next call.
            return state.model_copy(update={"ended_until": self._ended_until(call.now)})
        except WinnowError as error:
            call.fail(None, error)
            return state

    def _ended_until(self, now: float) -> float:
        """A time before which every run that claimed has ended."""
        times = [now - _LAG_S]
        for lease in self._runs.leases(None, None).rows[:1]:
            # A run with an older claim has crashed, and the one that takes over claims anew.
            times.append(max(lease.until - LEASE_S, now - 2 * LEASE_S))
        return min(times)

    def _check(
        self, state: SweepState, name: str, until: float, call: SweepCall, ends_at: float
    ) -> SweepState:
        """Look at the rows of a state that were claimed before `until`."""
        since, after = state.queued_until.get(name, until - FIRST_S), None
        try:
            while since < until:
                page = self._runs.claimed(name, (since, until), after)
                self._queue_missing(page.rows, call)
                after = page.after
                since = until if after is None else max(since, page.rows[-1].claimed_s)
                reached = {**state.queued_until, name: since}
                state = state.model_copy(update={"queued_until": reached})
                if call.seconds_left() < ends_at:
                    break
        except WinnowError as error:
            call.fail(None, error)
        return state

    def _queue_missing(self, rows: Sequence[UploadRow], call: SweepCall) -> None:
        having = [row for row in rows if row.result_ref(self._results_bucket) is not None]
        if not having:
            return
        queued = self._queue.queued([row.upload_id for row in having])
        for row in having:
            seen = queued.get(row.upload_id)
            # Rows of a version before do not say which run's records these have to be.
            if seen is None or seen < (row.started_at or ""):
                self._queue.queue(row.upload_id)
                call.unqueued += 1
