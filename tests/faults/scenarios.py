"""The faults, one function each, and what has to come of them.

A scenario breaks something and returns. What then stands in the table, what was mailed and what
the audit says is read off the lab, and must be what the scenario says.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.faults.lab import GOOD, RESULTS, Lab, WorldRuns
from tests.statemachine.machine import TaskError, function_error
from winnow.errors import (
    AwsRefusedError,
    ChunkTooSlowError,
    ModelInvalidError,
    RetryableError,
    StoredDataInvalidError,
)
from winnow.models import Outcome
from winnow.ports import StartOutcome
from winnow.recovery.call import RESERVE_S
from winnow.recovery.report import SweepReport
from winnow.recovery.state import Cursor, SweepState, Walk
from winnow.recovery.upload_row import LEASE_S
from winnow.storage.paths import sweep_state
from winnow.storage.times import iso

CRASH = TaskError("Lambda.Unknown", "The Lambda function returned an invalid response.")
EXIT = TaskError(
    "Runtime.ExitError", "RequestId: 1 Error: Runtime exited with error: signal: killed"
)
NO_MEMORY = TaskError(
    "Runtime.OutOfMemory", "RequestId: 1 Error: Memory Size: 1769 MB Max Memory Used: 1769 MB"
)
TIMEOUT = TaskError("Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 900.00 seconds")
THROTTLE = TaskError("Lambda.TooManyRequestsException", "Rate Exceeded.")
TABLE_DOWN = TaskError("DynamoDB.InternalServerError", "Internal server error")
SNS_DOWN = TaskError("SNS.InternalErrorException", "Service unavailable")


@dataclass(frozen=True)
class Scenario:
    """A fault and its expected end."""

    name: str
    run: Callable[[Lab], None]
    ends: tuple[str, ...]
    """of the rows: SUCCEEDED, or a failure's code; sorted"""
    mails: int


SCENARIOS: list[Scenario] = []


def fault(name: str, *ends: str, mails: int = 1) -> Callable[[Callable[[Lab], None]], Any]:
    def add(run: Callable[[Lab], None]) -> Callable[[Lab], None]:
        SCENARIOS.append(Scenario(name, run, tuple(sorted(ends)), mails))
        return run

    return add


def raising(error: Exception) -> Callable[[Any], None]:
    def hook(_payload: Any) -> None:
        raise error

    return hook


# -- events --------------------------------------------------------------------------------------


@fault("event delivered twice, one after the other", "SUCCEEDED")
def twice(lab: Lab) -> None:
    event = lab.drop()
    lab.deliver(event)
    assert lab.deliver(event).states[-1] == "Duplicate"


@fault("event delivered five times at once", "SUCCEEDED")
def at_once(lab: Lab) -> None:
    event = lab.drop()
    runs = [lab.world.start("triage", event) for _ in range(5)]
    ends = [lab.finish(run).states[-1] for run in runs]
    assert sorted(ends) == ["Done", *["Duplicate"] * 4]


@fault("an older version's event replayed after a newer one", "SUCCEEDED", "SUCCEEDED", mails=2)
def replayed(lab: Lab) -> None:
    first = lab.drop()
    lab.deliver(first)
    lab.deliver(lab.drop(GOOD + "D,glad 0.8\n"))
    assert lab.deliver(first).states[-1] == "Duplicate"


@fault("events of two versions out of order", "SUCCEEDED", "SUCCEEDED", mails=2)
def out_of_order(lab: Lab) -> None:
    first, second = lab.drop(), lab.drop(GOOD + "D,glad 0.8\n")
    for event, records in ((second, 4), (first, 3)):
        lab.deliver(event)
        assert lab.result(event)["counts"]["records"] == records


@fault("event lost", "SUCCEEDED")
def lost(lab: Lab) -> None:
    event = lab.drop()
    assert lab.sweep().restarted == 1
    assert lab.result(event)["counts"]["records"] == 3


@fault("event lost, and delivered after the sweep has started it", "SUCCEEDED")
def late(lab: Lab) -> None:
    event = lab.drop()
    lab.sweep()
    assert lab.deliver(event).states[-1] == "Duplicate"


