"""`winnow users` on the local stack: invited, listed, able to sign in, removed."""

import os
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner

from winnow_cli.app import app
from winnow_cli.reviews import LOCAL_USER
from winnow_local.state import STATE_DIR_VARIABLE

from .conftest import Stack, winnow
from .signed_in import FORM, SignInFlow, request
from .terminal import Terminal

pytestmark = pytest.mark.model
ADDRESS = "maria@example.org"
PASSWORD = "Entirely-new-1-password"


@pytest.fixture
def maria(stack: Stack):
    """A user who is gone afterwards."""
    answer = winnow("users", "add", ADDRESS, "--group", "reviewer", "--json")
    assert answer.code == 0, answer.err
    yield answer.document()
    winnow("users", "remove", "maria", "--yes")


def test_an_invited_user_is_listed_with_their_group(maria: dict[str, object]) -> None:
    assert maria["name"] == "maria"
    assert maria["groups"] == ["reviewer"]
    listed = {one["name"]: one for one in winnow("users", "list", "--json").document()["users"]}
    assert listed["maria"] == maria
    assert listed[LOCAL_USER]["groups"] == ["admin", "reviewer"]
    lines = [line.split("\t") for line in winnow("users", "list").out.splitlines()]
    assert lines[0] == ["name", "address", "groups", "state", "since"]
    assert ["maria", ADDRESS, "reviewer", "invited"] in [line[:4] for line in lines]


def test_they_sign_in_by_address_and_not_after_they_are_removed(
    stack: Stack, maria: dict[str, object]
) -> None:
    cognito, pool = stack.target.client("cognito-idp"), stack.state.outputs["UserPool"]
    cognito.admin_set_user_password(
        UserPoolId=pool, Username="maria", Password=PASSWORD, Permanent=True
    )
    endpoint = stack.target.endpoint
    assert endpoint is not None
    flow = SignInFlow.of(endpoint, stack.state.outputs)
    form = {**flow.asked, "password": PASSWORD}
    assert "code=" in sign_in(flow, {**form, "username": "maria"})
    assert winnow("users", "remove", ADDRESS, "--yes").code == 0
    assert "code=" not in sign_in(flow, {**form, "username": "maria"})


def sign_in(flow: SignInFlow, form: dict[str, str]) -> str:
    """Where the user pool's own page leads after the form was sent."""
    reply = request(f"{flow.address}/login", "POST", FORM, urlencode(form))
    return reply.headers.get("Location", "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("add", ADDRESS, "--group", "auditor"), "user_exists"),
        (("add", "other@example.org", "--group", "auditor", "--name", "maria"), "user_exists"),
        (("add", "nonsense", "--group", "auditor"), "address_invalid"),
        (("add", "a+b@example.org", "--group", "auditor"), "user_name_invalid"),
        (("remove", "nobody", "--yes"), "user_unknown"),
        (("remove", "nobody@example.org", "--yes"), "user_unknown"),
        (("remove", LOCAL_USER, "--yes"), "user_needed"),
    ],
)
def test_what_cannot_be_done_is_told(
    maria: dict[str, object], arguments: tuple[str, ...], code: str
) -> None:
    answer = winnow("users", *arguments, "--json")
    assert answer.code == 1
    told = answer.document()["error"]
    assert told["code"] == code
    assert "example.org" not in told["message"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", ADDRESS),
        ("add", ADDRESS, "--group", "owner"),
        ("add", "--group", "admin"),
        ("remove",),
        ("remove", "maria"),
    ],
)
def test_without_a_terminal_what_is_missing_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    ran = CliRunner().invoke(app, ["users", *arguments])
    assert ran.exit_code == 2


def test_on_a_terminal_a_removal_is_confirmed(stack: Stack, maria: dict[str, object]) -> None:
    environment = {**os.environ, STATE_DIR_VARIABLE: str(stack.state_dir.path)}
    for answer, left in (("n\n", True), ("y\n", False)):
        with Terminal("users", "remove", "maria", environment=environment) as terminal:
            terminal.wait("Remove maria (reviewer)?")
            terminal.press(answer)
            terminal.end()
        names = [one["name"] for one in winnow("users", "list", "--json").document()["users"]]
        assert ("maria" in names) is left
