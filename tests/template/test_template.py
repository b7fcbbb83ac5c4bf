"""What the expanded template promises beyond what every resource of a type has to be.

The rules over types are in tests/template/rules.
"""

import re
from typing import Any

import pytest

from tests.template.expand import TEMPLATE, expand, read
from winnow.recovery.upload_row import LEASE_S
from winnow_cli.deployment.parameters import OF_RELEASES

EXPANDED = expand()
RESOURCES: dict[str, Any] = EXPANDED["Resources"]
STEPS = ("SerializeFunction", "ScanFunction", "ClassifyFunction", "FilterFunction")
REVIEW = ("QueueFunction", "ApiFunction")
FUNCTIONS = (*STEPS, "SweepFunction", "DispatchFunction", "DigestFunction", *REVIEW)
TLS_ONLY = {"Bool": {"aws:SecureTransport": "false"}}
SSE = "s3:x-amz-server-side-encryption"
SSE_KEY = f"{SSE}-aws-kms-key-id"
SSE_C = f"{SSE}-customer-algorithm"
GIVEN = "arn:aws:kms:us-east-1:123456789012:key/given"


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES[name]["Properties"]
    return found


def of_type(kind: str) -> list[str]:
    return [name for name, resource in RESOURCES.items() if resource["Type"] == kind]


def statements(name: str) -> dict[str, Any]:
    """A resource policy's statements by their Sid, those for TLS as they are in AWS."""
    found = [
        statement["Fn::If"][1] if "Fn::If" in statement else statement
        for statement in properties(name)["PolicyDocument"]["Statement"]
    ]
    return {statement["Sid"]: statement for statement in found}


# -- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("bucket", ["UploadsBucket", "ResultsBucket"])
@pytest.mark.parametrize(
    ("headers", "refused_by"),
    [
        # The bucket's own rule encrypts it, with the customer's key.
        ({}, []),
        ({SSE: "aws:kms", SSE_KEY: GIVEN}, []),
        # Without a key S3 takes aws/s3 and not the bucket's own: "x-amz-server-side-encryption-aws-
        # kms-key-id" in docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html.
        ({SSE: "aws:kms"}, ["DenyAwsManagedKey"]),
        ({SSE: "aws:kms", SSE_KEY: "another"}, ["DenyOtherKey"]),
        ({SSE: "aws:kms:dsse"}, ["DenyOtherEncryption"]),
        ({SSE: "aws:kms:dsse", SSE_KEY: GIVEN}, ["DenyOtherEncryption"]),
        ({SSE: "AES256"}, ["DenyOtherEncryption"]),
        ({SSE_C: "AES256"}, ["DenySenderKey"]),
    ],
)
def test_what_names_another_encryption_is_refused(
    bucket: str, headers: dict[str, str], refused_by: list[str]
):
    # S3 looks at a policy before it applies the bucket's own rule: what it knows is the headers.
    given = statements(f"{bucket}Policy")
    denials = [
        sid for sid, one in given.items() if one["Action"] == "s3:PutObject" and "Condition" in one
    ]
    assert [sid for sid in denials if holds(given[sid]["Condition"], headers)] == refused_by


def test_nothing_is_written_beside_the_inbox():
    denied = statements("UploadsBucketPolicy")["DenyBesideInbox"]
    assert (denied["Effect"], denied["Action"]) == ("Deny", "s3:PutObject")
    assert "Condition" not in denied
    inbox = properties("UploadedRule")["EventPattern"]["detail"]["object"]["key"][0]["prefix"]
    assert denied["NotResource"] == {"Fn::Sub": f"${{UploadsBucket.Arn}}/{inbox}*"}


def holds(condition: dict[str, Any], headers: dict[str, str]) -> bool:
    """Whether a policy's condition is true of a request; a missing header equals nothing."""
    tests = {
        "Null": lambda header, wanted: (header not in headers) is (wanted == "true"),
        "StringEquals": lambda header, wanted: headers.get(header) == wanted,
        "StringNotEquals": lambda header, wanted: headers.get(header) != wanted,
    }
    return all(
        tests[operator](header, GIVEN if wanted == {"Ref": "KmsKeyArn"} else wanted)
        for operator, wants in condition.items()
        for header, wanted in wants.items()
    )


