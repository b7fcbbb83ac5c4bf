"""How long the table has kept its rows: from when on a version's row may be gone.

A row expires so many days after it was claimed as were in force at that moment, so a later value
says nothing of it. The sweep notes every value that it sees; of a time of which nothing is noted
the smallest value that a stack may have is taken. An error is thus always to the safe side: a row
that is there still is taken for one that may be gone.
"""

from pydantic import FiniteFloat

from winnow.models import FrozenModel

SHORTEST_DAYS = 15
"""The least that a stack may keep rows; the template's number, held to it by a test."""
_DAY_S = 86_400
_HOUR_S = 3_600
_SETTLED_S = _DAY_S
"""After so long every run is started by the workflow of the new value."""
_MOST = 50
"""Changes that are remembered; of the time before them nothing is known."""


class Kept(FrozenModel):
    """Rows claimed from `since` to `until`, in epoch seconds, are kept for so many days."""

    days: int
    since: FiniteFloat
    until: FiniteFloat


class Retention(FrozenModel):
    """Every value that was seen, oldest first."""

    known: tuple[Kept, ...] = ()

    def seen(self, days: int, now: float) -> "Retention":
        """With the value that is in force now.

        A higher one counts a day later, a lower one since the last time that another was seen.
        """
        last = self.known[-1] if self.known else None
        settled = now + _SETTLED_S
        if last is None or now - last.until > _SETTLED_S:
            earlier, new = self.known, Kept(days=days, since=settled, until=settled)
        elif days == last.days:
            earlier = self.known[:-1]
            new = last.model_copy(update={"until": max(last.until, now)})
        elif days < last.days:
            earlier, new = self.known, Kept(days=days, since=min(last.until, now), until=now)
        else:
            longer = last.model_copy(update={"until": max(last.until, settled)})
            earlier = (*self.known[:-1], longer)
            new = Kept(days=days, since=settled, until=settled)
        return Retention(known=(*earlier, new)[-_MOST:])

    def forgotten(self, modified: float, now: float) -> bool:
        """Whether a version that was written then may have had a row that is gone by now.

        It may have been claimed at any time since: the first of those rows to expire decides.
        """
        expiries = []
        covered = modified
        for kept in sorted(self.known, key=lambda kept: kept.since):
            if kept.until < modified or kept.since > now:
                continue
            if kept.since > covered:
                expiries.append(covered + SHORTEST_DAYS * _DAY_S)
            expiries.append(max(modified, kept.since) + kept.days * _DAY_S)
            covered = max(covered, kept.until)
        if covered < now:
            expiries.append(covered + SHORTEST_DAYS * _DAY_S)
        # What is to expire within the hour is not trusted to be there when a run claims it.
        return bool(expiries) and min(expiries) - _HOUR_S <= now
