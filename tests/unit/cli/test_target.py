"""The command line's own parts: cells, keys, tables and errors."""

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
    AwsBusyError,
    AwsRefusedError,
    AwsUnreachableError,
    InternalError,
    StackNotRunningError,
)
from winnow_cli.target import Target, aws_errors


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
