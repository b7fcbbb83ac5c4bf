"""What a run's records look like, and how far that is from what was measured.

Pure Python: Filter, whose image has no numpy, keeps a run's profile while the records pass.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from winnow.models import Difference, Drift, Judgement, Profile, ProfileCounts

BINS = 20
MIN_LIMIT = 0.1
"""A distance below this is no drift that anybody would act on, however many records show it."""

# Four respects at the 0.25% level each, so that 1% of runs that are alike exceed any limit.
_KS = 1.828
_NORMAL = 2.807
_NORMAL_TWO_SIDED = 3.023


class Profiler:
    """Counts judgements into a profile."""

    def __init__(self) -> None:
        self._scores = [0] * BINS
        self._distances = [0] * BINS
        self._decisions: Counter[str] = Counter()
        self._reviewed = 0

    def add(self, judgement: Judgement, *, reviewed: bool) -> None:
        self.count(
            judgement.score, str(judgement.decision.value), judgement.distance, reviewed=reviewed
        )

    def count(
        self,
        score: float,
        decision: str,
        distance: float | None,
        *,
        reviewed: bool,
        times: int = 1,
    ) -> None:
        """One judged record, or as many as it stands for."""
        self._scores[_bin(score)] += times
        self._decisions[decision] += times
        self._reviewed += times * reviewed
        if distance is not None:
            self._distances[_bin(distance)] += times

    def add_counts(self, counts: ProfileCounts) -> None:
        """What another profiler has counted, of other records."""
        self._scores = [a + b for a, b in zip(self._scores, counts.scores, strict=True)]
        self._distances = [a + b for a, b in zip(self._distances, counts.distances, strict=True)]
        self._decisions.update(counts.decisions)
        self._reviewed += counts.reviewed

    @property
    def counts(self) -> ProfileCounts:
        """What was counted so far."""
        return ProfileCounts(
            scores=tuple(self._scores),
            distances=tuple(self._distances),
            decisions=dict(sorted(self._decisions.items())),
            reviewed=self._reviewed,
        )

    def profile(self, threshold: float) -> Profile:
        """What was counted; `threshold` is what the review was at."""
        records = sum(self._scores)
        return Profile(
            records=records,
            scores=tuple(self._scores),
            decisions=dict(sorted(self._decisions.items())),
            novelty=tuple(self._distances) if any(self._distances) else (),
            review_rate=round(self._reviewed / records, 4) if records else None,
            threshold=threshold,
        )


def drift(run: Profile, measured: Profile) -> Drift | None:
    """How far a run is from the training data; None if either has no records."""
    if not run.records or not measured.records:
        return None
    return Drift(
        scores=_shape(run.scores, measured.scores),
        decisions=_shares(run.decisions, measured.decisions),
        embeddings=(
            _shape(run.novelty, measured.novelty) if run.novelty and measured.novelty else None
        ),
        review=(
            _rates(run.review_rate, run.records, measured.review_rate, measured.records)
            if run.review_rate is not None
            and measured.review_rate is not None
            and run.threshold == measured.threshold
            else None
        ),
    )


def _bin(value: float) -> int:
    return min(BINS - 1, int(value * BINS))


def _difference(distance: float, limit: float) -> Difference:
    limit = round(min(1.0, max(MIN_LIMIT, limit)), 4)
    distance = round(min(1.0, distance), 4)
    return Difference(distance=distance, limit=limit, drifted=distance > limit)


def _shape(run: Sequence[int], measured: Sequence[int]) -> Difference:
    """Kolmogorov-Smirnov distance of two histograms, with its limit."""
    total, others = sum(run), sum(measured)
    here = there = distance = 0.0
    for left, right in zip(run, measured, strict=True):
        here += left / total
        there += right / others
        distance = max(distance, abs(here - there))
    return _difference(distance, _KS * math.sqrt(1 / total + 1 / others))


def _shares(run: Mapping[str, int], measured: Mapping[str, int]) -> Difference:
    """Total variation of two sets of shares, its limit by the chi-squared test.

    The test's critical value is Wilson and Hilferty's approximation (1931). As chi-squared weighs
    labels by their rarity and this distance does not, the limit is where the distance would lie
    if every share differed by the same part.
    """
    total, others = sum(run.values()), sum(measured.values())
    names = {*run, *measured}
    distance = sum(abs(run.get(n, 0) / total - measured.get(n, 0) / others) for n in names) / 2
    free = max(1, len(names) - 1)
    critical = free * (1 - 2 / (9 * free) + _NORMAL * math.sqrt(2 / (9 * free))) ** 3
    return _difference(distance, math.sqrt(critical * (1 / total + 1 / others)) / 2)


def _rates(run: float, count: int, measured: float, others: int) -> Difference:
    pooled = (run * count + measured * others) / (count + others)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / count + 1 / others))
    return _difference(abs(run - measured), _NORMAL_TWO_SIDED * spread)
