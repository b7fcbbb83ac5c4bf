"""Every route, asked by nobody, by a useless token, by another group and by the right one."""

import pytest

from tests.fakes.http_api import call, event_of, reply_of
from tests.fakes.stage import Stage, claims
from winnow.models import FrozenModel
from winnow_api.identity import Group
from winnow_api.routes import ROUTES, Route
from winnow_api.shapes import Nothing

PROTECTED = [key for key, route in ROUTES.items() if not route.public]
READS = {"POST /v1/search", "POST /v1/search/export", "POST /v1/stats"}
"""What is asked may be text of a document, which is in no address: so these are no GET."""
OWN = {"POST /v1/searches", "DELETE /v1/searches/{id}"}
"""What these change is the user's own: everybody who may search may save searches."""
PATH = {"id": "0" * 32, "n": "1", "file": "main.js", "process": "emotions", "sha": "0" * 64}


def path_of(key: str) -> dict[str, str]:
    names = {name: value for name, value in PATH.items() if f"{{{name}}}" in key}
    return {"id": "p-" + "0" * 32} if key.startswith("GET /v1/predictions/") else names


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage().sample()


@pytest.mark.parametrize("key", PROTECTED)
@pytest.mark.parametrize(
    ("user", "status"),
    [
        (None, 401),
        ("expired", 401),
        ("nobody", 403),
        (claims("ada", "reviewers"), 403),
        (claims("ada", "process:emotions"), 403),
        (claims("ada", "admin", token_use="id"), 401),
    ],
)
def test_nobody_without_a_good_token_of_a_group_gets_in(stage, key, user, status):
    reply = call(stage, key, user=user, path=path_of(key))
    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["code"] == {401: "not_signed_in", 403: "not_allowed"}[status]
    assert ("www-authenticate" in reply.headers) is (status == 401)


@pytest.mark.parametrize("key", PROTECTED)
@pytest.mark.parametrize("group", list(Group))
def test_each_group_gets_into_its_routes_and_no_others(stage, key, group):
    reply = call(stage, key, user=claims("ada", group), path=path_of(key))
    assert (reply.status in (401, 403)) is (group not in ROUTES[key].groups)


def test_an_admin_may_use_every_route_and_an_auditor_changes_nothing():
    for key in PROTECTED:
        assert Group.ADMIN in ROUTES[key].groups
        reads = key.startswith("GET ") or key in READS | OWN
        assert (Group.AUDITOR in ROUTES[key].groups) is reads


@pytest.mark.parametrize("key", ["", "$default", "GET /v1/secrets", "get /v1/me", "GET /v1/me/"])
def test_what_is_not_in_the_table_is_not_there(stage, key):
    reply = reply_of(stage.api(event_of(key, user="admin")))
    assert (reply.status, reply.json["code"]) == (404, "route_unknown")


def test_who_decides_records_changes_no_version():
    """Only admins release and train; reviewers and auditors see versions."""
    for key in PROTECTED:
        if key.startswith("POST /v1/models") or key.startswith("POST /v1/releases"):
            assert ROUTES[key].groups == {Group.ADMIN}
        elif key.startswith(("GET /v1/models", "GET /v1/releases")):
            assert ROUTES[key].groups == set(Group)


def test_only_the_frame_and_health_are_public():
    assert [key for key, route in ROUTES.items() if route.public] == [
        "GET /",
        "GET /signed-in",
        "GET /assets/{file}",
        "GET /v1/health",
    ]


@pytest.mark.parametrize("key", ROUTES)
def test_a_route_s_handler_exists_and_its_shapes_fit(key):
    route: Route = ROUTES[key]
    assert callable(route.handler())
    assert set(route.path.model_fields) == set(path_of(key)) or route.path is Nothing
    assert isinstance(route.answer, str) or issubclass(route.answer, FrozenModel)


@pytest.mark.parametrize("key", [key for key in PROTECTED if key.startswith("POST ")])
@pytest.mark.parametrize("idempotency", [None, "", "a b", "ä", "x" * 65])
def test_every_post_needs_an_idempotency_key(stage, key, idempotency):
    reply = call(stage, key, user="admin", key=idempotency, path=path_of(key))
    assert (reply.status, reply.json["code"]) == (400, "idempotency_key_missing")
