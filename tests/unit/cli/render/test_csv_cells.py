"""`winnow results --format csv`: a spreadsheet runs nothing of it; the JSON is the original."""

import csv
import io
import itertools

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from winnow.models import Evidence, LabelDecision, Outcome, Polarity, ResultRecord
from winnow_cli.render.csv_cells import safe_cell, write_csv

STARTS = "=+-@＝＋－＠"
BEFORE = ("", " ", "\t", "\r", "\n", "\u00a0", '"', "'", "“", "\ufeff", "\u200b", ' "', '\n "')
HOSTILE = "\x1b]0;own\x07\x1b[2J\x9b31m\x7f\x00\u202e\u2066\u200b\ufeff\u00ad\udcff"
TEXT = st.text(st.sampled_from([*STARTS, *"\t\r\n ;,|\"'a1", "é", "\ufeff"]), max_size=12)


@pytest.fixture(autouse=True)
def fields_of_any_length():
    """Readers set the limit of Python's csv, which is that of the process."""
    before = csv.field_size_limit(1_000_000)
    yield
    csv.field_size_limit(before)


def record(text: str) -> ResultRecord:
    """A record with the text wherever a file can put one."""
    evidence = Evidence(
        start=0, end=len(text), text=text, polarity=Polarity.SUPPORTS, similarity=0.5
    )
    return ResultRecord(
        outcome=Outcome.REVIEW,
        record=1,
        line=2,
        part=text,
        source_id=text,
        decision=LabelDecision(value=text or "label", evidence=(evidence,), scores=()),
        score=0.5,
        code="below_threshold",
        reason=text,
        text=text,
    )


def exported(found: ResultRecord) -> str:
    out = io.StringIO(newline="")
    write_csv([found], out)
    return out.getvalue()


def runs(cell: str) -> bool:
    """Whether a spreadsheet may take a cell for a formula."""
    return cell.strip(" \t\r\n\"'\u00a0\ufeff\u200b“").startswith(tuple(STARTS))


@pytest.mark.parametrize(
    "text", ["".join(parts) + "cmd|' /C calc'!A0" for parts in itertools.product(BEFORE, STARTS)]
)
def test_no_start_of_a_formula_passes(text):
    assert safe_cell(text).startswith("'")
    assert safe_cell(f"a;{text}").startswith("a;'")
    cells = [cell for row in csv.reader(io.StringIO(exported(record(text)))) for cell in row]
    assert not any(map(runs, filter(lambda cell: not cell.startswith("'"), cells)))
    assert sum(cell.startswith("'") for cell in cells) == 6


@given(TEXT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example('x\n"=1+1"')
@example('"=1";@a')
def test_no_spreadsheet_finds_a_formula_whatever_it_parts_cells_by(text):
    written = exported(record(text))
    for mark in (",", ";", "\t", "|"):
        for row in csv.reader(io.StringIO(written, newline=""), delimiter=mark):
            for cell in row:
                assert cell.startswith("'") or not runs(cell), (mark, cell)


@pytest.mark.parametrize("text", ["a - b", "5 = 5", "Fever; no pain", "a@b.example", "x\ny", "-"])
def test_what_only_holds_such_a_mark_is_told_apart(text):
    assert safe_cell(text) == ("'-" if text == "-" else text)


def test_the_json_keeps_the_original():
    text = "=1+1;\n@a"
    assert ResultRecord.model_validate_json(record(text).model_dump_json()) == record(text)
    assert record(text).model_dump(mode="json")["source_id"] == text


def test_a_row_says_where_its_record_stands():
    (row,) = csv.DictReader(io.StringIO(exported(record("a.csv"))))
    assert list(row)[-1] == "text", "programs that count columns from the left keep working"
    assert (row["record"], row["line"], row["part"], row["source_id"]) == (
        "1",
        "2",
        "a.csv",
        "a.csv",
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_that_a_spreadsheet_would_run_is_marked_as_text(start: str) -> None:
    assert safe_cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize(("value", "cell"), [(-0.5, "-0.5"), ("plain", "plain"), ("", "")])
def test_numbers_and_plain_text_stay(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


def test_a_cell_of_a_csv_steers_no_terminal_and_keeps_what_is_text() -> None:
    cell = safe_cell(f"a{HOSTILE}\tb\r\nc ✓ \u200f")
    assert not set(cell) & {chr(c) for c in range(0x20)} - set("\t\r\n")
    assert not set(cell) & {"\x7f", "\x9b", "\udcff"}
    assert cell.endswith("\tb\r\nc ✓ \u200f")
    assert safe_cell("\x1b=1+1") == "\ufffd=1+1"
