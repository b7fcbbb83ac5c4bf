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
from winnow_cli.commands.uploads import safe_cell
from winnow_cli.console import (
    ascii_json,
    csv_stream,
    note,
    prepare_streams,
    safe,
    say,
    stdout,
    table,
)
from winnow_cli.options import handle_errors

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
            "from winnow_cli.options import handle_errors\nprepare_streams()\n"
            f"@handle_errors\ndef command():\n    {code}\n"
            "try:\n    command()\n"
            "except typer.Exit as ended:\n    raise SystemExit(ended.exit_code)",
        ],
        stdout=subprocess.PIPE if out is None else out,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=False,
        timeout=60,
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


def test_a_cell_of_a_csv_steers_no_terminal_and_keeps_what_is_text() -> None:
    cell = safe_cell(f"a{HOSTILE}\tb\r\nc ✓ \u200f")
    assert not set(cell) & {chr(c) for c in range(0x20)} - set("\t\r\n")
    assert not set(cell) & {"\x7f", "\x9b", "\udcff"}
    assert cell.endswith("\tb\r\nc ✓ \u200f")
    assert safe_cell("\x1b=1+1") == "\ufffd=1+1"


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


def test_a_reader_that_went_away_is_told_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    for code in ("say('x' * 100)", "stdout().print('x')", "table(['a'], [['b']] * 9000)"):
        ran = program(code, out=write)
        assert (ran.returncode, ran.stderr) == (141, b"")
    os.close(write)


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
