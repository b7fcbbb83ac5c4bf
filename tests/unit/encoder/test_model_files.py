"""No file of the model is used unless it is, byte for byte, the one that the manifest names."""

from pathlib import Path

import pytest

from winnow.errors import ModelInvalidError, SettingsError
from winnow_encoder import load_encoder
from winnow_encoder.artefacts import (
    INT8_FILE,
    MANIFEST_FILE,
    TOKENIZER_FILE,
    FileFacts,
    Manifest,
    Package,
    read_manifest,
    verified,
)

CONTENT = {INT8_FILE: b"weights" * 100, TOKENIZER_FILE: b"pieces" * 100}
PACKAGE = Package(name="@scope/name", version="1.0.0", integrity="sha512-" + "A" * 86 + "==")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in CONTENT.items():
        (tmp_path / name).write_bytes(data)
    manifest = Manifest(
        name="use-lite",
        version="1",
        package=PACKAGE,
        recipe="test",
        files={name: FileFacts.of(tmp_path / name) for name in CONTENT},
    )
    (tmp_path / MANIFEST_FILE).write_text(manifest.model_dump_json())
    return tmp_path


def test_gives_the_bytes_that_were_checked(folder: Path) -> None:
    manifest = read_manifest(folder)
    for name, data in CONTENT.items():
        assert verified(folder, manifest, name) == data


@pytest.mark.parametrize("name", [INT8_FILE, TOKENIZER_FILE])
@pytest.mark.parametrize("damage", ["missing", "truncated", "longer", "altered", "folder"])
def test_damage_is_an_error_at_the_start(folder: Path, name: str, damage: str) -> None:
    path = folder / name
    data = path.read_bytes()
    path.unlink()
    match damage:
        case "truncated":
            path.write_bytes(data[:-1])
        case "longer":
            path.write_bytes(data + b"\0")
        case "altered":
            path.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:])
        case "folder":
            path.mkdir()
    with pytest.raises(ModelInvalidError, match=name):
        verified(folder, read_manifest(folder), name)
    with pytest.raises(ModelInvalidError):
        load_encoder(folder)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[1]", '{"name": 1}', "\x00", '{"name":"use-lite","version":"1","files":{}}'],
)
def test_a_damaged_manifest_is_refused(folder: Path, text: str) -> None:
    (folder / MANIFEST_FILE).write_text(text)
    with pytest.raises(ModelInvalidError, match=MANIFEST_FILE):
        load_encoder(folder)


def test_no_manifest_is_refused(tmp_path: Path) -> None:
    for engine in ("litert", "litert-fp32"):
        with pytest.raises(ModelInvalidError, match=MANIFEST_FILE):
            load_encoder(tmp_path / "nowhere", engine)


def test_a_file_that_another_engine_needs_may_be_absent(folder: Path) -> None:
    with pytest.raises(ModelInvalidError, match="does not list use-lite-fp32"):
        verified(folder, read_manifest(folder), "use-lite-fp32.tflite")
    assert verified(folder, read_manifest(folder), INT8_FILE)


def test_wrong_settings_are_named(folder: Path) -> None:
    with pytest.raises(SettingsError, match="'onnx' is not one of litert"):
        load_encoder(folder, "onnx")
    with pytest.raises(SettingsError, match="-1"):
        load_encoder(folder, threads=-1)
    with pytest.raises(SettingsError, match="handle"):
        load_encoder(folder, "litert", handle="somewhere")
