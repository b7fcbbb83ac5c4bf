"""The events of a stack: those of its last operation, on as many pages as they are."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef


def last_operation(cloudformation: "CloudFormationClient", name: str) -> "list[StackEventTypeDef]":
    """The events since the stack was last created, updated or deleted, the oldest first.

    What failed is told by an early one: what was then rolled back comes after it, often by the
    hundred, and CloudFormation gives the newest first. Raises what botocore raises.
    """
    found: list[StackEventTypeDef] = []
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=name):
        for event in page["StackEvents"]:
            found.append(event)
            if _begins(event):
                return found[::-1]
    return found[::-1]


def _begins(event: Any) -> bool:
    """Whether an event is the first of an operation: the stack's own, begun by somebody."""
    return event.get("PhysicalResourceId") == event.get("StackId") and event.get(
        "ResourceStatus"
    ) in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
