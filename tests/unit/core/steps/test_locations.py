"""From a page's line to the evidence in the result: places through the three steps."""

from typing import Any

import pytest

from tests.fakes import files
from tests.fakes.processes import MODEL, MOODS, SayingJudge, book, models
from tests.unit.core.steps.test_steps import UPLOAD_ID, Run
from winnow.models import (
    PART_SEPARATOR,
    RESULT_SCHEMA_VERSION,
    CasePart,
    Evidence,
    Judgement,
    LabelDecision,
    LabelScore,
    Record,
    SourceLocation,
    Upload,
)
from winnow.processes.loader import load_definition
from winnow.processes.registry import ProcessRegistry
from winnow.readers import ReadLimits
from winnow.registry.folder import FolderModels
from winnow.steps.classify import classify
from winnow.steps.locations import ocr_confidence, placed
from winnow.steps.serialize import serialize
from winnow.steps.upload import requested_case_id

PLACES = (
    SourceLocation(start=0, page=1, line=1),
    SourceLocation(start=10, page=1, line=2),
    SourceLocation(start=20, page=2, line=1),
)


def judged(*spans: tuple[int, int]) -> Judgement:
    return Judgement(
        decision=LabelDecision(
            value="a",
            scores=(LabelScore(label="a", score=1),),
            evidence=tuple(
                Evidence(start=start, end=end, text="x" * (end - start), similarity=1)
                for start, end in spans
            ),
        ),
        score=1,
        confidence=1,
        segments=1,
    )


def test_evidence_has_the_places_that_its_span_touches():
    decision = placed(judged((0, 10), (5, 12), (10, 11), (15, 25), (24, 30)), PLACES).decision
    assert [[place.start for place in piece.places] for piece in decision.evidence] == [
        [0],
        [0, 10],
        [10],
        [10, 20],
        [20],
    ]


def test_without_places_nothing_changes():
    judgement = judged((0, 3))
    assert placed(judgement, ()) is judgement


def test_a_case_id_is_a_label_of_bounded_length():
    assert requested_case_id({}) is None
    assert requested_case_id({"case-id": "  "}) is None
    assert requested_case_id({"case-id": "A\x00\n7"}) == "A 7"
    assert len(requested_case_id({"case-id": "é" * 999}) or "") == 200


class LastLineJudge(SayingJudge):
    """Judges the last line of a text, and gives it as evidence."""

    def _judge(self, text: str) -> Judgement:
        start = text.rfind("\n") + 1
        judgement = super()._judge(text[start:])
        evidence = Evidence(start=start, end=len(text), text=text[start:], similarity=1)
        decision = judgement.decision.model_copy(update={"evidence": (evidence,)})
        return judgement.model_copy(update={"decision": decision})


def test_a_pdf_s_evidence_names_page_and_line_in_the_results():
    pipeline = Run()
    pages = [files.lines(["The first page."]), files.lines(["On the second:", "- x"])]
    pages[1][1] = (72, 200, "glad 0.9")
    content = files.pdf(pages)
    key = "inbox/moods/../%25 é//report.pdf"
    ref = pipeline.store.add("uploads", key, content, **{"case-id": "C-1"})
    upload = Upload(upload_id=UPLOAD_ID, object=ref, size=len(content))
    run = serialize(upload, pipeline.store, models(), pipeline.options, pipeline.clock)
    judge = LastLineJudge(book().find("moods"))
    for task in pipeline.tasks(run):
        classify(task, pipeline.store, lambda *_: judge, MODEL, pipeline.clock)
    pipeline.filter(run)

    (line,) = pipeline.lines("moods", "accepted")
    assert (line["source_id"], line["schema_version"]) == ("C-1", RESULT_SCHEMA_VERSION)
    (evidence,) = line["decision"]["evidence"]
    assert [(place["page"], place["line"]) for place in evidence["places"]] == [(2, 2)]
    assert line["text"] == "The first page.\nOn the second:\nglad 0.9"
    assert [(place["page"], place["line"], place["start"]) for place in line["places"]] == [
        *((1, 1, 0), (2, 1, 16), (2, 2, 31))
    ]
    assert not [name for name in pipeline.store.keys("results") if "report" in name]


