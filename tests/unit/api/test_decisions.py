"""The queue and decisions: leased to one, decided once, taken back, and nothing typed is lost."""

import base64
import csv
import io
import json

import pytest

from tests.fakes import files
from tests.fakes.http_api import call
from tests.fakes.stage import RESULTS, ROOT, Stage
from winnow.reviews.models import RecordKey, State
from winnow.reviews.service import Given
from winnow_api import items, queue
from winnow_api.queue import reviews_of

QUEUE, LEASE, REVIEW = "GET /v1/queue", "POST /v1/leases", "POST /v1/reviews"


def lease(stage: Stage, user: str = "reviewer", **asked) -> list[dict]:
    reply = call(stage, LEASE, asked, user=user)
    assert reply.status == 200
    items: list[dict] = reply.json["items"]
    return items


def name(item: dict) -> dict:
    return {"upload": item["upload"], "record": item["record"]}


def decision(item: dict, **others) -> dict:
    asked = {**name(item), "version": item["version"]}
    if "cannot_tell" not in others:
        asked["decision"] = item["process"]["decisions"][0]["id"]
    return asked | others


# -- the queue -------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_the_queue_has_every_record_once_the_least_sure_first(stage, limit):
    items, cursor = [], None
    while True:
        page = call(stage, QUEUE, limit=limit, cursor=cursor).json
        items += page["items"]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert len({(each["upload"], each["record"]) for each in items}) == len(items) == 17
    assert [e["confidence"] for e in items] == sorted(e["confidence"] for e in items)
    assert page["totals"]["open"] == 17
    assert {each["process"] for each in items} == {"L33774", "emotions"}


def test_pages_stay_the_same_while_others_decide(stage):
    first = call(stage, QUEUE, limit=4).json
    rest = call(stage, QUEUE, limit=100).json["items"][4:]
    for item in lease(stage, "other", count=6):
        assert call(stage, REVIEW, decision(item), user="other").status == 201
    page = call(stage, QUEUE, limit=100, cursor=first["cursor"]).json["items"]
    assert page == rest[2:]


def test_the_queue_by_process_reason_and_outcome(stage):
    every = call(stage, QUEUE, limit=100).json["items"]
    one = call(stage, QUEUE, limit=100, process="L33774").json
    assert len(one["items"]) == one["totals"]["queued"] == 5
    reasons = {each["reason"] for each in every}
    assert len(reasons) > 1
    for reason in reasons:
        found = call(stage, QUEUE, limit=100, reason=reason).json["items"]
        assert found == [each for each in every if each["reason"] == reason]
    assert call(stage, QUEUE, outcome="accepted").json["items"] == []


def test_a_reason_finds_no_record_whose_decision_is_hidden():
    stage = Stage(blind_share=0.5).sample()
    heads = [head for upload in stage.uploads.rows for head in stage.reviews.heads(upload)]
    hidden = {tuple(head.key) for head in heads if head.hidden}
    reasons = {head.code for head in heads if head.hidden}
    assert hidden
    for reason in reasons:
        shown = call(stage, QUEUE, limit=100, reason=reason).json["items"]
        taken = lease(stage, reason=reason, count=10)
        expected = {tuple(h.key) for h in heads if h.code == reason} - hidden
        assert {tuple(name(each).values()) for each in shown} == expected
        assert {tuple(name(each).values()) for each in taken} <= expected
    every = call(stage, QUEUE, limit=100).json["items"]
    assert hidden <= {tuple(name(each).values()) for each in every}


def test_a_cursor_of_the_queue_does_not_tell_how_sure_the_machine_is():
    stage = Stage(blind_share=1.0).sample()
    page = call(stage, QUEUE, limit=3).json
    cursor = page["cursor"]
    content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    assert content == {"of": "queue None None None", **name(page["items"][-1])}


