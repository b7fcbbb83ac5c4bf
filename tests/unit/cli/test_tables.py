"""Tables and hints of the command line, on terminals of several widths and in a pipe."""

import io
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from winnow.models import (
    Counts,
    ObjectRef,
    Outcome,
    ProcessInfo,
    Result,
    ResultRecord,
    Timings,
    Upload,
)
from winnow.steps.notification import subject
from winnow_cli.app import app
from winnow_cli.commands.audit import moment
from winnow_cli.commands.uploads import counts_line, print_results, print_status
from winnow_cli.console import command, here, note, table, typed_here
from winnow_cli.uploads import UploadRow


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch):
    """Calls something on a terminal of so many columns; gives the lines it shows, uncoloured."""

    def shown(columns: int, call, *arguments, **named) -> list[str]:
        screen = Terminal()
        monkeypatch.setattr(sys, "stdout", screen)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm-256color")
        call(*arguments, **named)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue())
        return [line.rstrip() for line in plain.splitlines() if line.strip()]

    return shown


def upload(number: int, **more) -> UploadRow:
    return UploadRow.model_validate(
        {
            "upload_id": f"{number:032x}"[::-1],
            "object_key": f"inbox/L33774/prior-auth-cases-{number}.csv",
            "bucket": "uploads",
            "size": 1,
            "state": "SUCCEEDED",
            "process": "L33774",
            "run": "arn",
            "claimed_at": "2026-11-21T16:24:54.823Z",
            "ended_at": "2026-11-21T16:24:56.050Z",
            "accepted": 13,
            "review": 6,
            "invalid": 1,
            **more,
        }
    )


@pytest.mark.parametrize("columns", [100, 120, 160])
def test_an_upload_is_one_line_of_the_table(on_terminal, columns: int) -> None:
    rows = [upload(1), upload(2, accepted=12345)]
    header, _, *lines = on_terminal(columns, print_status, rows)
    assert len(lines) == 2
    assert "12,345 accepted, 6 to review, 1 invalid" in lines[1]
    assert max(map(cell_len, lines)) <= columns
    # What there is no room for is the duration, then the time; nothing else.
    assert ("started" in header, "seconds" in header) == {
        100: (False, False), 120: (True, False), 160: (True, True)
    }[columns]  # fmt: skip


def test_where_a_table_is_too_narrow_for_words_a_row_is_a_paragraph(on_terminal) -> None:
    lines = on_terminal(50, print_status, [upload(1), upload(2)])
    assert lines[:3] == [
        "state              SUCCEEDED",
        "  upload id        100000000000",
        "  file             prior-auth-cases-1.csv",
    ]
    assert "  seconds          1.2" in lines


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 120])
def test_no_word_of_a_table_is_broken_that_could_be_whole(on_terminal, columns: int) -> None:
    words = "undetermined obscure-bleeding: confidence gastrointestinal"
    lines = on_terminal(columns, table, ("outcome", "decision", "why"), [("review", words, words)])
    found = " ".join(lines).split()
    if columns > 25:
        assert all(found.count(word) == 2 for word in words.split())
    assert max(map(cell_len, lines)) <= columns


@pytest.mark.parametrize("columns", [46, 50, 60, 70, 90])
def test_an_id_is_never_broken(on_terminal, columns: int) -> None:
    upload_id, key = "0123456789abcdef" * 2, "inbox/L33774/a folder/a file of a long name.csv"
    header = ("standing", "upload id", "file")
    lines = on_terminal(columns, table, header, [("SUCCEEDED", upload_id, key)])
    assert sum(upload_id in line for line in lines) == 1
    assert max(map(cell_len, lines)) <= columns


def test_a_column_named_by_a_file_is_no_markup(on_terminal) -> None:
    for columns in (80, 21):
        lines = on_terminal(columns, table, ("[red]", "[/]"), [("a" * 9, "b" * 9)])
        assert "[red]" in " ".join(lines)
        assert "[/]" in " ".join(lines)


def test_a_note_is_broken_between_words_and_a_command_not_at_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prose, line = "confidence is the raw score, not a probability", "  winnow tune " + "-" * 40
    note(f"{prose}\n{line}")
    assert capsys.readouterr().err == f"{prose}\n{line}\n"
    screen = Terminal()
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


