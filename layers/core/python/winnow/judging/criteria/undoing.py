"""Words that may undo the evidence of a decision, and that nobody has vouched for.

A sentence that differs from a statement in one word may say the opposite: "the sample was *hers*",
"*whether* it was complete". Context rules (context.tsv) read the ways that are known; there are
always others. So the words of such classes are listed (undoing_words.tsv), and a decision whose
evidence has one that no statement of its side and no keyword has is not trusted, however much the
sentence resembles its reference. Words that labelled records have in the evidence of right
decisions are understood: the head of a process knows them (`HeadCard.understood`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from winnow.judging.criteria.keywords import content_words, words
from winnow.judging.criteria.logic import decide, verdict
from winnow.judging.text.shorthand import expand_shorthand
from winnow.models import (
    Caution,
    CriteriaDecision,
    CriterionFinding,
    Evidence,
    Judgement,
    Polarity,
    Verdict,
)
from winnow.processes.schema import CriteriaProcess, Group

MIN_SENTENCES = 2
"""So many different sentences of right decisions make a word understood."""
UNDONE_CONFIDENCE = 0.6
"""The most that a decision is trusted if a word may undo it, unless its head has learned a cap.

On notes that neither rules nor statements were written after, 26 of 40 such decisions were right.
"""
PRIOR_DECISIONS = 10
"""UNDONE_CONFIDENCE weighs as much as so many labelled decisions (`learned_caps`)."""
FAR = "far"
"""The cause of a denial that only resembles; the others are cautions and classes of words."""


MIN_DENIAL_SIMILARITY = 0.65
"""Of what a `not_met` cannot do without, each denial must be so near, or it is trusted as little.

Of 102 decisions of this kind that labelled notes had, 0.75 for the nearest denial alone let pass
one wrong one more and stopped five right ones more.
"""
_READ_WITH_FACTS = ("denial", "condition", "over")
"""Classes of words that the readers of ages and dates read: "never", "was booked"."""
MIN_SUPPORT_SIMILARITY = 0.65
"""A finding that is met by less is weak, if another sentence names its criterion unread."""


_MISTAKES = frozenset(
    (
        *("boilerplate", "deleted", "duplicate", "erroneous", "erroneously", "error", "errors"),
        *("falsely", "incorrect", "incorrectly", "misfiled", "mislabel", "mislabeled"),
        *("mislabelled", "misplaced", "misprint", "misread", "mistake", "mistaken", "mistakenly"),
        *("mistranscribed", "mistyped", "namesake", "nullified", "pasted", "rescinded"),
        *("retracted", "revoked", "spurious", "swapped", "typo", "voided", "withdrawn", "wrong"),
        *("wrongly",),
    )
)
"""Words for a mistake in a record."""
_RULED_OUT = frozenset(
    (
        *("excluded", "exclude", "excludes", "ruled", "rule", "rules", "dismissed", "dismiss"),
        *("less", "fewer", "ends"),
    )
)
"""Words of class `over` that are of causes and amounts."""
_OF_ANYTHING = frozenset(
    (
        *("bleeding", "complaint", "complaints", "completely", "condition", "entirely", "episode"),
        *("episodes", "everything", "finally", "fully", "has", "issue", "issues", "largely"),
        *("long", "matter", "meanwhile", "mostly", "now", "problem", "problems", "since"),
        *("spontaneously", "symptom", "symptoms", "things", "today", "trouble"),
    )
)
"""What may be over without being something else: "everything has settled"."""


class Doubted(NamedTuple):
    """A sentence that a decision rests on, and its words that may undo it."""

    sentence: str
    words: frozenset[str]


class UndoingWords:
    """Finds them in the judgements of one process."""

    def __init__(self, definition: CriteriaProcess) -> None:
        self._own: dict[tuple[str, Polarity], tuple[str, ...]] = {}
        """The keywords and statements of each side of each criterion."""
        self._explained: dict[tuple[str, Polarity], frozenset[str]] = {}
        """Their words, for the sides that were asked for."""
        self._statements: dict[str, frozenset[str]] = {}
        self._measured = {c.id for c in definition.criteria if c.measures}
        for criterion in definition.criteria:
            self._statements[criterion.id] = frozenset(
                (*criterion.statements, *criterion.counter_statements)
            )
            keywords = (*criterion.keywords, *criterion.counter_keywords)
            for polarity, statements in (
                (Polarity.SUPPORTS, criterion.statements),
                (Polarity.OPPOSES, criterion.counter_statements),
            ):
                self._own[criterion.id, polarity] = (*keywords, *statements)

    def __call__(self, judgement: Judgement) -> list[Doubted]:
        """The sentences that carry a decision; nothing for one that is undetermined."""
        decision = judgement.decision
        assert isinstance(decision, CriteriaDecision)
        if decision.value is Verdict.UNDETERMINED:
            return []
        return [
            Doubted(evidence.text, self._undoing(finding, evidence))
            for finding in decision.criteria
            if finding.id in decision.because
            for evidence in self._needed(finding)
        ]

    def _needed(self, finding: CriterionFinding) -> Iterator[Evidence]:
        """The strongest evidence of a finding; of one that is implied, all: each exam counts."""
        for place, evidence in enumerate(carrying(finding)):
            is_own = evidence.fact is not None or evidence.reference in self._statements[finding.id]
            if place == 0 or not is_own:
                yield evidence

    def _undoing(self, finding: CriterionFinding, evidence: Evidence) -> frozenset[str]:
        is_read = evidence.fact is not None and finding.id not in self._measured
        listed = _listed(evidence.polarity, is_read=is_read)
        found = listed.intersection(_words((evidence.text,)))
        if not found:
            return found
        side = (finding.id, evidence.polarity)
        if (explained := self._explained.get(side)) is None:
            explained = self._explained[side] = _explained(self._own[side])
        if evidence.reference is not None and evidence.fact is None:
            # What implies the finding is explained by the statements of another criterion.
            explained |= _words((evidence.reference,))
        return found - explained


def carrying(finding: CriterionFinding) -> Iterator[Evidence]:
    """The evidence that a finding's verdict rests on, the strongest first."""
    wanted = Polarity.SUPPORTS if finding.verdict is Verdict.MET else Polarity.OPPOSES
    return (evidence for evidence in finding.evidence if evidence.polarity is wanted)


