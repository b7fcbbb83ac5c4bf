"""A deployment from the checks to a sample that was judged, whoever looks at it.

| phase | what happens | Ctrl-C meanwhile |
|---|---|---|
| checks | what would make the deployment fail is looked for | nothing was done |
| build | the images, on this machine | nothing was done |
| push | images and template, to the account | images are in the registry, which nothing uses |
| plan | CloudFormation plans; the plan is shown and confirmed | the plan is given up |
| deploy | CloudFormation works | it goes on: `--follow`, `--cancel` |
| verify | a sample goes the whole way | the stage is deployed |
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, Protocol, TypeVar

from pydantic import Field

from winnow.costs.month import MonthlyDifference
from winnow.errors import (
    AwsBusyError,
    AwsCredentialsError,
    AwsUnreachableError,
    ChecksFailedError,
    DeploymentFailedError,
    DeploymentRunningError,
    StackStuckError,
    WinnowError,
)
from winnow.models import FrozenModel
from winnow_cli.deployment import changes as words
from winnow_cli.deployment import checks as look
from winnow_cli.deployment.changes import by_weight, dangerous
from winnow_cli.deployment.checks import Check
from winnow_cli.deployment.cloud import (
    Change,
    ChangeRequest,
    ChangeSet,
    Cloud,
    StackEvent,
    StackInfo,
)
from winnow_cli.deployment.images import Made, Packager, store_template
from winnow_cli.deployment.parameters import OF_RELEASES, Parameters
from winnow_cli.deployment.progress import Row, failure, rows
from winnow_cli.deployment.stages import Stage
from winnow_cli.deployment.verify import Verified

Answer = TypeVar("Answer")
Phase = Literal["checks", "build", "push", "plan", "deploy", "verify"]
POLL_S = 2.0
_FAILED_POLLS = 30
"""Polls in a row that may fail, for a network that is away for a minute."""
_DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_NO_CHANGES = re.compile(r"didn't contain changes|No updates are to be performed", re.IGNORECASE)


Estimate = Callable[
    [StackInfo | None, Mapping[str, Any], Mapping[str, str]], MonthlyDifference | None
]
"""Of the stack as it is (None: it is new), and of the template and parameters that it will have."""


class Plan(FrozenModel):
    """What a deployment would do."""

    stage: Stage
    create: bool
    made: Made
    changes: tuple[Change, ...]
    """What is lost first."""
    parameters: dict[str, str]
    before: dict[str, str]
    """The parameters that the stack has now."""
    cost: MonthlyDifference | None = None
    """What it does to the month without a file; None: that is not known."""

    @property
    def dangerous(self) -> list[Change]:
        return dangerous(self.changes)


class Outcome(FrozenModel):
    """What came of a deployment."""

    stage: Stage
    action: Literal["created", "updated", "unchanged"]
    made: Made
    checks: tuple[Check, ...]
    changes: tuple[Change, ...] = ()
    outputs: dict[str, str] = Field(default_factory=dict)
    verified: Verified | None = None
    seconds: dict[str, float] = Field(default_factory=dict)
    """How long each phase took."""


class Reporter(Protocol):
    """Shows a deployment."""

    def phase(self, name: Phase) -> None:
        """A phase begins."""

    def line(self, text: str) -> None:
        """Something small happened, which the next line may replace."""

    def checks(self, found: Sequence[Check]) -> None:
        """What the checks found."""

    def progress(self, found: Sequence[Row]) -> None:
        """How far the resources are."""


class Deployment:
    """One deployment of a stage."""

    def __init__(
        self,
        stage: Stage,
        cloud: Cloud,
        packager: Packager,
        template: Mapping[str, Any],
        reporter: Reporter,
        confirm: Callable[[Plan], None],
        *,
        own_checks: Sequence[Callable[[], Check]] = (),
        verify: Callable[[], Verified] | None = None,
        estimate: Estimate | None = None,
        fixed: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what a deployment needs.

        Args:
            template: The one that is deployed, before it is packaged.
            confirm: Called with the plan; raises what ends the deployment.
            own_checks: Checks of this machine.
            verify: Sends a sample the whole way; None: not this time.
            estimate: What it does to the month without a file.
            fixed: Parameters beside the stage's own: secrets, those of an emulator.
        """
        self.stage = stage
        self.phase: Phase = "checks"
        self._cloud, self._packager, self._reporter = cloud, packager, reporter
        self._template, self._confirm, self._own_checks = template, confirm, own_checks
        self._verify, self._estimate, self._fixed = verify, estimate, dict(fixed or {})
        self._sleep, self._clock = sleep, clock
        self._seconds: dict[str, float] = {}

    def run(self) -> Outcome:
        """Do it.

        Raises:
            ChecksFailedError: a check failed; nothing was done.
            StackStuckError: the stack is in a state that cannot be deployed.
            DeploymentRunningError: another deployment is under way.
            ImageFailedError: an image cannot be built or pushed.
            DeploymentFailedError: a resource could not be made; the message says which, and why.
            NotVerifiedError: it is deployed, but a sample did not go the whole way.
        """
        self._begin("checks")
        found, stack = self._look()
        self._begin("build")
        self._packager.build(self._reporter.line)
        self._begin("push")
        template = self._packager.push(self.stage, self._cloud, self._reporter.line)
        made = Made.of(template)
        url = store_template(self.stage, self._cloud, template)
        self._begin("plan")
        planned = self._plan(stack, template, url)
        if planned is None:
            self._end()
            outputs = stack.outputs if stack else {}
            return self._outcome("unchanged", made, found, (), outputs, None)
        change_set, plan = planned
        deployed = self._execute(change_set)
        self._begin("verify")
        verified = None if self._verify is None else self._verify()
        self._end()
        action: Literal["created", "updated"] = "created" if plan.create else "updated"
        return self._outcome(action, made, found, plan.changes, deployed.outputs, verified)

    def interrupted(self) -> str:
        """What Ctrl-C leaves behind, and what to do."""
        return interrupted(self.stage, self.phase)

    def _outcome(
        self,
        action: Literal["created", "updated", "unchanged"],
        made: Made,
        found: Sequence[Check],
        changed: Sequence[Change],
        outputs: Mapping[str, str],
        verified: Verified | None,
    ) -> Outcome:
        return Outcome(
            stage=self.stage,
            action=action,
            made=made,
            checks=tuple(found),
            changes=tuple(changed),
            outputs=dict(outputs),
            verified=verified,
            seconds=self._seconds,
        )

    def _begin(self, phase: Phase) -> None:
        self._end()
        self.phase = phase
        self._began = self._clock()
        self._reporter.phase(phase)

    def _end(self) -> None:
        if hasattr(self, "_began"):
            self._seconds[self.phase] = round(self._clock() - self._began, 1)

    def _look(self) -> tuple[list[Check], StackInfo | None]:
        """All checks, so that everything that is wrong is told at once."""
        stage, cloud = self.stage, self._cloud
        known = Parameters.of(self._template)
        found = [look.check_parameters(stage, known)]
        found += [check() for check in self._own_checks]
        account = look.check_account(stage, cloud)
        found.append(account)
        stack = None
        if not account.failed:
            stack = cloud.stack(stage.stack)
            values = self._values(self._template)
            found.append(look.check_stack(stage, stack))
            found.append(
                look.guarded(
                    "region", lambda: look.check_region(stage, values, self._template, cloud)
                )
            )
            found += self._check_limits(values)
            found.append(look.guarded("e-mail", lambda: look.check_address(values, stack, cloud)))
            found.append(look.guarded("chat", lambda: look.check_webhook(values, stack, cloud)))
        self._reporter.checks(found)
        _raise_for(stage, found, stack)
        return found, stack

    def _check_limits(self, values: Mapping[str, str]) -> list[Check]:
        try:
            limits = self._cloud.concurrency()
        except WinnowError as error:
            return [look.unknown("concurrency", error)]
        return [
            look.check_concurrency(values, self._template, limits),
            look.check_memory(values, self._template, limits),
        ]

    def _values(self, template: Mapping[str, Any]) -> dict[str, str]:
        """Every parameter with its value: stages.toml says all, whatever the stack has now.

        Secrets, and what a release of code has set, are only here if they are named.
        """
        values = {
            one.name: one.default
            for one in Parameters.of(template).settable()
            if one.default is not None and not one.no_echo
        }
        return {**values, **self.stage.parameters, **self._fixed}

    def _plan(
        self, stack: StackInfo | None, template: Mapping[str, Any], url: str
    ) -> tuple[str, Plan] | None:
        """A change set that was confirmed; None if there is nothing to change."""
        create = stack is None or stack.only_planned
        before = {} if create or stack is None else stack.parameters
        values = self._values(template)
        keep = tuple(
            one.name
            for one in Parameters.of(template).listed
            if (one.no_echo or one.name in OF_RELEASES)
            and one.name not in values
            and one.name in before
        )
        change_set = self._cloud.create_change_set(
            ChangeRequest(
                stack=self.stage.stack,
                create=create,
                template_url=url,
                parameters=values,
                keep=keep,
                tags=self.stage.tags,
            )
        )
        try:
            planned = self._wait_for(change_set)
            if planned is None:
                self._give_up(change_set, stack)
                return None
            plan = Plan(
                stage=self.stage,
                create=create,
                made=Made.of(template),
                changes=tuple(by_weight(planned.changes)),
                parameters=values,
                before=before,
                cost=None
                if self._estimate is None
                else self._estimate(None if create else stack, template, values),
            )
            self._confirm(plan)
        except BaseException:
            # Ctrl-C and a refusal, too: a plan that nobody wants must not be executed by chance.
            with suppress(WinnowError):
                self._give_up(change_set, stack)
            raise
        return change_set, plan

    def _wait_for(self, change_set: str) -> ChangeSet | None:
        while True:
            planned = self._cloud.change_set(change_set)
            if planned.status == "FAILED":
                if _NO_CHANGES.search(planned.reason):
                    return None
                raise DeploymentFailedError(
                    f"CloudFormation cannot plan the deployment: {planned.reason}",
                    hint="Correct what it names, in template.yaml or the stage's parameters. "
                    "Nothing was changed.",
                )
            if planned.status == "CREATE_COMPLETE":
                return planned
            self._reporter.line("CloudFormation plans")
            self._sleep(POLL_S)

    def _give_up(self, change_set: str, stack: StackInfo | None) -> None:
        self._cloud.delete_change_set(change_set)
        # The plan of a new stack leaves a stack that has nothing in it.
        now = self._cloud.stack(self.stage.stack) if stack is None else None
        if now is not None and now.only_planned:
            self._cloud.delete_stack(self.stage.stack)

    def _execute(self, change_set: str) -> StackInfo:
        last = _last_event(self._cloud, self.stage)
        self._begin("deploy")
        self._cloud.execute_change_set(change_set)
        return follow(self.stage, self._cloud, self._reporter, self._sleep, after=last)


