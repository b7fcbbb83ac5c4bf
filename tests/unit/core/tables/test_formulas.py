"""Cells that no spreadsheet takes for a formula, from which the text can be restored."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fakes.examples import examples
from winnow.tables.formulas import defused, restored
from winnow_cli.render.csv_cells import safe_cell

HOSTILE = st.text(st.sampled_from([*"=+-@'\" ;|,\t\r\na1.eE%", "\ufeff", "\u3000", "＝", "“", "ü"]))


@settings(max_examples=examples(400))
@given(HOSTILE | st.text())
@example("''=1")
@example("'\t=1")
@example("-1;-1")
def test_every_text_is_restored(text: str) -> None:
    assert restored(defused(text)) == text


@settings(max_examples=examples(400))
@given(HOSTILE)
def test_a_cell_that_is_left_as_it_is_is_no_formula_for_other_tables_either(text: str) -> None:
    is_number = not text.strip("-.0123456789eE+")
    if defused(text) == text and not is_number:
        assert safe_cell(text) == text


@pytest.mark.parametrize("number", ["-5", "0.5", "-.5", "1e-9", "-12.50", "5."])
def test_numbers_are_left_as_they_are(number: str) -> None:
    assert defused(number) == number


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+49 30 1", "'+49 30 1"),
        ("-1+cmd", "'-1+cmd"),
        (' "=1', "' \"=1"),
        ("\tx", "'\tx"),
        ("- aspirin\n- iron", "'- aspirin\n'- iron"),
        ("a;=1", "a;'=1"),
        ("'=1", "''=1"),
        ("'tis", "'tis"),
        ("a-b", "a-b"),
    ],
)
def test_where_a_cell_could_begin_a_formula_gets_an_apostrophe(text: str, cell: str) -> None:
    assert defused(text) == cell
