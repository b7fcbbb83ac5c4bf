"""The state of one call of the sweep: its clock, limits and counts."""

from collections.abc import Callable
from dataclasses import dataclass, field

from winnow.errors import InternalError, WinnowError
from winnow.recovery.report import SweepFailure, SweepReport
from winnow.recovery.retention import Retention

RESERVE_S = 30.0
"""Seconds reserved to save the progress of the call."""
_MAX_FAILURES_NAMED = 20


@dataclass
class SweepCall:
    """The state that the parts of one call share."""

    now: float
    """epoch seconds"""
    retention: Retention
    seconds_left: Callable[[], float]
    max_starts: int
    versions: int = 0
    looked_up: int = 0
    unfinished: int = 0
    restarted: int = 0
    abandoned: int = 0
    duplicates: int = 0
    failed: int = 0
    unqueued: int = 0
    failures: list[SweepFailure] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)
    """uploads whose run crashed, which get one attempt per call"""
    oldest_s: float = 0.0
    """age of the oldest run under way"""
    complete: bool = False
    """a walk reached the end of the inbox"""

    @property
    def over(self) -> bool:
        """Whether it has to end: out of time, or `max_starts` reached."""
        return self.restarted >= self.max_starts or self.seconds_left() < RESERVE_S

    def fail(self, upload_id: str | None, error: WinnowError) -> None:
        """Count an upload that could not be started again."""
        self.failed += 1
        if len(self.failures) < _MAX_FAILURES_NAMED:
            self.failures.append(SweepFailure(upload_id=upload_id, code=error.code))

    def attempt(self, upload_id: str, work: Callable[["SweepCall"], None]) -> None:
        """Do the work of one upload. Its errors, expected or not, are only counted."""
        try:
            work(self)
        except WinnowError as error:
            self.fail(upload_id, error)
        except Exception as error:
            self.fail(upload_id, InternalError(f"{type(error).__name__}."))

    def report(self, walked_s: float) -> SweepReport:
        """The report; `walked_s` is the age of the oldest version that a walk saw."""
        return SweepReport(
            versions=self.versions,
            looked_up=self.looked_up,
            unfinished=self.unfinished,
            restarted=self.restarted,
            abandoned=self.abandoned,
            doubles=self.duplicates,
            failed=self.failed,
            unqueued=self.unqueued,
            failures=tuple(self.failures),
            oldest_unfinished_s=max(self.oldest_s, walked_s),
            complete=self.complete,
        )
