"""The command line's own parts: cells, keys, tables and errors."""

from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from winnow.errors import (
    AccessDeniedError,
    AccountMismatchError,
    AwsBusyError,
    AwsRefusedError,
    AwsUnreachableError,
    InternalError,
    StackNotRunningError,
    StackUnknownError,
)
from winnow_cli.deployment.stages import Stage
from winnow_cli.target import REQUIRED_OUTPUTS, Target, aws_errors, find_target, session_of


def a_target(endpoint: str | None) -> Target:
    return Target(
        name="winnow",
        outputs={},
        session=boto3.Session(region_name="us-east-1"),
        endpoint=endpoint,
        config=Config(),
    )


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "secret text"}}, "Scan")


@pytest.mark.parametrize(
    ("endpoint", "raised", "ours"),
    [
        (None, refusal("AccessDeniedException"), AccessDeniedError),
        (None, refusal("ExpiredTokenException"), AccessDeniedError),
        (None, refusal("ThrottlingException"), AwsBusyError),
        (None, EndpointConnectionError(endpoint_url="x"), AwsUnreachableError),
        (None, refusal("ResourceNotFoundException"), AwsRefusedError),
        (None, NoCredentialsError(), AccessDeniedError),
        (None, ParamValidationError(report="secret text"), InternalError),
        ("http://127.0.0.1:1", EndpointConnectionError(endpoint_url="x"), StackNotRunningError),
    ],
)
def test_what_botocore_raises_becomes_ours(
    endpoint: str | None, raised: Exception, ours: type[Exception]
) -> None:
    with pytest.raises(ours) as caught, aws_errors(a_target(endpoint)):
        raise raised
    assert "secret text" not in str(caught.value)


STAGES = """\
[stages.test]
account = "123456789012"
region = "eu-west-3"
stack = "winnow-of-test"
"""


class FakeSession:
    """Answers for one account and one stack, in one region."""

    region_name = "eu-west-3"

    def __init__(self, account: str = "123456789012", stack: str = "winnow-of-test") -> None:
        self.account, self.stack = account, stack

    def client(self, service: str, **_options: object) -> object:
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": self.account}

    def describe_stacks(self, StackName: str) -> dict[str, list[dict[str, object]]]:  # noqa: N803
        if StackName != self.stack:
            raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStacks")
        outputs = [{"OutputKey": name, "OutputValue": name} for name in REQUIRED_OUTPUTS]
        return {"Stacks": [{"Outputs": outputs}]}


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, object]]:
    """What sessions were asked for; stages.toml has the stage `test`."""
    (tmp_path / "stages.toml").write_text(STAGES)
    monkeypatch.setenv("WINNOW_STAGES", str(tmp_path / "stages.toml"))
    monkeypatch.setenv("AWS_REGION", "us-east-2")
    asked: list[dict[str, object]] = []

    def session(**options: object) -> FakeSession:
        asked.append(options)
        return FakeSession()

    monkeypatch.setattr("winnow_cli.target.boto3.Session", session)
    return asked


def test_a_stage_means_its_stack_in_its_region(sessions: list[dict[str, object]]) -> None:
    target = find_target("test")
    assert (target.name, target.stack_name) == ("test", "winnow-of-test")
    assert sessions[-1]["region_name"] == "eu-west-3"
    assert target.hint("status").endswith("--stack test")


def test_a_stack_is_looked_for_where_the_environment_says(
    sessions: list[dict[str, object]],
) -> None:
    target = find_target("winnow-of-test")
    assert (target.name, target.stack_name) == ("winnow-of-test", "winnow-of-test")
    assert sessions[-1]["region_name"] == "us-east-2"


def test_another_account_is_refused_before_anything_is_asked(
    sessions: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeSession, "describe_stacks", None)
    monkeypatch.setattr(
        FakeSession, "get_caller_identity", lambda _self: {"Account": "000000000000"}
    )
    with pytest.raises(AccountMismatchError) as caught:
        find_target("test")
    assert "123456789012" in str(caught.value)
    assert "000000000000" in str(caught.value)


def test_a_stage_that_is_not_deployed_is_told_from_a_wrong_name(
    sessions: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "winnow_cli.target.boto3.Session", lambda **_options: FakeSession(stack="another")
    )
    with pytest.raises(StackUnknownError, match="not deployed"):
        find_target("test")


def test_the_local_stage_is_the_local_stack(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WINNOW_STATE_DIR", str(tmp_path))
    with pytest.raises(StackNotRunningError):
        find_target("local")


def test_a_profile_is_used_where_this_machine_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[profile there]\nregion = us-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    there = Stage(name="a", account="123456789012", region="eu-west-3", profile="there")
    assert session_of(there).profile_name == "there"
    assert session_of(there).region_name == "eu-west-3"
    elsewhere = there.model_copy(update={"profile": "elsewhere"})
    assert session_of(elsewhere).profile_name == "default"
