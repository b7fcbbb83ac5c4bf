"""The figures of a stack: of what was audited, and of a training that is running."""

from typing import NamedTuple

from tests.fakes.live import Audits
from tests.fakes.training_lease import MemoryLease, MemoryTrainings
from winnow.registry.trainings import EndedTraining, TrainingOutcome
from winnow_api.figures import StackFigures
from winnow_api.ports import Differences, FailedTraining


class Watch(NamedTuple):
    precision: Audits


class Found:
    """What was found of one version."""

    def watch(self, process: str, version: str) -> Watch | None:
        return Watch(Audits(9, 8, 0.5, 0.99)) if (process, version) == ("bank", "a") else None

    def differences(self, process: str, challenger: str) -> Differences | None:
        return Differences(30, 2) if (process, challenger) == ("bank", "a") else None


def test_what_was_audited_is_told_of_its_version():
    figures = StackFigures(MemoryLease(), lambda: 0.0, Found())
    precision = figures.precision("bank", "a")
    assert precision is not None
    assert (precision.n, precision.right) == (9, 8)
    assert figures.shadow("bank", "a") == Differences(30, 2)
    assert figures.precision("bank", "b") is figures.shadow("other", "a") is None


def test_without_audits_nothing_is_told():
    figures = StackFigures(MemoryLease(), lambda: 0.0)
    assert figures.precision("bank", "a") is figures.shadow("bank", "a") is None
    assert figures.training_failed("bank") is None


def test_a_training_is_running_until_its_lease_ends():
    lease = MemoryLease()
    now = [100.0]
    figures = StackFigures(lease, lambda: now[0])
    assert figures.training("bank") is None
    lease.take("bank", "one", 100.0, 200.0)
    assert figures.training("bank") == "1970-01-01T00:03:20.000Z"
    now[0] = 200.0
    # Who had it was killed.
    assert figures.training("bank") is None


def test_a_failed_training_is_told():
    trainings = MemoryTrainings()
    figures = StackFigures(MemoryLease(), lambda: 0.0, trainings=trainings)
    assert figures.training_failed("bank") is None
    ended = EndedTraining(
        process="bank", run="one", by="ann", at="2026-01-01T00:00:00.000Z", decisions=9,
        outcome=TrainingOutcome.FAILED, code="training_data", sentence="One label alone.",
    )  # fmt: skip
    trainings.keep(ended)
    assert figures.training_failed("bank") == FailedTraining(ended.at, "training_data")
    # One that makes nothing better did not fail.
    worse = {"outcome": TrainingOutcome.NOT_BETTER, "code": None}
    trainings.keep(ended.model_copy(update=worse))
    assert figures.training_failed("bank") is None
