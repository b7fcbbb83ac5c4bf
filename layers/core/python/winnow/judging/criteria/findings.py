"""The finding of each criterion for a record, from the matches of its segments.

With `pro` and `con` the greatest strengths of support and opposition:

    score = 0.5 + (pro - con) / 2

If both are greater than CONTRADICTION, the record contradicts itself. Then the side counts that is
of now ("now", "still", "no longer", "repeat"); if both are or neither is, the criterion is
undetermined. So it is if a segment says that it is unknown ("the report has not been received").

Facts with a type (fact_rules.py) have the strengths of FACT. Where a measured value and its own
sentence disagree, the number counts; an age, an interval or a column outweighs every sentence. A
fact that is in doubt leaves the criterion undetermined.

A criterion that no segment supports or opposes scores NO_EVIDENCE. It scores SILENT if its
definition has `if_silent: not_met`, none of its keywords is mentioned of the patient, and the
record has evidence on another criterion (a record with evidence on none is about something else,
and undetermined). Nor does a weak denial of it, where no keyword is mentioned but to deny it, score
more than that.

A criterion with `implied_by` scores at least what the other criterion does, if that is met, its
support names a keyword of each list, and no other sentence has the criterion's own keywords or says
a word of `unless`: bleeding is obscure where upper and lower endoscopy found no source, though the
record does not say so, but not if "the stomach is suspected". The support of the other one is its
evidence.

A plan does not oppose a criterion if the result of what was planned supports it: "colonoscopy is
planned", and later "colonoscopy showed no source".
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set

from winnow.judging.criteria.compile import CompiledCriterion
from winnow.judging.criteria.context import Context
from winnow.judging.criteria.fact_rules import Stated
from winnow.judging.criteria.logic import MET, NOT_MET, verdict
from winnow.judging.criteria.match import CriterionMatches, Match
from winnow.judging.evidence import MAX_EVIDENCE, SCORE_DECIMALS, segment_evidence
from winnow.judging.lazy_patterns import lazy_pattern
from winnow.judging.text.similarity import SimilarityMatrix
from winnow.judging.text.span_index import SpanIndex
from winnow.limits.budget import Check, no_deadline
from winnow.models import CriterionFinding, Evidence, Polarity, Verdict

NO_EVIDENCE = 0.5
SILENT = 0.25
LEAST = round(0.1**SCORE_DECIMALS, SCORE_DECIMALS)
CONTRADICTION = 0.15
FACT = 0.9
UNKNOWN = "It is said to be unknown."
_NOW = lazy_pattern(
    r"\b(?:now|today|tonight|currently|at present|presently|this (?:morning|week|visit)|still"
    r"|no longer|no further|no more|not any ?more|since then|has (?:resolved|stopped|ceased)|repeat"
    r"|repeated|corrected|latest|most recent(?:ly)?|ongoing|again)\b",
    re.IGNORECASE,
)


Matches = Sequence[tuple[Match, str]]
"""Matches, each with its segment's text."""


def findings_of(
    criteria: Sequence[CompiledCriterion],
    matches: Sequence[CriterionMatches],
    matrix: SimilarityMatrix,
    index: int,
    stated: Sequence[Sequence[Stated]],
    check: Check = no_deadline,
) -> tuple[CriterionFinding, ...]:
    """The finding of each criterion for text `index` of the matrix.

    `stated` has what facts say of each criterion.
    """
    rows = matrix.rows[index].tolist()
    speaks = any(
        not criterion_matches.by_row.keys().isdisjoint(rows) for criterion_matches in matches
    ) or any(fact.sign for facts in stated for fact in facts)
    findings: list[CriterionFinding] = []
    for compiled, criterion_matches, facts in zip(criteria, matches, stated, strict=True):
        check()
        positions = speaking_positions(criterion_matches.by_row, rows, matrix, index)
        if facts:
            positions = _beside(facts, positions, criterion_matches.by_row, matrix, index)
        doubt = _doubt(facts, positions)
        if not criterion_matches.doubted_in.isdisjoint(rows):
            doubt = doubt or UNKNOWN
        silent = (
            speaks
            and compiled.silence_is_not_met
            and criterion_matches.mentioned_in.isdisjoint(rows)
        )
        if positions or any(fact.sign for fact in facts):
            score = _score(
                [(criterion_matches.by_row[row], matrix.plain[row]) for row in positions],
                {fact.sign for fact in facts},
            )
            if doubt:
                score = undecided(score)
            elif silent and score < NO_EVIDENCE:
                score = min(score, SILENT)
            evidence = tuple(_evidence(positions, criterion_matches.by_row, matrix, index, facts))
        else:
            is_silent = silent and not facts and not doubt
            score, evidence = SILENT if is_silent else NO_EVIDENCE, ()
        findings.append(
            CriterionFinding(
                id=compiled.criterion.id,
                title=compiled.criterion.title,
                verdict=verdict(score),
                score=score,
                evidence=evidence,
                doubt=doubt,
            )
        )
    return _with_implied(findings, criteria, matches, matrix, index)


