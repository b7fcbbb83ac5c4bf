"""Uploads: the list stays the same under writes, one has its results, and a form takes a file."""

import pytest

from tests.fakes.http_api import call
from tests.fakes.stage import NEW_YEAR, Stage
from winnow.models import RunCost
from winnow.recovery.upload_row import UploadRow
from winnow.reviews.service import Given, Reviews
from winnow_api.call import iso


def add(stage: Stage, number: int, at: float, state: str = "SUCCEEDED", process="emotions") -> str:
    own_id = f"{number:032x}"
    stage.uploads.rows[own_id] = UploadRow(
        upload_id=own_id,
        state=state,
        object_key=f"inbox/{process}/x{number}/a.csv",
        process=process if state == "SUCCEEDED" else None,
        claimed_at=iso(NEW_YEAR + at),
        records=3 if state == "SUCCEEDED" else None,
    )
    return own_id


def walk(stage: Stage, between=lambda: None, **query) -> list[str]:
    ids, cursor = [], None
    while True:
        page = call(stage, "GET /v1/uploads", cursor=cursor, **query).json
        assert len(page["items"]) <= query.get("limit", 20)
        ids += [each["id"] for each in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            return ids
        between()


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_uploads_of_all_states_are_newest_first(limit):
    stage = Stage()
    states = ("SUCCEEDED", "FAILED", "RUNNING")
    ids = [add(stage, number, number // 2, states[number % 3]) for number in range(12)]
    found = walk(stage, limit=limit)
    assert sorted(found) == sorted(ids)
    moments = [stage.uploads.rows[each].claimed_at for each in found]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_many_of_one_moment_are_each_shown_once(limit):
    stage = Stage()
    ids = [add(stage, number, 5) for number in range(9)]
    assert sorted(walk(stage, limit=limit)) == sorted(ids)


def test_pages_stay_the_same_while_uploads_come_and_end():
    stage = Stage()
    ids = [add(stage, number, number, "RUNNING") for number in range(8)]
    later = iter(range(100, 200))

    def change():
        number = next(later)
        add(stage, number, number)
        for own_id, row in list(stage.uploads.rows.items()):
            if row.state == "RUNNING":
                stage.uploads.rows[own_id] = row.model_copy(update={"state": "FAILED"})
                break

    assert walk(stage, change, limit=2) == ids[::-1]


def test_who_is_limited_sees_the_uploads_of_their_processes():
    stage = Stage()
    own = [add(stage, number, number, state) for number, state in
           enumerate(["SUCCEEDED", "RUNNING", "FAILED"])]  # fmt: skip
    others = [add(stage, number, number, process="L33774") for number in range(10, 80)]
    unknown = add(stage, 99, 99, "FAILED", process="Mr Secret")
    assert walk(stage, user="limited", limit=2) == own[::-1]
    for each in (others[0], unknown):
        reply = call(stage, "GET /v1/uploads/{id}", path={"id": each}, user="limited")
        assert (reply.status, reply.json["code"]) == (404, "upload_unknown")
    assert call(stage, "GET /v1/uploads/{id}", path={"id": unknown}).json["process"] is None


def test_an_upload_has_counts_files_and_totals():
    stage = Stage().sample()
    (cases, feelings, empty) = stage.uploads.rows
    cost = RunCost(
        region="us-east-1",
        prices="2026-11-27",
        usd=0.01,
        per_1000_records=0.7,
        steps={"filter": 0.01},
    )
    row = stage.uploads.rows[cases]
    stage.uploads.rows[cases] = row.model_copy(update={"run_cost": cost.model_dump_json()})
    one = call(stage, "GET /v1/uploads/{id}", path={"id": cases}).json
    assert one["cost"] == cost.model_dump(mode="json")
    assert call(stage, "GET /v1/uploads/{id}", path={"id": feelings}).json["cost"] is None
    assert one["counts"] == {"records": 14, "accepted": 8, "review": 5, "invalid": 1}
    assert (one["name"], one["process"]) == ("prior-auth-cases.csv", "L33774")
    assert one["review"]["queued"] == one["review"]["open"] == 5
    names = [each["name"] for each in one["files"]]
    assert names == ["accepted.jsonl", "review.jsonl", "invalid.jsonl", "result.json"]
    assert all(each["url"].startswith("http://s3.test/") for each in one["files"])
    assert one["decisions"]
    assert one["threshold_from"] == "process"
    failed = call(stage, "GET /v1/uploads/{id}", path={"id": empty}).json
    assert failed["error"]["code"] == "file_empty"
    assert failed["error"]["hint"]
    assert failed["files"] == []
    listed = call(stage, "GET /v1/uploads").json["items"]
    assert [each["id"] for each in listed] == [empty, feelings, cases]
    assert {**listed[2]} == {name: one[name] for name in listed[2]}


def test_reviewers_get_no_file_with_decisions_while_a_blind_record_waits():
    stage = Stage(blind_share=1.0).sample()
    cases = next(iter(stage.uploads.rows))

    def one(user: str):
        return call(stage, "GET /v1/uploads/{id}", path={"id": cases}, user=user).json

    for user in ("reviewer", "program"):
        found = one(user)
        assert found["withheld"]
        assert found["decisions"] == {}
        assert [each["name"] for each in found["files"]] == ["invalid.jsonl"]
    for user in ("auditor", "admin"):
        found = one(user)
        assert not found["withheld"]
        assert found["decisions"]
        assert len(found["files"]) == 4
    for head in list(stage.reviews.heads(cases)):
        assert one("reviewer")["withheld"]
        Reviews(stage.reviews, stage.clock).decide("x", head.key, 0, Given("met"))
    found = one("reviewer")
    assert not found["withheld"]
    assert found["decisions"]
    assert len(found["files"]) == 4


def test_results_that_have_expired_leave_the_upload():
    stage = Stage().sample()
    cases = next(iter(stage.uploads.rows))
    key = stage.uploads.rows[cases].result_key
    stage.store.delete(stage.store.head_of("results", key or ""))
    one = call(stage, "GET /v1/uploads/{id}", path={"id": cases})
    assert (one.status, one.json["files"], one.json["threshold"]) == (200, [], None)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("cases.csv", "cases.csv"),
        ("C:\\Users\\x\\a b.csv", "a b.csv"),
        ("../../etc/passwd", "passwd"),
        ("..", "file"),
        ("/", "file"),
        ("a\r\nb.csv", "a\ufffd\ufffdb.csv"),
        ("${filename}", "_{filename}"),
        ("ä" * 255, "ä" * 200),
    ],
)
def test_a_form_is_for_one_key_of_the_inbox(name, kept):
    stage = Stage()
    reply = call(stage, "POST /v1/uploads", {"process": "91110", "name": name})
    assert reply.status == 201
    inbox, process, unique, last = reply.json["key"].split("/", 3)
    assert (inbox, process, last) == ("inbox", "L33774", kept)
    assert reply.json["fields"]["key"] == reply.json["key"]
    assert len(unique) > 12
    assert reply.json["expires_at"] == iso(NEW_YEAR + 900)


def test_a_form_that_is_asked_for_again_is_for_the_same_key():
    stage = Stage()
    body = {"process": "emotions", "name": "a.csv"}
    first = call(stage, "POST /v1/uploads", body, key="k").json
    stage.clock.wait(9)
    assert call(stage, "POST /v1/uploads", body, key="k").json["key"] == first["key"]
    assert call(stage, "POST /v1/uploads", body).json["key"] != first["key"]


def test_there_is_no_form_for_a_process_that_is_not_open():
    reply = call(Stage(), "POST /v1/uploads", {"process": "L33774", "name": "a"}, user="limited")
    assert (reply.status, reply.json["code"]) == (404, "process_not_open")