def test_only_the_local_stack_goes_without_tls():
    assert EXPANDED["Parameters"]["Local"]["Default"] == "false"
    assert EXPANDED["Conditions"]["IsLocal"] == {"Fn::Equals": [{"Ref": "Local"}, "true"]}
    assert EXPANDED["Conditions"]["HasTls"] == {"Fn::Not": [{"Condition": "IsLocal"}]}
    maths = {
        name for name, resource in RESOURCES.items() if resource.get("Condition") == "HasMetricMath"
    }
    assert maths == {
        *("FunctionErrorsAlarm", "FunctionThrottlesAlarm", "ReviewRateAlarm", "Dashboard"),
    }
    assert EXPANDED["Conditions"]["HasMetricMath"] == EXPANDED["Conditions"]["HasTls"]
    # Nothing but transport, sums of metrics and the place of the concurrency hangs on it.
    users = {
        name
        for name, resource in RESOURCES.items()
        if "IsLocal" in str(resource) or "HasTls" in str(resource)
    }
    # The address of the review page, and of the sign-in.
    addressed = {
        *("QueueFunction", "ApiFunction", "FilterFunction", "TrainFunction", "PageClient"),
        "UploadsBucket",
    }
    assert users - addressed == {
        *("UploadsBucketPolicy", "ResultsBucketPolicy", "TopicPolicy", "UndeliveredPolicy"),
        "ModelsBucketPolicy",
        *("WaitingPolicy", "RunMailsPolicy", "MailQueuePolicy"),
        *("AccessLogsPolicy", "ReviewsUndeliveredPolicy", "ChangesPolicy", "UnindexedPolicy"),
        *("AccessLogsPolicy", "ReviewsUndeliveredPolicy", "NoticesUndeliveredPolicy"),
        "Triage",
    }


# -- mails gathered ------------------------------------------------------------------------------


def gathered_or_at_once() -> dict[str, Any]:
    return {"Fn::If": ["HasMailDigest", {"Ref": "RunMails"}, {"Ref": "Topic"}]}


def test_the_mails_of_runs_are_gathered_only_where_a_parameter_says_so():
    assert EXPANDED["Conditions"]["HasMailDigest"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "MailDigestMinutes"}, 0]}]
    }
    assert EXPANDED["Parameters"]["MailDigestMinutes"]["Default"] == 0
    for machine in ("Triage", "Stopped"):
        told = properties(machine)["DefinitionSubstitutions"]["TopicArn"]
        assert told == gathered_or_at_once()
    sweep = properties("SweepFunction")["Environment"]["Variables"]
    assert sweep["TOPIC_ARN"] == gathered_or_at_once()
    # What gathers mails, and what says that something is wrong, does not wait for itself.
    digest = properties("DigestFunction")["Environment"]["Variables"]
    assert digest["TOPIC_ARN"] == {"Ref": "Topic"}
    assert digest["MAIL_QUEUE_URL"] == {"Ref": "MailQueue"}


def test_gathered_mails_lie_in_a_queue_until_they_were_sent():
    assert properties("MailSubscription") == {
        "TopicArn": {"Ref": "RunMails"},
        "Protocol": "sqs",
        "Endpoint": {"Fn::GetAtt": ["MailQueue", "Arn"]},
        "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Undelivered", "Arn"]}},
    }
    queue = properties("MailQueue")
    assert queue["MessageRetentionPeriod"] == 14 * 86400
    assert "RedrivePolicy" not in queue, "a mail stays until it was sent"
    assert queue["VisibilityTimeout"] > properties("DigestFunction")["Timeout"]
    key = {"Fn::GetAtt": ["TopicKey", "Arn"]}
    assert queue["KmsMasterKeyId"] == properties("RunMails")["KmsMasterKeyId"] == key
    assert properties("RunMailsPolicy")["Topics"] == [{"Ref": "RunMails"}]
    ours = [{"Fn::GetAtt": [f"{name}Role", "Arn"]} for name in ("Triage", "Stopped", "Sweep")]
    assert statements("RunMailsPolicy") == {
        "TlsOnly": {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": {"Ref": "RunMails"},
            "Condition": TLS_ONLY,
        },
        "AllowRuns": {
            "Sid": "AllowRuns",
            "Effect": "Allow",
            "Principal": {"AWS": ours},
            "Action": "sns:Publish",
            "Resource": {"Ref": "RunMails"},
        },
    }


