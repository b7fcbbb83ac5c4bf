"""Judging by labels: a record gets the label whose example sentences it is most like.

A segment and a label: the mean cosine to the label's NEAREST nearest examples. A record and a
label: the mean over the record's segments, each weighted by its length in characters. The scores
are the softmax of these means at TEMPERATURE, so they add up to 1; the decision is the greatest.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from winnow.judging.sheet import Comparer, Sheet
from winnow.models import Evidence, Judgement, LabelDecision, LabelScore, ProcessInfo
from winnow.ports import Encoder
from winnow.process import LabelsProcess

NEAREST = 5
TEMPERATURE = 0.05
EVIDENCE = 3


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
        self._compare = Comparer(encoder, self._examples)

    @property
    def process(self) -> ProcessInfo:
        return self._definition.info

    def __call__(self, texts: Sequence[str]) -> list[Judgement]:
        """One judgement a text, in order; a text without segments gets every label alike."""
        sheet = self._compare(texts)
        near = np.stack(
            [_mean_of_nearest(sheet.similarity[:, columns]) for columns in self._columns], axis=1
        )
        return [self._judge(sheet, near, index) for index in range(len(texts))]

    def _judge(self, sheet: Sheet, near: NDArray[np.float32], index: int) -> Judgement:
        rows = sheet.rows[index]
        if len(rows):
            lengths = np.array([end - start for start, end in sheet.spans[index]], np.float64)
            means: NDArray[np.float64] = np.average(
                near[rows].astype(np.float64), axis=0, weights=lengths
            )
        else:
            means = np.zeros(len(self._labels), np.float64)
        powers = np.exp((means - means.max()) / TEMPERATURE)
        scores = powers / powers.sum()
        order = np.argsort(-scores, kind="stable")
        best = int(order[0])
        score = _unit(scores[best])
        return Judgement(
            decision=LabelDecision(
                value=self._labels[best],
                scores=tuple(
                    LabelScore(label=self._labels[i], score=_unit(scores[i])) for i in order
                ),
                evidence=self._evidence(sheet, near[:, best], best, index),
            ),
            score=score,
            confidence=score,
            segments=len(rows),
        )

    def _evidence(
        self, sheet: Sheet, near: NDArray[np.float32], label: int, index: int
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
                    similarity=_unit(similarities[nearest]),
                    reference=self._examples[columns.start + nearest],
                )
            )
            if len(found) == EVIDENCE:
                break
        return tuple(found)


def _unit(value: np.floating) -> float:
    """Rounded, so that the last bits of a matrix product are not mistaken for a difference."""
    return round(min(1.0, float(value)), 4)


def _mean_of_nearest(similarity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of the greatest NEAREST values of each row, or of all where there are fewer."""
    size = similarity.shape[1]
    if size > NEAREST:
        similarity = np.partition(similarity, size - NEAREST, axis=1)[:, size - NEAREST :]
    mean: NDArray[np.float32] = similarity.mean(axis=1)
    return mean
