"""Dispatch: starts the runs of uploads that wait, never more at once than the stack allows.

One call at a time does it: the call that has written itself into the state as its holder, by a
write that is refused where another call came first. A run's name is written into the state before
it is started, so a run counts from the moment that it may exist, whether the list of executions
shows it already or not.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from winnow.errors import WinnowError
from winnow.models import FrozenModel
from winnow.ports import StartOutcome

UNSEEN_S = 120.0
"""A run in the state that no list shows after so long was never started."""
PAUSE_S = 2.0
"""Between two looks at whether a run has ended."""
_MAX_AT_ONCE = 10


class WaitingUpload(NamedTuple):
    """An upload that waits: the event of its drop, and the name that its execution is to have."""

    handle: str
    name: str
    event: dict[str, Any]


class WaitingQueue(Protocol):
    """The uploads that wait."""

    def any(self) -> bool:
        """Whether one waits, as far as the queue can tell."""
        ...

    def take(self, most: int) -> Sequence[WaitingUpload]:
        """Up to 10, about the oldest, which nobody else gets for a while; empty: none waits."""
        ...

    def drop(self, waiting: WaitingUpload) -> None:
        """It has been started."""
        ...

    def give_back(self, waiting: WaitingUpload) -> None:
        """It waits on."""
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
    """Which call starts runs, and which runs were started and have not been seen to end."""

    holder: str = ""
    until: FiniteFloat = 0.0
    """epoch seconds; after that whoever comes is the holder"""
    started: dict[str, FiniteFloat] = Field(default_factory=dict)
    """name -> epoch seconds"""


class DispatchStateStore(Protocol):
    """Where the state is kept, with a tag that changes with every write."""

    def load(self) -> tuple[DispatchState, str | None]:
        """The state and its tag; an empty state without a tag if there is none yet."""
        ...

    def save(self, state: DispatchState, tag: str | None) -> str | None:
        """Write the state unless its tag has changed; the new tag, or None if it has."""
        ...


class DispatchInput(BaseModel):
    """What the schedule sends; nothing in it is used."""

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
        """Start what there is room for, until nothing waits or `call_s` seconds are over.

        `holder` names this call and no other. Raises what the ports raise.
        """
        if not self._queue.any():
            return DispatchReport()
        ends_at = self._now() + call_s
        state, tag = self._states.load()
        if state.until > self._now():
            return DispatchReport(busy=True)
        # Longer than the call: what it does last is done before another may begin.
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
        """Start as many as there is room for; whether it is worth another look."""
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
            # Another call has become the holder: this one was held up beyond its time.
            for upload in uploads:
                self._queue.give_back(upload)
            return False
        failed_before = work.failed
        for upload in uploads:
            self._start(upload, work)
        return work.failed == failed_before

    def _start(self, upload: WaitingUpload, work: "_Work") -> None:
        try:
            outcome = self._executions.start(upload.name, upload.event)
        except WinnowError as error:
            # It comes again when the queue's time for it is over. It counts as running meanwhile:
            # the start may have been heard.
            work.failed += 1
            work.codes.add(error.code)
            return
        if outcome is StartOutcome.ENDED:
            del work.state.started[upload.name]
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
    """The state that a call holds, and what it counts."""

    def __init__(self, state: DispatchState, tag: str) -> None:
        self.state = state
        self.tag: str | None = tag
        """None: another call has become the holder"""
        self.started = 0
        self.duplicates = 0
        self.failed = 0
        self.codes: set[str] = set()
