"""Sweep: what is missed, what is started again, what is given up, and how the walk goes on."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.fakes.store import MemoryStore
from tests.fakes.uploads import (
    BUCKET,
    MemoryInbox,
    MemoryMailer,
    MemoryRuns,
    MemoryWorkflow,
    always,
    stamp,
)
from winnow.ports import StartOutcome
from winnow.recovery.report import SweepOptions, SweepReport
from winnow.recovery.restart import claimed_event, lost_event
from winnow.recovery.retention import SHORTEST_DAYS
from winnow.recovery.status import (
    Ages,
    ObjectVersion,
    UploadStatus,
    match,
    upload_status,
)
from winnow.recovery.sweep import Sweep
from winnow.recovery.upload_row import LEASE_S, UploadRow
from winnow.steps.upload import upload_id
from winnow.storage.paths import sweep_state

NOW = 1_000_000.0
OLD = NOW - 1_000
STATE = sweep_state("results")


def version(key: str = "inbox/p/a.csv", number: int = 1, modified: float = OLD) -> ObjectVersion:
    return ObjectVersion(key, f"v{number}", 10, modified)


def id_of(one: ObjectVersion) -> str:
    return upload_id(BUCKET, one.key, one.version_id)


def row_of(one: ObjectVersion, state: str = "SUCCEEDED", **values: Any) -> UploadRow:
    """The row of a version, as AWS's workflow makes it."""
    made = UploadRow(
        upload_id=id_of(one),
        object_key=one.key,
        state=state,
        run="run-1",
        claimed_at=stamp(one.modified + 1),
        size=one.size,
        version_id=one.version_id,
        lease_until=int(one.modified + 1 + LEASE_S) if state == "RUNNING" else None,
    )
    return made.model_copy(update=values)


def nameless(one: ObjectVersion, name: str, state: str = "SUCCEEDED", **values: Any) -> UploadRow:
    """A row of the local stack, whose events carry no version id."""
    return row_of(one, state, upload_id=name, version_id=None, sequencer=f"seq-{name}", **values)


@dataclass
class Stack:
    """A sweep on fakes."""

    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    workflow: MemoryWorkflow = field(default_factory=MemoryWorkflow)
    mailer: MemoryMailer = field(default_factory=MemoryMailer)
    store: MemoryStore = field(default_factory=MemoryStore)

    def sweep(
        self,
        now: float = NOW,
        seconds_left: Callable[[], float] = lambda: float("inf"),
        **options: Any,
    ) -> SweepReport:
        chosen = SweepOptions(**{"retention_days": 90, **options})
        sweep = Sweep(self.inbox, self.runs, self.workflow, self.mailer, chosen)
        return sweep(self.store, STATE, now, seconds_left)


@pytest.fixture
def stack() -> Stack:
    return Stack()


# -- what is missed ------------------------------------------------------------------------------


def test_a_version_without_a_row_is_started_as_the_upload_that_it_is(stack: Stack) -> None:
    lost = version()
    stack.inbox.versions = [lost]
    report = stack.sweep()
    assert (report.unfinished, report.restarted, report.oldest_unfinished_s) == (1, 1, 1_000)
    [(name, event)] = stack.workflow.executions.items()
    assert name == f"{id_of(lost)}-1"
    thing = event["detail"]["object"]
    assert upload_id(event["detail"]["bucket"]["name"], thing["key"], thing["version-id"]) == id_of(
        lost
    )
    assert event["restart"] == {"attempt": 1, "supersedes": "none", "crashes": 0}


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "RUNNING"])
def test_a_version_with_a_row_is_left_alone(stack: Stack, state: str) -> None:
    stack.inbox.versions = [version()]
    stack.runs.add(row_of(version(), state))
    stack.sweep()
    assert not stack.workflow.executions


def test_a_young_version_may_still_have_its_event_on_its_way(stack: Stack) -> None:
    stack.inbox.versions = [version(modified=NOW - 60)]
    report = stack.sweep()
    assert not stack.workflow.executions
    assert (report.unfinished, report.oldest_unfinished_s) == (1, 60)


