"""One upload: start the next attempt, or abandon it."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from winnow.errors import StoredDataInvalidError, UploadAbandonedError
from winnow.models import ObjectRef, Upload
from winnow.ports import Mailer, StartOutcome, Workflow
from winnow.recovery.call import SweepCall
from winnow.recovery.ports import Runs
from winnow.recovery.restart import claimed_event, lost_event, restart_name
from winnow.recovery.status import ObjectVersion
from winnow.recovery.upload_row import UploadRow
from winnow.steps.notification import abandoned
from winnow.steps.upload import upload_id

QUEUED_S = 1_800.0
"""For so long after its lease an upload is queued again although others wait: in two calls."""
AGAIN_S = 21_600.0
"""And once more after so long, if it has not been started until then."""


class Restarter:
    """Starts uploads of a bucket again, until `max_attempts` runs in a row came to no end.

    What somebody redrives has as many again: its row says how many runs have crashed since.
    """

    def __init__(
        self,
        bucket: str,
        runs: Runs,
        workflow: Workflow,
        mailer: Mailer,
        max_attempts: int,
        regardless: Workflow | None = None,
    ) -> None:
        """`regardless` starts runs although others wait in a queue; None: there is no queue."""
        self._bucket = bucket
        self._runs = runs
        self._workflow = workflow
        self._mailer = mailer
        self._max_attempts = max_attempts
        self._regardless = regardless or workflow

    def restart_lost(self, version: ObjectVersion, call: SweepCall) -> None:
        """Restart a version that has no row."""
        own_id = upload_id(self._bucket, version.key, version.version_id)
        event = partial(lost_event, self._bucket, version)
        self._restart(self._workflow, own_id, version, _Made(1, 0), event, call)

    def restart_dead(self, row: UploadRow, call: SweepCall) -> None:
        """Restart an upload whose run crashed.

        Raises StoredDataInvalidError if the row does not name the version.
        """
        if row.version_id is None and row.sequencer is None:
            raise StoredDataInvalidError("The upload's row does not say which version it is about.")
        event = partial(claimed_event, self._bucket, row)
        made = _Made(row.attempt + 1, row.crashes + 1)
        over_s = call.now - (row.lease_until or 0)
        # Its restart may wait in the queue already: no call shall add it again.
        workflow = self._regardless if over_s % AGAIN_S < QUEUED_S else self._workflow
        self._restart(workflow, row.upload_id, row, made, event, call)

    def _restart(
        self,
        workflow: Workflow,
        own_id: str,
        source: ObjectVersion | UploadRow,
        made: "_Made",
        event: Callable[[int, int], dict[str, Any]],
        call: SweepCall,
    ) -> None:
        outcome, made = self._start_next(workflow, own_id, made, event)
        if outcome is StartOutcome.ENDED:
            call.abandoned += self._give_up(own_id, source, made.crashes)
        call.restarted += outcome is StartOutcome.STARTED

    def _start_next(
        self,
        workflow: Workflow,
        own_id: str,
        made: "_Made",
        event: Callable[[int, int], dict[str, Any]],
    ) -> tuple[StartOutcome, "_Made"]:
        """Start the next attempt, unless one runs. ENDED: all attempts have been made."""
        while made.crashes < self._max_attempts:
            name = restart_name(own_id, made.attempt)
            outcome = workflow.start(name, event(*made))
            if outcome is not StartOutcome.ENDED:
                return outcome, made
            # It ended before it could claim.
            made = _Made(made.attempt + 1, made.crashes + 1)
        return StartOutcome.ENDED, made

    def _give_up(self, own_id: str, source: ObjectVersion | UploadRow, crashes: int) -> bool:
        runs = "1 run was started and did" if crashes == 1 else f"{crashes:,} runs in a row did"
        error = UploadAbandonedError(f"{runs} not come to an end.")
        # First the e-mail: a call that crashes here sends it again. In the other order, a call that
        # crashes would leave the upload FAILED without an e-mail.
        attributes = {"outcome": "failed", "upload_id": own_id, "code": error.code}
        self._mailer.send(abandoned(own_id, error), attributes)
        stuck = source if isinstance(source, UploadRow) else None
        key = source.object_key if isinstance(source, UploadRow) else source.key
        ref = ObjectRef(bucket=self._bucket, key=key, version_id=source.version_id)
        upload = Upload(upload_id=own_id, object=ref, size=source.size)
        return self._runs.give_up(upload, stuck, error)


class _Made(NamedTuple):
    """The next attempt at an upload, and how many runs in a row have come to no end before it."""

    attempt: int
    crashes: int
