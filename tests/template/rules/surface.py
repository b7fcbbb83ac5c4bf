"""What whoever deploys meets: parameters, conditions, outputs, and the questions' order."""

import re
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from tests.template.rules import review, steps, webhook
from tests.template.rules.shape import AnyOrder, att, ref, sub, text
from tests.template.rules.stack import Stack
from winnow_aws.read_settings import ScanSettings
from winnow_aws.settings import NotifySettings


@dataclass(frozen=True)
class Number:
    """A number, or one of several."""

    default: int
    least: int | None = None
    most: int | None = None
    allowed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Choice:
    """One of several words."""

    default: str
    allowed: tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """What a pattern takes, and does not."""

    good: tuple[str, ...]
    bad: tuple[str, ...]
    default: str = ""


def settings_of(field: str, model: type[BaseModel] = ScanSettings) -> tuple[str, ...]:
    """The words that the functions' setting knows."""
    return get_args(model.model_fields[field].annotation)


OFF = Choice("false", ("true", "false"))
# Retention of log groups: what CloudWatch Logs takes, up to ten years.
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653)
KEY_ARN = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
MACHINE_ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:winnow-triage"
# A default is a promise: a stack that is updated without naming the parameter keeps what it has.
PARAMETERS: dict[str, Number | Choice | Words] = {
    "NotifyEmail": Words(("a.b+c@example.org",), ("a", "a@b", "a b@c.d", "@x.y", "x@.", "x@y.")),
    "MailFileNames": OFF,
    "DefaultProcess": Words(("L33774", "emotions", "a.b_c-9", "x" * 64), ("a/b", "x" * 65, "ä")),
    "Threshold": Words(
        ("0", "1", "0.8", ".75", "1.0", "0.0", "0.05"), ("1.1", "-1", "80%", "0,8", "2", "01", "10")
    ),
    "SenderThreshold": Choice("higher", settings_of("sender_threshold")),
    "OcrEngine": Choice("rapidocr", settings_of("ocr_engine")),
    "MailDigestMinutes": Number(0, allowed=(0, 5, 15, 30, 60, 240, 1440)),
    "NotifyWebhook": Choice("none", ("none", *settings_of("notify_webhook", NotifySettings))),
    "MaxRuns": Number(0, 0, 1000),
    "MapConcurrency": Number(40, 1, 1000),
    "ReservedConcurrency": Number(0, 0, 1000),
    # A day longer than the queue keeps an event, so that a redrive of it finds its row.
    "RetentionDays": Number(90, 15, 3650),
    "UploadExpirationDays": Number(0, 0, 36500),
    "ResultExpirationDays": Number(0, 0, 36500),
    "LogRetentionDays": Number(30, allowed=LOG_DAYS),
    "KmsKeyArn": Words((KEY_ARN,), ("alias/x", KEY_ARN + "/", "x" + KEY_ARN, KEY_ARN[:-37])),
    "ReviewPage": OFF,
    "ReviewBlindShare": Number(10, 0, 100),
    "ReviewAuditShare": Number(2, 0, 100),
    "DisagreementShare": Number(10, 0, 100),
    "SearchWithAthena": OFF,
    "RetrainDecisions": Number(0, 0, 1000000),
    "RetrainSchedule": Words(
        ("rate(7 days)", "cron(0 3 ? * MON *)", "cron(0 8 1 * ? *)"),
        ("7 days", "at(2027-01-01T00:00:00)", "rate()", "rate(1 day) ", "cron(0;1)"),
    ),
    "TrainOnBatch": OFF,
    "TrainNotebook": Choice("none", ("none", "ml.t3.medium", "ml.m5.xlarge", "ml.m5.4xlarge")),
    "TrainMemory": Number(3538, 1769, 10240),
    "ConcurrencyLimit": Number(800, 1, 1000000),
    "ModelAgeDays": Number(365, 1, 36500),
    "MonthlyBudget": Number(0, 0, 1000000),
    "CodeRelease": Choice("AllAtOnce", tuple(steps.RELEASES)),
    "CodeVersion": Words(
        (f"{MACHINE_ARN}:1", f"{MACHINE_ARN}:120"),
        (MACHINE_ARN, f"{MACHINE_ARN}:live", f"x{MACHINE_ARN}:1", f"{MACHINE_ARN}:1 ", "1"),
    ),
    "Intake": Choice("ENABLED", ("ENABLED", "DISABLED")),
    "Architecture": Choice("x86_64", ("x86_64", "arm64")),
    "Local": OFF,
    "LocalApiHost": Words(
        ("execute-api.localhost:4566", "execute-api.localhost:65535"),
        ("execute-api.localhost", "example.org:80", "xexecute-api.localhost:1", "localhost:4566"),
    ),
    "LocalSignIn": Words(
        ("http://127.0.0.1:4570",),
        ("https://127.0.0.1:1", "http://127.0.0.1", "http://127x0.0.1:1", "http://127.0.0.1:1/"),
    ),
}


