"""One record with all that a person needs to decide it, from its head, its line and its process."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from winnow.errors import (
    ObjectGoneError,
    RecordErasedError,
    RecordUnknownError,
    StoredDataInvalidError,
)
from winnow.models import (
    ModelInfo,
    ObjectRef,
    Outcome,
    ProcessInfo,
    Result,
    ResultRecord,
    VersionRef,
)
from winnow.processes.schema import ProcessDefinition
from winnow.reviews.items import (
    MAX_PICTURES,
    Items,
    part_of_picture,
    picture_at,
    pictures_of,
    unpictured_pages_of,
    unpictured_text,
)
from winnow.reviews.items import item_of as make_item
from winnow.reviews.models import Kind, LineRef, RecordKey, ReviewHead, State
from winnow.storage import paths
from winnow.storage.predictions import RECORD
from winnow.storage.record_lines import find_record, parse_record
from winnow_api.call import iso
from winnow_api.identity import User
from winnow_api.predictions import stored_prediction
from winnow_api.services import Services
from winnow_api.shapes import ItemAnswer, PageLink
from winnow_api.states import notes_of
from winnow_api.threads import pool
from winnow_api.uploads import kept_pictures, result_of, row_of

PICTURE_S = 300
_MAX_FIELDS = 250_000
"""Characters of all fields that are shown whole."""
_LONG = 500
"""Characters of a field that are shown where the fields have more than that."""


class Located(NamedTuple):
    """A record: where its review is, and what is on its line."""

    head: ReviewHead
    """Of a record that nobody was asked to look at, the one it would get."""
    record: ResultRecord
    known: bool
    """Whether the head is in the table."""


def locate(services: Services, user: User, key: RecordKey) -> Located:
    """A record that is open to the user.

    Raises RecordUnknownError, RecordErasedError, UploadUnknownError, PredictionUnknownError.
    """
    head = services.reviews().head(key)
    if head is not None:
        check_open(user, head)
        return Located(head, items(services).record(head), known=True)
    if key.upload.startswith("p-"):
        return _prediction(services, user, key)
    return _unqueued(services, user, key)


def check_open(user: User, head: ReviewHead) -> None:
    """Raise RecordUnknownError for a record that is not open to the user, or RecordErasedError."""
    if not user.may_see(head.process.id):
        raise unknown(head.key)
    if head.state is State.ERASED:
        raise RecordErasedError(f"Record {head.record} of the upload {head.upload} was erased.")


def unknown(key: RecordKey) -> RecordUnknownError:
    """The error for a record that there is not, or not for this user."""
    return RecordUnknownError(f"The upload {key.upload} has no record {key.record} for you.")


def _prediction(services: Services, user: User, key: RecordKey) -> Located:
    stored = stored_prediction(services, user, key.upload)
    if key.record != RECORD:
        raise unknown(key)
    ref = paths.prediction(services.results_bucket, stored.process.id, stored.id)
    head = _new_head(
        services,
        key,
        Kind.PREDICTION,
        stored.process,
        stored.record,
        LineRef(object=ref, start=0, length=len(stored.model_dump_json().encode())),
        stored.model,
        None if stored.head is None else stored.head.version,
        stored.judged_by,
    )
    return Located(head, stored.record, known=False)


def _unqueued(services: Services, user: User, key: RecordKey) -> Located:
    """A record that nobody was asked to look at."""
    result = result_of(services, row_of(services, user, key.upload))
    if result is None:
        raise unknown(key)
    for outcome in (Outcome.REVIEW, Outcome.ACCEPTED, Outcome.INVALID):
        ref = result.files.get(outcome)
        if ref is None:
            continue
        try:
            line = find_record(services.store(), ref, key.record)
        except ObjectGoneError:
            continue
        if line is not None:
            record = parse_record(line.content)
            where = LineRef(object=ref, start=line.start, length=line.length)
            return Located(_correction(services, key, result, record, where), record, known=False)
    raise unknown(key)


def _correction(
    services: Services, key: RecordKey, result: Result, record: ResultRecord, line: LineRef
) -> ReviewHead:
    return _new_head(
        services,
        key,
        Kind.CORRECTION,
        result.process,
        record,
        line,
        result.model,
        None if result.head is None else result.head.version,
        result.version,
    ).model_copy(update={"run_started": result.run.started_at if result.run else ""})


def _new_head(
    services: Services,
    key: RecordKey,
    kind: Kind,
    process: ProcessInfo,
    record: ResultRecord,
    line: LineRef,
    model: ModelInfo | None,
    trained: str | None,
    judged_by: VersionRef | None,
) -> ReviewHead:
    return ReviewHead(
        upload=key.upload,
        record=key.record,
        kind=kind,
        process=process,
        head=trained,
        judged_by=judged_by,
        model=None if model is None else model.sha256,
        line=line,
        outcome=record.outcome,
        code=record.code,
        decision="" if record.decision is None else record.decision.value,
        confidence=record.confidence or 0.0,
        calibrated=bool(record.calibrated),
        waiting_since=iso(services.now()),
    )


def definition_of(services: Services, head: ReviewHead) -> ProcessDefinition:
    """The definition that a record was judged by.

    A prediction keeps none: it is the process's present one. Raises RecordUnknownError.
    """
    process = head.process
    present = [d for d in services.registry().definitions if d.id == process.id]
    if present and (head.kind is Kind.PREDICTION or present[0].info == process):
        return present[0]
    try:
        return items(services).definition(head)
    except RecordUnknownError:
        # An upload of a version that kept no definition.
        if present:
            return present[0]
        raise


def items(services: Services) -> Items:
    """What people are shown, from this stack's results."""
    return Items(services.store(), notes_of(services), services.results_bucket, services.now)


