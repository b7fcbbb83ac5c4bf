"""What 1,000, 1 million and 100 million records a month cost, beside what others state.

`python -m tests.simulate.costs` prints the tables that docs/costs.md has.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from tests.pages.blocks import table
from winnow.costs.cost import Cost, Quantities, cost, together
from winnow.costs.estimate import Rates, estimate
from winnow.costs.money import shown
from winnow.costs.month import HOURS, METRICS_OF_A_FUNCTION, idle_month
from winnow.costs.prices import PriceList, price_list, units
from winnow.costs.runs import GB, costs_by_step
from winnow_local.template import read_template

ROOT = Path(__file__).parents[2]
REGION = "us-east-1"
SENTENCES = 5
"""Of a record: the sample notes have 4.5."""
RECORD_BYTES = 4_000
"""That a record's result takes: its text, and each criterion with its evidence."""
KEPT_MONTHS = 3
METRICS = 15
"""Of one process: three counts by stack, process and version, and two of each function of a run."""
TRACED = Decimal("0.05")
"""Share of the executions that X-Ray records."""
INDEX_CALLS = 2
"""Of a file: its results, and once more when people have decided."""
INDEX_CALL_S, INDEXED_S = 0.25, 10_000
"""A call besides its records, and records a second: less than half of what was measured."""
INDEX_PUTS, INDEX_GETS = 2, 10
"""Requests of a call to S3: the segment and a list; results, state, and what is there."""
INDEX_BYTES = 500
"""Of a record (ADR 0039)."""
SEARCHES = 1_000
SEARCH_S = 0.5
FAST_SENTENCES_S = 2_000.0
"""On a core with AMX or VNNI."""


@dataclass(frozen=True)
class Scale:
    """A month's work."""

    name: str
    records: int
    files: int

    @property
    def of_a_file(self) -> int:
        return self.records // self.files


SCALES = (
    Scale("1,000", 1_000, 20),
    Scale("1 million", 1_000_000, 1_000),
    Scale("100 million", 100_000_000, 1_000),
)
# docs/benchmarking/config-guidance.md of the accelerator, release v0.6.5, us-west-2, rates of
# 2026-08: rows of a bank statement, pages, and dollars a document, in its two modes.
ACCELERATOR = (
    (25, 1, "0.055", "0.166"),
    (100, 3, "0.169", "0.438"),
    (400, 9, "0.614", "1.777"),
    (800, 17, "1.782", "3.335"),
)
# config_library/pricing.yaml of the accelerator, rates of 2026-08: dollars a page, without models.
ACCELERATOR_PAGES = (
    ("Pattern 1: Bedrock Data Automation, standard output", "0.01"),
    ("Pattern 1: Bedrock Data Automation, custom output", "0.04"),
    ("Pattern 2: Textract, text detection; Bedrock models are billed besides", "0.0015"),
    ("Pattern 2: Textract, layout; Bedrock models are billed besides", "0.004"),
    ("Pattern 2: Textract, tables and forms; Bedrock models are billed besides", "0.065"),
)


def prices() -> PriceList:
    """Those of the region that the table knows best."""
    return price_list(REGION)


@cache
def month(scale: Scale, sentences_s: float = Rates().sentences_s) -> dict[str, Cost]:
    """What a month of that scale costs, by step, and what does not depend on the files."""
    one = estimate(scale.of_a_file, scale.of_a_file * SENTENCES, Rates(sentences_s=sentences_s))
    steps = {
        name: _times(bill, scale.files) for name, bill in costs_by_step(one.units, prices()).items()
    }
    executions = scale.files * (1 + one.chunks)
    stored = Decimal(scale.records) * RECORD_BYTES / GB * KEPT_MONTHS
    beside: Quantities = {
        "s3_gb_month": stored,
        "trace": executions * TRACED,
        "metric_month": METRICS,
    }
    template = read_template(ROOT / "template.yaml")
    return {
        **steps,
        "storage, traces, metrics": cost(beside, prices()),
        "without a file": idle_month(template, prices()),
    }


def _times(bill: Cost, files: int) -> Cost:
    return cost({item.name: item.quantity * files for item in bill.items}, prices())


def index_month(scale: Scale) -> Cost:
    """What the search index takes besides, of a stack with a review page."""
    one = estimate(scale.of_a_file, scale.of_a_file * SENTENCES)
    written = (units for units in (one.units.serialize, one.units.classify, one.units.filter))
    events = sum(units.s3_puts for units in written if units is not None)
    calls = scale.files * INDEX_CALLS
    seconds = calls * (INDEX_CALL_S + scale.of_a_file / INDEXED_S)
    return cost(
        {
            # Each object that a run writes is an event, and so is the file of the decisions.
            "event": scale.files * (events + 1),
            # Sent, received and deleted.
            "sqs_request": calls * 3,
            "lambda_request": calls,
            "lambda_gb_second": Decimal(seconds) * Rates().memory_mb / 1_024,
            "s3_put": calls * INDEX_PUTS,
            "s3_get": calls * INDEX_GETS,
            "s3_gb_month": Decimal(scale.records) * INDEX_BYTES / GB * KEPT_MONTHS,
        },
        prices(),
    )


