"""The index function, called by its queue: what the upkeep sends itself comes back as it was."""

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.scripts import load
from winnow.errors import WinnowError
from winnow.search.upkeep import LONGEST_WAIT_S, Change, Comparison, Taken
from winnow_aws.index_queue import SqsChangeQueue

CHANGES = [Change(process="triage", upload=f"u{number}") for number in range(60)]


class Sqs:
    """A queue: keeps what is sent, and gives it as Lambda would."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_message(self, **given: Any) -> None:
        self.sent.append(given)

    def records(self) -> dict[str, Any]:
        bodies = [one["MessageBody"] for one in self.sent]
        return batch(*bodies)


class Upkeep:
    """Keeps what it was asked."""

    compared = True

    def __init__(self) -> None:
        self.comparisons: list[Comparison | None] = []
        self.taken: list[Change] = []
        self.error: WinnowError | None = None

    def compare(self, before: Comparison | None) -> None:
        self.comparisons.append(before)
        if self.error is not None:
            raise self.error

    def take_in(self, changes: Any, seconds_left: Any) -> Iterator[Taken]:
        for change in changes:
            self.taken.append(change)
            yield Taken(change, rows=2)


def batch(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]
    }


@pytest.fixture(scope="module")
def function() -> ModuleType:
    return load(ROOT / "functions" / "index" / "app.py")


@pytest.fixture
def upkeep(function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Upkeep:
    made = Upkeep()
    monkeypatch.setattr(function, "build", lambda: made)
    return made


@pytest.fixture
def sqs() -> Sqs:
    return Sqs()


@pytest.fixture
def queue(sqs: Sqs) -> SqsChangeQueue:
    client: Any = sqs
    return SqsChangeQueue(client, "https://queue")


def test_a_comparison_comes_back_after_its_wait_as_it_was(
    function: ModuleType, upkeep: Upkeep, sqs: Sqs, queue: SqsChangeQueue
) -> None:
    queue.compare_later(Comparison(missing=3, wait_s=20))
    assert [one["DelaySeconds"] for one in sqs.sent] == [20]
    answer = function.handler(sqs.records(), None)
    assert upkeep.comparisons == [Comparison(missing=3, wait_s=20)]
    assert answer["batchItemFailures"] == []


def test_one_for_a_damaged_file_is_a_first_one_whatever_else_waits(
    function: ModuleType, upkeep: Upkeep, sqs: Sqs, queue: SqsChangeQueue
) -> None:
    queue.compare_later(Comparison(missing=3, wait_s=20))
    queue.compare_now()
    assert sqs.sent[-1]["DelaySeconds"] == 0
    function.handler(sqs.records(), None)
    assert upkeep.comparisons == [None]


def test_two_that_wait_are_one_of_the_more_missing(
    function: ModuleType, upkeep: Upkeep, sqs: Sqs, queue: SqsChangeQueue
) -> None:
    for missing, wait_s in ((2, 60), (7, 5)):
        queue.compare_later(Comparison(missing, wait_s))
    function.handler(sqs.records(), None)
    assert upkeep.comparisons == [Comparison(7, 5)]


def test_one_of_an_earlier_version_had_waited_the_longest(
    function: ModuleType, upkeep: Upkeep
) -> None:
    function.handler(batch('{"compare": 4}'), None)
    assert upkeep.comparisons == [Comparison(4, LONGEST_WAIT_S)]


def test_one_that_fails_is_given_again(
    function: ModuleType, upkeep: Upkeep, sqs: Sqs, queue: SqsChangeQueue
) -> None:
    queue.send(CHANGES[:1])
    queue.compare_later(Comparison(3, 20))
    upkeep.error = WinnowError("S3 is away.")
    answer = function.handler(sqs.records(), None)
    assert answer["batchItemFailures"] == [{"itemIdentifier": "m1"}]
    assert answer["uploads"] == 1


def test_changes_come_back_in_their_order(
    function: ModuleType, upkeep: Upkeep, sqs: Sqs, queue: SqsChangeQueue
) -> None:
    queue.send(CHANGES)
    assert len(sqs.sent) == 3
    answer = function.handler(sqs.records(), None)
    assert upkeep.taken == CHANGES
    assert (answer["uploads"], answer["records"]) == (60, 120)
    assert upkeep.comparisons == []


@pytest.mark.parametrize(
    "body", ["", "[]", "null", '{"compare": "x"}', '{"changes": [{}]}', json.dumps({"detail": 1})]
)
def test_what_asks_for_nothing_is_done(function: ModuleType, upkeep: Upkeep, body: str) -> None:
    answer = function.handler(batch(body), None)
    assert answer["batchItemFailures"] == []
    assert (upkeep.taken, upkeep.comparisons) == ([], [])
