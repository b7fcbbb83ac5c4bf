"""With AUTH=true the roles of template.yaml are enforced: what they do not allow is denied."""

from collections.abc import Callable

import boto3
import pytest
from botocore.exceptions import ClientError

from .conftest import Stack


def function_of(stack: Stack, name: str) -> str:
    found = stack.target.session.client(
        "lambda", endpoint_url=stack.target.endpoint, config=stack.target.config
    ).list_functions()["Functions"]
    (role,) = (f["Role"] for f in found if name.lower() in f["FunctionName"].lower())
    return role


@pytest.fixture
def as_role(stack: Stack) -> Callable[[str, str], object]:
    """A client of a service with the credentials of a function's role."""
    sts = stack.target.session.client("sts", endpoint_url=stack.target.endpoint)

    def client(function: str, service: str) -> object:
        given = sts.assume_role(RoleArn=function_of(stack, function), RoleSessionName="test")
        keys = given["Credentials"]
        return boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=stack.state.region,
        ).client(service, endpoint_url=stack.target.endpoint, config=stack.target.config)

    return client


@pytest.mark.parametrize(
    ("function", "bucket", "key", "allowed"),
    [
        ("serialize", "ResultsBucket", "runs/x/chunks/000000.jsonl", True),
        ("serialize", "ResultsBucket", "results/L33774/x/result.json", False),
        ("serialize", "UploadsBucket", "inbox/emotions/x.csv", False),
        ("classify", "ResultsBucket", "runs/x/scored/000000.jsonl", True),
        ("classify", "ResultsBucket", "runs/x/chunks/000000.jsonl", False),
        ("classify", "ResultsBucket", "results/L33774/x/result.json", False),
        ("filter", "ResultsBucket", "results/L33774/x/result.json", True),
        ("filter", "ResultsBucket", "runs/x/scored/000000.jsonl", False),
        ("filter", "UploadsBucket", "inbox/emotions/x.csv", False),
    ],
)
def test_a_role_writes_where_it_must_and_nowhere_else(
    stack: Stack,
    as_role: Callable[[str, str], object],
    function: str,
    bucket: str,
    key: str,
    allowed: bool,
) -> None:
    s3 = as_role(function, "s3")
    put = lambda: s3.put_object(Bucket=stack.state.outputs[bucket], Key=key, Body=b"x")  # type: ignore[attr-defined]  # noqa: E731
    if allowed:
        put()
        return
    with pytest.raises(ClientError) as denied:
        put()
    assert denied.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize("function", ["classify", "filter"])
def test_only_serialize_reads_uploads(
    stack: Stack, as_role: Callable[[str, str], object], function: str
) -> None:
    key = stack.put("private.txt", "Something private.")
    for name, may in (("serialize", True), (function, False)):
        s3 = as_role(name, "s3")
        if may:
            s3.get_object(Bucket=stack.target.uploads_bucket, Key=key)  # type: ignore[attr-defined]
            continue
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.get_object(Bucket=stack.target.uploads_bucket, Key=key)  # type: ignore[attr-defined]


@pytest.mark.parametrize("function", ["serialize", "classify", "filter"])
def test_no_function_touches_table_or_topic(
    stack: Stack, as_role: Callable[[str, str], object], function: str
) -> None:
    with pytest.raises(ClientError) as table:
        as_role(function, "dynamodb").scan(TableName=stack.target.table)  # type: ignore[attr-defined]
    assert "AccessDenied" in table.value.response["Error"]["Code"]
    with pytest.raises(ClientError) as topic:
        as_role(function, "sns").publish(  # type: ignore[attr-defined]
            TopicArn=stack.state.outputs["TopicArn"], Message="x"
        )
    assert "Authorization" in topic.value.response["Error"]["Code"]
