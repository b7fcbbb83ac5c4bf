"""The workflow, state by state: success, retries, catches, and what is written and mailed."""

import hashlib
import json
import threading
import time
from typing import Any

import pytest

from tests.statemachine.conftest import event
from tests.statemachine.machine import TaskError, World, function_error, said
from winnow.costs.runs import STATES_OF_A_RUN
from winnow.models import FilterChunk, Mail, ScanNeeded, SerializeInput, Upload
from winnow.steps.upload import upload_id as id_of

THROTTLED = TaskError("Lambda.TooManyRequestsException", "Rate Exceeded.")
TABLE_THROTTLED = TaskError("DynamoDB.ThrottlingException", "Rate of requests exceeded.")
MAIL_THROTTLED = TaskError("SNS.ThrottledException", "Rate exceeded.")
TEMPORARY = function_error("RetryableError", "temporary: S3 did not answer.")
SUCCESS = (
    *("Identify", "IsFolder", "Claim", "Serialize", "NeedsScan", "Classify"),
    *("Filter", "Record", "Notify", "Done"),
)
FAILURE = ("Explain", "RecordFailure", "NotifyFailure", "Failed")


def up_to(state: str) -> tuple[str, ...]:
    return SUCCESS[: SUCCESS.index(state) + 1]


# -- success -------------------------------------------------------------------------------------


def test_a_good_file_goes_through_every_state(world: World, uploaded: Any, upload_id: str):
    run = world.run("triage", uploaded)
    assert run.status == "SUCCEEDED", run.cause
    assert run.states == SUCCESS
    # What a run is billed for is counted by these.
    assert run.states == STATES_OF_A_RUN
    counts = {"records": 8, "accepted": 5, "review": 2, "invalid": 1}
    assert run.output == {
        "upload_id": upload_id,
        "process": "L33774",
        "counts": counts,
        "result": {
            "bucket": "winnow-results",
            "key": f"results/L33774/{upload_id}/result.json",
            "version_id": None,
        },
    }
    assert world.mails == [
        {
            "TopicArn": "arn:aws:sns:us-east-1:000000000000:mail",
            "Subject": "Winnow L33774: 5 accepted",
            "Message": "5 accepted\n",
            "MessageAttributes": said(
                outcome="succeeded",
                upload_id=upload_id,
                process="L33774",
                accepted="5",
                review="2",
                invalid="1",
                drifted="no",
            ),
        }
    ]


def test_the_row_says_what_became_of_the_upload(world: World, uploaded: Any, upload_id: str):
    run = world.run("triage", uploaded)
    row = world.row(upload_id)
    assert row is not None
    assert row.pop("started_at") <= row.pop("claimed_at") <= row.pop("ended_at")
    kept = int(row.pop("expires")) - time.time()
    assert 89.9 < kept / 86400 < 90.1
    assert row == {
        "upload_id": upload_id,
        "state": "SUCCEEDED",
        "bucket": "winnow-uploads",
        "object_key": "inbox/91110/cases.csv",
        "version_id": uploaded["detail"]["object"]["version-id"],
        "size": str(uploaded["detail"]["object"]["size"]),
        "run": run.arn,
        "attempt": "1",
        "crashes": "0",
        "process": "L33774",
        "records": "8",
        "accepted": "5",
        "review": "2",
        "invalid": "1",
        "result_bucket": "winnow-results",
        "run_cost": "",
        "result_key": f"results/L33774/{upload_id}/result.json",
    }


def test_the_row_is_claimed_before_anything_is_read(world: World, uploaded: Any, upload_id: str):
    seen = []
    serialize = world.functions["serialize"]

    def look(payload: Any) -> Any:
        seen.append(world.row(upload_id))
        return serialize(payload)

    world.functions["serialize"] = look
    world.run("triage", uploaded)
    assert [row and row["state"] for row in seen] == ["RUNNING"]


def test_functions_get_what_their_models_ask_for(world: World, uploaded: Any, upload_id: str):
    world.run("triage", uploaded)
    given = SerializeInput.model_validate(world.calls["serialize"][0]).upload
    assert given.upload_id == upload_id
    assert given.object.version_id == uploaded["detail"]["object"]["version-id"]
    assert given.size == uploaded["detail"]["object"]["size"]
    assert sorted(task["chunk"] for task in world.calls["classify"]) == [0, 1]
    # Filter's fake validates its own payload as a Serialized.
    assert len(world.calls["filter"]) == 1


def one_at_a_time(world: World) -> None:
    """As the template writes it where the interpreter reads no MaxConcurrencyPath."""
    world.edits['"MaxConcurrencyPath": "$.map_concurrency"'] = '"MaxConcurrency": 1'


def test_no_more_chunks_run_at_once_than_may(world: World, uploaded: Any):
    one_at_a_time(world)
    running, most = [], []
    classify = world.functions["classify"]

    def count(payload: Any) -> Any:
        running.append(payload)
        most.append(len(running))
        threading.Event().wait(0.05)
        running.remove(payload)
        return classify(payload)

    world.functions["classify"] = count
    assert world.run("triage", uploaded).states == SUCCESS
    assert most == [1, 1]


# -- pages that are pictures ---------------------------------------------------------------------


SCANNED = (*SUCCESS[: SUCCESS.index("Classify")], "Scan", *SUCCESS[SUCCESS.index("Classify") :])


def scanned(world: World) -> None:
    """Serialize says that the file has pages that are pictures."""

    def needs_scan(payload: Any) -> Any:
        return ScanNeeded(upload=Upload.model_validate(payload["upload"])).model_dump()

    world.functions["serialize"] = needs_scan


def test_text_never_meets_ocr(world: World, uploaded: Any):
    assert "Scan" not in world.run("triage", uploaded).states
    assert not world.calls["scan"]