def _with_implied(
    findings: Sequence[CriterionFinding],
    criteria: Sequence[CompiledCriterion],
    matches: Sequence[CriterionMatches],
    matrix: SimilarityMatrix,
    index: int,
) -> tuple[CriterionFinding, ...]:
    """The findings, those that others imply among them."""
    places = {finding.id: place for place, finding in enumerate(findings)}
    return tuple(
        _implied(
            finding,
            compiled,
            findings[place := places[compiled.criterion.implied_by.criterion]],
            matches[place].by_row,
            own,
            matches,
            matrix,
            index,
        )
        if compiled.criterion.implied_by is not None
        else finding
        for finding, compiled, own in zip(findings, criteria, matches, strict=True)
    )


def _implied(
    finding: CriterionFinding,
    compiled: CompiledCriterion,
    other: CriterionFinding,
    by_row: Mapping[int, Match],
    own: CriterionMatches,
    matches: Sequence[CriterionMatches],
    matrix: SimilarityMatrix,
    index: int,
) -> CriterionFinding:
    """A finding, or what another one implies of it; `matches` are those of all criteria."""
    if (
        other.verdict is not Verdict.MET
        or finding.score >= other.score
        or finding.doubt
        or any(evidence.polarity is Polarity.OPPOSES for evidence in finding.evidence)
    ):
        return finding
    positions = speaking_positions(by_row, matrix.rows[index].tolist(), matrix, index)
    support = {row: position for row, position in positions.items() if by_row[row].strength > 0}
    keywords = {keyword for row in support for keyword in by_row[row].keywords}
    if any(keywords.isdisjoint(names) for names in compiled.implying):
        return finding
    sentences = matrix.rows[index].tolist()[: matrix.sentences[index]]
    others = [each.by_row for each in matches if each is not own]
    if any(row not in support and _says_more(own, row, others) for row in sentences):
        return finding
    evidence = tuple(_evidence(support, by_row, matrix, index, ()))
    return finding.model_copy(
        update={"score": other.score, "verdict": other.verdict, "evidence": evidence}
    )


def _says_more(own: CriterionMatches, row: int, others: Sequence[Mapping[int, Match]]) -> bool:
    """Whether a row says of a criterion what may go against what others imply of it."""
    if row in own.open_in or row in own.rivals_in:
        return True
    # What was heard of an exam, and found nothing, says nothing else: "small bowel series normal".
    return row in own.named_in and not any(row in by_row for by_row in others)


def _beside(
    facts: Sequence[Stated],
    positions: Mapping[int, int],
    by_row: Mapping[int, Match],
    matrix: SimilarityMatrix,
    index: int,
) -> dict[int, int]:
    """The rows that still count beside the facts."""
    if any(fact.is_outright for fact in facts):
        return {}
    spans = matrix.spans[index]

    def is_overruled(row: int, position: int) -> bool:
        start, end = spans[position]
        return any(
            by_row[row].strength * fact.sign < 0 and start < fact.end and fact.start < end
            for fact in facts
        )

    return {row: position for row, position in positions.items() if not is_overruled(row, position)}


def _doubt(facts: Sequence[Stated], positions: Mapping[int, int]) -> str | None:
    """What is in doubt; a measured value that allows both is none where sentences speak."""
    for fact in facts:
        if not fact.sign and (fact.is_outright or not positions):
            return fact.said
    if {1, -1} <= {fact.sign for fact in facts}:
        return "; ".join(fact.said for fact in facts)
    return None


def speaking_positions(
    by_row: Mapping[int, Match], rows: Sequence[int], matrix: SimilarityMatrix, index: int
) -> dict[int, int]:
    """The rows that match, each with its first position in the text."""
    if by_row.keys().isdisjoint(rows):
        return {}
    positions: dict[int, int] = {}
    for position, row in enumerate(rows):
        if row in by_row:
            positions.setdefault(row, position)
    if len(positions) > 1:
        positions = _without_parts_of_others(positions, by_row, matrix, index)
    has_result = {
        keyword
        for row in positions
        if by_row[row].strength > 0 and not by_row[row].is_planned
        for keyword in by_row[row].keywords
    }
    return {
        row: position
        for row, position in positions.items()
        if not _is_outdated_plan(by_row[row], has_result)
    }


