"""Schemathesis asks every route what the OpenAPI document allows, and much that it does not.

Whatever is asked, the answer is one of the document's: never a 500, never another shape.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fakes.examples import examples
from tests.fakes.http_api import Gateway, StartResponse
from tests.fakes.live import publish
from tests.fakes.stage import Stage
from winnow_api.openapi import document

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@cache
def gateway() -> Gateway:
    stage = Stage().sample()
    publish(stage.models, "emotions", 3)
    publish(stage.models, "letters", 1)
    return Gateway(stage)


def app(environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """The API, and beside it the document that describes it.

    The document is without its security: the test signs in itself. A request that was meant to
    lack its token would be taken for a good answer to a bad one.
    """
    if environ["PATH_INFO"] == "/openapi.json":
        start_response("200 OK", [("content-type", "application/json")])
        described = {name: part for name, part in document().items() if name != "security"}
        return [json.dumps(described).encode()]
    # What calls this in process asks for gzip and does not unpack it.
    plain = {name: value for name, value in environ.items() if name != "HTTP_ACCEPT_ENCODING"}
    return gateway()(plain, start_response)


schema = schemathesis.openapi.from_wsgi("/openapi.json", app)


@schema.parametrize()
@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize("user", ["admin", "limited"])
def test_every_answer_is_one_of_the_document(case, user):
    case.call_and_validate(headers={"Authorization": f"Bearer {user}"}, checks=CHECKS)
