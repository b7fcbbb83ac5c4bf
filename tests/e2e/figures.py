"""Figures of a stack's results, as each place that shows them gives them.

A figure has the same name everywhere, so that a table of all of them has a row a figure and a
column a place.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.browser import searching
from winnow.recovery.upload_row import UploadRow
from winnow.reviews.models import Kind, State
from winnow.reviews.ports import ReviewStore
from winnow.search.shapes import ChartId, SearchRequest, StatsRequest
from winnow_aws.search_function import SearchFunction
from winnow_cli.target import Target
from winnow_cli.uploads import Uploads

from .conftest import winnow

if TYPE_CHECKING:
    from playwright.sync_api import Page

Figures = dict[str, float]
Post = Callable[[str, Any], Any]
"""Asks the API: a path, and what is posted; the document that is answered."""

QUERIES = ('"called at night"', "grandfather birthday", "ashame*")
"""What is searched for: a phrase, two words, the beginning of a word."""
_PATTERNS = (r"\bcalled at night\b", r"\bgrandfather\b.*\bbirthday\b", r"\bashame")
_USD = 1e-5
"""How exact sums of costs are: charts round those of a day."""

_FIELDS = {
    "outcome": "outcomes",
    "process": "processes",
    "decision": "decisions",
    "reason": "reasons",
    "by": "reviewers",
}
"""Figures that a condition of a search selects."""
_FLAGS: Mapping[str, Mapping[str, bool]] = {
    "reviewed": {"reviewed": True},
    "changed": {"changed": True},
    "unchanged": {"changed": False},
}


SEARCHED = {"records", "process", "by", "reviewed", "changed", "unchanged", "text"}
CHARTED = {"records", "outcome", "decision", "reason", "answered", "waiting", "usd"}
SHOWN = {
    "rows": {"records", "uploads", "process", "outcome", "usd"},
    "reviews": {"reviewed", "by", "changed", "unchanged", "waiting"},
    "function": {*SEARCHED, *CHARTED} - {"usd"},
    "charts": CHARTED,
    "API": {*SEARCHED, *CHARTED} - {"usd"},
    "API charts": CHARTED,
    "search": {"records", "outcome", "by", "changed", "text"},
    "stats": CHARTED,
    "page": {"text"},
    "page charts": CHARTED - {"usd"},
}
"""Which figures a place shows, by the first word of their names."""


def unlike(places: Mapping[str, Figures]) -> dict[str, dict[str, float]]:
    """The figures that are not the same in all places that show figures of their kind."""
    found: dict[str, dict[str, float]] = {}
    for place, kinds in SHOWN.items():
        if place in places:
            asked = {name: n for name, n in places["results"].items() if name.split()[0] in kinds}
            told = {name: n for name, n in places[place].items() if n}
            for name in sorted(asked.keys() | told.keys()):
                counted, read = asked.get(name, 0), told.get(name, 0)
                if not math.isclose(counted, read, abs_tol=_USD):
                    found.setdefault(name, {"results": counted})[place] = read
    return found


def shown(places: Mapping[str, Figures]) -> str:
    """A row a figure, a column a place."""
    names = sorted(set().union(*places.values()))
    head = " | ".join(["figure", *places])
    rows = (
        " | ".join([name, *(f"{place.get(name, '')}" for place in places.values())])
        for name in names
    )
    return "\n".join([head, *rows])


# -- results ---------------------------------------------------------------------------------------


def of_results(target: Target) -> Figures:
    """Counted line by line in the files of the results bucket, by this module alone."""
    s3, bucket = target.s3(), target.results_bucket

    def content(key: str) -> bytes:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="results/")
    keys = {one["Key"] for page in pages for one in page.get("Contents", ())}
    figures: Counter[str] = Counter()
    usd = 0.0
    for key in sorted(key for key in keys if key.endswith("/result.json")):
        result = json.loads(content(key))
        usd += (result.get("cost") or {}).get("usd", 0.0)
        reviews = key.replace("/result.json", "/reviewed.jsonl")
        decided = _lines(content(reviews)) if reviews in keys else ()
        by_record = {line["record"]: line for line in decided}
        figures["uploads"] += 1
        for ref in result["files"].values():
            for line in _lines(content(ref["key"])):
                review = by_record.get(line["record"])
                figures.update(_of_record(line, review, result["process"]["id"]))
    return {**figures, "usd": usd}


def _lines(content: bytes) -> Iterator[Any]:
    return map(json.loads, content.splitlines())


def _of_record(
    line: Mapping[str, Any], review: Mapping[str, Any] | None, process: str
) -> Iterator[str]:
    """The figures that count a record."""
    decision = (line.get("decision") or {}).get("value")
    yield from ("records", f"process {process}", f"outcome {line['outcome']}")
    if decision is not None:
        yield f"decision {decision}"
    # The code of an erased record is no reason to be looked at, and nobody waits for it.
    erased = line.get("code") == "erased"
    if line.get("code") and not erased:
        yield f"reason {line['code']}"
    for query, pattern in zip(QUERIES, _PATTERNS, strict=True):
        if re.search(pattern, line.get("text") or "", re.IGNORECASE):
            yield f"text {query}"
    if review is None:
        if line["outcome"] == "review" and not erased:
            yield "waiting"
        return
    yield from ("reviewed", f"by {review['by']}")
    if review.get("decision"):
        yield "changed" if review["decision"] != decision else "unchanged"
        if decision is not None:
            yield f"answered {min(9, int(line['confidence'] * 10))}"


def rows_with_results(target: Target) -> list[UploadRow]:
    """The rows of the uploads that have results."""
    s3, found = target.s3(), []
    for row in Uploads(target).every():
        ref = row.result_ref(target.results_bucket)
        if ref is not None:
            listed = s3.list_objects_v2(Bucket=ref.bucket, Prefix=ref.key)
            if any(one["Key"] == ref.key for one in listed.get("Contents", ())):
                found.append(row)
    return found


# -- tables ----------------------------------------------------------------------------------------


def of_rows(rows: Sequence[UploadRow]) -> Figures:
    """Added up from the rows of uploads that have results."""
    figures: Counter[str] = Counter()
    usd = 0.0
    for row in rows:
        figures["uploads"] += 1
        figures["records"] += row.records or 0
        figures[f"process {row.process}"] += row.records or 0
        figures["outcome accepted"] += row.accepted or 0
        figures["outcome review"] += row.review or 0
        figures["outcome invalid"] += row.invalid or 0
        usd += json.loads(row.run_cost)["usd"] if row.run_cost else 0.0
    return {**figures, "usd": usd}


def all_queued(reviews: ReviewStore, rows: Sequence[UploadRow]) -> bool:
    """Whether every record of these uploads that was set aside is in the totals of its upload."""

    def queued(row: UploadRow) -> int:
        totals = reviews.totals_of_upload(row.upload_id)
        return totals.queued if totals else 0

    return all(queued(row) >= (row.review or 0) for row in rows)


def of_reviews(table: ReviewStore, rows: Sequence[UploadRow]) -> Figures:
    """Counted in the heads of the table of reviews."""
    figures: Counter[str] = Counter()
    for row in rows:
        for head in table.heads(row.upload_id):
            if head.queued and head.kind is Kind.REVIEW:
                figures["waiting"] += 1
            if head.state is State.DECIDED and head.answer is not None:
                figures.update(("reviewed", f"by {head.answer.by}"))
                if head.answer.decision is not None:
                    agreed = head.answer.decision == head.decision
                    figures["unchanged" if agreed else "changed"] += 1
    return dict(figures)


# -- searches and charts ---------------------------------------------------------------------------


def conditions(figure: str) -> dict[str, Any] | None:
    """The search that finds what a figure counts; None: no search does."""
    kind, _, value = figure.partition(" ")
    if kind in _FIELDS:
        return {"filters": {_FIELDS[kind]: [value]}}
    if kind in _FLAGS:
        return {"filters": _FLAGS[kind]}
    if kind == "text":
        return {"query": value}
    if kind == "waiting":
        return {"filters": {"outcomes": ["review"], "reviewed": False, "erased": False}}
    if kind == "answered":
        tenth = int(value) / 10
        return {
            "filters": {
                "answered": True,
                "confidence_from": tenth,
                "confidence_to": round(tenth + 0.1, 1),
            }
        }
    return {} if kind == "records" else None


def function_of(target: Target) -> SearchFunction:
    """The search function; it is asked for no likeness to a text."""
    return SearchFunction(target.client("lambda"), target.output("SearchFunction"), str.encode)


def of_function(function: SearchFunction, wanted: Figures) -> Figures:
    """What the search function finds."""
    figures: Figures = {}
    for figure in wanted:
        asked = conditions(figure)
        if asked is not None:
            request = SearchRequest.model_validate({**asked, "limit": 0})
            figures[figure] = function.search(request).total
    return figures


def of_charts(function: SearchFunction) -> Figures:
    """What the search function counts for charts."""
    return _of_charts(
        function.stats(StatsRequest(chart=chart)).model_dump(mode="json") for chart in ChartId
    )


def of_api(post: Post, wanted: Figures) -> Figures:
    """What `/v1/search` finds."""
    figures: Figures = {}
    for figure in wanted:
        asked = conditions(figure)
        if asked is not None:
            figures[figure] = post("/v1/search", {**asked, "limit": 0})["total"]
    return figures


def of_api_charts(post: Post) -> Figures:
    """What `/v1/stats` counts."""
    return _of_charts(post("/v1/stats", {"chart": chart.value})["stats"] for chart in ChartId)


def _of_charts(charts: Iterator[Mapping[str, Any]]) -> Figures:
    figures: Counter[str] = Counter()
    usd = 0.0
    for chart in charts:
        figures["records"] = chart["total"]
        for series in chart["series"]:
            for point in series["points"]:
                figure = _figure_of(chart["chart"], series["id"], point["x"])
                if figure is not None:
                    figures[figure] += point["records"]
                if series["id"] == "usd":
                    usd += point["value"]
    return {**figures, "usd": usd}


def _figure_of(chart: str, series: str, x: str) -> str | None:
    """The figure that a bar is a part of."""
    match chart, series:
        case "outcomes", _:
            return f"outcome {series}"
        case "decisions", _:
            return f"decision {x}"
        case "reasons", _:
            return f"reason {x}"
        case "calibration", "agreed":
            return f"answered {x[2]}"
        case "queue-age", _:
            return "waiting"
    return None


# -- command line ----------------------------------------------------------------------------------


def of_command(wanted: Figures) -> Figures:
    """What `winnow search` finds."""
    figures: Figures = {}
    for figure in wanted:
        kind, _, value = figure.partition(" ")
        if kind in ("records", "outcome", "by", "changed", "text"):
            asked = {
                "records": [],
                "outcome": ["--outcome", value],
                "by": ["--reviewer", value],
                "changed": ["--changed"],
                "text": [value],
            }[kind]
            figures[figure] = _said("search", *asked, "--limit", "0")["total"]
    return figures


def of_command_charts() -> Figures:
    """What `winnow stats` counts."""
    return _of_charts(iter(_said("stats", *(chart.value for chart in ChartId))["charts"]))


def _said(*arguments: str) -> Any:
    answer = winnow(*arguments, "--json")
    assert answer.code == 0, answer.err
    return answer.document()


# -- page ------------------------------------------------------------------------------------------


def of_page(page: "Page", address: str) -> Figures:
    """What the page shows: the heading of all records, and each row of the charts' tables."""
    figures: Counter[str] = Counter()
    for chart in ("outcomes", "decisions", "reasons", "calibration", "queue-age"):
        page.goto(f"{address}#/search?chart={chart}")
        page.wait_for_function(
            "chart => document.querySelector('.drawn select')?.value === chart", arg=chart
        )
        figures["records"] = searching.total(page)
        table = page.locator(".drawn tbody tr")
        for row in table.all():
            link = row.locator("a")
            href = link.get_attribute("href") or ""
            figure = _figure_behind(parse_qs(href.partition("?")[2]), row.text_content() or "")
            if figure is not None:
                figures[figure] += _number(link.text_content() or "")
    return dict(figures)


def of_page_searches(page: "Page", address: str) -> Figures:
    """What the page finds of what is typed there."""
    page.goto(f"{address}#/search")
    return {f"text {query}": searching.find(page, query) for query in QUERIES}


def _figure_behind(behind: Mapping[str, list[str]], row: str) -> str | None:
    """The figure that a row of a table is a part of, by where its link leads."""
    chart = behind["chart"][0]
    if chart == "calibration":
        agreed = "mean confidence" not in row
        return f"answered {int(float(behind['from'][0]) * 10)}" if agreed else None
    name = {"outcomes": "outcome", "decisions": "decision", "reasons": "reason"}.get(chart)
    return "waiting" if name is None else f"{name} {behind[name][0]}"


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text))