def test_a_cursor_that_leads_to_a_record_of_others_is_rejected(stage):
    cursor = call(stage, QUEUE, limit=1).json["cursor"]
    assert call(stage, QUEUE, cursor=cursor).status == 200
    first = call(stage, QUEUE, limit=1).json["items"][0]
    stage.reviews.remove(stage.reviews.head(RecordKey(first["upload"], first["record"])))
    reply = call(stage, QUEUE, cursor=cursor)
    assert (reply.status, reply.json["code"]) == (400, "cursor_invalid")


def many(stage: Stage, count: int, code: str = "undetermined") -> None:
    """Put a long queue of records of one reason before all others."""
    upload = next(iter(stage.uploads.rows))
    (head, *_) = stage.reviews.heads(upload)
    stage.reviews.add(
        [
            head.model_copy(
                update={"record": 100_000 + n, "code": code, "confidence": 0.0, "version": 0}
            )
            for n in range(count)
        ]
    )


def test_a_rare_reason_is_looked_for_a_part_of_the_queue_at_a_time(stage, monkeypatch):
    monkeypatch.setattr("winnow.reviews.service.MAX_PAGES", 4)
    many(stage, 900, code="common")
    rare = call(stage, QUEUE, limit=100).json
    assert {each["reason"] for each in rare["items"]} == {"common"}
    reason = next(h.code for h in stage.reviews.heads(next(iter(stage.uploads.rows))))
    items, rounds, cursor = [], 0, None
    while True:
        before = stage.reviews.pages
        page = call(stage, QUEUE, limit=1, reason=reason, cursor=cursor).json
        assert stage.reviews.pages - before <= 4
        items += page["items"]
        cursor, rounds = page["cursor"], rounds + 1
        if cursor is None:
            break
    expected = [
        tuple(head.key)
        for upload in stage.uploads.rows
        for head in stage.reviews.heads(upload)
        if head.code == reason
    ]
    assert sorted(tuple(name(each).values()) for each in items) == sorted(expected)
    assert rounds > 3


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_a_rare_reason_is_leased_however_far_behind_it_is(stage, monkeypatch, seconds):
    """In one request, or, where the time is up before, in several with a cursor."""
    monkeypatch.setattr("winnow.reviews.service.MAX_PAGES", 2)
    monkeypatch.setattr("winnow.reviews.service.FILTERED_PAGE", 100)
    monkeypatch.setattr(queue, "_SEARCH_S", seconds)
    many(stage, 900, code="common")
    reason = next(h.code for h in stage.reviews.heads(next(iter(stage.uploads.rows))))
    asked = {"reason": reason, "process": "L33774", "count": 3}
    items: list[dict] = []
    requests, cursor = 0, None
    while not items:
        given = asked if cursor is None else {**asked, "cursor": cursor}
        answer = call(stage, LEASE, given).json
        items, cursor = answer["items"], answer["cursor"]
        requests += 1
        assert items or cursor, "nothing else is left is not said too early"
    assert {item["code"] for item in items} == {reason}
    assert requests == (5 if seconds == 0.0 else 1)
    # There is none: the end is told, too.
    nothing = {**asked, "reason": "no_such_reason"}
    answer = call(stage, LEASE, nothing).json
    for _ in range(10):
        if answer["cursor"] is None:
            break
        other = call(stage, LEASE, {**asked, "cursor": answer["cursor"]})
        assert (other.status, other.json["code"]) == (400, "cursor_invalid")
        answer = call(stage, LEASE, {**nothing, "cursor": answer["cursor"]}).json
        assert answer["items"] == []
    assert answer["cursor"] is None


def test_who_is_limited_gets_their_processes_alone(stage):
    page = call(stage, QUEUE, user="limited", limit=100).json
    assert {each["process"] for each in page["items"]} == {"emotions"}
    assert page["totals"]["queued"] == 12
    assert {e["process"]["id"] for e in lease(stage, "limited", count=10)} == {"emotions"}
    reply = call(stage, LEASE, {"process": "L33774"}, user="limited")
    assert (reply.status, reply.json["code"]) == (404, "process_not_open")


