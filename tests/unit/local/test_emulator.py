"""What the local stack adds to MiniStack, which is not changed itself."""

import json
import threading
from typing import Any

import pytest

pytest.importorskip("ministack")

from ministack.services import eventbridge, s3

from winnow_local.emulator import name_versions

BUCKET = "uploads-of-a-test"


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The events that EventBridge is given, of a bucket that sends it all."""
    given: list[dict[str, Any]] = []
    monkeypatch.setattr(eventbridge, "_dispatch_event", given.append)
    monkeypatch.setattr(s3, "_fire_s3_event", s3._fire_s3_event)
    s3._bucket_notifications[BUCKET] = "<N><EventBridgeConfiguration/></N>"
    name_versions()
    return given


def fire(**named: Any) -> None:
    before = set(threading.enumerate())
    s3._fire_s3_event_async(BUCKET, "inbox/p/a.csv", "s3:ObjectCreated:Put", **named)
    for thread in set(threading.enumerate()) - before:
        thread.join()


def test_an_event_names_its_own_version(events: list[dict[str, Any]]) -> None:
    for version in ("v1", "v2", None, "v3"):
        fire(version_id=version)
    things = [json.loads(event["Detail"])["object"] for event in events]
    assert [thing.get("version-id") for thing in things] == ["v1", "v2", None, "v3"]
    assert len({thing["sequencer"] for thing in things}) == 4


def test_events_of_others_stay_as_they_are(events: list[dict[str, Any]]) -> None:
    own = {"Source": "mine", "Detail": "no JSON"}
    eventbridge._dispatch_event(own)
    assert events == [own]
