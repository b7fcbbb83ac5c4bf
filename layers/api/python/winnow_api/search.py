"""Searches and charts over the records of all results that are open to the user."""

from base64 import b64encode

from winnow.errors import SearchInvalidError
from winnow.models import ObjectRef
from winnow.reviews.models import QueueFilter, RecordKey, State
from winnow.search.drawing import columns, draw, series_name, shown_value
from winnow.search.engine import NO_FEATURES
from winnow.search.exports import ExportRequest
from winnow.search.shapes import (
    Hit,
    SearchAnswer,
    SearchFilter,
    SearchRequest,
    StatsAnswer,
    StatsRequest,
    VectorSearch,
)
from winnow.steps.prediction import picture_vector
from winnow.storage.paths import RunPaths
from winnow_api.call import Call, check_body, iso
from winnow_api.identity import Group, User
from winnow_api.items import PICTURE_S
from winnow_api.services import Services
from winnow_api.shapes import Chart, ChartRow, ExportLink, PictureSearchRequest
from winnow_api.uploads import LINK_S

_PAGE = 1_000


def search(services: Services, call: Call, given: PictureSearchRequest) -> SearchAnswer:
    """The records that a request finds. A read: nothing is kept of it."""
    check_body(call, given.like_picture)
    withheld = _withheld(services, call.user, given.filters)
    request = _by_vector(services, given)
    answer = services.searcher().search(request, call.user.processes, withheld)
    hits = tuple(_with_thumbnail(services, hit) for hit in answer.hits)
    return answer.model_copy(update={"hits": hits})


def _by_vector(services: Services, given: PictureSearchRequest) -> SearchRequest:
    """The request with the vector of the picture that records are to be like, in its place."""
    rest = given.model_dump(exclude={"like_picture"}, exclude_none=True)
    if given.like_picture is None:
        return SearchRequest.model_validate(rest)
    vector = picture_vector(services.pictures(), given.like_picture)
    if not any(vector):
        raise SearchInvalidError(NO_FEATURES)
    return VectorSearch.model_validate(
        {**rest, "like_vector": b64encode(vector), "of_picture": True}
    )


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
