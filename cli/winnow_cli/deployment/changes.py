"""A change set in words: what is new, changed, replaced and deleted, and what is lost by it."""

import re
from collections.abc import Sequence

from winnow_cli.deployment.cloud import Change

DATA_TYPES = {
    "AWS::Cognito::UserPool": "its users",
    "AWS::DynamoDB::Table": "its rows",
    "AWS::KMS::Key": "what is encrypted with it",
    "AWS::S3::Bucket": "its files",
    "AWS::SQS::Queue": "its messages",
}
"""Types of resources that hold data, and what is lost with them."""

NEW, CHANGED, REPLACED, MAYBE_REPLACED = "new", "changed", "replaced", "perhaps replaced"
DELETED, LET_GO = "deleted", "left behind"
_ORDER = (DELETED, REPLACED, MAYBE_REPLACED, LET_GO, NEW, CHANGED)


def what(change: Change) -> str:
    """What happens to the resource, in a word or two.

    >>> what(Change(action="Modify", logical_id="Table", type="AWS::DynamoDB::Table"))
    'changed'
    """
    if change.action == "Remove":
        return LET_GO if "Retain" in change.policy else DELETED
    if change.action in ("Add", "Import"):
        return NEW
    return {"True": REPLACED, "Conditional": MAYBE_REPLACED}.get(change.replacement, CHANGED)


def kind(resource_type: str) -> str:
    """A type of CloudFormation in words.

    >>> kind("AWS::StepFunctions::StateMachine"), kind("AWS::S3::Bucket")
    ('Step Functions state machine', 'S3 bucket')
    """
    parts = resource_type.split("::")
    if len(parts) != 3:
        return resource_type
    service = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", parts[1])
    return f"{service} {re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', parts[2]).lower()}"


def by_weight(changes: Sequence[Change]) -> list[Change]:
    """What is lost first, then what is new, then what changes."""
    return sorted(changes, key=lambda one: (_ORDER.index(what(one)), one.logical_id))


def dangerous(changes: Sequence[Change]) -> list[Change]:
    """Those that take data away, or put an empty resource in the place of one with data."""
    return [
        change
        for change in changes
        if change.type in DATA_TYPES and what(change) in (DELETED, LET_GO, REPLACED, MAYBE_REPLACED)
    ]


def warning(change: Change) -> str:
    """What a dangerous change does to the data, in a sentence."""
    name, held = change.logical_id, DATA_TYPES[change.type]
    now = f" ({change.physical_id})" if change.physical_id else ""
    if what(change) == LET_GO:
        return f"{name}{now} leaves the stack; {held} stay in it, and Winnow no longer uses them."
    if what(change) == DELETED:
        return f"{name}{now} is deleted with {held}."
    empty = "is replaced" if what(change) == REPLACED else "may be replaced"
    if "Retain" in change.policy:
        return f"{name}{now} {empty} by an empty one; {held} stay in the old one."
    return f"{name}{now} {empty} by an empty one; {held} are deleted."


def in_short(changes: Sequence[Change]) -> str:
    """How many resources are new, changed and so on.

    >>> in_short([Change(action="Add", logical_id="A", type="AWS::S3::Bucket")])
    '1 new'
    """
    counts = dict.fromkeys((NEW, CHANGED, REPLACED, MAYBE_REPLACED, DELETED, LET_GO), 0)
    for change in changes:
        counts[what(change)] += 1
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)
