"""Charts on a terminal: the chart's table, each row with its bar."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from winnow.search.drawing import STACKED, WORDS, columns, role_of, series_name, shown_value
from winnow.search.shapes import StatsAnswer
from winnow_cli.console import clean, emit_json, say, stdout
from winnow_cli.render.tables import table

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_STYLES = {"series0": "blue", "series1": "yellow", "series2": "magenta"}
_FILLS = {"series0": "█", "series1": "▒", "series2": "░"}
_MIN_BAR, _MAX_BAR = 10, 60


def print_charts(answers: Sequence[StatsAnswer], as_json: bool) -> None:
    """Print charts; or as one JSON document."""
    if as_json:
        emit_json({"charts": [one.model_dump(mode="json", exclude_none=True) for one in answers]})
        return
    for number, answer in enumerate(answers):
        if number:
            say()
        say(f"# {WORDS[answer.chart].title} ({answer.total:,} records)")
        if answer.series:
            _print(answer)
        else:
            say("No records to show.")


def _print(answer: StatsAnswer) -> None:
    screen = stdout()
    if not screen.is_terminal:
        _print_lines(answer)
        return
    for part in chart_lines(answer, screen.width):
        screen.print(part, soft_wrap=False)


def chart_lines(answer: StatsAnswer, width: int) -> Iterator["RenderableType"]:
    """A chart for a screen of this width: its table with the bars, then which fill is which."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = [series_name(answer.chart, series.id) for series in answer.series]
    parts = _parts(answer)
    most = max((sum(value for _, value in cells) for _, _, cells in parts), default=0.0)
    drawn = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    drawn.add_column(Text(WORDS[answer.chart].x), overflow="ellipsis", no_wrap=True, max_width=32)
    used = 34
    if answer.chart in STACKED or len(names) == 1:
        for name in names:
            drawn.add_column(Text(clean(name)), justify="right", no_wrap=True)
            used += len(name) + 2
    else:
        drawn.add_column(Text(""), no_wrap=True)
        drawn.add_column(Text(WORDS[answer.chart].y), justify="right", no_wrap=True)
        used += 30
    drawn.add_column(Text(""), no_wrap=True)
    bar = max(_MIN_BAR, min(_MAX_BAR, width - used))
    if answer.unit == "share":
        most = 1.0
    for name, numbers, cells in parts:
        drawn.add_row(Text(clean(name)), *map(Text, numbers), _bar(answer, cells, most, bar))
    yield drawn
    if len(names) > 1:
        legend = Text("  ")
        for series, name in zip(answer.series, names, strict=True):
            role = role_of(series)
            legend.append(f"{_FILLS[role]} ", style=_STYLES[role]).append(f"{clean(name)}   ")
        yield legend


def _parts(answer: StatsAnswer) -> list[tuple[str, list[str], list[tuple[int, float]]]]:
    """The rows: a name, its cells, and the series and value of each piece of its bar."""
    rows = []
    together = answer.chart in STACKED or len(answer.series) == 1
    for column in columns(answer):
        found = {cell.series: cell.point.value for cell in column.cells}
        if together:
            numbers = [shown_value(answer, found.get(n, 0)) for n in range(len(answer.series))]
            rows.append((column.x, numbers, [(n, value or 0) for n, value in found.items()]))
            continue
        for place, (number, value) in enumerate(found.items()):
            name = series_name(answer.chart, answer.series[number].id)
            shown = [name, shown_value(answer, value)]
            rows.append(("" if place else column.x, shown, [(number, value or 0)]))
    return rows


def _bar(
    answer: StatsAnswer, cells: Sequence[tuple[int, float]], most: float, width: int
) -> "Text":
    """A bar; each series has a fill of its own, so that no colour is needed to tell them apart."""
    from rich.text import Text

    bar, end, done = Text(), 0.0, 0
    for number, value in cells:
        role = role_of(answer.series[number])
        end += value
        stop = round(end / most * width) if most else 0
        # What is not nothing can be seen.
        stop = max(stop, done + 1) if value else stop
        bar.append(_FILLS[role] * (stop - done), style=_STYLES[role])
        done = max(done, stop)
    return bar


def _print_lines(answer: StatsAnswer) -> None:
    """Tab-separated: each point with the number of records behind it."""
    rows = [
        [point.x, series.id, _plain(point.value), str(point.records)]
        for series in answer.series
        for point in series.points
    ]
    table([WORDS[answer.chart].x, "series", answer.unit, "of records"], rows)


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"
