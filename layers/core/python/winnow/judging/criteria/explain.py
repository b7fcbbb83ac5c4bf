"""Why a text was judged so: what each criterion heard, and what it did not count and why.

No judge uses this module. It compares one text again as `match.py` and `findings.py` do, keeps what
they drop, and says in plain words which of their rules dropped it.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.judging.criteria.compile import CompiledCriterion, CriterionSide, compile_criteria
from winnow.judging.criteria.contraries import Reading, contrary_in
from winnow.judging.criteria.findings import CONTRADICTION, FACT, speaking_positions
from winnow.judging.criteria.keywords import words
from winnow.judging.criteria.match import (
    LOW,
    SHARED,
    CriterionMatches,
    Match,
    match_segments,
)
from winnow.judging.criteria.mentions import PLAIN, MentionKind, SegmentMentions
from winnow.judging.evidence import SCORE_DECIMALS
from winnow.judging.text.answers import plain_answers
from winnow.judging.text.similarity import SegmentScorer, SimilarityMatrix
from winnow.limits.budget import no_deadline
from winnow.models import CriterionFinding, Evidence, Polarity, Verdict
from winnow.ports import Encoder
from winnow.processes.schema import CriteriaProcess

NEAR = 0.5
"""So similar a segment without a keyword is reported: its word may be missing."""


class Reason(StrEnum):
    """Why a segment does not count for a criterion."""

    FAMILY = "family"
    UNKNOWN = "unknown"
    PLANNED = "planned"
    DENIED = "denied"
    MIXED = "mixed"
    RESULT = "result"
    HISTORICAL = "historical"
    POSSIBLE = "possible"
    AFFIRMED = "affirmed"
    TOO_FAR = "too_far"
    AS_NEAR = "as_near"
    CONTRARY = "contrary"
    NO_KEYWORD = "no_keyword"
    OTHER_READING = "other_reading"
    OUTDATED_PLAN = "outdated_plan"
    FACT = "fact"


_KINDS: tuple[tuple[int, Reason, str], ...] = (
    (MentionKind.FAMILY, Reason.FAMILY, "about a relative"),
    (MentionKind.UNKNOWN, Reason.UNKNOWN, "said to be unknown, missing or taken back"),
    (MentionKind.PLANNED, Reason.PLANNED, "planned or conditional"),
    (MentionKind.DENIED, Reason.DENIED, "denied"),
    (MentionKind.MIXED, Reason.MIXED, "denied in one part and not in another"),
    (MentionKind.RESULT, Reason.RESULT, "a result without a finding"),
    (MentionKind.HISTORICAL, Reason.HISTORICAL, "about the past"),
    (MentionKind.POSSIBLE, Reason.POSSIBLE, "suspected only"),
)
"""Kinds, each with the reason and its words; the first that a segment has is named."""


@dataclass(frozen=True)
class HeardKeyword:
    """A keyword of a segment, with what is said of it."""

    keyword: str
    contexts: tuple[str, ...]
    """Empty: it is asserted of the patient and now."""


@dataclass(frozen=True)
class SegmentExplanation:
    """A segment that a criterion heard, or did not count."""

    start: int
    end: int
    text: str
    keywords: tuple[HeardKeyword, ...]
    polarity: Polarity | None
    """What it says, or would say; None where it was compared with nothing."""
    strength: float
    """From 0 to 1; 0 where it does not count."""
    similarity: float | None
    reference: str | None
    """The sentence of the definition that it is nearest to."""
    reason: Reason | None = None
    """Why it does not count; None: it does."""
    why: str = ""
    """The same in words."""
    fact: str | None = None
    """The number, age or date that was read; the definition asks for `reference`."""


@dataclass(frozen=True)
class CriterionExplanation:
    """What a criterion heard in a text, and what it did not count."""

    id: str
    title: str
    verdict: Verdict
    score: float
    heard: tuple[SegmentExplanation, ...]
    """The strongest first."""
    discarded: tuple[SegmentExplanation, ...]
    """In the order of the text."""
    notes: tuple[str, ...]
    """Why the verdict is not what was heard alone would give."""


class CriteriaExplainer:
    """Explains judgements by a process of kind `criteria`."""

    def __init__(self, definition: CriteriaProcess, encoder: Encoder) -> None:
        self._compiled = compile_criteria(definition)
        # Without `accepts`: what has no keyword is compared, too, to say that one may be missing.
        self._score_segments = SegmentScorer(
            encoder, self._compiled.plain_references, structure=True, topics=self._compiled.topics
        )

    def __call__(
        self, text: str, findings: Sequence[CriterionFinding]
    ) -> tuple[CriterionExplanation, ...]:
        """The explanation of each criterion's finding for a text."""
        matrix = self._score_segments([plain_answers(text)])
        matches = match_segments(self._compiled, matrix, no_deadline)
        by_id = {finding.id: finding for finding in findings}
        explanations = [
            self._explanation(criterion, of_criterion, matrix, by_id[criterion.criterion.id])
            for criterion, of_criterion in zip(self._compiled.criteria, matches, strict=True)
        ]
        heard = {(segment.start, segment.end) for e in explanations for segment in e.heard}
        return tuple(_without_others(explanation, heard) for explanation in explanations)

    def _explanation(
        self,
        criterion: CompiledCriterion,
        matches: CriterionMatches,
        matrix: SimilarityMatrix,
        finding: CriterionFinding,
    ) -> CriterionExplanation:
        rows = matrix.rows[0].tolist()
        counted = speaking_positions(matches.by_row, rows, matrix, 0)
        shown = {(evidence.start, evidence.end) for evidence in finding.evidence}
        facts = [_fact(evidence) for evidence in finding.evidence if evidence.fact is not None]
        heard: list[SegmentExplanation] = []
        discarded: list[SegmentExplanation] = []
        first = {row: position for position, row in reversed([*enumerate(rows)])}
        for position, row in enumerate(rows):
            if position != first[row]:
                continue
            match = matches.by_row.get(row)
            if facts and match is not None and matrix.spans[0][position] not in shown:
                discarded.append(
                    _discarded(
                        self._heard(criterion, matrix, position, match),
                        Reason.FACT,
                        "a number, an age or a date says it, which outweighs sentences",
                    )
                )
            elif (
                facts
                and match is not None
                and matrix.spans[0][position] in {(fact.start, fact.end) for fact in facts}
            ):
                continue
            elif row in counted and match is not None:
                heard.append(self._heard(criterion, matrix, position, match))
            elif match is not None:
                discarded.append(self._dropped(criterion, matrix, position, match))
            elif _is_read(matrix, position):
                discarded += self._not_counted(criterion, matrix, position)
        doubted = not matches.doubted_in.isdisjoint(rows)
        heard.sort(key=lambda segment: -segment.strength)
        return CriterionExplanation(
            finding.id,
            finding.title,
            finding.verdict,
            finding.score,
            (*facts, *heard),
            tuple(sorted(discarded, key=lambda segment: segment.start)),
            tuple(_notes(criterion, finding, heard, doubted=doubted)),
        )

    # -- segments ---------------------------------------------------------------------------------

    def _heard(
        self,
        criterion: CompiledCriterion,
        matrix: SimilarityMatrix,
        position: int,
        match: Match,
    ) -> SegmentExplanation:
        side = criterion.pro if match.strength > 0 else criterion.con
        start, end = matrix.spans[0][position]
        keywords = self._keywords(self._mentions(matrix, position), side.keywords)
        return SegmentExplanation(
            start,
            end,
            matrix.unique[matrix.rows[0][position]],
            keywords or tuple(HeardKeyword(name, ()) for name in match.keywords),
            Polarity.SUPPORTS if match.strength > 0 else Polarity.OPPOSES,
            round(abs(match.strength), SCORE_DECIMALS),
            match.similarity,
            match.reference,
        )

    def _dropped(
        self,
        criterion: CompiledCriterion,
        matrix: SimilarityMatrix,
        position: int,
        match: Match,
    ) -> SegmentExplanation:
        """A segment that matches, but gives way to another segment."""
        outdated = match.is_planned and match.strength < 0
        return _discarded(
            self._heard(criterion, matrix, position, match),
            Reason.OUTDATED_PLAN if outdated else Reason.OTHER_READING,
            "a plan, and the record has its result"
            if outdated
            else "read better together with the sentence beside it, or part by part",
        )

    def _not_counted(
        self, criterion: CompiledCriterion, matrix: SimilarityMatrix, position: int
    ) -> Iterator[SegmentExplanation]:
        """A segment that does not match, if it has a keyword or is near to a statement."""
        row = int(matrix.rows[0][position])
        mentions = self._mentions(matrix, position)
        found = frozenset(mention.keyword for mention in mentions.mentions)
        similarity = self._similarity(matrix, row)
        sides = [
            side
            for side in (criterion.pro, criterion.con)
            if not side.keywords or not side.keywords.isdisjoint(found)
        ]
        nearest = _nearest_of_all(criterion, sides, similarity)
        if nearest is None:
            return
        keywords = self._keywords(mentions, criterion.pro.keywords | criterion.con.keywords)
        reading = Reading(matrix.plain[row])
        reason, why, compared = self._reason(mentions, reading, sides, similarity, nearest)
        if not keywords and (compared.similarity < NEAR or reason is Reason.AS_NEAR):
            return
        start, end = matrix.spans[0][position]
        yield SegmentExplanation(
            start,
            end,
            matrix.unique[row],
            keywords,
            Polarity.SUPPORTS if compared.sign > 0 else Polarity.OPPOSES,
            0.0,
            round(compared.similarity, SCORE_DECIMALS),
            self._compiled.references[compared.column],
            reason,
            why,
        )

    def _reason(
        self,
        mentions: SegmentMentions,
        reading: Reading,
        sides: Sequence[CriterionSide],
        similarity: NDArray[np.float32],
        nearest: "_Compared",
    ) -> tuple[Reason, str, "_Compared"]:
        """Why a segment does not match, and the sentence that says so best."""
        if not sides:
            return Reason.NO_KEYWORD, "it has none of the keywords", nearest
        compared: list[_Compared] = []
        contraries: list[tuple[_Compared, str]] = []
        for side in sides:
            columns = side.columns(mentions).tolist()
            told = {column: contrary_in(side.statements[column], reading) for column in columns}
            if alike := [column for column in columns if told[column] is None]:
                compared.append(_nearest(alike, side.sign, similarity))
            if contrary := [column for column in columns if told[column] is not None]:
                one = _nearest(contrary, side.sign, similarity)
                contraries.append((one, told[one.column] or ""))
        best = max(compared, key=lambda one: one.similarity, default=None)
        kept_apart = max(contraries, key=lambda one: one[0].similarity, default=None)
        if kept_apart and kept_apart[0].similarity > (best.similarity if best else LOW):
            return Reason.CONTRARY, f"says the contrary: {kept_apart[1]}", kept_apart[0]
        if best is None or (best.similarity <= LOW < nearest.similarity):
            reason, what = _kind(mentions, sides)
            return reason, f"{what}, and no sentence of that kind is near", nearest
        if best.similarity <= LOW:
            why = f"too far from every sentence of it: {best.similarity:.2f}, {LOW:.2f} is needed"
            return Reason.TOO_FAR, why, best
        neutral = _neutral(sides, mentions, similarity)
        rival = max(
            (other for other in (*compared, *neutral) if other is not best),
            key=lambda one: one.similarity,
            default=best,
        )
        reference = self._compiled.references[rival.column]
        return (
            Reason.AS_NEAR,
            f"nearer to {_SENTENCES[rival.sign]} “{reference}” ({rival.similarity:.2f})",
            best,
        )

    def _mentions(self, matrix: SimilarityMatrix, position: int) -> SegmentMentions:
        row = int(matrix.rows[0][position])
        return SegmentMentions(
            matrix.plain[row],
            matrix.sections[row],
            self._compiled.keywords,
            matrix.parts[row],
            matrix.headings[row],
        )

    def _similarity(self, matrix: SimilarityMatrix, row: int) -> NDArray[np.float32]:
        """As `match.py` computes it."""
        shared = self._compiled.shared_words([words(matrix.plain[row])])[0]
        cosine = matrix.similarity[matrix.compared[row]]
        similarity: NDArray[np.float32] = (1 - SHARED) * cosine + SHARED * shared
        return similarity

    def _keywords(
        self, mentions: SegmentMentions, keywords: frozenset[int]
    ) -> tuple[HeardKeyword, ...]:
        """The keywords of a segment with their contexts, each once."""
        return tuple(
            dict.fromkeys(
                HeardKeyword(
                    self._compiled.keyword_texts[mention.keyword],
                    tuple(sorted(map(str, mention.contexts))),
                )
                for mention in mentions.mentions
                if mention.keyword in keywords
            )
        )


