"""How a stack is: tables with bars and sparklines on a terminal, tab-separated lines in a pipe."""

import sys
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from winnow_cli.console import emit_json, say, stdout
from winnow_cli.dashboard import Dashboard, Function, Records, Runs
from winnow_cli.render.tables import table
from winnow_cli.target import Target

_BLOCKS = "▁▂▃▄▅▆▇█"
_BAR_CELLS = 10
_NOTHING = "–"
_NEAR = 0.8
"""Share of a limit from which it is marked."""


def print_dashboard(found: Dashboard, target: Target, as_json: bool) -> None:
    """Print all of it; or as one JSON document."""
    if as_json:
        emit_json(_document(found, target))
        return
    hours = round((found.window.end - found.window.start) / 3_600)
    now = datetime.fromtimestamp(found.window.end, UTC)
    _heading(f"{target.name}: the last {hours} h until {now:%Y-%m-%d %H:%M} UTC")
    if found.code is not None:
        deployed = _age(found.code.at, found.window.end)
        say(f"Code {found.code.version}, deployed {deployed} ({found.code.at[:10]})")
    _alarms(found)
    _heading("Runs")
    _runs(found.runs)
    _heading("Records by process and version")
    _records(found.records, found.window.end)
    _heading("Functions")
    _functions(found.functions, found.window.end)


def sparkline(values: Sequence[float]) -> str:
    """The values as a row of blocks: the lowest is nothing, the largest value is a whole one.

    >>> sparkline([0, 1, 4, 8])
    '▁▂▅█'
    """
    most = max(values, default=0)
    last = len(_BLOCKS) - 1
    return "".join(
        _BLOCKS[max(1, round(value / most * last)) if value > 0 else 0] for value in values
    )


def bar(share: float | None, cells: int = _BAR_CELLS) -> str:
    """A share as a bar.

    >>> bar(0.5, 4)
    '██░░'
    """
    if share is None:
        return ""
    full = min(cells, max(0, round(share * cells)))
    return "█" * full + "░" * (cells - full)


def _heading(text: str) -> None:
    if sys.stdout.isatty():
        from rich.text import Text

        stdout().print(Text(f"\n{text}", style="bold"))
    else:
        say(f"\n# {text}")


def _alarms(found: Dashboard) -> None:
    if not found.alarms:
        say("No alarm rings.")
        return
    if not sys.stdout.isatty():
        for alarm in found.alarms:
            say(f"ALARM\t{alarm.name}\t{alarm.since}\t{alarm.description}")
        return
    from rich.text import Text

    screen = stdout()
    for alarm in found.alarms:
        screen.print(Text(f"● {alarm.name} since {alarm.since}", style="bold red"))
        for line in textwrap.wrap(alarm.description, max(40, screen.width - 2)):
            say(f"  {line}")


def _runs(runs: Runs) -> None:
    cells = (runs.started, runs.succeeded, runs.failed, runs.timed_out, runs.aborted)
    columns = ["started", "succeeded", "failed", "timed out", "aborted", "p50", "p95"]
    row = [*(f"{cell:,}" for cell in cells), _seconds(runs.p50_s), _seconds(runs.p95_s)]
    if sys.stdout.isatty():
        columns.append("started over time")
        row.append(sparkline(runs.over_time))
    style = "red" if runs.failed or runs.timed_out else ""
    table(columns, [row], [style], columns[:7], spare=["started over time"])


def _records(records: Sequence[Records], now: float) -> None:
    if not records:
        say("No records were judged.")
        return
    drawn = sys.stdout.isatty()
    columns = ["process", "version", "accepted", "review", "invalid", "review rate"]
    columns += ["agreement", "live precision", "drifted", "alias", "made"]
    spare = ["made"]
    if drawn:
        columns += ["", "judged over time"]
        spare = ["judged over time", "", "made"]
    rows = []
    for one in records:
        row = [
            one.process,
            one.version or "all",
            *(f"{count:,}" for count in (one.accepted, one.review, one.invalid)),
            _percent(one.review_rate),
            _of(_percent(one.agreement), one.decided),
            _precision(one),
            _percent(one.drift),
            one.alias or _NOTHING,
            _age(one.created, now),
        ]
        if drawn:
            row += [bar(one.review_rate), sparkline(one.over_time)]
        rows.append(row)
    table(columns, rows, right=columns[2:9], spare=spare)


def _precision(one: Records) -> str:
    if one.precision is None:
        return _NOTHING
    bound = "" if one.precision_lower is None else f" ≥{_percent(one.precision_lower)}"
    return _of(_percent(one.precision) + bound, one.audited or 0)


def _functions(functions: Sequence[Function], now: float) -> None:
    columns = ["function", "calls", "errors", "p95", "cpu", "memory", "of limit", "at once"]
    columns += ["throttles", "GB-s", "deployed"]
    rows, styles = [], []
    for one in functions:
        share = one.memory_mb / one.limit_mb if one.memory_mb and one.limit_mb else None
        at_once = _NOTHING if one.concurrency is None else f"{one.concurrency:,}"
        if one.reserved and one.concurrency is not None:
            at_once += f" of {one.reserved:,}"
        rows.append(
            [
                one.name,
                f"{one.calls:,}",
                f"{one.errors:,}",
                _seconds(None if one.p95_ms is None else one.p95_ms / 1_000),
                _seconds(one.cpu_s if one.calls else None),
                _NOTHING if one.memory_mb is None else f"{one.memory_mb:,.0f} MB",
                _memory(share),
                at_once,
                _NOTHING if one.throttles is None else f"{one.throttles:,}",
                f"{one.gb_s:,.1f}",
                _age(one.deployed_at, now),
            ]
        )
        near = (share or 0) >= _NEAR or bool(
            one.reserved and (one.concurrency or 0) >= _NEAR * one.reserved
        )
        styles.append("red" if one.errors or one.throttles else "yellow" if near else "")
    table(columns, rows, styles, columns[1:], spare=["GB-s", "deployed"])


def _memory(share: float | None) -> str:
    if share is None:
        return _NOTHING
    # The number first: cells lose spaces at their ends.
    drawn = f" {bar(share, 5)}" if sys.stdout.isatty() else ""
    return f"{_percent(share)}{drawn}"


def _seconds(value: float | None) -> str:
    if value is None:
        return _NOTHING
    return f"{value * 1_000:,.0f} ms" if value < 1 else f"{value:,.1f} s"


def _percent(share: float | None) -> str:
    return _NOTHING if share is None else f"{100 * share:.1f} %"


def _of(text: str, count: int) -> str:
    return text if text == _NOTHING else f"{text} of {count:,}"


def _age(at: str | None, now: float) -> str:
    if at is None:
        return _NOTHING
    seconds = max(0.0, now - datetime.fromisoformat(at).timestamp())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit} ago"
    return "just now"


def _document(found: Dashboard, target: Target) -> dict[str, Any]:
    def when(at: float) -> str:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

    return {
        "stack": target.name,
        "from": when(found.window.start),
        "until": when(found.window.end),
        "code": found.code.model_dump() if found.code else None,
        "alarms": [one._asdict() for one in found.alarms],
        "runs": asdict(found.runs),
        "records": [
            {**asdict(one), "review_rate": one.review_rate, "agreement": one.agreement}
            for one in found.records
        ],
        "functions": [asdict(one) for one in found.functions],
    }
