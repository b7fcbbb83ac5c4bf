"""Every rule of the bus, every schedule, and the queue for what they could not deliver."""

import re
from typing import Any

from tests.template.rules.files import KEY, TLS_ONLY, policy
from tests.template.rules.mail import GATHERED, GONE, QUEUE, digest_period
from tests.template.rules.shape import AnyOrder, any_order, att, given, ref, skips, sub, text
from tests.template.rules.stack import Stack
from tests.template.rules.steps import STARTED

UNDELIVERED = "Undelivered"
# What the queue of reviews was not told.
UNDECIDED = "ReviewsUndelivered"
# What the chat did not take.
UNPOSTED = "NoticesUndelivered"
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
    "UploadedRule": (UPLOADED, "Triage", {"RoleArn": att("StartRole"), "Arn": STARTED}),
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


# By the alias of its function, which EventBridge calls and does not wait for.
LISTENS["EndedRule"] = (
    {
        "source": ["aws.states"],
        "detail-type": [STATUS],
        "detail": {
            "stateMachineArn": [ref("Triage")],
            "status": AnyOrder(["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]),
        },
    },
    "Queue",
    {"Arn": ref("QueueFunction.Alias"), "DeadLetterConfig": {"Arn": att(UNDECIDED)}},
)
# What a run, a decision, a redrive, an erasure and an expiry come to: created, or deleted.
LISTENS["ChangedRule"] = (
    {
        "source": ["aws.s3"],
        "detail-type": AnyOrder(["Object Created", "Object Deleted"]),
        "detail": {
            "bucket": {"name": [ref("ResultsBucket")]},
            "object": {
                "key": AnyOrder(
                    [
                        {"wildcard": f"results/*/{name}"}
                        for name in ("result.json", "reviewed.jsonl")
                    ]
                )
            },
        },
    },
    "Changes",
    # A queue takes it by its own policy.
    {"Arn": att("Changes"), "DeadLetterConfig": {"Arn": att("Unindexed")}},
)


def rule(name: str, stack: Stack) -> Any:
    """Enabled, on the account's own bus, patient, and nothing of it is lost."""
    pattern, target, more = LISTENS.get(name, ({}, "", {}))
    sure = {"RetryPolicy": PATIENT, "DeadLetterConfig": {"Arn": att(UNDELIVERED)}}
    there = {"Id": target.lower(), "Arn": ref(target), **sure, **more}
    if name == "UploadedRule":
        # A queue takes it by its own policy.
        there = given("HasMaxRuns", {"Id": WAITING.lower(), "Arn": att(WAITING), **sure}, there)
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Description": text(20),
            "EventPattern": pattern,
            # A run that is under way ends, and is queued, whichever stack starts new ones.
            **({"State": ref("Intake")} if name == "UploadedRule" else {}),
            "Targets": [there],
        },
    }


AGAIN = {"MaximumEventAgeInSeconds": 600, "MaximumRetryAttempts": 2}
# Schedule -> how often, and how often again where the call was not taken.
SCHEDULES: dict[str, tuple[Any, dict[str, int]]] = {
    "SweepSchedule": ("rate(15 minutes)", AGAIN),
    # The next call comes before another try would.
    "DispatchSchedule": (
        "rate(1 minute)",
        {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0},
    ),
    "DigestSchedule": (digest_period("Every"), AGAIN),
    "TrainSchedule": (given("HasRetrainSchedule", ref("RetrainSchedule"), "rate(1 day)"), AGAIN),
    "GoldenSchedule": ("rate(6 hours)", AGAIN),
    "IndexSchedule": ("rate(1 day)", AGAIN),
}
# Which processes are due is the queue function's to find out; labelled rows are read by train.
_TOLD = {
    "TrainSchedule": ("QueueFunction", '{"train": "due"}'),
    "GoldenSchedule": ("TrainFunction", '{"check": "idle"}'),
    "IndexSchedule": ("IndexFunction", '{"index": "maintain"}'),
}
# Those that start runs are off while a second stack does.
_STATES = {
    "SweepSchedule": ref("Intake"),
    "DispatchSchedule": ref("Intake"),
    "TrainSchedule": given("HasRetrainSchedule", "ENABLED", "DISABLED"),
}


