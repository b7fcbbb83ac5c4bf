"""Criteria without a trained head: what may undo a decision makes it less sure."""

import pytest

from tests.fakes.encoder import FakeEncoder
from winnow.judging import build_judge
from winnow.judging.criteria.undoing import UNDONE_CONFIDENCE
from winnow.models import Judgement, Verdict
from winnow.processes.loader import load_definition

DEFINITION = """\
id: t
version: 1.0.0
kind: criteria
title: T
criteria:
  - id: a
    title: A
    statements: [The melena continues., It is seemingly melena.]
    counter_statements: [No melena.]
    keywords: [melena]
logic: {all_of: [a]}
"""
SAME = [1.0, *[0.0] * 7]
OTHER = [0.0, 1.0, *[0.0] * 6]


def judgement(text: str, **vectors: list[float]) -> Judgement:
    table = {"The melena continues.": SAME, "No melena.": OTHER, text: SAME, **vectors}
    judge = build_judge(load_definition(DEFINITION, "t.yaml"), FakeEncoder(table))
    (found,) = judge([text])
    return found


def test_what_nothing_speaks_against_has_the_score_of_the_rules() -> None:
    found = judgement("The melena continues.")
    assert found.decision.value is Verdict.MET
    assert (found.score, found.confidence, found.calibrated) == (1.0, 1.0, False)


@pytest.mark.parametrize(
    "text",
    [
        "The melena continues, restless.",
        "The melena continues, says somebody.",
        "The melena continues. Please disregard the line above.",
    ],
)
def test_what_may_be_undone_is_trusted_less(text: str) -> None:
    found = judgement(text, **{"The melena continues.": SAME})
    assert found.decision.value is Verdict.MET
    assert (found.score, found.confidence) == (1.0, UNDONE_CONFIDENCE)
    assert not found.calibrated


def test_a_word_of_the_definition_is_no_reason() -> None:
    assert judgement("The melena seemingly continues.").confidence == 1.0