def parameter(name: str) -> Any:
    """Explained, with a default and a bound."""
    wanted: dict[str, Any] = {"Description": text(20, end=".")}
    match PARAMETERS.get(name):
        case Number(default, least, most, allowed):
            wanted |= {"Type": "Number", "Default": default}
            bounds = {"MinValue": least, "MaxValue": most}
            wanted |= {bound: value for bound, value in bounds.items() if value is not None}
            if allowed:
                wanted["AllowedValues"] = AnyOrder(list(allowed))
        case Choice(default, allowed_words):
            wanted |= {"Type": "String", "Default": default}
            wanted["AllowedValues"] = AnyOrder(list(allowed_words))
        case Words(good, bad, default):
            wanted |= {"Type": "String", "Default": default, "ConstraintDescription": text(10)}
            wanted["AllowedPattern"] = _tells_apart((default, *good), bad)
    return wanted


def _tells_apart(good: tuple[str, ...], bad: tuple[str, ...]) -> Any:
    """CloudFormation's patterns are of Java: here as there, they may match a part of the text."""

    def check(found: Any) -> str | None:
        if not isinstance(found, str):
            return "a pattern"
        refused = [one for one in good if not re.search(found, one)]
        taken = [one for one in bad if re.search(found + r"\Z", one)]
        anchored = found.startswith("^") and found.endswith("$")
        return f"refuses {refused}, takes {taken}" if refused or taken or not anchored else None

    return check


# Exceptions: conditions that are not "something else than the default was given".
CONDITIONS: dict[str, Any] = {
    "HasTextract": {"Fn::Equals": [ref("OcrEngine"), "textract"]},
    "IsLocal": {"Fn::Equals": [ref("Local"), "true"]},
    # The local stack listens on its own machine only, and computes no metrics.
    "HasTls": {"Fn::Not": [{"Condition": "IsLocal"}]},
    "HasMetricMath": {"Fn::Not": [{"Condition": "IsLocal"}]},
    # Nor does it know versions of state machines.
    "HasWorkflowVersions": {"Fn::Not": [{"Condition": "IsLocal"}]},
    # The table of reviews is what is trained on.
    "HasTrainOnBatch": {
        "Fn::And": [
            {"Condition": "HasReviewPage"},
            {"Fn::Not": [{"Fn::Equals": [ref("TrainOnBatch"), "false"]}]},
        ]
    },
    # The page is who searches.
    "HasAthena": {
        "Fn::And": [
            {"Condition": "HasReviewPage"},
            {"Fn::Not": [{"Fn::Equals": [ref("SearchWithAthena"), "false"]}]},
        ]
    },
    "HasPageSums": {"Fn::And": [{"Condition": "HasMetricMath"}, {"Condition": "HasReviewPage"}]},
    "HasReservedAlarm": {
        "Fn::And": [{"Condition": "HasMetricMath"}, {"Condition": "HasReservedConcurrency"}]
    },
    # Nor has it budgets.
    "HasBudget": {
        "Fn::And": [
            {"Condition": "HasTls"},
            {"Fn::Not": [{"Fn::Equals": [ref("MonthlyBudget"), 0]}]},
        ]
    },
}


def condition(name: str, stack: Stack) -> Any:
    """`HasX`: the parameter X is not its default, which stands for nothing."""
    if name in CONDITIONS:
        return CONDITIONS[name]
    for one, found in stack.parameters.items():
        if one.startswith(name.removeprefix("Has")) and isinstance(found, dict):
            return {"Fn::Not": [{"Fn::Equals": [ref(one), found.get("Default")]}]}
    return {}


