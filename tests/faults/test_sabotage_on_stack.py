"""Faults on the local stack, done and not simulated: each has one end, one mail, a clean audit."""

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import SURE, Stack, until, winnow
from tests.faults.sabotage import (
    Verdict,
    altered_champion,
    changed,
    client,
    end_of_run,
    entered,
    function,
    killed_after,
    lease_is_over,
    make_ready,
    patched,
    rows_of,
    stopped_in,
    without_rule,
    without_topic,
    workers,
)
from tests.faults.test_on_stack import sweep
from winnow_local.template import Checkout

pytestmark = [pytest.mark.stack, pytest.mark.model, pytest.mark.slow]

ROOT = Checkout.here().root
SMALL = json.dumps({"text": SURE}) + "\n"
SCAN = (ROOT / "samples" / "prior-auth-scan.pdf").read_bytes()


def lines(count: int) -> str:
    return "".join(json.dumps({"text": f"{SURE} It was day {n}."}) + "\n" for n in range(count))


# function -> the state that calls it, and a file that keeps it busy
BUSY: dict[str, tuple[str, str, str | bytes, str]] = {
    "serialize": ("Serialize", "long.jsonl", lines(60_000), "emotions"),
    "scan": ("Scan", "scan.pdf", SCAN, "L33774"),
    "classify": ("Classify", "long.jsonl", lines(3_000), "emotions"),
    # It is called for each chunk, too.
    "filter": ("Classify", "long.jsonl", lines(2_000), "emotions"),
}


@pytest.fixture
def verdict(stack: Stack, request: pytest.FixtureRequest) -> Verdict:
    return Verdict(stack, request)


# -- workers -------------------------------------------------------------------------------------


# A function is given so many seconds where it is to run out of them.
TIME_OUT_S = 15

# function -> how a run ends whose worker dies over it; of Classify's the halves are judged again
DIES = {"classify": "SUCCEEDED"}


@pytest.mark.parametrize("name", ["serialize", "scan", "classify"])
def test_a_worker_is_killed_at_work(stack: Stack, verdict: Verdict, name: str) -> None:
    state, file, body, process = BUSY[name]
    make_ready(stack, name)
    # Stopped before it has anything to do, it is killed with its work in hand.
    with killed_after(workers(stack, name)):
        key = stack.put(file, body, process)
        entered(stack, key, state)
    end = DIES.get(name, "workflow_runtime_exit_error")
    verdict(f"{name}: worker killed at work", [key], [end], 1)
    if name == "classify":
        assert [(row.records, row.invalid) for row in rows_of(stack, key)] == [(3_000, 0)]


CAUGHT = """
def instead(work):
    def caught(*given):
        pathlib.Path({seen!r}).touch()
        time.sleep(60)
    return caught
"""


@pytest.mark.parametrize(
    ("told", "work"), [("filter, of a chunk", "_Scored"), ("filter", "_Totals")]
)
def test_filter_is_killed_at_work(
    stack: Stack, verdict: Verdict, tmp_path: Path, told: str, work: str
) -> None:
    seen = tmp_path / "seen"
    caught = patched(
        tmp_path / "caught", "winnow.steps.filter", work, CAUGHT.format(seen=str(seen))
    )
    with changed(stack, "filter", caught) as version:
        make_ready(stack, "filter")
        key = stack.put("a.jsonl", SMALL)
        until(seen.exists)
        for worker in workers(stack, "filter", version):
            worker.send_signal(signal.SIGKILL)
        verdict(f"{told}: worker killed at work", [key], ["workflow_runtime_exit_error"], 1)


@pytest.mark.parametrize("name", BUSY)
def test_a_function_hangs_until_its_time_is_over(stack: Stack, verdict: Verdict, name: str) -> None:
    state, file, body, process = BUSY[name]
    # A worker that takes over has to start and judge within the time.
    with changed(stack, name, Timeout=TIME_OUT_S if name in DIES else 5) as version:
        make_ready(stack, name)
        with killed_after(until(lambda: workers(stack, name, version))):
            key = stack.put(file, body, process)
            entered(stack, key, state)
            end = DIES.get(name, "workflow_sandbox_timedout")
            verdict(f"{name}: hangs until its time-out", [key], [end], 1)
            if name == "classify":
                assert [(row.records, row.invalid) for row in rows_of(stack, key)] == [(3_000, 0)]


