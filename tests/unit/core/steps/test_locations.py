"""From a page's line to the evidence in the result: places through the three steps."""

from tests.fakes import files
from tests.fakes.processes import MODEL, SayingJudge, book
from tests.unit.core.steps.test_steps import UPLOAD_ID, Run
from winnow.models import (
    RESULT_SCHEMA_VERSION,
    Evidence,
    Judgement,
    LabelDecision,
    LabelScore,
    SourceLocation,
    Upload,
)
from winnow.steps.classify import classify
from winnow.steps.locations import placed
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
        start = text.rindex("\n") + 1
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
    run = serialize(upload, pipeline.store, book(), pipeline.options, pipeline.clock)
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
