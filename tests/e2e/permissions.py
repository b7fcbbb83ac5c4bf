"""What each role of template.yaml may do of a list of probes; everything else it is denied.

A probe is one harmless call: what it writes nobody reads, what it starts ends at once.
"""

# A lambda in a loop takes the loop's value as a default, and mypy cannot tell such a lambda's type.
# mypy: disable-error-code="misc"

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Place:
    """What the probes call upon."""

    client: Callable[[str], Any]
    named: dict[str, str]
    """the stack's resources: logical id -> name, ARN or address"""
    run: str
    """an execution of the workflow, which has ended"""
    open_role: str
    """ARN of a role without permissions that the whole account may take"""


Probe = Callable[[Place], Any]
PROBES: dict[str, Probe] = {}
FOLDER = {
    "detail": {
        "bucket": {"name": "nowhere"},
        "object": {"key": "inbox/probe/", "size": 0, "sequencer": "0"},
    }
}
UNMAILED = {
    "detail": {
        "status": "FAILED",
        "error": "workflow_unmailed",
        "cause": "",
        "executionArn": "probe",
        "input": json.dumps(FOLDER),
    }
}


def _s3(name: str, bucket: str, key: str) -> None:
    PROBES[f"get {name}"] = lambda at: at.client("s3").get_object(Bucket=at.named[bucket], Key=key)
    PROBES[f"put {name}"] = lambda at: at.client("s3").put_object(
        Bucket=at.named[bucket], Key=key, Body=b"probe"
    )
    PROBES[f"delete {name}"] = lambda at: at.client("s3").delete_object(
        Bucket=at.named[bucket], Key=key
    )


_s3("upload", "UploadsBucket", "inbox/probe/none.csv")
_s3("upload outside inbox/", "UploadsBucket", "private/none.csv")
_s3("chunk", "ResultsBucket", "runs/probe/chunks/000000.jsonl")
_s3("scores", "ResultsBucket", "runs/probe/scored/000000.jsonl")
_s3("filtered records", "ResultsBucket", "runs/probe/1-probe/filtered/000000/accepted.jsonl")
_s3("another run's file beside them", "ResultsBucket", "runs/probe/1-probe/other/000000.json")
_s3("manifest", "ResultsBucket", "runs/probe/manifest.jsonl")
_s3("definition", "ResultsBucket", "runs/probe/definition.json")
_s3("head's card", "ResultsBucket", "runs/probe/head.json")
_s3("head", "ResultsBucket", "runs/probe/head.npz")
_s3("another file of a run", "ResultsBucket", "runs/probe/other.json")
# Where the version before kept it: nobody reads it any more.
_s3("sweep's former cursor", "ResultsBucket", "runs/sweep/cursor.json")
_s3("sweep's state", "ResultsBucket", "sweep/state.json")
_s3("another file of the sweep", "ResultsBucket", "sweep/other.json")
_s3("book", "ResultsBucket", "dispatch/book.json")
_s3("result", "ResultsBucket", "results/probe/probe/result.json")
_s3("picture of a page", "ResultsBucket", "results/probe/probe/pages/1.jpg")
_s3("reviewed records", "ResultsBucket", "results/probe/probe/reviewed.jsonl")
_s3("index", "ResultsBucket", "index/state.json")
PROBES["delete a version of the index"] = lambda at: at.client("s3").delete_object(
    Bucket=at.named["ResultsBucket"], Key="index/probe", VersionId="null"
)
PROBES["delete a version of a result"] = lambda at: at.client("s3").delete_object(
    Bucket=at.named["ResultsBucket"], Key="results/probe/probe/result.json", VersionId="null"
)
PROBES["list versions of ResultsBucket"] = lambda at: at.client("s3").list_object_versions(
    Bucket=at.named["ResultsBucket"], MaxKeys=1
)
_s3("prediction", "ResultsBucket", "predictions/probe/p-probe.json")
_s3("note", "ResultsBucket", "notes/probe/1/1-probe.json")
_s3("draft", "ResultsBucket", "drafts/probe/probe/1.json")
_s3("export", "ResultsBucket", "exports/probe.csv")
_s3("saved search", "ResultsBucket", "searches/for/everybody/probe.json")

