"""Judging pictures by a trained head: linear, over the encoder's features."""

import numpy as np

from winnow.heads.card import HeadFiles
from winnow.heads.linear import Inputs
from winnow.judging.labels.scores import HeadScores, load_head
from winnow.judging.pictures.base import Features, PictureJudge
from winnow.judging.pictures.vectors import picture_vectors
from winnow.judging.text.vectors import packed
from winnow.models import Judgement
from winnow.ports import PictureEncoder
from winnow.processes.schema import LabelsProcess


class PictureHeadJudge(PictureJudge):
    """Judges pictures by the trained head of a process of kind `labels`."""

    def __init__(
        self, definition: LabelsProcess, encoder: PictureEncoder, files: HeadFiles
    ) -> None:
        super().__init__(definition, encoder)
        self._head = load_head(definition, encoder.info, files)

    def judge(self, features: Features) -> list[Judgement]:
        """The label of the greatest logit; of equal ones the first on the card."""
        inputs = picture_inputs(features)
        logits = self._head.logits(inputs)
        scores = HeadScores(
            self._head,
            logits,
            self._head.distances(inputs),
            self._head.weaknesses(inputs, logits),
        )
        return [
            scores.judgement(row, segments=0, vector=vector).model_copy(update={"features": own})
            for row, (vector, own) in enumerate(
                zip(picture_vectors(features), packed(features), strict=True)
            )
        ]


def picture_inputs(features: Features) -> Inputs:
    """The encoder's features as a head takes them: as numbers, which it standardises."""
    return Inputs(np.zeros((len(features), 0), np.float32), (), features.astype(np.float64))
