"""The expanded template on moto's CloudFormation, an emulator that has no code of MiniStack's.

It is slighter than MiniStack: it knows fewer types. What it does know it has written from AWS's
documentation on its own, so a property that both take is less likely to be a mistake of one.
"""

import copy
import itertools
import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws
from moto.cloudformation import parsing

from tests.template.expand import REGION, ROOT, Template, expand

STACK = "winnow"
_NUMBERS = itertools.count(1)
UNKNOWN_TYPES = {
    *("AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Authorizer", "AWS::ApiGatewayV2::Integration"),
    *("AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Stage", "AWS::CloudWatch::Alarm"),
    *("AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient", "AWS::Cognito::UserPoolDomain"),
    *("AWS::Cognito::UserPoolGroup", "AWS::Cognito::UserPoolResourceServer"),
    *("AWS::Lambda::Alias", "AWS::Lambda::EventInvokeConfig", "AWS::S3::BucketPolicy"),
    *("AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"),
    *("AWS::Scheduler::Schedule", "AWS::StepFunctions::StateMachineAlias"),
    "AWS::StepFunctions::StateMachineVersion",
}
"""Types that moto's CloudFormation does not know; it leaves their resources out."""
REFUSED = {
    "ShippedProcesses": "its function is called by an alias, a type that moto does not know",
    "EndedRule": "its target is an alias, a type that moto does not know",
    "EndedPermission": "it names `EndedRule`, which is refused",
    "DecidedStream": "its function is an alias, a type that moto does not know",
    "ChangesMapping": "its function is an alias, a type that moto does not know",
    "ApiPermission": "its function is an alias, a type that moto does not know",
    "Dashboard": "it names alarms, a type that moto does not know",
}
"""Resource of a type that moto knows -> why it is refused all the same."""
CONDITIONS = {"ReviewPage": "true", "NotifyEmail": "probe@example.org", "MaxRuns": "5"}
"""Parameters with which nearly every condition that AWS has is met. NotifyWebhook is not among
them: an attribute of a secret, a type that moto does not know, ends the whole deployment."""
UNKNOWN = "moto does not know the type"


@dataclass(frozen=True)
class Deployed:
    """A stack on moto."""

    resources: dict[str, str]
    """logical id -> physical id of everything that was made"""
    refused: dict[str, str]
    """logical id -> why it was not made"""
    status: str
    resolved: dict[str, Any]
    """logical id -> its properties, with references and conditions resolved"""

    def client(self, service: str) -> Any:
        """A client of the emulator, while `deployed` is open."""
        return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


@contextmanager
def deployed(template: Template | None = None) -> Iterator[Deployed]:
    """The template's stack, on the emulator, which ends with the outermost block."""
    name = f"{STACK}-{next(_NUMBERS)}"
    template = expand() if template is None else template
    refused: dict[str, str] = {}
    made: dict[str, str] = {}
    resolved: dict[str, Any] = {}
    create = parsing.parse_and_create_resource

    def watched(
        logical_id: str, resource: dict[str, Any], known: Any, *rest: Any, **more: Any
    ) -> Any:
        condition = resource.get("Condition")
        if condition and not known.lazy_condition_map[condition]:
            return create(logical_id, resource, known, *rest, **more)
        # A reference to what it refused has no value.
        with suppress(Exception):
            resolved[logical_id] = _without_none(
                parsing.clean_json(copy.deepcopy(resource.get("Properties", {})), known)
            )
        try:
            one = create(logical_id, resource, known, *rest, **more)
        # Whatever it raises is its answer: the next resource is asked all the same.
        except Exception as error:
            refused[logical_id] = f"{type(error).__name__}: {error}".splitlines()[0]
            return None
        if one is None:
            refused[logical_id] = UNKNOWN
        else:
            made[logical_id] = str(getattr(one, "physical_resource_id", ""))
        return one

    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": ""}
    with (
        patch.dict(os.environ, keys),
        mock_aws(),
        patch.object(parsing, "parse_and_create_resource", watched),
        warnings.catch_warnings(),
    ):
        # One of each for every type that it does not know.
        warnings.simplefilter("ignore")
        logging.getLogger("moto").setLevel(logging.ERROR)
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket="deployed")
        for machine in sorted((ROOT / "statemachine").glob("*.json")):
            s3.put_object(
                Bucket="deployed", Key=f"statemachine/{machine.name}", Body=machine.read_bytes()
            )
        cloudformation = boto3.client("cloudformation", region_name=REGION)
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(template),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in CONDITIONS.items()
                if name in template["Parameters"]
            ],
            Capabilities=["CAPABILITY_IAM"],
        )
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        yield Deployed(made, refused, stack["StackStatus"], resolved)


def _without_none(value: Any) -> Any:
    """A value without what `AWS::NoValue` stood for."""
    if isinstance(value, dict):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_without_none(one) for one in value if one is not None]
    return value