def test_pictures_are_read_by_scan(world: World, uploaded: Any, upload_id: str):
    scanned(world)
    run = world.run("triage", uploaded)
    assert run.status == "SUCCEEDED", run.cause
    assert run.states == SCANNED
    [given] = world.calls["scan"]
    assert SerializeInput.model_validate(given).upload.upload_id == upload_id
    assert given == world.calls["serialize"][0]
    row = world.row(upload_id)
    assert row is not None
    assert (row["state"], row["records"]) == ("SUCCEEDED", "8")


def test_scan_is_retried_and_caught_like_serialize(world: World, uploaded: Any, upload_id: str):
    scanned(world)
    world.fail("scan", THROTTLED, function_error("RetryableError", "temporary: No answer."))
    assert world.run("triage", uploaded).states == SCANNED
    assert len(world.calls["scan"]) == 3
    world.fail("scan", function_error("NoTextFoundError", "no_text_found: OCR finds no text."))
    uploaded["detail"]["object"]["version-id"] = "another"
    run = world.run("triage", uploaded)
    assert run.states == (*SCANNED[: SCANNED.index("Scan") + 1], *FAILURE)
    assert (run.error, run.cause) == ("no_text_found", "OCR finds no text.")
    assert "no_text_found" in world.mails[-1]["Subject"]


# -- the same event twice ------------------------------------------------------------------------


def test_a_second_delivery_ends_quietly(world: World, uploaded: Any, upload_id: str):
    world.run("triage", uploaded)
    first = world.row(upload_id)
    again = world.run("triage", uploaded)
    assert again.status == "SUCCEEDED"
    assert again.states[-1] == "Duplicate"
    assert again.output == {"upload": event("serialize")["upload"]}
    assert world.row(upload_id) == first
    assert len(world.mails) == 1
    assert len(world.calls["serialize"]) == 1


def test_a_put_whose_answer_was_lost_is_no_duplicate(world: World, uploaded: Any, upload_id: str):
    world.lose_answer("put", TaskError("DynamoDB.SdkClientException", "Read timed out"))
    run = world.run("triage", uploaded)
    assert len(world.calls["put"]) == 2
    assert run.status == "SUCCEEDED"
    assert run.states[-1] == "Done"


def test_dropping_the_file_again_is_a_new_upload(world: World, uploaded: Any):
    world.run("triage", uploaded)
    uploaded["detail"]["object"]["version-id"] = "another"
    assert world.run("triage", uploaded).states == SUCCESS


def test_the_id_is_the_one_core_computes(world: World, uploaded: Any, upload_id: str):
    detail = uploaded["detail"]["object"]
    assert upload_id == id_of("winnow-uploads", detail["key"], detail["version-id"])
    detail["key"] = "inbox/91110/Fälle & „Akten“ (1)+%20.csv"
    expected = id_of("winnow-uploads", detail["key"], detail["version-id"])
    world.run("triage", uploaded)
    assert world.row(expected)


def test_without_a_version_the_sequencer_tells_uploads_apart(world: World, uploaded: Any):
    detail = uploaded["detail"]["object"]
    uploaded_version = detail.pop("version-id")
    world.run("triage", uploaded)
    row = world.row(id_of("winnow-uploads", detail["key"], detail["sequencer"]))
    assert row is not None
    assert row["sequencer"] == detail["sequencer"]
    # The version that Serialize pinned.
    assert row["version_id"] == uploaded_version
    assert world.calls["serialize"][0]["upload"]["object"]["version_id"] is None


@pytest.mark.parametrize("key", ["inbox/91110/", "inbox/91110_$folder$", "inbox/a/b_$folder$"])
def test_what_stands_for_a_folder_is_no_upload(world: World, uploaded: Any, key: str):
    """The S3 console makes one, Hadoop's file systems the others."""
    uploaded["detail"]["object"] |= {"key": key, "size": 0}
    run = world.run("triage", uploaded)
    assert run.status == "SUCCEEDED"
    assert run.states[-1] == "Folder"
    assert not world.calls


@pytest.mark.parametrize("key", ["inbox/91110/", "inbox/91110_$folder$"])
def test_what_is_named_like_a_folder_and_holds_something_is_an_upload(
    world: World, uploaded: Any, key: str
):
    uploaded["detail"]["object"] |= {"key": key, "size": 1}
    assert "Claim" in world.run("triage", uploaded).states


@pytest.mark.parametrize("key", ["inbox/91110/a.csv", "inbox/_$folder$.csv", "inbox/x_$folder"])
def test_an_empty_file_is_an_upload(world: World, uploaded: Any, key: str):
    uploaded["detail"]["object"] |= {"key": key, "size": 0}
    assert world.run("triage", uploaded).states == SUCCESS


@pytest.mark.parametrize("with_scan", [False, True])
@pytest.mark.parametrize("pinned", ["of-the-function", None])
def test_the_version_that_was_read_is_recorded(
    world: World, uploaded: Any, with_scan: bool, pinned: str | None
):
    """Without versions on the bucket there is none, and S3 calls that "null"."""
    detail = uploaded["detail"]["object"]
    del detail["version-id"]
    target = "scan" if with_scan else "serialize"
    read = world.functions[target]
    if with_scan:
        scanned(world)

    def pin(payload: Any) -> Any:
        answer = read(payload)
        answer["upload"]["object"]["version_id"] = pinned
        return answer

    world.functions[target] = pin
    run = world.run("triage", uploaded)
    assert run.status == "SUCCEEDED", run.cause
    row = world.row(id_of("winnow-uploads", detail["key"], detail["sequencer"]))
    assert row is not None
    assert row["version_id"] == (pinned or "null")


