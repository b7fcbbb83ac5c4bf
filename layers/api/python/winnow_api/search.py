"""Searches and charts over the records of all results that are open to the user."""

from winnow.models import ObjectRef
from winnow.reviews.models import QueueFilter, RecordKey, State
from winnow.search.drawing import columns, draw, series_name, shown_value
from winnow.search.exports import ExportRequest
from winnow.search.shapes import (
    Hit,
    SearchAnswer,
    SearchFilter,
    SearchRequest,
    StatsAnswer,
    StatsRequest,
)
from winnow.storage.paths import RunPaths
from winnow_api.call import Call, iso
from winnow_api.identity import Group, User
from winnow_api.items import PICTURE_S
from winnow_api.services import Services
from winnow_api.shapes import Chart, ChartRow, ExportLink
from winnow_api.uploads import LINK_S

_PAGE = 1_000


def search(services: Services, call: Call, given: SearchRequest) -> SearchAnswer:
    """The records that a request finds. A read: nothing is kept of it."""
    withheld = _withheld(services, call.user, given.filters)
    answer = services.searcher().search(given, call.user.processes, withheld)
    hits = tuple(_with_thumbnail(services, hit) for hit in answer.hits)
    return answer.model_copy(update={"hits": hits})


def _with_thumbnail(services: Services, hit: Hit) -> Hit:
    """A hit; if it is a picture (judged, and without a text) with a link to what people see."""
    if hit.text is not None or hit.decision is None:
        return hit
    place = RunPaths(services.results_bucket, hit.upload).picture(hit.process, hit.record)
    return hit.model_copy(update={"thumbnail": services.objects().link(place, PICTURE_S)})


def export(services: Services, call: Call, given: ExportRequest) -> ExportLink:
    """Everything that a search finds, as a file that is kept for a day."""
    request = SearchRequest.model_validate(given.model_dump(exclude={"format"}))
    withheld = _withheld(services, call.user, given.filters)
    made = services.searcher().export(request, given.format, call.user.processes, withheld)
    ref = ObjectRef(bucket=services.results_bucket, key=made.key)
    name = f"winnow-search.{given.format}"
    return ExportLink(
        url=services.objects().link(ref, LINK_S, name),
        name=name,
        expires_at=iso(services.now() + LINK_S),
        **made.model_dump(exclude={"key"}),
    )


def stats(services: Services, call: Call, given: StatsRequest) -> Chart:
    """A chart: its numbers, its picture, and its table. A read, too."""
    withheld = _withheld(services, call.user, given.filters)
    answer = services.searcher().stats(given, call.user.processes, withheld)
    return Chart(stats=answer, drawing=draw(answer), rows=tuple(_rows(answer)))


def _withheld(services: Services, user: User, filters: SearchFilter) -> frozenset[RecordKey]:
    """Records that the user may have to decide without the machine's decision.

    Searches by decision, outcome or confidence would tell it. Only reviewers decide, so auditors
    and administrators find all.
    """
    if user.groups & {Group.AUDITOR, Group.ADMIN}:
        return frozenset()
    reviews = services.reviews()
    found: set[RecordKey] = set()
    for process in reviews.processes():
        if not user.may_see(process) or (filters.processes and process not in filters.processes):
            continue
        cursor: str | None = None
        while True:
            page = reviews.open_heads(QueueFilter(process=process), cursor, _PAGE)
            found.update(h.key for h in page.heads if h.hidden and h.state is State.OPEN)
            cursor = page.cursor
            if cursor is None:
                break
    return frozenset(found)


def _rows(answer: StatsAnswer) -> list[ChartRow]:
    return [
        ChartRow(
            x=column.x,
            series=series_name(answer.chart, answer.series[cell.series].id),
            value=shown_value(answer, cell.point.value),
            records=cell.point.records,
            filters=cell.point.filters,
        )
        for column in columns(answer)
        for cell in column.cells
    ]
