"""What the expanded template promises: files, runs, mail, the workflow and what starts it."""

import re
from typing import Any

import pytest

from tests.template.expand import TEMPLATE, expand, read
from winnow.standing import LEASE_S
from winnow_aws.read_settings import ScanSettings, SerializeSettings
from winnow_aws.settings import (
    ClassifySettings,
    DigestSettings,
    DispatchSettings,
    FilterSettings,
    SweepSettings,
)

EXPANDED = expand()
RESOURCES: dict[str, Any] = EXPANDED["Resources"]
STEPS = ("SerializeFunction", "ScanFunction", "ClassifyFunction", "FilterFunction")
FUNCTIONS = (*STEPS, "SweepFunction", "DispatchFunction", "DigestFunction")
SETTINGS = {
    "SerializeFunction": SerializeSettings,
    "ScanFunction": ScanSettings,
    "ClassifyFunction": ClassifySettings,
    "FilterFunction": FilterSettings,
    "SweepFunction": SweepSettings,
    "DispatchFunction": DispatchSettings,
    "DigestFunction": DigestSettings,
}
TLS_ONLY = {"Bool": {"aws:SecureTransport": "false"}}
NO_OLD_TLS = {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
SSE = "s3:x-amz-server-side-encryption"
SSE_KEY = f"{SSE}-aws-kms-key-id"
SSE_C = f"{SSE}-customer-algorithm"
GIVEN = "arn:aws:kms:us-east-1:123456789012:key/given"
THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


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


def denial(bucket: str, sid: str, condition: dict[str, Any]) -> dict[str, Any]:
    """A statement that denies everybody everything in a bucket, on a condition."""
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::GetAtt": [bucket, "Arn"]}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}],
        "Condition": condition,
    }


# -- files ---------------------------------------------------------------------------------------


def test_there_are_two_buckets_and_their_access_log():
    assert of_type("AWS::S3::Bucket") == ["UploadsBucket", "ResultsBucket", "AccessLogs"]


