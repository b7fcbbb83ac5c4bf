"""Champions from one stage to another, on registries in memory: the same bytes by SHA-256."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.fakes.heads import trained
from tests.fakes.registry import AT, MemoryRegistry, a_version
from tests.fakes.store import MemoryStore
from tests.fakes.versions import published
from winnow.errors import (
    PublishInvalidError,
    ReleaseConflictError,
    ReleaseInvalidError,
    VersionAlteredError,
    VersionUnknownError,
)
from winnow.models import Alias, ObjectRef
from winnow.registry import aliases
from winnow.registry.aliases import Who
from winnow.registry.files import DATA
from winnow.registry.models import DataManifest, DataPart, ModelVersion
from winnow.registry.publish import Draft, Models, publish
from winnow.registry.verified import read_verified
from winnow_cli.app import app
from winnow_cli.commands import stages
from winnow_cli.deployment.promote_models import Room, move_all, plan_moves
from winnow_cli.models import StackModels

NOW = 1_800_000_000.0
MANIFEST = DataManifest(
    parts=(
        DataPart(
            kind="reviews",
            object=ObjectRef(bucket="models", key="data/bank/1.jsonl", version_id="v1"),
            sha256="a" * 64,
            rows=240,
            name="reviews",
        ),
    ),
    rows=240,
)
RUNNER = CliRunner()


def a_room(name: str) -> Room:
    models = StackModels(
        MemoryRegistry(), MemoryStore(), f"models-{name}", lambda: f"ann of {name}", lambda: NOW
    )
    return Room(name, models, nullcontext)


@pytest.fixture
def test() -> Room:
    """A stage with two versions of `moods`; the second is champion."""
    room = a_room("test")
    registry = memory(room)
    first, second = (published(registry, stored(room), number) for number in (1, 2))
    room.models.start(first, Who("ann", AT))
    room.models.promote(room.models.entry("moods"), second, "Better.", guarantee=0.9)
    return room


@pytest.fixture
def prod() -> Room:
    """A stage where the first version of `moods` is champion."""
    room = a_room("prod")
    room.models.start(published(memory(room), stored(room), 1), Who("ann", AT))
    return room


def memory(room: Room) -> MemoryRegistry:
    assert isinstance(room.models.registry, MemoryRegistry)
    return room.models.registry


def stored(room: Room) -> MemoryStore:
    assert isinstance(room.models.store, MemoryStore)
    return room.models.store


def champion(room: Room, process: str = "moods") -> ModelVersion:
    return room.models.version(room.models.entry(process), Alias.CHAMPION)


def bring(source: Room, into: Room, alias: Alias = Alias.CHAMPION) -> list[str]:
    moves = plan_moves(source, into, alias)
    move_all(moves, source, into, f"Promoted from {source.stage}.", lambda _line: None)
    return [move.action for move in moves]


def test_a_champion_becomes_champion_with_the_same_bytes(test: Room, prod: Room) -> None:
    before = champion(prod)
    assert bring(test, prod) == ["replaces"]
    there, here = champion(prod), champion(test)
    assert there.sha256 == here.sha256 != before.sha256
    assert [(f.name, f.sha256, f.size) for f in there.files] == [
        (f.name, f.sha256, f.size) for f in here.files
    ]
    assert {file.object.bucket for file in there.files} == {"models-prod"}
    for file in there.files:
        assert read_verified(stored(prod), there, file.name)
    entry = prod.models.entry("moods")
    assert (entry.previous, entry.promised) == (before.sha256, 0.9)
    last = prod.models.history(entry)[-1]
    assert (last.reason, last.by) == ("Promoted from test.", "ann of prod")
    # The first stage stays as it was.
    assert test.models.entry("moods").revision == 2


def test_again_changes_nothing(test: Room, prod: Room) -> None:
    bring(test, prod)
    state = (
        memory(prod).entries(),
        memory(prod).versions("moods"),
        stored(prod).keys("models-prod"),
    )
    assert bring(test, prod) == ["unchanged"]
    assert state == (
        memory(prod).entries(),
        memory(prod).versions("moods"),
        stored(prod).keys("models-prod"),
    )


def test_a_process_that_is_new_there_begins_with_it(test: Room) -> None:
    prod = a_room("prod")
    assert bring(test, prod, Alias.CHALLENGER) == ["new"]
    assert champion(prod).sha256 == champion(test).sha256


def test_as_challenger_it_decides_nothing_yet(test: Room, prod: Room) -> None:
    before = champion(prod)
    assert bring(test, prod, Alias.CHALLENGER) == ["challenger"]
    entry = prod.models.entry("moods")
    assert (entry.champion, entry.challenger) == (before.sha256, champion(test).sha256)
    assert bring(test, prod, Alias.CHALLENGER) == ["unchanged"]
    # Then it can be promoted in the same way, and its files are there.
    assert [move.copied for move in plan_moves(test, prod)] == [False]
    assert bring(test, prod) == ["replaces"]


def test_a_version_that_is_there_by_another_way_is_not_copied_again(test: Room, prod: Room) -> None:
    there = published(memory(prod), stored(prod), 2, source="trained")
    stored(test).delete(champion(test).files[0].object)
    bring(test, prod)
    assert champion(prod) == there


def test_a_trained_head_goes_along_and_its_training_rows_stay(tmp_path: Path) -> None:
    test, prod = a_room("test"), a_room("prod")
    book = trained(tmp_path)
    text = (tmp_path / "bank.yaml").read_text("utf-8")
    draft = Draft(text, book.find("bank"), book.heads["bank"], source="trained", data=MANIFEST)
    place = Models(test.models.registry, test.models.store, "models-test")
    test.models.start(publish(draft, place, "ann", AT), Who("ann", AT))
    bring(test, prod)
    here, there = champion(test, "bank"), champion(prod, "bank")
    assert there.head_sha256 == here.head_sha256 is not None
    assert (there.source, there.head_ref is not None) == ("trained", True)
    assert there.data is not None
    assert (there.data.rows, there.data.parts[0].object) == (240, None)
    assert b"models-test" not in read_verified(stored(prod), there, DATA)
    assert not [key for key in stored(prod).keys("models-prod") if key.startswith("data/")]


def test_what_was_altered_is_not_brought(test: Room, prod: Room) -> None:
    before = prod.models.entry("moods")
    broken = champion(test).files[1].object
    stored(test)._versions[broken.bucket, broken.key] = [(broken.version_id or "", b"{}", {})]
    with pytest.raises(VersionAlteredError):
        bring(test, prod)
    assert prod.models.entry("moods") == before
    with pytest.raises(VersionUnknownError):
        memory(prod).version("moods", champion(test).sha256)


def test_files_of_another_version_are_refused(test: Room, prod: Room) -> None:
    """The digests fit, but they are not what the name says."""
    false = champion(test).model_copy(update={"sha256": "e" * 64, "created": AT})
    memory(test).add(false)
    test.models.promote(test.models.entry("moods"), false, "")
    with pytest.raises(VersionAlteredError, match="another version"):
        bring(test, prod)


def test_a_release_under_way_there_is_not_ended_by_it(test: Room, prod: Room) -> None:
    third = published(memory(prod), stored(prod), 3)
    entry = prod.models.call(prod.models.entry("moods"), third, "challenger", Who("ann", AT))
    memory(prod).change(entry, *aliases.start_canary(entry, Who("ann", AT), "ab", 10))
    with pytest.raises(ReleaseInvalidError, match=f"moods: {third.short} is being released"):
        bring(test, prod)


def test_a_name_of_another_process_there_is_refused(test: Room, prod: Room) -> None:
    named = a_version("other", 5, codes=("MOODS",))
    memory(prod).add(named)
    prod.models.start(named, Who("ann", AT))
    with pytest.raises(PublishInvalidError, match="other's"):
        bring(test, prod)


def test_who_comes_second_gets_a_conflict(test: Room, prod: Room) -> None:
    moves = plan_moves(test, prod)
    third = published(memory(prod), stored(prod), 3)
    prod.models.promote(prod.models.entry("moods"), third, "Meanwhile.")
    with pytest.raises(ReleaseConflictError):
        move_all(moves, test, prod, "", lambda _line: None)
    assert champion(prod) == third


# -- the command -----------------------------------------------------------------------------------


@pytest.fixture
def rooms(
    test: Room, prod: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Room]:
    found = {"test": test, "prod": prod, "local": a_room("local")}
    file = tmp_path / "stages.toml"
    file.write_text(
        "".join(
            f'[stages.{name}]\naccount = "123456789012"\nregion = "eu-west-1"\n'
            for name in ("test", "prod")
        )
    )
    monkeypatch.setenv("WINNOW_STAGES", str(file))
    monkeypatch.setattr(stages, "_room", lambda stage: found[stage.name])
    return found


def run(*arguments: str, code: int = 0, typed: str | None = None) -> Result:
    done = RUNNER.invoke(app, ["stages", "promote", *arguments, "--models"], input=typed)
    assert done.exit_code == code, done.output
    return done


def test_a_plan_writes_nothing(rooms: dict[str, Room]) -> None:
    before = rooms["prod"].models.entry("moods")
    told = json.loads(run("test", "prod", "--plan", "--json").stdout)
    (moved,) = told["processes"]
    assert (told["done"], moved["action"], moved["copied"]) == (False, "replaces", True)
    assert moved["champion_before"] == before.champion
    assert "becomes champion" in run("test", "prod", "--plan").stdout
    assert rooms["prod"].models.entry("moods") == before


def test_the_command_brings_them(rooms: dict[str, Room]) -> None:
    done = run("test", "prod", "--yes")
    assert "1 brought to prod." in done.stdout
    assert champion(rooms["prod"]).sha256 == champion(rooms["test"]).sha256
    again = run("test", "prod", "--yes")
    assert "is there already" in again.stdout
    assert "brought" not in again.stdout


def test_local_can_be_one_of_the_two(rooms: dict[str, Room]) -> None:
    told = json.loads(run("test", "local", "--yes", "--json").stdout)
    assert (told["done"], told["processes"][0]["action"]) == (True, "new")
    assert champion(rooms["local"]).sha256 == champion(rooms["test"]).sha256


def test_as_challenger(rooms: dict[str, Room]) -> None:
    assert "becomes challenger" in run("test", "prod", "--yes", "--as", "challenger").stdout
    assert rooms["prod"].models.entry("moods").challenger == champion(rooms["test"]).sha256


def test_without_a_terminal_nothing_is_asked(rooms: dict[str, Room]) -> None:
    assert "--yes" in run("test", "prod", code=2).stderr
    assert "two different" in run("test", "test", "--yes", code=2).stderr
    alone = RUNNER.invoke(app, ["stages", "promote", "test", "prod", "--as", "champion", "--yes"])
    assert (alone.exit_code, "--models" in alone.stderr) == (2, True)
    local = RUNNER.invoke(app, ["stages", "promote", "local", "prod", "--yes"])
    assert (local.exit_code, "--models" in local.stderr) == (2, True)


@pytest.mark.parametrize(("typed", "code", "brought"), [("y\n", 0, True), ("n\n", 1, False)])
def test_on_a_terminal_it_asks(
    rooms: dict[str, Room], monkeypatch: pytest.MonkeyPatch, typed: str, code: int, brought: bool
) -> None:
    monkeypatch.setattr(stages, "interactive", lambda _json: True)
    assert "Bring 1 to prod?" in run("test", "prod", typed=typed, code=code).output
    same = champion(rooms["prod"]).sha256 == champion(rooms["test"]).sha256
    assert same is brought


def test_one_that_fails_says_what_stays(
    rooms: dict[str, Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = champion(rooms["test"]).files[1].object
    stored(rooms["test"]).delete(broken)
    done = run("test", "prod", "--yes", code=1)
    assert "What was brought before it stays." in done.stderr
    assert "version_altered" in done.stderr
