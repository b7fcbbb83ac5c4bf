"""Judging by labels: a record gets the label whose example sentences it is most like.

A segment and a label: the mean cosine to the label's NEAREST nearest examples. A record and a
label: the mean over the record's segments, each weighted by its length in characters. The scores
are the softmax of these means at TEMPERATURE, so they add up to 1; the decision is the greatest.

NEAREST and TEMPERATURE were chosen on emotion reports (ISEAR) judged by the shipped process, where
the mean score is close to the share of right decisions; other labels may need calibrating.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from winnow.judging.evidence import MAX_EVIDENCE, SCORE_DECIMALS
from winnow.judging.text.similarity import SegmentScorer, SimilarityMatrix
from winnow.limits.budget import Check, unhurried
from winnow.models import Evidence, Judgement, LabelDecision, LabelScore, ProcessInfo
from winnow.ports import Encoder
from winnow.processes.schema import LabelsProcess

NEAREST = 5
TEMPERATURE = 0.05


class LabelsJudge:
    """Judges texts by a process of kind `labels`."""

    def __init__(self, definition: LabelsProcess, encoder: Encoder) -> None:
        self._definition = definition
        self._labels = [label.id for label in definition.labels]
        self._examples: list[str] = []
        self._columns: list[slice] = []
        for label in definition.labels:
            start = len(self._examples)
            self._examples.extend(label.examples)
            self._columns.append(slice(start, len(self._examples)))
        self._compare = SegmentScorer(encoder, self._examples)

    @property
    def process(self) -> ProcessInfo:
        return self._definition.info

    def __call__(
        self,
        texts: Sequence[str],
        fields: Sequence[Mapping[str, str]] | None = None,
        *,
        check: Check = unhurried,
    ) -> list[Judgement]:
        """One judgement a text, in order; a text without segments gets every label alike."""
        sheet = self._compare(texts, check)
        near = np.stack(
            [_mean_of_nearest(sheet.similarity[:, columns]) for columns in self._columns], axis=1
        )
        scores = _softmax(_mean_of_segments(sheet, near)).round(SCORE_DECIMALS)
        orders = np.argsort(-scores, axis=1, kind="stable").tolist()
        return [
            self._judge(sheet, near, index, row, order)
            for index, (row, order) in enumerate(zip(scores.tolist(), orders, strict=True))
        ]

    def _judge(
        self,
        sheet: SimilarityMatrix,
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
                evidence=self._evidence(sheet, near[:, best], best, index),
            ),
            score=scores[best],
            confidence=scores[best],
            segments=len(sheet.spans[index]),
        )

    def _evidence(
        self, sheet: SimilarityMatrix, near: NDArray[np.float32], label: int, index: int
    ) -> tuple[Evidence, ...]:
        rows = sheet.rows[index]
        columns = self._columns[label]
        found: list[Evidence] = []
        seen: set[int] = set()
        for position in np.argsort(-near[rows], kind="stable"):
            row = int(rows[position])
            similarities = sheet.similarity[row, columns]
            nearest = int(similarities.argmax())
            if row in seen or similarities[nearest] <= 0:
                continue
            seen.add(row)
            start, end = sheet.spans[index][position]
            found.append(
                Evidence(
                    start=start,
                    end=end,
                    text=sheet.unique[row],
                    similarity=min(1.0, round(float(similarities[nearest]), SCORE_DECIMALS)),
                    reference=self._examples[columns.start + nearest],
                )
            )
            if len(found) == MAX_EVIDENCE:
                break
        return tuple(found)


def _mean_of_segments(sheet: SimilarityMatrix, near: NDArray[np.float32]) -> NDArray[np.float64]:
    """Shape [texts, labels]: means over each text's segments, by length; zeros for a blank text."""
    means = np.zeros((len(sheet.spans), near.shape[1]))
    filled = [index for index, spans in enumerate(sheet.spans) if spans]
    if filled:
        rows = np.concatenate([sheet.rows[index] for index in filled])
        lengths = np.array([e - s for index in filled for s, e in sheet.spans[index]], np.float64)
        starts = np.cumsum([0, *(len(sheet.spans[index]) for index in filled[:-1])])
        sums = np.add.reduceat(near[rows] * lengths[:, None], starts, axis=0)
        means[filled] = sums / np.add.reduceat(lengths, starts)[:, None]
    return means


def _softmax(means: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp((means - means.max(axis=1, keepdims=True)) / TEMPERATURE)
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _mean_of_nearest(similarity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of the greatest NEAREST values of each row, or of all where there are fewer."""
    size = similarity.shape[1]
    if size > NEAREST:
        similarity = np.partition(similarity, size - NEAREST, axis=1)[:, size - NEAREST :]
    mean: NDArray[np.float32] = similarity.mean(axis=1)
    return mean
