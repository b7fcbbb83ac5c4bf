"""What a run on the local stack used and cost, and what the commands say of it."""

from pathlib import Path
from typing import Any

import pytest

from winnow.costs.estimate import estimate
from winnow.costs.runs import STATES_OF_A_CHUNK, STATES_OF_A_RUN
from winnow.models import ChunkTally, Result, StepUnits
from winnow.recovery.upload_row import UploadRow

from .conftest import SURE, Stack, winnow

pytestmark = pytest.mark.model
RECORDS = 1_200
TABLE = "id,text\n" + "".join(f"{number},{SURE}\n" for number in range(RECORDS))


@pytest.fixture(scope="module")
def row(stack: Stack) -> UploadRow:
    """A run of two chunks."""
    found = stack.run("many.csv", TABLE)
    assert found.state == "SUCCEEDED", found.error_message
    return found


@pytest.fixture(scope="module")
def result(stack: Stack, row: UploadRow) -> Result:
    return stack.result(row)[0]


def tallies(stack: Stack, result: Result) -> list[ChunkTally]:
    assert result.run is not None
    prefix = f"runs/{result.upload.upload_id}/{result.run.id}/filtered/"
    listed = stack.s3.list_objects_v2(Bucket=stack.target.results_bucket, Prefix=prefix)
    keys = [one["Key"] for one in listed["Contents"] if one["Key"].endswith("/tally.json")]
    bodies = [
        stack.s3.get_object(Bucket=stack.target.results_bucket, Key=key)["Body"].read()
        for key in sorted(keys)
    ]
    return [ChunkTally.model_validate_json(body) for body in bodies]


def test_a_run_s_units_are_the_sum_of_what_its_functions_measured(
    stack: Stack, result: Result
) -> None:
    chunks = tallies(stack, result)
    units = result.units
    assert units is not None
    assert len(chunks) == 2
    measured = [chunk.units for chunk in chunks if chunk.units is not None]
    assert units.classify == sum((one.classify for one in measured), StepUnits())
    own = units.filter.ms - sum(one.filter.ms for one in measured)
    assert own > 0
    assert (units.classify.calls, units.filter.calls) == (2, 3)
    assert units.serialize is not None
    assert units.serialize.calls == 1
    # The function's memory, as the template says.
    assert units.classify.mb_ms == units.classify.ms * 1_769
    # A chunk each and the manifest; a scored chunk and its vectors each; a tally and the accepted
    # records of each chunk, then a file of each outcome, the vectors and result.json.
    assert (units.serialize.s3_puts, units.classify.s3_puts) == (3, 2 * 2)
    assert units.filter.s3_puts == 2 * 2 + 3 + 1 + 1
    assert min(units.serialize.s3_gets, units.classify.s3_gets, units.filter.s3_gets) > 0
    assert units.serialize.dynamodb_reads > 0


def test_its_transitions_are_those_of_the_workflow(
    stack: Stack, row: UploadRow, result: Result
) -> None:
    assert row.run is not None
    history = stack.workflow.get_paginator("get_execution_history").paginate(executionArn=row.run)
    entered = [
        event["stateEnteredEventDetails"]["name"]
        for page in history
        for event in page["events"]
        if "stateEnteredEventDetails" in event
    ]
    of_the_run = [name for name in entered if name not in STATES_OF_A_CHUNK]
    assert of_the_run == [*STATES_OF_A_RUN]
    assert result.units is not None
    # A child of each chunk is started, and enters its two states.
    assert result.units.workflow.transitions == len(STATES_OF_A_RUN) + 2 * 3


def test_the_requests_are_not_more_than_an_estimate_says(result: Result) -> None:
    expected, units = estimate(RECORDS, RECORDS).units, result.units
    assert units is not None
    for step in ("serialize", "classify", "filter"):
        measured, estimated = getattr(units, step), getattr(expected, step)
        assert measured.calls == estimated.calls
        assert measured.s3_puts <= estimated.s3_puts, step
        assert measured.s3_gets <= estimated.s3_gets, step
    assert units.workflow == expected.workflow


def test_row_mail_and_result_say_the_same_cost(
    stack: Stack, row: UploadRow, result: Result
) -> None:
    cost = result.cost
    assert cost is not None
    assert row.cost == cost
    assert (cost.region, cost.missing) == ("us-east-1", ())
    assert cost.usd == pytest.approx(sum(cost.steps.values()), abs=1e-9)
    assert cost.per_1000_records == pytest.approx(cost.usd / RECORDS * 1_000, abs=1e-9)
    (mail,) = stack.mails(row.upload_id)
    assert "\nCost       $" in mail.body


def test_the_same_file_costs_as_many_requests_again_and_not_more(
    stack: Stack, result: Result
) -> None:
    again = stack.result(stack.run("many.csv", TABLE))[0].units
    assert again is not None
    assert result.units is not None
    assert again.filter.s3_puts == result.units.filter.s3_puts
    assert again.classify.calls == result.units.classify.calls


def test_costs_are_told_by_day_process_and_step(stack: Stack, row: UploadRow) -> None:
    answer = winnow("costs", "--json")
    assert answer.code == 0, answer.err
    told: dict[str, Any] = answer.document()
    assert told["runs"] >= 1
    emotions = next(one for one in told["processes"] if one["process"] == "emotions")
    assert emotions["records"] >= RECORDS
    for rows in (told["days"], told["processes"], told["steps"]):
        assert sum(one["usd"] for one in rows) == pytest.approx(told["usd"], abs=1e-8)
    assert {one["step"] for one in told["steps"]} >= {"serialize", "classify", "filter", "workflow"}
    assert told["idle_month"]["usd"] > 1
    assert told["idle_month"]["missing"] == []


def test_in_a_pipe_they_are_lines(stack: Stack, row: UploadRow) -> None:
    answer = winnow("costs", "--days", "1")
    assert answer.code == 0, answer.err
    assert "step\tcost\tshare" in answer.out
    assert "process\truns\trecords\tcost\tfor 1,000 records" in answer.out


def test_an_estimate_drops_nothing_and_counts_as_a_run_does(
    stack: Stack, row: UploadRow, tmp_path: Path
) -> None:
    file = tmp_path / "many.csv"
    file.write_text(TABLE, "utf-8")
    before = len(stack.uploads.every())
    answer = winnow("submit", file, "--process", "emotions", "--estimate", "--json")
    assert answer.code == 0, answer.err
    (one,) = answer.document()["files"]
    assert (one["records"], one["chunks"]) == (RECORDS, 2)
    assert one["cost"]["usd"] > 0
    assert answer.document()["measured_per_1000_records"] > 0
    assert len(stack.uploads.every()) == before
    assert one["units"]["workflow"]["transitions"] == 16
    shown = winnow("submit", file, "--process", "emotions", "--estimate")
    assert "Nothing was dropped." in shown.err


def test_an_estimate_is_not_waited_for(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(TABLE, "utf-8")
    answer = winnow("submit", file, "--process", "emotions", "--estimate", "--wait")
    assert answer.code == 2


def test_an_estimate_names_what_is_not_known(stack: Stack, tmp_path: Path) -> None:
    answer = winnow("submit", __file__, "--process", "no-such-process", "--estimate", "--json")
    assert answer.code == 1
    assert answer.document()["error"]["code"] == "process_unknown"
