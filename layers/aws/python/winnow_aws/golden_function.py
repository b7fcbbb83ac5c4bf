"""Asks the function that trains what a version makes of the golden set, and waits for it."""

import json
from typing import Any

from winnow.errors import RetryableError
from winnow.releases.golden import GoldenInput, GoldenReport
from winnow_aws.aws_errors import translated

ANSWERS_WITHIN_S = 20
"""A request to the API has 29 seconds."""


class GoldenFunction:
    """The train function with this ARN: it alone may read labelled rows."""

    def __init__(self, functions: Any, arn: str) -> None:
        """`functions` is boto3's client of Lambda, which waits for `ANSWERS_WITHIN_S`, once."""
        self._functions = functions
        self._arn = arn

    def judged(self, process: str, version: str, guarantee: float) -> GoldenReport:
        """What a version makes of the golden set.

        Raises AccessDeniedError, AwsRefusedError, and RetryableError if the function does not
        answer in time: it has begun, and answers sooner when it is asked again.
        """
        asked = GoldenInput(check="golden", process=process, version=version, guarantee=guarantee)
        with translated("of the train function"):
            answer = self._functions.invoke(
                FunctionName=self._arn, Payload=asked.model_dump_json().encode()
            )
            content = answer["Payload"].read()
        if "FunctionError" in answer:
            raise RetryableError("The train function failed to judge the golden set.")
        return GoldenReport.model_validate(json.loads(content))
