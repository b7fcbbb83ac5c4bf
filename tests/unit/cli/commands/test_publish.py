"""`winnow process publish` on a registry in memory."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.fakes.heads import trained
from tests.fakes.registry import MemoryRegistry
from tests.fakes.store import MemoryStore
from tests.fakes.versions import MOODS
from winnow.errors import HeadInvalidError, ReleaseConflictError
from winnow.models import ModelInfo
from winnow.registry.publish import Vectors
from winnow_cli import models, target
from winnow_cli.app import app
from winnow_cli.commands import model_versions, publish
from winnow_cli.models import StackModels

RUNNER = CliRunner()
ENCODER = ModelInfo(name="fake", version="1", sha256="0" * 64, engine="litert")


class Room:
    """A stack without a process, and a folder with a definition."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store, self.registry = MemoryStore(), MemoryRegistry()
        self.models = StackModels(
            self.registry, self.store, "models", lambda: "ann", lambda: 1_800_000_000.0
        )
        self.encoded: list[str] = []

    def write(self, number: int, more: str = "") -> str:
        file = self.folder / "moods.yaml"
        file.write_text(MOODS.format(number=number) + more, "utf-8")
        return str(file)

    def vectors(self, definition: Any, head: Any) -> bytes:
        self.encoded.append(definition.version)
        return b"vectors"

    def state(self) -> tuple[Any, ...]:
        return (
            self.registry.entries(),
            self.registry.versions("moods"),
            self.registry.history("moods"),
        )


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    made = Room(tmp_path)
    stack = SimpleNamespace(local=True, name="winnow", hint=lambda words: f"winnow {words}")
    monkeypatch.setattr(target, "find_target", lambda _: stack)
    monkeypatch.setattr(models, "open_models", lambda _: made.models)
    monkeypatch.setattr(publish, "_vectors", lambda _: Vectors(ENCODER, made.vectors))
    return made


def run(*arguments: str, code: int = 0, typed: str | None = None) -> Result:
    done = RUNNER.invoke(app, ["process", "publish", *arguments], input=typed)
    assert done.exit_code == code, done.output
    return done


