"""The events of a stack as a row a resource, and the one that made it fail."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from winnow.models import FrozenModel
from winnow_cli.deployment.cloud import Cloud, StackEvent

NESTED = "AWS::CloudFormation::Stack"
_CANCELLED = re.compile(r"^Resource (creation|update|deletion) cancelled", re.IGNORECASE)
_NESTED_DEPTH = 4
_KEY_ID = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b")

ADVICE = (
    (
        r"MemorySize",
        "The account allows less memory than a function asks for. Have Lambda's quota raised by a "
        "support case, or lower MemorySize of that function in template.yaml.",
    ),
    (
        r"UnreservedConcurrentExecution|ReservedConcurrentExecutions",
        "100 concurrent executions have to stay unreserved. Lower ReservedConcurrency, or have "
        "the quota `Concurrent executions` raised.",
    ),
    (
        r"not empty",
        "Only an empty bucket can be deleted. Empty it if nobody needs its files, then try again.",
    ),
    (
        r"not authorized|AccessDenied|Access Denied|UnauthorizedOperation",
        "The credentials may not make this resource. Deploy with a role that may; `winnow "
        "bootstrap STAGE` makes one.",
    ),
    (
        r"already exists",
        "A resource of that name is there, of another stack or left by a former one. Delete or "
        "import it, or give the stage another `stack`.",
    ),
    (
        r"[Ll]imit.*[Ee]xceeded|LimitExceeded|[Qq]uota",
        "A quota of the account is used up. Delete what is not needed, or have it raised in "
        "Service Quotas.",
    ),
    (
        r"Rate exceeded|Throttl|try again|Internal Failure|ServiceUnavailable",
        "AWS was busy. Deploy again.",
    ),
    (
        r"image manifest|Source image .* does not exist|ECR image",
        "Lambda cannot read the image. Deploy again; if it stays so, remove the repository's "
        "image and deploy once more.",
    ),
    (
        r"[Aa]larm|CodeDeploy|[Rr]ollback trigger",
        "An alarm rang while new runs moved to the new code, so the update was taken back. "
        "`winnow dashboard --stack STAGE` shows which one.",
    ),
)
"""What a reason says -> what to do about it."""
NO_ADVICE = (
    "Correct what the reason names, in template.yaml or the stage's parameters, and deploy again."
)


class Row(FrozenModel):
    """A resource in a deployment."""

    logical_id: str
    type: str
    status: str
    began: datetime
    changed: datetime
    reason: str = ""

    @property
    def seconds(self) -> float:
        """From its first event to its last."""
        return (self.changed - self.began).total_seconds()

    @property
    def failed(self) -> bool:
        return self.status.endswith("_FAILED")

    @property
    def busy(self) -> bool:
        return self.status.endswith("_IN_PROGRESS")


class Failure(FrozenModel):
    """The resource that made a deployment fail."""

    logical_id: str
    type: str
    status: str
    reason: str
    advice: str


def rows(events: Iterable[StackEvent], stack_id: str = "") -> list[Row]:
    """A row for each resource, in the order in which they began; not one for the stack itself."""
    found: dict[str, Row] = {}
    for event in events:
        if event.type == NESTED and event.physical_id == stack_id:
            continue
        before = found.get(event.logical_id)
        found[event.logical_id] = Row(
            logical_id=event.logical_id,
            type=event.type,
            status=event.status,
            began=event.at if before is None else before.began,
            changed=event.at,
            reason=event.reason,
        )
    return list(found.values())


def failure(cloud: Cloud, stack: str, depth: int = 0) -> Failure | None:
    """The first resource that failed in the latest operation; those cancelled with it are not."""
    first = _first_failed(cloud.events(stack), stack)
    if first is None:
        return None
    if first.type == NESTED and first.physical_id and depth < _NESTED_DEPTH:
        inner = failure(cloud, first.physical_id, depth + 1)
        if inner is not None:
            return inner.model_copy(update={"logical_id": f"{first.logical_id}/{inner.logical_id}"})
    reason = _KEY_ID.sub("(a key)", first.reason) or "CloudFormation gives no reason"
    return Failure(
        logical_id=first.logical_id,
        type=first.type,
        status=first.status,
        reason=reason,
        advice=advice(reason),
    )


def advice(reason: str) -> str:
    """What to do about the reason of a failure.

    >>> advice("Rate exceeded")
    'AWS was busy. Deploy again.'
    """
    return next((text for pattern, text in ADVICE if re.search(pattern, reason)), NO_ADVICE)


def _first_failed(events: Sequence[StackEvent], stack: str) -> StackEvent | None:
    failed = [event for event in events if event.status.endswith("_FAILED")]
    of_resources = [
        event
        for event in failed
        if event.logical_id != stack.rsplit(":stack/", 1)[-1].split("/")[0]
        and not _CANCELLED.match(event.reason)
    ]
    return next(iter(of_resources or failed), None)
