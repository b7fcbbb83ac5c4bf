"""A challenger against the champion, on records that neither was trained on.

A verdict needs one number for what a version is worth at its threshold: an accepted decision that
is right counts 1, one that is wrong counts against it as many as the threshold says it may be among
(`stake`), and a record set aside counts nothing. Each record counts for as many as it was sampled
for. Whether the gain may be chance says a randomization test over groups of near copies: under the
hypothesis that the two are equally good, each group's difference might as well have the other sign.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow_train.decisions import Decisions
from winnow_train.metrics import (
    expected_calibration_error,
    lower_bound,
    mcnemar,
    weighted_lower_bound,
)

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

SIGNIFICANT = 0.05
DRAWS = 9_999
MAX_STAKE = 99.0


class Outcome(StrEnum):
    """What a comparison comes to."""

    BETTER = "better"
    NOT_BETTER = "not_better"
    WORSE = "worse"


@dataclass(frozen=True)
class Estimate:
    """How good a version is on the records that the held-out ones stand for."""

    accuracy: float
    ece: float
    accepted: float
    """Share accepted at the version's threshold."""
    accepted_rows: int
    right_rows: int
    """Of these."""
    precision: float | None
    """Share of what is accepted that is right, by weight; None: nothing is accepted."""
    precision_lower: float | None
    """One-sided 95% bound of it, by Clopper and Pearson at the effective sample."""
    rows_precision_lower: float | None
    """The same of the rows as they are, each counted once."""


@dataclass(frozen=True)
class SideBySide:
    """Two versions on some of the rows."""

    name: str
    rows: int
    accuracy: tuple[float, float]
    """The challenger's, and the champion's."""
    accepted: tuple[int, int]
    right: tuple[int, int]
    """Of these."""
    bound: tuple[float | None, float | None]
    """One-sided 95% bounds of the precision of what is accepted."""


@dataclass(frozen=True)
class Contest:
    """Challenger and champion on the same rows."""

    rows: int
    records: float
    """How many records the rows stand for."""
    challenger: Estimate
    champion: Estimate
    only_challenger_right: int
    """Groups of near copies, of each its first row."""
    only_champion_right: int
    mcnemar_p: float
    stake: float
    gain: float
    """What the challenger is worth more, per record: from -1 - stake to 1 + stake."""
    gain_p: float
    outcome: Outcome
    sentence: str
    slices: dict[str, list[SideBySide]]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def contest(
    challenger: Decisions,
    champion: Decisions,
    thresholds: tuple[float, float],
    weights: Doubles,
    groups: Ints,
    stake_at: float,
    slices: Mapping[str, Sequence[str]],
) -> Contest:
    """Compare two versions on the same rows.

    Args:
        challenger: Its decisions.
        champion: Its decisions.
        thresholds: The challenger's, and the champion's.
        weights: How many records each row stands for.
        groups: Near copies have the same.
        stake_at: The precision at which what is accepted is worth nothing: the guarantee, or the
            champion's threshold.
        slices: By the name of a slicing, each row's part.
    """
    sides = (challenger, champion)
    right = [side.right for side in sides]
    accepted = [
        side.acceptable >= threshold for side, threshold in zip(sides, thresholds, strict=True)
    ]
    first = np.unique(groups, return_index=True)[1]
    stake = min(MAX_STAKE, max(1.0, stake_at / (1 - stake_at) if stake_at < 1 else MAX_STAKE))
    worth = [a * np.where(r, 1.0, -stake) for a, r in zip(accepted, right, strict=True)]
    differences: Doubles = np.bincount(groups, weights * (worth[0] - worth[1])).astype(np.float64)
    gain = float(differences.sum() / weights.sum())
    p_value = mcnemar(right[0][first], right[1][first])
    estimates = [_estimate(side, kept, weights) for side, kept in zip(sides, accepted, strict=True)]
    only = [int((right[one] & ~right[other])[first].sum()) for one, other in ((0, 1), (1, 0))]
    gain_p = _randomization_p(differences)
    better_right = estimates[0].accuracy - estimates[1].accuracy
    outcome = _outcome(gain, gain_p, only[0] - only[1], p_value, better_right)
    found = Contest(
        rows=len(groups),
        records=float(weights.sum()),
        challenger=estimates[0],
        champion=estimates[1],
        only_challenger_right=only[0],
        only_champion_right=only[1],
        mcnemar_p=p_value,
        stake=stake,
        gain=gain,
        gain_p=gain_p,
        outcome=outcome,
        sentence="",
        slices={name: _parts(parts, right, accepted) for name, parts in slices.items()},
    )
    return replace(found, sentence=_sentence(found))