_SENTENCES = {1: "the statement", -1: "the counter-statement", 0: "the neutral statement"}


class _Compared(NamedTuple):
    similarity: float
    column: int
    sign: int
    """1: a statement, -1: a counter-statement, 0: a neutral one."""


def _without_others(
    explanation: CriterionExplanation, heard: Set[tuple[int, int]]
) -> CriterionExplanation:
    """Without segments that lack a keyword, where another may not have been meant.

    Those are reported where the criterion heard nothing, and no criterion heard the segment.
    """
    kept = (
        segment
        for segment in explanation.discarded
        if segment.reason is not Reason.NO_KEYWORD
        or not (explanation.heard or (segment.start, segment.end) in heard)
    )
    return replace(explanation, discarded=tuple(kept))


def _is_read(matrix: SimilarityMatrix, position: int) -> bool:
    """Whether a segment is a sentence or a part of a list; windows repeat sentences."""
    part = matrix.parts[int(matrix.rows[0][position])]
    return not part.is_cut and (position < matrix.sentences[0] or bool(part.whole))


def _nearest(columns: Sequence[int], sign: int, similarity: NDArray[np.float32]) -> _Compared:
    column = columns[int(similarity[list(columns)].argmax())]
    return _Compared(float(similarity[column]), column, sign)


