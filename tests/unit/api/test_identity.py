"""Claims to users: groups as lists and as the gateway's text, programs, limits to processes."""

import pytest

from tests.fakes.stage import claims
from winnow.errors import NotSignedInError
from winnow_api.identity import Group, user_of


@pytest.mark.parametrize(
    "groups",
    ["[reviewer admin]", ["reviewer", "admin"], "[reviewer admin other]", "reviewer admin"],
)
def test_groups_come_as_a_list_or_as_text(groups):
    user = user_of({**claims("ada"), "cognito:groups": groups}, 0)
    assert user.groups == {Group.REVIEWER, Group.ADMIN}
    assert user.processes is None


def test_a_group_of_a_process_limits_to_it():
    user = user_of(claims("ada", "reviewer", "process:moods", "process:L33774"), 0)
    assert user.processes == {"moods", "L33774"}
    assert user.may_see("moods")
    assert not user.may_see("emotions")
    assert not user.may_see(None)


def test_a_program_has_the_groups_of_its_scopes():
    scope = "winnow/auditor winnow/process:moods openid"
    user = user_of({"client_id": "c1", "token_use": "access", "scope": scope}, 0)
    assert (user.name, user.groups) == ("c1", {Group.AUDITOR})
    assert user.processes == {"moods"}


def test_the_scopes_of_a_person_give_no_group():
    assert not user_of(claims("ada", scope="winnow/admin"), 0).groups


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {},
        {"username": "ada", "cognito:groups": "[admin]"},
        claims("ada", "admin", token_use="id"),
        claims("ada", "admin", expires=10),
        claims("ada", "admin") | {"exp": "soon"},
        claims("", "admin"),
        {"token_use": "access", "scope": "winnow/admin"},
        {"token_use": "access", "username": ["ada"], "cognito:groups": "[admin]"},
    ],
)
def test_what_is_no_valid_access_token_signs_nobody_in(wrong):
    with pytest.raises(NotSignedInError):
        user_of(wrong, 11)


@pytest.mark.parametrize("groups", [None, 7, {"admin": True}, "", "[]", [["admin"]], "[Admin]"])
def test_groups_of_another_shape_are_none(groups):
    assert not user_of({**claims("ada"), "cognito:groups": groups}, 0).groups