def _without_parts_of_others(
    positions: Mapping[int, int],
    by_row: Mapping[int, Match],
    matrix: SimilarityMatrix,
    index: int,
) -> dict[int, int]:
    """The rows whose opposite is not said by a better reading of the same words.

    A window reads its sentences better than they stand alone ("Endoscopy was done. It was normal"),
    and a part of a sentence says its own, whatever the whole resembles.
    """
    spans, sentences = matrix.spans[index], matrix.sentences[index]

    def better(sign: int) -> SpanIndex:
        return SpanIndex(
            spans[position]
            for row, position in positions.items()
            if position >= sentences and by_row[row].strength * sign > 0
        )

    pro, con = better(1), better(-1)

    def is_kept(row: int, position: int) -> bool:
        strength = by_row[row].strength
        if position >= sentences or not strength:
            return True
        return not (con if strength > 0 else pro).nests_with(spans[position])

    return {row: position for row, position in positions.items() if is_kept(row, position)}


def _is_outdated_plan(match: Match, has_result: set[str]) -> bool:
    """Whether an opposing match only plans something whose result another segment reports."""
    return match.strength < 0 and match.is_planned and has_result.issuperset(match.keywords)


def _score(matches: Matches, signs: Set[int]) -> float:
    """The score of sentences, and of facts with these signs."""
    pro: Matches = [(match, text) for match, text in matches if match.strength > 0]
    con: Matches = [(match, text) for match, text in matches if match.strength < 0]
    contradicted = _strength(pro) > CONTRADICTION < _strength(con)
    if contradicted and (latest := _latest(pro, con)):
        pro, con, contradicted = *latest, False
    for_it, against_it = _strength(pro), _strength(con)
    if 1 in signs:
        for_it, contradicted = max(for_it, FACT), contradicted or against_it > CONTRADICTION
    if -1 in signs:
        against_it, contradicted = max(against_it, FACT), contradicted or for_it > CONTRADICTION
    score = round(0.5 + (for_it - against_it) / 2, SCORE_DECIMALS)
    return undecided(score) if contradicted else score


def _strength(matches: Matches) -> float:
    return max((abs(match.strength) for match, _ in matches), default=0.0)


def _latest(pro: Matches, con: Matches) -> tuple[Matches, Matches] | None:
    """The matches of the side that is of now, if the other is not; None: both are, or neither."""
    of_pro, of_con = (any(_is_of_now(*match) for match in side) for side in (pro, con))
    if of_pro == of_con:
        return None
    return (pro, []) if of_pro else ([], con)


def _is_of_now(match: Match, text: str) -> bool:
    return Context.HISTORICAL not in match.context and _NOW.search(text) is not None


def undecided(score: float) -> float:
    """The score nearest to this one that is neither met nor not met."""
    return min(max(score, NOT_MET + LEAST), MET - LEAST)


def _evidence(
    positions: Mapping[int, int],
    by_row: Mapping[int, Match],
    matrix: SimilarityMatrix,
    index: int,
    facts: Sequence[Stated],
) -> Iterator[Evidence]:
    """What supports, then what opposes: facts, then the strongest segments, the earlier first."""
    for polarity, sign in ((Polarity.SUPPORTS, 1), (Polarity.OPPOSES, -1)):
        stated = [fact for fact in facts if fact.sign == sign][:MAX_EVIDENCE]
        for fact in stated:
            yield _fact_evidence(fact, polarity, matrix, index)
        speaking = [row for row in positions if by_row[row].strength * sign > 0]
        best = sorted(speaking, key=lambda r: -abs(by_row[r].strength))
        for row in best[: MAX_EVIDENCE - len(stated)]:
            match = by_row[row]
            yield segment_evidence(
                matrix,
                index,
                positions[row],
                match.similarity,
                polarity=polarity,
                reference=match.reference,
                keywords=match.keywords,
                context=match.context,
            )


def _fact_evidence(
    fact: Stated, polarity: Polarity, matrix: SimilarityMatrix, index: int
) -> Evidence:
    """A fact, with the sentence that it begins in; of a column, what was read stands for it."""
    start, end, text = 0, 0, fact.said
    for position, (first, last) in enumerate(matrix.spans[index][: matrix.sentences[index]]):
        if first <= fact.start < last and fact.end:
            start, end, text = first, last, matrix.unique[matrix.rows[index][position]]
            break
    return Evidence(
        start=start,
        end=end,
        text=text,
        polarity=polarity,
        similarity=1.0,
        reference=fact.rule,
        keywords=(fact.name,),
        fact=fact.said,
    )
