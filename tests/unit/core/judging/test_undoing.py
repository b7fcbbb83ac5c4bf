"""Words that may undo evidence: which are found, and who vouches for them."""

import pytest

from winnow.judging.criteria.undoing import (
    Doubted,
    UndoingWords,
    is_far_denial,
    understood,
    undone_without_themselves,
)
from winnow.models import CriteriaDecision, CriterionFinding, Evidence, Judgement, Polarity, Verdict
from winnow.processes.loader import load_definition
from winnow.processes.schema import CriteriaProcess

DEFINITION = """\
id: t
version: 1.0.0
kind: criteria
title: T
criteria:
  - {id: a, title: A, statements: STATEMENTS, keywords: [no longer]}
logic: {all_of: [a]}
"""


def doubted(
    text: str,
    reference: str = "Melena continues.",
    fact: str | None = None,
    statements: str = "[Melena continues., Not once better.]",
) -> list[str]:
    definition = load_definition(DEFINITION.replace("STATEMENTS", statements), "t.yaml")
    evidence = Evidence(
        start=0,
        end=len(text),
        text=text,
        polarity=Polarity.SUPPORTS,
        similarity=0.9,
        reference=reference,
        keywords=(),
        fact=fact,
    )
    finding = CriterionFinding(
        id="a", title="A", verdict=Verdict.MET, score=1.0, evidence=(evidence,)
    )
    decision = CriteriaDecision(value=Verdict.MET, because=("a",), criteria=(finding,))
    judgement = Judgement(decision=decision, score=1.0, confidence=1.0, segments=1)
    assert isinstance(definition, CriteriaProcess)
    (one,) = UndoingWords(definition)(judgement)
    return sorted(one.words)


def test_words_of_the_list_are_found() -> None:
    assert doubted("Melena continues.") == []
    assert doubted("Melena continues, says her sister.") == ["says", "sister"]


def test_statements_of_the_side_and_keywords_explain_words() -> None:
    assert doubted("Melena is not better.") == []
    assert doubted("Melena no longer stops.") == []


def test_the_reference_explains_words_though_it_is_of_another_criterion() -> None:
    assert doubted("Colonoscopy without a source.") == ["without"]
    assert doubted("Colonoscopy without a source.", "Colonoscopy without findings.") == []


@pytest.mark.parametrize(("statement", "words"), [("Melena.", ["maybe"]), ("Perhaps melena.", [])])
def test_where_doubt_is_enough_no_other_word_of_doubt_undoes(
    statement: str, words: list[str]
) -> None:
    assert doubted("Maybe melena.", statement, statements=f"[{statement}]") == words


def test_the_reference_of_a_fact_explains_nothing() -> None:
    assert doubted("Hb 8, never hers", "never below 12", fact="Hb 8") == ["hers", "never"]


def test_two_different_sentences_vouch_for_a_word() -> None:
    one, same, other = (
        [Doubted(text, frozenset({"says"}))] for text in ("He says so.", "He says so.", "Says he.")
    )
    assert understood([one, same]) == frozenset()
    assert understood([one, other]) == {"says"}


def test_a_row_does_not_vouch_for_itself() -> None:
    rows = [[Doubted(text, frozenset({"says"}))] for text in ("He says.", "Says he.", "Says she.")]
    assert undone_without_themselves(rows, [True, True, True]) == [False, False, False]
    assert undone_without_themselves(rows[:2], [True, True]) == [True, True]
    assert undone_without_themselves(rows, [True, True, False]) == [True, True, False]


@pytest.mark.parametrize(
    ("verdict", "similarity", "far"),
    [(Verdict.NOT_MET, 0.7, True), (Verdict.NOT_MET, 0.8, False), (Verdict.MET, 0.7, False)],
)
def test_a_denial_that_only_resembles_is_far(
    verdict: Verdict, similarity: float, far: bool
) -> None:
    evidence = Evidence(
        start=0,
        end=9,
        text="No melena",
        polarity=Polarity.SUPPORTS if verdict is Verdict.MET else Polarity.OPPOSES,
        similarity=similarity,
        reference="None.",
        keywords=(),
    )
    finding = CriterionFinding(id="a", title="A", verdict=verdict, score=0.5, evidence=(evidence,))
    decision = CriteriaDecision(value=verdict, because=("a",), criteria=(finding,))
    judgement = Judgement(decision=decision, score=1.0, confidence=1.0, segments=1)
    assert is_far_denial(judgement) is far
