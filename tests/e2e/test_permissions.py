"""Every role against every probe: it may do what its list says and is denied the rest."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from .conftest import SURE, Stack
from .permissions import MAY, PROBES, Place, clear, denied

FUNCTIONS = ("serialize", "scan", "classify", "filter", "sweep")


def roles(stack: Stack) -> dict[str, str]:
    """Logical id -> name of every role that the stack has."""
    found = stack.target.client("cloudformation").describe_stack_resources(
        StackName=stack.target.name
    )["StackResources"]
    return {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in found
        if one["ResourceType"] == "AWS::IAM::Role"
    }


@pytest.fixture(scope="module")
def place(stack: Stack) -> Iterator[Callable[[str], Place]]:
    """The stack with the credentials of a role."""
    run = str(stack.run("probe.jsonl", json.dumps({"text": SURE}) + "\n").run)
    listed = stack.target.client("lambda").list_functions()["Functions"]
    functions = {
        name: one["FunctionName"]
        for name in FUNCTIONS
        for one in listed
        if name in one["FunctionName"].lower()
    }
    names = roles(stack)

    def of(role: str) -> Place:
        arn = _assumable(stack.target.client("iam"), names[role])
        given = stack.target.client("sts").assume_role(RoleArn=arn, RoleSessionName="probe")
        keys = given["Credentials"]
        session = boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=stack.state.region,
        )

        def client(service: str) -> Any:
            return session.client(
                service,  # type: ignore[call-overload]
                endpoint_url=stack.target.endpoint,
                config=stack.target.config,
            )

        return Place(client, stack.state.outputs, functions, run)

    yield of
    clear(Place(stack.target.client, stack.state.outputs, functions, run))


def _assumable(iam: Any, name: str) -> str:
    """Lets a test take a role that only a service of this account may take; its ARN.

    Who may take which role is asserted in tests/template/test_roles.py.
    """
    role = iam.get_role(RoleName=name)["Role"]
    trust = role["AssumeRolePolicyDocument"]
    for statement in trust["Statement"]:
        statement.pop("Condition", None)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    return str(role["Arn"])


def test_every_role_of_the_stack_is_probed(stack: Stack) -> None:
    assert set(roles(stack)) == set(MAY)


@pytest.mark.model
@pytest.mark.parametrize("role", MAY)
def test_a_role_is_denied_everything_but_its_own(place: Callable[[str], Place], role: str) -> None:
    at = place(role)
    assert MAY[role] <= set(PROBES)
    allowed = {name for name, probe in PROBES.items() if not denied(probe, at)}
    assert allowed == MAY[role]
