"""What a trained head says of records, whatever it reads: scores, confidence, scope."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from winnow.heads.card import HeadFiles
from winnow.heads.fitting import check_definition
from winnow.heads.linear import Inputs, LinearHead, best_first, check_encoder
from winnow.judging.evidence import SCORE_DECIMALS
from winnow.models import Evidence, Judgement, LabelDecision, LabelScore, ModelInfo
from winnow.processes.schema import LabelsProcess

MAX_LISTED = 10
"""Labels whose scores a decision lists, the best ones."""


class HeadScores:
    """Labels, scores, confidences and novelty of the records of one call."""

    def __init__(
        self,
        head: LinearHead,
        logits: NDArray[np.float64],
        distances: NDArray[np.float64],
        weaknesses: NDArray[np.float64],
    ) -> None:
        card = head.card
        shares = head.probabilities(logits)
        orders = best_first(shares)[:, :MAX_LISTED]
        listed = np.take_along_axis(shares, orders, axis=1).round(SCORE_DECIMALS)
        confidences = np.clip(head.confidences(listed[:, 0]), 0, 1).round(SCORE_DECIMALS)
        self._labels = card.labels
        self._orders: list[list[int]] = orders.tolist()
        self._scores: list[list[float]] = listed.tolist()
        self._confidences: list[float] = confidences.tolist()
        self._novelty, self._distances = _ranks(head, distances, weaknesses)
        self._beyond = _beyond(head, self._novelty)
        self._calibration = card.calibration.version if card.calibration else None

        # Most scores of the lesser labels are one of a few small numbers: equal ones are one shape.
        self._score_of = cache(self._label_score)

    @property
    def best(self) -> list[int]:
        """Position of the label that is decided, of each record."""
        return [order[0] for order in self._orders]

    def judgement(
        self,
        row: int,
        *,
        segments: int,
        evidence: Sequence[Evidence] = (),
        vector: bytes | None = None,
    ) -> Judgement:
        """The judgement of one record."""
        return Judgement(
            decision=self._decision(row, evidence),
            score=self._scores[row][0],
            confidence=self._confidences[row],
            calibrated=self._calibration is not None,
            calibration=self._calibration,
            novelty=self._novelty[row],
            distance=self._distances[row],
            out_of_scope=self._beyond[row],
            segments=segments,
            vector=vector,
        )

    def _decision(self, row: int, evidence: Sequence[Evidence]) -> LabelDecision:
        order = self._orders[row]
        return LabelDecision(
            value=self._labels[order[0]],
            scores=tuple(map(self._score_of, order, self._scores[row])),
            evidence=tuple(evidence),
        )

    def _label_score(self, label: int, score: float) -> LabelScore:
        return LabelScore(label=self._labels[label], score=score)


def _ranks(
    head: LinearHead, distances: NDArray[np.float64], weaknesses: NDArray[np.float64]
) -> tuple[list[float | None], list[float | None]]:
    """Novelty of each record, and the rank of its distance; None where not stored."""
    ranks = head.novelty(distances, weaknesses)
    if ranks is None:
        none: list[float | None] = [None] * len(distances)
        return none, none
    novelty, far = ranks
    return novelty.round(SCORE_DECIMALS).tolist(), far.round(SCORE_DECIMALS).tolist()


def _beyond(head: LinearHead, novelty: Sequence[float | None]) -> list[bool]:
    """Whether each record is out of the head's scope."""
    scope = head.card.scope
    limit = 1.0 if scope is None else scope.threshold
    return [rank is not None and rank > limit for rank in novelty]


def out_of_scope(head: LinearHead, inputs: Inputs, logits: NDArray[np.float64]) -> list[bool]:
    """Whether each record is out of the head's scope, as `HeadScores` has it."""
    scope = head.card.scope
    if scope is None or scope.threshold >= 1:  # no rank is beyond it
        return [False] * len(logits)
    novelty, _ = _ranks(head, head.distances(inputs), head.weaknesses(inputs, logits))
    return _beyond(head, novelty)


def load_head(definition: LabelsProcess, encoder: ModelInfo, files: HeadFiles) -> LinearHead:
    """A process's head, checked against the process and the encoder that is to judge.

    Raises:
        HeadInvalidError: It is damaged, or not trained for these labels with this encoder.
    """
    card, arrays = files.checked()
    check_definition(card, definition)
    check_encoder(card, definition.id, encoder)
    return LinearHead.load(card, arrays)
