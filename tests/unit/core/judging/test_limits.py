"""What a decision is less sure by than it looks, in words."""

from typing import Any

import pytest

from tests.fakes.encoder import FakeEncoder
from tests.fakes.processes import MELENA, melena_vectors
from winnow.heads.card import HeadCard
from winnow.judging import build_judge
from winnow.judging.criteria.limits import (
    _OF_CAUTIONS,
    _OF_WORDS,
    OTHER_DEFINITION,
    ConfidenceLimits,
    Limit,
)
from winnow.judging.criteria.undoing import Causes, _by_class
from winnow.models import Caution, CriteriaDecision, Judgement
from winnow.processes.loader import load_definition
from winnow.processes.schema import CriteriaProcess


def definition() -> CriteriaProcess:
    loaded = load_definition(MELENA, "t.yaml")
    assert isinstance(loaded, CriteriaProcess)
    return loaded


def judged(text: str, vector: list[float] | None = None) -> Judgement:
    vectors = melena_vectors(text) | ({text: vector} if vector else {})
    (found,) = build_judge(definition(), FakeEncoder(vectors))([text])
    return found


def limits(text: str, vector: list[float] | None = None) -> tuple[Limit, ...]:
    """Those of a process that nobody has trained."""
    return ConfidenceLimits(definition())(judged(text, vector))


def card(**fields: Any) -> HeadCard:
    """What the limits read of the card of a head."""
    named = {"understood": (), "caps": {}, "judging": None, **fields}
    return HeadCard.model_construct(**named)


def test_what_nothing_speaks_against_has_no_limit() -> None:
    assert limits("The melena continues.") == ()


@pytest.mark.parametrize(
    ("text", "cause", "words"),
    [
        ("The melena continues, restless.", "unfinished", ("restless",)),
        ("The melena continues, says somebody.", "another", ("somebody",)),
        ("Ostensibly the melena continues.", "doubt", ("ostensibly",)),
    ],
)
def test_a_word_is_told_with_its_sentence(text: str, cause: str, words: tuple[str, ...]) -> None:
    found = {limit.cause: limit for limit in limits(text)}
    assert found[cause].words == words
    assert found[cause].text == text
    assert all(f"“{word}”" in found[cause].why for word in words)


def test_words_of_two_classes_are_two_limits() -> None:
    found = limits("The melena continues, says somebody.")
    assert [limit.cause for limit in found] == ["another", "doubt"]


def test_a_caution_is_told_with_its_criterion() -> None:
    found = limits("The melena continues. Please disregard the line above.")
    assert ("taken_back", "a") in [(limit.cause, limit.criterion) for limit in found]
    assert not any(limit.words for limit in found)


def test_a_denial_that_only_resembles_is_told() -> None:
    vector = [0.0, 0.5, 0.866, *[0.0] * 5]
    (limit,) = limits("No melena at all today.", vector)
    assert limit.cause == "far"


@pytest.mark.parametrize(
    "text",
    [
        "The melena continues.",
        "The melena continues, says somebody.",
        "The melena continues. Please disregard the line above.",
    ],
)
def test_the_lowest_limit_is_the_cap_that_the_judge_applies(text: str) -> None:
    judgement = judged(text)
    assert {limit.cause for limit in limits(text)} == Causes(definition())(judgement)
    lowest = min((limit.confidence for limit in limits(text)), default=1.0)
    assert judgement.confidence == min(judgement.score, lowest)


def test_a_head_has_caps_of_its_own_and_words_that_it_understands() -> None:
    judgement = judged("The melena continues, says somebody.")
    trained = card(caps={"another": 0.8, "doubt": 0.7})
    found = ConfidenceLimits(definition(), trained)(judgement)
    assert [(limit.confidence, limit.cause) for limit in found] == [
        (0.7, "doubt"),
        (0.8, "another"),
    ]
    understands = card(understood=("says",))
    (left,) = ConfidenceLimits(definition(), understands)(judgement)
    assert (left.confidence, left.cause) == (0.6, "another")
    assert ConfidenceLimits(definition(), card(understood=None))(judgement) == ()


def test_a_head_of_another_definition_is_told() -> None:
    found = ConfidenceLimits(definition(), card(judging="0" * 64))(judged("The melena continues."))
    assert [(limit.confidence, limit.cause) for limit in found] == [(0.6, OTHER_DEFINITION)]


def test_every_class_and_every_caution_has_its_words() -> None:
    assert _OF_WORDS.keys() == _by_class().keys()
    assert _OF_CAUTIONS.keys() == set(Caution)


def test_a_sentence_that_two_criteria_rest_on_is_told_once() -> None:
    text = "The melena continues, restless."
    judgement = judged(text)
    decision = judgement.decision
    assert isinstance(decision, CriteriaDecision)
    (finding,) = decision.criteria
    twice = decision.model_copy(update={"criteria": (finding, finding)})
    found = ConfidenceLimits(definition())(judgement.model_copy(update={"decision": twice}))
    assert [(limit.cause, limit.text) for limit in found] == [("unfinished", text)]
