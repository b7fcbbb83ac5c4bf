"""What is found and counted is what the results say, whatever happened to them."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.fakes.results import Folders, Judged
from winnow.errors import RecordUnknownError, SearchInvalidError
from winnow.search.charts import narrow
from winnow.search.memory import MemorySearcher
from winnow.search.rows import IndexRow
from winnow.search.shapes import (
    ChartId,
    Hit,
    RecordRef,
    SearchFilter,
    SearchRequest,
    Sort,
    StatsRequest,
)

NOW = 1_796_000_000.0  # 30 November 2026
TEXTS = ["Iron deficiency anemia.", "No bleeding.", "Active bleeding, iron given.", "Straße 5"]
QUERIES = ["", "iron", '"iron deficiency"', "bleed*", "strasse", "iron bleeding", "absent"]
JUDGED = st.builds(
    Judged,
    text=st.sampled_from(TEXTS),
    decision=st.sampled_from(["met", "not_met", "undetermined", None]),
    confidence=st.sampled_from([0.0, 0.1, 0.3, 0.55, 0.6, 0.7, 0.95, 1.0]),
)
FOLDER = st.tuples(st.sampled_from(["triage", "moods"]), st.sampled_from(["u1", "u2", "u3"]))
RUN = st.tuples(st.just("run"), FOLDER, st.lists(JUDGED, max_size=6), st.sampled_from("ab"))
REVIEW = st.tuples(
    st.just("review"),
    FOLDER,
    st.dictionaries(st.integers(1, 6), st.sampled_from(["met", "not_met", None]), max_size=6),
)
ERASE = st.tuples(st.just("erase"), FOLDER, st.integers(1, 6))
DELETE = st.tuples(st.just("delete"), FOLDER)
HISTORIES = st.lists(st.one_of(RUN, RUN, REVIEW, ERASE, DELETE), min_size=1, max_size=12)
FILTERS = st.builds(
    SearchFilter,
    processes=st.sampled_from([(), (), ("triage",)]),
    outcomes=st.sampled_from([(), (), ("review",), ("accepted", "invalid")]),
    decisions=st.sampled_from([(), (), ("met",)]),
    reviewed=st.sampled_from([None, None, True, False]),
    changed=st.sampled_from([None, None, True, False]),
    erased=st.sampled_from([None, None, True, False]),
    confidence_from=st.sampled_from([None, 0.1, 0.6]),
    confidence_to=st.sampled_from([None, 0.6, 1.0]),
    since=st.sampled_from([None, "2026-11", "2026-11-01T12:00"]),
    until=st.sampled_from([None, "2026-11-01T18:00", "2026-12"]),
)


def carry_out(history: list[tuple]) -> Folders:
    folders = Folders()
    for action, folder, *more in history:
        if action == "run" or folder in folders.folders():
            getattr(folders, action)(*folder, *more)
    return folders


def rows_of(folders: Folders) -> list[IndexRow]:
    return [row for folder in folders.folders() for row in folders.rows(*folder)]


def searcher(folders: Folders) -> MemorySearcher:
    return MemorySearcher(rows_of(folders), lambda: NOW)


def found(engine, **request) -> list[int]:
    return [hit.record for hit in engine.search(SearchRequest(**request)).hits]


@given(HISTORIES)
def test_totals_are_the_counts_in_the_results_whatever_happened(history: list[tuple]) -> None:
    folders = carry_out(history)
    engine = searcher(folders)
    lines = [(f, line) for f in folders.folders() for line in folders.lines(*f)]
    reviews = {f: folders.reviewed(*f) for f in folders.folders()}
    assert engine.search(SearchRequest(limit=0)).total == len(lines)

    outcomes = Counter(line["outcome"] for _, line in lines)
    decisions = Counter(line["decision"]["value"] for _, line in lines if "decision" in line)
    codes = Counter(line["code"] for _, line in lines if "code" in line)
    people = Counter(
        reviews[f][line["record"]]["by"] for f, line in lines if line["record"] in reviews[f]
    )
    for name, counter in (
        ("outcomes", outcomes),
        ("decisions", decisions),
        ("reasons", codes),
        ("reviewers", people),
    ):
        for value, count in counter.items():
            filters = SearchFilter(**{name: (value,)})
            assert engine.search(SearchRequest(filters=filters, limit=0)).total == count

    chart = engine.stats(StatsRequest(chart=ChartId.OUTCOMES))
    counted = {s.id: sum(p.records for p in s.points) for s in chart.series}
    assert (chart.total, counted) == (len(lines), dict(outcomes))


@given(HISTORIES, FILTERS, st.sampled_from(QUERIES), st.sampled_from(ChartId))
def test_behind_every_bar_are_as_many_records_as_it_says(
    history: list[tuple], filters: SearchFilter, query: str, chart: ChartId
) -> None:
    engine = searcher(carry_out(history))
    answer = engine.stats(StatsRequest(chart=chart, query=query, filters=filters))
    total = engine.search(SearchRequest(query=query, filters=filters, limit=0)).total
    assert answer.total == total
    for series in answer.series:
        assert len({point.x for point in series.points}) == len(series.points)
        for point in series.points:
            behind = SearchRequest(query=query, filters=point.filters, limit=0)
            assert engine.search(behind).total == point.records > 0
            if answer.unit == "records":
                assert point.value == point.records


def test_an_answer_has_as_many_long_texts_as_it_may_carry() -> None:
    folders = Folders()
    sizes = [600_000, 400_000, 1, 2_000_000, 5]
    folders.run("triage", "u1", [Judged(text="w" * size) for size in sizes], "a")
    engine = searcher(folders)
    pages: list[list[int]] = []
    offset: int | None = 0
    while offset is not None:
        page = engine.search(SearchRequest(whole_text=True, offset=offset))
        pages.append([hit.record for hit in page.hits])
        offset = page.next_offset
    assert pages == [[1, 2], [3], [4], [5]]
    assert len(engine.search(SearchRequest()).hits) == len(sizes)


@given(HISTORIES, FILTERS, st.sampled_from(QUERIES), st.sampled_from(list(Sort)[:4]))
def test_pages_have_every_record_once_in_one_order(
    history: list[tuple], filters: SearchFilter, query: str, sort: Sort
) -> None:
    engine = searcher(carry_out(history))
    whole = engine.search(SearchRequest(query=query, filters=filters, sort=sort, limit=1000))
    assert len(whole.hits) == whole.total
    paged: list[Hit] = []
    offset: int | None = 0
    while offset is not None:
        page = engine.search(
            SearchRequest(query=query, filters=filters, sort=sort, limit=2, offset=offset)
        )
        paged += page.hits
        offset = page.next_offset
    assert paged == list(whole.hits)


def an_upload(*records: Judged) -> MemorySearcher:
    folders = Folders()
    folders.run("triage", "u1", records)
    return searcher(folders)


def test_all_words_must_be_there_and_what_matched_is_marked() -> None:
    engine = an_upload(*map(Judged, TEXTS))
    assert found(engine, query="iron") == [1, 3]
    assert found(engine, query="iron bleeding") == [3]
    assert found(engine, query='"bleeding iron"') == [3]
    assert found(engine, query="bleed") == []
    assert found(engine, query="bleed*") == [2, 3]
    (hit,) = engine.search(SearchRequest(query="STRASSE")).hits
    assert hit.text is not None
    assert [hit.text[span.start : span.end] for span in hit.spans] == ["Straße"]


def test_of_a_long_text_the_part_around_the_match_is_shown_unless_it_is_wanted_whole() -> None:
    text = "word " * 500 + "needle " + "word " * 500
    engine = an_upload(Judged(text))
    (hit,) = engine.search(SearchRequest(query="needle")).hits
    (span,) = hit.spans
    assert hit.text is not None
    assert not hit.whole
    assert len(hit.text) <= 320
    assert hit.text[span.start : span.end] == "needle"
    assert text[hit.starts_at :].startswith(hit.text)
    (whole,) = engine.search(SearchRequest(query="needle", whole_text=True)).hits
    assert (whole.text, whole.starts_at, whole.whole) == (text, 0, True)


@pytest.mark.parametrize(
    ("sort", "order"),
    [("surest", [3, 1, 2, 4]), ("least_sure", [2, 1, 3, 4]), ("oldest", [1, 2, 3, 4])],
)
def test_records_without_a_confidence_are_last(sort: str, order: list[int]) -> None:
    records = [Judged("a", confidence=c) for c in (0.7, 0.1, 1.0)]
    assert found(an_upload(*records, Judged("", None)), sort=sort) == order


def test_what_is_of_another_process_is_neither_found_nor_counted() -> None:
    folders = Folders()
    folders.run("triage", "u1", [Judged("iron")])
    folders.run("moods", "u2", [Judged("iron"), Judged("iron")])
    engine = searcher(folders)
    assert engine.search(SearchRequest(query="iron"), ["triage"]).total == 1
    assert engine.search(SearchRequest(query="iron"), []).total == 0
    chart = StatsRequest(chart=ChartId.DECISIONS)
    assert engine.stats(chart, {"moods"}).total == 2
    like = SearchRequest(like_record=RecordRef(process="moods", upload="u2", record=1))
    with pytest.raises(RecordUnknownError):
        engine.search(like, ["triage"])


def vector(*numbers: int) -> bytes:
    return bytes(number % 256 for number in numbers)


def test_the_most_alike_are_first_and_a_record_is_not_like_itself() -> None:
    folders = Folders()
    folders.run("triage", "u1", [Judged(text) for text in "abcd"])
    vectors = [vector(100, 0), vector(0, 90), vector(-50, 0), None]
    rows = [row._replace(vector=v) for row, v in zip(rows_of(folders), vectors, strict=True)]
    engine = MemorySearcher(rows, lambda: NOW)
    like = RecordRef(process="triage", upload="u1", record=1)
    answer = engine.search(SearchRequest(like_record=like))
    assert [(hit.record, hit.likeness) for hit in answer.hits] == [(2, 0.0), (3, -1.0)]
    assert answer.total == 2
    with pytest.raises(SearchInvalidError, match="no vector"):
        engine.search(SearchRequest(like_record=like.model_copy(update={"record": 4})))
    with pytest.raises(RecordUnknownError):
        engine.search(SearchRequest(like_record=like.model_copy(update={"record": 9})))
    with pytest.raises(SearchInvalidError, match="no encoder"):
        engine.search(SearchRequest(like_text="a"))


@pytest.mark.parametrize("query", ["?!", "; -- '", "w" + " w".join(map(str, range(60)))])
def test_a_query_that_demands_nothing_or_too_much_is_refused(query: str) -> None:
    with pytest.raises(SearchInvalidError):
        an_upload(Judged("a")).search(SearchRequest(query=query))


@pytest.mark.parametrize(
    "request_",
    [
        {"sort": "likeness"},
        {"like_text": "a", "like_record": {"process": "p", "upload": "u", "record": 1}},
        {"limit": -1},
        {"limit": 1_001},
        {"query": "x" * 1_001},
        {"filters": {"since": "yesterday"}},
        {"filters": {"since": "2026-11-01T10:00Z"}},
        {"filters": {"processes": ["a/b"]}},
        {"filters": {"sql": "1"}},
    ],
)
def test_what_cannot_be_asked_is_refused(request_: dict) -> None:
    with pytest.raises(ValidationError):
        SearchRequest.model_validate(request_)


def test_a_filter_that_is_narrowed_holds_both() -> None:
    wide = SearchFilter(since="2026-11", until="2026-11-20", outcomes=("review", "invalid"))
    narrowed = narrow(wide, since="2026-11-19", until="2026-12", outcomes=("review", "accepted"))
    assert narrowed == SearchFilter(since="2026-11-19", until="2026-11-20", outcomes=("review",))


def test_an_erased_record_waits_for_nobody() -> None:
    folders = Folders()
    doubtful = [Judged("a", "met", 0.3), Judged("b", "met", 0.3)]
    folders.run("triage", "u1", [*doubtful, Judged("c", "met", 0.95)])
    for record in (1, 3):
        folders.erase("triage", "u1", record)
    engine = searcher(folders)
    assert found(engine, filters=SearchFilter(erased=True)) == [1, 3]
    assert found(engine, filters=SearchFilter(erased=False)) == [2]

    def counted(chart: ChartId) -> list[tuple]:
        answer = engine.stats(StatsRequest(chart=chart))
        return [(s.id, p.value, p.records) for s in answer.series for p in s.points]

    assert counted(ChartId.QUEUE_AGE) == [("waiting", 1, 1)]
    assert counted(ChartId.REASONS) == [("review", 1, 1)]
    assert counted(ChartId.AGREEMENT) == [("review_rate", 1.0, 1)]


def test_charts_say_what_people_decided_of_what_the_machine_was_sure_of() -> None:
    folders = Folders()
    records = [Judged("a", "met", 0.95), Judged("a", "met", 0.95), Judged("a", "met", 0.3)]
    folders.run("triage", "u1", [*records, Judged("a", "undetermined", 0.5)])
    folders.review("triage", "u1", {1: "met", 2: "not_met", 3: None, 4: "met"})
    engine = searcher(folders)
    calibration = engine.stats(StatsRequest(chart=ChartId.CALIBRATION))
    assert [(s.id, [(p.x, p.value, p.records) for p in s.points]) for s in calibration.series] == [
        ("agreed", [("0.9–1.0", 0.5, 2)]),
        ("confidence", [("0.9–1.0", 0.95, 2)]),
    ]
    agreement = engine.stats(StatsRequest(chart=ChartId.AGREEMENT))
    assert [(s.id, [(p.x, p.value, p.records) for p in s.points]) for s in agreement.series] == [
        ("review_rate", [("a" * 12, 0.5, 4)]),
        ("agreement", [("a" * 12, 0.5, 2)]),
    ]
    cost = engine.stats(StatsRequest(chart=ChartId.COST))
    assert [(p.x, p.value) for p in cost.series[0].points] == [("2026-11-01", 0.0123)]
    waiting = engine.stats(StatsRequest(chart=ChartId.QUEUE_AGE))
    assert waiting.series == ()