_s3("version's definition", "ModelsBucket", "models/probe/0/definition.json")
_s3("version's vectors", "ModelsBucket", "models/probe/0/references-litert.vectors")
_s3("training rows", "ModelsBucket", "data/probe/0.jsonl")
for _file in ("definition.json", "definition.yaml", "head.json", "head.npz", "training.npz"):
    PROBES[f"get the version of {_file}"] = lambda at, _file=_file: at.client("s3").get_object(
        Bucket=at.named["ModelsBucket"], Key=f"models/probe/0/{_file}", VersionId="null"
    )
PROBES["delete a version's version"] = lambda at: at.client("s3").delete_object(
    Bucket=at.named["ModelsBucket"], Key="models/probe/0/definition.json", VersionId="null"
)

for _bucket in ("UploadsBucket", "ResultsBucket", "ModelsBucket", "AccessLogs"):
    PROBES[f"list {_bucket}"] = lambda at, _bucket=_bucket: at.client("s3").list_objects_v2(
        Bucket=at.named[_bucket], MaxKeys=1
    )
    PROBES[f"open {_bucket} to the public"] = lambda at, _bucket=_bucket: at.client(
        "s3"
    ).delete_public_access_block(Bucket=at.named[_bucket])
    PROBES[f"take the TLS policy of {_bucket} away"] = lambda at, _bucket=_bucket: at.client(
        "s3"
    ).delete_bucket_policy(Bucket=at.named[_bucket])
PROBES["list versions of UploadsBucket"] = lambda at: at.client("s3").list_object_versions(
    Bucket=at.named["UploadsBucket"], MaxKeys=1
)
PROBES["delete a version of an upload"] = lambda at: at.client("s3").delete_object(
    Bucket=at.named["UploadsBucket"], Key="inbox/probe/none.csv", VersionId="null"
)

_KEY = {"upload_id": {"S": "probe"}}


def _table(name: str, method: str, **arguments: Any) -> None:
    PROBES[name] = lambda at: getattr(at.client("dynamodb"), method)(
        TableName=at.named["Table"], **arguments
    )


_table("get a row", "get_item", Key=_KEY)
_table("scan the table", "scan", Limit=1)
_table("delete a row", "delete_item", Key=_KEY)
_table("put a row", "put_item", Item=_KEY, ConditionExpression="attribute_exists(upload_id)")
_table("update a row", "update_item", Key=_KEY, ConditionExpression="attribute_exists(upload_id)")
_table(
    "query the index",
    "query",
    IndexName="by_object",
    KeyConditionExpression="object_key = :key",
    ExpressionAttributeValues={":key": {"S": "probe"}},
)
_table(
    "query the leases",
    "query",
    IndexName="by_lease",
    KeyConditionExpression="#state = :running",
    ExpressionAttributeNames={"#state": "state"},
    ExpressionAttributeValues={":running": {"S": "RUNNING"}},
)
_table(
    "query the claims",
    "query",
    IndexName="by_claim",
    KeyConditionExpression="#state = :running",
    ExpressionAttributeNames={"#state": "state"},
    ExpressionAttributeValues={":running": {"S": "RUNNING"}},
)
_REVIEW = {"pk": {"S": "probe"}, "sk": {"S": "record#0000000001"}}


def _reviews(name: str, method: str, **arguments: Any) -> None:
    PROBES[name] = lambda at: getattr(at.client("dynamodb"), method)(
        TableName=at.named["ReviewsTable"], **arguments
    )


