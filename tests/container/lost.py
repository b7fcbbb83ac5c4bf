"""An upload that no run has seen, and what the sweep has to know to find it."""

import json
from typing import TYPE_CHECKING, NamedTuple

import boto3

from tests.container.storage import RESULTS, UPLOADS, Storage
from tests.fakes.model_table import create_model_table
from tests.template.expand import expand

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class Lost(NamedTuple):
    """An upload without a row, and a workflow that takes its event and does nothing."""

    key: str
    settings: dict[str, str]
    """The sweep's own environment variables."""
    workflow: "SFNClient"

    def started(self) -> set[str]:
        """The keys whose events the workflow was started with."""
        machine = self.settings["WORKFLOW_ARN"]
        runs = self.workflow.list_executions(stateMachineArn=machine)["executions"]
        inputs = [
            self.workflow.describe_execution(executionArn=run["executionArn"])["input"]
            for run in runs
        ]
        return {json.loads(one)["detail"]["object"]["key"] for one in inputs}


def lose(s3: Storage, name: str) -> Lost:
    """Put an upload; make the table, the workflow and the topic of a stack called `name`."""
    aws = boto3.Session(
        aws_access_key_id=s3.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=s3.environment["AWS_SECRET_ACCESS_KEY"],
        region_name=s3.environment["AWS_REGION"],
    )
    endpoint = s3.client.meta.endpoint_url
    table = expand()["Resources"]["Table"]["Properties"]
    asked = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    made = {part: table[part] for part in asked}
    # An index under a condition is not the sweep's.
    made["GlobalSecondaryIndexes"] = [
        index for index in table["GlobalSecondaryIndexes"] if "IndexName" in index
    ]
    dynamodb = aws.client("dynamodb", endpoint_url=endpoint)
    dynamodb.create_table(TableName=name, **made)
    iam = aws.client("iam", endpoint_url=endpoint)
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    workflow = aws.client("stepfunctions", endpoint_url=endpoint)
    passing = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}
    machine = workflow.create_state_machine(
        name=name, definition=json.dumps(passing), roleArn=role
    )["stateMachineArn"]
    key = f"inbox/emotions/lost-{name}.txt"
    s3.client.put_object(Bucket=UPLOADS, Key=key, Body=b"Lost.")
    settings = {
        "RESULTS_BUCKET": RESULTS,
        "UPLOADS_BUCKET": UPLOADS,
        "TABLE_NAME": name,
        "MODELS_TABLE": create_model_table(dynamodb, f"{name}-models"),
        "TOPIC_ARN": aws.client("sns", endpoint_url=endpoint).create_topic(Name=name)["TopicArn"],
        "WORKFLOW_ARN": machine,
        "WAITING_QUEUE_URL": "without a limit nothing is sent there",
        "STACK_NAME": name,
        "RETENTION_DAYS": "90",
        "MISSED_SECONDS": "0.001",
    }
    return Lost(key, settings, workflow)
