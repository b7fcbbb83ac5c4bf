"""Drift: what somebody changed by hand in the resources of a stage.

CloudFormation compares them only when it is asked to, and that takes minutes. So it is asked with
`winnow stages --drift` alone; else its last result is shown, with its age.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Lock

from winnow.errors import WinnowError
from winnow.models import FrozenModel
from winnow_cli.deployment.cloud import Cloud, ResourceDrift, StackInfo
from winnow_cli.deployment.stages import Stage

POLL_S = 5.0
LONGEST_S = 1_800.0
"""A detection that takes longer is not waited for."""


class Drift(FrozenModel):
    """The last result of CloudFormation, of the whole stack."""

    status: str
    """IN_SYNC, DRIFTED, UNKNOWN, or NOT_CHECKED."""
    checked_at: datetime | None = None
    resources: tuple[ResourceDrift, ...] = ()
    problem: str = ""
    """Why a detection did not succeed, in a sentence."""


def last_drift(cloud: Cloud, stack: StackInfo, problem: str = "") -> Drift:
    """What CloudFormation found when it last looked; it is not asked to look again."""
    resources: tuple[ResourceDrift, ...] = ()
    if stack.drift == "DRIFTED":
        try:
            resources = tuple(cloud.drifted(stack.name))
        except WinnowError as error:
            problem = problem or error.message
    return Drift(
        status=stack.drift,
        checked_at=stack.drift_checked_at,
        resources=resources,
        problem=problem,
    )


def look_for_drift(
    stages: Sequence[Stage],
    cloud_of: Callable[[Stage], Cloud],
    report: Callable[[str], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, str]:
    """Have CloudFormation compare the resources of every deployed stage, and wait for it.

    A stage where that fails does not hold the others up.

    Args:
        stages: Those in AWS.
        cloud_of: Their accounts.
        report: Told what is waited for.
        sleep: Waits.
        clock: Seconds.

    Returns:
        Why a detection did not succeed, by the stage's name.
    """
    waiting = {stage.name for stage in stages}
    problems: dict[str, str] = {}
    lock, began = Lock(), clock()

    def told() -> None:
        with lock:
            names = ", ".join(stage.name for stage in stages if stage.name in waiting)
        report(f"CloudFormation compares the resources of {names}: {clock() - began:.0f} s")

    def look(stage: Stage) -> None:
        problem = ""
        try:
            for _ in _checks(cloud_of(stage), stage, sleep, lambda: clock() - began):
                told()
        except WinnowError as error:
            problem = error.message
        except _NotDetectedError as error:
            problem = str(error)
        with lock:
            waiting.discard(stage.name)
            if problem:
                problems[stage.name] = problem

    if stages:
        with ThreadPoolExecutor(min(8, len(stages))) as pool:
            list(pool.map(look, stages))
    return problems


class _NotDetectedError(Exception):
    """A detection did not succeed; the message says why."""


def _checks(
    cloud: Cloud, stage: Stage, sleep: Callable[[float], None], waited: Callable[[], float]
) -> Iterator[None]:
    """Once a poll until the detection has ended."""
    stack = cloud.stack(stage.stack)
    if stack is None or stack.only_planned:
        return
    check = cloud.detect_drift(stage.stack)
    while True:
        found = cloud.drift_check(check)
        if found.status == "DETECTION_FAILED":
            raise _NotDetectedError(
                f"CloudFormation could not compare all resources: {found.reason}"
            )
        if found.status == "DETECTION_COMPLETE":
            return
        if waited() > LONGEST_S:
            raise _NotDetectedError("CloudFormation still compares the resources.")
        yield
        sleep(POLL_S)
