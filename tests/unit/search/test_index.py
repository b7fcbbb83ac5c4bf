"""The files of the index: the same bytes again, read while they change, damaged, too slow."""

import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.index_files import MemoryFiles
from tests.fakes.results import Judged
from tests.unit.core.search.test_memory import NOW
from tests.unit.search.test_contract import Indexed
from winnow.errors import ObjectGoneError, SearchTooSlowError
from winnow.search.exports import ExportFormat
from winnow.search.files import TOMBSTONE, FileName, parse_key, tombstone
from winnow.search.shapes import ChartId, SearchRequest, StatsRequest
from winnow_search.duck import DuckSearcher
from winnow_search.indexing import MIN_FILES
from winnow_search.words import WordIndex

EVERYTHING = SearchRequest(limit=0)


@pytest.fixture
def indexed():
    made = Indexed()
    yield made
    made.engine.close()


def total(indexed: Indexed, query: str = "") -> int:
    return indexed.engine.search(SearchRequest(query=query, limit=0)).total


def run(indexed: Indexed, upload: str, *texts: str, process: str = "triage") -> None:
    indexed.carry_out("run", (process, upload), [Judged(text) for text in texts])


def test_indexing_twice_writes_the_same_bytes(indexed: Indexed) -> None:
    run(indexed, "u1", "Iron.", "Straße\x00 \u2028 😀", "")
    before = dict(indexed.files.contents)
    indexed.indexer.index("triage", "u1")
    assert indexed.files.contents == before
    (name,) = before
    assert name.key == "index/records/process=triage/month=2026-11/0-u1.parquet"
    assert parse_key(name.key) == name
    (hit,) = indexed.engine.search(SearchRequest(query="strasse", whole_text=True)).hits
    assert hit.text == "Straße\x00 \u2028 😀"


@pytest.mark.parametrize(
    "key",
    [
        "index/records/process=a/month=2026-11/2-x.parquet",
        "index/records/process=a/month=2026/0-x.parquet",
        "index/records/process=a/b/month=2026-11/0-x.parquet",
        "results/a/u/result.json",
    ],
)
def test_an_object_of_another_name_is_no_file_of_the_index(key: str) -> None:
    assert parse_key(key) is None


def test_what_another_call_has_seen_later_stays(indexed: Indexed) -> None:
    run(indexed, "u1", "a")
    (name,) = indexed.files.contents
    indexed.files.contents[name] = (b"later", "9999")
    assert indexed.indexer.index("triage", "u1").rows == 1
    assert indexed.files.contents[name] == (b"later", "9999")


def test_deleted_results_leave_the_index_and_at_compaction_its_files(indexed: Indexed) -> None:
    for number in range(MIN_FILES):
        run(indexed, f"u{number}", "iron", "blood")
    assert indexed.indexer.compact("triage", swept="9").deleted == MIN_FILES
    assert total(indexed, "iron") == MIN_FILES
    indexed.carry_out("delete", ("triage", "u3"))
    assert total(indexed, "iron") == MIN_FILES - 1
    assert len(indexed.files.contents) == 2
    done = indexed.indexer.compact("triage", swept="9")
    assert (done.written, done.deleted) == (1, 2)
    (left,) = indexed.files.contents
    assert (left.number, total(indexed, "iron")) == (2, MIN_FILES - 1)


def test_what_was_deleted_and_is_run_again_is_found_again(indexed: Indexed) -> None:
    run(indexed, "u1", "iron")
    indexed.carry_out("delete", ("triage", "u1"))
    assert total(indexed) == 0
    run(indexed, "u1", "iron", "iron")
    assert total(indexed, "iron") == 2
    # A deletion that is told late changes nothing: what counts is the folder.
    indexed.indexer.index("triage", "u1")
    assert total(indexed, "iron") == 2


def test_a_tombstone_stays_while_another_month_has_the_upload(indexed: Indexed) -> None:
    run(indexed, "u1", "iron")
    (name,) = indexed.files.contents
    other = FileName("triage", "2026-10", number=1)
    indexed.files.contents[other] = indexed.files.contents[name]
    indexed.carry_out("delete", ("triage", "u1"))
    kept = indexed.files.delete
    indexed.files.delete = lambda name, etag: name != other and kept(name, etag)  # type: ignore[method-assign]
    indexed.indexer.compact("triage", swept="9")
    assert {one: generation for one, (_, generation) in indexed.files.contents.items()} == {
        tombstone("triage", "u1"): TOMBSTONE,
        other: indexed.files.contents[other][1],
    }
    assert total(indexed) == 0
    indexed.files.delete = kept  # type: ignore[method-assign]
    indexed.indexer.compact("triage", swept="9")
    assert indexed.files.contents == {}


