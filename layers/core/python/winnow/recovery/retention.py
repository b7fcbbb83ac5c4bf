"""How long the table has kept its rows: from when on a version's row may be gone.

A row expires the number of days after its claim that was configured at that moment; a later value
does not change it. The sweep records every value that it sees, and assumes the smallest allowed
value for times without a record. Errors are thus on the safe side: an existing row may be treated
as one that may be gone, never the reverse.
"""

from pydantic import FiniteFloat

from winnow.models import FrozenModel

SHORTEST_DAYS = 15
"""Minimum days that a stack may keep rows; a test compares it with the template."""
_DAY_S = 86_400
_HOUR_S = 3_600
_SETTLED_S = _DAY_S
"""Seconds after which every new run uses the new value."""
_MOST = 50
"""Maximum changes that are stored."""


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
