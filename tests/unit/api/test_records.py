"""Records of an upload: pages by place in a file, one in full, and what a blind one hides."""

import pytest

from tests.fakes import files
from tests.fakes.http_api import call
from tests.fakes.stage import RESULTS, Stage
from winnow.models import Outcome
from winnow.reviews.models import RecordKey
from winnow.reviews.service import Reviews

LIST = "GET /v1/uploads/{id}/records"
ONE = "GET /v1/uploads/{id}/records/{n}"
HISTORY = "GET /v1/uploads/{id}/records/{n}/history"


@pytest.fixture
def cases(stage: Stage) -> str:
    return next(iter(stage.uploads.rows))


def walk(stage: Stage, upload: str, **query) -> list[dict]:
    items, cursor = [], None
    while True:
        page = call(stage, LIST, path={"id": upload}, cursor=cursor, **query).json
        items += page["items"]
        cursor = page["cursor"]
        if cursor is None:
            return items
        assert len(page["items"]) == query["limit"]


@pytest.mark.parametrize("limit", [1, 3, 5, 8, 100])
def test_pages_have_every_record_once_in_order(stage, cases, limit):
    items = walk(stage, cases, limit=limit)
    assert len(items) == 14
    order = [(list(Outcome).index(Outcome(each["outcome"])), each["record"]) for each in items]
    assert order == sorted(order)
    assert {each["record"] for each in items} == set(range(1, 15))


@pytest.mark.parametrize(("outcome", "count"), [("accepted", 8), ("review", 5), ("invalid", 1)])
def test_an_outcome_alone(stage, cases, outcome, count):
    items = walk(stage, cases, limit=2, outcome=outcome)
    assert [each["outcome"] for each in items] == [outcome] * count


def test_a_cursor_is_not_for_another_filter_upload_or_result(stage, cases):
    cursor = call(stage, LIST, path={"id": cases}, limit=2).json["cursor"]
    other = list(stage.uploads.rows)[1]
    for path, query in (({"id": cases}, {"outcome": "review"}), ({"id": other}, {})):
        reply = call(stage, LIST, path=path, headers=None, cursor=cursor, **query)
        assert (reply.status, reply.json["code"]) == (400, "cursor_invalid")
    row = stage.uploads.rows[cases]
    result = stage.result(row)
    files = {o: ref.model_copy(update={"version_id": "other"}) for o, ref in result.files.items()}
    again = result.model_copy(update={"files": files}).model_dump_json().encode()
    stage.store.add(RESULTS, row.result_key, again)
    reply = call(stage, LIST, path={"id": cases}, cursor=cursor)
    assert (reply.status, reply.json["code"]) == (400, "cursor_invalid")


def test_an_upload_without_results_has_no_records(stage):
    failed = list(stage.uploads.rows)[2]
    reply = call(stage, LIST, path={"id": failed})
    assert (reply.status, reply.json["code"]) == (409, "not_finished")
    one = call(stage, ONE, path={"id": failed, "n": "1"})
    assert (one.status, one.json["code"]) == (404, "record_unknown")


def test_one_record_has_text_evidence_and_what_may_be_decided(stage, cases):
    for brief in walk(stage, cases, limit=100):
        reply = call(stage, ONE, path={"id": cases, "n": str(brief["record"])})
        assert reply.status == 200
        item = reply.json
        assert item["outcome"] == brief["outcome"]
        assert item["confidence"] == brief["confidence"]
        assert (item["text"] is None) is (brief["outcome"] == "invalid")
        assert [each["id"] for each in item["process"]["decisions"]] == ["met", "not_met"]
        assert item["kind"] == ("review" if brief["outcome"] == "review" else "correction")
        assert (item["review"] is None) is (brief["review"] is None)


@pytest.mark.parametrize(("upload", "number"), [("0" * 32, "1"), (None, "15"), (None, "99999")])
def test_a_record_that_is_not_there(stage, cases, upload, number):
    reply = call(stage, ONE, path={"id": upload or cases, "n": number})
    assert reply.status == 404
    assert reply.json["code"] in ("record_unknown", "upload_unknown")


