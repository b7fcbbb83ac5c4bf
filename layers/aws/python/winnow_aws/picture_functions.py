"""Asks Scan to decode a picture, and Classify to judge or encode it, and waits for each."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel

from winnow.errors import RetryableError
from winnow.models import (
    DecodedSquare,
    DecodePicture,
    EncodedSquare,
    EncodeSquare,
    JudgedSquare,
    JudgeSquare,
)
from winnow_aws.aws_errors import translated

ANSWERS_WITHIN_S = 13
"""Each of the two; a request to the API has 29 seconds."""
Answer = TypeVar("Answer", bound=BaseModel)


class PictureFunctions:
    """Implements `winnow.steps.prediction.PictureSteps`: functions with these ARNs."""

    def __init__(self, functions: Any, scan: str, classify: str) -> None:
        """`functions` is boto3's client of Lambda, which waits for `ANSWERS_WITHIN_S`, once."""
        self._functions = functions
        self._scan = scan
        self._classify = classify

    def decoded(self, content: bytes) -> DecodedSquare:
        return self._asked(self._scan, DecodePicture(decode=content), DecodedSquare, "Scan")

    def judged(self, task: JudgeSquare) -> JudgedSquare:
        return self._asked(self._classify, task, JudgedSquare, "Classify")

    def encoded(self, task: EncodeSquare) -> EncodedSquare:
        return self._asked(self._classify, task, EncodedSquare, "Classify")

    def _asked(self, arn: str, asked: BaseModel, answer: type[Answer], name: str) -> Answer:
        with translated(f"of the {name} function"):
            given = self._functions.invoke(
                FunctionName=arn, Payload=asked.model_dump_json().encode()
            )
            content = given["Payload"].read()
        if "FunctionError" in given:
            raise RetryableError(f"The {name} function failed, or took too long.")
        return answer.model_validate(json.loads(content))
