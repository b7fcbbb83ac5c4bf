"""Asks the Scan function for pictures of pages, and does not wait for them."""

from typing import Any

from winnow.models import DrawPages
from winnow_aws.aws_errors import translated


class ScanFunction:
    """The Scan function with this ARN."""

    def __init__(self, functions: Any, arn: str) -> None:
        """`functions` is boto3's client of Lambda."""
        self._functions = functions
        self._arn = arn

    def draw(self, asked: DrawPages) -> None:
        """Have the pages drawn. Raises AccessDeniedError, AwsRefusedError, RetryableError."""
        with translated("of the Scan function"):
            self._functions.invoke(
                FunctionName=self._arn,
                InvocationType="Event",
                Payload=asked.model_dump_json().encode(),
            )