def document(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


def test_the_first_version_of_a_process_is_champion(room: Room) -> None:
    told = document(room.write(1))
    assert (told["new"], told["alias"], told["revision"]) == (True, "champion", 1)
    assert told["live_from"] == "2027-01-15T08:00:00.000Z"
    assert told["diff"] is None
    (version,) = room.registry.versions("moods")
    assert (version.by, version.source) == ("ann", "published")
    names = {file.name: room.store.content(file.object) for file in version.files}
    assert names["definition.yaml"].decode() == MOODS.format(number=1)
    assert names["references-litert.vectors"] == b"vectors"


def test_a_later_one_is_challenger_and_differs(room: Room) -> None:
    first = document(room.write(1))
    told = document(room.write(2), "--reason", "New law.")
    assert (told["alias"], told["champion"]) == ("challenger", first["champion"])
    assert told["live_from"] is None
    assert "+version: 2.0.0" in told["diff"]["definition"]
    assert room.registry.history("moods")[-1].reason == "New law."
    shown = run(room.write(3)).output
    assert "goes on judging" in shown
    assert "model promote moods" in shown


def test_with_as_champion_it_is_live(room: Room) -> None:
    document(room.write(1))
    told = document(room.write(2), "--as", "champion")
    assert (told["alias"], told["changed"]) == ("champion", True)
    assert "model rollback moods" in run(room.write(3), "--as", "champion").output
    assert [change.action for change in room.registry.history("moods")] == [
        "published", "promoted", "promoted",
    ]  # fmt: skip


@pytest.mark.parametrize("alias", [[], ["--as", "champion"], ["--as", "challenger"]])
def test_publishing_again_changes_nothing(room: Room, alias: list[str]) -> None:
    document(room.write(1))
    before = room.state()
    told = document(room.write(1), *alias)
    assert (told["new"], told["changed"], told["alias"]) == (False, False, "champion")
    assert room.state() == before
    document(room.write(2))
    before = room.state()
    assert not document(room.write(2))["changed"]
    assert room.state() == before


def test_all_problems_are_told_at_once_and_nothing_changes(room: Room) -> None:
    document(room.write(1))
    before = room.state()
    Path(room.write(2)).write_text("id: moods\nkind: labels\nthreshold: 3\nlabels: []\n")
    error = document(str(room.folder / "moods.yaml"), code=1)["error"]
    assert error["code"] == "publish_invalid"
    for field in ("version", "threshold", "labels"):
        assert f"{field}: " in error["message"]
    assert "process validate" in error["advice"]
    assert room.state() == before


def test_names_of_others_and_a_head_that_does_not_fit_are_told_together(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    document(room.write(1, "codes: [M1]\n"))
    other = room.folder / "other.yaml"
    other.write_text(MOODS.format(number=1).replace("moods", "other") + "codes: [m1, MOODS]\n")

    def refuses(*_: Any) -> bytes:
        raise HeadInvalidError("The head is of another encoder.")

    monkeypatch.setattr(publish, "_vectors", lambda _: Vectors(ENCODER, refuses))
    error = document(str(other), code=1)["error"]
    assert error["code"] == "publish_invalid"
    for part in ("'m1' names moods", "'MOODS' names moods", "another encoder"):
        assert part in error["message"]
    assert room.registry.entry("other") is None


def test_a_head_goes_along_and_one_of_another_process_does_not(room: Room) -> None:
    trained(room.folder)
    told = document(str(room.folder / "bank.yaml"))
    version = told["version"]
    assert version["head"] is not None
    assert {"head.json", "head.npz", "training.npz"} <= {file["name"] for file in version["files"]}
    moods = room.write(1)
    wrong = document(moods, "--head", str(room.folder / "bank.head"), code=1)["error"]
    assert (wrong["code"], "bank" in wrong["message"]) == ("publish_invalid", True)
    (room.folder / "empty").mkdir()
    none = document(moods, "--head", str(room.folder / "empty"), code=1)["error"]
    assert none["code"] == "publish_invalid"
    altered = room.folder / "bank.head" / "head.npz"
    altered.write_bytes(altered.read_bytes() + b"#")
    assert document(str(room.folder / "bank.yaml"), code=1)["error"]["code"] == "publish_invalid"
    shutil.rmtree(room.folder / "bank.head")
    assert document(str(room.folder / "bank.yaml"), code=0)["version"]["head"] is None


def test_without_the_model_it_is_published_without_vectors(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "_vectors", lambda _: None)
    assert "make model" in run(room.write(1)).stderr
    (version,) = room.registry.versions("moods")
    assert version.references is None


def test_on_a_terminal_it_asks_before_it_replaces_the_champion(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_versions, "_is_terminal", lambda: True)
    first = room.write(1)
    run(first)
    run(first, "--as", "champion")
    before = room.state()
    run(room.write(2), "--as", "champion", code=1, typed="n\n")
    assert room.state() == before
    run(room.write(2), "--as", "champion", typed="y\n")
    run(room.write(3), "--as", "champion", "--yes")
    assert room.registry.entries()[0].revision == 3


def test_who_comes_second_gets_a_conflict_and_changes_no_alias(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    document(room.write(1))
    change = room.registry.change

    def raced(before: Any, after: Any, made: Any) -> None:
        raise ReleaseConflictError("moods was changed by somebody else at the same time.")

    monkeypatch.setattr(room.registry, "change", raced)
    error = document(room.write(2), "--as", "champion", code=1)["error"]
    assert error["code"] == "release_conflict"
    monkeypatch.setattr(room.registry, "change", change)
    assert room.registry.entries()[0].revision == 1
    assert document(room.write(2), "--as", "champion")["changed"]
