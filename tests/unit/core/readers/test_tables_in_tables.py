"""Tables in the cells of web pages' tables: a mark in one is a cell's, a form in one is a form."""

import io

import pytest

from tests.fakes import word
from tests.fakes.mails import HEAD, part, several
from tests.fakes.mails import reading as mail
from winnow.models import Record
from winnow.readers import ReadLimits, Source, read
from winnow.readers.source import RecordUnit

TITLES = ("Finding", "Yes", "No")


def table(*rows: tuple[str, ...]) -> str:
    """A table that leaves out the end tags of its cells."""
    cells = ("".join(f"<td>{cell}" for cell in row) for row in rows)
    return "<table>" + "".join(f"<tr>{row}" for row in cells) + "</table>"


def form(*rows: tuple[str, ...]) -> str:
    return table(TITLES, *rows)


def nested(inner: str, depth: int, beside: str = "") -> str:
    return f"<table><tr>{beside}<td>" * depth + inner + "</table>" * depth


def records(
    content: str | bytes, name: str = "x.html", unit: RecordUnit = "document"
) -> list[Record]:
    data = content.encode() if isinstance(content, str) else content
    with Source(io.BytesIO(data), name, ["text"], ["id"], ReadLimits(), unit=unit) as source:
        return [record for record in read(source) if isinstance(record, Record)]


def lines_of(content: str | bytes, name: str = "x.html") -> list[str]:
    (record,) = records(content, name)
    return record.text.split("\n")


X = table(("x",))
LARGE = table(*((f"value {n}", f"{n} mg of a drug that was given once") for n in range(900)))
MELENA, FEVER = form(("Melena", "", "x")), form(("Fever", "x", ""))
LISTED = ["Finding\tYes\tNo", "Melena: No"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("Melena", "", X)], ["Melena: No"]),
        ([("Melena", X, "")], ["Melena: Yes"]),
        ([("Melena", "", X), ("Fever", "x", "")], ["Melena: No", "Fever: Yes"]),
        ([("Melena", X, ""), ("Fever", "", "x")], ["Melena: Yes", "Fever: No"]),
        ([(table(("Melena",)), "", "x")], ["Melena: No"]),
        ([(table(("Melena",)), table(("",)), X)], ["Melena: No"]),
        ([(table(("Melena", "since May")), "", "x")], ["Melena since May: No"]),
        ([(table(("Melena",), ("since May",)), "", "x")], ["Melena since May: No"]),
        ([("Melena", table(("&#9746;", "")), table(("", "")))], ["Melena: Yes"]),
        ([("Melena", "", nested("x", 4))], ["Melena: No"]),
        ([("Melena", "", nested("x", 9)), ("Fever", "", "x")], ["?", "Fever: No"]),
        ([("Melena", "<table hidden><tr><td>x</table>", "x")], ["Melena: No"]),
        ([("Melena", "", "<table><tr><td>x")], ["Melena: No"]),
        ([("Melena", "", "<table><caption>Mark</caption><tr><td>x</table>"), ("Fever", "", "x")],
         ["?", "Fever: No"]),
        ([("Melena", "x", ""), (f"Note: {LARGE} behind", "", "x"), ("Fever", "", "x")],
         ["Melena: Yes", "[x] No", "Fever: No"]),
        ([("Melena", "", LARGE), ("Fever", "", "x")], ["Fever: No"]),
        ([(LARGE, "", "x"), ("Fever", "x", "")], ["[x] No", "Fever: Yes"]),
    ],
)  # fmt: skip
def test_what_a_table_in_a_cell_says_belongs_to_its_row(rows, told):
    found = lines_of(form(*rows))
    for line in told:
        if line == "?":
            assert not any(line.startswith(("Melena: Yes", "Melena: No")) for line in found)
        else:
            assert line in found


LAYOUTS = {
    "alone": (nested(MELENA, 1), LISTED),
    "with a text before and behind": (
        table((f"Form{MELENA}Signed.<br>Dr. A", "")),
        ["Form", *LISTED, "Signed.", "Dr. A"],
    ),
    "two in a row": (
        table((MELENA, FEVER)),
        [*LISTED, "Finding\tYes\tNo", "Fever: Yes"],
    ),
    "two in a column": (
        table((MELENA,), (FEVER,)),
        [*LISTED, "Finding\tYes\tNo", "Fever: Yes"],
    ),
    "between columns": (table(("Menu", MELENA, "News")), ["Menu", *LISTED, "News"]),
    "deep": (nested(MELENA, 40) + "Behind", [*LISTED, "Behind"]),
    "deep and beside texts": (nested(MELENA, 40, "<td>a") + "Behind",
                              [*["a"] * 40, *LISTED, "Behind"]),
    "large": (table(("Menu", f"{MELENA}{LARGE}", "News"))[:-8], None),
}  # fmt: skip


@pytest.mark.parametrize(("page", "told"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_form_in_a_page_laid_out_by_tables_is_read_as_a_form(page, told):
    found = lines_of(page)
    assert found == told if told else (found[0], found[1:3], found[-1]) == ("Menu", LISTED, "News")


def test_a_page_in_a_mail_is_read_like_any_other():
    page = part("text/html", form(("Melena", "", X), ("Fever", X, "")))
    text = "Finding\tYes\tNo\nMelena: No\nFever: Yes"
    assert mail(HEAD + page)[0] == [(None, text)]
    beside = several("alternative", part("text/plain", "Finding Yes No Melena x Fever x"), page)
    assert mail(HEAD + beside)[0] == [(None, text)]
    columns = part("text/html", table(("Menu", form(("Melena", "", "x"), ("Fever", "x", "")))))
    beside = several("alternative", part("text/plain", "Menu Yes No Melena x Fever x"), columns)
    assert mail(HEAD + beside)[0] == [(None, f"Menu\n{text}")]


OTHER = table(("Cough", "x", ""), ("Pain", "", "x"))
"""No form: nobody knows what its columns are."""


def test_a_table_has_no_header_of_another_page_of_its_mail():
    pages = several("mixed", part("text/html", MELENA), part("text/html", OTHER))
    ((_, text),) = mail(HEAD + pages)[0]
    alone = "\n".join(lines_of(OTHER))
    assert text.split("\n") == [*LISTED, *alone.split("\n")]


def test_a_table_has_no_header_of_a_file_that_word_takes_in():
    chunk = '<w:altChunk r:id="c"/>'
    grid = "<w:tbl><w:tr>" + "<w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>" * 3
    body = chunk + (grid + "</w:tr></w:tbl>").format("Cough", "", "x")
    content = word.document(body, {"c": ("aFChunk", "word/a.html", f"<html>{MELENA}")})
    assert lines_of(content, "x.docx") == [*LISTED, "Cough\t\tx"]


@pytest.mark.parametrize("inner", ["", table(("Hb", "7.9")), table(("a",), ("b",)) + "then"])
def test_a_record_s_row_keeps_the_tables_in_its_cells_and_those_behind_it_are_read(inner):
    page = table(("id", "text"), ("1", f"Pale.{inner}"), ("2", "Well."))
    first, second = records(page, unit="row")
    assert (first.source_id, second.source_id, second.text) == ("1", "2", "Well.")
    shown = {"": "Pale.", table(("Hb", "7.9")): "Pale.\nHb\t7.9"}.get(inner, "Pale.\na\nb\nthen")
    assert first.text == shown
