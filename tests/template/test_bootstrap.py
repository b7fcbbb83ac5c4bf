"""The roles of a pipeline: enough to deploy the template, and nothing that is not written down."""

import ast
import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.template.execution import (
    BEYOND,
    LEFT_OUT,
    TRAINING_LEFT_OUT,
    WRITE,
    named,
    needed,
    types,
)
from tests.template.expand import expand
from tests.template.policies import lint
from tests.template.test_lint import lint as lint_template
from winnow_cli.deployment import cloud
from winnow_cli.deployment.bootstrap import TEMPLATE, documents, execution_role
from winnow_local.template import read_template

VALUES = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "123456789012",
    "AWS::URLSuffix": "amazonaws.com",
    "StackName": "winnow-test",
}
DOCUMENTS = documents(VALUES)
RESOURCES: dict[str, Any] = read_template(TEMPLATE)["Resources"]
EXECUTION = ("ExecutionData", "ExecutionCompute", "ExecutionRest")
EVERYWHERE = {
    *("Subscriptions", "MakeKeys", "Streams", "LogDelivery", "FindAlarms", "MakeUserPools"),
    *("SignInToRegistry", "CheckAccount", "Network", "FindBatch"),
}
"""Statements on `*`: services know no resource for them, or it is still to be made."""
WHOLE_ACCOUNT = {
    *("Keys", "UseKeys", "ChangeStreams", "ReadSigning", "UserPools", "Apis"),
    *("ReadTemplates", "Images", "Expand", "ExpandTemplate", "PushImages"),
    *("MakeArtifactsBucket", "UploadTemplates", "Batch", "BatchRole", "NotebookKey", "Catalog"),
    "EncryptSample",
}
"""Statements on resources whose names AWS makes, or that all stacks of an account share."""


