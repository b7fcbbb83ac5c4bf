"""What all judges of this package have in common: the process, and how they are called."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from winnow.limits.budget import Check, no_deadline
from winnow.models import Judgement, Objection, ProcessInfo, objection


class RecordBatch(NamedTuple):
    """The records of one call of a judge."""

    texts: Sequence[str]
    fields: Sequence[Mapping[str, str]] | None
    """The records' other columns, for judges that take numbers from them."""
    check: Check
    """To be called between two pieces of work."""


class BriefJudgement(NamedTuple):
    """What counts of a judgement that decides nothing."""

    value: str
    """The decision."""
    confidence: float
    out_of_scope: bool = False

    def objection(self, threshold: float) -> Objection | None:
        """Why it is not accepted at a threshold; None: nothing of it speaks against that."""
        return objection(self.value, self.confidence, self.out_of_scope, threshold)


class ProcessJudge(ABC):
    """A `winnow.ports.Judge` of one process."""

    def __init__(self, process: ProcessInfo) -> None:
        self._process = process

    @property
    def process(self) -> ProcessInfo:
        """What it judges by."""
        return self._process

    def __call__(
        self,
        texts: Sequence[str],
        fields: Sequence[Mapping[str, str]] | None = None,
        *,
        check: Check = no_deadline,
    ) -> list[Judgement]:
        """One judgement a record, in order (see `winnow.ports.Judge`)."""
        return self._judge(RecordBatch(texts, fields, check)) if texts else []

    @abstractmethod
    def _judge(self, batch: RecordBatch) -> list[Judgement]:
        """The judgements of at least one record."""
