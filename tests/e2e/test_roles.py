"""With AUTH=true the roles of template.yaml are enforced: what they do not allow is denied."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.template.test_roles import ROLES
from winnow_local.deploy import STACK_NAME

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
        ("scan", "ResultsBucket", "runs/x/chunks/000000.jsonl", True),
        ("scan", "ResultsBucket", "results/L33774/x/result.json", False),
        ("scan", "UploadsBucket", "inbox/emotions/x.csv", False),
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


@pytest.mark.parametrize("function", ["serialize", "scan", "classify", "filter"])
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


# What somebody who has taken over a function, a machine or a rule would try, and who may.
TRIED: dict[str, set[str]] = {
    "read an upload": {"SerializeRole", "ScanRole"},
    "read an upload outside the inbox": set(),
    "write an upload": set(),
    "delete an upload": set(),
    "delete a version of an upload": set(),
    "read a result": set(),
    "delete a result": set(),
    "take the TLS policy away": set(),
    "read the access log": set(),
    "read every row": set(),
    "delete a row": set(),
    "make a row": {"TriageRole"},
    "mail": {"SweepRole", "TriageRole", "StoppedRole"},
    "subscribe to the mails": set(),
    "start a run": {"SweepRole", "TriageRole", "StartRole"},
    "start the machine for stopped runs": {"StartRole"},
    "stop a run": {"TriageRole"},
    "change the workflow": set(),
    "read what lies undelivered": set(),
    "call a function past its alias": set(),
    "change a function": set(),
    "read logs": set(),
    "silence the alarms": set(),
    "take another role": set(),
    "make a user": set(),
}


@pytest.fixture(scope="module")
def roles(stack: Stack) -> dict[str, str]:
    """Roles with the policies of the stack's own, which a test may take: name -> ARN.

    The stack's own may be taken by their services alone, and the emulator holds to that too.
    """
    make = lambda service: stack.target.session.client(  # noqa: E731
        service, endpoint_url=stack.target.endpoint, config=stack.target.config
    )
    found = make("cloudformation").describe_stack_resources(StackName=STACK_NAME)
    iam = make("iam")
    anybody = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    made = {}
    for one in found["StackResources"]:
        if one["ResourceType"] != "AWS::IAM::Role":
            continue
        name, physical = one["LogicalResourceId"], one["PhysicalResourceId"].rpartition("/")[2]
        arn = iam.create_role(RoleName=f"as-{name}", AssumeRolePolicyDocument=json.dumps(anybody))
        made[name] = arn["Role"]["Arn"]
        for policy in iam.list_role_policies(RoleName=physical)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=physical, PolicyName=policy)["PolicyDocument"]
            iam.put_role_policy(
                RoleName=f"as-{name}", PolicyName=policy, PolicyDocument=json.dumps(document)
            )
    assert set(made) == set(ROLES)
    return made


@pytest.fixture(scope="module")
def upload(stack: Stack) -> tuple[str, str, str]:
    """An upload that has ended: its key, its id and its run."""
    row = stack.run("roles.txt", "I was overjoyed.")
    return row.object_key, row.upload_id, str(row.run)


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_is_not_for_is_denied(
    stack: Stack, roles: dict[str, str], upload: tuple[str, str, str], role: str
) -> None:
    key, own_id, run = upload
    out = stack.state.outputs
    uploads, results = stack.target.uploads_bucket, stack.target.results_bucket
    given = stack.target.session.client(
        "sts", endpoint_url=stack.target.endpoint, config=stack.target.config
    ).assume_role(RoleArn=roles[role], RoleSessionName="test")["Credentials"]
    session = boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        region_name=stack.state.region,
    )

    def at(service: str) -> Any:
        return session.client(
            service, endpoint_url=stack.target.endpoint, config=stack.target.config
        )

    [serialize] = [
        one["FunctionName"]
        for one in stack.target.session.client(
            "lambda", endpoint_url=stack.target.endpoint, config=stack.target.config
        ).list_functions()["Functions"]
        if "serialize" in one["FunctionName"].lower()
    ]
    machine = out["StateMachineArn"]
    stopped = machine.replace("-triage", "-stopped")
    s3, table, states = at("s3"), stack.target.table, at("stepfunctions")
    calls: dict[str, Callable[[], Any]] = {
        "read an upload": lambda: s3.get_object(Bucket=uploads, Key=key),
        "read an upload outside the inbox": lambda: s3.get_object(Bucket=uploads, Key="x"),
        "write an upload": lambda: s3.put_object(Bucket=uploads, Key=key, Body=b"x"),
        "delete an upload": lambda: s3.delete_object(Bucket=uploads, Key=key),
        "delete a version of an upload": lambda: s3.delete_object(
            Bucket=uploads, Key=key, VersionId="null"
        ),
        "read a result": lambda: s3.get_object(Bucket=results, Key="results/emotions/x"),
        "delete a result": lambda: s3.delete_object(Bucket=results, Key="results/emotions/x"),
        "take the TLS policy away": lambda: s3.delete_bucket_policy(Bucket=uploads),
        "read the access log": lambda: s3.list_objects_v2(Bucket="access-logs"),
        "read every row": lambda: at("dynamodb").scan(TableName=table),
        "delete a row": lambda: at("dynamodb").delete_item(
            TableName=table, Key={"upload_id": {"S": own_id}}
        ),
        "make a row": lambda: at("dynamodb").put_item(
            TableName=table, Item={"upload_id": {"S": "x"}}
        ),
        "mail": lambda: at("sns").publish(TopicArn=out["TopicArn"], Message="x"),
        "subscribe to the mails": lambda: at("sns").subscribe(
            TopicArn=out["TopicArn"], Protocol="email", Endpoint="a@example.org"
        ),
        "start a run": lambda: states.start_execution(stateMachineArn=machine, input="{}"),
        "start the machine for stopped runs": lambda: states.start_execution(
            stateMachineArn=stopped, input="{}"
        ),
        "stop a run": lambda: states.stop_execution(executionArn=run),
        "change the workflow": lambda: states.update_state_machine(
            stateMachineArn=machine, definition="{}"
        ),
        "read what lies undelivered": lambda: at("sqs").receive_message(
            QueueUrl=out["UndeliveredQueue"]
        ),
        "call a function past its alias": lambda: at("lambda").invoke(FunctionName=serialize),
        "change a function": lambda: at("lambda").update_function_configuration(
            FunctionName=serialize, Timeout=3
        ),
        "read logs": lambda: at("logs").filter_log_events(
            logGroupName=f"/aws/lambda/{STACK_NAME}-serialize"
        ),
        "silence the alarms": lambda: at("cloudwatch").delete_alarms(AlarmNames=["x"]),
        "take another role": lambda: at("sts").assume_role(
            RoleArn=roles["SweepRole" if role != "SweepRole" else "TriageRole"],
            RoleSessionName="test",
        ),
        "make a user": lambda: at("iam").create_user(UserName="x"),
    }
    assert set(calls) == set(TRIED)
    let_in = []
    for name, call in calls.items():
        if role in TRIED[name]:
            continue
        try:
            call()
        except ClientError as refused:
            code = refused.response["Error"]["Code"]
            if "AccessDenied" in code or "Authorization" in code or "Unauthorized" in code:
                continue
            let_in.append(f"{name}: {code}")
        else:
            let_in.append(name)
    assert not let_in
