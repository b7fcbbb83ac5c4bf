"""One picture is sent to Scan and to Classify, and their answers are read."""

import io
import json
from base64 import b64encode
from typing import Any

import pytest

from winnow.errors import RetryableError
from winnow.models import (
    Alias,
    ClassifyInput,
    EncodeSquare,
    JudgeSquare,
    ModelInfo,
    ObjectRef,
    Picture,
    VersionRef,
)
from winnow_aws.picture_functions import PictureFunctions

MODEL = ModelInfo(name="pictures", version="1", sha256="0" * 64, engine="fake")


class Functions:
    """Lambda: keeps what it was asked, and answers with a document."""

    def __init__(self, document: Any, **more: Any) -> None:
        self.answer = {"Payload": io.BytesIO(json.dumps(document).encode()), **more}
        self.asked: dict[str, Any] = {}

    def invoke(self, **given: Any) -> dict[str, Any]:
        self.asked = given
        return self.answer


def test_scan_is_sent_the_file_and_answers_pixels() -> None:
    picture = {"format": "png", "width": 4, "height": 3}
    functions = Functions({"picture": picture, "square": "/wA=", "code": None, "reason": None})
    found = PictureFunctions(functions, "scan", "classify").decoded(b"\x89PNG")
    assert functions.asked["FunctionName"] == "scan"
    assert json.loads(functions.asked["Payload"]) == {"decode": "iVBORw=="}
    assert (found.picture, found.square) == (Picture(**picture), b"\xff\0")


def test_classify_is_sent_pixels_and_the_version() -> None:
    functions = Functions({"model": MODEL.model_dump(), "code": "judging_failed", "reason": "No."})
    version = VersionRef(sha256="1" * 64, alias=Alias.CHAMPION)
    task = JudgeSquare(square=b"\xff\0", version=version, definition=ObjectRef(bucket="b", key="k"))
    judged = PictureFunctions(functions, "scan", "classify").judged(task)
    assert functions.asked["FunctionName"] == "classify"
    assert JudgeSquare.model_validate(json.loads(functions.asked["Payload"])) == task
    assert (judged.model, judged.judgement, judged.code) == (MODEL, None, "judging_failed")


def test_classify_is_sent_pixels_alone_to_encode() -> None:
    functions = Functions({"vector": b64encode(bytes(512)).decode()})
    task = EncodeSquare(encode=b"\xff\0")
    assert PictureFunctions(functions, "scan", "classify").encoded(task).vector == bytes(512)
    assert functions.asked["FunctionName"] == "classify"
    assert json.loads(functions.asked["Payload"]) == {"encode": "/wA="}
    assert ClassifyInput.model_validate_json(functions.asked["Payload"]).root == task


def test_a_function_that_fails_is_asked_again_later() -> None:
    functions = Functions({"errorMessage": "x"}, FunctionError="Unhandled")
    with pytest.raises(RetryableError, match="Scan function"):
        PictureFunctions(functions, "scan", "classify").decoded(b"x")
