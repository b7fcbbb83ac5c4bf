"""Results that change while the index reads or writes: at each point, by each kind of change."""

import itertools
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.fakes.results import Judged
from tests.unit.search.test_upkeep import Kept, folder
from winnow.search.shapes import SearchRequest

POINTS = range(14)
"""Calls of an indexing, and some more that there are when it begins again."""
MIN_CALLS = 8
"""Calls of an indexing, at least."""
UPLOAD = ("triage", "u1")


class Meanwhile:
    """Does something at the n-th call of the stores."""

    def __init__(
        self,
        kept: Kept,
        monkeypatch: pytest.MonkeyPatch,
        results: Sequence[str] = ("head", "open", "read_range"),
        files: Sequence[str] = ("write", "delete"),
    ) -> None:
        self._calls = itertools.count()
        self._at = -1
        self._action: Callable[[], None] = lambda: None
        for store, names in (
            (kept.indexed.folders.store, results),
            (kept.indexed.files, files),
        ):
            for name in names:
                monkeypatch.setattr(store, name, self._counted(getattr(store, name)))

    @property
    def done(self) -> bool:
        """Whether it was done."""
        return self._at < 0

    def at(self, number: int, action: Callable[[], None]) -> None:
        self._calls, self._at, self._action = itertools.count(), number, action

    def _counted(self, call: Callable) -> Callable:
        def counted(*args: object) -> object:
            if next(self._calls) == self._at:
                self._at = -1
                self._action()
            return call(*args)

        return counted


@pytest.fixture
def kept() -> Iterator[Kept]:
    made = Kept()
    made.indexed.folders.month = "2026-10"
    made.indexed.carry_out("run", ("triage", "u0"), [Judged("zinc")])
    made.indexed.folders.month = "2026-11"
    made.indexed.carry_out("run", UPLOAD, [Judged("iron")] * 4)
    yield made
    made.indexed.engine.close()


def found(kept: Kept, query: str = "iron") -> int:
    return kept.indexed.engine.search(SearchRequest(query=query, limit=0)).total


def take_in(kept: Kept) -> None:
    (taken,) = kept.upkeep.take_in([folder("u1")], lambda: 900.0)
    assert taken.code is None


def erase(kept: Kept) -> None:
    kept.indexed.folders.erase(*UPLOAD, 2)
    kept.indexed.folders.forget_versions(*UPLOAD)


def run_again(kept: Kept) -> None:
    kept.indexed.folders.run(*UPLOAD, [Judged("iron")] * 3)
    kept.indexed.folders.forget_versions(*UPLOAD)


def run_later(kept: Kept) -> None:
    kept.indexed.folders.month = "2026-12"
    run_again(kept)


def review(kept: Kept) -> None:
    kept.indexed.folders.review(*UPLOAD, {1: "not_met"})
    kept.indexed.folders.forget_versions(*UPLOAD)


def delete_and_run(kept: Kept) -> None:
    kept.indexed.folders.delete(*UPLOAD)
    run_later(kept)


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize("reviewed", [False, True])
@pytest.mark.parametrize(
    ("action", "left"),
    [(erase, 3), (run_again, 3), (run_later, 3), (review, 4), (delete_and_run, 3)],
)
def test_what_has_results_stays_whatever_changes_while_it_is_read(
    kept: Kept,
    monkeypatch: pytest.MonkeyPatch,
    action: Callable[[Kept], None],
    left: int,
    reviewed: bool,
    compacted: bool,
) -> None:
    if reviewed:
        kept.indexed.carry_out("review", UPLOAD, {3: "met"})
    if compacted:
        kept.indexed.indexer.compact("triage", all_files=True)
    meanwhile = Meanwhile(kept, monkeypatch)
    for point in POINTS:
        before = found(kept)
        meanwhile.at(point, lambda: action(kept))
        take_in(kept)
        assert found(kept) in (before, left)
        meanwhile.at(-1, lambda: None)
        take_in(kept)  # The event of the change.
        assert found(kept) == left
    assert found(kept, "zinc") == 1


@pytest.mark.parametrize("compacted", [False, True])
def test_what_is_deleted_while_it_is_read_is_gone_at_once(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, compacted: bool
) -> None:
    meanwhile = Meanwhile(kept, monkeypatch)
    deleted = 0
    for point in POINTS:
        meanwhile.at(-1, lambda: None)
        run_again(kept)
        take_in(kept)
        if compacted:
            kept.indexed.indexer.compact("triage", all_files=True)
        assert found(kept) == 3
        meanwhile.at(point, lambda: kept.indexed.folders.delete(*UPLOAD))
        take_in(kept)
        if UPLOAD not in kept.indexed.folders.folders():
            deleted += 1
            assert (found(kept), found(kept, "zinc")) == (0, 1)
    assert deleted >= MIN_CALLS


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("month", ["2026-11", "2026-12"])
@pytest.mark.parametrize("records", [0, 2])
def test_a_later_run_counts_alone(
    kept: Kept, month: str, records: int, *, deleted: bool, compacted: bool, swept: bool
) -> None:
    if compacted:
        kept.indexed.indexer.compact("triage", all_files=True)
    if deleted:
        kept.indexed.carry_out("delete", UPLOAD)
        assert found(kept) == 0
    if swept:
        kept.indexed.indexer.compact("triage", all_files=True)
    kept.indexed.folders.month = month
    for _ in range(2):
        kept.indexed.carry_out("run", UPLOAD, [Judged("iron")] * records)
        assert found(kept) == records
        take_in(kept)  # An event of the deletion that comes late changes nothing.
        assert found(kept) == records
        kept.indexed.indexer.compact("triage", all_files=True)
        assert (found(kept), found(kept, "zinc")) == (records, 1)


def test_results_that_lack_a_file_for_good_are_damaged_and_not_deleted(kept: Kept) -> None:
    for key in kept.indexed.folders.store.keys("results"):
        if key.endswith("u1/accepted.jsonl"):
            kept.indexed.folders.store.delete(kept.indexed.folders.store.head_of("results", key))
    (taken,) = kept.upkeep.take_in([folder("u1")], lambda: 900.0)
    assert (taken.code, taken.again, found(kept)) == ("stored_data_invalid", False, 4)
