"""Jobs of AWS Batch, stubbed: what is asked of it, and what its answers become."""

import boto3
import pytest
from botocore.stub import Stubber

from winnow.errors import AccessDeniedError
from winnow.registry.trainings import TrainInput
from winnow_aws.train_jobs import EVENT, TrainJobs

ASKED = TrainInput(process="bank.v2", by="ann")


@pytest.fixture
def batch():
    client = boto3.client(
        "batch", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(client) as stub:
        yield client, stub


def test_a_job_is_told_what_the_function_was_told(batch):
    client, stub = batch
    expected = {
        "jobName": "train-bank-v2",
        "jobQueue": "winnow-training",
        "jobDefinition": "winnow-training",
        "containerOverrides": {
            "environment": [
                {"name": EVENT, "value": '{"process":"bank.v2","by":"ann"}'},
            ],
            "resourceRequirements": [
                {"type": "VCPU", "value": "4"},
                {"type": "MEMORY", "value": "20480"},
            ],
        },
    }  # fmt: skip
    stub.add_response("submit_job", {"jobName": "train-bank-v2", "jobId": "j-1"}, expected)
    assert TrainJobs(client, "winnow-training", "winnow-training").submit(ASKED, 5_000) == "j-1"


def test_what_may_not_be_submitted_is_an_error_of_ours(batch):
    client, stub = batch
    stub.add_client_error("submit_job", "AccessDeniedException", http_status_code=403)
    with pytest.raises(AccessDeniedError):
        TrainJobs(client, "winnow-training", "winnow-training").submit(ASKED, 1_000)
