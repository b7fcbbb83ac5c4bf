"""What the menu notes of a stage is in stages.toml whole or not at all, whatever ends it."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import ROOT
from winnow_cli.app import app

BEFORE = """\
# Ours.
[stages.test]
account = "123456789012"  # the sandbox
region = "eu-central-1"
"""
WHERE = ("--account", "210987654321", "--region", "us-east-1")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "stages.toml"
    path.write_text(BEFORE, "utf-8")
    (tmp_path / "template.yaml").write_bytes((ROOT / "template.yaml").read_bytes())
    monkeypatch.setenv("WINNOW_STAGES", str(path))
    return path


KILLED_AT = {
    "as the new text is written": ("os", "fsync"),
    "before it takes the old one's place": ("pathlib.Path", "replace"),
    "as its rights are set": ("pathlib.Path", "chmod"),
}


@pytest.mark.parametrize("moment", KILLED_AT)
def test_kill_9_in_the_middle_leaves_the_file_as_it_was(file: Path, moment: str) -> None:
    owner, name = KILLED_AT[moment]
    code = (
        "import os, pathlib, signal; from winnow_cli.app import app\n"
        f"{owner}.{name} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"app(['stages', 'set', 'production', *{WHERE!r}])"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False, timeout=240)
    assert killed.returncode == -9
    assert file.read_text("utf-8") == BEFORE
    # The lock went with the process, and what it left behind does not matter.
    assert CliRunner().invoke(app, ["stages", "set", "production", *WHERE]).exit_code == 0
    assert set(tomllib.loads(file.read_text("utf-8"))["stages"]) == {"test", "production"}
