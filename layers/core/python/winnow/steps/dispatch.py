"""Dispatch: starts the runs of queued uploads, never more at once than the stack allows.

Only one call at a time starts runs: the one that has become the holder of the state, by a
conditional write that fails if another call was first. A run's name is written to the state before
it is started, so a run counts from the moment that it may exist, even if the list of executions
does not show it yet.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from winnow.errors import WinnowError
from winnow.models import FrozenModel
from winnow.ports import StartOutcome

UNSEEN_S = 120.0
"""Seconds after which a run in the state that no list shows counts as never started."""
PAUSE_S = 2.0
"""Seconds between two checks whether a run has ended."""
_MAX_AT_ONCE = 10


class WaitingUpload(NamedTuple):
    """A queued upload: its event, and the name for its execution."""

    handle: str
    name: str
    event: dict[str, Any]


class WaitingQueue(Protocol):
    """The queue of uploads."""

    def any(self) -> bool:
        """Whether it has uploads; approximate."""
        ...

    def take(self, most: int) -> Sequence[WaitingUpload]:
        """Up to 10, roughly the oldest first, hidden from other calls for a while; may be empty."""
        ...

    def drop(self, waiting: WaitingUpload) -> None:
        """Remove an upload that has been started."""
        ...

    def give_back(self, waiting: WaitingUpload) -> None:
        """Put an upload back."""
        ...


class Executions(Protocol):
    """The state machine."""

    def start(self, name: str, event: dict[str, Any]) -> StartOutcome:
        """As `winnow.ports.Workflow`."""
        ...

    def running(self) -> set[str]:
        """Names of the executions that run; may lag behind for a moment."""
        ...

    def status_of(self, name: str) -> StartOutcome | None:
        """RUNNING or ENDED; None: there is no execution of this name, or not yet."""
        ...


class DispatchState(FrozenModel):
    """The call that may start runs, and the started runs that are not known to have ended."""

    holder: str = ""
    until: FiniteFloat = 0.0
    """epoch seconds; after that any other call may become the holder"""
    started: dict[str, FiniteFloat] = Field(default_factory=dict)
    """name -> epoch seconds"""


class DispatchStateStore(Protocol):
    """Storage of the state, with a tag that changes with every write."""

    def load(self) -> tuple[DispatchState, str | None]:
        """The state and its tag; an empty state without a tag if there is none yet."""
        ...

    def save(self, state: DispatchState, tag: str | None) -> str | None:
        """Write the state unless its tag has changed; the new tag, or None if it has."""
        ...


class DispatchInput(BaseModel):
    """The event of the schedule; nothing in it is used."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class DispatchReport(FrozenModel):
    """The counts of one call."""

    started: int = Field(0, ge=0)
    duplicates: int = Field(0, ge=0, description="already had a run of this name")
    failed: int = Field(0, ge=0, description="could not be started, and stay queued")
    codes: tuple[str, ...] = Field((), description="error codes of the failed ones, each once")
    busy: bool = Field(False, description="another call holds the lock")


class Dispatch:
    """One call's work, on its ports. `max_runs` 0: no limit, for what was left in the queue."""

    def __init__(
        self,
        queue: WaitingQueue,
        executions: Executions,
        states: DispatchStateStore,
        max_runs: int,
        *,
        now: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._queue = queue
        self._executions = executions
        self._states = states
        self._max_runs = max_runs
        self._now = now
        self._sleep = sleep

    def __call__(self, holder: str, call_s: float) -> DispatchReport:
        """Start runs up to the limit, until the queue is empty or `call_s` seconds are over.

        `holder` is a name unique to this call. Raises what the ports raise.
        """
        if not self._queue.any():
            return DispatchReport()
        ends_at = self._now() + call_s
        state, tag = self._states.load()
        if state.until > self._now():
            return DispatchReport(busy=True)
        # Longer than the call, so that its last work is finished before another may begin.
        held = state.model_copy(update={"holder": holder, "until": ends_at + UNSEEN_S})
        tag = self._states.save(held, tag)
        if tag is None:
            return DispatchReport(busy=True)
        work = _Work(held, tag)
        try:
            while self._now() < ends_at and self._step(work):
                pass
        finally:
            if work.tag is not None:
                self._states.save(work.state.model_copy(update={"until": 0.0}), work.tag)
        return DispatchReport(
            started=work.started,
            duplicates=work.duplicates,
            failed=work.failed,
            codes=tuple(sorted(work.codes)),
            busy=work.tag is None,
        )

    def _step(self, work: "_Work") -> bool:
        """Start runs up to the limit; returns whether to try again."""
        room = self._room(work)
        if room <= 0:
            self._sleep(PAUSE_S)
            return self._queue.any()
        uploads = self._queue.take(min(room, _MAX_AT_ONCE))
        if not uploads:
            return False
        work.state.started.update({upload.name: self._now() for upload in uploads})
        work.tag = self._states.save(work.state, work.tag)
        if work.tag is None:
            # Another call has become the holder: this one was delayed beyond its time.
            for upload in uploads:
                # What cannot be given back, the queue delivers again after a while.
                with suppress(WinnowError):
                    self._queue.give_back(upload)
            return False
        failed_before = work.failed
        unforeseen: list[Exception] = []
        for upload in uploads:
            # Each by itself: an error of one does not hold up the others.
            try:
                self._start(upload, work)
            except WinnowError as error:
                work.failed += 1
                work.codes.add(error.code)
            except Exception as error:
                unforeseen.append(error)
        if unforeseen:
            raise unforeseen[0]
        return work.failed == failed_before

    def _start(self, upload: WaitingUpload, work: "_Work") -> None:
        # If it fails, the queue delivers the upload again after its visibility timeout. Until then
        # it counts as running: the start may have succeeded.
        outcome = self._executions.start(upload.name, upload.event)
        if outcome is StartOutcome.ENDED:
            # One take may hold an upload twice.
            work.state.started.pop(upload.name, None)
        work.started += outcome is StartOutcome.STARTED
        work.duplicates += outcome is not StartOutcome.STARTED
        self._queue.drop(upload)

    def _room(self, work: "_Work") -> int:
        """How many more runs may be started."""
        started = work.state.started
        if not self._max_runs:
            started.clear()
            return _MAX_AT_ONCE
        running = self._executions.running()
        for name, since in list(started.items()):
            if name in running:
                continue
            outcome = self._executions.status_of(name)
            never_started = outcome is None and self._now() - since > UNSEEN_S
            if outcome is StartOutcome.ENDED or never_started:
                del started[name]
        return self._max_runs - len(running | set(started))


class _Work:
    """The state and the counts of one call."""

    def __init__(self, state: DispatchState, tag: str) -> None:
        self.state = state
        self.tag: str | None = tag
        """None: another call has become the holder"""
        self.started = 0
        self.duplicates = 0
        self.failed = 0
        self.codes: set[str] = set()
