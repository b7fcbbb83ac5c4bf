"""The topics that mails go through, their key, and who is subscribed."""

from typing import Any

from tests.template.rules.files import THIS_ACCOUNT, TLS_ONLY, policy
from tests.template.rules.shape import AnyOrder, att, given, ref, sub, text
from tests.template.rules.stack import Stack

GONE = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
# Whose mails pass an encrypted topic: service -> what a condition can tell of it. EventBridge names
# no source to an encrypted topic or its key (docs.aws.amazon.com/sns/latest/dg/
# sns-key-management.html, "Enable compatibility between event sources"). That SNS's own key does
# not do, is in repost.aws/knowledge-center/cloudwatch-configure-alarm-sns and
# sns-not-getting-eventbridge-notification.
SENDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "AllowAlarms": ("cloudwatch.amazonaws.com", {"Condition": THIS_ACCOUNT}),
    "AllowBudgets": ("budgets.amazonaws.com", {"Condition": THIS_ACCOUNT}),
    "AllowRules": ("events.amazonaws.com", {}),
}

# Exception: the topic whose mails are gathered. Nobody but our roles publishes to it, and only a
# queue of ours hears it; SNS itself then uses the key.
GATHERED = "RunMails"
MAIL_OF_RUNS = ("TriageRole", "StoppedRole", "SweepRole")
TO_THE_QUEUE = "MailSubscription"
TO_THE_CHAT = "NoticeSubscription"
QUEUE = "MailQueue"
TO_A_QUEUE: dict[str, tuple[str, dict[str, Any]]] = {"AllowTopics": ("sns.amazonaws.com", {})}


def digest_period(column: str) -> Any:
    """What the period of the digest comes to: how often, or from when on it is late."""
    return {"Fn::FindInMap": ["MailDigest", ref("MailDigestMinutes"), column]}


def of_runs() -> Any:
    """The topic for mails of runs: those that are gathered, where any are."""
    return given("HasMailDigest", ref(GATHERED), ref("Topic"))


def _allow(sid: str, principal: Any, action: Any, resource: Any, **more: Any) -> Any:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": action,
        "Resource": resource,
        **more,
    }


def key(name: str, stack: Stack) -> Any:
    """A key of our own, which the account's IAM rules and the senders may use, and which rotates.

    In the policy of a key the resource "*" is the key itself.
    """
    root = {"AWS": sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")}
    use = AnyOrder(["kms:Decrypt", "kms:GenerateDataKey*"])
    statements = {
        sid: _allow(sid, {"Service": service}, use, "*", **more)
        for sid, (service, more) in {**SENDERS, **TO_A_QUEUE}.items()
    }
    whole = "AllowAccountByIam"
    return {
        "Type": "AWS::KMS::Key",
        **GONE,
        "Properties": {
            "Description": text(20),
            "EnableKeyRotation": True,
            "PendingWindowInDays": 7,
            "KeyPolicy": policy({whole: _allow(whole, root, "kms:*", "*"), **statements}),
        },
    }


def topic(name: str, stack: Stack) -> Any:
    return {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": att("TopicKey")}}


def topic_policy(name: str, stack: Stack) -> Any:
    of_it = ref(name.removesuffix("Policy"))
    statements = {
        sid: _allow(sid, {"Service": service}, "sns:Publish", of_it, **more)
        for sid, (service, more) in SENDERS.items()
    }
    if name == f"{GATHERED}Policy":
        ours = {"AWS": AnyOrder([att(role) for role in MAIL_OF_RUNS])}
        statements = {"AllowRuns": _allow("AllowRuns", ours, "sns:Publish", of_it)}
    tls = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": of_it,
        "Condition": TLS_ONLY,
    }
    return {
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {
            "Topics": [of_it],
            "PolicyDocument": policy({**statements, "TlsOnly": given("HasTls", tls)}),
        },
    }


def subscription(name: str, stack: Stack) -> Any:
    """Somebody is subscribed only where an address is given; what is gathered goes to a queue.

    Nothing is filtered: an alarm has no attributes, and to SNS a message without attributes does
    not lack a certain one (docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html).
    """
    if name == TO_THE_QUEUE:
        return {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": ref(GATHERED),
                "Protocol": "sqs",
                "Endpoint": att(QUEUE),
                "RedrivePolicy": {"deadLetterTargetArn": att("Undelivered")},
            },
        }
    if name == TO_THE_CHAT:
        return {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": ref("Topic"),
                "Protocol": "lambda",
                "Endpoint": ref("NotifyFunction.Alias"),
                "RedrivePolicy": {"deadLetterTargetArn": att("NoticesUndelivered")},
            },
        }
    return {
        "Type": "AWS::SNS::Subscription",
        "Condition": "HasNotifyEmail",
        "Properties": {
            "TopicArn": ref("Topic"),
            "Protocol": "email",
            "Endpoint": ref("NotifyEmail"),
        },
    }


RULES = {
    "AWS::KMS::Key": key,
    "AWS::SNS::Topic": topic,
    "AWS::SNS::TopicPolicy": topic_policy,
    "AWS::SNS::Subscription": subscription,
}
