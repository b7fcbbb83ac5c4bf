"""Files of what was found: all of it, in order, the same in each format, and no formula."""

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fakes.examples import examples
from tests.fakes.results import BUCKET, Folders, Judged
from tests.fakes.store import MemoryStore
from tests.unit.core.search.test_memory import rows_of, vector
from tests.unit.search.test_contract import HOSTILE, Indexed, engines
from winnow.errors import ExportTooLongError
from winnow.models import ObjectRef, Outcome
from winnow.reviews.models import RecordKey
from winnow.search.exports import COLUMNS, ExportFormat, cells_of, every_hit
from winnow.search.shapes import Hit, RecordRef, SearchFilter, SearchRequest, Sort
from winnow.tables.formulas import defused, restored
from winnow_search import duck
from winnow_search.answering import Answering
from winnow_search.duck import DuckSearcher
from winnow_search.exporting import write_hits

TEXTS = [*HOSTILE, "=1+1", "-0.5", "a;=b\t@c", 'two\r\nlines, "quoted"', "", " ", "é😀"]


def read(file: Path, form: ExportFormat) -> list[dict[str, Any]]:
    if form is ExportFormat.CSV:
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert not rows or tuple(rows[0]) == COLUMNS
        return rows
    if form is ExportFormat.JSONL:
        return [json.loads(line) for line in file.read_bytes().split(b"\n") if line]
    with duckdb.connect() as database:
        found = database.execute("SELECT * FROM read_parquet(?)", [str(file)])
        names = [column[0] for column in found.description or ()]
        assert tuple(names) == COLUMNS
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def as_written(hit: Hit, form: ExportFormat) -> dict[str, Any]:
    cells = cells_of(hit)
    if form is not ExportFormat.CSV:
        return cells
    return {name: _cell(value) for name, value in cells.items()}


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return defused(value) if isinstance(value, str) else str(value)


@pytest.fixture(scope="module")
def indexed() -> Indexed:
    made = Indexed()
    made.carry_out("run", ("triage", "u1"), [Judged(text) for text in TEXTS])
    made.carry_out("run", ("moods", "u2"), [Judged("Iron deficiency."), Judged("No iron.")])
    made.carry_out("review", ("triage", "u1"), {4: "=cmd()", 5: None})
    return made


REQUESTS = [
    SearchRequest(),
    SearchRequest(query="iron", sort=Sort.OLDEST, limit=1, offset=1),
    SearchRequest(filters=SearchFilter(processes=("moods",)), sort=Sort.LEAST_SURE),
    SearchRequest(query="nowhere"),
]


@pytest.mark.parametrize("form", ExportFormat)
@pytest.mark.parametrize("request_", REQUESTS, ids=range(len(REQUESTS)))
def test_a_file_has_everything_that_is_found_in_order(indexed, tmp_path, form, request_) -> None:
    hits = list(every_hit(indexed.memory(), request_))
    file = tmp_path / "it's a file"
    written = indexed.engine.export(request_, form, file)
    total = indexed.memory().search(request_).total
    assert (written.records, len(hits)) == (total, total)
    assert read(file, form) == [as_written(hit, form) for hit in hits]
    # What is written without an index is the same file.
    other = tmp_path / "other"
    assert write_hits(hits, form, other) == total
    assert read(other, form) == read(file, form)


@pytest.mark.parametrize("form", ExportFormat)
def test_the_most_alike_are_first_and_say_how_much(tmp_path, form) -> None:
    folders = Folders()
    folders.run("triage", "u1", [Judged(text) for text in "abcd"])
    vectors = [vector(100, 0), vector(0, 90), vector(-50, 70), None]
    rows = [row._replace(vector=v) for row, v in zip(rows_of(folders), vectors, strict=True)]
    request = SearchRequest(like_record=RecordRef(process="triage", upload="u1", record=1))
    both = engines(rows)
    memory, engine = next(both), next(both)
    assert isinstance(engine, DuckSearcher)
    hits = list(every_hit(memory, request))
    assert [hit.record for hit in hits] == [2, 3]
    written = engine.export(request, form, tmp_path / "file")
    assert written.records == 2
    found = read(tmp_path / "file", form)
    wanted = [as_written(hit, form) for hit in hits]
    for row, cells in zip(found, wanted, strict=True):
        assert float(row.pop("likeness")) == pytest.approx(float(cells.pop("likeness")))
    assert found == wanted


@pytest.mark.parametrize("form", ExportFormat)
def test_what_is_not_to_be_seen_is_in_no_file(indexed, tmp_path, form) -> None:
    file = tmp_path / "file"
    withheld = [RecordKey("u2", 1)]
    written = indexed.engine.export(SearchRequest(), form, file, ["moods"], withheld)
    assert written.records == 1
    assert [(row["process"], int(row["record"])) for row in read(file, form)] == [("moods", 2)]


def test_what_is_too_much_for_a_file_is_refused(indexed, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(duck, "MAX_RECORDS", 2)
    with pytest.raises(ExportTooLongError, match="2 fit"):
        indexed.engine.export(SearchRequest(), ExportFormat.CSV, tmp_path / "file")
    of_one = SearchRequest(filters=SearchFilter(processes=("moods",)))
    assert indexed.engine.export(of_one, ExportFormat.CSV, tmp_path / "file").records == 2


@settings(max_examples=examples(200), deadline=None)
@given(
    st.lists(st.text(alphabet="=+-@＝'\" \t\r\n;|,\x0b\x85\xa0\u200b\u2028\ufeffa1.e", max_size=6))
)
@example(["-1e5", "1.", "-.5", "-", "\t=", "; ;=", "'tis", "''=1"])
def test_a_cell_is_no_formula_and_its_text_can_be_restored(texts: list[str]) -> None:
    hits = [
        Hit(
            process="triage",
            upload="u1",
            record=1,
            outcome=Outcome.REVIEW,
            threshold=0.5,
            text=text,
        )
        for text in texts
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file.csv"
        write_hits(hits, ExportFormat.CSV, file)
        rows = read(file, ExportFormat.CSV)
    assert [row["text"] for row in rows] == [defused(text) for text in texts]
    assert [restored(row["text"]) for row in rows] == texts


def test_a_file_is_an_object_with_a_name_that_nobody_guesses(indexed) -> None:
    store = MemoryStore()
    answering = Answering(
        indexed.engine, store, BUCKET, lambda: None, lambda: 0.0, lambda count: "ab" * count
    )
    made = answering.export(SearchRequest(query="iron"), ExportFormat.JSONL)
    assert made.key == f"exports/{'ab' * 16}.jsonl"
    content = store.content(ObjectRef(bucket=BUCKET, key=made.key))
    assert (made.size, made.records) == (len(content), content.count(b"\n"))
    assert made.indexing, "there was no comparison yet"
