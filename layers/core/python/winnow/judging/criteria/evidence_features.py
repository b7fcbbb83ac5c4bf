"""What the evidence of a decision looks like, in numbers: what a trained head reads of it.

The criteria's scores say what was heard; these say how well. A decision that rests on silence, on
sentences that only resemble the statements, or on a record that contradicts itself is right less
often than one whose evidence says word for word what the policy asks.
"""

from winnow.judging.criteria.keywords import content_words
from winnow.judging.criteria.undoing import carrying
from winnow.judging.text.shorthand import expand_shorthand
from winnow.models import CriteriaDecision, Evidence, Judgement, Verdict

OF_DECISION = (
    "decided",
    "certainty",
    "least similarity",
    "mean similarity",
    "unexplained words",
    "contradictions",
    "silences",
    "criteria with evidence",
    "criteria to the contrary",
)
FEATURES = tuple(
    f"{verdict.value}: {name}" for verdict in (Verdict.MET, Verdict.NOT_MET) for name in OF_DECISION
)
"""Each counts for one decision and is 0 for the others."""


def evidence_features(judgement: Judgement) -> list[float]:
    """The FEATURES of a judgement by criteria."""
    decision = judgement.decision
    assert isinstance(decision, CriteriaDecision)
    values = _of_decision(judgement, decision)
    none = [0.0] * len(OF_DECISION)
    return [
        value
        for verdict in (Verdict.MET, Verdict.NOT_MET)
        for value in (values if decision.value is verdict else none)
    ]


def _of_decision(judgement: Judgement, decision: CriteriaDecision) -> list[float]:
    deciding = [finding for finding in decision.criteria if finding.id in decision.because]
    strongest = [
        evidence for finding in deciding if (evidence := next(carrying(finding), None)) is not None
    ]
    similarities = [evidence.similarity for evidence in strongest]
    contrary = Verdict.NOT_MET if decision.value is Verdict.MET else Verdict.MET
    return [
        1.0,
        judgement.score,
        min(similarities, default=0.0),
        sum(similarities) / len(similarities) if similarities else 0.0,
        max(map(_unexplained, strongest), default=0.0),
        sum(len({e.polarity for e in finding.evidence}) > 1 for finding in deciding),
        sum(not finding.evidence for finding in deciding),
        len(strongest),
        sum(bool(f.evidence) and f.verdict is contrary for f in decision.criteria),
    ]


def _unexplained(evidence: Evidence) -> float:
    """The share of its words that the reference has not; 0 for a measured value."""
    if evidence.reference is None or evidence.similarity >= 1:
        return 0.0
    words = content_words(expand_shorthand(evidence.text))
    return len(words - content_words(expand_shorthand(evidence.reference))) / max(1, len(words))
