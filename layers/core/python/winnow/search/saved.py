"""Saved searches: one object each in the results bucket, where all text is.

A search is its user's alone, or shared with a group or with everybody. Each of these has a folder,
and in a folder each name is there once.
"""

import hashlib
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from winnow.errors import (
    ObjectGoneError,
    RetryableError,
    SavedSearchesFullError,
    SavedSearchUnknownError,
    SearchNameTakenError,
    SearchTooLongError,
)
from winnow.models import FrozenModel, ObjectRef
from winnow.ports import SmallObjects
from winnow.search.engine import terms_of
from winnow.search.shapes import Search
from winnow.storage.paths import JSON

PREFIX = "searches/"
MAX_SAVED = 100
"""Searches of a user, and searches that are shared with the same group."""
MAX_BYTES = 65_536
"""Of a saved search."""

_PRINTED = r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+$"
"""No control character, no line end, nothing that turns the direction of text."""
Audience = Literal["everybody", "reviewer", "auditor", "admin"]
SearchName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=100, pattern=_PRINTED),
]


class SavedSearch(FrozenModel):
    """A search that somebody has saved."""

    id: str = Field(pattern="^[0-9a-f]{32}$")
    name: SearchName
    by: str = Field(description="who has saved it")
    at: str = Field(description="when, ISO 8601 in UTC")
    shared_with: Audience | None = Field(None, description="absent: it is its user's alone")
    search: Search


class SavedSearches:
    """The saved searches of one bucket."""

    def __init__(self, objects: SmallObjects, bucket: str) -> None:
        self._objects = objects
        self._bucket = bucket

    def save(self, search: SavedSearch) -> SavedSearch:
        """Keep a search; one of the same id that is there already is answered as it is.

        Raises SearchInvalidError, SearchTooLongError, SearchNameTakenError,
        SavedSearchesFullError.
        """
        terms_of(search.search.query)
        content = search.model_dump_json(exclude_defaults=True).encode()
        if len(content) > MAX_BYTES:
            raise SearchTooLongError(f"A saved search has at most {MAX_BYTES:,} bytes.")
        ref = self._ref(search)
        keys = self._objects.keys(self._bucket, _folder_of(search), None, MAX_SAVED)
        if len(keys) >= MAX_SAVED and ref.key not in keys:
            raise SavedSearchesFullError(f"There are {MAX_SAVED} saved searches.")
        if self._objects.create(ref, content, JSON):
            return search
        try:
            found = parse_saved(self._objects.read(ref))
        except ObjectGoneError:
            raise RetryableError("A search of this name was deleted at this moment.") from None
        if found is None or found.id != search.id:
            raise SearchNameTakenError("There is a saved search of this name.")
        return found

    def visible(self, user: str, audiences: Iterable[Audience]) -> list[SavedSearch]:
        """The searches of a user and those shared with these, by name."""
        folders = [_own_folder(user), *map(_shared_folder, audiences)]
        refs = [
            ObjectRef(bucket=self._bucket, key=key)
            for folder in folders
            for key in self._objects.keys(self._bucket, folder, None, 2 * MAX_SAVED)
        ]
        contents = self._objects.read_many(refs)
        # One of a later version of Winnow may have fields that this one does not know.
        found = [each for each in map(parse_saved, filter(None, contents)) if each is not None]
        return sorted(found, key=lambda each: (_compared(each.name), each.id))

    def named(self, name: str, user: str, audiences: Iterable[Audience]) -> SavedSearch:
        """The user's own search of this name, or else one that is shared with these.

        Raises SavedSearchUnknownError.
        """
        found = [s for s in self.visible(user, audiences) if _compared(s.name) == _compared(name)]
        own = [each for each in found if each.shared_with is None]
        for each in own or found:
            return each
        raise SavedSearchUnknownError("There is no saved search of this name.")

    def delete(self, search: SavedSearch) -> None:
        """Delete a search; its earlier versions follow by the bucket's lifecycle."""
        self._objects.delete(self._ref(search))

    def _ref(self, search: SavedSearch) -> ObjectRef:
        return ObjectRef(
            bucket=self._bucket, key=f"{_folder_of(search)}{_digest(search.name)}.json"
        )


def _folder_of(search: SavedSearch) -> str:
    if search.shared_with is None:
        return _own_folder(search.by)
    return _shared_folder(search.shared_with)


def _own_folder(user: str) -> str:
    return f"{PREFIX}of/{hashlib.sha256(user.encode()).hexdigest()[:16]}/"


def _shared_folder(audience: Audience) -> str:
    return f"{PREFIX}for/{audience}/"


def _digest(name: str) -> str:
    return hashlib.sha256(_compared(name).encode()).hexdigest()


def _compared(name: str) -> str:
    """A name as names are compared: upper and lower case are one."""
    return unicodedata.normalize("NFKC", name).casefold()


def parse_saved(content: bytes) -> SavedSearch | None:
    """A saved search; None if it is one that this version of Winnow cannot read."""
    try:
        return SavedSearch.model_validate_json(content)
    except ValidationError:
        return None
