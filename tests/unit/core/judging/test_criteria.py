"""Judging by criteria, with vectors chosen so that every cosine is known."""

import math

import pytest

from tests.fakes.encoder import FakeEncoder
from winnow.judging import build_judge
from winnow.judging.criteria.logic import MET, decide, verdict
from winnow.judging.criteria.match import HIGH, LOW
from winnow.judging.text.shorthand import expand_shorthand
from winnow.models import CriteriaDecision, CriterionFinding, Judgement, Polarity, Verdict
from winnow.processes.loader import load_definition
from winnow.processes.schema import CriteriaProcess, Group

HEAD = "id: t\nversion: 1.0.0\nkind: criteria\ntitle: T\n"
ONE = (
    HEAD
    + """
criteria:
  - id: anemia
    title: Anemia
    statements: [The patient has anemia., Anemia was never absent.]
    counter_statements: [The patient has no anemia., The anemia belongs to somebody.]
    neutral_statements: [Anemia was discussed.]
    keywords: [anemia]
logic: {all_of: [anemia]}
"""
)
PRO, PRO_NOT, CON_NOT, CON, NEUTRAL = (
    "The patient has anemia.",
    "Anemia was never absent.",
    "The patient has no anemia.",
    "The anemia belongs to somebody.",
    "Anemia was discussed.",
)


def toward(*parts: tuple[int, float]) -> list[float]:
    """A unit vector with the given cosines to some axes."""
    vector = [0.0] * 8
    for axis, cosine in parts:
        vector[axis] = cosine
    vector[7] = math.sqrt(max(0.0, 1 - sum(c * c for _, c in parts)))
    return vector


AXES = {PRO: 0, PRO_NOT: 1, CON_NOT: 2, CON: 3, NEUTRAL: 4}
TABLE = {text: toward((axis, 1.0)) for text, axis in AXES.items()}


def judge(text: str, definition: str = ONE, **table: list[float]) -> CriteriaDecision:
    return judgement(text, definition, **table).decision  # type: ignore[return-value]


def judgement(text: str, definition: str = ONE, **table: list[float]) -> Judgement:
    encoder = FakeEncoder(TABLE | table)
    (result,) = build_judge(load_definition(definition, "t"), encoder)([text])
    return result


def test_a_statement_is_met_with_its_span_and_reference() -> None:
    text = f"Seen today. {PRO} Nothing else."
    result = judgement(text)
    decision = result.decision
    assert isinstance(decision, CriteriaDecision)
    assert (decision.value, decision.because) == (Verdict.MET, ("anemia",))
    assert (result.score, result.confidence, result.calibrated) == (1.0, 1.0, False)
    assert result.segments == 3
    (evidence,) = decision.criteria[0].evidence
    assert text[evidence.start : evidence.end] == evidence.text == PRO
    assert evidence.polarity is Polarity.SUPPORTS
    assert (evidence.similarity, evidence.reference) == (1.0, PRO)
    assert evidence.keywords == ("anemia",)


def test_a_counter_statement_is_not_met() -> None:
    result = judgement(CON_NOT)
    assert isinstance(result.decision, CriteriaDecision)
    assert result.decision.value is Verdict.NOT_MET
    assert result.score == 1.0
    assert result.decision.criteria[0].score == 0.0
    assert result.decision.criteria[0].evidence[0].polarity is Polarity.OPPOSES


@pytest.mark.parametrize("text", ["", "Nothing of the kind.", NEUTRAL, f"{PRO} {CON_NOT}"])
def test_silence_neutral_and_contradiction_are_undetermined(text: str) -> None:
    result = judgement(text)
    assert isinstance(result.decision, CriteriaDecision)
    assert result.decision.value is Verdict.UNDETERMINED
    assert result.score == result.confidence == 0.5


@pytest.mark.parametrize(
    "text",
    [
        "No evidence of anemia",
        "He denies anemia",
        "A test for anemia was not done",
        "If anemia appears",
        "Anemia should be expected",
        "Her mother had anemia",
        "It is unclear whether there is anemia",
        "The anemia was another patient's",
        "The suspicion of anemia was withdrawn",
        "Anemia: unknown",
        "Anemia? N (asked twice)",
        "His father, a smoker, has anemia",
        "We ruled anemia out",
        "1.Denies anemia",
        "Anemia [ ] yes [ ] no",
    ],
)
def test_turned_statements_are_never_met_however_near(text: str) -> None:
    """The vector says: exactly the statement. The words say otherwise."""
    encoder = FakeEncoder(TABLE | {text: toward((AXES[PRO], 1.0))})
    (result,) = build_judge(load_definition(ONE, "t"), encoder)([text])
    assert isinstance(result.decision, CriteriaDecision)
    assert result.decision.value is not Verdict.MET


