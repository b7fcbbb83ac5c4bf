"""What files will take and cost: a table, or JSON."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from winnow.costs.money import shown
from winnow.costs.prices import PriceList, units
from winnow_cli.console import clean, emit_json, note
from winnow_cli.estimates import MEASURED_DAYS, FileEstimate
from winnow_cli.render.tables import table

_NOTHING = "–"


def print_estimates(
    files: Sequence[FileEstimate], per_1000: Decimal | None, prices: PriceList, as_json: bool
) -> None:
    """Print what each file will take; nothing was dropped."""
    if as_json:
        emit_json(_document(files, per_1000, prices))
        return
    columns = ["file", "records", "sentences", "chunks", "time", "cost"]
    table(columns, [_row(one) for one in files], right=columns[1:])
    note(f"Estimated, at list prices of {prices.region} ({prices.table}). Nothing was dropped.")
    if per_1000 is not None:
        cost = f"{shown(per_1000)} for 1,000 records"
        note(f"In {MEASURED_DAYS} days runs of this process have cost {cost}.")
    missing = sorted({name for one in files if one.cost for name in one.cost.missing})
    if missing:
        note("Not in it, since no price is known: " + "; ".join(units()[m] for m in missing) + ".")
    if any(one.estimate is None for one in files):
        note("A file with scanned pages has no records before they are read.")


def _row(one: FileEstimate) -> list[str]:
    if one.estimate is None or one.cost is None:
        return [clean(str(one.path)), *[_NOTHING] * 5]
    found = one.estimate
    counts = (found.records, found.sentences, found.chunks)
    least = "at least " if one.cost.missing else ""
    return [
        clean(str(one.path)),
        *(f"{number:,}" for number in counts),
        _time(found.seconds),
        least + shown(one.cost.usd),
    ]


def _time(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"


def _document(
    files: Sequence[FileEstimate], per_1000: Decimal | None, prices: PriceList
) -> dict[str, Any]:
    return {
        "region": prices.region,
        "prices": prices.table,
        "measured_per_1000_records": None if per_1000 is None else float(per_1000),
        "files": [
            {
                "file": str(one.path),
                "records": one.estimate.records if one.estimate else None,
                "sentences": one.estimate.sentences if one.estimate else None,
                "chunks": one.estimate.chunks if one.estimate else None,
                "seconds": round(one.estimate.seconds, 1) if one.estimate else None,
                "cost": one.cost.model_dump(mode="json") if one.cost else None,
                "units": one.estimate.units.model_dump(mode="json") if one.estimate else None,
            }
            for one in files
        ],
    }
