"""Runs that end without their own failure path: recorded and mailed like any failure."""

import json
import re
import threading
import time
from typing import Any

import pytest

from tests.statemachine.conftest import event
from tests.statemachine.machine import TaskError, World, definition, function_error, said
from winnow.models import Mail
from winnow.steps.upload import upload_id as id_of

RUN = "arn:aws:states:us-east-1:123456789012:execution:winnow-triage:run-1"


@pytest.fixture
def stopped() -> Any:
    return event("stopped")


def claim(world: World, upload_id: str, **values: str) -> None:
    row = {"state": "RUNNING", "run": RUN, "claimed_at": "2026-11-21T09:30:01.000Z"}
    world.put_row(**{"upload_id": upload_id, **row, **values})


@pytest.mark.parametrize(
    ("status", "code", "word"),
    [
        ("TIMED_OUT", "workflow_timed_out", "longer"),
        ("ABORTED", "workflow_aborted", "stopped"),
        ("FAILED", "workflow_states_data_limit_exceeded", "States.DataLimitExceeded"),
    ],
)
def test_the_row_and_the_mail_say_how_it_ended(
    world: World, upload_id: str, stopped: Any, status: str, code: str, word: str
):
    claim(world, upload_id)
    stopped["detail"]["status"] = status
    if status == "FAILED":
        # No Catch sees this error.
        stopped["detail"] |= {"error": "States.DataLimitExceeded", "cause": "Mr Smith has gout"}
    run = world.run("stopped", stopped)
    assert run.status == "SUCCEEDED"
    assert run.states == (
        *("IdentifyStopped", "IsUnmailed", "RecordStopped", "NotifyStopped", "Recorded"),
    )
    row = world.row(upload_id)
    assert row is not None
    assert (row["state"], row["error_code"], row["run"]) == ("FAILED", code, RUN)
    assert word in row["error_message"]
    assert row["claimed_at"] == "2026-11-21T09:30:01.000Z" < row["ended_at"]
    [mail] = world.mails
    assert Mail(subject=mail["Subject"], body=mail["Message"])
    for part in (code, upload_id, RUN):
        assert part in mail["Message"]
    assert "Smith" not in json.dumps(mail)
    assert mail["MessageAttributes"] == said(outcome="failed", upload_id=upload_id, code=code)


def test_a_failure_that_could_not_be_recorded_keeps_its_reason(
    world: World, uploaded: Any, upload_id: str
):
    world.fail("serialize", function_error("FileEmptyError", "file_empty: The file has 0 bytes."))
    world.fail("update", TaskError("DynamoDB.AccessDeniedException", "no"))
    failed = world.run("triage", uploaded)
    world.run("stopped", world.status_event(failed.arn, "FAILED"))
    row = world.row(upload_id)
    assert row is not None
    assert (row["state"], row["run"]) == ("FAILED", failed.arn)
    assert (row["error_code"], row["error_message"]) == ("file_empty", "The file has 0 bytes.")


def test_a_failed_run_that_recorded_itself_is_not_mailed_again(world: World, uploaded: Any):
    world.fail("serialize", function_error("FileEmptyError", "file_empty: The file has 0 bytes."))
    failed = world.run("triage", uploaded)
    again = world.run("stopped", world.status_event(failed.arn, "FAILED"))
    assert again.states[-1] == "AlreadyRecorded"
    assert len(world.mails) == 1


@pytest.mark.parametrize("error", ["States.DataLimitExceeded", "States.Runtime"])
def test_a_run_that_died_of_what_no_catch_sees_is_recorded_and_mailed(
    world: World, uploaded: Any, upload_id: str, error: str
):
    # As on AWS, where States.ALL does not stand for these two.
    world.edits['"States.ALL"'] = '"States.BranchFailed"'
    world.fail("serialize", TaskError(error, "Mr Smith has gout"))
    died = world.run("triage", uploaded)
    world.edits.clear()
    assert (died.status, died.error) == ("FAILED", error)
    assert died.states[-1] == "Serialize"
    row = world.row(upload_id)
    assert row is not None
    assert row["state"] == "RUNNING"
    assert not world.mails
    world.run("stopped", world.status_event(died.arn, "FAILED"))
    row = world.row(upload_id)
    assert row is not None
    assert (row["state"], row["run"]) == ("FAILED", died.arn)
    assert row["error_code"].startswith("workflow_states_")
    assert "lease_until" not in row
    [mail] = world.mails
    assert row["error_code"] in mail["Subject"]
    assert "Smith" not in mail["Message"] + row["error_message"]


