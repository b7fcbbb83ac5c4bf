"""Deleting a stage: what goes, what stays, and how it went."""

import time
from collections.abc import Callable
from contextlib import suppress

from winnow.errors import DeploymentRunningError, StackStuckError, WinnowError
from winnow.models import FrozenModel
from winnow_cli.code_release.blue_green import second_name
from winnow_cli.deployment.changes import DATA_TYPES
from winnow_cli.deployment.cloud import Cloud, StackInfo, StackResource
from winnow_cli.deployment.deploy import POLL_S, Reporter, failed_deployment, waited
from winnow_cli.deployment.progress import rows
from winnow_cli.deployment.stages import Stage

_GONE = "DELETE_COMPLETE"
_NEVER_DEPLOYED = ("CREATE_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")


class Removal(FrozenModel):
    """What deleting a stage would do."""

    stack: StackInfo
    deleted: tuple[StackResource, ...]
    kept: tuple[StackResource, ...]
    """What stays in the account, outside of the stack."""

    @property
    def lost(self) -> tuple[StackResource, ...]:
        """Resources with data that go."""
        return tuple(one for one in self.deleted if one.type in DATA_TYPES)


def plan_removal(stage: Stage, cloud: Cloud) -> Removal:
    """What deleting a stage would do. Nothing is changed.

    Raises:
        StackStuckError: the stack is not there, is protected from being deleted, or has a second
            stack, which uses its stores.
        DeploymentRunningError: an update is under way.
    """
    stack = cloud.stack(stage.stack)
    if stack is None:
        raise StackStuckError(
            f"There is nothing to delete: {stage.name!r} is not deployed.",
            hint=f"`winnow stages remove {stage.name}` takes it out of stages.toml.",
        )
    if stack.protected:
        raise StackStuckError(
            f"{stage.name!r} is protected from being deleted.",
            hint="If you mean it: `aws cloudformation update-termination-protection --stack-name "
            f"{stage.stack} --region {stage.region} --no-enable-termination-protection`.",
        )
    second = cloud.stack(second_name(stage.stack))
    if second is not None:
        raise StackStuckError(
            f"{stage.name!r} has a second stack, {second.name}, which uses its table, topic and "
            "reviews.",
            hint=f"Where it judges, flip back first: `winnow release rollback --code --stack "
            f"{stage.stack}`. Then delete it: `winnow release stop --code --stack {stage.stack}`.",
        )
    if stack.under_way and stack.status != "CREATE_IN_PROGRESS":
        raise DeploymentRunningError(
            f"{stage.name!r} cannot be deleted now: {stack.status}.",
            hint=f"`winnow deploy {stage.name} --follow` shows it. Try again when it has ended.",
        )
    # RetainExceptOnCreate keeps nothing of a stack that never was deployed.
    kept_policies = (
        ("Retain",) if stack.status in _NEVER_DEPLOYED else ("Retain", "RetainExceptOnCreate")
    )
    template = {} if stack.only_planned else cloud.template(stage.stack)
    policies = {
        name: resource.get("DeletionPolicy", "Delete")
        for name, resource in template.get("Resources", {}).items()
    }
    there = [one for one in cloud.resources(stage.stack) if one.status != _GONE and one.physical_id]
    kept = [one for one in there if policies.get(one.logical_id) in kept_policies]
    return Removal(
        stack=stack,
        deleted=tuple(one for one in there if one not in kept),
        kept=tuple(kept),
    )


def destroy(
    stage: Stage,
    cloud: Cloud,
    reporter: Reporter,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Delete the stack of a stage, and wait for the end. No bucket is emptied.

    Raises:
        DeploymentFailedError: a resource could not be deleted; the message says which, and why.
    """
    cloud.delete_stack(stage.stack)
    while True:
        stack = waited(stage, lambda: cloud.stack(stage.stack), sleep)
        if stack is None:
            return
        with suppress(WinnowError):  # The stack may be gone by now.
            reporter.progress(rows(cloud.events(stage.stack), stack.id))
        if not stack.under_way:
            raise failed_deployment(stage, cloud, stack)
        sleep(POLL_S)