def test_an_upload_that_ended_before_is_queued_once():
    stage = Stage()
    content = (ROOT / "samples" / "prior-auth-cases.csv").read_bytes()
    row = stage.drop(content, "inbox/L33774/x/a.csv", queue=False)
    assert call(stage, QUEUE).json["items"] == []
    for _ in range(2):
        reply = call(stage, "POST /v1/uploads/{id}/queue", path={"id": row.upload_id})
        assert (reply.status, reply.json) == (200, {"queued": 5})
        page = call(stage, QUEUE).json
        assert (len(page["items"]), page["totals"]["queued"]) == (5, 5)
    running = row.model_copy(update={"upload_id": "1" * 32, "result_key": None})
    stage.uploads.rows["1" * 32] = running
    refused = call(stage, "POST /v1/uploads/{id}/queue", path={"id": "1" * 32})
    assert (refused.status, refused.json["code"]) == (409, "not_finished")
    unknown = call(stage, "POST /v1/uploads/{id}/queue", path={"id": row.upload_id}, user="limited")
    assert (unknown.status, unknown.json["code"]) == (404, "upload_unknown")


def test_an_upload_with_too_many_records_for_a_request_is_refused_before_anything_is_queued(
    monkeypatch,
):
    stage = Stage()
    content = (ROOT / "samples" / "prior-auth-cases.csv").read_bytes()
    row = stage.drop(content, "inbox/L33774/x/a.csv", queue=False)
    monkeypatch.setattr(queue, "MAX_ADDED", 4)
    refused = call(stage, "POST /v1/uploads/{id}/queue", path={"id": row.upload_id})
    assert (refused.status, refused.json["code"]) == (422, "queue_too_long")
    assert "winnow queue --add" in refused.json["hint"]
    assert list(stage.reviews.heads(row.upload_id)) == []


def test_queued_by_a_request_is_as_queued_at_the_end_of_a_run():
    content = "text\n" + "".join(f"Case {n}. Melena, anemia, no Crohn.\n" for n in range(30))
    heads = []
    for by_request in (False, True):
        stage = Stage(audit_share=0.5, blind_share=0.5)
        row = stage.drop(content.encode(), "inbox/emotions/x/a.csv", queue=not by_request)
        if by_request:
            path = {"id": row.upload_id}
            assert call(stage, "POST /v1/uploads/{id}/queue", path=path).status == 200
        heads.append(list(stage.reviews.heads(row.upload_id)))
    assert heads[0] == heads[1]
    assert heads[0]


def test_the_pages_of_a_pdf_are_drawn_for_an_upload_that_ended_before():
    stage = Stage()
    text = "Melena for two weeks. Ferritin 300."
    row = stage.drop(files.pdf([files.lines([text])]), "inbox/L33774/x/a.pdf", queue=False)
    reply = call(stage, "POST /v1/uploads/{id}/queue", path={"id": row.upload_id})
    assert (reply.status, reply.json["queued"]) == (200, 1)
    (asked,) = stage.drawn
    assert (asked.draw, asked.upload.upload_id, asked.process) == ((1,), row.upload_id, "L33774")


@pytest.mark.parametrize("name", ["MAX_ADDED", "MAX_SAMPLED"])
def test_a_sample_that_takes_too_long_for_a_request_is_refused(monkeypatch, name):
    stage = Stage(audit_share=1.0)
    content = (ROOT / "samples" / "prior-auth-cases.csv").read_bytes()
    row = stage.drop(content, "inbox/L33774/x/a.csv", queue=False)
    monkeypatch.setattr(queue, name, row.review if name == "MAX_ADDED" else 4)
    refused = call(stage, "POST /v1/uploads/{id}/queue", path={"id": row.upload_id})
    assert (refused.status, refused.json["code"]) == (422, "queue_too_long")
    assert list(stage.reviews.heads(row.upload_id)) == []


