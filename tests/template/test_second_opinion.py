"""Others look at the template too: an emulator that is not MiniStack, and a linter of policies."""

import ast
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.template.emulator import REFUSED, UNKNOWN, UNKNOWN_TYPES, Deployed, deployed
from tests.template.expand import expand
from tests.template.policies import lint, policies

RESOURCES: dict[str, Any] = expand()["Resources"]


@pytest.fixture
def stack() -> Iterator[Deployed]:
    with deployed() as found:
        yield found


def of_type(kind: str) -> list[str]:
    return [name for name, one in RESOURCES.items() if one["Type"] == kind]


def test_the_emulator_makes_all_but_what_is_listed(stack: Deployed) -> None:
    assert stack.status == "CREATE_COMPLETE"
    unknown = {RESOURCES[name]["Type"] for name, why in stack.refused.items() if why == UNKNOWN}
    assert unknown == UNKNOWN_TYPES
    assert {name for name, why in stack.refused.items() if why != UNKNOWN} == set(REFUSED)
    assert not unknown & {RESOURCES[name]["Type"] for name in stack.resources}
    idle = set(RESOURCES) - set(stack.resources) - set(stack.refused)
    conditions = {RESOURCES[name].get("Condition") for name in idle}
    assert conditions == {
        *("HasReservedAlarm", "HasBudget", "HasTrainOnBatch", "HasNotifyWebhook", "HasAthena"),
    }
    assert len(stack.resources) > 60


def _bend(name: str, *path: str | int, value: object) -> dict[str, Any]:
    template = expand()
    node = template["Resources"][name]["Properties"]
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return template


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("Table", ("KeySchema", 0, "AttributeName"), "nowhere"),
        ("Waiting", ("VisibilityTimeout",), "soon"),
        ("FilterFunction", ("Role",), {"Fn::GetAtt": ["NoRole", "Arn"]}),
        ("StoppedRule", ("Targets", 0, "Arn"), {"Fn::GetAtt": ["Stopped", "Nowhere"]}),
        ("ResultsBucket", ("BucketName",), "x"),
        ("QueueRole", ("AssumeRolePolicyDocument",), None),
    ],
)
def test_the_emulator_refuses_what_is_wrong(
    name: str, path: tuple[str | int, ...], value: object
) -> None:
    with deployed(_bend(name, *path, value=value)) as found:
        assert name in found.refused


def test_what_the_emulator_made_is_what_the_template_says(stack: Deployed) -> None:
    compared: Counter[str] = Counter()
    for name, made in stack.resources.items():
        kind, wanted = RESOURCES[name]["Type"], stack.resolved[name]
        given = READ.get(kind, lambda *_: None)(stack, made)
        if given is None:
            continue
        for key, value in given.items():
            if key in wanted:
                assert _plain(value) == _plain(wanted[key]), f"{name}.{key}"
                compared[kind] += 1
    assert set(compared) == set(READ)
    assert sum(compared.values()) > 100


def _plain(value: Any) -> Any:
    """A value as both write it: numbers and booleans are text in some answers."""
    match value:
        case dict():
            return {key: _plain(one) for key, one in value.items() if one is not None}
        case list():
            return [_plain(one) for one in value if one is not None]
        case bool() | int() | float():
            return str(value).lower()
    return value


def _queue(stack: Deployed, made: str) -> dict[str, Any]:
    answer = stack.client("sqs").get_queue_attributes(QueueUrl=made, AttributeNames=["All"])
    found = answer["Attributes"]
    return {**found, "RedrivePolicy": json.loads(found.get("RedrivePolicy", "null"))}


def _table(stack: Deployed, made: str) -> dict[str, Any]:
    found = stack.client("dynamodb").describe_table(TableName=made)["Table"]
    indexes = [
        {key: one[key] for key in ("IndexName", "KeySchema", "Projection")}
        for one in found.get("GlobalSecondaryIndexes", [])
    ]
    return {
        "KeySchema": found["KeySchema"],
        "AttributeDefinitions": found["AttributeDefinitions"],
        "BillingMode": found["BillingModeSummary"]["BillingMode"],
        "GlobalSecondaryIndexes": indexes,
    }


