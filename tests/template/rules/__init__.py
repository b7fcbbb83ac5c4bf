"""What the template has to be: every property of everything in it, by rules over types.

A rule says all that a resource of its type may be, with the exceptions named beside it; what no
rule speaks of is refused. `violations` is what the tests ask, and what mutate.py asks of thousands
of changed copies.
"""

import re
from collections.abc import Iterator
from typing import Any

from tests.template.rules import (
    alarms,
    events,
    files,
    mail,
    review,
    roles,
    searching,
    steps,
    surface,
    training,
    webhook,
)
from tests.template.rules.shape import UNKNOWN, problems
from tests.template.rules.stack import MACHINES, Stack, written
from tests.template.test_roles import ROLES

TYPES = {
    **files.RULES,
    **mail.RULES,
    **steps.RULES,
    **roles.RULES,
    **events.RULES,
    **alarms.RULES,
    **review.RULES,
    **training.RULES,
    **webhook.RULES,
    **searching.RULES,
}
# Every resource there is. Another needs a name here, and what is special about it where the rules
# for its type are.
INVENTORY: dict[str, set[str]] = {
    "AWS::S3::Bucket": {"UploadsBucket", "ResultsBucket", files.MODELS_BUCKET, "AccessLogs"},
    "AWS::S3::BucketPolicy": {
        *("UploadsBucketPolicy", "ResultsBucketPolicy", "AccessLogsPolicy"),
        f"{files.MODELS_BUCKET}Policy",
    },
    "AWS::DynamoDB::Table": {"Table", files.REVIEWS, files.MODELS},
    "AWS::KMS::Key": {"TopicKey"},
    "AWS::SNS::Topic": {"Topic", mail.GATHERED},
    "AWS::SNS::TopicPolicy": {"TopicPolicy", f"{mail.GATHERED}Policy"},
    "AWS::SNS::Subscription": {"EmailSubscription", mail.TO_THE_QUEUE, mail.TO_THE_CHAT},
    "AWS::Serverless::Function": set(steps.SETTINGS),
    steps.SHIPPED: {"ShippedProcesses"},
    "AWS::Logs::LogGroup": {
        *(f"{name.removesuffix('Function')}Logs" for name in steps.SETTINGS),
        *steps.LOG_NAMES,
    },
    "AWS::Serverless::StateMachine": set(MACHINES.values()),
    "AWS::StepFunctions::StateMachineVersion": {"TriageVersion"},
    "AWS::StepFunctions::StateMachineAlias": {"TriageAlias"},
    "AWS::IAM::Role": set(ROLES),
    "AWS::Events::Rule": set(events.LISTENS),
    "AWS::Scheduler::Schedule": set(events.SCHEDULES),
    "AWS::SQS::Queue": set(events.QUEUES),
    "AWS::SQS::QueuePolicy": {f"{name}Policy" for name in events.QUEUES},
    "AWS::CloudWatch::Alarm": alarms.ALARMS,
    "AWS::CloudWatch::Dashboard": {"Dashboard"},
    "AWS::Budgets::Budget": {"Budget"},
    **review.INVENTORY,
    **webhook.INVENTORY,
    **searching.INVENTORY,
    "AWS::CloudFormation::Stack": {"Training"},
}
PSEUDO = {
    *("AWS::Partition", "AWS::Region", "AWS::AccountId", "AWS::StackName", "AWS::URLSuffix"),
    *("AWS::NoValue", "AWS::StackId"),
}


def violations(stack: Stack) -> Iterator[str]:
    """Everything about the template that no rule allows."""
    yield from around(stack)
    for name in stack.resources:
        yield from of_resource(name, stack)
    yield from nowhere(stack)


def around(stack: Stack) -> Iterator[str]:
    """What is wrong with all but the resources themselves."""
    top = {key: value for key, value in stack.template.items() if key != "Resources"}
    wanted = surface.around(stack) | {"Globals": steps.GLOBALS}
    yield from problems("template", wanted, top)
    there = {name for names in INVENTORY.values() for name in names}
    for name in sorted(there - set(stack.resources)):
        yield f"Resources.{name}: missing"


def of_resource(name: str, stack: Stack) -> Iterator[str]:
    """What is wrong with one resource."""
    found = stack.resources[name]
    kind = found.get("Type") if isinstance(found, dict) else None
    if kind not in TYPES:
        yield f"Resources.{name}: {UNKNOWN}: there are no resources of type {kind}"
    elif name not in INVENTORY[kind]:
        yield f"Resources.{name}: {UNKNOWN}: no {kind} of this name is in the inventory"
    else:
        wanted = TYPES[kind](name, stack)
        if name in review.RESOURCES:
            wanted = {"Condition": review.CONDITION, **wanted}
        if name in webhook.RESOURCES:
            wanted = {**wanted, "Condition": webhook.CONDITION}
        yield from problems(f"Resources.{name}", wanted, found)


def nowhere(stack: Stack) -> Iterator[str]:
    """References to what is not there, and parameters that nothing refers to."""
    used = set(_references(stack.template))
    there = {*stack.resources, *stack.parameters, *PSEUDO}
    for name in sorted(used - there):
        yield f"template: nothing is called {name}"
    for name in sorted(set(stack.parameters) - used):
        yield f"Parameters.{name}: nothing refers to it"


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for value in node:
            yield from _references(value)
    elif isinstance(node, dict):
        for key, value in node.items():
            match key, value:
                case "Ref", str(name):
                    yield name.removesuffix(".Alias").removesuffix(".Version")
                case "Fn::GetAtt", [str(name), _]:
                    yield name
                case "Fn::Sub", str(pattern):
                    yield from re.findall(r"\$\{([\w:]+)", pattern)
                case "Fn::Sub", [str(pattern), dict(named)]:
                    yield from set(re.findall(r"\$\{([\w:]+)", pattern)) - set(named)
            yield from _references(value)


__all__ = ["TYPES", "Stack", "around", "nowhere", "of_resource", "violations", "written"]