POISON = """
def instead(judge):
    def judge_records(judged, records, *rest):
        if any("doomsday" in record.text for record in records):
            {end}
        return judge(judged, records, *rest)
    return judge_records
"""


@pytest.mark.parametrize(
    ("told", "end", "count"),
    [
        ("kills the worker", "os.kill(os.getpid(), signal.SIGKILL)", 1_500),
        ("keeps the worker until its time-out", "time.sleep(60)", 8),
    ],
)
def test_a_record_that_its_worker_does_not_outlive_is_one_invalid_record(
    stack: Stack, verdict: Verdict, tmp_path: Path, told: str, end: str, count: int
) -> None:
    texts = [SURE] * count
    texts[count // 3] = f"{SURE} It was doomsday."
    body = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    poison = patched(tmp_path, "winnow.steps.classify", "judge_records", POISON.format(end=end))
    with changed(stack, "classify", poison, Timeout=TIME_OUT_S):
        key = stack.put("poison.jsonl", body)
        verdict(f"classify: a record {told}, among {count:,}", [key], ["SUCCEEDED"], 1)
    [row] = rows_of(stack, key)
    assert (row.records, row.invalid) == (count, 1)
    result, records = stack.result(row)
    [invalid] = [record for record in records if record.code == "record_failed"]
    assert invalid.record == invalid.line == count // 3 + 1
    assert "doomsday" not in str(invalid.reason)
    assert [record.record for record in records] == list(range(1, count + 1))
    assert result.run is not None
    assert all(found.version_id for found in result.files.values())


@pytest.mark.parametrize("name", ["serialize", "classify", "filter"])
def test_a_function_that_cannot_start(stack: Stack, verdict: Verdict, name: str) -> None:
    with changed(stack, name, Handler="nowhere.handler"):
        key = stack.put("a.jsonl", SMALL)
        verdict(f"{name}: crash at start", [key], ["workflow_runtime_unknown"], 1)


def test_the_model_is_missing(stack: Stack, verdict: Verdict, tmp_path: Path) -> None:
    with changed(stack, "classify", {"MODEL_DIR": str(tmp_path)}):
        key = stack.put("a.jsonl", SMALL)
        verdict("model missing", [key], ["model_invalid"], 1)


def test_the_model_is_altered(stack: Stack, verdict: Verdict, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(ROOT / "build" / "model", model)
    [weights] = model.glob("*int8.tflite")
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with changed(stack, "classify", {"MODEL_DIR": str(model)}):
        key = stack.put("a.jsonl", SMALL)
        verdict("model altered by one bit", [key], ["model_invalid"], 1)


def test_a_process_file_is_broken(stack: Stack, verdict: Verdict) -> None:
    with altered_champion(stack, "emotions"):
        key = stack.put("a.jsonl", SMALL)
        until(lambda: any(row.ended for row in rows_of(stack, key)))
        audited = winnow("audit", "--json").document()["registry"]
        assert [problem["process"] for problem in audited["problems"]] == ["emotions"]
    verdict("a process file is broken", [key], ["version_altered"], 1)


# -- objects -------------------------------------------------------------------------------------


def test_a_file_is_overwritten_while_its_run_reads_it(stack: Stack, verdict: Verdict) -> None:
    key = stack.put("a.jsonl", lines(10_000))
    entered(stack, key, "Serialize")
    stack.s3.put_object(Bucket=stack.target.uploads_bucket, Key=key, Body=SMALL.encode())
    until(lambda: len(rows_of(stack, key)) == 2)
    verdict("overwritten while its run reads it", [key], ["SUCCEEDED", "SUCCEEDED"], 2)
    assert sorted(row.records or 0 for row in rows_of(stack, key)) == [1, 10_000]


def test_a_file_is_deleted_before_it_is_read(stack: Stack, verdict: Verdict) -> None:
    bucket = stack.target.uploads_bucket
    with without_rule(stack, "Uploaded"):
        key = stack.put("a.jsonl", SMALL)
    [version] = stack.s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
    stack.s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
    thing = {"key": key, "size": len(SMALL), "version-id": version["VersionId"]}
    client(stack, "stepfunctions").start_execution(
        stateMachineArn=stack.state.outputs["StateMachineArn"],
        input=json.dumps({"detail": {"bucket": {"name": bucket}, "object": thing}}),
    )
    verdict("deleted before it is read", [key], ["object_gone"], 1)


def test_a_result_copied_into_the_inbox_is_one_more_upload_and_no_loop(
    stack: Stack, verdict: Verdict
) -> None:
    def outside() -> set[str]:
        pages = stack.s3.get_paginator("list_objects_v2").paginate(
            Bucket=stack.target.uploads_bucket
        )
        keys = {one["Key"] for page in pages for one in page["Contents"]}
        return {key for key in keys if not key.startswith("inbox/")}

    row = stack.run("a.jsonl", SMALL)
    there = outside()
    key = row.object_key.replace("a.jsonl", "result.json")
    stack.s3.copy_object(
        Bucket=stack.target.uploads_bucket,
        Key=key,
        CopySource={"Bucket": stack.target.results_bucket, "Key": str(row.result_key)},
    )
    stack.wait(key)
    before = len(stack.uploads.every())
    verdict("a result copied into inbox/", [key], ["no_text_column"], 1)
    assert len(stack.uploads.every()) == before
    assert outside() == there


# -- runs ----------------------------------------------------------------------------------------


def test_a_run_is_stopped_by_somebody(stack: Stack, verdict: Verdict) -> None:
    key = stopped_in(stack, "Classify", "a.jsonl", lines(3_000))
    verdict("run stopped from outside", [key], ["workflow_aborted"], 1)


def test_the_claims_holder_dies_without_a_word(stack: Stack, verdict: Verdict) -> None:
    with without_rule(stack, "Stopped"):
        key = stopped_in(stack, "Classify", "a.jsonl", lines(3_000))
    [row] = rows_of(stack, key)
    assert row.state == "RUNNING"
    run = row.run
    # While its lease holds nobody takes it over.
    assert sweep(stack, in_s=1_000).restarted == 0
    lease_is_over(stack, row.upload_id)
    assert sweep(stack, in_s=1_000).restarted == 1
    verdict("the claim's holder dies, its lease ends, the sweep", [key], ["SUCCEEDED"], 1)
    [row] = rows_of(stack, key)
    assert row.run != run


LATE = """
def instead(total):
    def waiting(run, *rest):
        while run.run.attempt == 1 and pathlib.Path({hold!r}).exists():
            time.sleep(0.05)
        return total(run, *rest)
    return waiting
"""


def test_a_late_filter_writes_nothing_over_a_redrives_results(
    stack: Stack, verdict: Verdict, tmp_path: Path
) -> None:
    hold = tmp_path / "hold"
    hold.touch()
    late = patched(tmp_path / "late", "winnow.steps.filter", "_Totals", LATE.format(hold=str(hold)))
    with changed(stack, "filter", late):
        make_ready(stack, "filter")
        key = stack.put("a.jsonl", SMALL)
        run = entered(stack, key, "Filter")
        client(stack, "stepfunctions").stop_execution(executionArn=run)
        until(lambda: rows_of(stack, key)[0].ended)
        [failed] = rows_of(stack, key)
        assert failed.error_code == "workflow_aborted"
        assert winnow("redrive", failed.upload_id, "--json").code == 0
        row = until(lambda: (row := stack.uploads.by_key(key)) and row.run != run and row)
        row = stack.wait(key)
        result, _ = stack.result(row)
        hold.unlink()
        until(lambda: "run_superseded" in logs_of(stack, "filter"))
    again, _ = stack.result(row)
    assert again == result
    assert again.run is not None
    assert again.run.attempt == 2
    verdict("filter: late, after a redrive", [key], ["SUCCEEDED"], 2)


def logs_of(stack: Stack, name: str) -> str:
    """All that a function has logged."""
    found = client(stack, "logs").get_paginator("filter_log_events")
    pages = found.paginate(logGroupName=f"/aws/lambda/{stack.target.name}-{name}")
    return "\n".join(event["message"] for page in pages for event in page["events"])


# -- clocks --------------------------------------------------------------------------------------


@pytest.fixture
def skewed(stack: Stack, tmp_path: Path) -> Iterator[Callable[[str, float], None]]:
    """Sets the clock of a function so many seconds ahead, for this test."""
    with ExitStack() as undo:

        def skew(name: str, seconds: float) -> None:
            folder = tmp_path / name
            folder.mkdir()
            (folder / "sitecustomize.py").write_text(
                "import time\n"
                "now, now_ns = time.time, time.time_ns\n"
                f"time.time = lambda: now() + {seconds}\n"
                f"time.time_ns = lambda: now_ns() + {int(seconds)} * 10**9\n",
                "utf-8",
            )
            undo.enter_context(changed(stack, name, {"PYTHONPATH": str(folder)}))

        yield skew


def call_sweep(stack: Stack) -> Any:
    answer = client(stack, "lambda").invoke(
        FunctionName=function(stack, "sweep") + ":live", Payload=b"{}"
    )
    report = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, report
    return report


def test_the_functions_clocks_are_an_hour_apart(
    stack: Stack, verdict: Verdict, skewed: Callable[[str, float], None]
) -> None:
    for name, seconds in (("serialize", 3_600), ("classify", -3_600), ("filter", 1_800)):
        skewed(name, seconds)
    key = stack.put("a.jsonl", SMALL)
    verdict("functions' clocks two hours apart", [key], ["SUCCEEDED"], 1)


def test_the_sweeps_clock_is_an_hour_ahead(
    stack: Stack, verdict: Verdict, skewed: Callable[[str, float], None]
) -> None:
    skewed("sweep", 3_600)
    running = stack.put("running.jsonl", lines(3_000))
    entered(stack, running, "Classify")
    with without_rule(stack, "Uploaded"):
        lost = stack.put("lost.jsonl", SMALL)
    assert call_sweep(stack)["restarted"] == 1
    stack.wait(lost)
    stack.wait(running)
    assert call_sweep(stack)["restarted"] == 0
    verdict("the sweep's clock an hour ahead", [running, lost], ["SUCCEEDED", "SUCCEEDED"], 2)


def test_the_sweeps_clock_is_an_hour_behind(
    stack: Stack, verdict: Verdict, skewed: Callable[[str, float], None]
) -> None:
    with without_rule(stack, "Uploaded"):
        lost = stack.put("lost.jsonl", SMALL)
    skewed("sweep", -3_600)
    # It comes late, but it comes: an hour later this sweep sees what the next one sees now.
    assert call_sweep(stack)["restarted"] == 0
    assert sweep(stack, in_s=1_000).restarted == 1
    stack.wait(lost)
    verdict("the sweep's clock an hour behind", [lost], ["SUCCEEDED"], 1)


# -- mail ----------------------------------------------------------------------------------------


def test_there_is_no_topic_and_when_there_is_one_again_a_redrive_tells(
    stack: Stack, verdict: Verdict
) -> None:
    with without_topic(stack):
        key = stack.put("a.jsonl", SMALL)
        row = stack.wait(key)
        assert end_of_run(stack, str(row.run)) == "FAILED"
        assert stack.uploads.find(row.upload_id).state == "FAILED"
        # Nobody could be told; the alarm on the failure handler watches for that.
        until(lambda: stopped_runs_failed(stack, row.upload_id))
        assert not stack.mails(row.upload_id, wait=False)
    assert winnow("redrive", row.upload_id, "--json").code == 0
    until(lambda: stack.wait(key).run != row.run)
    verdict("no topic; redriven when there is one", [key], ["SUCCEEDED"], 1)


def stopped_runs_failed(stack: Stack, upload_id: str) -> bool:
    """Whether the failure handler has failed for an upload."""
    states = client(stack, "stepfunctions")
    machine = stack.state.outputs["StateMachineArn"].replace("-triage", "-stopped")
    failed = states.list_executions(stateMachineArn=machine, statusFilter="FAILED")["executions"]
    return any(
        upload_id in json.dumps(page["events"], default=str)
        for one in failed
        for page in [states.get_execution_history(executionArn=one["executionArn"])]
    )


def test_what_was_broken_is_mended(stack: Stack) -> None:
    assert stack.run("whole.jsonl", SMALL).state == "SUCCEEDED"
    assert stack.run("whole.pdf", SCAN, "L33774").state == "SUCCEEDED"
