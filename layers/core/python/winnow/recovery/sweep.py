"""Sweep: finds uploads without a finished run, and restarts or abandons them.

Crashed runs are found by their rows: an index has those of running runs, by the end of their lease.
Runs whose records are not in the queue of reviews are found by the rows of those that have ended.
Lost events are found by walking the inbox: a version older than `missed_s` must have a row.

An upload that cannot be restarted does not stop the sweep: it is counted, named in the report, and
tried again in the next walk. The ports raise AccessDeniedError, AwsRefusedError or RetryableError.
"""

from collections.abc import Callable
from functools import partial

from winnow.models import ObjectRef
from winnow.ports import Mailer, ObjectStore, Workflow
from winnow.recovery.call import SweepCall
from winnow.recovery.dead_runs import restart_dead_runs
from winnow.recovery.inbox_walk import InboxWalk
from winnow.recovery.ports import Inbox, Runs
from winnow.recovery.report import SweepOptions, SweepReport
from winnow.recovery.restarter import Restarter
from winnow.recovery.state import load_state, save_state
from winnow.recovery.unqueued import QueueCheck


class Sweep:
    """One call's work, on its ports."""

    def __init__(
        self,
        inbox: Inbox,
        runs: Runs,
        workflow: Workflow,
        mailer: Mailer,
        options: SweepOptions,
        check_queue: QueueCheck | None = None,
        regardless: Workflow | None = None,
    ) -> None:
        """`check_queue`: None where nothing is reviewed. `regardless`: as Restarter has it."""
        self._inbox = inbox
        self._runs = runs
        self._restarter = Restarter(
            inbox.bucket, runs, workflow, mailer, options.attempts, regardless
        )
        self._options = options
        self._check_queue = check_queue

    def __call__(
        self,
        store: ObjectStore,
        state_ref: ObjectRef,
        now: float,
        seconds_left: Callable[[], float] = lambda: float("inf"),
    ) -> SweepReport:
        """Restart crashed runs, then continue the walk. `now` is in epoch seconds.

        At least one row and one page are processed, however little time is left.
        """
        save = partial(save_state, store, state_ref)
        state = load_state(store, state_ref).plausible(now)
        retention = state.retention.seen(self._options.retention_days, now)
        state = state.model_copy(update={"retention": retention})
        call = SweepCall(now, retention, seconds_left, self._options.starts)
        state = restart_dead_runs(state, self._runs, self._restarter, call)
        if self._check_queue is not None:
            state = self._check_queue(state, call)
        save(state)
        walk = InboxWalk(self._inbox, self._runs, self._restarter, self._options, call)
        state = walk(state, save)
        save(state)
        # What the walk has not reached yet may be as old as it was the last time.
        return call.report(max(state.before_s, state.walk.oldest_s if state.walk else 0.0))
