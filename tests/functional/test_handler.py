"""The Lambda handler: what comes out when something goes wrong, and what never does."""

import io
import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pydantic import BaseModel

from tests.conftest import ROOT
from tests.scripts import load
from winnow.errors import (
    EventInvalidError,
    FileEmptyError,
    InternalError,
    SettingsError,
    WinnowError,
)
from winnow.models import ChunkTask, Classified, ObjectRef, StepUnits
from winnow.steps.dispatch import DispatchReport
from winnow_aws import sent_requests
from winnow_aws.handler import LOG_BYTES, handler, logger, seconds_left, used
from winnow_aws.read_settings import SerializeSettings
from winnow_aws.settings import ClassifySettings, FilterSettings
from winnow_aws.usage import Meter

SECRET = "Mrs Example has melena"


class Event(BaseModel):
    number: int


@handler(Event, lambda event: {"number": event.number})
def halve(event: Event) -> Event:
    if event.number == 13:
        raise FileEmptyError("The file has 0 bytes.")
    if event.number % 2:
        raise ValueError(SECRET)
    return Event(number=event.number // 2)


def test_a_good_call_is_parsed_and_dumped():
    assert halve({"number": 8}, None) == {"number": 4}


@dataclass
class Context:
    """What Lambda passes beside the event."""

    left_s: float

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left_s * 1_000)


def emitted(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "_aws" in line]


CALLED = SimpleNamespace(function_name="stack-Halve-1", memory_limit_in_mb="512")


@pytest.mark.parametrize(
    ("number", "code"), [(8, ""), (13, "file_empty"), (3, "internal"), ("x", "event_invalid")]
)
def test_every_call_says_what_it_used_and_how_it_ended(
    number: object, code: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "halve")
    monkeypatch.delenv("STACK_NAME", raising=False)
    with suppress(WinnowError):
        halve({"number": number}, CALLED)
    [line] = emitted(capsys)
    [metrics] = line["_aws"]["CloudWatchMetrics"]
    assert metrics["Dimensions"] == [["FunctionName"]]
    assert line["FunctionName"] == "stack-Halve-1"
    assert (line["function"], line["code"], line["limit_mb"]) == ("halve", code, 512)
    [memory] = line["ResidentMemory"]
    assert 10 < memory < 20_000  # megabytes, on every system
    assert line["CpuTime"][0] >= 0 <= line["milliseconds"]


def test_only_a_defect_is_counted_as_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STACK_NAME", "mine")
    for number in (8, 13, 3):
        with suppress(WinnowError):
            halve({"number": number}, None)
    [line] = emitted(capsys)
    assert (line["stack"], line["Defects"]) == ("mine", [1])


def test_processor_time_is_that_of_the_call_and_of_what_it_started():
    meter = Meter()
    program = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert meter.read().cpu_s >= 0.2
    assert Meter().read().cpu_s < 0.2


@handler(Event, lambda _: {})
def remaining(event: Event) -> Event:
    return Event(number=int(min(seconds_left(), event.number)))


def test_what_is_left_of_a_call_is_lambda_s_and_without_one_there_is_no_end():
    assert remaining({"number": 1_000}, Context(42)) == {"number": 42}
    assert remaining({"number": 1_000}, None) == {"number": 1_000}


@pytest.mark.parametrize(("loading_s", "left"), [(0, 280), (12, 268), (290, 0)])
def test_what_a_cold_start_takes_is_no_time_to_judge_in(monkeypatch, loading_s, left):
    classifier = app("classify")
    context, given = Context(300), []

    def texts():
        context.left_s -= loading_s
        return SimpleNamespace(info=None)

    def classify(task, *_, seconds, **__):
        given.append(seconds)
        return Classified(chunk=task.chunk, records=task.records)

    settings = SimpleNamespace(budget=None)
    monkeypatch.setattr(classifier, "build", lambda: (None, settings))
    monkeypatch.setattr(classifier, "texts", texts)
    monkeypatch.setattr(classifier, "classify", classify)
    ref = ObjectRef(bucket="results", key="runs/x")
    task = ChunkTask(upload_id="0" * 32, chunk=0, records=1, definition=ref, source=ref, scored=ref)
    classifier.handler(task.model_dump(mode="json"), context)
    assert given == [left]


METERED: list[StepUnits] = []