def test_the_version_that_was_dropped_stays_recorded(world: World, uploaded: Any, upload_id: str):
    read = world.functions["serialize"]

    def another(payload: Any) -> Any:
        answer = read(payload)
        answer["upload"]["object"]["version_id"] = "of-the-function"
        return answer

    world.functions["serialize"] = another
    world.run("triage", uploaded)
    row = world.row(upload_id)
    assert row is not None
    assert row["version_id"] == uploaded["detail"]["object"]["version-id"]


@pytest.mark.parametrize("restart", [{"attempt": 2}, {"supersedes": "a run"}])
def test_what_a_restart_leaves_out_has_a_default(
    world: World, uploaded: Any, upload_id: str, restart: Any
):
    run = world.run("triage", {**uploaded, "restart": restart})
    assert run.status == "SUCCEEDED", run.cause
    row = world.row(upload_id)
    assert row is not None
    assert row["attempt"] == str(restart.get("attempt", 1))
    assert row["crashes"] == "0"


def test_a_row_says_how_many_runs_crashed_before_it(world: World, uploaded: Any, upload_id: str):
    claimed(world, upload_id, "RUNNING", lease_s=-1)
    restart = {"attempt": 7, "supersedes": "a run", "crashes": 2}
    world.run("triage", {**uploaded, "restart": restart})
    row = world.row(upload_id)
    assert row is not None
    assert (row["attempt"], row["crashes"]) == ("7", "2")


def test_a_failure_of_scan_is_told_of_the_upload(world: World, uploaded: Any, upload_id: str):
    scanned(world)
    world.fail("scan", TaskError("States.Timeout"))
    run = world.run("triage", uploaded)
    explained = run.inputs[run.states.index("Explain")]
    assert explained["upload"] == event("serialize")["upload"]
    row = world.row(upload_id)
    assert row is not None
    assert row["error_message"] == "The step Scan stopped with States.Timeout."


# -- the claim is a lease ------------------------------------------------------------------------


def claimed(world: World, upload_id: str, state: str, lease_s: int, **values: str) -> None:
    """A row that another run left."""
    until = {"N": str(int(time.time()) + lease_s)}
    world.put_row(upload_id=upload_id, state=state, run="another", lease_until=until, **values)


def test_a_live_claim_is_left_alone(world: World, uploaded: Any, upload_id: str):
    claimed(world, upload_id, "RUNNING", lease_s=60)
    run = world.run("triage", uploaded)
    assert run.states[-1] == "Duplicate"
    row = world.row(upload_id)
    assert row is not None
    assert (row["run"], row["state"]) == ("another", "RUNNING")


def test_the_claim_of_a_run_that_died_is_taken_over_clean(
    world: World, uploaded: Any, upload_id: str
):
    claimed(world, upload_id, "RUNNING", lease_s=-1, error_code="old", error_message="old")
    run = world.run("triage", uploaded)
    assert run.states == SUCCESS
    row = world.row(upload_id)
    assert row is not None
    assert (row["run"], row["state"]) == (run.arn, "SUCCEEDED")
    assert not {"error_code", "error_message", "lease_until"} & set(row)


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED"])
@pytest.mark.parametrize("restart", [{}, {"supersedes": "yet another", "attempt": 2}])
def test_an_ended_upload_is_not_claimed_by_an_event(
    world: World, uploaded: Any, upload_id: str, state: str, restart: Any
):
    claimed(world, upload_id, state, lease_s=-1)
    before = world.row(upload_id)
    run = world.run("triage", {**uploaded, "restart": restart} if restart else uploaded)
    assert run.states[-1] == "Duplicate"
    assert world.row(upload_id) == before
    assert not world.mails


def test_a_redrive_names_the_failed_run_and_starts_clean(
    world: World, uploaded: Any, upload_id: str
):
    world.fail("serialize", function_error("FileEmptyError", "file_empty: The file has 0 bytes."))
    failed = world.run("triage", uploaded)
    again = {**uploaded, "restart": {"supersedes": failed.arn, "attempt": 2}}
    run = world.run("triage", again)
    assert run.states == SUCCESS
    row = world.row(upload_id)
    assert row is not None
    assert (row["state"], row["run"], row["attempt"]) == ("SUCCEEDED", run.arn, "2")
    assert "error_code" not in row
    # The same redrive once more finds nothing that failed.
    assert world.run("triage", again).states[-1] == "Duplicate"


def test_nothing_that_succeeded_is_run_again(world: World, uploaded: Any, upload_id: str):
    first = world.run("triage", uploaded)
    again = {**uploaded, "restart": {"supersedes": first.arn, "attempt": 2}}
    assert world.run("triage", again).states[-1] == "Duplicate"
    assert len(world.calls["serialize"]) == 1


def test_of_two_redrives_one_runs(world: World, uploaded: Any):
    world.fail("serialize", function_error("FileEmptyError", "file_empty: The file has 0 bytes."))
    failed = world.run("triage", uploaded)
    again = {**uploaded, "restart": {"supersedes": failed.arn, "attempt": 2}}
    runs = [world.start("triage", again) for _ in range(2)]
    ends = sorted(world.wait(run).states[-1] for run in runs)
    assert ends == ["Done", "Duplicate"]
    assert len(world.mails) == 2


def test_a_run_that_lost_its_claim_writes_nothing(world: World, uploaded: Any, upload_id: str):
    serialize = world.functions["serialize"]

    def meanwhile(payload: Any) -> Any:
        claimed(world, upload_id, "RUNNING", lease_s=60)
        return serialize(payload)

    world.functions["serialize"] = meanwhile
    world.fail("classify", function_error("ModelInvalidError", "model_invalid: Altered."))
    run = world.run("triage", uploaded)
    assert run.states[-1] == "Duplicate"
    row = world.row(upload_id)
    assert row is not None
    assert (row["run"], row["state"]) == ("another", "RUNNING")
    assert "error_code" not in row, "not even the reason of a chunk"
    assert not world.mails