def test_a_compaction_that_breaks_off_counts_nothing_twice(indexed: Indexed) -> None:
    run(indexed, "u1", "iron")
    run(indexed, "u2", "iron")
    delete = indexed.files.delete

    def fail(name: FileName, etag: str | None) -> bool:
        raise OSError

    indexed.files.delete = fail  # type: ignore[method-assign]
    with pytest.raises(OSError):
        indexed.indexer.compact("triage", all_files=True, swept="9")
    assert len(indexed.files.contents) == 3
    assert total(indexed) == 2
    indexed.files.delete = delete  # type: ignore[method-assign]
    indexed.indexer.compact("triage", all_files=True, swept="9")
    assert (len(indexed.files.contents), total(indexed)) == (1, 2)


def test_a_segment_that_is_written_during_a_compaction_stays(indexed: Indexed) -> None:
    run(indexed, "u1", "old")
    run(indexed, "u2", "old")
    write = indexed.files.write

    def meanwhile(name: FileName, content: bytes, generation: str) -> None:
        write(name, content, generation)
        indexed.files.write = write  # type: ignore[method-assign]
        run(indexed, "u1", "new", "new")

    indexed.files.write = meanwhile  # type: ignore[method-assign]
    indexed.indexer.compact("triage", all_files=True, swept="9")
    assert [total(indexed, query) for query in ("", "old", "new")] == [3, 1, 2]


def test_files_that_have_not_changed_are_not_read_again(indexed: Indexed) -> None:
    for number in range(4):
        run(indexed, f"u{number}", "iron")
    assert total(indexed) == 4
    indexed.files.reads = 0
    assert total(indexed) == 4
    assert indexed.files.reads == 0
    run(indexed, "u9", "iron")
    assert total(indexed) == 5
    assert indexed.files.reads == 1


def test_a_list_is_taken_again_when_it_is_old(indexed: Indexed) -> None:
    times = iter([0.0, 1.0, 4.9, 5.1])
    engine = DuckSearcher(indexed.files, lambda: next(times))
    assert engine.search(EVERYTHING).total == 0
    run(indexed, "u1", "iron")
    assert [engine.search(EVERYTHING).total for _ in range(3)] == [0, 0, 1]
    engine.close()


def test_a_file_that_goes_between_list_and_read_is_listed_again(indexed: Indexed) -> None:
    run(indexed, "u1", "iron")
    run(indexed, "u2", "iron")
    read = indexed.files.read

    def compacted(name: FileName) -> bytes:
        indexed.files.read = read  # type: ignore[method-assign]
        indexed.indexer.compact("triage", all_files=True, swept="9")
        raise ObjectGoneError("gone")

    indexed.files.read = compacted  # type: ignore[method-assign]
    assert total(indexed) == 2


@pytest.mark.parametrize("damage", ["cut", "empty", "inside", "other"])
def test_a_damaged_file_is_noticed_counted_and_made_again(indexed: Indexed, damage: str) -> None:
    run(indexed, "u1", "iron")
    run(indexed, "u2", *[f"blood {number}" for number in range(2000)])
    name = FileName("triage", "2026-11", "u2")
    content, generation = indexed.files.contents[name]
    half = len(content) // 2
    damaged = {
        "cut": content[:half],
        "empty": b"",
        "inside": content[:half] + bytes(400) + content[half + 400 :],
        "other": b"id,text\n1,a\n",
    }[damage]
    indexed.files.contents[name] = (damaged, generation)
    answer = indexed.engine.search(EVERYTHING)
    assert (answer.total, answer.damaged) == (1, 1)
    assert indexed.engine.stats(StatsRequest(chart=ChartId.OUTCOMES)).damaged == 1
    indexed.indexer.compact("triage", all_files=True, swept="9")
    assert name in indexed.files.contents
    indexed.indexer.index("triage", "u2")
    answer = indexed.engine.search(EVERYTHING)
    assert (answer.total, answer.damaged) == (2001, 0)


def test_what_takes_too_long_is_stopped_and_the_next_request_is_answered() -> None:
    indexed = Indexed()
    run(indexed, "u1", *["iron " * 50] * 3000)
    engine = DuckSearcher(indexed.files, lambda: NOW, limit_s=0.0)
    engine.refresh()
    slow = engine._one

    def endless(sql, condition):
        engine._database.execute("SELECT count(*) FROM range(100000) a, range(10000000) b")
        return slow(sql, condition)

    engine._one = endless  # type: ignore[method-assign]
    with pytest.raises(SearchTooSlowError, match="more than 0 seconds"):
        engine.search(EVERYTHING)
    engine._one = slow  # type: ignore[method-assign]
    engine._limit_s = 60.0
    assert engine.search(SearchRequest(query="iron", limit=0)).total == 3000
    engine.close()
    indexed.engine.close()