def interrupted(stage: Stage, phase: str) -> str:
    """What Ctrl-C in a phase leaves behind, and what to do."""
    if phase == "deploy":
        return (
            f"The deployment of {stage.name} goes on in AWS. `winnow deploy {stage.name} --follow` "
            f"shows it again; `winnow deploy {stage.name} --cancel` takes an update back."
        )
    if phase == "destroy":
        return (
            f"Deleting {stage.name} goes on in AWS and cannot be stopped. `winnow deploy "
            f"{stage.name} --follow` shows it again."
        )
    if phase == "verify":
        return (
            f"{stage.name} is deployed. The sample goes on by itself: `winnow status --stack "
            f"{stage.name}` shows it."
        )
    if phase == "push":
        return "Nothing is deployed. Images that were pushed stay in the registry, unused."
    return "Nothing is deployed, and nothing was changed in AWS."


def follow(
    stage: Stage,
    cloud: Cloud,
    reporter: Reporter,
    sleep: Callable[[float], None] = time.sleep,
    *,
    after: str | None = None,
    taken_back: bool = False,
) -> StackInfo:
    """Show a deployment that is under way until it ends, or the deletion of the stage.

    Args:
        after: The last event before it began; None: it has begun.
        taken_back: It was asked to be taken back, so that this is no failure.

    Raises:
        DeploymentFailedError: it failed; the message says which resource, and why.
        AwsCredentialsError: they expired meanwhile; the deployment goes on.
    """
    stack_id = ""
    deleted: StackInfo | None = None
    events: Sequence[StackEvent] = ()
    while True:
        if deleted is None:
            events = waited(stage, lambda: cloud.events(stage.stack), sleep)
        else:
            with suppress(WinnowError):  # The stack may be gone by now.
                events = cloud.events(stage.stack)
        stack = waited(stage, lambda: cloud.stack(stage.stack), sleep)
        if stack is None and deleted is not None:
            return deleted.model_copy(update={"status": "DELETE_COMPLETE"})
        if stack is None:
            raise DeploymentFailedError(
                f"The stack {stage.stack!r} is gone: somebody deleted it meanwhile.",
                hint=f"Deploy it again: `winnow deploy {stage.name}`.",
            )
        if not stack_id and after is None and stack.status == "DELETE_IN_PROGRESS":
            deleted = stack
        stack_id = stack.id or stack_id
        reporter.progress(rows(events, stack_id))
        begun = after is None or (bool(events) and events[-1].id != after)
        if begun and not stack.under_way and not stack.only_planned:
            break
        sleep(POLL_S)
    back = taken_back and stack.status == "UPDATE_ROLLBACK_COMPLETE"
    if stack.status not in _DEPLOYED and not back:
        raise failed_deployment(stage, cloud, stack)
    return stack


