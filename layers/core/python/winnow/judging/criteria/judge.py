"""Judging by criteria: what segments and facts say, and what the logic decides of it.

`compile` makes a definition ready, once a process. Then for each call `match` compares the segments
of all texts with the reference sentences of every criterion, and `fact_rules` reads numbers, ages
and dates; `findings` makes a score a criterion of both, and `logic` joins these into the decision.
How each is computed is written at the top of its module.
"""

from collections.abc import Callable
from datetime import date

from winnow.judging.base import ProcessJudge, RecordBatch
from winnow.judging.criteria.cautions import with_cautions
from winnow.judging.criteria.compile import CompiledCriterion, compile_criteria
from winnow.judging.criteria.fact_rules import Note, Stated
from winnow.judging.criteria.findings import findings_of
from winnow.judging.criteria.logic import certainty, decide, verdict
from winnow.judging.criteria.match import match_segments
from winnow.judging.criteria.readings import load_readings, readings_key
from winnow.judging.text.answers import plain_answers
from winnow.judging.text.remembering import find_readings
from winnow.judging.text.similarity import SegmentScorer
from winnow.limits.budget import Check, no_deadline
from winnow.models import CriteriaDecision, Judgement
from winnow.ports import Encoder
from winnow.processes.schema import CriteriaProcess


class CriteriaJudge(ProcessJudge):
    """Judges texts by a process of kind `criteria`."""

    def __init__(
        self,
        definition: CriteriaProcess,
        encoder: Encoder,
        today: Callable[[], date] = date.today,
    ) -> None:
        """Compile the criteria.

        Args:
            definition: The process.
            encoder: What makes vectors of sentences.
            today: The date of records that have none, and no day on which they arrived.
        """
        super().__init__(definition.info)
        self._date_columns = definition.input.date_columns
        self._today = today
        self._logic = definition.logic
        kept = find_readings(encoder, readings_key(definition))
        self._compiled = compile_criteria(definition, load_readings(kept) if kept else None)
        self._score_segments = SegmentScorer(
            encoder,
            self._compiled.plain_references,
            structure=True,
            topics=self._compiled.topics,
            accepts=self._compiled.accepts,
        )

    def _judge(self, batch: RecordBatch) -> list[Judgement]:
        """A text without segments is undetermined."""
        texts = [plain_answers(text) for text in batch.texts]
        matrix = self._score_segments(texts, batch.check)
        matches = match_segments(self._compiled, matrix, batch.check)
        judgements: list[Judgement] = []
        for index, text in enumerate(texts):
            batch.check()
            fields = batch.fields[index] if batch.fields else {}
            note = Note(text, fields, self._date_columns, self._today())
            stated = [facts_of(each, note, batch.check) for each in self._compiled.criteria]
            findings = findings_of(
                self._compiled.criteria, matches, matrix, index, stated, batch.check
            )
            joined = decide(self._logic, {finding.id: finding for finding in findings})
            decision = CriteriaDecision(
                value=verdict(joined.score),
                because=tuple(f.id for f in findings if f.id in joined.because),
                criteria=findings,
            )
            score = certainty(joined.score)
            decision = with_cautions(
                decision, self._compiled, matches, matrix, index, note, self._logic, batch.check
            )
            if text != batch.texts[index]:
                decision = _quoting(decision, batch.texts[index])
            judgements.append(
                Judgement(
                    decision=decision,
                    score=score,
                    confidence=score,
                    segments=matrix.sentences[index],
                    vector=matrix.vectors[index],
                )
            )
        return judgements


def _quoting(decision: CriteriaDecision, text: str) -> CriteriaDecision:
    """A decision whose evidence has the letters of the text, not the marks that were read."""
    return decision.model_copy(
        update={
            "criteria": tuple(
                finding.model_copy(
                    update={
                        "evidence": tuple(
                            evidence.model_copy(
                                update={"text": text[evidence.start : evidence.end]}
                            )
                            if evidence.end
                            else evidence
                            for evidence in finding.evidence
                        )
                    }
                )
                for finding in decision.criteria
            )
        }
    )


def facts_of(criterion: CompiledCriterion, note: Note, check: Check = no_deadline) -> list[Stated]:
    """What the facts of a record say of a criterion."""
    found: list[Stated] = []
    for rule in criterion.rules:
        check()
        if (stated := rule(note)) is not None:
            found.append(stated)
    return found
