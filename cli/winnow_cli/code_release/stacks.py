"""CloudFormation, as far as a release of code needs it: two stacks, written and deleted."""

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from winnow.errors import CodeReleaseFailedError
from winnow_aws.aws_errors import code_of
from winnow_cli.code_release.second_stack import Template
from winnow_cli.deployment.stack_events import last_operation

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef
    from mypy_boto3_s3 import S3Client

_WAIT_S = 3_600.0
_UNCHANGED = "No updates are to be performed"
_CAPABILITIES: Any = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class StackState(NamedTuple):
    """A stack that is there."""

    status: str
    parameters: dict[str, str]
    outputs: dict[str, str]


class Stacks:
    """The stacks of an account, or of the local emulator."""

    def __init__(
        self,
        cloudformation: "CloudFormationClient",
        s3: "S3Client",
        bucket: str,
        address: str,
        *,
        poll_s: float = 5.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`bucket` is for templates, which are too long for a request; `address` is its URL."""
        self._cloudformation = cloudformation
        self._s3 = s3
        self._bucket = bucket
        self._address = address
        self._poll_s = poll_s
        self._sleep = sleep

    def describe(self, name: str) -> StackState | None:
        """A stack; None: there is none of this name."""
        try:
            stack = self._cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if code_of(error) == "ValidationError":
                return None
            raise
        if stack["StackStatus"] == "DELETE_COMPLETE":
            return None
        return StackState(
            stack["StackStatus"],
            {
                one["ParameterKey"]: one.get("ParameterValue", "")
                for one in stack.get("Parameters", [])
            },
            {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])},
        )

    def resources(self, name: str) -> dict[str, str]:
        """Physical ids of a stack's resources by logical id."""
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        return {
            one["LogicalResourceId"]: one.get("PhysicalResourceId", "")
            for page in pages
            for one in page["StackResourceSummaries"]
        }

    def write(self, name: str, template: Template, parameters: Mapping[str, str]) -> StackState:
        """Create a stack or update it, and wait.

        Raises:
            CodeReleaseFailedError: CloudFormation could not; it is as it was before.
        """
        key = f"shadow/templates/{name}.json"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=json.dumps(template).encode())
        given: list[ParameterTypeDef] = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ]
        there = self.describe(name) is not None
        write = self._cloudformation.update_stack if there else self._cloudformation.create_stack
        self._call(
            lambda: write(
                StackName=name,
                TemplateURL=f"{self._address}/{key}",
                Parameters=given,
                Capabilities=_CAPABILITIES,
            )
        )
        return self._wait(name, "UPDATE_COMPLETE" if there else "CREATE_COMPLETE")

    def set(self, name: str, **parameters: str) -> StackState:
        """Change parameters of a stack, nothing else. Raises as `write`."""
        there = self.describe(name)
        if there is None:
            raise CodeReleaseFailedError(f"There is no stack {name!r}.")
        if all(there.parameters.get(key) == value for key, value in parameters.items()):
            return there
        given: list[ParameterTypeDef] = [
            {"ParameterKey": key, "ParameterValue": parameters[key]}
            if key in parameters
            else {"ParameterKey": key, "UsePreviousValue": True}
            for key in there.parameters
        ]
        self._call(
            lambda: self._cloudformation.update_stack(
                StackName=name,
                UsePreviousTemplate=True,
                Parameters=given,
                Capabilities=_CAPABILITIES,
            )
        )
        return self._wait(name, "UPDATE_COMPLETE")

    def delete(self, name: str) -> None:
        """Delete a stack, and wait. Raises as `write`."""
        self._cloudformation.delete_stack(StackName=name)
        for _ in range(self._polls):
            there = self.describe(name)
            if there is None:
                return
            if there.status == "DELETE_FAILED":
                raise CodeReleaseFailedError(f"The stack {name!r} ended as {there.status}.")
            self._sleep(self._poll_s)
        raise CodeReleaseFailedError(f"The stack {name!r} is still being deleted.")

    @property
    def _polls(self) -> int:
        return int(_WAIT_S / self._poll_s)

    def _call(self, write: Callable[[], Any]) -> None:
        try:
            write()
        except ClientError as error:
            message = error.response.get("Error", {}).get("Message", "")
            if _UNCHANGED in message:
                return
            if code_of(error) == "ValidationError":
                raise CodeReleaseFailedError(f"CloudFormation refused: {message}") from None
            raise

    def _wait(self, name: str, wanted: str) -> StackState:
        for _ in range(self._polls):
            there = self.describe(name)
            if there is None:
                raise CodeReleaseFailedError(f"The stack {name!r} is gone.")
            if there.status in (wanted, "CREATE_COMPLETE", "UPDATE_COMPLETE"):
                return there
            ended = not there.status.endswith("_IN_PROGRESS")
            if ended and not there.status.endswith("_CLEANUP_IN_PROGRESS"):
                raise CodeReleaseFailedError(
                    f"The stack {name!r} ended as {there.status}.{self._why(name)}"
                )
            self._sleep(self._poll_s)
        raise CodeReleaseFailedError(f"The stack {name!r} is still being changed.")

    def _why(self, name: str) -> str:
        for event in last_operation(self._cloudformation, name):
            if event.get("ResourceStatus", "").endswith("FAILED"):
                reason = event.get("ResourceStatusReason", "no reason given")
                return f" {event.get('LogicalResourceId')}: {reason}"
        return ""
