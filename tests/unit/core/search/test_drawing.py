"""The pictures of charts: each point is drawn, inside the picture, in colours that can be seen."""

import itertools
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.search.charts import _UNITS
from winnow.search.drawing import (
    MAX_ROWS,
    WORDS,
    Drawing,
    columns,
    draw,
    shown_value,
    ticks,
)
from winnow.search.shapes import ChartId, Point, SearchFilter, Series, StatsAnswer
from winnow.search.svg import DARK, GROUND_DARK, GROUND_LIGHT, LIGHT, NAMESPACE, clean, svg

HOSTILE = '<script>alert("x")</script>\x1b[31m\u202e\x00 & "'
SERIES = {
    ChartId.OUTCOMES: ("accepted", "review", "invalid"),
    ChartId.CALIBRATION: ("agreed", "confidence"),
    ChartId.DECISIONS: ("records",),
    ChartId.REASONS: ("review", "invalid"),
    ChartId.AGREEMENT: ("review_rate", "agreement"),
    ChartId.DURATION: ("p50", "p95"),
    ChartId.QUEUE_AGE: ("waiting",),
    ChartId.COST: ("usd",),
}
OVER_TIME = (ChartId.OUTCOMES, ChartId.DURATION, ChartId.COST)


def days(count: int) -> list[str]:
    return [(date(2026, 9, 1) + timedelta(days=n)).isoformat() for n in range(count)]


@st.composite
def answers(draws: st.DrawFn) -> StatsAnswer:
    chart = draws(st.sampled_from(ChartId))
    unit = _UNITS.get(chart, "records")
    if chart in OVER_TIME:
        names = draws(st.lists(st.sampled_from(days(92)), unique=True, max_size=20).map(sorted))
    else:
        names = draws(st.lists(st.text(min_size=1, max_size=60), unique=True, max_size=25))
    most = 1.0 if unit == "share" else 1e7
    values: st.SearchStrategy[float | None] = st.floats(0, most).map(lambda v: round(v, 6))
    if unit == "records":
        values = st.integers(1, 10**7).map(float)
    elif chart is not ChartId.COST:
        values = st.none() | values
    series = []
    for name in SERIES[chart]:
        points = [
            Point(x=x, value=draws(values), records=1, filters=SearchFilter())
            for x in names
            if draws(st.booleans())
        ]
        if points:
            series.append(Series(id=name, points=tuple(points)))
    return StatsAnswer(chart=chart, total=len(names), unit=unit, series=tuple(series))


def behind(drawing: Drawing) -> set[tuple[int, int]]:
    return {(m.behind.series, m.behind.point) for m in drawing.marks if m.behind is not None}


@given(answers())
def test_every_point_with_a_value_is_a_mark_that_leads_to_its_records(answer: StatsAnswer) -> None:
    shown = {
        (cell.series, cell.at)
        for column in columns(answer)[: MAX_ROWS if "lying" in kind(answer) else None]
        for cell in column.cells
        if cell.point.value
    }
    drawn = behind(draw(answer))
    if answer.chart is ChartId.DURATION:  # A dot may be at zero.
        drawn = {place for place in drawn if value_at(answer, place)}
    assert drawn == shown


def kind(answer: StatsAnswer) -> str:
    lying = (ChartId.DECISIONS, ChartId.REASONS, ChartId.AGREEMENT)
    return "lying" if answer.chart in lying else "upright"


def value_at(answer: StatsAnswer, place: tuple[int, int]) -> float | None:
    return answer.series[place[0]].points[place[1]].value


@given(answers())
def test_all_is_inside_the_picture_and_bars_lie_beside_each_other(answer: StatsAnswer) -> None:
    drawing = draw(answer)
    bars = []
    for mark in drawing.marks:
        xs = [mark.x] if mark.x2 is None else [mark.x, mark.x2]
        ys = [mark.y] if mark.y2 is None else [mark.y, mark.y2]
        assert all(0 <= x <= drawing.width for x in xs)
        assert all(0 <= y <= drawing.height for y in ys)
        if mark.kind == "rect":
            assert mark.x2 is not None
            assert mark.y2 is not None
            assert (mark.x2 > mark.x) or answer.unit != "records"
            if mark.behind is not None:
                bars.append((mark.x, mark.y, mark.x2, mark.y2))
    # By a pixel, where a bar is longer than its value so that it can be seen.
    for a, b in itertools.combinations(bars, 2):
        wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        assert min(wide, high) <= 1.1


