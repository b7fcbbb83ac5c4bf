"""Rows whose text is a question, and whose answer stands in another column."""

import io
import json

import pytest

from tests.fakes import files, mails
from winnow.errors import NoTextColumnError
from winnow.models import Record
from winnow.readers import ReadLimits, Source, read
from winnow.readers.answered import is_answered_beside

FHIR = '[{"valueBoolean": false}]'


def codes(content: bytes, name: str, **options) -> list[str]:
    with Source(io.BytesIO(content), name, ["text"], ["id"], ReadLimits(), **options) as source:
        return ["" if isinstance(r, Record) else r.code for r in read(source)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("answer", "No"), ("Answer", "n"), ("response", "none"), ("present", "false")),
        *(("Present?", "0"), ("is_present", "0"), ("valueBoolean", "false"), ("answer", FHIR)),
        *(("answer", '[{"valueCoding": {"code": "N", "display": "No"}}]'), ("answer", '["No"]')),
        *(("negated", "1"), ("is-negated", "true"), ("absent", "x"), ("denied", "yes")),
        *(("certainty", "absent"), ("verificationStatus", "refuted"), ("polarity", "negative")),
        *(("assertion", "hypothetical"), ("subject", "mother"), ("experiencer", "Family")),
        *(("Present (Y/N)", "N"), ("Present?", "No"), ("No", "x"), ("N", "true"), ("yes", "0")),
        *(("column 3", "No"), ("checked", "unchecked"), ("answer", "unknown")),
    ],
)
def test_a_text_that_another_column_denies_is_not_judged(name, value):
    row = {"id": "1", "text": "Ongoing melena", name: value}
    assert is_answered_beside(row["text"], row)
    assert codes(json.dumps([row]).encode(), "x.json") == ["text_answered"]
    assert codes(files.xlsx({"a": [list(row), list(row.values())]}), "x.xlsx") == ["text_answered"]
    long = "She was seen for melena. " * 9
    assert not is_answered_beside(long, {name: value})
    assert codes(json.dumps([row]).encode(), "x.json", answers_beside=False) == [""]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("answer", "Yes"), ("answer", "since May"), ("answer", '[{"valueBoolean": true}]')),
        *(("present", "true"), ("negated", "0"), ("negated", ""), ("certainty", "confirmed")),
        *(("status", "denied"), ("label", "no"), ("decision", "No"), ("value", "0")),
        *(("subject", "Patient"), ("relationship", "mother"), ("emergency", "No")),
        *(("Yes", "x"), ("No", ""), ("No", "1"), ("N", "0"), ("y", "0"), ("Present (Y/N)", "Y")),
        *(("column 3", "7"), ("smoker", "No"), ("outcome", "negative")),
    ],
)
def test_other_columns_leave_the_text(name, value):
    assert not is_answered_beside("Ongoing melena", {"id": "1", name: value})


def test_formats_and_what_is_no_row():
    assert codes(b"text,answer\nOngoing melena,No\nFatigue,Yes\n", "x.csv") == ["text_answered", ""]
    lines = b'{"text": "Ongoing melena", "present": false}\n{"text": "a", "present": true}\n'
    assert codes(lines, "x.jsonl") == ["text_answered", ""]
    item = {"item": [{"linkId": "1", "text": "Melena", "answer": [{"valueBoolean": False}]}]}
    assert codes(json.dumps(item).encode(), "x.json") == ["text_answered"]
    assert codes(b"Subject: Mother\n" + mails.HEAD.encode() + b"\n\nWell.\n", "x.eml") == [""]


@pytest.mark.parametrize(
    "name", ["Denies", "Symptoms denied", "Family history", "Ruled out", "Not present", "Risks"]
)
def test_a_lone_column_whose_name_may_deny_its_cells_is_refused(name):
    for content, ending in (
        (f"{name}\nmelena\nfever\n".encode(), "csv"),
        (files.xlsx({"a": [[name], ["melena"], ["fever"]]}), "xlsx"),
    ):
        with pytest.raises(NoTextColumnError, match="only column"):
            codes(content, f"x.{ending}")


@pytest.mark.parametrize("name", ["Patient summary", "History", "Notes", "Case"])
def test_other_lone_columns_are_read(name):
    assert codes(f"{name}\nmelena\nfever\n".encode(), "x.csv") == ["", ""]