# Output -> its value, where it is not named like the resource or parameter that it tells.
OUTPUTS: dict[str, Any] = {
    webhook.SECRET: att(webhook.SECRET, "Id"),
    "Inbox": sub("s3://${UploadsBucket}/inbox/"),
    "StateMachineArn": ref("Triage"),
    "WorkflowAlias": ref("TriageAlias"),
    "TopicArn": ref("Topic"),
    "UndeliveredQueue": ref("Undelivered"),
    "WaitingQueue": ref("Waiting"),
    "ReviewPage": review.page(),
    "ScanFunction": ref("ScanFunction.Alias"),
    "IndexFunction": ref("IndexFunction.Alias"),
    "SearchFunction": ref("SearchFunction.Alias"),
    "ChangesQueue": ref("Changes"),
    "UnindexedQueue": ref("Unindexed"),
}
# What the command line, and whoever reads results, asks the stack for.
OF_REVIEWS = {
    *("ReviewPage", "ReviewsTable", "ScanFunction", "UserPool", *review.CLIENTS),
    *("IndexFunction", "SearchFunction", "ChangesQueue", "UnindexedQueue"),
}
NEEDED = {
    *OUTPUTS,
    *OF_REVIEWS,
    *webhook.OUTPUTS,
    "UploadsBucket",
    "ResultsBucket",
    "ModelsBucket",
    "ModelsTable",
    "Table",
    "RetentionDays",
    "MaxRuns",
    "Intake",
}


def output(name: str, stack: Stack) -> Any:
    condition = {"Condition": "HasReviewPage"} if name in OF_REVIEWS else {}
    if name == "WorkflowAlias":
        condition = {"Condition": "HasWorkflowVersions"}
    if name in webhook.OUTPUTS:
        condition = {"Condition": webhook.CONDITION}
    return {**condition, "Description": text(20), "Value": OUTPUTS.get(name, ref(name))}


_MINUTES = {"minutes": 1, "hour": 60, "hours": 60, "day": 1440}


def _period(minutes: int) -> Any:
    """A row of the digest's map: as often as was asked for, and late after three times that.

    Half an hour at least. Without gathering what is left in the queue is looked at once an hour.
    """

    def every(found: Any) -> str | None:
        fits = re.fullmatch(r"rate\((\d+) (minutes|hours?|day)\)", str(found))
        wanted = minutes or 60
        if (
            fits
            and int(fits[1]) * _MINUTES[fits[2]] == wanted
            and (fits[1] == "1") != (fits[2].endswith("s"))
        ):
            return None
        return f"a rate of {wanted} minutes"

    # A mail that a call died with is out of sight for ten minutes.
    late = max(3 * 60 * (minutes or 60), 1800)
    return {"Every": every, "Late": late}


def _digest() -> Any:
    allowed = PARAMETERS["MailDigestMinutes"]
    assert isinstance(allowed, Number)
    return {str(minutes): _period(minutes) for minutes in allowed.allowed}


def _groups(stack: Stack) -> Any:
    def check(found: Any) -> str | None:
        named = [one for group in found for one in group["Parameters"]]
        labels = [group["Label"]["default"] for group in found]
        if sorted(named) != sorted(stack.parameters) or not all(labels):
            return "every parameter in one group that has a label"
        rest = {key for group in found for key in (*group, *group["Label"])}
        return None if rest == {"Label", "Parameters", "default"} else "labels and parameters"

    return check


def around(stack: Stack) -> Any:
    """All of the template but its resources."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": text(20),
        "Metadata": {"AWS::CloudFormation::Interface": {"ParameterGroups": _groups(stack)}},
        "Parameters": {name: parameter(name) for name in PARAMETERS},
        "Mappings": {"MailDigest": _digest(), "CodeRelease": steps.RELEASES},
        "Conditions": {
            name: condition(name, stack) for name in sorted(used_conditions(stack.template))
        },
        "Outputs": {name: output(name, stack) for name in NEEDED},
    }


def used_conditions(node: Any) -> set[str]:
    """The conditions that something hangs on, or another condition."""
    found: set[str] = set()
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Condition" and isinstance(value, str):
                found.add(value)
            elif key == "Fn::If" and isinstance(value, list) and isinstance(value[0], str):
                found.add(value[0])
            found |= used_conditions(value)
    elif isinstance(node, list):
        for value in node:
            found |= used_conditions(value)
    return found
