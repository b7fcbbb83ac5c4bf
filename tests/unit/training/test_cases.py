"""Labelled rows of a process that joins cases."""

import pytest

from tests.fakes.processes import MOODS
from winnow.errors import TrainingDataError
from winnow.models import PART_SEPARATOR
from winnow.processes.loader import load_definition
from winnow_train.data import read_labelled

JOIN = load_definition(MOODS.replace("[case_id]}", "[case_id], case: join}"), "moods")


def read(tmp_path, rows: str, definition=JOIN):
    file = tmp_path / "rows.csv"
    file.write_text(f"case_id,note,label\n{rows}")
    return read_labelled(file, definition, "label")


def test_rows_of_a_case_are_one_labelled_row(tmp_path):
    data = read(tmp_path, "A,one,glad\nB,two,sad\nA,three,\nA,four, glad\n,five,sad\n")
    assert [(row.record, row.text, row.label) for row in data.rows] == [
        (1, PART_SEPARATOR.join(("one", "three", "four")), "glad"),
        (2, "two", "sad"),
        (5, "five", "sad"),
    ]


def test_a_process_that_does_not_join_takes_each_row(tmp_path):
    rows = "A,one,glad\nA,two,sad\n"
    data = read(tmp_path, rows, load_definition(MOODS, "moods"))
    assert [row.text for row in data.rows] == ["one", "two"]


def test_a_case_with_two_labels_is_an_error_that_names_the_records(tmp_path):
    with pytest.raises(TrainingDataError, match=r"records 1 and 3 .* one label"):
        read(tmp_path, "A,one,glad\nB,two,sad\nA,three,sad\n")


def test_a_case_without_a_label_is_left_out(tmp_path):
    data = read(tmp_path, "A,one,\nA,two,\nB,three,sad\n")
    assert ([row.text for row in data.rows], data.left_out) == (["three"], 1)
