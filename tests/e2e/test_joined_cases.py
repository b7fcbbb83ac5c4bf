"""Cases in several files, dropped into the real local stack."""

import email.message
import json

import jsonschema
import pytest

from tests.fakes import files, scans
from winnow.models import Outcome, ResultRecord
from winnow_local.template import Checkout

from .conftest import Stack, until, winnow

pytestmark = pytest.mark.model

ANEMIA = "The patient has iron deficiency anemia."
NORMAL = "Colonoscopy was normal."
GARDEN = "The patient likes gardening."


def parts_of(record: ResultRecord) -> dict[str, list[tuple[int, str | None]]]:
    """The record numbers and files that the evidence of each criterion is in."""
    assert record.decision is not None
    assert record.decision.kind == "criteria"
    return {
        finding.id: [(p.part.record, p.part.part) for p in finding.evidence if p.part is not None]
        for finding in record.decision.criteria
    }


def mail(*attached: tuple[str, bytes]) -> bytes:
    message = email.message.EmailMessage()
    message["Subject"] = "Request"
    message["From"] = "clinic@hospital.example"
    message.set_content(ANEMIA)
    for name, content in attached:
        message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()


def test_a_mail_and_what_is_attached_to_it_are_one_case(stack: Stack) -> None:
    content = mail(
        ("endoscopy.pdf", files.pdf([files.lines([NORMAL])])),
        ("other.pdf", files.pdf([files.lines([GARDEN])])),
    )
    row = stack.run("request.eml", content, "letters", {"case-id": "C-7"})
    result, [record] = stack.result(row)
    assert (result.counts.records, row.records, record.outcome) == (1, 1, Outcome.ACCEPTED)
    assert record.source_id == "C-7"
    assert record.decision is not None
    assert record.decision.value == "met"
    assert parts_of(record) == {"anemia": [(1, None)], "endoscopy": [(2, "endoscopy.pdf")]}
    assert [part.part for part in record.parts] == [None, "endoscopy.pdf", "other.pdf"]
    (told,) = stack.mails(row.upload_id)
    assert "endoscopy.pdf" not in told.body
    shown = winnow("results", row.upload_id, "--record", "1")
    assert "[text of the e-mail]" in shown.out
    assert "endoscopy.pdf, page 1, line 1" in shown.out


def test_a_scan_in_an_archive_is_a_part_of_the_case(stack: Stack) -> None:
    page = scans.packed(scans.page("\n".join([NORMAL, "Nothing bled."])))
    content = files.package({"letter.txt": ANEMIA, "scan.png": page})
    _, [record] = stack.result(stack.run("case.zip", content, "letters"))
    assert record.decision is not None
    assert record.decision.value == "met"
    assert record.ocr_confidence is not None
    found = parts_of(record)
    assert found["anemia"] == [(1, "letter.txt")]
    assert set(found["endoscopy"]) == {(2, "scan.png")}
    assert {(place.line, place.picture) for place in record.places} == {(1, None), (1, 1), (2, 1)}


def test_rows_of_two_cases_that_are_not_in_order(stack: Stack) -> None:
    rows = f"case_id,note\nA,{ANEMIA}\nB,{GARDEN}\nA,{NORMAL}\n,{ANEMIA}\n"
    _, records = stack.result(stack.run("rows.csv", rows, "letters"))
    assert [(one.record, one.source_id, one.outcome.value) for one in records] == [
        (1, "A", "accepted"),
        (2, "B", "review"),
        (4, "", "review"),
    ]
    assert parts_of(records[0]) == {"anemia": [(1, None)], "endoscopy": [(3, None)]}


def test_a_case_that_lacks_a_part_waits_for_a_person(stack: Stack) -> None:
    content = mail(
        ("endoscopy.pdf", files.pdf([files.lines([NORMAL])])), ("broken.pdf", b"%PDF-1.7 \x00")
    )
    row = stack.run("request.eml", content, "letters")
    _, [case, broken] = stack.result(row)
    assert case.decision is not None
    assert (case.decision.value, case.outcome) == ("met", Outcome.REVIEW)
    assert case.code == "case_incomplete"
    assert (broken.record, broken.part, broken.outcome) == (3, "broken.pdf", Outcome.INVALID)

    def queued() -> list[int]:
        page = winnow("queue", "--process", "letters", "--json").document()
        return [item["record"] for item in page["records"] if item["upload"] == row.upload_id]

    assert until(queued) == [1]


def test_the_shapes_are_those_of_the_published_schema(stack: Stack) -> None:
    schemas = Checkout.here().root / "docs" / "schemas"
    content = files.package({"a.txt": ANEMIA, "b.txt": NORMAL})
    _, [record] = stack.result(stack.run("case.zip", content, "letters"))
    schema = json.loads((schemas / "record.json").read_text("utf-8"))
    jsonschema.validate(json.loads(record.model_dump_json(exclude_none=True)), schema)
    assert len(record.parts) == 2
