"""Dispatch in memory: the limit holds whatever is late, doubled, lost or at it twice."""

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from winnow.errors import RetryableError
from winnow.ports import StartOutcome
from winnow.steps.dispatch import UNSEEN_S, Dispatch, DispatchReport, DispatchState, WaitingUpload


@dataclass
class Clock:
    now: float = 1_000_000.0
    each: list[Any] = field(default_factory=list)
    """what else happens while somebody sleeps"""

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for call in self.each:
            call()


@dataclass
class Queue:
    clock: Clock
    messages: list[tuple[str, dict[str, Any], float]] = field(default_factory=list)
    """name, event, visible from"""
    hidden_s: float = 120.0

    def add(self, *names: str) -> None:
        self.messages += [(name, {"of": name}, 0.0) for name in names]

    def any(self) -> bool:
        return any(at <= self.clock.now for _, _, at in self.messages)

    def take(self, most: int) -> list[WaitingUpload]:
        taken: list[WaitingUpload] = []
        for place, (name, event, at) in enumerate(self.messages):
            if at <= self.clock.now and len(taken) < most:
                self.messages[place] = (name, event, self.clock.now + self.hidden_s)
                taken.append(WaitingUpload(str(id(event)), name, event))
        return taken

    def drop(self, waiting: WaitingUpload) -> None:
        self.messages = [one for one in self.messages if str(id(one[1])) != waiting.handle]

    def give_back(self, waiting: WaitingUpload) -> None:
        self.messages = [
            (name, event, 0.0 if str(id(event)) == waiting.handle else at)
            for name, event, at in self.messages
        ]


@dataclass
class Machine:
    """Executions, and a list of them that lags behind."""

    clock: Clock
    lag_s: float = 0.0
    began: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    most: int = 0
    broken: int = 0
    """so many starts fail"""
    heard: bool = False
    """and have been heard all the same"""

    @property
    def open(self) -> set[str]:
        return set(self.began) - set(self.ended)

    def start(self, name: str, event: dict[str, Any]) -> StartOutcome:
        assert event
        if self.broken:
            self.broken -= 1
            if self.heard and name not in self.began:
                self._begin(name)
            raise RetryableError("Step Functions did not answer.")
        if name in self.began:
            return StartOutcome.RUNNING if name in self.open else StartOutcome.ENDED
        self._begin(name)
        return StartOutcome.STARTED

    def _begin(self, name: str) -> None:
        self.began[name] = self.clock.now
        self.most = max(self.most, len(self.open))

    def end(self, name: str) -> None:
        self.ended[name] = self.clock.now

    def running(self) -> set[str]:
        before = self.clock.now - self.lag_s
        return {
            name
            for name, at in self.began.items()
            if at <= before and self.ended.get(name, float("inf")) > before
        }

    def status_of(self, name: str) -> StartOutcome | None:
        if self.began.get(name, float("inf")) > self.clock.now - self.lag_s:
            return None
        before = self.clock.now - self.lag_s
        return (
            StartOutcome.ENDED
            if self.ended.get(name, float("inf")) <= before
            else StartOutcome.RUNNING
        )


@dataclass
class Books:
    book: DispatchState = field(default_factory=DispatchState)
    mark: int = 0
    meanwhile: list[Any] = field(default_factory=list)

    def load(self) -> tuple[DispatchState, str | None]:
        return self.book.model_copy(deep=True), str(self.mark) if self.mark else None

    def save(self, book: DispatchState, mark: str | None) -> str | None:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if mark != (str(self.mark) if self.mark else None):
            return None
        self.mark += 1
        self.book = book.model_copy(deep=True)
        return str(self.mark)


@dataclass
class World:
    clock: Clock = field(default_factory=Clock)
    max_runs: int = 3

    def __post_init__(self) -> None:
        self.queue = Queue(self.clock)
        self.machine = Machine(self.clock)
        self.books = Books()

    def call(self, holder: str = "me", call_s: float = 45.0) -> DispatchReport:
        dispatch = Dispatch(
            self.queue,
            self.machine,
            self.books,
            self.max_runs,
            now=self.clock,
            sleep=self.clock.sleep,
        )
        return dispatch(holder, call_s)

    def minute(self, holder: str = "me") -> DispatchReport:
        """A call, and the rest of its minute."""
        began = self.clock.now
        report = self.call(holder)
        self.clock.now = max(self.clock.now, began + 60)
        return report


