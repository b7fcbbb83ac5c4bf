"""Dispatch: starts the runs of uploads that wait, never more at once than the stack allows.

One call at a time does it: who has written itself into the book as its holder, by a write that is
refused where another came first. The book has the name of every run before it is started, so that a
run counts from the moment that it may exist, whatever the list of executions shows already.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from winnow.errors import WinnowError
from winnow.models import FrozenModel
from winnow.recovery.sweep import Start

UNSEEN_S = 120.0
"""A run that was written down and that nobody knows so long afterwards was never started."""
PAUSE_S = 2.0
"""Between two looks at whether a run has ended."""
_AT_ONCE = 10


class Waiting(NamedTuple):
    """An upload that waits: the event of its drop, and the name its execution is to have."""

    handle: str
    name: str
    event: dict[str, Any]


class WaitingQueue(Protocol):
    """The uploads that wait."""

    def any(self) -> bool:
        """Whether one waits, as far as the queue can tell."""
        ...

    def take(self, most: int) -> Sequence[Waiting]:
        """Up to 10, about the oldest, which nobody else gets for a while; none: there are none."""
        ...

    def drop(self, waiting: Waiting) -> None:
        """It has been started."""
        ...

    def give_back(self, waiting: Waiting) -> None:
        """It waits on."""
        ...


class Executions(Protocol):
    """The state machine."""

    def start(self, name: str, event: dict[str, Any]) -> Start: ...

    def running(self) -> set[str]:
        """Names of the executions that run; may lag behind for a moment."""
        ...

    def standing(self, name: str) -> Start | None:
        """RUNNING or ENDED; None: it knows of none of this name, or not yet."""
        ...


class DispatchState(FrozenModel):
    """Who starts runs, and which were started and have not been seen to end."""

    holder: str = ""
    until: FiniteFloat = 0.0
    """epoch seconds; after that whoever comes is the holder"""
    started: dict[str, FiniteFloat] = Field(default_factory=dict)
    """name -> epoch seconds"""


class DispatchStateStore(Protocol):
    """Where the book lies."""

    def load(self) -> tuple[DispatchState, str | None]:
        """The book and its mark; a new one without a mark where there is none yet."""
        ...

    def save(self, book: DispatchState, mark: str | None) -> str | None:
        """Write it unless it has changed since this mark; the new mark, or None if it has."""
        ...


class DispatchInput(BaseModel):
    """What the schedule sends; nothing in it is used."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class DispatchReport(FrozenModel):
    """What a call did."""

    started: int = Field(0, ge=0)
    duplicates: int = Field(0, ge=0, description="had a run of this name already")
    failed: int = Field(0, ge=0, description="could not be started, and wait on")
    codes: tuple[str, ...] = Field((), description="what kept these, each code once")
    busy: bool = Field(False, description="another call is at it")


class Dispatch:
    """One call's work, on its ports. `max_runs` 0: no limit, for what was left in the queue."""

    def __init__(
        self,
        queue: WaitingQueue,
        executions: Executions,
        books: DispatchStateStore,
        max_runs: int,
        *,
        now: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._queue = queue
        self._executions = executions
        self._books = books
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
        book, mark = self._books.load()
        if book.until > self._now():
            return DispatchReport(busy=True)
        # Longer than the call: what it does last is done before another may begin.
        mine = book.model_copy(update={"holder": holder, "until": ends_at + UNSEEN_S})
        mark = self._books.save(mine, mark)
        if mark is None:
            return DispatchReport(busy=True)
        work = _Work(mine, mark)
        try:
            while self._now() < ends_at and self._step(work):
                pass
        finally:
            if work.mark is not None:
                self._books.save(work.book.model_copy(update={"until": 0.0}), work.mark)
        return DispatchReport(
            started=work.started,
            duplicates=work.duplicates,
            failed=work.failed,
            codes=tuple(sorted(work.codes)),
            busy=work.mark is None,
        )

    def _step(self, work: "_Work") -> bool:
        """Start as many as there is room for; whether it is worth another look."""
        room = self._room(work)
        if room <= 0:
            self._sleep(PAUSE_S)
            return self._queue.any()
        taken = self._queue.take(min(room, _AT_ONCE))
        if not taken:
            return False
        work.book.started.update({one.name: self._now() for one in taken})
        work.mark = self._books.save(work.book, work.mark)
        if work.mark is None:
            # Somebody else has become the holder: this call was held up beyond its time.
            for one in taken:
                self._queue.give_back(one)
            return False
        before = work.failed
        for one in taken:
            self._start(one, work)
        return work.failed == before

    def _start(self, one: Waiting, work: "_Work") -> None:
        try:
            started = self._executions.start(one.name, one.event)
        except WinnowError as error:
            # It comes again when the queue's time for it is over. It counts as running meanwhile:
            # the start may have been heard.
            work.failed += 1
            work.codes.add(error.code)
            return
        if started is Start.ENDED:
            del work.book.started[one.name]
        work.started += started is Start.STARTED
        work.duplicates += started is not Start.STARTED
        self._queue.drop(one)

    def _room(self, work: "_Work") -> int:
        if not self._max_runs:
            work.book.started.clear()
            return _AT_ONCE
        running = self._executions.running()
        for name, since in list(work.book.started.items()):
            if name in running:
                continue
            how = self._executions.standing(name)
            unknown = how is None and self._now() - since > UNSEEN_S
            if how is Start.ENDED or unknown:
                del work.book.started[name]
        return self._max_runs - len(running | set(work.book.started))


class _Work:
    """What a call has in hand."""

    def __init__(self, book: DispatchState, mark: str) -> None:
        self.book = book
        self.mark: str | None = mark
        self.started = 0
        self.duplicates = 0
        self.failed = 0
        self.codes: set[str] = set()
