"""What audits say of a release: promote it, take it back, or audit further, and why.

The gate counts records, not minutes: without audited records it waits. Times are the caller's.
"""

from enum import StrEnum

from winnow.models import FrozenModel
from winnow.releases.precision import Precision


class Action(StrEnum):
    """What to do with a challenger."""

    PROMOTE = "promote"
    TAKE_BACK = "take_back"
    WAIT = "wait"


class Reason(StrEnum):
    """Why; the codes are stable."""

    PROVEN = "guarantee_proven"
    BROKEN = "guarantee_broken"
    UNDECIDED = "more_audits_needed"
    NO_RECORDS = "nothing_audited"
    NO_GUARANTEE = "no_guarantee"
    BY_HAND = "proven_promote_by_hand"
    WORSE = "worse_than_champion"


class Decision(FrozenModel):
    """What follows from the audits so far."""

    action: Action
    code: Reason
    reason: str
    """A sentence for people; it contains numbers, and nothing of a document."""


def decide(
    challenger: Precision,
    guarantee: float | None,
    *,
    automatic: bool,
    champion: Precision | None = None,
) -> Decision:
    """What to do with a challenger.

    Args:
        challenger: What audits prove of it.
        guarantee: The least precision that its process promises; `None`: it promises none.
        automatic: Whether the release may be promoted without a person.
        champion: What audits prove of the version that it would replace.
    """
    if guarantee is None:
        reason = "The process has no guarantee: a person decides."
        return _wait(Reason.NO_GUARANTEE, reason)
    if not challenger.n:
        return _wait(Reason.NO_RECORDS, "No accepted record of the challenger was audited yet.")
    known = _known(challenger)
    if is_broken(challenger, guarantee):
        reason = f"Precision is below the guarantee of {_percent(guarantee)}: {known}."
        return Decision(action=Action.TAKE_BACK, code=Reason.BROKEN, reason=reason)
    if challenger.lower < guarantee:
        reason = f"More audits are needed for the guarantee of {_percent(guarantee)}: {known}."
        return _wait(Reason.UNDECIDED, reason)
    if champion is not None and challenger.upper < champion.lower:
        reason = f"The guarantee is met, but the champion is better ({_known(champion)}): {known}."
        return _wait(Reason.WORSE, reason)
    reason = f"Precision is above the guarantee of {_percent(guarantee)}: {known}."
    if not automatic:
        return _wait(Reason.BY_HAND, reason + " A person has to promote it.")
    return Decision(action=Action.PROMOTE, code=Reason.PROVEN, reason=reason)


def is_broken(precision: Precision, guarantee: float) -> bool:
    """Whether a version, also the champion, is proven to break its guarantee."""
    return precision.upper < guarantee


def _wait(code: Reason, reason: str) -> Decision:
    return Decision(action=Action.WAIT, code=code, reason=reason)


def _known(precision: Precision) -> str:
    bounds = f"{_percent(precision.lower)} to {_percent(precision.upper)}"
    records = "record" if precision.n == 1 else "records"
    return f"{bounds} after {precision.n:,} audited {records}, {precision.right:,} of them right"


def _percent(value: float) -> str:
    return f"{100 * value:.2f}".rstrip("0").rstrip(".") + " %"