@fault("folder made in the console", mails=0)
def folder(lab: Lab) -> None:
    assert lab.deliver(lab.drop("", "inbox/moods/")).states[-1] == "Folder"
    assert lab.sweep() == SweepReport()


@fault("folder made by Hadoop", mails=0)
def hadoop_folder(lab: Lab) -> None:
    assert lab.deliver(lab.drop("", "inbox/moods_$folder$")).states[-1] == "Folder"
    assert lab.sweep() == SweepReport()


@fault("a result copied into inbox/ of the uploads bucket", "SUCCEEDED", "no_text_column", mails=2)
def recursion(lab: Lab) -> None:
    event = lab.drop()
    lab.deliver(event)
    before = len(lab.rows())
    result = lab.store.content(lab.layout(event).result("moods"))
    # It is taken for a file once, like any other; what comes of it lies in the other bucket.
    lab.deliver(lab.drop(result, "inbox/moods/results/result.json"))
    assert len(lab.rows()) == before + 1
    assert not [key for key in lab.store.keys("uploads") if not key.startswith("inbox/")]


# -- objects -------------------------------------------------------------------------------------


@fault("object deleted before it is read", "object_gone")
def deleted(lab: Lab) -> None:
    event = lab.drop()
    lab.store.delete(lab.dropped[0][0])
    lab.deliver(event)


@fault("object overwritten while its run reads it", "SUCCEEDED", "SUCCEEDED", mails=2)
def overwritten(lab: Lab) -> None:
    first = lab.drop()
    later: list[Any] = []
    lab.hooks["serialize"].append(lambda _: later.append(lab.drop(GOOD + "D,glad 0.8\n")))
    lab.deliver(first)
    assert lab.result(first)["counts"]["records"] == 3
    lab.deliver(later[0])
    assert lab.result(later[0])["counts"]["records"] == 4


@fault("zero bytes", "file_empty")
def empty(lab: Lab) -> None:
    lab.deliver(lab.drop(b""))


@fault("odd keys", *["SUCCEEDED"] * 8, mails=8)
def keys(lab: Lab) -> None:
    odd = ["a b+c", "100%25", "é/ü", "a//b", "quote'\"; DROP", "../up", "🙂", "x" * 900]
    for name in odd:
        lab.deliver(lab.drop(GOOD, f"inbox/moods/{name}.csv"))


@fault("a poison record among 10,000", "SUCCEEDED")
def poison(lab: Lab) -> None:
    rows = ["poison" if n == 5_000 else "glad 0.9" for n in range(10_000)]
    event = lab.drop(
        "".join(json.dumps({"text": row}) + "\n" for row in rows), "inbox/moods/a.jsonl"
    )
    lab.deliver(event)
    counts = lab.result(event)["counts"]
    assert (counts["accepted"], counts["invalid"]) == (9_999, 1)


# -- functions -----------------------------------------------------------------------------------

STEPS = {
    "serialize": "serialize",
    "classify": "classify",
    "filter_chunk": "filter, of a chunk",
    "filter": "filter",
}
for step, told in STEPS.items():
    # What Classify was judging is judged again in halves.
    ends_run = step != "classify"

    def killed(lab: Lab, step: str = step) -> None:
        lab.world.fail(step, EXIT)
        lab.deliver(lab.drop())

    def no_memory(lab: Lab, step: str = step) -> None:
        lab.world.fail(step, NO_MEMORY)
        lab.deliver(lab.drop())

    def too_late(lab: Lab, step: str = step) -> None:
        lab.world.fail(step, TIMEOUT)
        lab.deliver(lab.drop())

    def throttled(lab: Lab, step: str = step) -> None:
        lab.world.fail(step, *[THROTTLE] * 50)
        lab.deliver(lab.drop())

    def passing(lab: Lab, step: str = step) -> None:
        lab.hooks[step] += [raising(RetryableError("S3 did not answer."))] * 3
        lab.deliver(lab.drop())

    def end(code: str, ends_run: bool = ends_run) -> str:
        return code if ends_run else "SUCCEEDED"

    fault(f"{told}: worker killed", end("workflow_runtime_exit_error"))(killed)
    fault(f"{told}: out of memory", end("workflow_runtime_out_of_memory"))(no_memory)
    fault(f"{told}: time-out of the function", end("workflow_sandbox_timedout"))(too_late)
    fault(f"{told}: throttled fifty times", "SUCCEEDED")(throttled)
    fault(f"{told}: S3 does not answer three times", "SUCCEEDED")(passing)


