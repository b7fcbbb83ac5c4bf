"""Words that may undo evidence: which are found, and who vouches for them."""

from collections.abc import Mapping

import pytest

from winnow.judging.criteria.undoing import (
    UNDONE_CONFIDENCE,
    Doubted,
    FarDenial,
    UndoingWords,
    cap,
    classes_without_themselves,
    ends,
    learned_caps,
    takes_back,
    understood,
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
    polarity: Polarity = Polarity.SUPPORTS,
    more: str = "",
) -> list[str]:
    written = DEFINITION.replace("statements: STATEMENTS", more or f"statements: {statements}")
    definition = load_definition(written, "t.yaml")
    evidence = Evidence(
        start=0,
        end=len(text),
        text=text,
        polarity=polarity,
        similarity=0.9,
        reference=reference,
        keywords=(),
        fact=fact,
    )
    verdict = Verdict.MET if polarity is Polarity.SUPPORTS else Verdict.NOT_MET
    finding = CriterionFinding(id="a", title="A", verdict=verdict, score=1.0, evidence=(evidence,))
    decision = CriteriaDecision(value=verdict, because=("a",), criteria=(finding,))
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


MEASURE = "statements: [], measure: [{name: hb, unit: g/dL, below: 12, least: 3, most: 20}]"


def test_the_reference_of_a_measured_value_explains_nothing() -> None:
    found = doubted("Hb 8, never hers", "never below 12", fact="Hb 8", more=MEASURE)
    assert found == ["hers", "never"]


def test_what_the_readers_of_ages_and_dates_read_undoes_nothing() -> None:
    assert doubted("Age 44, never hers", "age 45 or over", fact="age 44") == ["hers"]


def test_what_says_the_end_of_a_finding_undoes_only_support() -> None:
    assert doubted("Melena resolved.") == ["resolved"]
    assert doubted("Melena resolved.", polarity=Polarity.OPPOSES) == []


def test_two_different_sentences_vouch_for_a_word() -> None:
    one, same, other = (
        [Doubted(text, frozenset({"says"}))] for text in ("He says so.", "He says so.", "Says he.")
    )
    assert understood([one, same]) == frozenset()
    assert understood([one, other]) == {"says"}


def test_a_row_does_not_vouch_for_itself() -> None:
    rows = [[Doubted(text, frozenset({"says"}))] for text in ("He says.", "Says he.", "Says she.")]
    vouched, doubt = frozenset[str](), frozenset({"doubt"})
    assert classes_without_themselves(rows, [True, True, True]) == [vouched] * 3
    assert classes_without_themselves(rows[:2], [True, True]) == [doubt] * 2
    assert classes_without_themselves(rows, [True, True, False]) == [doubt, doubt, vouched]


def test_a_cap_is_what_the_rows_show_and_few_rows_show_little() -> None:
    caps = learned_caps(
        [{"far"}] * 30 + [{"doubt"}] + [set()], [True] * 27 + [False] * 3 + [True] * 2
    )
    assert caps == {"doubt": round(7 / 11, 4), "far": round(33 / 40, 4)}
    assert cap({"far"}, caps) == caps["far"]
    # Of several causes the worst counts; one that no row had is trusted as before.
    assert cap({"far", "doubt"}, caps) == caps["doubt"]
    assert cap({"far", "missing"}, caps) == UNDONE_CONFIDENCE
    assert cap(set(), caps) == 1


def test_a_row_counts_by_its_weight() -> None:
    assert learned_caps([{"far"}, {"far"}], [True, False], [8.0, 2.0]) == {"far": 14 / 20}


def judged(
    logic: str, found: Mapping[str, tuple[Verdict, float | None]], value: Verdict = Verdict.NOT_MET
) -> tuple[CriteriaProcess, Judgement]:
    """A judgement; of each criterion the verdict, and how near its evidence is (None: silence)."""
    criteria = "".join(f"  - {{id: {name}, title: T, statements: [X.]}}\n" for name in found)
    definition = load_definition(
        "id: t\nversion: 1.0.0\nkind: criteria\ntitle: T\ncriteria:\n" + criteria + logic, "t.yaml"
    )
    findings = []
    for name, (verdict, similarity) in found.items():
        polarity = Polarity.SUPPORTS if verdict is Verdict.MET else Polarity.OPPOSES
        evidence = () if similarity is None else (_evidence(polarity, similarity),)
        score = 1.0 if verdict is Verdict.MET else 0.0
        findings.append(
            CriterionFinding(id=name, title="T", verdict=verdict, score=score, evidence=evidence)
        )
    decision = CriteriaDecision(value=value, because=tuple(found), criteria=tuple(findings))
    assert isinstance(definition, CriteriaProcess)
    return definition, Judgement(decision=decision, score=1.0, confidence=1.0, segments=1)


def _evidence(polarity: Polarity, similarity: float) -> Evidence:
    return Evidence(
        start=0, end=9, text="No melena", polarity=polarity, similarity=similarity, reference="X."
    )


MET, NOT_MET = Verdict.MET, Verdict.NOT_MET
ALL, ANY, NONE = (f"logic: {{{name}: [a, b]}}" for name in ("all_of", "any_of", "none_of"))


@pytest.mark.parametrize(
    ("logic", "a", "b", "far"),
    [
        (ALL, (NOT_MET, 0.6), (NOT_MET, 0.5), True),
        (ALL, (NOT_MET, 0.6), (NOT_MET, 0.7), False),
        (ALL, (NOT_MET, 0.6), (MET, 0.9), True),
        (ANY, (NOT_MET, 0.6), (NOT_MET, 0.9), True),
        (ANY, (NOT_MET, 0.7), (NOT_MET, 0.9), False),
        (ANY, (NOT_MET, None), (NOT_MET, 0.9), False),
        (ANY, (NOT_MET, None), (NOT_MET, 0.6), True),
        (NONE, (MET, 0.5), (NOT_MET, 0.5), False),
    ],
)
def test_each_denial_that_a_decision_needs_must_be_near(
    logic: str,
    a: tuple[Verdict, float | None],
    b: tuple[Verdict, float | None],
    far: bool,
) -> None:
    definition, judgement = judged(logic, {"a": a, "b": b})
    assert FarDenial(definition)(judgement) is far


def test_what_is_met_is_no_denial() -> None:
    definition, judgement = judged(ALL, {"a": (MET, 0.5), "b": (MET, 0.5)}, MET)
    assert not FarDenial(definition)(judgement)


@pytest.mark.parametrize(
    ("sentence", "takes", "ended"),
    [
        ("Erroneous entry.", True, False),
        ("I was given the wrong folder.", True, False),
        ("Quiescent since the summer.", False, True),
        ("He was lost to follow-up; colonoscopy is overdue.", False, False),
        ("Gynecologic causes were excluded.", False, False),
        ("Pneumonia in March has resolved.", False, False),
        ("We look forward to your reply.", False, False),
        ("Everything has settled.", False, True),
        ("She walks.", False, False),
    ],
)
def test_words_of_sentences_that_no_criterion_hears(
    sentence: str, takes: bool, ended: bool
) -> None:
    assert (takes_back(sentence), ends(sentence)) == (takes, ended)
