"""The saved searches of a stack: those of whoever runs the command, and the shared ones."""

import secrets
import time
from typing import get_args

import typer
from pydantic import TypeAdapter, ValidationError

from winnow.search.saved import Audience, SavedSearch, SavedSearches, SearchName
from winnow.search.shapes import Search, SearchRequest
from winnow.storage.times import iso
from winnow_api.s3_objects import ApiObjects
from winnow_cli.reviews import caller
from winnow_cli.target import Target, aws_errors

AUDIENCES: tuple[Audience, ...] = get_args(Audience)
_NAME: TypeAdapter[str] = TypeAdapter(SearchName)


def search_name(given: str) -> str:
    """A name for a saved search. Raises BadParameter."""
    try:
        return _NAME.validate_python(given)
    except ValidationError:
        raise typer.BadParameter(
            "a name has 1 to 100 characters, all of them printable", param_hint="--save"
        ) from None


class StackSearches:
    """The saved searches of one stack. Raises as `SavedSearches` does."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._user = caller(target)
        self._kept = SavedSearches(ApiObjects(target.s3()), target.results_bucket)

    def every(self) -> list[SavedSearch]:
        """One's own and all shared ones, by name."""
        with aws_errors(self._target):
            return self._kept.visible(self._user, AUDIENCES)

    def find(self, name: str) -> SavedSearch:
        """One's own of this name, or else a shared one. Raises SavedSearchUnknownError."""
        with aws_errors(self._target):
            return self._kept.named(name, self._user, AUDIENCES)

    def save(self, name: str, request: SearchRequest, shared_with: Audience | None) -> SavedSearch:
        """Keep what a request asks for."""
        search = SavedSearch(
            id=secrets.token_hex(16),
            name=name,
            by=self._user,
            at=iso(time.time()),
            shared_with=shared_with,
            search=Search.model_validate(request.model_dump(include=set(Search.model_fields))),
        )
        with aws_errors(self._target):
            return self._kept.save(search)

    def delete(self, name: str) -> SavedSearch:
        """Delete the search that `find` finds."""
        found = self.find(name)
        with aws_errors(self._target):
            self._kept.delete(found)
        return found
