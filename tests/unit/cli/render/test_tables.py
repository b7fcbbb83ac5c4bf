"""Tables on terminals of several widths."""

import pytest
from rich.cells import cell_len

from winnow_cli.render.tables import table


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
    header = ("status", "upload id", "file")
    lines = on_terminal(columns, table, header, [("SUCCEEDED", upload_id, key)])
    assert sum(upload_id in line for line in lines) == 1
    assert max(map(cell_len, lines)) <= columns


def test_a_column_named_by_a_file_is_no_markup(on_terminal) -> None:
    for columns in (80, 21):
        lines = on_terminal(columns, table, ("[red]", "[/]"), [("a" * 9, "b" * 9)])
        assert "[red]" in " ".join(lines)
        assert "[/]" in " ".join(lines)
