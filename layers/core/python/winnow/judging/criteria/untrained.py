"""Criteria without a trained head: the logic's certainty, less where something speaks against it.

The score of the rules is no probability: it ranks records. But a sentence that differs from its
reference in one word may say the opposite ("the scan was *hardly* normal"), and a decision that
rests on such a one, or has a caution beside it, is not as sure as its score. A head learns how much
less (calibrated.py); until there is one, nobody vouches for any of these words, and such a decision
is trusted UNDONE_CONFIDENCE at most (undoing.py).
"""

from collections.abc import Sequence

from winnow.judging.criteria.undoing import Causes, cap
from winnow.judging.criteria.weighed import WeighedCriteriaJudge
from winnow.models import Judgement
from winnow.ports import Judge
from winnow.processes.schema import CriteriaProcess


class UntrainedCriteriaJudge(WeighedCriteriaJudge):
    """Judges by criteria, with the certainty of the logic as confidence."""

    def __init__(self, definition: CriteriaProcess, rules: Judge) -> None:
        super().__init__(rules)
        self._causes = Causes(definition)

    def weigh(self, judgements: Sequence[Judgement]) -> list[Judgement]:
        """Judgements of the rules, none surer than what speaks against it allows."""
        return [
            judgement.model_copy(update={"confidence": most})
            if (most := cap(self._causes(judgement), {})) < judgement.confidence
            else judgement
            for judgement in judgements
        ]
