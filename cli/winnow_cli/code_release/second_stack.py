"""The template of a second stack, which judges beside the first: made from template.yaml.

A store of the first stack becomes a parameter of the same name. `Ref` and `Sub` find a parameter as
they find a resource, so whatever uses the store stays as it is written; only attributes (`Arn`) are
written out. The second stack has no bucket and no table of versions of its own, and no logical id
of the first changes.

| phase | stores of the first stack | its own | what may be written |
|---|---|---|---|
| shadow | the buckets, the table of versions | table of uploads, topics, queues | `shadow/<id>/` |
| live | all of them | the dead-letter queues | what the first stack may |

In the shadow phase a statement in every role denies what is written anywhere else, and no rule and
no schedule starts anything.
"""

import json
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any

Template = dict[str, Any]


class Phase(StrEnum):
    """What the second stack may do."""

    SHADOW = "shadow"
    LIVE = "live"


READ_IN_SHADOW = ("UploadsBucket", "ResultsBucket", "ModelsBucket", "ModelsTable")
"""Stores of the first stack that the second one uses from the beginning."""
STORES = {
    Phase.SHADOW: READ_IN_SHADOW,
    Phase.LIVE: (
        *READ_IN_SHADOW,
        *("Table", "Waiting", "Topic", "TopicKey", "RunMails", "MailQueue"),
        *("ReviewsTable", "UserPool", "SignInDomain", "ResourceServer"),
        *("ReviewerClient", "AuditorClient", "Changes"),
    ),
}
"""What is a parameter, by phase."""
FIRST_STACKS = {
    # They belong to the stores, which they would change.
    *("UploadsBucketPolicy", "ResultsBucketPolicy", "ModelsBucketPolicy"),
    *("AccessLogs", "AccessLogsPolicy"),
    *("ReviewerGroup", "AuditorGroup", "AdminGroup"),
    # Nobody is mailed about what a shadow does, and the first stack's subscribers stay.
    "EmailSubscription",
    # Code is released, and no process: the first stack's next update publishes what ships.
    "ShippedProcesses",
    # One consumer: of the decisions, and of the e-mails that are gathered.
    *("DecidedStream", "DigestSchedule", "DigestScheduleRole"),
    # What two stacks would do twice: train what is due, judge the golden set.
    *("TrainSchedule", "TrainScheduleRole", "GoldenSchedule", "GoldenScheduleRole"),
    # There is one index, of the bucket that both share.
    *("ChangedRule", "ChangesPolicy", "ChangesMapping", "UnindexedPolicy"),
    *("IndexSchedule", "IndexScheduleRole"),
    # Of both stacks together; the first stack's address is mailed.
    "Budget",
    "Dashboard",
}
"""What only the first stack has."""
OF_STORES = {
    "Topic": ("TopicPolicy",),
    "RunMails": ("RunMailsPolicy",),
    "MailQueue": ("MailQueuePolicy", "MailSubscription"),
    "Waiting": ("WaitingPolicy",),
}
"""What goes with a store."""

_S3 = "arn:${AWS::Partition}:s3:::${%s}"
_TABLE = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${%s}"
_KEY = "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/${%s}"
_ATTRIBUTES = {
    ("AWS::S3::Bucket", "Arn"): _S3,
    ("AWS::DynamoDB::Table", "Arn"): _TABLE,
    # Its label is a date that only the first stack knows.
    ("AWS::DynamoDB::Table", "StreamArn"): _TABLE + "/stream/*",
    ("AWS::KMS::Key", "Arn"): _KEY,
    ("AWS::Cognito::UserPool", "ProviderName"): "cognito-idp.${AWS::Region}.amazonaws.com/${%s}",
}
"""Attributes that follow from what `Ref` gives."""
_ROLE, _FUNCTION = "AWS::IAM::Role", "AWS::Serverless::Function"
_RELEASE = re.compile(r"[0-9a-f]{8,64}")


def second_template(template: Template, release: str, phase: Phase) -> Template:
    """The second stack's template; the first's is not changed.

    Args:
        release: The release's id, hex digits.
    """
    if not _RELEASE.fullmatch(release):
        raise ValueError(f"{release!r} is no release")
    made: Template = json.loads(json.dumps(template))
    resources = made["Resources"]
    stores = [name for name in STORES[phase] if name in resources]
    kinds = {name: str(resources[name]["Type"]) for name in stores}
    gone = FIRST_STACKS | set(stores)
    for store in stores:
        gone |= set(OF_STORES.get(store, ()))
    for name in gone:
        resources.pop(name, None)
    _add_parameters(made, stores)
    prefix = f"shadow/{release}/" if phase is Phase.SHADOW else ""
    made["Resources"] = {
        name: _adapted(resource, kinds, gone, prefix if resource["Type"] == _ROLE else "")
        for name, resource in resources.items()
    }
    for section in ("Globals", "Outputs"):
        made[section] = _walk(made[section], lambda node: _attribute(node, kinds))
    if phase is Phase.SHADOW:
        _confine(made, prefix)
    return made


