"""The users of a stack's review page, in its user pool.

Cognito sends the invitations, with a password for the first days. A user's name stands beside what
they decide; their address is in the pool alone.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import ClientError

from winnow.errors import (
    AddressInvalidError,
    StackUnknownError,
    UserExistsError,
    UserNameInvalidError,
    UserNeededError,
    UserUnknownError,
)
from winnow_api.identity import Group
from winnow_aws.aws_errors import code_of
from winnow_cli.reviews import LOCAL_USER, review_off
from winnow_cli.target import Target, aws_errors

_POOL = "UserPool"
_MAX_ADDRESS = 254
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
"""One address, without quotes or comments; IDN domains in their ASCII form."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")
_PER_PAGE = 60
_STATES = {
    "CONFIRMED": "active",
    "FORCE_CHANGE_PASSWORD": "invited",
    "RESET_REQUIRED": "needs a new password",
    "UNCONFIRMED": "not confirmed",
}


@dataclass(frozen=True)
class User:
    """A user of the review page."""

    name: str
    address: str
    groups: tuple[str, ...]
    state: str
    """active, invited, disabled and the like"""
    since: str
    """ISO 8601"""

    def document(self) -> dict[str, Any]:
        """The user as JSON."""
        return {**asdict(self), "groups": [*self.groups]}


def checked_address(text: str) -> str:
    """An e-mail address, its domain in lower case. Raises AddressInvalidError."""
    address = text.strip()
    if len(address) > _MAX_ADDRESS or not _ADDRESS.fullmatch(address):
        raise AddressInvalidError("This is not an e-mail address.")
    local, _, domain = address.rpartition("@")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise AddressInvalidError("This is not an e-mail address: there is a dot too much.")
    return f"{local}@{domain.lower()}"


def name_for(address: str, given: str | None) -> str:
    """The name of a user: as given, or what is before the @. Raises UserNameInvalidError."""
    name = (given if given is not None else address.rpartition("@")[0]).strip().lower()
    if not _NAME.fullmatch(name):
        which = "This name" if given is not None else "What is before the @"
        raise UserNameInvalidError(f"{which} cannot be the name of a user.")
    return name


class UserPool:
    """The users of one stack."""

    def __init__(self, target: Target) -> None:
        """Raises ReviewOffError if the stack was deployed without the review page."""
        if _POOL not in target.outputs:
            raise review_off(target)
        self._target = target
        self._pool = target.outputs[_POOL]
        self._cognito = target.client("cognito-idp")

    def users(self) -> list[User]:
        """Every user, by name."""
        with aws_errors(self._target):
            groups = self._groups()
            found = [_user(one, groups) for one in self._pages("list_users", "Users")]
        return sorted(found, key=lambda user: user.name)

    def add(self, address: str, group: Group, name: str) -> User:
        """Invite somebody, as a member of a group.

        Raises:
            UserExistsError: The pool has this name or address.
            StackUnknownError: The pool lacks the group.
        """
        with aws_errors(self._target):
            if group not in {one["GroupName"] for one in self._pages("list_groups", "Groups")}:
                raise StackUnknownError(f"The stack's user pool has no group {group.value}.")
            if (other := self._named(address)) is not None:
                raise UserExistsError(f"{other['Username']} is a user with this address.")
            try:
                made = self._cognito.admin_create_user(
                    UserPoolId=self._pool,
                    Username=name,
                    UserAttributes=[
                        {"Name": "email", "Value": address},
                        # Who can open the invitation has the address. Verified, it signs in, too.
                        {"Name": "email_verified", "Value": "true"},
                    ],
                    **self._invitation(),
                )["User"]
            except ClientError as error:
                if code_of(error) in ("UsernameExistsException", "AliasExistsException"):
                    raise UserExistsError(f"There is a user {name}.") from None
                raise
            try:
                self._cognito.admin_add_user_to_group(
                    UserPoolId=self._pool, Username=name, GroupName=group.value
                )
            except BaseException:
                # In no group they may do nothing, and could not be added again.
                self._cognito.admin_delete_user(UserPoolId=self._pool, Username=name)
                raise
        return _user(made, {name: [group.value]})

    def find(self, wanted: str) -> User:
        """The user of this name or address. Raises UserUnknownError."""
        wanted = wanted.strip()
        with aws_errors(self._target):
            found = self._named(wanted)
            if found is None:
                raise UserUnknownError("There is no user of this name or address.")
            name = found["Username"]
            groups = self._cognito.admin_list_groups_for_user(UserPoolId=self._pool, Username=name)[
                "Groups"
            ]
        return _user(found, {name: [one["GroupName"] for one in groups]})

    def remove(self, user: User) -> None:
        """Sign a user out and delete them. What they decided stays.

        Raises:
            UserNeededError: The local stack's page signs this user in.
        """
        if self._target.local and user.address == LOCAL_USER:
            raise UserNeededError("The local stack's page signs this user in.")
        who = {"UserPoolId": self._pool, "Username": user.name}
        with aws_errors(self._target):
            try:
                self._cognito.admin_user_global_sign_out(**who)
                self._cognito.admin_delete_user(**who)
            except ClientError as error:
                if code_of(error) == "UserNotFoundException":
                    raise UserUnknownError("Somebody else has removed this user.") from None
                raise

    def _invitation(self) -> dict[str, Any]:
        """How somebody gets their first password: by Cognito's e-mail; on the local stack not."""
        if not self._target.local:
            return {"DesiredDeliveryMediums": ["EMAIL"]}
        # MiniStack's own is shorter than the pool's passwords have to be.
        return {
            "MessageAction": "SUPPRESS",
            "TemporaryPassword": f"aA1!{secrets.token_urlsafe(32)}",
        }

    def _named(self, wanted: str) -> Any | None:
        """What Cognito says of a user; None if there is none."""
        if "@" in wanted:
            address = checked_address(wanted)
            found = self._cognito.list_users(
                UserPoolId=self._pool, Filter=f'email = "{address}"', Limit=1
            )["Users"]
            return found[0] if found else None
        if not _NAME.fullmatch(wanted.lower()):
            return None
        try:
            found = self._cognito.admin_get_user(UserPoolId=self._pool, Username=wanted.lower())
        except ClientError as error:
            if code_of(error) == "UserNotFoundException":
                return None
            raise
        return {**found, "Attributes": found["UserAttributes"]}

    def _groups(self) -> dict[str, list[str]]:
        """User name -> the groups they are in."""
        found: dict[str, list[str]] = {}
        for group in self._pages("list_groups", "Groups"):
            name = group["GroupName"]
            for one in self._pages("list_users_in_group", "Users", GroupName=name):
                found.setdefault(one["Username"], []).append(name)
        return found

    def _pages(self, call: str, key: str, **arguments: Any) -> Iterator[Any]:
        pages = self._cognito.get_paginator(call).paginate(
            UserPoolId=self._pool, PaginationConfig={"PageSize": _PER_PAGE}, **arguments
        )
        return (one for page in pages for one in page[key])


def _user(found: Any, groups: dict[str, list[str]]) -> User:
    attributes = {one["Name"]: one.get("Value", "") for one in found.get("Attributes", ())}
    name = str(found["Username"])
    status = str(found.get("UserStatus", ""))
    state = _STATES.get(status, status.lower()) if found.get("Enabled", True) else "disabled"
    since = found["UserCreateDate"].isoformat(timespec="seconds")
    return User(
        name, attributes.get("email", ""), tuple(sorted(groups.get(name, ()))), state, since
    )