def behind(value: Any) -> set[str]:
    """The parameters that a value hangs on, by a condition too."""
    match value:
        case {"Ref": name}:
            return {name} & set(EXPANDED["Parameters"])
        case {"Fn::Sub": str(pattern)}:
            return set(re.findall(r"\$\{(\w+)\}", pattern)) & set(EXPANDED["Parameters"])
        case {"Fn::If": [condition, *either]}:
            return behind(EXPANDED["Conditions"][condition]).union(*map(behind, either))
        case dict():
            return set().union(*map(behind, value.values()))
        case list():
            return set().union(*map(behind, value))
    return set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_sam_gives_a_function_its_alias_and_what_all_have_in_common(function: str):
    assert properties(f"{function}Aliaslive")["Name"] == "live"
    given = properties(function)
    assert given["Architectures"] == [{"Ref": "Architecture"}]
    assert given["TracingConfig"] == {"Mode": "Active"}
    common = read()["Globals"]["Function"]["Environment"]["Variables"]
    own = read()["Resources"][function]["Properties"]["Environment"]["Variables"]
    assert set(given["Environment"]["Variables"]) == {*common, *own}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_setting_from_a_parameter_publishes_a_version(function: str):
    variables = properties(function)["Environment"]["Variables"]
    parameters = {name for value in variables.values() for name in behind(value)}
    [version] = [
        resource for name, resource in RESOURCES.items() if name.startswith(f"{function}Version")
    ]
    # A version is replaced when its description changes, and then the alias moves to it.
    said = version["Properties"].get("Description", {}).get("Fn::Sub", "")
    assert set(re.findall(r"\$\{(\w+)\}", said)) == parameters


# -- the workflow --------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", ["Triage", "Stopped"])
def test_a_machine_is_logged_without_data_and_traced(machine: str):
    given = properties(machine)
    assert given["StateMachineType"] == "STANDARD"
    assert given["LoggingConfiguration"] == {
        "Level": "ERROR",
        "IncludeExecutionData": False,
        "Destinations": [
            {"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["WorkflowLogs", "Arn"]}}}
        ],
    }
    # Triage's role names its machine, and so must the template.
    assert given["StateMachineName"] == {"Fn::Sub": f"${{AWS::StackName}}-{machine.lower()}"}
    assert given["TracingConfiguration"] == {"Enabled": True}
    assert given["RoleArn"] == {"Fn::GetAtt": [f"{machine}Role", "Arn"]}


def test_a_run_keeps_the_versions_of_the_functions_that_it_began_with():
    """A version is published by SAM whenever anything of its function changes, and stays."""
    made = properties("Triage")["DefinitionSubstitutions"]
    for function in STEPS:
        [version] = [
            name for name in RESOURCES if re.fullmatch(rf"{function}Version[0-9a-f]+", name)
        ]
        assert made[function] == {"Ref": version}
        assert RESOURCES[version]["DeletionPolicy"] == "Retain"
        assert RESOURCES[version]["Properties"]["FunctionName"] == {"Ref": function}


# -- what starts it ------------------------------------------------------------------------------


GREEN_RULE = (
    "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}"
    ":rule/${AWS::StackName}-green-UploadedRule-*"
)


@pytest.mark.parametrize("name", ["Dispatch", "Digest"])
def test_what_a_schedule_calls_is_called_by_its_alias(name: str):
    given = properties(f"{name}Schedule")
    # The digest reads the one queue of e-mails, whichever stack judges.
    assert given["State"] == ("ENABLED" if name == "Digest" else {"Ref": "Intake"})
    assert given["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert given["Target"]["Arn"] == {"Ref": f"{name}FunctionAliaslive"}
    assert given["Target"]["RoleArn"] == {"Fn::GetAtt": [f"{name}ScheduleRole", "Arn"]}
    assert given["Target"]["Input"] == "{}"


def test_uploads_that_wait_are_kept_and_looked_at_every_minute():
    assert properties("DispatchSchedule")["ScheduleExpression"] == "rate(1 minute)"
    queue = properties("Waiting")
    assert queue["MessageRetentionPeriod"] == 14 * 86400
    # What cannot be started for as long as EventBridge would try is set aside, and rings.
    tried = queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]
    assert tried == 86400
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["Undelivered", "Arn"]}
    for function in ("Dispatch", "Sweep"):
        told = properties(f"{function}Function")["Environment"]["Variables"]
        assert told["WAITING_QUEUE_URL"] == {"Ref": "Waiting"}
        assert told["MAX_RUNS"] == {"Ref": "MaxRuns"}
        alias, machine = {"Ref": "TriageAlias"}, {"Ref": "Triage"}
        assert told["WORKFLOW_ARN"] == {"Fn::If": ["HasWorkflowVersions", alias, machine]}


