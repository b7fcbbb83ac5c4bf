"""What a machine is run by, and what it is run against."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

Json = Any
Function = Callable[[Json], Json]


class TaskError(Exception):
    """What a fake raises: the error name and cause as Step Functions reports them."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause


def function_error(error_type: str, message: str) -> TaskError:
    """An exception of a Python function, as AWS Lambda and Step Functions report it."""
    cause = {"errorMessage": message, "errorType": error_type, "stackTrace": ['  File "a.py"\n']}
    return TaskError(error_type, json.dumps(cause))


@dataclass(frozen=True)
class Ended:
    """How an execution ended."""

    arn: str
    status: str
    output: Json
    error: str | None
    cause: str | None
    states: tuple[str, ...]
    inputs: tuple[Json, ...]
    """what each of these states was given; the children of a Map are not among them"""


class Outside(Protocol):
    """What an interpreter calls. Both raise TaskError."""

    table: str

    def invoke(self, resource: str, arguments: Json) -> Json: ...

    def object_text(self, bucket: str, key: str) -> str: ...


class Interpreter(Protocol):
    """One implementation of the States Language, with a table of its own."""

    def table(self, action: str, arguments: Json) -> Json:
        """putItem, updateItem or getItem as the service answers it, or its own kind of error."""
        ...

    def start(self, machine: str, definition: str, event: Json, execution: str) -> str:
        """Start an execution of this name; returns its ARN."""
        ...

    def ended(self, arn: str) -> Ended | None:
        """How the execution ended; None while it runs."""
        ...

    def stop(self, arn: str) -> None:
        """Abort an execution, as StopExecution does."""
        ...

    def status_event(self, arn: str, status: str) -> Json:
        """The event on the execution's having come to this status."""
        ...
