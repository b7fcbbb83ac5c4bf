"""The upkeep compares the index with the results, and has indexed what is missing."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.fakes.results import BUCKET, Judged
from tests.unit.core.search.test_memory import NOW
from tests.unit.search.test_contract import Indexed
from winnow.errors import RetryableError
from winnow.search.files import FileName, sources_of, tombstone
from winnow.search.shapes import SearchRequest
from winnow.search.upkeep import Change, Comparison, ResultFolder, read_state
from winnow.storage.paths import ReviewPaths
from winnow.storage.times import iso
from winnow_search.upkeep import FIRST_WAIT_S, TRIES, Upkeep


class Queue:
    """Keeps what is to be indexed."""

    def __init__(self) -> None:
        self.sent: list[Change] = []
        self.later: list[Comparison] = []

    def send(self, changes: Iterable[Change]) -> None:
        self.sent += changes

    def compare_later(self, now: Comparison) -> None:
        self.later.append(now)


class Results:
    """The uploads that have results."""

    def __init__(self, indexed: Indexed) -> None:
        self._folders = indexed.folders

        self.modified = "2026-11-29T00:00:00.000Z"
        """When all results were written: a day before the clock's time."""

    def list(self) -> Iterator[ResultFolder]:
        store = self._folders.store
        for process, upload in self._folders.folders():
            folder = f"results/{process}/{upload}"
            etags: list[str | None] = []
            for name in ("result.json", "reviewed.jsonl"):
                there = f"{folder}/{name}" in store.keys(BUCKET)
                etags.append(
                    store.head(store.head_of(BUCKET, f"{folder}/{name}")).etag if there else None
                )
            change = Change(process=process, upload=upload)
            yield ResultFolder(change, sources_of(etags[0] or "", etags[1]), self.modified)


class Kept:
    """An index, and its upkeep."""

    def __init__(self) -> None:
        self.indexed = Indexed()
        self.queue = Queue()
        self.results = Results(self.indexed)
        self.upkeep = Upkeep(
            self.indexed.folders.store,
            self.indexed.files,
            self.results,
            self.queue,
            BUCKET,
            lambda: NOW,
        )

    def indexed_one(self, waiting: list[Change]) -> None:
        """Index one upload of these."""
        list(self.upkeep.take_in([waiting.pop()] if waiting else [], lambda: 900.0))

    def carry_out_what_waits(self) -> None:
        waiting, self.queue.sent = self.queue.sent, []
        taken = list(self.upkeep.take_in(waiting, lambda: 900.0))
        assert not any(one.code for one in taken)


@pytest.fixture
def kept() -> Iterator[Kept]:
    made = Kept()
    yield made
    made.indexed.engine.close()


def folder(upload: str) -> Change:
    return Change(process="triage", upload=upload)


def test_what_is_missing_is_indexed_and_then_nothing_is(kept: Kept) -> None:
    kept.indexed.folders.run("triage", "u1", [Judged("Iron."), Judged("Bleeding.")])
    first = kept.upkeep.compare(None).state
    assert (first.missing, first.pending) == (1, True)
    [again] = kept.queue.later
    assert again == (1, FIRST_WAIT_S)
    assert kept.queue.sent == [folder("u1")]
    kept.carry_out_what_waits()
    second = kept.upkeep.compare(again).state
    assert (second.missing, second.pending, second.uploads, second.records) == (0, False, 1, 2)


def test_what_was_deleted_unseen_is_taken_out(kept: Kept) -> None:
    for upload in ("u1", "u2"):
        kept.indexed.carry_out("run", ("triage", upload), [Judged("Iron.")])
    kept.indexed.folders.delete("triage", "u1")
    kept.upkeep.compare(None)
    assert kept.queue.sent == [folder("u1")]
    kept.carry_out_what_waits()
    state = kept.upkeep.compare(None).state
    assert (state.missing, state.uploads, state.records) == (0, 1, 1)
    assert kept.queue.sent == []


def test_results_without_a_record_are_not_missing(kept: Kept) -> None:
    kept.indexed.carry_out("run", ("triage", "u1"), [])
    state = kept.upkeep.compare(None).state
    assert (state.missing, state.pending, kept.queue.sent) == (0, False, [])


