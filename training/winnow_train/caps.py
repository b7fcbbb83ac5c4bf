"""What caps the confidence of decisions so far that they are not accepted, cause by cause.

A cap says that something may undo a decision (winnow.judging.criteria.limits). Where the decisions
that it holds back are right, the definition can vouch for the word, or labelled rows can teach it.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from winnow.heads.card import HeadCard
from winnow.judging.criteria.limits import ConfidenceLimits, told
from winnow.models import CriteriaDecision, Judgement, Verdict
from winnow.processes.schema import CriteriaProcess
from winnow_train.decisions import Decisions

MAX_WORDS = 5


@dataclass(frozen=True)
class CapMetrics:
    """A cause that holds decisions back."""

    cause: str
    """As a head's `caps` name it."""
    why: str
    right: int
    """Right decisions that it keeps under the threshold, whatever else does."""
    wrong: int
    """Wrong ones."""
    words: tuple[str, ...]
    """The commonest words of right decisions that nothing vouches for, at most MAX_WORDS."""


def cap_metrics(
    definition: CriteriaProcess, decisions: Decisions, card: HeadCard | None
) -> list[CapMetrics]:
    """The causes that keep decisions under the threshold, those of most right ones first.

    Counted are rows whose label is known and whose decision is not `undetermined`: no confidence
    would accept one that is. A decision with several causes is counted for each.
    """
    limits = ConfidenceLimits(definition, card)
    counts: Counter[tuple[str, bool]] = Counter()
    words: dict[str, Counter[str]] = {}
    counted = decisions.has_known_label & (decisions.acceptable < definition.threshold)
    is_right = decisions.right.tolist()
    for index in np.flatnonzero(counted).tolist():
        if decisions.decided[index] == Verdict.UNDETERMINED:
            continue
        right = is_right[index]
        by_cause: dict[str, set[str]] = {}
        for limit in limits(_judgement(decisions, index)):
            if limit.confidence < definition.threshold:
                by_cause.setdefault(limit.cause, set()).update(limit.words)
        for cause, those in by_cause.items():
            counts[cause, right] += 1
            words.setdefault(cause, Counter()).update(those if right else ())
    found = [
        CapMetrics(
            cause,
            told(cause),
            counts[cause, True],
            counts[cause, False],
            tuple(sorted(those, key=lambda word: (-those[word], word))[:MAX_WORDS]),
        )
        for cause, those in words.items()
    ]
    return sorted(found, key=lambda metrics: (-metrics.right, metrics.cause))


def _judgement(decisions: Decisions, index: int) -> Judgement:
    """What the limits read of a decision."""
    return Judgement(
        decision=CriteriaDecision(
            value=Verdict(decisions.decided[index]),
            because=decisions.because[index],
            criteria=decisions.findings[index],
        ),
        score=0,
        confidence=0,
        segments=0,
    )
