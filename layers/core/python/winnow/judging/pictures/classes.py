"""Judging pictures without training: a label gathers classes of ImageNet.

The score of a label is the sum of the shares that the encoder's own network gives the label's
classes, out of all 1,000. So the scores of a picture add up to less than 1, and a picture of
something else has low scores for every label.
"""

import numpy as np

from winnow.errors import HeadMissingError
from winnow.heads.linear import best_first, softmax
from winnow.judging.evidence import SCORE_DECIMALS
from winnow.judging.pictures.base import Features, PictureJudge
from winnow.judging.pictures.vectors import picture_vectors
from winnow.judging.text.vectors import packed
from winnow.models import Judgement, LabelDecision, LabelScore
from winnow.ports import PictureEncoder
from winnow.processes.imagenet import class_position
from winnow.processes.schema import Label, LabelsProcess


class ClassesJudge(PictureJudge):
    """Judges by the classes that the labels of a process gather."""

    def __init__(self, definition: LabelsProcess, encoder: PictureEncoder) -> None:
        super().__init__(definition, encoder)
        self._labels = [label.id for label in definition.labels]
        self._classes = [_positions(definition.id, label) for label in definition.labels]

    def judge(self, features: Features) -> list[Judgement]:
        """The label of the greatest score; of equal ones the first of the definition."""
        shares = softmax(self._encoder.class_logits(features).astype(np.float64))
        scores = np.stack([shares[:, own].sum(axis=1) for own in self._classes], axis=1)
        scores = np.clip(scores, 0, 1).round(SCORE_DECIMALS)
        orders = best_first(scores).tolist()
        rows = zip(
            scores.tolist(), orders, picture_vectors(features), packed(features), strict=True
        )
        return [self._judgement(*row) for row in rows]

    def _judgement(
        self, scores: list[float], order: list[int], vector: bytes | None, features: bytes | None
    ) -> Judgement:
        best = order[0]
        return Judgement(
            decision=LabelDecision(
                value=self._labels[best],
                scores=tuple(LabelScore(label=self._labels[i], score=scores[i]) for i in order),
            ),
            score=scores[best],
            confidence=scores[best],
            segments=0,
            vector=vector,
            features=features,
        )


def _positions(process: str, label: Label) -> list[int]:
    """Positions of a label's classes, each once."""
    if not label.classes:
        raise HeadMissingError(
            f"The label {label.id} of {process} has no classes, and there is no trained head."
        )
    return sorted({at for name in label.classes if (at := class_position(name)) is not None})