_reviews("get a review", "get_item", Key=_REVIEW)
_reviews("scan the reviews", "scan", Limit=1)
_reviews("delete a review", "delete_item", Key=_REVIEW)
_reviews("put a review", "put_item", Item=_REVIEW, ConditionExpression="attribute_exists(pk)")
_reviews("update a review", "update_item", Key=_REVIEW, ConditionExpression="attribute_exists(pk)")
_reviews(
    "query a record",
    "query",
    KeyConditionExpression="pk = :pk",
    ExpressionAttributeValues={":pk": {"S": "probe"}},
)
_reviews(
    "query the queue",
    "query",
    IndexName="queue",
    KeyConditionExpression="#queue = :queue",
    ExpressionAttributeNames={"#queue": "queue"},
    ExpressionAttributeValues={":queue": {"S": "probe"}},
)
_MODEL = {"pk": {"S": "processes"}, "sk": {"S": "probe"}}


def _models(name: str, method: str, **arguments: Any) -> None:
    PROBES[name] = lambda at: getattr(at.client("dynamodb"), method)(
        TableName=at.named["ModelsTable"], **arguments
    )


_models("get a model", "get_item", Key=_MODEL)
_models("scan the models", "scan", Limit=1)
_models("delete a model", "delete_item", Key=_MODEL)
_models("put a model", "put_item", Item=_MODEL, ConditionExpression="attribute_exists(gone)")
_models("update a model", "update_item", Key=_MODEL, ConditionExpression="attribute_exists(gone)")
_models(
    "query the models",
    "query",
    KeyConditionExpression="pk = :pk",
    ExpressionAttributeValues={":pk": {"S": "processes"}},
)
PROBES["list users"] = lambda at: at.client("cognito-idp").list_users(
    UserPoolId=at.named["UserPool"], Limit=1
)
PROBES["make somebody an admin"] = lambda at: at.client("cognito-idp").admin_add_user_to_group(
    UserPoolId=at.named["UserPool"], Username="nobody", GroupName="admin"
)
PROBES["open a route"] = lambda at: at.client("apigatewayv2").update_api(
    ApiId=at.named["Api"], Name="probe"
)
PROBES["read the dead-letter queue of reviews"] = lambda at: at.client("sqs").receive_message(
    QueueUrl=at.named["ReviewsUndelivered"]
)
PROBES["fill the dead-letter queue of reviews"] = lambda at: at.client("sqs").send_message(
    QueueUrl=at.named["ReviewsUndelivered"], MessageBody="{}"
)
PROBES["get rows"] = lambda at: at.client("dynamodb").batch_get_item(
    RequestItems={at.named["Table"]: {"Keys": [_KEY]}}
)

PROBES["mail"] = lambda at: at.client("sns").publish(
    TopicArn=at.named["Topic"], Subject="probe", Message="probe"
)
PROBES["mail by the digest"] = lambda at: at.client("sns").publish(
    TopicArn=at.named["RunMails"], Subject="probe", Message="probe"
)
PROBES["read the dead-letter queue of changes"] = lambda at: at.client("sqs").receive_message(
    QueueUrl=at.named["Unindexed"]
)
for _queue, _what in (
    ("Waiting", "waiting uploads"),
    ("MailQueue", "gathered mails"),
    ("Changes", "changed results"),
):
    PROBES[f"take {_what}"] = lambda at, _queue=_queue: at.client("sqs").receive_message(
        QueueUrl=at.named[_queue], VisibilityTimeout=0
    )
    PROBES[f"count {_what}"] = lambda at, _queue=_queue: at.client("sqs").get_queue_attributes(
        QueueUrl=at.named[_queue], AttributeNames=["ApproximateNumberOfMessages"]
    )
    PROBES[f"add to {_what}"] = lambda at, _queue=_queue: at.client("sqs").send_message(
        QueueUrl=at.named[_queue], MessageBody="{}"
    )
    PROBES[f"empty the queue of {_what}"] = lambda at, _queue=_queue: at.client("sqs").purge_queue(
        QueueUrl=at.named[_queue]
    )
PROBES["subscribe to the mails"] = lambda at: at.client("sns").subscribe(
    TopicArn=at.named["Topic"], Protocol="email", Endpoint="probe@example.org"
)
PROBES["read the dead-letter queue"] = lambda at: at.client("sqs").receive_message(
    QueueUrl=at.named["Undelivered"]
)
PROBES["fill the dead-letter queue"] = lambda at: at.client("sqs").send_message(
    QueueUrl=at.named["Undelivered"], MessageBody="{}"
)

