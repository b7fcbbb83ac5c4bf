"""Saved searches: of a user, and of those who share theirs with a group or with everybody.

What somebody finds with a shared one is what they would find with their own: the search is asked
for again, by whoever opens it.
"""

from typing import get_args

from winnow.errors import NotAllowedError, SavedSearchUnknownError
from winnow.search.saved import Audience, SavedSearch, SavedSearches
from winnow_api import idempotency
from winnow_api.call import Call, iso
from winnow_api.identity import Group, User
from winnow_api.services import Services
from winnow_api.shapes import (
    Nothing,
    SavedSearchDetail,
    SavedSearchItem,
    SavedSearchList,
    SavedSearchPath,
    SaveSearchRequest,
)


def listed(services: Services, call: Call, given: Nothing) -> SavedSearchList:
    """The saved searches that are open to the user."""
    return SavedSearchList(
        items=tuple(_item(call.user, each) for each in _open(services, call.user))
    )


def save(services: Services, call: Call, given: SaveSearchRequest) -> SavedSearchDetail:
    """Save a search; the same request again answers the same one."""
    if given.shared_with is not None and given.shared_with not in _audiences(call.user):
        raise NotAllowedError("You can share with everybody, and with groups that you are in.")
    own = services.random(16)
    search = SavedSearch(
        id=idempotency.once(services.keys(), call.key or "", call.body, own),
        name=given.name,
        by=call.user.name,
        at=iso(services.now()),
        shared_with=given.shared_with,
        search=given.search,
    )
    return _detail(call.user, _saved(services).save(search))


def one(services: Services, call: Call, given: Nothing) -> SavedSearchDetail:
    """One saved search."""
    return _detail(call.user, _find(services, call))


def delete(services: Services, call: Call, given: Nothing) -> SavedSearchItem:
    """Delete a saved search of one's own; an administrator deletes shared ones, too."""
    found = _find(services, call)
    if not _deletable(call.user, found):
        raise NotAllowedError("Only who has saved a search, or an administrator, deletes it.")
    _saved(services).delete(found)
    return _item(call.user, found)


def _saved(services: Services) -> SavedSearches:
    return SavedSearches(services.objects(), services.results_bucket)


def _find(services: Services, call: Call) -> SavedSearch:
    path: SavedSearchPath = call.path
    for each in _open(services, call.user):
        if each.id == path.id:
            return each
    raise SavedSearchUnknownError("No saved search of this id is open to you.")


def _open(services: Services, user: User) -> list[SavedSearch]:
    found = _saved(services).visible(user.name, _audiences(user))
    return [each for each in found if each.by == user.name or _about_what_is_open(user, each)]


def _audiences(user: User) -> list[Audience]:
    """Who a user can share with, and whose shared searches are open to them."""
    every: tuple[Audience, ...] = get_args(Audience)
    admin = Group.ADMIN in user.groups
    return [each for each in every if admin or each == "everybody" or each in user.groups]


def _about_what_is_open(user: User, saved: SavedSearch) -> bool:
    """Whether all processes that a search names are open to the user."""
    like = saved.search.like_record
    named = (*saved.search.filters.processes, *(() if like is None else (like.process,)))
    return all(map(user.may_see, named))


def _deletable(user: User, saved: SavedSearch) -> bool:
    return saved.by == user.name or Group.ADMIN in user.groups


def _item(user: User, saved: SavedSearch) -> SavedSearchItem:
    return SavedSearchItem(**_shown(user, saved))


def _detail(user: User, saved: SavedSearch) -> SavedSearchDetail:
    return SavedSearchDetail(**_shown(user, saved), search=saved.search)


def _shown(user: User, saved: SavedSearch) -> dict[str, object]:
    fields = {name: getattr(saved, name) for name in ("id", "name", "by", "at", "shared_with")}
    return {**fields, "deletable": _deletable(user, saved)}
