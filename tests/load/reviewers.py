"""Many reviewers at once on one queue of a table of reviews; what came of it, and what not."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from winnow.errors import ReviewConflictError
from winnow.models import ObjectRef, Outcome, ProcessInfo
from winnow.reviews.models import (
    EventKind,
    Kind,
    LineRef,
    QueueFilter,
    RecordKey,
    ReviewEvent,
    ReviewHead,
    State,
    Totals,
)
from winnow.reviews.service import Given, Reviews
from winnow.reviews.tally import counted, queued
from winnow_aws.attributes import texts
from winnow_aws.review_items import EVENT, event_of
from winnow_aws.reviews import ReviewTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UPLOAD = "c" * 32
PROCESS = ProcessInfo(id="crowd", version="1.0.0", kind="labels", sha256="0" * 64)
QUEUE = [QueueFilter(process=PROCESS.id)]
RUN = "2026-01-01T00:00:00.000Z"
TAKEN = 3
"""Records that a reviewer takes at a time: the page fetches the next ones ahead."""
LIMIT_S = 900.0
LABELS = ("refund", "exchange", None)


@dataclass
class Crowd:
    """What many reviewers did."""

    reviewers: int
    records: int
    seconds: float = 0.0
    decisions: int = 0
    """records with a decision at the end"""
    did: Counter[str] = field(default_factory=Counter)
    take_s: list[float] = field(default_factory=list)
    decide_s: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def rows(self) -> list[tuple[str, str]]:
        """The rows of a table."""
        done = ", ".join(f"{count:,} {name}" for name, count in sorted(self.did.items()))
        return [
            (
                "**reviewers at once**; records in their queue",
                f"{self.reviewers}; {self.records:,}",
            ),
            ("decided; what they did", f"{self.decisions:,}; {done}"),
            ("lost, decided twice, shown to two at once, counts unlike the events", self.verdict),
            ("all decided after", f"{self.seconds:.0f} s ({self.rate:.0f} decisions a second)"),
            (
                "time to take the next records, and to decide one: median",
                f"{1e3 * median(self.take_s):.0f} ms, {1e3 * median(self.decide_s):.0f} ms",
            ),
        ]

    @property
    def verdict(self) -> str:
        """0, or what went wrong."""
        return "0" if not self.problems else "; ".join(self.problems)

    @property
    def rate(self) -> float:
        """Decisions a second, those that were taken back included."""
        return self.did["decided"] / self.seconds if self.seconds else 0.0


def a_queue(records: int) -> list[ReviewHead]:
    """So many records for review; some have the same confidence, some are blind, some audits."""
    line = LineRef(object=ObjectRef(bucket="results", key="results/crowd/r"), start=0, length=9)
    return [
        ReviewHead(
            upload=UPLOAD,
            record=number,
            kind=Kind.AUDIT if number % 20 == 0 else Kind.REVIEW,
            process=PROCESS,
            run_started=RUN,
            line=line,
            outcome=Outcome.ACCEPTED if number % 20 == 0 else Outcome.REVIEW,
            code="below_threshold",
            decision="refund",
            confidence=(number * 37 % 101) / 101,
            blind=number % 10 == 0,
            waiting_since=RUN,
        )
        for number in range(1, records + 1)
    ]


class _Room:
    """Who has which record on the screen at this moment."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.lock = threading.Lock()
        self._holds: dict[RecordKey, str] = {}

    def shown(self, key: RecordKey, user: str) -> None:
        with self.lock:
            if self._holds.setdefault(key, user) != user:
                self.crowd.problems.append(f"record {key.record} was shown to two at once")

    def gone(self, key: RecordKey) -> None:
        with self.lock:
            self._holds.pop(key, None)

    def note(self, **did: int) -> None:
        with self.lock:
            self.crowd.did.update(did)


