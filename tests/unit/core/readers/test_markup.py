"""Cells of tables that hold RTF or HTML: what markup deletes or hides is no finding."""

import csv
import io
import json

import pytest

from tests.fakes import files
from winnow.models import InvalidRecord
from winnow.readers import ReadLimits, Source, read

RTF = r"{\rtf1\ansi Melena \strike no\strike0 }"
TELLING = [
    RTF,
    "\ufeff\n {\\rtf1 Pale.}",
    "<?xml version='1.0'?><ClinicalDocument><text>No melena</text></ClinicalDocument>",
    "<p>Ongoing <s>no</s> melena.</p>",
    "<div><del>Ongoing melena.</del> Pale.</div>",
    "Pale. <strike>Ongoing melena.</strike >",
    "<P>Pale. <SPAN STYLE='text-decoration: line-through'>Melena.</SPAN></P>",
    '<p>Pale.</p><p style="display: none">Melena.</p>',
    'Pale. <span style="display:none">Melena.</span>',
    "<p>Pale.</p><p hidden>Melena.</p>",
    '<p>Pale.</p><p style="visibility:hidden">Melena.</p>',
    '<p>Pale. <span style="font-size:0px">Melena.</span></p>',
    "<p>Pale.</p><!-- Melena. -->",
    "<table><tr><td>Ongoing melena</td><td></td><td>X</td></tr></table>",
    "<html><head><style>.x {color: red}</style></head><body>Pale.</body></html>",
    "<p><input type=checkbox> Melena</p>",
    "<div><select><option>Yes</option><option selected>No</option></select> melena</div>",
]
PLAIN = [
    "<p>No melena.</p>",
    "<html><body><p>No melena.<br>Pale.</p></body></html>",
    '<div style="font-size:12pt;color:black">She denies <b>melena</b>.</div>',
    "<!--StartFragment--><span>Pale.</span><!--EndFragment-->",
    "<ul><li>Pale</li><li>Hidden bleeding is denied</li></ul>",
    " <font size=2>Pale.</font>",
]
NONE = [
    "No melena.",
    "Hb <8 g/dL, ferritin <15",
    "<8 g/dL",
    "<p",
    "<patient> reports no melena",
    "{note} Pale.",
    "The file {\\rtf was lost.",
    "Pain 3/10 </= 4/10; <b was written",
    "~~melena~~",
    "Line-through text, display: none, hidden.",
    "WBC <a few> and </-",
]


def as_csv(text: str) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([["id", "note"], ["1", text], ["2", "Pale."]])
    return out.getvalue().encode()


def as_json(text: str) -> bytes:
    return json.dumps([{"id": "1", "note": text}, {"id": "2", "note": "Pale."}]).encode()


def as_lines(text: str) -> bytes:
    return b"\n".join(
        json.dumps({"id": n, "note": t}).encode() for n, t in ((1, text), (2, "Pale."))
    )


def as_workbook(text: str) -> bytes:
    return files.xlsx({"A": [["id", "note"], ["1", text], ["2", "Pale."]]})


def read_as(content: bytes, name: str):
    """The first text, or its code, and the codes of what was noted; the second is always read."""
    with Source(io.BytesIO(content), name, ["note"], ["id"], ReadLimits()) as source:
        first, second = read(source)
    assert getattr(second, "text", None) == "Pale."
    notes = [note.code for note in source.notes]
    return (first.code if isinstance(first, InvalidRecord) else first.text.strip()), notes


@pytest.mark.parametrize("text", TELLING)
def test_a_cell_whose_markup_tells_what_its_words_do_not_is_not_read(text):
    assert read_as(as_csv(text), "x.csv") == ("text_markup", [])
    assert read_as(as_json(text), "x.json") == ("text_markup", [])


@pytest.mark.parametrize("text", PLAIN)
def test_other_html_is_read_as_it_is_and_noted(text):
    assert read_as(as_csv(text), "x.csv") == (text.strip(), ["markup_in_text"])
    assert read_as(as_json(text), "x.json") == (text.strip(), ["markup_in_text"])


@pytest.mark.parametrize("text", NONE)
def test_text_is_no_markup(text):
    assert read_as(as_csv(text), "x.csv") == (text, [])
    assert read_as(as_json(text), "x.json") == (text, [])


@pytest.mark.parametrize(
    ("made", "name"), [(as_lines, "x.jsonl"), (as_workbook, "x.xlsx")], ids=["jsonl", "xlsx"]
)
def test_rows_of_every_kind_of_table_are_looked_at(made, name):
    assert read_as(made(RTF), name) == ("text_markup", [])
    assert read_as(made(PLAIN[0]), name) == (PLAIN[0], ["markup_in_text"])


def test_a_page_is_read_as_a_page():
    page = b"<html><body><p>Ongoing <s>no</s> melena.</p></body></html>"
    with Source(io.BytesIO(page), "x.html", ["note"], ["id"], ReadLimits()) as source:
        (record,) = read(source)
    assert record.text == "Ongoing melena."
