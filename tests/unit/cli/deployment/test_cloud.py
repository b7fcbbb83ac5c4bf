"""The adapter to AWS, on botocore's stubs: requests are of AWS's shape, errors are ours."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from winnow.errors import (
    AccessDeniedError,
    AwsCredentialsError,
    DeploymentRunningError,
    WinnowError,
)
from winnow_cli.deployment.cloud import AwsCloud, ChangeRequest, DriftCheck
from winnow_cli.deployment.stages import Stage

STAGE = Stage(name="test", account="123456789012", region="eu-central-1", stack="winnow-test")
NOW = datetime(2026, 11, 27, tzinfo=UTC)
VERSION = "0a1b2c3d-0000-4000-8000-000000000000"
STACK_ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/winnow-test/1"
Stub = Callable[[str], Stubber]


@pytest.fixture
def cloud() -> AwsCloud:
    session = boto3.Session("AKID", "secret", region_name="eu-central-1")
    return AwsCloud(STAGE, session)


@pytest.fixture
def stub(cloud: AwsCloud) -> Iterator[Stub]:
    """A stub of a service; every answer has to be asked for."""
    stubs: dict[str, Stubber] = {}

    def of(service: str) -> Stubber:
        if service not in stubs:
            stubs[service] = Stubber(cloud._client(service))
            stubs[service].activate()
        return stubs[service]

    yield of
    for stubber in stubs.values():
        stubber.assert_no_pending_responses()


def a_stack(**more: Any) -> dict[str, Any]:
    own: dict[str, Any] = {
        "StackName": "winnow-test",
        "CreationTime": NOW,
        "StackStatus": "CREATE_COMPLETE",
    }
    return {"Stacks": [{**own, "StackId": STACK_ID, **more}]}


def test_a_stack(cloud: AwsCloud, stub: Stub) -> None:
    answer = a_stack(
        Parameters=[{"ParameterKey": "MaxRuns", "ParameterValue": "5"}],
        Outputs=[{"OutputKey": "Table", "OutputValue": "t"}],
        EnableTerminationProtection=True,
        DriftInformation={"StackDriftStatus": "DRIFTED"},
    )
    stub("cloudformation").add_response("describe_stacks", answer, {"StackName": "winnow-test"})
    found = cloud.stack("winnow-test")
    assert found is not None
    assert (found.parameters, found.outputs) == ({"MaxRuns": "5"}, {"Table": "t"})
    assert (found.protected, found.drift, found.changed_at) == (True, "DRIFTED", NOW)


def test_when_drift_was_last_looked_for(cloud: AwsCloud, stub: Stub) -> None:
    drift = {"StackDriftStatus": "DRIFTED", "LastCheckTimestamp": NOW}
    stub("cloudformation").add_response("describe_stacks", a_stack(DriftInformation=drift))
    found = cloud.stack("winnow-test")
    assert found is not None
    assert (found.drift, found.drift_checked_at) == ("DRIFTED", NOW)


def test_drift_is_detected_and_read_page_by_page(cloud: AwsCloud, stub: Stub) -> None:
    check = "0c5f8d6e-6b1a-4b8e-9c3f-000000000001"
    stubber = stub("cloudformation")
    stubber.add_response(
        "detect_stack_drift", {"StackDriftDetectionId": check}, {"StackName": "winnow-test"}
    )
    stubber.add_response(
        "describe_stack_drift_detection_status",
        {
            "StackId": STACK_ID,
            "StackDriftDetectionId": check,
            "DetectionStatus": "DETECTION_FAILED",
            "DetectionStatusReason": "Denied",
            "Timestamp": NOW,
        },
        {"StackDriftDetectionId": check},
    )
    common = {"StackId": STACK_ID, "Timestamp": NOW}
    difference = {
        "PropertyPath": "/BillingMode",
        "ExpectedValue": "PAY_PER_REQUEST",
        "ActualValue": "PROVISIONED",
        "DifferenceType": "NOT_EQUAL",
    }
    asked = {
        "StackName": "winnow-test",
        "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"],
    }
    stubber.add_response(
        "describe_stack_resource_drifts",
        {
            "StackResourceDrifts": [
                {
                    **common,
                    "LogicalResourceId": "Table",
                    "ResourceType": "AWS::DynamoDB::Table",
                    "StackResourceDriftStatus": "MODIFIED",
                    "PropertyDifferences": [difference],
                }
            ],
            "NextToken": "more",
        },
        asked,
    )
    stubber.add_response(
        "describe_stack_resource_drifts",
        {
            "StackResourceDrifts": [
                {
                    **common,
                    "LogicalResourceId": "Rule",
                    "ResourceType": "AWS::Events::Rule",
                    "StackResourceDriftStatus": "DELETED",
                }
            ]
        },
        {**asked, "NextToken": "more"},
    )
    assert cloud.detect_drift("winnow-test") == check
    assert cloud.drift_check(check) == DriftCheck(status="DETECTION_FAILED", reason="Denied")
    table, rule = cloud.drifted("winnow-test")
    assert [(one.path, one.expected, one.actual) for one in table.properties] == [
        ("/BillingMode", "PAY_PER_REQUEST", "PROVISIONED")
    ]
    assert (table.deleted, rule.deleted) == (False, True)


def test_a_stack_that_is_not_there(cloud: AwsCloud, stub: Stub) -> None:
    stub("cloudformation").add_client_error(
        "describe_stacks", "ValidationError", "Stack with id winnow-test does not exist"
    )
    assert cloud.stack("winnow-test") is None


@pytest.mark.parametrize(
    ("code", "ours"), [("ExpiredToken", AwsCredentialsError), ("AccessDenied", AccessDeniedError)]
)
def test_errors_become_ours(
    cloud: AwsCloud, stub: Stub, code: str, ours: type[WinnowError]
) -> None:
    stub("cloudformation").add_client_error("describe_stacks", code, "secret text")
    with pytest.raises(ours) as caught:
        cloud.stack("winnow-test")
    assert "secret text" not in str(caught.value)


def an_event(number: int, status: str, **more: Any) -> dict[str, Any]:
    own: dict[str, Any] = {"StackId": STACK_ID, "StackName": "winnow-test", "EventId": str(number)}
    own |= {"LogicalResourceId": "Table", "PhysicalResourceId": "t", "Timestamp": NOW}
    return {**own, "ResourceStatus": status, **more}


def test_events_are_those_of_the_latest_operation(cloud: AwsCloud, stub: Stub) -> None:
    answer = {
        "StackEvents": [
            an_event(4, "UPDATE_COMPLETE"),
            an_event(3, "UPDATE_IN_PROGRESS", PhysicalResourceId=STACK_ID),
            an_event(2, "CREATE_COMPLETE"),
        ]
    }
    stub("cloudformation").add_response("describe_stack_events", answer)
    assert [event.id for event in cloud.events("winnow-test")] == ["3", "4"]


def test_a_change_set_is_asked_for(cloud: AwsCloud, stub: Stub) -> None:
    stub("iam").add_client_error("get_role", "NoSuchEntity")
    stub("cloudformation").add_response(
        "create_change_set",
        {"Id": "arn:aws:cloudformation:eu-central-1:1:changeSet/a/1", "StackId": STACK_ID},
        {
            "StackName": "winnow-test",
            "ChangeSetName": ANY,
            "ChangeSetType": "UPDATE",
            "TemplateURL": "https://example.org/t.json",
            "Parameters": [
                {"ParameterKey": "MaxRuns", "ParameterValue": "5"},
                {"ParameterKey": "Hook", "UsePreviousValue": True},
            ],
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            "Tags": [{"Key": "owner", "Value": "claims"}],
        },
    )
    request = ChangeRequest(
        stack="winnow-test",
        create=False,
        template_url="https://example.org/t.json",
        parameters={"MaxRuns": "5"},
        keep=("Hook",),
        tags={"owner": "claims"},
    )
    assert cloud.create_change_set(request).endswith("changeSet/a/1")


def test_a_change_set_of_two_pages(cloud: AwsCloud, stub: Stub) -> None:
    def page(name: str, **more: Any) -> dict[str, Any]:
        change = {"Action": "Modify", "LogicalResourceId": name, "ResourceType": "AWS::S3::Bucket"}
        change |= {"Replacement": "True", "PolicyAction": "ReplaceAndRetain"}
        change["Details"] = [{"Target": {"Attribute": "Properties", "Name": "BucketName"}}]  # type: ignore[assignment]
        return {"Status": "CREATE_COMPLETE", "Changes": [{"ResourceChange": change}], **more}

    stub("cloudformation").add_response("describe_change_set", page("A", NextToken="more"))
    stub("cloudformation").add_response("describe_change_set", page("B"))
    found = cloud.change_set("arn:x")
    assert [one.logical_id for one in found.changes] == ["A", "B"]
    assert found.changes[0].causes == ("BucketName",)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidChangeSetStatus", "ChangeSet is OBSOLETE"),
        ("ValidationError", "Stack is in UPDATE_IN_PROGRESS state and can not be updated."),
    ],
)
def test_a_deployment_that_began_meanwhile(
    cloud: AwsCloud, stub: Stub, code: str, message: str
) -> None:
    stub("cloudformation").add_client_error("execute_change_set", code, message)
    with pytest.raises(DeploymentRunningError):
        cloud.execute_change_set("arn:x")


def test_a_bucket_is_made_private_if_it_is_not_there(cloud: AwsCloud, stub: Stub) -> None:
    stub("s3").add_client_error("head_bucket", "404", http_status_code=404)
    stub("s3").add_response("create_bucket", {})
    stub("s3").add_response("put_public_access_block", {})
    cloud.ensure_bucket("winnow-artifacts")


def test_a_bucket_of_somebody_else_is_refused(cloud: AwsCloud, stub: Stub) -> None:
    stub("s3").add_client_error("head_bucket", "403", http_status_code=403)
    with pytest.raises(WinnowError):
        cloud.ensure_bucket("winnow-artifacts")


def test_a_repository_is_made_that_lambda_may_read(cloud: AwsCloud, stub: Stub) -> None:
    stub("ecr").add_client_error("describe_repositories", "RepositoryNotFoundException")
    uri = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/winnow/scan"
    stub("ecr").add_response("create_repository", {"repository": {"repositoryUri": uri}})
    stub("ecr").add_response("set_repository_policy", {})
    assert cloud.ensure_repository("winnow/scan") == uri


def test_an_image_that_is_not_there(cloud: AwsCloud, stub: Stub) -> None:
    stub("ecr").add_client_error("describe_images", "ImageNotFoundException")
    stub("ecr").add_response("batch_get_image", {"images": [], "failures": []})
    assert cloud.digest("winnow/scan", "a") is None
    assert cloud.manifest("winnow/scan", f"sha256:{'0' * 64}") is None


def test_a_layer_is_written_in_parts(cloud: AwsCloud, stub: Stub) -> None:
    digest = f"sha256:{'0' * 64}"
    upload = "12345678-1234-1234-1234-123456789012"
    stub("ecr").add_response("initiate_layer_upload", {"uploadId": upload, "partSize": 4})
    for first, last, part in ((0, 3, b"abcd"), (4, 4, b"e")):
        stub("ecr").add_response(
            "upload_layer_part",
            {},
            {
                "repositoryName": "winnow/scan",
                "uploadId": upload,
                "partFirstByte": first,
                "partLastByte": last,
                "layerPartBlob": part,
            },
        )
    stub("ecr").add_response("complete_layer_upload", {})
    cloud.write_layer("winnow/scan", digest, iter([b"ab", b"cde"]))


def test_the_registry_s_password_is_not_shown(cloud: AwsCloud, stub: Stub) -> None:
    answer = {"authorizationToken": "QVdTOnB3", "proxyEndpoint": "https://1.dkr.ecr.example.org"}
    stub("ecr").add_response("get_authorization_token", {"authorizationData": [answer]})
    login = cloud.registry_login()
    assert (login.username, login.password, login.registry) == (
        "AWS",
        "pw",
        "1.dkr.ecr.example.org",
    )
    assert "pw" not in repr(login)


def test_subscriptions_tell_whether_they_are_confirmed(cloud: AwsCloud, stub: Stub) -> None:
    listed = [
        {"Protocol": "email", "SubscriptionArn": "PendingConfirmation", "Endpoint": "a@b.c"},
        {"Protocol": "email", "SubscriptionArn": "arn:aws:sns:x", "Endpoint": "d@b.c"},
        {"Protocol": "lambda", "SubscriptionArn": "arn:aws:sns:y", "Endpoint": "arn:notify"},
    ]
    stub("sns").add_response("list_subscriptions_by_topic", {"Subscriptions": listed})
    found = cloud.subscriptions("arn:topic")
    assert [one.confirmed for one in found] == [False, True]
    assert "a@b.c" not in repr(found)


@pytest.mark.parametrize(
    ("versions", "given"),
    [({}, False), ({VERSION: ["AWSPREVIOUS"]}, False), ({VERSION: ["AWSCURRENT"]}, True)],
)
def test_a_secret_tells_whether_it_has_a_value(
    cloud: AwsCloud, stub: Stub, versions: dict[str, list[str]], given: bool
) -> None:
    stub("secretsmanager").add_response("describe_secret", {"VersionIdsToStages": versions})
    assert cloud.has_value("arn:secret") is given


def test_services_of_a_region(cloud: AwsCloud) -> None:
    assert cloud.has_service("lambda")
    assert not cloud.has_service("no-such-service")