class _Reviewer:
    """One person: mostly decides, now and then skips, undoes, or sends a request twice."""

    def __init__(self, name: str, reviews: Reviews, room: _Room) -> None:
        self.name = name
        self._reviews = reviews
        self._room = room
        self._chance = random.Random(name)
        self._requests = 0

    def work(self, done: Callable[[], bool], until: float) -> None:
        while not done() and time.monotonic() < until:
            began = time.monotonic()
            heads = self._reviews.take(self.name, QUEUE, TAKEN)
            if not heads:
                heads = self._reviews.take(self.name, QUEUE, 1, skipped=True)
            self._room.crowd.take_s.append(time.monotonic() - began)
            for head in heads:
                self._room.shown(head.key, self.name)
            for head in heads:
                self._look_at(head)
            if not heads:
                time.sleep(0.05)  # The last records are on the screens of others.

    def _look_at(self, head: ReviewHead) -> None:
        choice = self._chance.random()
        if choice < 0.04:
            self._room.gone(head.key)
            if self.name in head.skipped_by:
                self._decide(head, head.version)
                return
            self._reviews.skip(self.name, head.key, head.version, Given(None, key=self._key()))
            self._room.note(skipped=1)
        elif choice < 0.08:
            after = self._decide(head, head.version)
            again = self._reviews.undo(
                self.name, head.key, after.version, Given(None, key=self._key())
            )
            self._room.note(undone=1)
            self._room.shown(head.key, self.name)
            self._room.gone(head.key)
            self._decide(again, again.version)
        elif choice < 0.11:
            try:
                self._reviews.decide(self.name, head.key, head.version + 5, Given("refund"))
            except ReviewConflictError:
                self._room.note(conflicts=1)
            else:
                self._room.crowd.problems.append("a decision on an old version was taken")
            self._room.gone(head.key)
            self._decide(head, head.version)
        else:
            self._room.gone(head.key)
            self._decide(head, head.version, twice=choice < 0.2)

    def _decide(self, head: ReviewHead, version: int, *, twice: bool = False) -> ReviewHead:
        given = Given(
            self._chance.choice(LABELS),
            seconds=1.0,
            key=self._key(),
        )
        began = time.monotonic()
        after = self._reviews.decide(self.name, head.key, version, given)
        self._room.crowd.decide_s.append(time.monotonic() - began)
        self._room.note(decided=1)
        if twice:
            self._reviews.decide(self.name, head.key, version, given)
            self._room.note(repeated=1)
        return after

    def _key(self) -> str:
        self._requests += 1
        return f"{self.name}-{self._requests}"


def crowd_of_reviewers(
    dynamodb: Callable[[], "DynamoDBClient"], table: str, reviewers: int, records: int
) -> Crowd:
    """Queue the records, have them all decided, and hold counts and heads to the events.

    `dynamodb` makes the client of one reviewer: each has its own.
    """
    crowd = Crowd(reviewers, records)
    room = _Room(crowd)
    client = dynamodb()
    own = ReviewTable(client, table)
    heads = a_queue(records)
    own.add(heads)
    counted = sum(map(queued, heads), Totals())
    own.count_queued(UPLOAD, PROCESS.id, RUN, counted)
    finished = threading.Event()
    began = time.monotonic()
    until = began + LIMIT_S

    def person(number: int) -> None:
        reviews = Reviews(ReviewTable(dynamodb(), table), time.time)
        _Reviewer(f"reviewer{number}", reviews, room).work(finished.is_set, until)

    def watch() -> None:
        while time.monotonic() < until:
            # Not those of the upload: to find them, the emulator goes through all of its items.
            total = own.totals_of_process(PROCESS.id)
            if total.decided + total.audited >= records:
                break
            time.sleep(0.2)
        finished.set()

    with ThreadPoolExecutor(reviewers + 1) as pool:
        running = [pool.submit(watch), *(pool.submit(person, n) for n in range(reviewers))]
        for work in running:
            try:
                work.result()
            except Exception:
                finished.set()
                raise
    crowd.seconds = time.monotonic() - began
    crowd.problems += audit(own, heads, events(client, table), crowd)
    return crowd


def events(dynamodb: "DynamoDBClient", table: str) -> dict[RecordKey, list[ReviewEvent]]:
    """All events of the records, oldest first, in one walk: the emulator reads slowly."""
    found: dict[RecordKey, list[ReviewEvent]] = {}
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues=texts(**{":pk": UPLOAD, ":sk": EVENT}),
        ConsistentRead=True,
    )
    for item in (item for page in pages for item in page["Items"]):
        event = event_of(item)
        found.setdefault(RecordKey(event.upload, event.record), []).append(event)
    return found


def audit(
    store: ReviewTable,
    heads: Sequence[ReviewHead],
    history: Mapping[RecordKey, list[ReviewEvent]],
    crowd: Crowd,
) -> list[str]:
    """What does not fit: heads, events and counts."""
    problems = []
    expected = sum(map(queued, heads), Totals())
    lost = double = 0
    now = {head.key: head for head in store.heads(UPLOAD)}
    for head in heads:
        happened = history.get(head.key, [])
        there = now.get(head.key)
        if there is None or there.state is not State.DECIDED:
            lost += 1
            continue
        crowd.decisions += 1
        decisions = [event for event in happened if event.kind is EventKind.DECIDED]
        double += sum(event.before is not None for event in decisions)
        if [event.number for event in happened] != list(range(1, there.version + 1)):
            problems.append(f"record {head.record} lacks an event")
            continue
        if happened[-1].after != there.answer:
            problems.append(f"record {head.record} is not as its last event says")
        first = decisions[0].after
        told = first is not None and first.blind and not first.cannot_tell and head.machine_decided
        agreed = first.decision == head.decision if first is not None and told else None
        held = head.model_copy(update={"answer": happened[-1].after, "blind_agreed": agreed})
        expected += counted(held)
    if lost:
        problems.append(f"{lost} lost")
    if double:
        problems.append(f"{double} decided twice")
    for name, total in (
        ("upload", store.totals_of_upload(UPLOAD)),
        ("process", store.totals_of_process(PROCESS.id)),
    ):
        if total != expected:
            problems.append(f"the counts of the {name} are not those of its events")
    return problems