@pytest.fixture
def world() -> World:
    return World()


def test_nothing_waits_and_nothing_is_written(world: World):
    assert world.call() == DispatchReport()
    assert world.books.mark == 0


def test_as_many_run_as_may_and_the_rest_wait(world: World):
    world.queue.add(*"abcdefg")
    report = world.call()
    assert (report.started, report.failed) == (3, 0)
    assert world.machine.open == set("abc")
    assert len(world.queue.messages) == 4
    world.machine.end("b")
    assert world.minute().started == 1
    assert world.machine.open == set("acd")


def test_room_is_used_while_the_call_lasts(world: World):
    world.queue.add(*(f"f{number}" for number in range(40)))

    # Runs of ten seconds.
    def end_old_runs() -> None:
        for name in sorted(world.machine.open):
            if world.clock.now - world.machine.began[name] >= 10:
                world.machine.end(name)

    world.clock.each.append(end_old_runs)
    report = world.call()
    assert world.machine.most == 3
    assert report.started >= 4 * 3, "45 seconds are four runs' time"


@pytest.mark.parametrize("seed", range(20))
def test_a_thousand_files_each_run_once_and_the_limit_holds(seed: int):
    chance = random.Random(seed)
    world = World(max_runs=chance.choice([1, 2, 7, 40]))
    world.machine.lag_s = chance.choice([0.0, 3.0, 20.0])
    names = [f"f{number}" for number in range(200)]
    deliveries = names + chance.sample(names, 30)
    chance.shuffle(deliveries)
    world.queue.add(*deliveries)
    ends: dict[str, float] = {}

    def go_on() -> None:
        for name in world.machine.open:
            ends.setdefault(name, world.machine.began[name] + chance.uniform(1, 90))
            if ends[name] <= world.clock.now:
                world.machine.end(name)

    world.clock.each.append(go_on)
    for number in range(2_000):
        if chance.random() < 0.1:
            world.machine.broken, world.machine.heard = 1, chance.random() < 0.5
        world.minute(f"call{number}")
        go_on()
        if not world.queue.messages:
            break
    assert set(world.machine.began) == set(names)
    assert world.machine.most <= world.max_runs


def test_a_second_delivery_is_a_duplicate_and_takes_no_room(world: World):
    world.queue.add("a", "a", "b")
    report = world.call()
    assert (report.started, report.duplicates) == (2, 1)
    world.machine.end("a")
    world.queue.add("a", "c", "d")
    report = world.minute()
    assert (report.started, report.duplicates) == (2, 1)
    assert world.machine.open == {"b", "c", "d"}


@pytest.mark.parametrize("deliveries", ["aab", "aaab", "baab", "abab", "aabb", "abcab"])
@pytest.mark.parametrize("ended", ["a", "ab"])
def test_an_upload_that_is_twice_in_one_take_and_whose_run_has_ended_is_dropped(
    world: World, deliveries: str, ended: str
):
    world.max_runs = 10
    for name in ended:
        world.machine.start(name, {"x": 1})
        world.machine.end(name)
    world.queue.add(*deliveries)
    report = world.call()
    assert not world.queue.messages
    assert report.started == len(set(deliveries) - set(ended))
    assert report.duplicates == len(deliveries) - report.started
    assert set(world.machine.began) == set(deliveries)
    assert not set(ended) & set(world.books.book.started)


@pytest.mark.parametrize("at", ["start", "drop"])
@pytest.mark.parametrize("error", [RetryableError("no answer"), KeyError("x")])
@pytest.mark.parametrize("broken", ["a", "b", "c"])
def test_what_is_wrong_with_one_upload_does_not_hold_up_the_others_of_its_take(
    world: World, at: str, error: Exception, broken: str
):
    """An error that nobody foresaw is raised all the same: an alarm tells of it."""
    owner: Any = world.machine if at == "start" else world.queue
    call = getattr(owner, at)

    def breaks(upload: Any, *rest: Any) -> Any:
        if broken == (upload if at == "start" else upload.name):
            raise error
        return call(upload, *rest)

    setattr(owner, at, breaks)
    world.queue.add(*"abc")
    if isinstance(error, RetryableError):
        report = world.call()
        assert (report.failed, report.codes) == (1, (RetryableError.code,))
    else:
        with pytest.raises(KeyError):
            world.call()
    assert [name for name, _, _ in world.queue.messages] == [broken]
    assert world.books.book.until == 0.0
    setattr(owner, at, call)
    for number in range(6):
        world.minute(f"call{number}")
        for name in world.machine.open:
            world.machine.end(name)
    assert not world.queue.messages
    assert set(world.machine.began) == set("abc")
    assert world.machine.most <= 3


