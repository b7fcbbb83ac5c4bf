"""How versions do, in memory; a stack with some of them; and what was asked to be trained."""

from typing import NamedTuple

from tests.fakes.registry import MemoryRegistry, a_version
from winnow.registry import aliases
from winnow.registry.aliases import Changed, Who
from winnow.registry.models import ModelVersion, ProcessEntry
from winnow.releases.golden import GoldenReport
from winnow_api.ports import Differences, FailedTraining


class Audits(NamedTuple):
    """What audits say of a version."""

    n: int
    right: int
    lower: float
    upper: float

    @property
    def estimate(self) -> float | None:
        return self.right / self.n if self.n else None


class MemoryLive:
    """Live figures that a test says."""

    def __init__(self) -> None:
        self.audits: dict[tuple[str, str], Audits] = {}
        self.differences: dict[tuple[str, str], Differences] = {}
        self.running: dict[str, str] = {}
        self.failed: dict[str, FailedTraining] = {}

    def precision(self, process: str, sha256: str) -> Audits | None:
        return self.audits.get((process, sha256))

    def shadow(self, process: str, challenger: str) -> Differences | None:
        return self.differences.get((process, challenger))

    def training(self, process: str) -> str | None:
        return self.running.get(process)

    def training_failed(self, process: str) -> FailedTraining | None:
        return self.failed.get(process)


class MemoryAlarm(NamedTuple):
    """An alarm that a test rings."""

    name: str
    description: str
    since: str


class MemoryAlarms:
    """Alarms that a test rings."""

    def __init__(self) -> None:
        self.rung: list[MemoryAlarm] = []

    def ringing(self) -> list[MemoryAlarm]:
        return self.rung


class MemoryTrainer:
    """What was asked to be trained, and by whom."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def train(self, process: str, by: str) -> None:
        self.asked.append((process, by))


class MemoryGolden:
    """Satisfies `winnow_api.ports.Golden`: answers what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, float]] = []
        self.report = GoldenReport()

    def judged(self, process: str, version: str, guarantee: float) -> GoldenReport:
        self.asked.append((process, version, guarantee))
        return self.report


def made(registry: MemoryRegistry, before: ProcessEntry | None, changed: Changed) -> ProcessEntry:
    """One change of a process's entry."""
    registry.change(before, changed.entry, changed.change)
    return changed.entry


def publish(
    registry: MemoryRegistry, process: str, count: int = 2, **fields: object
) -> list[ModelVersion]:
    """Versions of a process: the first is champion, the second, if any, challenger."""
    versions = [a_version(process, number, **fields) for number in range(1, count + 1)]
    for version in versions:
        registry.add(version)
    entry = made(registry, None, aliases.first(versions[0], Who("deploy", versions[0].created)))
    if count > 1:
        who = Who("barbara@example.org", versions[1].created)
        made(registry, entry, aliases.set_challenger(entry, versions[1], who))
    return versions