def waited(stage: Stage, ask: Callable[[], Answer], sleep: Callable[[float], None]) -> Answer:
    """An answer while AWS works; a network that is away for a minute is waited for.

    Raises:
        AwsCredentialsError: they expired. The hint says that AWS goes on, and how to follow.
    """
    failed = 0
    while True:
        try:
            return ask()
        except (AwsBusyError, AwsUnreachableError) as error:
            failed += 1
            if failed > _FAILED_POLLS:
                raise type(error)(error.message, hint=_goes_on(stage)) from None
            sleep(POLL_S)
        except AwsCredentialsError as error:
            raise AwsCredentialsError(error.message, hint=_goes_on(stage)) from None


def failed_deployment(stage: Stage, cloud: Cloud, stack: StackInfo) -> DeploymentFailedError:
    """Which resource failed, why, what to do, and what is there now."""
    found = failure(cloud, stage.stack)
    after = {
        "ROLLBACK_COMPLETE": "Everything that it had made was removed again. Before the next "
        f"attempt: `winnow destroy {stage.name}`.",
        "UPDATE_ROLLBACK_COMPLETE": "The stage runs as it did before.",
        "UPDATE_ROLLBACK_FAILED": "The stage could not go back to what it was: `aws "
        f"cloudformation continue-update-rollback --stack-name {stage.stack} --region "
        f"{stage.region}` tries it again.",
    }.get(stack.status, f"The stack is {stack.status}.")
    if found is None:
        return DeploymentFailedError(
            f"The deployment of {stage.name!r} ended as {stack.status}: "
            f"{stack.reason or 'CloudFormation gives no reason'}",
            hint=after,
        )
    verb = {"CREATE": "created", "UPDATE": "updated"}.get(found.status.split("_")[0], "deleted")
    return DeploymentFailedError(
        f"{found.logical_id} ({words.kind(found.type)}) could not be {verb}: {found.reason}",
        hint=f"{found.advice} {after}",
    )


