"""A list that is told as it comes is the same document, or table, as one told at the end."""

import json
import sys
from typing import Any

import pytest
import typer

from winnow_cli.console import ascii_json
from winnow_cli.options import INTERRUPTED
from winnow_cli.render.listing import MAX_DRAWN, Listing, progress

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
        for number in range(MAX_DRAWN + 5):
            listing.add({}, (str(number),))
            assert len(listing._rows) < MAX_DRAWN
    out = capsys.readouterr().out.split()
    assert [word for word in out if word.isdigit()] == [str(n) for n in range(MAX_DRAWN + 5)]


def test_progress_is_for_a_terminal_alone(capsys: Any) -> None:
    with progress("{} and {}") as tell:
        tell(1, 2)
    assert capsys.readouterr().err == ""