@given(answers())
def test_the_svg_is_xml_without_scripts_whose_bars_say_their_numbers(answer: StatsAnswer) -> None:
    drawing = draw(answer)
    root = ET.fromstring(svg(drawing))
    tags = {element.tag.removeprefix(f"{{{NAMESPACE}}}") for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "line", "circle", "text"}
    assert not [name for e in root.iter() for name in e.attrib if name.startswith("on")]
    said = [t.text for t in root.findall(f".//{{{NAMESPACE}}}title")][1:]
    assert len(said) == sum(m.text is not None and m.kind != "text" for m in drawing.marks)
    assert root.attrib["role"] == "img"


@pytest.mark.parametrize("chart", ChartId)
def test_hostile_names_stay_text(chart: ChartId) -> None:
    x = "2026-11-01" if chart in OVER_TIME else HOSTILE
    point = Point(x=x, value=0.5, records=3, filters=SearchFilter())
    series = tuple(Series(id=name, points=(point,)) for name in SERIES[chart])
    unit = _UNITS.get(chart, "records")
    drawing = draw(StatsAnswer(chart=chart, total=3, unit=unit, series=series))
    root = ET.fromstring(svg(drawing))
    assert root.find(f".//{{{NAMESPACE}}}script") is None
    assert not set("\x1b\u202e\x00") & set("".join(root.itertext()))


def test_an_empty_chart_says_so_and_has_a_name() -> None:
    for chart in ChartId:
        drawing = draw(StatsAnswer(chart=chart, total=0, unit="records", series=()))
        assert "No records to show." in [mark.text for mark in drawing.marks]
        assert drawing.title == WORDS[chart].title
        assert WORDS[chart].title in drawing.summary


def test_a_time_without_records_keeps_its_place() -> None:
    points = [
        Point(x=x, value=1, records=1, filters=SearchFilter()) for x in ("2026-02-27", "2026-03-02")
    ]
    series = (Series(id="accepted", points=tuple(points)),)
    answer = StatsAnswer(chart=ChartId.OUTCOMES, total=2, unit="records", series=series)
    assert [column.x for column in columns(answer)] == [
        *("2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02")
    ]


@given(st.floats(1e-9, 1e12))
def test_ticks_are_few_and_reach_beyond_the_greatest_value(most: float) -> None:
    found = ticks(most)
    assert 2 <= len(found) <= 7
    assert found[0] == 0
    assert found[-1] >= most * (1 - 1e-6)
    assert found[-2] <= most


@pytest.mark.parametrize(
    ("unit", "value", "shown"),
    [
        ("share", 0.9512, "95.1 %"),
        ("records", 12345.0, "12,345"),
        ("seconds", 3.14159, "3.1 s"),
        ("USD", 0.000411, "$0.000411"),
        ("USD", 1234.5, "$1,234.50"),
        ("USD", 0.0, "$0.00"),
        ("share", None, "–"),
    ],
)
def test_values_are_shown_with_their_units(unit: str, value: float | None, shown: str) -> None:
    answer = StatsAnswer(chart=ChartId.COST, total=0, unit=unit, series=())
    assert shown_value(answer, value) == shown


# -- colours -----------------------------------------------------------------------------------

# How people without one of the three kinds of cones see a colour: matrices of Machado, Oliveira
# and Fernandes (2009), severity 1.0, over linear RGB.
SIGHTS = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear(colour: str) -> list[float]:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def luminance(colour: str) -> float:
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: list[float]) -> list[float]:
    to_xyz = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    x, y, z = (
        max(0.0, sum(w * p for w, p in zip(row, rgb, strict=True)) / white[n]) ** (1 / 3)
        for n, row in enumerate(to_xyz)
    )
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


def seen(colour: str, sight: str) -> list[float]:
    rgb = linear(colour)
    return lab([sum(w * p for w, p in zip(row, rgb, strict=True)) for row in SIGHTS[sight]])


@pytest.mark.parametrize("colours", [(LIGHT, GROUND_LIGHT), (DARK, GROUND_DARK)])
def test_texts_and_bars_have_contrast(colours: tuple[dict[str, str], str]) -> None:
    palette, ground = colours
    for role in ("title", "label", "value", "legend"):
        assert contrast(palette[role], ground) >= 4.5
    for role in ("series0", "series1", "series2", "axis"):
        assert contrast(palette[role], ground) >= 3


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_series_differ_for_everybody(palette: dict[str, str], sight: str) -> None:
    series = [seen(palette[f"series{n}"], sight) for n in range(3)]
    for one, other in itertools.combinations(series, 2):
        assert sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5 > 15


def test_no_control_character_gets_into_a_file() -> None:
    assert clean(HOSTILE).isprintable()