# -- leases ----------------------------------------------------------------------------------------


def test_a_record_that_somebody_has_open_is_given_to_nobody_else(stage):
    mine = lease(stage, count=3)
    others = lease(stage, "other", count=10)
    assert not {tuple(name(each).values()) for each in mine} & {
        tuple(name(each).values()) for each in others
    }
    assert mine[0]["lease"]["by"] == "ada@example.org"
    stage.clock.wait(301)
    assert name(lease(stage, "program")[0]) == name(mine[0])


def test_what_one_holds_is_not_given_again_and_is_after_a_reload(stage):
    (first,) = lease(stage)
    (second,) = lease(stage, holding=[name(first)])
    assert name(second) != name(first)
    assert name(lease(stage)[0]) == name(first)


def test_leases_are_renewed_and_released(stage):
    (item,) = lease(stage)
    stage.clock.wait(200)
    renewed = call(stage, "POST /v1/leases/renew", {"items": [name(item)]}).json["items"]
    assert renewed[0]["until"] > item["lease"]["until"]
    taken = call(stage, "POST /v1/leases/renew", {"items": [name(item)]}, user="other").json
    assert taken["items"][0]["until"] is None
    released = call(stage, "POST /v1/leases/release", {"items": [name(item)]}).json["items"]
    assert released == [{**name(item), "until": None}]
    assert name(lease(stage, "other")[0]) == name(item)


@pytest.mark.parametrize("action", ["renew", "release"])
def test_no_lease_of_a_process_that_is_not_open(stage, action):
    (item,) = lease(stage, process="L33774")
    reply = call(stage, f"POST /v1/leases/{action}", {"items": [name(item)]}, user="limited")
    assert (reply.status, reply.json["code"]) == (404, "record_unknown")


def test_a_record_whose_results_have_expired_is_passed_over(stage):
    cases = next(iter(stage.uploads.rows))
    for ref in stage.result(stage.uploads.rows[cases]).files.values():
        stage.store.delete(ref)
    items = lease(stage, count=10)
    assert len(items) == 10
    assert {each["process"]["id"] for each in items} == {"emotions"}
    assert lease(stage, count=10, process="L33774") == []
    for head in stage.reviews.heads(cases):
        assert (head.state, head.lease_by) == (State.EXPIRED, None)
        path = {"id": cases, "n": str(head.record)}
        events = call(stage, "GET /v1/uploads/{id}/records/{n}/history", path=path).json["items"]
        assert [each["kind"] for each in events] == ["expired"]
    totals = call(stage, QUEUE, process="L33774").json["totals"]
    assert (totals["queued"], totals["open"]) == (0, 0)
    expired = next(stage.reviews.heads(cases))
    asked = {"upload": cases, "record": expired.record, "version": 1, "decision": "met"}
    assert call(stage, REVIEW, asked).status == 404


def test_no_decision_on_a_record_whose_results_were_deleted(stage):
    (item,) = lease(stage, process="L33774")
    key = RecordKey(item["upload"], item["record"])
    assert call(stage, REVIEW, decision(item)).status == 201
    (left,) = lease(stage, process="L33774")
    before = stage.reviews.head(key), stage.reviews.head(RecordKey(left["upload"], left["record"]))
    # The lines of the records can still be read, as earlier versions of S3 can.
    row = stage.uploads.rows[key.upload]
    stage.store.delete(row.result_ref(RESULTS))
    for asked in (decision(left), {**decision(item), "version": before[0].version}):
        reply = call(stage, REVIEW, asked)
        assert (reply.status, reply.json["code"]) == (404, "record_unknown")
    assert before == tuple(stage.reviews.head(head.key) for head in before)
    assert lease(stage, "other", process="L33774", count=10) == []
    assert stage.reviews.head(before[1].key).state is State.OPEN, "it is still leased to somebody"
    stage.clock.wait(3600)
    assert lease(stage, "other", process="L33774", count=10) == []
    assert stage.reviews.head(before[1].key).state is State.EXPIRED
    assert stage.reviews.head(key) == before[0], "what was decided stays"


