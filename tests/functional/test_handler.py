"""The Lambda handler: what comes out when something goes wrong, and what never does."""

import io

import pytest
from pydantic import BaseModel

from winnow.errors import EventInvalidError, FileEmptyError, InternalError, SettingsError
from winnow_aws.handler import handler, logger
from winnow_aws.read_settings import SerializeSettings
from winnow_aws.settings import ClassifySettings, FilterSettings

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
        ({}, "The event is no Event: it lacks number."),
        (None, "The event is no Event: it is wrong in the event itself."),
        ([1], "The event is no Event: it is wrong in the event itself."),
    ],
)
def test_an_event_of_another_shape_is_told_what_it_lacks(log, event, said):
    with pytest.raises(EventInvalidError) as raised:
        halve(event, None)
    assert raised.value.sentence == said


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
