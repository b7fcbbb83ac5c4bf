"""Every permission there is, as a table: a role may do this and nothing else.

tests/e2e/test_roles.py tries the roles on the local stack.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.e2e.permissions import MAY, PROBES
from tests.template.expand import TEMPLATE, expand

RESOURCES: dict[str, Any] = expand()["Resources"]

LOG_DELIVERY = {
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
}
XRAY = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
XRAY_OF_MACHINES = XRAY | {"xray:GetSamplingRules", "xray:GetSamplingTargets"}
READ = {"s3:GetObject"}
WRITE_LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
# Statements that hang on a parameter, and its condition.
CONDITIONAL = {
    "UseCustomerKey": "HasKmsKey",
    "ReadPictures": "HasTextract",
    "SubmitJobs": "HasTrainOnBatch",
    **dict.fromkeys(("FindEnded", "FindQueued", "QueueReviews"), "HasReviewPage"),
    **dict.fromkeys(("AskAthena", "FindTable", "KeepQueryResults", "FindBucket"), "HasAthena"),
}
# The customer's key may protect other things too: it is used through these services alone.
VIA = {
    "SerializeRole": ["s3", "dynamodb"],
    "ScanRole": ["s3", "dynamodb"],
    "ClassifyRole": ["s3"],
    "FilterRole": ["s3"],
    "SweepRole": ["s3", "dynamodb", "sqs"],
    "DispatchRole": ["s3", "sqs"],
    "NotifyRole": ["secretsmanager", "sqs"],
    "PublishRole": ["s3", "dynamodb"],
    "TriageRole": ["s3", "dynamodb"],
    "QueueRole": ["s3", "dynamodb", "sqs"],
    "ApiRole": ["s3", "dynamodb"],
    "TrainRole": ["s3", "dynamodb", "sqs"],
    "StoppedRole": ["dynamodb"],
    "IndexRole": ["s3", "sqs"],
    "SearchRole": ["s3", "sqs"],
}
CUSTOMER_KEY = ({"kms:Decrypt", "kms:GenerateDataKey"}, ["KmsKeyArn"])
# Neither the scores of a chunk nor anything of the sweep: a reader takes in what strangers send.
WRITE_CHUNKS = (
    {"s3:PutObject"},
    [
        f"${{ResultsBucket.Arn}}/runs/*/{name}"
        for name in ("definition.json", "head.json", "head.npz", "manifest.jsonl", "chunks/*")
    ],
)
TYPED = ("predictions", "notes", "drafts")
READ_WRITE_REVIEWS = (
    {
        *("dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem"),
        *("dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
    },
    ["ReviewsTable.Arn"],
)
LIST_MODELS = ({"s3:ListBucket"}, ["ModelsBucket.Arn"])
FIND_VERSIONS = ({"dynamodb:GetItem", "dynamodb:Query"}, ["ModelsTable.Arn"])

# Statement -> the partitions that it may write to; only a training may write a version.
_ENTRIES = ["processes", "history#*"]
PARTITIONS = {
    sid: {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": partitions}}
    for sid, partitions in {
        "ReleaseVersions": [*_ENTRIES, "watch#*", "observation#*", "shadow#*"],
        "PromoteVersions": _ENTRIES,
        "AddVersions": [*_ENTRIES, "version#*", "training#*"],
        "LeaseTraining": ["training#*"],
    }.items()
}


def read_versions(*names: str) -> tuple[set[str], list[str]]:
    """The very versions of objects that items of the table name, and these files alone."""
    return {"s3:GetObjectVersion"}, [f"${{ModelsBucket.Arn}}/models/*/{name}" for name in names]


TO_JUDGE = ("definition.json", "head.json", "head.npz", "references-*")
STATES = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}"

# role -> statement -> (actions, resources)
ROLES: dict[str, dict[str, tuple[set[str], list[str]]]] = {
    "SerializeRole": {
        "ReadUploads": (READ | {"s3:GetObjectVersion"}, ["${UploadsBucket.Arn}/inbox/*"]),
        "ListUploads": ({"s3:ListBucket"}, ["UploadsBucket.Arn"]),
        "WriteChunks": WRITE_CHUNKS,
        "ReadVersions": read_versions("definition.json"),
        "ListModels": LIST_MODELS,
        "FindVersions": FIND_VERSIONS,
        "UseCustomerKey": CUSTOMER_KEY,
        "WriteLogs": (WRITE_LOGS, ["SerializeLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    "ScanRole": {
        "ReadUploads": (READ | {"s3:GetObjectVersion"}, ["${UploadsBucket.Arn}/inbox/*"]),
        "ListUploads": ({"s3:ListBucket"}, ["UploadsBucket.Arn"]),
        "WriteChunks": WRITE_CHUNKS,
        "WritePictures": ({"s3:PutObject"}, ["${ResultsBucket.Arn}/results/*/pages/*.jpg"]),
        "ReadPictures": ({"textract:DetectDocumentText"}, ["*"]),
        "ReadVersions": read_versions("definition.json"),
        "ListModels": LIST_MODELS,
        "FindVersions": FIND_VERSIONS,
        "UseCustomerKey": CUSTOMER_KEY,
        "WriteLogs": (WRITE_LOGS, ["ScanLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    "ClassifyRole": {
        "ReadChunks": (READ, ["${ResultsBucket.Arn}/runs/*"]),
        "ListChunks": ({"s3:ListBucket"}, ["ResultsBucket.Arn"]),
        "WriteScores": ({"s3:PutObject"}, ["${ResultsBucket.Arn}/runs/*/scored/*"]),
        "ReadVersions": read_versions(*TO_JUDGE),
        "ListModels": LIST_MODELS,
        "UseCustomerKey": CUSTOMER_KEY,
        "WriteLogs": (WRITE_LOGS, ["ClassifyLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    "FilterRole": {
        "ReadScores": (READ, ["${ResultsBucket.Arn}/runs/*"]),
        "ListChunks": ({"s3:ListBucket"}, ["ResultsBucket.Arn"]),
        "WriteFiltered": ({"s3:PutObject"}, ["${ResultsBucket.Arn}/runs/*/filtered/*"]),
        "ReadResults": (READ, ["${ResultsBucket.Arn}/results/*"]),
        "WriteResults": (
            {"s3:PutObject", "s3:AbortMultipartUpload"},
            ["${ResultsBucket.Arn}/results/*"],
        ),
        "ReadVersions": read_versions("definition.json", "head.json"),
        "ListModels": LIST_MODELS,
        "UseCustomerKey": CUSTOMER_KEY,
        "WriteLogs": (WRITE_LOGS, ["FilterLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    "PublishRole": {
        "WriteVersions": ({"s3:GetObject", "s3:PutObject"}, ["${ModelsBucket.Arn}/models/*"]),
        "ListModels": LIST_MODELS,
        "ReadWriteModels": (
            {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"},
            ["ModelsTable.Arn"],
        ),
        "UseCustomerKey": CUSTOMER_KEY,
        "WriteLogs": (WRITE_LOGS, ["PublishLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    "SweepRole": {
        "ListInbox": ({"s3:ListBucketVersions"}, ["UploadsBucket.Arn"]),
        "ReadWriteSweepState": (
            {"s3:GetObject", "s3:PutObject"},
            ["${ResultsBucket.Arn}/sweep/state.json"],
        ),
        "ListState": ({"s3:ListBucket"}, ["ResultsBucket.Arn"]),
        "ReadRuns": ({"dynamodb:BatchGetItem"}, ["Table.Arn"]),
        "FindRuns": (
            {"dynamodb:Query"},
            ["${Table.Arn}/index/by_object", "${Table.Arn}/index/by_lease"],
        ),
        "FindEnded": ({"dynamodb:Query"}, ["${Table.Arn}/index/by_claim"]),
        "FindQueued": ({"dynamodb:BatchGetItem"}, ["ReviewsTable.Arn"]),
        "QueueReviews": ({"lambda:InvokeFunction"}, ["QueueFunctionAliaslive"]),
        "RecordAbandoned": ({"dynamodb:UpdateItem"}, ["Table.Arn"]),
        "ReadAges": ({"dynamodb:GetItem", "dynamodb:Query"}, ["ModelsTable.Arn"]),
        "RestartRuns": ({"states:StartExecution"}, ["Triage"]),
        "DescribeRuns": (
            {"states:DescribeExecution"},
            [f"{STATES}:execution:${{AWS::StackName}}-triage:*"],
        ),
        "QueueRuns": ({"sqs:SendMessage", "sqs:GetQueueAttributes"}, ["Waiting.Arn"]),
        "SendMail": ({"sns:Publish"}, ["Topic", "RunMails"]),
        "EncryptMail": ({"kms:Decrypt", "kms:GenerateDataKey"}, ["TopicKey.Arn"]),
        "UseCustomerKey": CUSTOMER_KEY,
        "WriteLogs": (WRITE_LOGS, ["SweepLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    "DispatchRole": {
        "ReceiveWaiting": (
            {
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:ChangeMessageVisibility",
                "sqs:GetQueueAttributes",
            },
            ["Waiting.Arn"],
        ),
        "StartWaitingRuns": ({"states:StartExecution"}, ["Triage"]),
        "ListRuns": ({"states:ListExecutions"}, ["Triage"]),
        "DescribeRuns": (
            {"states:DescribeExecution"},
            [f"{STATES}:execution:${{AWS::StackName}}-triage:*"],
        ),
        "ReadWriteDispatchState": (
            {"s3:GetObject", "s3:PutObject"},
            ["${ResultsBucket.Arn}/dispatch/book.json"],
        ),
        "ListState": ({"s3:ListBucket"}, ["ResultsBucket.Arn"]),
        "UseCustomerKey": CUSTOMER_KEY,
        "WriteLogs": (WRITE_LOGS, ["DispatchLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    "DigestRole": {
        "ReceiveMails": ({"sqs:ReceiveMessage", "sqs:DeleteMessage"}, ["MailQueue.Arn"]),
        "SendMail": ({"sns:Publish"}, ["Topic"]),
        "EncryptMail": ({"kms:Decrypt", "kms:GenerateDataKey"}, ["TopicKey.Arn"]),
        "WriteLogs": (WRITE_LOGS, ["DigestLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    "NotifyRole": {
        "ReadWebhook": ({"secretsmanager:GetSecretValue"}, ["WebhookSecret.Id"]),
        "KeepUnposted": ({"sqs:SendMessage"}, ["NoticesUndelivered.Arn"]),
        "UseCustomerKey": CUSTOMER_KEY,
        "WriteLogs": (WRITE_LOGS, ["NotifyLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    "QueueRole": {
        "ReadReviewed": (
            READ | {"s3:GetObjectVersion"},
            [
                "${ResultsBucket.Arn}/results/*",
                "${ResultsBucket.Arn}/runs/*/definition.json",
                "${ResultsBucket.Arn}/notes/*",
            ],
        ),
        "ListResults": ({"s3:ListBucket"}, ["ResultsBucket.Arn"]),
        "WriteReviewed": (
            {"s3:PutObject", "s3:AbortMultipartUpload"},
            [
                f"${{ResultsBucket.Arn}}/results/*/{name}"
                for name in ("process.json", "reviewed.jsonl", "review.json")
            ]
            + ["${ResultsBucket.Arn}/notes/*/judged-*.json"],
        ),
        "ReadRuns": ({"dynamodb:GetItem"}, ["Table.Arn"]),
        "ReadWriteReviews": READ_WRITE_REVIEWS,
        "TakeOutRecords": ({"dynamodb:DeleteItem"}, ["ReviewsTable.Arn"]),
        "ReadDecisions": (
            {
                *("dynamodb:DescribeStream", "dynamodb:GetRecords"),
                *("dynamodb:GetShardIterator", "dynamodb:ListStreams"),
            },
            ["ReviewsTable.StreamArn"],
        ),
        "KeepFailed": ({"sqs:SendMessage"}, ["ReviewsUndelivered.Arn"]),
        "DrawPages": ({"lambda:InvokeFunction"}, ["ScanFunctionAliaslive"]),
        "SendMail": ({"sns:Publish"}, ["Topic"]),
        "EncryptMail": ({"kms:Decrypt", "kms:GenerateDataKey"}, ["TopicKey.Arn"]),
        "StartTraining": ({"lambda:InvokeFunction"}, ["TrainFunctionAliaslive"]),
        "FindVersions": FIND_VERSIONS,
        "ReleaseVersions": ({"dynamodb:PutItem"}, ["ModelsTable.Arn"]),
        "ReadVersions": read_versions("definition.json"),
        "ListModels": LIST_MODELS,
        "UseCustomerKey": CUSTOMER_KEY,
        "WriteLogs": (WRITE_LOGS, ["QueueLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    # No original file: what a person reads comes from the results.
    "ApiRole": {
        "ReadTexts": (
            READ | {"s3:GetObjectVersion"},
            [
                "${ResultsBucket.Arn}/results/*",
                "${ResultsBucket.Arn}/runs/*/definition.json",
                *(f"${{ResultsBucket.Arn}}/{name}/*" for name in TYPED),
            ],
        ),
        "ListResults": ({"s3:ListBucket"}, ["ResultsBucket.Arn"]),
        "WriteTyped": (
            {"s3:PutObject"},
            [
                *(f"${{ResultsBucket.Arn}}/{name}/*" for name in TYPED),
                "${ResultsBucket.Arn}/results/*/process.json",
            ],
        ),
        "DeleteDrafts": ({"s3:DeleteObject"}, ["${ResultsBucket.Arn}/drafts/*"]),
        "ReadExports": ({"s3:GetObject"}, ["${ResultsBucket.Arn}/exports/*"]),
        "KeepSearches": (
            {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
            ["${ResultsBucket.Arn}/searches/*"],
        ),
        "SignUploads": ({"s3:PutObject"}, ["${UploadsBucket.Arn}/inbox/*"]),
        "ReadRuns": ({"dynamodb:GetItem", "dynamodb:BatchGetItem"}, ["Table.Arn"]),
        "ListRuns": (
            {"dynamodb:Query"},
            ["${Table.Arn}/index/by_claim", "${Table.Arn}/index/by_object"],
        ),
        "ReadWriteReviews": READ_WRITE_REVIEWS,
        "TakeOutRecords": ({"dynamodb:DeleteItem"}, ["ReviewsTable.Arn"]),
        "DrawPages": ({"lambda:InvokeFunction"}, ["ScanFunctionAliaslive"]),
        "JudgePictures": ({"lambda:InvokeFunction"}, ["ClassifyFunctionAliaslive"]),
        "AskSearch": ({"lambda:InvokeFunction"}, ["SearchFunctionAliaslive"]),
        "StartTraining": ({"lambda:InvokeFunction"}, ["TrainFunctionAliaslive"]),
        "ListReviews": (
            {"dynamodb:Query"},
            ["${ReviewsTable.Arn}/index/queue", "${ReviewsTable.Arn}/index/by_decision"],
        ),
        "ReadVersions": read_versions(*TO_JUDGE, "evaluation.html"),
        "ListModels": LIST_MODELS,
        "FindVersions": FIND_VERSIONS,
        "PromoteVersions": ({"dynamodb:PutItem"}, ["ModelsTable.Arn"]),
        "FindAlarms": ({"cloudwatch:DescribeAlarms"}, ["*"]),
        "UseCustomerKey": CUSTOMER_KEY,
        "WriteLogs": (WRITE_LOGS, ["ApiLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    "TrainRole": {
        "ReadDecided": (
            READ | {"s3:GetObjectVersion"},
            [
                "${ResultsBucket.Arn}/results/*",
                "${ResultsBucket.Arn}/runs/*/definition.json",
                "${ResultsBucket.Arn}/predictions/*",
                "${ResultsBucket.Arn}/notes/*/judged-*.json",
            ],
        ),
        "ListResults": ({"s3:ListBucket"}, ["ResultsBucket.Arn"]),
        "ReadReviews": (
            {"dynamodb:GetItem", "dynamodb:Query"},
            ["ReviewsTable.Arn", "${ReviewsTable.Arn}/index/by_decision"],
        ),
        "WriteTrained": (
            READ | {"s3:GetObjectVersion", "s3:PutObject"},
            ["${ModelsBucket.Arn}/models/*", "${ModelsBucket.Arn}/data/*"],
        ),
        "ListModels": LIST_MODELS,
        "FindVersions": FIND_VERSIONS,
        "AddVersions": ({"dynamodb:PutItem"}, ["ModelsTable.Arn"]),
        "LeaseTraining": ({"dynamodb:UpdateItem", "dynamodb:DeleteItem"}, ["ModelsTable.Arn"]),
        "KeepFailed": ({"sqs:SendMessage"}, ["ReviewsUndelivered.Arn"]),
        "SubmitJobs": (
            {"batch:SubmitJob"},
            [
                f"arn:${{AWS::Partition}}:batch:${{AWS::Region}}:${{AWS::AccountId}}:{what}"
                for what in (
                    "job-queue/${AWS::StackName}-training",
                    "job-definition/${AWS::StackName}-training",
                    "job-definition/${AWS::StackName}-training:*",
                )
            ],
        ),
        "SendMail": ({"sns:Publish"}, ["Topic"]),
        "EncryptMail": ({"kms:Decrypt", "kms:GenerateDataKey"}, ["TopicKey.Arn"]),
        "UseCustomerKey": CUSTOMER_KEY,
        "WriteLogs": (WRITE_LOGS, ["TrainLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    "IndexRole": {
        "ReadResults": (READ | {"s3:GetObjectVersion"}, ["${ResultsBucket.Arn}/results/*"]),
        "ListVersions": ({"s3:ListBucket", "s3:ListBucketVersions"}, ["ResultsBucket.Arn"]),
        # The only function that deletes versions: what is erased is in no file of the index.
        "WriteIndex": (
            READ | {"s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObjectVersion"},
            ["${ResultsBucket.Arn}/index/*"],
        ),
        "TakeChanges": (
            {
                *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"),
                "sqs:GetQueueAttributes",
            },
            ["Changes.Arn"],
        ),
        "SendChanges": ({"sqs:SendMessage"}, ["Changes.Arn"]),
        "UseCustomerKey": CUSTOMER_KEY,
        "WriteLogs": (WRITE_LOGS, ["IndexLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    "SearchRole": {
        "WriteExports": ({"s3:PutObject"}, ["${ResultsBucket.Arn}/exports/*"]),
        "ReadIndex": (READ | {"s3:GetObjectVersion"}, ["${ResultsBucket.Arn}/index/*"]),
        "ListIndex": ({"s3:ListBucket"}, ["ResultsBucket.Arn"]),
        "SendChanges": ({"sqs:SendMessage"}, ["Changes.Arn"]),
        "AskAthena": (
            {
                *("athena:StartQueryExecution", "athena:StopQueryExecution"),
                *("athena:GetQueryExecution", "athena:GetQueryResults"),
            },
            [
                "arn:${AWS::Partition}:athena:${AWS::Region}:${AWS::AccountId}:workgroup/"
                "${SearchWorkGroup}"
            ],
        ),
        "FindTable": (
            {"glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"},
            [
                f"arn:${{AWS::Partition}}:glue:${{AWS::Region}}:${{AWS::AccountId}}:{what}"
                for what in (
                    "catalog",
                    "database/default",
                    "database/${SearchDatabase}",
                    "table/${SearchDatabase}/${SearchTable}",
                )
            ],
        ),
        # Athena writes a query's result with the permissions of who asks.
        "KeepQueryResults": (
            READ | {"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"},
            ["${ResultsBucket.Arn}/exports/queries/*"],
        ),
        "FindBucket": (
            {"s3:GetBucketLocation", "s3:ListBucketMultipartUploads"},
            ["ResultsBucket.Arn"],
        ),
        "UseCustomerKey": CUSTOMER_KEY,
        "WriteLogs": (WRITE_LOGS, ["SearchLogs.Arn"]),
        "WriteTraces": (XRAY, ["*"]),
    },
    "TriageRole": {
        "InvokeVersions": (
            {"lambda:InvokeFunction"},
            [
                "${SerializeFunction.Arn}:*",
                "${ScanFunction.Arn}:*",
                "${ClassifyFunction.Arn}:*",
                "${FilterFunction.Arn}:*",
            ],
        ),
        "RecordRuns": ({"dynamodb:PutItem", "dynamodb:UpdateItem"}, ["Table.Arn"]),
        "SendMail": ({"sns:Publish"}, ["Topic", "RunMails"]),
        "EncryptMail": ({"kms:Decrypt", "kms:GenerateDataKey"}, ["TopicKey.Arn"]),
        "ReadManifest": (READ, ["${ResultsBucket.Arn}/runs/*/manifest.jsonl"]),
        "StartChildren": (
            {"states:StartExecution"},
            [f"{STATES}:stateMachine:${{AWS::StackName}}-triage"],
        ),
        "WatchAndStopChildren": (
            {"states:DescribeExecution", "states:StopExecution"},
            [
                f"{STATES}:execution:${{AWS::StackName}}-triage:*",
                f"{STATES}:execution:${{AWS::StackName}}-triage/*",
            ],
        ),
        "UseCustomerKey": CUSTOMER_KEY,
        "DeliverLogs": (LOG_DELIVERY, ["*"]),
        "WriteTraces": (XRAY_OF_MACHINES, ["*"]),
    },
    "StoppedRole": {
        "RecordRuns": ({"dynamodb:UpdateItem"}, ["Table.Arn"]),
        "SendMail": ({"sns:Publish"}, ["Topic", "RunMails"]),
        "EncryptMail": ({"kms:Decrypt", "kms:GenerateDataKey"}, ["TopicKey.Arn"]),
        "UseCustomerKey": CUSTOMER_KEY,
        "DeliverLogs": (LOG_DELIVERY, ["*"]),
        "WriteTraces": (XRAY_OF_MACHINES, ["*"]),
    },
    "StartRole": {
        "StartRuns": ({"states:StartExecution"}, ["Triage", "Stopped"]),
    },
    "SweepScheduleRole": {
        "CallSweep": ({"lambda:InvokeFunction"}, ["SweepFunctionAliaslive"]),
    },
    "DispatchScheduleRole": {
        "CallDispatch": ({"lambda:InvokeFunction"}, ["DispatchFunctionAliaslive"]),
    },
    "DigestScheduleRole": {
        "CallDigest": ({"lambda:InvokeFunction"}, ["DigestFunctionAliaslive"]),
    },
    "GoldenScheduleRole": {
        "CallTrain": ({"lambda:InvokeFunction"}, ["TrainFunctionAliaslive"]),
    },
    "IndexScheduleRole": {
        "CallIndex": ({"lambda:InvokeFunction"}, ["IndexFunctionAliaslive"]),
    },
    "TrainScheduleRole": {
        "CallQueue": ({"lambda:InvokeFunction"}, ["QueueFunctionAliaslive"]),
    },
}
PRINCIPALS = {
    "SerializeRole": "lambda.amazonaws.com",
    "ScanRole": "lambda.amazonaws.com",
    "ClassifyRole": "lambda.amazonaws.com",
    "FilterRole": "lambda.amazonaws.com",
    "TriageRole": "states.amazonaws.com",
    "StoppedRole": "states.amazonaws.com",
    "StartRole": "events.amazonaws.com",
    "SweepRole": "lambda.amazonaws.com",
    "SweepScheduleRole": "scheduler.amazonaws.com",
    "DispatchRole": "lambda.amazonaws.com",
    "NotifyRole": "lambda.amazonaws.com",
    "PublishRole": "lambda.amazonaws.com",
    "TrainRole": "lambda.amazonaws.com",
    "TrainScheduleRole": "scheduler.amazonaws.com",
    "DigestRole": "lambda.amazonaws.com",
    "DispatchScheduleRole": "scheduler.amazonaws.com",
    "DigestScheduleRole": "scheduler.amazonaws.com",
    "GoldenScheduleRole": "scheduler.amazonaws.com",
    "QueueRole": "lambda.amazonaws.com",
    "ApiRole": "lambda.amazonaws.com",
    "IndexRole": "lambda.amazonaws.com",
    "SearchRole": "lambda.amazonaws.com",
    "IndexScheduleRole": "scheduler.amazonaws.com",
}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def plain(resource: Any) -> str:
    match resource:
        case {"Ref": name}:
            return str(name)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{name}.{attribute}"
        case {"Fn::Sub": text}:
            return str(text)
    return str(resource)


def statements(role: str) -> list[dict[str, Any]]:
    [policy] = RESOURCES[role]["Properties"]["Policies"]
    found = []
    for statement in policy["PolicyDocument"]["Statement"]:
        if "Fn::If" in statement:
            condition, statement, otherwise = statement["Fn::If"]
            assert otherwise == {"Ref": "AWS::NoValue"}
            assert CONDITIONAL[statement["Sid"]] == condition
        found.append(statement)
    return found


def test_there_are_no_other_roles_or_policies():
    roles = [name for name, found in RESOURCES.items() if found["Type"] == "AWS::IAM::Role"]
    assert sorted(roles) == sorted(ROLES)
    policies = {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::Lambda::Permission"}
    others = [name for name, found in RESOURCES.items() if found["Type"] in policies]
    # By these SNS, EventBridge and API Gateway call a function; tests/template/rules/review.py.
    assert others == ["NoticePermission", "EndedPermission", "ApiPermission"]


def test_every_role_is_probed_on_the_local_stack_too():
    assert set(MAY) == set(ROLES)
    assert all(len(PROBES) > len(may) > 0 for may in MAY.values())


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_exactly_this(role: str):
    assert "ManagedPolicyArns" not in RESOURCES[role]["Properties"]
    given = {}
    for statement in statements(role):
        assert statement["Effect"] == "Allow"
        if statement["Sid"] == "UseCustomerKey":
            services = as_list(statement["Condition"]["StringEquals"]["kms:ViaService"])
            assert [plain(service) for service in services] == [
                f"{name}.${{AWS::Region}}.${{AWS::URLSuffix}}" for name in VIA[role]
            ]
        elif statement["Sid"] in PARTITIONS:
            assert statement["Condition"] == PARTITIONS[statement["Sid"]]
        else:
            assert set(statement) == {"Sid", "Effect", "Action", "Resource"}
        resources = [plain(resource) for resource in as_list(statement["Resource"])]
        given[statement["Sid"]] = (set(as_list(statement["Action"])), resources)
    assert given == ROLES[role]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_for_one_service(role: str):
    trusts = RESOURCES[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    expected = [trust_in(PRINCIPALS[role])]
    if role == "TrainRole":
        # Jobs of Batch run the same code.
        jobs = trust_in("ecs-tasks.amazonaws.com")
        expected.append({"Fn::If": ["HasTrainOnBatch", jobs, {"Ref": "AWS::NoValue"}]})
    assert trusts == expected


def trust_in(service: str) -> dict[str, Any]:
    """A statement that lets one service take a role, for this account alone."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    # Lambda names no source when it assumes a role; only its own account can pass it to a function.
    if service == "lambda.amazonaws.com":
        return trust
    account = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    return trust | {"Condition": {"StringEquals": account}}