def test_however_many_have_expired_the_next_ones_are_found():
    stage = Stage()
    text = "text\n" + "".join(f"Case {n} of an unclear illness.\n" for n in range(40))
    gone = stage.drop(text.encode(), "inbox/L33774/x/gone.csv")
    stage.clock.wait(60)
    left = stage.drop(text.encode(), "inbox/L33774/y/left.csv")
    assert len(list(stage.reviews.heads(gone.upload_id))) == 40
    for ref in stage.result(gone).files.values():
        stage.store.delete(ref)
    assert [item["upload"] for item in lease(stage, count=1)] == [left.upload_id]
    free = [head for head in stage.reviews.heads(left.upload_id) if head.lease_by is None]
    assert len(free) == 39


def test_a_damaged_record_is_passed_over_and_not_closed(stage):
    first = call(stage, QUEUE).json["items"][0]
    key = RecordKey(first["upload"], first["record"])
    head = stage.reviews.head(key)
    line = head.line.model_copy(update={"length": head.line.length - 9})
    stage.reviews._heads[key] = head.model_copy(update={"line": line})
    assert name(first) not in [name(item) for item in lease(stage, count=10)]
    assert stage.reviews.head(key).state is State.OPEN
    assert stage.reviews.head(key).lease_by is None


def test_an_answer_has_as_many_records_as_there_is_room_for():
    stage = Stage()
    text = "text\n" + "".join(f"Case {n}. {'An unclear illness. ' * 20}\n" for n in range(4))
    stage.drop(text.encode(), "inbox/L33774/x/long.csv")
    one = len(json.dumps(lease(stage, count=1)[0]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, "_MAX_BYTES", int(one * 2.5))
        assert len(lease(stage, count=4)) == 2
        assert len([h for h in stage.reviews.heads(upload_of(stage)) if h.lease_by]) == 2
        patch.setattr(queue, "_MAX_BYTES", 10)
        assert len(lease(stage, "other", count=4)) == 1


def upload_of(stage: Stage) -> str:
    return next(iter(stage.uploads.rows))


def test_very_long_fields_are_cut_and_the_text_is_whole(monkeypatch):
    stage = Stage()
    text = f"text,more\nAn unclear illness.,{'x' * 5000}\n"
    stage.drop(text.encode(), "inbox/L33774/x/long.csv")
    monkeypatch.setattr(items, "_MAX_FIELDS", 4000)
    (item,) = lease(stage)
    assert item["text"] == "An unclear illness."
    assert item["fields"]["more"] == "x" * 500 + "…"


def test_a_damaged_record_is_passed_over(stage):
    (item,) = lease(stage)
    head = stage.reviews.head(RecordKey(item["upload"], item["record"]))
    moved = head.line.model_copy(update={"start": head.line.start + 1})
    stage.reviews._heads[head.key] = head.model_copy(update={"line": moved})
    items = lease(stage, count=10)
    assert len(items) == 10
    assert name(item) not in [name(each) for each in items]


# -- decisions -------------------------------------------------------------------------------------


def test_a_decision_is_kept_and_counted(stage):
    (item,) = lease(stage, process="L33774")
    machine = item["decision"]["value"]
    for value in ("met", "not_met"):
        reply = call(stage, REVIEW, decision(item, decision=value, note="Why.", seconds=2.5))
        assert reply.status == 201
        answer = reply.json
        assert answer["review"]["decision"] == value
        assert answer["review"]["note"] == "Why."
        assert answer["machine"]["agreed"] is (value == machine)
        assert answer["totals"]["decided"] == 1
        assert answer["totals"]["approved"] == int(value == machine)
        item["version"] = answer["version"]
    path = {"id": item["upload"], "n": str(item["record"])}
    events = call(stage, "GET /v1/uploads/{id}/records/{n}/history", path=path).json["items"]
    assert [(e["from"], e["to"], e["note"]) for e in events] == [
        (machine, "met", "Why."),
        ("met", "not_met", "Why."),
    ]
    assert events[0]["seconds"] == 2.5
    assert events[0]["through"] == "api"


def test_cannot_tell_is_a_decision(stage):
    (item,) = lease(stage)
    answer = call(
        stage, REVIEW, decision(item, cannot_tell=True), headers={"winnow-through": "page"}
    ).json
    assert answer["review"]["cannot_tell"]
    assert answer["machine"]["agreed"] is None
    assert answer["totals"]["cannot_tell"] == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"decision": "perhaps"}, 422, "decision_invalid"),
        ({"decision": "undetermined"}, 422, "decision_invalid"),
        ({"decision": "met", "cannot_tell": True}, 400, "request_invalid"),
        ({"decision": None}, 400, "request_invalid"),
        ({"decision": "met", "version": 1}, 409, "review_conflict"),
        ({"decision": "met", "record": 99}, 404, "record_unknown"),
        ({"decision": "met", "upload": "0" * 32}, 404, "upload_unknown"),
        ({"decision": "met", "note": "x" * 4001}, 400, "request_invalid"),
        ({"decision": "met", "seconds": -1}, 400, "request_invalid"),
    ],
)
def test_what_is_no_decision_is_refused_and_nothing_is_kept(stage, change, status, code):
    (item,) = lease(stage, process="L33774")
    reply = call(stage, REVIEW, {**decision(item), **change})
    assert (reply.status, reply.json["code"]) == (status, code)
    head = stage.reviews.head(RecordKey(item["upload"], item["record"]))
    assert (head.version, head.answer) == (0, None)


