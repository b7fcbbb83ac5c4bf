"""The pictures of the charts: one drawing for the page, for files, and for the docs.

A drawing is a list of rectangles, lines, dots and texts with a role each. Whoever shows it knows
what a role looks like: `svg` writes a file, the page makes elements, the command line draws PNG.
No chart library: the page's policy forbids the scripts and inline styles of those that draw SVG,
and each mark has to be a link to the records behind it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

from pydantic import Field

from winnow.models import FrozenModel
from winnow.search.shapes import ChartId, Point, Series, StatsAnswer

WIDTH = 720
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 80, 52
_PLOT = 216
"""Height of what is drawn of a chart with upright bars."""
_ROW = 26
"""Height of a row of a chart with bars that lie."""
_NAMES = 216
"""Width of the names in front of bars that lie."""
MAX_ROWS = 15
"""Rows of a chart with bars that lie. Its table has all."""
_GLYPH = 6.4
"""Width of a character of the small texts, about."""
_MANY_TICKS = 5
_DAY = len("2026-11-27")

Role = Literal[
    "title", "label", "value", "axis", "grid", "series0", "series1", "series2", "quiet", "legend"
]


class Words(NamedTuple):
    """How a chart is called."""

    title: str
    x: str
    y: str
    series: Mapping[str, str]
    """The names of its series; others are called by their ids."""


_OUTCOMES = {"accepted": "accepted", "review": "for review", "invalid": "invalid"}
WORDS: Mapping[ChartId, Words] = {
    ChartId.OUTCOMES: Words("Records by outcome", "judged", "records", _OUTCOMES),
    ChartId.CALIBRATION: Words(
        "Confidence against what people decided",
        "confidence",
        "share",
        {"agreed": "people agreed", "confidence": "mean confidence"},
    ),
    ChartId.DECISIONS: Words("Records by decision", "decision", "records", {}),
    ChartId.REASONS: Words("Why records are not accepted", "reason", "records", _OUTCOMES),
    ChartId.AGREEMENT: Words(
        "Review rate and agreement by version",
        "version",
        "share",
        {"review_rate": "for review", "agreement": "people agreed"},
    ),
    ChartId.DURATION: Words(
        "Time from drop to result", "judged", "seconds", {"p50": "half", "p95": "95 of 100"}
    ),
    ChartId.QUEUE_AGE: Words(
        "How long records wait for a person", "since judged", "records", {"waiting": "waiting"}
    ),
    ChartId.COST: Words("Cost of runs", "judged", "US dollars", {"usd": "US dollars"}),
}
_COLOURS: Mapping[str, int] = {
    **{"accepted": 0, "review": 1, "invalid": 2},
    **{"agreed": 0, "confidence": 1, "agreement": 0, "review_rate": 1, "p50": 0, "p95": 1},
}
"""The colour of a series; one that is not named has the first. The same thing is the same colour
in each chart, also where other series are absent."""
_LYING = {ChartId.DECISIONS, ChartId.REASONS, ChartId.AGREEMENT}
STACKED = {ChartId.OUTCOMES, ChartId.REASONS}
_OVER_TIME = {ChartId.OUTCOMES, ChartId.DURATION, ChartId.COST}
_SHARES = {ChartId.CALIBRATION, ChartId.AGREEMENT}


class Behind(FrozenModel):
    """The point of the answer that a mark shows: what it is a link to."""

    series: int
    point: int


class Mark(FrozenModel):
    """Something that is drawn. Lengths are in pixels, from the left and from the top."""

    kind: Literal["rect", "line", "dot", "text"]
    role: Role
    x: float
    y: float
    x2: float | None = Field(None, description="right edge of a rect, end of a line")
    y2: float | None = Field(None, description="bottom of a rect, end of a line")
    text: str | None = Field(None, description="of a text; of others what they say")
    anchor: Literal["start", "middle", "end"] = "start"
    behind: Behind | None = None


class Drawing(FrozenModel):
    """A picture of a chart."""

    title: str
    summary: str = Field(description="what the picture says, in words: its accessible name")
    width: int = WIDTH
    height: int
    marks: tuple[Mark, ...]


def draw(answer: StatsAnswer) -> Drawing:
    """The picture of a chart."""
    words = WORDS[answer.chart]
    lying = answer.chart in _LYING
    places = columns(answer)
    hidden = max(0, len(places) - MAX_ROWS) if lying else 0
    shown = places[:MAX_ROWS] if lying else places
    height = _TOP + _BOTTOM + (_ROW * max(1, len(shown)) if lying else _PLOT)
    marks = [Mark(kind="text", role="title", x=0, y=20, text=words.title)]
    marks += _legend(answer, words)
    if not shown:
        nothing = "No records to show."
        marks.append(Mark(kind="text", role="label", x=_LEFT, y=height / 2, text=nothing))
    elif lying:
        marks += _Lying(answer, words, shown, height).marks(hidden)
    else:
        marks += _Upright(answer, words, shown, height).marks()
    return Drawing(
        title=words.title, summary=_summary(answer, words), height=height, marks=tuple(marks)
    )


def series_name(chart: ChartId, series: str) -> str:
    """What people call a series."""
    return WORDS[chart].series.get(series, series)


def shown_value(answer: StatsAnswer, value: float | None) -> str:
    """A value as it is printed.

    >>> shown_value(StatsAnswer(chart="calibration", total=0, unit="share", series=()), 0.9512)
    '95.1 %'
    """
    if value is None:
        return "–"
    if answer.unit == "share":
        return f"{value * 100:.1f} %"
    if answer.unit == "records":
        return f"{value:,.0f}"
    if answer.unit == "seconds":
        return f"{value:,.1f} s"
    return f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:.6f}".rstrip("0")


# -- what is drawn -----------------------------------------------------------------------------


class Cell(NamedTuple):
    """One point of a series."""

    series: int
    at: int
    """Its place in the series."""
    point: Point


class Column(NamedTuple):
    """All that is drawn at one `x`."""

    x: str
    cells: tuple[Cell, ...]

    @property
    def whole(self) -> float:
        """The sum of its values."""
        return math.fsum(cell.point.value or 0 for cell in self.cells)


def columns(answer: StatsAnswer) -> list[Column]:
    """The places of the axis, in their order: of a time also the days without records."""
    found: dict[str, list[Cell]] = {}
    for number, series in enumerate(answer.series):
        for at, point in enumerate(series.points):
            found.setdefault(point.x, []).append(Cell(number, at, point))
    names = list(found)
    if answer.chart in _OVER_TIME and names:
        names = _times(min(names), max(names))
    elif answer.chart is ChartId.CALIBRATION:
        names.sort()
    elif answer.chart is ChartId.REASONS:
        names.sort(key=lambda name: -math.fsum(c.point.value or 0 for c in found[name]))
    return [Column(name, tuple(found.get(name, ()))) for name in names]


def _times(first: str, last: str) -> list[str]:
    """The days or months from the first to the last.

    >>> _times("2026-11", "2027-01")
    ['2026-11', '2026-12', '2027-01']
    """
    times = [first]
    while times[-1] < last:
        if len(first) == _DAY:
            following = date.fromisoformat(times[-1]) + timedelta(days=1)
            times.append(following.isoformat())
        else:
            following = date.fromisoformat(f"{times[-1]}-28") + timedelta(days=4)
            times.append(following.isoformat()[: len(first)])
    return times


def ticks(most: float) -> list[float]:
    """Round numbers from zero to beyond the greatest value, at most six.

    >>> ticks(23)
    [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]
    """
    if most <= 0:
        return [0.0, 1.0]
    rough = most / _MANY_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough * (1 - 1e-9))
    count = max(1, math.ceil(most / step * (1 - 1e-9)))
    return [round(step * number, 12) for number in range(count + 1)]


class _Plot:
    """What both kinds of charts share."""

    def __init__(
        self, answer: StatsAnswer, words: Words, shown: Sequence[Column], height: int
    ) -> None:
        self.answer, self.words, self.columns, self.height = answer, words, shown, height
        self.stacked = answer.chart in STACKED
        whole = answer.unit == "records"
        if answer.chart in _SHARES:
            self.ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        else:
            most = max(map(self._most, shown))
            self.ticks = ticks(max(most, 1.0) if whole else most)
            if whole:
                self.ticks = [tick for tick in self.ticks if tick == int(tick)]

    def _most(self, column: Column) -> float:
        if self.stacked:
            return column.whole
        return max((cell.point.value or 0 for cell in column.cells), default=0)

    def said(self, cell: Cell) -> str:
        """What a mark says when somebody points at it."""
        name = series_name(self.answer.chart, self.answer.series[cell.series].id)
        value = shown_value(self.answer, cell.point.value)
        more = "" if self.answer.unit == "records" else f" of {cell.point.records:,} records"
        return f"{cell.point.x}, {name}: {value}{more}"

    def tick(self, value: float) -> str:
        if self.answer.unit == "share":
            return f"{value * 100:.0f} %"
        return f"{value:,.12g}"

    def bar(self, cell: Cell, x: float, y: float, x2: float, y2: float) -> Mark:
        return Mark(
            kind="rect",
            role=role_of(self.answer.series[cell.series]),
            x=_px(x),
            y=_px(y),
            x2=_px(x2),
            y2=_px(y2),
            text=self.said(cell),
            behind=Behind(series=cell.series, point=cell.at),
        )


class _Upright(_Plot):
    """Bars or lines over a horizontal axis."""

    @property
    def bottom(self) -> float:
        return self.height - _BOTTOM

    def at(self, value: float) -> float:
        return self.bottom - _PLOT * value / self.ticks[-1]

    def marks(self) -> Iterator[Mark]:
        end = WIDTH - _RIGHT
        for tick in self.ticks:
            y, role = _px(self.at(tick)), "axis" if tick == 0 else "grid"
            yield Mark(kind="line", role=role, x=_LEFT, y=y, x2=end, y2=y)
            yield Mark(
                kind="text", role="label", x=_LEFT - 8, y=y + 4, text=self.tick(tick), anchor="end"
            )
        yield Mark(kind="text", role="label", x=0, y=_TOP - 14, text=self.words.y)
        step = (end - _LEFT) / len(self.columns)
        skip = math.ceil(max(len(c.x) for c in self.columns) * _GLYPH / step + 0.1)
        for number, column in enumerate(self.columns):
            middle = _LEFT + step * (number + 0.5)
            if number % skip == 0:
                yield Mark(
                    kind="text",
                    role="label",
                    x=_px(middle),
                    y=self.bottom + 18,
                    text=column.x,
                    anchor="middle",
                )
            if self.answer.chart is ChartId.DURATION:
                continue
            yield from self._bars(column, middle, min(56.0, step * 0.72))
        if self.answer.chart is ChartId.DURATION:
            yield from self._lines(step)
        yield Mark(
            kind="text",
            role="label",
            x=_px((_LEFT + end) / 2),
            y=self.bottom + 40,
            text=self.words.x,
            anchor="middle",
        )

    def _bars(self, column: Column, middle: float, wide: float) -> Iterator[Mark]:
        under = 0.0
        each = wide if self.stacked else wide / max(1, len(self.answer.series))
        for cell in column.cells:
            value = cell.point.value
            if not value:
                continue
            left = middle - wide / 2 + (0 if self.stacked else each * cell.series)
            top = self.at(under + value)
            # A bar that stands for a record can be seen, however long the others are.
            top = min(top, self.at(under) - 1)
            yield self.bar(cell, left, top, left + each, self.at(under))
            if self.stacked:
                under += value

    def _lines(self, step: float) -> Iterator[Mark]:
        for number, series in enumerate(self.answer.series):
            before: tuple[float, float] | None = None
            role = role_of(series)
            dots = []
            for place, column in enumerate(self.columns):
                cell = next((c for c in column.cells if c.series == number), None)
                if cell is None or cell.point.value is None:
                    before = None
                    continue
                x, y = _px(_LEFT + step * (place + 0.5)), _px(self.at(cell.point.value))
                if before:
                    yield Mark(kind="line", role=role, x=before[0], y=before[1], x2=x, y2=y)
                before = (x, y)
                behind = Behind(series=number, point=cell.at)
                dots.append(
                    Mark(kind="dot", role=role, x=x, y=y, text=self.said(cell), behind=behind)
                )
            yield from dots


class _Lying(_Plot):
    """Bars beside names."""

    def marks(self, hidden: int) -> Iterator[Mark]:
        left, end = float(_NAMES), WIDTH - _RIGHT - 64.0
        bottom = self.height - _BOTTOM
        for tick in self.ticks:
            x, role = _px(left + (end - left) * tick / self.ticks[-1]), "grid" if tick else "axis"
            yield Mark(kind="line", role=role, x=x, y=_TOP - 6, x2=x, y2=bottom)
            yield Mark(
                kind="text", role="label", x=x, y=bottom + 16, text=self.tick(tick), anchor="middle"
            )
        for row, column in enumerate(self.columns):
            top = _TOP + _ROW * row
            name = _cut(column.x, int((_NAMES - 12) / _GLYPH))
            yield Mark(
                kind="text", role="value", x=_NAMES - 10, y=top + 14, text=name, anchor="end"
            )
            yield from self._bars(column, left, end, top)
        below = self.words.y
        if hidden:
            below += f"; {hidden} more in the table"
        yield Mark(
            kind="text",
            role="label",
            x=_px((left + end) / 2),
            y=bottom + 38,
            text=below,
            anchor="middle",
        )

    def _bars(self, column: Column, left: float, end: float, top: float) -> Iterator[Mark]:
        scale = (end - left) / self.ticks[-1]
        x, high = left, 18.0 if self.stacked or len(self.answer.series) == 1 else 9.0
        for cell in column.cells:
            value = cell.point.value
            if value is None:
                continue
            y = top + (0 if high > 9 else high * cell.series)
            right = max(x + value * scale, x + 1) if value else x
            if value:
                yield self.bar(cell, x, y, right, y + high)
            if high <= 9:
                text = shown_value(self.answer, value)
                yield Mark(kind="text", role="label", x=_px(right + 6), y=_px(y + 8.5), text=text)
            if self.stacked:
                x = right
        if high > 9:
            right = x if self.stacked else left + max(column.whole * scale, 1)
            text = shown_value(self.answer, column.whole)
            yield Mark(kind="text", role="label", x=_px(right + 6), y=top + 13, text=text)


def role_of(series: Series) -> Role:
    """The colour of a series."""
    roles: tuple[Role, ...] = ("series0", "series1", "series2")
    return roles[_COLOURS.get(series.id, 0)]


def _legend(answer: StatsAnswer, words: Words) -> Iterator[Mark]:
    if len(answer.series) < 2:
        return
    x = 0.0
    for series in answer.series:
        name = words.series.get(series.id, series.id)
        yield Mark(kind="rect", role=role_of(series), x=x, y=32, x2=x + 12, y2=44)
        yield Mark(kind="text", role="legend", x=x + 18, y=42, text=name)
        x = _px(x + 18 + len(name) * (_GLYPH + 0.6) + 20)


def _summary(answer: StatsAnswer, words: Words) -> str:
    """The picture in words."""
    sums = []
    for series in answer.series:
        name = words.series.get(series.id, series.id)
        if answer.unit in ("records", "USD"):
            whole = math.fsum(point.value or 0 for point in series.points)
            shown = shown_value(answer, whole)
            sums.append(shown if len(answer.series) == 1 else f"{name} {shown}")
        else:
            values = [p.value for p in series.points if p.value is not None]
            if values:
                low, high = (shown_value(answer, one) for one in (min(values), max(values)))
                sums.append(f"{name} {low}" + ("" if low == high else f" to {high}"))
    told = "; ".join(sums) or "nothing to show"
    return f"{words.title}, of {answer.total:,} records: {told}. The table has each number."


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _px(value: float) -> float:
    return round(value, 1)
