"""Exports through the API: all that a search finds, of what is open to the user, behind a link."""

import csv
import io
import json
from typing import Any

import pytest

from tests.fakes.http_api import Reply, call
from tests.fakes.stage import RESULTS, Stage
from winnow.models import ObjectRef
from winnow.reviews.models import QueueFilter
from winnow.search.exports import ExportFormat
from winnow.search.shapes import EXCERPT


def export(stage: Stage, form: str = "jsonl", user: Any = "auditor", **search: Any) -> Reply:
    return call(stage, "POST /v1/search/export", {"format": form, **search}, user=user)


def content(stage: Stage, reply: Reply) -> bytes:
    """What is behind the link."""
    key = reply.json["url"].partition(f"/_s3/{RESULTS}/")[2].partition("?")[0]
    return stage.store.content(ObjectRef(bucket=RESULTS, key=key))


def records(stage: Stage, reply: Reply) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(stage, reply).splitlines()]


@pytest.mark.parametrize("form", ExportFormat)
@pytest.mark.parametrize(
    "search", [{}, {"query": "iron", "filters": {"outcomes": ["review"]}}, {"query": "nowhere"}]
)
def test_a_file_has_as_many_records_as_the_search_says(stage, form, search):
    total = call(stage, "POST /v1/search", {**search, "limit": 0}).json["total"]
    reply = export(stage, form, **search)
    assert (reply.status, reply.json["records"]) == (200, total)
    assert reply.json["name"] == f"winnow-search.{form}"
    assert reply.json["size"] == len(content(stage, reply))
    assert "seconds=300" in reply.json["url"]
    if form == "csv":
        lines = list(csv.DictReader(io.StringIO(content(stage, reply).decode(), newline="")))
        assert len(lines) == total
    elif form == "parquet":
        assert content(stage, reply)[:4] == b"PAR1"
    else:
        assert len(records(stage, reply)) == total


def test_texts_are_whole(stage):
    found = records(stage, export(stage))
    assert all(row["text"] for row in found if row["outcome"] != "invalid")
    assert max(len(row["text"] or "") for row in found) > EXCERPT


def test_who_sees_one_process_gets_only_its_records(stage):
    found = records(stage, export(stage, user="limited"))
    assert {row["process"] for row in found} == {"emotions"}
    assert len(found) < export(stage).json["records"]
    assert records(stage, export(stage, user="limited", filters={"processes": ["L33774"]})) == []


def test_what_may_be_decided_blind_is_withheld():
    stage = Stage(blind_share=1.0).sample()
    hidden = {
        (head.key.upload, head.key.record)
        for process in stage.reviews.processes()
        for head in stage.reviews.open_heads(QueueFilter(process=process), None, 100).heads
        if head.hidden
    }
    assert hidden
    every = {(row["upload"], row["record"]) for row in records(stage, export(stage))}
    shown = records(stage, export(stage, user="reviewer"))
    assert {(row["upload"], row["record"]) for row in shown} == every - hidden


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"format": "xlsx"}, "request_invalid"),
        ({}, "request_invalid"),
        ({"format": "csv", "limit": 5}, "request_invalid"),
        ({"format": "csv", "query": "?!"}, "search_invalid"),
    ],
)
def test_what_is_no_search_or_no_format_is_refused(stage, given, code):
    reply = call(stage, "POST /v1/search/export", given)
    assert reply.json["code"] == code
    assert not [key for key in stage.store.keys(RESULTS) if key.startswith("exports/")]