def test_a_conflict_tells_what_holds_and_keeps_the_note_as_a_draft(stage):
    (item,) = lease(stage, process="L33774")
    call(stage, REVIEW, decision(item, decision="met"), user="other")
    reply = call(stage, REVIEW, decision(item, decision="not_met", note="I typed this."))
    assert (reply.status, reply.json["code"]) == (409, "review_conflict")
    assert reply.json["review"]["decision"] == "met"
    assert reply.json["review"]["by"] == "grace@example.org"
    assert reply.json["version"] == 1
    assert not [key for key in stage.store.keys(RESULTS) if key.startswith("notes/")]
    path = {"id": item["upload"], "n": str(item["record"])}
    assert call(stage, "GET /v1/uploads/{id}/records/{n}", path=path).json["draft"] == (
        "I typed this."
    )
    again = decision(item, decision="not_met", version=1)
    assert call(stage, REVIEW, again).json["review"]["decision"] == "not_met"


def test_the_same_request_twice_is_one_decision(stage):
    (item,) = lease(stage)
    first = call(stage, REVIEW, decision(item), key="k")
    again = call(stage, REVIEW, decision(item), key="k")
    assert again.status == 201
    assert again.json["version"] == first.json["version"] == 1
    assert len(stage.reviews.events(RecordKey(item["upload"], item["record"]))) == 1


def test_of_a_record_that_is_erased_meanwhile_nothing_typed_is_kept(stage, monkeypatch):
    (item,) = lease(stage, process="L33774")
    key = RecordKey(item["upload"], item["record"])
    write = stage.reviews.write

    def late(change):
        monkeypatch.setattr(stage.reviews, "write", write)
        reviews_of(stage.services).erase("admin", key)
        write(change)

    monkeypatch.setattr(stage.reviews, "write", late)
    before = stage.store.keys(RESULTS)
    reply = call(stage, REVIEW, decision(item, decision="met", note="About Hans."))
    assert (reply.status, reply.json["code"]) == (409, "review_conflict")
    new = set(stage.store.keys(RESULTS)) - set(before)
    assert not [one for one in new if one.startswith("drafts/")]


