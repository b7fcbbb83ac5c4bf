"""Verdicts, and how the logic of a process joins those of its criteria.

A criterion is `met` from MET upwards, `not_met` from NOT_MET downwards. all_of is the least score,
any_of the greatest, none_of one minus the greatest: with the same bounds for every score this is
Kleene's three-valued logic. The decision's score is its certainty: the joined score for `met`, one
minus it for `not_met`, and for `undetermined`, which is no answer, at most 0.5.
"""

from collections.abc import Mapping
from typing import NamedTuple

from winnow.judging.evidence import SCORE_DECIMALS
from winnow.models import CriterionFinding, Verdict
from winnow.processes.schema import Group

MET, NOT_MET = 0.7, 0.3


class Joined(NamedTuple):
    """What a group of criteria comes to."""

    score: float
    because: frozenset[str]
    """Ids of the criteria that it rests on."""


def verdict(score: float) -> Verdict:
    """`met` from MET upwards, `not_met` from NOT_MET downwards."""
    if score >= MET:
        return Verdict.MET
    return Verdict.NOT_MET if score <= NOT_MET else Verdict.UNDETERMINED


def certainty(score: float) -> float:
    """How sure the verdict of a score is."""
    match verdict(score):
        case Verdict.MET:
            return score
        case Verdict.NOT_MET:
            return _inverse(score)
        case Verdict.UNDETERMINED:
            return min(score, _inverse(score))


def decide(group: Group, findings: Mapping[str, CriterionFinding]) -> Joined:
    """A group's score, and the criteria it rests on.

    It rests on the members that carry its verdict: for a met any_of those that are met, for a
    not-met all_of those that are not, for an undetermined group those that left it open.
    """
    parts: list[Joined] = []
    for members, join, inverted in (
        (group.all_of, min, False),
        (group.any_of, max, False),
        (group.none_of, max, True),
    ):
        if members is None:
            continue
        scored = [
            Joined(findings[member].score, frozenset({member}))
            if isinstance(member, str)
            else decide(member, findings)
            for member in members
        ]
        joined = _resting_on(join(part.score for part in scored), scored)
        parts.append(joined._replace(score=_inverse(joined.score)) if inverted else joined)
    return _resting_on(min(part.score for part in parts), parts)


def _resting_on(score: float, parts: list[Joined]) -> Joined:
    """A score with the criteria of the parts that have its verdict."""
    value = verdict(score)
    carrying = (part.because for part in parts if verdict(part.score) is value)
    return Joined(score, frozenset().union(*carrying))


def _inverse(score: float) -> float:
    return round(1.0 - score, SCORE_DECIMALS)