def _nearest_of_all(
    criterion: CompiledCriterion,
    sides: Sequence[CriterionSide],
    similarity: NDArray[np.float32],
) -> _Compared | None:
    """The nearest sentence of the sides that a segment has a keyword of, or of both."""
    compared = [
        _nearest(columns, side.sign, similarity)
        for side in (sides or (criterion.pro, criterion.con))
        if (columns := [c for some in side.read.columns_by_kinds.values() for c in some.tolist()])
    ]
    return max(compared, key=lambda one: one.similarity, default=None)


def _neutral(
    sides: Sequence[CriterionSide], mentions: SegmentMentions, similarity: NDArray[np.float32]
) -> Iterator[_Compared]:
    for side in sides:
        if (columns := side.neutral_columns(mentions)).size:
            yield _nearest(columns.tolist(), 0, similarity)


def _kind(mentions: SegmentMentions, sides: Sequence[CriterionSide]) -> tuple[Reason, str]:
    """The kind that keeps a segment from the sentences that it resembles."""
    kinds = PLAIN
    for side in sides:
        for kind in mentions.kinds(side.keywords, side.read.ignored):
            kinds |= kind
    for kind, reason, what in _KINDS:
        if kinds & kind:
            return reason, what
    return Reason.AFFIRMED, "asserted of the patient and now"


