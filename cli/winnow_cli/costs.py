"""What a stack has cost: the runs of its table by day, process and step, and its idle month."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from platform import machine
from typing import Any

from winnow.costs.cost import Cost
from winnow.costs.month import idle_month
from winnow.costs.prices import X86, PriceList, price_list
from winnow.recovery.upload_row import UploadRow
from winnow_cli.target import Target, aws_errors, parameters_of
from winnow_cli.uploads import Uploads

LOCAL_REGION = "us-east-1"
"""Whose prices are told of the local stack."""


@dataclass
class Spent:
    """What some runs cost."""

    runs: int = 0
    records: int = 0
    usd: Decimal = field(default_factory=Decimal)

    def add(self, usd: Decimal, records: int) -> None:
        self.runs += 1
        self.records += records
        self.usd += usd

    @property
    def per_1000(self) -> Decimal | None:
        """Of 1,000 records; None without records."""
        return self.usd / self.records * 1_000 if self.records else None


@dataclass
class Costs:
    """What the runs since a day cost."""

    since: str
    days: dict[str, Spent] = field(default_factory=dict)
    processes: dict[str, Spent] = field(default_factory=dict)
    steps: dict[str, Decimal] = field(default_factory=dict)
    total: Spent = field(default_factory=Spent)
    regions: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
    """The days of the price tables that the runs were priced by."""
    missing: set[str] = field(default_factory=set)
    unmeasured: int = 0
    """Runs that ended and did not say what they cost: failed ones, and those of before."""


def spent(rows: Iterable[UploadRow], since: str) -> Costs:
    """What the runs cost that ended since the day, by what their rows say.

    >>> spent([], "2026-11-01").total.usd
    Decimal('0')
    """
    costs = Costs(since)
    for row in rows:
        if not row.ended or (row.ended_at or "") < since:
            continue
        if (run := row.cost) is None:
            costs.unmeasured += 1
            continue
        usd, records = Decimal(str(run.usd)), row.records or 0
        day, process = (row.ended_at or "")[:10], row.process or ""
        for one in (
            costs.total,
            costs.days.setdefault(day, Spent()),
            costs.processes.setdefault(process, Spent()),
        ):
            one.add(usd, records)
        for step, amount in run.steps.items():
            costs.steps[step] = costs.steps.get(step, Decimal()) + Decimal(str(amount))
        costs.regions.add(run.region)
        costs.tables.add(run.prices)
        costs.missing.update(run.missing)
    costs.days = dict(sorted(costs.days.items()))
    costs.processes = dict(sorted(costs.processes.items()))
    return costs


def spent_in(days: int, uploads: Uploads) -> Costs:
    """What the runs cost that ended in the last so many days, with today."""
    since = (datetime.now(UTC).date() - timedelta(days=days - 1)).isoformat()
    return spent(uploads.ended_since(since), since)


def prices_of(target: Target) -> PriceList:
    """The prices of the stack's region."""
    return price_list(LOCAL_REGION if target.local else target.session.region_name or LOCAL_REGION)


def processors_of(target: Target) -> str:
    """The processors that the stack's functions run on; of the local stack this machine's."""
    if target.local:
        return machine()
    return parameters_of(target).get("Architecture", X86)


def idle(target: Target) -> Cost:
    """What the stack costs in a month without a file, by its own template."""
    template, parameters = deployed(target)
    return idle_month(template, prices_of(target), parameters)


def deployed(target: Target) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """The template of a stack and the values of its parameters.

    Of the local stack it is the checkout's, as it would be in AWS.
    """
    if target.local:
        from winnow_local.template import Checkout, read_template

        page = "true" if target.outputs.get("ReviewPage") else "false"
        return read_template(Checkout.here().root / "template.yaml"), {"ReviewPage": page}
    cloudformation = target.client("cloudformation")
    with aws_errors(target):
        body = cloudformation.get_template(StackName=target.stack_name, TemplateStage="Processed")
    found = body["TemplateBody"]
    template = json.loads(found) if isinstance(found, str) else found
    return template, parameters_of(target)
