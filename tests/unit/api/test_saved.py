"""Saved searches: whose they are, who else has them, what is refused, what is found with them."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.fakes.http_api import Reply, call
from tests.fakes.stage import RESULTS, Stage
from winnow.search.saved import MAX_SAVED

SECRET = "Mr Secret"
HOSTILE = "'; DROP TABLE records; -- <script>alert(1)</script> {{7*7}} ${jndi:ldap} %s"
SEARCH = {
    "query": f'"iron deficiency" {SECRET}',
    "filters": {"processes": ["L33774"], "outcomes": ["review"], "confidence_from": 0.25},
    "sort": "least_sure",
}


@pytest.fixture
def stage() -> Stage:
    """A stack without a record: most of these tests search nothing."""
    return Stage()


def save(
    stage: Stage, name: str, search: Any = SEARCH, user: Any = "reviewer", **given: Any
) -> Reply:
    key = given.pop("key", "new")
    body = {"name": name, "search": search, **given}
    return call(stage, "POST /v1/searches", body, user=user, key=key)


def names(stage: Stage, user: Any = "reviewer") -> list[str]:
    reply = call(stage, "GET /v1/searches", user=user)
    return [each["name"] for each in reply.json["items"]]


def one(stage: Stage, own: str, user: Any = "reviewer") -> Reply:
    return call(stage, "GET /v1/searches/{id}", user=user, path={"id": own})


def delete(stage: Stage, own: str, user: Any = "reviewer") -> Reply:
    return call(stage, "DELETE /v1/searches/{id}", user=user, path={"id": own})


@pytest.mark.parametrize(
    "search",
    [
        {},
        SEARCH,
        {"like_text": "Iron tablets.", "sort": "likeness"},
        {"like_record": {"process": "emotions", "upload": "0" * 32, "record": 7}},
        {"query": HOSTILE, "filters": {"cases": [HOSTILE], "reviewers": [HOSTILE]}},
    ],
)
def test_what_was_saved_is_what_is_opened_and_can_be_searched(stage, search):
    saved = save(stage, f"mine {HOSTILE}", search)
    assert saved.status == 201
    opened = one(stage, saved.json["id"]).json
    assert opened == saved.json
    assert (opened["by"], opened["shared_with"], opened["deletable"]) == (
        "ada@example.org",
        None,
        True,
    )
    assert {name: opened["search"][name] for name in search if name != "filters"} == {
        name: value for name, value in search.items() if name != "filters"
    }
    for name, value in search.get("filters", {}).items():
        assert opened["search"]["filters"][name] == value
    if "like_record" not in search and "like_text" not in search:
        again = {name: value for name, value in opened["search"].items() if value is not None}
        assert call(stage, "POST /v1/search", again).status == 200


def test_a_search_is_its_user_s_alone_unless_it_is_shared(stage):
    own = save(stage, "own").json["id"]
    save(stage, "for all", shared_with="everybody")
    save(stage, "for reviewers", shared_with="reviewer")
    assert names(stage) == ["for all", "for reviewers", "own"]
    assert names(stage, "other") == ["for all", "for reviewers"]
    assert names(stage, "auditor") == ["for all"]
    assert names(stage, "admin") == ["for all", "for reviewers"]
    for user in ("other", "auditor", "admin"):
        for reply in (one(stage, own, user), delete(stage, own, user)):
            assert (reply.status, reply.json["code"]) == (404, "saved_search_unknown")


def test_who_shares_is_in_the_group(stage):
    assert save(stage, "a", shared_with="auditor").json["code"] == "not_allowed"
    assert save(stage, "a", user="auditor", shared_with="auditor").status == 201
    assert save(stage, "b", user="admin", shared_with="reviewer").status == 201
    assert save(stage, "c", shared_with="process:emotions").json["code"] == "request_invalid"


def test_only_who_saved_it_or_an_administrator_deletes_a_shared_one(stage):
    own = save(stage, "a", shared_with="everybody").json["id"]
    assert delete(stage, own, "other").json["code"] == "not_allowed"
    assert one(stage, own, "other").json["deletable"] is False
    assert delete(stage, own, "admin").status == 200
    assert delete(stage, own, "admin").json["code"] == "saved_search_unknown"
    assert names(stage) == []


def test_who_sees_one_process_finds_only_its_records_with_somebody_else_s_search(stage):
    stage.sample()
    every = save(stage, "of all", {}, shared_with="everybody").json["id"]
    hidden = [
        save(stage, "of one", {"filters": {"processes": ["L33774"]}}, shared_with="everybody"),
        save(
            stage,
            "like one",
            {"like_record": {"process": "L33774", "upload": "0" * 32, "record": 1}},
            shared_with="everybody",
        ),
        save(
            stage,
            "of both",
            {"filters": {"processes": ["emotions", "L33774"]}},
            shared_with="everybody",
        ),
    ]
    save(stage, "theirs", {"filters": {"processes": ["emotions"]}}, shared_with="everybody")
    assert names(stage, "limited") == ["of all", "theirs"]
    for reply in hidden:
        assert one(stage, reply.json["id"], "limited").status == 404
    search = one(stage, every, "limited").json["search"]
    search = {name: value for name, value in search.items() if value is not None}
    found = call(stage, "POST /v1/search", search, user="limited").json
    assert {hit["process"] for hit in found["hits"]} == {"emotions"}
    assert found["total"] < call(stage, "POST /v1/search", search).json["total"]


def test_a_name_is_there_once_whoever_is_faster(stage):
    def attempt(number: int) -> Reply:
        return save(stage, "The same", {"query": f"word{number}"}, shared_with="everybody")

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(attempt, range(8)))
    assert sorted(reply.status for reply in replies) == [201] + 7 * [409]
    (kept,) = (reply.json for reply in replies if reply.status == 201)
    assert one(stage, kept["id"], "other").json["search"]["query"] == kept["search"]["query"]
    taken = save(stage, " the ＳＡＭＥ ", shared_with="everybody", user="other")
    assert (taken.status, taken.json["code"]) == (409, "search_name_taken")
    assert save(stage, "The same").status == 201, "another folder"
    delete(stage, kept["id"])
    assert save(stage, "The same", shared_with="everybody", user="other").status == 201


def test_the_same_request_again_saves_nothing_new(stage):
    first = save(stage, "twice", key="once")
    again = save(stage, "twice", key="once")
    assert (first.status, first.json) == (again.status, again.json)
    assert save(stage, "other", key="once").json["code"] == "idempotency_key_reused"
    assert names(stage) == ["twice"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\x00b", "a\u202eb", 7, None])
def test_a_name_is_a_line_of_text(stage, name):
    reply = save(stage, name)
    assert (reply.status, reply.json["code"]) == (400, "request_invalid")
    assert "name" in reply.json["detail"]


@pytest.mark.parametrize(
    ("search", "code"),
    [
        ({"query": "?!"}, "search_invalid"),
        ({"sort": "likeness"}, "request_invalid"),
        ({"limit": 3}, "request_invalid"),
        ({"filters": {"nothing": 1}}, "request_invalid"),
        ({"like_text": "x" * 20_001}, "request_invalid"),
        ({"filters": {"cases": ["x" * 300] * 100, "uploads": ["y" * 300] * 100,
                      "decisions": ["z" * 300] * 100}}, "search_too_long"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_not_saved(stage, search, code):
    reply = save(stage, "a", search)
    assert reply.json["code"] == code
    assert SECRET not in reply.body.decode()
    assert names(stage) == []


def test_there_are_so_many_and_no_more(stage):
    first = save(stage, "0").json["id"]
    for number in range(1, MAX_SAVED):
        assert save(stage, str(number), {}).status == 201
    full = save(stage, "one more", {})
    assert (full.status, full.json["code"]) == (422, "saved_searches_full")
    assert save(stage, "7", {}).json["code"] == "search_name_taken"
    assert save(stage, "one more", {}, shared_with="everybody").status == 201
    delete(stage, first)
    assert save(stage, "one more", {}).status == 201


def test_its_text_is_in_the_object_alone(stage):
    own = save(stage, SECRET).json["id"]
    listed = call(stage, "GET /v1/searches").json["items"]
    assert all("search" not in each for each in listed)
    one(stage, own)
    assert SECRET not in json.dumps(stage.logs)
    keys = [key for key in stage.store.keys(RESULTS) if key.startswith("searches/")]
    assert len(keys) == 1
    assert SECRET not in keys[0]
    assert "ada" not in keys[0]
    assert SECRET not in str(stage.keys.kept)


def test_what_another_version_has_saved_hides_no_other_one(stage):
    save(stage, "readable", shared_with="everybody")
    for number, content in enumerate((b"{", b"", b'{"id": "later", "fields": 1}')):
        ref = stage.store.add(RESULTS, f"searches/for/everybody/{number}.json", content)
        assert ref
    assert names(stage, "other") == ["readable"]
