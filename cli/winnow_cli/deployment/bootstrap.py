"""What a stage is deployed from GitHub Actions with: the stack of infra/bootstrap.yaml."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from winnow.errors import BootstrapFailedError
from winnow_aws.aws_errors import code_of
from winnow_cli.aws_errors import from_botocore
from winnow_cli.deployment.stack_events import last_operation
from winnow_cli.deployment.stages import Stage

TEMPLATE = Path(__file__).resolve().parents[3] / "infra" / "bootstrap.yaml"
PROVIDER = "token.actions.githubusercontent.com"
REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
"""owner/name"""
_UNCHANGED = "No updates are to be performed"
_FAILED = re.compile(r".*_FAILED")
_WAIT = {"Delay": 5, "MaxAttempts": 120}


def execution_role(stack: str) -> str:
    """The name of the role that CloudFormation has, where the roles of a stack were made."""
    return f"deploys.{stack}.cloudformation"


@dataclass(frozen=True)
class Bootstrap:
    """What is asked for."""

    stage: Stage
    repository: str
    environment: str
    large_trainings: bool = False
    """Whether the stage may be deployed with `winnow training create`."""

    @property
    def stack(self) -> str:
        """The name of the stack of roles; the roles themselves may not change it."""
        return f"bootstrap-{self.stage.stack}"


@dataclass(frozen=True)
class Roles:
    """What the stack of roles has."""

    deploy: str
    execution: str
    policy: str


def make(wanted: Bootstrap, client: Callable[[str], Any]) -> Roles:
    """Make the roles of a stage, or bring them up to date.

    Args:
        client: Gives boto3's client of a service, in the stage's account and region.

    Raises:
        BootstrapFailedError: CloudFormation could not make them; the message says what and why.
    """
    try:
        return _make(wanted, client)
    except (ClientError, BotoCoreError) as error:
        raise from_botocore(error, wanted.stage.name) from None


def _make(wanted: Bootstrap, client: Callable[[str], Any]) -> Roles:
    cloudformation, name = client("cloudformation"), wanted.stack
    before = _outputs(cloudformation, name)
    values = {
        "StackName": wanted.stage.stack,
        "GitHubRepository": wanted.repository,
        "GitHubEnvironment": wanted.environment,
        "LargeTrainings": str(wanted.large_trainings).lower(),
    }
    given: list[dict[str, Any]] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in values.items()
    ]
    if before is None:
        provider = _provider(client("iam"))
        given.append({"ParameterKey": "ProviderArn", "ParameterValue": provider})
    else:
        # Else an account whose provider this stack made would lose it to the parameter.
        given.append({"ParameterKey": "ProviderArn", "UsePreviousValue": True})
    arguments: dict[str, Any] = {
        "StackName": name,
        "TemplateBody": TEMPLATE.read_text("utf-8"),
        "Parameters": given,
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    try:
        if before is None:
            cloudformation.create_stack(**arguments)
        else:
            cloudformation.update_stack(**arguments)
    except ClientError as error:
        if before is None or _UNCHANGED not in str(error):
            raise
        return _roles(before, name)
    kind = "stack_create_complete" if before is None else "stack_update_complete"
    try:
        cloudformation.get_waiter(kind).wait(StackName=name, WaiterConfig=_WAIT)
    except WaiterError:
        raise BootstrapFailedError(_reason(cloudformation, name)) from None
    return _roles(_outputs(cloudformation, name) or {}, name)


def _outputs(cloudformation: Any, name: str) -> dict[str, str] | None:
    """The outputs of a stack; None if there is none."""
    try:
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if code_of(error) == "ValidationError":
            return None
        raise
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}


def _roles(outputs: Mapping[str, str], name: str) -> Roles:
    try:
        return Roles(outputs["DeployRole"], outputs["ExecutionRole"], outputs["DeployPolicy"])
    except KeyError:
        raise BootstrapFailedError(
            f"The stack {name} is not complete: delete it, and run the command again."
        ) from None


def _provider(iam: Any) -> str:
    """The ARN of the account's provider of GitHub Actions; empty if it has none."""
    found = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    arns = [str(one["Arn"]) for one in found]
    return next((arn for arn in arns if arn.endswith(f"oidc-provider/{PROVIDER}")), "")


def _reason(cloudformation: Any, name: str) -> str:
    """What failed first, and why."""
    events = last_operation(cloudformation, name)
    failed = [one for one in events if _FAILED.fullmatch(one.get("ResourceStatus", ""))]
    if not failed:
        return f"The stack {name} was not made in time."
    first = failed[0]
    reason = " ".join(str(first.get("ResourceStatusReason", "")).split())
    return f"The stack {name} was not made: {first['LogicalResourceId']}: {reason}"


def documents(values: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Every policy of the template, by the logical id of its resource, with real ARNs.

    Args:
        values: The parameters, and `AWS::AccountId`, `AWS::Region` and the like.
    """
    from winnow_local.template import read_template

    resources = read_template(TEMPLATE)["Resources"]
    roles = {
        name: f"arn:{values['AWS::Partition']}:iam::{values['AWS::AccountId']}:role/"
        + _resolved(one["Properties"]["RoleName"], values, {})
        for name, one in resources.items()
        if one["Type"] == "AWS::IAM::Role"
    }
    return {
        name: _resolved(one["Properties"]["PolicyDocument"], values, roles)
        for name, one in resources.items()
        if one["Type"] == "AWS::IAM::ManagedPolicy"
    }


def values_of(stack_id: str) -> dict[str, str]:
    """What the policies depend on, from the id of the stack that is deployed."""
    _, partition, _, region, account, rest = stack_id.split(":", 5)
    return {
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::AccountId": account,
        "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
        "StackName": rest.split("/")[1],
    }


def _resolved(node: Any, values: Mapping[str, str], roles: Mapping[str, str]) -> Any:
    match node:
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([\w:]+)\}", lambda found: values[found[1]], text)
        case {"Fn::Sub": [str(text), dict() as more]}:
            named = {name: _resolved(one, values, roles) for name, one in more.items()}
            return _resolved({"Fn::Sub": text}, {**values, **named}, roles)
        case {"Fn::Join": [str(between), parts]}:
            return between.join(_resolved(parts, values, roles))
        case {"Fn::Split": [str(at), text]}:
            return _resolved(text, values, roles).split(at)
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            return roles[name]
        case dict():
            return {key: _resolved(one, values, roles) for key, one in node.items()}
        case list():
            return [_resolved(one, values, roles) for one in node]
    return node
