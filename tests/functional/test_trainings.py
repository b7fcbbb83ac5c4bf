"""One contract for what came of trainings in memory and on DynamoDB."""

import uuid

import pytest

from tests.fakes.model_table import create_model_table
from tests.fakes.training_lease import MemoryTrainings
from winnow.registry.ports import TrainingLog
from winnow.registry.trainings import EndedTraining, TrainingOutcome
from winnow_aws.trainings import TrainingTable

pytestmark = pytest.mark.stack


@pytest.fixture(params=["memory", "dynamodb"])
def log(request: pytest.FixtureRequest) -> TrainingLog:
    if request.param == "memory":
        return MemoryTrainings()
    dynamodb = request.getfixturevalue("dynamodb")
    return TrainingTable(dynamodb, create_model_table(dynamodb, f"models-{uuid.uuid4().hex}"))


def ended(process: str, run: str, **more: object) -> EndedTraining:
    return EndedTraining(
        process=process,
        run=run,
        by="ann",
        at="2027-01-01T00:00:00.000Z",
        outcome=TrainingOutcome.FAILED,
        code="reviews_too_few",
        sentence="Too few.",
        decisions=20,
    ).model_copy(update=more)


def test_the_last_one_of_each_process_is_kept(log: TrainingLog) -> None:
    assert log.last("bank") is None
    first, other = ended("bank", "one"), ended("moods", "two")
    log.keep(first)
    log.keep(other)
    assert (log.last("bank"), log.last("moods")) == (first, other)
    better = ended("bank", "three", outcome=TrainingOutcome.BETTER, code=None, challenger="a" * 64)
    log.keep(better)
    assert log.last("bank") == better