class FarDenial:
    """Whether a decision is `not_met` by denials that only resemble their references.

    Of an all_of that fails, the nearest denial is enough; of an any_of, each member must be denied,
    and the farthest counts. What rests on silence or on a fact is not far: the first was taught by
    the rows, the second was read.
    """

    def __init__(self, definition: CriteriaProcess) -> None:
        self._logic = definition.logic

    def __call__(self, judgement: Judgement) -> bool:
        decision = judgement.decision
        assert isinstance(decision, CriteriaDecision)
        if decision.value is not Verdict.NOT_MET:
            return False
        findings = {finding.id: finding for finding in decision.criteria}
        return _nearness(self._logic, findings) < MIN_DENIAL_SIMILARITY


class Causes:
    """Why the decisions of a process are less sure than they look: classes of words, and cautions.

    They are what the caps of a head are learned for (`learned_caps`); limits.py says them in words.
    """

    def __init__(self, definition: CriteriaProcess) -> None:
        self._undoing = UndoingWords(definition)
        self._is_far_denial = FarDenial(definition)

    def __call__(self, judgement: Judgement, understood: Collection[str] = ()) -> frozenset[str]:
        """Those of one judgement; `understood`: words that somebody vouches for."""
        found = {word for doubted in self._undoing(judgement) for word in doubted.words}
        far = {FAR} if self._is_far_denial(judgement) else frozenset[str]()
        return unknown_classes(found, understood) | cautions_of(judgement) | far


def _nearness(group: Group, findings: Mapping[str, CriterionFinding]) -> float:
    """How near the denials are that a group fails by; 0 if it does not fail."""
    failing = [0.0]
    if group.all_of is not None:
        failing.append(max(_member(member, findings) for member in group.all_of))
    if group.any_of is not None:
        failing.append(min(_member(member, findings) for member in group.any_of))
    if group.none_of is not None:
        failing.append(max(_is_met(member, findings) for member in group.none_of))
    return max(failing)


def _member(member: str | Group, findings: Mapping[str, CriterionFinding]) -> float:
    if not isinstance(member, str):
        return _nearness(member, findings)
    finding = findings[member]
    if finding.verdict is not Verdict.NOT_MET:
        return 0.0
    return max((evidence.similarity for evidence in carrying(finding)), default=1.0)


def _is_met(member: str | Group, findings: Mapping[str, CriterionFinding]) -> float:
    """1 if a member of a none_of is met, which no denial decides."""
    if isinstance(member, str):
        return float(findings[member].verdict is Verdict.MET)
    return float(verdict(decide(member, findings).score) is Verdict.MET)


def cautions_of(judgement: Judgement) -> frozenset[str]:
    """What stands beside its evidence and makes a decision less sure (cautions.py)."""
    decision = judgement.decision
    assert isinstance(decision, CriteriaDecision)
    return frozenset(
        str(caution) for finding in decision.criteria for caution in counted_cautions(finding)
    )


def counted_cautions(finding: CriterionFinding) -> list[Caution]:
    """The cautions of a finding, but a sentence that was not heard if the finding is strong."""
    return [
        caution
        for caution in finding.cautions
        if caution is not Caution.UNREAD or _is_weak(finding)
    ]