def test_a_version_whose_row_may_have_expired_is_not_started_again(stack: Stack) -> None:
    stack.inbox.versions = [version(modified=NOW - SHORTEST_DAYS * 86_400)]
    report = stack.sweep()
    assert not stack.workflow.executions
    assert (report.versions, report.unfinished) == (1, 0)


@pytest.mark.parametrize("key", ["inbox/p/", "inbox/p_$folder$", "inbox/p/q_$folder$"])
def test_what_stands_for_a_folder_is_no_upload(stack: Stack, key: str) -> None:
    stack.inbox.versions = [ObjectVersion(key, "v1", 0, OLD)]
    assert stack.sweep() == SweepReport()
    stack.inbox.versions = [ObjectVersion(key, "v2", 1, OLD)]
    assert stack.sweep().restarted == 1


def test_overwritten_versions_are_uploads_too(stack: Stack) -> None:
    first, second = version(number=1), version(number=2, modified=OLD + 5)
    stack.inbox.versions = [second, first]
    stack.runs.add(row_of(second))
    stack.sweep()
    assert list(stack.workflow.executions) == [f"{id_of(first)}-1"]


# -- a run that died -----------------------------------------------------------------------------


def test_a_row_past_its_lease_is_started_again_with_its_next_attempt(stack: Stack) -> None:
    stuck = version(modified=NOW - LEASE_S - 60)
    stack.inbox.versions = [stuck]
    stack.runs.add(row_of(stuck, "RUNNING"))
    assert stack.sweep().restarted == 1
    [(name, event)] = stack.workflow.executions.items()
    assert name == f"{id_of(stuck)}-2"
    assert event["restart"] == {"attempt": 2, "supersedes": "run-1", "crashes": 1}


CRASHES: list[tuple[dict[str, int], list[tuple[int, int]]]] = [
    # what the row says -> the attempts that are made, with the crashes that each event tells
    ({"attempt": 1, "crashes": 0}, [(2, 1), (3, 2)]),
    ({"attempt": 2, "crashes": 1}, [(3, 2)]),
    ({"attempt": 3, "crashes": 2}, []),
    # Redriven: once, twice, and after it was given up.
    ({"attempt": 2, "crashes": 0}, [(3, 1), (4, 2)]),
    ({"attempt": 3, "crashes": 0}, [(4, 1), (5, 2)]),
    ({"attempt": 9, "crashes": 1}, [(10, 2)]),
    ({"attempt": 9, "crashes": 2}, []),
    # The row of a version before does not say.
    ({"attempt": 3}, [(4, 1), (5, 2)]),
]


@pytest.mark.parametrize(("told", "made"), CRASHES)
@pytest.mark.parametrize("claims", [True, False])
def test_it_is_started_until_three_runs_in_a_row_have_crashed(
    stack: Stack, told: dict[str, int], made: list[tuple[int, int]], *, claims: bool
) -> None:
    stuck = version(modified=NOW - LEASE_S - 60)
    row = row_of(stuck, "RUNNING", **told)
    for attempt, crashes in made:
        stack.runs.add(row)
        assert (stack.sweep().restarted, stack.mailer.mails) == (1, [])
        event = stack.workflow.executions[f"{id_of(stuck)}-{attempt}"]
        assert (event["restart"]["attempt"], event["restart"]["crashes"]) == (attempt, crashes)
        stack.workflow.running.clear()
        if claims:
            row = row_of(stuck, "RUNNING", attempt=attempt, crashes=crashes)
    stack.runs.add(row)
    report = stack.sweep()
    assert (report.restarted, report.abandoned) == (0, 1)
    [mail] = stack.mailer.mails
    assert "3 runs in a row did not come to an end." in mail.body


def test_the_mail_says_how_many_runs_there_were(stack: Stack) -> None:
    stuck = version(modified=NOW - LEASE_S - 60)
    stack.runs.add(row_of(stuck, "RUNNING", attempt=9, crashes=4))
    assert stack.sweep().abandoned == 1
    assert "5 runs in a row did not come to an end." in stack.mailer.mails[0].body


