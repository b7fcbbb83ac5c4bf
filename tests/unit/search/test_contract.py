"""Every engine answers as the one in memory does, whatever happened to results and index."""

import itertools
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.examples import examples
from tests.fakes.index_files import MemoryFiles
from tests.fakes.results import BUCKET, Folders, Judged
from tests.unit.core.search.test_memory import (
    DELETE,
    ERASE,
    FILTERS,
    FOLDER,
    NOW,
    QUERIES,
    REVIEW,
    RUN,
    rows_of,
    vector,
)
from winnow.errors import RecordUnknownError, SearchInvalidError
from winnow.models import Outcome, Result
from winnow.search.files import FileName
from winnow.search.memory import MemorySearcher
from winnow.search.rows import IndexRow
from winnow.search.shapes import (
    ChartId,
    RecordRef,
    SearchFilter,
    SearchRequest,
    Sort,
    StatsRequest,
    VectorSearch,
)
from winnow.storage.paths import RunPaths
from winnow_search.duck import DuckSearcher
from winnow_search.indexing import Indexer
from winnow_search.parquet import write_segment
from winnow_search.projection import projected

COMPACT = st.tuples(st.just("compact"), st.sampled_from(["triage", "moods"]), st.booleans())
ASK = st.tuples(st.just("ask"))
AGAIN = st.tuples(st.just("again"), FOLDER)
INDEX_HISTORIES = st.lists(
    st.one_of(RUN, RUN, REVIEW, ERASE, DELETE, AGAIN, COMPACT, ASK), min_size=1, max_size=10
)
SLOW = settings(
    suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=examples(15)
)


class Indexed:
    """Results, their index, and both engines."""

    def __init__(self) -> None:
        self.folders = Folders()
        self.files = MemoryFiles()
        self.indexer = Indexer(self.folders.store, self.files, BUCKET)
        self.engine = DuckSearcher(self.files, lambda: NOW, refresh_s=0, threads=1)

    def carry_out(self, action: str, *given: object) -> None:
        if action == "ask":
            self.engine.search(SearchRequest(query="iron"))
        elif action == "compact":
            process, all_files = given
            self.indexer.compact(str(process), all_files=bool(all_files), swept="9")
        elif action == "again":
            self.indexer.index(*given[0])  # type: ignore[misc]
        else:
            folder, *more = given
            if action == "run" or folder in self.folders.folders():
                getattr(self.folders, action)(*folder, *more)  # type: ignore[misc]
                self.indexer.index(*folder)  # type: ignore[misc]

    def memory(self) -> MemorySearcher:
        return MemorySearcher(rows_of(self.folders), lambda: NOW)


@SLOW
@given(
    INDEX_HISTORIES,
    st.lists(st.tuples(FILTERS, st.sampled_from(QUERIES)), min_size=1, max_size=2),
    st.sampled_from(list(Sort)[:4]),
)
def test_both_engines_answer_alike(history, asked, sort) -> None:
    indexed = Indexed()
    for step in history:
        indexed.carry_out(*step)
    memory = indexed.memory()
    try:
        for filters, query in asked:
            request = SearchRequest(query=query, filters=filters, sort=sort, limit=3, offset=1)
            found = indexed.engine.search(request)
            assert found.model_copy(update={"indexed_at": None}) == memory.search(request)
            for chart in ChartId:
                stats = StatsRequest(chart=chart, query=query, filters=filters)
                counted = indexed.engine.stats(stats, ["triage"])
                assert counted.model_copy(update={"indexed_at": None}) == memory.stats(
                    stats, ["triage"]
                )
    finally:
        indexed.engine.close()


@SLOW
@given(INDEX_HISTORIES)
def test_charts_count_what_the_results_count(history) -> None:
    indexed = Indexed()
    for step in history:
        indexed.carry_out(*step)
    stated: Counter[str] = Counter()
    for process, upload in indexed.folders.folders():
        content = indexed.folders.store.content(RunPaths(BUCKET, upload).result(process))
        counts = Result.model_validate_json(content).counts
        stated.update({outcome: getattr(counts, outcome) for outcome in Outcome})
    try:
        chart = indexed.engine.stats(StatsRequest(chart=ChartId.OUTCOMES))
        assert chart.total == indexed.engine.search(SearchRequest(limit=0)).total == stated.total()
        counted = {series.id: sum(p.records for p in series.points) for series in chart.series}
        assert counted == {outcome: number for outcome, number in stated.items() if number}
    finally:
        indexed.engine.close()


def as_in_an_index(stored: bytes) -> bytes:
    made: bytes = projected(np.frombuffer(stored, np.int8)[None]).tobytes()
    return made


