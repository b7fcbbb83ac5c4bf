"""Text on its way out: any terminal, any encoding, a reader that went away, a disk that is full."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from winnow.errors import RetryableError
from winnow.storage.file_names import name_of
from winnow_cli.__main__ import main
from winnow_cli.console import (
    ascii_json,
    clean,
    command,
    csv_stream,
    here,
    note,
    pasteable,
    prepare_streams,
    safe,
    say,
    shorten,
    stdout,
)
from winnow_cli.options import handle_errors
from winnow_cli.render.tables import table

HOSTILE = "\x1b]0;own\x07\x1b[2J\x9b31m\x7f\x00\u202e\u2066\u200b\ufeff\u00ad\udcff"


def program(
    code: str, *, encoding: str = "utf-8", out: int | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Code of a command, run as `winnow` runs one."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import typer\nfrom winnow_cli.console import *\n"
            "from winnow_cli.options import handle_errors\n"
            "from winnow_cli.render.tables import table\nprepare_streams()\n"
            f"@handle_errors\ndef command():\n    {code}\n"
            "try:\n    command()\n"
            "except typer.Exit as ended:\n    raise SystemExit(ended.exit_code)",
        ],
        stdout=subprocess.PIPE if out is None else out,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=False,
        timeout=240,
    )


def test_no_control_character_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"a{HOSTILE}\tb\nc")
    note(f"a{HOSTILE}b")
    stdout().print(f"a{HOSTILE}b", markup=False)
    table([f"h{HOSTILE}"], [[f"x{HOSTILE}y"]])
    shown = capsys.readouterr()
    assert all(c.isprintable() or c in "\n\t" for c in shown.out + shown.err)
    assert "\tb\nc\n" in shown.out


def test_blanks_of_every_kind_stay_blanks() -> None:
    assert safe("a\u00a0b\u2003c\u3000d") == "a b c d"


def test_json_is_printable_ascii_and_whole() -> None:
    document = {f"k{HOSTILE}": [f"Ł “x” ✓ 日本 {HOSTILE}"]}
    text = ascii_json(document)
    assert text.isascii()
    assert all(c.isprintable() or c == "\n" for c in text)
    assert json.loads(text) == document


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8", "utf-16"])
def test_an_answer_is_whole_in_every_encoding(encoding: str) -> None:
    code = (
        "say('é – ✓ 1'); note('é – ✓ 2'); stdout().print('é – ✓ 3'); table(['é'], [['✓ 4']]); "
        "print(ascii_json('é✓\\udcff'))"
    )
    ran = program(code, encoding=encoding)
    assert ran.returncode == 0, ran.stderr
    said = (ran.stdout + ran.stderr).decode(encoding, "replace")
    assert all(digit in said for digit in "1234")
    assert r'"\u00e9\u2713\udcff"' in said
    if encoding == "cp1252":
        assert "é – ? 1" in said


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_csv_in_a_pipe_is_utf_8(encoding: str) -> None:
    ran = program("say('x')\n    with csv_stream() as s: s.write('Ł,“✓”\\r\\n')", encoding=encoding)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("Ł,“✓”\r\n".encode())


def test_a_csv_on_a_terminal_is_as_safe_as_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        buffer = io.BytesIO()

        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    with csv_stream() as stream:
        stream.write("a\u202eb,c\r\nd,e\r\n")
    assert screen.getvalue() == "a?b,c\nd,e\n"


def test_streams_that_are_closed_are_read_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    prepare_streams()
    say("x")
    note("y")
    sys.stdout.close()
    sys.stderr.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ["forget", "abcdef123456"],
        ["users", "remove", "a@example.org"],
        ["review", "--terminal"],
        ["menu"],
        ["process", "new"],
        ["bootstrap", "local", "--repository", "example/winnow"],
    ],
    ids=" ".join,
)
def test_who_closes_stdin_is_not_asked(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(sys, "argv", ["winnow", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    sys.stdin.close()
    assert ended.value.code == 2
    assert "Usage: " in capsys.readouterr().err


def test_input_that_is_not_utf_8_is_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\xff"), encoding="utf-8"))
    prepare_streams()
    assert sys.stdin.read() == "a\ufffd"


def test_a_path_is_whole_where_the_working_directory_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert here(tmp_path / "file") == str(tmp_path / "file")
    monkeypatch.chdir(tmp_path)
    assert here(tmp_path / "file") == "file"


def test_a_reader_that_went_away_is_told_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    for code in ("say('x' * 100)", "stdout().print('x')", "table(['a'], [['b']] * 9000)"):
        ran = program(code, out=write)
        assert (ran.returncode, ran.stderr) == (141, b"")
    os.close(write)


def test_help_that_nobody_reads_ends_like_any_output() -> None:
    read, write = os.pipe()
    os.close(read)
    ran = subprocess.run(
        [sys.executable, "-m", "winnow_cli", "--help"], stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    assert (ran.returncode, ran.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_an_answer_that_cannot_be_written_is_told() -> None:
    with Path("/dev/full").open("wb") as full:
        ran = program("say('x')", out=full.fileno())
    assert ran.returncode == 1
    assert ran.stderr.startswith(b"local_file: The output cannot be written: No space left")
    assert b"Traceback" not in ran.stderr
    assert b"Exception ignored" not in ran.stderr


def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    @handle_errors
    def write(as_json: bool) -> None:
        (tmp_path / "none\x1b" / "x").write_text("")

    with pytest.raises(typer.Exit) as ended:
        write(as_json=True)
    assert ended.value.exit_code == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "local_file"
    assert "none?/x" in error["message"]


def test_what_passes_is_not_told_to_be_submitted_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @handle_errors
    def look() -> None:
        raise RetryableError("S3 did not answer.")

    with pytest.raises(typer.Exit):
        look()
    shown = capsys.readouterr().err
    assert "ubmit" not in shown
    assert "Try the command again" in shown


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"a\xff.csv", "a\ufffd.csv"),
        (b"\x1b[2J.csv", "\ufffd[2J.csv"),
        ("Ł 日本.csv".encode(), "Ł 日本.csv"),
        (b"a\nb", "a\ufffdb"),
    ],
)
def test_a_name_that_is_no_text_becomes_one(name: bytes, text: str) -> None:
    assert name_of(Path(os.fsdecode(name))) == text


def test_control_characters_never_reach_the_terminal() -> None:
    assert clean("a\x1b[31mb\x07\u202e\r\nc\t d") == "a?[31mb?? c d"


def test_a_text_is_cut_with_an_ellipsis() -> None:
    assert shorten("one two three", 8) == "one two…"
    assert shorten("one", 8) == "one"


def test_a_note_is_broken_between_words_and_a_command_not_at_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prose, line = "confidence is the raw score, not a probability", "  winnow tune " + "-" * 40
    note(f"{prose}\n{line}")
    assert capsys.readouterr().err == f"{prose}\n{line}\n"
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("TERM", "xterm-256color")
    note(f"{prose}\n{line}\n{'x' * 40}")
    assert screen.getvalue().splitlines() == [
        "confidence is the raw score,",
        "not a probability",
        line,
        "x" * 40,
    ]


def test_a_hint_can_be_pasted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "winnow").write_text("#!/bin/sh\n")
    (folder / "winnow").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)
    assert command() == ".venv/bin/winnow"
    assert pasteable("Run `winnow up` (see docs).") == "Run `.venv/bin/winnow up` (see docs)."
    monkeypatch.chdir("/")
    assert command() == str(folder / "winnow").removeprefix("/")
    (tmp_path / "my cases").mkdir()
    folder.parent.rename(tmp_path / "my cases" / ".venv")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "my cases" / ".venv" / "bin" / "python"))
    monkeypatch.chdir(tmp_path)
    assert command() == "'my cases/.venv/bin/winnow'"
    (tmp_path / "my cases" / ".venv").rename(folder.parent)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("PATH", str(folder))
    assert command() == "winnow"
    assert here(tmp_path / "other") == str(tmp_path / "other")
