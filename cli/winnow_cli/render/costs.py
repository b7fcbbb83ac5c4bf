"""What a stack has cost: tables on a terminal, tab-separated lines in a pipe, or JSON."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from winnow.costs.cost import Cost
from winnow.costs.money import shown
from winnow.costs.prices import PriceList, units
from winnow_cli.console import emit_json, note, say
from winnow_cli.costs import Costs, Spent
from winnow_cli.render.tables import table
from winnow_cli.target import Target

_NOTHING = "–"
_COLUMNS = ("runs", "records", "cost", "for 1,000 records")


def print_costs(found: Costs, idle: Cost, prices: PriceList, target: Target, as_json: bool) -> None:
    """Print all of it; or as one JSON document."""
    if as_json:
        emit_json(_document(found, idle, prices, target))
        return
    say(f"# Runs of {target.name} since {found.since}")
    if found.total.runs:
        _spent("day", {**found.days, "all": found.total})
        say("\n# By process")
        _spent("process", found.processes)
        say("\n# By step")
        _steps(found)
    else:
        say("No run has said what it cost.")
    say(f"\n# A month without a file, in {prices.region}")
    _bill(idle)
    note(f"List prices of {', '.join(sorted({*found.tables, prices.table}))}, without free tiers.")
    missing = sorted(found.missing | set(idle.missing))
    if missing:
        note("Not in the sums, since no price is known: " + "; ".join(_of(missing)) + ".")
    if found.unmeasured:
        note(f"{found.unmeasured:,} runs did not say what they cost: they failed, or are older.")


def _spent(name: str, rows: Mapping[str, Spent]) -> None:
    columns = [name, *_COLUMNS]
    cells = [
        [key or _NOTHING, f"{one.runs:,}", f"{one.records:,}", shown(one.usd), _share(one)]
        for key, one in rows.items()
    ]
    table(columns, cells, right=columns[1:])


def _share(one: Spent) -> str:
    return _NOTHING if one.per_1000 is None else shown(one.per_1000)


def _steps(found: Costs) -> None:
    total = sum(found.steps.values(), Decimal())
    rows = [
        [step, shown(usd), f"{usd / total:.0%}" if total else _NOTHING]
        for step, usd in found.steps.items()
    ]
    table(["step", "cost", "share"], rows, right=["cost", "share"])


def _bill(idle: Cost) -> None:
    rows = [
        [item.of, f"{item.quantity:,.4g}", _NOTHING if item.usd is None else shown(item.usd)]
        for item in idle.items
    ]
    rows.append(["all", "", ("at least " if idle.missing else "") + shown(idle.usd)])
    table(["what", "how many", "cost"], rows, right=["how many", "cost"])


def _of(names: list[str]) -> list[str]:
    return [units()[name] for name in names]


def _document(found: Costs, idle: Cost, prices: PriceList, target: Target) -> dict[str, Any]:
    def amount(usd: Decimal | None) -> float | None:
        return None if usd is None else float(usd)

    def rows(name: str, spent: Mapping[str, Spent]) -> list[dict[str, Any]]:
        return [
            {
                name: key,
                "runs": one.runs,
                "records": one.records,
                "usd": amount(one.usd),
                "per_1000_records": amount(one.per_1000),
            }
            for key, one in spent.items()
        ]

    return {
        "stack": target.name,
        "since": found.since,
        "currency": "USD",
        "regions": sorted(found.regions),
        "prices": sorted(found.tables),
        "runs": found.total.runs,
        "records": found.total.records,
        "usd": amount(found.total.usd),
        "per_1000_records": amount(found.total.per_1000),
        "days": rows("day", found.days),
        "processes": rows("process", found.processes),
        "steps": [{"step": step, "usd": amount(usd)} for step, usd in found.steps.items()],
        "missing": sorted(found.missing),
        "unmeasured": found.unmeasured,
        "idle_month": {
            "region": prices.region,
            "prices": prices.table,
            "usd": amount(idle.usd),
            "missing": list(idle.missing),
            "items": [
                {
                    "name": item.name,
                    "of": item.of,
                    "quantity": float(item.quantity),
                    "usd": amount(item.usd),
                }
                for item in idle.items
            ],
        },
    }
