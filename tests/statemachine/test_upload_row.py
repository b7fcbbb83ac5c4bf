"""One model for the row of an upload: it has every attribute that is stored, and no other."""

import json
import re
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import ANY, Stubber

from tests.statemachine.conftest import event
from tests.statemachine.machine import ROOT, World, function_error
from winnow.errors import UploadAbandonedError
from winnow.models import ObjectRef, RunCost, Upload
from winnow.recovery.upload_row import NUMBERS, UploadRow
from winnow_aws.rows import row_of
from winnow_aws.table import TableRuns

WRITTEN_BY_FORGET = {"erased_at", "erased_by"}
"""Attributes that `winnow forget` writes, and no state."""
FIELDS = set(UploadRow.model_fields)
ANOTHER = "0" * 32


def states(definition: dict[str, Any]) -> dict[str, Any]:
    """The states of a machine, those of its maps too."""
    all_states = dict(definition["States"])
    for state in definition["States"].values():
        if "ItemProcessor" in state:
            all_states |= states(state["ItemProcessor"])
    return all_states


def written_by(state: dict[str, Any]) -> set[str]:
    """The attributes that a state stores: those of its item, or those that its update sets."""
    arguments = state["Arguments"]
    if "Item" in arguments:
        return set(re.findall(r'"(\w+)": \{"[SN]":', arguments["Item"]))
    names = str(arguments["ExpressionAttributeNames"])
    # As JSON {"#run": "run"}, in JSONata {"#run": 'run'}.
    placeholders = dict(re.findall(r"""["'](#\w+)["']: ["'](\w+)["']""", names))
    targets = re.findall(r"(#?\w+) = (?:if_not_exists\(|:)", arguments["UpdateExpression"])
    return {"upload_id", *(placeholders.get(target, target) for target in targets)}


def writers() -> dict[str, set[str]]:
    """State -> the attributes that it stores."""
    written = {}
    for machine in ("triage", "stopped"):
        definition = json.loads((ROOT / "statemachine" / f"{machine}.asl.json").read_text("utf-8"))
        for name, state in states(definition).items():
            if "dynamodb:" in state.get("Resource", ""):
                written[name] = written_by(state)
    return written


def given_up() -> set[str]:
    """The attributes that the sweep stores of an upload that it gives up."""
    client = boto3.Session("x", "x", region_name="us-east-1").client("dynamodb", config=Config())
    ref = ObjectRef(bucket="b", key="k", version_id="v")
    calls: list[dict[str, Any]] = []
    client.meta.events.register(
        "provide-client-params.dynamodb.UpdateItem", lambda params, **_: calls.append(params)
    )
    with Stubber(client) as stub:
        names = ("TableName", "Key", "ConditionExpression", "UpdateExpression")
        values = ("ExpressionAttributeNames", "ExpressionAttributeValues")
        stub.add_response("update_item", {}, dict.fromkeys((*names, *values), ANY))
        error = UploadAbandonedError("x")
        TableRuns(client, "t", 90).give_up(Upload(upload_id="a", object=ref, size=1), None, error)
    return written_by({"Arguments": calls[0]})


def test_every_attribute_that_is_written_is_a_field_and_every_field_is_written() -> None:
    written = writers()
    assert set(written) == {"Claim", "NoteFailure", "Record", "RecordFailure", "RecordStopped"}
    assert all(written.values())
    assert set().union(*written.values()) == FIELDS - WRITTEN_BY_FORGET
    assert given_up() < FIELDS


def test_an_event_without_a_version_leaves_its_sequencer(world: World) -> None:
    uploaded = event("s3_object_created")
    del uploaded["detail"]["object"]["version-id"]
    uploaded["detail"]["object"]["sequencer"] = "0062E9"
    world.run("triage", uploaded)
    [call] = world.calls["put"]
    row = row_of(call["Item"])
    assert (row.sequencer, row.version_id) == ("0062E9", None)


def stored(world: World, upload_id: str) -> dict[str, Any]:
    key = {"upload_id": {"S": upload_id}}
    item = world.interpreter.table("getItem", {"TableName": world.table, "Key": key})["Item"]
    assert isinstance(item, dict)
    return item


def succeeds(_: World) -> None:
    """Nothing is in its way."""