def test_a_result_recorded_twice_by_one_run_is_recorded_once(
    world: World, uploaded: Any, upload_id: str
):
    world.lose_answer("update", TaskError("DynamoDB.SdkClientException", "Read timed out"))
    run = world.run("triage", uploaded)
    assert run.states == SUCCESS
    assert len(world.mails) == 1


# -- retries -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("put", TABLE_THROTTLED),
        ("serialize", THROTTLED),
        ("serialize", function_error("RetryableError", "temporary: S3 did not answer.")),
        ("classify", THROTTLED),
        ("classify", function_error("RetryableError", "temporary: S3 did not answer.")),
        ("filter", THROTTLED),
        ("filter_chunk", THROTTLED),
        ("filter_chunk", TEMPORARY),
        ("update", TABLE_THROTTLED),
        ("put", TaskError("DynamoDB.AmazonDynamoDBException", "Rate exceeded")),
        ("mail", MAIL_THROTTLED),
        ("mail", TaskError("SNS.AmazonSNSException", "Rate exceeded")),
        ("manifest", TaskError("States.ItemReaderFailed", "Slow down")),
    ],
)
def test_a_passing_fault_is_retried(world: World, uploaded: Any, target: str, fault: TaskError):
    world.fail(target, fault, fault)
    run = world.run("triage", uploaded)
    assert run.status == "SUCCEEDED", run.cause
    assert run.states == SUCCESS
    expected = {"classify": 4, "filter_chunk": 4}.get(target, 3)
    assert len(world.calls[target]) == expected


@pytest.mark.parametrize("target", ["serialize", "classify", "filter_chunk", "filter"])
def test_a_lasting_fault_is_not_retried(world: World, uploaded: Any, target: str):
    fault = function_error("FileUnreadableError", "file_unreadable: It is damaged.")
    world.fail(target, fault, fault)
    assert world.run("triage", uploaded).status == "FAILED"
    # Both chunks are tried at once.
    assert len(world.calls[target]) == (2 if target in ("classify", "filter_chunk") else 1)


@pytest.mark.parametrize(
    ("target", "fault", "most"),
    [
        ("put", TaskError("DynamoDB.InternalServerError", ""), 7),
        ("put", TABLE_THROTTLED, 21),
        ("serialize", TEMPORARY, 9),
        ("serialize", THROTTLED, 241),
        ("filter", TEMPORARY, 9),
        ("mail", MAIL_THROTTLED, 42),
    ],
)
def test_retries_come_to_an_end(
    world: World, uploaded: Any, target: str, fault: TaskError, most: int
):
    world.fail(target, *[fault] * 500)
    run = world.run("triage", uploaded)
    assert run.status == "FAILED"
    assert len(world.calls[target]) == most


def test_a_hundred_throttled_calls_do_not_fail_a_run(world: World, uploaded: Any):
    for target in ("serialize", "classify", "filter_chunk", "filter"):
        world.fail(target, *[THROTTLED] * 100)
    assert world.run("triage", uploaded).states == SUCCESS
    assert len(world.mails) == 1


# -- a worker that dies --------------------------------------------------------------------------

DEATHS = [
    TaskError("Runtime.ExitError", "RequestId: 1 Error: Runtime exited: signal: killed"),
    function_error("Runtime.OutOfMemory", "RequestId: 1 Error: Runtime.OutOfMemory"),
    function_error("Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 300.00 seconds"),
    TaskError("Lambda.Unknown", "Process exited before completing request"),
    TaskError("States.Timeout"),
    function_error("ChunkTooSlowError", "chunk_too_slow: It would take 400 s."),
]
EXIT = DEATHS[0]


def deadly(world: World, *places: int, error: TaskError = EXIT, chunk: int = 1) -> None:
    """Nobody outlives judging these records of a chunk."""
    classify = world.functions["classify"]

    def meets_its_end(payload: Any) -> Any:
        part = payload.get("part") or {"first": 0, "records": payload["records"]}
        judged = range(part["first"], part["first"] + part["records"])
        if payload["chunk"] == chunk and not part.get("skip") and set(judged) & set(places):
            raise error
        return classify(payload)

    # The interpreter takes what a fake raises for what the service says.
    world.functions["classify"] = meets_its_end


def parts(world: World, chunk: int = 1) -> list[tuple[int, int, bool]]:
    """What the last FilterChunk of a chunk was told that it is made up of."""
    [given] = [
        FilterChunk.model_validate(one)
        for one in world.calls["filter_chunk"]
        if one["task"]["chunk"] == chunk
    ]
    return sorted((part.first, part.records, part.skip) for part in given.parts)


@pytest.mark.parametrize("error", DEATHS, ids=lambda error: error.error)
def test_what_killed_a_worker_is_found_by_halves(world: World, uploaded: Any, error: TaskError):
    deadly(world, 5, error=error)
    assert world.run("triage", uploaded).states == SUCCESS
    assert parts(world) == [(0, 4, False), (4, 1, False), (5, 1, True), (6, 2, False)]
    assert parts(world, chunk=0) == [(0, 8, False)]
    # Eight, four, two, one and the skipped one; four, two and one beside them; and the other chunk.
    assert len(world.calls["classify"]) == 5 + 3 + 1


def test_two_records_that_kill_a_worker_are_both_found(world: World, uploaded: Any):
    deadly(world, 0, 7)
    assert world.run("triage", uploaded).states == SUCCESS
    found = parts(world)
    assert [part for part in found if part[2]] == [(0, 1, True), (7, 1, True)]
    assert sum(records for _, records, _ in found) == 8


def test_all_else_is_judged_before_what_may_kill_again(world: World, uploaded: Any):
    deadly(world, 0)
    assert world.run("triage", uploaded).states == SUCCESS
    asked = [one["part"] for one in world.calls["classify"] if one["part"]]
    told = [(part["first"], part["records"], part.get("skip", False)) for part in asked]
    assert told == [
        *[(0, 4, False), (4, 4, False), (0, 2, False), (2, 2, False)],
        *[(0, 1, False), (1, 1, False), (0, 1, True)],
    ]


