"""What one upload, one page, a flood or somebody else's writing cannot do to the sweep."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.uploads import BUCKET, MemoryInbox, MemoryMailer, stamp
from tests.template.expand import expand
from tests.unit.core.recovery.test_sweep import NOW, OLD, STATE, Stack, id_of, row_of, version
from winnow.errors import (
    AccessDeniedError,
    AwsRefusedError,
    InternalError,
    RetryableError,
    WinnowError,
)
from winnow.ports import StartOutcome
from winnow.recovery.call import RESERVE_S
from winnow.recovery.inbox_walk import LATE_S
from winnow.recovery.retention import Kept, Retention
from winnow.recovery.state import Cursor, Lease, SweepState, Walk
from winnow.recovery.status import ObjectVersion, match
from winnow.recovery.upload_row import LEASE_S

DAY = 86_400.0


@pytest.fixture
def stack() -> Stack:
    return Stack()


def kept(stack: Stack) -> SweepState:
    return SweepState.model_validate_json(stack.store.content(STATE))


def keep(stack: Stack, **values: Any) -> None:
    stack.store.put(STATE, SweepState(**values).model_dump_json().encode(), "application/json")


def ticking(seconds: float, step: float = 1.0) -> Callable[[], float]:
    """A clock that loses `step` each time it is looked at."""
    left = seconds + step

    def look() -> float:
        nonlocal left
        left -= step
        return left

    return look


def raises(error: WinnowError) -> Callable[..., Any]:
    def call(*_: Any, **__: Any) -> Any:
        raise error

    return call


# -- one upload keeps no other -------------------------------------------------------------------


def test_one_that_cannot_be_mailed_is_told_and_the_others_are_started(stack: Stack) -> None:
    stack.inbox = MemoryInbox([version(f"inbox/p/{n:03}") for n in range(200)], page_size=50)
    hopeless = id_of(stack.inbox.versions[0])
    for attempt in (1, 2, 3):
        stack.workflow.executions[f"{hopeless}-{attempt}"] = {}
    stack.mailer.send = raises(AwsRefusedError("Publish was refused in SNS."))  # type: ignore[method-assign]
    report = stack.sweep()
    assert (report.restarted, report.failed, report.complete) == (199, 1, True)
    [told] = report.failures
    assert (told.upload_id, told.code) == (hopeless, AwsRefusedError.code)
    # It is tried again, and when it can be mailed it ends.
    for one in stack.inbox.versions[1:]:
        stack.runs.add(row_of(one))
    assert stack.sweep().failed == 1
    stack.mailer = MemoryMailer()
    report = stack.sweep()
    assert (report.abandoned, report.failed) == (1, 0)
    assert stack.sweep().unfinished == 0


@pytest.mark.parametrize(
    "error", [RetryableError("x"), AwsRefusedError("x"), AccessDeniedError("x")]
)
def test_one_that_cannot_be_started_is_told_and_the_others_are_started(
    stack: Stack, error: WinnowError
) -> None:
    stack.inbox.versions = [version(f"inbox/p/{n}") for n in range(9)]
    stuck = [version(f"inbox/s/{n}", modified=NOW - LEASE_S - 60) for n in range(9)]
    for one in stuck:
        stack.runs.add(row_of(one, "RUNNING"))
    bad = {id_of(stack.inbox.versions[4]), id_of(stuck[3])}
    start = stack.workflow.start

    def some(name: str, event: Any) -> StartOutcome:
        if name[:-2] in bad:
            raise error
        return start(name, event)

    stack.workflow.start = some  # type: ignore[method-assign]
    report = stack.sweep()
    assert (report.restarted, report.failed) == (16, 2)
    assert {one.upload_id for one in report.failures} == bad
    stack.workflow.start = start  # type: ignore[method-assign]
    assert stack.sweep().restarted == 2


def test_what_nobody_foresaw_of_one_upload_keeps_no_other(stack: Stack) -> None:
    stack.inbox.versions = [version(f"inbox/p/{n}") for n in range(5)]
    start = stack.workflow.start

    def some(name: str, event: Any) -> StartOutcome:
        if event["detail"]["object"]["key"] == "inbox/p/2":
            raise KeyError("of a file's name")
        return start(name, event)

    stack.workflow.start = some  # type: ignore[method-assign]
    report = stack.sweep()
    assert (report.restarted, report.failed) == (4, 1)
    assert report.failures[0].code == InternalError.code
    assert "name" not in report.model_dump_json().replace("named", "")


def test_a_row_that_does_not_say_which_version_it_is_about_starts_nothing(stack: Stack) -> None:
    nothing = row_of(version(), "RUNNING", upload_id="x", version_id=None, lease_until=NOW - 60)
    stack.runs.add(nothing)
    report = stack.sweep()
    assert (report.failed, stack.workflow.executions) == (1, {})


def test_a_table_that_is_slow_to_answer_does_not_hold_the_walk_at_one_page(stack: Stack) -> None:
    stack.inbox = MemoryInbox([version(f"inbox/p/{n:03}") for n in range(90)], page_size=30)
    left, asked = [0.0], iter(range(1_000))

    def slow(_key: str, _since: float) -> Any:
        left[0] -= 20
        if next(asked) % 2:
            raise RetryableError("throttled")
        return []

    stack.runs.by_key = slow  # type: ignore[method-assign, assignment]
    calls = 0
    complete = False
    while not complete:
        calls += 1
        left[0] = RESERVE_S + 100
        complete = stack.sweep(seconds_left=lambda: left[0]).complete
        assert calls <= 90 / 3
    assert calls > 3


def test_one_that_cannot_be_recorded_keeps_no_other(stack: Stack) -> None:
    stack.inbox.versions = [version(f"inbox/p/{n}") for n in range(3)]
    for one in stack.inbox.versions:
        for attempt in (1, 2, 3):
            stack.workflow.executions[f"{id_of(one)}-{attempt}"] = {}
    give_up = stack.runs.give_up

    def refuse(upload: Any, *rest: Any) -> bool:
        if upload.object.key == "inbox/p/1":
            raise RetryableError("throttled")
        return give_up(upload, *rest)

    stack.runs.give_up = refuse  # type: ignore[method-assign, assignment]
    report = stack.sweep()
    assert (report.abandoned, report.failed) == (2, 1)


def test_a_key_that_the_table_does_not_answer_for_is_not_started_blindly(stack: Stack) -> None:
    stack.inbox.versions = [version("inbox/p/a"), version("inbox/p/b")]
    by_key = stack.runs.by_key

    def some(key: str, since: float) -> Any:
        if key == "inbox/p/a":
            raise RetryableError("throttled")
        return by_key(key, since)

    stack.runs.by_key = some  # type: ignore[method-assign, assignment]
    report = stack.sweep()
    assert (report.restarted, report.failed) == (1, 1)
    assert list(stack.workflow.executions) == [f"{id_of(version('inbox/p/b'))}-1"]


def test_pages_that_the_table_does_not_answer_for_are_walked_again(stack: Stack) -> None:
    stack.inbox = MemoryInbox([version(f"inbox/p/{n}") for n in range(8)], page_size=1)
    by_id = stack.runs.by_id
    stack.runs.by_id = raises(RetryableError("throttled"))  # type: ignore[method-assign]
    report = stack.sweep()
    # Three pages and the look at runs that died: then it leaves the table alone.
    assert (report.failed, report.restarted, report.complete) == (4, 0, False)
    assert report.oldest_unfinished_s == 1_000
    stack.runs.by_id = by_id  # type: ignore[method-assign]
    stack.sweep()
    assert len(stack.workflow.executions) == 8


def test_a_row_that_cannot_be_read_is_told_and_its_upload_not_judged_again(stack: Stack) -> None:
    stack.inbox.versions = [version(), version("inbox/p/b")]
    stack.runs.add(row_of(version(), "DAMAGED"))
    report = stack.sweep()
    assert (report.restarted, report.failed) == (1, 1)
    assert report.failures[0].upload_id == id_of(version())


def test_no_more_than_some_failures_are_named(stack: Stack) -> None:
    stack.inbox.versions = [version(f"inbox/p/{n}") for n in range(500)]
    stack.workflow.start = raises(RetryableError("throttled"))  # type: ignore[method-assign]
    report = stack.sweep()
    assert (report.failed, len(report.failures)) == (500, 20)


def test_without_the_index_events_that_were_lost_are_found_all_the_same(stack: Stack) -> None:
    stack.inbox.versions = [version()]
    stack.runs.leases = raises(AwsRefusedError("no such index"))  # type: ignore[method-assign]
    report = stack.sweep()
    assert (report.restarted, report.failed) == (1, 1)


# -- bounded work --------------------------------------------------------------------------------


def test_folders_cost_no_look_at_the_table(stack: Stack) -> None:
    folders = [ObjectVersion(f"inbox/tree/{n:06}/", "v1", 0, OLD) for n in range(20_000)]
    stack.inbox.versions = [*folders, version("inbox/z")]
    report = stack.sweep()
    assert (stack.runs.looked_up, stack.runs.queries) == (1, 1)
    assert (report.restarted, report.complete) == (1, True)


def test_a_call_ends_before_its_time_does_and_the_next_goes_on(stack: Stack) -> None:
    stack.inbox = MemoryInbox([version(f"inbox/p/{n:03}") for n in range(100)], page_size=10)
    seen = 0
    for _ in range(30):
        stack.sweep(seconds_left=ticking(RESERVE_S + 8))
        assert len(stack.workflow.executions) > seen or seen == 100
        seen = len(stack.workflow.executions)
        for one in stack.inbox.versions:
            if f"{id_of(one)}-1" in stack.workflow.executions:
                stack.runs.add(row_of(one))
    assert seen == 100


def test_a_call_without_any_time_still_gets_somewhere(stack: Stack) -> None:
    stack.inbox = MemoryInbox([version(f"inbox/p/{n}") for n in range(7)], page_size=3)
    for _ in range(7):
        stack.sweep(seconds_left=lambda: 0.0)
    assert len(stack.workflow.executions) == 7


def test_what_a_call_that_is_ended_has_walked_over_is_kept(stack: Stack) -> None:
    stack.inbox = MemoryInbox([version(f"inbox/p/{n}") for n in range(9)], page_size=1)
    page = stack.inbox.page

    def killed(after: Cursor | None) -> Any:
        if stack.inbox.listed == 5:
            raise KeyboardInterrupt
        return page(after)

    stack.inbox.page = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        stack.sweep()
    walk = kept(stack).walk
    assert walk is not None
    assert walk.after == Cursor(key="inbox/p/4", version_id="v1")


def test_runs_that_died_leave_time_for_the_walk_and_are_gone_round(stack: Stack) -> None:
    stuck = [version(f"inbox/s/{n:03}", modified=NOW - LEASE_S - 60) for n in range(250)]
    for one in stuck:
        stack.runs.add(row_of(one, "RUNNING"))
    stack.inbox.versions = [version()]
    # None of them can be started: the first must not be all that is ever tried.
    tried: set[str] = set()

    def note(name: str, _event: Any) -> StartOutcome:
        tried.add(name)
        raise RetryableError("throttled")

    stack.workflow.start = note  # type: ignore[method-assign, assignment]
    for _ in range(5):
        stack.sweep(seconds_left=ticking(200, step=0.5))
    assert tried >= {f"{id_of(one)}-2" for one in stuck}
    assert f"{id_of(version())}-1" in tried


def test_rows_that_the_table_does_not_answer_for_are_gone_round_too(stack: Stack) -> None:
    stuck = [version(f"inbox/s/{n:03}", modified=NOW - LEASE_S - 600 + n) for n in range(250)]
    for one in stuck:
        stack.runs.add(row_of(one, "RUNNING"))
    by_id = stack.runs.by_id

    def some(ids: Any) -> Any:
        if id_of(stuck[0]) in ids:
            raise RetryableError("throttled")
        return by_id(ids)

    stack.runs.by_id = some  # type: ignore[method-assign, assignment]
    reports = [stack.sweep(), stack.sweep()]
    assert [report.failed for report in reports] == [1, 1]
    assert len(stack.workflow.executions) == 150


def test_rows_are_looked_up_for_what_is_new_and_for_all_once_a_week(stack: Stack) -> None:
    now = NOW + 100 * DAY
    old = [version(f"inbox/p/{n:03}", modified=now - 10 * DAY) for n in range(100)]
    stack.inbox.versions = old
    for one in old:
        stack.runs.add(row_of(one))
    assert stack.sweep(now).looked_up == 100
    assert stack.sweep(now + 900).looked_up == 0
    new = version("inbox/p/new", modified=now)
    stack.inbox.versions = [*old, new]
    report = stack.sweep(now + 1_800)
    assert (report.versions, report.looked_up, report.restarted) == (101, 1, 1)
    stack.runs.add(row_of(new))
    # It is old enough to be looked up in the week's walk, and its row is kept.
    assert stack.sweep(now + 4 * DAY).looked_up == 1
    assert stack.sweep(now + 4 * DAY + 900).looked_up == 0
    assert stack.sweep(now + 8 * DAY).looked_up == 1


def test_what_was_uploaded_in_parts_is_looked_up_although_it_says_it_is_older(stack: Stack) -> None:
    now = NOW + 100 * DAY
    stack.sweep(now)
    # S3 dates it by its first part, two days before it was there.
    stack.inbox.versions = [version(modified=now - 2 * DAY)]
    assert stack.sweep(now + 900).restarted == 1
    rules = expand()["Resources"]["UploadsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    [abort] = [rule for rule in rules if "AbortIncompleteMultipartUpload" in rule]
    # S3 looks at its rules once a day.
    longest = abort["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] + 1
    assert longest * DAY < LATE_S


def test_what_a_walk_left_open_is_looked_up_however_old_it_grows(stack: Stack) -> None:
    now = NOW + 100 * DAY
    stack.inbox.versions = [version(modified=now - 1_000)]
    stack.workflow.start = raises(RetryableError("throttled"))  # type: ignore[method-assign]
    for day in range(14):
        assert stack.sweep(now + day * DAY).failed == 1, day


# -- what is kept between calls ------------------------------------------------------------------


def test_a_place_beyond_the_last_key_hides_nothing(stack: Stack) -> None:
    stack.inbox.versions = [version(f"inbox/p/{n}") for n in range(50)]
    after = Cursor(key="inbox/~~~", version_id="x")
    keep(stack, walk=Walk(after=after, began=NOW - 60))
    report = stack.sweep()
    assert (report.restarted, report.oldest_unfinished_s) == (50, 1_000)


def test_a_place_that_s3_refuses_is_given_up(stack: Stack) -> None:
    stack.inbox.versions = [version()]
    after = Cursor(key="inbox/p", version_id="no version id")
    keep(stack, walk=Walk(after=after, began=NOW - 60))
    assert stack.sweep().restarted == 1


@pytest.mark.parametrize(
    "values",
    [
        {"looked_until": NOW + 9e9},
        {"all_at": NOW + 9e9, "looked_until": NOW},
        {"walk": Walk(began=NOW + 9e9, since=NOW + 9e9)},
        {"walk": Walk(began=NOW - 60, since=NOW + 9e9)},
        {"stuck_after": Lease(until=9e9, upload_id="z"), "looked_until": NOW + 1},
        {"stuck_after": Lease(until=9e9, upload_id="z")},
    ],
)
def test_a_time_that_is_still_to_come_hides_nothing(stack: Stack, values: dict[str, Any]) -> None:
    stack.inbox.versions = [version()]
    stuck = version("inbox/p/s", modified=NOW - LEASE_S - 60)
    stack.runs.add(row_of(stuck, "RUNNING"))
    keep(stack, **values)
    assert stack.sweep().restarted == 2


def test_whatever_was_kept_everything_is_looked_at_within_a_week(stack: Stack) -> None:
    now = NOW + 100 * DAY
    lost = version(modified=now - 5 * DAY)
    stack.inbox.versions = [lost]
    keep(stack, looked_until=now, all_at=now, stuck_after=Lease(until=now, upload_id="z"))
    assert stack.sweep(now + 60).restarted == 0
    assert stack.sweep(now + 7 * DAY).restarted == 1


def test_the_place_where_the_version_before_kept_its_cursor_is_not_read(stack: Stack) -> None:
    from winnow.models import ObjectRef

    before = ObjectRef(bucket=STATE.bucket, key="runs/sweep/cursor.json")
    stack.store.put(before, b'{"after": {"key": "inbox/~", "version_id": "x"}}', "application/json")
    stack.inbox.versions = [version()]
    assert stack.sweep().restarted == 1
    assert stack.store.keys(STATE.bucket) == ["runs/sweep/cursor.json", "sweep/state.json"]


# -- retention -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), [(90, 90), (15, 15), (90, 15), (15, 90), (30, 60)])
@pytest.mark.parametrize("upgraded", [False, True])
def test_changing_how_long_rows_are_kept_starts_nothing_that_succeeded(
    stack: Stack, before: int, after: int, upgraded: bool
) -> None:
    now = NOW + 1_000 * DAY
    versions = [version(f"inbox/p/{n}", modified=now - n * DAY) for n in range(1, 120)]
    stack.inbox.versions = versions
    if not upgraded:
        known = Kept(days=before, since=0.0, until=now - 900)
        keep(stack, retention=Retention(known=(known,)))
    for day in range(0, 100, 7):
        at = now + day * DAY
        stack.runs.rows = {
            id_of(one): row_of(one) for one in versions if one.modified + 1 + before * DAY > at
        }
        assert stack.sweep(at, retention_days=after).restarted == 0, day
    assert stack.workflow.executions == {}


# -- many versions of one object -----------------------------------------------------------------


def test_many_versions_of_one_object_are_matched_without_comparing_each_with_each() -> None:
    steps = 0

    class Stepped(float):
        def __le__(self, other: float) -> bool:
            nonlocal steps
            steps += 1
            return float(self) <= other

    def nameless(count: int) -> int:
        nonlocal steps
        steps = 0
        versions = [ObjectVersion("inbox/p/a", f"v{n}", 1, Stepped(OLD + n)) for n in range(count)]
        rows = [
            row_of(one, upload_id=f"u{n}", version_id=None, claimed_at=stamp(OLD + n))
            for n, one in enumerate(versions)
        ]
        assert all(len(its) == 1 for _, its in match(BUCKET, versions, rows))
        return steps

    assert nameless(400) <= 2.5 * nameless(200)