def fails(world: World) -> None:
    def serialize(_: Any) -> Any:
        raise function_error("TextEmptyError", "text_empty: There is no text.")

    world.functions["serialize"] = serialize


@pytest.mark.parametrize(("prepare", "state"), [(succeeds, "SUCCEEDED"), (fails, "FAILED")])
def test_a_row_that_a_run_leaves_is_read_whole(
    world: World, upload_id: str, prepare: Callable[[World], None], state: str
) -> None:
    prepare(world)
    world.run("triage", event("s3_object_created"))
    item = stored(world, upload_id)
    row = row_of(item)
    assert (row.state, row.ended, row.lease_until) == (state, True, None)
    assert row.model_dump(exclude_none=True) == {
        name: int(value["N"]) if name in NUMBERS else value["S"] for name, value in item.items()
    }
    assert 0 < row.claimed_s <= (row.ended_s or 0)


def test_a_row_says_when_its_run_began_as_its_results_do(world: World, upload_id: str) -> None:
    """By this the sweep knows whether the queue has the records of this run."""
    world.run("triage", event("s3_object_created"))
    [call] = world.calls["serialize"]
    row = row_of(stored(world, upload_id))
    assert row.started_at == call["run"]["started_at"] <= row.claimed_at


def test_a_row_says_what_its_run_cost(world: World, upload_id: str) -> None:
    cost = RunCost(
        region="eu-central-1",
        prices="2026-11-27",
        usd=0.000000123,
        per_1000_records=0.0000123,
        steps={"serialize": 0.000000123},
        missing=("event",),
    )
    filtered = world.functions["filter"]

    def measured(payload: Any) -> Any:
        return {**filtered(payload), "cost": cost.model_dump_json()}

    world.functions["filter"] = measured
    world.run("triage", event("s3_object_created"))
    row = row_of(stored(world, upload_id))
    assert row.state == "SUCCEEDED"
    assert row.cost == cost


def test_a_row_whose_cost_cannot_be_read_is_a_row_without_one() -> None:
    assert row_of({"upload_id": {"S": "a"}, "run_cost": {"S": "{}"}}).cost is None
    assert row_of({"upload_id": {"S": "a"}}).cost is None


def test_a_row_of_the_first_version_is_read() -> None:
    """It had no attempt, no lease and no sequencer, and its counts came with success only."""
    old = {
        "upload_id": {"S": ANOTHER},
        "state": {"S": "RUNNING"},
        "bucket": {"S": "b"},
        "object_key": {"S": "inbox/p/x/cases.csv"},
        "run": {"S": "arn"},
        "claimed_at": {"S": "2026-03-01T00:00:00.000Z"},
    }
    row = row_of(old)
    assert (row.attempt, row.lease_until, row.size, row.accepted) == (1, None, 0, None)
    assert not row.lease_expired(row.claimed_s + 17_999)
    assert row.lease_expired(row.claimed_s + 18_001)


def test_what_a_later_version_writes_is_left_out() -> None:
    later = {
        "upload_id": {"S": ANOTHER},
        "state": {"S": "SUCCEEDED"},
        "object_key": {"S": "inbox/p/x/cases.csv"},
        "accepted": {"N": "3"},
        "result_bucket": {"S": "r"},
        "result_key": {"S": "results/p/id/result.json"},
        "from_a_later_version": {"L": []},
    }
    row = row_of(later)
    assert (row.accepted, row.file_name) == (3, "cases.csv")
    assert row.results_at == "s3://r/results/p/id/"
    assert row.ended
    assert "from_a_later_version" not in row.model_dump()


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("state", {"N": "7"}), ("state", {"S": "GONE"}), ("state", {"S": "DAMAGED"})],
)
def test_a_row_without_a_state_that_can_be_read_is_damaged(
    attribute: str, value: dict[str, str]
) -> None:
    assert row_of({"upload_id": {"S": ANOTHER}, attribute: value}).state == "DAMAGED"


@pytest.mark.parametrize("value", [{"S": "big"}, {"BOOL": True}, {"NULL": True}, {"B": b"1"}])
def test_an_attribute_of_another_type_counts_as_missing(value: dict[str, Any]) -> None:
    row = row_of({"upload_id": {"S": ANOTHER}, "size": value, "run": {"N": "1"}})
    assert (row.size, row.run) == (0, None)
