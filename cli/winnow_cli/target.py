"""The stack that a command works on: the local one, or one deployed to AWS."""

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from winnow.errors import (
    AccountMismatchError,
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

    from winnow_cli.deployment.stages import Stage

_CONNECT_S = 10
REQUIRED_OUTPUTS = ("UploadsBucket", "ResultsBucket", "Table")


@dataclass(frozen=True)
class Target:
    """A stack, and how to reach it."""

    name: str
    """As `--stack` takes it: the name of a stage, or of a stack."""
    outputs: dict[str, str]
    session: boto3.Session
    endpoint: str | None
    """None: AWS."""
    config: Config
    started_at: str = ""
    """Start of the local stack: the next one has the same bucket names, but not the files."""
    stack: str = ""
    """What CloudFormation calls it; empty if that is its name."""

    @property
    def place(self) -> str:
        """Identifies the stack, also among earlier and later local ones."""
        return " ".join((self.endpoint or "aws", self.started_at, self.uploads_bucket))

    @property
    def stack_name(self) -> str:
        """What CloudFormation calls it; so do metrics and logs."""
        return self.stack or self.name

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
    """The stage or stack named, or the local one.

    A stage's name means its stack, in its region and its account. Another name is a stack's in
    the region and the account of the environment.

    Raises:
        StackNotRunningError: no local stack runs in this folder.
        StackUnknownError: AWS has no such stack, or it lacks Winnow's outputs.
        StagesInvalidError: stages.toml cannot be read.
        AccountMismatchError: the credentials are for another account than the stage's.
    """
    if stack is None:
        return _local()
    from winnow_cli.deployment.stages import read_stages

    stage = read_stages().find(stack)
    if stage is None:
        return _deployed(stack)
    return target_of(stage)


def target_of(stage: "Stage") -> Target:
    """The stack of a stage. Raises what `find_target` does."""
    return _local() if stage.local else _deployed(stage.stack, stage)


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


def _deployed(stack: str, stage: "Stage | None" = None) -> Target:
    name = stack if stage is None else stage.name
    # Without a network the error comes within a minute, not five.
    config = Config(retries={"mode": "standard"}, connect_timeout=_CONNECT_S)
    try:
        session = session_of(stage)
        if stage is not None:
            require_account(stage, session, config)
        cloudformation = session.client("cloudformation", config=config)
        description = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and code_of(error) == "ValidationError":
            where = f"in {session.region_name}"
            raise StackUnknownError(
                f"There is no stack {stack!r} {where}."
                if stage is None
                else f"The stage {stage.name!r} is not deployed: no stack {stack!r} {where}."
            ) from None
        raise from_botocore(error, name) from None
    except ValueError as error:
        # An invalid endpoint address in the environment or the profile.
        raise AwsNotSetUpError(
            f"The AWS settings of this machine cannot be used: {error}"
        ) from None
    outputs = {o["OutputKey"]: o["OutputValue"] for o in description.get("Outputs", [])}
    missing = [one for one in REQUIRED_OUTPUTS if one not in outputs]
    if missing:
        raise StackUnknownError(
            f"The stack {stack!r} has no output {', '.join(missing)}: it is not Winnow's, or its "
            "deployment has not ended."
        )
    return Target(
        name=name, outputs=outputs, session=session, endpoint=None, config=config, stack=stack
    )


def session_of(stage: "Stage | None") -> boto3.Session:
    """A session for a stage; None: as the environment says.

    A stage's profile is used where this machine has it. A pipeline has none, and signs in by its
    environment; `require_account` keeps the wrong account out in both cases.
    """
    if stage is None:
        # boto3 reads only AWS_DEFAULT_REGION; AWS's other tools prefer AWS_REGION.
        return boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    profile = stage.profile
    if profile is not None and profile not in boto3.Session().available_profiles:
        profile = None
    return boto3.Session(region_name=stage.region, profile_name=profile)


def require_account(stage: "Stage", session: boto3.Session, config: Config) -> None:
    """Check that the session's credentials are for the stage's account.

    Raises:
        AccountMismatchError: they are for another one.
    """
    account = session.client("sts", config=config).get_caller_identity()["Account"]
    if account != stage.account:
        raise AccountMismatchError(
            f"The stage {stage.name!r} is in the account {stage.account}, and the AWS credentials "
            f"here are for {account}."
        )


def stage_clients(stage: "Stage") -> Callable[[str], Any]:
    """What gives boto3's clients for a stage that may not be deployed yet.

    Raises:
        AccountMismatchError: the credentials are for another account than the stage's.
    """
    config = Config(retries={"mode": "standard"}, connect_timeout=_CONNECT_S)
    try:
        session = session_of(stage)
        require_account(stage, session, config)
    except (ClientError, BotoCoreError) as error:
        raise from_botocore(error, stage.name) from None
    return lambda service: session.client(service, config=config)  # type: ignore[call-overload]


def parameters_of(target: Target) -> dict[str, str]:
    """The parameters of a stack as they are in force."""
    with aws_errors(target):
        answer = target.client("cloudformation").describe_stacks(StackName=target.stack_name)
    (stack,) = answer["Stacks"]
    return {
        one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", ())
    }


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