def test_a_worker_that_dies_once_costs_no_record(world: World, uploaded: Any):
    world.fail("classify", EXIT)
    one_at_a_time(world)
    assert world.run("triage", uploaded).states == SUCCESS
    assert parts(world, chunk=0) == [(0, 4, False), (4, 4, False)]


def one_record(world: World) -> None:
    """The manifest's chunks have one record each."""
    [(where, manifest)] = world.objects.items()
    world.objects[where] = manifest.replace('"records":8', '"records":1')


def test_a_chunk_of_one_record_is_tried_again_once(world: World, uploaded: Any):
    one_record(world)
    world.fail("classify", EXIT)
    one_at_a_time(world)
    assert world.run("triage", uploaded).states == SUCCESS
    assert parts(world, chunk=0) == [(0, 1, False)]


def test_a_chunk_of_one_record_that_kills_twice_is_skipped(world: World, uploaded: Any):
    one_record(world)
    deadly(world, 0)
    assert world.run("triage", uploaded).states == SUCCESS
    assert parts(world) == [(0, 1, True)]


def test_a_part_is_retried_like_a_chunk(world: World, uploaded: Any):
    one_at_a_time(world)
    world.fail("classify", EXIT, THROTTLED, THROTTLED, TEMPORARY)
    assert world.run("triage", uploaded).states == SUCCESS
    assert parts(world, chunk=0) == [(0, 4, False), (4, 4, False)]


def test_after_so_many_deaths_what_dies_is_skipped_whole(world: World, uploaded: Any):
    world.edits["$failures >= 100"] = "$failures >= 3"
    deadly(world, 0, 1)
    assert world.run("triage", uploaded).states == SUCCESS
    assert parts(world) == [(0, 2, True), (2, 2, False), (4, 4, False)]


def test_after_so_long_the_rest_is_skipped(world: World, uploaded: Any):
    """Here the time is over at the third death; what was not tried by then is skipped, too."""
    world.edits["$millis() + 2400000"] = "$millis() - 1"
    world.edits["$late := "] = "$late := $failures > 2 and "
    deadly(world, 0)
    assert world.run("triage", uploaded).states == SUCCESS
    assert parts(world) == [(0, 2, True), (2, 2, True), (4, 4, False)]


@pytest.mark.parametrize("records", [8, 1])
def test_a_function_that_always_dies_fails_the_run(world: World, uploaded: Any, records: int):
    """It cannot even skip a record; what it died of is told."""
    if records == 1:
        one_record(world)
    world.fail("classify", *[EXIT] * 100)
    run = world.run("triage", uploaded)
    assert run.states == (*up_to("Classify"), *FAILURE)
    assert run.error == "workflow_runtime_exit_error"
    assert run.cause == "The step Classify stopped with Runtime.ExitError."


def test_where_nothing_could_be_judged_no_record_is_to_blame(world: World, uploaded: Any):
    world.edits["$failures >= 100"] = "$failures >= 3"
    deadly(world, *range(8), error=DEATHS[-1])
    run = world.run("triage", uploaded)
    assert run.states == (*up_to("Classify"), *FAILURE)
    assert (run.error, run.cause) == ("chunk_too_slow", "It would take 400 s.")


def test_a_lasting_fault_of_a_part_fails_the_run(world: World, uploaded: Any):
    one_at_a_time(world)
    world.fail("classify", EXIT, function_error("ModelInvalidError", "model_invalid: Altered."))
    run = world.run("triage", uploaded)
    assert run.states == (*up_to("Classify"), *FAILURE)
    assert (run.error, run.cause) == ("model_invalid", "Altered.")
    assert [one["chunk"] for one in world.calls["classify"]].count(0) == 2


@pytest.mark.parametrize("target", ["serialize", "filter", "filter_chunk"])
def test_any_other_worker_that_dies_fails_the_run(world: World, uploaded: Any, target: str):
    world.fail(target, *[EXIT] * 2)
    run = world.run("triage", uploaded)
    assert run.error == "workflow_runtime_exit_error"
    step = {"filter_chunk": "Filter"}.get(target, target.capitalize())
    assert run.cause == f"The step {step} stopped with Runtime.ExitError."


def test_a_run_is_told_apart_from_any_other_of_its_upload(world: World, uploaded: Any):
    world.fail("serialize", function_error("FileEmptyError", "file_empty: The file has 0 bytes."))
    first = world.run("triage", uploaded)
    again = {**uploaded, "restart": {"supersedes": first.arn, "attempt": 2}}
    second = world.run("triage", again)
    given = [SerializeInput.model_validate(one).run for one in world.calls["serialize"]]
    for run, ref, attempt in zip((first, second), given, (1, 2), strict=True):
        assert ref is not None
        assert ref.attempt == attempt
        assert ref.id == f"{attempt}-{hashlib.sha256(run.arn.encode()).hexdigest()[:12]}"
    assert given[0].started_at <= given[1].started_at


