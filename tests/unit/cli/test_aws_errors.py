"""What a command says of AWS: the kind of trouble, and what a person can do about it."""

from typing import Any

import boto3
import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from winnow.errors import RetryableError, catalogue
from winnow_aws.aws_errors import translated
from winnow_cli.app import app
from winnow_cli.aws_errors import from_botocore, with_aws_cause

ADDRESS = {"endpoint_url": "https://cloudformation.eu-nowhere-9.amazonaws.com/"}
SECRET = "arn:aws:kms:key/secret"


def from_client_error(code: str, message: str = SECRET, status: int = 400) -> ClientError:
    told = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(told, "DescribeStacks")  # type: ignore[arg-type]


TROUBLES = [
    (exceptions.NoRegionError(), "aws_not_set_up", "AWS_REGION"),
    (exceptions.ProfileNotFound(profile="p"), "aws_not_set_up", "'p'"),
    (exceptions.ConfigParseError(path="x"), "aws_not_set_up", "ConfigParseError"),
    (exceptions.InvalidRegionError(region_name="x y"), "aws_not_set_up", "'x y'"),
    (from_client_error("AuthorizationHeaderMalformed"), "aws_not_set_up", "another region"),
    (from_client_error("PermanentRedirect", status=301), "aws_not_set_up", "another region"),
    (exceptions.NoCredentialsError(), "aws_credentials", "no AWS credentials"),
    (exceptions.PartialCredentialsError(provider="p", cred_var="v"), "aws_credentials", "loaded"),
    (exceptions.SSOTokenLoadError(error_msg=SECRET), "aws_credentials", "sso login"),
    (exceptions.UnauthorizedSSOTokenError(), "aws_credentials", "sso login"),
    (exceptions.TokenRetrievalError(provider="sso", error_msg=SECRET), "aws_credentials", "loaded"),
    (from_client_error("ExpiredToken"), "aws_credentials", "expired"),
    (from_client_error("ExpiredTokenException"), "aws_credentials", "expired"),
    (from_client_error("InvalidClientTokenId", status=403), "aws_credentials", "does not accept"),
    (from_client_error("UnrecognizedClientException"), "aws_credentials", "does not accept"),
    (from_client_error("SignatureDoesNotMatch", status=403), "aws_credentials", "does not accept"),
    (
        from_client_error("SignatureDoesNotMatch", "Signature expired: 20260101"),
        "aws_clock",
        "clock",
    ),
    (
        from_client_error("InvalidSignatureException", "Signature not yet current"),
        "aws_clock",
        "clock",
    ),
    (from_client_error("RequestTimeTooSkewed", status=403), "aws_clock", "clock"),
    (from_client_error("AccessDenied", status=403), "access_denied", "may do"),
    (from_client_error("AccessDeniedException"), "access_denied", "may do"),
    (from_client_error("Throttling"), "aws_busy", "minute"),
    (from_client_error("SlowDown", status=503), "aws_busy", "minute"),
    (from_client_error("InternalFailure", status=500), "aws_busy", "minute"),
    (exceptions.EndpointConnectionError(**ADDRESS), "aws_unreachable", "eu-nowhere-9"),
    (exceptions.ConnectTimeoutError(**ADDRESS), "aws_unreachable", "HTTPS_PROXY"),
    (exceptions.ReadTimeoutError(**ADDRESS), "aws_unreachable", "network"),
    (exceptions.ConnectionClosedError(**ADDRESS), "aws_unreachable", "network"),
    (exceptions.ProxyConnectionError(proxy_url="u:secret@h"), "aws_unreachable", "proxy"),
    (exceptions.SSLError(error=OSError(SECRET), **ADDRESS), "aws_unreachable", "AWS_CA_BUNDLE"),
    (from_client_error("NoSuchBucket", status=404), "aws_refused", "NoSuchBucket"),
    (exceptions.ParamValidationError(report=SECRET), "internal", "ParamValidationError"),
]


@pytest.mark.parametrize(("raised", "code", "says"), TROUBLES, ids=lambda one: str(one)[:40])
def test_each_trouble_has_its_code_and_advice(raised: Any, code: str, says: str) -> None:
    error = from_botocore(raised, "winnow")
    assert error.code == code
    assert type(error) is catalogue()[code]
    assert says in f"{error.message} {error.hint}"
    assert "secret" not in str(error)
    assert "ubmit" not in error.hint


@pytest.mark.parametrize(("raised", "code", "_says"), TROUBLES, ids=lambda one: str(one)[:40])
def test_what_an_adapter_made_of_it_is_seen_through(raised: Any, code: str, _says: str) -> None:
    with pytest.raises(Exception) as caught, translated("in the bucket b"):
        raise raised
    assert with_aws_cause(caught.value, "winnow").code == code  # type: ignore[arg-type]


def test_an_error_of_ours_stays_what_it_is() -> None:
    own = RetryableError("DynamoDB did not process every key.")
    assert with_aws_cause(own, "winnow") is own


def test_the_local_stack_that_is_silent_is_not_called_aws() -> None:
    error = from_botocore(
        exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), None
    )
    assert error.code == "stack_not_running"
    assert "winnow up" in error.hint


class Silent:
    """A session of a machine on which AWS cannot be called."""

    def __init__(self, raised: Exception) -> None:
        self.raised = raised
        self.region_name = "eu-west-1"

    def client(self, *_: Any, **__: Any) -> "Silent":
        return self

    def describe_stacks(self, **_: Any) -> Any:
        raise self.raised


def run(monkeypatch: pytest.MonkeyPatch, raised: Exception, *arguments: str) -> Any:
    monkeypatch.setattr("boto3.Session", lambda **_: Silent(raised))
    return CliRunner().invoke(app, [*arguments, "--stack", "winnow"])


@pytest.mark.parametrize(
    "command",
    [["status"], ["why", "abcdef"], ["results", "abcdef"], ["audit"], ["redrive", "abcdef"]],
)
def test_no_command_says_to_submit_again_where_aws_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    ran = run(monkeypatch, exceptions.EndpointConnectionError(**ADDRESS), *command)
    assert ran.exit_code == 1
    assert ran.stderr.startswith("aws_unreachable: AWS does not answer at cloudformation.eu-")
    assert "ubmit" not in ran.stderr


def test_a_stack_that_is_not_there_is_told_with_its_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran = run(monkeypatch, from_client_error("ValidationError", "Stack does not exist"), "status")
    assert ran.stderr.startswith("stack_unknown: There is no stack 'winnow' in eu-west-1.")


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
    ],
)
def test_the_region_of_the_environment_counts(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], region: str
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    seen: list[str | None] = []

    class Session(boto3.Session):
        def client(self, *_: Any, **__: Any) -> Any:
            seen.append(self.region_name)
            return Silent(exceptions.NoCredentialsError())

    monkeypatch.setattr("boto3.Session", Session)
    CliRunner().invoke(app, ["status", "--stack", "winnow"])
    assert seen == [region]


def test_an_address_that_is_none_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "bad")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    ran = CliRunner().invoke(app, ["status", "--stack", "winnow"])
    assert ran.stderr.startswith("aws_not_set_up: ")


def test_the_version_is_told() -> None:
    ran = CliRunner().invoke(app, ["--version"])
    assert ran.exit_code == 0
    assert ran.stdout.startswith("winnow ")
