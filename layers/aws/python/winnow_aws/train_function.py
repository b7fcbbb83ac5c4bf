"""Asks the function that trains for a challenger of a process, and does not wait for it."""

import json
from typing import Any

from winnow_aws.aws_errors import translated


class TrainFunction:
    """The train function with this ARN."""

    def __init__(self, functions: Any, arn: str) -> None:
        """`functions` is boto3's client of Lambda."""
        self._functions = functions
        self._arn = arn

    def train(self, process: str, by: str) -> None:
        """Start a training. Raises AccessDeniedError, AwsRefusedError, RetryableError.

        The event is `{"process": ..., "by": ...}`: the process's id, and who asked.
        """
        with translated("of the train function"):
            self._functions.invoke(
                FunctionName=self._arn,
                InvocationType="Event",
                Payload=json.dumps({"process": process, "by": by}).encode(),
            )
