"""Search and charts: the numbers of the results, of what is open to the user, and no more."""

from base64 import b64encode
from collections import Counter
from typing import Any

import pytest

from tests.fakes.drawn_pictures import packed, wheels
from tests.fakes.http_api import call
from tests.fakes.stage import RESULTS, ROOT, Stage, claims
from winnow.models import Result, ResultRecord
from winnow.reviews.models import QueueFilter
from winnow.search.shapes import ChartId
from winnow.storage.record_lines import each_line, parse_record


def records(stage: Stage) -> list[tuple[str, str, ResultRecord]]:
    """Process, upload and record of all results."""
    found = []
    for row in stage.uploads.rows.values():
        if (ref := row.result_ref(RESULTS)) is None:
            continue
        result = Result.model_validate_json(stage.store.content(ref))
        for file in result.files.values():
            for line in each_line(stage.store, file):
                record = parse_record(line.content)
                found.append((result.process.id, row.upload_id, record))
    return found


def search(stage: Stage, user: Any = "auditor", **given: Any) -> dict[str, Any]:
    reply = call(stage, "POST /v1/search", given, user=user)
    assert reply.status == 200, reply.json
    return dict(reply.json)


def chart(stage: Stage, name: str, user: Any = "auditor", **given: Any) -> dict[str, Any]:
    reply = call(stage, "POST /v1/stats", {"chart": name, **given}, user=user)
    assert reply.status == 200, reply.json
    return dict(reply.json)


def test_totals_are_those_of_the_results(stage):
    every = records(stage)
    assert search(stage, limit=0)["total"] == len(every) > 10
    outcomes = Counter(record.outcome.value for _, _, record in every)
    for outcome, count in outcomes.items():
        assert search(stage, filters={"outcomes": [outcome]}, limit=0)["total"] == count
    series = chart(stage, "outcomes")["stats"]["series"]
    assert {s["id"]: sum(p["records"] for p in s["points"]) for s in series} == outcomes


@pytest.mark.parametrize("name", ChartId)
def test_behind_each_row_of_a_chart_are_its_records(stage, name):
    found = chart(stage, name)
    assert found["drawing"]["title"]
    for row in found["rows"]:
        total = search(stage, filters=row["filters"], limit=0)["total"]
        assert total == row["records"]
    points = [p for series in found["stats"]["series"] for p in series["points"]]
    assert len(found["rows"]) == len(points)


def test_a_phrase_is_found_and_where_it_is(stage):
    answer = search(stage, query='"iron deficiency"', limit=5)
    assert answer["total"] >= 1
    for hit in answer["hits"]:
        marked = {hit["text"][s["start"] : s["end"]].lower() for s in hit["spans"]}
        assert "iron deficiency" in marked


def test_nothing_of_a_process_that_is_not_open_is_found_or_counted(stage):
    user = claims("ada", "auditor", "process:emotions")
    own = sum(process == "emotions" for process, _, _ in records(stage))
    answer = search(stage, user=user, limit=1000)
    assert answer["total"] == own > 0
    assert {hit["process"] for hit in answer["hits"]} == {"emotions"}
    assert search(stage, user=user, filters={"processes": ["L33774"]})["total"] == 0
    assert chart(stage, "outcomes", user=user)["stats"]["total"] == own


def test_who_decides_blind_does_not_find_the_machine_s_decision_before():
    stage = Stage(blind_share=1.0).sample()
    heads = [
        head
        for process in stage.reviews.processes()
        for head in stage.reviews.open_heads(QueueFilter(process=process), None, 1000).heads
    ]
    hidden = {(head.upload, head.record) for head in heads if head.hidden}
    assert hidden
    found = {(h["upload"], h["record"]) for h in search(stage, "reviewer", limit=1000)["hits"]}
    assert not found & hidden
    assert len(found) == len(records(stage)) - len(hidden)
    assert search(stage, "auditor", limit=0)["total"] == len(records(stage))
    counted = chart(stage, "outcomes", user="reviewer")["stats"]["total"]
    assert counted == len(found)


@pytest.mark.parametrize(
    "given",
    [
        {"query": "x" * 1001},
        {"filters": {"processes": ["a'; DROP TABLE x"]}},
        {"filters": {"since": "yesterday"}},
        {"sql": "SELECT 1"},
        {"limit": 100_000},
        {"sort": "likeness"},
        {"query": "?!"},
    ],
)
def test_what_is_no_search_is_refused_without_its_text(stage, given):
    reply = call(stage, "POST /v1/search", given, user="auditor")
    assert reply.status == 400
    assert reply.json["code"] in ("request_invalid", "search_invalid")
    assert "DROP" not in reply.body.decode()
    assert all("DROP" not in str(line) for line in stage.logs)


def test_what_was_searched_is_in_no_log(stage):
    search(stage, query="anemia")
    assert "anemia" not in str(stage.logs)


def test_an_upload_whose_results_are_damaged_is_counted_not_passed_over(stage):
    every = records(stage)
    row = next(row for row in stage.uploads.rows.values() if row.result_ref(RESULTS) is not None)
    stage.store.put(row.result_ref(RESULTS), b"{", "application/json")
    left = sum(upload != row.upload_id for _, upload, _ in every)
    answer = search(stage, limit=0)
    assert (answer["total"], answer["damaged"]) == (left, 1)
    assert chart(stage, "outcomes")["stats"]["damaged"] == 1


def picture(count: int = 2) -> bytes:
    return packed(wheels(count), "PNG")


@pytest.fixture
def pictures() -> Stage:
    """A stack that has a process of pictures."""
    return Stage(processes=ROOT / "tests" / "e2e" / "processes")


def test_pictures_are_found_by_a_picture_which_is_not_kept(pictures):
    stage = pictures
    uploads = [
        stage.drop(picture(count), f"inbox/wheels/x/{count}.png").upload_id for count in (1, 2, 9)
    ]
    objects = stage.store.keys(RESULTS)
    sent = b64encode(picture()).decode()
    answer = search(stage, like_picture=sent)
    found = [(hit["upload"], hit["likeness"]) for hit in answer["hits"]]
    assert found[0] == (uploads[1], 1.0)
    assert {upload for upload, _ in found} == set(uploads)  # and no text
    assert all(hit["thumbnail"] for hit in answer["hits"])
    assert search(stage, like_picture=sent, sort="newest", limit=1)["total"] == 3
    assert stage.store.keys(RESULTS) == objects
    assert sent[:40] not in str(stage.logs)
    blind = claims("ada", "auditor", "process:emotions")
    assert search(stage, user=blind, like_picture=sent)["total"] == 0


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"like_picture": ""}, 422, "file_empty"),
        ({"like_picture": b64encode(b"A note.").decode()}, 422, "file_type"),
        ({"like_picture": b64encode(picture()[:300]).decode()}, 422, "file_unreadable"),
        ({"like_picture": "data:image/png;base64,iVBORw=="}, 400, "request_invalid"),
        ({"like_picture": "aGk=", "like_text": "Iron."}, 400, "request_invalid"),
        ({"like_picture": "aGk=", "query": "x" * 1_100_000}, 400, "request_invalid"),
    ],
)
def test_a_picture_to_be_like_is_refused_as_a_dropped_one_is(stage, given, status, code):
    reply = call(stage, "POST /v1/search", given)
    assert (reply.status, reply.json["code"]) == (status, code)


def test_a_saved_search_has_no_picture(stage):
    given = {"name": "Alike", "search": {"like_picture": "aGk="}}
    assert call(stage, "POST /v1/searches", given).json["code"] == "request_invalid"