def statements(*names: str) -> list[dict[str, Any]]:
    return [one for name in names for one in DOCUMENTS[name]["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


ALLOWED = {action for one in statements(*EXECUTION) for action in listed(one["Action"])}


def test_the_template_is_clean() -> None:
    assert lint_template(TEMPLATE) == []


@pytest.mark.parametrize("kind", types())
def test_the_execution_role_may_do_what_a_type_of_resource_takes(kind: str) -> None:
    missing = needed(kind) - ALLOWED
    assert not missing, (
        f"{kind}: add these to infra/bootstrap.yaml, or to LEFT_OUT in tests/template/execution.py "
        f"with the reason: {sorted(missing)}"
    )


def test_it_may_do_nothing_beside() -> None:
    every = {action for kind in types() for action in needed(kind)}
    assert ALLOWED - every == set(BEYOND)


def of_training() -> dict[str, set[str]]:
    """What the types of resources of infra/training.yaml take, in the spelling of IAM."""
    nested = types(read_template(TEMPLATE.with_name("training.yaml")))
    return {
        kind: {
            re.sub("^[A-Z][a-z]+", lambda found: found[0].lower(), one).replace("UnTag", "Untag")
            for one in named(kind)
        }
        for kind in (*nested, "AWS::CloudFormation::Stack")
        if not kind.startswith(("AWS::Lambda::", "AWS::IAM::"))
    }


def test_with_large_trainings_it_may_do_what_they_take_and_no_more() -> None:
    own = statements("ExecutionTraining")
    allowed = {action for one in own for action in listed(one["Action"])}
    every = {action for actions in of_training().values() for action in actions}
    outs = [out for out, _ in TRAINING_LEFT_OUT]
    taken = {one for one in every if not any(fnmatchcase(one, out) for out in outs)}
    assert taken - allowed == set()
    assert allowed - taken == set()
    assert [out for out in outs if not any(fnmatchcase(one, out) for one in every)] == []


def test_only_with_large_trainings_it_has_that_policy() -> None:
    assert RESOURCES["ExecutionTraining"]["Condition"] == "HasLargeTrainings"
    assert read_template(TEMPLATE)["Parameters"]["LargeTrainings"]["Default"] == "false"
    role = RESOURCES["ExecutionRole"]["Properties"]["ManagedPolicyArns"]
    assert role[len(EXECUTION) :] == [
        {
            "Fn::If": [
                "HasLargeTrainings",
                {"Ref": "ExecutionTraining"},
                {"Ref": "AWS::NoValue"},
            ]
        }
    ]
    [own] = [one for one in statements("ExecutionTraining") if one["Sid"] == "PassJobRoles"]
    services = ["ecs-tasks.amazonaws.com", "sagemaker.amazonaws.com"]
    assert own["Condition"] == {"StringEquals": {"iam:PassedToService": services}}


def test_nothing_is_left_out_that_no_schema_names() -> None:
    every = {action for kind in types() for action in named(kind)}
    idle = [out for out, _ in LEFT_OUT if not any(fnmatchcase(one, out) for one in every)]
    assert idle == []
    assert not set(BEYOND) & every
    assert set(WRITE) == {"create", "read", "update", "delete"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_policy_is_clean_and_not_too_long(name: str) -> None:
    assert lint(DOCUMENTS[name]) == []
    assert len(json.dumps(DOCUMENTS[name], separators=(",", ":"))) <= 6144


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_resource_is_the_stacks_or_said_to_be_wider(name: str) -> None:
    for one in statements(name):
        assert one["Effect"] == "Allow"
        assert not any("*" in action for action in listed(one["Action"]))
        if "*" in listed(one["Resource"]):
            assert one["Sid"] in EVERYWHERE, one["Sid"]
        elif one["Sid"] not in WHOLE_ACCOUNT:
            own = [arn for arn in listed(one["Resource"]) if "winnow-test" in arn]
            assert own == listed(one["Resource"]), one["Sid"]


def test_the_longest_name_of_a_stack_leaves_room_for_its_roles() -> None:
    """CloudFormation shortens longer names, and a role would no longer begin with the stack's."""
    pattern = read_template(TEMPLATE)["Parameters"]["StackName"]["AllowedPattern"]
    most = next(n for n in range(1, 128) if not re.fullmatch(pattern, "a" * (n + 1)))
    roles = [name for name, one in expand()["Resources"].items() if one["Type"] == "AWS::IAM::Role"]
    assert all(len(f"{'a' * most}-{role}-{'X' * 13}") <= 64 for role in roles)


def test_every_exception_is_used() -> None:
    sids = {one["Sid"] for one in statements(*DOCUMENTS)}
    assert sids >= EVERYWHERE | WHOLE_ACCOUNT


def test_only_one_repository_and_environment_may_deploy() -> None:
    [trust] = RESOURCES["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    provider = "token.actions.githubusercontent.com"
    subject = {"Fn::Sub": "repo:${GitHubRepository}:environment:${GitHubEnvironment}"}
    # StringEquals, not StringLike: no character of a name is a wildcard.
    assert trust["Condition"] == {
        "StringEquals": {f"{provider}:aud": "sts.amazonaws.com", f"{provider}:sub": subject}
    }
    for name in ("GitHubRepository", "GitHubEnvironment"):
        pattern = read_template(TEMPLATE)["Parameters"][name]["AllowedPattern"]
        assert "*" not in pattern.replace("]*", "")
        assert ":" not in pattern


def test_cloudformation_alone_has_the_execution_role_and_of_this_account() -> None:
    [trust] = RESOURCES["ExecutionRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "cloudformation.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_changes_are_made_with_the_execution_role_alone() -> None:
    own = {one["Sid"]: one for one in statements("DeployPolicy")}
    role = "arn:aws:iam::123456789012:role/deploys.winnow-test.cloudformation"
    assert own["PlanChanges"]["Condition"] == {"ArnEquals": {"cloudformation:RoleArn": role}}
    assert own["PassExecutionRole"]["Resource"] == role
    planned = [one["Sid"] for one in own.values() if "CreateChangeSet" in str(one["Action"])]
    assert planned == ["PlanChanges", "ExpandTemplate"]
    actions = {action for one in own.values() for action in listed(one["Action"])}
    assert not {one for one in actions if one.startswith("iam:")} - {"iam:PassRole", "iam:GetRole"}
    assert not {one for one in actions if "Delete" in one} - {"cloudformation:DeleteChangeSet"}


CALLED = {
    "head_bucket": "s3:ListBucket",
    "list_object_versions": "s3:ListBucketVersions",
    "put_public_access_block": "s3:PutBucketPublicAccessBlock",
    "cancel_update_stack": "cloudformation:CancelUpdateStack",
}
"""Call of boto3 -> action, where the names differ."""
ASKED_OF_PEOPLE = {
    *("cloudformation:DeleteStack", "s3:ListBucketVersions"),
    *("cloudformation:DetectStackDrift", "cloudformation:DescribeStackDriftDetectionStatus"),
}
"""What the port does that no pipeline does: delete a stack, see the names of its files, and look
for drift, for which CloudFormation reads every resource as whoever asks."""
NOT_IAM = {"sts:GetCallerIdentity"}
"""Everybody may."""


def test_who_deploys_may_do_what_the_port_to_aws_calls() -> None:
    tree = ast.parse(Path(cloud.__file__).read_text("utf-8"))
    called = set()
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        on, name = ast.unparse(node.func.value), node.func.attr
        service = re.fullmatch(r"self\._client\('([\w-]+)'\)|(ecr|s3)", on)
        if on == "self" and name == "_pages":
            called.add(tuple(ast.literal_eval(one) for one in node.args[:2]))
        elif service and name == "get_paginator":
            called.add((service[1] or service[2], ast.literal_eval(node.args[0])))
        elif service:
            called.add((service[1] or service[2], name))
    actions = {
        CALLED.get(name, f"{service}:{''.join(part.title() for part in name.split('_'))}")
        for service, name in called
    }
    assert len(actions) > 20
    may = {action for one in statements("DeployPolicy") for action in listed(one["Action"])}
    assert actions - may == ASKED_OF_PEOPLE | NOT_IAM


def test_the_role_is_found_by_its_name() -> None:
    [role] = [name for name in DOCUMENTS if name == "DeployPolicy"]
    [found] = [one for one in statements(role) if one["Sid"] == "FindExecutionRole"]
    assert found["Resource"].endswith(f":role/{execution_role('winnow-test')}")


@pytest.mark.parametrize("stack", ["deploys", "winnow", "d", "deploys-winnow"])
def test_the_execution_role_cannot_change_the_roles_of_the_pipeline(stack: str) -> None:
    values = {**VALUES, "StackName": stack}
    [roles] = [
        one for one in documents(values)["ExecutionRest"]["Statement"] if one["Sid"] == "Roles"
    ]
    [own] = roles["Resource"]
    made = [
        f"arn:aws:iam::123456789012:role/{one['Properties']['RoleName']['Fn::Sub']}"
        for one in RESOURCES.values()
        if one["Type"] == "AWS::IAM::Role"
    ]
    assert len(made) == 2
    assert not any(fnmatchcase(one.replace("${StackName}", stack), own) for one in made)


def test_a_role_of_the_stack_is_passed_to_the_services_that_the_template_names() -> None:
    [one] = [one for one in statements(*EXECUTION) if one["Sid"] == "PassRoles"]

    # Without TrainOnBatch, as `execution.LEFT_OUT` has it.
    trusted = {
        statement["Principal"]["Service"]
        for resource in expand()["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
        for statement in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if "Fn::If" not in statement
    }
    assert set(one["Condition"]["StringEquals"]["iam:PassedToService"]) == trusted
    assert not {"iam:AttachRolePolicy", "iam:CreateUser", "iam:CreatePolicy"} & ALLOWED