# -- failures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "target", "fault", "code", "message"),
    [
        (
            "Claim",
            "put",
            TaskError("DynamoDB.ResourceNotFoundException", "Requested resource not found"),
            "workflow_dynamo_db_resource_not_found_exception",
            "The step Claim stopped with DynamoDB.ResourceNotFoundException.",
        ),
        (
            "Serialize",
            "serialize",
            function_error("FileEmptyError", "file_empty: The file has 0 bytes."),
            "file_empty",
            "The file has 0 bytes.",
        ),
        (
            "Serialize",
            "serialize",
            TaskError("States.Timeout"),
            "workflow_states_timeout",
            "The step Serialize stopped with States.Timeout.",
        ),
        (
            "Serialize",
            "serialize",
            function_error(
                "Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 900.00 seconds"
            ),
            "workflow_sandbox_timedout",
            "The step Serialize stopped with Sandbox.Timedout.",
        ),
        (
            "Classify",
            "classify",
            function_error("ModelInvalidError", "model_invalid: tokenizer.model is missing."),
            "model_invalid",
            "tokenizer.model is missing.",
        ),
        (
            "Classify",
            "manifest",
            TaskError("States.ResultWriterFailed", "{not json"),
            "workflow_states_result_writer_failed",
            "The step Classify stopped with States.ResultWriterFailed.",
        ),
        (
            "Filter",
            "filter",
            function_error(
                "Runtime.HandlerError", "confidence_threshold_not_met: None of 8 reached 0.9."
            ),
            "confidence_threshold_not_met",
            "None of 8 reached 0.9.",
        ),
        (
            "Notify",
            "mail",
            TaskError("SNS.AuthorizationErrorException", "<xml/>"),
            "workflow_sns_authorization_error_exception",
            "The step Notify stopped with SNS.AuthorizationErrorException.",
        ),
    ],
)
def test_any_failure_is_recorded_mailed_and_fails_the_run(
    world: World,
    uploaded: Any,
    upload_id: str,
    state: str,
    target: str,
    fault: TaskError,
    code: str,
    message: str,
):
    world.fail(target, fault)
    run = world.run("triage", uploaded)
    assert run.states == (*up_to(state), *FAILURE)
    assert (run.status, run.error, run.cause) == ("FAILED", code, message)
    row = world.row(upload_id)
    assert row is not None
    assert row["state"] == "FAILED"
    assert row["error_code"] == code
    assert row["error_message"] == message
    assert row["run"] == run.arn
    assert row["object_key"] == "inbox/91110/cases.csv"
    assert row["claimed_at"] <= row["ended_at"]
    [mail] = world.mails
    assert code in mail["Subject"]
    assert upload_id[:8] in mail["Subject"]
    for part in (code, message, upload_id, run.arn):
        assert part in mail["Message"]
    assert Mail(subject=mail["Subject"], body=mail["Message"])
    assert mail["MessageAttributes"] == said(outcome="failed", upload_id=upload_id, code=code)


def test_a_failed_row_is_kept_as_long_as_any(world: World, uploaded: Any, upload_id: str):
    serialize, claimed_at = world.functions["serialize"], []

    def look(payload: Any) -> Any:
        row = world.row(upload_id)
        assert row is not None
        claimed_at.append(row["claimed_at"])
        time.sleep(0.002)
        raise function_error("FileEmptyError", "file_empty: 0 bytes.")

    world.functions["serialize"] = look
    for lost in (False, True):
        # Where Claim could not make the row, RecordFailure does.
        if lost:
            uploaded["detail"]["object"]["version-id"] = "another"
            upload_id = id_of("winnow-uploads", "inbox/91110/cases.csv", "another")
            world.fail("put", TaskError("DynamoDB.AccessDeniedException", "no"))
            world.functions["serialize"] = serialize
        run = world.run("triage", uploaded)
        row = world.row(upload_id)
        assert row is not None
        assert lost or row["claimed_at"] == claimed_at[0] < row["ended_at"]
        assert 89.9 < (int(row.pop("expires")) - time.time()) / 86400 < 90.1
        assert row.pop("claimed_at") <= row.pop("ended_at")
        assert row.pop("error_code")
        assert row.pop("error_message")
        assert lost == (row.pop("started_at", None) is None)
        assert row == {
            "upload_id": upload_id,
            "state": "FAILED",
            "run": run.arn,
            "bucket": "winnow-uploads",
            "object_key": "inbox/91110/cases.csv",
            "size": str(uploaded["detail"]["object"]["size"]),
            "version_id": uploaded["detail"]["object"]["version-id"],
            **({} if lost else {"attempt": "1", "crashes": "0"}),
        }


@pytest.mark.parametrize("lost", [True, False])
def test_a_failed_row_without_a_version_has_its_sequencer(
    world: World, uploaded: Any, *, lost: bool
):
    detail = uploaded["detail"]["object"]
    del detail["version-id"]
    if lost:
        world.fail("put", TaskError("DynamoDB.AccessDeniedException", "no"))
    else:
        world.fail("serialize", function_error("FileEmptyError", "file_empty: 0 bytes."))
    assert world.run("triage", uploaded).status == "FAILED"
    row = world.row(id_of("winnow-uploads", detail["key"], detail["sequencer"]))
    assert row is not None
    assert (row["sequencer"], "version_id" in row) == (detail["sequencer"], False)


def test_a_failed_row_names_the_version_that_serialize_read(world: World, uploaded: Any):
    detail = uploaded["detail"]["object"]
    version = detail.pop("version-id")
    world.fail("filter", function_error("FileEmptyError", "file_empty: 0 bytes."))
    assert world.run("triage", uploaded).status == "FAILED"
    row = world.row(id_of("winnow-uploads", detail["key"], detail["sequencer"]))
    assert row is not None
    assert (row["sequencer"], row["version_id"]) == (detail["sequencer"], version)


def test_a_redrive_that_waited_while_its_upload_was_erased_claims_nothing(
    world: World, uploaded: Any, upload_id: str
):
    row = {"state": "FAILED", "run": "arn:of-the-first", "object_key": "erased", "erased_at": "x"}
    world.put_row(upload_id=upload_id, **row)
    uploaded["restart"] = {"attempt": 2, "supersedes": "arn:of-the-first"}
    run = world.run("triage", uploaded)
    assert (run.status, run.states[-1]) == ("SUCCEEDED", "Duplicate")
    assert world.row(upload_id) == {"upload_id": upload_id, **row}
    assert not world.mails


