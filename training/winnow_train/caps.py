"""What caps the confidence of decisions so far that they are not accepted, cause by cause.

A cap says that something may undo a decision (winnow.judging.criteria.limits). Where the decisions
that it holds back are right, the definition can vouch for the word, or labelled rows can teach it.
"""

from collections import Counter
from dataclasses import dataclass, field

from winnow.heads.card import HeadCard
from winnow.judging.criteria.limits import ConfidenceLimits, told
from winnow.models import CriteriaDecision, Judgement, Verdict
from winnow.processes.schema import CriteriaProcess
from winnow_train.decisions import Decisions

MAX_WORDS = 5


@dataclass
class CapMetrics:
    """A cause that holds decisions back."""

    cause: str
    """As a head's `caps` name it."""
    why: str
    right: int = 0
    """Right decisions that it keeps under the threshold, whatever else does."""
    wrong: int = 0
    """Wrong ones."""
    words: tuple[str, ...] = ()
    """The commonest words of right decisions that nothing vouches for, at most MAX_WORDS."""
    counted: Counter[str] = field(default_factory=Counter, repr=False)

    def document(self) -> dict[str, object]:
        """As `--json` has it."""
        return {name: getattr(self, name) for name in ("cause", "why", "right", "wrong", "words")}


def cap_metrics(
    definition: CriteriaProcess, decisions: Decisions, card: HeadCard | None
) -> list[CapMetrics]:
    """The causes that keep decisions under the threshold, those of most right ones first.

    Counted are rows whose label is known and whose decision is not `undetermined`: no confidence
    would accept one that is. A decision with several causes is counted for each.
    """
    limits = ConfidenceLimits(definition, card)
    found: dict[str, CapMetrics] = {}
    accepted = decisions.acceptable >= definition.threshold
    for index, right in enumerate(decisions.right.tolist()):
        if accepted[index] or decisions.rows[index].label is None:
            continue
        if decisions.decided[index] == Verdict.UNDETERMINED:
            continue
        of_row = [
            limit
            for limit in limits(_judgement(decisions, index))
            if limit.confidence < definition.threshold
        ]
        for cause in {limit.cause for limit in of_row}:
            metrics = found.setdefault(cause, CapMetrics(cause, told(cause)))
            metrics.right += right
            metrics.wrong += not right
            if right:
                words = {word for limit in of_row if limit.cause == cause for word in limit.words}
                metrics.counted.update(sorted(words))
    for metrics in found.values():
        counted = metrics.counted
        metrics.words = tuple(sorted(counted, key=lambda w: (-counted[w], w))[:MAX_WORDS])
    return sorted(found.values(), key=lambda metrics: (-metrics.right, metrics.cause))


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