PROBES["read the address of the webhook"] = lambda at: at.client("secretsmanager").get_secret_value(
    SecretId=at.named["WebhookSecret"]
)
PROBES["read another secret"] = lambda at: at.client("secretsmanager").get_secret_value(
    SecretId="probe"
)
PROBES["change the address of the webhook"] = lambda at: at.client(
    "secretsmanager"
).put_secret_value(SecretId=at.named["WebhookSecret"], SecretString="probe")
PROBES["read the dead-letter queue of notices"] = lambda at: at.client("sqs").receive_message(
    QueueUrl=at.named["NoticesUndelivered"]
)
PROBES["fill the dead-letter queue of notices"] = lambda at: at.client("sqs").send_message(
    QueueUrl=at.named["NoticesUndelivered"], MessageBody="{}"
)

PROBES["start a run"] = lambda at: at.client("stepfunctions").start_execution(
    stateMachineArn=at.named["Triage"], input=json.dumps(FOLDER)
)
PROBES["start the failure handler"] = lambda at: at.client("stepfunctions").start_execution(
    stateMachineArn=at.named["Stopped"],
    input=json.dumps(UNMAILED),
)
PROBES["look at a run"] = lambda at: at.client("stepfunctions").describe_execution(
    executionArn=at.run
)
PROBES["list runs"] = lambda at: at.client("stepfunctions").list_executions(
    stateMachineArn=at.named["Triage"], maxResults=1
)
PROBES["stop a run"] = lambda at: at.client("stepfunctions").stop_execution(executionArn=at.run)
PROBES["read a run's history"] = lambda at: at.client("stepfunctions").get_execution_history(
    executionArn=at.run
)
PROBES["change the workflow"] = lambda at: at.client("stepfunctions").update_state_machine(
    stateMachineArn=at.named["Triage"], definition="{}"
)

for _function in (
    "Serialize",
    "Scan",
    "Classify",
    "Filter",
    "Sweep",
    "Dispatch",
    "Digest",
    "Notify",
    "Queue",
    "Api",
    "Publish",
    "Train",
    "Index",
    "Search",
):
    PROBES[f"call {_function.lower()}"] = lambda at, _function=_function: at.client(
        "lambda"
    ).invoke(FunctionName=at.named[f"{_function}FunctionAliaslive"], Payload=b"{}")
PROBES["call serialize past its alias"] = lambda at: at.client("lambda").invoke(
    FunctionName=at.named["SerializeFunction"], Payload=b"{}"
)
PROBES["change a function"] = lambda at: at.client("lambda").update_function_configuration(
    FunctionName=at.named["SerializeFunction"], Timeout=3
)
PROBES["read logs"] = lambda at: at.client("logs").filter_log_events(
    logGroupName=at.named["SerializeLogs"], limit=1
)
PROBES["silence an alarm"] = lambda at: at.client("cloudwatch").delete_alarms(
    AlarmNames=[at.named["UndeliveredAlarm"]]
)
PROBES["look at alarms"] = lambda at: at.client("cloudwatch").describe_alarms(MaxRecords=1)
PROBES["take another role"] = lambda at: at.client("sts").assume_role(
    RoleArn=at.open_role, RoleSessionName="probe"
)
PROBES["make a user"] = lambda at: at.client("iam").create_user(UserName="probe")

# These change nothing, and what they look at is there: who may do anything gets an answer.
LOOKS = (
    *("list UploadsBucket", "list ResultsBucket", "list ModelsBucket", "list AccessLogs"),
    *("get a model", "scan the models", "query the models"),
    *("list versions of UploadsBucket", "get a row", "get rows", "scan the table"),
    "list versions of ResultsBucket",
    *("get a review", "scan the reviews", "query the claims", "query the queue", "list users"),
    *("query the index", "query the leases", "look at a run", "read a run's history", "read logs"),
    *("look at alarms", "take another role"),
)