def test_a_subject_is_no_longer_than_sns_takes(world: World, uploaded: Any, upload_id: str):
    world.fail("serialize", TaskError("X" * 200))
    world.run("triage", uploaded)
    [mail] = world.mails
    assert mail["Subject"] == f"Winnow: upload {upload_id[:8]} failed: workflow_{'x' * 200}"[:99]


def test_of_two_sentences_the_first_is_the_reason(world: World, uploaded: Any, upload_id: str):
    within = {"errorMessage": "access_denied: Not this."}
    cause = {"errorMessage": "file_empty: The file has 0 bytes.", "cause": within}
    world.fail("serialize", TaskError("FileEmptyError", json.dumps(cause)))
    assert world.run("triage", uploaded).error == "file_empty"
    row = world.row(upload_id)
    assert row is not None
    assert row["error_message"] == "The file has 0 bytes."


def test_the_mail_of_a_failure_says_all_there_is_to_say(
    world: World, uploaded: Any, upload_id: str
):
    world.fail("serialize", function_error("FileEmptyError", "file_empty: The file has 0 bytes."))
    run = world.run("triage", uploaded)
    [mail] = world.mails
    assert mail["Subject"] == f"Winnow: upload {upload_id[:8]} failed: file_empty"
    assert mail["Message"].splitlines() == [
        "Winnow could not finish an upload.",
        "",
        "Error      file_empty",
        "Reason     The file has 0 bytes.",
        f"Upload     {upload_id}",
        f"Run        {run.arn}",
        "",
        f"What to do: winnow why {upload_id}",
    ]
    assert mail["Message"].endswith("\n")


@pytest.mark.parametrize(
    ("target", "process"), [("serialize", None), ("classify", "L33774"), ("filter", "L33774")]
)
def test_a_failed_row_names_the_process_where_it_was_found(
    world: World, uploaded: Any, upload_id: str, target: str, process: str | None
):
    world.fail(target, function_error("AccessDeniedError", "access_denied: A role may not read."))
    assert world.run("triage", uploaded).error == "access_denied"
    row = world.row(upload_id)
    assert row is not None
    assert (row["state"], row.get("process")) == ("FAILED", process)


def test_a_file_that_scan_refuses_has_no_process(world: World, uploaded: Any, upload_id: str):
    scanned(world)
    world.fail("scan", function_error("NoTextFoundError", "no_text_found: OCR finds no text."))
    world.run("triage", uploaded)
    row = world.row(upload_id)
    assert row is not None
    assert "process" not in row


def test_a_function_that_hangs_is_given_up(world: World, uploaded: Any, upload_id: str):
    world.edits['"TimeoutSeconds": 930'] = '"TimeoutSeconds": 1'
    release = threading.Event()
    world.functions["serialize"] = lambda _: release.wait(10)
    run = world.run("triage", uploaded)
    release.set()
    assert run.states == (*up_to("Serialize"), *FAILURE)
    assert run.error == "workflow_states_timeout"
    row = world.row(upload_id)
    assert row is not None
    assert row["error_message"] == "The step Serialize stopped with States.Timeout."


def test_record_that_fails_is_a_failure(world: World, uploaded: Any, upload_id: str):
    world.fail("update", TaskError("DynamoDB.AccessDeniedException", "no"))
    run = world.run("triage", uploaded)
    assert run.states == (*up_to("Record"), *FAILURE)
    row = world.row(upload_id)
    assert row is not None
    assert row["error_code"] == "workflow_dynamo_db_access_denied_exception"


def test_a_run_never_overwrites_another_runs_row(world: World, uploaded: Any, upload_id: str):
    world.put_row(upload_id=upload_id, state="SUCCEEDED", run="another")
    world.fail("put", TaskError("DynamoDB.AccessDeniedException", "no"))
    run = world.run("triage", uploaded)
    assert run.states[-1] == "Duplicate"
    assert run.output == {"upload": event("serialize")["upload"]}
    row = world.row(upload_id)
    assert row == {"upload_id": upload_id, "state": "SUCCEEDED", "run": "another"}
    assert not world.mails


def test_the_first_chunk_to_fail_gives_the_reason(world: World, uploaded: Any, upload_id: str):
    first = function_error("StoredDataInvalidError", "stored_data_invalid: Chunk 0 is cut off.")
    world.fail("classify", first, TaskError("States.Timeout"))
    one_at_a_time(world)
    # RecordFailure's own word for it would be the Map's, which says nothing.
    assert world.run("triage", uploaded).error == "stored_data_invalid"
    row = world.row(upload_id)
    assert row is not None
    assert row["error_code"] == "stored_data_invalid"
    assert row["error_message"] == "Chunk 0 is cut off."
    assert "stored_data_invalid" in world.mails[0]["Subject"]


def test_a_chunk_that_cannot_leave_its_reason_still_fails_the_run(world: World, uploaded: Any):
    world.fail("classify", function_error("ModelInvalidError", "model_invalid: Altered."))
    world.fail("update", TaskError("DynamoDB.AccessDeniedException", "no"))
    run = world.run("triage", uploaded)
    assert run.states == (*up_to("Classify"), *FAILURE)
    assert run.error == "workflow_states_exceed_tolerated_failure_threshold"
    assert len(world.mails) == 1


def test_without_the_table_a_failure_is_still_mailed(world: World, uploaded: Any, upload_id: str):
    world.fail("serialize", function_error("FileTypeError", "file_type: No reader knows .exe."))
    world.fail("update", TaskError("DynamoDB.AccessDeniedException", "no"))
    run = world.run("triage", uploaded)
    assert run.states == (*up_to("Serialize"), *FAILURE)
    assert (run.status, run.error) == ("FAILED", "file_type")
    assert "No reader knows .exe." in world.mails[0]["Message"]
    row = world.row(upload_id)
    assert row is not None
    assert row["state"] == "RUNNING"


