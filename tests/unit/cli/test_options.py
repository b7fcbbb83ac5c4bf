"""How a command ends: on Ctrl-C, and where something goes wrong after it."""

import errno
import io
import os
import sys
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from winnow.errors import StageUnknownError
from winnow_cli.app import app
from winnow_cli.console import of_stages
from winnow_cli.options import handle_errors


@pytest.mark.parametrize(
    ("raised", "code"),
    [(KeyboardInterrupt(), 130), (CancelledError("KeyboardInterrupt()"), 130), (ValueError(), 1)],
)
def test_what_goes_wrong_after_ctrl_c_is_no_defect(
    raised: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    @handle_errors
    def at_once() -> None:
        raise raised

    @handle_errors
    def in_winding_up() -> None:
        try:
            raise raised
        finally:
            [].pop()

    for command in (at_once, in_winding_up):
        with pytest.raises(typer.Exit) as ended:
            command()
        assert ended.value.exit_code == code
        assert ("Interrupted." in capsys.readouterr().err) is (code == 130)


def test_an_error_is_the_only_one_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()

    @handle_errors
    def command() -> None:
        raise StageUnknownError("stages.toml has no stage 'x'.")

    with pytest.raises(typer.Exit) as ended:
        command()
    assert ended.value.exit_code == 1
    told = capsys.readouterr().err
    assert "stage_unknown" in told
    assert "written" not in told


def test_a_full_disk_behind_stdout_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    @handle_errors
    def command() -> None:
        """Prints nothing."""

    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(typer.Exit) as ended:
        command()
    assert ended.value.exit_code == 1
    assert "The output cannot be written: No space left" in capsys.readouterr().err


BROKEN = os.fsdecode(b"a\xffb")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["stages", "set", "x", "--parameter", f"NotifyEmail={BROKEN}"], "--parameter"),
        (["stages", "set", "x", "--tag", f"owner={BROKEN}"], "--tag"),
        (["stages", "set", "x", "--profile", BROKEN], "--profile"),
        (["stages", "set", BROKEN], "STAGE"),
        (["stages", "remove", BROKEN], "STAGE"),
        (["process", "new", "x", "--kind", "labels", "--code", BROKEN], "--code"),
        (["process", "new", "x", "--kind", "labels", "--title", BROKEN], "--title"),
        (["process", "new", "x", "--kind", "labels", "--text-column", BROKEN], "--text-column"),
        (["process", "new", "x", "--kind", "labels", "--label", "a", "--label", BROKEN], "--label"),
        (["process", "new", BROKEN, "--kind", "labels"], "ID"),
        (["predict", "--process", BROKEN, "text"], "--process"),
        (["search", "--reviewer", BROKEN], "--reviewer"),
        (["search", BROKEN], "WORDS"),
        (["users", "add", "a@example.org", "--group", "admin", "--name", BROKEN], "--name"),
        (["model", "promote", "p", "v", "--reason", BROKEN], "--reason"),
        (["status", "--stack", BROKEN], "--stack"),
        (["deploy", "x", "--confirm", BROKEN], "--confirm"),
    ],
)
def test_text_that_is_not_utf_8_is_refused_by_its_option(
    arguments: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINNOW_STAGES", str(tmp_path / "stages.toml"))
    monkeypatch.setenv("WINNOW_PROCESSES", str(tmp_path))
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert f"{named}: it is not in UTF-8" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_a_file_need_not_be_utf_8(tmp_path: Path) -> None:
    file = tmp_path / f"{BROKEN}.toml"
    arguments = ["--account", "123456789012", "--region", "eu-central-1", "--stages", str(file)]
    result = CliRunner().invoke(app, ["stages", "set", "test", *arguments, "--tag", "owner=Zoe"])
    assert result.exit_code == 0
    assert "Zoe" in file.read_text("utf-8")


def test_advice_names_the_file_of_stages_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    file = tmp_path / "my stages.toml"
    given = ["--stages", str(file)]
    own = ["--account", "123456789012", "--region", "eu-central-1"]
    added = CliRunner().invoke(app, ["stages", "set", "test", *own, *given])
    assert added.stdout.startswith("my stages.toml has test. Deploy it with `")
    assert f"winnow deploy test --stages '{file}'`." in added.stdout
    for arguments in (["deploy", "prod", "--yes"], ["stages", "remove", "prod"]):
        unknown = CliRunner().invoke(app, [*arguments, *given])
        assert unknown.exit_code == 1
        assert f"winnow stages --stages '{file}'` lists the stages." in unknown.stderr
        assert "my stages.toml has no stage 'prod'" in unknown.stderr
        assert "Add a table [stages.NAME] to my stages.toml." in unknown.stderr
        assert "my my" not in unknown.stderr
    removed = CliRunner().invoke(app, ["stages", "remove", "test", *given])
    assert removed.stdout == "my stages.toml has no test any more.\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("`winnow deploy b`", "`winnow deploy b --stages f.toml`"),
        ("`winnow stages`", "`winnow stages --stages f.toml`"),
        ("`winnow stages set b --parameter A=1`, then `winnow deploy b`",
         "`winnow stages set b --parameter A=1 --stages f.toml`, then `winnow deploy b --stages "
         "f.toml`"),
        ("`winnow status` lists", "`winnow status` lists"),
        ("winnow deploy b", "winnow deploy b"),
    ],
)  # fmt: skip
def test_commands_that_take_a_file_of_stages_are_given_it(
    text: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WINNOW_STAGES", raising=False)
    assert of_stages(text) == text

    @handle_errors
    def command(stages: Path | None) -> None:
        said.append(of_stages(text))

    said: list[str] = []
    command(stages=Path("f.toml"))
    monkeypatch.setenv("WINNOW_STAGES", "f.toml")
    command(stages=Path("f.toml"))
    command(stages=None)
    assert said == [told, text, text]


EMOTIONS = ("--process", "emotions")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["process", "validate", "{file}"], "FILE"),
        (["process", "publish", "{file}", "--reason", "x"], "FILE"),
        (["predict", *EMOTIONS, "--file", "{file}"], "--file"),
        (["submit", "{file}", *EMOTIONS], "PATH"),
        (["evaluate", *EMOTIONS, "--data", "{file}"], "--data"),
        (["evaluate", *EMOTIONS, "--drift", "{file}"], "--drift"),
        (["train", *EMOTIONS, "--data", "{file}"], "--data"),
        (["tune", *EMOTIONS, "--data", "{file}"], "--data"),
        (["evaluate-similarity", "--data", "{file}"], "--data"),
        (["search", "--like-picture", "{file}"], "--like-picture"),
        (["stages", "--stages", "{file}"], "--stages"),
        (["stages", "remove", "prod", "--stages", "{file}"], "--stages"),
        (["deploy", "prod", "--yes", "--stages", "{file}"], "--stages"),
    ],
)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_or_a_device_is_not_read(
    arguments: list[str], named: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    file = Path("/dev/zero")
    if kind == "pipe":
        file = tmp_path / "f"
        os.mkfifo(file)
    result = CliRunner().invoke(app, [one.format(file=file) for one in arguments])
    assert result.exit_code == 2
    assert f"{named}: {file} is a pipe or a device; save it as a file" in result.stderr


def test_a_device_may_be_written(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("0,a,b\n")

    @handle_errors
    def command(
        data: Annotated[Path, typer.Option("--data", exists=True)],
        html: Annotated[Path, typer.Option("--html")],
    ) -> None:
        html.write_bytes(data.read_bytes())

    command(data=file, html=Path(os.devnull))


def test_the_state_of_the_local_stack_is_in_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    monkeypatch.setenv("WINNOW_STATE_DIR", str(file))
    for arguments in (["mail"], ["down"], ["status"], ["up", "--detach"]):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 1
        assert "local_file: file is no folder" in result.stderr
        assert "WINNOW_STATE_DIR" in result.stderr
    assert file.read_text() == "x"


def test_a_line_feed_in_a_file_s_name_splits_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("n\n.csv", "e\n.toml"):
        (tmp_path / name).write_text("text,label\nx,y\n")
    broken = str(tmp_path / "n\n.csv")
    for arguments in (
        ["evaluate", *EMOTIONS, "--data", broken, "--label-column", "truth"],
        ["evaluate-similarity", "--data", broken],
        ["stages", "remove", "prod", "--stages", str(tmp_path / "e\n.toml")],
    ):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 1
        assert "n\ufffd.csv" in result.stderr or "e\ufffd.toml" in result.stderr
