"""Breaking the running local stack: its workers, its functions' settings, its rules, its topic."""

import importlib
import json
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.conftest import Stack, until, winnow
from winnow.recovery.upload_row import UploadRow
from winnow.registry.files import DEFINITION
from winnow_aws.registry import RegistryTable, version_key
from winnow_local import ministack
from winnow_local.runtime import WARM

Settings = dict[str, Any]

STOPS = 5
"""Files that are dropped at most until one's run is stopped in time."""


def client(stack: Stack, service: str) -> Any:
    return stack.target.client(service)


def function(stack: Stack, name: str) -> str:
    """The full name of serialize, scan, classify, filter or sweep."""
    listed = client(stack, "lambda").list_functions()["Functions"]
    [found] = [f["FunctionName"] for f in listed if name in f["FunctionName"].lower()]
    return str(found)


@contextmanager
def altered_champion(stack: Stack, process: str) -> Iterator[None]:
    """While the block runs, the definition of a process's champion is not what was published."""
    dynamodb, table = client(stack, "dynamodb"), stack.state.outputs["ModelsTable"]
    registry = RegistryTable(dynamodb, table)
    entry = registry.entry(process)
    assert entry is not None
    key = version_key(process, entry.champion)
    before = dynamodb.get_item(TableName=table, Key=key)["Item"]
    file = registry.version(process, entry.champion).file(DEFINITION)
    assert file is not None
    put = client(stack, "s3").put_object(
        Bucket=file.object.bucket, Key=file.object.key, Body=b"altered"
    )
    text = json.dumps(before).replace(str(file.object.version_id), put["VersionId"])
    dynamodb.put_item(TableName=table, Item=json.loads(text))
    try:
        # A worker keeps what it has read: this one begins with what is there now.
        with changed(stack, "serialize", {"FRESH": process}):
            yield
    finally:
        dynamodb.put_item(TableName=table, Item=before)


@contextmanager
def changed(
    stack: Stack, name: str, variables: Mapping[str, str] | None = None, **settings: Any
) -> Iterator[str]:
    """While the block runs, its alias and new runs take a version with other settings: this."""
    functions, full = client(stack, "lambda"), function(stack, name)
    before = functions.get_function_configuration(FunctionName=full)
    given = before["Environment"]["Variables"]
    version = functions.get_alias(FunctionName=full, Name="live")["FunctionVersion"]
    kept = {key: before[key] for key in settings}
    functions.update_function_configuration(
        FunctionName=full, Environment={"Variables": {**given, **(variables or {})}}, **settings
    )
    broken = functions.publish_version(FunctionName=full)["Version"]
    assert broken != version
    functions.update_alias(FunctionName=full, Name="live", FunctionVersion=broken)
    states, machine = client(stack, "stepfunctions"), stack.state.outputs["StateMachineArn"]
    definition = states.describe_state_machine(stateMachineArn=machine)["definition"]
    named, instead = (f":function:{full}:{number}" for number in (version, broken))
    assert named in definition or name == "sweep"
    states.update_state_machine(
        stateMachineArn=machine, definition=definition.replace(f'{named}"', f'{instead}"')
    )
    try:
        yield str(broken)
    finally:
        states.update_state_machine(stateMachineArn=machine, definition=definition)
        functions.update_function_configuration(
            FunctionName=full, Environment={"Variables": given}, **kept
        )
        functions.update_alias(FunctionName=full, Name="live", FunctionVersion=version)


def workers(stack: Stack, name: str, version: str = "1") -> list[psutil.Process]:
    """The processes that execute a version of a function."""
    assert stack.state.ministack is not None
    found = []
    for process in ministack.members(stack.state.ministack):
        with suppress(psutil.Error):
            given = process.environ()
            is_its = name in given.get("AWS_LAMBDA_FUNCTION_NAME", "").lower()
            if is_its and given["AWS_LAMBDA_FUNCTION_VERSION"] == version:
                found.append(process)
    return found


@contextmanager
def killed_after(caught: list[psutil.Process]) -> Iterator[None]:
    """While the block runs, processes stand still; then they are killed, however it ends."""
    assert caught
    try:
        for process in caught:
            process.send_signal(signal.SIGSTOP)
        yield
    finally:
        for process in caught:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)


def patched(folder: Path, module: str, name: str, code: str) -> dict[str, str]:
    """Settings with which a function's processes have something else in a module of theirs.

    `code` is a function `instead(given)` from what the module has by that name.
    """
    assert hasattr(importlib.import_module(module), name), f"{module} has no {name} any more"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(
        "import os, pathlib, signal, sys, threading, time\n"
        f"{code}\n"
        "def patch():\n"
        f"    while not hasattr(sys.modules.get({module!r}), {name!r}):\n"
        "        time.sleep(0.001)\n"
        f"    module = sys.modules[{module!r}]\n"
        f"    setattr(module, {name!r}, instead(getattr(module, {name!r})))\n"
        "threading.Thread(target=patch, daemon=True).start()\n",
        "utf-8",
    )
    return {"PYTHONPATH": str(folder)}


def make_ready(stack: Stack, name: str) -> None:
    """Has the function's process started: what is caught at work after that is its handler."""
    answer = client(stack, "lambda").invoke(
        FunctionName=function(stack, name) + ":live", Payload=json.dumps(WARM)
    )
    assert "FunctionError" not in answer


