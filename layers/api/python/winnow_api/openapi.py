"""The OpenAPI document of the API, made of the table of routes and of the shapes.

It is written when the docs are (docs/openapi.json): no function loads this module.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from winnow_api.problems import CONTENT_TYPE
from winnow_api.routes import ROUTES, Route
from winnow_api.shapes import Problem

API_VERSION = "1"
_REF = "#/components/schemas/{model}"
_PROBLEMS = {
    "400": "The request has another shape than the route takes",
    "401": "There is no valid access token",
    "403": "The user is in no group that may use the route",
    "404": "There is no such thing, or it is not open to the user",
    "409": "The record or the upload is in another state",
    "410": "The record was erased",
    "413": "The body or the text in it is too long",
    "422": "The process has no such decision, or the key was used for another request",
    "429": "There are too many requests: wait, and send it again",
    "500": "A defect, or a wrong setting of the stack",
    "503": "A service that is needed does not answer now",
}
"""What a problem document of each status means."""
_BY_BOTH = {"401", "429", "503"}
"""What the gateway answers, too, in words of its own."""
_GATEWAY = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}


def document(routes: Mapping[str, Route] = ROUTES) -> dict[str, Any]:
    """The document (OpenAPI 3.1)."""
    asked = [
        (route.given, "validation")
        for key, route in routes.items()
        if key.startswith("POST ") and route.given.model_fields
    ]
    answered = [
        (route.answer, "serialization")
        for route in routes.values()
        if not isinstance(route.answer, str)
    ]
    pairs: list[tuple[type[BaseModel], JsonSchemaMode]] = list(
        dict.fromkeys([*asked, *answered, (Problem, "serialization")])  # type: ignore[list-item]
    )
    names, schemas = models_json_schema(pairs, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for key, route in routes.items():
        method, _, path = key.partition(" ")
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, route, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Winnow",
            "version": API_VERSION,
            "description": "Judges texts and records, and keeps what people decide of them.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "where the review page is"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
            "schemas": schemas["$defs"],
            "responses": {
                status: {
                    "description": meaning,
                    "content": (
                        {CONTENT_TYPE: {"schema": names[Problem, "serialization"]}}
                        | ({"application/json": {"schema": _GATEWAY}} if status in _BY_BOTH else {})
                    ),
                }
                for status, meaning in _PROBLEMS.items()
            },
        },
    }


def text() -> str:
    """The document as docs/openapi.json has it."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def _operation(method: str, path: str, route: Route, names: Mapping[Any, Any]) -> dict[str, Any]:
    parameters = _parameters(route.path, "path")
    operation: dict[str, Any] = {
        "operationId": _operation_id(method, path),
        "summary": route.summary,
        "tags": [path.split("/")[2] if path.startswith("/v1/") else "page"],
    }
    if route.public:
        operation["security"] = []
    else:
        operation["description"] = f"Groups: {', '.join(sorted(route.groups))}."
    if method == "POST":
        parameters.append(_KEY)
        operation["requestBody"] = {
            "required": any(f.is_required() for f in route.given.model_fields.values()),
            "content": {
                "application/json": {
                    "schema": names[route.given, "validation"]
                    if route.given.model_fields
                    else {"type": "object", "additionalProperties": False}
                }
            },
        }
    else:
        parameters += _parameters(route.given, "query")
    if parameters:
        operation["parameters"] = parameters
    operation["responses"] = _responses(method, path, route, names)
    return operation


_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "new and random for every request, the same when a request is sent again",
    "schema": {"type": "string", "pattern": "^[!-~]{1,64}$"},
}


def _operation_id(method: str, path: str) -> str:
    """A name for the operation.

    >>> _operation_id("GET", "/v1/uploads/{id}/records")
    'get_uploads_id_records'
    """
    words = re.findall(r"\w+", path.removeprefix("/v1/").replace("-", "_"))
    return "_".join([method.lower(), *words]) if words else f"{method.lower()}_page"


def _parameters(shape: type[BaseModel], where: str) -> list[dict[str, Any]]:
    schema = shape.model_json_schema(mode="validation")
    defined = schema.get("$defs", {})
    required = schema.get("required", [])
    found = []
    for name, field in schema.get("properties", {}).items():
        plain = _plain(field, defined)
        described = plain.pop("description", None)
        parameter = {"name": name, "in": where, "required": name in required, "schema": plain}
        found.append(parameter | ({"description": described} if described else {}))
    return found


def _plain(field: Mapping[str, Any], defined: Mapping[str, Any]) -> dict[str, Any]:
    """A field's schema in an address: no null, and no reference to another schema."""
    plain = {name: value for name, value in field.items() if name not in ("title", "default")}
    if "anyOf" in plain:
        (only,) = [each for each in plain.pop("anyOf") if each.get("type") != "null"]
        plain |= only
    if "$ref" in plain:
        plain |= defined[plain.pop("$ref").rpartition("/")[2]]
        plain.pop("title", None)
    return plain


def _responses(method: str, path: str, route: Route, names: Mapping[Any, Any]) -> dict[str, Any]:
    if isinstance(route.answer, str):
        content = {route.answer: {"schema": {"type": "string"}}}
    else:
        content = {"application/json": {"schema": names[route.answer, "serialization"]}}
    good: dict[str, Any] = {"description": route.summary, "content": content}
    if path.endswith(".csv"):
        good["headers"] = {
            "Winnow-Cursor": {
                "description": "leads to the next part",
                "schema": {"type": "string"},
            },
            "Winnow-Gone": {
                "description": "decided records left out of this part: their results have expired "
                "or are damaged",
                "schema": {"type": "integer"},
            },
        }
    responses: dict[str, Any] = {str(route.status): good}
    if path.startswith("/assets/"):
        responses["304"] = {"description": "The browser has it"}
    refs = {s: {"$ref": f"#/components/responses/{s}"} for s in _statuses(method, path, route)}
    return responses | refs


def _statuses(method: str, path: str, route: Route) -> list[str]:
    """The problems that a route can answer with."""
    statuses = {"400", "404", "429", "500", "503"}
    if not route.public:
        statuses |= {"401", "403"}
    if method == "POST":
        statuses |= {"409", "410", "413", "422"}
    if path.startswith("/v1/uploads/"):
        statuses |= {"409", "410"}
    return sorted(statuses)


def table_of_routes() -> list[tuple[str, str, str]]:
    """Route, groups and summary of each, for the docs."""
    return [
        (
            key,
            "anybody" if route.public else ", ".join(sorted(route.groups)),
            route.summary,
        )
        for key, route in ROUTES.items()
    ]
