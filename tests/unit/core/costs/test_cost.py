"""Bills against examples that were worked out by hand."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.costs.cost import Quantities, cost, together
from winnow.costs.prices import price_list
from winnow.costs.runs import chunk_transitions, costs_by_step, run_cost, run_units
from winnow.models import (
    ChunkUnits,
    ObjectRef,
    ProcessInfo,
    RunUnits,
    Serialized,
    StepUnits,
    Upload,
    WorkflowUnits,
)

US, EU = price_list("us-east-1"), price_list("eu-central-1")


def test_a_bill_by_hand():
    # Ten calls of two seconds with 1,769 MB: 20 * 1,769 / 1,024 GB-seconds.
    used: Quantities = {
        "lambda_gb_second": Decimal("34.55078125"),
        "lambda_request": 10,
        "s3_put": 3,
    }
    bill = cost(used, US)
    assert [item.usd for item in bill.items] == [
        Decimal("0.000575847505859375"),  # 34.55078125 * 0.0000166667
        Decimal("0.000002"),
        Decimal("0.000015"),
    ]
    assert bill.usd == Decimal("0.000592847505859375")
    assert bill.complete


def test_what_has_no_price_is_named_and_adds_nothing():
    bill = cost({"event": 5, "states_transition": 1_000}, EU)
    assert bill.missing == ("event",)
    assert not bill.complete
    assert bill.usd == Decimal("0.025")
    assert [item.usd for item in bill.items] == [None, Decimal("0.025000")]


def test_nothing_of_something_is_not_missing():
    assert cost({"event": 0}, EU).complete


@given(st.lists(st.integers(0, 10**12), max_size=5))
def test_bills_together_are_the_bill_of_the_sums(amounts):
    one = together(cost({"s3_put": amount, "event": amount}, EU) for amount in amounts)
    whole = cost({"s3_put": sum(amounts), "event": sum(amounts)}, EU)
    assert (one.usd, one.missing) == (whole.usd, whole.missing)


def step(**units: int) -> StepUnits:
    return StepUnits(calls=1, **units)


def test_a_run_s_cost_by_hand():
    units = RunUnits(
        serialize=step(ms=1_000, mb_ms=1_024_000, s3_puts=2, s3_gets=3),
        classify=StepUnits(calls=2, ms=4_000, mb_ms=4_096_000, s3_puts=2, log_bytes=2**30),
        filter=step(ms=500, mb_ms=512_000),
        workflow=WorkflowUnits(transitions=16, dynamodb_writes=2, events=1, messages=1, mails=1),
    )
    by_step = {name: bill.usd for name, bill in costs_by_step(units, US).items()}
    assert by_step == {
        # one GB-second, a call, two PUTs, three GETs
        "serialize": Decimal("0.0000166667") + Decimal("0.0000002") + Decimal("0.0000112"),
        # four GB-seconds, two calls, two PUTs, a GB of logs
        "classify": Decimal("0.0000666668") + Decimal("0.0000004") + Decimal("0.50001"),
        "filter": Decimal("0.00000833335") + Decimal("0.0000002"),
        # 16 transitions, two writes, an event, a message, a mail, a request to the key
        "workflow": Decimal("0.0004")
        + Decimal("0.00000125")
        + Decimal("0.000001")
        + Decimal("0.0000005")
        + Decimal("0.00002")
        + Decimal("0.000003"),
    }
    told = run_cost(units, 2_000, US)
    assert told.steps["workflow"] == pytest.approx(0.00042575, abs=1e-12)
    assert told.usd == pytest.approx(sum(told.steps.values()), abs=1e-12)
    assert told.per_1000_records == pytest.approx(told.usd / 2, abs=1e-9)
    assert (told.region, told.missing) == ("us-east-1", ())
    assert run_cost(units, 2_000, EU).missing == ("event",)


@pytest.mark.parametrize(
    ("parts", "transitions"),
    [
        # The child is started; ClassifyChunk, FilterChunk.
        (1, 3),
        # ClassifyChunk crashes; Halve, PartsLeft; ClassifyPart, PartsLeft, twice; FilterChunk.
        (2, 9),
        # One of the halves crashes too: Halve, PartsLeft, and a ClassifyPart and a PartsLeft more,
        # and the ClassifyPart that crashed.
        (3, 14),
    ],
)
def test_transitions_of_a_chunk(parts: int, transitions: int):
    assert chunk_transitions(parts) == transitions


REF = ObjectRef(bucket="results", key="x")
RUN = Serialized(
    upload=Upload(upload_id="0" * 32, object=REF, size=1),
    process=ProcessInfo(id="x", version="1", kind="labels", sha256="0" * 64),
    threshold=0.5,
    threshold_from="process",
    definition=REF,
    manifest=REF,
    chunks=2,
    records=2,
    seconds=0.0,
    units=step(ms=5),
)
CHUNK = ChunkUnits(classify=step(ms=7), filter=step(ms=11), transitions=3)


def test_a_run_s_units_are_the_sum_of_its_calls():
    units = run_units(RUN, [CHUNK, CHUNK], step(ms=13))
    assert units is not None
    assert (units.classify.calls, units.classify.ms) == (2, 14)
    assert (units.filter.calls, units.filter.ms) == (3, 35)
    assert (units.serialize, units.scan) == (step(ms=5), None)
    assert units.workflow.transitions == 10 + 2 * 3


def test_a_scanned_file_was_read_by_scan():
    units = run_units(RUN.model_copy(update={"read_by": "scan"}), [CHUNK], step())
    assert units is not None
    assert (units.serialize, units.scan) == (None, step(ms=5))
    assert units.workflow.transitions == 11 + 3


@pytest.mark.parametrize(
    ("run", "chunks", "filtered"),
    [
        (RUN.model_copy(update={"units": None}), [CHUNK], step()),
        (RUN, [CHUNK, None], step()),
        (RUN, [CHUNK], None),
    ],
    ids=["serialize", "a chunk", "filter"],
)
def test_a_run_of_which_a_part_was_not_measured_has_no_units(run, chunks, filtered):
    assert run_units(run, chunks, filtered) is None


def test_a_gb_second_on_arm_costs_a_fifth_less():
    units = RunUnits(
        classify=step(ms=1_000, mb_ms=1_024_000),
        filter=step(ms=1_000, mb_ms=1_024_000, s3_puts=1),
        workflow=WorkflowUnits(transitions=16),
    )
    x86, arm = costs_by_step(units, US), costs_by_step(units, US, "aarch64")
    assert arm["classify"].usd == Decimal("0.0000133334") + Decimal("0.0000002")
    assert x86["filter"].usd - arm["filter"].usd == Decimal("0.0000033333")
    assert x86["workflow"] == arm["workflow"]
    assert run_cost(units, 1, US, "arm64").usd == pytest.approx(
        float(sum((bill.usd for bill in arm.values()), Decimal())), abs=1e-9
    )
