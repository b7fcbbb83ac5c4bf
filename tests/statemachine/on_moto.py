"""The machines run by moto's interpreter, in this process: a second reading of the language.

Its states, paths, Retry, Catch, Map and tables are moto's own, JSONata is the reference
implementation. What moto lacks is given here, and named in test_gaps.py with the reason. Private
names of moto are used, of the version that requirements/dev.txt pins.
"""

import functools
import io
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as functions
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval import (
    resource_eval_s3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
    distributed_iteration_component as distributed,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_dynamodb,
    state_task_service_sns,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.jsonata import jsonata
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from tests.statemachine.engine import Engine
from tests.statemachine.interpreter import Ended, Json, Outside, TaskError

MAP_RUN = distributed.DistributedIterationComponent._map_run
_CALLING = (
    lambda_eval_utils,
    resource_eval_s3,
    state_task_service_dynamodb,
    state_task_service_sns,
)


class OnMoto:
    """moto's states and table."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._states = _client("stepfunctions")
        self._tables = _client("dynamodb")
        self._tables.create_table(
            TableName=outside.table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "upload_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "upload_id", "KeyType": "HASH"}],
        )

    def table(self, action: str, arguments: Json) -> Json:
        calls = {
            "getItem": self._tables.get_item,
            "putItem": self._tables.put_item,
            "updateItem": self._tables.update_item,
        }
        answer = calls[action](**arguments)
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def start(self, machine: str, definition: str, event: Json, execution: str) -> str:
        made = self._states.create_state_machine(
            name=machine,
            definition=definition.replace('"InputType": "JSONL"', '"InputType": "JSON"'),
            roleArn="arn:aws:iam::123456789012:role/workflow",
        )
        arn: str = self._states.start_execution(
            stateMachineArn=made["stateMachineArn"], name=execution, input=json.dumps(event)
        )["executionArn"]
        return arn

    def ended(self, arn: str) -> Ended | None:
        found = self._states.describe_execution(executionArn=arn)
        if found["status"] == "RUNNING":
            return None
        # The history is complete before the status changes, the description only after.
        history = self._states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        last = history[-1]
        entered = [
            event["stateEnteredEventDetails"]
            for event in history
            if "stateEnteredEventDetails" in event
        ]
        failed = last.get("executionFailedEventDetails", {})
        succeeded = last.get("executionSucceededEventDetails", {})
        return Ended(
            arn=arn,
            status=found["status"],
            output=json.loads(succeeded["output"]) if succeeded else None,
            error=failed.get("error"),
            cause=failed.get("cause"),
            states=tuple(state["name"] for state in entered),
            inputs=tuple(json.loads(state["input"]) for state in entered),
        )

    def stop(self, arn: str) -> None:
        self._states.stop_execution(executionArn=arn)

    def status_event(self, arn: str, status: str) -> Json:
        found = self._states.describe_execution(executionArn=arn)
        assert found["status"] == status
        detail = {
            "executionArn": arn,
            "stateMachineArn": found["stateMachineArn"],
            "name": found["name"],
            "status": status,
            "startDate": int(found["startDate"].timestamp() * 1000),
            "stopDate": int(time.time() * 1000),
            "input": found["input"],
            "inputDetails": {"included": True},
            "output": found.get("output"),
            "error": found.get("error"),
            "cause": found.get("cause"),
        }
        return {
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "detail": detail,
        }

    # -- what moto calls --------------------------------------------------------------------------

    def invoke(self, **arguments: Any) -> Json:
        arguments["Payload"] = json.loads(arguments["Payload"])
        try:
            answer = self._outside.invoke("arn:aws:states:::lambda:invoke", arguments)
        except TaskError as fault:
            if not _is_function_error(fault):
                raise _as_moto_raises(fault) from None
            answer = {
                "StatusCode": 200,
                "FunctionError": "Unhandled",
                "Payload": json.loads(fault.cause),
            }
        body = io.BytesIO(json.dumps(answer["Payload"]).encode())
        return {**answer, "Payload": body}

    def put_item(self, **arguments: Any) -> Json:
        return self._call("dynamodb:putItem", arguments)

    def update_item(self, **arguments: Any) -> Json:
        return self._call("dynamodb:updateItem", arguments)

    def publish(self, **arguments: Any) -> Json:
        return self._call("sns:publish", arguments)

    def get_object(self, **arguments: Any) -> Json:
        assert set(arguments) == {"Bucket", "Key"}
        try:
            text = self._outside.object_text(arguments["Bucket"], arguments["Key"])
        except TaskError as fault:
            raise _as_reported(fault) from None
        lines = text.strip().split("\n")
        return {"Body": io.BytesIO(f"[{','.join(lines)}]".encode())}

    def _call(self, action: str, arguments: Json) -> Json:
        try:
            return self._outside.invoke(f"arn:aws:states:::{action}", arguments)
        except TaskError as fault:
            raise _as_moto_raises(fault) from None


def _is_function_error(fault: TaskError) -> bool:
    try:
        return bool(json.loads(fault.cause)["errorType"] == fault.error)
    except (ValueError, TypeError, KeyError):
        return False


def _as_moto_raises(fault: TaskError) -> Exception:
    """As the service's client would raise it, so that the name is moto's own making."""
    service, _, code = fault.error.partition(".")
    if fault.error == "States.Timeout":
        return TimeoutError()
    if service in ("DynamoDB", "Lambda", "SNS"):
        answer = {
            "Error": {"Code": code, "Message": fault.cause},
            "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "1"},
        }
        return ClientError(answer, "Call")  # type: ignore[arg-type]
    return _as_reported(fault)


def _as_reported(fault: TaskError) -> Exception:
    """An error whose name and cause are given, as a state reports it."""
    kind = StatesErrorName.from_name if fault.error.startswith("States.") else CustomErrorName
    nowhere: Any = SimpleNamespace(
        next_state_name="", event_history_context=SimpleNamespace(source_event_id=0)
    )
    return FailureEventException(
        FailureEvent(
            env=nowhere,
            error_name=kind(fault.error),
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(  # type: ignore[typeddict-item]
                taskFailedEventDetails=TaskFailedEventDetails(error=fault.error, cause=fault.cause)
            ),
        )
    )


def _map_run(component: Any, env: Any, eval_input: Any) -> None:
    """A Map run that fails where a child failed: none of our Maps tolerates any."""
    MAP_RUN(component, env=env, eval_input=eval_input)
    if eval_input.map_run_record.item_counter.failed.get():
        raise _as_reported(
            TaskError(
                "States.ExceedToleratedFailureThreshold",
                "The specified tolerated failure threshold was exceeded",
            )
        )


def _say_nothing(*_: Any, **__: Any) -> None:
    pass


@contextmanager
def on_moto(outside: Outside, engine: Engine) -> Iterator[OnMoto]:
    """Moto over this outside world, with no waiting between retries."""
    with ExitStack() as stack:
        stack.enter_context(mock_aws(config={"stepfunctions": {"execute_state_machine": True}}))
        made = OnMoto(outside)
        for module in _CALLING:
            stack.enter_context(mock.patch.object(module, "boto_client_for", return_value=made))
        for place, name, given in (
            (retrier_decl, "time", SimpleNamespace(sleep=lambda _: None)),
            (AmazonStateLanguageParser, "parse", staticmethod(_parsed)),
            # moto prints the whole machine at every error that a state catches.
            (EvalComponent, "_log_failure_event_exception", _say_nothing),
            (EvalComponent, "_log_exception", _say_nothing),
            (jsonata, "_eval_jsonata", engine),
            (distributed.DistributedIterationComponent, "_map_run", _map_run),
        ):
            stack.enter_context(mock.patch.object(place, name, given))
        stack.enter_context(
            mock.patch.dict(functions._DECLARATION_BY_VARIABLE_REFERENCE, {"$hash": ""})
        )
        yield made


# Both are slow to make, and as good the second time.
_client = functools.cache(functools.partial(boto3.client, region_name="us-east-1"))
_parsed = functools.cache(AmazonStateLanguageParser.parse)
