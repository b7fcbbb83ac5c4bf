"""The sweep's state between calls, stored as an object in the results bucket."""

from pydantic import Field, FiniteFloat, ValidationError

from winnow.errors import ObjectGoneError
from winnow.models import FrozenModel, ObjectRef
from winnow.ports import ObjectStore
from winnow.recovery.retention import Retention
from winnow.storage.paths import JSON


class Cursor(FrozenModel):
    """A position in the listing of the inbox: after this version."""

    key: str
    version_id: str


class Lease(FrozenModel):
    """A row of the index of running runs, and a position in it: after this row."""

    until: FiniteFloat
    upload_id: str


class Claim(FrozenModel):
    """A row of the index of the runs of one state, and a position in it: after this row."""

    at: str
    """as the workflow writes it"""
    upload_id: str


class Walk(FrozenModel):
    """The progress of the walk over the inbox."""

    after: Cursor | None = None
    """None: at the beginning"""
    began: FiniteFloat
    since: FiniteFloat | None = None
    """Rows are looked up for versions that were written since then; None: for all."""
    open_since: FiniteFloat | None = None
    """when the oldest version was written that this walk has left without a row"""
    oldest_s: FiniteFloat = Field(0.0, ge=0)
    """age of the oldest unfinished version that this walk has seen"""


class SweepState(FrozenModel):
    """Where the next call continues."""

    walk: Walk | None = None
    """None: the next call begins one"""
    before_s: FiniteFloat = Field(0.0, ge=0)
    """age of the oldest unfinished version that the last complete walk saw"""
    looked_until: FiniteFloat | None = None
    """A walk has looked up the row of every version that was written before this."""
    all_at: FiniteFloat | None = None
    """when the last complete walk began that looked up the row of every version"""
    stuck_after: Lease | None = None
    """where the search for crashed runs continues; None: at the beginning"""
    queued_until: dict[str, FiniteFloat] = Field(default_factory=dict)
    """state -> the records of every run that ended so, and claimed before this, are queued"""
    ended_until: FiniteFloat | None = None
    """Every run that claimed before this had ended at the previous call."""
    retention: Retention = Retention()

    def plausible(self, now: float) -> "SweepState":
        """Without times in the future: a clock was wrong, or somebody else wrote the state.

        Without them the sweep only checks more.
        """
        times = [self.looked_until, self.all_at, self.ended_until, *self.queued_until.values()]
        if self.walk is not None:
            times += [self.walk.began, self.walk.since]
        if any(at is not None and at > now for at in times):
            return SweepState(retention=self.retention)
        return self


def load_state(store: ObjectStore, ref: ObjectRef) -> SweepState:
    """The state that the previous call saved; an empty one if it is missing or unreadable."""
    try:
        with store.open(ref) as stream:
            content = stream.read()
        return SweepState.model_validate_json(content)
    except (ObjectGoneError, ValidationError):
        return SweepState()


def save_state(store: ObjectStore, ref: ObjectRef, state: SweepState) -> None:
    """Save the state for the next call."""
    store.put(ref, state.model_dump_json().encode(), JSON)


def noted_retention(store: ObjectStore, ref: ObjectRef) -> Retention:
    """How long the table has kept rows, as recorded by the sweep."""
    return load_state(store, ref).retention
