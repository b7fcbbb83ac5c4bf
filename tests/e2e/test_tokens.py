"""Every route of the API on the stack, asked with tokens of every kind.

The gateway refuses what is no token of the stack's own clients, and the function who has none of
the route's groups. Tokens are the user pool's: people type a password, programs send their secret.
Those with one wrong claim are signed with the emulator's key.
"""

import json
import secrets
import time
from collections.abc import Iterator, Mapping

import pytest

from tests.template.rules.review import PROGRAMS
from winnow_api.identity import Group
from winnow_api.routes import ROUTES, Route

from .conftest import Stack
from .signed_in import Reply, SigningKey, claims_of, program_token, request, signed_in_as

pytestmark = pytest.mark.model
PROTECTED = {key: route for key, route in ROUTES.items() if not route.public}
PATH = {"{id}": "0" * 32, "{n}": "1", "{process}": "emotions", "{sha}": "0" * 64}
CREDENTIALS = {
    "GenerateSecret": True,
    "AllowedOAuthFlows": ["client_credentials"],
    "AllowedOAuthFlowsUserPoolClient": True,
}
LATER_S = 3_600

Tokens = Mapping[str, str | None]


@pytest.fixture(scope="module")
def people(stack: Stack) -> Iterator[Tokens]:
    """Access tokens of somebody in each group, in none, and in one that is called almost so."""
    cognito = stack.target.client("cognito-idp")
    pool = stack.state.outputs["UserPool"]
    groups = {each.value: each.value for each in Group} | {"nobody": "", "almost": "reviewers"}
    cognito.create_group(GroupName="reviewers", UserPoolId=pool)
    tokens: dict[str, str | None] = {}
    names = []
    try:
        for who, group in groups.items():
            name, password = f"{who}-{secrets.token_hex(4)}@example.org", f"aA1!{'x' * 16}"
            cognito.admin_create_user(
                UserPoolId=pool,
                Username=name,
                # One of the pool's own would be too short for it.
                TemporaryPassword=password,
                MessageAction="SUPPRESS",
            )
            names.append(name)
            cognito.admin_set_user_password(
                UserPoolId=pool, Username=name, Password=password, Permanent=True
            )
            if group:
                cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)
            given = signed_in_as(stack.state.endpoint, stack.state.outputs, name, password)
            tokens[who] = given["access_token"]
            tokens["identity"] = given["id_token"]
        yield tokens
    finally:
        for name in names:
            cognito.admin_delete_user(UserPoolId=pool, Username=name)
        cognito.delete_group(GroupName="reviewers", UserPoolId=pool)


@pytest.fixture(scope="module")
def programs(stack: Stack) -> Mapping[str, str]:
    """Access tokens of the stack's own programs, by their scope."""
    return {scope: program(stack, client) for client, scope in PROGRAMS.items()}


def secret_of(stack: Stack, pool: str, client: str) -> str:
    described = stack.target.client("cognito-idp").describe_user_pool_client(
        UserPoolId=pool, ClientId=client
    )
    secret: str = described["UserPoolClient"]["ClientSecret"]
    return secret


def program(stack: Stack, output: str) -> str:
    """The access token that a client of the stack gets for its secret."""
    client = stack.state.outputs[output]
    secret = secret_of(stack, stack.state.outputs["UserPool"], client)
    reply = program_token(stack.state.endpoint, client, secret)
    assert reply.status == 200, reply.body
    token: str = reply.document()["access_token"]
    return token


@pytest.fixture(scope="module")
def strangers(stack: Stack) -> Iterator[Tokens]:
    """Tokens of another client of the pool and of another pool, with the scope of an admin."""
    cognito = stack.target.client("cognito-idp")
    pool = stack.state.outputs["UserPool"]
    other_pool = cognito.create_user_pool(PoolName=f"other-{secrets.token_hex(4)}")["UserPool"][
        "Id"
    ]
    cognito.create_resource_server(
        UserPoolId=other_pool,
        Identifier="winnow",
        Name="winnow",
        Scopes=[{"ScopeName": "admin", "ScopeDescription": "as there"}],
    )
    tokens: dict[str, str | None] = {}
    made = []
    try:
        for who, where in (("another client", pool), ("another pool", other_pool)):
            client = cognito.create_user_pool_client(
                UserPoolId=where, ClientName="x", AllowedOAuthScopes=["winnow/admin"], **CREDENTIALS
            )["UserPoolClient"]
            made.append((where, client["ClientId"]))
            reply = program_token(stack.state.endpoint, client["ClientId"], client["ClientSecret"])
            tokens[who] = reply.document()["access_token"]
            assert claims_of(str(tokens[who]))["scope"] == "winnow/admin"
        yield tokens
    finally:
        for where, client in made:
            cognito.delete_user_pool_client(UserPoolId=where, ClientId=client)
        cognito.delete_user_pool(UserPoolId=other_pool)