@pytest.mark.parametrize("role", ROLES)
def test_no_action_is_a_wildcard(role: str):
    for statement in statements(role):
        assert not any("*" in action for action in as_list(statement["Action"]))


def test_every_wildcard_resource_has_its_reason_above_it():
    lines = TEMPLATE.read_text("utf-8").splitlines()
    wildcards = [number for number, line in enumerate(lines) if line.strip() == 'Resource: "*"']
    expected = sum(
        statement["Resource"] == "*"
        for node in yaml.compose_all(TEMPLATE.read_text("utf-8"))
        for statement in _mappings(node)
    )
    assert len(wildcards) == expected > 0, "a wildcard is written in a way this test cannot see"
    for number in wildcards:
        assert lines[number - 1].strip().startswith("# "), f"template.yaml:{number + 1}"


def test_every_wildcard_in_an_action_that_is_allowed_has_its_reason_above_it():
    lines = TEMPLATE.read_text("utf-8").splitlines()
    found = []
    effect = ""
    for number, line in enumerate(lines):
        if line.strip().startswith("Effect: "):
            effect = line.split()[-1]
        if effect == "Allow" and line.strip().startswith("Action:") and "*" in line:
            assert lines[number - 1].strip().startswith("# "), f"template.yaml:{number + 1}"
            found.append(line.strip())
    assert found == ["Action: kms:*", *4 * ["Action: [kms:Decrypt, kms:GenerateDataKey*]"]]


def test_every_policy_is_of_the_current_version():
    def policies(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            if "Statement" in node:
                yield node
            for value in node.values():
                yield from policies(value)
        elif isinstance(node, list):
            for value in node:
                yield from policies(value)

    found = list(policies(RESOURCES))
    assert len(found) == 2 * len(ROLES) + 14
    assert {policy.get("Version") for policy in found} == {"2012-10-17"}


def _mappings(node: Any) -> list[dict[str, Any]]:
    """Every mapping of a YAML tree that has a Resource, with that alone."""
    found = []
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "Resource":
                values = value.value if isinstance(value, yaml.SequenceNode) else [value]
                found.append({"Resource": "*" if any(v.value == "*" for v in values) else ""})
            found += _mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            found += _mappings(value)
    return found