def test_a_key_is_not_for_another_decision(stage):
    (item,) = lease(stage, process="L33774")
    assert call(stage, REVIEW, decision(item, decision="met"), key="k").status == 201
    for other in ({"decision": "not_met"}, {"decision": "met", "note": "Why."}):
        reply = call(stage, REVIEW, decision(item, **other), key="k")
        assert (reply.status, reply.json["code"]) == (422, "idempotency_key_reused")


def test_of_two_decisions_at_once_with_one_key_one_is_answered(stage, monkeypatch):
    (item,) = lease(stage, process="L33774")
    write = stage.reviews.write
    first = []

    def late(change):
        monkeypatch.setattr(stage.reviews, "write", write)
        first.append(call(stage, REVIEW, decision(item, decision="met"), key="k"))
        write(change)

    monkeypatch.setattr(stage.reviews, "write", late)
    other = decision(item, decision="not_met", note="About Hans.")
    reply = call(stage, REVIEW, other, key="k")
    assert first[0].status == 201
    assert (reply.status, reply.json["code"]) == (422, "idempotency_key_reused")
    assert "Hans" not in str(stage.store._versions)
    assert len(stage.reviews.events(RecordKey(item["upload"], item["record"]))) == 1


def test_the_note_of_a_refused_decision_is_a_draft_from_the_start(stage, monkeypatch):
    (item,) = lease(stage, process="L33774")
    key = RecordKey(item["upload"], item["record"])
    write = stage.reviews.write
    seen: list[str] = []

    def late(change):
        monkeypatch.setattr(stage.reviews, "write", write)
        reviews_of(stage.services).decide("grace", key, 0, Given("met"))
        seen.extend(one for one in stage.store.keys(RESULTS) if one.startswith("notes/"))
        write(change)

    monkeypatch.setattr(stage.reviews, "write", late)
    reply = call(stage, REVIEW, decision(item, decision="not_met", note="About Hans."))
    assert (reply.status, reply.json["code"]) == (409, "review_conflict")
    assert seen == [], "no note is stored before its decision"
    kept = [one for one in stage.store.keys(RESULTS) if one.startswith(("notes/", "drafts/"))]
    assert [one.partition("/")[0] for one in kept] == ["drafts"]


def test_a_record_that_nobody_asked_about_can_be_corrected(stage):
    cases = next(iter(stage.uploads.rows))
    list_ = "GET /v1/uploads/{id}/records"
    accepted = call(stage, list_, path={"id": cases}, outcome="accepted").json["items"][0]
    body = {"upload": cases, "record": accepted["record"], "version": 0, "decision": "not_met"}
    answer = call(stage, REVIEW, body).json
    assert answer["totals"]["corrections"] == 1
    assert answer["totals"]["queued"] == 5
    after = call(stage, list_, path={"id": cases}, outcome="accepted").json["items"][0]
    assert after["review"]["decision"] == "not_met"
    invalid = call(stage, list_, path={"id": cases}, outcome="invalid").json["items"][0]
    refused = call(stage, REVIEW, body | {"record": invalid["record"]})
    assert (refused.status, refused.json["code"]) == (400, "request_invalid")


def test_undo_gives_the_record_back_to_the_person(stage):
    (item,) = lease(stage)
    decided = call(stage, REVIEW, decision(item)).json
    body = {**name(item), "version": decided["version"]}
    refused = call(stage, "POST /v1/reviews/undo", body, user="other")
    assert (refused.status, refused.json["code"]) == (409, "nothing_to_undo")
    undone = call(stage, "POST /v1/reviews/undo", body).json
    assert undone["item"]["review"]["state"] == "open"
    assert undone["item"]["lease"]["by"] == "ada@example.org"
    assert undone["totals"]["decided"] == 0
    late = call(stage, "POST /v1/reviews/undo", body)
    assert (late.status, late.json["code"]) == (409, "review_conflict")
    assert late.json["version"] == 2