def withheld(found: Contest, why: str) -> Contest:
    """A contest that the challenger does not win, whatever the rows say: they cannot show why."""
    if found.outcome is not Outcome.BETTER:
        return found
    lost = replace(found, outcome=Outcome.NOT_BETTER)
    return replace(lost, sentence=f"{_sentence(lost)} {why}")


def _estimate(decisions: Decisions, accepted: Bools, weights: Doubles) -> Estimate:
    right = decisions.right
    count, good = int(accepted.sum()), int((accepted & right).sum())
    return Estimate(
        accuracy=float(np.average(right, weights=weights)),
        ece=expected_calibration_error(decisions.confidence, right, weights=weights),
        accepted=float(np.average(accepted, weights=weights)),
        accepted_rows=count,
        right_rows=good,
        precision=float(np.average(right[accepted], weights=weights[accepted])) if count else None,
        precision_lower=weighted_lower_bound(right[accepted], weights[accepted]) if count else None,
        rows_precision_lower=lower_bound(good, count) if count else None,
    )


def _randomization_p(differences: Doubles) -> float:
    """Two-sided p-value of a sum of differences that might each have the other sign."""
    moved = differences[differences != 0]
    if not len(moved):
        return 1.0
    signs = np.random.default_rng(0).choice((-1.0, 1.0), (DRAWS, len(moved)))
    # A hair less, so that rounding does not tell equal sums apart.
    reached = np.abs(signs @ moved) >= abs(moved.sum()) * (1 - 1e-9)
    return float((reached.sum() + 1) / (DRAWS + 1))


def _outcome(
    gain: float, gain_p: float, more_right: int, mcnemar_p: float, better_right: float
) -> Outcome:
    if (gain < 0 and gain_p < SIGNIFICANT) or (more_right < 0 and mcnemar_p < SIGNIFICANT):
        return Outcome.WORSE
    if gain > 0 or (gain == 0 and better_right > 0):
        return Outcome.BETTER
    return Outcome.NOT_BETTER


def _sentence(found: Contest) -> str:
    """What came of it, without text of documents."""
    challenger, champion = found.challenger, found.champion
    sure = min(found.gain_p, found.mcnemar_p) < SIGNIFICANT
    words = {
        Outcome.BETTER: "Better"
        + ("" if sure else ", by a difference that may be chance: live records decide"),
        Outcome.NOT_BETTER: "Not better",
        Outcome.WORSE: "Worse",
    }
    precisions = [
        "none is accepted" if side.precision is None else f"{side.precision:.1%} of these right"
        for side in (challenger, champion)
    ]
    return (
        f"{words[found.outcome]}. On {found.rows:,} held-out reviews the challenger alone is right "
        f"{found.only_challenger_right:,} times, the champion alone {found.only_champion_right:,} "
        f"(McNemar p = {found.mcnemar_p:.2g}). The challenger accepts {challenger.accepted:.1%} "
        f"({precisions[0]}), the champion {champion.accepted:.1%} ({precisions[1]})."
    )


def _parts(
    parts: Sequence[str], right: Sequence[Bools], accepted: Sequence[Bools]
) -> list[SideBySide]:
    names = np.array(parts)
    return [
        _side_by_side(str(name), names == name, right, accepted)
        for name in sorted(set(names.tolist()))
    ]


def _side_by_side(
    name: str, chosen: Bools, right: Sequence[Bools], accepted: Sequence[Bools]
) -> SideBySide:
    accuracies = [float(r[chosen].mean()) for r in right]
    counts = [int((a & chosen).sum()) for a in accepted]
    good = [int((a & r & chosen).sum()) for a, r in zip(accepted, right, strict=True)]
    bounds = [lower_bound(g, n) if n else None for g, n in zip(good, counts, strict=True)]
    return SideBySide(
        name=name,
        rows=int(chosen.sum()),
        accuracy=(accuracies[0], accuracies[1]),
        accepted=(counts[0], counts[1]),
        right=(good[0], good[1]),
        bound=(bounds[0], bounds[1]),
    )
