"""`winnow process publish --data` and `winnow reproduce` on a registry in memory."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

import winnow_encoder
from tests.fakes.encoder import FakeEncoder
from tests.fakes.heads import rows, trained, write_rows
from tests.fakes.registry import MemoryRegistry
from tests.fakes.store import MemoryStore
from winnow.models import ObjectRef
from winnow_cli import models, target
from winnow_cli.app import app
from winnow_cli.commands import publish
from winnow_cli.models import StackModels


class Room:
    """A stack, and a folder with a process that was trained on train.csv."""

    def __init__(self, folder: Path) -> None:
        self.store, self.registry = MemoryStore(), MemoryRegistry()
        self.models = StackModels(self.registry, self.store, "models", lambda: "ann")
        trained(folder)
        self.file, self.data = str(folder / "bank.yaml"), str(folder / "train.csv")
        self.folder = folder

    def rows(self) -> list[ObjectRef]:
        keys = [key for key in self.store.keys("models") if key.startswith("data/")]
        return [ObjectRef(bucket="models", key=key) for key in keys]


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    made = Room(tmp_path)
    stack = SimpleNamespace(local=True, name="winnow", hint=lambda words: f"winnow {words}")
    monkeypatch.setattr(target, "find_target", lambda _: stack)
    monkeypatch.setattr(models, "open_models", lambda _: made.models)
    monkeypatch.setattr(publish, "_vectors", lambda _: None)
    monkeypatch.setattr(winnow_encoder, "load_encoder", lambda *_, **__: FakeEncoder())
    return made


def document(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_rows_that_were_kept_give_the_same_head_again(room: Room) -> None:
    told = document("process", "publish", room.file, "--data", room.data)
    (part,) = told["version"]["data"]["parts"]
    assert (part["kind"], part["name"], part["rows"]) == ("file", "train.csv", 240)
    (kept,) = room.rows()
    assert part["object"]["key"] == kept.key == f"data/bank/{part['sha256']}.jsonl"
    again = document("reproduce", "bank")
    assert (again["same"], again["decisions"], again["rows"]) == (True, 0, 240)
    shown = document("model", "show", "bank")
    assert shown["version"]["reproducible"] is True
    assert "bit for bit" in CliRunner().invoke(app, ["reproduce", "bank", "champion"]).stdout


def test_rows_that_were_not_kept_are_given(room: Room) -> None:
    document("process", "publish", room.file)
    assert room.rows() == []
    error = document("reproduce", "bank", code=1)["error"]
    assert (error["code"], "--data" in error["advice"]) == ("not_reproducible", True)
    assert document("reproduce", "bank", "champion", "--data", room.data)["same"]
    other = write_rows(room.folder / "other.csv", rows(240, seed=5))
    error = document("reproduce", "bank", "champion", "--data", str(other), code=1)["error"]
    assert error["code"] == "training_data"


def test_a_head_that_differs_is_told_by_how_much(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    document("process", "publish", room.file, "--data", room.data)

    class Shifted(FakeEncoder):
        def __call__(self, texts: Any) -> Any:
            vectors = super().__call__(texts) * 1.0
            vectors[:, 0] += 0.01
            return vectors

    monkeypatch.setattr(winnow_encoder, "load_encoder", lambda *_, **__: Shifted())
    again = document("reproduce", "bank", code=1)
    assert not again["same"]
    assert max(again["arrays"].values()) > 0
    assert document("model", "show", "bank")["version"]["reproducible"] is False


def test_rows_that_were_erased_cannot_be_trained_on(room: Room) -> None:
    document("process", "publish", room.file, "--data", room.data)
    (kept,) = room.rows()
    content = room.store.content(kept)
    room.store.delete(kept)
    room.store.add(kept.bucket, kept.key, content[content.index(b"\n") + 1 :])
    error = document("reproduce", "bank", code=1)["error"]
    assert (error["code"], "erased" in error["message"]) == ("not_reproducible", True)


def test_a_version_without_a_head_is_its_definition(room: Room) -> None:
    moods = room.folder / "moods.yaml"
    moods.write_text(
        "id: moods\nversion: 1.0.0\nkind: labels\ntitle: Moods\nlabels:\n"
        "  - {id: joy, examples: [I am glad.]}\n  - {id: sadness, examples: [I am sad.]}\n"
    )
    document("process", "publish", str(moods))
    assert document("reproduce", "moods", code=1)["error"]["code"] == "not_reproducible"
    error = document("process", "publish", str(moods), "--data", room.data, code=1)["error"]
    assert error["code"] == "publish_invalid"


def test_other_files_than_those_of_the_head_are_refused(room: Room) -> None:
    other = write_rows(room.folder / "other.csv", rows(240, seed=5))
    error = document("process", "publish", room.file, "--data", str(other), code=1)["error"]
    assert (error["code"], "(data)" in error["message"]) == ("publish_invalid", True)
    assert room.registry.entries() == ()
    assert room.rows() == []


def test_an_export_of_reviews_is_not_kept(room: Room) -> None:
    from winnow.reviews.export import COLUMNS

    export = room.folder / "decided.csv"
    export.write_text(",".join(COLUMNS) + "\n")
    error = document("process", "publish", room.file, "--data", str(export), code=1)["error"]
    assert "export of reviews" in error["message"]
    assert room.registry.entries() == ()