@pytest.fixture(scope="module")
def refused(stack: Stack, people: Tokens, strangers: Tokens) -> Tokens:
    """Tokens that sign nobody in."""
    key = SigningKey(stack.state_dir.path, stack.state.outputs["UserPool"])
    good = str(people["admin"])
    claims, now = claims_of(good), int(time.time())
    body, _, signature = good.rpartition(".")
    # What the test signs itself is as good as the pool's own: what is refused below is not so
    # for its signature.
    control = asked(stack, "GET /v1/me", key.signed(good, iat=now))
    assert (control.status, set(control.document()["groups"])) == (200, {"admin"})
    assert claims["exp"] > now
    return {
        "none": None,
        "empty": "",
        "no token": "admin",
        "forged": f"{body}.{'A' * len(signature)}",
        "of another's claims": f"{str(people['nobody']).rpartition('.')[0]}.{signature}",
        "unsigned": f"{body}.",
        "expired": key.signed(good, iat=now - LATER_S - 60, exp=now - 60),
        "of tomorrow": key.signed(good, iat=now + LATER_S, exp=now + 2 * LATER_S),
        "of another issuer": key.signed(good, iss=f"{claims['iss']}x"),
        "of another audience": key.signed(good, client_id="x"),
        "identity": people["identity"],
        **strangers,
    }


def asked(stack: Stack, key: str, token: str | None) -> Reply:
    """A request without a body and an idempotency key: who gets in changes nothing by it."""
    method, path = key.split(" ")
    for name, value in PATH.items():
        path = path.replace(name, value)
    sent = {} if token is None else {"Authorization": f"Bearer {token}"}
    page = stack.state.outputs["ReviewPage"].removesuffix("/")
    return request(f"{page}{path}", method, sent)


@pytest.mark.parametrize("key", PROTECTED)
def test_who_is_not_signed_in_is_refused(stack: Stack, refused: Tokens, key: str) -> None:
    statuses = {kind: asked(stack, key, token).status for kind, token in refused.items()}
    assert statuses == dict.fromkeys(refused, 401)


@pytest.mark.parametrize("key", PROTECTED)
def test_a_route_is_for_its_groups_alone(
    stack: Stack, people: Tokens, programs: Mapping[str, str], key: str
) -> None:
    route: Route = PROTECTED[key]
    tokens = {
        **{who: token for who, token in people.items() if who != "identity"},
        **{f"program {scope}": token for scope, token in programs.items()},
    }
    for who, token in tokens.items():
        reply = asked(stack, key, token)
        if who.removeprefix("program ") in route.groups:
            assert reply.status not in (401, 403), (who, reply.body)
            assert reply.status < 500, (who, reply.body)
        else:
            assert (reply.status, reply.document()["code"]) == (403, "not_allowed"), who


def test_the_stack_has_every_route_of_the_table(stack: Stack) -> None:
    gateway = stack.target.client("apigatewayv2")
    (api,) = (
        one["ApiId"]
        for one in gateway.get_apis()["Items"]
        if one["ApiId"] in stack.state.outputs["ReviewPage"]
    )
    routes = gateway.get_routes(ApiId=api, MaxResults="200")["Items"]
    found = {one["RouteKey"]: one.get("AuthorizationType", "NONE") for one in routes}
    assert found == {key: "NONE" if route.public else "JWT" for key, route in ROUTES.items()}


# -- programs ------------------------------------------------------------------------------------


def test_a_program_judges_and_another_reads_it(stack: Stack, programs: Mapping[str, str]) -> None:
    page = stack.state.outputs["ReviewPage"]
    body = json.dumps({"process": "emotions", "text": "I miss my grandfather."})

    def judged(scope: str) -> Reply:
        sent = {
            "Authorization": f"Bearer {programs[scope]}",
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(8),
        }
        return request(f"{page}v1/predictions", "POST", sent, body)

    made = judged("reviewer")
    assert made.status == 201, made.body
    assert judged("auditor").status == 403
    read = {"Authorization": f"Bearer {programs['auditor']}"}
    found = request(f"{page}v1/predictions/{made.document()['id']}", headers=read)
    assert found.document()["decision"]["value"] == "sadness"
    me = request(f"{page}v1/me", headers=read).document()
    assert (me["user"], me["groups"]) == (stack.state.outputs["AuditorClient"], ["auditor"])


@pytest.mark.parametrize("output", PROGRAMS)
def test_a_program_gets_its_own_scope_and_no_other(stack: Stack, output: str) -> None:
    outputs, endpoint = stack.state.outputs, stack.state.endpoint
    client, own = outputs[output], f"winnow/{PROGRAMS[output]}"
    secret = secret_of(stack, outputs["UserPool"], client)
    given = program_token(endpoint, client, secret, scope=own).document()
    claims = claims_of(given["access_token"])
    assert (claims["scope"], claims["client_id"], "username" in claims) == (own, client, False)
    assert 0 < given["expires_in"] <= LATER_S
    for scope in {f"winnow/{group}" for group in Group} - {own}:
        reply = program_token(endpoint, client, secret, scope=scope)
        assert reply.status == 400, scope
    assert program_token(endpoint, client, "x" * len(secret)).status == 400
    assert program_token(endpoint, outputs["PageClient"], "").status == 400
