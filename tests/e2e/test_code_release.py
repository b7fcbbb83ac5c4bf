"""Runs that are started by an alias are found beside those of every other version.

With a small machine: CloudFormation makes aliases only in AWS. MiniStack runs every version by the
newest definition; that a run keeps its own is simulated in tests/template/test_code_release.py.
"""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from winnow.ports import StartOutcome
from winnow_aws.workflow import StatesWorkflow

from .conftest import Stack

WAITS = {
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}},
}


@pytest.fixture
def machine(stack: Stack) -> Iterator[tuple[Any, str]]:
    states = stack.target.client("stepfunctions")
    own = states.describe_state_machine(stateMachineArn=stack.target.outputs["StateMachineArn"])
    made = states.create_state_machine(
        name=f"versions-{uuid.uuid4().hex[:8]}",
        roleArn=own["roleArn"],
        definition=json.dumps(WAITS),
    )
    yield states, made["stateMachineArn"]
    states.delete_state_machine(stateMachineArn=made["stateMachineArn"])


def test_runs_of_an_alias_and_of_the_machine_are_told_apart_by_name_alone(
    machine: tuple[Any, str],
) -> None:
    states, arn = machine
    version = states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    alias = states.create_state_machine_alias(
        name="live",
        routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}],
    )["stateMachineAliasArn"]
    # Before an update the machine itself was started, and so does a command of an earlier version.
    before, after = StatesWorkflow(states, arn), StatesWorkflow(states, alias)
    assert before.start("first", {}) is StartOutcome.STARTED
    assert after.start("second", {}) is StartOutcome.STARTED
    for workflow in (before, after):
        assert workflow.running() == {"first", "second"}
        assert workflow.start("first", {}) is StartOutcome.RUNNING
        assert workflow.status_of("second") is StartOutcome.RUNNING
    for name in ("first", "second"):
        execution = f"{arn.replace(':stateMachine:', ':execution:')}:{name}"
        states.stop_execution(executionArn=execution)
    assert after.status_of("first") is StartOutcome.ENDED
