"""What is wrong in a request, and what an error tells and does not tell."""

import json

import pytest

from tests.fakes.http_api import call, event_of, reply_of
from tests.fakes.stage import Stage
from winnow.errors import (
    AwsRefusedError,
    CursorInvalidError,
    InternalError,
    RetryableError,
    SettingsError,
    catalogue,
)
from winnow_api import api as api_module
from winnow_api.messages import SECURITY_HEADERS
from winnow_api.problems import status_of
from winnow_api.routes import PUBLIC, ROUTES, Route

SECRET = "Mr Secret"


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage().sample()


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"{", "it as a whole"),
        (b"[]", "it as a whole"),
        (b"null", "it as a whole"),
        (b"\xff\xfe", "it as a whole"),
        (b"", "process"),
        (b'{"process": 7, "text": "x"}', "process"),
        (b'{"process": "emotions", "text": ["x"]}', "text"),
        (b'{"process": "emotions", "text": "\\ud800"}', ""),
        (b'{"process": "emotions", "text": "x", "Mr Secret": 1}', "a field that is not known"),
        (b'{"process": "emotions", "fields": {"Mr Secret": 1}}', "fields"),
        (b'{"process": "Mr Secret", "text": "x"}', "process"),
    ],
)
def test_a_body_of_another_shape_is_refused_by_the_names_of_its_fields(stage, body, names):
    reply = call(stage, "POST /v1/predictions", body)
    assert (reply.status, reply.json["code"]) == (400, "request_invalid")
    assert names in reply.json["detail"]
    assert SECRET not in reply.body.decode()
    assert reply.json["hint"]


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"limit": "1,2"}, {"other": "1"}]
)
def test_a_query_of_another_shape_is_refused(stage, query):
    reply = call(stage, "GET /v1/uploads", **query)
    assert (reply.status, reply.json["code"]) == (400, "request_invalid")


@pytest.mark.parametrize("own_id", ["x", "../../etc", "0" * 31, "G" * 32, "0" * 33])
def test_a_path_of_another_shape_is_refused(stage, own_id):
    reply = call(stage, "GET /v1/uploads/{id}", path={"id": own_id})
    assert (reply.status, reply.json["code"]) == (400, "request_invalid")
    assert own_id not in reply.json["detail"]


def test_a_body_that_is_not_called_json_is_refused(stage):
    headers = {"content-type": "text/plain"}
    reply = call(stage, "POST /v1/predictions", {"process": "emotions"}, headers=headers)
    assert (reply.status, reply.json["code"]) == (400, "request_invalid")


def test_a_body_that_is_too_long_is_refused(stage):
    reply = call(
        stage, "POST /v1/predictions", b" " * (ROUTES["POST /v1/predictions"].max_body + 1)
    )
    assert (reply.status, reply.json["code"]) == (413, "request_too_long")


def test_a_body_that_is_no_base64_is_refused(stage):
    event = event_of("POST /v1/predictions", user="reviewer") | {
        "isBase64Encoded": True,
        "body": "*",
    }
    assert reply_of(stage.api(event)).status == 400


@pytest.mark.parametrize("event", [{}, {"routeKey": None}, {"requestContext": None}])
def test_an_event_of_another_shape_is_answered(stage, event):
    assert reply_of(stage.api(event)).status == 404


def broken(services, call, given):
    raise broken.error  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ZeroDivisionError(SECRET), 500, "internal"),
        (SettingsError(SECRET), 500, "settings"),
        (AwsRefusedError(SECRET), 500, "aws_refused"),
        (InternalError(SECRET), 500, "internal"),
        (RetryableError("S3 did not answer."), 503, "temporary"),
        (CursorInvalidError("It is none."), 400, "cursor_invalid"),
    ],
)
def test_an_error_is_a_problem_document_that_tells_no_more_than_it_should(error, status, code):
    broken.error = error  # type: ignore[attr-defined]
    stage = Stage()
    api = api_module.Api(
        stage.services, stage.logs.append, {"GET /x": Route("", PUBLIC, __name__, "broken")}
    )
    reply = reply_of(api(event_of("GET /x")))
    assert reply.status == status
    assert set(reply.json) >= {"type", "title", "status", "detail", "code", "hint", "instance"}
    assert reply.json["type"] == f"urn:winnow:error:{code}"
    assert (reply.json["code"], reply.json["instance"]) == (code, "request-1")
    assert SECRET not in json.dumps(reply.json)
    assert "Traceback" not in reply.body.decode()
    assert ("retry-after" in reply.headers) is (status == 503)
    assert stage.logs[0]["status"] == status
    assert stage.logs[0]["code"] == code


def test_every_error_has_a_status():
    assert {status_of(error) // 100 for error in catalogue().values()} == {4, 5}


def test_a_line_of_the_log_has_no_name_no_query_and_no_text(stage):
    stage.logs.clear()
    call(stage, "POST /v1/predictions", {"process": "emotions", "text": f"I fear {SECRET}."})
    call(stage, "GET /v1/predictions", process="emotions")
    call(stage, "POST /v1/uploads", {"process": "emotions", "name": f"{SECRET}.csv"})
    written = json.dumps(stage.logs)
    assert [each["status"] for each in stage.logs] == [201, 200, 201]
    assert set(stage.logs[0]) == {"route", "status", "ms", "request"}
    assert SECRET not in written
    assert "emotions" not in written
    assert "ada" not in written


@pytest.mark.parametrize("key", ["GET /v1/health", "GET /v1/me", "GET /v1/secrets", "GET /"])
def test_every_answer_has_the_security_headers(stage, key):
    headers = reply_of(stage.api(event_of(key, user="reviewer"))).headers
    assert set(SECURITY_HEADERS) <= set(headers)
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]


def test_a_long_answer_is_compressed_for_who_reads_gzip(stage):
    import gzip

    plain = call(stage, "GET /v1/processes")
    packed = call(stage, "GET /v1/processes", headers={"accept-encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert "content-encoding" not in plain.headers


def test_all_routes_are_of_the_version_or_the_page():
    assert all("/v1/" in key or ROUTES[key].public for key in ROUTES)
