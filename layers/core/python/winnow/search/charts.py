"""Charts: what an engine has to count, and how the counts become series with their filters.

An engine gives groups; everything else is here, so that all engines answer alike.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from winnow.models import Outcome
from winnow.search.shapes import ChartId, Point, SearchFilter, Series, StatsAnswer, StatsRequest
from winnow.storage.times import iso

CONFIDENCE_EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Where the ten bins of the confidence begin, without the first one."""
AGES_S = (3_600, 86_400, 7 * 86_400, 30 * 86_400)
"""Seconds at which the age bins of waiting records end, without the last one."""
AGE_BINS = ("< 1 h", "< 1 day", "< 7 days", "< 30 days", "older")
MAX_DAYS = 92
"""A longer time is shown by month."""
DAY, MONTH = len("2026-11-27"), len("2026-11")
USD_DECIMALS = 6
SHARE_DECIMALS = 4

_UNITS = {
    ChartId.CALIBRATION: "share",
    ChartId.AGREEMENT: "share",
    ChartId.DURATION: "seconds",
    ChartId.COST: "USD",
}
_JUDGED = (Outcome.ACCEPTED, Outcome.REVIEW)


class Group(NamedTuple):
    """What an engine has counted: a number for one `x` of one series."""

    series: str
    x: str
    value: float | None
    records: int


def confidence_bin(confidence: float) -> str:
    """The bin that a confidence is in, as the engines name it: 0 to 9."""
    return str(bisect_right(CONFIDENCE_EDGES, confidence))


def age_starts(now: float) -> tuple[str, ...]:
    """When the records of each age bin but the oldest were judged, at the earliest."""
    return tuple(iso(now - age) for age in AGES_S)


def bucket(first: str, last: str) -> int:
    """How many characters of a time name its bucket: a day's or a month's."""
    days = (date.fromisoformat(last[:DAY]) - date.fromisoformat(first[:DAY])).days
    return DAY if days < MAX_DAYS else MONTH


def share(part: float, whole: int) -> float | None:
    """A share as charts have it."""
    return round(part / whole, SHARE_DECIMALS) if whole else None


def answer(
    request: StatsRequest, total: int, groups: Iterable[Group], now: float, **state: Any
) -> StatsAnswer:
    """The chart of what an engine has counted."""
    filters = request.filters
    to_filter = _FILTERS[request.chart](now)
    series: dict[str, list[Point]] = {}
    for group in groups:
        narrowed = narrow(filters, **to_filter(group))
        name, x = group.series, _shown(request.chart, group.x)
        series.setdefault(name, []).append(
            Point(x=x, value=group.value, records=group.records, filters=narrowed)
        )
    return StatsAnswer(
        chart=request.chart,
        total=total,
        unit=_UNITS.get(request.chart, "records"),
        series=tuple(Series(id=name, points=tuple(points)) for name, points in series.items()),
        query=request.query,
        **state,
    )


def narrow(filters: SearchFilter, **conditions: Any) -> SearchFilter:
    """The filter with more conditions: what fulfils both."""
    changed: dict[str, Any] = {}
    for name, value in conditions.items():
        held = getattr(filters, name)
        if isinstance(value, tuple):
            changed[name] = tuple(one for one in value if one in held) if held else value
        elif held is None:
            changed[name] = value
        elif name in ("since", "confidence_from"):
            changed[name] = max(held, value)
        elif name in ("until", "confidence_to"):
            changed[name] = min(held, value)
        else:
            changed[name] = value
    return filters.model_copy(update=changed)


_Conditions = Callable[[Group], Mapping[str, Any]]


def _time(x: str) -> dict[str, str]:
    if len(x) == DAY:
        return {"since": x, "until": (date.fromisoformat(x) + timedelta(days=1)).isoformat()}
    year, month = map(int, x.split("-"))
    return {"since": x, "until": f"{year + month // 12:04d}-{month % 12 + 1:02d}"}


def _confidence(group: Group) -> dict[str, Any]:
    edges = (0.0, *CONFIDENCE_EDGES, 1.0)
    first = int(group.x)
    return {
        "confidence_from": edges[first],
        "confidence_to": edges[first + 1],
        "answered": True,
    }


def _agreement(group: Group) -> dict[str, Any]:
    version: dict[str, Any] = {"versions": (group.x,)}
    if group.series == "agreement":
        return version | {"answered": True}
    return version | {"outcomes": _JUDGED, "erased": False}


def _ages(now: float) -> _Conditions:
    starts = age_starts(now)

    def conditions(group: Group) -> dict[str, Any]:
        number = int(group.x)
        found: dict[str, Any] = {
            "outcomes": (Outcome.REVIEW,),
            "reviewed": False,
            "erased": False,
        }
        if number < len(starts):
            found["since"] = starts[number]
        if number:
            found["until"] = starts[number - 1]
        return found

    return conditions


_FILTERS: Mapping[ChartId, Callable[[float], _Conditions]] = {
    ChartId.OUTCOMES: lambda _: lambda g: _time(g.x) | {"outcomes": (Outcome(g.series),)},
    ChartId.CALIBRATION: lambda _: _confidence,
    ChartId.DECISIONS: lambda _: lambda g: {"decisions": (g.x,)},
    ChartId.REASONS: lambda _: lambda g: {"outcomes": (Outcome(g.series),), "reasons": (g.x,)},
    ChartId.AGREEMENT: lambda _: _agreement,
    ChartId.DURATION: lambda _: lambda g: _time(g.x),
    ChartId.QUEUE_AGE: _ages,
    ChartId.COST: lambda _: lambda g: _time(g.x),
}


def _shown(chart: ChartId, x: str) -> str:
    if chart is ChartId.CALIBRATION:
        return f"{int(x) / 10:.1f}–{(int(x) + 1) / 10:.1f}"
    return AGE_BINS[int(x)] if chart is ChartId.QUEUE_AGE else x