S3_READER_OF_UPLOADS = {"get upload", "list UploadsBucket"}
_FILES_OF_READERS = ("chunk", "manifest", "definition", "head's card", "head")
WRITER_OF_CHUNKS = {f"put {name}" for name in _FILES_OF_READERS}
READER_OF_CHUNKS = {
    *(f"get {name}" for name in (*_FILES_OF_READERS, "scores", "another file of a run")),
    *("get filtered records", "get another run's file beside them"),
    "get sweep's former cursor",
    "list ResultsBucket",
}

REVIEWER = {
    *("list ResultsBucket", "get a review", "put a review", "update a review", "query a record"),
}

FINDER_OF_VERSIONS = {
    *("list ModelsBucket", "get a model", "query the models", "get the version of definition.json"),
}
READER_OF_VERSIONS = {
    "list ModelsBucket",
    *(f"get the version of {name}" for name in ("definition.json", "head.json", "head.npz")),
}

# How services say it; SNS in the second way.
DENIALS = ("AccessDenied", "AuthorizationError", "AccessDeniedException")

# role -> the probes that it may do
MAY: dict[str, set[str]] = {
    "SerializeRole": S3_READER_OF_UPLOADS | WRITER_OF_CHUNKS | FINDER_OF_VERSIONS,
    "ScanRole": S3_READER_OF_UPLOADS
    | WRITER_OF_CHUNKS
    | FINDER_OF_VERSIONS
    | {"put picture of a page"},
    "ClassifyRole": READER_OF_CHUNKS | READER_OF_VERSIONS | {"put scores"},
    "PublishRole": {
        *("list ModelsBucket", "get a model", "query the models", "put a model"),
        *(
            f"{verb} version's {what}"
            for verb in ("get", "put")
            for what in ("definition", "vectors")
        ),
    },
    # Every file of an upload: filter does not know by name what others write beside its own.
    "FilterRole": READER_OF_CHUNKS
    | {"list ModelsBucket", "get the version of definition.json", "get the version of head.json"}
    | {"put filtered records"}
    | {
        f"{verb} {what}"
        for verb in ("get", "put")
        for what in ("result", "reviewed records", "picture of a page")
    },
    "SweepRole": {
        "list versions of UploadsBucket",
        "list ResultsBucket",
        "get sweep's state",
        "put sweep's state",
        "get rows",
        "query the index",
        "query the leases",
        "query the claims",
        "call queue",
        "update a row",
        "mail",
        "mail by the digest",
        "start a run",
        "look at a run",
        "count waiting uploads",
        "add to waiting uploads",
        "get a model",
        "query the models",
    },
    "DispatchRole": {
        "take waiting uploads",
        "count waiting uploads",
        "start a run",
        "list runs",
        "look at a run",
        "list ResultsBucket",
        "get book",
        "put book",
    },
    "DigestRole": {"take gathered mails", "mail"},
    "TriageRole": {
        "get manifest",
        "put a row",
        "update a row",
        "mail",
        "mail by the digest",
        "start a run",
        "look at a run",
        "stop a run",
        "call serialize",
        "call scan",
        "call classify",
        "call filter",
    },
    "StoppedRole": {"update a row", "mail", "mail by the digest"},
    "StartRole": {"start a run", "start the failure handler"},
    "SweepScheduleRole": {"call sweep"},
    "DispatchScheduleRole": {"call dispatch"},
    "DigestScheduleRole": {"call digest"},
    "GoldenScheduleRole": {"call train"},
    "TrainScheduleRole": {"call queue"},
    "IndexScheduleRole": {"call index"},
    "IndexRole": {
        *("get result", "get picture of a page", "get reviewed records", "list ResultsBucket"),
        *("list versions of ResultsBucket", "get index", "put index"),
        *("delete a version of the index", "take changed results", "count changed results"),
        "add to changed results",
    },
    "SearchRole": {"get index", "put export", "list ResultsBucket", "add to changed results"},
    "NotifyRole": {
        *("read the address of the webhook", "fill the dead-letter queue of notices"),
    },
    "QueueRole": REVIEWER
    | {"list ModelsBucket", "get the version of definition.json"}
    | {"get a model", "query the models", "put a model"}
    | {
        *(
            "get result",
            "get picture of a page",
            "get reviewed records",
            "put reviewed records",
            "get note",
            "get definition",
        ),
        *("delete a review", "get a row", "mail", "fill the dead-letter queue of reviews"),
        "call scan",
        "call train",
    },
    "ApiRole": REVIEWER
    | FINDER_OF_VERSIONS
    | READER_OF_VERSIONS
    | {"put a model", "look at alarms"}
    | {
        *("get result", "get picture of a page", "get reviewed records", "get definition"),
        *(f"{verb} {what}" for verb in ("get", "put") for what in ("prediction", "note", "draft")),
        "get export",
        *(f"{verb} saved search" for verb in ("get", "put", "delete")),
        *("delete a review", "delete draft", "put upload", "get a row", "get rows"),
        *("query the claims", "query the index", "query the queue", "call scan", "call train"),
        *("call classify", "call search"),
    },
    "TrainRole": {
        *("list ResultsBucket", "get result", "get picture of a page", "get reviewed records"),
        *("get definition", "get prediction", "get a review", "query a record"),
        *("list ModelsBucket", "get a model", "query the models", "put a model"),
        *("update a model", "delete a model"),
        *(
            f"{verb} {what}"
            for verb in ("get", "put")
            for what in ("version's definition", "version's vectors", "training rows")
        ),
        *(
            f"get the version of {name}"
            for name in (
                *("definition.json", "definition.yaml", "head.json", "head.npz", "training.npz"),
            )
        ),
        *("mail", "fill the dead-letter queue of reviews"),
    },
}


