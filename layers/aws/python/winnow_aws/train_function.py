"""Asks the function that trains for a challenger of a process, and does not wait for it."""

from typing import Any

from winnow.registry.trainings import TrainInput
from winnow_aws.aws_errors import translated


class TrainFunction:
    """The train function with this ARN."""

    def __init__(self, functions: Any, arn: str) -> None:
        """`functions` is boto3's client of Lambda."""
        self._functions = functions
        self._arn = arn

    def train(self, process: str, by: str, every: int | None = None) -> None:
        """Start a training. Raises AccessDeniedError, AwsRefusedError, RetryableError.

        The event is a `TrainInput`.
        """
        asked = TrainInput(process=process, by=by, every=every)
        with translated("of the train function"):
            self._functions.invoke(
                FunctionName=self._arn,
                InvocationType="Event",
                Payload=asked.model_dump_json(exclude_none=True).encode(),
            )