def test_a_skipped_record_is_for_others(stage):
    (item,) = lease(stage)
    body = {**name(item), "version": item["version"]}
    assert call(stage, "POST /v1/reviews/skip", body).json["totals"]["open"] == 12
    assert name(lease(stage)[0]) != name(item)
    assert name(lease(stage, "other")[0]) == name(item)
    conflict = call(stage, "POST /v1/reviews/skip", body)
    assert (conflict.status, conflict.json["code"]) == (409, "review_conflict")
    stage.clock.wait(301)
    assert [name(each) for each in lease(stage, skipped=True)] == [name(item)]


def test_a_draft_is_one_person_s(stage):
    (item,) = lease(stage)
    assert call(stage, "POST /v1/drafts", {**name(item), "note": "Perhaps"}).json == {"saved": True}
    path = {"id": item["upload"], "n": str(item["record"])}
    one = "GET /v1/uploads/{id}/records/{n}"
    assert call(stage, one, path=path).json["draft"] == "Perhaps"
    assert call(stage, one, path=path, user="other").json["draft"] is None
    call(stage, "POST /v1/drafts", {**name(item), "note": ""})
    assert call(stage, one, path=path).json["draft"] is None


@pytest.mark.parametrize(
    "key", ["POST /v1/drafts", REVIEW, "POST /v1/reviews/undo", "POST /v1/reviews/skip"]
)
def test_nothing_of_a_process_that_is_not_open(stage, key):
    (item,) = lease(stage, process="L33774")
    body = name(item)
    body |= {"note": "x"} if "drafts" in key else {"version": 0}
    body |= {"decision": "met"} if key == REVIEW else {}
    reply = call(stage, key, body, user="limited")
    assert (reply.status, reply.json["code"]) == (404, "record_unknown")


# -- export ----------------------------------------------------------------------------------------


def rows(stage: Stage, user: str = "auditor", **query) -> list[dict]:
    found: list[dict] = []
    cursor = None
    while True:
        reply = call(stage, "GET /v1/reviews/export.csv", user=user, cursor=cursor, **query)
        assert reply.headers["content-type"].startswith("text/csv")
        found += csv.DictReader(io.StringIO(reply.body.decode(), newline=""))
        cursor = reply.headers.get("winnow-cursor")
        if cursor is None:
            return found


def test_the_export_has_what_people_decided_by_process(stage):
    for process in ("L33774", "emotions"):
        for item in lease(stage, process=process, count=3):
            assert call(stage, REVIEW, decision(item)).status == 201
    found = rows(stage)
    assert [row["process"] for row in found] == ["L33774"] * 3 + ["emotions"] * 3
    assert all(row["text"] and row["decided_by"] == "ada@example.org" for row in found)
    assert [row["process"] for row in rows(stage, process="emotions")] == ["emotions"] * 3
    assert {row["process"] for row in rows(stage, "limited")} == {"emotions"}
    assert rows(stage, since="2026-01-02") == []
    assert len(rows(stage, since="2026-01-01")) == 6
    at = min(row["decided_at"] for row in found)
    assert at.endswith(":00.000Z")
    for precise in (f"{at[:16]}Z", f"{at[:19]}Z", f"{at[:19]}.0Z", f"{at[:19]}.000000Z"):
        assert len(rows(stage, since=precise)) == 6
    reply = call(stage, "GET /v1/reviews/export.csv", since="2026-02-30", user="auditor")
    assert (reply.status, reply.json["code"]) == (400, "request_invalid")
    reply = call(stage, "GET /v1/reviews/export.csv", process="L33774", user="limited")
    assert (reply.status, reply.json["code"]) == (404, "process_not_open")