def test_a_chunk_that_died_of_what_no_catch_sees_fails_the_run(
    world: World, uploaded: Any, upload_id: str
):
    # Only the chunk's own Catch: the Map's sees an error of another name.
    output = '"Output": {"upload_id": '
    world.edits[f'"ErrorEquals": ["States.ALL"], {output}'] = (
        f'"ErrorEquals": ["States.BranchFailed"], {output}'
    )
    world.fail("classify", TaskError("States.DataLimitExceeded"))
    run = world.run("triage", uploaded)
    assert (run.status, run.error) == (
        "FAILED",
        "workflow_states_exceed_tolerated_failure_threshold",
    )
    row = world.row(upload_id)
    assert row is not None
    assert row["state"] == "FAILED"
    assert len(world.mails) == 1


def test_a_run_stopped_before_claim_gets_a_row(world: World, upload_id: str, stopped: Any):
    world.run("stopped", stopped)
    row = world.row(upload_id)
    assert row is not None
    assert (row["state"], row["object_key"]) == ("FAILED", "inbox/91110/cases.csv")
    assert row["claimed_at"] == row["ended_at"]


def test_a_stopped_runs_row_is_whole(world: World, upload_id: str, stopped: Any):
    world.run("stopped", stopped)
    row = world.row(upload_id)
    assert row is not None
    assert 89.9 < (int(row.pop("expires")) - time.time()) / 86400 < 90.1
    assert row.pop("claimed_at") == row.pop("ended_at")
    assert row == {
        "upload_id": upload_id,
        "state": "FAILED",
        "run": RUN,
        "bucket": "winnow-uploads",
        "object_key": "inbox/91110/cases.csv",
        "version_id": event("s3_object_created")["detail"]["object"]["version-id"],
        "size": str(event("s3_object_created")["detail"]["object"]["size"]),
        "error_code": "workflow_timed_out",
        "error_message": "The run took longer than a run may take.",
    }


@pytest.mark.parametrize(
    "row",
    [
        {"run": "another run"},
        {"run": "another run", "state": "SUCCEEDED"},
        {"run": "another run", "state": "FAILED", "error_code": "file_empty"},
        # The handler's second event of one end.
        {"state": "FAILED", "error_code": "workflow_timed_out"},
    ],
)
def test_another_runs_row_and_one_with_this_end_are_left_alone(
    world: World, upload_id: str, stopped: Any, row: dict[str, str]
):
    claim(world, upload_id, **row)
    before = world.row(upload_id)
    run = world.run("stopped", stopped)
    assert run.status == "SUCCEEDED"
    assert run.states[-1] == "AlreadyRecorded"
    assert world.row(upload_id) == before
    assert not world.mails


@pytest.mark.parametrize("status", ["TIMED_OUT", "ABORTED", "FAILED"])
@pytest.mark.parametrize("failing", [False, True])
def test_a_run_that_was_stopped_before_its_mail_is_mailed(
    world: World, uploaded: Any, upload_id: str, status: str, *, failing: bool
):
    """It has recorded its end: the results, or why there are none."""
    caught = '"ErrorEquals": ["States.ALL"], "Output": {"upload": "{% $states.input.upload %}"'
    if failing:
        world.fail("serialize", function_error("FileEmptyError", "file_empty: 0 bytes."))
        caught = '"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}"'
    mailing = '"step": "Notify"' if not failing else '"Next": "Unmailed"'
    # In the e-mail's state the run ends with what no Catch sees.
    text = json.dumps(json.loads(definition("triage", {})), ensure_ascii=False)
    [whole] = re.findall(re.escape(caught) + "[^]]*?" + re.escape(mailing), text)
    world.edits[whole] = whole.replace("States.ALL", "States.BranchFailed")
    world.fail("mail", TaskError("States.Runtime", "no"))
    died = world.run("triage", uploaded)
    world.edits.clear()
    assert died.states[-1] == ("NotifyFailure" if failing else "Notify")
    row = world.row(upload_id)
    assert row is not None
    assert (row["state"], world.mails) == ("FAILED" if failing else "SUCCEEDED", [])
    event = world.status_event(died.arn, "FAILED")
    event["detail"]["status"] = status
    for _ in range(1 if failing else 2):
        world.run("stopped", event)
    codes = {"TIMED_OUT": "timed_out", "ABORTED": "aborted", "FAILED": "states_runtime"}
    code = "file_empty" if failing else f"workflow_{codes[status]}"
    [mail] = world.mails
    assert mail["Subject"] == f"Winnow: upload {upload_id[:8]} failed: {code}"
    row = world.row(upload_id)
    assert row is not None
    assert (row["state"], row["error_code"], row["run"]) == ("FAILED", code, died.arn)
    # The results that it has are queued for people.
    assert ("result_key" in row) is not failing


