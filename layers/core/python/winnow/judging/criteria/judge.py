"""Judging by criteria: what segments say, what a criterion makes of it, what the logic decides.

`compile` makes a definition ready, once a process. Then for each call `match` compares the segments
of all texts with the reference sentences of every criterion; `findings` makes a score a criterion
of it, and `logic` joins these into the decision. How each is computed is written at the top of its
module.
"""

from winnow.judging.base import ProcessJudge, RecordBatch
from winnow.judging.criteria.compile import compile_criteria
from winnow.judging.criteria.findings import findings_of
from winnow.judging.criteria.logic import certainty, decide, verdict
from winnow.judging.criteria.match import match_segments
from winnow.judging.text.similarity import SegmentScorer
from winnow.models import CriteriaDecision, CriterionFinding, Judgement
from winnow.ports import Encoder
from winnow.processes.schema import CriteriaProcess


class CriteriaJudge(ProcessJudge):
    """Judges texts by a process of kind `criteria`."""

    def __init__(self, definition: CriteriaProcess, encoder: Encoder) -> None:
        super().__init__(definition.info)
        self._logic = definition.logic
        self._compiled = compile_criteria(definition)
        self._score_segments = SegmentScorer(
            encoder,
            self._compiled.references,
            structure=True,
            topics=self._compiled.topics,
            accepts=self._compiled.accepts,
        )

    def _judge(self, batch: RecordBatch) -> list[Judgement]:
        """A text without segments is undetermined."""
        matrix = self._score_segments(batch.texts, batch.check)
        matches = match_segments(self._compiled, matrix, batch.check)
        judgements: list[Judgement] = []
        for index in range(len(batch.texts)):
            batch.check()
            findings = findings_of(self._compiled.criteria, matches, matrix, index)
            judgements.append(self._judgement(findings, matrix.sentences[index]))
        return judgements

    def _judgement(self, findings: tuple[CriterionFinding, ...], segments: int) -> Judgement:
        joined = decide(self._logic, {finding.id: finding for finding in findings})
        score = certainty(joined.score)
        return Judgement(
            decision=CriteriaDecision(
                value=verdict(joined.score),
                because=tuple(f.id for f in findings if f.id in joined.because),
                criteria=findings,
            ),
            score=score,
            confidence=score,
            segments=segments,
        )
