"""`winnow search` and `winnow stats` on the local stack: the same numbers as in the results."""

import csv
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from winnow.models import ResultRecord
from winnow.recovery.upload_row import UploadRow
from winnow.reviews.models import RecordKey
from winnow.reviews.service import Given
from winnow_cli.commands.stats import ChartName
from winnow_cli.reviews import StackReviews

from .conftest import SURE, UNSURE, Stack, until, winnow

pytestmark = pytest.mark.model
STATE = ("indexed_at", "indexing", "damaged")
"""Fields of an answer that say how complete the index is."""
ODD = "Quixotic zebras were overjoyed."
TABLE = f"id,text\nA,{SURE}\nB,{UNSURE}\nC,{ODD}\nD,\nE,{SURE}\n"


@pytest.fixture(scope="module")
def row(stack: Stack) -> UploadRow:
    ended = stack.run("mixed.csv", TABLE)
    assert ended.state == "SUCCEEDED", ended.error_message
    until(lambda: found(ended)["total"] == 5)
    return ended


@pytest.fixture(scope="module")
def records(stack: Stack, row: UploadRow) -> list[ResultRecord]:
    return stack.result(row)[1]


@pytest.fixture(scope="module")
def decided(stack: Stack, row: UploadRow, records: list[ResultRecord]) -> int:
    """The number of a record that somebody has decided otherwise."""
    number = next(record.record for record in records if record.outcome == "review")
    reviews = StackReviews(stack.target)
    key = RecordKey(row.upload_id, number)
    head = until(lambda: reviews.store.head(key))
    machine = next(r.decision.value for r in records if r.record == number and r.decision)
    other = "sadness" if machine != "sadness" else "joy"
    reviews.service.decide("ann", key, head.version, Given(other))
    until(lambda: found(row, "--reviewed")["total"] == 1)
    return number


def found(row: UploadRow, *arguments: str) -> dict:
    answer = winnow("search", *arguments, "--upload", row.upload_id[:8], "--json")
    assert answer.code == 0, answer.err
    return dict(answer.document())


def test_numbers_are_those_of_the_results(row: UploadRow, records: list[ResultRecord]) -> None:
    outcomes = Counter(record.outcome.value for record in records)
    assert found(row)["total"] == len(records) == 5
    assert {o: found(row, "--outcome", o)["total"] for o in outcomes} == outcomes
    drawn = winnow("stats", "outcomes", "decisions", "--upload", row.upload_id, "--json")
    by_outcome, by_decision = drawn.document()["charts"]
    assert by_outcome["total"] == 5
    assert {
        series["id"]: sum(point["records"] for point in series["points"])
        for series in by_outcome["series"]
    } == outcomes
    decisions = Counter(record.decision.value for record in records if record.decision)
    assert {p["x"]: p["records"] for p in by_decision["series"][0]["points"]} == decisions


def test_what_means_about_the_same_comes_first(row: UploadRow) -> None:
    alike = found(row, "--like", "The zebras felt great joy.")
    assert alike["hits"][0]["source_id"] == "C"
    # Its own record and the one without a text are not among them.
    others = found(row, "--like-record", f"{row.upload_id[:8]}/3")
    assert {hit["source_id"] for hit in others["hits"]} == {"A", "B", "E"}
    answer = winnow("search", "--like", "a", "--like-record", f"{row.upload_id}/3")
    assert answer.code == 2
    assert winnow("search", "--like-record", "7").code == 2


def test_words_and_phrases_are_found_and_marked(row: UploadRow) -> None:
    answer = found(row, '"quixotic ZEBRAS" overjoy*')
    assert answer["total"] == 1
    (hit,) = answer["hits"]
    assert hit["source_id"] == "C"
    marked = {hit["text"][span["start"] : span["end"]] for span in hit["spans"]}
    assert "Quixotic zebras" in marked
    assert found(row, "absent")["total"] == 0
    assert found(row, "overjoyed", "--confidence", "0-1")["total"] == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["overjoyed", "--sort", "oldest"],
        ["--like", "The zebras felt great joy.", "--limit", "3"],
        ["--changed"],
        ["--outcome", "review", "--outcome", "invalid", "--limit", "0"],
    ],
)
def test_the_index_finds_what_stands_in_the_results(
    row: UploadRow, decided: int, arguments: list[str], tmp_path: Path
) -> None:
    files = {way: tmp_path / f"found{way}.jsonl" for way in ("", "--from-results")}
    answers = []
    for way, file in files.items():
        answer = found(row, *arguments, "--export", str(file), *way.split())
        assert ("indexed_at" in answer) == (way == ""), "answered by another"
        answers.append({name: value for name, value in answer.items() if name not in STATE})
    assert answers[0] == answers[1]
    assert answers[0]["total"] > 0
    assert len({file.read_text() for file in files.values()}) == 1


