"""Judging by labels: a record gets the label whose example sentences it is most like.

A segment and a label: the mean cosine to the label's NEAREST nearest examples. A record and a
label: the mean over the record's segments, each weighted by its length in characters. The scores
are the softmax of these means at TEMPERATURE, so they add up to 1; the decision is the greatest.

NEAREST and TEMPERATURE were chosen on emotion reports (ISEAR) judged by the shipped process, where
the mean score is close to the share of right decisions; other labels may need calibrating.
"""

import numpy as np
from numpy.typing import NDArray

from winnow.heads.linear import best_first, softmax
from winnow.judging.base import ProcessJudge, RecordBatch
from winnow.judging.evidence import SCORE_DECIMALS, best_positions, segment_evidence
from winnow.judging.text.similarity import SegmentScorer, SimilarityMatrix
from winnow.models import Evidence, Judgement, LabelDecision, LabelScore
from winnow.ports import Encoder
from winnow.processes.schema import LabelsProcess

NEAREST = 5
TEMPERATURE = 0.05


class LabelsJudge(ProcessJudge):
    """Judges texts by a process of kind `labels`."""

    def __init__(self, definition: LabelsProcess, encoder: Encoder) -> None:
        super().__init__(definition.info)
        self._labels = [label.id for label in definition.labels]
        self._examples: list[str] = []
        self._columns: list[slice] = []
        for label in definition.labels:
            start = len(self._examples)
            self._examples.extend(label.examples)
            self._columns.append(slice(start, len(self._examples)))
        self._compare = SegmentScorer(encoder, self._examples)

    def _judge(self, batch: RecordBatch) -> list[Judgement]:
        """A text without segments gets every label alike."""
        matrix = self._compare(batch.texts, batch.check)
        near = np.stack(
            [_mean_of_nearest(matrix.similarity[:, columns]) for columns in self._columns],
            axis=1,
        )
        scores = softmax(_mean_of_segments(matrix, near), TEMPERATURE).round(SCORE_DECIMALS)
        orders = best_first(scores).tolist()
        return [
            self._judgement(matrix, near, index, row, order)
            for index, (row, order) in enumerate(zip(scores.tolist(), orders, strict=True))
        ]

    def _judgement(
        self,
        matrix: SimilarityMatrix,
        near: NDArray[np.float32],
        index: int,
        scores: list[float],
        order: list[int],
    ) -> Judgement:
        best = order[0]
        return Judgement(
            decision=LabelDecision(
                value=self._labels[best],
                scores=tuple(LabelScore(label=self._labels[i], score=scores[i]) for i in order),
                evidence=self._evidence(matrix, near[:, best], best, index),
            ),
            score=scores[best],
            confidence=scores[best],
            segments=len(matrix.spans[index]),
            vector=matrix.vectors[index],
        )

    def _evidence(
        self, matrix: SimilarityMatrix, near: NDArray[np.float32], label: int, index: int
    ) -> tuple[Evidence, ...]:
        """The segments nearest to the label, each with the example that it is nearest to."""
        rows = matrix.rows[index]
        examples = self._columns[label]
        similarity = matrix.similarity[rows, examples]
        greatest = similarity.max(axis=1)
        return tuple(
            segment_evidence(
                matrix,
                index,
                position,
                float(greatest[position]),
                reference=self._examples[examples.start + int(similarity[position].argmax())],
            )
            for position in best_positions(rows, near[rows].tolist(), greatest.tolist())
        )


def _mean_of_nearest(similarity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of the greatest NEAREST values of each row, or of all where there are fewer."""
    if similarity.shape[1] > NEAREST:
        width = similarity.shape[1]
        similarity = np.partition(similarity, width - NEAREST, axis=1)[:, -NEAREST:]
    means: NDArray[np.float32] = similarity.mean(axis=1)
    return means


def _mean_of_segments(matrix: SimilarityMatrix, near: NDArray[np.float32]) -> NDArray[np.float64]:
    """Shape [texts, labels]: means over each text's segments, by length; zeros for a blank text."""
    means = np.zeros((len(matrix.spans), near.shape[1]))
    filled = [index for index, spans in enumerate(matrix.spans) if spans]
    if filled:
        rows = np.concatenate([matrix.rows[index] for index in filled])
        lengths = np.array([e - s for index in filled for s, e in matrix.spans[index]], np.float64)
        starts = np.cumsum([0, *(len(matrix.spans[index]) for index in filled[:-1])])
        sums = np.add.reduceat(near[rows] * lengths[:, None], starts, axis=0)
        means[filled] = sums / np.add.reduceat(lengths, starts)[:, None]
    return means