class TooLateError(AssertionError):
    """A run had ended when it was to be caught in a state."""


def entered(stack: Stack, key: str, state: str) -> str:
    """Waits until the run of a key is in a state; the run."""
    states = client(stack, "stepfunctions")

    def there() -> str | None:
        row = stack.uploads.by_key(key)
        if row is None or row.run is None:
            return None
        if row.ended:
            raise TooLateError(f"the run ended before it could be caught in {state}")
        events = states.get_execution_history(executionArn=row.run, reverseOrder=True)["events"]
        names = [e["stateEnteredEventDetails"]["name"] for e in events if state_entry(e)]
        return row.run if state in names else None

    return str(until(there))


def stopped_in(stack: Stack, state: str, name: str, body: str) -> str:
    """Drops files until the run of one was stopped in a state before it ended by itself; its key.

    A machine that is busy elsewhere may see a run enter a state after it has left it.
    """
    states = client(stack, "stepfunctions")
    for number in range(STOPS):
        key = stack.put(f"{number}-{name}", body)
        with suppress(TooLateError):
            run = entered(stack, key, state)
            states.stop_execution(executionArn=run)
            if end_of_run(stack, run) == "ABORTED" and rows_of(stack, key)[0].state != "SUCCEEDED":
                return key
    pytest.fail(f"no run of {STOPS} could be stopped in {state}")


def state_entry(event: Mapping[str, Any]) -> bool:
    return "stateEnteredEventDetails" in event


def end_of_run(stack: Stack, run: str) -> str:
    """Waits for an execution's end; its status."""
    states = client(stack, "stepfunctions")

    def status() -> str | None:
        found = str(states.describe_execution(executionArn=run)["status"])
        return None if found == "RUNNING" else found

    return str(until(status))


@contextmanager
def without_rule(stack: Stack, part: str) -> Iterator[None]:
    """While the block runs, the events of a rule are lost; there has to be one."""
    events = client(stack, "events")
    [rule] = [r for r in events.list_rules()["Rules"] if part in r["Name"]]
    with probe(stack, rule["EventPattern"]) as came:
        events.disable_rule(Name=rule["Name"])
        try:
            yield
            # MiniStack looks at its rules, of which the probe is the last, after it has answered
            # the call that makes the event.
            until(came)
            time.sleep(1.0)
        finally:
            events.enable_rule(Name=rule["Name"])


@contextmanager
def probe(stack: Stack, pattern: str) -> Iterator[Callable[[], bool]]:
    """A rule that tells whether an event of a pattern has come."""
    events, sqs = client(stack, "events"), client(stack, "sqs")
    name = f"probe-{uuid.uuid4().hex}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    asked = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    events.put_rule(Name=name, EventPattern=pattern)
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": asked["Attributes"]["QueueArn"]}])
    try:
        yield lambda: "Messages" in sqs.receive_message(QueueUrl=queue)
    finally:
        events.remove_targets(Rule=name, Ids=["queue"])
        events.delete_rule(Name=name)
        sqs.delete_queue(QueueUrl=queue)


@contextmanager
def without_topic(stack: Stack) -> Iterator[None]:
    """While the block runs, there is no topic to mail to."""
    sns, arn = client(stack, "sns"), stack.state.outputs["TopicArn"]
    readers = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    sns.delete_topic(TopicArn=arn)
    try:
        yield
    finally:
        made = sns.create_topic(Name=arn.rpartition(":")[2])["TopicArn"]
        assert made == arn
        for reader in readers:
            sns.subscribe(TopicArn=arn, Protocol=reader["Protocol"], Endpoint=reader["Endpoint"])


def lease_is_over(stack: Stack, upload_id: str) -> None:
    """Stands in for five hours of waiting."""
    client(stack, "dynamodb").update_item(
        TableName=stack.target.table,
        Key={"upload_id": {"S": upload_id}},
        UpdateExpression="SET lease_until = :past",
        ConditionExpression="attribute_exists(lease_until)",
        ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
    )


def rows_of(stack: Stack, key: str) -> list[UploadRow]:
    return [row for row in stack.uploads.every() if row.object_key == key]


@dataclass
class Verdict:
    """What must come of a fault, and a line of docs/reliability-tables.md where it does."""

    stack: Stack
    request: pytest.FixtureRequest

    def __call__(self, fault: str, keys: list[str], ends: list[str], mails: int) -> None:
        """Every row of these keys, every mail about them, and the audit of the whole stack."""
        until(lambda: all(rows_of(self.stack, key) for key in keys))
        until(lambda: all(row.ended for key in keys for row in rows_of(self.stack, key)))
        rows = [row for key in keys for row in rows_of(self.stack, key)]
        came = sorted(str(row.error_code or row.state) for row in rows)
        assert came == sorted(ends), [row.error_message for row in rows]

        def told() -> int:
            return sum(len(self.stack.mails(row.upload_id, wait=False)) for row in rows)

        until(lambda: told() >= mails)
        answer = winnow("audit", "--json", "--missed-after", "0")
        found = answer.document()
        assert answer.code == 0
        assert found["clean"]
        stood = [one["standing"] for one in found["uploads"] if one["object_key"] in keys]
        assert sorted(stood) == sorted(row.state for row in rows)
        assert told() == mails
        line = {"fault": fault, "ends": sorted(ends), "mails": mails, "audit": "clean"}
        self.request.node.user_properties.append(("fault", json.dumps(line)))
