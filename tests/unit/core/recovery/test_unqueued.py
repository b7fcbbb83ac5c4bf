"""Runs whose records nobody has put into the queue of reviews: which are found, and when."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.fakes.store import MemoryStore
from tests.fakes.uploads import (
    MemoryInbox,
    MemoryMailer,
    MemoryReviewQueue,
    MemoryRuns,
    MemoryWorkflow,
    stamp,
)
from winnow.errors import AccessDeniedError, RetryableError
from winnow.recovery.report import SweepOptions, SweepReport
from winnow.recovery.sweep import Sweep
from winnow.recovery.unqueued import FIRST_S, QueueCheck
from winnow.recovery.upload_row import LEASE_S, UploadRow
from winnow.storage.paths import sweep_state

NOW = 1_900_000_000.0
QUARTER = 900.0
STATE = sweep_state("results")


def ended(name: str, claimed: float = NOW - 7_200, **values: Any) -> UploadRow:
    """The row of a run that succeeded."""
    row = UploadRow(
        upload_id=name,
        object_key=f"inbox/p/{name}.csv",
        state="SUCCEEDED",
        run="arn:run",
        started_at=stamp(claimed - 1),
        claimed_at=stamp(claimed),
        ended_at=stamp(claimed + 60),
        process="p",
        review=1,
        result_bucket="results",
        result_key=f"results/p/{name}/result.json",
        version_id="v1",
    )
    return row.model_copy(update=values)


@dataclass
class Refusing(MemoryReviewQueue):
    """The function that queues cannot be called, after so many calls."""

    after: int = 0
    error: type[Exception] = AccessDeniedError

    def queue(self, upload_id: str) -> None:
        if len(self.asked_for) >= self.after:
            raise self.error("No.")
        super().queue(upload_id)


@dataclass
class Stack:
    """A sweep of a stack with a review page, every quarter of an hour."""

    runs: MemoryRuns = field(default_factory=MemoryRuns)
    queue: MemoryReviewQueue = field(default_factory=MemoryReviewQueue)
    store: MemoryStore = field(default_factory=MemoryStore)
    now: float = NOW

    def sweep(self, *, seconds_left: Sequence[float] = ()) -> SweepReport:
        check = QueueCheck(self.runs, self.queue, "results")
        parts = (MemoryInbox(), self.runs, MemoryWorkflow(), MemoryMailer())
        sweep = Sweep(*parts, SweepOptions(retention_days=90), check)
        left = iter(seconds_left)
        report = sweep(self.store, STATE, self.now, lambda: next(left, float("inf")))
        self.now += QUARTER
        return report

    def twice(self) -> SweepReport:
        """What the second of two calls reports: the first sees which runs have ended."""
        assert self.sweep().unqueued == 0
        return self.sweep()


@pytest.fixture
def stack() -> Stack:
    return Stack()


def test_a_run_whose_event_was_lost_is_queued_once(stack: Stack) -> None:
    stack.runs.add(ended("a"))
    report = stack.twice()
    assert (report.unqueued, report.failed, report.unfinished) == (1, 0, 0)
    for _ in range(5):
        assert stack.sweep().unqueued == 0
    assert stack.queue.asked_for == ["a"]


@pytest.mark.parametrize("review", [0, 1])
def test_a_run_whose_event_came_is_left_alone(stack: Stack, review: int) -> None:
    row = ended("a", review=review)
    stack.runs.add(row)
    stack.queue.runs["a"] = row.started_at or ""
    assert stack.twice().unqueued == 0


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, True),
        # Its accepted records may be drawn for an audit.
        ({"review": 0, "accepted": 3}, True),
        ({"state": "FAILED", "error_code": "file_empty", "result_key": None}, False),
        # It has written its results all the same.
        (
            {"state": "FAILED", "error_code": "confidence_threshold_not_met", "result_key": None},
            True,
        ),
        ({"state": "RUNNING", "lease_until": int(NOW + LEASE_S)}, False),
        ({"erased_at": stamp(NOW)}, False),
        ({"state": "DAMAGED"}, False),
        ({"started_at": None}, True),
    ],
)
def test_what_has_results_is_looked_for(stack: Stack, values: dict[str, Any], found: bool) -> None:
    stack.runs.add(ended("a", **values))
    assert stack.twice().unqueued == found


@pytest.mark.parametrize(
    ("queued", "started", "found"),
    [
        (NOW - 9_000, NOW - 8_000, True),
        (NOW - 8_000, NOW - 8_000, False),
        (NOW - 8_000, NOW - 9_000, False),
        # A row of a version before does not say when its run began.
        (NOW - 9_000, None, False),
    ],
)
def test_the_records_of_an_earlier_run_are_not_this_ones(
    stack: Stack, queued: float, started: float | None, found: bool
) -> None:
    stack.runs.add(ended("a", started_at=stamp(started) if started else None))
    stack.queue.runs["a"] = stamp(queued)
    assert stack.twice().unqueued == found


def test_a_run_that_has_just_ended_is_left_to_its_event(stack: Stack) -> None:
    stack.runs.add(ended("a", NOW - 600))
    assert [stack.sweep().unqueued for _ in range(4)] == [0, 0, 0, 1]


def test_a_run_that_ends_late_is_found_when_it_has_ended(stack: Stack) -> None:
    long = ended("long", NOW - 7_200, state="RUNNING", lease_until=int(NOW - 7_200 + LEASE_S))
    stack.runs.add(long)
    stack.runs.add(ended("before", NOW - 7_300))
    stack.runs.add(ended("after", NOW - 7_100))
    assert stack.twice().unqueued == 1
    assert stack.queue.asked_for == ["before"]
    stack.runs.add(ended("long", NOW - 7_200))
    # Both indexes may lag: what they say is used at the next call.
    assert stack.sweep().unqueued == 0
    assert stack.sweep().unqueued == 2
    assert set(stack.queue.asked_for) == {"before", "long", "after"}


def test_a_run_that_crashed_does_not_hold_it_up(stack: Stack) -> None:
    claimed = NOW - 3 * LEASE_S
    stack.runs.add(ended("x", claimed, state="RUNNING", lease_until=int(claimed + LEASE_S)))
    stack.runs.add(ended("a", NOW - 2.5 * LEASE_S))
    assert stack.twice().unqueued == 1


def test_the_first_calls_look_back_for_days_and_no_further(stack: Stack) -> None:
    stack.runs.add(ended("new", NOW - FIRST_S + 7_200))
    stack.runs.add(ended("old", NOW - FIRST_S - 7_200))
    assert stack.twice().unqueued == 1
    assert stack.queue.asked_for == ["new"]


def test_every_row_is_read_once(stack: Stack) -> None:
    for number in range(250):
        row = ended(f"u{number:03d}", NOW - 7_200 + number / 10)
        stack.runs.add(row)
        stack.queue.runs[row.upload_id] = row.started_at or ""
    stack.twice()
    assert stack.runs.claims_read == 250
    for _ in range(20):
        stack.sweep()
    assert stack.runs.claims_read == 250


def test_a_call_without_time_goes_on_at_the_next(stack: Stack) -> None:
    for number in range(250):
        stack.runs.add(ended(f"u{number:03d}", NOW - 7_200 + number))
    stack.sweep()
    # A page of each state, and then the time for this is over.
    for _ in range(3):
        stack.sweep(seconds_left=(800.0, 800.0, 800.0, *[500.0] * 50))
    assert len(stack.queue.asked_for) >= 250
    assert set(stack.queue.asked_for) == set(stack.runs.rows)
    assert stack.sweep().unqueued == 0


@pytest.mark.parametrize("error", [AccessDeniedError, RetryableError])
def test_what_cannot_be_asked_for_is_asked_for_again(stack: Stack, error: type[Exception]) -> None:
    stack.queue = Refusing(after=1, error=error)
    stack.runs.add(ended("a"))
    stack.runs.add(ended("b", NOW - 7_000))
    report = stack.twice()
    assert (report.unqueued, report.failed) == (1, 1)
    [failure] = report.failures
    assert failure.upload_id is None
    stack.queue = MemoryReviewQueue(runs={"a": stamp(NOW)})
    assert stack.sweep().unqueued == 1
    assert stack.queue.asked_for == ["b"]


def test_a_position_in_the_future_is_not_believed(stack: Stack) -> None:
    stack.runs.add(ended("a"))
    state = {"queued_until": {"SUCCEEDED": NOW + 9e6}, "ended_until": NOW - 1}
    stack.store.put(STATE, json.dumps(state).encode(), "application/json")
    assert stack.twice().unqueued == 1


def test_a_stack_without_a_review_page_has_no_queue(stack: Stack) -> None:
    stack.runs.add(ended("a"))
    options = SweepOptions(retention_days=90)
    sweep = Sweep(MemoryInbox(), stack.runs, MemoryWorkflow(), MemoryMailer(), options)
    for call in range(3):
        assert sweep(stack.store, STATE, NOW + call * QUARTER).unqueued == 0
    assert stack.runs.claims_read == 0
