"""The OpenAPI document says what the API does: valid, complete, and obeyed by the answers."""

import json

import jsonschema
import pytest

from tests.fakes.http_api import call
from tests.fakes.stage import Stage
from winnow_api.openapi import document
from winnow_api.routes import ROUTES

DOCUMENT = document()
METHODS = {"get", "post"}


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def schema_of(name: str) -> dict:
    return {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}


def test_every_route_is_an_operation_with_an_id_of_its_own():
    found = dict(operations())
    assert set(found) == set(ROUTES)
    ids = [operation["operationId"] for operation in found.values()]
    assert len(set(ids)) == len(ids)


def test_no_reference_leads_nowhere():
    text = json.dumps(DOCUMENT)
    for part in text.split('"$ref": "#/components/')[1:]:
        kind, name = part.split('"')[0].split("/")
        assert name in DOCUMENT["components"][kind]


@pytest.mark.parametrize(("key", "operation"), list(operations()))
def test_an_operation_says_who_may_use_it_and_what_it_takes(key, operation):
    route = ROUTES[key]
    assert (operation.get("security") == []) is route.public
    names = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
    assert names == set(route.path.model_fields)
    keys = [e for e in operation.get("parameters", []) if e["name"] == "Idempotency-Key"]
    assert bool(keys) is key.startswith("POST ")
    assert str(route.status) in operation["responses"]
    assert {"400", "500"} <= set(operation["responses"])


@pytest.mark.parametrize("name", list(DOCUMENT["components"]["schemas"]))
def test_every_schema_is_a_schema(name):
    jsonschema.Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_answers_and_problems_obey_their_schemas():
    stage = Stage().sample()
    (upload, *_) = stage.uploads.rows
    asked = [
        ("GET /v1/me", None, {}, "Me"),
        ("GET /v1/processes", None, {}, "Processes"),
        ("GET /v1/uploads", None, {}, "Uploads"),
        ("GET /v1/uploads/{id}", None, {"id": upload}, "UploadDetail"),
        ("GET /v1/uploads/{id}/records", None, {"id": upload}, "Records"),
        ("GET /v1/uploads/{id}/records/{n}", None, {"id": upload, "n": "1"}, "ItemAnswer"),
        ("GET /v1/queue", None, {}, "QueueAnswer"),
        ("POST /v1/leases", {"count": 3}, {}, "LeaseAnswer"),
        ("POST /v1/predictions", {"process": "L33774", "text": "Anemia."}, {}, "Prediction"),
        ("GET /v1/predictions", None, {}, "Predictions"),
        ("GET /v1/uploads/{id}", None, {"id": "0" * 32}, "Problem"),
    ]
    for key, given, path, name in asked:
        reply = call(stage, key, given, path=path)
        jsonschema.validate(reply.json, schema_of(name))
