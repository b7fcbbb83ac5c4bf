"""How the versions of a stack do, and whether one is being trained."""

from collections.abc import Callable

from winnow.registry.ports import TrainingLease
from winnow_api.call import iso
from winnow_api.ports import Bounds, Differences, FailedTraining


class StackFigures:
    """LiveFigures of a stack."""

    def __init__(self, lease: TrainingLease, now: Callable[[], float]) -> None:
        """`now` tells the time in epoch seconds."""
        self._lease = lease
        self._now = now

    def precision(self, process: str, sha256: str) -> Bounds | None:
        return None

    def shadow(self, process: str, challenger: str) -> Differences | None:
        return None

    def training(self, process: str) -> str | None:
        until = self._lease.held_until(process)
        return None if until is None or until <= self._now() else iso(until)

    def training_failed(self, process: str) -> FailedTraining | None:
        return None