def test_evidence_has_the_part_of_the_case_that_it_is_in():
    parts = (
        CasePart(record=1, line=1, start=0, end=20),
        CasePart(record=4, part="a.pdf", start=23, end=30),
        CasePart(record=5, line=9, start=33, end=40),
    )
    places = (
        SourceLocation(start=0, page=1, line=1),
        SourceLocation(start=10, page=1, line=2),
        SourceLocation(start=23, page=1, line=1),
    )
    decision = placed(judged((12, 20), (23, 30), (34, 40)), places, parts).decision
    assert [
        (piece.part.record, piece.part.part, piece.part.start, piece.part.end)
        for piece in decision.evidence
        if piece.part
    ] == [(1, None, 12, 20), (4, "a.pdf", 0, 7), (5, None, 1, 7)]
    # The last part has no places: it does not get those of the one before.
    assert [[place.start for place in piece.places] for piece in decision.evidence] == [
        [10],
        [23],
        [],
    ]


def test_pages_of_two_parts_are_two_pages_to_ocr():
    text = PART_SEPARATOR.join(("x" * 10, "y" * 10, "z" * 1_000))
    record = Record(
        record=1,
        text=text,
        places=(
            SourceLocation(start=0, page=1, confidence=0.9),
            SourceLocation(start=13, page=1, confidence=0.5),
        ),
        parts=(
            CasePart(record=1, part="a.png", start=0, end=10),
            CasePart(record=2, part="b.png", start=13, end=23),
            CasePart(record=3, part="c.txt", start=26, end=1_026),
        ),
    )
    assert ocr_confidence(record) == 0.5


def joining() -> ProcessRegistry:
    return ProcessRegistry(
        [load_definition(MOODS.replace("[case_id]}", "[case_id], case: join}"), "moods")]
    )


def results_of(content: bytes, key: str, **options: Any) -> Run:
    pipeline = Run(**options)
    ref = pipeline.store.add("uploads", f"inbox/moods/{key}", content)
    upload = Upload(upload_id=UPLOAD_ID, object=ref, size=len(content))
    registry = joining()
    run = serialize(
        upload,
        pipeline.store,
        FolderModels(registry),
        pipeline.options,
        pipeline.clock,
        run=pipeline.run,
    )
    judge = LastLineJudge(registry.find("moods"))
    for task in pipeline.tasks(run):
        classify(task, pipeline.store, lambda *_: judge, MODEL, pipeline.clock)
    pipeline.filter(run)
    return pipeline


@pytest.mark.parametrize("chunk_records", [1, 2, 100])
def test_a_case_is_one_line_of_the_results_at_its_first_record(chunk_records):
    rows = "case_id,note\nA,first\nB,sad 0.5\nA,glad 0.9\n,glad 0.7\nB,sad 0.55\n"
    pipeline = results_of(rows.encode(), "x.csv", chunk_records=chunk_records)
    accepted, review = (pipeline.lines("moods", name) for name in ("accepted", "review"))
    assert [(line["record"], line["source_id"]) for line in accepted] == [(1, "A"), (4, "")]
    assert [(line["record"], line["code"]) for line in review] == [(2, "below_threshold")]
    assert [(part["record"], part["line"]) for part in accepted[0]["parts"]] == [(1, 2), (3, 4)]
    (evidence,) = accepted[0]["decision"]["evidence"]
    assert evidence["part"] == {"record": 3, "line": 4, "start": 0, "end": 8}
    assert evidence["text"] == accepted[0]["text"][evidence["start"] : evidence["end"]]
    (alone,) = accepted[1]["decision"]["evidence"]
    assert "part" not in alone
    assert accepted[1]["parts"] == []


def test_a_case_with_a_part_that_could_not_be_read_goes_to_review_however_sure():
    content = files.package(
        {
            "a.txt": "glad 0.99",
            "b.pdf": b"%PDF-1.7 nothing",
            "c.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99,
        }
    )
    pipeline = results_of(content, "x.zip")
    assert pipeline.lines("moods", "accepted") == []
    (line,) = pipeline.lines("moods", "review")
    assert (line["code"], line["confidence"]) == ("case_incomplete", 0.99)
    assert "2 parts" in line["reason"]
    assert "b.pdf" not in line["reason"]
    assert [line["part"] for line in pipeline.lines("moods", "invalid")] == ["b.pdf", "c.doc"]


def test_a_case_that_is_too_long_is_a_line_of_the_invalid():
    rows = b"case_id,note\nA,first\nB,glad 0.9\nA,glad 0.9\n"
    pipeline = results_of(rows, "x.csv", limits=ReadLimits(max_record_chars=12))
    (line,) = pipeline.lines("moods", "invalid")
    assert (line["record"], line["source_id"], line["code"]) == (1, "A", "case_too_long")
    assert [line["source_id"] for line in pipeline.lines("moods", "accepted")] == ["B"]
