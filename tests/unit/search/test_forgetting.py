"""Nothing of an erased person stays in a file of the index, whatever writes it meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.fakes.index_files import MemoryFiles
from tests.fakes.results import Judged
from tests.unit.search.test_interleaving import Meanwhile
from tests.unit.search.test_upkeep import Kept, folder
from winnow.errors import RetryableError
from winnow.search.files import FileName
from winnow.search.shapes import SearchRequest

UPLOADS = 4
POINTS = (1, 4, 6, 7, 9, 12)
"""Calls of the files, in the middle of a forgetting or a compaction."""
CALLS = ("list", "read", "write", "delete")
ERASED = "u3"


@pytest.fixture(params=["segments", "compacted", "both"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """An index of some uploads, of which one has a person."""
    monkeypatch.setattr("winnow_search.indexing.MIN_FILES", 2)
    made = Kept()
    for number in range(UPLOADS):
        made.indexed.folders.run("triage", f"u{number}", [Judged("Smith"), Judged("other")])
        made.indexed.indexer.index("triage", f"u{number}")
    if request.param != "segments":
        made.indexed.indexer.compact("triage")
    if request.param == "both":
        for number in (0, 3):
            made.indexed.carry_out("review", ("triage", f"u{number}"), {2: "not_met"})
    yield made
    made.indexed.engine.close()


def rows(files: MemoryFiles, folder: Path) -> list[str]:
    """The texts of the upload in all files."""
    found: list[str] = []
    for content, _ in files.contents.values():
        path = folder / "file.parquet"
        path.write_bytes(content)
        found += [
            text
            for upload, text in duckdb.sql(f"SELECT upload, text FROM '{path}'").fetchall()
            if upload == ERASED and text is not None
        ]
    return found


def erase(kept: Kept, record: int | None) -> None:
    if record is None:
        if ("triage", ERASED) in kept.indexed.folders.folders():
            kept.indexed.folders.delete("triage", ERASED)
    else:
        kept.indexed.folders.erase("triage", ERASED, record)


@pytest.mark.parametrize("record", [1, None])
@pytest.mark.parametrize("point", POINTS)
def test_while_a_compaction_runs(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, point: int, record: int | None
) -> None:
    meanwhile = Meanwhile(kept, monkeypatch, results=(), files=CALLS)

    def forget() -> None:
        erase(kept, record)
        kept.upkeep.forget(folder(ERASED))

    meanwhile.at(point, forget)
    kept.upkeep.maintain()
    if not meanwhile.done:
        forget()
    left = ["other"] if record else []
    assert rows(kept.indexed.files, tmp_path) == left
    assert kept.indexed.engine.search(SearchRequest(limit=0)).total == (8 if record else 6)


@pytest.mark.parametrize("record", [1, None])
@pytest.mark.parametrize("point", POINTS)
def test_while_it_is_compacted_by_others(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, point: int, record: int | None
) -> None:
    meanwhile = Meanwhile(kept, monkeypatch, results=(), files=CALLS)
    erase(kept, record)
    meanwhile.at(point, lambda: kept.indexed.indexer.compact("triage", all_files=True) and None)
    kept.upkeep.forget(folder(ERASED))
    left = ["other"] if record else []
    assert rows(kept.indexed.files, tmp_path) == left
    assert kept.indexed.engine.search(SearchRequest(limit=0)).total == (8 if record else 6)


def test_with_a_damaged_file(kept: Kept, tmp_path: Path) -> None:
    """What nobody can read is deleted, and made again."""
    name = next(name for name in kept.indexed.files.contents if name.upload in (None, ERASED))
    content, generation = kept.indexed.files.contents[name]
    kept.indexed.files.contents[name] = (content[:-9], generation)
    kept.indexed.folders.erase("triage", ERASED, 1)
    kept.upkeep.forget(folder(ERASED))
    assert content[:-9] not in [content for content, _ in kept.indexed.files.contents.values()]
    kept.carry_out_what_waits()
    assert rows(kept.indexed.files, tmp_path) == ["other"]


def test_it_does_not_end_well_if_others_never_stop(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.indexed.folders.erase("triage", ERASED, 1)
    write = kept.indexed.files.write

    def taken(name: FileName, content: bytes, generation: str) -> None:
        if name.number is not None:
            write(name, b"of somebody else", "")
        write(name, content, generation)

    monkeypatch.setattr(kept.indexed.files, "write", taken)
    with pytest.raises(RetryableError, match="Others write the search index"):
        kept.upkeep.forget(folder(ERASED))


def test_a_tombstone_stays_for_an_hour(kept: Kept) -> None:
    """A call that began before may still write what it hides."""
    kept.indexed.carry_out("delete", ("triage", ERASED))
    kept.indexed.files.modified = "2026-11-30T00:10:00.000Z"
    for clock, left in (("2026-11-30T01:00:00.000Z", 1), ("2026-11-30T01:20:00.000Z", 0)):
        kept.indexed.indexer.compact("triage", all_files=True, swept=hour_before(clock))
        assert sum(name.upload == ERASED for name in kept.indexed.files.contents) == left


def hour_before(time: str) -> str:
    return f"{time[:11]}{int(time[11:13]) - 1:02d}{time[13:]}"


def test_under_each_process_that_it_was_run_by(kept: Kept, tmp_path: Path) -> None:
    kept.indexed.carry_out("run", ("moods", ERASED), [Judged("Smith")])
    kept.indexed.carry_out("run", ("moods", "u9"), [Judged("other")])
    kept.indexed.indexer.compact("moods", all_files=True)
    for process in ("triage", "moods"):
        kept.indexed.folders.delete(process, ERASED)
    kept.upkeep.forget(folder(ERASED))
    assert rows(kept.indexed.files, tmp_path) == []
    assert kept.indexed.engine.search(SearchRequest(query="other", limit=0)).total == 4
    processes = [name.process for name in kept.indexed.files.contents if name.upload == ERASED]
    assert processes == ["moods", "triage"]  # Two tombstones.
