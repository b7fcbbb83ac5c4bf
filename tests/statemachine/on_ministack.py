"""The machines run by MiniStack's interpreter, in this process.

Its private functions are used, of the version that requirements/dev.txt pins.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from ministack.services import dynamodb, eventbridge, stepfunctions

from tests.statemachine.interpreter import Ended, Json, Outside, TaskError


class OnMiniStack:
    """MiniStack's states and table."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._events: dict[tuple[str, str], Json] = {}

    def table(self, action: str, arguments: Json) -> Json:
        return stepfunctions._invoke_dynamodb(action, arguments)

    def start(self, machine: str, definition: str, event: Json, execution: str) -> str:
        status, _, body = stepfunctions._create_state_machine(
            {
                "name": machine,
                "definition": definition,
                "roleArn": "arn:aws:iam::000000000000:role/workflow",
            }
        )
        assert status == 200, body
        _, _, body = stepfunctions._start_execution(
            {
                "stateMachineArn": json.loads(body)["stateMachineArn"],
                "input": json.dumps(event),
                "name": execution,
            }
        )
        arn: str = json.loads(body)["executionArn"]
        return arn

    def ended(self, arn: str) -> Ended | None:
        execution = stepfunctions._executions[arn]
        # The status changes first, all else after it, and the event is last.
        if execution["status"] == "RUNNING" or (arn, execution["status"]) not in self._events:
            return None
        entered = [
            event["stateEnteredEventDetails"]
            for event in execution["events"]
            if "stateEnteredEventDetails" in event
        ]
        succeeded = execution["status"] == "SUCCEEDED"
        return Ended(
            arn=arn,
            status=execution["status"],
            output=json.loads(execution["output"]) if succeeded else None,
            error=execution.get("error"),
            cause=execution.get("cause"),
            states=tuple(state["name"] for state in entered),
            inputs=tuple(json.loads(state["input"]) for state in entered),
        )

    def stop(self, arn: str) -> None:
        status, _, body = stepfunctions._stop_execution({"executionArn": arn})
        assert status == 200, body

    def status_event(self, arn: str, status: str) -> Json:
        return self._events[arn, status]

    # -- what MiniStack calls ---------------------------------------------------------------------

    def _invoke(self, resource: str, arguments: Json) -> Json:
        with _as_ministack_raises():
            return self._outside.invoke(resource, arguments)

    def _object_text(self, bucket: str, key: str) -> str:
        with _as_ministack_raises():
            return self._outside.object_text(bucket, key)

    def _published(self, data: Json, **_: Json) -> None:
        for entry in data["Entries"]:
            detail = json.loads(entry["Detail"])
            self._events[detail["executionArn"], detail["status"]] = {
                "source": entry["Source"],
                "detail-type": entry["DetailType"],
                "detail": detail,
            }


@contextmanager
def _as_ministack_raises() -> Iterator[None]:
    try:
        yield
    except TaskError as fault:
        raise stepfunctions._ExecutionError(fault.error, fault.cause) from None


@contextmanager
def on_ministack(outside: Outside) -> Iterator[OnMiniStack]:
    """MiniStack over this outside world, with no waiting between retries."""
    made = OnMiniStack(outside)
    status, _, body = dynamodb._create_table(
        {
            "TableName": outside.table,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "upload_id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "upload_id", "KeyType": "HASH"}],
        }
    )
    assert status == 200, body
    with (
        mock.patch.object(stepfunctions, "_SFN_WAIT_SCALE", 0),
        mock.patch.object(stepfunctions, "_invoke_resource", made._invoke),
        mock.patch.object(stepfunctions, "_s3_object_text", made._object_text),
        mock.patch.object(eventbridge, "_put_events", made._published),
    ):
        yield made
    dynamodb._delete_table({"TableName": outside.table})