class Waits(MemoryWorkflow):
    """A queue that others wait in."""

    def start(self, name: str, event: dict[str, Any]) -> StartOutcome:
        return StartOutcome.RUNNING


@pytest.mark.parametrize(
    ("over_s", "queued"),
    [
        *((1, True), (900, True), (1_799, True), (1_801, False), (21_000, False)),
        *((21_601, True), (23_000, True), (23_500, False), (20 * 21_600 + 5, True)),
    ],
)
def test_a_crashed_run_is_queued_now_and_then_although_others_wait(
    stack: Stack, over_s: int, queued: bool
) -> None:
    stuck = version(modified=NOW - LEASE_S - over_s - 60)
    stack.inbox.versions = [stuck, version("inbox/p/lost.csv")]
    stack.runs.add(row_of(stuck, "RUNNING", lease_until=int(NOW - over_s)))
    parts = (stack.inbox, stack.runs, Waits(), stack.mailer, SweepOptions(retention_days=90))
    report = Sweep(*parts, regardless=stack.workflow)(stack.store, STATE, NOW)
    assert (report.restarted, report.abandoned) == (int(queued), 0)
    assert list(stack.workflow.executions) == [f"{id_of(stuck)}-2"] * queued


def test_an_attempt_that_runs_is_waited_for(stack: Stack) -> None:
    stack.inbox.versions = [version()]
    assert [stack.sweep().restarted, stack.sweep().restarted] == [1, 0]
    assert len(stack.workflow.executions) == 1


def test_after_the_last_attempt_it_is_given_up_mailed_and_failed_once(stack: Stack) -> None:
    stack.inbox.versions = [version()]
    reports = []
    for _ in range(5):
        reports.append(stack.sweep())
        stack.workflow.running.clear()
    assert [report.restarted for report in reports] == [1, 1, 1, 0, 0]
    assert [report.abandoned for report in reports] == [0, 0, 0, 1, 0]
    [mail] = stack.mailer.mails
    assert "upload_abandoned" in mail.subject
    assert id_of(version()) in mail.body
    assert "a.csv" not in mail.subject + mail.body
    attributes = {"outcome": "failed", "upload_id": id_of(version()), "code": "upload_abandoned"}
    assert stack.mailer.attributes == [attributes], "what a digest counts it by"
    assert stack.runs.rows[id_of(version())].state == "FAILED"


def test_a_run_that_claims_in_the_last_moment_keeps_its_row(stack: Stack) -> None:
    stack.inbox.versions = [version()]

    class Late(MemoryMailer):
        def send(self, mail: Any, attributes: Any = None) -> None:
            super().send(mail, attributes)
            stack.runs.add(row_of(version(), "RUNNING"))

    stack.mailer = Late()
    for _ in range(4):
        report = stack.sweep()
        stack.workflow.running.clear()
    assert report.abandoned == 0
    assert stack.runs.rows[id_of(version())].state == "RUNNING"


# -- bounded work --------------------------------------------------------------------------------


def test_the_walk_goes_on_where_it_stopped_and_begins_again(stack: Stack) -> None:
    stack.inbox = MemoryInbox([version(f"inbox/p/{n}") for n in range(7)], page_size=2)
    reports = [stack.sweep(pages=1) for _ in range(5)]
    assert [report.versions for report in reports] == [2, 2, 2, 1, 2]
    assert [report.complete for report in reports] == [False, False, False, True, False]
    assert len(stack.workflow.executions) == 7


def test_so_many_starts_a_call_and_none_left_out(stack: Stack) -> None:
    stack.inbox = MemoryInbox([version(f"inbox/p/{n}") for n in range(10)], page_size=4)
    for _ in range(6):
        assert stack.sweep(starts=2).restarted <= 2
        for event in stack.workflow.executions.values():
            thing = event["detail"]["object"]
            stack.runs.add(row_of(ObjectVersion(thing["key"], thing["version-id"], 10, OLD)))
    assert len(stack.workflow.executions) == 10


