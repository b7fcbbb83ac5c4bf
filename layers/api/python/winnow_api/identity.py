"""Who asks: the claims of an access token to a user with groups and processes.

The gateway has checked the token's signature and audience. What is checked here again is what a
wrong setting of the gateway would let through: that it is an access token, and not expired.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from winnow.errors import NotSignedInError

_SCOPE = "winnow/"
_PROCESS = "process:"


class Group(StrEnum):
    """A group of users, or the scope of a program."""

    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True)
class User:
    """Who is signed in."""

    name: str
    groups: frozenset[Group]
    processes: frozenset[str] | None = None
    """The processes that the user is limited to; None: all."""

    def may_see(self, process: str | None) -> bool:
        """Whether a process is open to the user; one that is not known is to those who see all."""
        return self.processes is None or process in self.processes


def user_of(claims: Mapping[str, Any] | None, now: float) -> User:
    """The user of a token's claims. Raises NotSignedInError.

    >>> user_of({"username": "ada", "token_use": "access", "cognito:groups": "[auditor]"}, 0).groups
    frozenset({<Group.AUDITOR: 'auditor'>})
    """
    if not claims:
        raise NotSignedInError("The request has no access token.")
    if claims.get("token_use") != "access":
        raise NotSignedInError("The token is not an access token.")
    if (until := claims.get("exp")) is not None and not _later(until, now):
        raise NotSignedInError("The access token has expired.")
    username = claims.get("username")
    # Only a program's token has scopes that count: a person's has those of the sign-in page.
    name, given = (
        (username, _listed(claims.get("cognito:groups")))
        if username
        else (claims.get("client_id"), _scopes(claims.get("scope")))
    )
    if not isinstance(name, str) or not name:
        raise NotSignedInError("The token names nobody.")
    names = frozenset(given)
    processes = frozenset(n.removeprefix(_PROCESS) for n in names if n.startswith(_PROCESS))
    return User(name, frozenset(g for g in Group if g in names), processes or None)


def _later(until: Any, now: float) -> bool:
    try:
        return float(until) > now
    except (TypeError, ValueError):
        return False


def _listed(groups: Any) -> Iterator[str]:
    """The names of a claim: a list, or the text `[a b]` that the gateway makes of one."""
    if isinstance(groups, str):
        yield from groups.removeprefix("[").removesuffix("]").split()
    elif isinstance(groups, list | tuple):
        yield from (name for name in groups if isinstance(name, str))


def _scopes(scope: Any) -> Iterator[str]:
    names = scope.split() if isinstance(scope, str) else _listed(scope)
    return (name.removeprefix(_SCOPE) for name in names if name.startswith(_SCOPE))
