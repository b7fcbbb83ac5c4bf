"""What a stack costs in a month in which no file comes, read off its template.

What is billed by use alone (calls, requests, storage) is nothing then, but for the calls that
schedules make, and for the requests with which Lambda looks whether a queue has messages. What a
scheduled call uses is assumed: `ASSUMED`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from winnow.costs.cost import Cost, Quantities, cost, together
from winnow.costs.prices import X86, PriceList, gb_second_on
from winnow.costs.runs import GB

Template = Mapping[str, Any]
HOURS = Decimal(730)
"""Of a month, as AWS counts."""
ASSUMED: Mapping[str, int] = {
    **{"ms": 200, "log_bytes": 1_000, "s3_put": 2, "s3_get": 2, "dynamodb_read": 1},
    "sqs_request": 1,
}
"""What a scheduled call without work uses, assumed high."""
POLLERS = 5
"""Requests at a time with which Lambda waits for the messages of a standard queue."""
POLL_S = 20
"""Seconds that such a request waits at an empty queue."""
METRICS_OF_A_FUNCTION = 2
"""CpuTime and ResidentMemory of a function that was called."""
METRICS_OF_A_SWEEP = 6
NOTEBOOK_GB = 5
"""VolumeSizeInGB of infra/training.yaml."""
_MINUTES = {"minute": 1, "hour": 60, "day": 1_440}
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_FUNCTIONS = ("AWS::Serverless::Function", "AWS::Lambda::Function")
_FALLBACK_MB = 128
"""CloudFormation's own default."""


@dataclass(frozen=True)
class Change:
    """A resource whose fixed cost differs; None: it is not there, or a price is not known."""

    name: str
    before: Cost
    after: Cost


@dataclass(frozen=True)
class MonthlyDifference:
    """What a change of a stack does to its idle month."""

    before: Cost
    after: Cost
    changes: tuple[Change, ...]
    memory: Mapping[str, tuple[int, int]]
    """Function -> its MB before and after: each second of it costs in proportion."""
    notebook_hour: Cost
    """What each hour costs in which a notebook runs that was not there before."""

    @property
    def usd(self) -> Decimal:
        """More or less a month, by the prices that are known."""
        return self.after.usd - self.before.usd

    @property
    def missing(self) -> tuple[str, ...]:
        """Prices that are not known, of what changes."""
        names = (name for one in self.changes for name in one.before.missing + one.after.missing)
        return tuple(dict.fromkeys(names))


def monthly_difference(
    before: Template,
    after: Template,
    prices: PriceList,
    *,
    before_parameters: Mapping[str, str] | None = None,
    after_parameters: Mapping[str, str] | None = None,
) -> MonthlyDifference:
    """Compare the idle months of two templates: what a stack is, and what it will be.

    Args:
        before: `{}` for a stack that is not there yet.
        after: `{}` for one that is deleted.
        before_parameters: Values by name; those that are absent have the template's default.
        after_parameters: The same of `after`.
    """
    old = resources_month(before, prices, before_parameters)
    new = resources_month(after, prices, after_parameters)
    nothing = Cost()
    changes = tuple(
        Change(name, old.get(name, nothing), new.get(name, nothing))
        for name in sorted({*old, *new})
        if old.get(name, nothing) != new.get(name, nothing)
    )
    mb = _memory(before, before_parameters), _memory(after, after_parameters)
    memory = {
        name: (mb[0][name], mb[1][name])
        for name in sorted(mb[0].keys() & mb[1].keys())
        if mb[0][name] != mb[1][name]
    }
    hours = _notebook_hour(before, before_parameters), _notebook_hour(after, after_parameters)
    return MonthlyDifference(
        together(old.values()),
        together(new.values()),
        changes,
        memory,
        cost({} if hours[0] == hours[1] else hours[1], prices),
    )


def idle_month(
    template: Template, prices: PriceList, parameters: Mapping[str, str] | None = None
) -> Cost:
    """What a stack costs in a month without a file."""
    return together(resources_month(template, prices, parameters).values())


def resources_month(
    template: Template, prices: PriceList, parameters: Mapping[str, str] | None = None
) -> dict[str, Cost]:
    """What each resource costs in a month without a file; those that cost nothing are left out."""
    values = _values(template, parameters)
    memory = _memory(template, parameters)
    found = {}
    for name, resource in _resources(template, values):
        bill = cost(_fixed(resource, values, memory, template), prices)
        if bill.items:
            found[name] = bill
    return found


def _fixed(
    resource: Mapping[str, Any],
    values: Mapping[str, str],
    memory: Mapping[str, int],
    template: Template,
) -> Quantities:
    properties = resource.get("Properties", {})
    match resource.get("Type"):
        case "AWS::CloudWatch::Alarm":
            measured = [one for one in properties.get("Metrics", ()) if "MetricStat" in one]
            return {"alarm_month": max(1, len(measured))}
        case "AWS::CloudWatch::Dashboard":
            return {"dashboard_month": 1}
        case "AWS::KMS::Key":
            return {"kms_key_month": 1}
        case "AWS::SecretsManager::Secret":
            return {"secret_month": 1}
        case "AWS::Budgets::Budget":
            return {"budget_month": 1}
        case "AWS::Scheduler::Schedule":
            return _schedule(properties, values, memory, template)
        case "AWS::Lambda::EventSourceMapping" if _is_of_queue(properties, template):
            return {"sqs_request": POLLERS * HOURS * 3_600 / POLL_S}
        case "AWS::CloudFormation::Stack" if _notebook(properties, values) is not None:
            return {"endpoint_hour": HOURS, "notebook_gb_month": NOTEBOOK_GB}
    return {}


