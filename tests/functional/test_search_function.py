"""The API asks the search function: a text to be like becomes a vector on the way."""

import io
import json
from typing import Any

import pytest

from winnow.errors import SearchInvalidError, SearchUnavailableError
from winnow.reviews.models import RecordKey
from winnow.search.exports import Exported, ExportFormat
from winnow.search.shapes import SearchAnswer, SearchRequest, Sort, VectorSearch
from winnow_aws.search_events import SearchInput, SearchOutput
from winnow_aws.search_function import SearchFunction

VECTOR = bytes(range(256)) * 2


class Functions:
    """Lambda: keeps what it was asked, and answers with a document."""

    def __init__(self, document: Any, **more: Any) -> None:
        self.answer = {"Payload": io.BytesIO(json.dumps(document).encode()), **more}
        self.asked = ""

    def invoke(self, **given: Any) -> dict[str, Any]:
        self.asked = given["Payload"].decode()
        return self.answer


def found() -> dict[str, Any]:
    return SearchOutput(search=SearchAnswer(total=0, hits=())).model_dump(mode="json")


def test_a_text_to_be_like_is_sent_as_its_vector() -> None:
    functions = Functions(found())
    request = SearchRequest(like_text="Ochre walruses.", sort=Sort.LIKENESS, limit=3)
    SearchFunction(functions, "arn", lambda text: VECTOR).search(request)
    asked = SearchInput.model_validate_json(functions.asked).search
    assert isinstance(asked, VectorSearch)
    assert (asked.like_vector, asked.order, asked.limit) == (VECTOR, Sort.LIKENESS, 3)
    assert "walruses" not in functions.asked


def test_an_export_is_asked_for_with_its_format() -> None:
    made = Exported(key="exports/x.parquet", records=2, size=3)
    functions = Functions(SearchOutput(exported=made).model_dump(mode="json"))
    search = SearchFunction(functions, "arn", lambda text: VECTOR)
    request = SearchRequest(like_text="Ochre walruses.")
    assert search.export(request, ExportFormat.PARQUET, ["a"], [RecordKey("u", 1)]) == made
    asked = SearchInput.model_validate_json(functions.asked)
    assert asked.export is ExportFormat.PARQUET
    assert isinstance(asked.search, VectorSearch)
    assert (asked.visible, asked.withheld) == (("a",), (RecordKey("u", 1),))


def test_an_export_is_of_a_search() -> None:
    with pytest.raises(ValueError, match="of a search"):
        SearchInput.model_validate({"stats": {"chart": "outcomes"}, "export": "csv"})


def test_without_a_text_nothing_is_encoded() -> None:
    functions = Functions(found())
    SearchFunction(functions, "arn", lambda text: pytest.fail("encoded")).search(SearchRequest())
    assert type(SearchInput.model_validate_json(functions.asked).search) is SearchRequest


def test_a_text_without_words_is_refused_before_anything_is_asked() -> None:
    functions = Functions(found())
    with pytest.raises(SearchInvalidError, match="no words"):
        SearchFunction(functions, "arn", lambda text: bytes(512)).search(
            SearchRequest(like_text="...")
        )
    assert functions.asked == ""


def test_what_the_function_refuses_is_its_error() -> None:
    refused = {"refused": {"code": "search_invalid", "message": "The record has no vector."}}
    with pytest.raises(SearchInvalidError, match="no vector"):
        SearchFunction(Functions(refused), "arn", str.encode).search(SearchRequest())


def test_a_function_that_failed_may_be_asked_again() -> None:
    with pytest.raises(SearchUnavailableError):
        SearchFunction(Functions({}, FunctionError="Unhandled"), "arn", str.encode).search(
            SearchRequest()
        )


@pytest.mark.parametrize("vector", ["AAEC", "no base64!", ""])
def test_a_vector_of_another_length_is_no_event(vector: str) -> None:
    with pytest.raises(ValueError, match="like_vector"):
        SearchInput.model_validate({"search": {"like_vector": vector}})
