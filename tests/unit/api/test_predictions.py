"""Predictions: judged as a run would, kept once, found again, and only by who may see them."""

import json
from base64 import b64encode

import pytest
from PIL import Image

from tests.fakes.drawn_pictures import packed, wheels
from tests.fakes.http_api import call
from tests.fakes.stage import RESULTS, ROOT, Stage
from winnow.limits.budget import RecordBudget
from winnow.models import ObjectRef
from winnow.reviews.models import RecordKey
from winnow.storage.predictions import StoredPrediction, may_be_of, prediction_id

TEXT = "I miss my grandfather, who died in the spring."
ROUTE = "POST /v1/predictions"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Processes: the shipped ones, and one that judges numbers and text."""
    folder = tmp_path_factory.mktemp("processes")
    for file in (ROOT / "processes").glob("*.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())
    moods = (
        "id: moods\nversion: 1.0.0\nkind: labels\ntitle: Moods\ncodes: ['77']\n"
        "input: {text_columns: [note], id_columns: [case], numeric_columns: [age]}\n"
        "labels:\n- {id: glad, examples: [I am glad.]}\n- {id: sad, examples: [I am sad.]}\n"
    )
    (folder / "moods.yaml").write_text(moods)
    wheels = ROOT / "tests" / "e2e" / "processes" / "wheels.yaml"
    (folder / "wheels.yaml").write_bytes(wheels.read_bytes())
    return folder


@pytest.fixture
def stage(folder) -> Stage:
    return Stage(processes=folder)


def kept(stage: Stage) -> list[str]:
    return [key for key in stage.store.keys(RESULTS) if key.startswith("predictions/")]


@pytest.mark.parametrize("process", ["emotions", "L33774", "91110"])
def test_a_prediction_is_what_a_run_makes_of_the_same_text(stage, process):
    reply = call(stage, ROUTE, {"process": process, "text": TEXT})
    assert reply.status == 201
    given = reply.json
    definition = stage.registry.find(process)
    row = stage.drop(json.dumps({"id": "1", definition.input.text_columns[0]: TEXT}).encode(),
                     f"inbox/{definition.id}/x/a.jsonl")  # fmt: skip
    record = call(stage, "GET /v1/uploads/{id}/records/{n}", path={"id": row.upload_id, "n": "1"})
    same = ("decision", "score", "confidence", "calibrated", "outcome", "code", "reason", "text")
    assert {name: given[name] for name in same} == {name: record.json[name] for name in same}
    assert given["process"]["id"] == definition.id
    assert given["by"] == "ada@example.org"
    assert given["review"] is None
    assert given["version"] == 0


def test_it_is_kept_and_found_again(stage):
    made = call(stage, ROUTE, {"process": "emotions", "text": TEXT}).json
    assert kept(stage) == [f"predictions/emotions/{made['id']}.json"]
    found = call(stage, "GET /v1/predictions/{id}", path={"id": made["id"]}, user="auditor")
    assert found.json == made


def test_the_same_key_makes_one_prediction(stage):
    body = {"process": "emotions", "text": TEXT}
    first = call(stage, ROUTE, body, key="k").json
    stage.clock.wait(5)
    assert call(stage, ROUTE, body, key="k").json == first
    assert call(stage, ROUTE, body, key="other").json["id"] != first["id"]
    assert call(stage, ROUTE, body, key="k", user="other").json["id"] != first["id"]
    assert len(kept(stage)) == 3


def test_a_request_that_broke_off_is_completed_under_the_same_id(stage):
    body = {"process": "emotions", "text": TEXT}
    first = call(stage, ROUTE, body, key="k").json
    stage.store.delete(stage.store.head_of(RESULTS, kept(stage)[0]))
    assert call(stage, ROUTE, body, key="k").json["id"] == first["id"]


def test_a_key_is_not_for_another_request(stage):
    call(stage, ROUTE, {"process": "emotions", "text": TEXT}, key="k")
    reply = call(stage, ROUTE, {"process": "emotions", "text": "Another."}, key="k")
    assert (reply.status, reply.json["code"]) == (422, "idempotency_key_reused")
    assert len(kept(stage)) == 1


def test_the_text_may_be_a_field_and_the_id_is_none(stage):
    fields = {"Case": "7", "NOTE": TEXT, "age": "61", "ward": "b"}
    given = call(stage, ROUTE, {"process": "moods", "fields": fields}).json
    assert given["text"] == TEXT
    assert given["fields"] == {"age": "61", "ward": "b"}


@pytest.mark.parametrize(
    "body",
    [
        {"process": "emotions"},
        {"process": "emotions", "text": ""},
        {"process": "emotions", "text": " \n\t"},
        {"process": "emotions", "text": "a\x00b"},
        {"process": "emotions", "fields": {"other": "x"}},
        {"process": "moods", "text": TEXT},
        {"process": "moods", "text": TEXT, "fields": {"age": "old"}},
    ],
)
def test_what_cannot_be_judged_is_refused_and_not_kept(stage, body):
    reply = call(stage, ROUTE, body)
    assert (reply.status, reply.json["code"]) == (400, "request_invalid")
    assert not kept(stage)


def test_a_text_beyond_the_budget_is_refused_with_the_budget_s_sentence(stage):
    object.__setattr__(stage.services, "budget", RecordBudget(max_characters=100))
    reply = call(stage, ROUTE, {"process": "emotions", "text": "word " * 50})
    assert (reply.status, reply.json["code"]) == (413, "request_too_long")
    assert "100 characters" in reply.json["detail"]
    assert not kept(stage)


def test_the_stack_s_threshold_is_used(stage):
    object.__setattr__(stage.services, "threshold", 1.0)
    given = call(stage, ROUTE, {"process": "emotions", "text": TEXT}).json
    assert (given["outcome"], given["code"], given["threshold"]) == (
        "review",
        "below_threshold",
        1.0,
    )


@pytest.mark.parametrize("process", ["nothing", "L33774"])
def test_a_process_that_is_not_open_is_not_there(stage, process):
    reply = call(stage, ROUTE, {"process": process, "text": TEXT}, user="limited")
    assert (reply.status, reply.json["code"]) == (404, "process_not_open")
    assert "emotions" in reply.json["detail"]
    assert "moods" not in reply.json["detail"]
    listed = call(stage, "GET /v1/predictions", process=process, user="limited")
    assert (listed.status, listed.json["code"]) == (404, "process_not_open")


def test_a_prediction_of_another_process_is_not_there(stage):
    made = call(stage, ROUTE, {"process": "L33774", "text": TEXT}).json
    reply = call(stage, "GET /v1/predictions/{id}", path={"id": made["id"]}, user="limited")
    assert (reply.status, reply.json["code"]) == (404, "prediction_unknown")
    assert call(stage, "GET /v1/predictions", user="limited").json["items"] == []


def test_pages_are_newest_first_and_stay_the_same_under_writes(stage):
    ids = []
    for number in range(7):
        stage.clock.wait(1)
        process = ("emotions", "L33774")[number % 2]
        ids.append(call(stage, ROUTE, {"process": process, "text": f"I fear {number}."}).json["id"])
    first = call(stage, "GET /v1/predictions", limit=3).json
    assert [each["id"] for each in first["items"]] == ids[::-1][:3]
    stage.clock.wait(1)
    call(stage, ROUTE, {"process": "emotions", "text": "A later one."})
    shown = list(first["items"])
    cursor = first["cursor"]
    while cursor:
        page = call(stage, "GET /v1/predictions", limit=3, cursor=cursor).json
        shown += page["items"]
        cursor = page["cursor"]
    assert [each["id"] for each in shown] == ids[::-1]
    of_one = call(stage, "GET /v1/predictions", process="emotions").json["items"]
    assert len(of_one) == 5


def test_a_cursor_of_another_list_is_refused(stage):
    for number in range(3):
        stage.clock.wait(1)
        call(stage, ROUTE, {"process": "emotions", "text": f"I fear {number}."})
    cursor = call(stage, "GET /v1/predictions", limit=1).json["cursor"]
    for query in ({"process": "emotions", "cursor": cursor}, {"cursor": "x"}, {"cursor": "e30"}):
        reply = call(stage, "GET /v1/predictions", **query)
        assert (reply.status, reply.json["code"]) == (400, "cursor_invalid")


def test_a_prediction_is_reviewed_as_record_1_of_itself(stage):
    made = call(stage, ROUTE, {"process": "emotions", "text": TEXT}).json
    path = {"id": made["id"], "n": "1"}
    item = call(stage, "GET /v1/uploads/{id}/records/{n}", path=path).json
    assert (item["kind"], item["text"], item["version"]) == ("prediction", TEXT, 0)
    other = next(d["id"] for d in item["process"]["decisions"]
                 if d["id"] != made["decision"]["value"])  # fmt: skip
    review = {"upload": made["id"], "record": 1, "version": 0, "decision": other}
    decided = call(stage, "POST /v1/reviews", review)
    assert decided.status == 201
    assert decided.json["machine"]["agreed"] is False
    assert decided.json["totals"]["corrections"] == 1
    found = call(stage, "GET /v1/predictions/{id}", path={"id": made["id"]}).json
    assert (found["review"]["decision"], found["version"]) == (other, 1)
    again = call(stage, "GET /v1/uploads/{id}/records/{n}", path=path).json
    assert again["review"]["decision"] == other
    wrong = call(stage, "GET /v1/uploads/{id}/records/{n}", path={**path, "n": "2"})
    assert (wrong.status, wrong.json["code"]) == (404, "record_unknown")


def test_a_reviewed_prediction_is_read_whole_whatever_its_letters(stage):
    text = "Ich bin so glücklich über dieses Geschenk, es ist schön. " * 3
    made = call(stage, ROUTE, {"process": "emotions", "text": text}).json
    decided = {"upload": made["id"], "record": 1, "version": 0, "decision": "joy"}
    assert call(stage, "POST /v1/reviews", decided).status == 201
    head = stage.reviews.head(RecordKey(made["id"], 1))
    (key,) = kept(stage)
    stored = stage.store.content(ObjectRef(bucket=RESULTS, key=key))
    assert head.line.length == len(stored)
    # A head of before this was right has the number of characters.
    short = head.line.model_copy(update={"length": len(stored.decode())})
    stage.reviews._heads[head.key] = head.model_copy(update={"line": short})
    path = {"id": made["id"], "n": "1"}
    one = call(stage, "GET /v1/uploads/{id}/records/{n}", path=path)
    assert (one.status, one.json["text"]) == (200, made["text"])
    export = call(stage, "GET /v1/reviews/export.csv", user="auditor", process="emotions")
    assert made["text"].strip() in export.body.decode()
    undo = {"upload": made["id"], "record": 1, "version": 1}
    assert call(stage, "POST /v1/reviews/undo", undo).status == 200


def test_a_damaged_prediction_is_no_answer(stage):
    own_id = prediction_id("emotions", 1, "00000000")
    stage.store.add(RESULTS, f"predictions/emotions/{own_id}.json", b"{}")
    reply = call(stage, "GET /v1/predictions/{id}", path={"id": own_id})
    assert (reply.status, reply.json["code"]) == (500, "stored_data_invalid")


def test_ids_sort_newest_first_and_tell_their_process():
    ids = [prediction_id("moods", moment, "0" * 8) for moment in (5, 4, 3)]
    assert ids == sorted(ids)
    assert {len(each) for each in ids} == {34}
    assert may_be_of(ids[0], "moods")
    assert not may_be_of(ids[0], "emotions")
    assert not may_be_of("p-x", "moods")


def test_what_is_stored_is_read_again(stage):
    made = call(stage, ROUTE, {"process": "emotions", "text": TEXT}).json
    content = stage.store.content(stage.store.head_of(RESULTS, kept(stage)[0]))
    stored = StoredPrediction.model_validate_json(content)
    assert stored.record.text == TEXT
    assert stored.record.decision.value == made["decision"]["value"]


def sent(picture: bytes) -> str:
    return b64encode(picture).decode()


@pytest.fixture(scope="module")
def png() -> bytes:
    return packed(wheels(), "PNG")


def test_a_picture_is_judged_as_a_run_does_and_not_kept(stage, png):
    reply = call(stage, ROUTE, {"process": "wheels", "picture": sent(png), "fields": {"name": "7"}})
    assert reply.status == 201, reply.json
    given = reply.json
    row = stage.drop(png, "inbox/wheels/x/bike.png")
    record = call(stage, "GET /v1/uploads/{id}/records/{n}", path={"id": row.upload_id, "n": "1"})
    same = ("decision", "score", "confidence", "calibrated", "outcome", "code", "reason")
    assert {name: given[name] for name in same} == {name: record.json[name] for name in same}
    assert given["picture"] == {"format": "png", "width": 320, "height": 240, "object": None}
    assert (given["text"], given["fields"]) == ("", {})
    assert given["model"]["name"] == "fake-pictures"
    [own] = kept(stage)
    content = stage.store.content(ObjectRef(bucket=RESULTS, key=own))
    assert StoredPrediction.model_validate_json(content).picture is not None
    assert len(content) < 3_000
    assert sent(png)[:40].encode() not in content
    found = call(stage, "GET /v1/predictions/{id}", path={"id": given["id"]}, user="auditor")
    assert found.json == given
    assert "PNG" not in str(stage.logs)


@pytest.mark.parametrize(
    ("picture", "status", "code"),
    [
        (b"", 422, "file_empty"),
        (b"A note.", 422, "file_type"),
        (packed(wheels(), "PNG")[:300], 422, "file_unreadable"),
        (b"\x89PNG" * 1_000_001, 400, "request_invalid"),
    ],
)
def test_a_picture_is_refused_as_a_dropped_one_is(stage, picture, status, code):
    reply = call(stage, ROUTE, {"process": "wheels", "picture": sent(picture)})
    assert (reply.status, reply.json["code"]) == (status, code)
    assert not kept(stage)


@pytest.mark.parametrize(
    "given",
    [
        {"process": "wheels", "text": "A bicycle."},
        {"process": "wheels", "fields": {"text": "A bicycle."}},
        {"process": "wheels", "text": "A bicycle.", "picture": "aGk="},
        {"process": "emotions", "picture": "aGk="},
        {"process": "emotions", "text": "Glad.", "picture": "aGk="},
    ],
)
def test_a_text_for_pictures_and_a_picture_for_texts_are_refused(stage, given):
    reply = call(stage, ROUTE, given)
    assert (reply.status, reply.json["code"]) == (400, "request_invalid")
    assert "The process judges" in reply.json["detail"]


def test_a_bomb_is_refused_before_its_pixels_are_decoded(stage):
    bomb = packed(Image.new("1", (12_000, 10_001)), "PNG")
    reply = call(stage, ROUTE, {"process": "wheels", "picture": sent(bomb)})
    assert (reply.status, reply.json["code"]) == (422, "file_bomb")
    assert "max_pixels" in reply.json["detail"]


def test_processes_say_whether_they_judge_pictures(stage):
    items = {item["id"]: item for item in call(stage, "GET /v1/processes").json["items"]}
    assert (items["wheels"]["pictures"], items["wheels"]["text"]) == (True, False)
    assert (items["emotions"]["pictures"], items["emotions"]["text"]) == (False, True)


@pytest.mark.parametrize("process", ["emotions", "wheels"])
def test_only_a_picture_makes_a_body_long(stage, process):
    given = {"process": process, "fields": {"note": "word " * 220_000}, "picture": sent(b"x" * 99)}
    reply = call(stage, ROUTE, given)
    assert (reply.status, reply.json["code"]) == (413, "request_too_long")


def test_a_picture_is_in_base64(stage):
    reply = call(stage, ROUTE, {"process": "wheels", "picture": "data:image/png;base64,iVBORw=="})
    assert (reply.status, reply.json["code"]) == (400, "request_invalid")
    assert "picture" in reply.json["detail"]
