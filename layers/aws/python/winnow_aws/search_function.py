"""Asks the search function, and waits for its answer."""

import json
from base64 import b64encode
from collections.abc import Callable, Collection
from typing import Any

from winnow.errors import (
    ExportTooLongError,
    RecordUnknownError,
    RequestTooLongError,
    SearchInvalidError,
    SearchTooSlowError,
    SearchUnavailableError,
    WinnowError,
)
from winnow.reviews.models import RecordKey
from winnow.search.engine import NO_WORDS
from winnow.search.exports import Exported, ExportFormat
from winnow.search.shapes import (
    SearchAnswer,
    SearchRequest,
    StatsAnswer,
    StatsRequest,
    VectorSearch,
)
from winnow_aws.aws_errors import translated
from winnow_aws.search_events import SearchInput, SearchOutput

ANSWERS_WITHIN_S = 26
"""A request to the API has 29 seconds."""
MAX_EVENT = 6_000_000
"""Bytes that Lambda takes of an event and gives of an answer."""
REFUSALS: dict[str, type[WinnowError]] = {
    error.code: error
    for error in (SearchInvalidError, SearchTooSlowError, RecordUnknownError, ExportTooLongError)
}
"""What the function answers with instead of raising it."""


class SearchFunction:
    """Implements `winnow.search.exports.ExportingSearcher`: the search function with this ARN."""

    def __init__(self, functions: Any, arn: str, vectorise: Callable[[str], bytes]) -> None:
        """Take boto3's client of Lambda, which waits for `ANSWERS_WITHIN_S`, once.

        Args:
            functions: The client.
            arn: Of the function or its alias.
            vectorise: Makes a text's vector, 512 int8: the function has no encoder.
        """
        self._functions = functions
        self._arn = arn
        self._vectorise = vectorise

    def search(
        self,
        request: SearchRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> SearchAnswer:
        asked = self._with_vector(request)
        found = self._ask(SearchInput(search=asked, **_whom(visible, withheld))).search
        assert found is not None
        return found

    def export(
        self,
        request: SearchRequest,
        form: ExportFormat,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> Exported:
        asked = self._with_vector(request)
        whom = _whom(visible, withheld)
        made = self._ask(SearchInput(search=asked, export=form, **whom)).exported
        assert made is not None
        return made

    def stats(
        self,
        request: StatsRequest,
        visible: Collection[str] | None = None,
        withheld: Collection[RecordKey] = (),
    ) -> StatsAnswer:
        found = self._ask(SearchInput(stats=request, **_whom(visible, withheld))).stats
        assert found is not None
        return found

    def _with_vector(self, request: SearchRequest) -> SearchRequest:
        """The request with the vector of the text that records are to be like, in its place."""
        if request.like_text is None:
            return request
        vector = self._vectorise(request.like_text)
        if not any(vector):
            raise SearchInvalidError(NO_WORDS)
        rest = request.model_dump(exclude={"like_text"}, exclude_none=True)
        return VectorSearch.model_validate({**rest, "like_vector": b64encode(vector)})

    def _ask(self, asked: SearchInput) -> SearchOutput:
        event = asked.model_dump_json(exclude_defaults=True).encode()
        if len(event) > MAX_EVENT:
            raise RequestTooLongError("Too many records are withheld from you: name a process.")
        with translated("of the search function"):
            answer = self._functions.invoke(FunctionName=self._arn, Payload=event)
            content = answer["Payload"].read()
        if "FunctionError" in answer:
            raise SearchUnavailableError("The search function failed, or took too long.")
        output = SearchOutput.model_validate(json.loads(content))
        if output.refused is not None:
            raise REFUSALS[output.refused.code](output.refused.message)
        return output


def _whom(visible: Collection[str] | None, withheld: Collection[RecordKey]) -> dict[str, Any]:
    return {
        "visible": None if visible is None else tuple(sorted(visible)),
        "withheld": tuple(sorted(withheld)),
    }
