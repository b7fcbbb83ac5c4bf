"""What an interpreter cannot do, why that matters here, and what stands in for it.

Each gap is asserted. A test that fails here says that the interpreter has learned something: then
the stand-in goes (on_moto.py), or the path runs on it too.
"""

import contextlib
import json
import threading
from typing import Any
from unittest import mock

import boto3
import pytest
from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as functions
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.reader_config import (
    input_type,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
    distributed_iteration_component as distributed,
)
from moto.stepfunctions.parser.asl.jsonata import jsonata

from tests.statemachine import on_moto
from tests.statemachine.machine import TaskError, World, function_error
from tests.statemachine.test_triage import FAILURE, SUCCESS, up_to

MOTO = pytest.mark.parametrize("interpreter", ["moto"], indirect=True)
MINISTACK = pytest.mark.parametrize("interpreter", ["ministack"], indirect=True)


def test_moto_has_no_jsonata():
    """It calls a Java library that its package does not bring: engine.py evaluates."""
    with pytest.raises(TypeError, match="not callable"):
        jsonata.eval_jsonata_expression("1 + 1")


def test_moto_has_no_hash():
    """Identify and IdentifyStopped make the upload id with it. engine.py has the function."""
    declared = functions._DECLARATION_BY_VARIABLE_REFERENCE["$hash"]
    assert "not supported" in declared


def test_moto_reads_no_json_lines():
    """The manifest is JSON Lines. The lines are handed over as one JSON array."""
    with pytest.raises(ValueError, match="JSONL"):
        input_type.InputType("JSONL")


@MOTO
def test_moto_tolerates_every_failure_in_a_distributed_map(world: World, uploaded: Any):
    """On AWS one failed child is too many, unless a threshold says otherwise. So it is here."""
    world.fail("classify", function_error("ModelInvalidError", "model_invalid: Altered."))
    component = distributed.DistributedIterationComponent
    with mock.patch.object(component, "_map_run", on_moto.MAP_RUN):
        assert world.run("triage", uploaded).states == SUCCESS


@MOTO
def test_moto_has_no_name_for_a_manifest_that_cannot_be_read(world: World, uploaded: Any):
    """On AWS it is States.ItemReaderFailed. A test that needs it gives the name."""
    world.objects.clear()
    assert world.run("triage", uploaded).error == "workflow_states_runtime"


@MOTO
def test_moto_publishes_no_status_of_a_run(world: World, uploaded: Any):
    """The failure handler starts with that event: it is made from the description."""
    rules, queues = (boto3.client(name, region_name="us-east-1") for name in ("events", "sqs"))
    queue = queues.create_queue(QueueName="ends")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    rules.put_rule(Name="ends", EventPattern=json.dumps({"source": ["aws.states"]}))
    rules.put_targets(Rule="ends", Targets=[{"Id": "queue", "Arn": arn["QueueArn"]}])
    assert world.run("triage", uploaded).status == "SUCCEEDED"
    assert "Messages" not in queues.receive_message(QueueUrl=queue)


@MINISTACK
def test_ministack_has_no_time_limit_of_a_run(world: World, uploaded: Any):
    """Moto has: test_stopped.py goes from the limit to the mail."""
    world.edits['"TimeoutSeconds": 14400'] = '"TimeoutSeconds": 1'
    serialize = world.functions["serialize"]

    def slow(payload: Any) -> Any:
        threading.Event().wait(1.2)
        return serialize(payload)

    world.functions["serialize"] = slow
    assert world.run("triage", uploaded).states == SUCCESS


@pytest.mark.parametrize("interpreter", ["ministack", "moto"], indirect=True)
def test_ministack_reads_no_concurrency_from_a_path(world: World, uploaded: Any, interpreter: str):
    """The template writes the number where the stack is local, and the path on AWS."""
    world.substitutions["MapConcurrency"] = "1"
    both = threading.Barrier(2)
    classify = world.functions["classify"]

    def meet(payload: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(2)
        return classify(payload)

    world.functions["classify"] = meet
    assert world.run("triage", uploaded).states == SUCCESS
    assert both.broken == (interpreter == "moto")


@pytest.mark.parametrize("error", ["States.DataLimitExceeded", "States.Runtime"])
def test_both_catch_what_no_catch_sees_on_aws(world: World, uploaded: Any, error: str):
    """There States.ALL leaves these out, and the run dies. test_stopped.py goes on from there."""
    world.fail("serialize", TaskError(error))
    assert world.run("triage", uploaded).states == (*up_to("Serialize"), *FAILURE)