def test_negation_in_another_clause_does_not_count() -> None:
    vector = toward((AXES[PRO], 0.9))
    encoder = FakeEncoder(TABLE | {"Anemia but no pain": vector, "No anemia but anemia": vector})
    ask = build_judge(load_definition(ONE, "t"), encoder)
    plain, at_odds = ask(["Anemia but no pain", "No anemia but anemia"])
    assert isinstance(plain.decision, CriteriaDecision)
    assert isinstance(at_odds.decision, CriteriaDecision)
    assert plain.decision.value is Verdict.MET
    assert at_odds.decision.value is Verdict.UNDETERMINED


@pytest.mark.parametrize(
    ("sentences", "value"),
    [
        # Both are said, and neither is of now.
        ([PRO, CON_NOT], Verdict.UNDETERMINED),
        (["The patient has anemia again.", CON_NOT], Verdict.MET),
        ([PRO, "The patient has no anemia now."], Verdict.NOT_MET),
        (["The patient has anemia again.", "The patient has no anemia now."], Verdict.UNDETERMINED),
        # What is unknown is a doubt about what is said.
        ([PRO, "Whether the anemia is real is unclear."], Verdict.UNDETERMINED),
        ([PRO, "The cause of the anemia is unknown."], Verdict.MET),
    ],
)
def test_contradiction_and_doubt(sentences: list[str], value: Verdict) -> None:
    near = {
        "The patient has anemia again.": toward((AXES[PRO], 0.8)),
        "The patient has no anemia now.": toward((AXES[CON_NOT], 0.8)),
    }
    assert judge(" ".join(sentences), ONE, **near).value is value


@pytest.mark.parametrize(
    ("neutral", "value"),
    [("No history of anemia.", Verdict.MET), ("Anemia workup.", Verdict.UNDETERMINED)],
)
def test_a_neutral_denial_is_nothing_to_what_denies_nothing(neutral: str, value: Verdict) -> None:
    table = {neutral: toward((5, 1.0)), "Known anemia.": toward((AXES[PRO], 0.62), (5, 0.78))}
    assert judge("Known anemia.", ONE.replace(NEUTRAL, neutral), **table).value is value


def test_a_part_of_a_list_is_read_in_the_whole() -> None:
    two = ONE.replace(
        "logic: {all_of: [anemia]}",
        """  - id: melena
    title: Melena
    statements: [Melena.]
    counter_statements: [No melena.]
    keywords: [melena]
logic: {all_of: [anemia, melena]}
""",
    )
    parts = {"still with anemia": toward((AXES[PRO], 0.9)), "Melena today": [0.0] * 8}
    (said,) = [
        finding
        for finding in judge("Melena today, tired, still with anemia", two, **parts).criteria
        if finding.id == "anemia"
    ]
    assert said.verdict is Verdict.MET
    assert said.evidence[0].text == "still with anemia"
    parts = {"anemia": toward((AXES[PRO], 0.9)), "Denies melena": [0.0] * 8}
    (denied,) = [
        finding
        for finding in judge("Denies melena, fatigue, anemia", two, **parts).criteria
        if finding.id == "anemia"
    ]
    assert denied.verdict is Verdict.UNDETERMINED


MIXED = (
    HEAD
    + """
criteria:
  - id: egd
    title: EGD
    statements: [EGD was normal., EGD was normal except for a polyp.]
    counter_statements: [EGD showed an ulcer., EGD was normal except for an ulcer.]
    keywords: [EGD]
logic: {all_of: [egd]}
"""
)


@pytest.mark.parametrize(
    ("near", "value"),
    [
        ("EGD was normal.", Verdict.UNDETERMINED),
        ("EGD showed an ulcer.", Verdict.UNDETERMINED),
        ("EGD was normal except for a polyp.", Verdict.MET),
        ("EGD was normal except for an ulcer.", Verdict.NOT_MET),
    ],
)
def test_what_is_mixed_is_compared_with_what_is_mixed(near: str, value: Verdict) -> None:
    text = "EGD was normal but for one thing"
    references = [expand_shorthand(s) for s in near_references(MIXED)]
    table = {reference: toward((axis, 1.0)) for axis, reference in enumerate(references)}
    table[expand_shorthand(text)] = table[expand_shorthand(near)]
    encoder = FakeEncoder(table)
    (result,) = build_judge(load_definition(MIXED, "t"), encoder)([text])
    assert isinstance(result.decision, CriteriaDecision)
    assert result.decision.value is value


def near_references(definition: str) -> list[str]:
    process = load_definition(definition, "t")
    assert isinstance(process, CriteriaProcess)
    (criterion,) = process.criteria
    return [*criterion.statements, *criterion.counter_statements]


