"""`winnow release` on a registry in memory."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.fakes.audits import an_audit, answered
from tests.fakes.registry import AT, MemoryRegistry, a_version
from tests.fakes.releases import MailBox, MemoryLive
from tests.fakes.store import MemoryStore
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.models import ProcessEntry
from winnow.releases.automatic import Gatekeeper
from winnow_cli import releases, target
from winnow_cli.app import app
from winnow_cli.models import StackModels
from winnow_cli.releases import StackReleases

RUNNER = CliRunner()
NOW = 1_800_000_000.0


class Room:
    """A stack with a champion and a challenger of `moods`, and a version without an alias."""

    def __init__(self) -> None:
        self.registry, self.live = MemoryRegistry(), MemoryLive()
        self.models = StackModels(
            self.registry, MemoryStore(), "models", lambda: "ann", lambda: NOW
        )
        self.releases = StackReleases(self.models, self.live, lambda: NOW)
        self.first, self.second, self.third = (
            a_version("moods", number, guarantee=0.9) for number in (1, 2, 3)
        )
        for version in (self.first, self.second, self.third):
            self.registry.add(version)
        changed = aliases.first(self.first, Who("winnow", AT))
        self.registry.change(None, *changed)
        self.registry.change(
            changed.entry, *aliases.set_challenger(changed.entry, self.second, Who("ann", AT))
        )

    @property
    def entry(self) -> ProcessEntry:
        return self.models.entry("moods")

    def decide(self, version: str, *rights: bool) -> None:
        """People decide records that a version accepted."""
        gate = Gatekeeper(self.registry, self.live, MailBox(), lambda: NOW)
        for number, right in enumerate(rights, start=1):
            head = an_audit(number, version=version, process="moods")
            gate.decided([answered(head, right=right)])


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    made = Room()
    stack = SimpleNamespace(
        local=True, name="winnow", outputs={}, hint=lambda words: f"winnow {words}"
    )
    monkeypatch.setattr(target, "find_target", lambda _: stack)
    monkeypatch.setattr(releases, "open_releases", lambda _: made.releases)
    return made


def run(*arguments: str, code: int = 0, typed: str | None = None) -> Result:
    done = RUNNER.invoke(app, ["release", *arguments], input=typed)
    assert done.exit_code == code, done.output
    return done


def document(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


def test_a_challenger_goes_from_shadow_to_canary_to_champion_and_back(room: Room) -> None:
    run("shadow", "moods", "--guarantee", "0.95", "--automatic")
    release = room.entry.release
    assert release is not None
    assert (release.stage, release.guarantee, release.automatic) == ("shadow", 0.95, True)
    run("canary", "moods", "--percent", "50")
    later = room.entry.release
    assert later is not None
    assert (later.stage, later.percent, later.guarantee, later.automatic, later.key) == (
        "canary",
        50,
        0.95,
        True,
        release.key,
    )
    run("promote", "moods", "--yes")
    assert (room.entry.champion, room.entry.previous) == (room.second.sha256, room.first.sha256)
    assert room.entry.previous_until == "2027-01-16T08:00:00.000Z"
    run("rollback", "moods")
    assert room.entry.champion == room.first.sha256


def test_the_guarantee_is_the_versions_own_if_none_is_given(room: Room) -> None:
    found = document("canary", "moods", "--percent", "0")
    assert found["release"]["guarantee"] == 0.9
    assert found["release"]["automatic"] is False


def test_blue_green_is_at_once_and_keeps_the_champion_before_for_a_day(room: Room) -> None:
    found = document("blue-green", "moods", "--version", room.third.sha256[:8])
    assert (found["champion"], found["previous"]) == (room.third.sha256, room.first.sha256)
    assert found["previous_until"] == "2027-01-16T08:00:00.000Z"


def test_another_version_becomes_challenger_when_it_is_released(room: Room) -> None:
    run("shadow", "moods", "--version", room.third.sha256[:8])
    assert room.entry.challenger == room.third.sha256
    done = run("shadow", "moods", "--version", room.second.sha256[:8], code=1)
    assert "release_invalid" in done.stderr
    run("stop", "moods")
    assert (room.entry.release, room.entry.challenger) == (None, room.third.sha256)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("stop", "moods"), "release_invalid"),
        (("canary", "moods", "--percent", "5", "--version", "ffffff"), "version_unknown"),
        (("canary", "moods", "--percent", "5", "--revision", "9"), "release_conflict"),
        (("shadow", "nothing"), "process_unknown"),
    ],
)
def test_what_does_not_fit_has_a_code_and_changes_nothing(
    room: Room, words: tuple[str, ...], code: str
) -> None:
    before = room.entry
    assert code in run(*words, code=1).stderr
    assert room.entry == before


def test_without_a_guarantee_nothing_is_promoted_by_itself(room: Room) -> None:
    bare = a_version("moods", 4)
    room.registry.add(bare)
    done = run(
        *("canary", "moods", "--percent", "5", "--automatic", "--version", bare.sha256[:8]), code=1
    )
    assert "guarantee" in done.stderr
    assert room.entry.release is None


@pytest.mark.parametrize("percent", ["-1", "101", "many"])
def test_a_share_beyond_0_to_100_is_a_usage_error(room: Room, percent: str) -> None:
    run("canary", "moods", "--percent", percent, code=2)


def test_the_status_shows_what_the_audits_prove(room: Room) -> None:
    run("canary", "moods", "--percent", "50")
    room.decide(room.second.sha256, *[True] * 30)
    (found,) = document("status", "moods")["processes"]
    assert (found["challenger"]["audited"], found["challenger"]["right"]) == (30, 30)
    assert found["challenger"]["lower"] == pytest.approx(
        room.live.watch("moods", room.second.sha256).precision.lower
    )
    assert (found["champion"]["audited"], found["champion"]["upper"]) == (0, 1.0)
    assert found["decision"]["code"] == "more_audits_needed"
    shown = run("status").stdout
    assert "not proven" in shown
    assert "challenger" in shown
    assert found["decision"]["reason"] in shown


def test_what_the_gate_did_is_shown_with_its_reason(room: Room) -> None:
    run("canary", "moods", "--percent", "50")
    room.decide(room.second.sha256, *[False] * 30)
    (found,) = document("status", "moods")["processes"]
    (banner,) = found["banners"]
    assert (banner["code"], found["release"]) == ("rolled_back", None)
    assert banner["text"] in run("status").stdout


def test_a_reason_with_control_characters_is_shown_as_harmless_text(room: Room) -> None:
    run("shadow", "moods", "--reason", "Because \x1b[31mred\x1b[0m\nand more.")
    change = room.registry.history("moods")[-1]
    assert "\n" not in change.reason
    assert "\x1b" not in run("status").output