def _lists(bucket: str, prefix: str) -> Probe:
    return lambda at: at.client("s3").list_objects_v2(
        Bucket=at.named[bucket], Prefix=prefix, MaxKeys=1
    )


def _describe(at: Place) -> Any:
    return at.client("cloudformation").describe_stacks(StackName="winnow")


PEOPLE_PROBES: dict[str, Probe] = {
    **PROBES,
    "list results": _lists("ResultsBucket", "results/"),
    "list runs' files": _lists("ResultsBucket", "runs/"),
    "list the index": _lists("ResultsBucket", "index/"),
    "list notes": _lists("ResultsBucket", "notes/"),
    "list drafts": _lists("ResultsBucket", "drafts/"),
    "list versions' files": _lists("ModelsBucket", "models/"),
    "list training rows": _lists("ModelsBucket", "data/"),
    "find the stack": _describe,
    "change the stack by oneself": lambda at: at.client("cloudformation").create_change_set(
        StackName="winnow", ChangeSetName="probe", TemplateBody="{}"
    ),
    "delete the stack": lambda at: at.client("cloudformation").delete_stack(StackName="nobody"),
    "look at metrics": lambda at: at.client("cloudwatch").list_metrics(Namespace="Winnow"),
    "look at alarms": lambda at: at.client("cloudwatch").describe_alarms(MaxRecords=1),
    "look at a function": lambda at: at.client("lambda").get_function(
        FunctionName=at.named["SerializeFunction"]
    ),
}
"""What people are tried with: the roles' probes, and what commands ask for beside."""
_SEEN = {"get a row", "get rows", "query the index", "query the leases", "query the claims"}
_VERSIONS = {
    *("get a model", "query the models", "list versions' files"),
    *("get version's definition", "get version's vectors"),
    *(name for name in PROBES if name.startswith("get the version of ")),
}
_COUNTED = {"get a review", "query a record"}
PEOPLE_MAY: dict[str, set[str]] = {
    "drop": {"find the stack", "put upload"},
    "read": _SEEN
    | _COUNTED
    | {"find the stack", "scan the table", "list results"}
    | {"get result", "get picture of a page", "get reviewed records", "call search"},
    "review": {
        *("find the stack", "get a row", "list results", "list runs' files", "list notes"),
        *("get result", "get picture of a page", "get reviewed records", "get definition"),
        *("get note", "put note", "get a review", "put a review", "update a review"),
        *("query a record", "query the queue", "call scan"),
    },
    "publish": _VERSIONS
    | {"find the stack", "put a model", "put version's definition", "put version's vectors"}
    | {"get training rows", "put training rows"},
    "promote": _VERSIONS | {"find the stack", "put a model"},
    "deploy": {
        *("find the stack", "put upload", "get result", "get picture of a page"),
        *("get reviewed records", "get a row", "look at alarms"),
        *("query the index", "query the leases", "query the claims"),
        "change the address of the webhook",
    },
    "operate": _SEEN
    | _COUNTED
    | _VERSIONS
    | {
        *("find the stack", "scan the table", "list versions of UploadsBucket", "list runs"),
        *("look at a run", "count waiting uploads", "count gathered mails", "read logs"),
        *("look at metrics", "look at alarms", "look at a function"),
        *("list the index", "get index", "count changed results", "call index"),
    },
    "forget": _SEEN
    | _COUNTED
    | {
        *("find the stack", "scan the table", "update a row", "delete a version of an upload"),
        *("list results", "list runs' files", "list notes", "list drafts", "list training rows"),
        *("get result", "put result", "get picture of a page", "put picture of a page"),
        *("get reviewed records", "put reviewed records", "delete a version of a result"),
        *("get note", "put note", "get prediction", "get saved search"),
        *("put a review", "update a review", "query the queue", "call index"),
        *("get a model", "query the models", "get training rows", "put training rows"),
        # The emulator does not look at an item's key: it is that of versions and trainings alone.
        *("update a model", "delete a model"),
    },
}
"""Who has the policy that `winnow policy` prints -> the probes that they may do."""