def test_an_index_that_is_not_read_in_one_request_is_read_by_the_next_ones(
    indexed: Indexed,
) -> None:
    for number in range(3):
        run(indexed, f"u{number}", "Iron.", "Zinc.")
    engine = DuckSearcher(indexed.files, lambda: NOW, refresh_s=0, load_s=0)
    told: list[str] = []
    while len(told) < 10:
        try:
            found = engine.search(EVERYTHING).total
            break
        except SearchTooSlowError as error:
            told.append(error.message)
    engine.close()
    assert found == 6
    assert [" 0 records" in one for one in told] == [True, True, False, False]


def test_rows_whose_words_are_not_indexed_yet_are_found_all_the_same(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("winnow_search.duck.WORDS_A_CALL", 3)
    run(indexed, "u1", *["iron deficiency"] * 8)
    assert [total(indexed, '"iron deficiency"') for _ in range(4)] == [8] * 4
    monkeypatch.setattr("winnow_search.duck.MOST_FOUND", 2)
    assert total(indexed, "iron") == 8


def test_an_index_without_files_is_empty() -> None:
    engine = DuckSearcher(MemoryFiles(), lambda: NOW)
    answer = engine.search(SearchRequest(query="iron"))
    assert (answer.total, answer.hits, answer.indexed_at) == (0, (), None)
    for chart in ChartId:
        assert engine.stats(StatsRequest(chart=chart)).series == ()
    engine.close()


def test_the_index_of_words_does_not_grow_with_decisions(indexed: Indexed) -> None:
    run(indexed, "u1", *["iron deficiency"] * 50)
    for decided in range(1, 12):
        indexed.carry_out("review", ("triage", "u1"), {decided: "met"})
        assert total(indexed, "iron") == 50
        assert indexed.engine._words.rows <= 150
        assert len(list(indexed.engine._folder.glob("words-*.sqlite"))) == 1
    indexed.carry_out("delete", ("triage", "u1"))
    assert total(indexed, "iron") == 0


@pytest.mark.parametrize("error", ["database or disk is full", "disk I/O error"])
@pytest.mark.parametrize("fails", [1, 3])
def test_where_there_is_no_room_for_words_the_rows_are_looked_through(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch, error: str, fails: int
) -> None:
    run(indexed, "u1", *["iron deficiency"] * 8)
    left, add = iter(range(fails)), WordIndex.add

    def full(words: WordIndex, rows: list[tuple[int, str]], upto: int) -> None:
        if next(left, None) is not None:
            add(words, rows[:3], rows[2][0])
            raise sqlite3.OperationalError(error)
        add(words, rows, upto)

    monkeypatch.setattr(WordIndex, "add", full)
    for asked in range(fails + 2):
        assert total(indexed, '"iron deficiency"') == 8
        assert indexed.engine.stats(StatsRequest(chart=ChartId.OUTCOMES)).total == 8
        assert (indexed.engine._words.rows == 8) == (2 * asked + 2 > fails)


def test_an_export_lists_the_files_anew(indexed: Indexed, tmp_path: Path) -> None:
    """So that nothing is in it that was erased before it was asked for."""
    run(indexed, "u1", "Smith", "other")
    engine = DuckSearcher(indexed.files, lambda: NOW)
    assert engine.search(EVERYTHING).total == 2
    indexed.carry_out("erase", ("triage", "u1"), 1)
    engine.export(SearchRequest(), ExportFormat.CSV, tmp_path / "all.csv")
    engine.close()
    exported = (tmp_path / "all.csv").read_text()
    assert ("Smith" in exported, "other" in exported) == (False, True)


@pytest.mark.parametrize("like", [False, True])
def test_hits_are_made_for_as_long_as_a_request_may_take(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch, *, like: bool
) -> None:
    """To mark what was found in long texts takes longer than to find it."""
    run(indexed, "u1", *["iron"] * 20)
    like_text = {"like_text": "iron"} if like else {}

    def slow(*_: object, **__: object) -> None:
        time.sleep(0.05)
        made.append(None)

    made: list[None] = []
    vector = np.ones(192, np.int8)
    engine = DuckSearcher(indexed.files, lambda: NOW, vectorise=lambda _: vector, limit_s=0.2)
    monkeypatch.setattr(engine, "_likeness", lambda *_: (np.arange(1, 21), np.ones(20)))
    monkeypatch.setattr("winnow_search.duck.hit_of", slow)
    with pytest.raises(SearchTooSlowError, match=r"more than 0\.2 seconds"):
        engine.search(SearchRequest(query="iron", limit=20, **like_text))
    assert len(made) < 20
    engine.close()
