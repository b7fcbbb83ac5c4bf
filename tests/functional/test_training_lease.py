"""One contract for the lease of a training in memory and on DynamoDB (by moto)."""

import boto3
import pytest

from tests.fakes.training_lease import MemoryLease
from winnow.registry.ports import TrainingLease
from winnow_aws.training_lease import LeaseTable


@pytest.fixture(params=["memory", "dynamodb"])
def lease(request: pytest.FixtureRequest) -> TrainingLease:
    if request.param == "memory":
        return MemoryLease()
    request.getfixturevalue("moto_aws")
    dynamodb = boto3.client("dynamodb", "us-east-1")
    dynamodb.create_table(
        TableName="models",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return LeaseTable(dynamodb, "models", lambda _: None)


def test_one_trains_a_process_at_a_time(lease):
    assert lease.take("bank", "one", 100.0, 200.0)
    assert not lease.take("bank", "two", 150.0, 250.0)
    assert lease.take("other", "two", 150.0, 250.0)
    lease.release("bank", "one")
    assert lease.take("bank", "two", 150.0, 250.0)


def test_an_attempt_that_is_repeated_goes_on(lease):
    assert lease.take("bank", "one", 100.0, 200.0)
    assert lease.take("bank", "one", 110.0, 210.0)


def test_a_lease_expires(lease):
    assert lease.take("bank", "killed", 100.0, 200.0)
    assert lease.take("bank", "two", 200.0, 300.0)
    lease.release("bank", "killed")
    assert not lease.take("bank", "three", 210.0, 310.0), "only one's own is released"


def test_releasing_what_is_not_held_does_nothing(lease):
    lease.release("bank", "one")
    assert lease.take("bank", "two", 1.0, 2.0)


def test_it_says_who_holds_it(lease):
    assert lease.holder("bank") is None
    lease.take("bank", "one", 100.0, 200.0)
    assert lease.holder("bank") == "one"
    lease.release("bank", "one")
    assert lease.holder("bank") is None


def test_it_says_until_when_it_is_held(lease):
    assert lease.held_until("bank") is None
    lease.take("bank", "one", 100.0, 200.5)
    assert lease.held_until("bank") == 200.5
    assert lease.held_until("other") is None
    lease.release("bank", "one")
    assert lease.held_until("bank") is None