def _role(stack: Deployed, made: str) -> dict[str, Any]:
    iam = stack.client("iam")
    names = iam.list_role_policies(RoleName=made)["PolicyNames"]
    return {
        "AssumeRolePolicyDocument": iam.get_role(RoleName=made)["Role"]["AssumeRolePolicyDocument"],
        "Policies": [
            {"PolicyName": name, "PolicyDocument": _document(iam, made, name)} for name in names
        ],
    }


def _document(iam: Any, role: str, name: str) -> Any:
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    # It keeps what CloudFormation gave it as Python writes it.
    return ast.literal_eval(document) if isinstance(document, str) else document


def _function(stack: Deployed, made: str) -> dict[str, Any]:
    found = stack.client("lambda").get_function(FunctionName=made)["Configuration"]
    return {key: found[key] for key in ("MemorySize", "Timeout", "Role", "Description")}


def _logs(stack: Deployed, made: str) -> dict[str, Any]:
    [found] = stack.client("logs").describe_log_groups(logGroupNamePrefix=made)["logGroups"]
    return {"RetentionInDays": found["retentionInDays"], "LogGroupName": found["logGroupName"]}


def _rule(stack: Deployed, made: str) -> dict[str, Any]:
    events = stack.client("events")
    name = made.rpartition("/")[2]
    found = events.describe_rule(Name=name)
    return {
        "EventPattern": json.loads(found["EventPattern"]),
        "Description": found["Description"],
        "Targets": events.list_targets_by_rule(Rule=name)["Targets"],
    }


def _machine(stack: Deployed, made: str) -> dict[str, Any]:
    found = stack.client("stepfunctions").describe_state_machine(stateMachineArn=made)
    # It reads no definition from S3.
    return {"RoleArn": found["roleArn"], "StateMachineName": found["name"]}


READ = {
    "AWS::SQS::Queue": _queue,
    "AWS::DynamoDB::Table": _table,
    "AWS::IAM::Role": _role,
    "AWS::Lambda::Function": _function,
    "AWS::Logs::LogGroup": _logs,
    "AWS::Events::Rule": _rule,
    "AWS::StepFunctions::StateMachine": _machine,
}
"""Type -> what the services of the emulator say of a resource, in the template's words."""


def _with_arns(node: Any) -> Any:
    """The template with ARNs for what the emulator does not make: aliases, and the secret."""
    if isinstance(node, dict):
        kind = RESOURCES.get(str(node.get("Ref")), {}).get("Type") if len(node) == 1 else None
        if kind in ALIASES:
            return ALIASES[kind]
        if node == {"Fn::GetAtt": ["WebhookSecret", "Id"]}:
            return SECRET
        return {key: _with_arns(one) for key, one in node.items()}
    return [_with_arns(one) for one in node] if isinstance(node, list) else node


ALIASES = {
    "AWS::Lambda::Alias": "arn:aws:lambda:us-east-1:123456789012:function:one:live",
    "AWS::StepFunctions::StateMachineAlias": "arn:aws:states:us-east-1:123456789012:"
    "stateMachine:one:live",
}


SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:winnow-webhook-a1b2c3"


def test_the_linter_has_nothing_to_say_of_a_policy() -> None:
    template = _with_arns(expand())
    template["Parameters"]["NotifyWebhook"]["Default"] = "slack"
    with deployed(template) as found:
        every = [one for name, given in found.resolved.items() for one in policies(given, name)]
    assert len(every) == len([*policies(RESOURCES, "")]) > 40
    assert {path: said for path, policy in every if (said := lint(policy))} == {}


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"}, "RESOURCE_MISMATCH"),
        ({"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket/*"}, "RESOURCE_MISMATCH"),
        ({"Action": "s3:GetObjects", "Resource": "arn:aws:s3:::bucket/*"}, "UNKNOWN_ACTION"),
        ({"Action": "sqs:SendMessage", "Resource": "*"}, "RESOURCE_STAR"),
        ({"Action": "s3:GetObject", "Resource": "bucket/*"}, "INVALID_ARN"),
        (
            {
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::bucket/*",
                "Condition": {"StringEquals": {"s3:nothing": "x"}},
            },
            "UNKNOWN_CONDITION_FOR_ACTION",
        ),
    ],
)
def test_the_linter_finds_what_is_wrong(statement: dict[str, Any], said: str) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    assert [one.partition(":")[0] for one in lint(policy)] == [said]
