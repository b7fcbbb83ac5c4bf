"""Which stack a command talks to: the local one, or one deployed to AWS; found by its outputs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from winnow.errors import StackNotRunningError, StackUnknownError
from winnow_aws.refusals import refused, unanswered

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

REQUIRED_OUTPUTS = ("UploadsBucket", "ResultsBucket", "Table")


@dataclass(frozen=True)
class Target:
    """A stack, and how to reach it."""

    name: str
    outputs: dict[str, str]
    session: boto3.Session
    endpoint: str | None
    """None: AWS."""
    config: Config

    @property
    def local(self) -> bool:
        return self.endpoint is not None

    @property
    def uploads_bucket(self) -> str:
        return self.outputs["UploadsBucket"]

    @property
    def results_bucket(self) -> str:
        return self.outputs["ResultsBucket"]

    @property
    def table(self) -> str:
        return self.outputs["Table"]

    @property
    def retention_days(self) -> int:
        """How long the table keeps a row."""
        return int(self.output("RetentionDays"))

    def output(self, name: str) -> str:
        """One that stacks of an earlier version may lack. Raises StackUnknownError."""
        if name not in self.outputs:
            raise StackUnknownError(
                f"The stack {self.name!r} has no output {name}: it was made by an earlier version."
            )
        return self.outputs[name]

    def client(self, service: str) -> Any:
        """A client of any service."""
        return self.session.client(service, endpoint_url=self.endpoint, config=self.config)  # type: ignore[call-overload]

    def s3(self) -> "S3Client":
        return self.session.client("s3", endpoint_url=self.endpoint, config=self.config)

    def dynamodb(self) -> "DynamoDBClient":
        return self.session.client("dynamodb", endpoint_url=self.endpoint, config=self.config)


def find_target(stack: str | None) -> Target:
    """The stack named, or the local one.

    Raises:
        StackNotRunningError: no local stack runs in this folder.
        StackUnknownError: AWS knows no such stack, or it has not Winnow's outputs.
    """
    return _local() if stack is None else _deployed(stack)


def _local() -> Target:
    from winnow_local.deploy import client_config, session
    from winnow_local.stack import running
    from winnow_local.state import StateDir

    state = running(StateDir.default())
    return Target(
        name=state.stack,
        outputs=state.outputs,
        session=session(),
        endpoint=state.endpoint,
        config=client_config(),
    )


def _deployed(stack: str) -> Target:
    session = boto3.Session()
    config = Config(retries={"mode": "standard"})
    try:
        cloudformation = session.client("cloudformation", config=config)
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except (NoRegionError, NoCredentialsError) as error:
        raise StackUnknownError(f"AWS is not set up here: {error}") from None
    except ClientError as error:
        reason = error.response.get("Error", {}).get("Message", "")
        raise StackUnknownError(f"The stack {stack!r} cannot be seen: {reason}") from None
    except BotoCoreError as error:
        raise unanswered(error) from None
    outputs = {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}
    missing = [name for name in REQUIRED_OUTPUTS if name not in outputs]
    if missing:
        raise StackUnknownError(
            f"The stack {stack!r} has no output {', '.join(missing)}: it is not Winnow's, or its "
            "deployment has not ended."
        )
    return Target(name=stack, outputs=outputs, session=session, endpoint=None, config=config)


@contextmanager
def aws_errors(target: Target) -> Iterator[None]:
    """botocore's errors as ours."""
    try:
        yield
    except ClientError as error:
        raise refused(error, f"in the stack {target.name!r}") from None
    except BotoCoreError as error:
        if target.local:
            raise StackNotRunningError(f"{target.endpoint} does not answer.") from None
        raise unanswered(error) from None


def item_values(item: dict[str, Any]) -> dict[str, str | int]:
    """A DynamoDB item of strings and whole numbers as plain values."""
    return {
        name: int(value["N"]) if "N" in value else str(value["S"])
        for name, value in item.items()
        if "N" in value or "S" in value
    }