@pytest.mark.parametrize("key", [LIST, ONE, HISTORY])
def test_a_record_of_a_process_that_is_not_open_is_not_there(stage, cases, key):
    number = next(e["record"] for e in walk(stage, cases, limit=100) if e["outcome"] == "review")
    path = {"id": cases} | ({"n": str(number)} if "{n}" in key else {})
    assert call(stage, key, path=path).status == 200
    assert call(stage, key, path=path, user="limited").status == 404


@pytest.fixture
def blind() -> Stage:
    return Stage(blind_share=1.0).sample()


def test_nothing_tells_the_decision_of_a_blind_record(blind):
    cases = next(iter(blind.uploads.rows))
    brief = call(blind, LIST, path={"id": cases}, outcome="review").json["items"][0]
    number = brief["record"]
    head = blind.reviews.head(RecordKey(cases, number))
    path = {"id": cases, "n": str(number)}
    call(blind, "POST /v1/reviews/skip", {"upload": cases, "record": number, "version": 0})
    item = call(blind, ONE, path=path).json
    assert item["blind"]
    assert item["hidden"]
    hidden = ("decision", "confidence", "score", "calibrated", "code", "reason")
    assert [item[name] for name in hidden] == [None] * 6
    assert item["missing"] == []
    assert item["text"]
    assert (brief["decision"], brief["confidence"], brief["reason"]) == (None, None, None)
    queued = call(blind, "GET /v1/queue", process="L33774").json["items"]
    assert {(each["decision"], each["confidence"], each["reason"]) for each in queued} == {
        (None, None, None)
    }
    events = call(blind, HISTORY, path=path).json["items"]
    assert [(each["kind"], each["from"], each["to"]) for each in events] == [
        ("skipped", None, None)
    ]
    decided = call(
        blind,
        "POST /v1/reviews",
        {"upload": cases, "record": number, "version": 1, "decision": "met"},
    ).json
    assert decided["machine"]["decision"] == head.decision
    assert call(blind, ONE, path=path).json["decision"]["value"] == head.decision
    assert call(blind, HISTORY, path=path).json["items"][1]["to"] == "met"


def test_results_that_have_expired_are_no_records(stage, cases):
    number = next(e["record"] for e in walk(stage, cases, limit=100) if e["outcome"] == "review")
    result = stage.result(stage.uploads.rows[cases])
    for ref in result.files.values():
        stage.store.delete(ref)
    one = call(stage, ONE, path={"id": cases, "n": str(number)})
    assert (one.status, one.json["code"]) == (404, "record_unknown")
    listed = call(stage, LIST, path={"id": cases})
    assert listed.status == 404
    leased = call(stage, "POST /v1/leases", {"process": "L33774", "count": 5})
    assert (leased.status, leased.json["items"]) == (200, [])


def test_a_record_that_was_erased_is_gone_and_its_history_stays(stage, cases):
    number = next(e["record"] for e in walk(stage, cases, limit=100) if e["outcome"] == "review")
    Reviews(stage.reviews, stage.clock).erase("admin", RecordKey(cases, number))
    path = {"id": cases, "n": str(number)}
    one = call(stage, ONE, path=path)
    assert (one.status, one.json["code"]) == (410, "record_erased")
    events = call(stage, HISTORY, path=path).json["items"]
    assert [each["kind"] for each in events] == ["erased"]


def test_the_pages_of_a_digital_pdf_are_linked_when_they_are_drawn():
    stage = Stage()
    content = files.pdf([files.lines(["He was seen."]), files.lines(["And seen again."])])
    row = stage.drop(content, "inbox/L33774/0a1b2c/note.pdf")
    key = {"id": row.upload_id, "n": "1"}
    item = call(stage, ONE, path=key)
    assert (item.status, item.json["pages"]) == (200, []), "not drawn yet"
    folder = f"results/L33774/{row.upload_id}/pages"
    for number in (2, 3):
        stage.store.add(RESULTS, f"{folder}/{number}.jpg", b"a picture")
    [page] = call(stage, ONE, path=key).json["pages"]
    assert page["page"] == 2, "the record is not on page 3, and page 1 is not drawn"
    assert f"{folder}/2.jpg" in page["url"]
    assert item.json["unpictured"] == [], "without a picture, the text is shown"
    shown = call(stage, ONE, path=key).json
    assert shown["text"][page["start"] :] == "And seen again."
    [left] = shown["unpictured"]
    assert (left["page"], shown["text"][left["start"] : left["end"]].strip()) == (1, "He was seen.")