def _deadly(lab: Lab, records: int, *places: int, error: TaskError = EXIT) -> tuple[Any, Any]:
    """A file with records that nobody outlives judging; the event, and its run's end."""
    lab.deadly = error
    rows = ["deadly 0.9" if n in places else "glad 0.9" for n in range(records)]
    event = lab.drop(
        "".join(json.dumps({"text": row}) + "\n" for row in rows), "inbox/moods/a.jsonl"
    )
    return event, lab.deliver(event)


def _only_these_are_lost(lab: Lab, event: Any, records: int, *places: int) -> None:
    invalid = lab.records(event, Outcome.INVALID)
    assert [line["record"] - 1 for line in invalid] == sorted(places)
    assert {line["code"] for line in invalid} == {"record_failed"}
    accepted = [line["record"] - 1 for line in lab.records(event, Outcome.ACCEPTED)]
    assert accepted == [n for n in range(records) if n not in places]


@fault("a record that kills the worker, among 2,500", "SUCCEEDED")
def deadly(lab: Lab) -> None:
    event, _ = _deadly(lab, 2_500, 1_234)
    _only_these_are_lost(lab, event, 2_500, 1_234)
    # Two chunks at once; of the third, one call for each size from 1,000 down to one record, one
    # for each other half, and one that skips it.
    assert len(lab.world.calls["classify"]) <= 2 + 2 * 11 + 1


@fault("five such records in one chunk: the first, the last, two neighbours", "SUCCEEDED")
def deadly_many(lab: Lab) -> None:
    places = (0, 400, 500, 501, 999)
    event, _ = _deadly(lab, 1_000, *places, error=NO_MEMORY)
    _only_these_are_lost(lab, event, 1_000, *places)


@fault("a record that nobody judges in time, the only one of its file", "SUCCEEDED")
def deadly_alone(lab: Lab) -> None:
    event, _ = _deadly(lab, 1, 0, error=TaskError("States.Timeout"))
    _only_these_are_lost(lab, event, 1, 0)
    assert len(lab.world.calls["classify"]) == 3, "tried again once, then skipped"


@fault("a chunk that its function gives up as too slow", "SUCCEEDED")
def deadly_slow(lab: Lab) -> None:
    slow = function_error("ChunkTooSlowError", str(ChunkTooSlowError("It needs 400 s.")))
    event, _ = _deadly(lab, 100, 42, error=slow)
    _only_these_are_lost(lab, event, 100, 42)


@fault("every record of a chunk kills the worker", "workflow_runtime_exit_error")
def deadly_all(lab: Lab) -> None:
    """Then no record is to blame; it ends after a hundred deaths."""
    _deadly(lab, 1_000, *range(1_000))
    assert len(lab.world.calls["classify"]) == 100


@fault("half of the records of a chunk kill the worker", "SUCCEEDED")
def deadly_half(lab: Lab) -> None:
    """What could not be found within a hundred deaths is skipped, the good among it too."""
    event, _ = _deadly(lab, 1_000, *range(500))
    invalid = [line["record"] for line in lab.records(event, Outcome.INVALID)]
    assert invalid == list(range(1, 501))
    assert lab.result(event)["counts"]["accepted"] == 500


@fault("the worker dies whatever it is asked", "workflow_runtime_exit_error")
def deadly_function(lab: Lab) -> None:
    lab.world.fail("classify", *[EXIT] * 500)
    lab.deliver(lab.drop())
    assert len(lab.world.calls["classify"]) < 10