def searches_month() -> Cost:
    """What searches and charts take."""
    seconds = Decimal(SEARCHES * SEARCH_S) * Rates().memory_mb / 1_024
    return cost(
        {
            "lambda_request": SEARCHES,
            "lambda_gb_second": seconds,
            "s3_put": SEARCHES,
            "metric_month": METRICS_OF_A_FUNCTION,
        },
        prices(),
    )


def page_month() -> Decimal:
    """What the review page and its index add to the month without a file."""
    template = read_template(ROOT / "template.yaml")
    with_page, without = (
        idle_month(template, prices(), {"ReviewPage": page}).usd for page in ("true", "false")
    )
    return with_page - without


def rows() -> Iterator[tuple[str, ...]]:
    """A line for each part of a month, and the sums."""
    months = [month(scale) for scale in SCALES]
    for part in months[0]:
        yield (part, *(shown(one[part].usd) for one in months))
    sums = [together(one.values()).usd for one in months]
    yield ("**a month**", *(f"**{shown(usd)}**" for usd in sums))
    yield (
        "for 1,000 records",
        *(shown(usd / scale.records * 1_000) for usd, scale in zip(sums, SCALES, strict=True)),
    )
    fast = [together(month(scale, FAST_SENTENCES_S).values()).usd for scale in SCALES]
    yield ("a month, on cores with AMX or VNNI", *map(shown, fast))
    yield ("with `ReviewPage`: the index besides", *(shown(index_month(one).usd) for one in SCALES))
    searches = shown(searches_month().usd)
    yield (f"with `ReviewPage`: {SEARCHES:,} searches", *(searches for _ in SCALES))
    yield ("with `ReviewPage`: without a file, besides", *(shown(page_month()) for _ in SCALES))


def compared() -> Iterator[tuple[str, ...]]:
    """What others state, for as many records."""
    endpoint = cost({"sagemaker_m5_large_hour": HOURS}, prices()).usd
    yield (
        "SageMaker real-time endpoint, one `ml.m5.large`, day and night",
        *(shown(endpoint) for _ in SCALES),
        "the instance alone: no reading of files, no results, no review; whether one is enough "
        "for the largest month was not measured",
    )
    for rows_, pages, simple, advanced in ACCELERATOR:
        for mode, usd in (("simple", simple), ("advanced", advanced)):
            of_a_row = Decimal(usd) / rows_
            yield (
                f"IDP accelerator, {mode} extraction, documents of {rows_:,} rows",
                *(shown(of_a_row * scale.records) for scale in SCALES),
                f"${usd} for a document of {pages} pages, scaled by rows",
            )
    for name, usd in ACCELERATOR_PAGES:
        yield (
            f"IDP accelerator, {name}",
            *(shown(Decimal(usd) * scale.records) for scale in SCALES),
            f"${usd} a page, a page for each record",
        )


def assumptions() -> Iterator[tuple[str, str]]:
    """What the numbers stand on."""
    rates = Rates()
    yield "region", f"{REGION}, list prices of the first tier, no free tier, no tax"
    for scale in SCALES:
        yield f"{scale.name} records", f"{scale.files:,} files of {scale.of_a_file:,} records"
    yield "a record", f"{SENTENCES} sentences; its result takes {RECORD_BYTES:,} bytes"
    yield "judging", f"{rates.sentences_s:g} sentences a second on one core (AVX2)"
    yield "reading, splitting", f"{rates.read_s:,.0f} and {rates.filter_s:,.0f} records a second"
    yield "every call", f"{rates.call_s:g} s besides, {rates.memory_mb:,} MB, no cold start"
    yield "kept", f"results for {KEPT_MONTHS} months; {TRACED:.0%} of the executions are traced"
    yield (
        "index",
        f"{INDEX_CALLS} calls a file, {INDEX_CALL_S:g} s each and {INDEXED_S:,} records a second; "
        f"an event for each object that a run writes; {INDEX_BYTES} bytes a record",
    )
    yield "a search", f"{SEARCH_S:g} s, one list of the index"
    yield "metrics of our own", f"{METRICS}: one process in one version"
    yield (
        "not in it",
        "scans (OCR), requests to the review page, images in ECR, retries, data transfer",
    )


def bill() -> Iterator[tuple[str, ...]]:
    """The idle month, line by line."""
    for item in idle_month(read_template(ROOT / "template.yaml"), prices()).items:
        yield (units()[item.name], f"{item.quantity:,.4g}", shown(item.usd or Decimal()))


def blocks() -> dict[str, str]:
    """Return the generated blocks of docs/costs.md."""
    names = [f"{scale.name} records" for scale in SCALES]
    return {
        "months": table(("", *names), [*rows()]),
        "assumptions": table(("assumption", "value"), [*assumptions()]),
        "compared": table(("", *names, "by"), [*compared()]),
        "idle": table(("what", "how many", "cost a month"), [*bill()]),
        "prices": table(("what", "us-east-1", "eu-central-1", "eu-west-1"), [*price_rows()]),
    }


def price_rows() -> Iterator[tuple[str, ...]]:
    """The table of prices, each with the date of its source."""
    lists = [price_list(region) for region in ("us-east-1", "eu-central-1", "eu-west-1")]
    for name, of in units().items():
        cells = []
        for one in lists:
            price = one.get(name)
            cells.append("" if price is None else f"{price.usd:f} ({price.source.date})")
        yield (of, *cells)


def main() -> int:
    """Print the tables."""
    for name, text in blocks().items():
        print(f"{name}\n\n{text}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
