"""Explanations: what was heard, and for what was not counted the rule that dropped it."""

import pytest

from tests.fakes.encoder import FakeEncoder
from winnow.judging import build_judge
from winnow.judging.criteria.explain import CriteriaExplainer, CriterionExplanation, Reason
from winnow.models import Polarity
from winnow.processes.loader import load_definition
from winnow.processes.schema import CriteriaProcess

KNEE = """\
id: knee
version: 1.0.0
kind: criteria
title: Knee
criteria:
  - id: pain
    title: Pain of the knee
    statements: [The knee hurts badly today.]
    counter_statements: [The knee does not hurt.]
    neutral_statements: [The knee was examined by us.]
    keywords: [knee]
  - id: fracture
    title: Fracture
    if_silent: not_met
    statements: [A fracture is seen., Broken bone of the leg is seen.]
    counter_statements: [A fracture is planned to be looked for., There is no fracture.]
    keywords: [fracture]
logic: {all_of: [pain, fracture]}
"""


def explain(text: str, position: int = 0) -> CriterionExplanation:
    definition = load_definition(KNEE, "knee.yaml")
    assert isinstance(definition, CriteriaProcess)
    encoder = FakeEncoder()
    (judgement,) = build_judge(definition, encoder)([text])
    assert judgement.decision.kind == "criteria"
    found = CriteriaExplainer(definition, encoder)(text, judgement.decision.criteria)
    assert [e.verdict for e in found] == [f.verdict for f in judgement.decision.criteria]
    return found[position]


def test_what_was_heard_is_the_evidence_with_strength_and_contexts() -> None:
    found = explain("The knee hurts badly today. The knee does not hurt.")
    pro, con = found.heard
    assert (pro.polarity, con.polarity) == (Polarity.SUPPORTS, Polarity.OPPOSES)
    assert (pro.start, pro.end, pro.text) == (0, 27, "The knee hurts badly today.")
    assert pro.strength == pytest.approx(1)
    assert pro.reference == "The knee hurts badly today."
    assert [(k.keyword, k.contexts) for k in pro.keywords] == [("knee", ())]
    assert pro.reason is None
    (denied,) = explain("There is no fracture.", 1).heard
    assert [(k.keyword, k.contexts) for k in denied.keywords] == [("fracture", ("negated",))]


@pytest.mark.parametrize(
    ("text", "criterion", "reason", "words"),
    [
        ("The knee of his mother hurts badly today.", 0, Reason.FAMILY, "about a relative"),
        ("Whether the knee hurts badly today is unknown.", 0, Reason.UNKNOWN, "unknown"),
        ("A knee that hurts badly today is planned.", 0, Reason.PLANNED, "planned"),
        ("The knee is green, and rain fell.", 0, Reason.TOO_FAR, "too far"),
        ("The knee was examined by us today.", 0, Reason.AS_NEAR, "the neutral statement"),
        ("Broken bone of the leg is seen.", 1, Reason.NO_KEYWORD, "none of the keywords"),
    ],
)
def test_each_rule_is_told_in_words(text: str, criterion: int, reason: Reason, words: str) -> None:
    found = explain(text, criterion)
    assert found.heard == ()
    (segment,) = found.discarded
    assert segment.reason is reason, segment
    assert words in segment.why
    assert (segment.text, segment.strength) == (text, 0)
    assert segment.reference is not None


@pytest.mark.parametrize(
    ("statement", "text", "told"),
    [
        ("The left knee hurts.", "The right knee hurts.", "“right” is not “left”"),
        ("The knee is infected.", "The knee is uninfected.", "“uninfected” is not “infected”"),
        ("The knee is uninfected.", "The knee is infected.", "“infected” is not “uninfected”"),
        ("Hypertrophy of the knee.", "Hypotrophy of the knee.", "“hypotrophy” is not “hyper"),
        ("Stage III of the knee.", "Stage II of the knee.", "“stage 2” is not “stage 3”"),
        ("First knee replaced.", "Second knee replaced.", "“second knee” is not “first knee”"),
        (
            "The knee goes from tan to grey.",
            "The knee goes from grey to tan.",
            "“from grey to tan” is not “from tan to grey”",
        ),
        ("The knee bends normally.", "The knee bends abnormally.", "as it should be"),
        ("The knee bends 30 degrees or less.", "The knee bends 90 degrees.", "beyond the bound"),
        ("The knee leaks.", "The knee is dry, it never leaked.", "it denies “leaked”"),
        ("The knee is worse than before.", "The knee was before us.", "no word of more"),
    ],
)
def test_in_what_a_sentence_says_the_contrary_is_told(statement: str, text: str, told: str) -> None:
    knee = KNEE.replace("The knee hurts badly today.", statement)
    definition = load_definition(knee.replace("The knee was examined by us.", "Rain."), "k.yaml")
    assert isinstance(definition, CriteriaProcess)
    same = [1.0, *[0.0] * 7]
    encoder = FakeEncoder({statement: same, text: same})
    (judgement,) = build_judge(definition, encoder)([text])
    assert judgement.decision.kind == "criteria"
    found, _ = CriteriaExplainer(definition, encoder)(text, judgement.decision.criteria)
    assert found.heard == ()
    (segment,) = found.discarded
    assert (segment.reason, segment.reference) == (Reason.CONTRARY, statement)
    assert told in segment.why


def test_a_plan_whose_result_is_there_is_told() -> None:
    found = explain("A fracture is planned to be looked for. A fracture is seen.", 1)
    assert [segment.text for segment in found.heard] == ["A fracture is seen."]
    assert [segment.reason for segment in found.discarded] == [Reason.OUTDATED_PLAN]


@pytest.mark.parametrize(
    ("text", "criterion", "note"),
    [
        ("Rain fell.", 0, "nothing heard: undetermined"),
        ("The knee hurts badly today.", 1, "if_silent: not_met"),
        (
            "A fracture is seen. Whether there is a fracture is unknown.",
            1,
            "says that it is unknown",
        ),
        ("A fracture is seen. There is no fracture.", 1, "for and against"),
    ],
)
def test_why_the_verdict_is_not_what_was_heard(text: str, criterion: int, note: str) -> None:
    (told,) = explain(text, criterion).notes
    assert note in told


def test_a_plain_verdict_has_no_note() -> None:
    assert explain("The knee hurts badly today.").notes == ()


def test_a_segment_that_another_criterion_hears_lacks_no_keyword_here() -> None:
    assert explain("The knee hurts badly today.", 1).discarded == ()


def test_a_repeated_sentence_is_told_once() -> None:
    found = explain("The knee hurts badly today. The knee hurts badly today.")
    assert len(found.heard) == 1
    assert explain("").heard == ()