def test_without_mail_a_failure_is_still_recorded(world: World, uploaded: Any, upload_id: str):
    world.fail("serialize", function_error("FileTypeError", "file_type: No reader knows .exe."))
    world.fail("mail", TaskError("SNS.NotFoundException", "no topic"))
    run = world.run("triage", uploaded)
    assert (run.status, run.error) == ("FAILED", "workflow_unmailed")
    row = world.row(upload_id)
    assert row is not None
    assert row["error_code"] == "file_type"
    # Then the failure handler mails in its place, and leaves the row alone.
    again = world.run("stopped", world.status_event(run.arn, "FAILED"))
    assert again.states == ("IdentifyStopped", "IsUnmailed", "NotifyStopped", "Recorded")
    [mail] = world.mails
    assert upload_id in mail["Message"]
    assert world.row(upload_id) == row


def test_failure_states_retry_too(world: World, uploaded: Any, upload_id: str):
    world.fail("classify", function_error("ModelInvalidError", "model_invalid: Altered."))
    world.fail("update", TABLE_THROTTLED, TABLE_THROTTLED, TABLE_THROTTLED)
    world.fail("mail", MAIL_THROTTLED, MAIL_THROTTLED)
    run = world.run("triage", uploaded)
    assert run.error == "model_invalid"
    row = world.row(upload_id)
    assert row is not None
    assert row["error_code"] == "model_invalid"
    assert len(world.mails) == 1


# -- what a cause may look like ------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        'No process "x" is known.',
        "A \\ backslash, a tab\t, a\nnew line and a / slash.",
        "Zoë’s file — 😀",
        "x" * 3000,
        "a: colon: in it",
    ],
)
def test_a_sentence_arrives_as_it_was_written(
    world: World, uploaded: Any, upload_id: str, message: str
):
    world.fail("serialize", function_error("FileTypeError", f"file_type: {message}"))
    run = world.run("triage", uploaded)
    assert run.error == "file_type"
    row = world.row(upload_id)
    assert row is not None
    assert row["error_message"] == message


@pytest.mark.parametrize(
    "cause",
    [
        "",
        "plain text",
        "{",
        '{"errorMessage": 5}',
        '{"errorMessage": "KeyError: \'Mr Smith has gout\'"}',
        '{"errorMessage": "Mr Smith: has gout"}',
        '{"errorMessage": "cut off in the mid',
        '{"errorMessage": null, "errorType": "X"}',
        json.dumps({"stackTrace": ['{"errorMessage": "file_empty: not this"}']}),
    ],
)
def test_any_other_cause_gives_a_code_and_none_of_its_words(
    world: World, uploaded: Any, cause: str
):
    world.fail("serialize", TaskError("Runtime.ExitError", cause))
    run = world.run("triage", uploaded)
    assert run.error == "workflow_runtime_exit_error"
    assert "Smith" not in json.dumps(world.mails)


def test_a_mail_names_the_file_only_where_the_stack_allows(world: World, uploaded: Any):
    world.fail("serialize", function_error("FileEmptyError", "file_empty: The file has 0 bytes."))
    world.run("triage", uploaded)
    assert "cases.csv" not in json.dumps(world.mails[0])
    world.substitutions["MailFileNames"] = "true"
    uploaded["detail"]["object"]["version-id"] = "another"
    world.fail("serialize", function_error("FileEmptyError", "file_empty: The file has 0 bytes."))
    world.run("triage", uploaded)
    assert "File       inbox/91110/cases.csv\n" in world.mails[1]["Message"]
    assert world.mails[1]["MessageAttributes"]["file"]["StringValue"] == "inbox/91110/cases.csv"
    uploaded["detail"]["object"]["version-id"] = "a good one"
    world.run("triage", uploaded)
    assert world.mails[2]["MessageAttributes"]["file"]["StringValue"] == "inbox/91110/cases.csv"


def test_the_name_of_a_file_cannot_write_into_a_mail(world: World, uploaded: Any):
    """The mail of a run that succeeds shows it in the same way (winnow.steps.notification)."""
    world.substitutions["MailFileNames"] = "true"
    uploaded["detail"]["object"]["key"] = (
        "inbox/91110/Füße 日本 \u202efdp\x7f.csv\r\nError      x\u2028y\u061c\uffff"
    )
    world.fail("serialize", function_error("FileEmptyError", "file_empty: The file has 0 bytes."))
    world.run("triage", uploaded)
    shown = "inbox/91110/Füße 日本 ?fdp?.csv??Error      x?y??"
    assert f"\nFile       {shown}\nRun        " in world.mails[0]["Message"]
    assert world.mails[0]["MessageAttributes"]["file"]["StringValue"] == shown


def test_the_longest_of_everything_is_far_from_what_a_state_may_be_given(
    world: World, uploaded: Any
):
    """262,144 bytes; beyond that a run dies and no Catch sees it."""
    uploaded["detail"]["object"]["key"] = "inbox/91110/" + "ä" * 506  # 1,024 bytes
    note = {"code": "x" * 40, "text": "x" * 500}
    serialized = {**world.functions["serialize"](None), "notes": [note] * 40}
    world.functions["serialize"] = lambda _: serialized
    world.fail("filter", function_error("Error", "a: " + "x" * 3000))
    run = world.run("triage", uploaded)
    assert run.status == "FAILED"
    given = [*run.inputs, *(call for calls in world.calls.values() for call in calls)]
    assert 20_000 < max(len(json.dumps(one).encode()) for one in given) < 262_144 / 4


def test_states_pass_references_and_counts_only(world: World, uploaded: Any):
    run = world.run("triage", uploaded)
    assert len(run.inputs) == len(SUCCESS)
    assert max(len(json.dumps(given)) for given in run.inputs) < 2_500