def test_a_damaged_file_is_deleted_and_made_again(kept: Kept) -> None:
    kept.indexed.carry_out("run", ("triage", "u1"), [Judged("Iron.")])
    (name,) = kept.indexed.files.contents
    assert isinstance(name, FileName)
    kept.indexed.files.contents[name] = (b"PAR1 no parquet at all", "1")
    report = kept.upkeep.compare(None)
    assert (report.damaged, report.state.missing, kept.queue.sent) == (1, 1, [folder("u1")])
    kept.carry_out_what_waits()
    assert kept.upkeep.compare(kept.queue.later[-1]).state.records == 1


@pytest.mark.parametrize(("failures", "code"), [(TRIES - 1, None), (TRIES, "temporary")])
def test_what_another_call_overtakes_is_read_again_at_once(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, failures: int, code: str | None
) -> None:
    kept.indexed.folders.run("triage", "u1", [Judged("Iron.")])
    publish, left = kept.indexed.files.write, iter(range(failures))

    def overtaken(*args: object) -> None:
        if next(left, None) is not None:
            raise RetryableError("It was changed meanwhile.")
        publish(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(kept.indexed.files, "write", overtaken)
    (taken,) = kept.upkeep.take_in([folder("u1")], lambda: 900.0)
    assert (taken.code, taken.again) == (code, code is not None)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError()])