def schedule(name: str, stack: Stack) -> Any:
    """By its function's alias; the next call sees what one that failed would have seen."""
    rate, again = SCHEDULES.get(name, ("", {}))
    function, told = _TOLD.get(name, (f"{name.removesuffix('Schedule')}Function", "{}"))
    on = _STATES.get(name, "ENABLED")
    return {
        "Type": "AWS::Scheduler::Schedule",
        "Metadata": skips("CKV_AWS_297"),
        "Properties": {
            "Description": text(20),
            "ScheduleExpression": rate,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": on,
            "Target": {
                "Arn": ref(f"{function}.Alias"),
                "RoleArn": att(f"{name}Role"),
                "Input": told,
                "RetryPolicy": again,
            },
        },
    }


WAITING = "Waiting"
CHANGES, UNINDEXED = "Changes", "Unindexed"
# Queue -> how long one that was taken is out of sight, and what else it has.
QUEUES: dict[str, dict[str, Any]] = {
    UNDELIVERED: {},
    # Tried for as long as EventBridge would have tried: a day.
    WAITING: {
        "VisibilityTimeout": 120,
        "RedrivePolicy": {
            "deadLetterTargetArn": att(UNDELIVERED),
            "maxReceiveCount": PATIENT["MaximumEventAgeInSeconds"] // 120,
        },
    },
    # Twice the time limit of the function that takes from it; what could not be mailed stays.
    QUEUE: {"VisibilityTimeout": 600},
    UNDECIDED: {},
    # As long as a call of the index function may take.
    CHANGES: {
        "VisibilityTimeout": 900,
        "RedrivePolicy": {"deadLetterTargetArn": att(UNINDEXED), "maxReceiveCount": 5},
    },
    UNINDEXED: {},
    UNPOSTED: {},
}
# The rule of a second stack, whose name CloudFormation ends at random.
GREEN_RULE = sub(
    "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}"
    ":rule/${AWS::StackName}-green-UploadedRule-*"
)
# Queue -> who may send to it besides every rule of ours, by the statement.
SENDERS: dict[str, dict[str, tuple[str, list[Any]]]] = {
    UNDELIVERED: {"AllowUndeliveredMails": ("sns", [ref(GATHERED)])},
    WAITING: {"AllowRules": ("events", [att("UploadedRule"), GREEN_RULE])},
    QUEUE: {"AllowRunMails": ("sns", [ref(GATHERED)])},
    UNDECIDED: {"AllowRules": ("events", [att("EndedRule")])},
    CHANGES: {"AllowRules": ("events", [att("ChangedRule")])},
    UNINDEXED: {"AllowRules": ("events", [att("ChangedRule")])},
    UNPOSTED: {"AllowNotices": ("sns", [ref("Topic")])},
}


def queue(name: str, stack: Stack) -> Any:
    """Encrypted, and kept as long as SQS keeps anything: two weeks."""
    own = {"KmsMasterKeyId": att("TopicKey")}
    customers = {
        "SqsManagedSseEnabled": given("HasKmsKey", ref("AWS::NoValue"), True),
        "KmsMasterKeyId": given("HasKmsKey", KEY),
    }
    return {
        "Type": "AWS::SQS::Queue",
        **GONE,
        # Exception: mails lie under the key of the topic that they come from.
        **({} if name == QUEUE else {"Metadata": skips("CKV_AWS_27")}),
        "Properties": {
            **(own if name == QUEUE else customers),
            "MessageRetentionPeriod": 14 * 86400,
            **QUEUES.get(name, {}),
        },
    }


def queue_policy(name: str, stack: Stack) -> Any:
    """Over TLS, and from those who have to send to it and nobody else."""
    own = name.removesuffix("Policy")
    of_it = att(own)
    others = ("EndedRule", "ChangedRule")
    rules = [att(one) for one in stack.of_type("AWS::Events::Rule") if one not in others]
    senders = dict(SENDERS.get(own, {}))
    if own == UNDELIVERED:
        senders["AllowRules"] = ("events", rules or [""])
    allowed = {
        sid: {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": of_it,
            "Condition": {
                "ArnLike" if GREEN_RULE in sources else "ArnEquals": {
                    "aws:SourceArn": any_order(sources)
                }
            },
        }
        for sid, (service, sources) in senders.items()
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
            "PolicyDocument": policy({**allowed, "TlsOnly": given("HasTls", tls)}),
        },
    }


RULES = {
    "AWS::Events::Rule": rule,
    "AWS::Scheduler::Schedule": schedule,
    "AWS::SQS::Queue": queue,
    "AWS::SQS::QueuePolicy": queue_policy,
}
