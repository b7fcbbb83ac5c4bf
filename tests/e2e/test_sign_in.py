"""Signing in on the local stack, and what is refused before the API's function is asked.

Routes that ask for a token: test_tokens.py.
"""

import base64
import json

import pytest

from tests.template.rules.review import PUBLIC

from .conftest import Stack
from .signed_in import SignInFlow, request

pytestmark = pytest.mark.model
CODE_KEYS = {"access_token", "id_token", "refresh_token", "token_type", "expires_in"}


def variables(stack: Stack) -> dict[str, str]:
    """What the api function is told."""
    found: dict[str, str] = {}
    for one in stack.target.client("lambda").list_functions()["Functions"]:
        if "ApiFunction" in one["FunctionName"]:
            found = one["Environment"]["Variables"]
    return found


@pytest.fixture
def flow(stack: Stack) -> SignInFlow:
    return SignInFlow.of(variables(stack)["SIGN_IN_URL"], stack.state.outputs)


def test_the_function_is_told_where_the_page_and_the_sign_in_are(stack: Stack) -> None:
    told, outputs = variables(stack), stack.state.outputs
    assert told["PAGE_URL"] == outputs["ReviewPage"]
    assert told["SIGN_IN_CLIENT"] == outputs["PageClient"]
    assert told["USER_POOL"] == outputs["UserPool"]
    assert told["REVIEWS_TABLE"] == outputs["ReviewsTable"]
    port = stack.state.endpoint.rpartition(":")[2]
    assert outputs["ReviewPage"].endswith(f".execute-api.localhost:{port}/")


def test_a_reader_is_signed_in_without_a_password(stack: Stack, flow: SignInFlow) -> None:
    reply = flow.authorize()
    assert reply.status == 302
    assert reply.headers["Location"].startswith(f"{stack.state.outputs['ReviewPage']}signed-in?")
    assert "state=any%20%26%20text" in reply.headers["Location"]
    answer = flow.token(flow.code())
    assert (answer.status, set(answer.document())) == (200, CODE_KEYS)
    assert answer.headers["Access-Control-Allow-Origin"] == flow.page.removesuffix("/")
    assert answer.headers["Cache-Control"] == reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "http://example.org/signed-in"},
        {"redirect_uri": "http://127.0.0.1:1/signed-in"},
        {"redirect_uri": ""},
        {"client_id": "another"},
        {"client_id": "machine"},
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
        {"scope": "winnow/admin"},
        {"scope": "openid winnow/admin"},
        {"response_type": "token"},
    ],
    ids=str,
)
def test_no_code_for_another_request(
    stack: Stack, flow: SignInFlow, changed: dict[str, str]
) -> None:
    if changed.get("client_id") == "machine":
        changed = {"client_id": stack.state.outputs["ReviewerClient"]}
    reply = flow.authorize(**changed)
    assert reply.status == 400
    assert "Location" not in reply.headers


def test_a_token_says_who_it_is_for_and_in_which_groups(flow: SignInFlow) -> None:
    claims = flow.access_token().split(".")[1]
    read = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert (read["token_use"], read["scope"]) == ("access", "openid")
    assert sorted(read["cognito:groups"]) == ["admin", "reviewer"]
    assert read["username"] == "you@winnow.local"


@pytest.mark.parametrize("host", ["example.org", "example.org:80", "127.0.0.1.example.org"])
def test_a_page_whose_name_leads_here_is_refused(flow: SignInFlow, host: str) -> None:
    assert flow.authorize(host=host).status == 403


def test_a_code_is_for_its_own_verifier_and_once(flow: SignInFlow) -> None:
    code = flow.code()
    assert flow.token(code, code_verifier="x" * 64).status == 400
    assert flow.token(code).status == 200
    assert flow.token(code).status == 400


def test_a_token_is_not_for_another_page(flow: SignInFlow) -> None:
    reply = flow.token(flow.code(), {"Origin": "http://example.org"})
    assert reply.status == 403
    assert b"access_token" not in reply.body


def test_a_request_that_is_too_long_is_not_passed_on(flow: SignInFlow) -> None:
    assert flow.token("x" * 20_000).status == 413


# -- the API's gateway ---------------------------------------------------------------------------


def address(stack: Stack, route: str) -> tuple[str, str]:
    """Method and address of a route's key."""
    method, path = route.split(" ")
    filled = path.replace("{file}", "x.js")
    return method, stack.state.outputs["ReviewPage"].removesuffix("/") + filled


@pytest.mark.parametrize("route", PUBLIC.values())
def test_a_route_without_data_asks_for_none(stack: Stack, route: str) -> None:
    method, path = address(stack, route)
    assert request(path, method).status != 401


def test_what_is_no_route_is_not_there(stack: Stack) -> None:
    assert request(f"{stack.state.outputs['ReviewPage']}v1/secrets").status == 404


# -- pages of others -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "host"),
    [({"Origin": "http://example.org"}, ""), ({"Origin": "null"}, ""), ({}, "example.org:80")],
)
@pytest.mark.parametrize("path", ["v1/health", ""])
def test_the_stack_answers_no_page_of_others(
    stack: Stack, headers: dict[str, str], host: str, path: str
) -> None:
    page = stack.state.outputs["ReviewPage"]
    assert request(f"{page}{path}", headers=headers, host=host).status == 403
    assert request(f"{stack.state.endpoint}/{path}", headers=headers, host=host).status == 403


def test_the_uploads_bucket_takes_forms_of_the_page_alone(stack: Stack) -> None:
    rules = stack.s3.get_bucket_cors(Bucket=stack.target.uploads_bucket)["CORSRules"]
    page = stack.state.outputs["ReviewPage"].removesuffix("/")
    assert [(one["AllowedOrigins"], one["AllowedMethods"]) for one in rules] == [([page], ["POST"])]


def test_an_event_of_the_api_is_not_kept(stack: Stack, flow: SignInFlow) -> None:
    """It holds a token, and what was typed."""
    sent = {"Authorization": f"Bearer {flow.access_token()}"}
    assert request(f"{stack.state.outputs['ReviewPage']}v1/me", headers=sent).status != 401
    kept = [file.read_text("utf-8") for file in stack.state_dir.path.rglob("sam/*.json")]
    assert not [text for text in kept if "Bearer" in text]
