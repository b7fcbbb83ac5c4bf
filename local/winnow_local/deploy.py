"""Deploys template.yaml to a running MiniStack, through CloudFormation as `sam deploy` does."""

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from winnow.errors import StackFailedError
from winnow_local.ministack import ACCESS_KEY, REGION, SECRET_KEY, places
from winnow_local.runtime import WARM
from winnow_local.template import Checkout, Template, read_template, rewrite

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef

STACK_NAME = "winnow"
ARTIFACTS_BUCKET = "winnow-artifacts"
TEMPLATE_KEY = "template.json"
_DEPLOY_TIMEOUT_S = 240.0
_WARM_TIMEOUT_S = 300
_COLD = ("TrainFunction", "IndexFunction", "SearchFunction")


def session() -> boto3.Session:
    """A session with MiniStack's root key; ignores the user's own AWS set-up."""
    return boto3.Session(
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION
    )


def client_config() -> Config:
    """Path-style buckets (bucket.127.0.0.1 does not resolve) and short timeouts."""
    return Config(s3={"addressing_style": "path"}, connect_timeout=5, retries={"max_attempts": 2})


def patient_config() -> Config:
    """The same with a long timeout, for a function's first call.

    On a slow machine the import or the start of the container takes long.
    """
    return client_config().merge(Config(read_timeout=_WARM_TIMEOUT_S))


def local_parameters() -> dict[str, str]:
    """The parameters that differ from AWS.

    There is no TLS, and no more chunks run at once than calls can.
    """
    return {"Local": "true", "MapConcurrency": str(places())}


def deploy(
    endpoint: str,
    checkout: Checkout,
    environment: Mapping[str, str],
    parameters: Mapping[str, str] | None = None,
    images: Mapping[str, str] | None = None,
    *,
    update: bool = False,
) -> dict[str, str]:
    """Uploads the code, creates the stack or updates it, waits; returns the stack's outputs.

    `parameters` are the template's; MiniStack ignores others. With `images` (target -> name)
    the functions run in their containers.

    Raises:
        StackFailedError: the stack was not created or updated; the message lists the events that
            failed.
    """
    aws = session()
    s3 = aws.client("s3", endpoint_url=endpoint, config=client_config())
    cloudformation = aws.client("cloudformation", endpoint_url=endpoint, config=client_config())
    local = package(endpoint, checkout, environment, images)
    given: list[ParameterTypeDef] = [
        {"ParameterKey": name, "ParameterValue": value}
        for name, value in {**local_parameters(), **(parameters or {})}.items()
    ]
    try:
        s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=TEMPLATE_KEY, Body=json.dumps(local))
        write = cloudformation.update_stack if update else cloudformation.create_stack
        write(
            StackName=STACK_NAME,
            # A template may have 51,200 bytes in a request, and 1 MB in a bucket.
            TemplateURL=f"{endpoint}/{ARTIFACTS_BUCKET}/{TEMPLATE_KEY}",
            Parameters=given,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        raise StackFailedError(f"MiniStack rejected the stack: {error}") from error
    return _wait(cloudformation, "UPDATE_COMPLETE" if update else "CREATE_COMPLETE")


def package(
    endpoint: str,
    checkout: Checkout,
    environment: Mapping[str, str],
    images: Mapping[str, str] | None = None,
) -> Template:
    """Uploads the code; the template that refers to it, as `sam package` writes one.

    Raises:
        StackFailedError: MiniStack rejected the code.
    """
    s3 = session().client("s3", endpoint_url=endpoint, config=client_config())
    template = read_template(checkout.template)
    local, uploads = rewrite(template, checkout, ARTIFACTS_BUCKET, environment, images)
    try:
        s3.create_bucket(Bucket=ARTIFACTS_BUCKET)
        for upload in uploads:
            s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=upload.key, Body=upload.content)
    except ClientError as error:
        raise StackFailedError(f"MiniStack rejected the code: {error}") from error
    return local


def warm(endpoint: str) -> None:
    """Start a process of every zip function and call its `build()`.

    What is large to load is left out: nobody waits for train and index, and search starts in a
    second when it is first asked.

    Raises:
        StackFailedError: a function cannot be imported or built; the message says why.
    """
    client = session().client("lambda", endpoint_url=endpoint, config=patient_config())
    names = [function["FunctionName"] for function in client.list_functions()["Functions"]]
    names = [name for name in names if not any(cold in name for cold in _COLD)]

    def call(name: str) -> None:
        answer = client.invoke(FunctionName=name, Qualifier="live", Payload=json.dumps(WARM))
        if "FunctionError" in answer:
            problem = json.loads(answer["Payload"].read())
            raise StackFailedError(f"{name} does not start: {problem.get('errorMessage')}")

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(call, names))


def function_variables(endpoint: str, checkout: Checkout) -> dict[str, dict[str, str]]:
    """The environment of each function on this stack: logical id -> variables.

    Literal values of the template are kept, since images need them. Variables that only zip
    functions have, such as folders of this machine, are left out.
    """
    aws = session()
    client = aws.client("lambda", endpoint_url=endpoint, config=client_config())
    cloudformation = aws.client("cloudformation", endpoint_url=endpoint, config=client_config())
    template = read_template(checkout.template)
    everywhere = _variables(template.get("Globals", {}).get("Function", {}))
    functions: dict[str, dict[str, str]] = {}
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    for resource in (one for page in pages for one in page["StackResourceSummaries"]):
        if resource["ResourceType"] != "AWS::Lambda::Function":
            continue
        name = resource["LogicalResourceId"]
        written = {**everywhere, **_variables(template["Resources"][name]["Properties"])}
        there = client.get_function_configuration(FunctionName=resource["PhysicalResourceId"])
        values = there.get("Environment", {}).get("Variables", {})
        functions[name] = {
            variable: value if isinstance(value, str) else values.get(variable, "")
            for variable, value in written.items()
        }
    return functions


def _variables(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    variables: Mapping[str, Any] = properties.get("Environment", {}).get("Variables", {})
    return variables


def _wait(cloudformation: "CloudFormationClient", target_status: str) -> dict[str, str]:
    deadline = time.monotonic() + _DEPLOY_TIMEOUT_S
    status = "IN_PROGRESS"
    while time.monotonic() < deadline:
        stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        status = stack["StackStatus"]
        if status == target_status:
            return {
                output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])
            }
        if not status.endswith("_IN_PROGRESS"):
            break
        time.sleep(0.05)
    raise StackFailedError(f"The stack ended as {status}.\n{_failures(cloudformation)}")


def _failures(cloudformation: "CloudFormationClient") -> str:
    # The newest come first: what failed is behind all that was then rolled back.
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=STACK_NAME)
    events = [event for page in pages for event in page["StackEvents"]]
    failed = [event for event in events if event.get("ResourceStatus", "").endswith("FAILED")]
    lines = [
        f"  {event.get('LogicalResourceId', '?')} ({event.get('ResourceType', '?')}): "
        f"{event.get('ResourceStatusReason', 'no reason given')}"
        for event in reversed(failed)
    ]
    return "\n".join(lines) or "  No event says why; look at the log of MiniStack."
