"""Judging by a trained head: labels by what labelled rows taught, with calibrated confidence.

The decision is the label of the greatest logit; the score its share of the softmax; the confidence
the score after calibration. A record that is more unlike the training rows than the card allows is
out of scope. Evidence is the segments nearest to training rows of the label.
"""

import numpy as np
from numpy.typing import NDArray

from winnow.errors import HeadInvalidError
from winnow.heads.card import HeadFiles
from winnow.heads.linear import Inputs, LinearHead, check_encoder
from winnow.judging.base import Batch, ProcessJudge
from winnow.judging.evidence import SCORE_DECIMALS, best_positions, segment_evidence
from winnow.judging.text.vectors import SegmentVectors, encode_segments
from winnow.models import Evidence, Judgement, LabelDecision
from winnow.ports import Encoder
from winnow.processes.schema import LabelsProcess
from winnow.tables.numbers import numbers_of

LISTED = 10
"""Labels whose scores are told, the best ones."""


class HeadJudge(ProcessJudge):
    """Judges records by the trained head of a process of kind `labels`."""

    def __init__(self, definition: LabelsProcess, encoder: Encoder, files: HeadFiles) -> None:
        super().__init__(definition.info)
        self._head = load_head(definition, encoder, files)
        card = self._head.card
        self._labels = card.labels
        self._numeric = card.data.numeric_columns
        self._encoder = encoder
        self._columns = [
            np.flatnonzero(self._head.reference_labels == label)
            for label in range(len(card.labels))
        ]

    def _judge(self, batch: Batch) -> list[Judgement]:
        texts, check = batch.texts, batch.check
        head = self._head
        numbers = numbers_of(batch.fields, self._numeric, len(texts))
        if head.references is None:
            read = encode_segments([""] * len(texts), self._encoder)
            inputs = Inputs(np.zeros((len(texts), 0), np.float32), texts, numbers)
            near = cosines = np.zeros((0, 0), np.float32)
        else:
            read = encode_segments(texts, self._encoder, check)
            vectors, lengths = read.text_vectors()
            inputs = Inputs(vectors, texts, numbers)
            near = read.vectors @ head.references.T
            # The cosine of a mean is the mean of the cosines, over its length.
            cosines = read.sums(near)
            cosines /= lengths
        check()
        logits = head.logits(inputs)
        check()
        shares = head.probabilities(logits)
        orders = np.argsort(-shares, axis=1, kind="stable")
        best = orders[:, 0]
        scores = shares[np.arange(len(texts)), best].round(SCORE_DECIMALS)
        confidences = np.clip(head.confidences(scores), 0, 1).round(SCORE_DECIMALS)
        unlike = head.novelty(head.distances(cosines, inputs), logits)
        scope = head.card.scope
        calibration = head.card.calibration
        labels = self._labels
        listed = orders[:, :LISTED].tolist()
        rows = np.take_along_axis(shares, orders[:, :LISTED], axis=1).round(SCORE_DECIMALS).tolist()
        novelty, far = (
            ([None] * len(texts),) * 2
            if unlike is None
            else (ranks.round(SCORE_DECIMALS).tolist() for ranks in unlike)
        )
        limit = 1.0 if scope is None else scope.threshold
        version = calibration.version if calibration else None
        return [
            Judgement(
                decision=LabelDecision.model_validate(
                    {
                        "value": labels[order[0]],
                        "scores": [
                            {"label": labels[i], "score": share}
                            for i, share in zip(order, row, strict=True)
                        ],
                        "evidence": self._evidence(read, near, order[0], index),
                    }
                ),
                score=score,
                confidence=confidence,
                calibrated=version is not None,
                calibration=version,
                novelty=rank,
                distance=distance,
                out_of_scope=rank is not None and rank > limit,
                segments=len(read.spans[index]),
            )
            for index, (order, row, score, confidence, rank, distance) in enumerate(
                zip(listed, rows, scores.tolist(), confidences.tolist(), novelty, far, strict=True)
            )
        ]

    def _evidence(
        self, read: SegmentVectors, near: NDArray[np.float32], label: int, index: int
    ) -> tuple[Evidence, ...]:
        """The segments nearest to training rows of the label, the nearest first."""
        rows = read.rows[index]
        columns = self._columns[label]
        if not len(rows) or not len(columns):
            return ()
        similarity = near[rows[:, None], columns].max(axis=1)
        return tuple(
            segment_evidence(read, index, position, float(similarity[position]))
            for position in best_positions(rows, similarity, similarity)
        )


def load_head(definition: LabelsProcess, encoder: Encoder, files: HeadFiles) -> LinearHead:
    """A process's head, checked against the process and the encoder that is to judge.

    Raises:
        HeadInvalidError: It is damaged, or not trained for these labels with this encoder.
    """
    card = files.card()
    check_encoder(card, definition.id, encoder.info)
    if card.kind != "labels" or set(card.labels) != {label.id for label in definition.labels}:
        raise HeadInvalidError(
            f"The head of {definition.id} was trained for other labels than the process has."
        )
    if card.data.numeric_columns != definition.input.numeric_columns:
        raise HeadInvalidError(
            f"The head of {definition.id} takes its numbers from other columns than the process."
        )
    return LinearHead.load(card, files.read()[1])
