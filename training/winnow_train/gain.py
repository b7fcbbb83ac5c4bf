"""What training a criteria process changes: its confidence, and with it what is accepted.

The decisions are those of the criteria and their logic, before and after.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winnow.models import Judgement, Verdict
from winnow_train.data import LabelledRow
from winnow_train.metrics import expected_calibration_error


@dataclass(frozen=True)
class Acceptance:
    """What a confidence accepts at a threshold."""

    ece: float
    accepted: float
    """Share of the rows."""
    right: float | None
    """Share of the accepted rows; None where none is accepted."""


@dataclass(frozen=True)
class CriteriaGain:
    """The same decisions with two confidences."""

    accuracy: float
    """Of the decisions."""
    undetermined: int
    """Rows left undetermined that people have decided."""
    threshold: float
    before: Acceptance
    """With the certainty of the criteria as confidence."""
    after: Acceptance
    """With the confidence that was trained, each row's from folds without it."""

    @classmethod
    def of(
        cls,
        rows: Sequence[LabelledRow],
        judgements: Sequence[Judgement],
        confidence: NDArray[np.float64],
        threshold: float,
    ) -> "CriteriaGain":
        """The gain of labelled rows, judged by the criteria alone."""
        decided = np.array([str(judgement.decision.value) for judgement in judgements])
        labels = np.array([row.label or "" for row in rows])
        right = decided == labels
        undecided = decided == Verdict.UNDETERMINED.value
        certainty = np.array([judgement.confidence for judgement in judgements])
        before, after = (
            _acceptance(values, right, undecided, threshold) for values in (certainty, confidence)
        )
        return cls(float(right.mean()), int((undecided & ~right).sum()), threshold, before, after)


def _acceptance(
    confidence: NDArray[np.float64],
    right: NDArray[np.bool_],
    undecided: NDArray[np.bool_],
    threshold: float,
) -> Acceptance:
    accepted = (confidence >= threshold) & ~undecided
    return Acceptance(
        expected_calibration_error(confidence, right),
        float(accepted.mean()),
        float(right[accepted].mean()) if accepted.any() else None,
    )
