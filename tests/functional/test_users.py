"""Users of a pool as template.yaml makes it, on moto: invited, listed, removed."""

import logging
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from winnow.errors import (
    AddressInvalidError,
    ReviewOffError,
    StackUnknownError,
    UserExistsError,
    UserNameInvalidError,
    UserNeededError,
    UserUnknownError,
    WinnowError,
)
from winnow_api.identity import Group
from winnow_cli.access.users import UserPool, checked_address, name_for
from winnow_cli.reviews import LOCAL_USER
from winnow_cli.target import Target

MARIA = "maria.huber@example.org"


def a_target(outputs: dict[str, str], endpoint: str | None = None) -> Target:
    return Target(
        name="winnow",
        outputs=outputs,
        session=boto3.Session(region_name="us-east-1"),
        endpoint=endpoint,
        config=Config(),
    )


@pytest.fixture
def pool_id(moto_aws: None) -> str:
    cognito = boto3.client("cognito-idp", region_name="us-east-1")
    made = cognito.create_user_pool(
        PoolName="winnow",
        AliasAttributes=["email"],
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
    )["UserPool"]["Id"]
    for group in Group:
        cognito.create_group(UserPoolId=made, GroupName=group.value)
    return str(made)


@pytest.fixture
def pool(pool_id: str) -> UserPool:
    return UserPool(a_target({"UserPool": pool_id}))


def test_somebody_is_invited_listed_and_removed(pool: UserPool) -> None:
    made = pool.add(MARIA, Group.REVIEWER, "maria")
    pool.add("b@example.org", Group.AUDITOR, "boris")
    assert [(one.name, one.address, one.groups, one.state) for one in pool.users()] == [
        ("boris", "b@example.org", ("auditor",), "invited"),
        ("maria", MARIA, ("reviewer",), "invited"),
    ]
    assert pool.find("Maria") == pool.find(MARIA) == made
    pool.remove(made)
    assert [one.name for one in pool.users()] == ["boris"]
    with pytest.raises(UserUnknownError):
        pool.find("maria")


def test_nobody_is_invited_twice(pool: UserPool) -> None:
    pool.add(MARIA, Group.REVIEWER, "maria")
    with pytest.raises(UserExistsError, match="maria is a user with this address"):
        pool.add(MARIA, Group.ADMIN, "other")
    with pytest.raises(UserExistsError, match="There is a user maria"):
        pool.add("other@example.org", Group.ADMIN, "maria")
    assert [one.groups for one in pool.users()] == [("reviewer",)]


def test_no_message_and_no_log_has_an_address(
    pool: UserPool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "winnow")
    pool.add(MARIA, Group.REVIEWER, "maria")
    raised: list[WinnowError] = []
    for call in (
        lambda: pool.add(MARIA, Group.ADMIN, "other"),
        lambda: pool.find("nobody@example.org"),
        lambda: checked_address("no body@example.org"),
        lambda: name_for("O'Neil@example.org", None),
    ):
        with pytest.raises(WinnowError) as caught:
            call()
        raised.append(caught.value)
    assert len({one.code for one in raised}) == 4
    assert not any(part in str(one) for one in raised for part in ("example.org", "O'Neil"))
    assert "example.org" not in "".join(one.getMessage() for one in caplog.records)


def test_a_pool_without_the_group_is_said_before_anybody_is_invited(moto_aws: None) -> None:
    cognito = boto3.client("cognito-idp", region_name="us-east-1")
    made = cognito.create_user_pool(PoolName="old")["UserPool"]["Id"]
    pool = UserPool(a_target({"UserPool": made}))
    with pytest.raises(StackUnknownError, match="no group auditor"):
        pool.add(MARIA, Group.AUDITOR, "maria")
    assert pool.users() == []


class _NoGroups:
    """A client whose pool takes no members."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def admin_add_user_to_group(self, **_: Any) -> None:
        raise ClientError({"Error": {"Code": "InternalErrorException"}}, "AdminAddUserToGroup")


def test_who_could_not_join_a_group_is_not_left_behind(pool: UserPool) -> None:
    client = pool._cognito
    pool._cognito = _NoGroups(client)
    with pytest.raises(WinnowError):
        pool.add(MARIA, Group.REVIEWER, "maria")
    pool._cognito = client
    assert pool.users() == []
    pool.add(MARIA, Group.REVIEWER, "maria")


def test_a_user_who_is_gone_already(pool: UserPool) -> None:
    user = pool.add(MARIA, Group.REVIEWER, "maria")
    pool.remove(user)
    with pytest.raises(UserUnknownError, match="Somebody else"):
        pool.remove(user)


def test_the_local_stack_keeps_its_own_user(pool_id: str) -> None:
    local = UserPool(a_target({"UserPool": pool_id}, "http://127.0.0.1:1"))
    user = UserPool(a_target({"UserPool": pool_id})).add(LOCAL_USER, Group.ADMIN, "you")
    with pytest.raises(UserNeededError):
        local.remove(user)


def test_a_stack_without_the_page_has_no_users() -> None:
    with pytest.raises(ReviewOffError, match="'winnow' was deployed without reviews"):
        UserPool(a_target({}))


@pytest.mark.parametrize(
    "text",
    [
        *("", "maria", "maria@", "@example.org", "maria@example", "a b@example.org"),
        *("maria@example.org, b@example.org", 'a"b@example.org', "a\\b@example.org"),
        *("maria@exa mple.org", ".maria@example.org", "ma..ria@example.org", "mária@example.org"),
        *("maria@example.org\n@x.org", "<maria@example.org>", f"{'a' * 250}@example.org"),
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(AddressInvalidError):
        checked_address(text)


@pytest.mark.parametrize(
    ("address", "given", "name"),
    [
        ("Maria.Huber@example.org", None, "maria.huber"),
        ("m@example.org", "Team-3", "team-3"),
        ("m@example.org", "x" * 64, "x" * 64),
    ],
)
def test_a_name(address: str, given: str | None, name: str) -> None:
    assert name_for(address, given) == name


@pytest.mark.parametrize(
    ("address", "given"),
    [
        ("a+b@example.org", None),
        ("m@example.org", ""),
        ("m@example.org", "maria@example.org"),
        ("m@example.org", "-x"),
        ("m@example.org", "x" * 65),
        ("m@example.org", "a b"),
    ],
)
def test_what_cannot_be_a_name(address: str, given: str | None) -> None:
    with pytest.raises(UserNameInvalidError):
        name_for(address, given)


def test_a_domain_is_in_lower_case() -> None:
    assert checked_address(" Maria@Example.ORG ") == "Maria@example.org"
