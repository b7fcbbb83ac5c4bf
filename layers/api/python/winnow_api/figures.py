"""How the versions of a stack do, and whether one is being trained."""

from collections.abc import Callable

from winnow.registry.ports import TrainingLease, TrainingLog
from winnow.registry.trainings import TrainingOutcome
from winnow_api.call import iso
from winnow_api.ports import Audits, Bounds, Differences, FailedTraining


class StackFigures:
    """LiveFigures of a stack."""

    def __init__(
        self,
        lease: TrainingLease,
        now: Callable[[], float],
        audits: Audits | None = None,
        trainings: TrainingLog | None = None,
    ) -> None:
        """Composes what several tables say.

        Args:
            lease: Who trains a process.
            now: Tells the time in epoch seconds.
            audits: What people found of accepted records; None: nothing is audited.
            trainings: What came of the last ones; None: nobody keeps it.
        """
        self._lease = lease
        self._now = now
        self._audits = audits
        self._trainings = trainings

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
        last = None if self._trainings is None else self._trainings.last(process)
        if last is None or last.outcome is not TrainingOutcome.FAILED:
            return None
        return FailedTraining(last.at, last.code or "")