@handler(Event, lambda _: {})
def metered(event: Event) -> Event:
    for _ in range(event.number):
        client = boto3.client("s3", region_name="us-east-1")
        sent_requests.count_requests(client)
        client.put_object(Bucket="kept", Key="x", Body=b"x")
        client.get_object(Bucket="kept", Key="x")["Body"].read()
        client.delete_object(Bucket="kept", Key="x")
    METERED.append(used(puts=1))
    return event


@mock_aws
def test_a_call_is_metered_by_time_memory_and_the_requests_that_aws_bills():
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="kept")
    METERED.clear()
    metered({"number": 2}, CALLED)
    metered({"number": 0}, CALLED)
    first, second = METERED
    assert (first.calls, first.s3_puts, first.s3_gets) == (1, 2 + 1, 2)
    assert first.ms > 0
    assert first.mb_ms == first.ms * 512
    # What the call before has sent is not its own, and only a process's first call is cold.
    assert (second.s3_puts, second.s3_gets, second.cold_starts) == (1, 0, 0)


def test_what_a_call_is_said_to_log_is_about_what_it_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "halve")
    halve({"number": 8}, CALLED)
    printed = capsys.readouterr()
    # Lambda itself writes START, END and REPORT: some 350 bytes.
    whole = len(printed.out.encode()) + len(printed.err.encode()) + 350
    assert whole / 2 < LOG_BYTES < whole * 2


def app(function):
    return load(ROOT / "functions" / function / "app.py")


def test_the_log_of_dispatch_says_why_nothing_is_started(monkeypatch, log):
    dispatch = app("dispatch")
    kept = DispatchReport(failed=7, codes=("access_denied",))
    monkeypatch.setattr(dispatch, "build", lambda: lambda _holder, _seconds: kept)
    assert dispatch.handler({}, None)["failed"] == 7
    assert '"code":"access_denied"' in log.getvalue()


@pytest.fixture
def log(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream


def test_our_errors_pass_as_they_are(log):
    with pytest.raises(FileEmptyError, match=r"^file_empty: The file has 0 bytes\.$"):
        halve({"number": 13}, None)
    assert '"code":"file_empty"' in log.getvalue()


def test_a_defect_tells_where_and_not_what(log):
    with pytest.raises(InternalError, match=r"ValueError at test_handler\.py:\d+") as raised:
        halve({"number": 7}, None)
    assert "ValueError" in log.getvalue()
    assert SECRET not in f"{log.getvalue()}{raised.value}"
    assert raised.value.__suppress_context__


def test_a_wrong_event_names_its_fields_and_not_their_values(log):
    with pytest.raises(EventInvalidError, match=r"it is wrong in number\.$") as raised:
        halve({"number": SECRET}, None)
    assert SECRET not in f"{raised.value}{log.getvalue()}"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({}, "The event is not a valid Event: it lacks number."),
        (None, "The event is not a valid Event: it is wrong in the event itself."),
        ([1], "The event is not a valid Event: it is wrong in the event itself."),
    ],
)
def test_an_event_of_another_shape_is_told_what_it_lacks(log, event, said):
    with pytest.raises(EventInvalidError) as raised:
        halve(event, None)
    assert raised.value.message == said


def test_settings_are_read_once_from_the_environment_with_defaults():
    settings = SerializeSettings.from_environment(
        {"RESULTS_BUCKET": "r", "PROCESS_DIR": "/opt/processes", "THRESHOLD_OVERRIDE": ""}
    )
    assert settings.threshold_override is None
    assert settings.chunk_records > 0


@pytest.mark.parametrize(
    ("shape", "environment", "named"),
    [
        (SerializeSettings, {"PROCESS_DIR": "p"}, "RESULTS_BUCKET"),
        (
            SerializeSettings,
            {"RESULTS_BUCKET": "r", "PROCESS_DIR": "p", "CHUNK_RECORDS": "0"},
            "CHUNK_RECORDS",
        ),
        (
            SerializeSettings,
            {"RESULTS_BUCKET": "r", "PROCESS_DIR": "p", "THRESHOLD_OVERRIDE": "2"},
            "THRESHOLD_OVERRIDE",
        ),
        (ClassifySettings, {"MODEL_DIR": "m", "MODEL_ENGINE": "gpu"}, "MODEL_ENGINE"),
        (FilterSettings, {"RESULTS_BUCKET": "r", "MAIL_FILE_NAMES": "maybe"}, "MAIL_FILE_NAMES"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(shape, environment, named):
    with pytest.raises(SettingsError, match=named):
        shape.from_environment(environment)