def hidden(head: ReviewHead) -> bool:
    """Whether the machine's decision is kept from the person: blind, and never decided."""
    return head.hidden


def item_of(services: Services, user: User, located: Located) -> ItemAnswer:
    """The record for a person."""
    head, record, known = located
    notes = notes_of(services)
    note = None
    if head.answer is not None and head.answer.note is not None:
        note = notes.read(head.answer.note)
    item = make_item(
        head,
        record,
        definition_of(services, head),
        now=services.now(),
        note=note,
        draft=notes.draft(user.name, head.key),
    )
    pictures = _pictures(services, head, record)
    own: dict[str, Any] = {"pages": _page_links(services, head, record, pictures)}
    if pictures:
        own["unpictured"] = unpictured_text(record, {*pictures.values()})
    if sum(map(len, item.fields.values())) > _MAX_FIELDS:
        # The text that is judged is shown whole; the answer has room for no more.
        own["fields"] = {name: _cut(value) for name, value in item.fields.items()}
    if not known:
        own["review"] = None
    return ItemAnswer(**(dict(item) | own))


def _cut(value: str) -> str:
    return value if len(value) <= _LONG else f"{value[:_LONG]}…"


def _pictures(services: Services, head: ReviewHead, record: ResultRecord) -> dict[int, int]:
    """The pages that are shown, with their pictures; in an archive these have other numbers.

    Those of a digital PDF are drawn after the run, so that they may not be there, or not yet.
    """
    pictures = pictures_of(record)
    if unpictured := unpictured_pages_of(record):
        drawn = {*kept_pictures(services, head.process.id, head.upload)}
        pictures |= {page: page for page in unpictured if page in drawn}
    return dict(sorted(pictures.items())[:MAX_PICTURES])


def _page_links(
    services: Services, head: ReviewHead, record: ResultRecord, pictures: Mapping[int, int]
) -> tuple[PageLink, ...]:
    folder = f"results/{head.process.id}/{head.upload}/pages"
    starts = {picture_at(record, place): place.start for place in reversed(record.places)}
    return tuple(
        _page_link(
            record,
            page,
            picture,
            services.objects().link(
                ObjectRef(bucket=services.results_bucket, key=f"{folder}/{picture}.jpg"), PICTURE_S
            ),
            starts.get(picture, 0),
        )
        for page, picture in pictures.items()
    )


def _page_link(record: ResultRecord, page: int, picture: int, url: str, start: int) -> PageLink:
    found = part_of_picture(record, picture)
    if found is None:
        return PageLink(page=page, url=url, start=start)
    of_file, part = found
    return PageLink(page=of_file or 1, url=url, picture=picture, part=part.part, start=start)


def items_of(services: Services, user: User, heads: Sequence[ReviewHead]) -> list[ItemAnswer]:
    """Many records, read side by side; one that has expired or is damaged is left out."""

    def item(head: ReviewHead) -> ItemAnswer | None:
        try:
            record = items(services).record(head)
            return item_of(services, user, Located(head, record, known=True))
        except (RecordUnknownError, RecordErasedError, StoredDataInvalidError):
            return None

    return [each for each in pool().map(item, heads) if each is not None]
