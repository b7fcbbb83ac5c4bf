"""What starts a training by itself: enough new decisions, at once or by a schedule."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from winnow.registry.models import ProcessEntry
from winnow.registry.ports import ModelRegistry, TrainingLease, TrainingLog
from winnow.registry.trainings import MIN_REVIEWS, is_due
from winnow.reviews.ports import ReviewStore

BY_DECISIONS, BY_SCHEDULE = "decisions", "schedule"
"""Who asked for a training that no person asked for."""


class Trainer(Protocol):
    """Starts trainings, and waits for none."""

    def train(self, process: str, by: str, every: int | None = None) -> None:
        """Start one. Raises AccessDeniedError, AwsRefusedError, RetryableError.

        Args:
            process: Its id.
            by: Who asked.
            every: It is looked at once more whether so many new decisions were made; None: not.
        """
        ...


class Trigger(NamedTuple):
    """Starts the trainings that are due.

    Nothing is remembered of what was started: a training under way has a lease, and one that
    has ended is in the log with the decisions that it knew, whatever came of it. Between the start
    and the lease another start may slip in; it finds the process not due, and trains nothing.
    """

    registry: ModelRegistry
    reviews: ReviewStore
    lease: TrainingLease
    log: TrainingLog
    trainer: Trainer
    clock: Callable[[], float]
    """Epoch seconds."""
    every: int
    """New decisions after which a process is trained; 0: it is not, but by the schedule."""

    def decided(self, processes: Iterable[str]) -> list[str]:
        """Start the trainings of processes that people have just decided records of."""
        if not self.every:
            return []
        entries = (self.registry.entry(process) for process in dict.fromkeys(processes))
        return self._start((one for one in entries if one is not None), self.every, BY_DECISIONS)

    def scheduled(self) -> list[str]:
        """Start the training of every process with enough new decisions."""
        return self._start(self.registry.entries(), self.every or MIN_REVIEWS, BY_SCHEDULE)

    def _start(self, entries: Iterable[ProcessEntry], every: int, by: str) -> list[str]:
        started = []
        for entry in entries:
            process = entry.process
            if entry.release is not None:
                continue
            decisions = self.reviews.totals_of_process(process).decisions
            # With fewer the training would fail.
            if decisions < max(MIN_REVIEWS, every):
                continue
            until = self.lease.held_until(process)
            if until is not None and until > self.clock():
                continue
            if is_due(entry, self.log.last(process), decisions, every, self.reviews.began()):
                self.trainer.train(process, by, every)
                started.append(process)
        return started