def test_what_fails_for_one_upload_costs_no_other(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    uploads = ["u0", "u1", "u2"]
    for upload in uploads:
        kept.indexed.folders.run("triage", upload, [Judged("Iron.")])
    write = kept.indexed.files.write

    def full(name: FileName, content: bytes, generation: str) -> None:
        if name.upload == "u1":
            raise error
        write(name, content, generation)

    monkeypatch.setattr(kept.indexed.files, "write", full)
    taken = list(kept.upkeep.take_in(map(folder, uploads), lambda: 900.0))
    assert [one.again for one in taken] == [False, True, False]
    assert (taken[1].code, taken[1].error_type) == ("internal", type(error).__name__)
    assert {name.upload for name in kept.indexed.files.contents} == {"u0", "u2"}


def test_files_are_compacted_in_groups_that_fit(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        kept.indexed.carry_out("run", ("triage", f"u{number}"), [Judged("Iron.")])
    sizes = [len(content) for content, _ in kept.indexed.files.contents.values()]
    monkeypatch.setattr("winnow_search.indexing.MAX_COMPACTED", 3 * max(sizes))
    monkeypatch.setattr("winnow_search.indexing.MIN_FILES", 2)
    for _ in range(2):
        kept.upkeep.maintain()
        (small, *_), *_ = kept.indexed.files.contents.values()
        assert [name.number for name in kept.indexed.files.contents] == [1, 2]
        monkeypatch.setattr("winnow_search.indexing.MAX_COMPACTED", int(1.5 * len(small)))
    assert kept.indexed.engine.search(SearchRequest(limit=0)).total == 6


def lost_run(kept: Kept) -> None:
    kept.indexed.folders.run("triage", "u1", [Judged("New.", "not_met")])


def lost_review(kept: Kept) -> None:
    kept.indexed.folders.review("triage", "u1", {1: "not_met"})


def lost_erasure(kept: Kept) -> None:
    kept.indexed.folders.erase("triage", "u1", 1)


def lost_empty_run(kept: Kept) -> None:
    kept.indexed.folders.run("triage", "u1", [])


def damaged_segment(kept: Kept) -> None:
    kept.indexed.carry_out("run", ("triage", "u1"), [Judged("New.", "not_met")])
    name = FileName("triage", "2026-11", "u1")
    kept.indexed.files.contents[name] = (b"damaged", kept.indexed.files.contents[name][1])


def stray_tombstone(kept: Kept) -> None:
    kept.indexed.indexer._hide("triage", "u1")


LOST = [lost_run, lost_review, lost_erasure, lost_empty_run, damaged_segment, stray_tombstone]


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize("lose", LOST)
def test_what_changed_unseen_is_indexed_again(
    kept: Kept, lose: Callable[[Kept], None], *, compacted: bool
) -> None:
    for upload in ("u1", "u2"):
        kept.indexed.carry_out("run", ("triage", upload), [Judged("Old.", "met")])
    if compacted:
        kept.indexed.indexer.compact("triage", all_files=True)
    lose(kept)
    state = kept.upkeep.maintain().state
    assert (state.missing, state.pending, kept.queue.sent) == (1, True, [folder("u1")])
    kept.carry_out_what_waits()
    assert kept.upkeep.compare(kept.queue.later[-1]).state.missing == 0
    found = kept.indexed.engine.search(SearchRequest())
    memory = kept.indexed.memory().search(SearchRequest())
    assert (found.total, found.hits) == (memory.total, memory.hits)
    kept.upkeep.maintain()
    assert kept.queue.sent == []


@pytest.mark.parametrize("lose", [lost_run, lost_review, lost_erasure, lost_empty_run])
def test_what_has_just_changed_is_not_missing(kept: Kept, lose: Callable[[Kept], None]) -> None:
    """Its event is on its way: a comparison would count it all day."""
    kept.indexed.carry_out("run", ("triage", "u1"), [Judged("Old.", "met")])
    lose(kept)
    kept.results.modified = iso(NOW - 60)
    state = kept.upkeep.compare(None).state
    assert (state.missing, kept.queue.sent) == (0, [])


def test_later_results_that_cannot_be_read_are_counted(kept: Kept) -> None:
    kept.indexed.carry_out("run", ("triage", "u1"), [Judged("Old.", "met")])
    reviewed = ReviewPaths(BUCKET, "triage", "u1").reviewed
    kept.indexed.folders.store.put(reviewed, b'{"record": 1}\n', "x")
    assert comparisons(kept) == [(1, 5), (1, 20), (1, 60)]
    state = read_state(kept.indexed.folders.store, BUCKET)
    assert state is not None
    assert (state.missing, state.pending) == (1, False)


def test_it_is_compared_again_each_minute_as_long_as_something_was_indexed(kept: Kept) -> None:
    for number in range(6):
        kept.indexed.folders.run("triage", f"u{number}", [Judged("Iron.")])
    kept.upkeep.compare(None)
    waiting, kept.queue.sent = kept.queue.sent, []
    assert comparisons(kept, lambda: kept.indexed_one(waiting)) == [
        (6, 5),
        (5, 20),
        (4, 60),
        (3, 60),
        (2, 60),
        (1, 60),
    ]


def comparisons(kept: Kept, meanwhile: Callable[[], None] = lambda: None) -> list[Comparison]:
    """Those that found something missing, from the first to the last that asks for another."""
    before = None
    if not kept.queue.later:
        kept.upkeep.compare(None)
    while kept.queue.later[-1] is not before:
        before = kept.queue.later[-1]
        list(kept.upkeep.take_in(kept.queue.sent, lambda: 900.0))
        meanwhile()
        kept.upkeep.compare(before)
    return kept.queue.later


def test_an_empty_run_stays_known(kept: Kept) -> None:
    """Its tombstone says of what it was made, so that no comparison sends it again."""
    kept.indexed.carry_out("run", ("triage", "u1"), [])
    for _ in range(2):
        kept.indexed.indexer.compact("triage", all_files=True, swept="9")
        assert kept.upkeep.compare(None).state.missing == 0
    assert list(kept.indexed.files.contents) == [tombstone("triage", "u1")]


def test_a_rebuild_shows_no_earlier_state(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    for upload in ("u1", "u2", "u3"):
        kept.indexed.carry_out("run", ("triage", upload), [Judged("Old.")])
    kept.indexed.indexer.compact("triage", all_files=True)
    kept.indexed.carry_out("run", ("triage", "u1"), [Judged("New.")])
    kept.indexed.carry_out("delete", ("triage", "u2"))
    delete, seen = kept.indexed.files.delete, []

    def looked(name: FileName, etag: str | None) -> bool:
        done = delete(name, etag)
        seen.append([hit.text for hit in kept.indexed.engine.search(SearchRequest()).hits])
        return done

    monkeypatch.setattr(kept.indexed.files, "delete", looked)
    kept.upkeep.rebuild()
    assert seen == [["New."], [], []]
