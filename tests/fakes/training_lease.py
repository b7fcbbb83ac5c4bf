"""Leases of trainings in memory, under the same contract as DynamoDB's."""


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

    def held_until(self, process: str) -> float | None:
        return self.held[process][1] if process in self.held else None
