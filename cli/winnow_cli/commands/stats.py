"""`winnow stats`: charts over the records of all results."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from winnow_cli.console import clean, note
from winnow_cli.options import FILES, AsJson, StackName, handle_errors, require_folder
from winnow_cli.search_options import (
    ConfidenceRange,
    Decisions,
    FromResults,
    Outcomes,
    Processes,
    QueryText,
    Reasons,
    Since,
    Until,
    UploadIds,
    Versions,
)

if TYPE_CHECKING:
    from winnow.search.drawing import Drawing


class ChartName(StrEnum):
    """The names of `winnow.search.shapes.ChartId`, without the time that it takes to import."""

    OUTCOMES = "outcomes"
    CALIBRATION = "calibration"
    DECISIONS = "decisions"
    REASONS = "reasons"
    AGREEMENT = "agreement"
    DURATION = "duration"
    QUEUE_AGE = "queue-age"
    COST = "cost"


DEFAULT = (ChartName.OUTCOMES, ChartName.DECISIONS, ChartName.REASONS)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=FILES)(stats)


@handle_errors
def stats(
    chart: Annotated[
        list[ChartName] | None,
        typer.Argument(
            metavar="[CHART]...",
            help=f"Which charts: {', '.join(ChartName)}.",
            show_default=" ".join(DEFAULT),
        ),
    ] = None,
    query: QueryText = "",
    process: Processes = None,
    version: Versions = None,
    decision: Decisions = None,
    outcome: Outcomes = None,
    reason: Reasons = None,
    confidence: ConfidenceRange = None,
    since: Since = None,
    until: Until = None,
    upload: UploadIds = None,
    svg: Annotated[
        Path | None,
        typer.Option("--svg", metavar="FILE", dir_okay=False, help="Write the chart as SVG, too."),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option("--png", metavar="FILE", dir_okay=False, help="Write the chart as PNG, too."),
    ] = None,
    from_results: FromResults = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Draw charts over the records of all uploads: outcomes, calibration, decisions, costs.

    Each bar is a row of the chart's table. The options choose the records; `winnow search` takes
    the same ones and lists them.
    """
    from winnow.search.drawing import draw
    from winnow.search.shapes import ChartId, StatsRequest
    from winnow.search.svg import svg as svg_of
    from winnow_cli.render.charts import print_charts
    from winnow_cli.search_options import filters_of, request_of, say_what_is_missing
    from winnow_cli.searching import records_of
    from winnow_cli.target import aws_errors, find_target

    charts = chart or list(DEFAULT)
    if (svg or png) and len(charts) != 1:
        raise typer.BadParameter("--svg and --png take one chart: name it")
    require_folder("--svg", svg)
    require_folder("--png", png)
    target = find_target(stack)
    filters = filters_of(
        target,
        process=process,
        version=version,
        decision=decision,
        outcome=outcome,
        reason=reason,
        confidence=confidence,
        since=since,
        until=until,
        upload=upload,
    )
    records = records_of(target, filters, from_results=from_results)
    with aws_errors(target):
        answers = [
            records.searcher.stats(
                request_of(StatsRequest, chart=ChartId(one), query=query, filters=filters)
            )
            for one in dict.fromkeys(charts)
        ]
    print_charts(answers, as_json)
    for file, content in ((svg, svg_of), (png, _png)):
        if file is not None:
            file.write_bytes(content(draw(answers[0])))
            note(f"Wrote {clean(str(file))}.")
    say_what_is_missing(records, answers[-1])


def _png(drawing: "Drawing") -> bytes:
    from winnow_cli.render.chart_png import png

    return png(drawing)
