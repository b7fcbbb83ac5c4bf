"""Criteria whose decisions the rules make, and whose confidence something else says."""

from abc import abstractmethod
from collections.abc import Sequence

from winnow.judging.base import ProcessJudge, RecordBatch
from winnow.models import Judgement
from winnow.ports import Judge


class WeighedCriteriaJudge(ProcessJudge):
    """Judges by rules, and weighs what they say."""

    def __init__(self, rules: Judge) -> None:
        super().__init__(rules.process)
        self.rules = rules
        """What decides; another judge of the same definition may weigh its judgements, too."""

    def _judge(self, batch: RecordBatch) -> list[Judgement]:
        """The judgements of the rules, each with its confidence."""
        return self.weigh(self.rules(batch.texts, batch.fields, check=batch.check))

    @abstractmethod
    def weigh(self, judgements: Sequence[Judgement]) -> list[Judgement]:
        """Judgements of `rules`, each with its confidence."""
