"""`winnow model list|show|diff|promote|rollback` on a registry in memory."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.fakes.registry import AT, MemoryRegistry
from tests.fakes.store import MemoryStore
from tests.fakes.versions import published
from winnow.errors import ReleaseConflictError
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.models import ModelVersion
from winnow_cli import models, target
from winnow_cli.app import app
from winnow_cli.commands import model_versions
from winnow_cli.models import StackModels

RUNNER = CliRunner()
NOW = 1_800_000_000.0


class Room:
    """A stack with three versions of `moods`: champion, challenger, and one without an alias."""

    def __init__(self) -> None:
        self.store, self.registry = MemoryStore(), MemoryRegistry()
        self.models = StackModels(self.registry, self.store, "models", lambda: "ann", lambda: NOW)
        self.first, self.second, self.third = (
            published(self.registry, self.store, number) for number in (1, 2, 3)
        )
        changed = aliases.first(self.first, Who("winnow", AT))
        self.registry.change(None, *changed)
        entry = changed.entry
        self.registry.change(
            entry, *aliases.set_challenger(entry, self.second, Who("ann", AT, "Better."))
        )

    @property
    def entry(self) -> Any:
        return self.models.entry("moods")


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    made = Room()
    stack = SimpleNamespace(local=True, name="winnow", hint=lambda words: f"winnow {words}")
    monkeypatch.setattr(target, "find_target", lambda _: stack)
    monkeypatch.setattr(models, "open_models", lambda _: made.models)
    return made


def run(*arguments: str, code: int = 0, typed: str | None = None) -> Result:
    done = RUNNER.invoke(app, ["model", *arguments], input=typed)
    assert done.exit_code == code, done.output
    return done


def document(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


def short(version: ModelVersion) -> str:
    return version.sha256[:12]


def test_versions_are_listed_newest_first_with_their_aliases(room: Room) -> None:
    lines = [line.split("\t") for line in run("list", "moods").stdout.splitlines()]
    assert lines[0][:3] == ["version", "aliases", "definition"]
    assert [line[:3] for line in lines[1:]] == [
        [short(room.third), "", "3.0.0"],
        [short(room.second), "challenger", "2.0.0"],
        [short(room.first), "champion", "1.0.0"],
    ]
    (listed,) = document("list")["processes"]
    assert (listed["champion"], listed["revision"]) == (room.first.sha256, 2)
    assert [v["aliases"] for v in listed["versions"]] == [[], ["challenger"], ["champion"]]


def test_the_key_of_a_release_is_not_shown(room: Room) -> None:
    before = room.entry
    room.registry.change(before, *aliases.start_canary(before, Who("ann", AT), "5ec4e7", 50))
    for words in (("list",), ("list", "--json"), ("show", "moods"), ("show", "moods", "--json")):
        assert "5ec4e7" not in run(*words).output


def test_show_has_the_champion_and_the_history_of_aliases(room: Room) -> None:
    shown = run("show", "MOODS").stdout
    assert room.first.sha256 in shown
    assert "Better." in shown
    told = document("show", "moods", short(room.second)[:6])
    assert told["version"]["sha256"] == room.second.sha256
    assert [change["action"] for change in told["history"]] == ["published", "challenger"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("abc", "too short"),
        ("0" * 12, "no version"),
        ("f" * 64, "no version"),
        ("previous", "no previous"),
        ("../../x", "no version"),
    ],
)
def test_an_unknown_version_is_an_error_that_changes_nothing(
    room: Room, given: str, words: str
) -> None:
    for command in (["show"], ["promote"], ["diff", "moods", "champion"]):
        arguments = command if len(command) > 1 else [*command, "moods"]
        error = document(*arguments, given, code=1)["error"]
        assert error["code"] == "version_unknown"
        assert words in error["message"]
    assert room.entry.revision == 2


def test_a_prefix_of_several_versions_is_ambiguous(room: Room) -> None:
    for digit in "12":
        version = room.third.model_copy(update={"sha256": "abcdef" + digit * 58})
        room.registry.add(version)
    error = document("show", "moods", "abcdef", code=1)["error"]
    assert error["code"] == "version_unknown"
    assert "2 versions" in error["message"]
    assert document("show", "moods", "abcdef1")["version"]["sha256"].startswith("abcdef1")


def test_an_unknown_process_is_an_error(room: Room) -> None:
    assert document("list", "nobody", code=1)["error"]["code"] == "process_unknown"


def test_diff_shows_lines_of_the_definition_and_what_else_differs(room: Room) -> None:
    shown = run("diff", "moods", "champion", "challenger").stdout
    assert "-version: 1.0.0" in shown
    assert "+version: 2.0.0" in shown
    told = document("diff", "moods", "champion", short(room.second))
    assert (told["before"], told["after"]) == (room.first.sha256, room.second.sha256)
    assert "+version: 2.0.0" in told["definition"]
    assert not told["facts"]["definition"]["same"]
    assert told["facts"]["threshold"]["same"]
    assert document("diff", "moods", "champion", "champion")["definition"] == []


def test_an_altered_definition_is_not_compared(room: Room) -> None:
    file = room.first.file("definition.yaml")
    assert file is not None
    stored = room.store._versions[file.object.bucket, file.object.key]
    stored[:] = [(v, content + b"# altered", data) for v, content, data in stored]
    error = document("diff", "moods", "champion", "challenger", code=1)["error"]
    assert error["code"] == "version_altered"


def test_promote_takes_the_challenger_and_rollback_takes_it_back(room: Room) -> None:
    told = document("promote", "moods", "--reason", "It is\nbetter.")
    assert (told["champion"], told["previous"]) == (room.second.sha256, room.first.sha256)
    assert told["changed"]
    last = room.registry.history("moods")[-1]
    assert (last.action, last.by, last.reason) == ("promoted", "ann", "It is better.")
    assert room.entry.previous_until == "2027-01-16T08:00:00.000Z"
    told = document("rollback", "moods")
    assert (told["champion"], told["previous"]) == (room.first.sha256, room.second.sha256)
    assert [c.revision for c in room.registry.history("moods")] == [1, 2, 3, 4]


def test_promoting_the_champion_changes_nothing(room: Room) -> None:
    assert not document("promote", "moods", "champion")["changed"]
    assert "already" in run("promote", "moods", short(room.first)).stdout
    assert room.entry.revision == 2


def test_rollback_without_a_champion_before_is_refused(room: Room) -> None:
    assert document("rollback", "moods", code=1)["error"]["code"] == "release_invalid"
    assert room.entry.revision == 2


def test_of_two_promotions_that_saw_the_same_revision_one_wins(room: Room) -> None:
    seen = room.entry
    room.models.promote(seen, room.second, "")
    with pytest.raises(ReleaseConflictError):
        room.models.promote(seen, room.third, "")
    for command in (["promote", "moods", short(room.third)], ["rollback", "moods"]):
        error = document(*command, "--revision", "2", code=1)["error"]
        assert error["code"] == "release_conflict"
    assert room.entry.champion == room.second.sha256
    document("promote", "moods", short(room.third), "--revision", "3")
    assert room.entry.champion == room.third.sha256


def test_on_a_terminal_it_asks_before_it_promotes(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_versions, "_is_terminal", lambda: True)
    run("promote", "moods", code=1, typed="n\n")
    assert room.entry.champion == room.first.sha256
    run("promote", "moods", typed="y\n")
    assert room.entry.champion == room.second.sha256
    run("rollback", "moods")
    run("promote", "moods", short(room.second), "--yes")
    assert room.entry.champion == room.second.sha256


def test_a_rollback_during_a_release_takes_the_release_back(room: Room) -> None:
    before = room.entry
    room.registry.change(before, *aliases.start_canary(before, Who("ann", AT), "aa", 50))
    shown = run("rollback", "moods")
    assert room.entry.release is None
    assert room.entry.champion == room.first.sha256
    assert "release" in shown.stdout
