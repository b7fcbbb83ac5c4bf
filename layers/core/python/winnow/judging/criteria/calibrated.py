"""Criteria with a trained head: the logic decides, the head gives the confidence.

The head is a linear classifier of the criteria's scores and of what their evidence looks like
(evidence_features.py), trained on decisions that people made. Its probability of the logic's
decision is the score; if the two disagree it is low, and the record goes to review. So it is if a
word may undo the evidence that no training row vouches for, or a denial only resembles what the
definition denies (undoing.py). The decision and its
criteria stay those of the logic, which a person can follow. Of another definition than the one it
was trained with it knows nothing: its score is no probability there, is not marked as one, and is
as low as where a word may undo the evidence.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from winnow.errors import HeadInvalidError
from winnow.heads.card import HeadFiles
from winnow.heads.linear import Inputs, LinearHead, check_encoder
from winnow.judging.criteria.evidence_features import FEATURES, evidence_features
from winnow.judging.criteria.undoing import UNDONE_CONFIDENCE, Causes, cap
from winnow.judging.criteria.weighed import WeighedCriteriaJudge
from winnow.judging.evidence import SCORE_DECIMALS
from winnow.models import CriteriaDecision, Judgement
from winnow.ports import Encoder, Judge
from winnow.processes.schema import CriteriaProcess


class CalibratedCriteriaJudge(WeighedCriteriaJudge):
    """Judges by criteria, with confidence from a trained head."""

    def __init__(
        self, definition: CriteriaProcess, rules: Judge, encoder: Encoder, files: HeadFiles
    ) -> None:
        super().__init__(rules)
        card, arrays = files.checked()
        ids = tuple(criterion.id for criterion in definition.criteria)
        if card.kind != "criteria" or card.criteria != ids:
            raise HeadInvalidError(
                f"The head of {definition.id} was trained for criteria "
                "other than those of the process."
            )
        check_encoder(card, definition.id, encoder.info)
        if card.features not in ((), FEATURES):
            raise HeadInvalidError(
                f"The head of {definition.id} reads features of evidence that this version "
                "does not compute. Train it again."
            )
        self._head = LinearHead.load(card, arrays)
        self._is_its_own = card.vouches_for(definition.judging_sha256)
        self._causes = Causes(definition)

    def weigh(self, judgements: Sequence[Judgement]) -> list[Judgement]:
        """Judgements of `rules`, each with the head's score and confidence."""
        head = self._head
        inputs = criteria_inputs(judgements, features=bool(head.card.features))
        shares = head.probabilities(head.logits(inputs))
        place = {label: index for index, label in enumerate(head.card.labels)}
        # A decision absent from the training data gets confidence 0.
        scores = np.array(
            [
                shares[index, place[judgement.decision.value]]
                if judgement.decision.value in place
                else 0.0
                for index, judgement in enumerate(judgements)
            ]
        ).round(SCORE_DECIMALS)
        confidences = np.clip(head.confidences(scores), 0, 1).round(SCORE_DECIMALS)
        confidences = np.minimum(confidences, [self._cap(judgement) for judgement in judgements])
        calibration = head.card.calibration if self._is_its_own else None
        if not self._is_its_own:
            confidences = np.minimum(confidences, np.minimum(scores, UNDONE_CONFIDENCE))
        return [
            judgement.model_copy(
                update={
                    "score": float(score),
                    "confidence": float(confidence) if score > 0 else 0.0,
                    "calibrated": calibration is not None,
                    "calibration": calibration.version if calibration else None,
                }
            )
            for judgement, score, confidence in zip(judgements, scores, confidences, strict=True)
        ]

    def _cap(self, judgement: Judgement) -> float:
        """The most that a decision is trusted, by what may undo it; 1 if nothing does."""
        card = self._head.card
        if card.understood is None:
            return 1.0
        return cap(self._causes(judgement, card.understood), card.caps)


def criteria_inputs(judgements: Sequence[Judgement], *, features: bool = True) -> Inputs:
    """What the head of a criteria process reads: the score of each criterion, and FEATURES.

    A head that was trained before there were features reads none.
    """
    rows: list[list[float]] = [
        [finding.score for finding in judgement.decision.criteria]
        + (evidence_features(judgement) if features else [])
        for judgement in judgements
        if isinstance(judgement.decision, CriteriaDecision)
    ]
    numbers: NDArray[np.float64] = np.array(rows, np.float64).reshape(len(judgements), -1)
    return Inputs(np.zeros((len(rows), 0), np.float32), [""] * len(rows), numbers)
