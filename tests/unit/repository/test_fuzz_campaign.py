"""The campaign of fuzzing: whose turn it is, and when it has ended."""

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.fuzz import campaign
from tests.fuzz.campaign import Campaign, Fuzzed, had_by_readers, reader_of
from tests.fuzz.targets import TARGETS
from winnow.readers import READERS


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "record.json"
    monkeypatch.setattr(campaign, "RECORD", file)
    return file


def kept(file: Path) -> dict[str, Fuzzed]:
    found: dict[str, Fuzzed] = json.loads(file.read_text())
    return found


def had(file: Path) -> dict[str, int]:
    return {name: fuzzed["cpu_seconds"] for name, fuzzed in kept(file).items()}


def test_every_reader_is_fuzzed() -> None:
    readers = {".".join(reader) for reader in READERS.values()}
    assert {reader_of(target) for target in TARGETS} == readers | {"any"}


def test_what_kinds_of_file_have_had_is_their_readers() -> None:
    fuzzed = Fuzzed(cpu_seconds=100, inputs=1, last="")
    record = dict.fromkeys(("png", "gif", "txt", "any"), fuzzed)
    assert list(had_by_readers(record).values()) == [200, 100, 100]


def test_a_campaign_gives_every_reader_its_time_and_no_more(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slices: list[str] = []

    def fuzz(_: Campaign, name: str) -> tuple[int, int, str]:
        slices.append(name)
        return 60, 1_000, ""

    monkeypatch.setattr(Campaign, "_fuzz", fuzz)
    record.write_text('{"pdf": {"cpu_seconds": 90, "inputs": 5, "last": ""}}')
    Campaign(until=100, seconds=1).work()

    assert all(100 <= each < 160 for each in had_by_readers(kept(record)).values())
    # Two of five kinds of picture had a turn, and no kind two.
    assert sorted(had(record)[name] for name in ("png", "jpeg", "tiff", "webp", "gif")) == (
        [0, 0, 0, 60, 60]
    )
    assert slices.count("pdf") == 1
    # Files of any kind come after those of the readers.
    assert slices.index("any") == len(slices) - slices.count("any")
    assert had(record)["pdf"] == 150


@pytest.mark.parametrize(("had", "wanted"), [(0, 300), (3_400, 205), (3_590, 15)])
def test_the_last_slice_of_a_reader_is_what_it_lacks(
    record: Path, monkeypatch: pytest.MonkeyPatch, had: int, wanted: int
) -> None:
    given: list[list[str]] = []

    class Process:
        returncode: int | None = None
        pid = 1

        def __init__(self, command: list[str], **_: object) -> None:
            given.append(command)

    monkeypatch.setattr(subprocess, "Popen", Process)
    monkeypatch.setattr(
        os, "wait4", lambda *_: (1, 0, SimpleNamespace(ru_utime=3_600.0, ru_stime=0.0))
    )
    monkeypatch.setattr(campaign, "unpack", lambda *_: None)
    monkeypatch.setattr(campaign, "FOUND", record.parent)
    monkeypatch.setattr(campaign, "TARGETS", {"pdf": None})
    record.write_text(json.dumps({"pdf": {"cpu_seconds": had, "inputs": 5, "last": ""}}))
    Campaign(until=3_600, seconds=300).work()
    assert [f"-max_total_time={wanted}" in command for command in given] == [True]


def test_what_fails_ends_the_campaign_and_is_counted(
    record: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Campaign, "_fuzz", lambda *_: (60, 1_000, "ValueError: in a reader"))
    failing = Campaign(until=100, seconds=1)
    failing.work()
    assert failing.failed
    assert "ValueError: in a reader" in capsys.readouterr().out
    assert sum(had(record).values()) == 60


def test_a_campaign_that_was_stopped_has_not_failed(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(running: Campaign, name: str) -> tuple[int, int, str]:
        running.stop()
        return 20, 300, "it was ended amid its work"

    monkeypatch.setattr(Campaign, "_fuzz", stopped)
    one = Campaign(until=100, seconds=1)
    one.work()
    assert not one.failed
    assert sum(had(record).values()) == 20
