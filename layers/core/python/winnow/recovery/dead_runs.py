"""Crashed runs: uploads whose lease has expired are restarted."""

from functools import partial

from winnow.errors import WinnowError
from winnow.recovery.call import SweepCall
from winnow.recovery.ports import Runs
from winnow.recovery.restarter import Restarter
from winnow.recovery.state import SweepState
from winnow.recovery.upload_row import LEASE_S


def restart_dead_runs(
    state: SweepState, runs: Runs, restarter: Restarter, call: SweepCall
) -> SweepState:
    """Restart uploads whose lease has expired, in half of the call's time and starts.

    The returned state has the position where the next call continues.
    """
    after, from_the_start = state.stuck_after, state.stuck_after is None
    ends_at, max_restarted = call.seconds_left() / 2, max(1, call.max_starts // 2)
    try:
        first = runs.leases(None, None)
        for lease in first.rows[:1]:
            call.oldest_s = max(0.0, call.now - (lease.until - LEASE_S))
        while True:
            page, before = runs.leases(call.now, after), after
            # Where the table does not answer for these, the next call goes on behind them.
            after = page.rows[-1] if page.rows else None
            ids = [lease.upload_id for lease in page.rows]
            rows = {row.upload_id: row for row in runs.by_id(ids)}
            after = before
            for lease in page.rows:
                after = lease
                row = rows.get(lease.upload_id)
                # The index lags behind the table.
                if lease.upload_id in call.tried or row is None:
                    continue
                if row.lease_expired(call.now):
                    call.unfinished += 1
                    call.tried.add(row.upload_id)
                    call.attempt(row.upload_id, partial(restarter.restart_dead, row))
                if call.restarted >= max_restarted or call.over or call.seconds_left() < ends_at:
                    return state.model_copy(update={"stuck_after": after})
            if not page.more:
                after = None
                # What comes before the place where it began may have died since.
                if from_the_start:
                    break
                from_the_start = True
    except WinnowError as error:
        call.fail(None, error)
    return state.model_copy(update={"stuck_after": after})