PLAN = (
    HEAD
    + """
criteria:
  - id: scopes
    title: Scopes
    statements: [EGD was normal., Colonoscopy was normal.]
    counter_statements: [EGD is planned., Colonoscopy is planned.]
    keywords: [EGD, colonoscopy]
logic: {all_of: [scopes]}
"""
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("EGD is planned.", Verdict.NOT_MET),
        ("EGD is planned. EGD was normal.", Verdict.MET),
        ("OGD is planned. EGD was normal.", Verdict.MET),
        ("Colonoscopy is planned. EGD was normal.", Verdict.UNDETERMINED),
    ],
)
def test_a_plan_says_nothing_against_the_result_of_what_was_planned(
    text: str, value: Verdict
) -> None:
    assert judge(text, PLAN).value is value


def test_without_a_keyword_nothing_is_heard() -> None:
    decision = judge("Pale skin", **{"Pale skin": toward((AXES[PRO], 1.0))})  # type: ignore[arg-type]
    assert decision.value is Verdict.UNDETERMINED
    assert decision.criteria[0].evidence == ()


def test_strength_rises_with_similarity_and_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("winnow.judging.criteria.match.SHARED", 0.0)
    scores = []
    for cosine in (LOW - 0.01, LOW + 0.05, (LOW + HIGH) / 2, HIGH, 0.95):
        decision = judge("Anemia", Anemia=toward((AXES[PRO], cosine)))
        scores.append(decision.criteria[0].score)
    assert scores[0] == 0.5
    assert scores == sorted(scores)
    assert scores[3] == scores[4] == 1.0
    close = judge("Anemia", Anemia=toward((AXES[PRO], 0.7), (AXES[NEUTRAL], 0.69)))
    assert close.value is Verdict.UNDETERMINED


def test_one_encoder_call_and_equal_segments_once() -> None:
    encoder = FakeEncoder(TABLE)
    ask = build_judge(load_definition(ONE, "t"), encoder)
    encoder.calls.clear()
    results = ask([f"{PRO} Same here.", "Same here.", "", f"Same here. {CON_NOT}"])
    # What has no keyword of the criterion is not encoded.
    assert encoder.calls == [[PRO, CON_NOT]]
    values = [r.decision.value for r in results]
    assert values == ["met", "undetermined", "undetermined", "not_met"]
    assert ask([]) == []


def test_a_text_is_judged_alike_alone_and_in_company() -> None:
    ask = build_judge(load_definition(ONE, "t"), FakeEncoder(TABLE))
    texts = [PRO, CON_NOT, NEUTRAL, f"{PRO} {PRO} Anemia again and again.", ""]
    assert ask(texts) == [ask([text])[0] for text in texts]


def test_evidence_is_the_strongest_three_and_repeats_are_shown_once() -> None:
    table = {f"Anemia {n}.": toward((AXES[PRO], 0.40 + n / 100)) for n in range(6)}
    text = " ".join([*table, "Anemia 5."])
    encoder = FakeEncoder(TABLE | table)
    (result,) = build_judge(load_definition(ONE, "t"), encoder)([text])
    assert isinstance(result.decision, CriteriaDecision)
    evidence = result.decision.criteria[0].evidence
    assert [e.text for e in evidence] == ["Anemia 5.", "Anemia 4.", "Anemia 3."]


TWO = (
    HEAD
    + """
criteria:
  - id: anemia
    title: Anemia
    statements: [The patient has anemia.]
    keywords: [anemia]
  - id: rain
    title: Rain
    if_silent: not_met
    statements: [It rains.]
    keywords: [rains]
logic: {all_of: [anemia, rain]}
"""
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (PRO, Verdict.NOT_MET),
        (f"{PRO} Her mother says it rains in the family.", Verdict.NOT_MET),
        (f"{PRO} Whether it rains is another matter altogether.", Verdict.UNDETERMINED),
        ("Nothing of the kind.", Verdict.UNDETERMINED),
    ],
)
def test_silence_counts_where_the_record_speaks_of_something_else(
    text: str, value: Verdict
) -> None:
    result = judgement(text, TWO)
    assert isinstance(result.decision, CriteriaDecision)
    assert result.decision.value is value
    if value is Verdict.NOT_MET:
        assert (result.score, result.decision.because) == (0.75, ("rain",))


