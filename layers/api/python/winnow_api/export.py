"""Decisions as CSV, part by part: each part is a whole CSV of one process."""

from winnow.reviews.export import Export
from winnow_api import cursors
from winnow_api.call import Call
from winnow_api.items import items
from winnow_api.messages import Response
from winnow_api.queue import queues
from winnow_api.routes import CSV
from winnow_api.services import Services
from winnow_api.shapes import ExportQuery

_MAX_S = 10.0
"""A part ends then with what there is: the function has 29 seconds."""
CURSOR_HEADER = "winnow-cursor"
GONE_HEADER = "winnow-gone"
"""Decided records that a part leaves out, as their results have expired or are damaged."""


class _Part(cursors.Cursor):
    """The process that the next part is of, and where in it."""

    process: str
    at: str | None = None


def page(services: Services, call: Call, given: ExportQuery) -> Response:
    """A part of the decisions; the header `Winnow-Cursor` leads to the next one."""
    processes = queues(services, call.user, given.process)
    of = f"export {given.process} {given.since}"
    part = None if given.cursor is None else cursors.decode(given.cursor, _Part, of)
    if part is not None:
        processes = [each for each in processes if each >= part.process]
    export = Export(services.reviews(), items(services))
    text, following = "", None
    end = services.monotonic() + _MAX_S

    def late() -> bool:
        return services.monotonic() > end

    for position, process in enumerate(processes):
        at = part.at if part is not None and part.process == process else None
        text, more = export.page(process, given.since or "", at, late=late)
        if more is not None:
            following = _Part(of=of, process=process, at=more)
            break
        if text.count("\n") > 1 or late():
            rest = processes[position + 1 :]
            following = _Part(of=of, process=rest[0]) if rest else None
            break
    headers = {
        "content-disposition": 'attachment; filename="reviews.csv"',
        GONE_HEADER: str(export.gone),
    }
    if following is not None:
        headers[CURSOR_HEADER] = cursors.encode(following)
    return Response(text.encode(errors="replace"), CSV, headers=headers)
