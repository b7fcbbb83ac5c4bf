"""Which pages of a digital PDF are drawn for people: pages of the records that were queued."""

from collections.abc import Iterator

from winnow.models import DrawPages, ObjectRef, Outcome, ResultRecord
from winnow.ports import ObjectStore
from winnow.reviews.items import unpictured_pages_of
from winnow.reviews.models import RecordKey
from winnow.reviews.queueing import Shares, audit_draw, read_result
from winnow.storage.record_lines import each_line, parse_record

MAX_PAGES = 150
"""The most pages of an upload that are drawn; as many as OCR reads of a file."""


def pages_to_draw(result_ref: ObjectRef, objects: ObjectStore, shares: Shares) -> DrawPages | None:
    """The pages that queued records are on and that have no picture; None: there are none.

    Only those of one plain file, not of an archive or e-mail.

    Args:
        result_ref: The run's result.json.
        objects: Where the results are.
        shares: How many accepted records are queued, too.

    Returns:
        At most MAX_PAGES: those of the least sure records for review first, then those of accepted
        records.

    Raises:
        ObjectGoneError: The results have expired.
        StoredDataInvalidError: A line of them is damaged.
    """
    result = read_result(objects, result_ref)
    draw = audit_draw(result, shares)
    found: list[tuple[bool, float, int, tuple[int, ...]]] = []
    for outcome in (Outcome.REVIEW, Outcome.ACCEPTED):
        accepted = outcome is Outcome.ACCEPTED
        ref = result.files.get(outcome)
        if ref is None or (accepted and not any(draw)):
            continue
        for record in _records(objects, ref):
            if record.from_members or all(at.page is None for at in record.places):
                return None  # No record of a table, a text or an archive is on a page to draw.
            pages = unpictured_pages_of(record)
            key = RecordKey(result.upload.upload_id, record.record)
            if pages and (not accepted or draw.draws(key, differs=record.shadow is not None)):
                found.append((accepted, record.confidence or 0.0, record.record, pages))
    pages = tuple(dict.fromkeys(page for *_, pages in sorted(found) for page in pages))
    if not pages:
        return None
    return DrawPages(draw=pages[:MAX_PAGES], upload=result.upload, process=result.process.id)


def _records(objects: ObjectStore, ref: ObjectRef) -> Iterator[ResultRecord]:
    """The records of a file of results; those without a decision are left out: they were erased."""
    for line in each_line(objects, ref):
        record = parse_record(line.content)
        if record.decision is not None:
            yield record
