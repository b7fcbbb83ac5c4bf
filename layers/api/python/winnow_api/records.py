"""Records of an upload: in short by pages, one in full, and what happened to it."""

from winnow.errors import CursorInvalidError, NotFinishedError, ObjectGoneError, UploadUnknownError
from winnow.models import Outcome, Result
from winnow.reviews.items import state_of
from winnow.reviews.models import RecordKey, ReviewHead
from winnow.storage.record_lines import RecordLine, parse_record, read_page
from winnow_api import cursors
from winnow_api.call import Call
from winnow_api.items import hidden, item_of, items, locate, unknown
from winnow_api.services import Services
from winnow_api.shapes import (
    History,
    ItemAnswer,
    Nothing,
    RecordItem,
    RecordPath,
    Records,
    RecordsQuery,
    UploadPath,
)
from winnow_api.threads import pool
from winnow_api.uploads import result_of, row_of


class _Next(cursors.Cursor):
    """The next line: its file, the version of that, and the offset in it."""

    outcome: Outcome
    version: str | None = None
    start: int = 0


def listed(services: Services, call: Call, given: RecordsQuery) -> Records:
    """Records in short: accepted, then review, then invalid, each in the file's order."""
    path: UploadPath = call.path
    row = row_of(services, call.user, path.id)
    result = result_of(services, row)
    if result is None:
        raise NotFinishedError(f"The upload {row.upload_id} has no results.")
    of = f"records of {row.upload_id}" + (f", {given.outcome}" if given.outcome else "")
    outcomes = [
        outcome
        for outcome in Outcome
        if outcome in result.files and given.outcome in (None, outcome)
    ]
    start = 0
    if given.cursor is not None:
        at = cursors.decode(given.cursor, _Next, of)
        if at.outcome not in outcomes or result.files[at.outcome].version_id != at.version:
            raise CursorInvalidError("The results were written anew since this cursor was given.")
        outcomes, start = outcomes[outcomes.index(at.outcome) :], at.start
    lines, following = _page(services, result, outcomes, start, given.limit)
    reviews = services.reviews()
    keys = [RecordKey(row.upload_id, line.record) for line in lines]
    heads = pool().map(reviews.head, keys)
    items = tuple(_item(line, head) for line, head in zip(lines, heads, strict=True))
    cursor = None
    if following is not None:
        outcome, at_byte = following
        version = result.files[outcome].version_id
        cursor = cursors.encode(_Next(of=of, outcome=outcome, version=version, start=at_byte))
    return Records(items=items, cursor=cursor)


def _page(
    services: Services, result: Result, outcomes: list[Outcome], start: int, limit: int
) -> tuple[list[RecordLine], tuple[Outcome, int] | None]:
    """The next lines over the files of these outcomes, and where to go on."""
    lines: list[RecordLine] = []
    for outcome in outcomes:
        if len(lines) == limit:
            return lines, (outcome, 0)
        try:
            page = read_page(
                services.store(), result.files[outcome], start, limit=limit - len(lines)
            )
        except ObjectGoneError:
            raise UploadUnknownError("The results of this upload have expired.") from None
        start = 0
        lines += page.lines
        if page.next is not None:
            return lines, (outcome, page.next)
    return lines, None


def _item(line: RecordLine, head: ReviewHead | None) -> RecordItem:
    record = parse_record(line.content)
    secret = head is not None and hidden(head)
    return RecordItem(
        record=record.record,
        part=record.part,
        line=record.line,
        source_id=record.source_id,
        outcome=record.outcome,
        decision=None if secret or record.decision is None else record.decision.value,
        confidence=None if secret else record.confidence,
        calibrated=None if secret else record.calibrated,
        code=None if secret else record.code,
        reason=None if secret else record.reason,
        review=None if head is None else state_of(head),
    )


def one(services: Services, call: Call, given: Nothing) -> ItemAnswer:
    """One record with its text and evidence; it is not leased."""
    path: RecordPath = call.path
    return item_of(services, call.user, locate(services, call.user, RecordKey(path.id, path.n)))


def history(services: Services, call: Call, given: Nothing) -> History:
    """What happened to a record. One that was erased has a history, too."""
    path: RecordPath = call.path
    key = RecordKey(path.id, path.n)
    head = services.reviews().head(key)
    if head is None:
        locate(services, call.user, key)  # raises for one that is not open to the user
        return History(items=())
    if not call.user.may_see(head.process.id):
        raise unknown(key)
    entries = items(services).history(services.reviews().events(key))
    if hidden(head):
        # Without a person's decision before or after it, an event tells the machine's.
        entries = [each.model_copy(update={"before": None, "after": None}) for each in entries]
    return History(items=tuple(entries))
