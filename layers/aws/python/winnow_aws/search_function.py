"""Asks the search function, and waits for its answer."""

import json
from collections.abc import Collection
from typing import Any

from winnow.errors import (
    RecordUnknownError,
    RequestTooLongError,
    RetryableError,
    SearchInvalidError,
    SearchTooSlowError,
    WinnowError,
)
from winnow.reviews.models import RecordKey
from winnow.search.shapes import SearchAnswer, SearchRequest, StatsAnswer, StatsRequest
from winnow_aws.aws_errors import translated
from winnow_aws.search_events import SearchInput, SearchOutput

ANSWERS_WITHIN_S = 26
"""A request to the API has 29 seconds."""
MAX_EVENT = 6_000_000
"""Bytes that Lambda takes of an event and gives of an answer."""
REFUSALS: dict[str, type[WinnowError]] = {
    error.code: error for error in (SearchInvalidError, SearchTooSlowError, RecordUnknownError)
}
"""What the function answers with instead of raising it."""


class SearchFunction:
    """Implements `winnow.search.engine.Searcher`: the search function with this ARN."""

    def __init__(self, functions: Any, arn: str) -> None:
        """`functions` is boto3's client of Lambda, which waits for `ANSWERS_WITHIN_S`, once."""
        self._functions = functions
        self._arn = arn

    def search(
        self,
        request: SearchRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> SearchAnswer:
        found = self._ask(SearchInput(search=request, **_whom(visible, withheld))).search
        assert found is not None
        return found

    def stats(
        self,
        request: StatsRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> StatsAnswer:
        found = self._ask(SearchInput(stats=request, **_whom(visible, withheld))).stats
        assert found is not None
        return found

    def _ask(self, asked: SearchInput) -> SearchOutput:
        event = asked.model_dump_json(exclude_defaults=True).encode()
        if len(event) > MAX_EVENT:
            raise RequestTooLongError("Too many records are withheld from you: name a process.")
        with translated("of the search function"):
            answer = self._functions.invoke(FunctionName=self._arn, Payload=event)
            content = answer["Payload"].read()
        if "FunctionError" in answer:
            raise RetryableError("The search function did not answer.")
        output = SearchOutput.model_validate(json.loads(content))
        if output.refused is not None:
            raise REFUSALS[output.refused.code](output.refused.message)
        return output


def _whom(visible: Collection[str] | None, withheld: Collection[RecordKey]) -> dict[str, Any]:
    return {
        "visible": None if visible is None else tuple(sorted(visible)),
        "withheld": tuple(sorted(withheld)),
    }