def test_the_reason_of_a_chunk_is_kept(world: World, upload_id: str, stopped: Any):
    claim(world, upload_id, error_code="model_invalid", error_message="Altered.")
    run = world.run("stopped", stopped)
    [mail] = world.mails
    assert mail["Subject"] == f"Winnow: upload {upload_id[:8]} failed: model_invalid"
    assert mail["Message"].splitlines() == [
        "Winnow could not finish an upload.",
        "",
        "Error      model_invalid",
        "Reason     Altered.",
        f"Upload     {upload_id}",
        f"Run        {RUN}",
        "",
        f"What to do: winnow why {upload_id}",
    ]
    row = world.row(upload_id)
    assert row is not None
    assert (row["error_code"], row["error_message"]) == ("model_invalid", "Altered.")
    assert run.output["failure"] == {"code": "model_invalid", "message": "Altered."}


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("update", TaskError("DynamoDB.ThrottlingException", "slow down")),
        ("mail", TaskError("SNS.ThrottledException", "slow down")),
    ],
)
def test_a_passing_fault_is_retried(
    world: World, upload_id: str, stopped: Any, target: str, fault: TaskError
):
    claim(world, upload_id)
    world.fail(target, fault, fault)
    assert world.run("stopped", stopped).states[-1] == "Recorded"
    assert len(world.calls[target]) == 3


def test_without_the_table_it_is_still_mailed(world: World, upload_id: str, stopped: Any):
    claim(world, upload_id)
    world.fail("update", TaskError("DynamoDB.AccessDeniedException", "no"))
    assert world.run("stopped", stopped).states[-1] == "Recorded"
    assert "workflow_timed_out" in world.mails[0]["Subject"]


def test_what_cannot_be_mailed_fails_so_that_the_alarm_sees_it(
    world: World, upload_id: str, stopped: Any
):
    claim(world, upload_id)
    world.fail("mail", TaskError("SNS.NotFoundException", "no topic"))
    run = world.run("stopped", stopped)
    assert (run.status, run.states[-1]) == ("FAILED", "NotMailed")


def test_without_a_version_the_sequencer_counts(world: World, stopped: Any, uploaded: Any):
    detail = uploaded["detail"]["object"]
    del detail["version-id"]
    stopped["detail"]["input"] = json.dumps(uploaded)
    world.run("stopped", stopped)
    row = world.row(id_of("winnow-uploads", detail["key"], detail["sequencer"]))
    assert row is not None
    assert (row["sequencer"], "version_id" in row) == (detail["sequencer"], False)


@pytest.mark.parametrize("state", ["RUNNING", "FAILED"])
def test_what_a_row_says_of_its_file_stays(world: World, upload_id: str, stopped: Any, state: str):
    told = {"version_id": "own", "object_key": "erased", "error_code": "file_empty"}
    claim(world, upload_id, **told, state=state, error_message="0 bytes.")
    assert world.run("stopped", stopped).states[-1] == "Recorded"
    row = world.row(upload_id)
    assert row is not None
    assert (row["state"], {name: row[name] for name in told}) == ("FAILED", told)
    assert "sequencer" not in row


# MiniStack has no time limit of a run: test_gaps.py.
@pytest.mark.parametrize("interpreter", ["moto"], indirect=True)
def test_from_the_time_limit_to_the_mail(world: World, uploaded: Any, upload_id: str):
    world.edits['"TimeoutSeconds": 14400'] = '"TimeoutSeconds": 1'
    release = threading.Event()
    serialize = world.functions["serialize"]

    def hang(payload: Any) -> Any:
        release.wait(10)
        return serialize(payload)

    world.functions["serialize"] = hang
    run = world.run("triage", uploaded)
    release.set()
    assert run.status == "TIMED_OUT"
    world.edits.clear()
    world.run("stopped", world.status_event(run.arn, "TIMED_OUT"))
    row = world.row(upload_id)
    assert row is not None
    assert (row["state"], row["error_code"], row["run"]) == (
        "FAILED",
        "workflow_timed_out",
        run.arn,
    )
    assert len(world.mails) == 1


def test_from_the_abort_to_the_mail(world: World, uploaded: Any, upload_id: str):
    reached, release = threading.Event(), threading.Event()
    serialize = world.functions["serialize"]

    def hang(payload: Any) -> Any:
        reached.set()
        release.wait(10)
        return serialize(payload)

    world.functions["serialize"] = hang
    run = world.start("triage", uploaded)
    assert reached.wait(10)
    world.stop(run)
    release.set()
    assert world.wait(run).status == "ABORTED"
    world.run("stopped", world.status_event(run, "ABORTED"))
    row = world.row(upload_id)
    assert row is not None
    assert (row["state"], row["error_code"], row["run"]) == ("FAILED", "workflow_aborted", run)
    assert len(world.mails) == 1
