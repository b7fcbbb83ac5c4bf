"""The workflow's own definitions, run in this process by MiniStack's interpreter against fakes.

MiniStack interprets the states (paths, JSONata, Retry, Catch, Map) and keeps the table; functions,
mail and the objects of S3 are fakes that a test scripts. No socket is opened, no delay waited.
The interpreter's private functions are used, of the version that requirements/dev.txt pins.
"""

import json
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from ministack.services import dynamodb, eventbridge, stepfunctions

ROOT = Path(__file__).resolve().parents[2]
SUBSTITUTIONS = {
    "Partition": "aws",
    "TopicArn": "arn:aws:sns:us-east-1:000000000000:mail",
    "SerializeFunction": "serialize:live",
    "ScanFunction": "scan:live",
    "ClassifyFunction": "classify:live",
    "FilterFunction": "filter:live",
    "RetentionDays": "90",
    "MailFileNames": "false",
    "MapConcurrency": "3",
    "MapConcurrencyField": "MaxConcurrencyPath",
    "MapConcurrencyValue": "$.map_concurrency",
}
_END_S = 20.0

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


def definition(name: str, substitutions: dict[str, str]) -> str:
    """statemachine/<name>.asl.json with its substitutions made, as CloudFormation makes them."""
    text = (ROOT / "statemachine" / f"{name}.asl.json").read_text("utf-8")
    for key, value in substitutions.items():
        text = text.replace(f"${{{key}}}", value)
    return text


@dataclass(frozen=True)
class Ended:
    """How an execution ended."""

    arn: str
    status: str
    output: Json
    error: str | None
    cause: str | None
    states: tuple[str, ...]


@dataclass
class World:
    """What the workflow meets: functions, objects, the table and the mail."""

    functions: dict[str, Function]
    objects: dict[tuple[str, str], str]
    table: str = field(default_factory=lambda: f"runs-{uuid.uuid4().hex[:8]}")
    mails: list[dict[str, str]] = field(default_factory=list)
    calls: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    events: list[Json] = field(default_factory=list)
    substitutions: dict[str, str] = field(default_factory=dict)
    _faults: dict[str, list[TaskError]] = field(default_factory=lambda: defaultdict(list))
    _lost: dict[str, list[TaskError]] = field(default_factory=lambda: defaultdict(list))

    def fail(self, target: str, *errors: TaskError) -> None:
        """The next calls of `target` raise these errors, one a call.

        `target` is a function's name, `put`, `update`, `mail` or `manifest`.
        """
        self._faults[target].extend(errors)

    def lose_answer(self, target: str, error: TaskError) -> None:
        """The next call of `target` does its work and raises all the same."""
        self._lost[target].append(error)

    def row(self, upload_id: str) -> dict[str, str] | None:
        """A row of the table, types stripped."""
        _, _, body = dynamodb._get_item(
            {"TableName": self.table, "Key": {"upload_id": {"S": upload_id}}}
        )
        item = json.loads(body).get("Item")
        return item and {name: next(iter(value.values())) for name, value in item.items()}

    def put_row(self, **values: str | dict[str, str]) -> None:
        item = {
            name: {"S": value} if isinstance(value, str) else value
            for name, value in values.items()
        }
        dynamodb._put_item({"TableName": self.table, "Item": item})

    # -- what the interpreter calls ---------------------------------------------------------------

    def invoke(self, resource: str, arguments: Json) -> Json:
        action = resource.rpartition(":::")[2]
        match action:
            case "lambda:invoke":
                name = arguments["FunctionName"].removesuffix(":live")
                self._called(name, arguments["Payload"])
                return {"StatusCode": 200, "Payload": self.functions[name](arguments["Payload"])}
            case "dynamodb:putItem" | "dynamodb:updateItem":
                target = action.removeprefix("dynamodb:").removesuffix("Item")
                self._called(target, arguments)
                answer = stepfunctions._invoke_dynamodb(f"{target}Item", arguments)
                _raise_next(self._lost[target])
                return answer
            case "sns:publish":
                self._called("mail", arguments)
                self.mails.append(arguments)
                return {"MessageId": str(len(self.mails))}
        raise AssertionError(f"The workflow called {resource}, which no test expects.")

    def object_text(self, bucket: str, key: str) -> str:
        self._called("manifest", (bucket, key))
        return self.objects[bucket, key]

    def _called(self, target: str, arguments: Json) -> None:
        self.calls[target].append(arguments)
        _raise_next(self._faults[target])

    # -- running ----------------------------------------------------------------------------------

    def start(self, name: str, event: Json, *, execution: str | None = None) -> str:
        """Start an execution; returns its ARN."""
        machine = f"{name}-{uuid.uuid4().hex[:8]}"
        values = {**SUBSTITUTIONS, "TableName": self.table, **self.substitutions}
        status, _, body = stepfunctions._create_state_machine(
            {
                "name": machine,
                "definition": definition(name, values),
                "roleArn": "arn:aws:iam::000000000000:role/workflow",
            }
        )
        assert status == 200, body
        _, _, body = stepfunctions._start_execution(
            {
                "stateMachineArn": json.loads(body)["stateMachineArn"],
                "input": json.dumps(event),
                **({"name": execution} if execution else {}),
            }
        )
        arn: str = json.loads(body)["executionArn"]
        return arn

    def wait(self, arn: str) -> Ended:
        """Wait for the execution's end."""
        deadline = time.monotonic() + _END_S
        execution = stepfunctions._executions[arn]
        while execution["status"] == "RUNNING":
            assert time.monotonic() < deadline, f"{arn} does not end"
            time.sleep(0.005)
        return Ended(
            arn=arn,
            status=execution["status"],
            output=json.loads(execution["output"] or "null"),
            error=execution.get("error"),
            cause=execution.get("cause"),
            states=tuple(
                event["stateEnteredEventDetails"]["name"]
                for event in execution["events"]
                if "stateEnteredEventDetails" in event
            ),
        )

    def run(self, name: str, event: Json) -> Ended:
        """Run a machine to its end."""
        return self.wait(self.start(name, event))

    def stop(self, arn: str) -> None:
        """Abort an execution, as StopExecution does."""
        status, _, body = stepfunctions._stop_execution({"executionArn": arn})
        assert status == 200, body

    def status_event(self, arn: str, status: str) -> Json:
        """The event that Step Functions published when the execution came to this status."""
        return next(
            event
            for event in self.events
            if event["detail"]["executionArn"] == arn and event["detail"]["status"] == status
        )

    def _published(self, data: Json, **_: Json) -> None:
        self.events.extend(
            {
                "source": entry["Source"],
                "detail-type": entry["DetailType"],
                "detail": json.loads(entry["Detail"]),
            }
            for entry in data["Entries"]
        )


def _raise_next(faults: list[TaskError]) -> None:
    if faults:
        fault = faults.pop(0)
        raise stepfunctions._ExecutionError(fault.error, fault.cause)


@contextmanager
def running(world: World) -> Iterator[World]:
    """The interpreter, with this world behind its calls and no waiting between retries."""
    status, _, body = dynamodb._create_table(
        {
            "TableName": world.table,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "upload_id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "upload_id", "KeyType": "HASH"}],
        }
    )
    assert status == 200, body
    with (
        mock.patch.object(stepfunctions, "_SFN_WAIT_SCALE", 0),
        mock.patch.object(stepfunctions, "_invoke_resource", world.invoke),
        mock.patch.object(stepfunctions, "_s3_object_text", world.object_text),
        mock.patch.object(eventbridge, "_put_events", world._published),
    ):
        yield world
