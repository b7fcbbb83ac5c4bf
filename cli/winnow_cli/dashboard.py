"""What a stack did in the last hours: the numbers of `winnow dashboard`, wherever they come from.

A source gives samples: AWS's CloudWatch (`cloud_metrics`), or the logs of the local stack's
functions (`local_metrics`), which print the same metrics.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from winnow.registry.models import DeployedCode
from winnow_aws.alarms import Ringing

BUCKETS = 24
"""Points of a sparkline."""


@dataclass(frozen=True)
class Window:
    """The time that is looked at, in seconds since 1970."""

    start: float
    end: float

    @property
    def bucket_s(self) -> float:
        """Length of one of its parts."""
        return (self.end - self.start) / BUCKETS

    def bucket(self, at: float) -> int:
        """The part that a time is in; times outside are in the first or last one."""
        return min(BUCKETS - 1, max(0, int((at - self.start) / self.bucket_s)))


@dataclass(frozen=True)
class Runs:
    """Runs of the workflow, by how they ended."""

    started: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0
    p50_s: float | None = None
    p95_s: float | None = None
    over_time: tuple[int, ...] = (0,) * BUCKETS


@dataclass
class Records:
    """Records of a process that one version judged, and what people said of them."""

    process: str
    version: str = ""
    """First 12 hex digits; empty: all versions of the process."""
    accepted: int = 0
    review: int = 0
    invalid: int = 0
    decided: int = 0
    """By people."""
    changed: int = 0
    """Of them, unlike the machine."""
    audited: int | None = None
    """Accepted records that people checked; None: the live precision is not measured."""
    precision: float | None = None
    precision_lower: float | None = None
    drift: float | None = None
    """Share of runs that drifted; None: no run had a trained head."""
    over_time: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    alias: str = ""
    """What the version is called now; empty: nothing."""
    created: str | None = None
    """When the version was made, ISO 8601; None: it is none that is called anything."""

    @property
    def judged(self) -> int:
        return self.accepted + self.review + self.invalid

    @property
    def review_rate(self) -> float | None:
        """Share of the judged records that was set aside."""
        return self.review / self.judged if self.judged else None

    @property
    def agreement(self) -> float | None:
        """Share of people's decisions that are the machine's."""
        return 1 - self.changed / self.decided if self.decided else None


@dataclass(frozen=True)
class Function:
    """Calls of a function."""

    name: str
    calls: int = 0
    errors: int = 0
    throttles: int | None = None
    """None: the source does not know."""
    p95_ms: float | None = None
    cpu_s: float = 0.0
    memory_mb: float | None = None
    """The most of all calls."""
    limit_mb: int | None = None
    gb_s: float = 0.0
    """Gigabyte-seconds, which AWS bills."""
    concurrency: int | None = None
    """The most calls at once."""
    reserved: int | None = None
    """The most that it may have; None: what the account has left."""
    deployed_at: str | None = None


@dataclass(frozen=True)
class Dashboard:
    """All of it."""

    window: Window
    runs: Runs
    records: Sequence[Records]
    functions: Sequence[Function]
    alarms: Sequence[Ringing]
    code: DeployedCode | None = None
    """What was deployed last; None: an earlier version deployed it."""


class Source(Protocol):
    """Where the numbers of a stack come from."""

    def runs(self, window: Window) -> Runs:
        """Its runs."""
        ...

    def records(self, window: Window) -> Sequence[Records]:
        """A row for each process, and one for each version that judged something."""
        ...

    def functions(self, window: Window) -> Sequence[Function]:
        """A row for each function, called or not."""
        ...


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that at least this share of the values does not exceed.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    ranked = sorted(values)
    return ranked[max(0, -int(-len(ranked) * share // 1) - 1)] if ranked else None


def add(row: Records, name: str, value: float) -> None:
    """Add a sum of a metric to a row; metrics that are not counts of it are left out."""
    field_of = {
        "RecordsAccepted": "accepted",
        "RecordsReview": "review",
        "RecordsInvalid": "invalid",
        "RecordsDecided": "decided",
        "RecordsChanged": "changed",
    }.get(name)
    if field_of:
        setattr(row, field_of, getattr(row, field_of) + round(value))


COUNTED = ("RecordsAccepted", "RecordsReview", "RecordsInvalid")
DECIDED = ("RecordsDecided", "RecordsChanged")


def in_order(rows: Mapping[tuple[str, str], Records]) -> list[Records]:
    """By process, the sum of its versions first.

    A process with one version has one row: what is not counted by version is of that version, too.
    """
    kept: list[Records] = []
    for process in sorted({process for process, _ in rows}):
        versions = [row for (name, _), row in sorted(rows.items()) if name == process]
        if len(versions) == 2 and versions[0].judged == versions[1].judged:
            whole, one = versions
            versions = [
                replace(
                    whole,
                    version=one.version,
                    audited=one.audited,
                    precision=one.precision,
                    precision_lower=one.precision_lower,
                )
            ]
        kept += versions
    return kept
