"""Uploads: the list, one with its results, and a form to drop a file with."""

from collections.abc import Iterator
from heapq import merge
from pathlib import PurePosixPath

from pydantic import ValidationError

from winnow.errors import (
    ObjectGoneError,
    StoredDataInvalidError,
    UploadUnknownError,
    catalogue,
)
from winnow.models import Counts, ObjectRef, Outcome, Result
from winnow.recovery.upload_row import STORED_STATES, UploadRow
from winnow.reviews.models import State, Totals
from winnow.steps.upload import INBOX, requested_process
from winnow.storage.file_names import name_of
from winnow_api import cursors, idempotency
from winnow_api.call import Call, iso
from winnow_api.identity import Group, User
from winnow_api.predictions import open_process
from winnow_api.services import Services
from winnow_api.shapes import (
    FailureItem,
    FileLink,
    Nothing,
    Page,
    UploadDetail,
    UploadForm,
    UploadItem,
    UploadPath,
    UploadRequest,
    Uploads,
)
from winnow_api.states import totals_of
from winnow_api.threads import pool

LINK_S = 300
FORM_S = 900
_MAX_ROUNDS = 20
"""Pages of rows that are read for one page of a user who may see few of them."""


# -- the list --------------------------------------------------------------------------------------


class _Before(cursors.Cursor):
    """The moment that the list has come to, and what of this moment was shown."""

    at: str
    seen: tuple[str, ...] = ()


def listed(services: Services, call: Call, given: Page) -> Uploads:
    """Uploads of every state, newest first.

    An upload's place is the moment it was claimed, which never changes: the pages stay the same
    while uploads end and new ones come.
    """
    cursor = None if given.cursor is None else cursors.decode(given.cursor, _Before, "uploads")
    rows: list[UploadRow] = []
    at = None if cursor is None else cursor.at
    seen = set() if cursor is None else set(cursor.seen)
    more = True
    for _ in range(_MAX_ROUNDS):
        found = _rows(services, at, seen, given.limit + 1)
        for row in found[: given.limit + 1]:
            if len(rows) == given.limit:
                break
            seen = {*seen, row.upload_id} if row.claimed_at == at else {row.upload_id}
            at = row.claimed_at
            if call.user.may_see(process_of(services, row)):
                rows.append(row)
        else:
            if len(found) <= given.limit:
                more = False
                break
            continue
        break
    reviews = services.reviews()
    totals = list(pool().map(lambda row: reviews.totals_of_upload(row.upload_id), rows))
    following = _Before(of="uploads", at=at or "", seen=tuple(sorted(seen)))
    return Uploads(
        items=tuple(
            _item(services, row).model_copy(
                update={"review": None if each is None else totals_of(each)}
            )
            for row, each in zip(rows, totals, strict=True)
        ),
        cursor=cursors.encode(following) if more and at else None,
    )


def _rows(services: Services, at: str | None, seen: set[str], limit: int) -> list[UploadRow]:
    """The next rows of all states, newest first, without those of this moment that were shown."""
    table = services.uploads()
    wanted = limit + len(seen)
    by_state = pool().map(lambda state: table.newest(state, at, wanted), STORED_STATES)
    ids: set[str] = set()
    rows: list[UploadRow] = []
    for row in merge(*by_state, key=lambda row: row.claimed_at, reverse=True):
        # An upload that ends in this moment may be in the index of both states.
        if row.upload_id not in ids and not (row.claimed_at == at and row.upload_id in seen):
            ids.add(row.upload_id)
            rows.append(row)
    return rows[:limit]


def process_of(services: Services, row: UploadRow) -> str | None:
    """The process of an upload: the one that judged it, or, before, the one its folder names."""
    if row.process is not None:
        return row.process
    name = requested_process(row.object_key, {}, "")
    found = [d.id for d in services.registry().definitions if name in d.names]
    return found[0] if found else None


def _item(services: Services, row: UploadRow) -> UploadItem:
    counts = None
    if row.records is not None:
        counts = Counts(
            records=row.records,
            accepted=row.accepted or 0,
            review=row.review or 0,
            invalid=row.invalid or 0,
        )
    return UploadItem(
        id=row.upload_id,
        state=row.state,
        process=process_of(services, row),
        name=row.file_name,
        key=row.object_key,
        size=row.size,
        claimed_at=row.claimed_at,
        ended_at=row.ended_at,
        counts=counts,
        review=None,
        error=_failure(row),
    )


def _failure(row: UploadRow) -> FailureItem | None:
    if row.state != "FAILED":
        return None
    error = catalogue().get(row.error_code or "")
    return FailureItem(
        code=row.error_code or "unknown",
        message=row.error_message or "",
        hint=error.hint if error else None,
    )


# -- one -------------------------------------------------------------------------------------------


def row_of(services: Services, user: User, upload_id: str) -> UploadRow:
    """The row of an upload that is open to the user. Raises UploadUnknownError."""
    row = services.uploads().find(upload_id)
    if row is None or not user.may_see(process_of(services, row)):
        raise UploadUnknownError("No upload of this id is open to you.")
    return row