@fault("the late Filter of a run that was stopped and redriven", "SUCCEEDED", mails=2)
def superseded(lab: Lab) -> None:
    """Whatever it still writes is not written over the later run's results."""
    event = lab.drop()
    arn: list[str] = []
    started, after = threading.Event(), {}

    def overtaken(_: Any) -> None:
        assert started.wait(10)
        lab.world.stop(arn[0])
        lab.finish(arn[0])
        again = {**event, "restart": {"attempt": 2, "supersedes": arn[0]}}
        assert lab.deliver(again).states[-1] == "Done"
        after.update(lab.result(event))

    lab.hooks["filter"].append(overtaken)
    late: list[str] = []
    work = lab.world.functions["filter"]

    def watched(payload: Any) -> Any:
        try:
            return work(payload)
        except Exception as error:
            late.append(str(getattr(error, "cause", error)))
            raise
        finally:
            ended.set()

    ended = threading.Event()
    lab.world.functions["filter"] = watched
    arn.append(lab.world.start("triage", event))
    started.set()
    until = time.monotonic() + 240
    while not late and time.monotonic() < until:
        time.sleep(0.01)
    assert ["run_superseded" in said for said in late] == [True]
    assert lab.result(event) == after
    assert after["run"]["attempt"] == 2


@fault("serialize: crash at start", "workflow_lambda_unknown")
def crash(lab: Lab) -> None:
    lab.world.fail("serialize", CRASH)
    lab.deliver(lab.drop())


@fault("model missing or altered", "model_invalid")
def model(lab: Lab) -> None:
    lab.hooks["classify"].append(raising(ModelInvalidError("tokenizer.model is altered.")))
    lab.deliver(lab.drop())


@fault("a process file is broken", "process_invalid")
def process_file(lab: Lab) -> None:
    from winnow.processes.loader import load_definition
    from winnow.processes.registry import ProcessRegistry

    lab.book = lambda: ProcessRegistry([load_definition("id: moods\nkind: labels\n", "moods.yaml")])
    lab.deliver(lab.drop())


@fault("process unknown", "process_unknown")
def unknown(lab: Lab) -> None:
    lab.deliver(lab.drop(key="inbox/nothing/a.csv"))


# -- what lies between the steps -----------------------------------------------------------------


@fault("a chunk is lost before it is classified", "stored_data_invalid")
def chunk_lost(lab: Lab) -> None:
    event = lab.drop()
    lab.hooks["classify"].append(lambda _: lab.store.delete(lab.layout(event).chunk(0)))
    lab.deliver(event)


@fault("a chunk is cut off", "stored_data_invalid")
def chunk_cut(lab: Lab) -> None:
    event = lab.drop()

    def cut(_: Any) -> None:
        chunk = lab.layout(event).chunk(0)
        lab.store.replace(chunk, lab.store.content(chunk)[:-20])

    lab.hooks["classify"].append(cut)
    lab.deliver(event)


@fault("a scored chunk is lost before it is filtered", "stored_data_invalid")
def scored_lost(lab: Lab) -> None:
    event = lab.drop()
    lab.hooks["filter_chunk"].append(lambda _: lab.store.delete(lab.layout(event).scored(0)))
    lab.deliver(event)


@fault("a scored chunk lacks its last line", "stored_data_invalid")
def scored_cut(lab: Lab) -> None:
    event = lab.drop()

    def cut(_: Any) -> None:
        scored = lab.layout(event).scored(0)
        lines = lab.store.content(scored).splitlines(keepends=True)
        lab.store.replace(scored, b"".join(lines[:-1]))

    lab.hooks["filter_chunk"].append(cut)
    lab.deliver(event)


@fault("what was filtered of a chunk is lost before the chunks are joined", "stored_data_invalid")
def filtered_lost(lab: Lab) -> None:
    event = lab.drop()

    def lose(_: Any) -> None:
        lab.store.delete(lab.layout(event).filtered(0, Outcome.ACCEPTED))

    lab.hooks["filter"].append(lose)
    lab.deliver(event)


@fault("the count of a chunk is lost before the chunks are joined", "stored_data_invalid")
def tally_lost(lab: Lab) -> None:
    event = lab.drop()
    lab.hooks["filter"].append(lambda _: lab.store.delete(lab.layout(event).tally(0)))
    lab.deliver(event)


@fault("one of three chunks fails", "stored_data_invalid")
def partial(lab: Lab) -> None:
    lab.chunk_records = 1
    lab.hooks["classify"].append(raising(StoredDataInvalidError("Chunk 0 is cut off.")))
    lab.deliver(lab.drop())


@fault("the manifest cannot be read twice", "SUCCEEDED")
def manifest(lab: Lab) -> None:
    lab.world.fail("manifest", *[TaskError("States.ItemReaderFailed", "Slow down")] * 2)
    lab.deliver(lab.drop())


