"""Judging by a trained head: labels by what labelled rows taught, with calibrated confidence.

The decision is the label of the greatest logit (on a tie the label listed first on the card); the
score is its softmax probability; the confidence is the score after calibration. A record that is
more unlike the training rows than the card allows is out of scope. Evidence is the segments nearest
to training rows of the label.
"""

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from winnow.heads.card import HeadFiles
from winnow.heads.linear import Inputs
from winnow.judging.base import BriefJudgement, ProcessJudge, RecordBatch
from winnow.judging.evidence import SCORE_DECIMALS, best_positions, segment_evidence
from winnow.judging.labels.scores import HeadScores, load_head, out_of_scope
from winnow.judging.text.features import TextFeatures
from winnow.judging.text.vectors import SegmentVectors, encode_segments, packed
from winnow.models import Evidence, Judgement
from winnow.ports import Encoder
from winnow.processes.schema import LabelsProcess


class _HeadFeatures(NamedTuple):
    """What a head computes with, and what its evidence is chosen from."""

    segments: SegmentVectors
    inputs: Inputs


class HeadJudge(ProcessJudge):
    """Judges records by the trained head of a process of kind `labels`."""

    def __init__(self, definition: LabelsProcess, encoder: Encoder, files: HeadFiles) -> None:
        super().__init__(definition.info)
        self._head = load_head(definition, encoder.info, files)
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
        """Decisions, confidences and scope alone, as `judge` gives them; a fraction of its work."""
        head = self._head
        numbers = shared.numbers(self._numeric)
        if np.isnan(numbers).any():
            raise ValueError("a numeric column is missing")
        vectors = self._no_vectors(shared) if head.references is None else shared.text_vectors[0]
        inputs = Inputs(vectors, shared.texts, numbers, shared.ngrams)
        logits = head.logits(inputs)
        shares = head.probabilities(logits)
        labels = shares.argmax(axis=1)  # on a tie the first, as `best_first` has it
        scores = np.take_along_axis(shares, labels[:, None], axis=1)[:, 0].round(SCORE_DECIMALS)
        confidences = np.clip(head.confidences(scores), 0, 1).round(SCORE_DECIMALS)
        return [
            BriefJudgement(self._labels[label], confidence, beyond)
            for label, confidence, beyond in zip(
                labels.tolist(),
                confidences.tolist(),
                out_of_scope(head, inputs, logits),
                strict=True,
            )
        ]

    def judge(self, shared: TextFeatures) -> list[Judgement]:
        """One judgement a record of the features, in order."""
        head = self._head
        check = shared.batch.check
        features = self._features(shared)
        check()
        logits = head.logits(features.inputs)
        check()
        scores = HeadScores(
            head,
            logits,
            head.distances(features.inputs),
            head.weaknesses(features.inputs, logits),
        )
        near = self._near(features.segments, scores.best)
        check()
        vectors = self._packed(features)
        return [
            scores.judgement(
                index,
                segments=len(spans),
                evidence=self._evidence(features.segments, near[index], index),
                vector=vectors[index],
            )
            for index, spans in enumerate(features.segments.spans)
        ]

    def _features(self, shared: TextFeatures) -> _HeadFeatures:
        numbers = shared.numbers(self._numeric)
        if self._head.references is None:
            vectors = self._no_vectors(shared)
            return _HeadFeatures(
                encode_segments([""] * len(shared.texts), self._encoder),
                Inputs(vectors, shared.texts, numbers, shared.ngrams),
            )
        vectors, _ = shared.text_vectors
        return _HeadFeatures(shared.segments, Inputs(vectors, shared.texts, numbers, shared.ngrams))

    @staticmethod
    def _packed(features: _HeadFeatures) -> list[bytes | None]:
        vectors = features.inputs.vectors
        return packed(vectors) if vectors.size else [None] * len(vectors)

    @staticmethod
    def _no_vectors(shared: TextFeatures) -> NDArray[np.float32]:
        """Those of a head that reads no text."""
        return np.zeros((len(shared.texts), 0), np.float32)

    def _near(self, segments: SegmentVectors, labels: Sequence[int]) -> list[list[float]]:
        """The cosine of each segment to the nearest training row of its record's label; 0: none."""
        sizes = [len(rows) for rows in segments.rows]
        near = np.zeros(sum(sizes), np.float32)
        if len(near) and self._head.references is not None:
            rows, owners = np.concatenate(segments.rows), np.repeat(labels, sizes)
            for label in np.unique(owners).tolist():
                if len(columns := self._columns[label]):
                    at = np.flatnonzero(owners == label)
                    cosines = segments.vectors[rows[at]] @ self._head.references[columns].T
                    near[at] = cosines.max(axis=1)
        values = iter(near.tolist())
        return [list(islice(values, size)) for size in sizes]

    def _evidence(
        self, segments: SegmentVectors, near: Sequence[float], index: int
    ) -> tuple[Evidence, ...]:
        """The segments nearest to training rows of the label, the nearest first."""
        return tuple(
            segment_evidence(segments, index, position, near[position])
            for position in best_positions(segments.rows[index], near, near)
        )
