"""IAM policies for people, with the ARNs of one stack.

They are printed and not made: who has which policy is decided where an organisation keeps its
users, and a stack that makes policies needs permissions that it does not need otherwise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from winnow.errors import StackUnknownError
from winnow_cli.access.people import Person
from winnow_cli.deployment.bootstrap import documents, values_of
from winnow_cli.target import Target, aws_errors

VERSION = "2012-10-17"
"""Of the language of policies."""


@dataclass(frozen=True)
class Grant:
    """A statement: actions on resources of the stack."""

    sid: str
    actions: tuple[str, ...]
    on: tuple[str, ...]
    """Logical ids of template.yaml in braces, as in `{UploadsBucket}/inbox/*`; or `*`."""
    condition: Mapping[str, Mapping[str, object]] | None = None
    with_reviews: bool = False
    """Only on a stack that has reviews."""


_ERASE = "s3:DeleteObjectVersion"
_GET, _PUT, _LIST = "s3:GetObject", "s3:PutObject", "s3:ListBucket"
_GET_VERSION = "s3:GetObjectVersion"
_READ_ROWS = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan")
_WRITE_PARTS = (_PUT, "s3:AbortMultipartUpload")

_FIND = Grant("FindStack", ("cloudformation:DescribeStacks",), ("{stack}",))


def _list(sid: str, bucket: str, *prefixes: str, versions: bool = False) -> Grant:
    """Listing, in these folders alone."""
    actions = (_LIST, "s3:ListBucketVersions") if versions else (_LIST,)
    return Grant(sid, actions, (f"{{{bucket}}}",), {"StringLike": {"s3:prefix": [*prefixes]}})


def _in(bucket: str, *folders: str) -> tuple[str, ...]:
    return tuple(f"{{{bucket}}}/{folder}/*" for folder in folders)


def _write_entries(sid: str, *partitions: str) -> Grant:
    """Writing items of these partitions of the table of models."""
    return Grant(
        sid,
        ("dynamodb:PutItem",),
        ("{ModelsTable}",),
        {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [*partitions]}},
    )


_READ_RUNS = Grant("ReadRuns", _READ_ROWS, ("{Table}", "{Table}/index/*"))
_COUNT_REVIEWS = Grant(
    "CountReviews",
    ("dynamodb:GetItem", "dynamodb:Query"),
    ("{ReviewsTable}",),
    with_reviews=True,
)
_READ_MODELS = (
    Grant("FindVersions", ("dynamodb:GetItem", "dynamodb:Query"), ("{ModelsTable}",)),
    Grant("ReadVersions", (_GET, _GET_VERSION), ("{ModelsBucket}/models/*",)),
    _list("ListVersions", "ModelsBucket", "models/*"),
)
_READ_RESULTS = (
    Grant("ReadResults", (_GET, _GET_VERSION), ("{ResultsBucket}/results/*",)),
    _list("ListResults", "ResultsBucket", "results/*"),
)

_TEXTS = ("results", "notes", "predictions", "searches")
"""Folders of the results bucket with texts that are looked through to erase a person."""
_PIECES = "runs/*/erased"
"""What results without an erased line are put together of."""
_WITH_TEXTS = (*_TEXTS, "runs", "drafts", "exports")
_SHADOW = ("shadow/*/results", "shadow/*/runs")
"""What second stacks make of uploads."""

GRANTS: Mapping[Person, tuple[Grant, ...]] = {
    Person.DROP: (_FIND, Grant("DropFiles", _WRITE_PARTS, ("{UploadsBucket}/inbox/*",))),
    Person.READ: (
        _FIND,
        _READ_RUNS,
        _COUNT_REVIEWS,
        *_READ_RESULTS,
        Grant(
            "Search",
            ("lambda:InvokeFunction",),
            ("{SearchFunctionAliaslive}",),
            with_reviews=True,
        ),
    ),
    Person.REVIEW: (
        _FIND,
        Grant("ReadRuns", ("dynamodb:GetItem",), ("{Table}",)),
        Grant(
            "ReadTexts",
            (_GET, _GET_VERSION),
            (
                "{ResultsBucket}/results/*",
                "{ResultsBucket}/runs/*/definition.json",
                "{ResultsBucket}/notes/*",
            ),
        ),
        _list("ListResults", "ResultsBucket", "results/*", "runs/*", "notes/*"),
        Grant("WriteNotes", (_PUT,), ("{ResultsBucket}/notes/*",)),
        Grant(
            "ReadWriteReviews",
            (
                *("dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem"),
                *("dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
            ),
            ("{ReviewsTable}", "{ReviewsTable}/index/*"),
        ),
        Grant("DrawPages", ("lambda:InvokeFunction",), ("{ScanFunctionAliaslive}",)),
    ),
    Person.PUBLISH: (
        _FIND,
        *_READ_MODELS,
        Grant("WriteVersions", _WRITE_PARTS, ("{ModelsBucket}/models/*", "{ModelsBucket}/data/*")),
        Grant("ReadRows", (_GET, _GET_VERSION), ("{ModelsBucket}/data/*",)),
        _write_entries("WriteEntries", "version#*", "processes", "history#*"),
    ),
    Person.PROMOTE: (
        _FIND,
        *_READ_MODELS,
        _write_entries("PromoteVersions", "processes", "history#*"),
    ),
    Person.OPERATE: (
        Grant(
            "WatchStack",
            (
                *("cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"),
                *("cloudformation:DescribeStackResources", "cloudformation:ListStackResources"),
            ),
            ("{stack}",),
        ),
        _READ_RUNS,
        _COUNT_REVIEWS,
        # `winnow audit` compares every file of every version with what the registry says.
        *_READ_MODELS,
        Grant("ListFiles", ("s3:ListBucketVersions",), ("{UploadsBucket}",)),
        Grant("ListRuns", ("states:ListExecutions",), ("{Triage}",)),
        Grant(
            "WatchRuns",
            ("states:DescribeExecution",),
            ("{runs}",),
        ),
        Grant(
            "CountWaiting",
            ("sqs:GetQueueAttributes",),
            ("{Waiting}", "{MailQueue}", "{Undelivered}"),
        ),
        # `winnow index status` and `winnow index rebuild`.
        Grant(
            "CountChanges",
            ("sqs:GetQueueAttributes",),
            ("{Changes}", "{Unindexed}"),
            with_reviews=True,
        ),
        replace(_list("ListIndex", "ResultsBucket", "index/*"), with_reviews=True),
        Grant("ReadIndexState", (_GET,), ("{ResultsBucket}/index/state.json",), with_reviews=True),
        Grant(
            "RebuildIndex",
            ("lambda:InvokeFunction",),
            ("{IndexFunctionAliaslive}",),
            with_reviews=True,
        ),
        Grant("ReadLogs", ("logs:FilterLogEvents", "logs:GetLogEvents"), ("{logs}",)),
        Grant("DescribeFunctions", ("lambda:GetFunction",), ("{functions}",)),
        # CloudWatch has no resources for its metrics. Alarms are found by the stack's name, which
        # is a question about all of them.
        Grant(
            "WatchMetrics",
            (
                *("cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"),
                *("cloudwatch:ListMetrics", "cloudwatch:ListDashboards"),
            ),
            ("*",),
        ),
        Grant("ShowDashboard", ("cloudwatch:GetDashboard",), ("{dashboard}",)),
    ),
    Person.FORGET: (
        _FIND,
        _READ_RUNS,
        Grant("MarkUploads", ("dynamodb:UpdateItem",), ("{Table}",)),
        _list("ListFiles", "UploadsBucket", "inbox/*", versions=True),
        Grant("EraseFiles", (_ERASE,), _in("UploadsBucket", "inbox")),
        _list(
            "ListTexts",
            "ResultsBucket",
            *(f"{folder}/*" for folder in (*_WITH_TEXTS, "shadow")),
            versions=True,
        ),
        Grant("ReadTexts", (_GET, _GET_VERSION), _in("ResultsBucket", *_TEXTS, _PIECES)),
        # Lines of results are written anew, and empty objects keep a late function from writing.
        Grant("WriteTexts", _WRITE_PARTS, _in("ResultsBucket", "results", "notes", _PIECES)),
        Grant("EraseTexts", (_ERASE,), _in("ResultsBucket", *_WITH_TEXTS, *_SHADOW)),
        Grant(
            "MarkReviews",
            (
                *("dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem"),
                *("dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
            ),
            ("{ReviewsTable}", "{ReviewsTable}/index/*"),
            with_reviews=True,
        ),
        Grant("FindVersions", ("dynamodb:GetItem", "dynamodb:Query"), ("{ModelsTable}",)),
        Grant(
            "MarkVersions",
            ("dynamodb:UpdateItem", "dynamodb:DeleteItem"),
            ("{ModelsTable}",),
            {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["version#*", "training#*"]}},
        ),
        _list("ListRows", "ModelsBucket", "data/*", versions=True),
        Grant("ReadRows", (_GET, _GET_VERSION), _in("ModelsBucket", "data")),
        Grant("WriteRows", _WRITE_PARTS, _in("ModelsBucket", "data")),
        Grant("EraseRows", (_ERASE,), _in("ModelsBucket", "data")),
        Grant(
            "ForgetInIndex",
            ("lambda:InvokeFunction",),
            ("{IndexFunctionAliaslive}",),
            with_reviews=True,
        ),
    ),
}
"""What each may do; who deploys is in infra/bootstrap.yaml.

