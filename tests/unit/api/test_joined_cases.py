"""A case in several files in the API: its parts, its pictures, and a person's decision."""

import json

import pytest

from tests.fakes.cases import ANEMIA, SAID, joining_stage
from tests.fakes.http_api import call
from tests.fakes.stage import Clock
from winnow.models import PART_SEPARATOR, ObjectRef


@pytest.fixture
def stage(tmp_path):
    return joining_stage(tmp_path, Clock())


def item_of(stage):
    (queued,) = call(stage, "GET /v1/queue").json["items"]
    path = {"id": queued["upload"], "n": str(queued["record"])}
    return call(stage, "GET /v1/uploads/{id}/records/{n}", path=path).json


def test_a_case_has_its_parts_and_evidence_says_which(stage):
    item = item_of(stage)
    assert item["code"] == "case_incomplete"
    assert item["text"] == PART_SEPARATOR.join((ANEMIA, *SAID.values()))
    assert [(part["record"], part["part"]) for part in item["parts"]] == [
        (1, "letter.txt"),
        (2, "a.png"),
        (3, "b.png"),
    ]
    pieces = [piece for found in item["decision"]["criteria"] for piece in found["evidence"]]
    assert pieces
    for piece in pieces:
        part = next(p for p in item["parts"] if p["part"] == piece["part"]["part"])
        assert part["start"] + piece["part"]["start"] == piece["start"]
        assert piece["end"] <= part["end"]


def test_two_pages_with_one_number_have_two_pictures(stage):
    pages = item_of(stage)["pages"]
    assert [(page["page"], page["picture"], page["part"]) for page in pages] == [
        (1, 1, "a.png"),
        (1, 2, "b.png"),
    ]
    assert [page["url"].partition("?")[0].rpartition("/")[2] for page in pages] == [
        "1.jpg",
        "2.jpg",
    ]
    assert stage.drawn == []


def test_the_part_that_has_no_picture_is_told(stage):
    item = item_of(stage)
    (letter,) = item["unpictured"]
    assert (letter["part"], letter["page"]) == ("letter.txt", None)
    assert item["text"][letter["start"] : letter["end"]].strip("\x1d") == ANEMIA
    assert [
        item["text"][page["start"] :].startswith(said)
        for page, said in zip(item["pages"], SAID.values(), strict=True)
    ] == [True, True]


def test_a_case_is_decided_once_and_exported_whole(stage):
    leased = call(stage, "POST /v1/leases", {"count": 5}).json["items"]
    assert [(item["record"], len(item["parts"])) for item in leased] == [(1, 3)]
    (item,) = leased
    given = {
        "upload": item["upload"],
        "record": 1,
        "version": item["version"],
        "decision": "not_met",
    }
    assert call(stage, "POST /v1/reviews", given).status == 201
    assert call(stage, "GET /v1/queue").json["items"] == []
    exported = call(stage, "GET /v1/reviews/export.csv", process="letters", user="admin")
    assert PART_SEPARATOR in exported.body.decode()


def test_the_file_that_could_not_be_read_is_listed_too(stage):
    upload = item_of(stage)["upload"]
    records = call(stage, "GET /v1/uploads/{id}/records", path={"id": upload}).json["items"]
    assert [(one["record"], one["outcome"], one["part"]) for one in records] == [
        (1, "review", None),
        (4, "invalid", "broken.pdf"),
    ]
    row = stage.uploads.rows[upload]
    result = json.loads(stage.store.content(ObjectRef(bucket="results", key=row.result_key)))
    assert result["counts"]["records"] == 2