def parameters_of(
    first: dict[str, str], stores: dict[str, str], template: Template, phase: Phase
) -> dict[str, str]:
    """The second stack's parameters.

    Args:
        first: Those of the first stack, by name.
        stores: What the first stack's resources are called there: physical ids by logical id.
        template: The second stack's.
        phase: Live: it starts runs.
    """
    names = template["Parameters"]
    given = {name: value for name, value in first.items() if name in names}
    given |= {name: stores[name] for name in STORES[phase] if name in names and name in stores}
    own = {
        "NotifyEmail": "",
        # The first stack posts what both tell its topic.
        "NotifyWebhook": "none",
        "CodeRelease": "AllAtOnce",
        "CodeVersion": "",
        "Intake": "ENABLED" if phase is Phase.LIVE else "DISABLED",
    }
    if phase is Phase.SHADOW:
        own |= {"ReviewPage": "false", "MailDigestMinutes": "0", "MaxRuns": "0"}
    return given | {name: value for name, value in own.items() if name in names}


def _add_parameters(template: Template, stores: list[str]) -> None:
    for name in stores:
        template["Parameters"][name] = {
            "Type": "String",
            "Default": "",
            "Description": f"The first stack's {name}",
        }


def _adapted(resource: Any, kinds: dict[str, str], gone: set[str], prefix: str) -> Any:
    """A resource that uses stores by parameter; in a role, keys get the prefix."""
    needs = resource.get("DependsOn")
    if needs:
        left = [one for one in ([needs] if isinstance(needs, str) else needs) if one not in gone]
        resource = {key: value for key, value in resource.items() if key != "DependsOn"}
        resource |= {"DependsOn": left} if left else {}
    keyed = "${ResultsBucket.Arn}/"
    if prefix:
        resource = _walk(
            resource,
            lambda node: node.replace(keyed, keyed + prefix) if isinstance(node, str) else node,
        )
    return _walk(resource, lambda node: _attribute(node, kinds))


def _attribute(node: Any, kinds: dict[str, str]) -> Any:
    """An attribute of a store, written out."""
    if isinstance(node, dict) and list(node) == ["Fn::GetAtt"]:
        named = node["Fn::GetAtt"]
        name, attribute = named.split(".", 1) if isinstance(named, str) else named
        if name in kinds:
            return _written(name, kinds[name], attribute)
    if isinstance(node, str):
        for name, kind in kinds.items():
            for (of, attribute), text in _ATTRIBUTES.items():
                if of == kind:
                    node = node.replace(f"${{{name}.{attribute}}}", text % name)
    return node


def _written(name: str, kind: str, attribute: str) -> Any:
    if kind == "AWS::SQS::Queue":
        # `Ref` is the queue's URL, which ends with its name.
        last = {"Fn::Select": [_LAST_OF_URL, {"Fn::Split": ["/", {"Ref": name}]}]}
        if attribute == "QueueName":
            return last
        arn = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${Name}"
        return {"Fn::Sub": [arn, {"Name": last}]}
    if kind == "AWS::SNS::Topic" and attribute == "TopicName":
        return {"Fn::Select": [5, {"Fn::Split": [":", {"Ref": name}]}]}
    return {"Fn::Sub": _ATTRIBUTES[kind, attribute] % name}


_LAST_OF_URL = 4
"""https:, nothing, the host, the account, the name."""


def _walk(node: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(node, dict):
        return change({key: _walk(value, change) for key, value in node.items()})
    if isinstance(node, list):
        return change([_walk(value, change) for value in node])
    return change(node)


def _confine(template: Template, prefix: str) -> None:
    """Let nothing be written outside the prefix, whatever else a role allows."""
    allowed = f"arn:${{AWS::Partition}}:s3:::${{ResultsBucket}}/{prefix}*"
    guard = {
        "PolicyName": "shadow",
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "WriteOnlyShadow",
                    "Effect": "Deny",
                    "Action": ["s3:Put*", "s3:Delete*", "s3:AbortMultipartUpload"],
                    "NotResource": {"Fn::Sub": allowed},
                },
                {
                    "Sid": "WriteOnlyOwnRows",
                    "Effect": "Deny",
                    "Action": [
                        *("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
                        *("dynamodb:BatchWriteItem", "dynamodb:PartiQL*"),
                    ],
                    "NotResource": {"Fn::GetAtt": ["Table", "Arn"]},
                },
            ],
        },
    }
    for name, resource in template["Resources"].items():
        if resource["Type"] == _ROLE:
            resource["Properties"]["Policies"].append(guard)
        if resource["Type"] == _FUNCTION:
            variables = resource["Properties"].get("Environment", {}).get("Variables", {})
            if "RESULTS_PREFIX" in variables:
                variables["RESULTS_PREFIX"] = prefix
        if name == "Table":
            # It holds copies of rows for as long as the comparison takes.
            resource |= {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
