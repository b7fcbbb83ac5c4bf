"""`winnow model info`, and the program's own start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from winnow.models import ModelInfo
from winnow_cli.app import app
from winnow_encoder.artefacts import INT8_FILE, MANIFEST_FILE, FileFacts, Manifest, Package
from winnow_encoder.precomputed import precomputed_file, write_precomputed


class Encoding:
    info = ModelInfo(name="use-lite", version="1", sha256="0" * 64, engine="litert")

    def __call__(self, texts):
        return np.ones((len(texts), 512), np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / INT8_FILE).write_bytes(b"weights")
    manifest = Manifest(
        name="use-lite",
        version="1",
        package=Package(name="n", version="1.0.0", integrity="sha512-" + "A" * 86 + "=="),
        recipe="test",
        files={
            INT8_FILE: FileFacts.of(tmp_path / INT8_FILE),
            "absent": FileFacts(sha256="0" * 64, bytes=1),
        },
    )
    (tmp_path / MANIFEST_FILE).write_text(manifest.model_dump_json())
    write_precomputed(Encoding(), ["one", "two"], tmp_path, {})
    return tmp_path


def info(folder: Path) -> Result:
    return CliRunner().invoke(app, ["model", "info", "--model", str(folder), "--json"])


def test_names_the_files_and_the_references(folder: Path) -> None:
    document = json.loads(info(folder).stdout)
    assert document["references"] == {"litert": 2}
    assert set(document["files"]) == {INT8_FILE, "absent"}


@pytest.mark.parametrize("content", ["{}", "[]", "", "no"])
def test_a_manifest_that_is_none_is_a_damaged_model(folder: Path, content: str) -> None:
    (folder / MANIFEST_FILE).write_text(content)
    result = info(folder)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "model_invalid"


@pytest.mark.parametrize("damaged", ["weights", "references"])
def test_a_damaged_file_is_named(folder: Path, damaged: str) -> None:
    file = folder / INT8_FILE if damaged == "weights" else precomputed_file(folder, "litert")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    result = info(folder)
    assert result.exit_code == 1
    assert file.name in json.loads(result.stdout)["error"]["message"]


def test_ctrl_c_while_it_is_loaded_ends_it_quietly(tmp_path: Path) -> None:
    """As where the key is pressed at once: while the first module of the commands is loaded."""
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, "-m", "winnow_cli", "--help"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