def test_what_cannot_be_given_back_does_not_keep_the_rest(world: World):
    world.queue.add(*"abc")
    give_back = world.queue.give_back

    def breaks(waiting: WaitingUpload) -> None:
        if waiting.name == "a":
            raise RetryableError("no answer")
        give_back(waiting)

    world.queue.give_back = breaks  # type: ignore[method-assign]
    # The second write would write down what is started.
    world.books.meanwhile += [lambda: None, lambda: setattr(world.books, "mark", 7)]
    assert world.call().busy
    waits = {name: at for name, _, at in world.queue.messages}
    assert {name for name, at in waits.items() if at == 0.0} == {"b", "c"}


def test_runs_that_somebody_else_started_take_room(world: World):
    world.machine.start("by hand", {"x": 1})
    world.queue.add(*"abc")
    assert world.call().started == 2


def test_a_run_that_no_list_shows_yet_counts(world: World):
    world.machine.lag_s = 30.0
    world.queue.add(*"abcdef")
    world.call()
    assert world.machine.open == set("abc")
    assert world.machine.most == 3


def test_two_calls_at_once_are_one(world: World):
    world.queue.add(*"abcdef")
    inner: list[DispatchReport] = []
    world.clock.each.append(lambda: inner.append(world.call("other", 1.0)))
    assert world.call().started == 3
    assert inner
    assert all(report.busy for report in inner)
    assert world.machine.most == 3


def test_of_two_that_read_the_same_book_one_goes_on(world: World):
    world.queue.add(*"abcdef")
    other: list[DispatchReport] = []
    world.books.meanwhile.append(lambda: other.append(world.call("other")))
    report = world.call()
    assert report.busy
    assert other[0].started == 3
    assert world.machine.most == 3


def test_a_call_that_was_held_up_starts_nothing_beside_its_successor(world: World):
    world.queue.add(*"abcdef")

    def held_up() -> None:
        world.clock.now += 45 + UNSEEN_S + 1
        world.books.meanwhile.clear()
        assert world.call("successor").started == 3

    # The first write takes the book, the second would write down what is started.
    world.books.meanwhile += [lambda: None, held_up]
    report = world.call()
    assert (report.started, report.busy) == (0, True)
    assert world.machine.most == 3
    # What it had taken waits on.
    assert {name for name, _, _ in world.queue.messages} | world.machine.open == set("abcdef")


def test_a_call_that_died_is_followed_and_what_it_had_in_hand_comes_again(world: World):
    world.queue.add(*"abcd")

    def die(*_: Any) -> StartOutcome:
        raise KeyboardInterrupt

    start, world.machine.start = world.machine.start, die  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        world.call()
    world.books.book = world.books.book.model_copy(update={"until": world.clock.now + 165})
    world.machine.start = start  # type: ignore[method-assign]
    assert world.minute().busy
    for number in range(6):
        world.minute(f"call{number}")
    assert world.machine.open == set("abc")
    assert world.machine.most == 3


def test_what_cannot_be_started_comes_again_and_holds_nobody_up_for_ever(world: World):
    world.max_runs = 1
    world.machine.broken = 1
    world.queue.add("a", "b")
    report = world.minute()
    assert (report.failed, report.codes) == (1, (RetryableError.code,))
    for number in range(8):
        world.minute(f"call{number}")
        for name in world.machine.open:
            world.machine.end(name)
    assert set(world.machine.began) == {"a", "b"}
    assert world.machine.most == 1


def test_without_a_limit_the_queue_is_emptied(world: World):
    world.max_runs = 0
    world.queue.add(*(f"f{number}" for number in range(55)))
    assert world.call().started == 55
    assert not world.queue.messages


def test_a_book_keeps_no_run_that_has_ended(world: World):
    for number in range(50):
        world.queue.add(f"f{number}")
        world.minute()
        world.machine.end(f"f{number}")
    assert len(world.books.book.started) <= world.max_runs