def engines(rows: list[IndexRow]) -> Iterator[MemorySearcher | DuckSearcher]:
    def vectorise(text: str) -> np.ndarray:
        return np.frombuffer(vector(len(text), 7), np.int8)

    yield MemorySearcher(rows, lambda: NOW, vectorise, as_rows=as_in_an_index)
    files = MemoryFiles()
    name = FileName("triage", "2026-11", "u1")
    files.write(name, write_segment(rows, "1"), "1")
    engine = DuckSearcher(files, lambda: NOW, vectorise=vectorise, threads=1)
    yield engine
    engine.close()


@given(
    st.lists(
        st.one_of(st.none(), st.tuples(st.integers(-127, 127), st.integers(-127, 127))),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([None, *list(Sort)]),
)
@settings(deadline=None, max_examples=examples(15))
def test_both_find_the_same_records_alike(vectors, sort) -> None:
    folders = Folders()
    folders.run("triage", "u1", [Judged("iron")] * len(vectors))
    rows = [
        row._replace(vector=None if v is None else vector(*v))
        for row, v in zip(rows_of(folders), vectors, strict=True)
    ]
    asked: list[dict[str, Any]] = [
        {"like_text": "abc"},
        {"like_record": RecordRef(process="triage", upload="u1", record=1), "query": "iron"},
        {"like_record": RecordRef(process="triage", upload="u1", record=99)},
    ]
    answers: list[list[object]] = []
    for engine in engines(rows):
        of_engine: list[object] = []
        for one, (offset, limit) in itertools.product(asked, [(0, 3), (2, 2), (0, 0), (0, 50)]):
            request = SearchRequest(**one, sort=sort, limit=limit, offset=offset)
            try:
                answer = engine.search(request)
                of_engine.append(answer.model_copy(update={"indexed_at": None}))
            except (RecordUnknownError, SearchInvalidError) as error:
                of_engine.append((type(error), str(error)))
        answers.append(of_engine)
    assert answers[0] == answers[1]


HOSTILE = [
    "'; DROP TABLE records; --",
    '" OR 1=1 --',
    "iron' UNION SELECT * FROM records --",
    "NEAR(iron deficiency) AND NOT x",
    "tokens:iron {tokens}: ^iron",
    "iron\x00deficiency",
    "%_ % $where {where} ? ?? $1",
    "*" * 100,
    "a*b*c*",
    '"' * 99 + "iron",
    "İRON ﷺ \u202e\u0000 𝔦𝔯𝔬𝔫",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16") + " iron",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_a_query_is_data(query: str) -> None:
    folders = Folders()
    folders.run("triage", "u1", [Judged("Iron deficiency."), Judged(query), Judged("where 1 x")])
    answers: list[object] = []
    for engine in engines(rows_of(folders)):
        for filters in (
            SearchFilter(),
            SearchFilter(uploads=(query[:300],), decisions=(query[:300], "met")),
            SearchFilter(cases=(query[:300],), reviewers=("x' OR '1'='1",)),
        ):
            try:
                found = engine.search(SearchRequest(query=query, filters=filters))
                answers.append((found.total, found.hits))
            except SearchInvalidError as error:
                answers.append((str(error), ()))
        assert engine.search(SearchRequest(limit=0)).total == 3
    half = len(answers) // 2
    assert answers[:half] == answers[half:]


def test_pictures_and_texts_are_not_compared() -> None:
    """A picture has a vector and no text."""
    folders = Folders()
    folders.run("triage", "u1", [Judged("iron")] * 4)
    rows = [row._replace(vector=vector(100, row.record)) for row in rows_of(folders)]
    rows[2:] = [row._replace(text=None, tokens="") for row in rows[2:]]
    for engine in engines(rows):
        for number, found in ((1, [2]), (3, [4])):
            like = RecordRef(process="triage", upload="u1", record=number)
            answer = engine.search(SearchRequest(like_record=like))
            assert [hit.record for hit in answer.hits] == found
        assert engine.search(SearchRequest(like_text="abc")).total == 2


@pytest.mark.parametrize(("of_picture", "records"), [(True, [3, 4]), (False, [1, 2])])
def test_a_vector_that_is_sent_is_compared_with_its_own_kind(of_picture, records) -> None:
    stored = np.random.default_rng(0).integers(-127, 128, 512).astype(np.int8).tobytes()
    folders = Folders()
    folders.run("triage", "u1", [Judged("iron")] * 4)
    rows = [row._replace(vector=as_in_an_index(stored)) for row in rows_of(folders)]
    rows[2:] = [row._replace(text=None, tokens="") for row in rows[2:]]
    request = VectorSearch(like_vector=b64encode(stored), of_picture=of_picture)
    for engine in engines(rows):
        hits = engine.search(request).hits
        assert [(hit.record, hit.likeness) for hit in hits] == [(n, 1.0) for n in records]