def cancel(stage: Stage, cloud: Cloud) -> None:
    """Have an update under way taken back.

    Raises:
        StackStuckError: no update is under way, or it is the stage's first deployment.
    """
    stack = cloud.stack(stage.stack)
    if stack is None or stack.status != "UPDATE_IN_PROGRESS":
        status = "not there" if stack is None else stack.status
        raise StackStuckError(
            f"There is no update of {stage.name!r} to take back: the stack is {status}.",
            hint=f"A first deployment ends by `winnow destroy {stage.name}`; one that is being "
            f"taken back is shown by `winnow deploy {stage.name} --follow`.",
        )
    cloud.cancel_update(stage.stack)


def _goes_on(stage: Stage) -> str:
    return (
        "The deployment goes on in AWS. Sign in again (or wait for the network), then `winnow "
        f"deploy {stage.name} --follow` shows how it ends."
    )


def _last_event(cloud: Cloud, stage: Stage) -> str:
    events = cloud.events(stage.stack)
    return events[-1].id if events else ""


def _raise_for(stage: Stage, found: Sequence[Check], stack: StackInfo | None) -> None:
    failed = [check for check in found if check.failed]
    if not failed:
        return
    if [check.name for check in failed] == ["stack"]:
        sentence = f"{stage.name!r} cannot be deployed: {failed[0].detail}."
        if stack is not None and stack.under_way:
            raise DeploymentRunningError(sentence, hint=failed[0].advice)
        raise StackStuckError(sentence, hint=failed[0].advice)
    lines = "\n".join(f"  {check.name}: {check.detail}. {check.advice}" for check in failed)
    raise ChecksFailedError(f"{stage.name!r} cannot be deployed yet:\n{lines}")