def _discarded(segment: SegmentExplanation, reason: Reason, why: str) -> SegmentExplanation:
    return replace(segment, strength=0.0, reason=reason, why=why)


def _notes(
    criterion: CompiledCriterion,
    finding: CriterionFinding,
    heard: Sequence[SegmentExplanation],
    *,
    doubted: bool,
) -> Iterator[str]:
    strengths: Mapping[Polarity, float] = {
        polarity: max((s.strength for s in heard if s.polarity is polarity), default=0.0)
        for polarity in Polarity
    }
    undetermined = finding.verdict is Verdict.UNDETERMINED
    if finding.doubt and not doubted:
        yield f"in doubt: {finding.doubt}"
    elif not finding.evidence:
        if finding.verdict is Verdict.NOT_MET:
            yield "nothing heard, and other criteria were: not met (if_silent: not_met)"
        elif criterion.silence_is_not_met:
            yield "nothing heard: undetermined, because it is mentioned, or no criterion was heard"
        else:
            yield "nothing heard: undetermined"
    elif doubted and undetermined:
        yield "the record says that it is unknown: undetermined, whatever else it says"
    elif undetermined and min(strengths.values()) > CONTRADICTION:
        yield "heard for and against, and nothing says which is of now: undetermined"
    elif undetermined:
        yield "heard too weakly for a verdict"


def _fact(evidence: Evidence) -> SegmentExplanation:
    return SegmentExplanation(
        evidence.start,
        evidence.end,
        evidence.text,
        tuple(HeardKeyword(name, ()) for name in evidence.keywords),
        evidence.polarity,
        FACT,
        evidence.similarity,
        evidence.reference,
        fact=evidence.fact,
    )
