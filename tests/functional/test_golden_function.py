"""The API asks the train function for the golden set, and waits for it."""

import io
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from winnow.errors import AccessDeniedError, RetryableError
from winnow.releases.golden import GoldenReport, GoldenResult
from winnow_aws.golden_function import GoldenFunction

VERSION = "a" * 64
ASKED = {"check": "golden", "process": "bank", "version": VERSION, "guarantee": 0.9}


@pytest.fixture
def functions() -> Any:
    return boto3.client(
        "lambda", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


def answer(document: Any, **more: Any) -> dict[str, Any]:
    content = json.dumps(document).encode()
    return {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(content), len(content)), **more}


def test_the_answer_is_the_functions(functions: Any) -> None:
    report = GoldenReport(
        result=GoldenResult(
            version=VERSION, rows=60, accepted=50, right=49, lower=0.9, upper=1.0, guarantee=0.9
        )
    )
    with Stubber(functions) as stub:
        stub.add_response(
            "invoke",
            answer(report.model_dump(mode="json")),
            {
                "FunctionName": "arn:train",
                "Payload": json.dumps(ASKED, separators=(",", ":")).encode(),
            },
        )
        assert GoldenFunction(functions, "arn:train").judged("bank", VERSION, 0.9) == report


def test_a_function_that_fails_is_asked_again_by_people(functions: Any) -> None:
    failed = answer({"errorType": "InternalError"}, FunctionError="Unhandled")
    with Stubber(functions) as stub:
        stub.add_response("invoke", failed)
        with pytest.raises(RetryableError):
            GoldenFunction(functions, "arn:train").judged("bank", VERSION, 0.9)
        stub.add_client_error("invoke", "AccessDeniedException")
        with pytest.raises(AccessDeniedError):
            GoldenFunction(functions, "arn:train").judged("bank", VERSION, 0.9)


def test_so_is_one_that_takes_too_long() -> None:
    class Late:
        def invoke(self, **_: Any) -> Any:
            raise ReadTimeoutError(endpoint_url="https://lambda")

    with pytest.raises(RetryableError):
        GoldenFunction(Late(), "arn:train").judged("bank", VERSION, 0.9)