def _is_weak(finding: CriterionFinding) -> bool:
    """Whether a finding rests on silence, or is met by what only resembles its statements."""
    nearest = max((evidence.similarity for evidence in carrying(finding)), default=0.0)
    return nearest < MIN_SUPPORT_SIMILARITY if finding.verdict is Verdict.MET else not nearest


def understood(doubted: Sequence[Sequence[Doubted]]) -> frozenset[str]:
    """The words that the evidence of right decisions, each with its sentences, vouches for."""
    sentences = _sentences(doubted)
    return frozenset(word for word, those in sentences.items() if len(those) >= MIN_SENTENCES)


def unknown_classes(words_of_it: Collection[str], understood: Collection[str]) -> frozenset[str]:
    """The classes of those words that nobody vouches for."""
    return frozenset(class_of(word) for word in words_of_it if word not in understood)


def class_of(word: str) -> str:
    """The class of a word that may undo a sentence."""
    return _class_of()[word]


def classes_without_themselves(
    doubted: Sequence[Sequence[Doubted]], right: Sequence[bool]
) -> list[frozenset[str]]:
    """The classes of words that may undo each decision, if only the others' sentences vouch."""
    sentences = _sentences([d for d, is_right in zip(doubted, right, strict=True) if is_right])
    found: list[frozenset[str]] = []
    for of_decision in doubted:
        own = {d.sentence for d in of_decision}
        every = {word for d in of_decision for word in d.words}
        vouched = {w for w in every if len(sentences.get(w, set()) - own) >= MIN_SENTENCES}
        found.append(unknown_classes(every, vouched))
    return found


def learned_caps(
    causes: Sequence[Collection[str]], right: Sequence[bool], weights: Sequence[float] | None = None
) -> dict[str, float]:
    """The most that a decision with each cause is trusted, by how many such decisions are right.

    It is the share of those, with PRIOR_DECISIONS at UNDONE_CONFIDENCE among them: a cause that few
    rows have stays near that.
    """
    counts: dict[str, list[float]] = {}
    for index, (of_decision, is_right) in enumerate(zip(causes, right, strict=True)):
        weight = 1.0 if weights is None else weights[index]
        for cause in of_decision:
            count = counts.setdefault(cause, [0.0, 0.0])
            count[0] += weight * is_right
            count[1] += weight
    prior = UNDONE_CONFIDENCE * PRIOR_DECISIONS
    return {
        cause: round((right_ones + prior) / (all_of_it + PRIOR_DECISIONS), 4)
        for cause, (right_ones, all_of_it) in sorted(counts.items())
    }


def cap(causes: Collection[str], caps: Mapping[str, float]) -> float:
    """The most that a decision with these causes is trusted; 1 without any."""
    return min((caps.get(cause, UNDONE_CONFIDENCE) for cause in causes), default=1.0)


def _sentences(doubted: Sequence[Sequence[Doubted]]) -> dict[str, set[str]]:
    sentences: dict[str, set[str]] = {}
    for of_decision in doubted:
        for sentence, words_of_it in of_decision:
            for word in words_of_it:
                sentences.setdefault(word, set()).add(sentence)
    return sentences


def _words(texts: Sequence[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in words(expand_shorthand(text)))


def _explained(texts: Sequence[str]) -> frozenset[str]:
    found = _words(texts)
    possible = _by_class()["possible"]
    return found if found.isdisjoint(possible) else found | possible


def takes_back(sentence: str) -> bool:
    """Whether a sentence that names no criterion has a word for a mistake in the record."""
    return not _MISTAKES.isdisjoint(words(sentence))


def ends(sentence: str) -> bool:
    """Whether a sentence that names no criterion says that it is over, and not something else."""
    before: list[str] = []
    for word in words(sentence):
        if word in _ending():
            return content_words(" ".join(before)) <= _OF_ANYTHING
        before.append(word)
    return False


@cache
def _ending() -> frozenset[str]:
    return _by_class()["over"] - _RULED_OUT


@cache
def _listed(polarity: Polarity, *, is_read: bool) -> frozenset[str]:
    """The words that may undo evidence of a polarity; `is_read`: that of an age or a date."""
    left_out = set(_READ_WITH_FACTS if is_read else ())
    if polarity is Polarity.OPPOSES:
        left_out.add("over")
    return frozenset().union(
        *(those for name, those in _by_class().items() if name not in left_out)
    )


@cache
def _class_of() -> dict[str, str]:
    return {word: name for name, those in _by_class().items() for word in those}


@cache
def _by_class() -> dict[str, frozenset[str]]:
    lines = Path(__file__).with_name("undoing_words.tsv").read_text(encoding="utf-8").splitlines()
    classes: dict[str, set[str]] = {}
    for line in lines:
        if line and not line.startswith("#"):
            name, row = line.split("\t")
            classes.setdefault(name, set()).update(row.split())
    return {name: frozenset(those) for name, those in classes.items()}
