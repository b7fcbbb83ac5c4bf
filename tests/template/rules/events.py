"""Every rule of the bus, every schedule, and the queue for what they could not deliver."""

import re
from typing import Any

from tests.template.rules.files import KEY, TLS_ONLY, policy
from tests.template.rules.mail import GONE
from tests.template.rules.shape import AnyOrder, any_order, att, given, ref, skips, text
from tests.template.rules.stack import Stack

UNDELIVERED = "Undelivered"
# What EventBridge itself does at most: a day, 185 times.
PATIENT = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
STATUS = "Step Functions Execution Status Change"


def ended(machine: str) -> Any:
    """A run of this machine that did not succeed."""
    return {
        "source": ["aws.states"],
        "detail-type": [STATUS],
        "detail": {
            "stateMachineArn": [ref(machine)],
            "status": AnyOrder(["FAILED", "TIMED_OUT", "ABORTED"]),
        },
    }


UPLOADED = {
    "source": ["aws.s3"],
    "detail-type": ["Object Created"],
    "detail": {
        "bucket": {"name": [ref("UploadsBucket")]},
        "object": {"key": [{"prefix": "inbox/"}]},
    },
}


def _sentence(found: Any) -> str | None:
    """The last resort's mail: it names the run, its end and what to do, and has no more of it."""
    if not isinstance(found, str) or not re.fullmatch(r'"[^"\n]{100,}"', found):
        return "one sentence in quotes"
    names = re.findall(r"<(\w+)>", found)
    return None if sorted(names) == ["run", "status"] and "winnow" in found else "run and status"


# Rule -> what it listens to, and its target.
LISTENS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "UploadedRule": (UPLOADED, "Triage", {"RoleArn": att("StartRole")}),
    "StoppedRule": (ended("Triage"), "Stopped", {"RoleArn": att("StartRole")}),
    # EventBridge reaches an encrypted topic by its policy alone; the event holds the file's key.
    "LastResortRule": (
        ended("Stopped"),
        "Topic",
        {
            "InputTransformer": {
                "InputPathsMap": {"run": "$.detail.executionArn", "status": "$.detail.status"},
                "InputTemplate": _sentence,
            }
        },
    ),
}


def rule(name: str, stack: Stack) -> Any:
    """Enabled, on the account's own bus, patient, and nothing of it is lost."""
    pattern, target, more = LISTENS.get(name, ({}, "", {}))
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Description": text(20),
            "EventPattern": pattern,
            "Targets": [
                {
                    "Id": target.lower(),
                    "Arn": ref(target),
                    "RetryPolicy": PATIENT,
                    "DeadLetterConfig": {"Arn": att(UNDELIVERED)},
                    **more,
                }
            ],
        },
    }


def schedule(name: str, stack: Stack) -> Any:
    """Every quarter of an hour; the next call sees what one that failed would have seen."""
    function = f"{name.removesuffix('Schedule')}Function"
    return {
        "Type": "AWS::Scheduler::Schedule",
        "Metadata": skips("CKV_AWS_297"),
        "Properties": {
            "Description": text(20),
            "ScheduleExpression": "rate(15 minutes)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "ENABLED",
            "Target": {
                "Arn": ref(f"{function}.Alias"),
                "RoleArn": att(f"{name}Role"),
                "Input": "{}",
                "RetryPolicy": {"MaximumEventAgeInSeconds": 600, "MaximumRetryAttempts": 2},
            },
        },
    }


def queue(name: str, stack: Stack) -> Any:
    """Encrypted, and kept as long as SQS keeps anything: two weeks."""
    return {
        "Type": "AWS::SQS::Queue",
        **GONE,
        "Metadata": skips("CKV_AWS_27"),
        "Properties": {
            "SqsManagedSseEnabled": given("HasKmsKey", ref("AWS::NoValue"), True),
            "KmsMasterKeyId": given("HasKmsKey", KEY),
            "MessageRetentionPeriod": 14 * 86400,
        },
    }


def queue_policy(name: str, stack: Stack) -> Any:
    """Over TLS, and from every rule of ours and nobody else."""
    of_it = att(name.removesuffix("Policy"))
    rules = stack.of_type("AWS::Events::Rule")
    send = {
        "Sid": "RulesMaySend",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": of_it,
        "Condition": {
            "ArnEquals": {"aws:SourceArn": any_order([att(one) for one in rules] or [""])}
        },
    }
    tls = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": of_it,
        "Condition": TLS_ONLY,
    }
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [ref(name.removesuffix("Policy"))],
            "PolicyDocument": policy({"RulesMaySend": send, "TlsOnly": given("HasTls", tls)}),
        },
    }


RULES = {
    "AWS::Events::Rule": rule,
    "AWS::Scheduler::Schedule": schedule,
    "AWS::SQS::Queue": queue,
    "AWS::SQS::QueuePolicy": queue_policy,
}
