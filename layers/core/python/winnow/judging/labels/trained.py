"""Judging by a trained head: labels by what labelled rows taught, with calibrated confidence.

The decision is the label of the greatest logit (on a tie the label listed first on the card); the
score is its softmax probability; the confidence is the score after calibration. A record that is
more unlike the training rows than the card allows is out of scope. Evidence is the segments nearest
to training rows of the label.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.errors import HeadInvalidError
from winnow.heads.card import HeadFiles
from winnow.heads.linear import Inputs, LinearHead, best_first, check_encoder
from winnow.judging.base import BriefJudgement, ProcessJudge, RecordBatch
from winnow.judging.evidence import SCORE_DECIMALS, best_positions, segment_evidence
from winnow.judging.text.features import TextFeatures
from winnow.judging.text.vectors import SegmentVectors, encode_segments, packed
from winnow.models import Evidence, Judgement, LabelDecision
from winnow.ports import Encoder
from winnow.processes.schema import LabelsProcess

MAX_LISTED = 10
"""Labels whose scores a decision lists, the best ones."""

_Ranks = list[float | None]


class _HeadFeatures(NamedTuple):
    """What a head computes with, and what its evidence is chosen by."""

    segments: SegmentVectors
    near: NDArray[np.float32]
    """Shape [segments, references]: cosine of each distinct segment to each training row."""
    cosines: NDArray[np.float32]
    """Shape [records, references]: the same of each record's vector."""
    inputs: Inputs


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

    def _judge(self, batch: RecordBatch) -> list[Judgement]:
        return self.judge(self.features(batch))

    def features(self, batch: RecordBatch) -> TextFeatures:
        """What it computes with: another head with the same encoder may judge by it, too."""
        return TextFeatures(batch, self._encoder)

    def shares_features(self, other: "HeadJudge") -> bool:
        """Whether the features that one makes serve the other."""
        return self._encoder.info == other._encoder.info

    def briefly(self, shared: TextFeatures) -> list[BriefJudgement]:
        """Decisions and confidences alone, as `judge` gives them; a fraction of its work."""
        head = self._head
        numbers = shared.numbers(self._numeric)
        if np.isnan(numbers).any():
            raise ValueError("a numeric column is missing")
        vectors = self._no_vectors(shared) if head.references is None else shared.text_vectors[0]
        shares = head.probabilities(
            head.logits(Inputs(vectors, shared.texts, numbers, shared.ngrams))
        )
        labels = shares.argmax(axis=1)  # on a tie the first, as `best_first` has it
        scores = np.take_along_axis(shares, labels[:, None], axis=1)[:, 0].round(SCORE_DECIMALS)
        confidences = np.clip(head.confidences(scores), 0, 1).round(SCORE_DECIMALS)
        return [
            BriefJudgement(self._labels[label], confidence)
            for label, confidence in zip(labels.tolist(), confidences.tolist(), strict=True)
        ]

    def judge(self, shared: TextFeatures) -> list[Judgement]:
        """One judgement a record of the features, in order."""
        head = self._head
        check = shared.batch.check
        features = self._features(shared)
        check()
        logits = head.logits(features.inputs)
        check()
        shares = head.probabilities(logits)
        orders = best_first(shares)[:, :MAX_LISTED]
        listed = np.take_along_axis(shares, orders, axis=1).round(SCORE_DECIMALS)
        confidences = np.clip(head.confidences(listed[:, 0]), 0, 1).round(SCORE_DECIMALS)
        novelty, distances = self._novelty(features, logits)
        limit = 1.0 if head.card.scope is None else head.card.scope.threshold
        vectors = self._packed(features)
        version = head.card.calibration.version if head.card.calibration else None
        return [
            Judgement(
                decision=self._decision(order, scores, features, index),
                score=scores[0],
                confidence=confidence,
                calibrated=version is not None,
                calibration=version,
                novelty=rank,
                distance=distance,
                out_of_scope=rank is not None and rank > limit,
                segments=len(features.segments.spans[index]),
                vector=vectors[index],
            )
            for index, (order, scores, confidence, rank, distance) in enumerate(
                zip(
                    orders.tolist(),
                    listed.tolist(),
                    confidences.tolist(),
                    novelty,
                    distances,
                    strict=True,
                )
            )
        ]

    def _features(self, shared: TextFeatures) -> _HeadFeatures:
        numbers = shared.numbers(self._numeric)
        references = self._head.references
        if references is None:
            vectors = self._no_vectors(shared)
            return _HeadFeatures(
                encode_segments([""] * len(shared.texts), self._encoder),
                np.zeros((0, 0), np.float32),
                np.zeros((0, 0), np.float32),
                Inputs(vectors, shared.texts, numbers, shared.ngrams),
            )
        segments = shared.segments
        vectors, lengths = shared.text_vectors
        near = segments.vectors @ references.T
        # The cosine of a mean is the mean of the cosines, over its length.
        cosines = segments.sums(near)
        cosines /= lengths
        inputs = Inputs(vectors, shared.texts, numbers, shared.ngrams)
        return _HeadFeatures(segments, near, cosines, inputs)

    @staticmethod
    def _packed(features: _HeadFeatures) -> list[bytes | None]:
        vectors = features.inputs.vectors
        return packed(vectors) if vectors.size else [None] * len(vectors)

    @staticmethod
    def _no_vectors(shared: TextFeatures) -> NDArray[np.float32]:
        """Those of a head that reads no text."""
        return np.zeros((len(shared.texts), 0), np.float32)

    def _novelty(
        self, features: _HeadFeatures, logits: NDArray[np.float64]
    ) -> tuple[_Ranks, _Ranks]:
        """Novelty of each record, and the rank of its distance; None where not stored."""
        head = self._head
        ranks = head.novelty(head.distances(features.cosines, features.inputs), logits)
        if ranks is None:
            none: _Ranks = [None] * len(logits)
            return none, none
        novelty, distances = ranks
        return novelty.round(SCORE_DECIMALS).tolist(), distances.round(SCORE_DECIMALS).tolist()

    def _decision(
        self, order: Sequence[int], scores: Sequence[float], features: _HeadFeatures, index: int
    ) -> LabelDecision:
        """The best label, the scores of the listed ones, and the evidence for the best."""
        return LabelDecision.model_validate(
            {
                "value": self._labels[order[0]],
                "scores": [
                    {"label": self._labels[label], "score": score}
                    for label, score in zip(order, scores, strict=True)
                ],
                "evidence": self._evidence(features.segments, features.near, order[0], index),
            }
        )

    def _evidence(
        self, segments: SegmentVectors, near: NDArray[np.float32], label: int, index: int
    ) -> tuple[Evidence, ...]:
        """The segments nearest to training rows of the label, the nearest first."""
        rows = segments.rows[index]
        columns = self._columns[label]
        if not len(rows) or not len(columns):
            return ()
        similarity = near[rows[:, None], columns].max(axis=1)
        return tuple(
            segment_evidence(segments, index, position, float(similarity[position]))
            for position in best_positions(rows, similarity, similarity)
        )


def load_head(definition: LabelsProcess, encoder: Encoder, files: HeadFiles) -> LinearHead:
    """A process's head, checked against the process and the encoder that is to judge.

    Raises:
        HeadInvalidError: It is damaged, or not trained for these labels with this encoder.
    """
    card, arrays = files.checked()
    check_encoder(card, definition.id, encoder.info)
    if card.kind != "labels" or set(card.labels) != {label.id for label in definition.labels}:
        raise HeadInvalidError(
            f"The head of {definition.id} was trained for labels other than those of the process."
        )
    if card.data.numeric_columns != definition.input.numeric_columns:
        raise HeadInvalidError(
            f"The head of {definition.id} reads other numeric columns than the process."
        )
    return LinearHead.load(card, arrays)
