"""One upload: start the next attempt, or abandon it."""

from collections.abc import Callable
from functools import partial
from typing import Any

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


class Restarter:
    """Starts uploads of a bucket again, `max_attempts` times each."""

    def __init__(
        self, bucket: str, runs: Runs, workflow: Workflow, mailer: Mailer, max_attempts: int
    ) -> None:
        self._bucket = bucket
        self._runs = runs
        self._workflow = workflow
        self._mailer = mailer
        self._max_attempts = max_attempts

    def restart_lost(self, version: ObjectVersion, call: SweepCall) -> None:
        """Restart a version that has no row."""
        own_id = upload_id(self._bucket, version.key, version.version_id)
        self._restart(own_id, version, 1, partial(lost_event, self._bucket, version), call)

    def restart_dead(self, row: UploadRow, call: SweepCall) -> None:
        """Restart an upload whose run crashed.

        Raises StoredDataInvalidError if the row does not name the version.
        """
        if row.version_id is None and row.sequencer is None:
            raise StoredDataInvalidError("The upload's row does not say which version it is about.")
        attempt = row.attempt + 1
        event = partial(claimed_event, self._bucket, row)
        self._restart(row.upload_id, row, attempt, event, call)

    def _restart(
        self,
        own_id: str,
        source: ObjectVersion | UploadRow,
        attempt: int,
        event: Callable[[int], dict[str, Any]],
        call: SweepCall,
    ) -> None:
        outcome = self._start_next(own_id, attempt, event)
        if outcome is StartOutcome.ENDED:
            call.abandoned += self._give_up(own_id, source)
        call.restarted += outcome is StartOutcome.STARTED

    def _start_next(
        self, own_id: str, first: int, event: Callable[[int], dict[str, Any]]
    ) -> StartOutcome:
        """Start the next attempt, unless one runs. ENDED: all attempts have been made."""
        for attempt in range(first, self._max_attempts + 1):
            outcome = self._workflow.start(restart_name(own_id, attempt), event(attempt))
            if outcome is not StartOutcome.ENDED:
                return outcome
        return StartOutcome.ENDED

    def _give_up(self, own_id: str, source: ObjectVersion | UploadRow) -> bool:
        error = UploadAbandonedError(
            f"{self._max_attempts} runs were started and none came to an end."
        )
        # First the e-mail: a call that crashes here sends it again. In the other order, a call that
        # crashes would leave the upload FAILED without an e-mail.
        attributes = {"outcome": "failed", "upload_id": own_id, "code": error.code}
        self._mailer.send(abandoned(own_id, error), attributes)
        stuck = source if isinstance(source, UploadRow) else None
        key = source.object_key if isinstance(source, UploadRow) else source.key
        ref = ObjectRef(bucket=self._bucket, key=key, version_id=source.version_id)
        upload = Upload(upload_id=own_id, object=ref, size=source.size)
        return self._runs.give_up(upload, stuck, error)
