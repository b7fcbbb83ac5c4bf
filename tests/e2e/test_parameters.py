"""A stack with other parameters: it limits runs, gathers mails, and has a threshold of its own."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import needs_model
from winnow_cli.target import find_target
from winnow_local import mailbox
from winnow_local.stack import start_detached, stop
from winnow_local.state import STATE_DIR_VARIABLE, StateDir

from .conftest import SURE, Stack, until, winnow

pytestmark = pytest.mark.model
MOST = 2
FILES = 7


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    needs_model()
    state_dir = StateDir(tmp_path_factory.mktemp("bursts") / ".winnow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STATE_DIR_VARIABLE, str(state_dir.path))
        try:
            parameters = {
                "MaxRuns": str(MOST),
                "MailDigestMinutes": "5",
                "Threshold": "0.99",
                "SenderThreshold": "any",
            }
            state = start_detached(state_dir, lambda _: None, parameters)
            yield Stack(state, state_dir, find_target(None))
        finally:
            stop(state_dir)


def call(stack: Stack, name: str) -> Any:
    """What a schedule does, at once."""
    client = stack.target.client("lambda")
    [function] = [
        one["FunctionName"]
        for one in client.list_functions()["Functions"]
        if f"-{name}Function-" in one["FunctionName"] or one["FunctionName"].endswith(name)
    ]
    answer = client.invoke(FunctionName=function, Qualifier="live", Payload=b"{}")
    said = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, said
    return said


def waiting(stack: Stack) -> int:
    queue = stack.target.outputs["WaitingQueue"]
    found = stack.target.client("sqs").get_queue_attributes(
        QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def executions(stack: Stack) -> list[Any]:
    pages = stack.workflow.get_paginator("list_executions").paginate(
        stateMachineArn=stack.target.outputs["StateMachineArn"]
    )
    return [one for page in pages for one in page["executions"]]


def most_at_once(stack: Stack) -> int:
    """Of all executions there were, by their times; one that ends as another begins is none."""
    ends: list[tuple[float, int]] = []
    for one in executions(stack):
        ends += [(one["startDate"].timestamp(), 1), (one["stopDate"].timestamp(), -1)]
    running = most = 0
    for _, step in sorted(ends):
        running += step
        most = max(most, running)
    return most


@pytest.mark.slow
def test_files_wait_for_room_and_are_judged_once_each_and_mailed_together(stack: Stack) -> None:
    keys = [
        stack.put(f"{number}.jsonl", json.dumps({"text": SURE}) + "\n")
        for number in range(FILES - 1)
    ]
    keys.append(stack.put("empty.jsonl", b""))
    until(lambda: waiting(stack) == FILES)
    assert stack.uploads.by_key(keys[0]) is None, "nothing starts by itself"

    # What waits is not lost, for whoever asks and for the sweep.
    answer = winnow("audit", "--missed-after", "0", "--json")
    assert answer.document()["counts"].get("WAITING") == FILES
    assert answer.code == 0
    status = winnow("status")
    assert f"About {FILES} uploads wait for their run" in status.err
    told = winnow("status", "--json").document()
    assert (told["uploads"], told["waiting"]) == ([], FILES)
    call(stack, "Sweep")
    assert waiting(stack) == FILES

    started = 0
    while started < FILES:
        started += call(stack, "Dispatch")["started"]
    rows = [stack.wait(key) for key in keys]
    assert [row.state for row in rows] == ["SUCCEEDED"] * (FILES - 1) + ["FAILED"]
    assert started == FILES
    # A run tells of its end before it ends.
    until(lambda: all("stopDate" in one for one in executions(stack)))
    assert most_at_once(stack) <= MOST
    assert winnow("audit", "--json").document()["clean"] is True

    assert list(mailbox.read(stack.state_dir.mail)) == [], "mails are gathered"
    report = until(lambda: (said := call(stack, "Digest")) and said["gathered"] and said)
    assert (report["gathered"], report["sent"]) == (FILES, 1)
    [mail] = until(lambda: list(mailbox.read(stack.state_dir.mail)))
    assert mail.subject == f"Winnow: {FILES - 1} succeeded, 1 failed"
    assert "file_empty: 1 run" in mail.body
    for row in rows:
        assert row.upload_id in mail.body
    assert "inbox/" not in mail.body
    assert call(stack, "Digest") == {"gathered": 0, "sent": 0}


def test_a_redrive_waits_like_the_others(stack: Stack) -> None:
    key = stack.put("empty again.jsonl", b"")
    until(lambda: waiting(stack) == 1)
    assert call(stack, "Dispatch")["started"] == 1
    row = stack.wait(key)
    assert row.state == "FAILED"
    redriven = winnow("redrive", row.upload_id)
    assert redriven.code == 0
    assert "1 queued, starts when MaxRuns allows" in redriven.err
    assert waiting(stack) == 1
    assert call(stack, "Dispatch")["started"] == 1
    until(lambda: (again := stack.uploads.by_key(key)) and again.run != row.run and again.ended)


def test_the_stack_s_threshold_comes_before_the_process_s_and_after_the_upload_s(
    stack: Stack,
) -> None:
    line = json.dumps({"text": SURE}) + "\n"
    for metadata, expected in (({}, (0.99, "stack")), ({"threshold": "0.1"}, (0.1, "upload"))):
        key = stack.put("one.jsonl", line, metadata=metadata)
        until(lambda: call(stack, "Dispatch")["started"])
        row = stack.wait(key)
        result, _ = stack.result(row)
        assert (result.threshold, result.threshold_from) == expected
        assert row.accepted == (expected[0] < 0.99)
