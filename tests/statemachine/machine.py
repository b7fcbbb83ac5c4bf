"""The workflow's own definitions, run in this process against fakes.

An interpreter (MiniStack's or moto's) reads the states (paths, JSONata, Retry, Catch, Map) and
keeps the table; functions, mail and the objects of S3 are fakes that a test scripts. No socket is
opened, no delay waited.
"""

import json
import re
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.statemachine.interpreter import (
    Ended,
    Function,
    Interpreter,
    Json,
    Outside,
    TaskError,
    function_error,
)
from tests.statemachine.on_ministack import on_ministack
from tests.template.expand import read

__all__ = ["Ended", "TaskError", "World", "definition", "function_error", "running"]

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
    "ExplainFailure": read()["Resources"]["Triage"]["Properties"]["DefinitionSubstitutions"][
        "ExplainFailure"
    ],
}
_END_S = 240.0
_CHANGING = {
    r"arn:aws:states:[a-z0-9-]+:\d+:execution:triage-[0-9a-f]{8}:[0-9a-f]{32}": "RUN",
    r"arn:aws:states:[a-z0-9-]+:\d+:execution:stopped-[0-9a-f]{8}:[0-9a-f]{32}": "RUN",
    r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z": "TIME",
    r"\b1[78]\d{8}\b": "SECONDS",
    r"\b(\d+)-[0-9a-f]{12}\b": r"\1-RUN",
}


def definition(name: str, substitutions: dict[str, str]) -> str:
    """statemachine/<name>.asl.json with its substitutions made, as CloudFormation makes them."""
    text = (ROOT / "statemachine" / f"{name}.asl.json").read_text("utf-8")
    for key, value in substitutions.items():
        text = text.replace(f"${{{key}}}", value)
    return text


def said(**facts: str) -> dict[str, dict[str, str]]:
    """What a mail tells of a run besides its text, for who gathers mails."""
    return {name: {"DataType": "String", "StringValue": text} for name, text in facts.items()}


@dataclass
class World:
    """What the workflow meets: functions, objects, the table and the mail."""

    functions: dict[str, Function]
    objects: dict[tuple[str, str], str]
    table: str = "runs"
    mails: list[Json] = field(default_factory=list)
    calls: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    ends: list[Ended] = field(default_factory=list)
    substitutions: dict[str, str] = field(default_factory=dict)
    edits: dict[str, str] = field(default_factory=dict)
    """text of a definition -> what stands there instead"""
    interpreter: Interpreter = field(init=False)
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
        key = {"upload_id": {"S": upload_id}}
        answer = self.interpreter.table("getItem", {"TableName": self.table, "Key": key})
        item = answer.get("Item")
        return item and {name: next(iter(value.values())) for name, value in item.items()}

    def put_row(self, **values: str | dict[str, str]) -> None:
        item = {
            name: {"S": value} if isinstance(value, str) else value
            for name, value in values.items()
        }
        self.interpreter.table("putItem", {"TableName": self.table, "Item": item})

    # -- what the interpreter calls ---------------------------------------------------------------

    def invoke(self, resource: str, arguments: Json) -> Json:
        action = resource.rpartition(":::")[2]
        match action:
            case "lambda:invoke":
                name = arguments["FunctionName"].removesuffix(":live")
                if name == "filter" and "parts" in arguments["Payload"]:
                    name = "filter_chunk"
                self._called(name, arguments["Payload"])
                return {"StatusCode": 200, "Payload": self.functions[name](arguments["Payload"])}
            case "dynamodb:putItem" | "dynamodb:updateItem":
                target = action.removeprefix("dynamodb:").removesuffix("Item")
                self._called(target, arguments)
                answer = self.interpreter.table(f"{target}Item", arguments)
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
        values = {**SUBSTITUTIONS, "TableName": self.table, **self.substitutions}
        # Edits are of the definition on one line, however the file is laid out.
        text = json.dumps(json.loads(definition(name, values)), ensure_ascii=False)
        for before, after in self.edits.items():
            assert before in text
            text = text.replace(before, after)
        machine = f"{name}-{uuid.uuid4().hex[:8]}"
        return self.interpreter.start(machine, text, event, execution or uuid.uuid4().hex)

    def wait(self, arn: str) -> Ended:
        """Wait for the execution's end."""
        deadline = time.monotonic() + _END_S
        while (ended := self.interpreter.ended(arn)) is None:
            assert time.monotonic() < deadline, f"{arn} does not end"
            time.sleep(0.005)
        self.ends.append(ended)
        return ended

    def run(self, name: str, event: Json) -> Ended:
        """Run a machine to its end."""
        return self.wait(self.start(name, event))

    def stop(self, arn: str) -> None:
        """Abort an execution, as StopExecution does."""
        self.interpreter.stop(arn)

    def status_event(self, arn: str, status: str) -> Json:
        """The event that Step Functions publishes when the execution has come to this status."""
        return self.interpreter.status_event(arn, status)

    def journal(self) -> Json:
        """How often each target was called and with what, how every run went, and the rows left.

        Times and names of runs are left out, the first state's input (the test's own), and the
        Cause of an error (its service's). Chunks race, so calls and runs have no order; how far the
        others came before one failed the Map is left open.
        """
        runs = []
        for end in self.ends:
            told = asdict(end)
            if end.error and end.error.startswith("States."):
                del told["cause"]
            told["inputs"] = [
                {**given, "error": given.get("error", {}).get("Error")} for given in end.inputs[1:]
            ]
            runs.append(told)
        calls = {
            target: {"times": len(given), "distinct": sorted(set(map(_plain, given)))}
            for target, given in self.calls.items()
            if target != "filter_chunk" or not any(map(_map_failed, self.ends))
        }
        written = [
            call.get("Key") or call["Item"] for call in (*self.calls["put"], *self.calls["update"])
        ]
        ids = sorted({item["upload_id"]["S"] for item in written})
        rows = [_plain(self.row(upload_id)) for upload_id in ids]
        return {"calls": calls, "runs": sorted(map(_plain, runs)), "rows": rows}


def _map_failed(end: Ended) -> bool:
    return ("Classify", "Explain") in zip(end.states, end.states[1:], strict=False)


def _plain(value: Json) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    for pattern, word in _CHANGING.items():
        text = re.sub(pattern, word, text)
    return text


def _raise_next(faults: list[TaskError]) -> None:
    if faults:
        raise faults.pop(0)


Running = AbstractContextManager[Interpreter]


@contextmanager
def running(world: World, on: Callable[[Outside], Running] = on_ministack) -> Iterator[World]:
    """An interpreter, with this world behind its calls."""
    with on(world) as world.interpreter:
        yield world
