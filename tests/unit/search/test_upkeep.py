"""The upkeep compares the index with the results, and has indexed what is missing."""

from collections.abc import Iterable, Iterator

import pytest

from tests.fakes.results import BUCKET, Judged
from tests.unit.core.search.test_memory import NOW
from tests.unit.search.test_contract import Indexed
from winnow.errors import RetryableError
from winnow.search.files import FileName
from winnow.search.shapes import SearchRequest
from winnow.search.upkeep import Change
from winnow_search.upkeep import TRIES, Upkeep


class Queue:
    """Keeps what is to be indexed."""

    def __init__(self) -> None:
        self.sent: list[Change] = []
        self.later: list[int] = []

    def send(self, changes: Iterable[Change]) -> None:
        self.sent += changes

    def compare_later(self, missing: int) -> None:
        self.later.append(missing)


class Results:
    """The uploads that have results."""

    def __init__(self, indexed: Indexed) -> None:
        self._folders = indexed.folders

    def list(self) -> Iterator[Change]:
        for process, upload in self._folders.folders():
            yield Change(process=process, upload=upload)


class Kept:
    """An index, and its upkeep."""

    def __init__(self) -> None:
        self.indexed = Indexed()
        self.queue = Queue()
        self.upkeep = Upkeep(
            self.indexed.folders.store,
            self.indexed.files,
            Results(self.indexed),
            self.queue,
            BUCKET,
            lambda: NOW,
        )

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
    assert (first.missing, first.pending, kept.queue.later) == (1, True, [1])
    assert kept.queue.sent == [folder("u1")]
    kept.carry_out_what_waits()
    second = kept.upkeep.compare(first.missing).state
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
    assert kept.upkeep.compare(1).state.records == 1


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