def result_of(services: Services, row: UploadRow) -> Result | None:
    """What a run has written; None without results, or if they have expired."""
    ref = row.result_ref(services.results_bucket)
    if ref is None:
        return None
    try:
        return Result.model_validate_json(services.objects().read(ref))
    except ObjectGoneError:
        return None
    except ValidationError:
        raise StoredDataInvalidError("result.json is damaged, or a newer version wrote it.") from (
            None
        )


def one(services: Services, call: Call, given: Nothing) -> UploadDetail:
    """One upload, with links to its files of results."""
    path: UploadPath = call.path
    row = row_of(services, call.user, path.id)
    totals = services.reviews().totals_of_upload(row.upload_id)
    result = result_of(services, row)
    item = dict(_item(services, row)) | {"review": None if totals is None else totals_of(totals)}
    withheld = result is not None and _withheld(services, call.user, row, totals)
    return UploadDetail(
        **item,
        threshold=None if result is None else result.threshold,
        threshold_from=None if result is None else result.threshold_from,
        process_version=None if result is None else result.process.version,
        version=None if result is None else result.version,
        notes=() if result is None else result.notes,
        decisions={} if result is None or withheld else result.decisions,
        model=None if result is None else result.model,
        head=None if result is None else result.head,
        files=tuple(_files(services, result, withheld)) if result is not None else (),
        withheld=withheld,
        pages=len(pages_of(services, result)) if result is not None else 0,
        cost=row.cost,
    )


def _withheld(services: Services, user: User, row: UploadRow, totals: Totals | None) -> bool:
    """Whether the user must not see the machine's decisions of the upload's records together.

    Some of them wait for a decision without the machine's. Only reviewers decide, so auditors and
    administrators are shown all.
    """
    if user.groups & {Group.AUDITOR, Group.ADMIN}:
        return False
    if totals is not None and totals.complete and totals.audited >= totals.audits:
        return False
    heads = services.reviews().heads(row.upload_id)
    return any(head.hidden and head.state is State.OPEN for head in heads)


def _files(services: Services, result: Result, withheld: bool) -> Iterator[FileLink]:
    for outcome, ref in result.files.items():
        if withheld and outcome != Outcome.INVALID:
            continue
        name = ref.key.rpartition("/")[2]
        size = services.store().head(ref).size
        yield FileLink(name=name, size=size, url=services.objects().link(ref, LINK_S, name))
    folder = next(iter(result.files.values())).key.rpartition("/")[0]
    # result.json has the decisions' counts.
    for name in ("reviewed.jsonl",) if withheld else ("reviewed.jsonl", "result.json"):
        ref = ObjectRef(bucket=services.results_bucket, key=f"{folder}/{name}")
        try:
            size = services.store().head(ref).size
        except ObjectGoneError:
            continue
        yield FileLink(name=name, size=size, url=services.objects().link(ref, LINK_S, name))


def pages_of(services: Services, result: Result) -> list[int]:
    """The numbers of the pictures of pages that are kept of an upload."""
    return kept_pictures(services, result.process.id, result.upload.upload_id)


def kept_pictures(services: Services, process: str, upload: str) -> list[int]:
    """The numbers of the pictures of pages that are kept of an upload, up to a thousand."""
    prefix = f"results/{process}/{upload}/pages/"
    keys = services.objects().keys(services.results_bucket, prefix, None, 1000)
    numbers = (key.removeprefix(prefix).removesuffix(".jpg") for key in keys)
    return sorted(int(number) for number in numbers if number.isdigit())


# -- a form ----------------------------------------------------------------------------------------


def form(services: Services, call: Call, given: UploadRequest) -> UploadForm:
    """A form that the file is sent with, straight to S3 and under a key of its own."""
    definition = open_process(services, call.user, given.process)
    now = services.now()
    unique = f"{int(now * 1e9):x}{services.random(4)}"
    unique = idempotency.once(services.keys(), call.key or "", call.body, unique)
    key = f"{INBOX}{definition.id}/{unique}/{_clean(given.name)}"
    made = services.objects().form(services.uploads_bucket, key, services.max_file_bytes, FORM_S)
    return UploadForm(
        url=made.url,
        fields=dict(made.fields),
        key=key,
        max_bytes=services.max_file_bytes,
        expires_at=iso(now + FORM_S),
    )


def _clean(name: str) -> str:
    r"""The last part of a name, without what a key must not have.

    >>> _clean("C:\\cases\\..\\a\tb.csv")
    'a\ufffdb.csv'
    """
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    cleaned = name_of(PurePosixPath(last or "file"))
    # A key of S3 has at most 1,024 bytes, and the form treats ${filename} as a variable.
    short = cleaned.encode()[-400:].decode("utf-8", "ignore").replace("$", "_")
    return short if short.strip(". ") else "file"