def test_a_folder_that_was_dropped_as_an_object_is_named() -> None:
    assert upload(1, object_key="inbox/L33774/").file_name == "inbox/L33774/"


def test_a_pipe_gets_whole_ids_and_times(capsys: pytest.CaptureFixture[str]) -> None:
    print_status([upload(1)])
    assert capsys.readouterr().out.splitlines()[1].split("\t") == [
        "SUCCEEDED",
        "1" + "0" * 31,
        "prior-auth-cases-1.csv",
        "L33774",
        "13 accepted, 6 to review, 1 invalid",
        "2026-11-21 16:24:54",
        "1.2",
    ]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((3334, 1666, 0), "3,334 accepted, 1,666 to review"),
        ((1, 0, 0), "1 accepted"),
        ((0, 0, 2), "0 accepted, 2 invalid"),
    ],
)
def test_counts_are_told_as_in_the_mails(counts: tuple[int, int, int], said: str) -> None:
    accepted, review, invalid = counts
    assert counts_line(upload(1, accepted=accepted, review=review, invalid=invalid)) == said
    assert subject(Counts(accepted=accepted, review=review, invalid=invalid), "x").endswith(said)


def result_of(records: list[ResultRecord]) -> Result:
    return Result(
        upload=Upload(upload_id="0" * 32, object=ObjectRef(bucket="b", key="inbox/x"), size=1),
        process=ProcessInfo(id="x", version="1.0.0", sha256="0" * 64, kind="labels"),
        threshold=0.7,
        threshold_from="process",
        counts=Counts(records=len(records), invalid=len(records)),
        decisions={},
        timings=Timings(serialize_s=0, classify_s=0, filter_s=0),
        files={},
    )


def test_results_of_an_archive_name_the_member(capsys: pytest.CaptureFixture[str]) -> None:
    def invalid(number: int, part: str | None) -> ResultRecord:
        return ResultRecord(
            outcome=Outcome.INVALID, record=number, part=part, code="file_type", reason="No."
        )

    records = [invalid(1, "a/broken.pdf"), invalid(2, None)]
    print_results(result_of(records), records)
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[0][:4] == ["outcome", "record", "part", "id"]
    assert lines[1][2] == "a/broken.pdf"
    print_results(result_of(records), records[1:])
    assert "part" not in capsys.readouterr().out


def test_a_hint_can_be_pasted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "winnow").write_text("#!/bin/sh\n")
    (folder / "winnow").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)
    assert command() == ".venv/bin/winnow"
    assert typed_here("Run `winnow up` (see docs).") == "Run `.venv/bin/winnow up` (see docs)."
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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("Treshold=0.8", "did you mean Threshold?"),
        ("Nonsense=1", "DefaultProcess"),
        ("Threshold", "NAME=VALUE"),
    ],
)
def test_up_refuses_a_parameter_that_the_template_has_not(
    given: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WINNOW_STATE_DIR", str(tmp_path))
    monkeypatch.setattr("winnow_local.stack.start_detached", lambda *_, **__: pytest.fail("began"))
    done = CliRunner(env={"COLUMNS": "500"}).invoke(app, ["up", "--detach", "--parameter", given])
    assert done.exit_code == 2
    assert said in done.stderr


def test_advice_on_a_process_is_for_the_command_line() -> None:
    done = CliRunner().invoke(app, ["predict", "--process", "nix", "Hello."])
    assert done.exit_code == 1
    assert "Known: L33774, emotions" in done.stderr
    assert "--processes" in done.stderr
    assert "x-amz-meta" not in done.stderr


@pytest.mark.parametrize(
    "text", ["", "d", "²d", "99999999999d", f"{'9' * 30}s", f"{'9' * 5_000}m", "-1d", "soon", "1w"]
)
def test_what_is_no_time_is_a_wrong_call(text: str) -> None:
    ran = CliRunner().invoke(app, ["redrive", "--failed-since", text])
    assert (ran.exit_code, ran.stdout) == (2, "")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("12h", 43_200), ("3d", 259_200), ("2026-01-01T01:00+01:00", 0)],
)
def test_a_time_or_an_age(text: str, seconds: int) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert moment(text, now) == now - timedelta(seconds=seconds)
