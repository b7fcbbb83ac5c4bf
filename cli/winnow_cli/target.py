"""The stack that a command works on: the local one, or one deployed to AWS."""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from winnow.errors import (
    AwsNotSetUpError,
    StackNotRunningError,
    StackUnknownError,
    WinnowError,
)
from winnow_aws.aws_errors import code_of
from winnow_cli.aws_errors import from_botocore, with_aws_cause
from winnow_cli.console import command

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_CONNECT_S = 10
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
    started_at: str = ""
    """Start of the local stack: the next one has the same bucket names, but not the files."""

    @property
    def place(self) -> str:
        """Identifies the stack, also among earlier and later local ones."""
        return " ".join((self.endpoint or "aws", self.started_at, self.uploads_bucket))

    @property
    def local(self) -> bool:
        return self.endpoint is not None

    def hint(self, words: str) -> str:
        """What to type to run a command on this stack."""
        where = "" if self.local else f" --stack {shlex.quote(self.name)}"
        return f"{command()} {words}{where}"

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
        """An output that stacks of an earlier version may lack. Raises StackUnknownError."""
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
        StackUnknownError: AWS has no such stack, or it lacks Winnow's outputs.
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
        started_at=state.started_at,
    )


def _deployed(stack: str) -> Target:
    # Without a network the error comes within a minute, not five.
    config = Config(retries={"mode": "standard"}, connect_timeout=_CONNECT_S)
    try:
        # boto3 reads only AWS_DEFAULT_REGION; AWS's other tools prefer AWS_REGION.
        session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        cloudformation = session.client("cloudformation", config=config)
        description = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and code_of(error) == "ValidationError":
            where = f"in {session.region_name}"
            raise StackUnknownError(f"There is no stack {stack!r} {where}.") from None
        raise from_botocore(error, stack) from None
    except ValueError as error:
        # An invalid endpoint address in the environment or the profile.
        raise AwsNotSetUpError(
            f"The AWS settings of this machine cannot be used: {error}"
        ) from None
    outputs = {o["OutputKey"]: o["OutputValue"] for o in description.get("Outputs", [])}
    missing = [name for name in REQUIRED_OUTPUTS if name not in outputs]
    if missing:
        raise StackUnknownError(
            f"The stack {stack!r} has no output {', '.join(missing)}: it is not Winnow's, or its "
            "deployment has not ended."
        )
    return Target(name=stack, outputs=outputs, session=session, endpoint=None, config=config)


@contextmanager
def aws_errors(target: Target) -> Iterator[None]:
    """Raise botocore's errors as ours, even if an adapter has turned them into errors of a run."""
    stack = None if target.local else target.name
    try:
        yield
    except ClientError as error:
        raise from_botocore(error, stack) from None
    except BotoCoreError as error:
        raise _with_endpoint(from_botocore(error, stack), target) from None
    except WinnowError as error:
        raise _with_endpoint(with_aws_cause(error, stack), target) from None


def _with_endpoint(error: WinnowError, target: Target) -> WinnowError:
    if isinstance(error, StackNotRunningError) and target.local:
        return StackNotRunningError(f"{target.endpoint} does not answer.")
    return error