No key: it depends on the stack's `KmsKeyArn` (see `_use_key`).
"""

WORDS: Mapping[Person, tuple[str, str]] = {
    Person.DROP: (
        "drop files into `inbox/`",
        "read, list or delete any file; see what became of it",
    ),
    Person.READ: (
        "read, search and chart the results of all processes, and the rows of runs",
        "read uploaded files, drop files, decide",
    ),
    Person.REVIEW: (
        "decide records at a terminal, read results and notes",
        "read uploaded files, change a result, list runs",
    ),
    Person.PUBLISH: (
        "publish versions of processes, and name them champion or challenger",
        "delete a version, read results or uploads",
    ),
    Person.PROMOTE: (
        "name another published version champion, and take that back",
        "publish a version, read training rows, results or uploads",
    ),
    Person.DEPLOY: (
        "push images and change the stack, through CloudFormation with the execution role",
        "change a role, a bucket or a table by hand; read an uploaded file; delete the stack",
    ),
    Person.OPERATE: (
        "watch: runs, rows, queues, the search index, alarms, metrics, logs; have the index made "
        "again",
        "read a file, a result or a run's history; change anything else",
    ),
    Person.FORGET: (
        "erase a person with `winnow forget`: files, results, notes, reviews, training rows, saved "
        "searches, exports, and the index",
        "read an uploaded file, decide, publish a version, delete the stack or a table's row",
    ),
}
"""What a person with the policy may do, and for example not."""

_KEY_ACTIONS: Mapping[Person, tuple[str, ...]] = {
    Person.DROP: ("kms:Decrypt", "kms:GenerateDataKey"),  # Decrypt: a file in several parts
    Person.READ: ("kms:Decrypt",),
    Person.REVIEW: ("kms:Decrypt", "kms:GenerateDataKey"),
    Person.PUBLISH: ("kms:Decrypt", "kms:GenerateDataKey"),
    Person.PROMOTE: ("kms:Decrypt",),
    Person.OPERATE: ("kms:Decrypt",),
    Person.FORGET: ("kms:Decrypt", "kms:GenerateDataKey"),
}
_REVIEW_ONLY = {"ReviewsTable", "ScanFunctionAliaslive"}


@dataclass(frozen=True)
class StackArns:
    """The ARNs of one stack."""

    by_id: Mapping[str, str]
    """logical id -> ARN; beside them `stack`, `runs`, `logs` and the like"""
    partition: str
    region: str
    key: str
    """the customer's key; empty if there is none"""
    stack_id: str

    @property
    def suffix(self) -> str:
        """The end of the names of services."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"


def read_arns(target: Target) -> StackArns:
    """Ask CloudFormation for the resources of a stack."""
    client = target.client("cloudformation")
    with aws_errors(target):
        [stack] = client.describe_stacks(StackName=target.stack_name)["Stacks"]
        pages = client.get_paginator("list_stack_resources").paginate(StackName=target.stack_name)
        resources = [one for page in pages for one in page["StackResourceSummaries"]]
    parameters = {
        one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", ())
    }
    return arns_of(stack["StackId"], resources, parameters.get("KmsKeyArn", ""))


def arns_of(stack_id: str, resources: list[Any], key: str = "") -> StackArns:
    """The ARNs of a stack, from what CloudFormation says of its resources."""
    _, partition, _, region, account, _ = stack_id.split(":", 5)
    name = stack_id.split("/")[1]

    def arn(service: str, rest: str, *, where: str = "") -> str:
        return f"arn:{partition}:{service}:{where or region}:{account}:{rest}"

    found = {
        "stack": arn("cloudformation", f"stack/{name}/*"),
        "runs": arn("states", f"execution:{name}-triage:*"),
        "logs": arn("logs", f"log-group:/aws/lambda/{name}-*"),
        "functions": arn("lambda", f"function:{name}-*"),
        "dashboard": f"arn:{partition}:cloudwatch::{account}:dashboard/{name}",
    }
    for one in resources:
        kind, physical = one["ResourceType"], one.get("PhysicalResourceId", "")
        match kind:
            case "AWS::S3::Bucket":
                made = f"arn:{partition}:s3:::{physical}"
            case "AWS::DynamoDB::Table":
                made = arn("dynamodb", f"table/{physical}")
            case "AWS::SQS::Queue":
                made = arn("sqs", physical.rpartition("/")[2])
            case _:
                made = physical
        found[one["LogicalResourceId"]] = made
    return StackArns(found, partition, region, key, stack_id)


def policy(person: Person, arns: StackArns) -> dict[str, Any]:
    """The policy document of a person.

    Raises:
        StackUnknownError: The stack lacks a resource that the policy is about.
    """
    if person is Person.DEPLOY:
        # One text for a pipeline and for people: what `winnow bootstrap` makes.
        return documents(values_of(arns.stack_id))["DeployPolicy"]
    statements = [
        _statement(grant, arns)
        for grant in GRANTS[person]
        if not grant.with_reviews or "ReviewsTable" in arns.by_id
    ]
    if arns.key:
        statements.append(_use_key(person, arns))
    return {"Version": VERSION, "Statement": statements}


def needs_reviews(person: Person, arns: StackArns) -> bool:
    """Whether the policy is about reviews, and the stack has none."""
    grants = [grant for grant in GRANTS.get(person, ()) if not grant.with_reviews]
    wanted = {name for grant in grants for name in _names(grant)}
    return bool(wanted & _REVIEW_ONLY - arns.by_id.keys())


def _statement(grant: Grant, arns: StackArns) -> dict[str, Any]:
    if missing := [name for name in _names(grant) if name not in arns.by_id]:
        raise StackUnknownError(
            f"The stack has no resource {', '.join(missing)}: it was made by another version."
        )
    found: dict[str, Any] = {
        "Sid": grant.sid,
        "Effect": "Allow",
        "Action": [*grant.actions],
        "Resource": [one.format_map(arns.by_id) for one in grant.on],
    }
    return found if grant.condition is None else {**found, "Condition": grant.condition}


def _names(grant: Grant) -> Iterator[str]:
    return (one[1:].partition("}")[0] for one in grant.on if one.startswith("{"))


def _use_key(person: Person, arns: StackArns) -> dict[str, Any]:
    services = [f"{name}.{arns.region}.{arns.suffix}" for name in ("s3", "dynamodb", "sqs")]
    return {
        "Sid": "UseCustomerKey",
        "Effect": "Allow",
        "Action": [*_KEY_ACTIONS[person]],
        "Resource": [arns.key],
        "Condition": {"StringEquals": {"kms:ViaService": services}},
    }
