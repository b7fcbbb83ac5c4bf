"""Runs that are started by an alias are found beside those of every other version.

With a small machine: CloudFormation makes aliases only in AWS. MiniStack runs every version by the
newest definition; that a run keeps its own is simulated in tests/template/test_code_release.py.
"""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from winnow.errors import ReleaseConflictError
from winnow.ports import StartOutcome
from winnow_aws.workflow import StatesWorkflow
from winnow_cli.code_release.alias import Route, WorkflowAlias
from winnow_cli.code_release.canary import StackCode
from winnow_cli.code_release.store import PARTITION, CodeTable

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


def test_a_canary_of_code_moves_the_alias_and_back(machine: tuple[Any, str], stack: Stack) -> None:
    states, arn = machine

    def publish(seconds: int) -> str:
        waits = json.dumps({**WAITS, "Comment": f"version {seconds}"})
        states.update_state_machine(stateMachineArn=arn, definition=waits)
        made = states.publish_state_machine_version(stateMachineArn=arn)
        return str(made["stateMachineVersionArn"])

    first = publish(1)
    live = states.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": first, "weight": 100}]
    )["stateMachineAliasArn"]
    publish(2)
    alias = WorkflowAlias(states, live)
    table = CodeTable(stack.target.dynamodb(), stack.target.output("ModelsTable"))
    code = StackCode("winnow", alias, table, list, lambda: "ann")
    try:
        assert code.canary(10, None, "new reader").challenger == "2"
        assert set(alias.routes()[0]) == {Route("1", 90), Route("2", 10)}
        started = StatesWorkflow(states, live).start("run", {})
        assert started is StartOutcome.STARTED
        assert code.promote(None, "").champion == "2"
        assert alias.routes()[0] == (Route("2", 100),)
        assert code.roll_back("").champion == "1"
        assert alias.routes()[0] == (Route("1", 100),)
        found = code.status()
        assert (found.champion.version, found.previous, found.revision) == ("1", "2", 3)
        assert [change.action for change in table.history()] == [
            "canary",
            "promoted",
            "rolled_back",
        ]
        with pytest.raises(ReleaseConflictError):
            code.canary(10, None, "", revision=1)
    finally:
        for item in table._partition(PARTITION):
            stack.target.dynamodb().delete_item(
                TableName=stack.target.output("ModelsTable"), Key={k: item[k] for k in ("pk", "sk")}
            )
        states.delete_state_machine_alias(stateMachineAliasArn=live)
