"""How good decisions are: accuracy, calibration, risk against coverage, one judge or another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    known: Sequence[str], decided: Sequence[str], labels: Sequence[str]
) -> list[list[int]]:
    """Counts with a row a known label and a column a decided one."""
    place = {label: index for index, label in enumerate(labels)}
    counts = [[0] * len(labels) for _ in labels]
    for truth, value in zip(known, decided, strict=True):
        counts[place[truth]][place[value]] += 1
    return counts


def by_label(counts: list[list[int]], labels: Sequence[str]) -> list[LabelMetrics]:
    """Metrics of each label of a confusion matrix."""
    table = np.array(counts)
    found = []
    for index, label in enumerate(labels):
        hit, known, decided = (
            int(table[index, index]),
            int(table[index].sum()),
            int(table[:, index].sum()),
        )
        found.append(
            LabelMetrics(
                label=label,
                precision=hit / decided if decided else None,
                recall=hit / known if known else None,
                f1=2 * hit / (known + decided) if known + decided else 0.0,
                known=known,
                decided=decided,
            )
        )
    return found


def reliability(confidence: Floats, right: Bools, bins: int = 15) -> list[Bin]:
    """Decisions in equal-width bins of confidence; empty bins are left out."""
    slot = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        Bin(float(confidence[at].mean()), float(right[at].mean()), int(at.sum()))
        for index in range(bins)
        if (at := slot == index).any()
    ]


def expected_calibration_error(confidence: Floats, right: Bools, bins: int = 15) -> float:
    """ECE: mean gap of confidence and accuracy over the bins, by their counts.

    Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning", 2015.
    """
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
    return min(1.0, 2 * at_most(min(only_one, only_other), only_one + only_other, 0.5))


# -- binomial ------------------------------------------------------------------------------------


def at_most(count: int, trials: int, chance: float) -> float:
    """P(X <= count) for X binomial(trials, chance)."""
    if count >= trials or chance <= 0:
        return 1.0
    if count < 0 or chance >= 1:
        return 0.0
    if count > trials * chance:  # the other tail is the short one
        return 1.0 - at_most(trials - count - 1, trials, 1 - chance)
    log_term = (
        math.lgamma(trials + 1)
        - math.lgamma(count + 1)
        - math.lgamma(trials - count + 1)
        + count * math.log(chance)
        + (trials - count) * math.log1p(-chance)
    )
    # Down from the greatest term, each a known part of the one before.
    total, term = 0.0, 1.0
    for k in range(count, -1, -1):
        total += term
        term *= k * (1 - chance) / ((trials - k + 1) * chance)
        if term < total * 1e-17:
            break
    return min(1.0, math.exp(log_term) * total)


def lower_bound(right: int, trials: int, confidence: float = 0.95) -> float:
    """One-sided lower bound of a proportion (Clopper and Pearson, 1934); 0 without trials."""
    if right == 0:
        return 0.0
    low, high = 0.0, right / trials
    for _ in range(50):
        middle = (low + high) / 2
        # P(X >= right) under `middle`, as at most `trials - right` failures.
        if at_most(trials - right, trials, 1 - middle) < 1 - confidence:
            low = middle
        else:
            high = middle
    return low
