"""Functions on the local stack: errors by name, retries, start-up, how many run at once."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from winnow.errors import StackFailedError
from winnow_local import ministack
from winnow_local.deploy import client_config, deploy, session, warm
from winnow_local.stack import function_environment
from winnow_local.state import StateDir
from winnow_local.template import Checkout

from .conftest import SURE, Stack, until

pytestmark = pytest.mark.model

TAIL = """
import pathlib
from winnow.errors import RetryableError

_real = handler
_calls = pathlib.Path({calls!r})


def handler(event, context):
    with _calls.open("a") as calls:
        calls.write(context.function_name + "\\n")
    if len(_calls.read_text().splitlines()) == 1:
        raise RetryableError("S3 does not answer.")
    return _real(event, context)
"""

Deployed = tuple[str, dict[str, str]]


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Callable[[str], Deployed]]:
    """Deploys the checkout with something added to Filter; answers endpoint and outputs."""
    state_dir = StateDir(tmp_path / ".winnow")
    state_dir.path.mkdir()
    started: list[ministack.MiniStack] = []

    def start(added_to_filter: str) -> Deployed:
        root = Checkout.here().root
        copy = tmp_path / "checkout"
        shutil.copytree(root / "functions", copy / "functions")
        for name in ("infra", "layers", "statemachine", "template.yaml"):
            (copy / name).symlink_to(root / name)
        app = copy / "functions" / "filter" / "app.py"
        app.write_text(app.read_text("utf-8") + added_to_filter, "utf-8")
        stack = ministack.spawn(state_dir)
        started.append(stack)
        ministack.wait_until_healthy(stack, state_dir, threading.Event())
        environment = function_environment(Checkout.here())
        return stack.endpoint, deploy(stack.endpoint, Checkout(copy), environment)

    yield start
    for stack in started:
        ministack.end(stack.id)


def client(endpoint: str, service: str) -> Any:
    return session().client(service, endpoint_url=endpoint, config=client_config())  # type: ignore[call-overload]


def test_what_may_succeed_later_is_tried_again_as_in_aws(
    deployed: Callable[[str], Deployed], tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    endpoint, outputs = deployed(TAIL.format(calls=str(calls)))
    client(endpoint, "s3").put_object(
        Bucket=outputs["UploadsBucket"],
        Key="inbox/emotions/one.jsonl",
        Body=json.dumps({"text": SURE}),
    )

    def rows() -> list[dict[str, Any]]:
        found = client(endpoint, "dynamodb").scan(TableName=outputs["Table"])["Items"]
        return [row for row in found if row.get("state", {}).get("S") not in (None, "RUNNING")]

    [row] = until(rows)
    assert row["state"]["S"] == "SUCCEEDED"
    names = calls.read_text().splitlines()
    # FilterChunk and Filter are calls of the one function.
    assert len(names) == 3, "one call that failed, and two that did not"
    assert all("FilterFunction" in name for name in names)


def test_a_function_that_cannot_be_imported_is_told_when_the_stack_starts(
    deployed: Callable[[str], Deployed],
) -> None:
    endpoint, _ = deployed("\nimport no_such_package\n")
    with pytest.raises(StackFailedError) as failed:
        warm(endpoint)
    assert "FilterFunction" in failed.value.message
    assert "no_such_package" in failed.value.message


def test_an_error_has_the_name_it_was_raised_by(stack: Stack) -> None:
    functions = stack.target.client("lambda")
    [name] = [
        function["FunctionName"]
        for function in functions.list_functions()["Functions"]
        if "SerializeFunction" in function["FunctionName"]
    ]
    answer = functions.invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
    assert answer["FunctionError"] == "Unhandled"
    problem = json.loads(answer["Payload"].read())
    assert problem["errorType"] == "EventInvalidError"
    assert problem["errorMessage"].startswith("event_invalid: ")


def test_every_function_has_a_process_before_the_first_file(stack: Stack) -> None:
    assert stack.state.ministack is not None
    functions = stack.target.client("lambda").list_functions()["Functions"]
    assert len(ministack.members(stack.state.ministack)) >= 1 + len(functions) > 3


def test_many_files_at_once_wait_for_each_other(stack: Stack) -> None:
    """However many files: no more processes of a function than there are places, and all end."""
    assert stack.state.ministack is not None
    functions = len(stack.target.client("lambda").list_functions()["Functions"])
    most = 1 + functions * ministack.places()
    body = json.dumps({"text": SURE}) + "\n"
    keys = [stack.put(f"{number}.jsonl", body) for number in range(10 * ministack.places())]
    seen = 0
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        # A function's process is a child; what it starts itself for a moment is not counted.
        children = psutil.Process(stack.state.ministack.pid).children()
        seen = max(seen, 1 + len(children))
        if all((row := stack.uploads.by_key(key)) and row.ended for key in keys):
            break
    rows = [stack.wait(key) for key in keys]
    assert {row.state for row in rows} == {"SUCCEEDED"}
    assert seen <= most, f"{seen} processes for {len(keys)} files"