def test_who_reads_and_writes_files_is_logged_and_the_log_forgets():
    for bucket in ("Uploads", "Results"):
        assert properties(f"{bucket}Bucket")["LoggingConfiguration"] == {
            "DestinationBucketName": {"Ref": "AccessLogs"},
            "LogFilePrefix": f"{bucket.lower()}/",
        }
    log = properties("AccessLogs")
    [encryption] = log["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert set(log["PublicAccessBlockConfiguration"].values()) == {True}
    assert log["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    [rule] = log["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", {"Ref": "LogRetentionDays"})
    given = statements("AccessLogsPolicy")
    assert set(given) == {"TlsOnly", "NoOldTls", "BucketsMayLog"}
    assert given["TlsOnly"] == denial("AccessLogs", "TlsOnly", TLS_ONLY)
    assert given["NoOldTls"] == denial("AccessLogs", "NoOldTls", NO_OLD_TLS)
    assert given["BucketsMayLog"] == {
        "Sid": "BucketsMayLog",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": {"Fn::Sub": "${AccessLogs.Arn}/*"},
        "Condition": {
            "ArnEquals": {
                "aws:SourceArn": [
                    {"Fn::GetAtt": ["UploadsBucket", "Arn"]},
                    {"Fn::GetAtt": ["ResultsBucket", "Arn"]},
                ]
            },
            **THIS_ACCOUNT,
        },
    }


def test_a_customer_key_takes_the_place_of_awss_own_everywhere():
    assert EXPANDED["Conditions"]["HasKmsKey"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "KmsKeyArn"}, ""]}]
    }
    key = {"Ref": "KmsKeyArn"}
    for bucket in ("UploadsBucket", "ResultsBucket"):
        [rule] = properties(bucket)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["Fn::If"][:2] == [
            "HasKmsKey",
            {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        ]
    assert properties("Table")["SSESpecification"]["Fn::If"][:2] == [
        "HasKmsKey",
        {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    ]
    given = {"Fn::If": ["HasKmsKey", key, {"Ref": "AWS::NoValue"}]}
    for group in of_type("AWS::Logs::LogGroup"):
        assert properties(group)["KmsKeyId"] == given
    for name in ("Undelivered", "Waiting"):
        queue = properties(name)
        assert queue["KmsMasterKeyId"] == given
        assert queue["SqsManagedSseEnabled"] == {
            "Fn::If": ["HasKmsKey", {"Ref": "AWS::NoValue"}, True]
        }


@pytest.mark.parametrize("bucket", ["UploadsBucket", "ResultsBucket"])
def test_a_bucket_is_private_encrypted_versioned_and_kept(bucket: str):
    given = properties(bucket)
    [rule] = given["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["Fn::If"][2] == {"SSEAlgorithm": "AES256"}
    assert given["VersioningConfiguration"] == {"Status": "Enabled"}
    assert given["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert given["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert RESOURCES[bucket]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES[bucket]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("bucket", ["UploadsBucket", "ResultsBucket"])
def test_a_bucket_speaks_tls_only(bucket: str):
    policy = RESOURCES[f"{bucket}Policy"]
    assert policy["Condition"] == "HasTls"
    assert policy["Properties"]["Bucket"] == {"Ref": bucket}
    given = statements(f"{bucket}Policy")
    assert set(given) == {
        *("TlsOnly", "NoOldTls"),
        *("NoOtherEncryption", "NoOtherKey", "NoKeyOfTheAccount", "NoKeyOfTheSender"),
    }
    assert given["TlsOnly"] == denial(bucket, "TlsOnly", TLS_ONLY)
    assert given["NoOldTls"] == denial(bucket, "NoOldTls", NO_OLD_TLS)


@pytest.mark.parametrize("bucket", ["UploadsBucket", "ResultsBucket"])
def test_with_a_customer_key_no_other_encrypts(bucket: str):
    conditional = [
        one["Fn::If"]
        for one in properties(f"{bucket}Policy")["PolicyDocument"]["Statement"]
        if "Fn::If" in one
    ]
    for condition, statement, otherwise in conditional:
        assert (condition, otherwise) == ("HasKmsKey", {"Ref": "AWS::NoValue"})
        assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
        assert statement["Action"] == "s3:PutObject"
        assert statement["Resource"] == {"Fn::Sub": f"${{{bucket}.Arn}}/*"}
    assert [statement["Condition"] for _, statement, _ in conditional] == [
        {"Null": {SSE: "false"}, "StringNotEquals": {SSE: "aws:kms"}},
        {"Null": {SSE_KEY: "false"}, "StringNotEquals": {SSE_KEY: {"Ref": "KmsKeyArn"}}},
        {"StringEquals": {SSE: "aws:kms"}, "Null": {SSE_KEY: "true"}},
        {"Null": {SSE_C: "false"}},
    ]


@pytest.mark.parametrize("bucket", ["UploadsBucket", "ResultsBucket"])
@pytest.mark.parametrize(
    ("headers", "refused_by"),
    [
        # The bucket's own rule encrypts it, with the customer's key.
        ({}, []),
        ({SSE: "aws:kms", SSE_KEY: GIVEN}, []),
        # Without a key S3 takes aws/s3 and not the bucket's own: "x-amz-server-side-encryption-aws-
        # kms-key-id" in docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html.
        ({SSE: "aws:kms"}, ["NoKeyOfTheAccount"]),
        ({SSE: "aws:kms", SSE_KEY: "another"}, ["NoOtherKey"]),
        ({SSE: "aws:kms:dsse"}, ["NoOtherEncryption"]),
        ({SSE: "aws:kms:dsse", SSE_KEY: GIVEN}, ["NoOtherEncryption"]),
        ({SSE: "AES256"}, ["NoOtherEncryption"]),
        ({SSE_C: "AES256"}, ["NoKeyOfTheSender"]),
    ],
)
def test_what_names_another_encryption_is_refused(
    bucket: str, headers: dict[str, str], refused_by: list[str]
):
    # S3 looks at a policy before it applies the bucket's own rule: what it knows is the headers.
    given = statements(f"{bucket}Policy")
    denials = [sid for sid, one in given.items() if one["Action"] == "s3:PutObject"]
    assert [sid for sid in denials if holds(given[sid]["Condition"], headers)] == refused_by


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
    assert users == {
        *("UploadsBucketPolicy", "ResultsBucketPolicy", "TopicPolicy", "UndeliveredPolicy"),
        *("WaitingPolicy", "RunMailsPolicy", "MailQueuePolicy"),
        "AccessLogsPolicy",
        "Triage",
    }


def lifecycle(bucket: str) -> dict[str, Any]:
    """The rules by their id, those that hang on a parameter too."""
    rules = [
        rule["Fn::If"][1] if "Fn::If" in rule else rule
        for rule in properties(bucket)["LifecycleConfiguration"]["Rules"]
    ]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    return {rule["Id"]: rule for rule in rules}


@pytest.mark.parametrize("bucket", ["UploadsBucket", "ResultsBucket"])
def test_old_versions_and_unfinished_uploads_go(bucket: str):
    rules = lifecycle(bucket)
    assert rules["forget-old-versions"]["NoncurrentVersionExpiration"] == {
        "NoncurrentDays": {"Ref": "RetentionDays"}
    }
    assert rules["forget-old-versions"]["ExpiredObjectDeleteMarker"] is True
    assert rules["abort-unfinished-uploads"]["AbortIncompleteMultipartUpload"] == {
        "DaysAfterInitiation": 1
    }


def test_only_what_runs_keep_for_themselves_expires():
    rules = lifecycle("ResultsBucket")
    assert rules["forget-runs"]["Prefix"] == "runs/"
    assert rules["forget-runs"]["ExpirationInDays"] == 7
    assert rules["forget-runs"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    # The sweep's state is written at least once a quarter of an hour; the current one is kept.
    assert rules["forget-old-states-of-the-sweep"] == {
        "Id": "forget-old-states-of-the-sweep",
        "Status": "Enabled",
        "Prefix": "sweep/",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    assert rules["forget-old-books"] == {
        "Id": "forget-old-books",
        "Status": "Enabled",
        "Prefix": "dispatch/",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    # A run's own time limit is hours, that of a day's rule a day at least.
    assert LEASE_S < 86_400


@pytest.mark.parametrize(
    ("bucket", "rule", "parameter", "of"),
    [
        ("UploadsBucket", "forget-uploads", "UploadExpirationDays", {}),
        ("ResultsBucket", "forget-results", "ResultExpirationDays", {"Prefix": "results/"}),
    ],
)
def test_what_was_dropped_and_found_expires_only_where_a_parameter_says_so(
    bucket: str, rule: str, parameter: str, of: dict[str, str]
):
    condition = f"Has{parameter.removesuffix('Days')}"
    assert EXPANDED["Conditions"][condition] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, 0]}]
    }
    assert EXPANDED["Parameters"][parameter]["Default"] == 0
    assert EXPANDED["Parameters"][parameter]["MinValue"] == 0
    wanted = {"Id": rule, "Status": "Enabled", **of, "ExpirationInDays": {"Ref": parameter}}
    given = properties(bucket)["LifecycleConfiguration"]["Rules"]
    assert {"Fn::If": [condition, wanted, {"Ref": "AWS::NoValue"}]} in given
    expiring = [name for name, one in lifecycle(bucket).items() if "ExpirationInDays" in one]
    assert set(expiring) - {"forget-runs"} == {rule}


# -- runs ----------------------------------------------------------------------------------------


def test_the_table_is_as_the_workflow_and_the_command_line_know_it():
    table = properties("Table")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["AttributeDefinitions"] == [
        *(
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("upload_id", "object_key", "claimed_at", "state")
        ),
        {"AttributeName": "lease_until", "AttributeType": "N"},
    ]
    assert table["KeySchema"] == [{"AttributeName": "upload_id", "KeyType": "HASH"}]
    index, leases = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "by_object"
    assert index["KeySchema"] == [
        {"AttributeName": "object_key", "KeyType": "HASH"},
        {"AttributeName": "claimed_at", "KeyType": "RANGE"},
    ]
    assert index["Projection"] == {"ProjectionType": "ALL"}
    assert leases == {
        "IndexName": "by_lease",
        "KeySchema": [
            {"AttributeName": "state", "KeyType": "HASH"},
            {"AttributeName": "lease_until", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"]["Fn::If"][2] == {"SSEEnabled": True}
    assert RESOURCES["Table"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES["Table"]["UpdateReplacePolicy"] == "Retain"


# -- mail ----------------------------------------------------------------------------------------


def test_mail_is_encrypted_with_a_key_that_alarms_and_rules_may_use():
    # What services need of the key of an encrypted topic, and that it must be our own, is in
    # docs.aws.amazon.com/sns/latest/dg/sns-key-management.html ("Enable compatibility between event
    # sources"); that alias/aws/sns does not do, in repost.aws/knowledge-center/
    # cloudwatch-configure-alarm-sns and sns-not-getting-eventbridge-notification.
    assert properties("Topic")["KmsMasterKeyId"] == {"Fn::GetAtt": ["TopicKey", "Arn"]}
    key = properties("TopicKey")
    assert key["EnableKeyRotation"] is True
    # In a key policy the resource "*" is the key itself.
    assert key["KeyPolicy"]["Statement"] == [
        {
            "Sid": "TheAccountDecidesByIam",
            "Effect": "Allow",
            "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "AlarmsMayMail",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": THIS_ACCOUNT,
        },
        {
            "Sid": "MailsMayBeGathered",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        },
        # EventBridge gives encrypted topics no source that a condition could look at.
        {
            "Sid": "RulesMayMail",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        },
    ]


def test_the_topic_takes_mail_over_tls_and_from_alarms_and_rules_only():
    assert properties("TopicPolicy")["Topics"] == [{"Ref": "Topic"}]
    assert statements("TopicPolicy") == {
        "TlsOnly": {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": {"Ref": "Topic"},
            "Condition": TLS_ONLY,
        },
        "AlarmsMayMail": {
            "Sid": "AlarmsMayMail",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": {"Ref": "Topic"},
            "Condition": THIS_ACCOUNT,
        },
        "RulesMayMail": {
            "Sid": "RulesMayMail",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": {"Ref": "Topic"},
        },
    }


def test_somebody_is_subscribed_only_where_an_address_is_given():
    assert RESOURCES["EmailSubscription"]["Condition"] == "HasNotifyEmail"
    assert properties("EmailSubscription") == {
        "TopicArn": {"Ref": "Topic"},
        "Protocol": "email",
        "Endpoint": {"Ref": "NotifyEmail"},
    }


# -- functions -----------------------------------------------------------------------------------


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
        "RunsMayMail": {
            "Sid": "RunsMayMail",
            "Effect": "Allow",
            "Principal": {"AWS": ours},
            "Action": "sns:Publish",
            "Resource": {"Ref": "RunMails"},
        },
    }


def test_there_is_a_function_a_step_and_those_that_schedules_call():
    assert of_type("AWS::Lambda::Function") == list(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_an_image_with_its_own_role_log_and_alias(function: str):
    given = properties(function)
    step = function.removesuffix("Function")
    assert given["PackageType"] == "Image"
    assert given["Architectures"] == ["x86_64"]
    assert given["Role"] == {"Fn::GetAtt": [f"{step}Role", "Arn"]}
    assert given["TracingConfig"] == {"Mode": "Active"}
    assert given["LoggingConfig"] == {"LogGroup": {"Ref": f"{step}Logs"}}
    assert given["Timeout"] == {
        **{"Classify": 300, "Sweep": 840},
        **{"Dispatch": 120, "Digest": 300},
    }.get(step, 900)
    # A core each; OCR gets two, and what waits most of its time a part of one.
    assert given["MemorySize"] == {"Scan": 3538, "Dispatch": 512}.get(step, 1769)
    if function in STEPS:
        assert given["ReservedConcurrentExecutions"] == {
            "Fn::If": [
                "HasReservedConcurrency",
                {"Ref": "ReservedConcurrency"},
                {"Ref": "AWS::NoValue"},
            ]
        }
    assert properties(f"{function}Aliaslive")["Name"] == "live"
    metadata = read()["Resources"][function]["Metadata"]
    assert metadata["DockerContext"] == "."
    assert metadata["Dockerfile"] == "functions/Dockerfile"
    assert metadata["DockerBuildTarget"] == step.lower()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_gets_the_settings_it_reads_and_no_other(function: str):
    variables = properties(function)["Environment"]["Variables"]
    common = {"LOG_LEVEL", "POWERTOOLS_SERVICE_NAME"}
    # Limits have defaults; LIMIT_... sets one where a stack needs another.
    read_by_it = {name.upper() for name in SETTINGS[function].model_fields} - {"LIMITS", "BUDGET"}
    assert read_by_it <= set(variables)
    # In AWS there is no other AWS.
    assert variables["LOCAL_AWS"] == ""
    # Every function is told the results bucket; classify finds it in its task.
    assert set(variables) - common - {"RESULTS_BUCKET", "LOCAL_AWS"} == read_by_it - {
        "RESULTS_BUCKET"
    }
    assert variables["POWERTOOLS_SERVICE_NAME"] == function.removesuffix("Function").lower()


def behind(value: Any) -> set[str]:
    """The parameters that a value hangs on, by a condition too."""
    match value:
        case {"Ref": name}:
            return {name} & set(EXPANDED["Parameters"])
        case {"Fn::If": [condition, *either]}:
            return behind(EXPANDED["Conditions"][condition]).union(*map(behind, either))
        case dict():
            return set().union(*map(behind, value.values()))
        case list():
            return set().union(*map(behind, value))
    return set()


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


def test_a_setting_in_the_template_publishes_a_version():
    for function in FUNCTIONS:
        assert read()["Resources"][function]["Properties"]["AutoPublishAliasAllProperties"] is True


def test_every_log_group_forgets():
    groups = of_type("AWS::Logs::LogGroup")
    # Step Functions keeps a policy for every log group whose name does not begin like this.
    assert {name: properties(name)["LogGroupName"]["Fn::Sub"] for name in groups} == {
        "SerializeLogs": "/aws/lambda/${AWS::StackName}-serialize",
        "ScanLogs": "/aws/lambda/${AWS::StackName}-scan",
        "ClassifyLogs": "/aws/lambda/${AWS::StackName}-classify",
        "FilterLogs": "/aws/lambda/${AWS::StackName}-filter",
        "SweepLogs": "/aws/lambda/${AWS::StackName}-sweep",
        "DispatchLogs": "/aws/lambda/${AWS::StackName}-dispatch",
        "DigestLogs": "/aws/lambda/${AWS::StackName}-digest",
        "WorkflowLogs": "/aws/vendedlogs/states/${AWS::StackName}",
    }
    for name in groups:
        assert properties(name)["RetentionInDays"] == {"Ref": "LogRetentionDays"}


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


def test_only_the_inbox_of_the_uploads_bucket_starts_a_run():
    assert properties("UploadsBucket")["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }
    assert "NotificationConfiguration" not in properties("ResultsBucket")
    assert properties("UploadedRule")["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": [{"Ref": "UploadsBucket"}]},
            "object": {"key": [{"prefix": "inbox/"}]},
        },
    }


def test_a_run_that_did_not_end_by_itself_is_noticed():
    assert properties("StoppedRule")["EventPattern"] == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [{"Ref": "Triage"}],
            "status": ["FAILED", "TIMED_OUT", "ABORTED"],
        },
    }


@pytest.mark.parametrize(
    ("rule", "machine"), [("UploadedRule", "Triage"), ("StoppedRule", "Stopped")]
)
def test_no_event_is_lost(rule: str, machine: str):
    [target] = properties(rule)["Targets"]
    if rule == "UploadedRule":
        condition, waits, target = target["Fn::If"]
        assert condition == "HasMaxRuns"
        assert EXPANDED["Conditions"]["HasMaxRuns"] == {
            "Fn::Not": [{"Fn::Equals": [{"Ref": "MaxRuns"}, 0]}]
        }
        assert EXPANDED["Parameters"]["MaxRuns"]["Default"] == 0
        assert waits["Arn"] == {"Fn::GetAtt": ["Waiting", "Arn"]}
        assert "RoleArn" not in waits, "a queue's own policy lets EventBridge in"
        for what in ("RetryPolicy", "DeadLetterConfig"):
            assert waits[what] == target[what]
    assert target["Arn"] == {"Ref": machine}
    assert target["RoleArn"] == {"Fn::GetAtt": ["StartRole", "Arn"]}
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 86400,
        "MaximumRetryAttempts": 185,
    }
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}}


def test_there_are_no_other_rules():
    assert of_type("AWS::Events::Rule") == ["UploadedRule", "StoppedRule", "LastResortRule"]


def test_when_the_machine_for_stopped_runs_fails_eventbridge_itself_mails():
    given = properties("LastResortRule")
    assert given["EventPattern"]["detail"] == {
        "stateMachineArn": [{"Ref": "Stopped"}],
        "status": ["FAILED", "TIMED_OUT", "ABORTED"],
    }
    [target] = given["Targets"]
    assert target["Arn"] == {"Ref": "Topic"}
    assert "RoleArn" not in target, "EventBridge reaches an encrypted topic by its policy alone"
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}}
    # The event's input and output hold the file's key.
    assert target["InputTransformer"]["InputPathsMap"] == {
        "run": "$.detail.executionArn",
        "status": "$.detail.status",
    }


def test_the_sweep_is_called_often_enough_by_its_alias():
    given = properties("SweepSchedule")
    assert given["ScheduleExpression"] == "rate(15 minutes)"
    assert given["State"] == "ENABLED"
    assert given["Target"]["Arn"] == {"Ref": "SweepFunctionAliaslive"}
    assert given["Target"]["RoleArn"] == {"Fn::GetAtt": ["SweepScheduleRole", "Arn"]}
    assert given["Target"]["Input"] == "{}"
    # An upload is missed long before its row, which the sweep looks for, could have expired.
    missed = int(properties("SweepFunction")["Environment"]["Variables"]["MISSED_SECONDS"])
    shortest_kept = EXPANDED["Parameters"]["RetentionDays"]["MinValue"] * 86_400
    assert 600 <= missed < LEASE_S < shortest_kept
    # An event that is redriven late still finds the row of what it was about.
    assert properties("Undelivered")["MessageRetentionPeriod"] < shortest_kept
    assert properties("Waiting")["MessageRetentionPeriod"] < shortest_kept


@pytest.mark.parametrize("name", ["Dispatch", "Digest"])
def test_what_a_schedule_calls_is_called_by_its_alias(name: str):
    given = properties(f"{name}Schedule")
    assert given["State"] == "ENABLED"
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
        assert told["WORKFLOW_ARN"] == {"Ref": "Triage"}


@pytest.mark.parametrize(
    ("queue", "sid", "service", "source"),
    [
        ("Waiting", "RulesMaySend", "events", {"Fn::GetAtt": ["UploadedRule", "Arn"]}),
        ("MailQueue", "RunMailsMayCome", "sns", {"Ref": "RunMails"}),
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
            "Condition": {"ArnEquals": {"aws:SourceArn": source}},
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


def test_there_are_no_other_queues_and_topics():
    assert of_type("AWS::SQS::Queue") == ["MailQueue", "Waiting", "Undelivered"]
    assert of_type("AWS::SNS::Topic") == ["Topic", "RunMails"]


def test_the_dead_letter_queue_is_encrypted_and_takes_the_rules_events_only():
    assert properties("Undelivered")["SqsManagedSseEnabled"]["Fn::If"][2] is True
    assert properties("Undelivered")["MessageRetentionPeriod"] == 14 * 86400
    assert properties("UndeliveredPolicy")["Queues"] == [{"Ref": "Undelivered"}]
    given = statements("UndeliveredPolicy")
    queue = {"Fn::GetAtt": ["Undelivered", "Arn"]}
    assert given["TlsOnly"] == {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": queue,
        "Condition": TLS_ONLY,
    }
    assert given["RulesMaySend"] == {
        "Sid": "RulesMaySend",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {
            "ArnEquals": {
                "aws:SourceArn": [
                    {"Fn::GetAtt": ["UploadedRule", "Arn"]},
                    {"Fn::GetAtt": ["StoppedRule", "Arn"]},
                    {"Fn::GetAtt": ["LastResortRule", "Arn"]},
                ]
            }
        },
    }
    assert given["MailsMayBeSetAside"] == {
        "Sid": "MailsMayBeSetAside",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": {"Ref": "RunMails"}}},
    }
    assert set(given) == {"TlsOnly", "RulesMaySend", "MailsMayBeSetAside"}


# -- what a user sees ----------------------------------------------------------------------------


def test_parameters_are_few_and_explained():
    parameters = EXPANDED["Parameters"]
    assert len(parameters) < 17
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


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("Threshold", ["", "0", "1", "0.8", ".75", "1.0"], ["1.1", "-1", "80%", "0,8", "2"]),
        ("NotifyEmail", ["", "a.b+c@example.org"], ["a", "a@b", "a b@c.d", "@x.y"]),
        ("DefaultProcess", ["", "L33774", "emotions"], ["a/b", "..\n", "x" * 65]),
    ],
)
def test_a_parameter_refuses_what_could_not_work(parameter: str, good: list[str], bad: list[str]):
    pattern = EXPANDED["Parameters"][parameter]["AllowedPattern"]
    assert all(re.fullmatch(pattern.strip("^$"), value) for value in good if value)
    assert all(re.search(pattern, value) for value in good)
    assert not any(re.search(pattern + r"\Z", value) for value in bad)


def test_outputs_are_what_a_user_needs_and_explained():
    outputs = EXPANDED["Outputs"]
    assert set(outputs) == {
        *("Inbox", "UploadsBucket", "ResultsBucket", "Table", "StateMachineArn", "TopicArn"),
        *("RetentionDays", "UndeliveredQueue", "MaxRuns", "WaitingQueue"),
    }
    assert all(output["Description"] for output in outputs.values())
    assert outputs["Inbox"]["Value"] == {"Fn::Sub": "s3://${UploadsBucket}/inbox/"}
    assert outputs["RetentionDays"]["Value"] == {"Ref": "RetentionDays"}
    assert outputs["MaxRuns"]["Value"] == {"Ref": "MaxRuns"}
    assert outputs["WaitingQueue"]["Value"] == {"Ref": "Waiting"}


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
