"""Charts and hits on a terminal, in a pipe, and in files."""

import csv
import json
from io import BytesIO
from pathlib import Path

import duckdb
import pytest
from PIL import Image
from rich.cells import cell_len

from tests.fakes.results import Folders, Judged
from winnow.search.drawing import draw
from winnow.search.exports import COLUMNS
from winnow.search.memory import MemorySearcher
from winnow.search.shapes import ChartId, SearchFilter, SearchRequest, StatsRequest
from winnow_cli.render.chart_png import png
from winnow_cli.render.charts import print_charts
from winnow_cli.render.hits import print_hits, write_export

TEXT = "=Iron deficiency\x1b[31m anemia, and no bleeding."


@pytest.fixture
def engine() -> MemorySearcher:
    folders = Folders()
    records = [Judged(TEXT, "met", 0.95), Judged(TEXT, "undetermined", 0.4), Judged("", None)]
    folders.run("triage", "u1", records * 4)
    folders.review("triage", "u1", {1: "met", 2: "not_met", 4: "not_met"})
    rows = [row for folder in folders.folders() for row in folders.rows(*folder)]
    return MemorySearcher(rows, lambda: 1_796_000_000.0)


@pytest.mark.parametrize("chart", ChartId)
@pytest.mark.parametrize("columns", [60, 80, 140])
def test_a_chart_fits_the_terminal(
    on_terminal, engine: MemorySearcher, chart: ChartId, columns: int
) -> None:
    answer = engine.stats(StatsRequest(chart=chart))
    lines = on_terminal(columns, print_charts, [answer], False)
    assert max(map(cell_len, lines)) <= columns
    assert f"({answer.total:,} records)" in lines[0]


def test_a_bar_is_as_long_as_its_value_and_no_colour_tells_it_apart(
    on_terminal, engine: MemorySearcher
) -> None:
    lines = on_terminal(100, print_charts, [engine.stats(StatsRequest(chart="outcomes"))], False)
    (row,) = [line for line in lines if line.strip().startswith("2026")]
    assert row.split()[1:4] == ["4", "4", "4"]
    lengths = {row.count(fill) for fill in "█▒░"}
    assert max(lengths) - min(lengths) <= 1
    assert min(lengths) > 3


def test_a_pipe_gets_every_point_with_its_records(
    capsys: pytest.CaptureFixture[str], engine: MemorySearcher
) -> None:
    answer = engine.stats(StatsRequest(chart=ChartId.CALIBRATION))
    print_charts([answer], False)
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()[2:]]
    points = [(p.x, s.id, p.records) for s in answer.series for p in s.points]
    assert [(x, name, int(records)) for x, name, _, records in lines] == points


@pytest.mark.parametrize("chart", ChartId)
def test_a_png_is_the_whole_drawing(engine: MemorySearcher, chart: ChartId) -> None:
    drawing = draw(engine.stats(StatsRequest(chart=chart)))
    image = Image.open(BytesIO(png(drawing)))
    assert image.size == (2 * (drawing.width + 32), 2 * (drawing.height + 32))
    colours = {colour for _, colour in image.getcolors(1_000_000) or []}
    bars = {mark.role for mark in drawing.marks if mark.behind is not None}
    assert not bars or (11, 92, 173) in colours or (194, 90, 0) in colours


def test_hits_show_where_and_what(on_terminal, engine: MemorySearcher) -> None:
    answer = engine.search(SearchRequest(query='"iron deficiency" bleed*', limit=2))
    lines = on_terminal(100, print_hits, answer)
    assert lines[0].split()[:3] == ["accepted", "met", "0.95"]
    assert "met by ann" in lines[0] or "by" in lines[0]
    assert "Iron deficiency?[31m anemia" in lines[1]


@pytest.mark.parametrize("suffix", [".csv", ".JSONL", ".parquet"])
def test_an_export_has_all_that_is_found(
    tmp_path: Path, engine: MemorySearcher, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("winnow.search.exports.MAX_LIMIT", 3)
    file = tmp_path / f"found{suffix}"
    request = SearchRequest(filters=SearchFilter(outcomes=("accepted", "review")), limit=1)
    assert write_export(engine, request, file) == 8
    if suffix == ".parquet":
        found = duckdb.sql(f"SELECT * FROM '{file}'")
        assert (tuple(found.columns), len(found.fetchall())) == (COLUMNS, 8)
        return
    if suffix == ".JSONL":
        lines = file.read_text("utf-8").splitlines()
        assert [tuple(json.loads(line)) for line in lines] == [COLUMNS] * 8
        return
    rows = list(csv.DictReader(file.open(encoding="utf-8", newline="")))
    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) == 8
    assert all(row["text"].startswith("'=Iron") for row in rows)
    assert [row["reviewed"] for row in rows].count("not_met") == 2