def test_the_index_counts_what_stands_in_the_results(row: UploadRow, decided: int) -> None:
    drawn = [
        winnow("stats", *ChartName, "--upload", row.upload_id, "--json", *way).document()["charts"]
        for way in ((), ("--from-results",))
    ]
    assert len(drawn[0]) == len(ChartName)
    assert all("indexed_at" in chart for chart in drawn[0])
    of_index, of_results = ([numbers(chart) for chart in charts] for charts in drawn)
    assert of_index == of_results


def numbers(chart: dict) -> tuple:
    """A chart without the filters of its bars: those of the queue's age name this moment."""
    points = [
        (series["id"], point["x"], point.get("value"), point["records"])
        for series in chart["series"]
        for point in series["points"]
    ]
    return chart["chart"], chart["total"], chart["unit"], points


def test_what_people_decided_is_found(row: UploadRow, decided: int) -> None:
    for arguments in (["--reviewer", "ann"], ["--changed"], ["--reviewed"]):
        answer = found(row, *arguments)
        assert [hit["record"] for hit in answer["hits"]] == [decided]
        assert answer["hits"][0]["review"]["by"] == "ann"
    assert found(row, "--unchanged")["total"] == 0


def test_a_search_is_saved_asked_for_again_and_deleted(row: UploadRow) -> None:
    asked = ["overjoyed", "--sort", "oldest", "--limit", "2"]
    answer = winnow("search", *asked, "--upload", row.upload_id, "--save", "Joy", "--json")
    assert answer.code == 0, answer.err
    again = winnow("search", "--saved", "joy", "--limit", "2", "--json")
    assert again.document()["hits"] == answer.document()["hits"]
    listed = {one["name"]: one for one in winnow("searches", "--json").document()["searches"]}
    assert listed["Joy"]["search"]["query"] == "overjoyed"
    assert "Joy" in winnow("searches").out
    taken = winnow("search", "glad", "--save", "JOY", "--json").document()
    assert taken["error"]["code"] == "search_name_taken"
    mixed = winnow("search", "glad", "--saved", "Joy")
    assert (mixed.code, "--saved" in mixed.err) == (2, True)
    assert winnow("search", "--save", "a\nb").code == 2
    assert winnow("searches", "delete", "joy", "--json").document()["name"] == "Joy"
    gone = winnow("search", "--saved", "Joy", "--json").document()
    assert gone["error"]["code"] == "saved_search_unknown"


def test_files_of_what_is_found_and_drawn(row: UploadRow, tmp_path: Path) -> None:
    table, picture, image = tmp_path / "f.csv", tmp_path / "c.svg", tmp_path / "c.png"
    assert found(row, "overjoyed", "--export", str(table))["exported"] == 3
    with table.open(encoding="utf-8", newline="") as stream:
        texts = [line["text"] for line in csv.DictReader(stream)]
    assert sorted(texts) == sorted([SURE, ODD, SURE])
    files = ("--svg", picture, "--png", image)
    answer = winnow("stats", "outcomes", "--upload", row.upload_id, *files)
    assert answer.code == 0, answer.err
    assert ET.parse(picture).getroot().tag.endswith("svg")
    assert image.read_bytes()[:4] == b"\x89PNG"
    assert "review" in answer.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["search", "--confidence", "2-3"], 2, "0.5-0.8"),
        (["search", "--confidence", "0.5"], 2, "0.5-0.8"),
        (["search", "--since", "yesterday"], 2, "--since"),
        (["search", "--export", "found.xlsx"], 2, ".csv"),
        (["search", "!?"], 1, "search_invalid"),
        (["search", "--process", "a/b; DROP TABLE"], 2, "processes"),
        (["search", "--upload", "ffffffffff"], 1, "upload_unknown"),
        (["stats", "outcomes", "cost", "--svg", "x.svg"], 2, "one chart"),
        (["stats", "weather"], 2, "outcomes"),
    ],
)
@pytest.mark.usefixtures("stack")
def test_wrong_calls_say_what_is_wrong(arguments: list[str], code: int, said: str) -> None:
    answer = winnow(*arguments)
    assert answer.code == code
    assert said in answer.err