@pytest.mark.parametrize(
    ("queue", "sid", "service", "source"),
    [
        (
            "Waiting",
            "AllowRules",
            "events",
            # The second stack's rule, too: files wait in one queue, whichever stack judges.
            {"ArnLike": [{"Fn::GetAtt": ["UploadedRule", "Arn"]}, {"Fn::Sub": GREEN_RULE}]},
        ),
        ("MailQueue", "AllowRunMails", "sns", {"ArnEquals": {"Ref": "RunMails"}}),
    ],
)
def test_a_queue_takes_what_one_source_sends(
    queue: str, sid: str, service: str, source: dict[str, Any]
):
    arn = {"Fn::GetAtt": [queue, "Arn"]}
    assert properties(f"{queue}Policy")["Queues"] == [{"Ref": queue}]
    assert statements(f"{queue}Policy") == {
        sid: {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {how: {"aws:SourceArn": one} for how, one in source.items()},
        },
        "TlsOnly": {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": arn,
            "Condition": TLS_ONLY,
        },
    }


def test_an_upload_is_missed_long_before_its_row_could_have_expired():
    missed = int(properties("SweepFunction")["Environment"]["Variables"]["MISSED_SECONDS"])
    shortest_kept = EXPANDED["Parameters"]["RetentionDays"]["MinValue"] * 86_400
    assert 600 <= missed < LEASE_S < shortest_kept
    # An event that is redriven late still finds the row of what it was about.
    assert properties("Undelivered")["MessageRetentionPeriod"] < shortest_kept
    # A run's own time limit is hours, that of a rule that forgets its work a day at least.
    assert LEASE_S < 86_400


# -- what a user sees ----------------------------------------------------------------------------


def test_parameters_are_few_and_explained():
    parameters = EXPANDED["Parameters"]
    assert len(set(parameters) - set(OF_RELEASES)) <= 34
    grouped = [
        name
        for group in EXPANDED["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        for name in group["Parameters"]
    ]
    assert sorted(grouped) == sorted(parameters)
    for name, parameter in parameters.items():
        assert parameter["Description"].endswith("."), name
        assert "Default" in parameter, name
        bounds = {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter)
        assert bounds, f"{name} takes anything"
        if "AllowedPattern" in parameter:
            assert re.match(parameter["AllowedPattern"], parameter["Default"])
            assert parameter["ConstraintDescription"]


def test_every_skipped_check_has_its_reason_beside_it():
    skips = [
        (name, skip)
        for name, resource in RESOURCES.items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]
    assert skips
    for name, skip in skips:
        assert len(skip["comment"]) > 30, (name, skip["id"])
    text = TEMPLATE.read_text("utf-8")
    assert "cfn-lint" not in text, "no rule of cfn-lint is switched off"