IMPLIED = (
    HEAD
    + """
criteria:
  - id: obscure
    title: Obscure
    statements: [The source is obscure.]
    counter_statements: [An ulcer bleeds.]
    keywords: [obscure]
    counter_keywords: [ulcer]
    implied_by:
      {criterion: scopes, each_of: [[gastroscopy], [colonoscopy]], unless: [stomach]}
  - id: scopes
    title: Scopes
    statements: [Gastroscopy looked fine., Colonoscopy looked fine.]
    keywords: [gastroscopy, colonoscopy]
logic: {all_of: [obscure, scopes]}
"""
)
BOTH = "Gastroscopy looked fine. Colonoscopy looked fine."


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (BOTH, Verdict.MET),
        ("Gastroscopy looked fine.", Verdict.UNDETERMINED),
        (f"{BOTH} An ulcer bleeds.", Verdict.NOT_MET),
        (f"{BOTH} The source is obscure.", Verdict.MET),
        (f"{BOTH} Somebody called it obscure once upon a time.", Verdict.UNDETERMINED),
        (f"{BOTH} The stomach is suspected.", Verdict.UNDETERMINED),
        (f"{BOTH} No blood in the stomach.", Verdict.MET),
    ],
)
def test_what_another_criterion_implies(text: str, value: Verdict) -> None:
    sentences = ("The source is obscure.", "An ulcer bleeds.", *BOTH.replace(". ", ".|").split("|"))
    table = {sentence: toward((axis, 1.0)) for axis, sentence in enumerate(sentences)}
    decision = judge(text, IMPLIED, **table)
    assert decision.value is value
    if text == BOTH:
        obscure, scopes = decision.criteria
        assert obscure.evidence == scopes.evidence


# -- logic: every combination of three-valued members ----------------------------------------------

SCORE = {Verdict.MET: 0.9, Verdict.NOT_MET: 0.1, Verdict.UNDETERMINED: 0.5}


def finding(name: str, value: Verdict) -> CriterionFinding:
    return CriterionFinding(id=name, title=name, verdict=value, score=SCORE[value])


@pytest.mark.parametrize("a", list(Verdict))
@pytest.mark.parametrize("b", list(Verdict))
def test_kleene(a: Verdict, b: Verdict) -> None:
    findings = {"a": finding("a", a), "b": finding("b", b)}

    def value(group: Group) -> Verdict:
        return verdict(decide(group, findings)[0])

    pair = {a, b}
    assert value(Group(all_of=("a", "b"))) is (
        Verdict.NOT_MET
        if Verdict.NOT_MET in pair
        else Verdict.UNDETERMINED
        if Verdict.UNDETERMINED in pair
        else Verdict.MET
    )
    assert value(Group(any_of=("a", "b"))) is (
        Verdict.MET
        if Verdict.MET in pair
        else Verdict.UNDETERMINED
        if Verdict.UNDETERMINED in pair
        else Verdict.NOT_MET
    )
    # De Morgan: none_of is the opposite of any_of; nested and combined groups agree.
    opposite = {Verdict.MET: Verdict.NOT_MET, Verdict.NOT_MET: Verdict.MET}
    any_of = value(Group(any_of=("a", "b")))
    assert value(Group(none_of=("a", "b"))) is opposite.get(any_of, any_of)
    assert value(Group(all_of=(Group(any_of=("a",)), Group(none_of=("b",))))) is value(
        Group(any_of=("a",), none_of=("b",))
    )


def test_because_names_what_the_decision_rests_on() -> None:
    findings = {
        "a": finding("a", Verdict.MET),
        "b": finding("b", Verdict.NOT_MET),
        "c": finding("c", Verdict.UNDETERMINED),
    }
    assert decide(Group(any_of=("a", "b", "c")), findings) == (0.9, {"a"})
    assert decide(Group(all_of=("a", "b", "c")), findings) == (0.1, {"b"})
    assert decide(Group(all_of=("a", "c")), findings) == (0.5, {"c"})
    assert decide(Group(all_of=("a",), none_of=("b",)), findings) == (0.9, {"a", "b"})
    assert decide(Group(any_of=(Group(all_of=("a", "b")), "c")), findings) == (0.5, {"c"})


def test_the_bounds_are_symmetric_to_the_last_digit() -> None:
    assert verdict(MET) is Verdict.MET
    assert verdict(0.3) is Verdict.NOT_MET
    assert verdict(0.6999) is verdict(0.3001) is Verdict.UNDETERMINED


def test_criteria_without_keywords_and_counter_statements() -> None:
    text = HEAD + "criteria: [{id: a, title: A, statements: [It rains.]}]\nlogic: {none_of: [a]}\n"
    definition = load_definition(text, "t")
    assert isinstance(definition, CriteriaProcess)
    ask = build_judge(definition, FakeEncoder())
    assert [r.decision.value for r in ask(["It rains.", "Dry."])] == ["not_met", "undetermined"]
    assert ask.process == definition.info
