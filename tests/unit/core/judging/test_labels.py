"""Judging by labels, with vectors chosen so that every cosine is known."""

import pytest

from tests.fakes.encoder import FakeEncoder
from winnow.judging import build_judge
from winnow.judging.evidence import MAX_EVIDENCE
from winnow.judging.labels.nearest import NEAREST
from winnow.models import LabelDecision
from winnow.ports import Judge
from winnow.processes.loader import load_definition

DEFINITION = """
id: moods
version: 1.0.0
kind: labels
title: Moods
labels:
  - {id: glad, examples: [I am glad., What a joy.]}
  - {id: sad, examples: [I am sad.]}
  - {id: calm, examples: [All is quiet.]}
"""
TABLE = {
    "I am glad.": [1.0],
    "What a joy.": [1.0, 0.5],
    "I am sad.": [0, 0, 1.0],
    "All is quiet.": [0, 0, 0, 1.0],
    "Mixed feelings.": [0.5, 0, 0.6, 0.5],
    "Unrelated words.": [0, 0, 0, 0, 1.0],
}


def ask(encoder: FakeEncoder | None = None) -> Judge:
    return build_judge(load_definition(DEFINITION, "t"), encoder or FakeEncoder(TABLE))


def decision(text: str) -> LabelDecision:
    (result,) = ask()([text])
    assert isinstance(result.decision, LabelDecision)
    return result.decision


@pytest.mark.parametrize(
    ("text", "label"), [("I am glad.", "glad"), ("I am sad.", "sad"), ("Mixed feelings.", "sad")]
)
def test_the_nearest_label_wins(text: str, label: str) -> None:
    assert decision(text).value == label


def test_of_labels_alike_the_first_of_the_definition_wins() -> None:
    assert [score.label for score in decision("Unrelated words.").scores] == ["glad", "sad", "calm"]
    head, *labels = DEFINITION.strip().split("\n  - ")
    turned = "\n  - ".join([head, *reversed(labels)])
    (result,) = build_judge(load_definition(turned, "t"), FakeEncoder(TABLE))(["Unrelated words."])
    assert result.decision.value == "calm"


def test_scores_are_all_labels_best_first_and_add_up_to_one() -> None:
    for text in (*TABLE, "I am glad. I am sad.", ""):
        scores = decision(text).scores
        assert {s.label for s in scores} == {"glad", "sad", "calm"}
        assert [s.score for s in scores] == sorted((s.score for s in scores), reverse=True)
        assert sum(s.score for s in scores) == pytest.approx(1.0, abs=2e-4)
        assert decision(text).value == scores[0].label


def test_confidence_is_the_score_of_the_decision() -> None:
    (sure, unsure, blank) = ask()(["I am sad.", "Mixed feelings.", ""])
    assert sure.score == sure.confidence > unsure.score > blank.score
    assert blank.score == pytest.approx(1 / 3, abs=1e-4)
    assert not sure.calibrated
    assert (sure.segments, blank.segments) == (1, 0)


def test_evidence_is_for_the_chosen_label_with_exact_spans() -> None:
    text = "I am sad.  Unrelated words. I am sad. What a joy."
    found = decision(text)
    assert found.value == "sad"
    (evidence,) = found.evidence
    assert (evidence.start, evidence.end, evidence.reference) == (0, 9, "I am sad.")
    assert evidence.similarity == 1.0
    assert text[evidence.start : evidence.end] == evidence.text


def test_longer_segments_weigh_more() -> None:
    long = "I am glad, and I say so at length, because it is a fine day and all is well with us."
    encoder = FakeEncoder({**TABLE, long: [1.0]})
    (result,) = ask(encoder)([f"I am sad. {long}"])
    assert result.decision.value == "glad"


def test_one_encoder_call_and_a_text_is_judged_alike_in_any_company() -> None:
    encoder = FakeEncoder(TABLE)
    judge = ask(encoder)
    texts = ["", "I am glad. I am sad.", "I am sad.", "", "Mixed feelings."]
    encoder.calls.clear()
    together = judge(texts)
    assert encoder.calls == [["I am glad.", "I am sad.", "Mixed feelings."]]
    assert together == [judge([text])[0] for text in texts]
    assert judge([]) == []


def test_only_the_nearest_examples_count() -> None:
    many = ", ".join(f"Other {n}." for n in range(20))
    text = DEFINITION.replace("I am glad., What a joy.", f"{many}, I am glad.")
    table = {**TABLE, **{f"Other {n}.": [0.6, 0, 0, 0, 0, 0.8] for n in range(NEAREST)}}
    (result,) = build_judge(load_definition(text, "t"), FakeEncoder(table))(["I am glad."])
    assert isinstance(result.decision, LabelDecision)
    assert result.decision.value == "glad"
    assert len(result.decision.evidence) <= MAX_EVIDENCE
