"""Versions and aliases of state machines as AWS documents them; no emulator here has them.

A version is an immutable definition. An execution has the version that its alias chose when it was
started, at random by the weights. CloudFormation moves an alias to a new version as its
DeploymentPreference says, and back when one of the alarms rings meanwhile.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


class Alias:
    """An alias, and the versions that it chooses from."""

    def __init__(self, seed: int) -> None:
        self.weights: dict[int, int] = {}
        self._random = random.Random(seed)

    def choose(self) -> int:
        return self._random.choices(list(self.weights), list(self.weights.values()))[0]


@dataclass
class StateMachines:
    """A client of Step Functions with one machine, and one alias of it."""

    arn: str
    seed: int = 0
    definitions: dict[int, Any] = field(default_factory=dict)
    executions: dict[str, Any] = field(default_factory=dict)
    """Name of an execution -> the definition that it runs by."""
    ended: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.alias = Alias(self.seed)
        names = ("ExecutionAlreadyExists", "ExecutionDoesNotExist")
        self.exceptions = type("exceptions", (), {n: type(n, (ClientError,), {}) for n in names})

    def publish(self, definition: Any) -> int:
        """A new version."""
        number = len(self.definitions) + 1
        self.definitions[number] = definition
        return number

    def deploy(self, version: int, preference: dict[str, Any], rings: Callable[[], bool]) -> Any:
        """Move the alias; yields after every minute, returns whether it stayed there."""
        before = dict(self.alias.weights)
        [old] = before
        for weight in _steps(preference):
            self.alias.weights = {old: 100 - weight, version: weight}
            for _ in range(preference["Interval"]):
                yield weight
                if rings():
                    self.alias.weights = before
                    return False
        self.alias.weights = {version: 100}
        return True

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: A002, N803
        assert stateMachineArn == f"{self.arn}:live"
        if name in self.executions:
            raise self.exceptions.ExecutionAlreadyExists({}, "StartExecution")  # type: ignore[attr-defined]
        self.executions[name] = self.definitions[self.alias.choose()]

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:  # noqa: N803
        machine, _, name = executionArn.rpartition(":")
        assert machine == self.arn.replace(":stateMachine:", ":execution:")
        return {"status": "SUCCEEDED" if name in self.ended else "RUNNING"}


def _steps(preference: dict[str, Any]) -> Iterator[int]:
    """The weights of the new version until it has all."""
    percent = preference["Percentage"]
    if preference["Type"] == "CANARY":
        yield percent
    elif preference["Type"] == "LINEAR":
        yield from range(percent, 100, percent)
