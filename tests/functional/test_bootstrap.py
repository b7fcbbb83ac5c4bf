"""The roles of a pipeline, made on moto; what CloudFormation refuses is told."""

import json
import logging
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError
from typer.testing import CliRunner

from winnow.errors import AccessDeniedError, BootstrapFailedError
from winnow_cli.app import app
from winnow_cli.deployment.bootstrap import PROVIDER, Bootstrap, make
from winnow_cli.deployment.cloud import AwsCloud, ChangeRequest
from winnow_cli.deployment.stages import Stage

STAGE = Stage(name="prod", account="123456789012", region="us-east-1", stack="winnow-prod")
WANTED = Bootstrap(STAGE, "example/winnow", "prod")


@pytest.fixture(autouse=True)
def _quiet(recwarn: pytest.WarningsRecorder) -> None:
    logging.getLogger("moto").setLevel(logging.ERROR)  # it does not know the provider's type


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]


def parameters() -> dict[str, str]:
    [stack] = client("cloudformation").describe_stacks(StackName="bootstrap-winnow-prod")["Stacks"]
    return {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}


def made() -> set[str]:
    """The resources of the stack of roles."""
    found = client("cloudformation").list_stack_resources(StackName="bootstrap-winnow-prod")
    return {one["LogicalResourceId"] for one in found["StackResourceSummaries"]}


def test_the_roles_are_made_and_then_kept_up_to_date(moto_aws: None) -> None:
    roles = make(WANTED, client)
    assert roles.deploy == "arn:aws:iam::123456789012:role/deploys.winnow-prod.github"
    assert roles.execution == "arn:aws:iam::123456789012:role/deploys.winnow-prod.cloudformation"
    trust = client("iam").get_role(RoleName="deploys.winnow-prod.github")["Role"]
    [statement] = trust["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["StringEquals"][f"{PROVIDER}:sub"] == (
        "repo:example/winnow:environment:prod"
    )
    assert parameters()["ProviderArn"] == ""
    assert make(Bootstrap(STAGE, "example/other", "live"), client).deploy == roles.deploy
    assert parameters()["GitHubRepository"] == "example/other"
    assert "ExecutionTraining" not in made()
    make(Bootstrap(STAGE, "example/other", "live", large_trainings=True), client)
    assert "ExecutionTraining" in made()


def test_an_account_that_has_the_provider_keeps_it(moto_aws: None) -> None:
    made = client("iam").create_open_id_connect_provider(
        Url=f"https://{PROVIDER}", ClientIDList=["sts.amazonaws.com"]
    )
    make(WANTED, client)
    assert parameters()["ProviderArn"] == made["OpenIDConnectProviderArn"]


class _Fails:
    """CloudFormation, where nothing can be made."""

    def __init__(self, said: ClientError | None = None) -> None:
        self._said = said

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStacks")

    def list_open_id_connect_providers(self) -> dict[str, Any]:
        return {"OpenIDConnectProviderList": []}

    def create_stack(self, **_: Any) -> None:
        if self._said is not None:
            raise self._said

    def get_waiter(self, _: str) -> "_Fails":
        return self

    def wait(self, **_: Any) -> None:
        raise WaiterError("stack_create_complete", "ROLLBACK_COMPLETE", {})

    def get_paginator(self, _: str) -> "_Fails":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        """The newest first: what failed first is on the second page."""
        return [
            {"StackEvents": [_event("ExecutionRole", "CREATE_FAILED", "Resource cancelled")]},
            {
                "StackEvents": [
                    _event("GitHubProvider", "CREATE_FAILED", "Provider already\nexists"),
                    _event("DeployPolicy", "CREATE_COMPLETE", ""),
                ]
            },
        ]


def _event(name: str, status: str, reason: str) -> dict[str, str]:
    return {"LogicalResourceId": name, "ResourceStatus": status, "ResourceStatusReason": reason}


def test_what_failed_first_is_told_with_its_reason() -> None:
    with pytest.raises(BootstrapFailedError, match="GitHubProvider: Provider already exists"):
        make(WANTED, lambda _: _Fails())


def test_who_may_not_make_roles_is_told() -> None:
    said = ClientError({"Error": {"Code": "AccessDenied"}}, "CreateStack")
    with pytest.raises(AccessDeniedError):
        make(WANTED, lambda _: _Fails(said))


STAGES = """
[stages.prod]
account = "{account}"
region = "us-east-1"
stack = "winnow-prod"
"""


@pytest.fixture
def stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "stages.toml"
    path.write_text(STAGES.format(account="123456789012"), "utf-8")
    monkeypatch.setenv("WINNOW_STAGES", str(path))
    return path


def bootstrap(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["bootstrap", *arguments])


def test_the_command_says_what_to_set_in_github(moto_aws: None, stages: Path) -> None:
    ran = bootstrap("prod", "--repository", "example/winnow", "--yes")
    assert ran.exit_code == 0, ran.output
    arn = "arn:aws:iam::123456789012:role/deploys.winnow-prod.github"
    assert f"gh variable set AWS_DEPLOY_ROLE --env prod --body {arn}" in ran.stderr
    assert "gh variable set AWS_REGION --env prod --body us-east-1" in ran.stderr
    told = bootstrap("prod", "--repository", "example/winnow", "--yes", "--json")
    assert json.loads(told.stdout)["deploy"] == arn


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("prod", "--repository", "winnow", "--yes"), "--repository"),
        (("prod", "--repository", "example/winnow:*", "--yes"), "--repository"),
        (("prod", "--repository", "example/winnow"), "--yes"),
        (("local", "--repository", "example/winnow", "--yes"), "STAGE"),
        (("prod", "--yes"), "--repository"),
    ],
)
def test_what_is_missing_is_a_usage_error(
    stages: Path, arguments: tuple[str, ...], named: str
) -> None:
    ran = bootstrap(*arguments)
    assert ran.exit_code == 2
    assert named in ran.stderr


def test_credentials_of_another_account_make_nothing(moto_aws: None, stages: Path) -> None:
    stages.write_text(STAGES.format(account="210987654321"), "utf-8")
    ran = bootstrap("prod", "--repository", "example/winnow", "--yes", "--json")
    assert json.loads(ran.stdout)["error"]["code"] == "account_mismatch"
    assert client("cloudformation").list_stacks()["StackSummaries"] == []


class _Planned:
    """CloudFormation that notes how a change is planned."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def create_change_set(self, **given: Any) -> dict[str, str]:
        self.given = given
        return {"Id": "planned"}


class _Session:
    """A session whose CloudFormation only notes; all else is moto."""

    def __init__(self) -> None:
        self.planned = _Planned()

    def client(self, service: str, **_: Any) -> Any:
        return self.planned if service == "cloudformation" else client(service)


def test_a_change_is_planned_with_the_role_that_was_made(moto_aws: None) -> None:
    session = _Session()
    port = AwsCloud(STAGE, session)  # type: ignore[arg-type]
    request = ChangeRequest(
        stack=STAGE.stack, create=True, template_url="https://x", parameters={}, tags={}
    )
    port.create_change_set(request)
    assert "RoleARN" not in session.planned.given
    roles = make(WANTED, client)
    port.create_change_set(request)
    assert session.planned.given["RoleARN"] == roles.execution