def _is_of_queue(properties: Mapping[str, Any], template: Template) -> bool:
    """Whether a mapping takes the messages of a queue; a table's stream is read for nothing."""
    source = properties.get("EventSourceArn")
    name = source.get("Fn::GetAtt", "") if isinstance(source, Mapping) else ""
    name = name.partition(".")[0] if isinstance(name, str) else name[0]
    return bool(template.get("Resources", {}).get(name, {}).get("Type") == "AWS::SQS::Queue")


def _notebook(properties: Mapping[str, Any], values: Mapping[str, str]) -> str | None:
    """The instance type of a nested stack's notebook; None: it has none."""
    kind = _resolved(properties.get("Parameters", {}).get("Notebook", "none"), values)
    return None if kind == "none" else str(kind)


def _notebook_hour(template: Template, parameters: Mapping[str, str] | None) -> Quantities:
    values = _values(template, parameters)
    found = (
        _notebook(resource.get("Properties", {}), values)
        for _, resource in _resources(template, values)
        if resource.get("Type") == "AWS::CloudFormation::Stack"
    )
    names = (kind.removeprefix("ml.").replace(".", "_") for kind in found if kind is not None)
    return {f"notebook_{name}_hour": 1 for name in names}


def _schedule(
    properties: Mapping[str, Any],
    values: Mapping[str, str],
    memory: Mapping[str, int],
    template: Template,
) -> Quantities:
    if _resolved(properties.get("State", "ENABLED"), values, template) == "DISABLED":
        return {}
    expression = _resolved(properties.get("ScheduleExpression"), values, template)
    rate = _RATE.fullmatch(str(expression))
    if rate is None:
        return {}
    calls = HOURS * 60 / (int(rate[1]) * _MINUTES[rate[2]])
    function = _target(properties.get("Target", {}).get("Arn"), memory)
    gb_seconds = calls * ASSUMED["ms"] / 1_000 * memory.get(function, _FALLBACK_MB) / 1_024
    gb_second = gb_second_on(_processors(function, values, template))
    metrics = METRICS_OF_A_FUNCTION + (METRICS_OF_A_SWEEP if function.startswith("Sweep") else 0)
    return {
        "schedule": calls,
        "lambda_request": calls,
        gb_second: gb_seconds,
        "log_gb": calls * ASSUMED["log_bytes"] / GB,
        "metric_month": metrics,
        **{name: calls * ASSUMED[name] for name in ("s3_put", "s3_get", "dynamodb_read")},
        "sqs_request": calls * ASSUMED["sqs_request"],
    }


def _target(arn: Any, memory: Mapping[str, int]) -> str:
    """The function that a schedule calls: `SweepFunction` of `{"Ref": "SweepFunction.Alias"}`."""
    name = str(arn.get("Ref", "")) if isinstance(arn, Mapping) else ""
    return max((one for one in memory if name.startswith(one)), key=len, default="")


def _processors(function: str, values: Mapping[str, str], template: Template) -> str:
    """What a function runs on, by its own property or the one of all."""
    common = template.get("Globals", {}).get("Function", {})
    own = template.get("Resources", {}).get(function, {}).get("Properties", {})
    (processors,) = own.get("Architectures", common.get("Architectures", [X86]))
    return str(_resolved(processors, values))


def _memory(template: Template, parameters: Mapping[str, str] | None) -> dict[str, int]:
    """The MB of each function."""
    values = _values(template, parameters)
    common = template.get("Globals", {}).get("Function", {}).get("MemorySize", _FALLBACK_MB)
    return {
        name: int(str(_resolved(resource.get("Properties", {}).get("MemorySize", common), values)))
        for name, resource in _resources(template, values)
        if resource.get("Type") in _FUNCTIONS
    }


# -- parameters and conditions ---------------------------------------------------------------------


def _values(template: Template, parameters: Mapping[str, str] | None) -> dict[str, str]:
    """The values of the parameters, as CloudFormation compares them: text."""
    declared = template.get("Parameters", {})
    values = {name: str(one.get("Default", "")) for name, one in declared.items()}
    given = {name: str(value) for name, value in (parameters or {}).items()}
    return {**values, **given}


def _resources(
    template: Template, values: Mapping[str, str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The resources whose condition is met."""
    for name, resource in template.get("Resources", {}).items():
        condition = resource.get("Condition")
        if condition is None or _met({"Condition": condition}, template, values):
            yield name, resource


def _met(condition: Mapping[str, Any], template: Template, values: Mapping[str, str]) -> bool:
    ((function, given),) = condition.items()
    match function:
        case "Condition":
            return _met(template.get("Conditions", {})[given], template, values)
        case "Fn::Not":
            return not _met(given[0], template, values)
        case "Fn::And":
            return all(_met(one, template, values) for one in given)
        case "Fn::Or":
            return any(_met(one, template, values) for one in given)
        case "Fn::Equals":
            first, second = (_resolved(one, values, template) for one in given)
            return str(first) == str(second)
    raise ValueError(f"{function} is no function of conditions")


def _resolved(value: Any, values: Mapping[str, str], template: Template | None = None) -> Any:
    """A value with its parameters and maps looked up; what cannot be is left as it is."""
    if not isinstance(value, Mapping):
        return value
    if "Ref" in value:
        return values.get(value["Ref"], value)
    if "Fn::FindInMap" in value and template is not None:
        name, *keys = (_resolved(one, values, template) for one in value["Fn::FindInMap"])
        found = template.get("Mappings", {}).get(name, {})
        for key in keys:
            found = found.get(str(key), {})
        return found
    return value
