"""What a run used, and what that costs.

The functions measure their own calls. What the workflow itself used is counted from its definition
(statemachine/triage.asl.json), by the way that a run takes that succeeds; a test runs the workflow
and compares. Calls that failed and were repeated are in neither.
"""

from collections.abc import Iterable
from decimal import Decimal

from winnow.costs.cost import Cost, Quantities, cost, together
from winnow.costs.prices import X86, PriceList, gb_second_on
from winnow.models import ChunkUnits, RunCost, RunUnits, Serialized, StepUnits, WorkflowUnits

GB_SECOND = 1_024_000
"""MB times milliseconds of one GB-second."""
GB = 2**30
STATES_OF_A_RUN = (
    *("Identify", "IsFolder", "Claim", "Serialize", "NeedsScan", "Classify", "Filter"),
    *("Record", "Notify", "Done"),
)
"""The states that every run enters; of a scanned file also Scan."""
STATES_OF_A_CHUNK = ("ClassifyChunk", "FilterChunk")
ESTIMATED = ("dynamodb", "log_bytes", "workflow")
"""What of the units is not measured."""
_PLACES = 9
"""Decimal places of amounts in result.json: a billionth of a dollar."""
_STARTED = 1
"""For each child that a Distributed Map starts, Step Functions bills one transition."""


def chunk_transitions(parts: int) -> int:
    """State transitions of a chunk that was judged in so many parts; 1: as a whole.

    A part that crashes is halved (Halve, PartsLeft) and its halves are tried (ClassifyPart), so
    that `parts` parts come of `parts` - 1 crashes; after each part that was judged PartsLeft looks
    for the next one.
    """
    crashes = parts - 1
    halving = 2 * crashes + ((parts + crashes - 1) + parts if crashes else 0)
    return _STARTED + len(STATES_OF_A_CHUNK) + halving


def run_units(
    run: Serialized, chunks: Iterable[ChunkUnits | None], filtered: StepUnits | None
) -> RunUnits | None:
    """What a run used: the sum of its calls. None if any of them was not measured.

    Args:
        chunks: What each chunk used.
        filtered: What joining the chunks used.
    """
    classify, filter_, transitions = StepUnits(), filtered, len(STATES_OF_A_RUN)
    if run.units is None or filter_ is None:
        return None
    for chunk in chunks:
        if chunk is None:
            return None
        classify += chunk.classify
        filter_ += chunk.filter
        transitions += chunk.transitions
    scanned = run.read_by == "scan"
    return RunUnits(
        serialize=None if scanned else run.units,
        scan=run.units if scanned else None,
        classify=classify,
        filter=filter_,
        workflow=WorkflowUnits(
            transitions=transitions + (1 if scanned else 0),
            # Claim and Record. A row of at most 1 KB is one unit.
            dynamodb_writes=2,
            events=1,
            messages=1,
            mails=1,
        ),
    )


def step_quantities(units: StepUnits, processors: str = X86) -> Quantities:
    """What calls of a function used, by the names of the price table."""
    return {
        gb_second_on(processors): Decimal(units.mb_ms) / GB_SECOND,
        "lambda_request": units.calls,
        "s3_put": units.s3_puts,
        "s3_get": units.s3_gets,
        "dynamodb_write": units.dynamodb_writes,
        "dynamodb_read": units.dynamodb_reads,
        "textract_page": units.textract_pages,
        "log_gb": Decimal(units.log_bytes) / GB,
    }


def workflow_quantities(units: WorkflowUnits) -> Quantities:
    """What the workflow used, by the names of the price table."""
    return {
        "states_transition": units.transitions,
        "dynamodb_write": units.dynamodb_writes,
        "event": units.events,
        "sns_publish": units.messages,
        "sns_mail": units.mails,
        # SNS asks for a data key of the topic's key.
        "kms_request": units.messages,
    }


def costs_by_step(units: RunUnits, prices: PriceList, processors: str = X86) -> dict[str, Cost]:
    """What each step cost, on the processors that the functions run on."""
    steps = {
        "serialize": units.serialize,
        "scan": units.scan,
        "classify": units.classify,
        "filter": units.filter,
    }
    found = {
        name: cost(step_quantities(step, processors), prices)
        for name, step in steps.items()
        if step is not None
    }
    return {**found, "workflow": cost(workflow_quantities(units.workflow), prices)}


def run_cost(units: RunUnits, records: int, prices: PriceList, processors: str = X86) -> RunCost:
    """What a run cost, as result.json says it."""
    by_step = costs_by_step(units, prices, processors)
    # The sum of what is said of the steps, so that they add up as people read them.
    steps = {name: round(one.usd, _PLACES) for name, one in by_step.items()}
    total = sum(steps.values(), Decimal())
    return RunCost(
        region=prices.region,
        prices=prices.table,
        usd=float(total),
        per_1000_records=float(round(total / records * 1_000, _PLACES)) if records else 0.0,
        steps={name: float(amount) for name, amount in steps.items()},
        missing=together(by_step.values()).missing,
        estimated=ESTIMATED,
    )