# -- table ---------------------------------------------------------------------------------------


@fault("DynamoDB throttles every write ten times", "SUCCEEDED")
def table_throttled(lab: Lab) -> None:
    throttled = TaskError("DynamoDB.ThrottlingException", "Rate of requests exceeded.")
    lab.world.fail("put", *[throttled] * 10)
    lab.world.fail("update", *[throttled] * 10)
    lab.deliver(lab.drop())


@fault("DynamoDB answers are lost", "SUCCEEDED")
def answers_lost(lab: Lab) -> None:
    lost_answer = TaskError("DynamoDB.SdkClientException", "Read timed out")
    lab.world.lose_answer("put", lost_answer)
    lab.world.lose_answer("update", lost_answer)
    lab.deliver(lab.drop())


@fault("the table is down when a run claims", "workflow_dynamo_db_internal_server_error")
def table_down(lab: Lab) -> None:
    lab.world.fail("put", *[TABLE_DOWN] * 7)
    lab.deliver(lab.drop())


@fault("the table is down when a failure is recorded", "file_empty", mails=2)
def record_down(lab: Lab) -> None:
    # The run mails without a row; the failure handler then writes it, and mails again.
    lab.world.fail("update", *[TABLE_DOWN] * 7)
    lab.deliver(lab.drop(b""))


# -- mail ----------------------------------------------------------------------------------------


@fault("SNS is down for a minute", "SUCCEEDED")
def sns_slow(lab: Lab) -> None:
    lab.world.fail("mail", *[SNS_DOWN] * 4)
    lab.deliver(lab.drop())


@fault("SNS is down when success is told", "workflow_sns_internal_error_exception")
def sns_down(lab: Lab) -> None:
    lab.world.fail("mail", *[SNS_DOWN] * 7)
    lab.deliver(lab.drop())


@fault("SNS is down until the run has failed", "workflow_sns_internal_error_exception")
def sns_down_longer(lab: Lab) -> None:
    lab.world.fail("mail", *[SNS_DOWN] * 14)
    assert lab.deliver(lab.drop()).error == "workflow_unmailed"


@fault("SNS refuses the subject", "workflow_sns_invalid_parameter_exception")
def bad_subject(lab: Lab) -> None:
    lab.world.fail("mail", TaskError("SNS.InvalidParameterException", "Invalid parameter: Subject"))
    lab.deliver(lab.drop())


# -- claims --------------------------------------------------------------------------------------


def _claimed(lab: Lab, event: Any, lease_s: int) -> None:
    """A row of a run that is gone."""
    thing = event["detail"]["object"]
    lab.world.put_row(
        upload_id=lab.layout(event).definition.key.split("/")[1],
        state="RUNNING",
        run="a run that died",
        object_key=thing["key"],
        version_id=thing["version-id"],
        claimed_at="2026-11-21T09:30:01.000Z",
        lease_until={"N": str(int(time.time()) + lease_s)},
    )


@fault("the claim's holder died: its lease is over", "SUCCEEDED")
def holder_died(lab: Lab) -> None:
    event = lab.drop()
    _claimed(lab, event, lease_s=-10)
    assert lab.sweep(in_s=LEASE_S + 60).restarted == 1


@fault("the claim's holder died, and its event comes again", "SUCCEEDED")
def holder_died_event(lab: Lab) -> None:
    event = lab.drop()
    _claimed(lab, event, lease_s=-10)
    lab.deliver(event)


@fault("clocks differ by a quarter of an hour", "SUCCEEDED")
def skew(lab: Lab) -> None:
    """A run whose clock is ahead does not take over one that lives; the sweep does in its time."""
    event = lab.drop()
    _claimed(lab, event, lease_s=900)
    assert lab.deliver(event).states[-1] == "Duplicate"
    _claimed(lab, event, lease_s=-1)
    lab.deliver(event)


@fault("the sweep's clock is an hour ahead of a claim that holds", "SUCCEEDED")
def skew_of_the_sweep(lab: Lab) -> None:
    """It starts a run too early, which finds the claim held; one that comes in time takes it."""
    event = lab.drop()
    _claimed(lab, event, lease_s=1_800)
    assert lab.sweep(in_s=3_600).restarted == 1
    [early] = lab.executions.values()
    assert early.states[-1] == "Duplicate"
    assert lab.rows()[0]["state"] == "RUNNING"
    _claimed(lab, event, lease_s=-1)
    assert lab.sweep(in_s=3_600).restarted == 1


