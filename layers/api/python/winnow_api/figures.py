"""How the versions of a stack do, and whether one is being trained."""

from collections.abc import Callable

from winnow.registry.ports import TrainingLease
from winnow_api.call import iso
from winnow_api.ports import Audits, Bounds, Differences, FailedTraining


class StackFigures:
    """LiveFigures of a stack."""

    def __init__(
        self,
        lease: TrainingLease,
        now: Callable[[], float],
        audits: Audits | None = None,
        failed: Callable[[str], FailedTraining | None] | None = None,
    ) -> None:
        """Composes what several tables say.

        Args:
            lease: Who trains a process.
            now: Tells the time in epoch seconds.
            audits: What people found of accepted records; None: nothing is audited.
            failed: The last training of a process, if it failed; None: nobody keeps it.
        """
        self._lease = lease
        self._now = now
        self._audits = audits
        self._failed = failed

    def precision(self, process: str, sha256: str) -> Bounds | None:
        watch = None if self._audits is None else self._audits.watch(process, sha256)
        return None if watch is None else watch.precision

    def shadow(self, process: str, challenger: str) -> Differences | None:
        counts = None if self._audits is None else self._audits.differences(process, challenger)
        return None if counts is None else Differences(counts.records, counts.differed)

    def training(self, process: str) -> str | None:
        until = self._lease.held_until(process)
        return None if until is None or until <= self._now() else iso(until)

    def training_failed(self, process: str) -> FailedTraining | None:
        return None if self._failed is None else self._failed(process)
