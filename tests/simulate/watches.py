"""`winnow.releases`, for many histories at once: the same rules on arrays.

`tests/simulate/test_watches.py` holds the two together. An array has a row for each history.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from winnow.releases.change import CALM, FACTORS
from winnow.releases.precision import (
    CANDIDATES,
    CONFIDENCE,
    FEWER,
    HALVINGS,
    MORE,
    STAKES,
    WEIGHTS,
    divide,
    ratios,
)

Array = npt.NDArray[Any]
LOWER = np.array([0.0, *CANDIDATES])
UPPER = np.array([*CANDIDATES, 1.0])
_LOG_STAKES = np.log(STAKES)
FEW, STEPS = 100, 40
"""So many rows at most look at so many candidates at once."""
_ENOUGH = 600.0
"""Logarithm of a capital that excludes anything, and that a float can hold."""


class Bets:
    """What a record of each weight makes of each bet, as logarithms."""

    def __init__(self, weights: Sequence[float]) -> None:
        """Takes the weights that records have."""
        parts = np.zeros((len(weights), HALVINGS))
        for row, weight in enumerate(weights):
            for place, part in divide(weight):
                parts[row, place] = part
        self.weights = np.array(weights)
        used = np.flatnonzero(parts.any(0))
        self.parts = parts[:, used]
        kept = np.array(WEIGHTS)[used]
        self._tables = {}
        self._largest = np.log([max(ratios(m, f)[0] for f in FEWER) for m in CANDIDATES])
        for factors in (FEWER, MORE):
            ratio = np.array([[ratios(m, f) for f in factors] for m in CANDIDATES])
            tables = np.log1p(kept * (ratio[..., None] - 1))
            self._tables[factors] = np.ascontiguousarray(np.moveaxis(tables, (2, 3), (0, 1)))

    def capital(self, counts: Array, candidates: Array, factors: tuple[float, ...]) -> Array:
        """Against one candidate a row; `counts` has right and wrong ones by weight."""
        logs = np.empty((len(candidates), len(factors)))
        logs[:] = _LOG_STAKES
        for side, weights in enumerate(self._tables[factors]):
            for place, table in enumerate(weights):
                logs += table.take(candidates, axis=0) * counts[:, side, place, None]
        np.minimum(logs, _ENOUGH, out=logs)
        total: Array = np.exp(logs, out=logs).sum(1)
        return total

    def raise_lower(self, counts: Array, lower: Array, rows: Array, errors: Array) -> Array:
        """Moves lower bounds, places in `LOWER`, over all that is excluded.

        Returns for each row how many right records at least must come before it can move again: a
        record multiplies the capital by no more than the largest ratio.
        """
        lower[rows] = self._advance(counts, lower, rows, 1 / errors[rows], FEWER)
        place = np.minimum(lower[rows], len(CANDIDATES) - 1)
        missing = -np.log(errors[rows] * self.capital(counts[rows], place, FEWER))
        return np.asarray(np.ceil(missing / self._largest[place] - 1e-6), int)

    def sink_upper(self, counts: Array, upper: Array, rows: Array, error: float) -> None:
        """Moves upper bounds, places in `UPPER`, over all that is excluded."""
        enough = np.full(rows.size, 1 / error)
        from_above = len(CANDIDATES) - upper
        upper[rows] = len(CANDIDATES) - self._advance(counts, from_above, rows, enough, MORE)

    def _advance(
        self, counts: Array, places: Array, rows: Array, enough: Array, factors: tuple[float, ...]
    ) -> Array:
        """Where the rows get to; looks at many candidates at once where few rows move."""
        reached, last = places[rows], len(CANDIDATES)
        at = np.arange(rows.size)
        while (at := at[reached[at] < last]).size:
            steps = 1 if at.size > FEW else STEPS
            ahead = reached[at, None] + np.arange(steps)
            inside = np.minimum(ahead, last - 1).ravel()
            candidates = inside if factors is FEWER else last - 1 - inside
            capital = self.capital(counts[rows[at]].repeat(steps, axis=0), candidates, factors)
            excluded = (capital.reshape(-1, steps) >= enough[at, None]) & (ahead < last)
            moved = np.logical_and.accumulate(excluded, axis=1).sum(1)
            reached[at] += moved
            at = at[moved == steps]
        return reached


class Watches:
    """As many watches as there are histories. Without `bounds` only the alarms are kept."""

    def __init__(
        self,
        histories: int,
        expected: float,
        weights: Sequence[float],
        false_alarm_every: int,
        *,
        bounds: bool = True,
        restarts: bool = True,
    ) -> None:
        """Starts them. Without `restarts` they are sequences that no alarm interrupts."""
        self._bets = Bets(weights)
        self._every, self._expected = false_alarm_every, expected
        self._bounds, self._restarts = bounds, restarts
        ratio = np.array([ratios(expected, factor) for factor in FACTORS])
        # By factor, then whether the record is right, then weight.
        self._gains = 1 + self._bets.weights * (ratio[:, ::-1, None] - 1)
        self._rows = np.arange(histories)
        used = self._bets.parts.shape[1]
        self.n = np.zeros(histories, int)
        self.counts = np.zeros((histories, 2, used))
        self.recent = np.zeros((histories, 2, used))
        self.recent_n = np.zeros(histories, int)
        self._lower = np.zeros(histories, int)
        self._wait = np.zeros(histories, int)
        self._upper = np.full(histories, len(CANDIDATES))
        self.sums = np.zeros((len(FACTORS), histories))
        self.cusum = np.ones(histories)
        self.attempt = np.zeros(histories, int)
        self.alarms = np.zeros(histories, int)
        self.fallen = np.zeros(histories, bool)
        self._since = np.zeros((histories, 3))

    @property
    def lower(self) -> Array:
        """The lower bounds."""
        return np.asarray(LOWER[self._lower])

    @property
    def upper(self) -> Array:
        """The upper bounds."""
        return np.asarray(UPPER[self._upper])

    def observe(self, kinds: Array, correct: Array) -> Array:
        """One more record for each; returns which have an alarm. `kinds` are places of weights."""
        gains = np.asarray(self._gains[:, correct.astype(int), kinds])
        self.sums = (self.sums + 1) * gains
        self.n += 1
        ringing: Array = self.sums.mean(0) >= self._every
        if not self._bounds:
            self.sums[:, ringing] = 0
            self.alarms += ringing
            return ringing
        self._count(kinds, correct, gains[1])
        if self._restarts:
            self._alarm(np.flatnonzero(ringing))
            crossed = (self.lower > self.upper) | self._over()
            self._restart(np.flatnonzero(crossed & ~ringing))
        return ringing

    def _count(self, kinds: Array, correct: Array, gain: Array) -> None:
        side, parts = 1 - correct.astype(int), self._bets.parts[kinds]
        self.counts[self._rows, side] += parts
        lower_errors, upper_error = self._errors(self.attempt)
        # A right record can exclude nothing from above, a wrong one nothing from below.
        self._wait -= correct
        due, wrong = np.flatnonzero(correct & (self._wait <= 0)), np.flatnonzero(~correct)
        self._wait[due] = self._bets.raise_lower(self.counts, self._lower, due, lower_errors)
        self._bets.sink_upper(self.counts, self._upper, wrong, upper_error)
        self.cusum = np.minimum(self.cusum * gain, float(self._every))
        self.recent[self._rows, side] += parts
        self.recent_n += 1
        self._forget(self.cusum <= 1)
        self.cusum = np.maximum(self.cusum, 1.0)
        weight = self._bets.weights[kinds]
        since = np.stack([np.ones_like(weight), weight * correct, weight], axis=1)
        self._since += since * self.fallen[:, None]

    def _errors(self, attempt: Array) -> tuple[Array, float]:
        error = 1 - CONFIDENCE
        return error / ((attempt + 1) * (attempt + 2)), error / 2

    def _forget(self, rows: Array) -> None:
        self.recent[rows] = 0
        self.recent_n[rows] = 0

    def _over(self) -> Array:
        n, right, total = self._since.T
        return np.asarray((n >= CALM) & (right >= self._expected * total))

    def _alarm(self, rows: Array) -> None:
        if not rows.size:
            return
        self.alarms[rows] += 1
        lower, upper = np.zeros(rows.size, int), np.full(rows.size, len(CANDIDATES))
        lower_errors, upper_error = self._errors(self.attempt[rows] + 1)
        recent, every = self.recent[rows], np.arange(rows.size)
        self._bets.raise_lower(recent, lower, every, lower_errors)
        self._bets.sink_upper(recent, upper, every, upper_error)
        worse = (self.recent_n[rows] > 0) & (upper < self._upper[rows])
        taken = rows[worse]
        self._lower[taken], self._upper[taken] = lower[worse], upper[worse]
        self.counts[taken], self.n[taken] = self.recent[taken], self.recent_n[taken]
        self.attempt[taken] += 1
        self._quiet(rows, fallen=True)

    def _restart(self, rows: Array) -> None:
        self.counts[rows] = 0
        self.n[rows] = 0
        self._lower[rows], self._upper[rows] = 0, len(CANDIDATES)
        self.attempt[rows] += 1
        self._forget(rows)
        self.cusum[rows] = 1
        self._quiet(rows, fallen=False)

    def _quiet(self, rows: Array, *, fallen: bool) -> None:
        self.sums[:, rows] = 0
        self._wait[rows] = 0
        self.fallen[rows] = fallen
        self._since[rows] = 0