# It makes buckets, tables and functions; what is in them is none of its business.
NOT_BY_DEPLOYING: dict[str, Probe] = {
    name: probe
    for name, probe in PEOPLE_PROBES.items()
    if name.startswith(("get upload", "get result", "get chunk", "get note", "put ", "get a row"))
    or name.startswith(
        ("scan the", "query the", "mail", "take waiting", "add to", "start ", "stop ")
    )
    or name in ("make somebody an admin", "list users", "make a user", "read logs", "get rows")
    or name in ("take another role", "take gathered mails", "read the address of the webhook")
}
"""What the role of CloudFormation is denied, whatever it may make."""


def denied(probe: Probe, at: Place) -> bool:
    """Whether the call was refused for want of permission; other errors come of the call itself."""
    try:
        probe(at)
    except ClientError as error:
        return error.response["Error"]["Code"] in DENIALS
    return False


def clear(at: Place) -> None:
    """Takes back what a probe that is let through leaves behind."""
    for bucket, key in (
        ("ResultsBucket", "runs/probe/chunks/000000.jsonl"),
        ("ResultsBucket", "runs/probe/scored/000000.jsonl"),
        ("ResultsBucket", "runs/probe/1-probe/filtered/000000/accepted.jsonl"),
        ("ResultsBucket", "runs/probe/manifest.jsonl"),
        ("ResultsBucket", "runs/probe/definition.json"),
        ("ResultsBucket", "runs/probe/head.json"),
        ("ResultsBucket", "runs/probe/head.npz"),
        ("ResultsBucket", "sweep/state.json"),
        ("ResultsBucket", "dispatch/book.json"),
        ("ResultsBucket", "results/probe/probe/result.json"),
        ("ResultsBucket", "results/probe/probe/reviewed.jsonl"),
        ("ResultsBucket", "index/state.json"),
        ("ResultsBucket", "predictions/probe/p-probe.json"),
        ("ResultsBucket", "notes/probe/1/1-probe.json"),
        ("ResultsBucket", "drafts/probe/probe/1.json"),
        ("ResultsBucket", "searches/for/everybody/probe.json"),
        ("ResultsBucket", "exports/probe.csv"),
        ("ModelsBucket", "models/probe/0/definition.json"),
        ("ModelsBucket", "models/probe/0/references-litert.vectors"),
        ("UploadsBucket", "inbox/probe/none.csv"),
    ):
        with suppress(ClientError):
            at.client("s3").delete_object(Bucket=at.named[bucket], Key=key)
