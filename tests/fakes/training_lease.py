"""Leases and ends of trainings in memory, under the same contracts as DynamoDB's."""

from winnow.registry.trainings import EndedTraining


class MemoryLease:
    """Satisfies `winnow.registry.ports.TrainingLease`."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, float]] = {}

    def take(self, process: str, holder: str, now: float, until: float) -> bool:
        other, expires = self.held.get(process, (holder, 0.0))
        if other != holder and expires > now:
            return False
        self.held[process] = (holder, until)
        return True

    def release(self, process: str, holder: str) -> None:
        if self.held.get(process, ("", 0.0))[0] == holder:
            del self.held[process]

    def holder(self, process: str) -> str | None:
        return self.held[process][0] if process in self.held else None

    def held_until(self, process: str) -> float | None:
        return self.held[process][1] if process in self.held else None


class MemoryTrainings:
    """Satisfies `winnow.registry.ports.TrainingLog`."""

    def __init__(self) -> None:
        self.ended: dict[str, EndedTraining] = {}

    def last(self, process: str) -> EndedTraining | None:
        return self.ended.get(process)

    def keep(self, ended: EndedTraining) -> None:
        self.ended[ended.process] = ended
