"""Trainings that no person asked for: enough new decisions, and nothing under way."""

from dataclasses import dataclass, field

import pytest

from tests.fakes.registry import MemoryRegistry, a_version
from tests.fakes.training_lease import MemoryLease, MemoryTrainings
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.trainings import EndedTraining, TrainingOutcome
from winnow.registry.triggers import BY_DECISIONS, BY_SCHEDULE, Trigger
from winnow.reviews.models import Totals

WHO = Who("ann", "2027-01-01T00:00:00.000Z")
NOW = 1_800_000_000.0


@dataclass
class Room:
    """Processes, what people decided of them, and the trainings that were started."""

    registry: MemoryRegistry = field(default_factory=MemoryRegistry)
    lease: MemoryLease = field(default_factory=MemoryLease)
    log: MemoryTrainings = field(default_factory=MemoryTrainings)
    totals: dict[str, Totals] = field(default_factory=dict)
    asked: list[tuple[str, str, int | None]] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    since: str = "2026-01-01T00:00:00.000Z"

    def publish(self, process: str, decisions: int) -> None:
        version = a_version(process=process)
        self.registry.add(version)
        self.registry.change(None, *aliases.first(version, WHO))
        self.totals[process] = Totals(queued=decisions, decided=decisions)

    def totals_of_process(self, process: str) -> Totals:
        self.read.append(process)
        return self.totals.get(process, Totals())

    def began(self) -> str:
        return self.since

    def train(self, process: str, by: str, every: int | None = None) -> None:
        self.asked.append((process, by, every))

    def trigger(self, every: int) -> Trigger:
        return Trigger(
            self.registry, self, self.lease, self.log, self, lambda: NOW, every  # type: ignore[arg-type]
        )  # fmt: skip

    def ended(self, process: str, decisions: int, outcome: TrainingOutcome) -> None:
        self.log.keep(
            EndedTraining(
                process=process, run="one", by="ann", at=WHO.at, outcome=outcome,
                sentence="No.", decisions=decisions,
            )
        )  # fmt: skip


@pytest.fixture
def room() -> Room:
    room = Room()
    room.publish("bank", 199)
    return room


def test_the_decision_that_makes_it_enough_starts_a_training(room: Room):
    trigger = room.trigger(200)
    assert trigger.decided(["bank", "bank"]) == []
    room.totals["bank"] = Totals(decided=150, audited=30, corrections=20)
    assert trigger.decided(["bank", "bank", "nobody"]) == ["bank"]
    assert room.asked == [("bank", BY_DECISIONS, 200)]


def test_off_reads_nothing(room: Room):
    assert room.trigger(0).decided(["bank"]) == []
    assert room.read == []


@pytest.mark.parametrize("outcome", [TrainingOutcome.NOT_BETTER, TrainingOutcome.FAILED])
def test_what_made_nothing_better_waits_for_as_many_new_ones(room: Room, outcome: TrainingOutcome):
    room.ended("bank", 199, outcome)
    trigger = room.trigger(100)
    room.totals["bank"] = Totals(decided=298)
    assert trigger.decided(["bank"]) == []
    room.totals["bank"] = Totals(decided=299)
    assert trigger.decided(["bank"]) == ["bank"]


@pytest.mark.parametrize("outcome", list(TrainingOutcome))
def test_a_table_anew_counts_from_nothing(room: Room, outcome: TrainingOutcome):
    """Reviews were switched off and on again: what trainings knew before is no part of it."""
    room.ended("bank", 1_000, outcome)
    room.totals["bank"] = Totals(decided=100)
    trigger = room.trigger(100)
    assert trigger.decided(["bank"]) == []
    room.since = "2027-01-02T00:00:00.000Z"
    assert trigger.decided(["bank"]) == trigger.scheduled() == ["bank"]
    # A training of the table itself counts, whatever was published before it.
    room.log.ended["bank"] = room.log.ended["bank"].model_copy(
        update={"at": "2027-01-03T00:00:00.000Z", "decisions": 100}
    )
    room.totals["bank"] = Totals(decided=199)
    assert trigger.decided(["bank"]) == []
    room.totals["bank"] = Totals(decided=200)
    assert trigger.decided(["bank"]) == ["bank"]


def test_a_decision_that_is_taken_back_starts_nothing(room: Room):
    room.ended("bank", 199, TrainingOutcome.NOT_BETTER)
    room.totals["bank"] = Totals(decided=198)
    assert room.trigger(100).decided(["bank"]) == []


def test_while_it_is_trained_or_released_nothing_is_started(room: Room):
    room.lease.take("bank", "one", NOW - 10, NOW + 10)
    assert room.trigger(100).decided(["bank"]) == []
    # Who had this lease was killed.
    room.lease.take("bank", "one", NOW - 10, NOW)
    assert room.trigger(100).decided(["bank"]) == ["bank"]
    challenger = a_version(process="bank", number=2)
    room.registry.add(challenger)
    entry = room.registry.entry("bank")
    assert entry is not None
    room.registry.change(entry, *aliases.set_challenger(entry, challenger, WHO))
    entry = room.registry.entry("bank")
    assert entry is not None
    room.registry.change(entry, *aliases.start_shadow(entry, WHO, "k"))
    assert room.trigger(100).decided(["bank"]) == []


def test_too_few_for_any_training_start_none(room: Room):
    room.totals["bank"] = Totals(decided=49)
    assert room.trigger(10).decided(["bank"]) == []
    assert room.trigger(10).scheduled() == []


def test_the_schedule_trains_every_process_with_enough(room: Room):
    room.publish("moods", 50)
    room.publish("quiet", 0)
    assert room.trigger(0).scheduled() == ["bank", "moods"]
    assert room.asked == [("bank", BY_SCHEDULE, 50), ("moods", BY_SCHEDULE, 50)]
    assert room.trigger(100).scheduled() == ["bank"]