@fault("the sweep's clock is an hour ahead of an event on its way", "SUCCEEDED")
def skew_of_an_event(lab: Lab) -> None:
    event = lab.drop()
    assert lab.sweep(in_s=3_600).restarted == 1
    assert lab.deliver(event).states[-1] == "Duplicate"


@fault("the sweep's clock is an hour behind", "SUCCEEDED")
def skew_behind(lab: Lab) -> None:
    lab.drop()
    assert lab.sweep(in_s=-3_600).restarted == 0
    assert lab.sweep(in_s=1_000).restarted == 1


@fault("run stopped from outside", "workflow_aborted")
def aborted(lab: Lab) -> None:
    reached, release = threading.Event(), threading.Event()

    def hang(_: Any) -> None:
        reached.set()
        release.wait(10)

    lab.hooks["classify"].append(hang)
    run = lab.world.start("triage", lab.drop())
    assert reached.wait(10)
    lab.world.stop(run)
    release.set()
    lab.finish(run)


@fault("a failed upload is redriven", "SUCCEEDED", mails=2)
def redriven(lab: Lab) -> None:
    event = lab.drop()
    lab.world.fail("serialize", EXIT)
    failed = lab.deliver(event)
    again = {**event, "restart": {"attempt": 2, "supersedes": failed.arn}}
    assert lab.deliver(again).states[-1] == "Done"
    [row] = lab.rows()
    assert "error_code" not in row


@fault("a failed upload is erased while its redrive waits", "workflow_runtime_exit_error")
def redriven_when_erased(lab: Lab) -> None:
    event = lab.drop()
    lab.world.fail("serialize", EXIT)
    failed = lab.deliver(event)
    [row] = lab.rows()
    erased = {**row, "object_key": "erased", "erased_at": iso(time.time())}
    lab.world.put_row(**erased)
    lab.store.delete(lab.dropped.pop()[0])
    again = {**event, "restart": {"attempt": 2, "supersedes": failed.arn}}
    assert lab.deliver(again).states[-1] == "Duplicate"
    assert lab.rows() == [erased]
    report = lab.sweep()
    assert (report.restarted, report.failed) == (0, 0)


@fault("what succeeded is redriven", "SUCCEEDED")
def redriven_success(lab: Lab) -> None:
    event = lab.drop()
    first = lab.deliver(event)
    content = lab.result(event)
    again = {**event, "restart": {"attempt": 2, "supersedes": first.arn}}
    assert lab.deliver(again).states[-1] == "Duplicate"
    assert lab.result(event) == content


@fault("every run dies without a word, four sweeps long", "upload_abandoned")
def hopeless(lab: Lab) -> None:
    lab.drop()
    lab.start = lambda name, event: _dies(lab, name)  # type: ignore[method-assign]
    for _ in range(5):
        lab.sweep()


# -- the sweep -----------------------------------------------------------------------------------

DAY_S = 86_400


@fault("RetentionDays raised from 15 to 90 when the row has expired", "SUCCEEDED")
def retention_raised(lab: Lab) -> None:
    lab.deliver(lab.drop())
    lab.sweep(days=15)
    for day in (16, 20, 40, 80, 100):
        report = lab.sweep(in_s=day * DAY_S, days=90, expired=True)
        assert (report.versions, report.restarted) == (1, 0)


@fault("one upload cannot be started, thirty others can", *["SUCCEEDED"] * 31, mails=31)
def one_not_started(lab: Lab) -> None:
    for number in range(31):
        lab.drop(key=f"inbox/moods/{number:02}.csv")
    start = lab.start

    def some(name: str, event: Any) -> StartOutcome:
        if event["detail"]["object"]["key"].endswith("/00.csv"):
            raise AwsRefusedError("StartExecution was refused in Step Functions.")
        return start(name, event)

    lab.start = some  # type: ignore[method-assign]
    report = lab.sweep()
    assert (report.restarted, report.failed) == (30, 1)
    lab.start = start  # type: ignore[method-assign]
    assert lab.sweep().restarted == 1


