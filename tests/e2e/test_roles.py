"""Every role against every probe: it may do what its list says and is denied the rest."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import boto3
import pytest

from winnow.storage.paths import RunPaths
from winnow_cli.access.people import Person
from winnow_cli.deployment.bootstrap import documents, values_of

from .conftest import SURE, UNSURE, Stack, winnow
from .permissions import (
    LOOKS,
    MAY,
    NOT_BY_DEPLOYING,
    PEOPLE_MAY,
    PEOPLE_PROBES,
    PROBES,
    Place,
    clear,
    denied,
)

ANYBODY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)


def resources(stack: Stack) -> list[dict[str, str]]:
    found: list[dict[str, str]] = stack.target.client("cloudformation").describe_stack_resources(
        StackName=stack.target.name
    )["StackResources"]
    return found


def roles(stack: Stack) -> dict[str, str]:
    """Logical id -> name of every role that the stack has."""
    return {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in resources(stack)
        if one["ResourceType"] == "AWS::IAM::Role"
    }


@pytest.fixture(scope="module", autouse=True)
def address(stack: Stack) -> Iterator[None]:
    """Who may give the chat another address does; the stack's other tests post to the first."""
    secrets, secret = stack.target.client("secretsmanager"), stack.target.outputs["WebhookSecret"]
    before = secrets.get_secret_value(SecretId=secret)["SecretString"]
    yield
    secrets.put_secret_value(SecretId=secret, SecretString=before)


@pytest.fixture(scope="module")
def own(stack: Stack) -> Iterator[Place]:
    """The stack with the local stack's own credentials, which may do anything."""
    role = stack.target.client("iam").create_role(
        RoleName="open", AssumeRolePolicyDocument=ANYBODY
    )["Role"]
    place = Place(
        client=cache(stack.target.client),
        named={one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources(stack)},
        run=str(stack.run("probe.jsonl", json.dumps({"text": SURE}) + "\n").run),
        open_role=role["Arn"],
    )
    yield place
    clear(place)


@pytest.fixture(scope="module")
def place(
    stack: Stack, with_policies: Callable[[str, dict[str, Any]], Place]
) -> Callable[[str], Place]:
    """The stack with the credentials of a role that has the policies of one of its own.

    The stack's own roles may be taken by their services alone, and the local stack holds to that;
    who may take which is asserted in tests/template/test_roles.py.
    """
    names, iam = roles(stack), stack.target.client("iam")

    def of(role: str) -> Place:
        documents = {
            policy: iam.get_role_policy(RoleName=names[role], PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=names[role])["PolicyNames"]
        }
        return with_policies(f"as-{role}", documents)

    return of


@pytest.fixture(scope="module")
def signed_in(stack: Stack) -> Callable[[str, dict[str, Any]], boto3.Session]:
    """A session with the credentials of a new role that has these policies."""
    iam = stack.target.client("iam")

    def of(name: str, documents: dict[str, Any]) -> boto3.Session:
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=ANYBODY)["Role"]
        for policy, document in documents.items():
            iam.put_role_policy(
                RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document)
            )
        given = stack.target.client("sts").assume_role(
            RoleArn=made["Arn"], RoleSessionName="probe"
        )["Credentials"]
        return boto3.Session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            region_name=stack.state.region,
        )

    return of


@pytest.fixture(scope="module")
def with_policies(
    stack: Stack, own: Place, signed_in: Callable[[str, dict[str, Any]], boto3.Session]
) -> Callable[[str, dict[str, Any]], Place]:
    """The stack with the credentials of a new role that has these policies."""

    def of(name: str, documents: dict[str, Any]) -> Place:
        session = signed_in(name, documents)

        @cache
        def client(service: str) -> Any:
            return session.client(
                service,  # type: ignore[call-overload]
                endpoint_url=stack.target.endpoint,
                config=stack.target.config,
            )

        return Place(client, own.named, own.run, own.open_role)

    return of


def test_every_role_of_the_stack_is_probed(stack: Stack) -> None:
    assert set(roles(stack)) == set(MAY)


@pytest.mark.model
@pytest.mark.parametrize("look", LOOKS)
def test_what_is_looked_at_is_there(own: Place, look: str) -> None:
    assert PROBES[look](own)["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.model
@pytest.mark.parametrize("role", MAY)
def test_a_role_is_denied_everything_but_its_own(place: Callable[[str], Place], role: str) -> None:
    at = place(role)
    assert MAY[role] <= set(PROBES)
    allowed = {name for name, probe in PROBES.items() if not denied(probe, at)}
    assert allowed == MAY[role]


@pytest.mark.model
@pytest.mark.parametrize("person", Person)
def test_a_person_with_the_printed_policy_is_denied_everything_else(
    with_policies: Callable[[str, dict[str, Any]], Place], person: Person
) -> None:
    printed = winnow("policy", person.value)
    assert printed.code == 0, printed.err
    at = with_policies(f"person-{person.value}", {"printed": printed.document()})
    assert PEOPLE_MAY[person] <= set(PEOPLE_PROBES)
    allowed = {name for name, probe in PEOPLE_PROBES.items() if not denied(probe, at)}
    assert allowed == PEOPLE_MAY[person]


@pytest.mark.model
def test_who_may_forget_erases_a_person_with_the_printed_policy(
    stack: Stack,
    signed_in: Callable[[str, dict[str, Any]], boto3.Session],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = stack.run("erased.csv", f"id,text\nA,{UNSURE}\nB,{SURE}\n")
    printed = winnow("policy", "forget").document()
    # Of many versions that are deleted at once, the emulator takes the first for an object.
    erasing = [
        {**one, "Action": "s3:DeleteObject"}
        for one in printed["Statement"]
        if "s3:DeleteObjectVersion" in one["Action"]
    ]
    policies = {"printed": printed, "emulator": {**printed, "Statement": erasing}}
    target = replace(stack.target, session=signed_in("erases", policies))
    monkeypatch.setattr("winnow_cli.target.find_target", lambda _: target)
    bucket = stack.target.results_bucket
    second = RunPaths(bucket, row.upload_id, prefix="shadow/0a1b2c3d/").result(str(row.process))
    for record in (["1"], []):
        stack.s3.put_object(Bucket=bucket, Key=second.key, Body=b"{}")
        answer = winnow("forget", row.upload_id, *record, "--yes", "--json")
        assert answer.code == 0, answer.err
        assert answer.document()["results"]
        assert answer.document()["shadow"] == 1
    stored = stack.s3.list_object_versions(
        Bucket=bucket, Prefix=f"results/{row.process}/{row.upload_id}/"
    )
    left = {one["Key"].rpartition("/")[2] for one in stored.get("Versions", ()) if one["Size"]}
    assert left <= {"review.json"}


@pytest.mark.model
def test_what_cloudformation_deploys_with_reads_no_file_and_makes_nobody_an_admin(
    stack: Stack, own: Place, with_policies: Callable[[str, dict[str, Any]], Place]
) -> None:
    [found] = stack.target.client("cloudformation").describe_stacks(StackName="winnow")["Stacks"]
    made = documents(values_of(found["StackId"]))
    given = {name: one for name, one in made.items() if name.startswith("Execution")}
    at = with_policies("execution", given)
    allowed = {name for name, probe in NOT_BY_DEPLOYING.items() if not denied(probe, at)}
    assert allowed == set()
