"""The finding of each criterion for a record, from the matches of its segments.

With `pro` and `con` the greatest strengths of support and opposition:

    score = 0.5 + (pro - con) / 2

A criterion that no segment supports or opposes scores NO_EVIDENCE. It scores SILENT if its
definition has `if_silent: not_met`, none of its keywords is mentioned of the patient, and the
record has evidence on another criterion (a record with evidence on none is about something else,
and undetermined).

A plan does not oppose a criterion if the result of what was planned supports it: "colonoscopy is
planned", and later "colonoscopy showed no source".
"""

from collections.abc import Iterator, Mapping, Sequence

from winnow.judging.criteria.compile import CompiledCriterion
from winnow.judging.criteria.logic import MET, NOT_MET, verdict
from winnow.judging.criteria.match import CriterionMatches, Match
from winnow.judging.evidence import MAX_EVIDENCE, SCORE_DECIMALS, segment_evidence
from winnow.judging.text.similarity import SimilarityMatrix
from winnow.models import CriterionFinding, Evidence, Polarity

NO_EVIDENCE = 0.5
SILENT = 0.25
LEAST = 10**-SCORE_DECIMALS


def findings_of(
    criteria: Sequence[CompiledCriterion],
    matches: Sequence[CriterionMatches],
    matrix: SimilarityMatrix,
    index: int,
) -> tuple[CriterionFinding, ...]:
    """The finding of each criterion for text `index` of the matrix."""
    rows = matrix.rows[index].tolist()
    speaks = any(
        not criterion_matches.by_row.keys().isdisjoint(rows) for criterion_matches in matches
    )
    findings: list[CriterionFinding] = []
    for compiled, criterion_matches in zip(criteria, matches, strict=True):
        if positions := _speaking_positions(criterion_matches.by_row, rows):
            score = _score([criterion_matches.by_row[row] for row in positions])
            if not criterion_matches.doubted_in.isdisjoint(rows):
                score = undecided(score)
            evidence = tuple(_evidence(positions, criterion_matches.by_row, matrix, index))
        else:
            silent = (
                speaks
                and compiled.silence_is_not_met
                and criterion_matches.mentioned_in.isdisjoint(rows)
            )
            score, evidence = SILENT if silent else NO_EVIDENCE, ()
        findings.append(
            CriterionFinding(
                id=compiled.criterion.id,
                title=compiled.criterion.title,
                verdict=verdict(score),
                score=score,
                evidence=evidence,
            )
        )
    return tuple(findings)


def _speaking_positions(by_row: Mapping[int, Match], rows: Sequence[int]) -> dict[int, int]:
    """The rows that match, each with its first position in the text."""
    if by_row.keys().isdisjoint(rows):
        return {}
    positions: dict[int, int] = {}
    for position, row in enumerate(rows):
        if row in by_row:
            positions.setdefault(row, position)
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


def _is_outdated_plan(match: Match, has_result: set[str]) -> bool:
    """Whether an opposing match only plans something whose result another segment reports."""
    return match.strength < 0 and match.is_planned and has_result.issuperset(match.keywords)


def _score(matches: Sequence[Match]) -> float:
    pro = max((match.strength for match in matches if match.strength > 0), default=0.0)
    con = max((-match.strength for match in matches if match.strength < 0), default=0.0)
    return round(0.5 + (pro - con) / 2, SCORE_DECIMALS)


def undecided(score: float) -> float:
    """The score nearest to this one that is neither met nor not met."""
    return min(max(score, NOT_MET + LEAST), MET - LEAST)


def _evidence(
    positions: Mapping[int, int], by_row: Mapping[int, Match], matrix: SimilarityMatrix, index: int
) -> Iterator[Evidence]:
    """The strongest supporting segments, then the opposing ones; on a tie the earlier first."""
    for polarity, sign in ((Polarity.SUPPORTS, 1), (Polarity.OPPOSES, -1)):
        speaking = [row for row in positions if by_row[row].strength * sign > 0]
        for row in sorted(speaking, key=lambda r: -abs(by_row[r].strength))[:MAX_EVIDENCE]:
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