@fault("an upload is given up and cannot be mailed", "SUCCEEDED", "upload_abandoned", mails=2)
def given_up_unmailed(lab: Lab) -> None:
    lab.drop(key="inbox/moods/a.csv")
    start, send = lab.start, lab.mailer.send
    lab.start = lambda name, _: _dies(lab, name)  # type: ignore[method-assign, assignment]
    for _ in range(3):
        lab.sweep()

    def refuse(_: Any) -> None:
        raise AwsRefusedError("Publish was refused in SNS.")

    lab.start = start  # type: ignore[method-assign]
    lab.mailer.send = refuse  # type: ignore[method-assign, assignment]
    lab.drop(key="inbox/moods/b.csv")
    report = lab.sweep()
    assert (report.restarted, report.failed) == (1, 1)
    lab.mailer.send = send  # type: ignore[method-assign]
    assert lab.sweep().abandoned == 1


@fault("5,000 folders before an upload that was lost", "SUCCEEDED")
def folders(lab: Lab) -> None:
    for number in range(5_000):
        lab.drop("", f"inbox/a/{number:04}/")
    lab.drop()
    report = lab.sweep()
    assert (report.versions, report.looked_up, report.restarted) == (1, 1, 1)


@fault("the sweep has time for one upload a call", *["SUCCEEDED"] * 5, mails=5)
def no_time(lab: Lab) -> None:
    for number in range(5):
        lab.drop(key=f"inbox/moods/{number}.csv")
    for _ in range(5):
        assert lab.sweep(seconds_left=lambda: RESERVE_S - 1).restarted == 1


@fault("the sweep's place is moved behind the last key", "SUCCEEDED")
def place_forged(lab: Lab) -> None:
    lab.drop()
    walk = Walk(after=Cursor(key="inbox/~", version_id="x"), began=time.time())
    lab.store.put(sweep_state(RESULTS), SweepState(walk=walk).model_dump_json().encode(), "")
    report = lab.sweep()
    assert (report.restarted, report.oldest_unfinished_s >= 1_000) == (1, True)


@fault("what the sweep remembers is damaged", "SUCCEEDED")
def state_damaged(lab: Lab) -> None:
    lab.drop()
    lab.store.put(sweep_state(RESULTS), b'{"walk": {"after": 7', "")
    assert lab.sweep().restarted == 1


@fault("the index of runs under way is not there yet", "SUCCEEDED")
def no_index(lab: Lab) -> None:
    event = lab.drop()
    _claimed(lab, event, lease_s=-10)

    def refuse(*_: Any) -> Any:
        raise AwsRefusedError("Query was refused (ValidationException).")

    leases = WorldRuns.leases
    WorldRuns.leases = refuse  # type: ignore[method-assign, assignment]
    try:
        report = lab.sweep(in_s=LEASE_S + 60)
    finally:
        WorldRuns.leases = leases  # type: ignore[method-assign]
    assert (report.restarted, report.failed) == (1, 1)


@fault("a row is damaged, and mended", "SUCCEEDED")
def row_damaged(lab: Lab) -> None:
    lab.deliver(lab.drop())
    [row] = lab.rows()
    lab.world.put_row(**{**row, "state": "?"})
    report = lab.sweep()
    assert (report.restarted, report.failed) == (0, 1)
    assert [one.status.value for one in lab.audit()] == ["DAMAGED"]
    lab.world.put_row(**row)


@fault("a failed upload is redriven twice at once", "SUCCEEDED", mails=2)
def redriven_twice(lab: Lab) -> None:
    event = lab.drop()
    lab.world.fail("serialize", EXIT)
    failed = lab.deliver(event)
    again = {**event, "restart": {"attempt": 2, "supersedes": failed.arn}}
    runs = [lab.world.start("triage", {**again, "start": str(n)}) for n in range(2)]
    assert sorted(lab.finish(run).states[-1] for run in runs) == ["Done", "Duplicate"]


def _dies(lab: Lab, name: str) -> Any:
    if name in lab.executions:
        return StartOutcome.ENDED
    lab.executions[name] = None  # type: ignore[assignment]
    return StartOutcome.STARTED


__all__ = ["SCENARIOS", "Scenario", "function_error"]
