"""How good decisions are: accuracy, calibration, risk against coverage, one judge or another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats
from sklearn import metrics

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class LabelMetrics:
    """Precision, recall and F1 of one label; None where nothing was decided or known to be it."""

    label: str
    precision: float | None
    recall: float | None
    f1: float
    known: int
    decided: int


@dataclass(frozen=True)
class Bin:
    """Decisions of similar confidence: how sure, and how often right."""

    confidence: float
    accuracy: float
    count: int


def confusion(
    known: Sequence[str],
    decided: Sequence[str],
    labels: Sequence[str],
    weights: Floats | None = None,
) -> list[list[int]]:
    """Counts with a row a known label and a column a decided one; with weights, their sums."""
    counts: list[list[int]] = metrics.confusion_matrix(
        known, decided, labels=labels, sample_weight=weights
    ).tolist()
    return counts


def by_label(counts: Sequence[Sequence[int]], labels: Sequence[str]) -> list[LabelMetrics]:
    """Metrics of each label of a confusion matrix."""
    table = np.array(counts)
    hits, known, decided = table.diagonal(), table.sum(axis=1), table.sum(axis=0)
    return [
        LabelMetrics(
            label=label,
            precision=hit / guesses if guesses else None,
            recall=hit / rows if rows else None,
            f1=2 * hit / (rows + guesses) if rows + guesses else 0.0,
            known=rows,
            decided=guesses,
        )
        for label, hit, rows, guesses in zip(
            labels, hits.tolist(), known.tolist(), decided.tolist(), strict=True
        )
    ]


def reliability(confidence: Floats, right: Bools, bins: int = 15) -> list[Bin]:
    """Decisions in equal-width bins of confidence; empty bins are left out."""
    slot = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        Bin(float(confidence[at].mean()), float(right[at].mean()), int(at.sum()))
        for index in range(bins)
        if (at := slot == index).any()
    ]


def expected_calibration_error(
    confidence: Floats, right: Bools, bins: int = 15, weights: Floats | None = None
) -> float:
    """ECE: mean gap of confidence and accuracy over the bins, by their counts or weights.

    Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning", 2015.
    """
    if weights is not None:
        slot = np.minimum((confidence * bins).astype(int), bins - 1)
        gaps = np.bincount(slot, weights * (confidence - right), bins)
        return float(np.abs(gaps).sum() / max(weights.sum(), 1e-12))
    return sum(
        b.count * abs(b.confidence - b.accuracy) for b in reliability(confidence, right, bins)
    ) / max(1, len(right))


def risk_coverage(confidence: Floats, right: Bools) -> list[tuple[float, float, float]]:
    """(threshold, coverage, risk) at each distinct confidence, highest first.

    Risk is the share of wrong decisions among those at or above the threshold (El-Yaniv and Wiener,
    "On the Foundations of Noise-free Selective Classification", 2010).
    """
    order = np.argsort(-confidence, kind="stable")
    sure, wrong = confidence[order], np.cumsum(~right[order])
    last = np.flatnonzero(np.diff(sure, append=-1.0))
    return [
        (float(sure[i]), (int(i) + 1) / len(sure), float(wrong[i]) / (int(i) + 1)) for i in last
    ]


def area_under_risk(curve: Sequence[tuple[float, float, float]]) -> float:
    """Mean risk over all coverages; less is better."""
    before, area = 0.0, 0.0
    for _, coverage, risk in curve:
        area += risk * (coverage - before)
        before = coverage
    return area


def mcnemar(one_right: Bools, other_right: Bools) -> float:
    """Two-sided exact p-value that two judges are equally often right on the same rows.

    McNemar, "Note on the sampling error of the difference between correlated proportions", 1947.
    """
    only_one = int((one_right & ~other_right).sum())
    only_other = int((other_right & ~one_right).sum())
    if not only_one + only_other:
        return 1.0
    return float(stats.binomtest(only_one, only_one + only_other).pvalue)


# -- binomial ------------------------------------------------------------------------------------


def at_most(count: int, trials: int, chance: float) -> float:
    """P(X <= count) for X binomial(trials, chance)."""
    if count >= trials:
        return 1.0
    return float(special.bdtr(count, trials, chance))


def weighted_lower_bound(right: Bools, weights: Floats, confidence: float = 0.95) -> float:
    """One-sided lower bound of a weighted share: Clopper and Pearson's, at the effective sample.

    Of rows drawn with unequal probabilities, n count as (sum w)^2 / (sum w^2). Korn and Graubard,
    "Confidence Intervals for Proportions with Small Expected Number of Positive Counts Estimated
    From Survey Data", 1998. With equal weights it is `lower_bound`.
    """
    if not len(right) or not weights.sum():
        return 0.0
    size = float(weights.sum() ** 2 / (weights**2).sum())
    hits = float(np.average(right, weights=weights)) * size
    return float(stats.beta.ppf(1 - confidence, hits, size - hits + 1)) if hits > 0 else 0.0


def lower_bound(right: int, trials: int, confidence: float = 0.95) -> float:
    """One-sided lower bound of a proportion (Clopper and Pearson, 1934); 0 without trials."""
    if not trials:
        return 0.0
    test = stats.binomtest(right, trials, alternative="greater")
    return float(test.proportion_ci(confidence, method="exact").low)