def test_the_oldest_is_that_of_a_whole_walk_however_many_calls_it_takes(stack: Stack) -> None:
    old, young = NOW - 9_000, NOW - 60
    lost = version("inbox/p/2", modified=old)
    stack.inbox = MemoryInbox([version(f"inbox/p/{n}", modified=young) for n in range(4)], 1)
    stack.inbox.versions[2] = lost
    ages = [stack.sweep(pages=1).oldest_unfinished_s for _ in range(7)]
    assert ages == [60, 60, 9_000, 9_000, 9_000, 9_000, 9_000]
    # Its run ends: the walk that finds it so still tells what the one before saw, until it is over.
    stack.runs.add(row_of(lost))
    ages = [stack.sweep(pages=1).oldest_unfinished_s for _ in range(6)]
    assert ages == [9_000, 9_000, 9_000, 9_000, 60, 60]


def test_the_oldest_run_under_way_is_told_at_once(stack: Stack) -> None:
    runs = version("inbox/p/2", modified=NOW - 9_000)
    stack.inbox = MemoryInbox([version(f"inbox/p/{n}", modified=NOW - 60) for n in range(4)], 1)
    stack.runs.add(row_of(runs, "RUNNING"))
    assert stack.sweep(pages=1).oldest_unfinished_s == 8_999
    stack.runs.add(row_of(runs))
    assert stack.sweep(pages=1).oldest_unfinished_s == 60


@pytest.mark.parametrize("kept", [b'{"key":"inbox/p/5","version_id":"v1"}', b"null", b"{"])
def test_what_is_kept_of_a_walk_and_cannot_be_read_begins_a_new_one(
    stack: Stack, kept: bytes
) -> None:
    stack.store.put(STATE, kept, "application/json")
    stack.inbox.versions = [version()]
    assert stack.sweep().restarted == 1


# -- rows without a version id (local stack) -----------------------------------------------------


def test_a_nameless_row_is_about_the_version_that_lay_there(stack: Stack) -> None:
    stack.inbox.versions = [version()]
    stack.runs.add(nameless(version(), "x"))
    stack.sweep()
    assert not stack.workflow.executions


def test_two_nameless_rows_are_about_two_versions() -> None:
    first, second = version(number=1), version(number=2, modified=OLD + 1)
    rows = [
        nameless(second, "b", claimed_at=stamp(OLD + 3)),
        nameless(first, "a", claimed_at=stamp(OLD + 2)),
    ]
    found = {v: [c.upload_id for c in claims] for v, claims in match(BUCKET, [second, first], rows)}
    assert found == {first: ["a"], second: ["b"]}


def test_a_row_from_before_a_version_is_not_about_it() -> None:
    late = version(modified=OLD + 100)
    [(_, claims)] = match(BUCKET, [late], [nameless(version(), "a")])
    assert claims == []


def test_a_nameless_row_past_its_lease_is_started_under_its_own_id(stack: Stack) -> None:
    stuck = version(modified=NOW - LEASE_S - 60)
    stack.inbox.versions = [stuck]
    stack.runs.add(nameless(stuck, "its-own-id", "RUNNING"))
    stack.sweep()
    [(name, event)] = stack.workflow.executions.items()
    assert name == "its-own-id-2"
    assert event["detail"]["object"] == {
        "key": stuck.key,
        "size": 10,
        "sequencer": "seq-its-own-id",
    }


# -- status --------------------------------------------------------------------------------------


def test_two_uploads_about_one_version_are_double(stack: Stack) -> None:
    rows = [row_of(version()), row_of(version(), upload_id="x")]
    [(one, claims)] = match(BUCKET, [version()], rows)
    assert upload_status(one, claims, Ages(900, always(90, NOW)), NOW) is UploadStatus.DUPLICATE
    stack.inbox.versions = [version()]
    for row in rows:
        stack.runs.add(row)
    # The sweep reads rows by id first and asks no further where it finds one.
    assert stack.sweep().restarted == 0


def test_events_of_restarts_hold_no_more_than_the_workflow_reads() -> None:
    for event in (lost_event(BUCKET, version(), 1), claimed_event(BUCKET, row_of(version()), 2)):
        assert set(event) == {"source", "detail-type", "detail", "restart"}
        assert json.loads(json.dumps(event)) == event
