"""`winnow reviews export`: the file that is written."""

import errno
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from winnow.reviews import export
from winnow_cli import reviews, target
from winnow_cli.app import app

OLD = b"text,decision\r\nold,met\r\n"


class _Reviews:
    store = items = None

    def __init__(self, _: object) -> None:
        pass

    def processes(self, _: object) -> list[str]:
        return ["p"]


class _Export:
    gone = 0

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def rows(self, *_: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(cells=dict.fromkeys(export.COLUMNS, "é\udcff"))


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviews, "StackReviews", _Reviews)
    monkeypatch.setattr(export, "Export", _Export)
    monkeypatch.setattr(target, "find_target", lambda _: None)
    monkeypatch.setattr(target, "aws_errors", nullcontext)


def exported(output: Path) -> Result:
    return CliRunner().invoke(app, ["reviews", "export", "--output", str(output)])


def test_an_export_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    output = tmp_path / "e.csv"
    output.write_bytes(OLD)
    assert exported(output).exit_code == 0
    assert output.read_bytes() != OLD
    assert output.read_bytes().count(b"\r\n") == 2
    assert "é?" in output.read_text("utf-8")


def test_a_full_disk_leaves_the_old_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "e.csv"
    output.write_bytes(OLD)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    ended = exported(output)
    assert ended.exit_code == 1
    assert "No space left on device" in ended.stderr
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [OLD]


def test_a_device_stays_one() -> None:
    assert exported(Path(os.devnull)).exit_code == 0
    assert Path(os.devnull).is_char_device()
