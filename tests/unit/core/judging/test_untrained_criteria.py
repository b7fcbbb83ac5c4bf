"""Criteria without a trained head: what may undo a decision makes it less sure."""

import pytest

from tests.fakes.encoder import FakeEncoder
from tests.fakes.processes import MELENA, melena_vectors
from winnow.judging import build_judge
from winnow.judging.criteria.undoing import UNDONE_CONFIDENCE
from winnow.models import Judgement, Verdict
from winnow.processes.loader import load_definition


def judgement(text: str) -> Judgement:
    judge = build_judge(load_definition(MELENA, "t.yaml"), FakeEncoder(melena_vectors(text)))
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
    found = judgement(text)
    assert found.decision.value is Verdict.MET
    assert (found.score, found.confidence) == (1.0, UNDONE_CONFIDENCE)
    assert not found.calibrated


def test_a_word_of_the_definition_is_no_reason() -> None:
    assert judgement("The melena seemingly continues.").confidence == 1.0
