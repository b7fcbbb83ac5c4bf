"""All stages side by side: what runs where, and how it is."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from winnow.errors import AccountMismatchError, WinnowError
from winnow.models import FrozenModel
from winnow_cli.deployment.cloud import Cloud
from winnow_cli.deployment.costs import MonthSoFar
from winnow_cli.deployment.drift import Drift, last_drift
from winnow_cli.deployment.images import Made, digest_of
from winnow_cli.deployment.parameters import Parameters
from winnow_cli.deployment.stages import Stage

NOT_DEPLOYED = "not deployed"
UNREACHABLE = "unreachable"
NO_PROBLEMS: Mapping[str, str] = {}


class StageView(FrozenModel):
    """One stage as it is now."""

    name: str
    stack: str = ""
    account: str = ""
    region: str = ""
    status: str
    """CloudFormation's, or `not deployed`, `unreachable`."""
    healthy: bool | None = None
    """None: it is not known."""
    version: str = ""
    commit: str = ""
    deployed_at: datetime | None = None
    alarms: tuple[str, ...] = ()
    """Those that ring."""
    differs: tuple[str, ...] = ()
    """What is not as in this checkout: `template`, names of parameters, `resources`."""
    drift: Drift | None = None
    """What CloudFormation found when it last compared the resources; None: nothing to compare."""
    cost: MonthSoFar | None = None
    """What its runs have cost this month; None: it is not known."""
    cost_problem: str = ""
    """Why that is not known, in a sentence."""
    problem: str = ""
    """Why nothing can be said, in a sentence."""


def view_all(
    stages: Sequence[Stage],
    cloud_of: Callable[[Stage], Cloud],
    template: Mapping[str, Any],
    cost_of: Callable[[Stage], MonthSoFar | None] = lambda _stage: None,
    drift_problems: Mapping[str, str] = NO_PROBLEMS,
) -> list[StageView]:
    """Every stage; one that cannot be reached does not spoil the others.

    Args:
        template: That of this checkout, which the stages' are compared with.
        cost_of: What the runs of a stage have cost this month.
        drift_problems: Why a detection of drift did not succeed, by the stage's name.
    """
    if not stages:
        return []

    def look(stage: Stage) -> StageView:
        try:
            problem = drift_problems.get(stage.name, "")
            return view(stage, cloud_of(stage), template, cost_of, problem)
        except WinnowError as error:
            return _view(stage, UNREACHABLE, problem=error.message)

    # Each waits for the network of its own account.
    with ThreadPoolExecutor(min(8, len(stages))) as pool:
        return list(pool.map(look, stages))


def view(
    stage: Stage,
    cloud: Cloud,
    template: Mapping[str, Any],
    cost_of: Callable[[Stage], MonthSoFar | None] = lambda _stage: None,
    drift_problem: str = "",
) -> StageView:
    """One stage.

    Raises:
        AccountMismatchError: the credentials are for another account.
    """
    account = cloud.identity().account
    if account != stage.account:
        raise AccountMismatchError(f"The AWS credentials here are for {account}.")
    stack = cloud.stack(stage.stack)
    if stack is None or stack.only_planned:
        return _view(stage, NOT_DEPLOYED)
    made = Made.of(cloud.template(stage.stack))
    alarms = tuple(cloud.ringing(stage.stack))
    differs = []
    if made.source and made.source != digest_of(template):
        differs.append("template")
    differs += _differing(stage, stack.parameters, template)
    if stack.drift == "DRIFTED":
        differs.append("resources")
    broken = stack.status.endswith("_FAILED") or stack.status == "ROLLBACK_COMPLETE"
    return _view(
        stage,
        stack.status,
        healthy=not broken and not alarms,
        version=made.version,
        commit=made.commit,
        deployed_at=stack.changed_at,
        alarms=alarms,
        differs=tuple(differs),
        drift=last_drift(cloud, stack, drift_problem),
        **asked_cost(stage, cost_of),
    )


def asked_cost(
    stage: Stage, cost_of: Callable[[Stage], MonthSoFar | None]
) -> dict[str, MonthSoFar | str | None]:
    """The cost of a view; who may not read the table sees the rest."""
    try:
        return {"cost": cost_of(stage)}
    except WinnowError as error:
        return {"cost_problem": error.message}


def _view(stage: Stage, status: str, **more: Any) -> StageView:
    return StageView(
        name=stage.name,
        stack=stage.stack,
        account=stage.account,
        region=stage.region,
        status=status,
        **more,
    )


def _differing(stage: Stage, there: Mapping[str, str], template: Mapping[str, Any]) -> list[str]:
    """The parameters whose values are not those of stages.toml, or of the template."""
    found = []
    for one in Parameters.of(template).settable():
        if one.no_echo or one.name not in there:
            continue
        if there[one.name] != stage.parameters.get(one.name, one.default):
            found.append(one.name)
    return found
