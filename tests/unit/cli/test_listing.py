"""A list that is told as it comes is the same document, or table, as one told at the end."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from botocore.exceptions import ConnectTimeoutError
from typer.testing import CliRunner

from winnow.errors import AwsUnreachableError
from winnow.recovery.status import UploadStatus
from winnow_cli import audit as standings
from winnow_cli import target
from winnow_cli.app import app
from winnow_cli.audit import AuditRow, Redriven
from winnow_cli.console import ascii_json
from winnow_cli.listing import DRAWN, Listing, progress
from winnow_cli.options import INTERRUPTED

ODD = "a\nb\x1b[31m\x7f \u202e é 🙂"


def told(count: int, *, as_json: bool, columns: Any = ("n", "name"), fails: bool = False) -> None:
    with Listing("things", columns, as_json) as listing:
        for number in range(count):
            row = (str(number), ODD) if columns else (f"{number} {ODD}",)
            listing.add({"n": number, "name": ODD}, row)
        listing.beside = {"counts": {"all": count}, "clean": True, "none": []}
        if fails:
            raise KeyboardInterrupt


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("fails", [False, True])
def test_json_is_one_whole_document_of_ascii(count: int, fails: bool, capsys: Any) -> None:
    if fails:
        with pytest.raises(typer.Exit) as ended:
            told(count, as_json=True, fails=True)
        assert ended.value.exit_code == 130
    else:
        told(count, as_json=True)
    out = capsys.readouterr().out
    assert out.isascii()
    assert out.replace("\n", "").isprintable()
    document = {
        "things": [{"n": number, "name": ODD} for number in range(count)],
        **{"counts": {"all": count}, "clean": True, "none": []},
        **({"error": INTERRUPTED} if fails else {}),
    }
    assert json.loads(out) == document
    assert out == ascii_json(document) + "\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AwsUnreachableError("AWS does not answer."), "aws_unreachable"),
        (ConnectTimeoutError(endpoint_url="https://x"), "aws_unreachable"),
        (ValueError("x"), "internal"),
    ],
)
def test_a_command_that_breaks_off_amid_its_list_leaves_one_document(
    error: Exception, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(*_: Any) -> Iterator[AuditRow]:
        yield AuditRow("1" * 32, UploadStatus.FAILED, "inbox/p/a.csv", "v", None)
        raise error

    monkeypatch.setattr(standings, "audit", found)
    monkeypatch.setattr(target, "find_target", lambda _: None)
    ran = CliRunner().invoke(app, ["audit", "--json", "--stack", "prod"])
    document = json.loads(ran.stdout)
    assert (ran.exit_code, document["error"]["code"]) == (1, code)
    assert [one["standing"] for one in document["uploads"]] == ["FAILED"]
    assert ran.stderr.startswith(f"{code}: ")


def test_a_redrive_that_breaks_off_tells_what_it_started_and_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Work:
        under_way: tuple[str, ...] = ()
        failures: tuple[()] = ()
        unreadable = 0

        def __init__(self, _: object) -> None:
            pass

        def failed_since(self, _: float) -> Iterator[Redriven]:
            yield Redriven("1" * 32, "run", from_queue=False)
            raise AwsUnreachableError("AWS does not answer.")

    monkeypatch.setattr(standings, "Redrive", Work)
    monkeypatch.setattr(target, "find_target", lambda _: None)
    ran = CliRunner().invoke(app, ["redrive", "--failed-since", "1d", "--json"])
    document = json.loads(ran.stdout)
    assert [one["upload_id"] for one in document["started"]] == ["1" * 32]
    assert (ran.exit_code, document["error"]["code"]) == (1, "aws_unreachable")


def test_in_a_pipe_each_is_a_line_and_what_steers_a_terminal_is_not_in_it(capsys: Any) -> None:
    told(2, as_json=False)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "n\tname"
    assert [line.split("\t")[0] for line in lines] == ["0", "1"]
    assert "\x1b" not in "".join(lines)
    told(1, as_json=False, columns=None)
    assert capsys.readouterr().out.startswith("0 a b")


def test_on_a_terminal_no_more_than_a_tables_rows_are_held(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with Listing("things", ("n",), as_json=False) as listing:
        for number in range(DRAWN + 5):
            listing.add({}, (str(number),))
            assert len(listing._rows) < DRAWN
    out = capsys.readouterr().out.split()
    assert [word for word in out if word.isdigit()] == [str(n) for n in range(DRAWN + 5)]


def test_progress_is_for_a_terminal_alone(capsys: Any) -> None:
    with progress("{} and {}") as tell:
        tell(1, 2)
    assert capsys.readouterr().err == ""
